//! How KuCoin is followed: `obu` (at `increment@10ms` for the book, at depth 1 for best bid and ask)
//! and `trade` on the newer public WebSocket, which needs no token and begins each book with a
//! snapshot. The classic one is not followed: its whole book by REST wants a key.
//!
//! The venue greets a new connection (`welcome`) before it hears of subscriptions, and sends its texts
//! in binary frames. One symbol and channel a message; 200 of them a connection, 300 messages in ten
//! seconds. The venue closes a connection that did not send `ping` for some 18 seconds. Source: kucoin.com/docs-new, "Introduction" (Unified
//! Trading Account), "Orderbook", "Trade".

use serde_json::json;

use crate::feeds::venues::line::{Line, Recovery, Terms};

const TERMS: Terms = Terms {
    socket_url: "wss://x-push-spot.kucoin.com",
    rest_url: "https://api.kucoin.com",
    instruments_max: 66,
    messages_per_s: 25,
    connects_per_min: 30,
    requests_per_min: 60,
    ping_every_ms: Some(9_000),
    silence_max_ms: 30_000,
    lifetime_ms: None,
    recovery: Recovery::Resubscribe,
};

/// The book's depth: its 500 best levels, each change.
const BOOK: &str = "increment@10ms";

/// One connection.
#[derive(Default)]
pub(super) struct Socket {
    requests: u64,
}

impl Socket {
    fn id(&mut self) -> String {
        self.requests += 1;
        self.requests.to_string()
    }

    fn book(&mut self, action: &str, symbol: &str, depth: &str) -> String {
        let id = self.id();
        json!({
            "id": id, "action": action, "channel": "obu", "tradeType": "SPOT", "symbol": symbol,
            "depth": depth, "rpiFilter": 0,
        })
        .to_string()
    }

    fn trades(&mut self, symbol: &str) -> String {
        let id = self.id();
        json!({
            "id": id, "action": "subscribe", "channel": "trade", "tradeType": "SPOT",
            "symbol": symbol,
        })
        .to_string()
    }
}

impl Line for Socket {
    fn terms(&self) -> &'static Terms {
        &TERMS
    }

    fn awaits_greeting(&self) -> bool {
        true
    }

    fn subscribe(&mut self, symbols: &[String]) -> Vec<String> {
        let mut messages = Vec::with_capacity(3 * symbols.len());
        for symbol in symbols {
            messages.push(self.book("subscribe", symbol, BOOK));
            messages.push(self.trades(symbol));
            messages.push(self.book("subscribe", symbol, "1"));
        }
        messages
    }

    fn renew(&mut self, symbol: &str) -> Vec<String> {
        ["unsubscribe", "subscribe"].map(|action| self.book(action, symbol, BOOK)).into()
    }

    fn ping(&mut self) -> Option<String> {
        let id = self.id();
        Some(json!({"id": id, "type": "ping"}).to_string())
    }
}
