//! How Deribit is followed: notifications each 100 ms, which need no signing in (`raw` does).
//!
//! With `public/set_heartbeat` the venue asks `test_request` and cuts who does not answer with
//! `public/test`. Up to 500 channels a connection; 32 connections from one address. Source:
//! docs.deribit.com, "public/set_heartbeat", "Connection Management", "Rate Limits".

use serde_json::json;

use super::super::line::{Heard, Line, Recovery, Terms};

const TERMS: Terms = Terms {
    socket_url: "wss://www.deribit.com/ws/api/v2",
    rest_url: "https://www.deribit.com",
    instruments_max: 160,
    messages_per_s: 5,
    connects_per_min: 30,
    requests_per_min: 60,
    ping_every_ms: None,
    silence_max_ms: 40_000,
    lifetime_ms: None,
    recovery: Recovery::Resubscribe,
};

/// Seconds of silence after which the venue asks.
const HEARTBEAT_S: u32 = 10;

/// One connection.
#[derive(Default)]
pub(super) struct Rpc {
    requests: u64,
}

impl Rpc {
    fn request(&mut self, method: &str, params: &serde_json::Value) -> String {
        self.requests += 1;
        json!({"jsonrpc": "2.0", "id": self.requests, "method": method, "params": params})
            .to_string()
    }
}

impl Line for Rpc {
    fn terms(&self) -> &'static Terms {
        &TERMS
    }

    fn subscribe(&mut self, symbols: &[String]) -> Vec<String> {
        let channels = |symbol: &String| {
            [
                format!("book.{symbol}.100ms"),
                format!("trades.{symbol}.100ms"),
                format!("quote.{symbol}"),
            ]
        };
        let all: Vec<String> = symbols.iter().flat_map(channels).collect();
        let mut said =
            vec![self.request("public/set_heartbeat", &json!({"interval": HEARTBEAT_S}))];
        for part in all.chunks(150) {
            said.push(self.request("public/subscribe", &json!({"channels": part})));
        }
        said
    }

    fn renew(&mut self, symbol: &str) -> Vec<String> {
        let book = json!({"channels": [format!("book.{symbol}.100ms")]});
        vec![self.request("public/unsubscribe", &book), self.request("public/subscribe", &book)]
    }

    fn hear(&mut self, text: &str) -> Heard {
        // Some hundred bytes; an instrument's name cannot hold the quoted word.
        if text.len() < 256 && text.contains("\"test_request\"") {
            return Heard::Answer(self.request("public/test", &json!({})));
        }
        Heard::Data
    }
}
