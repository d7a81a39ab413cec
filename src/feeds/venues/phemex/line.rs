//! How Phemex is followed: one symbol a subscription, trades before books, so that the past trades
//! of a subscription are not behind the time of its book.
//!
//! The venue closes a connection on which the client said nothing for 30 s; 20 subscriptions and 20
//! requests a second are promised to a connection, 200 connections in five minutes to an address.
//! Asked again, a subscription is answered with a snapshot. Source: github.com/phemex/
//! phemex-api-docs, "Websocket API Standards", "Heartbeat", "API Rate Limits", "Subscribe OrderBook",
//! "Subscribe Trade".

use serde_json::json;

use super::super::line::{Line, Recovery, Terms};
use super::scale::is_hedged;

const TERMS: Terms = Terms {
    socket_url: "wss://ws.phemex.com",
    rest_url: "https://api.phemex.com",
    instruments_max: 10,
    messages_per_s: 10,
    connects_per_min: 30,
    requests_per_min: 60,
    ping_every_ms: Some(5_000),
    silence_max_ms: 20_000,
    lifetime_ms: None,
    recovery: Recovery::Resubscribe,
};

/// One connection.
#[derive(Default)]
pub(super) struct Gateway {
    requests: u64,
}

impl Gateway {
    fn request(&mut self, channel: &str, symbol: &str) -> String {
        self.requests += 1;
        let hedged = if is_hedged(symbol) { "_p" } else { "" };
        let method = format!("{channel}{hedged}.subscribe");
        json!({"id": self.requests, "method": method, "params": [symbol]}).to_string()
    }
}

impl Line for Gateway {
    fn terms(&self) -> &'static Terms {
        &TERMS
    }

    fn subscribe(&mut self, symbols: &[String]) -> Vec<String> {
        let mut all = Vec::with_capacity(2 * symbols.len());
        for channel in ["trade", "orderbook"] {
            all.extend(symbols.iter().map(|symbol| self.request(channel, symbol)));
        }
        all
    }

    fn renew(&mut self, symbol: &str) -> Vec<String> {
        vec![self.request("orderbook", symbol)]
    }

    fn ping(&mut self) -> Option<String> {
        self.requests += 1;
        Some(json!({"id": self.requests, "method": "server.ping", "params": []}).to_string())
    }
}
