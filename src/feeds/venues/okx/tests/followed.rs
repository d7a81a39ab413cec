//! Which of several channels and connections an instrument is followed by.

use super::*;

#[test]
fn of_several_book_channels_the_deepest_is_followed() {
    let mut okx = Okx::new("OKX");
    let of = |sample: usize, channel: &str| SAMPLES[sample].replace("\"books\"", channel);
    let mut count = |text: &str| taken(&mut okx, text).unwrap().len();
    assert_eq!(count(SAMPLES[2]), 1, "five levels are better than none");
    assert_eq!(count(SAMPLES[1]), 0, "they are not what a change of the deep book continues");
    assert_eq!((count(&of(0, "\"books50-l2-tbt\"")), count(SAMPLES[2])), (1, 0));
    assert_eq!((count(SAMPLES[0]), count(SAMPLES[1])), (1, 1));
    for channel in ["\"books50-l2-tbt\"", "\"books-l2-tbt\""] {
        assert_eq!((count(&of(0, channel)), count(&of(1, channel))), (0, 0), "{channel}");
    }
    assert_eq!(
        count(&SAMPLES[2].replace("BTC-USDT", "ETH-USDT")),
        1,
        "each instrument has its own"
    );
    assert_eq!(count(SAMPLES[3]), 1, "the best bid and ask are no book");
}

#[test]
fn another_book_channel_takes_over_where_the_followed_one_was_left_or_lost() {
    let mut okx = Okx::new("OKX");
    let left = SAMPLES[5].replace("subscribe", "unsubscribe");
    let begins_anew = update(123_456, 3);
    let is_followed = |okx: &mut Okx, text: &str| !taken(okx, text).unwrap().is_empty();
    for what in [left.as_str(), begins_anew.as_str()] {
        assert!(is_followed(&mut okx, SAMPLES[0]) && !is_followed(&mut okx, SAMPLES[2]));
        taken(&mut okx, what).unwrap();
        assert!(is_followed(&mut okx, SAMPLES[2]), "{what}");
    }
    assert!(is_followed(&mut okx, SAMPLES[0]));
    okx.take(Frame::Connected, 7, &mut Vec::new()).unwrap();
    let other = left.replace("books", "books5");
    taken(&mut okx, &other).unwrap();
    assert!(!is_followed(&mut okx, SAMPLES[2]), "the deep book goes on");
    okx.take(Frame::Lost, 7, &mut Vec::new()).unwrap();
    assert!(is_followed(&mut okx, SAMPLES[2]));
}

#[test]
fn fills_told_by_two_channels_count_once() {
    let all = SAMPLES[4].replace("\"trades\"", "\"trades-all\"");
    for [first, second] in [[SAMPLES[4], &all], [&all, SAMPLES[4]]] {
        let mut okx = Okx::new("OKX");
        let mut count = |text: &str| taken(&mut okx, text).unwrap().len();
        assert_eq!([count(first), count(second), count(first)], [1, 0, 1]);
        okx.take(Frame::Lost, 7, &mut Vec::new()).unwrap();
        assert_eq!(taken(&mut okx, second).unwrap().len(), 1);
    }
}

#[test]
fn changes_continue_a_book_of_rest_by_their_numbers_alone() {
    let named = Some("https://www.okx.com/api/v5/market/books?sz=400&instId=BTC-USDT");
    let body = SAMPLES[12].replace("3235851742", "123456");
    let bare = SAMPLES[1].replace(r#","prevSeqId":123456,"seqId":123460"#, "");
    let mut okx = Okx::new("OKX");
    answered(&mut okx, named, &body).unwrap();
    let delta = taken(&mut okx, SAMPLES[1]).unwrap().remove(0);
    assert_eq!((delta.seq, delta.prev_seq), (Some(123_460), Some(123_456)));
    assert_eq!(answered(&mut okx, named, &body).unwrap(), [], "the channel tells it");

    let mut okx = Okx::new("OKX");
    answered(&mut okx, named, &body).unwrap();
    let given = [&bare; 2].map(|text| taken(&mut okx, text).unwrap());
    assert_eq!((&given[0][0].body, given[0].len()), (&Body::Disconnect, 2));
    assert!(matches!(given[1][..], [Event { body: Body::BookDelta { .. }, .. }]));
}

#[test]
fn the_channels_of_v5_replace_those_of_v3() {
    let mut okx = Okx::new("OKX");
    let v5 = |nth: usize| SAMPLES[nth].replace("BTC-USDT", "BTC-USD");
    let trade = SAMPLES[9].replace("option", "spot").replace("BTC-USD-190927-12500-C", "BTC-USD");
    let mut count = |text: &str| taken(&mut okx, text).unwrap().len();
    assert_eq!([count(SAMPLES[6]), count(SAMPLES[7]), count(&trade)], [1, 1, 2]);
    assert_eq!([count(&v5(2)), count(&v5(0)), count(&v5(1)), count(&v5(4))], [1; 4]);
    assert_eq!([count(SAMPLES[7]), count(&trade)], [0, 1], "but for another instrument");
}

#[test]
fn another_channel_takes_over_where_the_followed_one_fell_silent() {
    let mut okx = Okx::new("OKX");
    let mut count = |text: &str| taken(&mut okx, text).unwrap().len();
    let at = |text: &str, old: &str, ms: i64| {
        text.replace(old, &(old.parse::<i64>().unwrap() + ms).to_string())
    };
    let all = |ms: i64| at(SAMPLES[4], "1630048897897", ms).replace("\"trades\"", "\"trades-all\"");
    assert_eq!([count(SAMPLES[4]), count(&all(60_000)), count(&all(60_001))], [1, 0, 1]);
    assert_eq!(count(&at(SAMPLES[4], "1630048897897", 60_002)), 0);

    let five = |ms: i64| at(SAMPLES[2], "1629966436396", ms);
    assert_eq!([count(SAMPLES[0]), count(&five(6_000)), count(&five(66_000))], [1, 0, 0]);
    assert_eq!([count(&five(66_001)), count(SAMPLES[1])], [1, 0]);
}

#[test]
fn a_change_of_another_channel_is_not_laid_over_a_book_that_was_left() {
    let mut okx = Okx::new("OKX");
    taken(&mut okx, SAMPLES[6]).unwrap();
    let left = SAMPLES[10].replace("subscribe", "unsubscribe").replace("depth", "depth_l2_tbt");
    assert_eq!(taken(&mut okx, &left).unwrap(), [], "its snapshot may follow");
    let other = SAMPLES[7].replace("depth_l2_tbt", "depth");
    assert_eq!(taken(&mut okx, &other).unwrap()[0].body, Body::Disconnect);
    assert_eq!(taken(&mut okx, &other).unwrap().len(), 1);

    taken(&mut okx, SAMPLES[6]).unwrap();
    taken(&mut okx, &left).unwrap();
    let again = [SAMPLES[6], SAMPLES[7]].map(|text| taken(&mut okx, text).unwrap().len());
    assert_eq!(again, [1, 1]);
}

#[test]
fn a_book_of_rest_that_may_lack_levels_is_shown_and_not_continued() {
    let body = SAMPLES[12].replace("3235851742", "123456");
    for (end, is_continued) in
        [("", false), ("&sz=1", false), ("&sz=x", false), ("&sz=2", true), ("&sz=5000", true)]
    {
        let url = format!("https://www.okx.com/api/v5/market/books?instId=BTC-USDT{end}");
        let mut okx = Okx::new("OKX");
        let book = answered(&mut okx, Some(&url), &body).unwrap();
        assert!(matches!(book[..], [Event { body: Body::BookSnapshot { .. }, .. }]), "{end}");
        let given = taken(&mut okx, SAMPLES[1]).unwrap();
        assert_eq!(given[0].body != Body::Disconnect, is_continued, "{end}");
        assert!(matches!(given.last().unwrap().body, Body::BookDelta { .. }), "{end}");
    }
}

#[test]
fn the_book_of_a_channel_that_ended_is_lost_where_another_tells_only_changes() {
    let mut okx = Okx::new("OKX");
    let change = |ms: i64| {
        let at = (1_629_966_436_496 + ms).to_string();
        SAMPLES[1].replace("\"books\"", "\"books50-l2-tbt\"").replace("1629966436496", &at)
    };
    let mut told = |text: &str| taken(&mut okx, text).unwrap();
    assert_eq!(
        [told(SAMPLES[0]).len(), told(&change(6_000)).len(), told(&change(66_000)).len()],
        [1, 0, 0]
    );
    let lost = told(&change(66_001));
    assert_eq!((&lost[0].body, lost.len()), (&Body::Disconnect, 2));
    assert_eq!(told(SAMPLES[2]).len(), 1, "any whole book is taken");
}

#[test]
fn the_best_levels_are_the_book_while_the_changes_have_a_gap() {
    let mut okx = Okx::new("OKX");
    let mut count = |text: &str| taken(&mut okx, text).unwrap().len();
    assert_eq!([count(SAMPLES[0]), count(SAMPLES[2])], [1, 0]);
    assert_eq!([count(&update(123_460, 123_470)), count(SAMPLES[2])], [1, 1]);
    assert_eq!(count(&update(123_470, 123_480)), 0);
    assert_eq!([count(SAMPLES[0]), count(SAMPLES[1]), count(SAMPLES[2])], [1, 1, 0]);
}

#[test]
fn another_connection_goes_on_with_a_book_that_one_left() {
    let mut okx = Okx::new("OKX");
    let left = SAMPLES[5].replace("subscribe", "unsubscribe");
    let mut told = |text: &str| taken(&mut okx, text).unwrap();
    let words = [SAMPLES[0], SAMPLES[0], SAMPLES[1], SAMPLES[1], &left];
    assert_eq!(words.map(|text| told(text).len()), [1, 1, 1, 1, 0]);
    let next = told(&update(123_460, 123_470));
    assert!(matches!(next[..], [Event { body: Body::BookDelta { .. }, .. }]));
}

#[test]
fn a_late_snapshot_of_another_connection_does_not_set_the_book_back() {
    let mut okx = Okx::new("OKX");
    let mut count = |text: &str| taken(&mut okx, text).unwrap().len();
    assert_eq!([count(SAMPLES[0]), count(SAMPLES[1]), count(SAMPLES[0])], [1, 1, 0]);
    assert_eq!([count(SAMPLES[1]), count(&update(123_460, 123_470))], [1, 1]);
    assert_eq!(count(&SAMPLES[0].replace("1629966436396", "1629966441497")), 1, "it began anew");
}
