//! Frames of OKX, and the events they say.

use super::*;
use crate::domain::market::{Aggressor, Body};

/// One of each kind of frame.
pub(in crate::feeds::venues) const SAMPLES: &[&str] = &[
    r#"{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"snapshot","data":[{"asks":[["41006.8","0.6","0","1"]],"bids":[["41006.3","0.30","0","2"]],"ts":"1629966436396","checksum":-855196043,"prevSeqId":-1,"seqId":123456}]}"#,
    r#"{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"update","data":[{"asks":[["41006.8","0","0","0"]],"bids":[],"ts":"1629966436496","checksum":0,"prevSeqId":123456,"seqId":123460}]}"#,
    r#"{"arg":{"channel":"books5","instId":"BTC-USDT"},"data":[{"asks":[["41006.8","0.6","0","1"]],"bids":[["41006.3","0.3","0","2"]],"instId":"BTC-USDT","ts":"1629966436396","seqId":123456}]}"#,
    r#"{"arg":{"channel":"bbo-tbt","instId":"BTC-USDT"},"data":[{"asks":[["41006.8","0.6","0","1"]],"bids":[["41006.3","0.3","0","2"]],"ts":"1629966436396","seqId":123456}]}"#,
    r#"{"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT","tradeId":"130639474","px":"42219.9","sz":"0.12060306","side":"buy","ts":"1630048897897","count":"3"}]}"#,
    r#"{"event":"subscribe","arg":{"channel":"books","instId":"BTC-USDT"},"connId":"a4d3ae55"}"#,
];

fn taken(okx: &mut Okx, text: &str) -> Result<Vec<Event>, FrameError> {
    let mut out = Vec::new();
    okx.take(Frame::Message(text), 7, &mut out)?;
    Ok(out.into_iter().map(|(_, event)| event).collect())
}

fn update(prev: i64, seq: i64) -> String {
    SAMPLES[1].replace("123456", &prev.to_string()).replace("123460", &seq.to_string())
}

#[test]
fn a_book_is_numbered_and_its_checksum_is_taken_unless_it_is_zero() {
    let mut okx = Okx::new("OKX");
    let snapshot = taken(&mut okx, SAMPLES[0]).unwrap().remove(0);
    assert_eq!((snapshot.seq, snapshot.prev_seq), (Some(123_456), None));
    assert_eq!((snapshot.ts_event, snapshot.ts_recv), (1_629_966_436_396_000_000, Some(7)));
    let Body::BookSnapshot { bids, checksum, .. } = &snapshot.body else { panic!("{snapshot:?}") };
    assert_eq!((bids[0].1.to_string().as_str(), checksum.unwrap().value), ("0.30", -855_196_043));

    let delta = taken(&mut okx, SAMPLES[1]).unwrap().remove(0);
    assert_eq!((delta.seq, delta.prev_seq), (Some(123_460), Some(123_456)));
    let Body::BookDelta { checksum: None, .. } = &delta.body else { panic!("{delta:?}") };
}

#[test]
fn a_frame_of_before_the_numbers_has_none() {
    let text = SAMPLES[1].replace(r#","prevSeqId":123456,"seqId":123460"#, "");
    let delta = taken(&mut Okx::new("OKX"), &text).unwrap().remove(0);

    assert_eq!((delta.seq, delta.prev_seq), (None, None));
    assert!(matches!(delta.body, Body::BookDelta { .. }));
}

#[test]
fn numbers_that_begin_anew_lose_the_book() {
    let mut okx = Okx::new("OKX");
    taken(&mut okx, SAMPLES[0]).unwrap();

    let given = [update(123_456, 123_456), update(123_456, 3), update(3, 5)]
        .map(|text| taken(&mut okx, &text).unwrap().remove(0));
    assert_eq!(given[0].seq, Some(123_456), "nothing changed for a minute");
    assert_eq!(given[1].body, Body::Disconnect);
    assert_eq!((given[2].seq, given[2].prev_seq), (Some(5), Some(3)));
}

#[test]
fn trades_say_for_how_many_fills_they_stand_and_who_took() {
    let mut okx = Okx::new("OKX");
    let Body::Trade(trade) = taken(&mut okx, SAMPLES[4]).unwrap().remove(0).body else {
        panic!("no trade")
    };
    assert_eq!((trade.trade_id.as_str(), trade.count), ("130639474", 3));
    assert_eq!(
        (trade.qty.to_string().as_str(), trade.aggressor),
        ("0.12060306", Some(Aggressor::Buy))
    );
    let text = SAMPLES[4].replace(r#","count":"3""#, "").replace("buy", "sell");
    let Body::Trade(trade) = taken(&mut okx, &text).unwrap().remove(0).body else {
        panic!("no trade")
    };
    assert_eq!((trade.count, trade.aggressor), (1, Some(Aggressor::Sell)));
}

#[test]
fn a_best_bid_and_ask_is_a_quote_and_an_empty_side_is_none() {
    let text = SAMPLES[3].replace(r#"[["41006.8","0.6","0","1"]]"#, "[]");
    let quote = taken(&mut Okx::new("OKX"), &text).unwrap().remove(0);

    let Body::Quote { bid, ask: None } = quote.body else { panic!("{quote:?}") };
    assert_eq!((bid.unwrap().0.to_string().as_str(), quote.seq), ("41006.3", Some(123_456)));
}

#[test]
fn what_carries_nothing_gives_nothing() {
    let mut okx = Okx::new("OKX");
    for text in [
        "pong",
        SAMPLES[5],
        r#"{"arg":{"channel":"tickers","instId":"A"},"data":[{"bidPx":"1","bids":5}]}"#,
        r#"{"data":[["1","2"],7],"arg":{"channel":"candle1m","instId":"A"}}"#,
        r#"{"event":"notice","code":"64008","msg":"The connection will soon be closed"}"#,
        r#"{"event":"channel-conn-count","channel":"books","connCount":"1"}"#,
    ] {
        assert_eq!(taken(&mut okx, text).unwrap(), [], "{text}");
    }
}

#[test]
fn a_bad_frame_is_refused_whole_and_harms_no_other() {
    let mut okx = Okx::new("OKX");
    for text in [
        "",
        "hello",
        "[]",
        "{}",
        &SAMPLES[0].replace("0.30", "0.3.0"),
        &SAMPLES[0].replace("0.30", "-0.3"),
        &SAMPLES[0].replace("41006.3", "1e5"),
        &SAMPLES[0].replace("snapshot", "partial"),
        &SAMPLES[0].replace("BTC-USDT", "BTC USDT"),
        &SAMPLES[0].replace("123456", "-123456"),
        &SAMPLES[0].replace("1629966436396", "99999999999999999999"),
        &SAMPLES[4].replace("buy", "none"),
        &SAMPLES[4].replace("0.12060306", "0"),
        &SAMPLES[4].replace("\"3\"", "\"0\""),
        &SAMPLES[4].replace("130639474", ""),
        r#"{"arg":{"channel":"trades","instId":"A"},"data":[["1","2"]]}"#,
    ] {
        assert!(taken(&mut okx, text).is_err(), "{text}");
    }
    let text = r#"{"event":"error","code":"60012","msg":"Invalid request","connId":"a4d3ae55"}"#;
    let refused = taken(&mut okx, text);
    assert!(matches!(refused, Err(FrameError::Venue(text)) if text == "60012 Invalid request"));

    let mut out = Vec::new();
    okx.take(Frame::Lost, 7, &mut out).unwrap();
    assert!(out.is_empty(), "a refused frame lists nothing");
    taken(&mut okx, SAMPLES[0]).unwrap();
    okx.take(Frame::Lost, 7, &mut out).unwrap();
    assert_eq!((out.len(), &out[0].1.body), (1, &Body::Disconnect));
}

#[test]
fn one_protocol_has_two_names() {
    for (venue, name) in [(OKX, "OKX:BTC-USDT"), (OKCOIN, "OKCOIN:BTC-USDT")] {
        let mut out = Vec::new();
        (venue.adapter)().take(Frame::Message(SAMPLES[4]), 7, &mut out).unwrap();
        assert_eq!(out[0].0.as_str(), name);
        let mut line = (venue.line)();
        let base = line.terms().socket_url;
        assert_eq!(line.socket_url(base), base);
        assert!(line.subscribe(&["BTC-USDT".to_owned()])[0].contains("bbo-tbt"));
    }
}
