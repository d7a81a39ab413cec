//! Gemini: changes without a number, on the first one, which has the past trades.

use std::path::PathBuf;

use serde_json::{Value, json};
use tickwire::domain::market::Market;

use super::dialect::{Dialect, Said, texts};
use crate::truth::files;

pub struct Gemini;

impl Dialect for Gemini {
    fn venue(&self) -> (&'static str, &'static str) {
        ("gemini", "GEMINI")
    }

    fn symbols(&self) -> &'static [&'static str] {
        &["FILUSD", "BTCGBP", "ANKRUSD"]
    }

    fn files(&self) -> Option<Vec<PathBuf>> {
        files("venue-captures-misc", &["GEMINI.ws.1.0.txt.gz"])
    }

    fn message(&self, text: &str) -> Option<String> {
        // A heartbeat tells the time of the recording, which is not the pace at which it is played.
        (!text.contains("\"heartbeat\"")).then(|| text.to_owned())
    }

    fn hear(&self, text: &str) -> Vec<Said> {
        let told: Value = serde_json::from_str(text).unwrap();
        let symbols = told["subscriptions"][0]["symbols"].as_array().unwrap().iter();
        let symbols = symbols.map(|symbol| symbol.as_str().unwrap().to_owned());
        match told["type"].as_str() {
            Some("subscribe") => symbols.map(Said::Snapshot).collect(),
            Some("unsubscribe") => symbols.map(Said::Leave).collect(),
            _ => panic!("{text}"),
        }
    }

    fn snapshot(&self, symbol: &str, market: &Market) -> String {
        let rows = |side: &'static str, rows: Vec<(String, String)>| {
            rows.into_iter().map(move |(price, qty)| [side.to_owned(), price, qty])
        };
        let book = market.book();
        let bids = rows("buy", texts(market, book.bids()));
        let changes: Vec<_> = bids.chain(rows("sell", texts(market, book.asks()))).collect();
        json!({"type": "l2_updates", "symbol": symbol, "changes": changes, "trades": []})
            .to_string()
    }
}
