//! How Gemini is followed: market data version 2, one subscription for books and trades; the best
//! bid and ask are the top of the book.
//!
//! A heartbeat comes each five seconds. Public requests are held to 120 a minute. Source:
//! developer.gemini.com, "Market Data v2 (Archived)", "Rate Limits".

use serde_json::json;

use super::super::line::{Line, Recovery, Terms};

const TERMS: Terms = Terms {
    socket_url: "wss://api.gemini.com",
    rest_url: "https://api.gemini.com",
    instruments_max: 100,
    messages_per_s: 5,
    connects_per_min: 20,
    requests_per_min: 60,
    ping_every_ms: None,
    silence_max_ms: 15_000,
    lifetime_ms: None,
    recovery: Recovery::Resubscribe,
};

/// One connection.
pub(super) struct Socket;

fn said(kind: &str, symbols: &[String]) -> String {
    let subscriptions = json!([{"name": "l2", "symbols": symbols}]);
    json!({"type": kind, "subscriptions": subscriptions}).to_string()
}

impl Line for Socket {
    fn terms(&self) -> &'static Terms {
        &TERMS
    }

    fn socket_url(&self, base: &str) -> String {
        format!("{base}/v2/marketdata")
    }

    fn subscribe(&mut self, symbols: &[String]) -> Vec<String> {
        vec![said("subscribe", symbols)]
    }

    fn renew(&mut self, symbol: &str) -> Vec<String> {
        let one = [symbol.to_owned()];
        vec![said("unsubscribe", &one), said("subscribe", &one)]
    }
}
