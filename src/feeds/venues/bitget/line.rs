//! How Bitget is followed: `books`, `trade` and `books1` on the public WebSocket of v2.
//!
//! The venue closes a connection on which it heard no `ping` for two minutes and answers `pong`.
//! Limits: 300 connections in five minutes, 10 messages a second and 240 subscriptions an hour on a
//! connection, on which it advises fewer than 50 channels; a connection lives 24 hours. Source:
//! bitget.com/api-doc/common, "Websocket API".

use serde_json::json;

use super::product;
use crate::feeds::venues::line::{Line, Recovery, Terms};

const DAY_MS: u64 = 86_400_000;

const TERMS: Terms = Terms {
    socket_url: "wss://ws.bitget.com/v2/ws/public",
    rest_url: "https://api.bitget.com",
    instruments_max: 16,
    messages_per_s: 5,
    connects_per_min: 30,
    requests_per_min: 60,
    ping_every_ms: Some(25_000),
    silence_max_ms: 40_000,
    lifetime_ms: Some(DAY_MS - 600_000),
    recovery: Recovery::Resubscribe,
};

const CHANNELS: [&str; 3] = ["books", "trade", "books1"];

/// One connection.
pub(super) struct Socket;

fn request(op: &str, channels: &[&str], symbols: &[String]) -> String {
    let mut arguments = Vec::with_capacity(channels.len() * symbols.len());
    for symbol in symbols {
        for channel in channels {
            let (product, id) = product::named(symbol);
            arguments.push(json!({"instType": product, "channel": channel, "instId": id}));
        }
    }
    json!({"op": op, "args": arguments}).to_string()
}

impl Line for Socket {
    fn terms(&self) -> &'static Terms {
        &TERMS
    }

    fn subscribe(&mut self, symbols: &[String]) -> Vec<String> {
        vec![request("subscribe", &CHANNELS, symbols)]
    }

    fn in_frames<'s>(&self, symbol: &'s str) -> &'s str {
        product::named(symbol).1
    }

    fn renew(&mut self, symbol: &str) -> Vec<String> {
        let symbols = [symbol.to_owned()];
        ["unsubscribe", "subscribe"].map(|op| request(op, &CHANNELS[..1], &symbols)).into()
    }

    fn ping(&mut self) -> Option<String> {
        Some("ping".to_owned())
    }
}
