//! Whole books, of REST or of the best levels, and what becomes of them where changes begin.

use super::*;

#[test]
fn the_best_levels_are_the_book_where_no_changes_are_heard() {
    let mut kucoin = Kucoin::new();
    for (text, seq, at) in [
        (SAMPLES[13], None, 1_586_948_108_193_000_000),
        (SAMPLES[14], None, 1_586_948_108_293_000_000),
        (SAMPLES[15], Some(1_709_294_294_670), 1_731_680_019_100_000_000),
        (SAMPLES[16], Some(1_743_938_538_056), 1_781_666_796_650_000_000),
    ] {
        let given = events(&mut kucoin, text);
        assert!(matches!(given[0].body, Body::BookSnapshot { .. }), "{text}");
        assert_eq!((given[0].seq, given[0].prev_seq, given[0].ts_event), (seq, None, at));
    }
    // 50 levels are more than 5.
    assert_eq!(events(&mut kucoin, SAMPLES[13]), []);
    assert_eq!(events(&mut kucoin, SAMPLES[14]).len(), 1);
    let fifty = SAMPLES[16].replace("\"5\"", "\"50\"");
    assert_eq!(events(&mut kucoin, &fifty).len(), 1);
    assert_eq!(events(&mut kucoin, SAMPLES[16]), []);
}

#[test]
fn changes_end_a_book_of_the_best_levels() {
    let best = SAMPLES[15].replace("XBTUSDTM", "XBTUSDM").replace("1709294294670", "17");
    let mut kucoin = Kucoin::new();
    let mut given = events(&mut kucoin, &best);
    given.extend(events(&mut kucoin, SAMPLES[4]));
    assert_eq!(given[1].body, Body::Disconnect);
    assert_eq!(sequences(&given[2..]), some(&[(18, 17)]));
    assert_eq!(folded(&given).0.book().asks().count(), 1, "18 does not continue the best levels");
    assert_eq!(events(&mut kucoin, &best), []);

    // A whole book ends it as well, and the changes continue that.
    let mut kucoin = Kucoin::new();
    let url = Some("https://api-futures.kucoin.com/api/v1/level2/snapshot?symbol=XBTUSDM");
    let body = SAMPLES[3].replace("102", "17");
    events(&mut kucoin, &best);
    let mut given = taken(&mut kucoin, Frame::Response { url, body: &body }).unwrap();
    given.extend(events(&mut kucoin, SAMPLES[4]));
    assert_eq!(sequences(&given), [(Some(17), None), (Some(18), Some(17))]);
}

#[test]
fn a_whole_book_without_name_waits_for_the_changes_that_continue_it() {
    let wait = |numbers: &[&str]| {
        let mut kucoin = Kucoin::new();
        for number in numbers {
            let body = SAMPLES[3].replace("102", number);
            let frame = Frame::Response { url: None, body: &body };
            assert_eq!(taken(&mut kucoin, frame).unwrap(), []);
        }
        kucoin
    };
    let near = SAMPLES[4].replace("5000.0", "18900.5");
    let mut kucoin = wait(&["17", "103", "107"]);
    assert_eq!(events(&mut kucoin, SAMPLES[2]).len(), 1, "a trade says nothing of it");
    let given = events(&mut kucoin, SAMPLES[0]);
    assert_eq!(given[0].seq, Some(103));
    assert!(matches!(given[0].body, Body::BookSnapshot { .. }));
    assert_eq!(sequences(&given[1..]), some(&[(101, 100), (103, 101), (104, 103)]));
    let (market, has_gap) = folded(&given);
    assert!(!has_gap && market.book().venue_seq() == Some(104));
    // Another one is of the instrument that its number fits, and the third one still waits.
    let given = events(&mut kucoin, &near);
    assert_eq!(sequences(&given), [(Some(17), None), (Some(18), Some(17))]);
    assert_eq!(sequences(&events(&mut kucoin, SAMPLES[12])), some(&[(103, 102), (106, 104)]));

    // The changes reach it one by one.
    let mut kucoin = wait(&["19"]);
    assert_eq!(sequences(&events(&mut kucoin, &near)), some(&[(18, 17)]));
    let next = near.replace(":18,", ":19,");
    let given = events(&mut kucoin, &next);
    assert_eq!(sequences(&given), [(Some(19), None), (Some(19), Some(18))]);
    assert!(!folded(&given).1);

    // They are bounded, and once several instruments are known it could be of any.
    let mut kucoin = wait(&["1"; 64]);
    let unnamed = || Frame::Response { url: None, body: SAMPLES[3] };
    assert!(matches!(taken(&mut kucoin, unnamed()), Err(FrameError::UnnamedSnapshot(0))));
    events(&mut kucoin, SAMPLES[0]);
    events(&mut kucoin, SAMPLES[4]);
    assert!(matches!(taken(&mut kucoin, unnamed()), Err(FrameError::UnnamedSnapshot(2))));

    // None outlives the connection.
    let mut kucoin = wait(&["103"]);
    taken(&mut kucoin, Frame::Lost).unwrap();
    assert_eq!(
        sequences(&events(&mut kucoin, SAMPLES[0])),
        some(&[(101, 100), (103, 101), (104, 103)])
    );
}

#[test]
fn best_levels_do_not_cost_the_whole_book_that_changes_continue() {
    let best = SAMPLES[13].replace("ETH-USDT", "BTC-USDT");
    let begun = |number: &str| {
        let mut kucoin = Kucoin::new();
        let mut given = book(&mut kucoin, &SAMPLES[3].replace("102", number));
        given.extend(events(&mut kucoin, &best));
        given.extend(events(&mut kucoin, SAMPLES[0]));
        (kucoin, given)
    };
    let (mut kucoin, given) = begun("102");
    assert!(matches!(given[2].body, Body::BookSnapshot { .. }));
    assert_eq!(sequences(&given[2..]), sequences(&given_behind(102)));
    let (market, has_gap) = folded(&given);
    assert!(!has_gap && market.book().venue_seq() == Some(104));
    assert!(kucoin.roster.get("BTC-USDT").unwrap().state.whole.is_none(), "it served");

    // One whose number does not join stays away.
    let (_, given) = begun("99");
    assert_eq!(given[2].body, Body::Disconnect);
    assert_eq!(sequences(&given[3..]), some(&[(101, 100), (103, 101), (104, 103)]));
}

/// A whole book, and behind it the changes of the first sample.
fn given_behind(number: u64) -> Vec<Event> {
    let mut kucoin = Kucoin::new();
    let mut given = book(&mut kucoin, &SAMPLES[3].replace("102", &number.to_string()));
    given.extend(events(&mut kucoin, SAMPLES[0]));
    given
}

#[test]
fn a_whole_book_without_name_is_not_that_of_changes_at_other_prices() {
    let mut kucoin = Kucoin::new();
    for (number, bid, ask) in [("17", "18891.9", "18907.3"), ("17", "4990", "5010")] {
        let body = SAMPLES[3].replace("102", number);
        let body = body.replace("18891.9", bid).replace("18907.3", ask);
        taken(&mut kucoin, Frame::Response { url: None, body: &body }).unwrap();
    }
    let given = events(&mut kucoin, SAMPLES[4]);
    let Body::BookSnapshot { bids, .. } = &given[0].body else { panic!("{given:?}") };
    assert_eq!(bids[0].0.to_string(), "4990");

    // Somewhat beyond its levels is near enough, and a change without price says nothing of them.
    for (price, is_taken) in [("18915", true), ("18915.1", false), ("18884.2", true), ("0", true)] {
        let mut kucoin = Kucoin::new();
        let body = SAMPLES[3].replace("102", "17");
        taken(&mut kucoin, Frame::Response { url: None, body: &body }).unwrap();
        let given = events(&mut kucoin, &SAMPLES[4].replace("5000.0", price));
        assert_eq!(given.len(), 1 + usize::from(is_taken), "{price}");
    }
}
