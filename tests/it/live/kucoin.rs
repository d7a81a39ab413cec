//! KuCoin: the classic recording's changes as `obu` sends them, with the same numbers.

use std::path::PathBuf;

use serde_json::{Value, json};
use tickwire::domain::market::Market;

use super::dialect::{Dialect, Said, millis, rows, sides};
use crate::truth::files;

pub struct KuCoin;

fn book(kind: &str, symbol: &str, at: i64, numbers: [u64; 2], [bids, asks]: [&str; 2]) -> String {
    let [first, last] = numbers;
    let nanos = at * 1_000_000;
    format!(
        r#"{{"T":"obu.SPOT","dp":"increment@10ms","t":"{kind}","P":{nanos},"d":{{"C":{last},"M":{nanos},"O":{first},"a":{asks},"b":{bids},"s":"{symbol}"}}}}"#
    )
}

/// The levels of changes `[price, quantity, number]`, in the order of their numbers.
fn levels(changes: &Value) -> String {
    let mut changes = changes.as_array().unwrap().clone();
    let cell = |change: &Value, at: usize| change[at].as_str().unwrap().to_owned();
    changes.sort_by_key(|change| cell(change, 2).parse::<u64>().unwrap());
    let levels: Vec<_> = changes.iter().map(|change| (cell(change, 0), cell(change, 1))).collect();
    // Price 0 only moves the number.
    rows(&levels.into_iter().filter(|(price, _)| price != "0").collect::<Vec<_>>())
}

impl Dialect for KuCoin {
    fn venue(&self) -> (&'static str, &'static str) {
        ("kucoin", "KUCOIN")
    }

    fn symbols(&self) -> &'static [&'static str] {
        &["BCHSV-USDT", "SNX-BTC", "ANKR-BTC"]
    }

    fn files(&self) -> Option<Vec<PathBuf>> {
        files("kucoin-ws-20210425", &["KUCOIN.http.0.0.txt.gz", "KUCOIN.ws.1.0.txt.gz"])
    }

    fn message(&self, text: &str) -> Option<String> {
        let told: Value = serde_json::from_str(text).unwrap();
        if told["subject"] != "trade.l2update" {
            return None;
        }
        let data = &told["data"];
        let number = |name: &str| data[name].as_u64().unwrap();
        let symbol = data["symbol"].as_str().unwrap();
        let [bids, asks] = ["bids", "asks"].map(|side| levels(&data["changes"][side]));
        // The classic changes of 2021 have no time; these have one that grows with their numbers.
        let at = 1_619_378_400_000 + i64::try_from(number("sequenceEnd") % 10_000_000).unwrap();
        let numbers = [number("sequenceStart"), number("sequenceEnd")];
        Some(book("delta", symbol, at, numbers, [&bids, &asks]))
    }

    fn is_binary(&self) -> bool {
        true
    }

    fn welcome(&self) -> Option<String> {
        Some(
            r#"{"sessionId":"x","message":"welcome","pingInterval":18000,"pingTimeout":10000}"#
                .into(),
        )
    }

    fn hear(&self, text: &str) -> Vec<Said> {
        let told: Value = serde_json::from_str(text).unwrap();
        if told["type"] == "ping" {
            return vec![Said::Text(json!({"id": told["id"], "type": "pong"}).to_string())];
        }
        let mut said = vec![Said::Text(json!({"id": told["id"], "result": true}).to_string())];
        if told["channel"] == "obu" && told["depth"] == "increment@10ms" {
            let symbol = told["symbol"].as_str().unwrap().to_owned();
            said.push(match told["action"].as_str() {
                Some("subscribe") => Said::Snapshot(symbol),
                Some("unsubscribe") => Said::Leave(symbol),
                _ => panic!("{text}"),
            });
        }
        said
    }

    fn snapshot(&self, symbol: &str, market: &Market) -> String {
        let seq = market.book().venue_seq().unwrap();
        let [bids, asks] = sides(market);
        book("snapshot", symbol, millis(market), [seq, seq], [&bids, &asks])
    }
}
