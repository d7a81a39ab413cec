//! Phemex: prices and quantities as whole numbers; asked again, a subscription is answered with a
//! snapshot.

use std::path::PathBuf;

use serde_json::{Value, json};
use tickwire::domain::market::Market;

use super::dialect::{Dialect, Said, texts};
use crate::truth::files;

pub struct Phemex;

impl Dialect for Phemex {
    fn venue(&self) -> (&'static str, &'static str) {
        ("phemex", "PHEMEX")
    }

    fn symbols(&self) -> &'static [&'static str] {
        &["XTZUSD", "ENJUSD", "sGRTUSDT"]
    }

    fn files(&self) -> Option<Vec<PathBuf>> {
        files("phemex-trades-klines-20210703", &["phemex_book_trades.txt.gz"])
    }

    fn message(&self, text: &str) -> Option<String> {
        text.contains(r#""type":"incremental""#).then(|| text.to_owned())
    }

    fn hear(&self, text: &str) -> Vec<Said> {
        let told: Value = serde_json::from_str(text).unwrap();
        let (method, params) = (told["method"].as_str().unwrap(), &told["params"]);
        let result =
            if method == "server.ping" { json!("pong") } else { json!({"status": "success"}) };
        let answer = json!({"error": null, "id": told["id"], "result": result});
        let mut said = vec![Said::Text(answer.to_string())];
        if method == "orderbook.subscribe" {
            said.push(Said::Snapshot(params[0].as_str().unwrap().to_owned()));
        }
        said
    }

    fn snapshot(&self, symbol: &str, market: &Market) -> String {
        // Whole numbers at the product's scale, which every price has.
        let whole = |text: &String| text.replace('.', "").parse::<u64>().unwrap();
        let rows = |rows: Vec<(String, String)>| {
            let rows: Vec<_> = rows.iter().map(|(price, qty)| (whole(price), whole(qty))).collect();
            serde_json::to_string(&rows).unwrap()
        };
        let book = market.book();
        let [bids, asks] = [texts(market, book.bids()), texts(market, book.asks())].map(rows);
        let (seq, at) = (market.book().venue_seq().unwrap(), market.clock().greatest().unwrap());
        format!(
            r#"{{"book":{{"asks":{asks},"bids":{bids}}},"depth":30,"sequence":{seq},"symbol":"{symbol}","timestamp":{at},"type":"snapshot"}}"#
        )
    }
}
