//! Frames of KuCoin, and the events they say.

mod whole;

use super::*;
use crate::domain::market::{Aggressor, Body, Decimal, Market, MarketState, Moment, Policy};
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
    r#"{"topic":"/market/level2:BTC-USDT","type":"message","subject":"trade.l2update","data":{"changes":{"asks":[["18907.3","0.59","103"]],"bids":[["18891.9","0.2","106"]]},"sequenceEnd":106,"sequenceStart":103,"symbol":"BTC-USDT","time":1663747970283}}"#,
    r#"{"type":"message","topic":"/spotMarket/level2Depth5:ETH-USDT","subject":"level2","data":{"asks":[["9989","8"],["9990","32"]],"bids":[["9988","56"]],"timestamp":1586948108193}}"#,
    r#"{"topic":"/spotMarket/level2Depth50:ETH-USDT","type":"message","subject":"level2","data":{"asks":[["9989","8"]],"bids":[["9988","56"]],"timestamp":1586948108293}}"#,
    r#"{"topic":"/contractMarket/level2Depth5:XBTUSDTM","type":"message","subject":"level2","sn":1731680019100,"data":{"bids":[["89720.9",513]],"sequence":1709294294670,"timestamp":1731680019100,"ts":1731680019100,"asks":[["89721",906]]}}"#,
    r#"{"T":"obu.FUTURES","dp":"5","t":"snapshot","P":1781666796660937177,"d":{"a":[["65740","1"]],"b":[["65739.9","14"]],"C":1743938538056,"s":"ETHUSDTM","O":1743938538056,"M":1781666796650000000}}"#,
    r#"{"type":"message","topic":"/spotMarket/level1:ETH-USDT","subject":"level1","data":{"asks":["9989","8"],"bids":["9984","10"],"timestamp":1586948108193}}"#,
    r#"{"topic":"/contractMarket/ticker:XBTUSDTM","type":"message","subject":"ticker","sn":1828964168748,"data":{"symbol":"XBTUSDTM","sequence":1828964168748,"side":"buy","size":2,"price":"86429.7","bestBidSize":112,"bestBidPrice":"86429.6","bestAskPrice":"86429.7","tradeId":"1828964168748","bestAskSize":1578,"ts":1740642161735000000}}"#,
    r#"{"topic":"/contractMarket/execution:PEPEUSDTM","type":"message","subject":"match","data":{"symbol":"PEPEUSDTM","sequence":36,"side":"sell","size":1,"price":8.3E-7,"ts":1700000000000000000,"tradeId":"c"}}"#,
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
    // One that they do not continue shows the gap, unless another stands.
    let early = SAMPLES[3].replace("102", "99");
    assert_eq!(book(&mut kucoin, &early), []);
    let mut kucoin = Kucoin::new();
    events(&mut kucoin, SAMPLES[0]);
    let given = book(&mut kucoin, &early);
    assert_eq!(sequences(&given[1..]), some(&[(101, 100), (103, 101), (104, 103)]));
    assert!(folded(&given).1);
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

/// The quantity of the best bid, with five decimals.
fn best_bid(market: &Market) -> Option<i64> {
    let (_, qty) = market.book().best_bid()?;
    Decimal::from_mantissa(qty, market.qty_exp()).at(5)
}

#[test]
fn a_message_that_tells_again_what_was_told_is_no_gap() {
    let mut kucoin = Kucoin::new();
    let mut given = book(&mut kucoin, &SAMPLES[3].replace("102", "100"));
    given.extend(events(&mut kucoin, SAMPLES[0]));
    let again = events(&mut kucoin, SAMPLES[12]);
    assert_eq!(sequences(&again), some(&[(103, 102), (106, 104)]));
    given.extend(again);
    let (market, has_gap) = folded(&given);
    assert!(!has_gap && market.book().venue_seq() == Some(106));
    assert_eq!(best_bid(&market), Some(20_000));

    let gap = SAMPLES[12].replace("106", "109").replace("103", "108");
    given.extend(events(&mut kucoin, &gap));
    assert!(folded(&given).1, "107 never came");

    let mut kucoin = Kucoin::new();
    events(&mut kucoin, SAMPLES[7]);
    events(&mut kucoin, SAMPLES[8]);
    let again = SAMPLES[8].replace("205", "207").replace("199", "204");
    assert_eq!(sequences(&events(&mut kucoin, &again)), some(&[(207, 205)]));
}

#[test]
fn what_was_given_is_forgotten_with_the_connection() {
    let mut kucoin = Kucoin::new();
    events(&mut kucoin, SAMPLES[0]);
    taken(&mut kucoin, Frame::Lost).unwrap();

    assert_eq!(sequences(&events(&mut kucoin, SAMPLES[12])), some(&[(103, 102), (106, 103)]));
}

#[test]
fn a_change_whose_number_lies_outside_its_message_is_taken() {
    for (from, to) in [("\"103\"", "\"105\""), ("\"103\"", "\"99\"")] {
        let mut kucoin = Kucoin::new();
        let mut given = book(&mut kucoin, &SAMPLES[3].replace("102", "100"));
        given.extend(events(&mut kucoin, &SAMPLES[0].replace(from, to)));
        let (market, has_gap) = folded(&given);
        assert!(!has_gap && market.book().venue_seq() == Some(104), "{to}");
        assert_eq!(market.book().asks().count(), 2, "{to}");
    }
    // Also where its message tells again what was told.
    let mut kucoin = Kucoin::new();
    let mut given = book(&mut kucoin, &SAMPLES[3].replace("102", "104"));
    given.extend(events(&mut kucoin, &SAMPLES[12].replace("\"106\"", "\"98\"")));
    let (market, has_gap) = folded(&given);
    assert!(!has_gap && market.book().venue_seq() == Some(106));
    assert_eq!(best_bid(&market), Some(20_000));
}

#[test]
fn a_top_without_number_of_the_book_is_a_quote_without_one() {
    let mut kucoin = Kucoin::new();
    let given = events(&mut kucoin, SAMPLES[17]);
    let Body::Quote { bid: Some(bid), ask: Some(ask) } = given[0].body else { panic!("{given:?}") };
    let numbers = [bid.0, bid.1, ask.0, ask.1].map(|number| number.to_string());
    assert_eq!((numbers, given[0].seq), (["9984", "10", "9989", "8"].map(str::to_owned), None));
    for (from, to, sides) in [
        (r#"["9984","10"]"#, "[]", [false, true]),
        (r#"["9989","8"]"#, "[]", [true, false]),
        (r#""asks":["9989","8"],"bids":["9984","10"]"#, r#""asks":[],"bids":[]"#, [false; 2]),
    ] {
        let given = events(&mut kucoin, &SAMPLES[17].replace(from, to));
        let Body::Quote { bid, ask } = given[0].body else { panic!("{given:?}") };
        assert_eq!([bid.is_some(), ask.is_some()], sides, "{to}");
    }
}

#[test]
fn the_kind_that_is_heard_first_tells_the_best_bid_and_ask() {
    let mut kucoin = Kucoin::new();
    let level1 = SAMPLES[17].replace("ETH-USDT", "BTC-USDT");
    assert_eq!(events(&mut kucoin, SAMPLES[1]).len(), 1);
    assert_eq!(events(&mut kucoin, &level1), []);
    assert_eq!(events(&mut kucoin, SAMPLES[9]), []);
    assert_eq!(events(&mut kucoin, SAMPLES[1]).len(), 1);
    assert_eq!(events(&mut kucoin, SAMPLES[17]).len(), 1, "of another instrument");

    taken(&mut kucoin, Frame::Lost).unwrap();
    assert_eq!(events(&mut kucoin, &level1).len(), 1);
    assert_eq!(events(&mut kucoin, SAMPLES[1]), []);
}

#[test]
fn a_top_as_of_the_last_trade_is_none() {
    let mut kucoin = Kucoin::new();
    let top = SAMPLES[5].replace("XBTUSDM", "XBTUSDTM");
    assert_eq!(events(&mut kucoin, SAMPLES[18]), []);
    assert_eq!(events(&mut kucoin, &top).len(), 1, "it keeps no other away");
}

#[test]
fn an_empty_text_is_a_side_without_orders() {
    let mut kucoin = Kucoin::new();
    for empty in [r#""""#, "null"] {
        let text = SAMPLES[1].replace(r#""18906""#, empty).replace(r#""0.00331""#, empty);
        let given = events(&mut kucoin, &text);
        assert!(matches!(given[0].body, Body::Quote { bid: Some(_), ask: None }), "{text}");
    }
}

#[test]
fn small_bare_numbers_have_an_exponent() {
    let mut kucoin = Kucoin::new();
    let given = events(&mut kucoin, SAMPLES[19]);
    let Body::Trade(trade) = &given[0].body else { panic!("{given:?}") };
    assert_eq!(trade.price, Decimal::from_mantissa(83, 8));

    let body = r#"{"code":"200000","data":{"symbol":"PEPEUSDTM","sequence":16,"asks":[[8.4E-7,3,0],["0.00000085",47]],"bids":[[8.3E-7,56]],"ts":1700000000000000000}}"#;
    let given = taken(&mut kucoin, Frame::Response { url: None, body }).unwrap();
    let Body::BookSnapshot { bids, asks, .. } = &given[0].body else { panic!("{given:?}") };
    assert_eq!((bids[0].0, asks.len()), (Decimal::from_mantissa(83, 8), 2));
    assert_eq!(given[0].ts_event, 1_700_000_000_000_000_000);
    for (from, to) in [("8.3E-7", "8.3F-7"), (",56", ""), (",56", ",-56"), ("[8.3E-7,56]", "7")] {
        let body = body.replace(from, to);
        assert!(taken(&mut kucoin, Frame::Response { url: None, body: &body }).is_err(), "{to}");
    }
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
        r#"{"topic":"/callauction/level2Depth50:A-B","type":"message","subject":"level2","data":{"asks":[["2","1"]],"bids":[["1","1"]],"timestamp":1}}"#,
        r#"{"topic":"/contractMarket/limitCandle:XBTUSDTM_1min","type":"message","subject":"candle.stick","data":{"symbol":"XBTUSDTM","candles":["1731898200","90638.6","90638.6","90638.6","90638.6","21.0","21"],"time":1731898208357}}"#,
        r#"{"type":"message","topic":"/market/snapshot:A-B","subject":"trade.snapshot","data":{"sequence":"5","data":{}}}"#,
        r#"{"data":{"symbol":"A-B","candles":["1","1","1","1","1","0","0"],"time":5},"subject":"trade.candles.add","topic":"/market/candles:A-B_1min","type":"message"}"#,
        r#"{"T":"ticker.SPOT","P":1,"d":{"A":"0.8","B":"0.007","E":5,"M":1,"S":"SELL","a":"7","b":"8","s":"A-B"}}"#,
        r#"{"T":"kline.SPOT","P":1,"d":{"s":"A-B","C":1787348640,"S":false,"O":1787348580,"o":"1"}}"#,
        r#"{"T":"obu.SPOT","dp":"20","t":"snapshot","P":1,"d":{"C":5,"a":[],"b":[],"s":"A-B"}}"#,
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
        &SAMPLES[13].replace("\"bids\"", "\"bid\""),
        &SAMPLES[13].replace("\"56\"", "\"-56\""),
        &SAMPLES[13].replace("ETH-USDT", "ETH-USDT,BTC-USDT"),
        &SAMPLES[15].replace("1709294294670", "17.5"),
        &SAMPLES[17].replace("9984", "x"),
        &SAMPLES[17].replace("asks", "ask"),
        &SAMPLES[1].replace("18891.9", "x"),
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
    assert_eq!(sequences(&events(&mut kucoin, SAMPLES[0])).len(), 3);
}

#[test]
fn candles_of_both_forms_are_read() {
    let mut out = Vec::new();
    for text in [
        r#"{"data":{"symbol":"A-B","candles":["1619378220","1","2","3","0.5","10.5","20"],"time":1619378328806000034},"subject":"trade.candles.add","topic":"/market/candles:A-B_1min","type":"message"}"#,
        r#"{"T":"kline.SPOT","P":1,"d":{"a":"9","s":"A-B","C":1619378280,"c":"2","S":false,"v":"10.5","h":"3","i":"1min","l":"0.5","O":1619378220,"o":"1"}}"#,
        r#"{"data":{"symbol":"A-B","candles":["1619378220","1","2","3","0.5","10.5","20"],"time":5},"subject":"trade.candles.add","topic":"/market/candles:A-B_1week","type":"message"}"#,
        r#"{"topic":"/contractMarket/limitCandle:XBTUSDTM_1min","type":"message","subject":"candle.stick","data":{"symbol":"XBTUSDTM","candles":["1731898200","90638.6","90638.6","90638.6","90638.6","21.0","21"],"time":1731898208357}}"#,
    ] {
        Candles.take(Frame::Message(text), &mut out).unwrap();
    }

    assert_eq!(out.len(), 2);
    assert_eq!(out[0].1.prices.map(|price| price.to_string()), ["1", "3", "0.5", "2"]);
    assert!(!out[0].1.is_running && out[1].1.is_running);
    out[1].1.is_running = false;
    assert_eq!(out[0], out[1]);
}
