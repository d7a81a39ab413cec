//! BitMEX: rows by id, of which only some have a price.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};
use tickwire::domain::market::{Level, Market};

use super::dialect::{Dialect, Said, texts};
use crate::truth::files;

pub struct BitMex;

/// An id is the contract's own number less the price in ticks of its beginning.
const CONTRACTS: [(&str, i64, i64); 2] =
    [("XBTUSD", 8_800_000_000, 100), ("SOLUSDT", 54_900_000_000, 1_000)];

/// The rows of a side.
fn rows<'a>(
    symbol: &str,
    market: &Market,
    side: &str,
    levels: impl Iterator<Item = (i64, &'a Level)> + Clone,
) -> Vec<String> {
    let (_, base, ticks) = CONTRACTS.into_iter().find(|(known, ..)| *known == symbol).unwrap();
    let power = 10_i64.pow(market.price_exp().into());
    let ids = levels.clone().map(|(price, _)| base - price * ticks / power);
    let rows = ids.zip(texts(market, levels)).map(|(id, (price, size))| {
        format!(
            r#"{{"symbol":"{symbol}","id":{id},"side":"{side}","size":{size},"price":{price}}}"#
        )
    });
    rows.collect()
}

impl Dialect for BitMex {
    fn venue(&self) -> (&'static str, &'static str) {
        ("bitmex", "BITMEX")
    }

    fn symbols(&self) -> &'static [&'static str] {
        &["XBTUSD", "SOLUSDT"]
    }

    fn files(&self) -> Option<Vec<PathBuf>> {
        files("bitmex-ws-20210722", &["BITMEX.ws.1.0.txt.gz"])
    }

    fn message(&self, text: &str) -> Option<String> {
        let is_named = |symbol: &&str| text.contains(&format!(r#""symbol":"{symbol}""#));
        let is_whole = text.contains(r#""action":"partial""#);
        (self.symbols().iter().any(is_named) && !is_whole).then(|| text.to_owned())
    }

    fn introductions(&self, books: &BTreeMap<String, Market>) -> Vec<String> {
        books.iter().map(|(symbol, market)| self.snapshot(symbol, market)).collect()
    }

    fn welcome(&self) -> Option<String> {
        Some(r#"{"info":"Welcome to the BitMEX Realtime API.","version":"x"}"#.to_owned())
    }

    fn hear(&self, text: &str) -> Vec<Said> {
        if text == "ping" {
            return vec![Said::Text("pong".to_owned())];
        }
        let told: Value = serde_json::from_str(text).unwrap();
        let op = told["op"].as_str().unwrap();
        let mut said = Vec::new();
        for argument in told["args"].as_array().unwrap() {
            said.push(Said::Text(
                json!({"success": true, op: argument, "request": told}).to_string(),
            ));
            if let Some(symbol) = argument.as_str().unwrap().strip_prefix("orderBookL2:") {
                said.push(match op {
                    "subscribe" => Said::Snapshot(symbol.to_owned()),
                    "unsubscribe" => Said::Leave(symbol.to_owned()),
                    _ => panic!("{text}"),
                });
            }
        }
        said
    }

    fn telling(&self, text: &str) -> Option<String> {
        // Of a level that was never told.
        let is_of_a_level = !text.contains(r#""action":"insert""#);
        is_of_a_level.then(|| text.replacen(r#""id":"#, r#""id":7"#, 1))
    }

    fn snapshot(&self, symbol: &str, market: &Market) -> String {
        let book = market.book();
        let mut all = rows(symbol, market, "Sell", book.asks().collect::<Vec<_>>().into_iter());
        all.extend(rows(symbol, market, "Buy", book.bids().collect::<Vec<_>>().into_iter()));
        format!(
            r#"{{"table":"orderBookL2","action":"partial","keys":["symbol","id","side"],"filter":{{"symbol":"{symbol}"}},"data":[{}]}}"#,
            all.join(",")
        )
    }
}
