//! Which channel makes the book, and what proves the REST book that it stands on.

use super::*;
use crate::feeds::venues::bitstamp::book::LAG_MAX;

const SECOND: u64 = 1_000_000;

/// What a message of a channel of `btcusd` gives.
fn heard(bitstamp: &mut Bitstamp, channel: &str, micros: u64) -> Vec<&'static str> {
    let text = SAMPLES[1].replace("1643643585700001", &micros.to_string());
    kinds(&given(bitstamp, &text.replace("order_book_btceur", &format!("{channel}_btcusd"))))
}

fn changed(bitstamp: &mut Bitstamp, micros: u64) -> Vec<&'static str> {
    heard(bitstamp, "diff_order_book", micros)
}

fn best(bitstamp: &mut Bitstamp, micros: u64) -> Vec<&'static str> {
    heard(bitstamp, "order_book", micros)
}

fn asked(bitstamp: &mut Bitstamp, micros: u64) -> Vec<&'static str> {
    let body = &SAMPLES[4].replace("1643643584684050", &micros.to_string());
    let url = Some("https://www.bitstamp.net/api/v2/order_book/btcusd/?group=1");
    kinds(&taken(bitstamp, Frame::Response { url, body }).unwrap())
}

/// The venue's answer about the changes of `btcusd`, at that time of this machine.
fn answered(bitstamp: &mut Bitstamp, event: &str, micros: i64) -> Vec<&'static str> {
    let text = format!(r#"{{"event":"{event}","channel":"diff_order_book_btcusd","data":{{}}}}"#);
    let mut out = Vec::new();
    bitstamp.take(Frame::Message(&text), micros * 1_000, &mut out).unwrap();
    kinds(&out)
}

fn confirmed(bitstamp: &mut Bitstamp, micros: i64) -> Vec<&'static str> {
    answered(bitstamp, "bts:subscription_succeeded", micros)
}

fn opened(bitstamp: &mut Bitstamp) {
    assert!(taken(bitstamp, Frame::Connected).unwrap().is_empty());
}

fn kinds(given: &Given) -> Vec<&'static str> {
    let kind = |(_, event): &(_, Event)| match event.body {
        Body::BookSnapshot { .. } => "book",
        Body::BookDelta { .. } => "change",
        Body::Disconnect => "lost",
        _ => "other",
    };
    given.iter().map(kind).collect()
}

/// A book that changes stand on, the last of them at 30.
fn followed() -> Bitstamp {
    let mut bitstamp = Bitstamp::new();
    assert_eq!(confirmed(&mut bitstamp, 5), [""; 0]);
    assert_eq!(changed(&mut bitstamp, 10), ["change"]);
    assert_eq!(asked(&mut bitstamp, 20), ["book"]);
    assert_eq!(changed(&mut bitstamp, 30), ["change"]);
    bitstamp
}

#[test]
fn a_subscription_that_is_confirmed_again_loses_the_book_before_it() {
    let mut bitstamp = followed();
    opened(&mut bitstamp);
    assert_eq!(changed(&mut bitstamp, 40), ["change"], "the opening may be another pair's");
    assert_eq!(confirmed(&mut bitstamp, 100), ["lost"]);
    assert_eq!(changed(&mut bitstamp, 110), ["change"], "it stands on nothing");
    assert_eq!(asked(&mut bitstamp, 105), ["book", "change"]);
    assert_eq!(changed(&mut bitstamp, 120), ["change"]);

    // What was kept from before does not prove a book from between.
    let mut bitstamp = followed();
    confirmed(&mut bitstamp, 100);
    changed(&mut bitstamp, 110);
    let body = &SAMPLES[4].replace("1643643584684050", "99");
    let early = taken(&mut bitstamp, Frame::Response { url: None, body });
    assert!(matches!(early, Err(FrameError::EarlySnapshot)));
}

#[test]
fn a_quiet_pairs_book_from_before_the_opening_is_lost_with_the_next_confirmation() {
    let mut bitstamp = Bitstamp::new();
    confirmed(&mut bitstamp, 5);
    assert_eq!(asked(&mut bitstamp, 20), ["book"]);
    opened(&mut bitstamp);
    assert_eq!(confirmed(&mut bitstamp, 100), ["lost"]);
}

#[test]
fn changes_that_end_leave_no_book() {
    let mut bitstamp = followed();
    assert_eq!(answered(&mut bitstamp, "bts:unsubscription_succeeded", 100), ["lost"]);
    assert_eq!(best(&mut bitstamp, 110), ["book"]);
    assert_eq!(confirmed(&mut bitstamp, 120), [""; 0]);
}

#[test]
fn a_book_that_came_since_the_opening_may_be_proven_behind_the_confirmation() {
    for (first, told) in [(50, &["change"][..]), (51, &["lost", "change"])] {
        let mut bitstamp = followed();
        opened(&mut bitstamp);
        assert_eq!(asked(&mut bitstamp, 50), ["book"]);
        assert_eq!(confirmed(&mut bitstamp, 60), [""; 0]);
        assert_eq!(changed(&mut bitstamp, first), told);
        assert_eq!(changed(&mut bitstamp, 70), ["change"]);
    }
}

#[test]
fn the_first_change_behind_a_book_proves_it_or_loses_it() {
    for (since, first, told) in [
        (None, 20, &["change"][..]),
        (None, 21, &["lost", "change"]),
        (Some(20), 21, &["change"]),
        (Some(21), 20, &["change"]),
        (Some(21), 21, &["lost", "change"]),
    ] {
        let mut bitstamp = Bitstamp::new();
        if let Some(since) = since {
            confirmed(&mut bitstamp, since);
        }
        assert_eq!(asked(&mut bitstamp, 20), ["book"], "it may be quiet for hours");
        assert_eq!(changed(&mut bitstamp, first), told, "{since:?}");
        assert_eq!(changed(&mut bitstamp, 30), ["change"], "once is enough");
        assert_eq!(asked(&mut bitstamp, 29), ["book", "change"]);
        assert_eq!(changed(&mut bitstamp, 40), ["change"]);
    }
}

/// This side asks for the changes of `btcusd` then.
fn said(bitstamp: &mut Bitstamp, recv: i64) {
    let text = r#"{"event":"bts:subscribe","data":{"channel":"diff_order_book_btcusd"}}"#;
    let mut out = Vec::new();
    bitstamp.take(Frame::Said(text), recv, &mut out).unwrap();
    assert!(out.is_empty());
}

/// The same as [`asked`], at that time of this machine.
fn answered_at(bitstamp: &mut Bitstamp, micros: u64, recv: i64) -> Vec<&'static str> {
    let body = &SAMPLES[4].replace("1643643584684050", &micros.to_string());
    let url = Some("https://www.bitstamp.net/api/v2/order_book/btcusd/?group=1");
    let mut out = Vec::new();
    bitstamp.take(Frame::Response { url, body }, recv, &mut out).unwrap();
    kinds(&out)
}

#[test]
fn a_book_that_came_long_enough_after_the_subscription_is_proven_whatever_the_venues_clock() {
    for (late, told) in [(0, &["change"][..]), (-1, &["lost", "change"])] {
        let mut bitstamp = Bitstamp::new();
        confirmed(&mut bitstamp, 100);
        assert_eq!(answered_at(&mut bitstamp, 20, 100_000 + LAG_MAX + late), ["book"]);
        assert_eq!(changed(&mut bitstamp, 30), told);
        assert_eq!(changed(&mut bitstamp, 40), ["change"]);
    }
}

#[test]
fn a_subscription_that_was_said_proves_a_book_from_before_it_is_heard_confirmed() {
    for (late, told) in [(0, &["change"][..]), (-1, &["lost", "change"])] {
        let mut bitstamp = Bitstamp::new();
        opened(&mut bitstamp);
        said(&mut bitstamp, 1_000);
        let came = 1_000 + LAG_MAX + late;
        assert_eq!(answered_at(&mut bitstamp, 20, came), ["book"]);
        assert_eq!(confirmed(&mut bitstamp, came / 1_000 + 1), [""; 0]);
        assert_eq!(changed(&mut bitstamp, 30), told);
        assert_eq!(changed(&mut bitstamp, 40), ["change"]);
    }
}

#[test]
fn what_was_said_proves_nothing_behind_the_next_subscription() {
    let far = 1_000 + LAG_MAX;
    let begun = || {
        let mut bitstamp = Bitstamp::new();
        opened(&mut bitstamp);
        said(&mut bitstamp, 1_000);
        assert_eq!(answered_at(&mut bitstamp, 20, far), ["book"]);
        assert_eq!(confirmed(&mut bitstamp, far / 1_000 + 1), [""; 0]);
        opened(&mut bitstamp);
        bitstamp
    };
    let mut bitstamp = begun();
    said(&mut bitstamp, far + 2_000);
    assert_eq!(confirmed(&mut bitstamp, far / 1_000 + 3), ["lost"]);
    // The same where nothing was said.
    assert_eq!(confirmed(&mut begun(), far / 1_000 + 3), ["lost"]);
}

#[test]
fn what_is_said_besides_is_passed_over() {
    let mut bitstamp = Bitstamp::new();
    for text in ["", "{}", r#"{"event":"bts:heartbeat"}"#, &SAMPLES[3].replace("live", "x")] {
        assert!(taken(&mut bitstamp, Frame::Said(text)).unwrap().is_empty(), "{text}");
    }
    let unnamed = Frame::Response { url: None, body: SAMPLES[4] };
    assert!(matches!(taken(&mut bitstamp, unnamed), Err(FrameError::UnnamedSnapshot(0))));
}

#[test]
fn the_best_levels_are_the_book_until_the_changes_stand_on_one() {
    let mut bitstamp = Bitstamp::new();
    assert_eq!(changed(&mut bitstamp, 10), ["change"]);
    assert_eq!(best(&mut bitstamp, 11), ["book"]);
    assert_eq!(changed(&mut bitstamp, 12), [""; 0], "they are no book to lay changes over");
    assert_eq!(asked(&mut bitstamp, 11), ["book", "change"]);
    assert_eq!(best(&mut bitstamp, 13), [""; 0]);
    assert_eq!(changed(&mut bitstamp, 14), ["change"]);
}

#[test]
fn the_best_levels_replace_a_book_that_is_older_and_not_proven() {
    let mut bitstamp = Bitstamp::new();
    assert_eq!(asked(&mut bitstamp, 20), ["book"]);
    assert_eq!(best(&mut bitstamp, 20), [""; 0]);
    assert_eq!(best(&mut bitstamp, 21), ["book"]);
    assert_eq!(changed(&mut bitstamp, 15), [""; 0]);
    assert_eq!(heard(&mut bitstamp, "detail_order_book", 22), [""; 0], "fewer levels");
}

#[test]
fn the_best_levels_are_the_book_again_after_a_minute_without_changes() {
    let mut bitstamp = followed();
    assert_eq!(best(&mut bitstamp, 6 * SECOND), [""; 0]);
    assert_eq!(best(&mut bitstamp, 66 * SECOND), [""; 0]);
    assert_eq!(best(&mut bitstamp, 66 * SECOND + 1), ["book"]);
    // What came before the silence proves nothing any more.
    assert_eq!(asked(&mut bitstamp, 67 * SECOND), [""; 0]);
    assert_eq!(best(&mut bitstamp, 68 * SECOND), ["book"]);
    assert_eq!(changed(&mut bitstamp, 69 * SECOND), [""; 0]);
    assert_eq!(asked(&mut bitstamp, 69 * SECOND), ["book"]);
    assert_eq!(changed(&mut bitstamp, 70 * SECOND), ["change"]);
}
