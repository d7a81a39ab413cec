//! What channels tell, and what becomes of it.

use super::*;
use crate::domain::market::SECOND_NS;

const DEEP: Source = Source { name: "books", rank: 400 };
const TWIN: Source = Source { name: "books-l2-tbt", rank: 400 };
const FIFTY: Source = Source { name: "books50-l2-tbt", rank: 50 };
const TOP: Source = Source { name: "books5", rank: 5 };
const ANSWER: Source = Source { name: "market/books", rank: 0 };

fn word(seconds: i64, is_whole: bool) -> Word {
    Word { is_whole, seq: None, prev_seq: None, at: seconds * SECOND_NS }
}

fn whole(seconds: i64, seq: u64) -> Word {
    Word { seq: Some(seq), ..word(seconds, true) }
}

fn change(seconds: i64, prev_seq: u64, seq: u64) -> Word {
    Word { seq: Some(seq), prev_seq: Some(prev_seq), ..word(seconds, false) }
}

/// What becomes of these, one after the other: passed, given, or given `*`new.
fn told(choice: &mut Choice, words: &[(Source, Word)]) -> String {
    let letter = |(source, word): &(Source, Word)| match choice.takes(*source, *word) {
        Taken::Passed => '.',
        Taken::Given => 'g',
        Taken::Anew => '*',
    };
    words.iter().map(letter).collect()
}

#[test]
fn the_channel_that_tells_most_is_followed_and_of_equals_the_first() {
    let mut choice = Choice::default();
    let takes = |choice: &mut Choice, source: Source, is_whole: bool| {
        choice.takes(source, word(0, is_whole)) != Taken::Passed
    };
    assert!(takes(&mut choice, DEEP, false) && takes(&mut choice, TOP, true));
    assert!(!takes(&mut choice, DEEP, false), "it does not continue the other's book");
    assert!(takes(&mut choice, DEEP, true) && takes(&mut choice, DEEP, false));
    assert!(!takes(&mut choice, TOP, true) && !takes(&mut choice, TWIN, true));
    choice.leave(TOP);
    assert!(choice.is(DEEP));
    choice.leave(DEEP);
    assert!(takes(&mut choice, TOP, true) && choice.is(TOP));
}

#[test]
fn a_channel_that_fell_silent_keeps_none_away() {
    let followed = |words: &[(Source, i64, bool)]| {
        let mut choice = Choice::default();
        for (source, at, is_whole) in words {
            choice.takes(*source, word(*at, *is_whole));
        }
        choice.followed
    };
    let first = (DEEP, 100, true);
    assert_eq!(followed(&[first, (TWIN, 160, true)]), Some(DEEP));
    assert_eq!(followed(&[first, (TWIN, 161, true)]), Some(TWIN));
    assert_eq!(followed(&[first, (DEEP, 150, false), (TWIN, 161, true)]), Some(DEEP));
    // After a silence of both, the one that tells less may only be the first to speak.
    assert_eq!(followed(&[first, (TOP, 300, true), (TOP, 360, true)]), Some(DEEP));
    assert_eq!(followed(&[first, (TOP, 300, true), (TOP, 361, true)]), Some(TOP));
    let between = [first, (TOP, 300, true), (DEEP, 301, false), (TOP, 361, true)];
    assert_eq!(followed(&between), Some(DEEP));
}

#[test]
fn the_book_of_a_silent_channel_is_lost_where_only_changes_of_another_are_told() {
    let [early, late] = [900, 961].map(|at| (FIFTY, word(at, false)));
    let mut choice = Choice::default();
    let words = [(DEEP, word(100, true)), early, (FIFTY, word(960, false))];
    assert_eq!(told(&mut choice, &words), "g..", "both may have been silent");
    assert_eq!(told(&mut choice, &[late, early]), "*g");
    assert_eq!(told(&mut choice, &[(ANSWER, whole(962, 7))]), "g", "any whole book is taken");

    let mut choice = Choice::default();
    let words = [(DEEP, word(100, true)), early, (DEEP, word(901, false)), late];
    assert_eq!(told(&mut choice, &words), "g.g.", "the followed one spoke between");
}

#[test]
fn an_answer_is_given_where_no_channel_is_followed() {
    let mut choice = Choice::default();
    told(&mut choice, &[(DEEP, whole(1, 5))]);
    let answers = [2, 7, 900].map(|at| choice.takes_answer(ANSWER, whole(at, 6)));
    assert_eq!(answers, [Taken::Passed; 3], "the market may be quiet");
    choice.forget();
    assert_eq!(choice.takes_answer(ANSWER, whole(901, 7)), Taken::Given);
}

#[test]
fn a_snapshot_behind_an_opening_is_late_only_where_the_followed_one_went_on() {
    for (goes_on, wanted) in [(true, "g."), (false, "g")] {
        let mut choice = Choice::default();
        told(&mut choice, &[(DEEP, whole(1, 5))]);
        choice.reopened();
        let words = [(DEEP, change(2, 5, 8)), (DEEP, whole(3, 4))];
        assert_eq!(told(&mut choice, &words[usize::from(!goes_on)..]), wanted);
    }
}

#[test]
fn a_gap_leaves_no_book_to_follow() {
    for breaking in [change(2, 6, 7), Word { seq: None, ..change(2, 6, 7) }] {
        let mut choice = Choice::default();
        let words = [(DEEP, whole(1, 5)), (TOP, whole(1, 5)), (DEEP, breaking)];
        assert_eq!(told(&mut choice, &words), "g.g", "the gap is shown");
        let words = [(DEEP, change(2, 7, 8)), (TOP, whole(2, 8)), (DEEP, change(2, 8, 9))];
        assert_eq!(told(&mut choice, &words), "gg.", "the best levels are the book");
        assert_eq!(told(&mut choice, &[(DEEP, whole(3, 9)), (TOP, whole(3, 9))]), "g.");
    }
}

#[test]
fn what_another_connection_told_already_is_no_gap() {
    let mut choice = Choice::default();
    let words = [(DEEP, whole(1, 5)), (DEEP, change(1, 5, 8)), (DEEP, change(1, 5, 8))];
    assert_eq!(told(&mut choice, &words), "ggg");
    assert_eq!(told(&mut choice, &[(TOP, whole(1, 8)), (DEEP, change(1, 8, 9))]), ".g");
}

#[test]
fn a_late_snapshot_of_another_connection_is_passed_over() {
    let mut choice = Choice::default();
    let words = [(DEEP, whole(1, 5)), (DEEP, change(1, 5, 8)), (DEEP, whole(6, 5))];
    assert_eq!(told(&mut choice, &words), "gg.");
    let words = [(DEEP, change(6, 8, 9)), (DEEP, whole(6, 9)), (DEEP, whole(6, 12))];
    assert_eq!(told(&mut choice, &words), "ggg", "one that is not behind is taken");
}

#[test]
fn a_snapshot_of_a_lower_number_is_taken_where_numbers_may_have_begun_anew() {
    let follow = [(DEEP, whole(1, 500)), (DEEP, change(1, 500, 501))];
    let mut choice = Choice::default();
    told(&mut choice, &follow);
    let words = [(DEEP, whole(7, 3)), (DEEP, change(7, 3, 4))];
    assert_eq!(told(&mut choice, &words), "gg", "too late to be another connection's");

    let mut choice = Choice::default();
    told(&mut choice, &follow);
    let words = [(DEEP, change(1, 600, 601)), (DEEP, whole(1, 3)), (DEEP, change(1, 3, 4))];
    assert_eq!(told(&mut choice, &words), "ggg", "behind a gap");
}

#[test]
fn a_book_is_lost_whose_channel_only_repeats_old_numbers() {
    let mut choice = Choice::default();
    let words = [(DEEP, whole(1, 500)), (DEEP, change(7, 3, 4)), (DEEP, change(67, 4, 5))];
    assert_eq!(told(&mut choice, &words), "ggg");
    assert_eq!(told(&mut choice, &[(DEEP, change(68, 5, 6))]), "*");

    let mut choice = Choice::default();
    let minute = |nth: i64| (DEEP, change(60 * nth, 500, 500));
    let words = [(DEEP, whole(1, 500)), minute(1), minute(2), minute(3)];
    assert_eq!(told(&mut choice, &words), "gggg", "nothing changed for minutes");
}

#[test]
fn a_book_that_was_left_is_continued_only_by_its_number() {
    let left = || {
        let mut choice = Choice::default();
        choice.takes(DEEP, whole(1, 5));
        choice.leave(DEEP);
        choice
    };
    for (source, change) in [
        (DEEP, word(2, false)),
        (DEEP, change(2, 6, 7)),
        (TWIN, change(2, 6, 7)),
        (FIFTY, change(2, 5, 7)),
    ] {
        assert_eq!(told(&mut left(), &[(source, change), (source, change)]), "*g");
        let mut choice = left();
        assert_eq!(told(&mut choice, &[(DEEP, whole(2, 3))]), "g", "subscribed again");
        assert!(choice.is(DEEP));
    }
    let mut choice = left();
    let words = [(DEEP, change(2, 4, 5)), (DEEP, change(2, 5, 7)), (TOP, whole(2, 7))];
    assert_eq!(told(&mut choice, &words), "gg.", "another connection goes on");
}

#[test]
fn a_channel_of_as_many_levels_continues_the_book_of_an_answer_by_its_number() {
    for (levels, source, change, wanted) in [
        (400..=400, DEEP, change(2, 5, 7), "g."),
        (30..=usize::MAX, DEEP, change(2, 5, 7), "g."),
        (400..=400, FIFTY, change(2, 5, 7), "*g"),
        (1..=1, DEEP, change(2, 5, 7), "*g"),
        (400..=400, DEEP, change(2, 6, 7), "*g"),
        (400..=400, DEEP, word(2, false), "*g"),
    ] {
        let mut choice = Choice::default();
        for _ in 0..2 {
            assert_eq!(choice.takes(ANSWER, whole(1, 5)), Taken::Given);
            choice.rests(ANSWER, levels.clone());
        }
        let words = [(source, change), (ANSWER, whole(2, 8))];
        assert_eq!(told(&mut choice, &words), wanted, "{levels:?} {source:?} {change:?}");
    }
}
