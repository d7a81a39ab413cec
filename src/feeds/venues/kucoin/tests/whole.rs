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
fn changes_without_a_book_do_not_end_one_of_the_best_levels() {
    let best = SAMPLES[15].replace("XBTUSDTM", "XBTUSDM").replace("1709294294670", "17");
    let url = Some("https://api-futures.kucoin.com/api/v1/level2/snapshot?symbol=XBTUSDM");
    let body = SAMPLES[3].replace("102", "17");
    let mut kucoin = Kucoin::new();
    let mut given = events(&mut kucoin, &best);
    given.extend(events(&mut kucoin, SAMPLES[4]));
    given.extend(events(&mut kucoin, &best));
    assert_eq!(sequences(&given), [(Some(17), None); 2], "18 does not continue the best levels");
    assert_eq!(folded(&given).0.book_state, MarketState::Live);
    // It continues a whole book that comes later.
    let whole = taken(&mut kucoin, Frame::Response { url, body: &body }).unwrap();
    assert_eq!(sequences(&whole), [(Some(17), None), (Some(18), Some(17))]);
    assert_eq!(events(&mut kucoin, &best), []);

    // A whole book ends it as well, and the changes continue that.
    let mut kucoin = Kucoin::new();
    events(&mut kucoin, &best);
    let mut given = taken(&mut kucoin, Frame::Response { url, body: &body }).unwrap();
    given.extend(events(&mut kucoin, SAMPLES[4]));
    assert_eq!(sequences(&given), [(Some(17), None), (Some(18), Some(17))]);
}

#[test]
fn the_best_levels_are_the_book_again_behind_a_gap() {
    let best = SAMPLES[14].replace("ETH-USDT", "BTC-USDT");
    let mut kucoin = Kucoin::new();
    let mut given = book(&mut kucoin, &SAMPLES[3].replace("102", "100"));
    given.extend(events(&mut kucoin, SAMPLES[0]));
    assert_eq!(events(&mut kucoin, &best), []);
    let gap = SAMPLES[12].replace("106", "109").replace("103", "108");
    given.extend(events(&mut kucoin, &gap));
    assert!(folded(&given).1, "105 never came");
    given.extend(events(&mut kucoin, &best));
    let next = SAMPLES[12].replace("106", "110").replace("103", "110");
    assert_eq!(events(&mut kucoin, &next), []);
    assert_eq!(folded(&given).0.book_state, MarketState::Live);
    assert_eq!(book(&mut kucoin, SAMPLES[3]), [], "from before the gap");
    let given = book(&mut kucoin, &SAMPLES[3].replace("102", "109"));
    assert_eq!(sequences(&given), [(Some(109), None), (Some(110), Some(109))]);
    assert_eq!(events(&mut kucoin, &best), []);
}

/// A message of futures, of that second and number.
fn at(seconds: u64, number: u64, text: &str) -> String {
    text.replace("XBTUSDTM", "XBTUSDM")
        .replace("1731680019100", &format!("{}", seconds * 1_000))
        .replace("1551770400000", &format!("{}", seconds * 1_000))
        .replace("1709294294670", &number.to_string())
        .replace(":18,", &format!(":{number},"))
}

#[test]
fn changes_that_ended_keep_the_best_levels_away_for_a_minute() {
    let url = Some("https://api-futures.kucoin.com/api/v1/level2/snapshot?symbol=XBTUSDM");
    let body = SAMPLES[3].replace("102", "17");
    let followed = || {
        let mut kucoin = Kucoin::new();
        taken(&mut kucoin, Frame::Response { url, body: &body }).unwrap();
        events(&mut kucoin, &at(100, 18, SAMPLES[4]));
        kucoin
    };
    let mut kucoin = followed();
    for (seconds, number, is_given) in
        [(200, 18, false), (300, 19, false), (360, 20, false), (361, 21, true), (362, 22, true)]
    {
        let given = events(&mut kucoin, &at(seconds, number, SAMPLES[15]));
        assert_eq!(!given.is_empty(), is_given, "{seconds}");
    }
    // The changes go on between.
    let mut kucoin = followed();
    assert_eq!(events(&mut kucoin, &at(200, 19, SAMPLES[15])), []);
    assert_eq!(events(&mut kucoin, &at(201, 19, SAMPLES[4])).len(), 1);
    assert_eq!(events(&mut kucoin, &at(261, 20, SAMPLES[15])), []);

    // So it is with 50 levels and 5.
    let fifty = SAMPLES[15].replace("level2Depth5:", "level2Depth50:");
    let mut kucoin = Kucoin::new();
    events(&mut kucoin, &at(100, 18, &fifty));
    for (seconds, is_given) in [(101, false), (106, false), (166, false), (167, true)] {
        let given = events(&mut kucoin, &at(seconds, 19, SAMPLES[15]));
        assert_eq!(!given.is_empty(), is_given, "{seconds}");
    }
}

#[test]
fn best_levels_that_ended_are_lost_where_only_changes_go_on() {
    let mut kucoin = Kucoin::new();
    events(&mut kucoin, &at(100, 17, SAMPLES[15]));
    assert_eq!(events(&mut kucoin, &at(106, 18, SAMPLES[4])), []);
    assert_eq!(events(&mut kucoin, &at(166, 19, SAMPLES[4])), []);
    let given = events(&mut kucoin, &at(167, 20, SAMPLES[4]));
    assert_eq!((&given[0].body, given.len()), (&Body::Disconnect, 2));
    assert_eq!(events(&mut kucoin, &at(168, 20, SAMPLES[15])).len(), 1);
}

/// A body with so many bids.
fn long(number: u64, levels: usize) -> String {
    let bids: Vec<_> = (0..levels).map(|nth| format!(r#"["{}","1"]"#, 2_000 - nth)).collect();
    SAMPLES[3].replace("102", &number.to_string()).replace(r#"["18891.9","0.10"]"#, &bids.join(","))
}

#[test]
fn a_part_of_the_book_by_rest_does_not_cut_one_that_is_followed() {
    let mut kucoin = Kucoin::new();
    book(&mut kucoin, &SAMPLES[3].replace("102", "100"));
    events(&mut kucoin, SAMPLES[0]);
    for (path, levels) in [
        ("api/v1/market/orderbook/level2_20?symbol=BTC-USDT", 20),
        ("api/v1/market/orderbook/level2_100?symbol=BTC-USDT", 100),
        ("api/v1/level2/depth20?symbol=BTC-USDT", 20),
        ("api/ua/v1/market/orderbook?tradeType=SPOT&symbol=BTC-USDT&limit=50", 50),
    ] {
        let url = format!("https://api.kucoin.com/{path}");
        let url = Some(url.as_str());
        for number in [104, 105] {
            let body = long(number, levels);
            assert_eq!(taken(&mut kucoin, Frame::Response { url, body: &body }).unwrap(), []);
        }
        // With fewer levels it is whole.
        let body = long(104, levels - 1);
        assert_eq!(taken(&mut kucoin, Frame::Response { url, body: &body }).unwrap().len(), 1);
        let body = long(104, levels);
        assert_eq!(taken(&mut kucoin, Frame::Response { url: None, body: &body }).unwrap(), []);
    }
    assert_eq!(book(&mut kucoin, &long(104, 100)).len(), 1, "its URL asks for all");
    assert_eq!(sequences(&events(&mut kucoin, SAMPLES[12]))[1..], some(&[(106, 104)]));
}

#[test]
fn no_change_continues_a_part_of_the_book() {
    let url = Some("https://api.kucoin.com/api/v1/market/orderbook/level2_20?symbol=BTC-USDT");
    let mut kucoin = Kucoin::new();
    let body = long(100, 20);
    let mut given = taken(&mut kucoin, Frame::Response { url, body: &body }).unwrap();
    assert_eq!(folded(&given).0.book_state, MarketState::Live);
    given.extend(events(&mut kucoin, SAMPLES[0]));
    assert_eq!(given[1].body, Body::Disconnect);
    assert_ne!(folded(&given).0.book_state, MarketState::Live);

    // Best levels that go on are not kept away by it, nor does it come between them.
    let best = SAMPLES[13].replace("ETH-USDT", "BTC-USDT");
    let mut part = || taken(&mut kucoin, Frame::Response { url, body: &body }).unwrap().len();
    assert_eq!(part(), 1);
    assert_eq!(events(&mut kucoin, &best).len(), 1);
    let mut part = || taken(&mut kucoin, Frame::Response { url, body: &body }).unwrap().len();
    assert_eq!(part(), 0);
    // Before any instrument was heard of it could be of any.
    let unnamed = Frame::Response { url: None, body: &body };
    let refused = taken(&mut Kucoin::new(), unnamed);
    assert!(matches!(refused, Err(FrameError::UnnamedSnapshot(0))));
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
    let (mut kucoin, given) = begun("99");
    assert_eq!(given.len(), 2, "the best levels go on");
    assert!(kucoin.roster.get("BTC-USDT").unwrap().state.whole.is_none());
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
