//! How BitMEX is followed: `orderBookL2`, `trade` and `quote` of each contract.
//!
//! The venue advises `ping` as a text after five silent seconds and answers `pong`. Limits: 20
//! connections at once, then one a second; 720 subscriptions an hour on a connection. Source:
//! bitmex.com/app/wsAPI, "Heartbeats", "Rate Limits".

use serde_json::json;

use crate::feeds::venues::line::{Line, Recovery, Terms};

const TERMS: Terms = Terms {
    socket_url: "wss://ws.bitmex.com/realtime",
    rest_url: "https://www.bitmex.com",
    instruments_max: 50,
    messages_per_s: 2,
    connects_per_min: 20,
    requests_per_min: 30,
    ping_every_ms: Some(5_000),
    silence_max_ms: 15_000,
    lifetime_ms: None,
    recovery: Recovery::Resubscribe,
};

const TABLES: [&str; 3] = ["orderBookL2", "trade", "quote"];

/// One connection.
pub(super) struct Socket;

impl Line for Socket {
    fn terms(&self) -> &'static Terms {
        &TERMS
    }

    fn subscribe(&mut self, symbols: &[String]) -> Vec<String> {
        let of = |table: &str| {
            let arguments: Vec<String> =
                symbols.iter().map(|symbol| format!("{table}:{symbol}")).collect();
            json!({"op": "subscribe", "args": arguments}).to_string()
        };
        TABLES.map(of).into()
    }

    fn renew(&mut self, symbol: &str) -> Vec<String> {
        let argument = format!("{}:{symbol}", TABLES[0]);
        ["unsubscribe", "subscribe"]
            .map(|op| json!({"op": op, "args": [argument]}).to_string())
            .into()
    }

    fn ping(&mut self) -> Option<String> {
        Some("ping".to_owned())
    }
}
