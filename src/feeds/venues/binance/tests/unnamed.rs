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

#[test]
fn changes_that_do_not_show_a_snapshot_to_be_theirs_have_none_where_numbers_are_shared() {
    for (change, crossing) in [
        // Another quantity, no level there, one that is gone, one beyond the snapshot's.
        (("9.30", "1"), ("9.40", "1")),
        (("9.25", "2"), ("9.40", "1")),
        (("9.30", "0"), ("9.40", "1")),
        (("9.40", "2"), ("9.40", "1")),
        // Changed at the snapshot's number, before or after it.
        (("9.30", "2"), ("9.30", "1")),
        (("9.25", "2"), ("9.25", "1")),
    ] {
        for is_first in [true, false] {
            let mut usdm = Binance::usdm();
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
            let is_whole = |event: &Event| matches!(event.body, Body::BookSnapshot { .. });
            assert!(!given.iter().any(is_whole), "{change:?} {crossing:?}");
        }
    }
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
fn what_waits_without_symbol_is_bounded_and_more_is_refused() {
    let mut spot = Binance::spot();
    for nth in 1..=64 {
        assert_eq!(events(&mut spot, &snapshot(10 * nth)), []);
    }
    let more = taken(&mut spot, Frame::Message(&snapshot(650)));
    assert!(matches!(more, Err(FrameError::UnnamedSnapshot(0))));
    assert_eq!(events(&mut spot, &spot_delta(11, 12)).len(), 2, "the first still waits");

    let rows = vec![r#"["9.00","1"]"#; 100_000].join(",");
    let large = |last| snapshot(last).replace(r#"["9.00","1.50"]"#, &rows);
    let mut spot = Binance::spot();
    assert_eq!(events(&mut spot, &large(10)), []);
    assert!(taken(&mut spot, Frame::Message(&large(20))).is_err());
    assert_eq!(events(&mut spot, &snapshot(30)), []);
}
