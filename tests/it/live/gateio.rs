//! Gate.io: the recording of `spot.order_book_update`, walked as `spot.obu` is sent.

use std::path::PathBuf;

use serde_json::{Value, json};
use tickwire::domain::market::Market;

use super::dialect::{Change, Dialect, Said, millis, rows, sides};
use crate::truth::files;

pub struct GateIo;

fn book(symbol: &str, at: i64, numbers: &str, [bids, asks]: [&str; 2]) -> String {
    let seconds = at / 1_000;
    format!(
        r#"{{"channel":"spot.obu","result":{{"t":{at},{numbers},"s":"ob.{symbol}.400","b":{bids},"a":{asks}}},"time":{seconds},"time_ms":{at},"event":"update"}}"#
    )
}

impl Dialect for GateIo {
    fn venue(&self) -> (&'static str, &'static str) {
        ("gateio", "GATEIO")
    }

    fn symbols(&self) -> &'static [&'static str] {
        &["OMG_USDT", "NEO_BTC"]
    }

    fn files(&self) -> Option<Vec<PathBuf>> {
        files("venue-captures-misc", &["GATEIO.ws.1.0.txt.gz", "GATEIO.http.0.0.txt.gz"])
    }

    fn is_walked(&self) -> bool {
        true
    }

    fn change(&self, change: &Change<'_>) -> String {
        let numbers = format!(r#""U":{0},"u":{0}"#, change.seq);
        book(change.symbol, change.at, &numbers, [&rows(change.bids), &rows(change.asks)])
    }

    fn hear(&self, text: &str) -> Vec<Said> {
        let told: Value = serde_json::from_str(text).unwrap();
        if told["channel"] == "spot.ping" {
            let answer = json!({"time": 1, "channel": "spot.pong", "event": "", "result": null});
            return vec![Said::Text(answer.to_string())];
        }
        let (channel, event) = (&told["channel"], &told["event"]);
        let answer = json!({
            "time": 1, "channel": channel, "event": event, "payload": told["payload"],
            "result": {"status": "success"},
        });
        let mut said = vec![Said::Text(answer.to_string())];
        if channel == "spot.obu" {
            for stream in told["payload"].as_array().unwrap() {
                let symbol = stream.as_str().unwrap().strip_prefix("ob.").unwrap();
                let symbol = symbol.strip_suffix(".400").unwrap().to_owned();
                said.push(match event.as_str() {
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
        book(symbol, millis(market), &format!(r#""full":true,"u":{seq}"#), [&bids, &asks])
    }
}
