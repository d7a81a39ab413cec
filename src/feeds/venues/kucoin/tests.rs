//! Frames of KuCoin, and the events they say.

use super::*;
use crate::domain::market::{Aggressor, Body};
use crate::feeds::venues::candle::Witness;

/// One of each kind of frame.
pub(in crate::feeds::venues) const SAMPLES: &[&str] = &[
    r#"{"topic":"/market/level2:BTC-USDT","type":"message","subject":"trade.l2update","data":{"changes":{"asks":[["18906","0.00331","103"],["18907.3","0.58","101"]],"bids":[["18891.9","0.15688","104"]]},"sequenceStart":101,"sequenceEnd":104,"symbol":"BTC-USDT","time":1663747970273}}"#,
    r#"{"data":{"sequence":"104","bestAsk":"18906","size":"0.017","bestBidSize":"3.70","price":"18900","time":1619378326323,"bestAskSize":"0.00331","bestBid":"18891.9"},"subject":"trade.ticker","topic":"/market/ticker:BTC-USDT","type":"message"}"#,
    r#"{"data":{"symbol":"BTC-USDT","sequence":"105","side":"buy","size":"81.8814","price":"0.0000001117","takerOrderId":"60","time":"1619378327739050725","type":"match","makerOrderId":"61","tradeId":"6085c09769bc506996295e36"},"subject":"trade.l3match","topic":"/market/match:BTC-USDT","type":"message"}"#,
    r#"{"code":"200000","data":{"time":1663747970000,"sequence":"102","bids":[["18891.9","0.10"]],"asks":[["18907.3","0.58"]]}}"#,
    r#"{"topic":"/contractMarket/level2:XBTUSDM","type":"message","subject":"level2","data":{"sequence":18,"change":"5000.0,sell,83","timestamp":1551770400000}}"#,
    r#"{"topic":"/contractMarket/tickerV2:XBTUSDM","type":"message","subject":"tickerV2","data":{"symbol":"XBTUSDM","sequence":18,"bestBidSize":795,"bestBidPrice":"3200.0","bestAskPrice":"3600.0","bestAskSize":284,"ts":1553846081210004941}}"#,
    r#"{"topic":"/contractMarket/execution:XBTUSDM","type":"message","subject":"match","data":{"symbol":"XBTUSDM","sequence":36,"side":"sell","size":1,"price":"3200.1","takerOrderId":"5c","ts":1545914149935808589,"makerOrderId":"5d","tradeId":"5c24c5da03aa673885cd67aa"}}"#,
    r#"{"T":"obu.SPOT","dp":"increment@10ms","t":"snapshot","P":1781672136338555550,"d":{"C":200,"M":1781672136333000000,"O":200,"a":[["65947","0.06"]],"b":[["65928.9","1.50"]],"s":"BTC-USDT"}}"#,
    r#"{"T":"obu.SPOT","dp":"increment@10ms","t":"delta","P":1781672136338555551,"d":{"C":205,"M":1781672136343000000,"O":199,"a":[],"b":[["65928.9","0"]],"s":"BTC-USDT"}}"#,
    r#"{"T":"obu.SPOT","dp":"1","t":"snapshot","P":1768217874990007701,"d":{"C":205,"M":1768217874986000000,"O":205,"a":[["90701.2","0.57"]],"b":[],"s":"BTC-USDT"}}"#,
    r#"{"T":"trade.SPOT","P":1768802538491160904,"d":{"E":20631804219899904,"M":1768802538480000000,"S":"sell","p":"92525.6","q":"0.00008036","s":"BTC-USDT","ti":"20631804219899904"}}"#,
    r#"{"data":{"sequenceStart":101,"symbol":"BTC-USDT","changes":{"asks":[["18906","0.00331","103"],["18907.3","0.58","101"]],"bids":[["18891.9","0.15688","104"]]},"sequenceEnd":104,"time":1663747970273},"subject":"trade.l2update","topic":"/market/level2:BTC-USDT","type":"message"}"#,
];

const URL: Option<&str> =
    Some("https://api.kucoin.com/api/v3/market/orderbook/level2?symbol=BTC-USDT");

fn taken(kucoin: &mut Kucoin, frame: Frame<'_>) -> Result<Vec<Event>, FrameError> {
    let mut out = Vec::new();
    kucoin.take(frame, 7, &mut out)?;
    Ok(out.into_iter().map(|(_, event)| event).collect())
}

fn events(kucoin: &mut Kucoin, text: &str) -> Vec<Event> {
    taken(kucoin, Frame::Message(text)).unwrap()
}

fn book(kucoin: &mut Kucoin, body: &str) -> Vec<Event> {
    taken(kucoin, Frame::Response { url: URL, body }).unwrap()
}

fn sequences(events: &[Event]) -> Vec<(Option<u64>, Option<u64>)> {
    events.iter().map(|event| (event.seq, event.prev_seq)).collect()
}

fn some(pairs: &[(u64, u64)]) -> Vec<(Option<u64>, Option<u64>)> {
    pairs.iter().map(|(seq, prev)| (Some(*seq), Some(*prev))).collect()
}

#[test]
fn changes_are_given_one_by_one_in_the_order_of_their_numbers() {
    let mut kucoin = Kucoin::new();
    let given = events(&mut kucoin, SAMPLES[0]);

    // The number 102 has no change: the next one reaches over it.
    assert_eq!(sequences(&given), some(&[(101, 100), (103, 101), (104, 103)]));
    let Body::BookDelta { bids, asks, .. } = &given[2].body else { panic!("{given:?}") };
    assert_eq!((bids[0].1.to_string().as_str(), asks.len()), ("0.15688", 0));
    assert_eq!(given[0].ts_event, 1_663_747_970_273_000_000);
    let open = SAMPLES[0].replace(r#""sequenceEnd":104"#, r#""sequenceEnd":106"#);
    assert_eq!(sequences(&events(&mut kucoin, &open))[3..], some(&[(106, 104)]));
}

#[test]
fn the_order_of_a_messages_parts_changes_nothing() {
    let fresh = |text: &str| events(&mut Kucoin::new(), text);
    let (first, last) = (SAMPLES[11], SAMPLES[0]);
    assert_eq!(fresh(first), fresh(last));
    for (from, to) in [
        ("/market/level2:BTC-USDT", "/market/level2:BTC-USDT,ETH-USDT"),
        (r#""time""#, r#""timestamp""#),
        (r#""time""#, r#""ts""#),
    ] {
        assert_eq!(fresh(&first.replace(from, to)), fresh(&last.replace(from, to)), "{to}");
        assert_eq!(fresh(&first.replace(from, to)), fresh(last), "{to}");
    }
}

#[test]
fn a_price_of_zero_only_moves_the_number() {
    let text = r#"{"data":{"sequenceStart":9,"symbol":"A-B","changes":{"asks":[["0","0","9"]],"bids":[]},"sequenceEnd":9},"subject":"trade.l2update","topic":"/market/level2:A-B","type":"message"}"#;
    let given = events(&mut Kucoin::new(), text);

    assert_eq!(sequences(&given), some(&[(9, 8)]));
    assert!(matches!(&given[0].body, Body::BookDelta { asks, .. } if asks.is_empty()));
    assert_eq!(given[0].ts_event, 7, "before 2022 without time");
}

#[test]
fn changes_that_came_before_their_snapshot_come_again_behind_it() {
    let mut kucoin = Kucoin::new();
    events(&mut kucoin, SAMPLES[0]);

    let given = book(&mut kucoin, SAMPLES[3]);
    assert_eq!(given[0].seq, Some(102));
    assert!(matches!(given[0].body, Body::BookSnapshot { .. }));
    // 103 says to follow 101, because no change had the number 102.
    assert_eq!(sequences(&given[1..]), some(&[(103, 102), (104, 103)]));
    let given = book(&mut kucoin, &SAMPLES[3].replace("102", "104"));
    assert_eq!(given.len(), 1);
    let given = book(&mut kucoin, &SAMPLES[3].replace("102", "99"));
    assert_eq!(sequences(&given[1..]), some(&[(101, 100), (103, 101), (104, 103)]), "a gap");
}

#[test]
fn what_is_kept_for_a_snapshot_is_bounded() {
    let mut kucoin = Kucoin::new();
    for number in 1..6_000 {
        let text = SAMPLES[4].replace("18", &number.to_string());
        events(&mut kucoin, &text);
    }
    let url = Some("https://api-futures.kucoin.com/api/v1/level2/snapshot?symbol=XBTUSDM");
    let body = SAMPLES[3].replace("102", "0");
    let given = taken(&mut kucoin, Frame::Response { url, body: &body }).unwrap();
    assert_eq!(given.len(), 1 + 4_096);

    let lost = taken(&mut kucoin, Frame::Lost).unwrap();
    assert_eq!(lost[0].body, Body::Disconnect);
    assert_eq!(taken(&mut kucoin, Frame::Response { url, body: &body }).unwrap().len(), 1);
}

#[test]
fn a_ticker_is_a_quote_with_the_number_it_belongs_to() {
    let mut kucoin = Kucoin::new();
    for (text, number, wanted) in [
        (SAMPLES[1], 104, ["18891.9", "3.70", "18906", "0.00331"]),
        (SAMPLES[5], 18, ["3200.0", "795", "3600.0", "284"]),
    ] {
        let given = events(&mut kucoin, text);
        let Body::Quote { bid: Some(bid), ask: Some(ask) } = given[0].body else {
            panic!("{given:?}")
        };
        assert_eq!([bid.0, bid.1, ask.0, ask.1].map(|number| number.to_string()), wanted);
        assert_eq!(given[0].seq, Some(number));
    }
    let all = SAMPLES[1]
        .replace("/market/ticker:BTC-USDT", "/market/ticker:all")
        .replace("trade.ticker", "ETH-USDT");
    let mut out = Vec::new();
    kucoin.take(Frame::Message(&all), 7, &mut out).unwrap();
    assert_eq!(out[0].0.as_str(), "KUCOIN:ETH-USDT");
}

#[test]
fn trades_of_all_forms_are_fills_with_the_takers_side() {
    let mut kucoin = Kucoin::new();
    for (text, id, at, aggressor) in [
        (SAMPLES[2], "6085c09769bc506996295e36", 1_619_378_327_739_050_725, Aggressor::Buy),
        (SAMPLES[6], "5c24c5da03aa673885cd67aa", 1_545_914_149_935_808_589, Aggressor::Sell),
        (SAMPLES[10], "20631804219899904", 1_768_802_538_480_000_000, Aggressor::Sell),
    ] {
        let given = events(&mut kucoin, text);
        let Body::Trade(trade) = &given[0].body else { panic!("{given:?}") };
        assert_eq!((trade.trade_id.as_str(), given[0].ts_event), (id, at));
        assert_eq!(trade.aggressor, Some(aggressor));
    }
}

#[test]
fn a_futures_change_is_read_from_its_text() {
    let given = events(&mut Kucoin::new(), SAMPLES[4]);

    assert_eq!(sequences(&given), some(&[(18, 17)]));
    let Body::BookDelta { asks, .. } = &given[0].body else { panic!("{given:?}") };
    assert_eq!((asks[0].0.to_string(), asks[0].1.to_string()), ("5000.0".into(), "83".into()));
}

#[test]
fn a_window_begins_with_a_snapshot_that_its_deltas_join() {
    let mut kucoin = Kucoin::new();
    let first = events(&mut kucoin, SAMPLES[7]);
    assert_eq!(sequences(&first), [(Some(200), None)]);

    assert_eq!(sequences(&events(&mut kucoin, SAMPLES[8])), some(&[(205, 200)]));
    let next = SAMPLES[8].replace("205", "207").replace("199", "206");
    assert_eq!(sequences(&events(&mut kucoin, &next)), some(&[(207, 205)]));
    let gap = SAMPLES[8].replace("205", "212").replace("199", "210");
    assert_eq!(sequences(&events(&mut kucoin, &gap)), some(&[(212, 209)]));
    let best = events(&mut kucoin, SAMPLES[9]);
    assert_eq!(best[0].seq, Some(205));
    assert!(matches!(best[0].body, Body::Quote { bid: None, ask: Some(_) }));
}

#[test]
fn what_carries_nothing_gives_nothing() {
    let mut kucoin = Kucoin::new();
    for text in [
        r#"{"id":"NSk","type":"welcome"}"#,
        r#"{"id":"1","type":"ack"}"#,
        r#"{"sessionId":"x","message":"welcome","pingInterval":18000}"#,
        r#"{"id":"1","result":true}"#,
        r#"{"id":"1","op":"pong"}"#,
        r#"{"type":"message","topic":"/spotMarket/level1:A-B","subject":"level1","data":{"asks":["1","2"],"timestamp":1}}"#,
        r#"{"type":"message","topic":"/market/snapshot:A-B","subject":"trade.snapshot","data":{"sequence":"5","data":{}}}"#,
        r#"{"data":{"symbol":"A-B","candles":["1","1","1","1","1","0","0"],"time":5},"subject":"trade.candles.add","topic":"/market/candles:A-B_1min","type":"message"}"#,
        r#"{"T":"ticker.SPOT","P":1,"d":{"A":"0.8","B":"0.007","E":5,"M":1,"S":"SELL","a":"7","b":"8","s":"A-B"}}"#,
        r#"{"T":"kline.SPOT","P":1,"d":{"s":"A-B","C":1787348640,"S":false,"O":1787348580,"o":"1"}}"#,
        r#"{"T":"obu.SPOT","dp":"5","t":"snapshot","P":1,"d":{"C":5,"a":[],"b":[],"s":"A-B"}}"#,
    ] {
        assert_eq!(events(&mut kucoin, text), [], "{text}");
    }
    let body = r#"{"code":"200000","data":{"token":"x"}}"#;
    assert!(taken(&mut kucoin, Frame::Response { url: None, body }).unwrap().is_empty());
}

#[test]
fn a_bad_frame_is_refused_whole_and_harms_no_other() {
    let mut kucoin = Kucoin::new();
    for text in [
        "",
        "{}",
        "[]",
        "hello",
        &SAMPLES[0].replace("\"103\"", "\"105\""),
        &SAMPLES[0].replace("\"103\"", "\"x\""),
        &SAMPLES[0].replace("0.58", "-0.58"),
        &SAMPLES[0].replace("18906", "18e6"),
        &SAMPLES[0].replace("\"sequenceStart\":101", "\"sequenceStart\":0"),
        &SAMPLES[0].replace("\"sequenceEnd\":104", "\"sequenceEnd\":100"),
        &SAMPLES[0].replace("\"changes\"", "\"changed\""),
        &SAMPLES[0].replace("\"symbol\":\"BTC-USDT\"", "\"symbol\":\"BTC USDT\""),
        &SAMPLES[1].replace("\"sequence\"", "\"number\""),
        &SAMPLES[2].replace("buy", "none"),
        &SAMPLES[2].replace("81.8814", "0"),
        &SAMPLES[2].replace("tradeId", "id"),
        &SAMPLES[2].replace("1619378327739050725", "9619378327739050725"),
        &SAMPLES[4].replace("sell", "sold"),
        &SAMPLES[4].replace(",83", ""),
        &SAMPLES[8].replace("delta", "gamma"),
        &SAMPLES[8].replace("\"C\":205", "\"C\":5"),
    ] {
        assert!(taken(&mut kucoin, Frame::Message(text)).is_err(), "{text}");
    }
    for text in [
        r#"{"id":"1","type":"error","code":404,"data":"topic /x is not found"}"#,
        r#"{"id":"1","result":false,"error":"topic /x is not found"}"#,
    ] {
        let refused = taken(&mut kucoin, Frame::Message(text));
        assert!(matches!(refused, Err(FrameError::Venue(why)) if why == "topic /x is not found"));
    }
    let body = r#"{"code":"400100","msg":"symbol is wrong"}"#;
    let refused = taken(&mut kucoin, Frame::Response { url: None, body });
    assert!(matches!(refused, Err(FrameError::Venue(why)) if why == "400100 symbol is wrong"));
    let unnamed = Frame::Response { url: None, body: SAMPLES[3] };
    assert!(matches!(taken(&mut kucoin, unnamed), Err(FrameError::UnnamedSnapshot(0))));
    assert_eq!(sequences(&events(&mut kucoin, SAMPLES[0])).len(), 3);
}

#[test]
fn candles_of_both_forms_are_read() {
    let mut out = Vec::new();
    for text in [
        r#"{"data":{"symbol":"A-B","candles":["1619378220","1","2","3","0.5","10.5","20"],"time":1619378328806000034},"subject":"trade.candles.add","topic":"/market/candles:A-B_1min","type":"message"}"#,
        r#"{"T":"kline.SPOT","P":1,"d":{"a":"9","s":"A-B","C":1619378280,"c":"2","S":false,"v":"10.5","h":"3","i":"1min","l":"0.5","O":1619378220,"o":"1"}}"#,
        r#"{"data":{"symbol":"A-B","candles":["1619378220","1","2","3","0.5","10.5","20"],"time":5},"subject":"trade.candles.add","topic":"/market/candles:A-B_1week","type":"message"}"#,
    ] {
        Candles.take(Frame::Message(text), &mut out).unwrap();
    }

    assert_eq!(out.len(), 2);
    assert_eq!(out[0].1.prices.map(|price| price.to_string()), ["1", "3", "0.5", "2"]);
    assert!(!out[0].1.is_running && out[1].1.is_running);
    out[1].1.is_running = false;
    assert_eq!(out[0], out[1]);
}
