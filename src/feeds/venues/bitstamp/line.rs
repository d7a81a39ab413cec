//! How Bitstamp is followed: one channel a message, the book bootstrapped by REST.
//!
//! `bts:heartbeat` is answered; before it closes a connection the venue sends
//! `bts:request_reconnect`. A connection lives 90 days, has 1,024 channels, and takes messages of
//! less than 512 bytes. REST takes 400 requests a second and 10,000 in ten minutes. Source:
//! www.bitstamp.net/websocket/v2/, www.bitstamp.net/api/ ("Request limits").

use serde_json::json;

use super::super::line::{Heard, Line, Recovery, Terms};

const DAY_MS: u64 = 86_400_000;

const TERMS: Terms = Terms {
    socket_url: "wss://ws.bitstamp.net",
    rest_url: "https://www.bitstamp.net",
    instruments_max: 200,
    messages_per_s: 20,
    connects_per_min: 30,
    requests_per_min: 300,
    ping_every_ms: Some(15_000),
    silence_max_ms: 45_000,
    lifetime_ms: Some(80 * DAY_MS),
    recovery: Recovery::RestSnapshot,
};

/// One connection.
pub(super) struct Socket;

impl Line for Socket {
    fn terms(&self) -> &'static Terms {
        &TERMS
    }

    fn subscribe(&mut self, symbols: &[String]) -> Vec<String> {
        let channels = |symbol: &String| {
            ["live_trades", "diff_order_book"].map(|kind| {
                let channel = format!("{kind}_{symbol}");
                json!({"event": "bts:subscribe", "data": {"channel": channel}}).to_string()
            })
        };
        symbols.iter().flat_map(channels).collect()
    }

    fn snapshot_path(&self, symbol: &str) -> Option<String> {
        Some(format!("/api/v2/order_book/{symbol}/?group=1"))
    }

    fn ping(&mut self) -> Option<String> {
        Some(r#"{"event":"bts:heartbeat"}"#.to_owned())
    }

    fn hear(&mut self, text: &str) -> Heard {
        // Some hundred bytes; no channel has such a name.
        let is_notice = text.len() < 512 && text.contains("\"bts:request_reconnect\"");
        if is_notice { Heard::Closing } else { Heard::Data }
    }
}
