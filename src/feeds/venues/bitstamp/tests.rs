//! Frames of Bitstamp, and the events they say.

mod book;

use super::*;
use crate::domain::market::{Aggressor, Body};
use crate::feeds::venues::candle::Witness;
use crate::feeds::venues::line::{Heard, Line};

/// One of each kind of frame.
pub(in crate::feeds::venues) const SAMPLES: &[&str] = &[
    r#"{"data":{"timestamp":"1643643584","microtimestamp":"1643643584684047","bids":[["38000.00","0.50000000"],["37999.00","0.00000000"]],"asks":[]},"channel":"diff_order_book_btcusd","event":"data"}"#,
    r#"{"data":{"timestamp":"1643643585","microtimestamp":"1643643585700001","bids":[["38000.00","0.5"]],"asks":[["38001.00","1"]]},"channel":"order_book_btceur","event":"data"}"#,
    r#"{"data":{"id":215998495,"timestamp":"1643643584","amount":0.02,"amount_str":"0.02000000","price":38001.5,"price_str":"38001.50","type":0,"microtimestamp":"1643643584684000","buy_order_id":1,"sell_order_id":2},"channel":"live_trades_btcusd","event":"trade"}"#,
    r#"{"event":"bts:subscription_succeeded","channel":"live_trades_btcusd","data":{}}"#,
    r#"{"timestamp":"1643643584","microtimestamp":"1643643584684050","bids":[["38000.00","1.0"]],"asks":[["38002.00","2.0"]]}"#,
    r#"[{"name":"BTC/USD","url_symbol":"btcusd","base_decimals":8,"counter_decimals":2,"minimum_order":"10.0 USD","trading":"Enabled"}]"#,
    r#"{"data":{"pair":"BTC/USD","ohlc":[{"timestamp":"1643643540","open":"1.0","high":"3","low":"0.5","close":"2","volume":"10.5"},{"timestamp":"1643643600","open":"2","high":"2","low":"2","close":"2","volume":"0"}]}}"#,
];

type Given = Vec<(Instrument, Event)>;

fn taken(adapter: &mut Bitstamp, frame: Frame<'_>) -> Result<Given, FrameError> {
    let mut out = Vec::new();
    adapter.take(frame, 7, &mut out).map(|()| out)
}

fn given(adapter: &mut Bitstamp, text: &str) -> Given {
    taken(adapter, Frame::Message(text)).unwrap()
}

fn change(micros: u64) -> String {
    SAMPLES[0].replace("1643643584684047", &micros.to_string())
}

#[test]
fn changes_since_a_snapshot_come_again_behind_it() {
    let mut bitstamp = Bitstamp::new();
    for micros in [10, 20, 30] {
        let told = given(&mut bitstamp, &change(micros));
        assert_eq!(told[0].0.as_str(), "BITSTAMP:btcusd");
        assert_eq!((told[0].1.seq, told[0].1.prev_seq), (Some(micros), None));
        assert_eq!(told[0].1.ts_event, micros as i64 * 1_000);
    }
    let body = &SAMPLES[4].replace("1643643584684050", "20");
    let url = Some("https://www.bitstamp.net/api/v2/order_book/btcusd/?group=1");
    let told = taken(&mut bitstamp, Frame::Response { url, body }).unwrap();

    let numbers: Vec<_> = told.iter().map(|(_, event)| event.seq).collect();
    assert_eq!(numbers, [Some(20), Some(30)]);
    assert!(matches!(told[0].1.body, Body::BookSnapshot { .. }));
    let unnamed = Frame::Response { url: None, body };
    assert_eq!(taken(&mut bitstamp, unnamed).unwrap().len(), 2, "of the only symbol");
    assert!(given(&mut bitstamp, &SAMPLES[1].replace("btceur", "btcusd")).is_empty());
}

#[test]
fn a_snapshot_from_before_the_first_change_heard_is_refused() {
    let mut bitstamp = Bitstamp::new();
    given(&mut bitstamp, &change(10));
    let body = |micros: u64| SAMPLES[4].replace("1643643584684050", &micros.to_string());
    let mut asked =
        |micros| taken(&mut bitstamp, Frame::Response { url: None, body: &body(micros) });

    assert!(matches!(asked(9), Err(FrameError::EarlySnapshot)));
    assert_eq!(asked(10).unwrap().len(), 1);
}

#[test]
fn a_snapshot_of_a_quiet_pair_is_from_after_its_subscription() {
    for (confirmed_ns, is_taken) in [(9_000, true), (9_001, false)] {
        let mut bitstamp = Bitstamp::new();
        let answer = r#"{"event":"bts:subscription_succeeded","channel":"diff_order_book_btcusd","data":{}}"#;
        let mut out = Vec::new();
        bitstamp.take(Frame::Message(answer), confirmed_ns, &mut out).unwrap();
        given(&mut bitstamp, &change(10));
        let body = SAMPLES[4].replace("1643643584684050", "9");
        let told = taken(&mut bitstamp, Frame::Response { url: None, body: &body });

        assert_eq!(told.is_ok_and(|told| told.len() == 2), is_taken, "{confirmed_ns}");
    }
}

#[test]
fn without_changes_the_best_levels_are_the_book() {
    let told = given(&mut Bitstamp::new(), SAMPLES[1]);

    assert_eq!(told[0].0.as_str(), "BITSTAMP:btceur");
    assert!(matches!(told[0].1.body, Body::BookSnapshot { .. }));
}

/// A side's orders: two of 0.5 at each price.
fn orders(count: usize) -> String {
    let order = |nth: usize| format!(r#"["{}.00","0.50","{nth}"]"#, 1_000 + nth / 2);
    (0..count).map(order).collect::<Vec<_>>().join(",")
}

fn levels(event: &Event) -> Vec<(String, String)> {
    let Body::BookSnapshot { bids, asks, .. } = &event.body else { panic!("{event:?}") };
    assert!(bids.is_empty());
    asks.iter().map(|(price, qty)| (price.to_string(), qty.to_string())).collect()
}

#[test]
fn orders_of_a_price_are_one_level_and_the_last_of_a_hundred_may_be_in_part() {
    let detail = |count| {
        let asks = orders(count);
        format!(
            r#"{{"data":{{"microtimestamp":"5","bids":[],"asks":[{asks}]}},"channel":"detail_order_book_btcusd","event":"data"}}"#
        )
    };
    let few = levels(&given(&mut Bitstamp::new(), &detail(3))[0].1);
    let wanted = [("1000.00", "1.0"), ("1001.00", "0.50")];
    assert_eq!(few, wanted.map(|(price, qty)| (price.to_owned(), qty.to_owned())));
    assert_eq!(levels(&given(&mut Bitstamp::new(), &detail(99))[0].1).len(), 50);
    assert_eq!(levels(&given(&mut Bitstamp::new(), &detail(100))[0].1).len(), 49);

    // REST gives all there are.
    let mut bitstamp = Bitstamp::new();
    given(&mut bitstamp, &change(10));
    let body = format!(r#"{{"microtimestamp":"20","bids":[],"asks":[{}]}}"#, orders(100));
    let told = taken(&mut bitstamp, Frame::Response { url: None, body: &body }).unwrap();
    assert_eq!(levels(&told[0].1).len(), 50);
    // Where changes are followed, the best orders say nothing new.
    assert!(given(&mut bitstamp, &detail(3)).is_empty());
}

#[test]
fn prints_keep_the_venues_decimals_and_tell_who_took() {
    let told = given(&mut Bitstamp::new(), SAMPLES[2]);
    let Body::Trade(trade) = &told[0].1.body else { panic!("{told:?}") };

    assert_eq!((trade.trade_id.as_str(), trade.aggressor), ("215998495", Some(Aggressor::Buy)));
    assert_eq!(
        (trade.price.to_string(), trade.qty.to_string()),
        ("38001.50".to_owned(), "0.02000000".to_owned())
    );
    assert_eq!(told[0].1.ts_event, 1_643_643_584_684_000_000);
    let told = given(&mut Bitstamp::new(), &SAMPLES[2].replace("\"type\":0", "\"type\":1"));
    let Body::Trade(trade) = &told[0].1.body else { panic!("{told:?}") };
    assert_eq!(trade.aggressor, Some(Aggressor::Sell));
}

#[test]
fn pairs_are_defined_by_their_decimals() {
    let response = Frame::Response { url: None, body: SAMPLES[5] };
    let told = taken(&mut Bitstamp::new(), response).unwrap();
    let Body::Instrument(definition) = &told[0].1.body else { panic!("{told:?}") };

    assert_eq!(told[0].0.as_str(), "BITSTAMP:btcusd");
    assert_eq!(
        (definition.tick_size.to_string(), definition.quote.as_deref()),
        ("0.01".to_owned(), Some("USD"))
    );
}

#[test]
fn what_carries_nothing_gives_nothing() {
    let mut bitstamp = Bitstamp::new();
    for text in [
        SAMPLES[3],
        r#"{"event":"bts:heartbeat","channel":"","data":{"status":"success"}}"#,
        r#"{"event":"bts:request_reconnect","channel":"","data":""}"#,
        r#"{"data":{"id":1,"id_str":"1","order_type":1,"amount":1.5,"price":2,"microtimestamp":"5"},"channel":"live_orders_btcusd","event":"order_created"}"#,
    ] {
        assert!(given(&mut bitstamp, text).is_empty(), "{text}");
    }
    let response = Frame::Response { url: None, body: SAMPLES[6] };
    assert!(taken(&mut bitstamp, response).unwrap().is_empty());
}

#[test]
fn a_bad_frame_is_refused_whole_and_harms_no_other() {
    let mut bitstamp = Bitstamp::new();
    for text in [
        String::new(),
        "5".to_owned(),
        "{}".to_owned(),
        SAMPLES[0].replace("0.50000000", "-0.5"),
        SAMPLES[0].replace("37999.00", "37,999"),
        SAMPLES[0].replace("1643643584684047", "soon"),
        SAMPLES[0].replace("1643643584684047", "18446744073709551615"),
        SAMPLES[0].replace(",\"asks\":[]", ""),
        SAMPLES[0].replace("book_btcusd", "book_btc usd"),
        SAMPLES[2].replace("\"type\":0", "\"type\":2"),
        SAMPLES[2].replace("0.02000000", "0.00000000"),
    ] {
        assert!(taken(&mut bitstamp, Frame::Message(&text)).is_err(), "{text}");
    }
    let text = r#"{"event":"bts:error","channel":"","data":{"code":null,"message":"Bad subscription string."}}"#;
    let refused = taken(&mut bitstamp, Frame::Message(text));
    assert!(matches!(refused, Err(FrameError::Venue(text)) if text == "Bad subscription string."));
    let body = r#"{"status":"error","reason":"Invalid currency pair.","code":"404"}"#;
    assert!(taken(&mut bitstamp, Frame::Response { url: None, body }).is_err());
    let unnamed = Frame::Response { url: None, body: SAMPLES[4] };
    assert!(matches!(taken(&mut bitstamp, unnamed), Err(FrameError::UnnamedSnapshot(0))));

    assert!(taken(&mut bitstamp, Frame::Lost).unwrap().is_empty(), "nothing was listed");
    assert_eq!(given(&mut bitstamp, SAMPLES[0]), given(&mut Bitstamp::new(), SAMPLES[0]));
}

#[test]
fn candles_are_read_from_rest() {
    let mut out = Vec::new();
    Ohlc.take(Frame::Response { url: None, body: SAMPLES[6] }, &mut out).unwrap();

    assert_eq!(out.len(), 2);
    assert_eq!((out[0].0.as_str(), out[0].1.length), ("BITSTAMP:btcusd", 60_000_000_000));
    assert_eq!(out[0].1.prices.map(|price| price.to_string()).join(" "), "1.0 3 0.5 2");
    assert_eq!([out[0].1.is_running, out[1].1.is_running], [false, true]);
    let url = Some("https://www.bitstamp.net/api/v2/ohlc/btcusd/?step=3600&limit=2");
    Ohlc.take(Frame::Response { url, body: SAMPLES[6] }, &mut out).unwrap();
    assert_eq!(out[3].1.length, 3_600_000_000_000);
}

#[test]
fn the_venues_notice_is_heard() {
    let notice = r#"{"event":"bts:request_reconnect","channel":"","data":""}"#;
    assert_eq!(Socket.hear(notice), Heard::Closing);
    assert_eq!(Socket.hear(SAMPLES[0]), Heard::Data);
    assert_eq!(
        Socket.snapshot_path("btcusd").as_deref(),
        Some("/api/v2/order_book/btcusd/?group=1")
    );
}
