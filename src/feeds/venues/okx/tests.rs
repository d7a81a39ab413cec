//! Frames of OKX, and the events they say.

mod followed;

use super::*;
use crate::domain::market::Aggressor;
use crate::feeds::venues::candle::Witness;

/// One of each kind of frame.
pub(in crate::feeds::venues) const SAMPLES: &[&str] = &[
    r#"{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"snapshot","data":[{"asks":[["41006.8","0.6","0","1"]],"bids":[["41006.3","0.30","0","2"]],"ts":"1629966436396","checksum":-855196043,"prevSeqId":-1,"seqId":123456}]}"#,
    r#"{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"update","data":[{"asks":[["41006.8","0","0","0"]],"bids":[],"ts":"1629966436496","checksum":0,"prevSeqId":123456,"seqId":123460}]}"#,
    r#"{"arg":{"channel":"books5","instId":"BTC-USDT"},"data":[{"asks":[["41006.8","0.6","0","1"]],"bids":[["41006.3","0.3","0","2"]],"instId":"BTC-USDT","ts":"1629966436396","seqId":123456}]}"#,
    r#"{"arg":{"channel":"bbo-tbt","instId":"BTC-USDT"},"data":[{"asks":[["41006.8","0.6","0","1"]],"bids":[["41006.3","0.3","0","2"]],"ts":"1629966436396","seqId":123456}]}"#,
    r#"{"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT","tradeId":"130639474","px":"42219.9","sz":"0.12060306","side":"buy","ts":"1630048897897","count":"3"}]}"#,
    r#"{"event":"subscribe","arg":{"channel":"books","instId":"BTC-USDT"},"connId":"a4d3ae55"}"#,
    r#"{"table":"spot/depth_l2_tbt","action":"partial","data":[{"instrument_id":"BTC-USD","asks":[["3978.73","0.5","0","1"]],"bids":[["3977.08","0.25",1]],"timestamp":"2019-03-22T22:45:44.578Z","checksum":-812614685}]}"#,
    r#"{"table":"spot/depth_l2_tbt","action":"update","data":[{"instrument_id":"BTC-USD","asks":[],"bids":[["3977.08","0.30","0","1"]],"timestamp":"2019-03-22T22:45:44.678Z","checksum":1336945030}]}"#,
    r#"{"table":"swap/depth5","data":[{"asks":[["5621.7","58"]],"bids":[["5621.3","287"]],"instrument_id":"BTC-USD-SWAP","timestamp":"2019-05-06T07:19:39.348Z"}]}"#,
    r#"{"table":"option/trade","data":[{"instrument_id":"BTC-USD-190927-12500-C","trade_id":"227897880202387456","price":"0.017","side":"buy","qty":"2","timestamp":"2019-05-06T06:51:24.389Z"},{"instrument_id":"BTC-USD-190927-12600-C","trade_id":"227897880202387457","price":"0.019","side":"sell","qty":"1","timestamp":"2019-05-06T06:51:24.392Z"}]}"#,
    r#"{"event":"subscribe","channel":"spot/depth:BTC-USD"}"#,
    r#"{"code":"0","msg":"","data":[{"instId":"BTC-USDT","side":"sell","sz":"0.001","px":"162.12","tradeId":"7","ts":"1700000000200"},{"instId":"BTC-USDT","side":"buy","sz":"0.002","px":"162.13","tradeId":"6","ts":"1700000000100"}]}"#,
    r#"{"code":"0","msg":"","data":[{"asks":[["41006.8","0.60038921","0","1"]],"bids":[["41006.3","0.30178218","0","2"]],"ts":"1629966436396","seqId":3235851742}]}"#,
];

fn taken(okx: &mut Okx, text: &str) -> Result<Vec<Event>, FrameError> {
    let mut out = Vec::new();
    okx.take(Frame::Message(text), 7, &mut out)?;
    Ok(out.into_iter().map(|(_, event)| event).collect())
}

fn answered(okx: &mut Okx, url: Option<&str>, body: &str) -> Result<Vec<Event>, FrameError> {
    let mut out = Vec::new();
    okx.take(Frame::Response { url, body }, 7, &mut out)?;
    Ok(out.into_iter().map(|(_, event)| event).collect())
}

fn ids(events: &[Event]) -> Vec<Option<&str>> {
    events.iter().map(trade_id).collect()
}

fn trade_id(event: &Event) -> Option<&str> {
    match &event.body {
        Body::Trade(trade) => Some(trade.trade_id.as_str()),
        _ => None,
    }
}

fn update(prev: i64, seq: i64) -> String {
    SAMPLES[1].replace("123460", &seq.to_string()).replace("123456", &prev.to_string())
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
fn numbers_in_quotes_are_the_same_numbers() {
    let mut okx = Okx::new("OKX");
    let bare = taken(&mut okx, SAMPLES[0]).unwrap();
    let quoted = SAMPLES[0]
        .replace("-855196043", r#""-855196043""#)
        .replace(":-1,", r#":"-1","#)
        .replace("123456", r#""123456""#);
    assert_ne!(quoted, SAMPLES[0]);
    assert_eq!(taken(&mut okx, &quoted).unwrap(), bare);
}

#[test]
fn a_book_of_v3_is_a_snapshot_and_its_changes_without_numbers() {
    let mut okx = Okx::new("OKCOIN");
    let snapshot = taken(&mut okx, SAMPLES[6]).unwrap().remove(0);
    assert_eq!((snapshot.seq, snapshot.ts_event), (None, 1_553_294_744_578_000_000));
    let Body::BookSnapshot { bids, checksum, .. } = &snapshot.body else { panic!("{snapshot:?}") };
    assert_eq!((bids[0].1.to_string().as_str(), checksum.unwrap().value), ("0.25", -812_614_685));

    let delta = taken(&mut okx, SAMPLES[7]).unwrap().remove(0);
    let Body::BookDelta { checksum: Some(checksum), .. } = delta.body else { panic!("{delta:?}") };
    assert_eq!((delta.seq, delta.prev_seq, checksum.value), (None, None, 1_336_945_030));
    let shallow = SAMPLES[8].replace("swap", "spot").replace("BTC-USD-SWAP", "BTC-USD");
    assert_eq!(taken(&mut okx, &shallow).unwrap(), [], "the deeper book is followed");
    let shallow = taken(&mut okx, SAMPLES[8]).unwrap().remove(0);
    assert!(matches!(shallow.body, Body::BookSnapshot { checksum: None, .. }));

    let left = SAMPLES[10].replace("subscribe", "unsubscribe").replace("depth", "depth_l2_tbt");
    taken(&mut okx, &left).unwrap();
    let shallow = SAMPLES[8].replace("swap", "spot").replace("BTC-USD-SWAP", "BTC-USD");
    assert_eq!(taken(&mut okx, &shallow).unwrap().len(), 1);
}

#[test]
fn trades_of_v3_name_their_instruments_and_keep_their_order() {
    let mut out = Vec::new();
    Okx::new("OKX").take(Frame::Message(SAMPLES[9]), 7, &mut out).unwrap();
    let told: Vec<_> = out.iter().map(|(of, event)| (of.as_str(), trade_id(event))).collect();
    assert_eq!(
        told,
        [
            ("OKX:BTC-USD-190927-12500-C", Some("227897880202387456")),
            ("OKX:BTC-USD-190927-12600-C", Some("227897880202387457")),
        ]
    );
    let Body::Trade(trade) = &out[1].1.body else { panic!("no trade") };
    assert_eq!((trade.qty.to_string().as_str(), trade.aggressor), ("1", Some(Aggressor::Sell)));

    let spot = SAMPLES[9].replace("qty", "size").replace("option", "spot");
    assert_eq!(taken(&mut Okx::new("OKX"), &spot).unwrap().len(), 2);
}

#[test]
fn a_bad_frame_of_v3_is_refused_whole() {
    let mut okx = Okx::new("OKX");
    for text in [
        &SAMPLES[6].replace("partial", "whole"),
        &SAMPLES[6].replace("2019-03-22T", ""),
        &SAMPLES[6].replace("spot/", ""),
        &SAMPLES[9].replace("instrument_id", "symbol"),
        &SAMPLES[9].replace("12600-C", "126 00"),
        &SAMPLES[9].replace("0.019", "0.0.19"),
    ] {
        assert!(taken(&mut okx, text).is_err(), "{text}");
    }
    let text = r#"{"event":"error","message":"Channel spot/x doesn't exist","errorCode":30040}"#;
    let refused = taken(&mut okx, text);
    assert!(matches!(refused, Err(FrameError::Venue(text)) if text.starts_with("30040 Channel")));
    for text in [
        SAMPLES[10],
        r#"{"table":"spot/ticker","data":[{"instrument_id":"BTC-USD","best_bid":"3977.08"}]}"#,
        r#"{"table":"spot/candle60s","data":[{"candle":[5],"instrument_id":"BTC-USD"}]}"#,
    ] {
        assert_eq!(taken(&mut okx, text).unwrap(), [], "{text}");
    }
    let mut out = Vec::new();
    okx.take(Frame::Lost, 7, &mut out).unwrap();
    assert!(out.is_empty(), "a refused frame lists nothing");
}

#[test]
fn answers_of_rest_tell_trades_oldest_first_and_name_their_instruments() {
    let urls = ["trades?instId=BTC-USDT&limit=500", "history-trades?instId=BTC-USDT"]
        .map(|end| format!("https://www.okx.com/api/v5/market/{end}"));
    for url in [None, Some(urls[0].as_str()), Some(urls[1].as_str())] {
        let told = answered(&mut Okx::new("OKX"), url, SAMPLES[11]).unwrap();
        assert_eq!(ids(&told), [Some("6"), Some("7")], "{url:?}");
    }
    let mut okx = Okx::new("OKX");
    answered(&mut okx, None, SAMPLES[11]).unwrap();
    assert_eq!(taken(&mut okx, SAMPLES[4]).unwrap().len(), 1, "an answer keeps no channel away");
    assert_eq!(answered(&mut okx, None, SAMPLES[11]).unwrap(), [], "which has its fills already");

    let url = Some("https://www.okx.com/api/v5/market/trades?instId=A");
    let refused = answered(&mut okx, url, r#"{"code":"51001","msg":"no such","data":[]}"#);
    assert!(matches!(refused, Err(FrameError::Venue(text)) if text == "51001 no such"));
    assert!(answered(&mut okx, url, "[]").is_err());
    let other = Some("https://www.okx.com/api/v5/market/tickers?instType=SPOT");
    assert_eq!(answered(&mut okx, other, r#"{"code":"0","data":[{"px":5}]}"#).unwrap(), []);
}

#[test]
fn a_book_of_rest_is_taken_where_the_url_names_its_instrument() {
    let named = Some("https://www.okx.com/api/v5/market/books?sz=400&instId=BTC-USDT");
    let mut okx = Okx::new("OKX");
    for url in [None, Some("https://www.okx.com/api/v5/market/books")] {
        assert_eq!(answered(&mut okx, url, SAMPLES[12]).unwrap(), []);
    }
    let book = answered(&mut okx, named, SAMPLES[12]).unwrap().remove(0);
    assert!(matches!(book.body, Body::BookSnapshot { checksum: None, .. }));
    assert_eq!(book.seq, Some(3_235_851_742));
    assert_eq!(answered(&mut okx, named, SAMPLES[12]).unwrap().len(), 1);
    assert_eq!(taken(&mut okx, SAMPLES[0]).unwrap().len(), 1);
    assert_eq!(answered(&mut okx, named, SAMPLES[12]).unwrap(), [], "the channel tells it");
}

#[test]
fn a_candle_that_does_not_say_whether_it_is_closed_runs_until_another_begins() {
    let v5 = |start: i64, end: &str| {
        format!(
            r#"{{"arg":{{"channel":"candle1m","instId":"A"}},"data":[["{start}","1","3","0.5","2","10.5","21"{end}]]}}"#
        )
    };
    let v3 = |at: &str| {
        format!(
            r#"{{"table":"spot/candle60s","data":[{{"candle":["2019-04-16T{at}:00.000Z","1","3","0.5","2","10.5"],"instrument_id":"A"}}]}}"#
        )
    };
    let mut told = Vec::new();
    for (first, second) in [
        (v5(60_000, ""), v5(120_000, "")),
        (v5(60_000, r#","21","0""#), v5(120_000, r#","21","1""#)),
        (v3("10:49"), v3("10:50")),
    ] {
        let mut candles = Candles::new("OKX");
        let mut out = Vec::new();
        for text in [&first, &second, &first] {
            candles.take(Frame::Message(text), &mut out).unwrap();
        }
        assert_eq!(out[0].0.as_str(), "OKX:A");
        assert_eq!((out[0].1.length, out[0].1.volume.to_string()), (60_000_000_000, "10.5".into()));
        told.push([0, 1, 2].map(|nth| out[nth].1.is_running));
    }
    assert_eq!(told, [[true, true, false], [true, false, true], [true, true, false]]);
    let mut out = Vec::new();
    let day = v3("16:00").replace("60s", "86400s");
    Candles::new("OKX").take(Frame::Message(&day), &mut out).unwrap();
    assert!(out.is_empty(), "its day is not that of UTC");
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
