//! HitBTC and Bequant: the recording of API 2 as API 3 sends it, with the same numbers.

use std::path::PathBuf;

use serde_json::{Value, json};
use tickwire::domain::market::Market;

use super::dialect::{Dialect, Said, millis, rows, sides};
use crate::truth::files;

pub struct HitBtc {
    venue: (&'static str, &'static str),
}

pub const HITBTC: HitBtc = HitBtc { venue: ("hitbtc", "HITBTC") };
pub const BEQUANT: HitBtc = HitBtc { venue: ("bequant", "BEQUANT") };

fn book(kind: &str, symbol: &str, at: i64, seq: u64, [bids, asks]: [&str; 2]) -> String {
    format!(
        r#"{{"ch":"orderbook/full","{kind}":{{"{symbol}":{{"t":{at},"s":{seq},"a":{asks},"b":{bids}}}}}}}"#
    )
}

/// Levels of API 2, `{"price", "size"}`.
fn levels(side: &Value) -> String {
    let text = |level: &Value, name: &str| level[name].as_str().unwrap().to_owned();
    let levels = side.as_array().unwrap().iter();
    rows(&levels.map(|level| (text(level, "price"), text(level, "size"))).collect::<Vec<_>>())
}

impl Dialect for HitBtc {
    fn venue(&self) -> (&'static str, &'static str) {
        self.venue
    }

    fn symbols(&self) -> &'static [&'static str] {
        &["VETBTC", "GRTBTC", "EURSUSD"]
    }

    fn files(&self) -> Option<Vec<PathBuf>> {
        files("hitbtc-trades-candles-20210715", &["HITBTC.ws.1.0.txt.gz"])
    }

    fn message(&self, text: &str) -> Option<String> {
        let told: Value = serde_json::from_str(text).unwrap();
        if told["method"] != "updateOrderbook" {
            return None;
        }
        let params = &told["params"];
        let [bids, asks] = ["bid", "ask"].map(|side| levels(&params[side]));
        let at: jiff::Timestamp = params["timestamp"].as_str().unwrap().parse().unwrap();
        let (symbol, seq) = (params["symbol"].as_str().unwrap(), params["sequence"].as_u64());
        Some(book("update", symbol, at.as_millisecond(), seq.unwrap(), [&bids, &asks]))
    }

    fn hear(&self, text: &str) -> Vec<Said> {
        let told: Value = serde_json::from_str(text).unwrap();
        let (channel, symbols) = (&told["ch"], &told["params"]["symbols"]);
        let answer = json!({
            "result": {"ch": channel, "subscriptions": symbols}, "id": told["id"],
        });
        let mut said = vec![Said::Text(answer.to_string())];
        if channel == "orderbook/full" {
            for symbol in symbols.as_array().unwrap() {
                let symbol = symbol.as_str().unwrap().to_owned();
                said.push(match told["method"].as_str() {
                    Some("subscribe") => Said::Snapshot(symbol),
                    Some("unsubscribe") => Said::Leave(symbol),
                    _ => panic!("{text}"),
                });
            }
        }
        said
    }

    fn snapshot(&self, symbol: &str, market: &Market) -> String {
        let seq = market.book().venue_seq().unwrap();
        let [bids, asks] = sides(market);
        book("snapshot", symbol, millis(market), seq, [&bids, &asks])
    }
}
