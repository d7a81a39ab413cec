//! Frames of HitBTC, and the events they say.

use super::*;
use crate::domain::market::{Aggressor, Body};
use crate::feeds::venues::candle::Witness;
use crate::feeds::venues::line::Line;

/// One of each kind of frame.
pub(in crate::feeds::venues) const SAMPLES: &[&str] = &[
    r#"{"jsonrpc":"2.0","method":"snapshotOrderbook","params":{"ask":[{"price":"0.054588","size":"0.245"},{"price":"0.054590","size":"1.000"}],"bid":[{"price":"0.054558","size":"0.500"}],"symbol":"ETHBTC","sequence":8073827,"timestamp":"2018-11-19T05:00:28.193Z"}}"#,
    r#"{"jsonrpc":"2.0","method":"updateOrderbook","params":{"ask":[{"price":"0.054590","size":"0.000"}],"bid":[],"symbol":"ETHBTC","sequence":8073828,"timestamp":"2018-11-19T05:00:28.700Z"}}"#,
    r#"{"jsonrpc":"2.0","method":"snapshotTrades","params":{"data":[{"id":54469813,"price":"0.054670","quantity":"0.183","side":"buy","timestamp":"2017-10-19T16:34:25.041Z"},{"id":54469456,"price":"0.054656","quantity":"0.057","side":"sell","timestamp":"2017-10-19T16:33:42.821Z"}],"symbol":"ETHBTC"}}"#,
    r#"{"jsonrpc":"2.0","method":"ticker","params":{"ask":"0.054464","bid":"0.054463","last":"0.054463","timestamp":"2017-10-19T15:45:44.941Z","symbol":"ETHBTC"}}"#,
    r#"{"jsonrpc":"2.0","method":"snapshotCandles","params":{"data":[{"timestamp":"2017-10-19T15:00:00.000Z","open":"0.054801","close":"0.054625","min":"0.054601","max":"0.054894","volume":"380.750","volumeQuote":"20.844237223"}],"symbol":"ETHBTC","period":"M30"}}"#,
    r#"{"ch":"orderbook/full","snapshot":{"ETHBTC":{"t":1626866578796,"s":27617207,"a":[["0.060506","0"],["0.060549","12.6431"]],"b":[["0.060439","4.4095"]]}}}"#,
    r#"{"ch":"orderbook/full","update":{"ETHBTC":{"t":1626866578902,"s":27617208,"a":[["0.060508","0"]],"b":[]}}}"#,
    r#"{"ch":"orderbook/D5/100ms","data":{"ETHBTC":{"t":1626866578902,"s":27617300,"a":[["0.060508","1"]],"b":[]},"BTCUSDT":{"t":1626866578903,"s":5,"a":[],"b":[]}}}"#,
    r#"{"ch":"orderbook/top/100ms","data":{"BTCUSDT":{"t":1630276885405,"a":"9243.03","A":"0.23","b":"9242.98","B":"0.54"}}}"#,
    r#"{"ch":"trades","update":{"BTCUSDT":[{"t":1626861123552,"i":1555634969,"p":"30881.96","q":"12.66828","s":"buy"}]}}"#,
    r#"{"ch":"candles/M1","update":{"ETHBTC":[{"t":1626860880000,"o":"0.060711","c":"0.060749","h":"0.060749","l":"0.060711","v":"12.2800","q":"0.7455339675"}]}}"#,
    r#"{"result":{"ch":"trades","subscriptions":["BTCUSDT"]},"id":123}"#,
    r#"{"jsonrpc":"2.0","method":"updateOrderbook","params":{"ask":[],"bid":[],"symbol":"ETHBTC","sequence":624086,"timestamp":"2019-12-31T15:40:29.913Z"}}"#,
    r#"{"ETHBTC":[{"id":1555634970,"price":"0.060509","qty":"2.5","side":"sell","timestamp":"2021-07-21T09:51:49.494Z"},{"id":1555634969,"price":"0.060510","qty":"1.0","side":"buy","timestamp":"2021-07-21T09:51:49.400Z"}],"BTCUSDT":[]}"#,
    r#"{"ETHBTC":{"type":"spot","base_currency":"ETH","quote_currency":"BTC","status":"working","quantity_increment":"0.001","tick_size":"0.000001"}}"#,
];

type Given = Vec<(Instrument, Event)>;

fn taken(adapter: &mut HitBtc, frame: Frame<'_>) -> Result<Given, FrameError> {
    let mut out = Vec::new();
    adapter.take(frame, 7, &mut out).map(|()| out)
}

fn given(text: &str) -> Given {
    taken(&mut HitBtc::new("HITBTC"), Frame::Message(text)).unwrap()
}

/// Rows as `price qty` texts.
fn rows(event: &Event) -> [Vec<String>; 2] {
    let (Body::BookSnapshot { bids, asks, .. } | Body::BookDelta { bids, asks, .. }) = &event.body
    else {
        panic!("no book: {event:?}")
    };
    [bids, asks].map(|side| side.iter().map(|(price, qty)| format!("{price} {qty}")).collect())
}

#[test]
fn books_of_both_apis_are_chained_by_their_sequence() {
    for (snapshot, update, seq) in [(0, 1, 8_073_827), (5, 6, 27_617_207)] {
        let whole = &given(SAMPLES[snapshot])[0];
        assert!(matches!(whole.1.body, Body::BookSnapshot { .. }));
        assert_eq!((whole.1.seq, whole.1.prev_seq), (Some(seq), None));
        assert_eq!(whole.0.as_str(), "HITBTC:ETHBTC");

        let change = &given(SAMPLES[update])[0];
        assert!(matches!(change.1.body, Body::BookDelta { .. }));
        assert_eq!((change.1.seq, change.1.prev_seq), (Some(seq + 1), Some(seq)));
    }
    let told = &given(SAMPLES[1])[0].1;
    assert_eq!(rows(told), [vec![], vec!["0.054590 0.000".to_owned()]]);
    assert_eq!(told.ts_event, 1_542_603_628_700_000_000);
    assert_eq!(rows(&given(SAMPLES[5])[0].1)[0], ["0.060439 4.4095"]);
}

#[test]
fn a_message_of_several_symbols_is_several_whole_books() {
    let given = given(SAMPLES[7]);

    let names: Vec<_> = given.iter().map(|(name, event)| (name.as_str(), event.seq)).collect();
    assert_eq!(names, [("HITBTC:ETHBTC", Some(27_617_300)), ("HITBTC:BTCUSDT", Some(5))]);
    assert!(given.iter().all(|(_, event)| matches!(event.body, Body::BookSnapshot { .. })));
}

#[test]
fn trades_are_given_in_the_order_of_their_ids() {
    let told: Vec<_> = given(SAMPLES[2])
        .into_iter()
        .map(|(_, event)| match event.body {
            Body::Trade(trade) => {
                (trade.trade_id.to_string(), trade.qty.to_string(), trade.aggressor)
            }
            _ => panic!("{event:?}"),
        })
        .collect();

    let wanted = [("54469456", "0.057", Aggressor::Sell), ("54469813", "0.183", Aggressor::Buy)];
    assert_eq!(told, wanted.map(|(id, qty, by)| (id.to_owned(), qty.to_owned(), Some(by))));
    let Body::Trade(trade) = &given(SAMPLES[9])[0].1.body else { panic!() };
    assert_eq!(
        (trade.trade_id.as_str(), trade.price.to_string()),
        ("1555634969", "30881.96".to_owned())
    );
}

#[test]
fn few_levels_give_nothing_beside_the_whole_book() {
    let mut hitbtc = HitBtc::new("HITBTC");
    let mut count = |sample: usize| {
        let given = taken(&mut hitbtc, Frame::Message(SAMPLES[sample])).unwrap();
        given.iter().map(|(name, _)| name.as_str().len()).collect::<Vec<_>>()
    };
    let (eth, btc) = ("HITBTC:ETHBTC".len(), "HITBTC:BTCUSDT".len());
    assert_eq!(count(6), [eth], "an update of a book never told");
    assert_eq!(count(7), [eth, btc]);
    assert_eq!(count(6), [0; 0], "nor updates beside few levels");
    assert_eq!(count(5), [eth]);
    assert_eq!(count(7), [btc]);
    assert_eq!(count(6), [eth]);

    taken(&mut hitbtc, Frame::Lost).unwrap();
    assert_eq!(taken(&mut hitbtc, Frame::Message(SAMPLES[7])).unwrap().len(), 2);
}

#[test]
fn a_sequence_that_begins_anew_loses_the_book_until_the_next_snapshot() {
    let mut hitbtc = HitBtc::new("HITBTC");
    let mut bodies = |text: &str| {
        let given = taken(&mut hitbtc, Frame::Message(text)).unwrap();
        given.into_iter().map(|(_, event)| (event.seq, event.body)).collect::<Vec<_>>()
    };
    bodies(SAMPLES[0]);
    let late = SAMPLES[1].replace("8073828", "8063828");
    assert_eq!(bodies(&late)[0].0, Some(8_063_828), "the fold passes over it");
    assert_eq!(bodies(SAMPLES[12]), [(None, Body::Disconnect)]);
    assert_eq!(bodies(&SAMPLES[12].replace("624086", "624087")), []);
    assert_eq!(bodies(SAMPLES[1]), []);
    assert_eq!(bodies(SAMPLES[0]).len(), 1);
    assert_eq!(bodies(SAMPLES[1])[0].0, Some(8_073_828));
}

#[test]
fn trades_of_rest_are_of_the_symbols_they_or_their_url_name() {
    let told = |url: Option<&str>, body: &str| {
        let given = taken(&mut HitBtc::new("HITBTC"), Frame::Response { url, body }).unwrap();
        let id = |event: &Event| match &event.body {
            Body::Trade(trade) => format!("{} {}", trade.trade_id, trade.qty),
            _ => panic!("{event:?}"),
        };
        given.iter().map(|(name, event)| format!("{name} {}", id(event))).collect::<Vec<_>>()
    };
    let wanted = ["HITBTC:ETHBTC 1555634969 1.0", "HITBTC:ETHBTC 1555634970 2.5"];
    assert_eq!(told(None, SAMPLES[13]), wanted);

    let list = r#"[{"id":7,"price":"0.054670","quantity":"0.183","side":"buy","timestamp":"2017-10-19T16:34:25.041Z"}]"#;
    let url = "https://api.hitbtc.com/api/2/public/trades/ETHBTC?limit=1";
    assert_eq!(told(Some(url), list), ["HITBTC:ETHBTC 7 0.183"]);
    assert_eq!(told(None, list), [""; 0]);
    for body in [SAMPLES[13].replace("2.5", "0"), SAMPLES[13].replace("sell", "sold")] {
        let response = Frame::Response { url: None, body: &body };
        assert!(taken(&mut HitBtc::new("HITBTC"), response).is_err(), "{body}");
    }
}

#[test]
fn a_top_is_a_quote_and_an_empty_side_is_none() {
    let Body::Quote { bid, ask } = given(SAMPLES[8])[0].1.body else { panic!() };
    assert_eq!(bid.unwrap().0.to_string(), "9242.98");
    assert_eq!(ask.unwrap().1.to_string(), "0.23");

    let text = r#"{"ch":"orderbook/top/100ms","data":{"X":{"t":1,"b":"2","B":"3"}}}"#;
    let Body::Quote { bid, ask } = given(text)[0].1.body else { panic!() };
    assert_eq!((bid.is_some(), ask), (true, None));
}

#[test]
fn lists_of_symbols_of_both_apis_define_instruments() {
    let list = r#"[{"id":"ETHBTC","baseCurrency":"ETH","quoteCurrency":"BTC","quantityIncrement":"0.001","tickSize":"0.000001","feeCurrency":"BTC"}]"#;
    for body in [SAMPLES[14], list] {
        let response = Frame::Response { url: None, body };
        let given = taken(&mut HitBtc::new("BEQUANT"), response).unwrap();
        let Body::Instrument(definition) = &given[0].1.body else { panic!("{given:?}") };
        assert_eq!(given[0].0.as_str(), "BEQUANT:ETHBTC");
        assert_eq!(definition.tick_size.to_string(), "0.000001");
        assert_eq!(
            (definition.lot_size.to_string(), definition.base.as_deref()),
            ("0.001".to_owned(), Some("ETH"))
        );
    }
}

#[test]
fn what_carries_nothing_gives_nothing() {
    for text in [
        SAMPLES[3],
        SAMPLES[4],
        SAMPLES[10],
        SAMPLES[11],
        r#"{"jsonrpc":"2.0","result":true,"id":"123"}"#,
        r#"{"ch":"futures/info","data":{"BTCUSDT_PERP":{"c":"perpetual","t":1,"p":"0","P":"0"}}}"#,
        r#"{"ch":"ticker/1s","data":{"ETHBTC":{"t":1,"a":"1","A":"2","b":"3","o":"1","p":1.5}}}"#,
        r#"{"ch":"price/rate/1s","data":{"USDT":{"t":1,"r":"1"}}}"#,
    ] {
        assert_eq!(given(text), [], "{text}");
    }
    let body = r#"{"timestamp":"2021-06-17T12:36:49.358Z","ask":[["1","2"]],"bid":[]}"#;
    let response = Frame::Response { url: None, body };
    assert!(taken(&mut HitBtc::new("HITBTC"), response).unwrap().is_empty());
}

#[test]
fn a_bad_frame_is_refused_whole_and_harms_no_other() {
    let mut hitbtc = HitBtc::new("HITBTC");
    for text in [
        String::new(),
        "5".to_owned(),
        "{}".to_owned(),
        r#"{"foo":1}"#.to_owned(),
        SAMPLES[0].replace("0.500", "-0.500"),
        SAMPLES[0].replace("0.054590", "0.05.4590"),
        SAMPLES[0].replace("\"sequence\":8073827,", ""),
        SAMPLES[0].replace("2018-11-19T05", "2018-11-19 05"),
        SAMPLES[1].replace("\"bid\":[],", ""),
        SAMPLES[2].replace("sell", "sold"),
        SAMPLES[2].replace("0.057", "0"),
        SAMPLES[5].replace("snapshot", "other"),
        SAMPLES[6].replace("\"s\":27617208,", ""),
        // One bad symbol among several.
        SAMPLES[7].replace("BTCUSDT", "BTC USDT"),
        SAMPLES[7].replace("\"s\":5", "\"s\":-5"),
        SAMPLES[9].replace("12.66828", "12,66828"),
    ] {
        assert!(taken(&mut hitbtc, Frame::Message(&text)).is_err(), "{text}");
    }
    let text = r#"{"error":{"code":2001,"message":"Symbol not found","description":"Try getSymbols"},"id":1}"#;
    let refused = taken(&mut hitbtc, Frame::Message(text));
    assert!(matches!(refused, Err(FrameError::Venue(text)) if text == "2001 Symbol not found"));
    assert!(taken(&mut hitbtc, Frame::Response { url: None, body: text }).is_err());

    assert!(taken(&mut hitbtc, Frame::Lost).unwrap().is_empty(), "nothing was listed");
    let good = taken(&mut hitbtc, Frame::Message(SAMPLES[0])).unwrap();
    assert_eq!(good, given(SAMPLES[0]));
}

#[test]
fn candles_of_both_apis_are_read() {
    let mut candles = Candles::new("HITBTC");
    let mut out = Vec::new();
    for text in SAMPLES {
        candles.take(Frame::Message(text), &mut out).unwrap();
    }

    let told: Vec<_> = out
        .iter()
        .map(|(name, candle)| {
            let prices = candle.prices.map(|price| price.to_string()).join(" ");
            format!("{name} {prices} {} {}", candle.volume, candle.length / 60_000_000_000)
        })
        .collect();
    let wanted = [
        "HITBTC:ETHBTC 0.054801 0.054894 0.054601 0.054625 380.750 30",
        "HITBTC:ETHBTC 0.060711 0.060749 0.060711 0.060749 12.2800 1",
    ];
    assert_eq!(told, wanted);
}

#[test]
fn a_book_is_left_before_it_is_asked_for_again() {
    let mut socket = Socket::new(&line::BEQUANT);
    assert_eq!(socket.terms().socket_url, "wss://api.bequant.io/api/3/ws/public");
    let said = socket.subscribe(&["ETHBTC".to_owned()]);
    assert!(said[0].contains(r#""ch":"trades""#), "{}", said[0]);
    let again = socket.renew("ETHBTC");
    assert!(again[0].contains(r#""method":"unsubscribe""#) && again[1].contains(r#""id":5"#));
}
