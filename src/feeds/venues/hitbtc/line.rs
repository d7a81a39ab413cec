//! How both houses are followed: API 3, many symbols a request, trades before books, so that the
//! past trades of a subscription are not behind the time of its book.
//!
//! 10 requests a second and 100 connections an address are promised. The venue pings on the
//! WebSocket itself each 30 s and wants nothing said. Asked twice, a subscription is answered but
//! gives no second snapshot, so a book is had again by leaving it first. Source: api.hitbtc.com,
//! "Rate Limits", "Ping", "Subscribe to full order book", "Subscribe to trades", "Subscribe to top
//! of book".

use serde_json::{Value, json};

use super::super::line::{Line, Recovery, Terms};

/// Past trades asked for with a subscription: the most the venue gives.
const HISTORY: u32 = 1_000;

pub(super) const HITBTC: Terms = Terms {
    socket_url: "wss://api.hitbtc.com/api/3/ws/public",
    rest_url: "https://api.hitbtc.com",
    instruments_max: 100,
    messages_per_s: 5,
    connects_per_min: 30,
    requests_per_min: 60,
    ping_every_ms: None,
    silence_max_ms: 75_000,
    lifetime_ms: None,
    recovery: Recovery::Resubscribe,
};

pub(super) const BEQUANT: Terms = Terms {
    socket_url: "wss://api.bequant.io/api/3/ws/public",
    rest_url: "https://api.bequant.io",
    ..HITBTC
};

/// One connection.
pub(super) struct Socket {
    terms: &'static Terms,
    requests: u64,
}

impl Socket {
    /// To that house.
    pub fn new(terms: &'static Terms) -> Self {
        Self { terms, requests: 0 }
    }

    fn request(&mut self, method: &str, channel: &str, params: &Value) -> String {
        self.requests += 1;
        json!({"method": method, "ch": channel, "params": params, "id": self.requests}).to_string()
    }
}

impl Line for Socket {
    fn terms(&self) -> &'static Terms {
        self.terms
    }

    fn subscribe(&mut self, symbols: &[String]) -> Vec<String> {
        let (plain, past) =
            (json!({"symbols": symbols}), json!({"symbols": symbols, "limit": HISTORY}));
        vec![
            self.request("subscribe", "trades", &past),
            self.request("subscribe", "orderbook/full", &plain),
            self.request("subscribe", "orderbook/top/100ms", &plain),
        ]
    }

    fn renew(&mut self, symbol: &str) -> Vec<String> {
        let params = json!({"symbols": [symbol]});
        ["unsubscribe", "subscribe"]
            .map(|method| self.request(method, "orderbook/full", &params))
            .into()
    }
}
