//! Coinbase: Exchange's recording as Advanced Trade sends it, whose messages are numbered.

use std::path::PathBuf;

use serde_json::{Value, json};
use tickwire::domain::market::Market;

use super::dialect::{Dialect, Said, millis, texts};
use crate::truth::files;

pub struct Coinbase;

fn message(channel: &str, at: &str, events: &Value) -> String {
    format!(r#"{{"channel":"{channel}","client_id":"","timestamp":"{at}","events":{events}}}"#)
}

fn book(kind: &str, symbol: &str, at: &str, rows: &[(&str, String, String)]) -> String {
    let row = |(side, price, qty): &(&str, String, String)| json!({"side": side, "event_time": at, "price_level": price, "new_quantity": qty});
    let updates: Vec<Value> = rows.iter().map(row).collect();
    message("l2_data", at, &json!([{"type": kind, "product_id": symbol, "updates": updates}]))
}

impl Dialect for Coinbase {
    fn venue(&self) -> (&'static str, &'static str) {
        ("coinbase", "COINBASE")
    }

    fn symbols(&self) -> &'static [&'static str] {
        &["BAND-GBP", "YFI-BTC"]
    }

    fn files(&self) -> Option<Vec<PathBuf>> {
        files("venue-captures-misc", &["COINBASE.ws.28.0.txt.gz"])
    }

    fn message(&self, text: &str) -> Option<String> {
        let told: Value = serde_json::from_str(text).unwrap();
        if told["type"] != "l2update" {
            return None;
        }
        let cell = |row: &Value, at: usize| row[at].as_str().unwrap().to_owned();
        let row = |row: &Value| {
            (if row[0] == "buy" { "bid" } else { "offer" }, cell(row, 1), cell(row, 2))
        };
        let rows: Vec<_> = told["changes"].as_array().unwrap().iter().map(row).collect();
        let [symbol, at] = ["product_id", "time"].map(|name| told[name].as_str().unwrap());
        Some(book("update", symbol, at, &rows))
    }

    fn numbers_sockets(&self) -> bool {
        true
    }

    fn numbered(&self, text: String, number: &mut u64) -> String {
        let numbered =
            text.replacen(",\"events\"", &format!(",\"sequence_num\":{number},\"events\""), 1);
        *number += 1;
        numbered
    }

    fn hear(&self, text: &str) -> Vec<Said> {
        let told: Value = serde_json::from_str(text).unwrap();
        assert_eq!(told["type"], "subscribe", "{text}");
        let channel = told["channel"].as_str().unwrap();
        let symbols: Vec<&str> = told["product_ids"].as_array().map_or(Vec::new(), |symbols| {
            symbols.iter().map(|symbol| symbol.as_str().unwrap()).collect()
        });
        let mut said: Vec<Said> = if channel == "level2" {
            symbols.iter().map(|symbol| Said::Snapshot((*symbol).to_owned())).collect()
        } else {
            Vec::new()
        };
        let subscribed = json!([{"subscriptions": {channel: symbols}}]);
        said.push(Said::Text(message("subscriptions", "2021-04-17T16:43:37.078325Z", &subscribed)));
        said
    }

    fn snapshot(&self, symbol: &str, market: &Market) -> String {
        let rows =
            texts(market, market.book().bids()).into_iter().map(|(price, qty)| ("bid", price, qty));
        let asks = texts(market, market.book().asks()).into_iter();
        let rows: Vec<_> = rows.chain(asks.map(|(price, qty)| ("offer", price, qty))).collect();
        let at = jiff::Timestamp::from_millisecond(millis(market)).unwrap().to_string();
        book("snapshot", symbol, &at, &rows)
    }
}
