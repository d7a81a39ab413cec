//! Deribit: the recording of `raw` books, walked as the books of 100 ms are sent. The venue asks
//! whether anybody listens, and cuts who does not answer.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tickwire::domain::market::Market;

use super::dialect::{Change, Dialect, Said, millis, texts};
use crate::truth::files;

#[derive(Default)]
pub struct Deribit {
    /// How often it was told that somebody listens.
    answers: AtomicUsize,
}

/// Rows `[action, price, amount]`.
fn rows(rows: &[(String, String)], whole: bool) -> String {
    let row = |(price, qty): &(String, String)| {
        let is_none = qty.chars().all(|digit| matches!(digit, '0' | '.'));
        let action = if whole {
            "new"
        } else if is_none {
            "delete"
        } else {
            "change"
        };
        format!(r#"["{action}",{price},{qty}]"#)
    };
    format!("[{}]", rows.iter().map(row).collect::<Vec<_>>().join(","))
}

fn book(symbol: &str, numbers: &str, at: i64, [bids, asks]: [String; 2]) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","method":"subscription","params":{{"channel":"book.{symbol}.100ms","data":{{{numbers},"timestamp":{at},"instrument_name":"{symbol}","bids":{bids},"asks":{asks}}}}}}}"#
    )
}

impl Dialect for Deribit {
    fn venue(&self) -> (&'static str, &'static str) {
        ("deribit", "DERIBIT")
    }

    fn symbols(&self) -> &'static [&'static str] {
        &["BTC-24SEP21-8000-P", "BTC-31DEC21-34000-P"]
    }

    fn files(&self) -> Option<Vec<PathBuf>> {
        files("venue-captures-misc", &["DERIBIT.ws.1.0.txt.gz"])
    }

    fn is_walked(&self) -> bool {
        true
    }

    fn change(&self, change: &Change<'_>) -> String {
        let (seq, prev) = (change.seq, change.seq - 1);
        let numbers = format!(r#""type":"change","prev_change_id":{prev},"change_id":{seq}"#);
        let sides = [change.bids, change.asks].map(|side| rows(side, false));
        book(change.symbol, &numbers, change.at, sides)
    }

    fn is_answered(&self) -> bool {
        0 < self.answers.load(Ordering::Relaxed)
    }

    fn hear(&self, text: &str) -> Vec<Said> {
        let told: Value = serde_json::from_str(text).unwrap();
        let (method, channels) = (told["method"].as_str().unwrap(), &told["params"]["channels"]);
        let result = if channels.is_array() { channels.clone() } else { json!("ok") };
        let answer = json!({"jsonrpc": "2.0", "id": told["id"], "result": result});
        let mut said = vec![Said::Text(answer.to_string())];
        if method == "public/set_heartbeat" {
            let question = json!({"type": "test_request"});
            let question = json!({"jsonrpc": "2.0", "method": "heartbeat", "params": question});
            said.push(Said::Text(question.to_string()));
        }
        if method == "public/test" {
            self.answers.fetch_add(1, Ordering::Relaxed);
        }
        for channel in channels.as_array().into_iter().flatten() {
            let Some(symbol) = channel.as_str().unwrap().strip_prefix("book.") else { continue };
            let symbol = symbol.strip_suffix(".100ms").unwrap().to_owned();
            said.push(match method {
                "public/subscribe" => Said::Snapshot(symbol),
                "public/unsubscribe" => Said::Leave(symbol),
                _ => panic!("{text}"),
            });
        }
        said
    }

    fn snapshot(&self, symbol: &str, market: &Market) -> String {
        let seq = market.book().venue_seq().unwrap();
        let (bids, asks) =
            (texts(market, market.book().bids()), texts(market, market.book().asks()));
        let numbers = format!(r#""type":"snapshot","change_id":{seq}"#);
        book(symbol, &numbers, millis(market), [bids, asks].map(|side| rows(&side, true)))
    }
}
