//! How Gate.io is followed: `spot.obu` of 400 levels each 100 ms, whose first message is the whole
//! book, trades and tops.
//!
//! A stream is left before it is asked for again: asked twice it is refused. A `time` stands in
//! every request; public channels do not compare it with the venue's clock. The venue pings on the
//! WebSocket itself; `spot.ping` is answered by `spot.pong`. 300 connections an address are
//! promised. Source: www.gate.com/docs/developers/apiv4/ws/en, "Request", "Application ping pong",
//! "Order Book V2 API", "Public trades channel", "Best bid or ask price".

use serde_json::{Value, json};

use super::super::line::{Line, Recovery, Terms};

const TERMS: Terms = Terms {
    socket_url: "wss://api.gateio.ws/ws/v4/",
    rest_url: "https://api.gateio.ws",
    instruments_max: 100,
    messages_per_s: 10,
    connects_per_min: 30,
    requests_per_min: 60,
    ping_every_ms: Some(10_000),
    silence_max_ms: 30_000,
    lifetime_ms: None,
    recovery: Recovery::Resubscribe,
};

/// The levels of a book, of those the venue has (50, 400).
const LEVELS: u32 = 400;

/// One connection.
#[derive(Default)]
pub(super) struct Socket {
    requests: u64,
}

impl Socket {
    fn request(&mut self, channel: &str, event: &str, payload: &Value) -> String {
        self.requests += 1;
        json!({"time": self.requests, "channel": channel, "event": event, "payload": payload})
            .to_string()
    }
}

fn stream(symbol: &str) -> String {
    format!("ob.{symbol}.{LEVELS}")
}

impl Line for Socket {
    fn terms(&self) -> &'static Terms {
        &TERMS
    }

    fn subscribe(&mut self, symbols: &[String]) -> Vec<String> {
        let (names, streams) = (
            json!(symbols),
            json!(symbols.iter().map(|symbol| stream(symbol)).collect::<Vec<_>>()),
        );
        vec![
            self.request("spot.trades", "subscribe", &names),
            self.request("spot.obu", "subscribe", &streams),
            self.request("spot.book_ticker", "subscribe", &names),
        ]
    }

    fn renew(&mut self, symbol: &str) -> Vec<String> {
        let payload = json!([stream(symbol)]);
        ["unsubscribe", "subscribe"].map(|event| self.request("spot.obu", event, &payload)).into()
    }

    fn ping(&mut self) -> Option<String> {
        self.requests += 1;
        Some(json!({"time": self.requests, "channel": "spot.ping"}).to_string())
    }
}
