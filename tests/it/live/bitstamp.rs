//! Bitstamp: changes that only have a time, on snapshots by REST.

use std::path::PathBuf;

use serde_json::{Value, json};
use tickwire::domain::market::Market;

use super::dialect::{Dialect, Said, rewritten, sides};
use crate::truth::files;

pub struct Bitstamp;

/// The recorder subscribed, asked for the books by REST, and only then read what the venue had said
/// meanwhile: its confirmations are given the second in which they were asked for, so that the books
/// stand before anything is played.
fn confirmed_in_time(text: &str) -> String {
    let line = |line: &str| {
        let late = line.contains("\"bts:subscription_succeeded\"");
        let line =
            if late { line.replacen("1641343697.", "1641343691.", 1) } else { line.to_owned() };
        line + "\n"
    };
    text.lines().map(line).collect()
}

impl Dialect for Bitstamp {
    fn venue(&self) -> (&'static str, &'static str) {
        ("bitstamp", "BITSTAMP")
    }

    fn symbols(&self) -> &'static [&'static str] {
        &["batbtc", "usdteur", "ethusd"]
    }

    fn files(&self) -> Option<Vec<PathBuf>> {
        let files =
            files("venue-captures-misc", &["BITSTAMP.ws.1.0.txt.gz", "BITSTAMP.http.0.0.txt.gz"])?;
        Some(rewritten(&files, "confirmed", confirmed_in_time))
    }

    fn farewell(&self) -> Option<&'static str> {
        Some(r#"{"event":"bts:request_reconnect","channel":"","data":""}"#)
    }

    fn hear(&self, text: &str) -> Vec<Said> {
        let told: Value = serde_json::from_str(text).unwrap();
        if told["event"] == "bts:heartbeat" {
            let answer = r#"{"event":"bts:heartbeat","channel":"","data":{"status":"success"}}"#;
            return vec![Said::Text(answer.to_owned())];
        }
        assert_eq!(told["event"], "bts:subscribe", "{text}");
        let channel = told["data"]["channel"].as_str().unwrap();
        let answer = json!({"event": "bts:subscription_succeeded", "channel": channel, "data": {}});
        let mut said = vec![Said::Text(answer.to_string())];
        let symbol = channel.strip_prefix("diff_order_book_");
        said.extend(symbol.map(|symbol| Said::Follow(symbol.to_owned())));
        said
    }

    fn snapshot(&self, _: &str, market: &Market) -> String {
        let micros = market.book().venue_seq().unwrap();
        let (seconds, [bids, asks]) = (micros / 1_000_000, sides(market));
        format!(
            r#"{{"timestamp":"{seconds}","microtimestamp":"{micros}","bids":{bids},"asks":{asks}}}"#
        )
    }

    fn asked(&self, path: &str) -> Option<String> {
        let (_, rest) = path.split_once("/order_book/")?;
        rest.split('/').next().map(str::to_owned)
    }
}
