//! Books of several streams and of REST beside each other: which of them is the book.

use super::*;
use crate::domain::market::{Market, MarketState, Moment, Policy};

/// The book after these events, and whether any of them showed a gap.
fn folded(events: &[Event]) -> (Market, bool) {
    let (mut market, mut has_gap) = (Market::new("m"), false);
    for event in events {
        let admission = market.admit(std::slice::from_ref(event)).unwrap();
        market.accept(admission);
        let (moment, policy) = (Moment::default(), Policy::default());
        has_gap |= market.apply(event, moment, &policy, &mut Vec::new()).gap;
    }
    (market, has_gap)
}

/// A message at that second.
fn at(seconds: u64, text: &str) -> String {
    text.replace(r#""t":1000,"#, &format!(r#""t":{},"#, seconds * 1000))
}

/// The five best levels as of a number.
fn shown(number: u64) -> String {
    format!(
        r#"{{"channel":"spot.order_book","event":"update","result":{{"t":1000,"lastUpdateId":{number},"s":"X_Y","l":"5","bids":[["9.10","1"]],"asks":[]}}}}"#
    )
}

/// What a REST book of so many bids gives, where so many were asked for.
fn asked(gateio: &mut Gateio, limit: &str, id: u64, levels: usize) -> Vec<Event> {
    let url = format!(
        "https://api.gateio.ws/api/v4/spot/order_book?currency_pair=X_Y&with_id=true{limit}"
    );
    answered(gateio, Some(&url), id, levels)
}

/// What one with all levels gives.
fn all(gateio: &mut Gateio, id: u64) -> Vec<Event> {
    asked(gateio, "&limit=100", id, 0)
}

fn answered(gateio: &mut Gateio, url: Option<&str>, id: u64, levels: usize) -> Vec<Event> {
    let bids: Vec<_> = (0..levels).map(|nth| format!(r#"["{}","1"]"#, 2_000 - nth)).collect();
    let bids = bids.join(",");
    let body = format!(r#"{{"id":{id},"update":999,"asks":[],"bids":[{bids}]}}"#);
    let given = taken(gateio, Frame::Response { url, body: &body }).unwrap();
    given.into_iter().map(|(_, event)| event).collect()
}

#[test]
fn an_update_that_begins_within_what_was_told_is_no_gap() {
    let mut gateio = Gateio::new();
    let mut given = all(&mut gateio, 100);
    for (first, last) in [(101, 110), (111, 120), (102, 125), (121, 130), (131, 140)] {
        given.extend(events(&mut gateio, &update(first, last)));
    }
    let (market, has_gap) = folded(&given);
    assert!(!has_gap && market.book().venue_seq() == Some(140));
    assert_eq!(market.book_state, MarketState::Live);

    // One of them is told again behind a book, and one that begins later is a gap.
    let behind = numbers(&all(&mut gateio, 115));
    let wanted = [(None, 115), (Some(115), 120), (Some(120), 125), (Some(125), 130)];
    assert_eq!(behind[..4], wanted.map(|(before, seq)| (before, Some(seq))));
    given.extend(events(&mut gateio, &update(142, 150)));
    assert!(folded(&given).1, "141 never came");
}

#[test]
fn an_update_of_the_second_channel_begins_where_the_last_ended() {
    let mut gateio = Gateio::new();
    let mut given = events(&mut gateio, &obu(400, None, 100));
    given.extend(events(&mut gateio, &obu(400, Some(101), 110)));
    given.extend(events(&mut gateio, &obu(400, Some(101), 110)));
    assert!(!folded(&given).1, "it is old");
    given.extend(events(&mut gateio, &obu(400, Some(105), 115)));
    assert!(folded(&given).1);
    assert_eq!(events(&mut gateio, &shown(115)).len(), 1, "the followed book is lost");
}

#[test]
fn a_cut_book_by_rest_does_not_cut_a_deeper_one_that_is_followed() {
    let mut gateio = Gateio::new();
    let mut given = asked(&mut gateio, "&limit=200", 10, 200);
    given.extend(events(&mut gateio, &update(11, 11)));
    for (limit, levels) in [("&limit=10", 10), ("&limit=50", 50), ("", 10), ("&limit=100", 100)] {
        assert_eq!(asked(&mut gateio, limit, 11, levels), [], "{limit}");
        assert_eq!(asked(&mut gateio, limit, 12, levels), [], "{limit}");
    }
    assert_eq!(answered(&mut gateio, None, 11, 20), []);
    given.extend(events(&mut gateio, &update(12, 12)));
    assert_eq!(folded(&given).0.book().bids().count(), 201);
    // One that is as deep, or has all levels there are, is given.
    assert_eq!(asked(&mut gateio, "&limit=200", 12, 200).len(), 1);
    assert_eq!(asked(&mut gateio, "&limit=100", 12, 99).len(), 1);
    assert_eq!(asked(&mut gateio, "&limit=200", 12, 200), [], "that one was whole");
    // None is given that changes do not reach.
    assert_eq!(asked(&mut gateio, "&limit=100", 9, 99), []);
    assert_eq!(numbers(&events(&mut gateio, &update(13, 13))), [(Some(12), Some(13))]);
}

#[test]
fn no_change_continues_a_book_that_is_cut_at_fewer_than_the_venues_hundred_levels() {
    for (limit, levels, is_cut) in [
        ("&limit=10", 10, true),
        ("", 10, true),
        ("&limit=50", 50, true),
        ("&limit=50", 49, false),
        ("&limit=100", 100, false),
    ] {
        let mut gateio = Gateio::new();
        let mut given = asked(&mut gateio, limit, 10, levels);
        assert!(matches!(given[0].body, Body::BookSnapshot { .. }));
        assert_eq!(given[0].seq, Some(10));
        given.extend(events(&mut gateio, &update(11, 11)));
        let state = folded(&given).0.book_state;
        assert_eq!(state != MarketState::Live, is_cut, "{limit} {levels}");
        assert_eq!(given[1].body == Body::Disconnect, is_cut, "{limit} {levels}");
    }
    // Without its URL a usual limit tells.
    for (levels, is_cut) in [(10, true), (20, true), (50, true), (51, false), (100, false)] {
        let mut gateio = Gateio::new();
        events(&mut gateio, &update(1, 10));
        answered(&mut gateio, None, 10, levels);
        let given = events(&mut gateio, &update(11, 11));
        assert_eq!(given[0].body == Body::Disconnect, is_cut, "{levels}");
    }
}

#[test]
fn the_best_levels_are_the_book_again_behind_a_gap() {
    let mut gateio = Gateio::new();
    let mut given = all(&mut gateio, 10);
    given.extend(events(&mut gateio, &update(11, 20)));
    assert_eq!(events(&mut gateio, &shown(20)), []);
    given.extend(events(&mut gateio, &update(31, 40)));
    assert!(folded(&given).1);
    given.extend(events(&mut gateio, &shown(40)));
    assert_eq!(events(&mut gateio, &update(41, 50)), []);
    given.extend(events(&mut gateio, &shown(50)));
    assert_eq!(folded(&given).0.book_state, MarketState::Live);
    // A book by REST that the changes continue takes over, one from before the gap does not.
    assert_eq!(all(&mut gateio, 15), []);
    assert_eq!(numbers(&all(&mut gateio, 45)), [(None, Some(45)), (Some(45), Some(50))]);
    assert_eq!(events(&mut gateio, &shown(51)), []);
}

#[test]
fn changes_that_ended_keep_the_best_levels_away_for_a_minute() {
    let followed = || {
        let mut gateio = Gateio::new();
        all(&mut gateio, 10);
        events(&mut gateio, &at(100, &update(11, 12)));
        gateio
    };
    let mut gateio = followed();
    for (seconds, number, is_given) in
        [(200, 12, false), (300, 13, false), (360, 14, false), (361, 15, true), (362, 16, true)]
    {
        let given = events(&mut gateio, &at(seconds, &shown(number)));
        assert_eq!(!given.is_empty(), is_given, "{seconds}");
    }
    // What tells nothing new may be of a quiet market.
    let mut gateio = followed();
    assert_eq!(events(&mut gateio, &at(200, &shown(12))), []);
    assert_eq!(events(&mut gateio, &at(400, &shown(12))), []);
    // The changes go on between.
    assert_eq!(events(&mut gateio, &at(500, &shown(13))), []);
    assert_eq!(events(&mut gateio, &at(501, &update(13, 13))).len(), 1);
    assert_eq!(events(&mut gateio, &at(561, &shown(14))), []);
    // A book by REST, beside changes that it is no book for.
    let mut gateio = Gateio::new();
    events(&mut gateio, &obu(400, None, 10));
    assert_eq!(all(&mut gateio, 11), []);
    events(&mut gateio, &at(7, &shown(11)));
    assert_eq!(events(&mut gateio, &at(68, &shown(12))).len(), 1);
}

#[test]
fn what_ended_is_lost_where_only_changes_go_on() {
    for (first, is_kept) in [(shown(10), true), (obu(400, None, 10), false)] {
        let mut gateio = Gateio::new();
        assert_eq!(events(&mut gateio, &first).len(), 1);
        assert_eq!(events(&mut gateio, &at(7, &update(11, 11))), []);
        assert_eq!(events(&mut gateio, &at(67, &update(12, 12))), []);
        let given = events(&mut gateio, &at(68, &update(13, 13)));
        assert_eq!((&given[0].body, given.len()), (&Body::Disconnect, 2));
        // Those that were kept continue a book by REST.
        let wanted = if is_kept { 4 } else { 2 };
        assert_eq!(all(&mut gateio, if is_kept { 10 } else { 12 }).len(), wanted);
        assert_eq!(numbers(&events(&mut gateio, &update(14, 14))), [(Some(13), Some(14))]);
    }
}
