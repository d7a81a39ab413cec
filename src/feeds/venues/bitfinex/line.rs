//! How Bitfinex is followed: books of 250 levels and trades, each message with a sequence number
//! and a time.
//!
//! Up to 25 channels a connection, 20 connections a minute. A quiet channel says `hb` each 15
//! seconds. The venue tells a restart of its server by `info` 20051, and the end of a maintenance,
//! after which everything is to be subscribed again, by 20061. After a gap all books are had again
//! by a new connection. Source: docs.bitfinex.com, "WebSocket General", "Public Channels".

use serde_json::json;

use super::super::line::{Heard, Line, Recovery, Terms};

const TERMS: Terms = Terms {
    socket_url: "wss://api-pub.bitfinex.com/ws/2",
    rest_url: "https://api-pub.bitfinex.com",
    instruments_max: 12,
    messages_per_s: 10,
    connects_per_min: 20,
    requests_per_min: 30,
    ping_every_ms: None,
    silence_max_ms: 30_000,
    lifetime_ms: None,
    recovery: Recovery::Reconnect,
};

/// Times (32768) and sequence numbers (65536).
const FLAGS: u32 = 32_768 + 65_536;

/// One connection.
pub(super) struct Socket;

impl Line for Socket {
    fn terms(&self) -> &'static Terms {
        &TERMS
    }

    fn subscribe(&mut self, symbols: &[String]) -> Vec<String> {
        let mut said = vec![json!({"event": "conf", "flags": FLAGS}).to_string()];
        for symbol in symbols {
            let book = json!({"event": "subscribe", "channel": "book", "symbol": symbol, "prec": "P0", "freq": "F0", "len": "250"});
            let trades = json!({"event": "subscribe", "channel": "trades", "symbol": symbol});
            said.extend([book.to_string(), trades.to_string()]);
        }
        said
    }

    fn hear(&mut self, text: &str) -> Heard {
        let is_notice = text.len() < 512 && text.starts_with('{') && text.contains("\"info\"");
        if is_notice && (text.contains("20051") || text.contains("20061")) {
            return Heard::Closing;
        }
        Heard::Data
    }
}
