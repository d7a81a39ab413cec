//! Frames of BitMEX, and the events they say.

use super::*;
use crate::domain::market::{Aggressor, Body};
use crate::feeds::venues::candle::Witness;

/// One of each kind of frame.
pub(in crate::feeds::venues) const SAMPLES: &[&str] = &[
    r#"{"table":"orderBookL2","action":"partial","keys":["symbol","id","side"],"types":{"symbol":"symbol"},"filter":{"symbol":"XBTUSD"},"data":[{"symbol":"XBTUSD","id":17999992000,"side":"Sell","size":100,"price":80},{"symbol":"XBTUSD","id":17999993000,"side":"Sell","size":20,"price":70.5},{"symbol":"XBTUSD","id":17999994000,"side":"Buy","size":10,"price":6e1}]}"#,
    r#"{"table":"orderBookL2","action":"update","data":[{"symbol":"XBTUSD","id":17999993000,"side":"Sell","size":5}]}"#,
    r#"{"table":"orderBookL2","action":"insert","data":[{"symbol":"XBTUSD","id":17999995500,"side":"Buy","size":10,"price":45,"timestamp":"2023-05-01T00:00:00.123Z"}]}"#,
    r#"{"table":"orderBookL2","action":"delete","data":[{"symbol":"XBTUSD","id":17999994000,"side":"Buy"}]}"#,
    r#"{"table":"quote","action":"insert","data":[{"timestamp":"2021-07-22T22:36:10.014Z","symbol":"XBTUSD","bidSize":750,"bidPrice":17.277,"askPrice":17.297,"askSize":123},{"timestamp":"2021-07-22T22:36:10.015Z","symbol":"XBTUSD","bidSize":null,"bidPrice":null,"askPrice":17.297,"askSize":122}]}"#,
    r#"{"table":"trade","action":"insert","data":[{"timestamp":"2021-07-22T22:36:10.014Z","symbol":"XBTUSD","side":"Sell","size":52,"price":1.7297e-7,"tickDirection":"PlusTick","trdMatchID":"39744121-c20e-44ba-8cc8-a6b8cdf72885","grossValue":899444,"homeNotional":16.7,"foreignNotional":289.3}]}"#,
    r#"{"table":"orderBookL2_25","action":"partial","filter":{"symbol":"XBTUSD"},"data":[{"symbol":"XBTUSD","id":17999993000,"side":"Sell","size":20,"price":70.5}]}"#,
    r#"{"table":"orderBook10","action":"update","data":[{"symbol":"XBTUSD","bids":[[3891.5,1223796],[3.891e3,304394]],"timestamp":"2019-02-20T07:31:13.093Z","asks":[[3892,238358]]}]}"#,
    r#"[{"timestamp":"2021-07-22T22:36:10.015Z","symbol":"XBTUSD","side":"Buy","size":100,"price":32000.5,"tickDirection":"PlusTick","trdMatchID":"c"},{"timestamp":"2021-07-22T22:36:10.014Z","symbol":"XBTUSD","side":"Sell","size":2,"price":32000,"trdMatchID":"b"},{"timestamp":"2021-07-22T22:36:10.014Z","symbol":"XBTUSD","side":"Sell","size":1,"price":32000,"trdMatchID":"a"}]"#,
    r#"[{"symbol":"XBTUSD","id":8799680000,"side":"Sell","size":30,"price":3200,"timestamp":"2021-07-22T22:36:10.014Z"},{"symbol":"XBTUSD","id":8799680050,"side":"Buy","size":40,"price":3199.5,"timestamp":"2021-07-22T22:36:10.015Z"}]"#,
    r#"{"success":true,"subscribe":"quote:XBTUSD","request":{"op":"subscribe","args":["quote:XBTUSD"]}}"#,
];

fn taken(bitmex: &mut Bitmex, text: &str) -> Result<Vec<Event>, FrameError> {
    let mut out = Vec::new();
    bitmex.take(Frame::Message(text), 7, &mut out)?;
    Ok(out.into_iter().map(|(_, event)| event).collect())
}

fn delta(bitmex: &mut Bitmex, text: &str) -> [Vec<(String, String)>; 2] {
    let given = taken(bitmex, text).unwrap();
    let [Event { body: Body::BookDelta { bids, asks, .. }, .. }] = given.as_slice() else {
        panic!("{given:?}")
    };
    [bids, asks]
        .map(|side| side.iter().map(|(price, qty)| (price.to_string(), qty.to_string())).collect())
}

fn level(price: &str, qty: &str) -> Vec<(String, String)> {
    vec![(price.to_owned(), qty.to_owned())]
}

#[test]
fn rows_without_price_mean_the_level_of_their_id() {
    let mut bitmex = Bitmex::new();
    let given = taken(&mut bitmex, SAMPLES[0]).unwrap();
    let Body::BookSnapshot { bids, asks, .. } = &given[0].body else { panic!("{given:?}") };
    assert_eq!((bids.len(), asks.len(), bids[0].0.to_string().as_str()), (1, 2, "60"));

    assert_eq!(delta(&mut bitmex, SAMPLES[1]), [vec![], level("70.5", "5")]);
    assert_eq!(delta(&mut bitmex, SAMPLES[2]), [level("45", "10"), vec![]]);
    assert_eq!(delta(&mut bitmex, SAMPLES[3]), [level("60", "0"), vec![]]);
    let later = SAMPLES[3].replace("17999994000", "17999995500");
    assert_eq!(delta(&mut bitmex, &later), [level("45", "0"), vec![]]);
}

#[test]
fn both_sides_of_a_price_have_one_id() {
    let mut bitmex = Bitmex::new();
    taken(&mut bitmex, SAMPLES[0]).unwrap();
    let other = SAMPLES[3].replace("Buy", "Sell").replace("17999994000", "17999993000");
    let inserted = SAMPLES[2].replace("17999995500", "17999993000").replace("45", "70.5");

    assert_eq!(delta(&mut bitmex, &inserted), [level("70.5", "10"), vec![]]);
    assert_eq!(delta(&mut bitmex, &other), [vec![], level("70.5", "0")]);
    let updated = SAMPLES[1].replace("Sell", "Buy");
    assert_eq!(delta(&mut bitmex, &updated), [level("70.5", "5"), vec![]]);
}

#[test]
fn a_level_never_told_loses_the_book_until_the_next_partial() {
    let mut bitmex = Bitmex::new();
    assert_eq!(taken(&mut bitmex, SAMPLES[1]).unwrap(), [], "before the first partial");
    taken(&mut bitmex, SAMPLES[0]).unwrap();

    let unknown = SAMPLES[1].replace("17999993000", "5");
    assert_eq!(taken(&mut bitmex, &unknown).unwrap()[0].body, Body::Disconnect);
    assert_eq!(taken(&mut bitmex, SAMPLES[1]).unwrap(), []);
    taken(&mut bitmex, SAMPLES[0]).unwrap();
    assert_eq!(delta(&mut bitmex, SAMPLES[1]), [vec![], level("70.5", "5")]);
    // What a lost connection told is of no use to the next one.
    bitmex.take(Frame::Lost, 7, &mut Vec::new()).unwrap();
    assert_eq!(taken(&mut bitmex, SAMPLES[1]).unwrap(), []);
}

#[test]
fn a_rows_own_price_counts_and_the_level_its_id_had_is_gone() {
    let mut bitmex = Bitmex::new();
    taken(&mut bitmex, SAMPLES[0]).unwrap();
    let own = |id: &str, price: &str| {
        let size = format!("\"size\":5,\"price\":{price}");
        SAMPLES[1].replace("17999993000", id).replace("\"size\":5", &size)
    };

    assert_eq!(delta(&mut bitmex, &own("9", "71")), [vec![], level("71", "5")], "unknown id");
    assert_eq!(delta(&mut bitmex, &own("17999993000", "70.50")), [vec![], level("70.50", "5")]);
    let moved = [level("71", "0"), level("72", "5")].concat();
    assert_eq!(delta(&mut bitmex, &own("9", "72")), [vec![], moved]);
    assert_eq!(delta(&mut bitmex, &SAMPLES[1].replace("17999993000", "9"))[1], level("72", "5"));
    let deleted = own("9", "72").replace("update", "delete");
    assert_eq!(delta(&mut bitmex, &deleted), [vec![], level("72", "0")]);
    assert_eq!(delta(&mut bitmex, &deleted), [vec![], level("72", "0")], "unknown id");
    let unknown = SAMPLES[3].replace("17999994000", "9");
    assert_eq!(taken(&mut bitmex, &unknown).unwrap()[0].body, Body::Disconnect);
}

#[test]
fn the_best_levels_give_nothing_beside_the_whole_book() {
    let mut bitmex = Bitmex::new();
    let best = |sample: usize| SAMPLES[sample].replace("L2\"", "L2_25\"");
    assert!(matches!(taken(&mut bitmex, SAMPLES[6]).unwrap()[0].body, Body::BookSnapshot { .. }));
    assert_eq!(taken(&mut bitmex, SAMPLES[1]).unwrap(), [], "before its own partial");
    assert_eq!(delta(&mut bitmex, &best(1)), [vec![], level("70.5", "5")]);

    taken(&mut bitmex, SAMPLES[0]).unwrap();
    assert_eq!(taken(&mut bitmex, SAMPLES[6]).unwrap(), []);
    assert_eq!(taken(&mut bitmex, &best(3)).unwrap(), []);
    assert_eq!(delta(&mut bitmex, SAMPLES[3]), [level("60", "0"), vec![]]);
}

#[test]
fn the_ten_best_levels_are_whole_each_time_and_an_absent_side_is_the_last_one() {
    let mut bitmex = Bitmex::new();
    let book = |event: &Event| match &event.body {
        Body::BookSnapshot { bids, asks, .. } => {
            [bids.len().to_string(), bids[0].1.to_string(), asks[0].0.to_string()]
        }
        _ => panic!("{event:?}"),
    };
    let asks = SAMPLES[7].replace("\"bids\":[[3891.5,1223796],[3.891e3,304394]],", "");
    assert_eq!(taken(&mut bitmex, &asks).unwrap(), [], "one side alone");
    let given = taken(&mut bitmex, SAMPLES[7]).unwrap();
    assert_eq!(book(&given[0]), ["2", "1223796", "3892"]);
    assert_eq!(given[0].ts_event, 1_550_647_873_093_000_000);
    let given = taken(&mut bitmex, &asks.replace("3892", "3893")).unwrap();
    assert_eq!(book(&given[0]), ["2", "1223796", "3893"]);
    assert_eq!(taken(&mut bitmex, &SAMPLES[7].replace("update", "delete")).unwrap(), []);

    taken(&mut bitmex, SAMPLES[0]).unwrap();
    assert_eq!(taken(&mut bitmex, SAMPLES[7]).unwrap(), [], "beside the book of all levels");
    bitmex.take(Frame::Lost, 7, &mut Vec::new()).unwrap();
    assert_eq!(taken(&mut bitmex, &asks).unwrap(), [], "the other side was of another connection");
    assert_eq!(taken(&mut bitmex, SAMPLES[7]).unwrap().len(), 1);
}

#[test]
fn trades_of_rest_are_given_oldest_first_whatever_was_asked_for() {
    let told = |url: Option<&str>, body: &str| {
        let mut out = Vec::new();
        Bitmex::new().take(Frame::Response { url, body }, 0, &mut out).unwrap();
        let id = |event: &Event| match &event.body {
            Body::Trade(trade) => format!("{} {}", trade.trade_id, trade.qty),
            _ => panic!("{event:?}"),
        };
        out.iter().map(|(_, event)| id(event)).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(told(None, SAMPLES[8]), "a 1, b 2, c 100");
    let once = SAMPLES[8].replace(".015Z", ".014Z");
    let url = Some("https://www.bitmex.com/api/v1/trade?symbol=XBTUSD&reverse=true");
    assert_eq!(told(url, &once), "a 1, b 2, c 100");
    assert_eq!(told(None, &once), "c 100, b 2, a 1");
    assert_eq!(told(None, &SAMPLES[8].replace(".015Z", ".013Z")), "c 100, b 2, a 1");
}

#[test]
fn a_book_of_rest_is_given_while_none_is_followed() {
    let mut bitmex = Bitmex::new();
    let response = |bitmex: &mut Bitmex, body: &str| {
        let mut out = Vec::new();
        bitmex.take(Frame::Response { url: None, body }, 0, &mut out).map(|()| out)
    };
    let given = response(&mut bitmex, SAMPLES[9]).unwrap();
    let [(_, Event { body: Body::BookSnapshot { bids, asks, .. }, ts_event, .. })] =
        given.as_slice()
    else {
        panic!("{given:?}")
    };
    assert_eq!((bids[0].0.to_string(), asks[0].1.to_string()), ("3199.5".into(), "30".into()));
    assert_eq!(*ts_event, 1_626_993_370_015_000_000);
    let change = SAMPLES[1];
    assert_eq!(taken(&mut bitmex, change).unwrap()[0].body, Body::Disconnect, "it has changed");
    assert_eq!(taken(&mut bitmex, change).unwrap(), [], "changes stand on a partial alone");
    assert_eq!(response(&mut bitmex, SAMPLES[9]).unwrap(), [], "changes have been heard");
    taken(&mut bitmex, SAMPLES[0]).unwrap();
    assert_eq!(response(&mut bitmex, SAMPLES[9]).unwrap(), []);

    for text in [
        "[]",
        r#"{"error":{"message":"Not Found","name":"HTTPError"}}"#,
        r#"[{"symbol":"XBTUSD","timestamp":"2021-07-22T22:36:10.014Z","bidSize":1,"bidPrice":2}]"#,
        r#"[{"orderID":"x","symbol":"XBTUSD","side":"Buy","price":7,"leavesQty":1}]"#,
    ] {
        assert_eq!(response(&mut bitmex, text).unwrap(), [], "{text}");
    }
    for text in [
        SAMPLES[8].replace("32000.5", "\"x\""),
        SAMPLES[8].replace("\"Buy\"", "\"Bid\""),
        SAMPLES[9].replace("\"size\":30,", ""),
        SAMPLES[9].replace("XBTUSD\",\"id\":8799680050", "XBT USD\",\"id\":8799680050"),
    ] {
        assert!(response(&mut bitmex, &text).is_err(), "{text}");
    }
}

#[test]
fn an_empty_book_is_one_too() {
    let text =
        r#"{"table":"orderBookL2","action":"partial","filter":{"symbol":"XBTUSD"},"data":[]}"#;
    let given = taken(&mut Bitmex::new(), text).unwrap();

    assert!(matches!(&given[0].body, Body::BookSnapshot { bids, .. } if bids.is_empty()));
}

#[test]
fn a_frame_may_be_of_several_instruments() {
    let mut bitmex = Bitmex::new();
    taken(&mut bitmex, SAMPLES[0]).unwrap();
    taken(&mut bitmex, &SAMPLES[0].replace("XBTUSD", "ETHUSD")).unwrap();
    let text = r#"{"data":[{"symbol":"XBTUSD","id":17999993000,"side":"Sell","size":5},{"symbol":"ETHUSD","id":17999993000,"side":"Sell","size":6}],"action":"update","table":"orderBookL2"}"#;
    let mut out = Vec::new();
    bitmex.take(Frame::Message(text), 7, &mut out).unwrap();

    let names: Vec<_> = out.iter().map(|(instrument, _)| instrument.as_str()).collect();
    assert_eq!(names, ["BITMEX:XBTUSD", "BITMEX:ETHUSD"]);
}

#[test]
fn rows_have_their_own_time_where_the_venue_writes_one() {
    let mut bitmex = Bitmex::new();
    assert_eq!(taken(&mut bitmex, SAMPLES[0]).unwrap()[0].ts_event, 7);
    let at = taken(&mut bitmex, SAMPLES[2]).unwrap()[0].ts_event;
    assert_eq!(at, 1_682_899_200_123_000_000);
    assert_eq!(taken(&mut bitmex, SAMPLES[1]).unwrap()[0].ts_event, at);
}

#[test]
fn quotes_are_states_in_order_and_a_side_may_be_empty() {
    let given = taken(&mut Bitmex::new(), SAMPLES[4]).unwrap();

    let [Body::Quote { bid: Some(bid), ask: Some(_) }, Body::Quote { bid: None, ask: Some(ask) }] =
        [&given[0].body, &given[1].body]
    else {
        panic!("{given:?}")
    };
    assert_eq!((bid.0.to_string().as_str(), ask.1.to_string().as_str()), ("17.277", "122"));
}

#[test]
fn trades_have_the_venues_ids_and_settlements_get_one() {
    let mut bitmex = Bitmex::new();
    let trade = |bitmex: &mut Bitmex, text: &str| {
        let event = taken(bitmex, text).unwrap().remove(0);
        let Body::Trade(trade) = event.body else { panic!("{event:?}") };
        *trade
    };
    let given = trade(&mut bitmex, SAMPLES[5]);
    assert_eq!(given.trade_id, "39744121-c20e-44ba-8cc8-a6b8cdf72885");
    assert_eq!(given.price.to_string(), "0.00000017297");
    assert_eq!(given.aggressor, Some(Aggressor::Sell));

    let settled = SAMPLES[5]
        .replace("39744121-c20e-44ba-8cc8-a6b8cdf72885", "00000000-0000-0000-0000-000000000000");
    for nth in 0..2 {
        let id = format!("~1626993370014000000.{nth}");
        assert_eq!(trade(&mut bitmex, &settled).trade_id, id);
    }
}

#[test]
fn settlements_that_rest_tells_again_have_the_ids_they_had() {
    let ids = |given: &[Event]| -> Vec<_> {
        let trades = given.iter().map(|event| match &event.body {
            Body::Trade(trade) => trade.trade_id.to_string(),
            _ => panic!("{event:?}"),
        });
        trades.collect()
    };
    let row = |symbol: &str, id: &str| {
        format!(
            r#"{{"timestamp":"2021-07-22T22:36:10.014Z","symbol":"{symbol}","side":"Sell","size":5,"price":32000,"trdMatchID":"{id}"}}"#
        )
    };
    let zeros = "00000000-0000-0000-0000-000000000000";
    let [settled, other] = ["XBTUSD", "ETHUSD"].map(|symbol| row(symbol, zeros));
    let told = format!(r#"{{"table":"trade","action":"insert","data":[{settled}]}}"#);
    let body = format!("[{settled},{},{other},{settled}]", row("XBTUSD", "a"));
    let mut bitmex = Bitmex::new();
    assert_eq!(ids(&taken(&mut bitmex, &told).unwrap()), ["~1626993370014000000.0"]);
    for _ in 0..2 {
        let mut out = Vec::new();
        bitmex.take(Frame::Response { url: None, body: &body }, 0, &mut out).unwrap();
        let given: Vec<_> = out.into_iter().map(|(_, event)| event).collect();
        let [first, second] = [0, 1].map(|nth| format!("~1626993370014000000.{nth}"));
        assert_eq!(ids(&given), [first.as_str(), "a", first.as_str(), second.as_str()]);
    }
    assert_eq!(ids(&taken(&mut bitmex, &told).unwrap()), ["~1626993370014000000.2"]);
}

#[test]
fn what_carries_nothing_gives_nothing() {
    let mut bitmex = Bitmex::new();
    for text in [
        "pong",
        SAMPLES[10],
        &SAMPLES[5].replace("insert", "partial"),
        &SAMPLES[4].replace("insert", "partial"),
        &SAMPLES[5].replace("\"size\":52", "\"size\":0"),
        r#"{"info":"Welcome to the BitMEX Realtime API.","limit":{"remaining":39}}"#,
        r#"{"table":"funding","action":"insert","data":[{"price":{},"id":"x"}]}"#,
        r#"{"data":[{"price":{},"id":"x"}],"action":"insert","table":"chat"}"#,
    ] {
        assert_eq!(taken(&mut bitmex, text).unwrap(), [], "{text}");
    }
}

#[test]
fn a_bad_frame_is_refused_whole_and_harms_no_other() {
    let mut bitmex = Bitmex::new();
    taken(&mut bitmex, SAMPLES[0]).unwrap();
    for text in [
        "",
        "{}",
        "[]",
        &SAMPLES[0].replace("6e1", "6e-40"),
        &SAMPLES[0].replace("\"Buy\"", "\"Bid\""),
        &SAMPLES[1].replace("\"size\":5", "\"size\":-5"),
        &SAMPLES[1].replace("\"size\":5", "\"sizes\":5"),
        &SAMPLES[1].replace("update", "replace"),
        &SAMPLES[2].replace("\"price\":45", "\"price\":\"x\""),
        &SAMPLES[2].replace(",\"price\":45", ""),
        &SAMPLES[2].replace("2023-05-01T", "2023-05-01 "),
        &SAMPLES[3].replace("17999994000", "-1"),
        &SAMPLES[5].replace("\"Sell\"", "\"Sold\""),
        &SAMPLES[5].replace("XBTUSD", "XBT USD"),
        &SAMPLES[7].replace("304394", "-1"),
        &SAMPLES[7].replace("3892,", ""),
        &SAMPLES[7].replace("2019-02-20T", "2019-02-20 "),
    ] {
        assert!(taken(&mut bitmex, text).is_err(), "{text}");
    }
    let refused = taken(&mut bitmex, r#"{"status":400,"error":"Unknown table: foo","meta":{}}"#);
    assert!(matches!(refused, Err(FrameError::Venue(text)) if text == "Unknown table: foo"));
    assert_eq!(delta(&mut bitmex, SAMPLES[1]), [vec![], level("70.5", "5")]);
}

#[test]
fn candles_of_rest_end_at_their_time_and_the_last_may_be_running() {
    let url = "https://www.bitmex.com/api/v1/trade/bucketed?binSize=5m&partial=true&symbol=XBTUSD";
    let body = r#"[{"timestamp":"2023-05-01T00:10:00.000Z","symbol":"XBTUSD","open":7,"high":9,"low":8,"close":8.5,"trades":2,"volume":30,"vwap":8.6},
        {"timestamp":"2023-05-01T00:05:00.000Z","symbol":"XBTUSD","open":null,"high":null,"low":null,"close":null,"trades":0,"volume":0}]"#;
    let read = |url: Option<&str>, body: &str| {
        let mut out = Vec::new();
        Bins.take(Frame::Response { url, body }, &mut out).map(|()| out)
    };
    let (instrument, candle) = read(Some(url), body).unwrap().remove(0);
    assert_eq!(instrument.as_str(), "BITMEX:XBTUSD");
    assert_eq!(candle.start, 1_682_899_500_000_000_000);
    assert_eq!((candle.prices[0].to_string(), candle.count), ("7".to_owned(), Some(2)));
    assert!(candle.is_running);
    let whole = url.replace("true", "false");
    assert!(!read(Some(&whole), body).unwrap()[0].1.is_running);
    assert!(read(Some(&whole), &body.replace("\"low\":8", "\"low\":\"x\"")).is_err());
    assert_eq!(read(Some("https://www.bitmex.com/api/v1/trade?symbol=XBTUSD"), "[]").unwrap(), []);
    // Without URL the step of the rows is the bucket's length, where it is one.
    let unnamed = read(None, body).unwrap();
    assert_eq!((unnamed[0].1.start, unnamed[0].1.is_running), (candle.start, true));
    assert_eq!(read(None, &body.replace("00:05:00", "00:06:00")).unwrap(), []);
    assert_eq!(read(None, SAMPLES[8]).unwrap(), []);
}
