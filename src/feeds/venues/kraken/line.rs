//! How Kraken is followed: WebSocket v2, a book of 1,000 levels, its snapshot on subscription.
//!
//! The venue sends `heartbeat` each second while anything is subscribed. About 150 connections are
//! allowed in ten minutes. Source: docs.kraken.com, "WebSocket API v2", "Connections", "Subscribe".

use serde_json::json;

use super::super::line::{Line, Recovery, Terms};

const TERMS: Terms = Terms {
    socket_url: "wss://ws.kraken.com/v2",
    rest_url: "https://api.kraken.com",
    instruments_max: 200,
    messages_per_s: 5,
    connects_per_min: 15,
    requests_per_min: 60,
    ping_every_ms: Some(30_000),
    silence_max_ms: 10_000,
    lifetime_ms: None,
    recovery: Recovery::Resubscribe,
};

const DEPTH: u32 = 1_000;

/// One connection.
#[derive(Default)]
pub(super) struct Socket {
    requests: u64,
}

impl Socket {
    fn request(&mut self, method: &str, params: serde_json::Value) -> String {
        self.requests += 1;
        json!({"method": method, "params": params, "req_id": self.requests}).to_string()
    }
}

impl Line for Socket {
    fn terms(&self) -> &'static Terms {
        &TERMS
    }

    fn subscribe(&mut self, symbols: &[String]) -> Vec<String> {
        let channels = [
            json!({"channel": "book", "symbol": symbols, "depth": DEPTH, "snapshot": true}),
            json!({"channel": "trade", "symbol": symbols, "snapshot": false}),
            json!({"channel": "ticker", "symbol": symbols, "event_trigger": "bbo"}),
        ];
        channels.map(|params| self.request("subscribe", params)).into()
    }

    fn renew(&mut self, symbol: &str) -> Vec<String> {
        let book = json!({"channel": "book", "symbol": [symbol], "depth": DEPTH});
        vec![self.request("unsubscribe", book.clone()), self.request("subscribe", book)]
    }

    fn ping(&mut self) -> Option<String> {
        self.requests += 1;
        Some(json!({"method": "ping", "req_id": self.requests}).to_string())
    }
}
