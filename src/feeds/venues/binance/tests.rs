//! Frames of Binance, and the events they say.

use super::*;
use crate::domain::market::{Aggressor, Body};

/// One of each kind of frame.
pub(in crate::feeds::venues) const SAMPLES: &[&str] = &[
    r#"{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1723161255208,"s":"BTCUSDT","U":5,"u":9,"pu":4,"b":[["61737.63000000","0.00000000"]],"a":[["61837.64","1.5"]]}}"#,
    r#"{"e":"trade","E":1723161255343,"s":"BTCUSDT","t":3735683259,"p":"61837.63","q":"0.02","T":1723161255342,"m":true}"#,
    r#"{"e":"aggTrade","E":1626992741575,"a":16599292,"s":"CTKUSDT","p":"1.01100","q":"10","f":23961322,"l":23961325,"T":1626992741421,"m":false}"#,
    r#"{"u":400900217,"s":"BNBUSDT","b":"25.35190000","B":"31.21000000","a":"25.36520000","A":"40.66000000"}"#,
    r#"{"lastUpdateId":7,"E":1626992741264,"T":1626992741261,"bids":[["7.6110","6"]],"asks":[["7.7","1"]]}"#,
];

type Given = Vec<(Instrument, Event)>;

fn taken(adapter: &mut Binance, frame: Frame<'_>) -> Result<Given, FrameError> {
    let mut out = Vec::new();
    adapter.take(frame, 7, &mut out).map(|()| out)
}

fn events(adapter: &mut Binance, text: &str) -> Vec<Event> {
    let given = taken(adapter, Frame::Message(text)).unwrap();
    given.into_iter().map(|(_, event)| event).collect()
}

fn spot_delta(first: u64, last: u64) -> String {
    format!(
        r#"{{"e":"depthUpdate","E":1000,"s":"BTCUSDT","U":{first},"u":{last},"b":[["9.10","{last}.0"]],"a":[]}}"#
    )
}

fn futures_delta(first: u64, last: u64, before: u64) -> String {
    format!(
        r#"{{"stream":"btcusdt@depth","data":{{"e":"depthUpdate","E":1001,"T":1000,"s":"BTCUSDT","U":{first},"u":{last},"pu":{before},"b":[],"a":[["9.20","1"]]}}}}"#
    )
}

fn snapshot(last: u64) -> String {
    format!(r#"{{"lastUpdateId":{last},"bids":[["9.00","1.50"]],"asks":[["9.30","2"]]}}"#)
}

/// `seq` and `prev_seq` of each event.
fn sequences(events: &[Event]) -> Vec<(Option<u64>, Option<u64>)> {
    events.iter().map(|event| (event.seq, event.prev_seq)).collect()
}

#[test]
fn spot_deltas_that_came_before_their_snapshot_come_again_behind_it() {
    let mut spot = Binance::spot();
    for (first, last) in [(1, 10), (11, 20), (21, 30), (31, 40)] {
        let given = events(&mut spot, &spot_delta(first, last));
        assert_eq!(sequences(&given), [(Some(last), Some(first - 1))]);
    }

    let given = events(&mut spot, &snapshot(24));

    let wanted = [(Some(24), None), (Some(30), Some(24)), (Some(40), Some(30))];
    assert_eq!(sequences(&given), wanted);
    assert!(matches!(given[0].body, Body::BookSnapshot { .. }));
    // The next snapshot finds what the first one found.
    assert_eq!(sequences(&events(&mut spot, &snapshot(24))), wanted);
}

#[test]
fn the_first_delta_after_a_snapshot_is_joined_whenever_it_comes() {
    let mut spot = Binance::spot();
    events(&mut spot, &spot_delta(1, 10));
    assert_eq!(sequences(&events(&mut spot, &snapshot(24))), [(Some(24), None)]);

    assert_eq!(sequences(&events(&mut spot, &spot_delta(11, 24))), [(Some(24), Some(10))]);
    assert_eq!(sequences(&events(&mut spot, &spot_delta(20, 30))), [(Some(30), Some(24))]);
    assert_eq!(sequences(&events(&mut spot, &spot_delta(35, 40))), [(Some(40), Some(34))]);
}

#[test]
fn a_first_delta_that_does_not_reach_the_snapshot_shows_the_gap() {
    let mut spot = Binance::spot();
    events(&mut spot, &spot_delta(1, 10));
    events(&mut spot, &snapshot(24));

    assert_eq!(sequences(&events(&mut spot, &spot_delta(26, 30))), [(Some(30), Some(25))]);
    assert_eq!(sequences(&events(&mut spot, &spot_delta(24, 31))), [(Some(31), Some(23))]);
}

#[test]
fn futures_join_at_the_snapshots_own_id_and_follow_pu() {
    let mut usdm = Binance::usdm();
    for (first, last, before) in [(5, 10, 2), (15, 24, 10), (29, 30, 24)] {
        let given = events(&mut usdm, &futures_delta(first, last, before));
        assert_eq!(sequences(&given), [(Some(last), Some(before))]);
    }

    let given = events(&mut usdm, &snapshot(20));
    let wanted = [(Some(20), None), (Some(24), Some(20)), (Some(30), Some(24))];
    assert_eq!(sequences(&given), wanted);
    // At its very id the delta says nothing new.
    let given = events(&mut usdm, &snapshot(24));
    assert_eq!(sequences(&given)[1..], [(Some(30), Some(24))]);
    // Between two deltas there is nothing to join.
    let given = events(&mut usdm, &snapshot(27));
    assert_eq!(sequences(&given)[1..], [(Some(30), Some(24))]);
}

#[test]
fn a_snapshot_without_symbol_belongs_to_the_only_one() {
    let mut spot = Binance::spot();
    let body = snapshot(24);
    let unnamed = Frame::Response { url: None, body: &body };
    assert!(matches!(taken(&mut spot, unnamed), Err(FrameError::UnnamedSnapshot(0))));
    events(&mut spot, &spot_delta(1, 10));
    assert_eq!(taken(&mut spot, unnamed).unwrap()[0].0.as_str(), "BINANCE:BTCUSDT");
    events(&mut spot, &spot_delta(11, 30).replace("BTC", "ETH"));
    assert!(matches!(taken(&mut spot, unnamed), Err(FrameError::UnnamedSnapshot(2))));

    let url = Some("https://api.binance.com/api/v3/depth?limit=1000&symbol=ETHUSDT");
    let given = taken(&mut spot, Frame::Response { url, body: &body }).unwrap();
    assert_eq!(given[0].0.as_str(), "BINANCE:ETHUSDT");
    assert_eq!((given.len(), given[1].1.prev_seq), (2, Some(24)));
}

#[test]
fn what_is_kept_for_a_snapshot_is_bounded() {
    let mut spot = Binance::spot();
    for last in 1..=5_000 {
        events(&mut spot, &spot_delta(last, last));
    }
    assert_eq!(events(&mut spot, &snapshot(0)).len(), 1 + 4_096);

    let rows = vec![r#"["1","1"]"#; 5_000].join(",");
    for last in 2_001..2_010 {
        events(
            &mut spot,
            &spot_delta(last, last).replace(r#""a":[]"#, &format!(r#""a":[{rows}]"#)),
        );
    }
    assert_eq!(events(&mut spot, &snapshot(0)).len(), 1 + 3);
}

#[test]
fn prints_keep_the_venues_text_and_tell_who_took() {
    let mut spot = Binance::spot();
    let text = r#"{"stream":"btcusdt@trade","data":{"e":"trade","E":1723161255343,"s":"BTCUSDT","t":3735683259,"p":"61837.63000000","q":"0.02000000","T":1723161255342,"m":true,"M":true}}"#;
    let given = events(&mut spot, text);
    let Body::Trade(trade) = &given[0].body else { panic!("{given:?}") };

    assert_eq!((given[0].ts_event, given[0].ts_recv), (1_723_161_255_342_000_000, Some(7)));
    assert_eq!((trade.trade_id.as_str(), trade.count), ("3735683259", 1));
    assert_eq!(trade.price.to_string(), "61837.63000000");
    assert_eq!(trade.aggressor, Some(Aggressor::Sell));

    let text = r#"{"e":"aggTrade","E":3,"a":16599292,"s":"CTKUSDT","p":"1.01100","q":"10","f":100,"l":102,"T":2,"m":false}"#;
    let given = events(&mut Binance::usdm(), text);
    let Body::Trade(trade) = &given[0].body else { panic!("{given:?}") };
    assert_eq!((trade.trade_id.as_str(), trade.count), ("16599292", 3));
    assert_eq!(trade.aggressor, Some(Aggressor::Buy));
}

#[test]
fn prints_that_are_no_trades_of_the_market_give_nothing() {
    let text = r#"{"e":"trade","E":3,"T":3,"s":"BTCUSDT","t":5,"p":"0","q":"0","X":"NA","m":true}"#;

    assert_eq!(events(&mut Binance::usdm(), text), []);
}

#[test]
fn a_quote_without_time_gets_the_greatest_before_it_and_empty_sides_are_none() {
    let mut spot = Binance::spot();
    let text =
        r#"{"u":400,"s":"BTCUSDT","b":"9.10","B":"31.21","a":"0.00000000","A":"0.00000000"}"#;
    assert_eq!(events(&mut spot, text)[0].ts_event, 7);
    events(&mut spot, &spot_delta(1, 10));

    let given = events(&mut spot, text);
    assert_eq!((given[0].ts_event, given[0].seq), (1_000_000_000, Some(400)));
    let Body::Quote { bid, ask } = given[0].body else { panic!("{given:?}") };
    assert_eq!((bid.unwrap().0.to_string(), ask), ("9.10".to_owned(), None));
}

#[test]
fn what_carries_nothing_gives_nothing() {
    let mut spot = Binance::spot();
    for text in [
        r#"{"result":null,"id":1}"#,
        r#"{"e":"kline","E":1,"s":"BTCUSDT","k":{"t":1,"o":"1"}}"#,
        r#"{"stream":"!ticker@arr","data":[{"e":"24hrTicker","s":"BTCUSDT"}]}"#,
        r#"[{"e":"24hrTicker","s":"BTCUSDT","B":"1"}]"#,
        r#"{"stream":"btcusdt@depth20","data":{"lastUpdateId":1,"bids":[],"asks":[]}}"#,
    ] {
        assert_eq!(events(&mut spot, text), [], "{text}");
    }
    let body = r#"[[1499040000000,"0.01"]]"#;
    assert!(taken(&mut spot, Frame::Response { url: None, body }).unwrap().is_empty());
    assert!(taken(&mut spot, Frame::Connected).unwrap().is_empty());
}

#[test]
fn a_bad_frame_is_refused_whole_and_harms_no_other() {
    let mut spot = Binance::spot();
    let mut undisturbed = Binance::spot();
    events(&mut spot, &spot_delta(1, 10));
    events(&mut undisturbed, &spot_delta(1, 10));
    let good = spot_delta(11, 20);
    for text in [
        String::new(),
        "hello".to_owned(),
        "5".to_owned(),
        "{}".to_owned(),
        r#"{"foo":1}"#.to_owned(),
        good.replace("depthUpdate\"", "depthUpdate"),
        good.replace("9.10", "9.1.0"),
        good.replace("9.10", "1e5"),
        good.replace("20.0", "-20.0"),
        good.replace("\"U\":11", "\"U\":21"),
        good.replace("\"U\":11", "\"U\":0"),
        good.replace("\"U\":11", "\"U\":-1"),
        good.replace("1000", "99999999999999999999"),
        good.replace("1000", "9999999999999999999"),
        good.replace("BTCUSDT", "BTC USDT"),
        good.replace("BTCUSDT", &"B".repeat(99)),
        good[..good.len() - 5].to_owned(),
        r#"{"error":{"code":2,"msg":"Invalid request"},"id":1}"#.to_owned(),
        r#"{"e":"trade","s":"BTCUSDT","t":1,"p":"1","q":"0","T":5,"m":true}"#.to_owned(),
        r#"{"e":"aggTrade","s":"X","a":1,"p":"1","q":"1","f":5,"l":4,"T":5,"m":true}"#.to_owned(),
    ] {
        assert!(taken(&mut spot, Frame::Message(&text)).is_err(), "{text}");
    }
    let body = r#"{"code":-1121,"msg":"Invalid symbol."}"#;
    let refused = taken(&mut spot, Frame::Response { url: None, body });
    assert!(matches!(refused, Err(FrameError::Venue(message)) if message == "Invalid symbol."));

    assert_eq!(events(&mut spot, &good), events(&mut undisturbed, &good));
    assert_eq!(events(&mut spot, &snapshot(15)), events(&mut undisturbed, &snapshot(15)));
}

#[test]
fn a_lost_connection_is_told_to_every_instrument() {
    let mut spot = Binance::spot();
    events(&mut spot, &spot_delta(1, 10));
    events(&mut spot, &spot_delta(1, 10).replace("BTC", "ETH"));

    let given = taken(&mut spot, Frame::Lost).unwrap();
    assert_eq!(given.len(), 2);
    assert!(given.iter().all(|(_, event)| event.body == Body::Disconnect));
    assert_eq!(given[0].1.ts_event, 1_000_000_000);
    // What came before the loss does not join what comes after it.
    let url = Some("https://api.binance.com/api/v3/depth?symbol=BTCUSDT");
    let given = taken(&mut spot, Frame::Response { url, body: &snapshot(5) }).unwrap();
    assert_eq!(given.len(), 1);
}
