//! Bitfinex: numbered lists of channels, each with the time at which it is sent.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};
use tickwire::domain::market::Market;

use super::dialect::{Dialect, Said, texts};
use crate::truth::files;

pub struct Bitfinex;

/// The numbers of the books' channels in the recording; the server gives them the same.
const CHANNELS: [(&str, u64); 2] = [("tIOTETH", 232_955), ("tMNABTC", 232_956)];

fn channel_of(symbol: &str) -> u64 {
    CHANNELS.into_iter().find(|(known, _)| *known == symbol).unwrap().1
}

fn subscribed(channel: &str, id: u64, symbol: &str) -> String {
    json!({
        "event": "subscribed", "channel": channel, "chanId": id, "symbol": symbol, "prec": "P0",
        "freq": "F0", "len": "250", "pair": &symbol[1..],
    })
    .to_string()
}

impl Dialect for Bitfinex {
    fn venue(&self) -> (&'static str, &'static str) {
        ("bitfinex", "BITFINEX")
    }

    fn symbols(&self) -> &'static [&'static str] {
        &["tIOTETH", "tMNABTC"]
    }

    fn files(&self) -> Option<Vec<PathBuf>> {
        files("venue-captures-misc", &["BITFINEX.ws.11.0.txt.gz"])
    }

    fn message(&self, text: &str) -> Option<String> {
        // Behind the data stands the number that it had on its own connection.
        let (list, _) = text.rsplit_once(',')?;
        let is_change = CHANNELS.iter().any(|(_, id)| list.starts_with(&format!("[{id},[")));
        is_change.then(|| format!("{list}]"))
    }

    fn introductions(&self, _: &BTreeMap<String, Market>) -> Vec<String> {
        CHANNELS.map(|(symbol, id)| subscribed("book", id, symbol)).into()
    }

    fn numbers_sockets(&self) -> bool {
        true
    }

    fn numbered(&self, text: String, number: &mut u64) -> String {
        let Some(list) = text.strip_suffix(']').filter(|_| text.starts_with('[')) else {
            return text;
        };
        *number += 1;
        format!("{list},{number},{}]", jiff::Timestamp::now().as_millisecond())
    }

    fn welcome(&self) -> Option<String> {
        Some(r#"{"event":"info","version":2,"serverId":"x","platform":{"status":1}}"#.into())
    }

    fn farewell(&self) -> Option<&'static str> {
        Some(r#"{"event":"info","code":20051,"msg":"Stopping. Please try to reconnect"}"#)
    }

    fn hear(&self, text: &str) -> Vec<Said> {
        let told: Value = serde_json::from_str(text).unwrap();
        if told["event"] == "conf" {
            return vec![Said::Text(r#"{"event":"conf","status":"OK","flags":98304}"#.to_owned())];
        }
        assert_eq!(told["event"], "subscribe", "{text}");
        let symbol = told["symbol"].as_str().unwrap();
        let book = channel_of(symbol);
        if told["channel"] == "book" {
            let answer = Said::Text(subscribed("book", book, symbol));
            return vec![answer, Said::Snapshot(symbol.to_owned())];
        }
        let trades = book + 1_000;
        [subscribed("trades", trades, symbol), format!("[{trades},[]]")].map(Said::Text).into()
    }

    fn snapshot(&self, symbol: &str, market: &Market) -> String {
        let bids = texts(market, market.book().bids()).into_iter();
        let bids = bids.map(|(price, qty)| format!("[{price},1,{qty}]"));
        let asks = texts(market, market.book().asks()).into_iter();
        let rows: Vec<_> =
            bids.chain(asks.map(|(price, qty)| format!("[{price},1,-{qty}]"))).collect();
        format!("[{},[{}]]", channel_of(symbol), rows.join(","))
    }
}
