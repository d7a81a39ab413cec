//! How Coinbase is followed: Advanced Trade's public market data, whose messages are numbered.
//!
//! A client that subscribed nothing within five seconds is cut; one channel a message. `heartbeats`
//! come each second and keep quiet subscriptions alive. Without signing in a client sends at most
//! 8 messages a second. After a gap all books are had again by a new connection. Source:
//! docs.cdp.coinbase.com, "Advanced Trade WebSocket Overview", "Rate Limits".

use serde_json::json;

use super::super::line::{Line, Recovery, Terms};

const TERMS: Terms = Terms {
    socket_url: "wss://advanced-trade-ws.coinbase.com",
    rest_url: "https://api.coinbase.com",
    instruments_max: 50,
    messages_per_s: 8,
    connects_per_min: 30,
    requests_per_min: 60,
    ping_every_ms: None,
    silence_max_ms: 10_000,
    lifetime_ms: None,
    recovery: Recovery::Reconnect,
};

/// One connection.
pub(super) struct Channels;

impl Line for Channels {
    fn terms(&self) -> &'static Terms {
        &TERMS
    }

    fn subscribe(&mut self, symbols: &[String]) -> Vec<String> {
        let channel = |name: &str| {
            json!({"type": "subscribe", "channel": name, "product_ids": symbols}).to_string()
        };
        let beats = json!({"type": "subscribe", "channel": "heartbeats"}).to_string();
        // The best bid and ask are the top of the book: `ticker` tells them on trades only.
        vec![beats, channel("level2"), channel("market_trades")]
    }
}
