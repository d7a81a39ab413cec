//! How OKX and OKCoin are followed: `books`, `trades` and `bbo-tbt` on the public WebSocket.
//!
//! The venue closes a connection on which it sent nothing for 30 seconds and wants `ping` as a text
//! before that; it answers `pong`. It sends the notice 64008 some time before it closes for an
//! upgrade. Limits: 3 connections a second, 480 subscriptions an hour on a connection, 64 KB of
//! arguments. Source: okx.com/docs-v5, "WebSocket", "Connect", "Notification".

use serde_json::json;

use crate::feeds::venues::line::{Heard, Line, Recovery, Terms};

pub(super) const OKX: Terms = Terms {
    socket_url: "wss://ws.okx.com:8443/ws/v5/public",
    rest_url: "https://www.okx.com",
    instruments_max: 100,
    messages_per_s: 2,
    connects_per_min: 60,
    requests_per_min: 60,
    ping_every_ms: Some(20_000),
    silence_max_ms: 30_000,
    lifetime_ms: None,
    recovery: Recovery::Resubscribe,
};

pub(super) const OKCOIN: Terms = Terms {
    socket_url: "wss://real.okcoin.com:8443/ws/v5/public",
    rest_url: "https://www.okcoin.com",
    ..OKX
};

const CHANNELS: [&str; 3] = ["books", "trades", "bbo-tbt"];

/// One connection.
pub(super) struct Socket {
    terms: &'static Terms,
}

impl Socket {
    /// To that host.
    pub fn new(terms: &'static Terms) -> Self {
        Self { terms }
    }
}

fn request(op: &str, channels: &[&str], symbols: &[String]) -> String {
    let argument = |symbol: &String| {
        let of = symbol.clone();
        channels.iter().map(move |channel| json!({"channel": channel, "instId": of.clone()}))
    };
    let arguments: Vec<_> = symbols.iter().flat_map(argument).collect();
    json!({"op": op, "args": arguments}).to_string()
}

impl Line for Socket {
    fn terms(&self) -> &'static Terms {
        self.terms
    }

    fn subscribe(&mut self, symbols: &[String]) -> Vec<String> {
        vec![request("subscribe", &CHANNELS, symbols)]
    }

    fn renew(&mut self, symbol: &str) -> Vec<String> {
        let symbols = [symbol.to_owned()];
        ["unsubscribe", "subscribe"].map(|op| request(op, &CHANNELS[..1], &symbols)).into()
    }

    fn ping(&mut self) -> Option<String> {
        Some("ping".to_owned())
    }

    fn hear(&mut self, text: &str) -> Heard {
        let is_notice = text.len() < 512 && text.contains("\"notice\"") && text.contains("64008");
        if is_notice { Heard::Closing } else { Heard::Data }
    }
}
