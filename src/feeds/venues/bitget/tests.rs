//! Frames of Bitget, and the events and candles they say.

use super::*;
use crate::domain::market::{Aggressor, Body, Trade};
use crate::feeds::venues::candle::Witness;
use crate::feeds::venues::line::Line;

/// One of each kind of frame.
pub(in crate::feeds::venues) const SAMPLES: &[&str] = &[
    r#"{"action":"snapshot","arg":{"instType":"sp","channel":"books","instId":"BTCUSDT"},"data":[{"asks":[["27001.00","1.50"]],"bids":[["27000.00","2.71"]],"checksum":-1367582038,"ts":"1695716059516"}]}"#,
    r#"{"action":"update","arg":{"instType":"SPOT","channel":"books","instId":"BTCUSDT"},"data":[{"asks":[["27001.00","0"]],"bids":[],"checksum":0,"seq":124,"pseq":123,"ts":"1695716059616"}],"ts":1695716059618}"#,
    r#"{"action":"snapshot","arg":{"instType":"SPOT","channel":"books1","instId":"BTCUSDT"},"data":[{"asks":[["26274.9","0.0009"]],"bids":[["26274.8","0.0009"]],"checksum":0,"seq":123,"ts":"1695710946294"}],"ts":1695710946294}"#,
    r#"{"action":"update","arg":{"instType":"sp","channel":"trade","instId":"BTCUSDT"},"data":[["1632470889087","42158.48","0.0019","buy"],["1632470889087","42158.47","0.0200","sell"]]}"#,
    r#"{"action":"snapshot","arg":{"instType":"SPOT","channel":"trade","instId":"BTCUSDT"},"data":[{"ts":"1695709835822","price":"26293.4","size":"0.0013","side":"buy","tradeId":"1000000000"}],"ts":1695711090682}"#,
    r#"{"event":"subscribe","arg":{"instType":"SPOT","channel":"books","instId":"BTCUSDT"}}"#,
    r#"{"action":"snapshot","arg":{"instType":"usdt-futures","topic":"books","symbol":"BTCUSDT"},"data":[{"a":[["101","1"]],"b":[["100","2"]],"checksum":0,"pseq":0,"seq":"1343064377779269632","ts":"1755937421270"}],"ts":1755937421337}"#,
    r#"{"action":"update","arg":{"instType":"usdt-futures","topic":"books","symbol":"BTCUSDT"},"data":[{"a":[["101","0"]],"b":[],"seq":1343064377779269633,"pseq":1343064377779269632,"ts":"1755937421370","maxdepth":"1000"}],"ts":1755937421437}"#,
    r#"{"action":"snapshot","arg":{"instType":"usdt-futures","topic":"publicTrade","symbol":"BTCUSDT"},"data":[{"i":"1344534089797185549","L":"1344534089797185550","p":"110878.5","v":"0.07","S":"buy","T":"1756287827920"},{"i":"1344534089797185547","L":"1344534089797185548","p":"110878.4","v":"0.02","S":"sell","T":"1756287827919"}],"ts":1756287827930}"#,
];

fn taken(bitget: &mut Bitget, text: &str) -> Result<Vec<Event>, FrameError> {
    let mut out = Vec::new();
    bitget.take(Frame::Message(text), 7, &mut out)?;
    Ok(out.into_iter().map(|(_, event)| event).collect())
}

/// A whole book that `SAMPLES[1]` continues.
fn whole() -> String {
    SAMPLES[0].replace("\"sp\"", "\"SPOT\"").replace(r#""ts":"#, r#""seq":123,"ts":"#)
}

fn trades(bitget: &mut Bitget, text: &str) -> Vec<Trade> {
    let trade = |event: Event| match event.body {
        Body::Trade(trade) => *trade,
        body => panic!("{body:?}"),
    };
    taken(bitget, text).unwrap().into_iter().map(trade).collect()
}

fn ids(trades: &[Trade]) -> Vec<&str> {
    trades.iter().map(|trade| trade.trade_id.as_str()).collect()
}

#[test]
fn books_of_both_versions_are_taken_each_with_what_it_has() {
    let mut bitget = Bitget::new();
    let first = taken(&mut bitget, SAMPLES[0]).unwrap().remove(0);
    assert_eq!((first.seq, first.ts_event), (None, 1_695_716_059_516_000_000));
    let Body::BookSnapshot { bids, checksum, .. } = &first.body else { panic!("{first:?}") };
    assert_eq!(bids[0].0.to_string(), "27000.00");
    assert_eq!(checksum.unwrap().value, -1_367_582_038);

    let second = taken(&mut bitget, SAMPLES[1]).unwrap().remove(0);
    assert_eq!((second.seq, second.prev_seq), (Some(124), Some(123)));
    assert!(matches!(second.body, Body::BookDelta { checksum: None, .. }));
}

#[test]
fn numbers_that_begin_anew_lose_the_book() {
    let mut bitget = Bitget::new();
    for numbers in [r#""seq":124,"pseq":0"#, r#""seq":4,"pseq":123"#, r#""seq":"4","pseq":"0""#] {
        taken(&mut bitget, &SAMPLES[0].replace("\"sp\"", "\"SPOT\"")).unwrap();
        let text = SAMPLES[1].replace(r#""seq":124,"pseq":123"#, numbers);
        let lost = taken(&mut bitget, &text).unwrap().remove(0);
        assert_eq!((lost.seq, lost.prev_seq, lost.body), (None, None, Body::Disconnect));
    }
    let text = SAMPLES[1].replace(r#","pseq":123"#, "");
    let delta = taken(&mut bitget, &text).unwrap().remove(0);
    assert_eq!((delta.seq, delta.prev_seq), (Some(124), None), "before there was a pseq");
}

#[test]
fn of_several_book_channels_the_deepest_is_followed() {
    let mut bitget = Bitget::new();
    let whole = whole();
    let of = |channel: &str| whole.replace("\"books\"", &format!("\"{channel}\""));
    let count = |bitget: &mut Bitget, text: &str| taken(bitget, text).unwrap().len();
    for channel in ["books5", "books15", "books50"] {
        assert_eq!(count(&mut bitget, &of(channel)), 1, "{channel}");
        assert_eq!(count(&mut bitget, SAMPLES[1]), 0, "it continues another book");
    }
    assert_eq!([count(&mut bitget, &whole), count(&mut bitget, SAMPLES[1])], [1, 1]);
    assert_eq!(count(&mut bitget, &of("books50")), 0);
    assert_eq!(count(&mut bitget, SAMPLES[2]), 1, "the best bid and ask are no book");
    bitget.take(Frame::Connected, 7, &mut Vec::new()).unwrap();
    assert_eq!(count(&mut bitget, &of("books5")), 0);

    let left = SAMPLES[5].replace("subscribe", "unsubscribe");
    assert_eq!([count(&mut bitget, &left), count(&mut bitget, &of("books5"))], [0, 1]);
    assert_eq!(count(&mut bitget, &whole), 1);
    taken_lost(&mut bitget);
    assert_eq!(count(&mut bitget, &of("books5")), 1);
}

#[test]
fn a_book_channel_that_fell_silent_or_was_left_keeps_no_other_away() {
    let mut bitget = Bitget::new();
    let whole = whole();
    let five = |ts: &str| whole.replace("\"books\"", "\"books5\"").replace("1695716059516", ts);
    let mut count = |text: &str| taken(&mut bitget, text).unwrap().len();
    assert_eq!([count(&whole), count(&five("1695716066000"))], [1, 0]);
    assert_eq!([count(&five("1695716126000")), count(&five("1695716126001"))], [0, 1]);
    assert_eq!([count(SAMPLES[1]), count(&whole)], [0, 1]);

    let left = SAMPLES[5].replace("subscribe", "unsubscribe");
    assert_eq!(count(&left), 0, "its snapshot may follow");
    assert_eq!([count(&whole), count(SAMPLES[1]), count(&left)], [1, 1, 0]);
    let given =
        taken(&mut bitget, &SAMPLES[1].replace("123", "125").replace("124", "126")).unwrap();
    assert_eq!((&given[0].body, given.len()), (&Body::Disconnect, 2));
}

#[test]
fn the_best_levels_are_the_book_while_the_changes_have_a_gap() {
    let mut bitget = Bitget::new();
    let five = whole().replace("\"books\"", "\"books5\"");
    let later = SAMPLES[1].replace("123", "125").replace("124", "126");
    let mut count = |text: &str| taken(&mut bitget, text).unwrap().len();
    assert_eq!([count(&whole()), count(SAMPLES[1]), count(&five)], [1, 1, 0]);
    assert_eq!([count(&later), count(&five), count(&later)], [1, 1, 0]);
    assert_eq!([count(&whole()), count(&five)], [1, 0]);
}

#[test]
fn another_connection_goes_on_with_a_book_that_one_left() {
    let mut bitget = Bitget::new();
    let left = SAMPLES[5].replace("subscribe", "unsubscribe");
    let mut count = |text: &str| taken(&mut bitget, text).unwrap().len();
    let told = [&whole(), SAMPLES[1], &whole(), SAMPLES[1], &left].map(&mut count);
    assert_eq!(told, [1, 1, 0, 1, 0], "a late snapshot does not set the book back");
    let next = SAMPLES[1].replace("124", "125").replace("123", "124");
    assert!(matches!(
        taken(&mut bitget, &next).unwrap()[..],
        [Event { body: Body::BookDelta { .. }, .. }]
    ));
}

#[test]
fn v3_says_the_same_by_other_names() {
    let mut bitget = Bitget::new();
    let mut out = Vec::new();
    for text in &SAMPLES[6..9] {
        bitget.take(Frame::Message(text), 7, &mut out).unwrap();
    }
    assert!(out.iter().all(|(of, _)| of.as_str() == "BITGET:BTCUSDT_UMCBL"));
    let events: Vec<_> = out.into_iter().map(|(_, event)| event).collect();
    let seq = 1_343_064_377_779_269_632;
    assert_eq!((events[0].seq, events[0].prev_seq), (Some(seq), None));
    assert!(matches!(events[0].body, Body::BookSnapshot { checksum: None, .. }));
    assert_eq!((events[1].seq, events[1].prev_seq), (Some(seq + 1), Some(seq)));
    let Body::BookDelta { asks, .. } = &events[1].body else { panic!("{:?}", events[1]) };
    assert_eq!((asks.len(), events[1].ts_event), (1, 1_755_937_421_370_000_000));
    let Body::Trade(last) = &events[3].body else { panic!("{:?}", events[3]) };
    assert_eq!(
        (last.trade_id.as_str(), last.price.to_string().as_str(), last.aggressor),
        ("1344534089797185549", "110878.5", Some(Aggressor::Buy)),
        "the newest stands first in the message"
    );
    let quote = SAMPLES[6].replace("\"books\"", "\"books1\"");
    assert!(matches!(taken(&mut bitget, &quote).unwrap()[0].body, Body::Quote { .. }));

    out = Vec::new();
    let text = SAMPLES[6].replace("usdt-futures", "coin-futures").replace("BTCUSDT", "BTCUSD_CM");
    bitget.take(Frame::Message(&text), 7, &mut out).unwrap();
    assert_eq!(out[0].0.as_str(), "BITGET:BTCUSD_DMCBL");
    let refused = taken(&mut bitget, &SAMPLES[8].replace("0.02", "0"));
    assert!(matches!(refused, Err(FrameError::Value("quantity"))));
}

#[test]
fn trades_come_oldest_first_and_are_numbered_within_their_time() {
    let mut bitget = Bitget::new();
    let given = trades(&mut bitget, SAMPLES[3]);

    assert_eq!(ids(&given), ["~1632470889087000000.0", "~1632470889087000000.1"]);
    assert_eq!(given[0].aggressor, Some(Aggressor::Sell));
    assert_eq!(
        (given[1].qty.to_string().as_str(), given[1].aggressor),
        ("0.0019", Some(Aggressor::Buy))
    );
    let given = trades(&mut bitget, SAMPLES[4]);
    assert_eq!(ids(&given), ["1000000000"]);
}

#[test]
fn history_told_again_has_the_ids_it_had() {
    let mut bitget = Bitget::new();
    let history = SAMPLES[3].replace("update", "snapshot");
    let first = trades(&mut bitget, &history);
    let lived = trades(&mut bitget, SAMPLES[3]);
    taken_lost(&mut bitget);

    assert_eq!(ids(&trades(&mut bitget, &history)), ids(&first));
    assert_eq!(ids(&lived), ["~1632470889087000000.2", "~1632470889087000000.3"]);
    let next = trades(&mut bitget, SAMPLES[3]);
    assert_eq!(ids(&next), ["~1632470889087000000.4", "~1632470889087000000.5"]);
}

fn taken_lost(bitget: &mut Bitget) {
    let mut out = Vec::new();
    bitget.take(Frame::Lost, 7, &mut out).unwrap();
    assert_eq!((out.len(), &out[0].1.body), (1, &Body::Disconnect));
}

#[test]
fn a_book_of_one_level_is_a_quote() {
    let quote = taken(&mut Bitget::new(), SAMPLES[2]).unwrap().remove(0);

    let Body::Quote { bid, ask } = quote.body else { panic!("{quote:?}") };
    assert_eq!(
        (bid.unwrap().0.to_string(), ask.unwrap().1.to_string()),
        ("26274.8".into(), "0.0009".into())
    );
    assert_eq!((quote.seq, quote.prev_seq), (Some(123), None));
}

#[test]
fn products_that_share_a_symbol_are_instruments_of_their_own() {
    let mut bitget = Bitget::new();
    let mut line = Socket;
    let frames = [
        (SAMPLES[4].to_owned(), "BTCUSDT", "SPOT"),
        (SAMPLES[4].replace("SPOT", "USDT-FUTURES"), "BTCUSDT_UMCBL", "USDT-FUTURES"),
        (SAMPLES[3].replace("\"sp\"", "\"mc\""), "BTCUSDT_UMCBL", "USDT-FUTURES"),
        (
            SAMPLES[3].replace("\"sp\"", "\"MC\"").replace("BTCUSDT", "BTCUSD"),
            "BTCUSD_DMCBL",
            "COIN-FUTURES",
        ),
        (SAMPLES[4].replace("SPOT", "COIN-FUTURES"), "BTCUSDT_DMCBL", "COIN-FUTURES"),
        (
            SAMPLES[3].replace("\"sp\"", "\"mc\"").replace("BTCUSDT", "BTCPERP"),
            "BTCPERP_CMCBL",
            "USDC-FUTURES",
        ),
    ];
    for (text, symbol, product) in frames {
        let mut out = Vec::new();
        bitget.take(Frame::Message(&text), 7, &mut out).unwrap();
        assert_eq!(out[0].0.as_str(), format!("BITGET:{symbol}"), "{text}");

        let said = line.subscribe(&[symbol.to_owned()]).remove(0);
        let id = symbol.split('_').next().unwrap();
        assert!(said.contains(&format!(r#""instType":"{product}""#)), "{said}");
        assert!(said.contains(&format!(r#""instId":"{id}""#)), "{said}");
    }
}

#[test]
fn what_carries_nothing_gives_nothing() {
    let mut bitget = Bitget::new();
    for text in [
        "pong",
        SAMPLES[5],
        &SAMPLES[1].replace("SPOT", "SUSDT-FUTURES"),
        r#"{"action":"snapshot","arg":{"instType":"sp","channel":"ticker","instId":"A"},"data":[{"bids":5}]}"#,
        r#"{"action":"update","arg":{"instType":"sp","channel":"candle1m","instId":"A"},"data":[["1","2"]]}"#,
    ] {
        assert_eq!(taken(&mut bitget, text).unwrap(), [], "{text}");
    }
}

#[test]
fn a_bad_frame_is_refused_whole_and_harms_no_other() {
    let mut bitget = Bitget::new();
    for text in [
        "",
        "{}",
        "[]",
        &SAMPLES[0].replace("2.71", "2.7.1"),
        &SAMPLES[0].replace("2.71", "-2.71"),
        &SAMPLES[0].replace("snapshot", "partial"),
        &SAMPLES[0].replace("1695716059516", "soon"),
        &SAMPLES[1].replace("124", "-124"),
        &SAMPLES[3].replace("0.0200", "0"),
        &SAMPLES[3].replace("sell", "none"),
        &SAMPLES[3].replace("BTCUSDT", "BTC USDT"),
        &SAMPLES[3].replace(r#","0.0200","sell""#, ""),
        &SAMPLES[4].replace("price", "cost"),
    ] {
        assert!(taken(&mut bitget, text).is_err(), "{text}");
    }
    let refused = taken(&mut bitget, r#"{"event":"error","code":30001,"msg":"no channel"}"#);
    assert!(matches!(refused, Err(FrameError::Venue(text)) if text == "30001 no channel"));
    let given = trades(&mut bitget, SAMPLES[3]);
    assert_eq!(ids(&given), ["~1632470889087000000.0", "~1632470889087000000.1"]);
}

#[test]
fn the_latest_candle_is_running_until_another_begins() {
    let frame = |rows: &str| {
        format!(
            r#"{{"action":"update","arg":{{"instType":"sp","channel":"candle1m","instId":"A"}},"data":[{rows}]}}"#
        )
    };
    let row = |start: &str| format!(r#"["{start}","1","3","0.5","2","10.5"]"#);
    let mut candles = Candles::default();
    let mut out = Vec::new();
    let history = frame(&format!("{},{}", row("60000"), row("120000")));
    for text in [history, frame(&row("180000")), frame(&row("120000"))] {
        candles.take(Frame::Message(&text), &mut out).unwrap();
    }

    let told: Vec<_> =
        out.iter().map(|(_, candle)| (candle.start / 60_000_000_000, candle.is_running)).collect();
    assert_eq!(told, [(1, false), (2, true), (3, true), (2, false)]);
    assert_eq!(out[0].1.prices[2].to_string(), "0.5");
}

#[test]
fn candles_of_v3_are_objects() {
    let text = r#"{"action":"snapshot","arg":{"instType":"usdt-futures","topic":"kline","symbol":"BTCUSDT","interval":"1m"},"data":[{"start":"1755564480000","open":"116286","close":"116256.2","high":"116310.2","low":"116232.8","volume":"39.7062","turnover":"5"}],"ts":5}"#;
    let mut candles = Candles::default();
    let mut out = Vec::new();
    candles.take(Frame::Message(text), &mut out).unwrap();
    let (instrument, candle) = &out[0];
    assert_eq!((instrument.as_str(), candle.length), ("BITGET:BTCUSDT_UMCBL", 60_000_000_000));
    let prices = candle.prices.map(|price| price.to_string());
    assert_eq!(prices, ["116286", "116310.2", "116232.8", "116256.2"]);
    assert!(candle.is_running && candle.volume.to_string() == "39.7062");
    for text in [text.replace("1m", "7m"), text.replace("usdt", "susdt")] {
        candles.take(Frame::Message(&text), &mut out).unwrap();
    }
    assert_eq!(out.len(), 1);
    assert!(candles.take(Frame::Message(&text.replace("open", "begin")), &mut out).is_err());
}
