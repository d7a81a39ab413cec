//! Whose snapshots without symbol are.

use super::*;

#[test]
fn a_snapshot_without_symbol_is_of_the_symbol_whose_changes_join_it() {
    let mut spot = Binance::spot();
    let eth = |first, last| spot_delta(first, last).replace("BTC", "ETH");
    events(&mut spot, &spot_delta(1, 10));
    events(&mut spot, &eth(101, 110));
    let unnamed = |spot: &mut Binance, last| taken(spot, Frame::Message(&snapshot(last)));
    assert_eq!(
        owners(&unnamed(&mut spot, 105).unwrap()),
        [("BINANCE:ETHUSDT", true), ("BINANCE:ETHUSDT", false)]
    );
    assert_eq!(unnamed(&mut spot, 24).unwrap(), [], "none of them yet");
    assert_eq!(events(&mut spot, &spot_delta(11, 20)).len(), 1);
    let given = taken(&mut spot, Frame::Message(&spot_delta(21, 30))).unwrap();
    assert_eq!(owners(&given), [("BINANCE:BTCUSDT", true), ("BINANCE:BTCUSDT", false)]);
    assert_eq!(given[1].1.prev_seq, Some(24));

    events(&mut spot, &eth(5, 30).replace("ETH", "LTC"));
    assert!(matches!(unnamed(&mut spot, 25), Err(FrameError::UnnamedSnapshot(2))));
    let url = Some("https://api.binance.com/api/v3/depth?limit=1000&symbol=ETHUSDT");
    let given = taken(&mut spot, Frame::Response { url, body: &snapshot(104) }).unwrap();
    assert_eq!(owners(&given)[0], ("BINANCE:ETHUSDT", true));
}

#[test]
fn a_snapshot_from_before_all_else_waits_for_the_change_that_joins_it() {
    let mut spot = Binance::spot();
    for last in [500, 100] {
        let body = snapshot(last);
        let given = taken(&mut spot, Frame::Response { url: None, body: &body }).unwrap();
        assert_eq!(given, []);
    }
    // None is given to what it does not join.
    assert_eq!(events(&mut spot, &spot_delta(900, 910).replace("BTC", "LTC")).len(), 1);
    let given = taken(&mut spot, Frame::Message(&spot_delta(98, 110))).unwrap();
    assert_eq!(owners(&given), [("BINANCE:BTCUSDT", true), ("BINANCE:BTCUSDT", false)]);
    assert_eq!(sequences(&[given[1].1.clone()]), [(Some(110), Some(100))]);
    let given = taken(&mut spot, Frame::Message(&spot_delta(499, 501).replace("BTC", "ETH")));
    assert_eq!(owners(&given.unwrap())[0], ("BINANCE:ETHUSDT", true));
}

#[test]
fn a_snapshot_later_than_the_only_symbols_changes_is_of_its_first_later_change() {
    let mut spot = Binance::spot();
    events(&mut spot, &spot_delta(80, 85));
    assert_eq!(events(&mut spot, &snapshot(100)), []);
    assert_eq!(sequences(&events(&mut spot, &spot_delta(90, 99))), [(Some(99), Some(89))]);
    let far = spot_delta(103, 104).replace("9.10", "60000");
    assert_eq!(events(&mut spot, &far).len(), 1, "its levels are elsewhere");
    let given = sequences(&events(&mut spot, &spot_delta(105, 110)));
    let wanted = [(Some(100), None), (Some(104), Some(102)), (Some(110), Some(104))];
    assert_eq!(given, wanted);
}

#[test]
fn a_snapshot_from_before_all_symbols_is_not_of_the_first_one_that_is_later() {
    let mut spot = Binance::spot();
    assert_eq!(events(&mut spot, &snapshot(1_000)), []);
    assert_eq!(events(&mut spot, &spot_delta(50_001, 50_010)).len(), 1);
    let eth = spot_delta(1_001, 1_005).replace("BTC", "ETH");
    let given = taken(&mut spot, Frame::Message(&eth)).unwrap();
    assert_eq!(owners(&given), [("BINANCE:ETHUSDT", true), ("BINANCE:ETHUSDT", false)]);
}

/// A change of futures that leaves an ask at that quantity.
fn leaves(symbol: &str, (before, last): (u64, u64), (price, qty): (&str, &str)) -> String {
    let change = futures_delta(before + 1, last, before).replace("BTCUSDT", symbol);
    change.replace(r#"["9.20","1"]"#, &format!(r#"["{price}","{qty}"]"#))
}

#[test]
fn of_symbols_that_share_their_numbers_the_one_whose_changes_left_its_levels_has_a_snapshot() {
    let named = "BINANCE-USDM:ETHUSDT";
    for is_first in [true, false] {
        let mut usdm = Binance::usdm();
        let mut given = Vec::new();
        let body = snapshot(1_006);
        let mut take = |usdm: &mut Binance, text: &str| {
            given.extend(taken(usdm, Frame::Message(text)).unwrap());
        };
        if is_first {
            take(&mut usdm, &body);
        }
        // The prices of the two are near.
        take(&mut usdm, &leaves("BTCUSDT", (1_000, 1_002), ("9.25", "2")));
        take(&mut usdm, &leaves("ETHUSDT", (1_001, 1_003), ("9.300", "2.0")));
        take(&mut usdm, &leaves("BTCUSDT", (1_002, 1_010), ("9.26", "2")));
        if !is_first {
            take(&mut usdm, &body);
        }
        assert!(given.iter().all(|(_, event)| !matches!(event.body, Body::BookSnapshot { .. })));
        let change = leaves("ETHUSDT", (1_003, 1_011), ("9.40", "1"));
        let given = taken(&mut usdm, Frame::Message(&change)).unwrap();
        assert_eq!(owners(&given), [(named, true), (named, false)]);
        assert_eq!(given[1].1.prev_seq, Some(1_006));
        // Both runs hold the number of the next one.
        let given = taken(&mut usdm, Frame::Message(&snapshot(1_007))).unwrap();
        assert_eq!(owners(&given), [(named, true), (named, false)]);
    }
}

fn is_whole(event: &Event) -> bool {
    matches!(event.body, Body::BookSnapshot { .. })
}

#[test]
fn changes_that_do_not_show_a_snapshot_to_be_theirs_have_none_where_numbers_are_shared() {
    for (is_another, change, crossing) in [
        // Another quantity, no level there, one that is gone.
        (false, ("9.30", "1"), ("9.40", "1")),
        (false, ("9.25", "2"), ("9.40", "1")),
        (false, ("9.30", "0"), ("9.40", "1")),
        // One beyond the snapshot's.
        (true, ("9.40", "2"), ("9.40", "1")),
        // Changed at the snapshot's number, before or after it.
        (true, ("9.30", "2"), ("9.30", "1")),
        (true, ("9.25", "2"), ("9.25", "1")),
    ] {
        for is_first in [true, false] {
            let mut usdm = Binance::usdm();
            if is_another {
                events(&mut usdm, &leaves("ETHUSDT", (900, 901), ("9.30", "2")));
            }
            let mut given = Vec::new();
            for (is_taken, text) in [
                (is_first, snapshot(1_006)),
                (true, leaves("BTCUSDT", (1_000, 1_002), change)),
                (true, leaves("BTCUSDT", (1_002, 1_010), crossing)),
                (!is_first, snapshot(1_006)),
                (true, leaves("BTCUSDT", (1_010, 1_020), ("9.30", "2"))),
            ] {
                if is_taken {
                    given.extend(events(&mut usdm, &text));
                }
            }
            assert!(!given.iter().any(is_whole), "{change:?} {crossing:?}");
        }
    }
}

#[test]
fn a_snapshot_is_of_the_only_symbol_heard_of_where_nothing_speaks_against_it() {
    let crossing = ((100, 110), ("9.30", "1"));
    for earlier in [
        None,
        Some(((90, 100), ("9.30", "1"))),
        Some(((90, 100), ("9.30", "0"))),
        // Another symbol's levels, or this one's before a gap.
        Some(((80, 90), ("9.30", "1"))),
        Some(((80, 90), ("9.25", "1"))),
    ] {
        for place in 0..3 {
            let mut usdm = Binance::usdm();
            let mut given = Vec::new();
            let changes = [earlier, Some(crossing), Some(((110, 120), ("9.40", "1")))];
            for (nth, change) in changes.into_iter().enumerate() {
                if nth == place {
                    given.extend(events(&mut usdm, &snapshot(105)));
                }
                if let Some((numbers, level)) = change {
                    given.extend(events(&mut usdm, &leaves("BTCUSDT", numbers, level)));
                }
            }
            let book = given.iter().position(is_whole).unwrap();
            let wanted = [(Some(105), None), (Some(110), Some(105)), (Some(120), Some(110))];
            assert_eq!(sequences(&given[book..]), wanted, "{earlier:?} {place}");
        }
    }
}

#[test]
fn of_the_only_symbol_is_no_snapshot_far_from_its_changes_or_one_of_two_that_differ() {
    let first = leaves("BTCUSDT", (100, 110), ("9.40", "1"));
    let mut usdm = Binance::usdm();
    let far = snapshot(105).replace("9.00", "60000").replace("9.30", "60001");
    for text in [&far, &first, &far] {
        assert!(!events(&mut usdm, text).iter().any(is_whole));
    }

    let mut usdm = Binance::usdm();
    for body in [snapshot(104), snapshot(105).replace("1.50", "1.60")] {
        assert_eq!(events(&mut usdm, &body), []);
    }
    assert_eq!(events(&mut usdm, &first).len(), 1);

    let mut usdm = Binance::usdm();
    for body in [snapshot(104), snapshot(105)] {
        assert_eq!(events(&mut usdm, &body), []);
    }
    assert_eq!(
        sequences(&events(&mut usdm, &first)),
        [(Some(105), None), (Some(110), Some(105))],
        "they do not differ"
    );
}

#[test]
fn the_only_symbols_whole_book_gives_way_to_none_that_its_changes_do_not_show() {
    let url = Some("https://fapi.binance.com/fapi/v1/depth?limit=1000&symbol=BTCUSDT");
    let mut usdm = Binance::usdm();
    let body = snapshot(103);
    assert_eq!(taken(&mut usdm, Frame::Response { url, body: &body }).unwrap().len(), 1);
    let other = snapshot(105).replace("1.50", "1.60");
    assert_eq!(events(&mut usdm, &other), []);
    assert_eq!(events(&mut usdm, &leaves("BTCUSDT", (100, 110), ("9.40", "1"))).len(), 1);
    assert_eq!(events(&mut usdm, &other), []);
}

#[test]
fn a_snapshot_whose_levels_two_symbols_left_is_refused_where_numbers_are_shared() {
    let mut usdm = Binance::usdm();
    for symbol in ["BTCUSDT", "ETHUSDT"] {
        events(&mut usdm, &leaves(symbol, (1_000, 1_002), ("9.30", "2")));
        events(&mut usdm, &leaves(symbol, (1_002, 1_010), ("9.40", "2")));
    }
    let given = taken(&mut usdm, Frame::Message(&snapshot(1_006)));
    assert!(matches!(given, Err(FrameError::UnnamedSnapshot(2))));
}

#[test]
fn unnamed_best_levels_are_of_the_only_symbol_heard_of() {
    let row = |price| vec![format!(r#"["{price}","1"]"#); 5].join(",");
    let best = format!(r#"{{"lastUpdateId":7,"bids":[{}],"asks":[{}]}}"#, row("9.1"), row("9.2"));
    let mut spot = Binance::spot();
    let unnamed = |spot: &mut Binance| taken(spot, Frame::Message(&best));
    assert!(matches!(unnamed(&mut spot), Err(FrameError::UnnamedSnapshot(0))));
    events(&mut spot, r#"{"u":400,"s":"BTCUSDT","b":"9.10","B":"31","a":"9.2","A":"1"}"#);
    assert_eq!(owners(&unnamed(&mut spot).unwrap()), [("BINANCE:BTCUSDT", true)]);
    events(&mut spot, &spot_delta(1, 10).replace("BTC", "ETH"));
    assert!(matches!(unnamed(&mut spot), Err(FrameError::UnnamedSnapshot(2))));
}

#[test]
fn a_first_change_far_from_the_snapshots_prices_comes_again_behind_it() {
    let mut spot = Binance::spot();
    assert_eq!(events(&mut spot, &snapshot(100)), []);
    assert_eq!(events(&mut spot, &spot_delta(98, 110).replace("9.10", "1.00")).len(), 1);
    let given = sequences(&events(&mut spot, &spot_delta(111, 120)));
    assert_eq!(given, [(Some(100), None), (Some(110), Some(100)), (Some(120), Some(110))]);
}

#[test]
fn of_what_waits_without_symbol_the_oldest_go_where_it_is_too_much() {
    for (adapter, first) in [
        (Binance::spot as fn() -> Binance, spot_delta as fn(u64, u64) -> String),
        (Binance::usdm, |first, last| futures_delta(first, last, first - 1)),
    ] {
        for (last, count) in [(10, 1), (20, 2), (650, 2)] {
            let mut adapter = adapter();
            for nth in 1..=65 {
                assert_eq!(events(&mut adapter, &snapshot(10 * nth)), []);
            }
            assert_eq!(events(&mut adapter, &first(last, last + 2)).len(), count, "{last}");
        }
    }

    let rows = |count| vec![r#"["9.00","1"]"#; count].join(",");
    let large = |last, count| snapshot(last).replace(r#"["9.00","1.50"]"#, &rows(count));
    for (last, count) in [(10, 1), (20, 2), (30, 2)] {
        let mut spot = Binance::spot();
        for (last, levels) in [(10, 100_000), (20, 99_000), (30, 100_000)] {
            assert_eq!(events(&mut spot, &large(last, levels)), []);
        }
        assert!(taken(&mut spot, Frame::Message(&large(40, 200_000))).is_err());
        assert_eq!(events(&mut spot, &spot_delta(last, last + 2)).len(), count, "{last}");
    }
}
