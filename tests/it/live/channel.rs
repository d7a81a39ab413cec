//! What OKX and Bitget have in common: `{"arg", "action", "data"}`, and the checksum.

use serde_json::{Value, json};
use tickwire::domain::market::Market;

use super::dialect::{Change, Said, millis, texts};

/// What stands beside the levels.
pub struct Form<'a> {
    pub symbol: &'a str,
    pub action: &'static str,
    pub at: i64,
    pub seq: u64,
    pub prev: i64,
}

impl<'a> Form<'a> {
    /// Of a change.
    pub fn of(change: &Change<'a>) -> Self {
        let (symbol, seq) = (change.symbol, change.seq);
        let prev = i64::try_from(seq).unwrap() - 1;
        Self { symbol, action: "update", at: change.at, seq, prev }
    }

    /// Of a whole book, before which `first` stands.
    pub fn whole(symbol: &'a str, market: &Market, first: i64) -> Self {
        let seq = market.book().venue_seq().unwrap();
        Self { symbol, action: "snapshot", at: millis(market), seq, prev: first }
    }
}

/// The 25 best levels, bid and ask in turn.
pub fn checksum(market: &Market) -> i32 {
    let book = market.book();
    let (bids, asks) = (texts(market, book.bids().take(25)), texts(market, book.asks().take(25)));
    let mut parts = Vec::new();
    for nth in 0..25 {
        for (price, qty) in [bids.get(nth), asks.get(nth)].into_iter().flatten() {
            parts.push(format!("{price}:{qty}"));
        }
    }
    crc32fast::hash(parts.join(":").as_bytes()).cast_signed()
}

/// Answers to `ping`, `subscribe` and `unsubscribe`.
pub fn hear(text: &str) -> Vec<Said> {
    if text == "ping" {
        return vec![Said::Text("pong".to_owned())];
    }
    let told: Value = serde_json::from_str(text).unwrap();
    let mut said = Vec::new();
    for arg in told["args"].as_array().unwrap() {
        said.push(Said::Text(json!({"event": told["op"], "arg": arg}).to_string()));
        if arg["channel"] == "books" {
            let symbol = arg["instId"].as_str().unwrap().to_owned();
            said.push(match told["op"].as_str() {
                Some("subscribe") => Said::Snapshot(symbol),
                Some("unsubscribe") => Said::Leave(symbol),
                _ => panic!("{text}"),
            });
        }
    }
    said
}
