//! Frames of Kraken, and the events they say.

use super::*;
use crate::domain::market::{Aggressor, Body, Changes, Market, MarketState, Moment, Policy};

/// One of each kind of frame.
pub(in crate::feeds::venues) const SAMPLES: &[&str] = &[
    r#"[464,{"as":[["56218.30000","0.15000000","1618678117.243818"]],"bs":[["56000.1","2.0","1618678117.1"]]},"book-10","XBT/CHF"]"#,
    r#"[1920,{"a":[["0.042990","364630.28","1618678145.920470"]]},{"b":[["0.042990","0.0","1618678145.920708","r"]],"c":"4105471083"},"book-1000","SC/EUR"]"#,
    r#"[0,[["5541.20000","0.15850568","1534614057.321597","s","l",""]],"trade","XBT/USD"]"#,
    r#"[0,["5698.40000","5700.00000","1542057299.545897","1.01234567","0.98765432"],"spread","XBT/USD"]"#,
    r#"{"channelID":42,"event":"subscriptionStatus","pair":"XBT/USD","status":"subscribed","subscription":{"depth":10,"name":"book"}}"#,
    r#"[42,{"as":[["5541.30000","2.50700000","1552000000.123678"]],"bs":[["5541.20000","1.52900000","1552000000.1"]]}]"#,
    r#"{"channel":"book","type":"snapshot","data":[{"symbol":"BTC/USD","bids":[{"price":45283.5,"qty":0.10000000}],"asks":[{"price":45285.2,"qty":0.001}],"checksum":3310070434,"timestamp":"2023-10-06T17:35:55.440295Z"}]}"#,
    r#"{"channel":"book","type":"update","data":[{"symbol":"BTC/USD","bids":[{"price":45283.5,"qty":0}],"asks":[],"checksum":1}]}"#,
    r#"{"channel":"trade","type":"update","data":[{"symbol":"MATIC/USD","side":"sell","price":0.5117,"qty":40.0,"ord_type":"market","trade_id":4665906,"timestamp":"2023-09-25T07:49:37.708706Z"}]}"#,
    r#"{"channel":"instrument","type":"snapshot","data":{"assets":[],"pairs":[{"symbol":"EUR/USD","base":"EUR","quote":"USD","status":"online","qty_increment":1e-08,"price_increment":0.00001}]}}"#,
    r#"{"method":"subscribe","result":{"channel":"book","depth":25,"symbol":"BTC/USD"},"success":true}"#,
    r#"{"channel":"ticker","type":"update","data":[{"symbol":"ALGO/USD","bid":0.1,"bid_qty":740.0,"ask":0.2,"ask_qty":1.0}]}"#,
    r#"{"error":[],"result":{"XXBTZUSD":[["30243.4","0.345",1688669597.8277369,"b","m","",61044952]],"last":"1688671969993150842"}}"#,
    r#"{"error":[],"result":{"XXBTZUSD":{"asks":[["30384.1","2.059",1688671659]],"bids":[["30297.0","1.115",1688671636]]}}}"#,
];

fn taken(adapter: &mut Kraken, text: &str) -> Result<Vec<(Instrument, Event)>, FrameError> {
    let mut out = Vec::new();
    adapter.take(Frame::Message(text), 7, &mut out).map(|()| out)
}

fn events(adapter: &mut Kraken, text: &str) -> Vec<Event> {
    let given = taken(adapter, text).unwrap();
    given.into_iter().map(|(_, event)| event).collect()
}

fn folded(market: &mut Market, event: &Event) -> Changes {
    let admission = market.admit(std::slice::from_ref(event)).unwrap();
    market.accept(admission);
    market.apply(event, Moment::default(), &Policy::default(), &mut Vec::new())
}

/// Rows as `price qty` texts.
fn rows(event: &Event) -> [Vec<String>; 2] {
    let (Body::BookSnapshot { bids, asks, .. } | Body::BookDelta { bids, asks, .. }) = &event.body
    else {
        panic!("no book: {event:?}")
    };
    [bids, asks].map(|side| side.iter().map(|(price, qty)| format!("{price} {qty}")).collect())
}

const V1_BOOK: &str = r#"[0,{"as":[["5541.30000","2.50700000","1534614248.123678"],["5541.80000","0.33000000","1534614098.345543"]],"bs":[["5541.20000","1.52900000","1534614248.765567"]]},"book-10","XBT/USD"]"#;

#[test]
fn a_v1_update_of_two_parts_is_one_delta_at_its_latest_row() {
    let mut kraken = Kraken::new();
    let given = taken(&mut kraken, V1_BOOK).unwrap();
    assert_eq!(given[0].0.as_str(), "KRAKEN:XBT/USD");
    assert_eq!(given[0].1.ts_event, 1_534_614_248_765_567_000);

    let text = r#"[0,{"a":[["5541.30000","2.00000000","1534614335.345903","r"],["5541.30000","0.00000000","1534614335.345904"]]},{"b":[["5541.10000","3.00000000","1534614335.000001"]],"c":"974947235"},"book-10","XBT/USD"]"#;
    let given = events(&mut kraken, text);

    assert_eq!(given.len(), 1);
    assert_eq!(given[0].ts_event, 1_534_614_335_345_904_000);
    let wanted =
        [vec!["5541.10000 3.00000000"], vec!["5541.30000 2.00000000", "5541.30000 0.00000000"]];
    assert_eq!(rows(&given[0]), wanted);
    let Body::BookDelta { checksum: Some(checksum), .. } = given[0].body else { panic!() };
    assert_eq!(checksum.value, 974_947_235);
}

/// Ten levels a side around 100, as v1 rows.
fn ten_levels(name: &str, first: u32, step: i32) -> String {
    let rows = (0..10)
        .map(|nth| format!(r#"["{}.0","1.000","1.0"]"#, i64::from(first) + i64::from(step) * nth));
    format!(r#""{name}":[{}]"#, rows.collect::<Vec<_>>().join(","))
}

#[test]
fn levels_pushed_out_of_the_depth_are_removed_in_the_same_delta() {
    let mut kraken = Kraken::new();
    let (asks, bids) = (ten_levels("as", 101, 1), ten_levels("bs", 99, -1));
    let book = format!(r#"[0,{{{asks},{bids}}},"book-10","XBT/USD"]"#);
    let mut market = Market::new("test");
    folded(&mut market, &events(&mut kraken, &book)[0]);

    let text = r#"[0,{"a":[["100.5","2.000","2.0"]],"c":"1"},"book-10","XBT/USD"]"#;
    let given = events(&mut kraken, text);
    assert_eq!(rows(&given[0]), [vec![], vec!["100.5 2.000", "110.0 0"]]);
    folded(&mut market, &given[0]);
    assert_eq!(market.book().asks().count(), 10);

    // A removal makes room; the level that was pushed out is told again by the venue.
    let text = r#"[0,{"b":[["95.0","0.000","3.0"],["89.5","1.000","3.0","r"]],"c":"1"},"book-10","XBT/USD"]"#;
    assert_eq!(rows(&events(&mut kraken, text)[0])[0], ["95.0 0.000", "89.5 1.000"]);
    let text =
        r#"[0,{"b":[["99.5","1.000","4.0"],["99.6","1.000","4.0"]],"c":"1"},"book-10","XBT/USD"]"#;
    let wanted = ["99.5 1.000", "99.6 1.000", "89.5 0", "90.0 0"];
    assert_eq!(rows(&events(&mut kraken, text)[0])[0], wanted);
}

#[test]
fn a_v1_row_may_be_written_otherwise_than_usual() {
    let good = r#"[0,{"a":[["5541.30000","2.50700000","1534614335.345903"]],"c":"97"},"book-10","XBT/USD"]"#;
    let usual = events(&mut Kraken::new(), good);
    assert_eq!(usual[0].ts_event, 1_534_614_335_345_903_000);
    let time = "\"1534614335.345903\"";
    for written in
        ["1534614335.345903", "\"1534614335.3459030000999999999\"", "\"1534614335.345903\",\"r\""]
    {
        assert_eq!(events(&mut Kraken::new(), &good.replace(time, written)), usual, "{written}");
    }
}

#[test]
fn v1_trades_are_numbered_within_their_time() {
    let text = r#"[0,[["5541.20000","0.15850568","1534614057.321597","s","l",""],["6060.00000","0.02455000","1534614057.321597","b","m",""],["6060.00000","0.02455000","1534614057.324998","b","l",""]],"trade","XBT/USD"]"#;
    let given = events(&mut Kraken::new(), text);
    let told: Vec<_> = given
        .iter()
        .map(|event| match &event.body {
            Body::Trade(trade) => (trade.trade_id.to_string(), trade.aggressor),
            _ => panic!("{event:?}"),
        })
        .collect();

    assert_eq!(
        told,
        [
            ("~1534614057321597000.0".to_owned(), Some(Aggressor::Sell)),
            ("~1534614057321597000.1".to_owned(), Some(Aggressor::Buy)),
            ("~1534614057324998000.0".to_owned(), Some(Aggressor::Buy)),
        ]
    );
}

#[test]
fn a_v1_spread_is_a_quote() {
    let text = r#"[0,["5698.40000","5700.00000","1542057299.545897","1.01234567","0.98765432"],"spread","XBT/USD"]"#;
    let given = events(&mut Kraken::new(), text);
    let Body::Quote { bid: Some(bid), ask: Some(ask) } = given[0].body else { panic!() };

    assert_eq!([bid.0, bid.1].map(|number| number.to_string()), ["5698.40000", "1.01234567"]);
    assert_eq!([ask.0, ask.1].map(|number| number.to_string()), ["5700.00000", "0.98765432"]);
}

/// The worked example of docs.kraken.com, "Book checksum (WebSocket v2)".
const V2_BOOK: &str = r#"{"channel":"book","type":"snapshot","data":[{"symbol":"BTC/USD",
"bids":[{"price":45283.5,"qty":0.10000000},{"price":45283.4,"qty":1.54582015},
{"price":45282.1,"qty":0.10000000},{"price":45281.0,"qty":0.10000000},
{"price":45280.3,"qty":1.54592586},{"price":45279.0,"qty":0.07990000},
{"price":45277.6,"qty":0.03310103},{"price":45277.5,"qty":0.30000000},
{"price":45277.3,"qty":1.54602737},{"price":45276.6,"qty":0.15445238}],
"asks":[{"price":45285.2,"qty":0.00100000},{"price":45286.4,"qty":1.54571953},
{"price":45286.6,"qty":1.54571109},{"price":45289.6,"qty":1.54560911},
{"price":45290.2,"qty":0.15890660},{"price":45291.8,"qty":1.54553491},
{"price":45294.7,"qty":0.04454749},{"price":45296.1,"qty":0.35380000},
{"price":45297.5,"qty":0.09945542},{"price":45299.5,"qty":0.18772827}],
"checksum":3310070434,"timestamp":"2023-10-06T17:35:55.440295Z"}]}"#;

#[test]
fn the_venues_own_example_of_a_v2_checksum_holds() {
    let mut market = Market::new("test");
    let given = taken(&mut Kraken::new(), V2_BOOK).unwrap();
    assert_eq!(given[0].0.as_str(), "KRAKEN:BTC/USD");
    assert_eq!(given[0].1.ts_event, 1_696_613_755_440_295_000);
    assert_eq!(folded(&mut market, &given[0].1).checksum, Some(true));
    assert_eq!(market.book_state, MarketState::Live);

    let wrong = V2_BOOK.replace("0.10000000}", "0.1000000}");
    let given = events(&mut Kraken::new(), &wrong);
    assert_eq!(folded(&mut Market::new("test"), &given[0]).checksum, Some(false));
}

#[test]
fn a_v2_book_is_cut_at_the_depth_that_was_subscribed() {
    let update = r#"{"channel":"book","type":"update","data":[{"symbol":"BTC/USD","bids":[{"price":45283.6,"qty":1.0}],"asks":[],"checksum":1,"timestamp":"2023-10-06T17:35:55.440295Z"}]}"#;
    let mut guessed = Kraken::new();
    events(&mut guessed, V2_BOOK);
    assert_eq!(rows(&events(&mut guessed, update)[0])[0], ["45283.6 1.0", "45276.6 0"]);

    let mut told = Kraken::new();
    let answer = r#"{"method":"subscribe","result":{"channel":"book","depth":25,"snapshot":true,"symbol":"BTC/USD"},"success":true,"time_in":"2023-10-06T17:35:55.440295Z"}"#;
    events(&mut told, answer);
    events(&mut told, V2_BOOK);
    assert_eq!(rows(&events(&mut told, update)[0])[0], ["45283.6 1.0"]);
    // A snapshot deeper than what was told shows that another depth is subscribed.
    let more = V2_BOOK.replace("\"bids\":[", "\"bids\":[{\"price\":1.0,\"qty\":1.0},");
    events(&mut guessed, &more);
    assert_eq!(rows(&events(&mut guessed, update)[0])[0], ["45283.6 1.0"]);
}

#[test]
fn v2_trades_have_the_venues_ids() {
    let text = r#"{"channel":"trade","type":"update","data":[{"symbol":"MATIC/USD","side":"sell","price":0.5117,"qty":40.0,"ord_type":"market","trade_id":4665906,"timestamp":"2023-09-25T07:49:37.708706Z"}]}"#;
    let given = events(&mut Kraken::new(), text);
    let Body::Trade(trade) = &given[0].body else { panic!() };

    assert_eq!((trade.trade_id.as_str(), trade.qty.to_string().as_str()), ("4665906", "40.0"));
    assert_eq!(given[0].ts_event, 1_695_628_177_708_706_000);
}

#[test]
fn a_v2_ticker_is_a_quote_only_where_it_follows_the_best_prices() {
    let text = r#"{"channel":"ticker","type":"update","data":[{"symbol":"ALGO/USD","bid":0.10025,"bid_qty":740.0,"ask":0.10036,"ask_qty":0.00000000,"last":0.10035}]}"#;
    let mut kraken = Kraken::new();
    assert_eq!(events(&mut kraken, text), []);
    let answer = r#"{"method":"subscribe","result":{"channel":"ticker","event_trigger":"bbo","snapshot":true,"symbol":"ALGO/USD"},"success":true}"#;
    events(&mut kraken, answer);

    let given = events(&mut kraken, text);
    let Body::Quote { bid: Some(bid), ask: None } = given[0].body else { panic!("{given:?}") };
    assert_eq!((bid.1.to_string().as_str(), given[0].ts_event), ("740.0", 7));
}

#[test]
fn an_instrument_frame_gives_definition_and_phase() {
    let text = r#"{"channel":"instrument","type":"snapshot","data":{"assets":[{"id":"USD"}],"pairs":[{"symbol":"EUR/USD","base":"EUR","quote":"USD","status":"cancel_only","qty_precision":8,"qty_increment":1e-08,"price_precision":5,"price_increment":0.00001,"qty_min":0.5}]}}"#;
    let given = events(&mut Kraken::new(), text);
    let Body::Instrument(definition) = &given[0].body else { panic!("{given:?}") };

    assert_eq!([definition.tick_size, definition.lot_size].map(|step| step.scale()), [5, 8]);
    let Body::Status { action, reason } = &given[1].body else { panic!("{given:?}") };
    assert_eq!((action.as_str(), reason.as_deref()), ("halt", Some("cancel_only")));
}

#[test]
fn rest_trades_are_prints_and_other_bodies_give_nothing() {
    let mut kraken = Kraken::new();
    let mut out = Vec::new();
    let mut take = |body: &str| {
        out.clear();
        kraken.take(Frame::Response { url: None, body }, 0, &mut out).map(|()| out.clone())
    };
    let trades = r#"{"error":[],"result":{"XXBTZUSD":[["30243.40000","0.34507674",1688669597.8277369,"b","m","",61044952],["30243.30000","0.00376960",1688669598.2804112,"s","l","",61044953]],"last":"1688671969993150842"}}"#;
    let given = take(trades).unwrap();
    assert_eq!(given[1].0.as_str(), "KRAKEN:XBT/USD");
    assert_eq!((given[0].1.ts_event, given[0].1.ts_recv), (1_688_669_597_827_736_900, None));
    let Body::Trade(trade) = &given[1].1.body else { panic!() };
    assert_eq!((trade.trade_id.as_str(), trade.aggressor), ("61044953", Some(Aggressor::Sell)));

    let ohlc = r#"{"error":[],"result":{"XXBTZUSD":[[1688671200,"30306.1","30306.2","30305.7","30305.7","30306.1","3.39243896",23]],"last":1688672160}}"#;
    assert_eq!(take(ohlc).unwrap(), []);
    let pairs = r#"{"error":[],"result":{"XXBTZUSD":{"altname":"XBTUSD","fees":[[0,0.4]]}}}"#;
    assert_eq!(take(pairs).unwrap(), []);
    let time = r#"{"error":[],"result":{"unixtime":1688669448,"rfc1123":"Thu, 06 Jul 23"}}"#;
    assert_eq!(take(time).unwrap(), []);
    let refused = take(r#"{"error":["EQuery:Unknown asset pair"]}"#);
    assert!(matches!(refused, Err(FrameError::Venue(text)) if text == "EQuery:Unknown asset pair"));
    assert!(take(&trades.replace("61044953", "x")).is_err());
    assert!(take(&trades.replace("XXBTZUSD", "NOPE")).is_err());
}

#[test]
fn a_rest_book_is_one_where_none_of_its_pair_comes_by_web_socket() {
    let mut kraken = Kraken::new();
    let mut out = Vec::new();
    let depth = r#"{"error":[],"result":{"XXBTZUSD":{"asks":[["30384.10000","2.059",1688671659]],"bids":[["30297.00000","1.115",1688671636]]}}}"#;
    let mut take = |kraken: &mut Kraken, body: &str| {
        out.clear();
        kraken.take(Frame::Response { url: None, body }, 0, &mut out).map(|()| out.clone())
    };
    let given = take(&mut kraken, depth).unwrap();
    assert_eq!((given[0].0.as_str(), given.len()), ("KRAKEN:XBT/USD", 1));
    assert_eq!(given[0].1.ts_event, 1_688_671_659_000_000_000);
    assert!(matches!(given[0].1.body, Body::BookSnapshot { checksum: None, .. }));
    assert_eq!(rows(&given[0].1), [["30297.00000 1.115"], ["30384.10000 2.059"]]);
    for (from, to) in [("2.059", "-1"), ("1688671636", "null"), ("XXBTZUSD", "NOPE")] {
        assert!(take(&mut kraken, &depth.replace(from, to)).is_err(), "{to}");
    }
    events(&mut kraken, V1_BOOK);
    assert_eq!(take(&mut kraken, depth).unwrap(), []);
    kraken.take(Frame::Lost, 9, &mut Vec::new()).unwrap();
    assert_eq!(take(&mut kraken, depth).unwrap().len(), 1);
}

#[test]
fn a_rest_book_ends_with_the_first_change_that_comes_by_web_socket() {
    let depth = r#"{"error":[],"result":{"XXBTZUSD":{"asks":[["11.0","1",1700000000]],"bids":[["10.0","1",1700000000]]},"BTC/USD":{"asks":[["11.0","1",1700000000]],"bids":[["10.0","1",1700000000]]}}}"#;
    let v1 = r#"[336,{"b":[["8.0","2","1700000001.0"]]},"book-10","XBT/USD"]"#;
    let v2 = r#"{"channel":"book","type":"update","data":[{"symbol":"BTC/USD","bids":[{"price":8.0,"qty":2}],"asks":[],"timestamp":"2023-11-14T22:13:21Z"}]}"#;
    for (change, whole) in [(v1, V1_BOOK), (v2, V2_BOOK)] {
        let mut kraken = Kraken::new();
        let rest = Frame::Response { url: None, body: depth };
        kraken.take(rest, 0, &mut Vec::new()).unwrap();
        let given = events(&mut kraken, change);
        assert_eq!((given.len(), &given[0].body), (2, &Body::Disconnect));
        assert_eq!([given[0].ts_event, given[1].ts_event], [1_700_000_001_000_000_000; 2]);
        assert_eq!(events(&mut kraken, change).len(), 1, "once");

        let mut kraken = Kraken::new();
        kraken.take(rest, 0, &mut Vec::new()).unwrap();
        events(&mut kraken, whole);
        assert_eq!(events(&mut kraken, change).len(), 1, "the whole book came before it");
    }
}

#[test]
fn rest_trades_without_ids_that_are_told_again_have_the_ids_they_had() {
    let mut kraken = Kraken::new();
    let mut ids = |rows: &str| {
        let body = format!(r#"{{"error":[],"result":{{"XXBTZUSD":[{rows}],"last":"1"}}}}"#);
        let mut out = Vec::new();
        kraken.take(Frame::Response { url: None, body: &body }, 0, &mut out).unwrap();
        let id = |(_, event): &(Instrument, Event)| match &event.body {
            Body::Trade(trade) => trade.trade_id.to_string(),
            _ => panic!("{event:?}"),
        };
        out.iter().map(id).collect::<Vec<_>>()
    };
    let row = |qty: u32, time: &str| format!(r#"["5541.3","{qty}",{time},"b","l",""]"#);
    let first = [row(1, "5.5"), row(2, "6.5"), row(3, "6.5")].join(",");
    assert_eq!(ids(&first), ["~5500000000.0", "~6500000000.0", "~6500000000.1"]);
    let second = [row(2, "6.5"), row(3, "6.5"), row(4, "7.5")].join(",");
    assert_eq!(ids(&second), ["~6500000000.0", "~6500000000.1", "~7500000000.0"]);
}

#[test]
fn arrays_without_names_are_of_the_channel_that_was_subscribed() {
    let mut kraken = Kraken::new();
    let book = r#"[42,{"as":[["5541.30000","2.50700000","1552000000.123678"]],"bs":[["5541.20000","1.52900000","1552000000.1"]]}]"#;
    let update = r#"[42,{"a":[["5541.30000","1.5","1552000000.223678"]]},{"b":[["5541.1","1","1552000000.2"]]}]"#;
    let trade = r#"[43,[["5541.20000","0.15850568","1552000000.321597","s","l",""]]]"#;
    let spread = r#"[44,["5541.20000","5541.30000","1552000000.545897"]]"#;
    for text in [book, update, trade, spread] {
        assert!(matches!(taken(&mut kraken, text), Err(FrameError::Shape(_))), "{text}");
    }
    let status = |id: u64, subscription: &str| {
        format!(
            r#"{{"channelID":{id},"event":"subscriptionStatus","pair":"XBT/USD","status":"subscribed","subscription":{{{subscription}}}}}"#
        )
    };
    for text in [
        status(42, r#""depth":25,"name":"book""#),
        status(43, r#""name":"trade""#),
        status(44, r#""name":"spread""#),
        status(45, r#""name":"ohlc","interval":5"#),
    ] {
        assert_eq!(events(&mut kraken, &text), []);
    }
    let given = taken(&mut kraken, book).unwrap();
    assert_eq!(given[0].0.as_str(), "KRAKEN:XBT/USD");
    assert!(matches!(given[0].1.body, Body::BookSnapshot { .. }));
    assert_eq!(rows(&events(&mut kraken, update)[0]), [["5541.1 1"], ["5541.30000 1.5"]]);
    assert!(matches!(events(&mut kraken, trade)[0].body, Body::Trade(_)));
    assert_eq!(events(&mut kraken, spread), [], "it has no volumes");
    assert_eq!(events(&mut kraken, r#"[45,["1","2","3"]]"#), []);
    let named = spread.replace("]]", r#"],"spread","XBT/USD"]"#);
    assert_eq!(events(&mut kraken, &named), []);
}

/// The candles in a frame.
fn candles(frame: Frame<'_>) -> Vec<super::super::candle::Candle> {
    let mut out = Vec::new();
    (VENUE.witness)().take(frame, &mut out).unwrap();
    out.into_iter().map(|(_, candle)| candle).collect()
}

#[test]
fn a_v1_candle_is_told_by_its_end() {
    let text = r#"[42,["1700000130.500000","1700000400.000000","1","4","0.5","2","1.9","10.00000000",7],"ohlc-5","ADA/USD"]"#;
    let given = candles(Frame::Message(text));
    assert_eq!(given.len(), 1);
    assert_eq!((given[0].start, given[0].length), (1_700_000_100_000_000_000, 300_000_000_000));
    let [open, high, low, close] = given[0].prices.map(|price| price.to_string());
    assert_eq!([open, high, low, close], ["1", "4", "0.5", "2"]);
    assert_eq!(given[0].vwap.map(|vwap| vwap.to_string()).as_deref(), Some("1.9"));
    assert_eq!((given[0].count, given[0].is_running), (Some(7), true));
}

#[test]
fn the_length_of_a_rest_candle_is_the_least_between_two_rows() {
    let row = |time: u32| format!(r#"[{time},"1","1","1","1","1","2",3]"#);
    let rows = [120, 300, 360].map(row).join(",");
    let body = format!(r#"{{"error":[],"result":{{"ADAUSD":[{rows}],"last":300}}}}"#);
    let given = candles(Frame::Response { url: None, body: &body });
    let wanted = [(120, false), (300, false), (360, true)];
    assert_eq!(
        given.iter().map(|one| (one.start / 1_000_000_000, one.is_running)).collect::<Vec<_>>(),
        wanted
    );
    assert!(given.iter().all(|one| one.length == 60_000_000_000));
}

#[test]
fn what_carries_nothing_gives_nothing() {
    let mut kraken = Kraken::new();
    for text in [
        r#"{"event":"heartbeat"}"#,
        r#"{"connectionID":8628615390848610000,"event":"systemStatus","status":"online","version":"1.0.0"}"#,
        r#"{"channelID":10001,"channelName":"ticker","event":"subscriptionStatus","pair":"XBT/EUR","status":"subscribed","subscription":{"name":"ticker"}}"#,
        r#"[340,{"a":["5525.40000",1,"1.000"],"b":["5525.10000",1,"1.000"]},"ticker","XBT/USD"]"#,
        r#"[42,["1542057314.748456","1542057360.435743","3586.70000"],"ohlc-5","XBT/USD"]"#,
        r#"{"channel":"heartbeat"}"#,
        r#"{"channel":"status","type":"update","data":[{"system":"online"}]}"#,
        r#"{"method":"pong","req_id":101,"time_in":"2023-09-24T14:10:23.799685Z"}"#,
        r#"{"method":"subscribe","result":{"channel":"trade","symbol":"BTC/USD"},"success":true}"#,
    ] {
        assert_eq!(events(&mut kraken, text), [], "{text}");
    }
}

#[test]
fn a_bad_frame_is_refused_whole_and_harms_no_other() {
    let (mut kraken, mut undisturbed) = (Kraken::new(), Kraken::new());
    events(&mut kraken, V1_BOOK);
    events(&mut undisturbed, V1_BOOK);
    let good = r#"[0,{"a":[["5541.30000","2.50700000","1534614335.345903"]],"c":"97"},"book-10","XBT/USD"]"#;
    for text in [
        "".to_owned(),
        "hello".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        "[0,1]".to_owned(),
        good.replace("book-10", "book-x"),
        good.replace("book-10", "book-0"),
        good.replace("book-10", "news"),
        good.replace("1534614335.345903", "soon"),
        good.replace("\"97\"", "\"-97\""),
        good.replace("\"97\"", "\"4294967296\""),
        good.replace("\"97\"", "{\"a\":[97]}"),
        good.replace(",\"1534614335.345903\"", ""),
        good.replace(",\"2.50700000\",\"1534614335.345903\"", ""),
        good.replace("2.50700000", "-2.50700000"),
        good.replace("5541.30000", "NaN"),
        good.replace("\"a\":", "\"x\":"),
        good.replace("\"c\":", "\"as\":[],\"c\":"),
        good.replace("XBT/USD", ""),
        good.replace("XBT/USD", "XBT,USD"),
        V2_BOOK.replace("45299.5", "4.5e4"),
        V2_BOOK.replace("snapshot", "nonsense"),
        V2_BOOK.replace("2023-10-06T", "yesterday"),
        V2_BOOK.replace("3310070434", "-1"),
        r#"{"channel":"nonsense"}"#.to_owned(),
        r#"{"method":"subscribe","error":"Currency pair not supported","success":false}"#
            .to_owned(),
        r#"{"errorMessage":"Currency pair not supported","event":"subscriptionStatus"}"#.to_owned(),
        r#"[0,[["1","0","1.0","s","l",""]],"trade","XBT/USD"]"#.to_owned(),
        r#"[0,[["1","1","1.0","x","l",""]],"trade","XBT/USD"]"#.to_owned(),
    ] {
        assert!(taken(&mut kraken, &text).is_err(), "{text}");
    }

    assert_eq!(events(&mut kraken, good), events(&mut undisturbed, good));
}

#[test]
fn after_a_loss_the_depth_is_learnt_anew_and_prints_are_numbered_on() {
    let mut kraken = Kraken::new();
    let trade = r#"[0,[["1","1","1.5","s","l",""]],"trade","XBT/USD"]"#;
    events(&mut kraken, V1_BOOK);
    events(&mut kraken, trade);
    let mut out = Vec::new();
    kraken.take(Frame::Lost, 9, &mut out).unwrap();
    assert_eq!(out.len(), 1);
    assert_eq!((out[0].1.ts_event, &out[0].1.body), (1_534_614_248_765_567_000, &Body::Disconnect));

    let given = events(&mut kraken, trade);
    let Body::Trade(trade) = &given[0].body else { panic!() };
    assert_eq!(trade.trade_id, "~1500000000.1");
}
