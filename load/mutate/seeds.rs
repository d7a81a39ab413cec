//! What is changed: recorded frames, and texts written by hand where nothing is recorded.

use std::path::PathBuf;

use anyhow::ensure;
use serde::{Serialize, Serializer};
use serde_json::Value;
use tickwire::domain::market::Instrument;
use tickwire::feeds::capture::{self, Captured};
use tickwire::feeds::venues::{Frame, Venue};
use tickwire::wire::record;

/// What clients say over the WebSocket.
const COMMANDS: [&str; 5] = [
    r#"{"op":"subscribe","id":1,"channel":"quote","instruments":["SIM:ACME"],"tick_ms":50,"resume":{"SIM:ACME":{"epoch":"a.0","seq":41}}}"#,
    r#"{"op":"unsubscribe","id":2,"channel":"book.25","instruments":["SIM:ACME","SIM:B"]}"#,
    r#"{"op":"auth","id":3,"token":"t"}"#,
    r#"[{"op":"ping","id":4},{"op":"subscribe","id":"x","channel":"bars.1m","instruments":["SIM:ACME"]}]"#,
    r#"{"op":"subscribe","id":5,"channel":"trade","instruments":["SIM:ACME"]}"#,
];

/// Records of each type.
const RECORDS: [&str; 14] = [
    r#"{"type":"trade","instrument":"SIM:ACME","ts_event":1700000000000000000,"trade_id":"1","price":"101.25","qty":"3","aggressor":"buy","count":2,"conditions":["a"]}"#,
    r#"{"type":"trade","instrument":"SIM:ACME","ts_event":1700000000000000000,"ts_recv":1700000000000000009,"trade_id":"2","price":101.5,"qty":3,"aggressor":null}"#,
    r#"{"type":"trade_cancel","instrument":"SIM:ACME","ts_event":1700000000000000001,"trade_id":"1"}"#,
    r#"{"type":"trade_correct","instrument":"SIM:ACME","ts_event":1700000000000000001,"trade_id":"2","price":"1","qty":"2"}"#,
    r#"{"type":"quote","instrument":"SIM:ACME","ts_event":"1700000000000000001","bid":"101.20","bid_qty":"5","ask":null,"ask_qty":null}"#,
    r#"[{"type":"book_snapshot","instrument":"SIM:ACME","ts_event":1700000000000000002,"seq":7,"bids":[["101.20","5"]],"asks":[["101.30","4"]],"checksum":{"kind":"kraken","value":1}},{"type":"book_delta","instrument":"SIM:ACME","ts_event":1700000000000000003,"seq":8,"prev_seq":7,"bids":[["101.20","0"]],"asks":[]}]"#,
    r#"{"type":"book_delta","instrument":"SIM:ACME","ts_event":1700000000000000003,"bids":[["101.20","0.5"]],"asks":[["101.21","7"]],"checksum":{"kind":"okx","value":-855196043}}"#,
    r#"{"type":"status","instrument":"SIM:ACME","ts_event":1700000000000000004,"action":"halt","reason":"x"}"#,
    r#"{"type":"instrument","instrument":"SIM:ACME","ts_event":1700000000000000004,"tick_size":"0.01","lot_size":"1","base":"A","quote":"B","kind":"spot","description":"d"}"#,
    r#"{"type":"disconnect","instrument":"SIM:ACME","ts_event":1700000000000000005}"#,
    r#"{"type":"heartbeat","instrument":"SIM:ACME","ts_event":1700000000000000006}"#,
    r#"{"type":"statistic","instrument":"SIM:ACME","ts_event":1700000000000000007,"statistic":"settlement_price","price":"4810.25","qty":"7","ts_ref":1700000000000000000,"action":"delete"}"#,
    r#"{"type":"imbalance","instrument":"SIM:ACME","ts_event":1700000000000000008,"auction":"O","side":"buy","qty":"2000","paired_qty":"7","ref_price":"229.43"}"#,
    r#"[{"type":"heartbeat","instrument":"SIM:ACME","ts_event":1},{"type":"trade","instrument":"SIM:ACME","ts_event":2,"trade_id":"3","price":"-0.5","qty":"0.00000001","aggressor":"sell"}]"#,
];

/// Requests.
pub fn commands() -> Vec<String> {
    COMMANDS.iter().map(|text| (*text).to_owned()).collect()
}

/// Records written by hand.
pub fn records() -> Vec<String> {
    RECORDS.iter().map(|text| (*text).to_owned()).collect()
}

/// The texts of recordings.
pub fn frames(files: &[PathBuf]) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut frames = Vec::new();
    if files.is_empty() {
        return Ok(frames);
    }
    for record in capture::merge(files)? {
        match record?.what {
            Captured::Message(text) => frames.push(text.into_bytes()),
            Captured::Response { body, .. } => frames.push(body.into_bytes()),
            Captured::Connected { .. } | Captured::Said(_) => {}
        }
    }
    Ok(frames)
}

/// Frames as records of `md.v1`.
pub fn records_of(venue: &Venue, frames: &[Vec<u8>]) -> Vec<String> {
    let mut adapter = (venue.adapter)();
    let mut out = Vec::new();
    for text in frames.iter().filter_map(|frame| std::str::from_utf8(frame).ok()) {
        let _refused = adapter.take(Frame::Message(text), 1, &mut out);
    }
    out.iter().map(|(instrument, event)| record::encode(instrument, event)).collect()
}

/// Texts, and the same in MessagePack.
pub fn with_msgpack(texts: Vec<String>) -> anyhow::Result<Vec<Vec<u8>>> {
    ensure!(!texts.is_empty(), "no seeds");
    let mut seeds = Vec::with_capacity(texts.len() * 2);
    for text in texts {
        seeds.push(rmp_serde::to_vec(&Packed(&serde_json::from_str(&text)?))?);
        seeds.push(text.into_bytes());
    }
    Ok(seeds)
}

/// A value as MessagePack has it: whole numbers as such. Here they are kept by their text, and
/// would be written as a map with it.
struct Packed<'a>(&'a Value);

impl Serialize for Packed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Number(number) => match number.as_u64() {
                Some(number) => serializer.serialize_u64(number),
                None => serializer.serialize_str(number.as_str()),
            },
            Value::String(text) => serializer.serialize_str(text),
            Value::Array(list) => serializer.collect_seq(list.iter().map(Packed)),
            Value::Object(map) => {
                serializer.collect_map(map.iter().map(|(name, value)| (name, Packed(value))))
            }
        }
    }
}

/// The instrument that a record names, if it can be seen; only such a key is taken.
pub fn named(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let quoted = text.split_once("\"instrument\":\"").and_then(|(_, rest)| rest.split_once('"'));
    // In MessagePack a byte or two tell the length of the name behind the key.
    let packed = bytes.windows(11).position(|window| window == b"\xaainstrument").and_then(|at| {
        let behind = &bytes[at + 11..];
        let (length, from) = match *behind {
            [0xd9, length, ..] => (usize::from(length), 2),
            [head @ 0xa0..=0xbf, ..] => (usize::from(head & 0x1f), 1),
            _ => return None,
        };
        std::str::from_utf8(behind.get(from..from + length)?).ok()
    });
    let named = quoted.map(|(name, _)| name).or(packed).map(str::to_owned);
    named.filter(|name| Instrument::check(name).is_ok()).unwrap_or_else(|| "SIM:ACME".to_owned())
}
