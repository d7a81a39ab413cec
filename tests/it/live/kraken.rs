//! Kraken: the recording of WebSocket v1 as v2 sends it, with the same numbers and checksums.

use std::path::PathBuf;

use serde_json::value::RawValue;
use serde_json::{Value, json};
use tickwire::domain::market::Market;

use super::dialect::{Dialect, Said, texts};
use crate::truth::files;

pub struct Kraken;

fn number(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap()
}

#[derive(serde::Serialize)]
struct Level {
    price: Box<RawValue>,
    qty: Box<RawValue>,
}

fn levels(rows: &[(String, String)]) -> Vec<Level> {
    rows.iter().map(|(price, qty)| Level { price: number(price), qty: number(qty) }).collect()
}

fn book(kind: &str, symbol: &str, [bids, asks]: [&[(String, String)]; 2], checksum: u32) -> String {
    let (bids, asks) =
        [bids, asks].map(|rows| serde_json::to_string(&levels(rows)).unwrap()).into();
    format!(
        r#"{{"channel":"book","type":"{kind}","data":[{{"symbol":"{symbol}","bids":{bids},"asks":{asks},"checksum":{checksum}}}]}}"#
    )
}

/// The rows of a v1 message under a name.
fn rows(parts: &[&Value], name: &str) -> Vec<(String, String)> {
    let lists = parts.iter().filter_map(|part| part[name].as_array()).flatten();
    let cell = |row: &Value, at: usize| row[at].as_str().unwrap().to_owned();
    lists.map(|row| (cell(row, 0), cell(row, 1))).collect()
}

/// The digits of the ten best levels.
fn checksum(bids: &[(String, String)], asks: &[(String, String)]) -> u32 {
    let digits = |text: &String| text.replace('.', "").trim_start_matches('0').to_owned();
    let text: String = asks
        .iter()
        .take(10)
        .chain(bids.iter().take(10))
        .flat_map(|(price, qty)| [digits(price), digits(qty)])
        .collect();
    crc32fast::hash(text.as_bytes())
}

impl Dialect for Kraken {
    fn venue(&self) -> (&'static str, &'static str) {
        ("kraken", "KRAKEN")
    }

    fn symbols(&self) -> &'static [&'static str] {
        &["XMR/USD", "SC/EUR", "OMG/USD"]
    }

    fn files(&self) -> Option<Vec<PathBuf>> {
        files("kraken-ws-book-crc32-20210417", &["kraken_book1000.txt.gz"])
    }

    fn message(&self, text: &str) -> Option<String> {
        let told: Value = serde_json::from_str(text).unwrap();
        let Some(list) = told.as_array() else {
            return (told["event"] == "heartbeat").then(|| r#"{"channel":"heartbeat"}"#.to_owned());
        };
        let parts: Vec<&Value> = list.iter().filter(|part| part.is_object()).collect();
        let checksum = parts.iter().find_map(|part| part["c"].as_str())?.parse().unwrap();
        let symbol = list.last()?.as_str()?;
        let sides = [rows(&parts, "b"), rows(&parts, "a")];
        Some(book("update", symbol, [&sides[0], &sides[1]], checksum))
    }

    fn welcome(&self) -> Option<String> {
        Some(r#"{"channel":"status","type":"update","data":[{"system":"online"}]}"#.into())
    }

    fn hear(&self, text: &str) -> Vec<Said> {
        let told: Value = serde_json::from_str(text).unwrap();
        let (method, params) = (&told["method"], &told["params"]);
        if method == "ping" {
            return vec![Said::Text(
                json!({"method": "pong", "req_id": told["req_id"]}).to_string(),
            )];
        }
        let mut said = Vec::new();
        for symbol in params["symbol"].as_array().unwrap() {
            let symbol = symbol.as_str().unwrap().to_owned();
            let mut result = params.clone();
            result["symbol"] = symbol.clone().into();
            let answer = json!({
                "method": method, "result": result, "success": true, "req_id": told["req_id"],
            });
            said.push(Said::Text(answer.to_string()));
            if params["channel"] == "book" {
                said.push(match method.as_str() {
                    Some("subscribe") => Said::Snapshot(symbol),
                    Some("unsubscribe") => Said::Leave(symbol),
                    _ => panic!("{text}"),
                });
            }
        }
        said
    }

    fn snapshot(&self, symbol: &str, market: &Market) -> String {
        let bids = texts(market, market.book().bids());
        let asks = texts(market, market.book().asks());
        book("snapshot", symbol, [&bids, &asks], checksum(&bids, &asks))
    }
}
