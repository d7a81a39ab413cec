//! How Binance is followed: combined streams named in the URL, the book bootstrapped by REST.
//!
//! A connection lives 24 hours; the venue sends `serverShutdown` some minutes before it closes one
//! earlier. The venue pings on the WebSocket itself and wants nothing said. Limits: 5 messages a
//! second of the client (10 on futures), 1,024 streams a connection (200 on futures), 300
//! connections in five minutes, a depth snapshot of 1,000 levels weighs 50 of 6,000 a minute on spot
//! and 20 of 2,400 on futures. Source: developers.binance.com, "WebSocket Streams", "Limits".
//!
//! USD-M has split its streams by path: books, `bookTicker` and `trade` come by `/public`, `aggTrade`
//! and candles by `/market`; a stream of the other path is acknowledged and then silent, as `/market`'s
//! are on the path without either since 2026-04-23. So its fills are followed one by one, all by one
//! connection. Source: developers.binance.com, "Important WebSocket Change Notice" (USD-M); it does not
//! name `trade`, which github.com/ccxt/ccxt/issues/28083 and bytex issue 7 (frames counted by path)
//! have on `/public`. COIN-M is not split ("Websocket Market Streams" of COIN-M), and promises only
//! aggregates.

use super::super::line::{Heard, Line, Recovery, Terms};

/// What differs between the three markets.
pub(super) struct Market {
    terms: Terms,
    depth_path: &'static str,
    stream_path: &'static str,
    /// The stream of prints.
    prints: &'static str,
}

const DAY_MS: u64 = 86_400_000;

const TERMS: Terms = Terms {
    socket_url: "wss://stream.binance.com:9443",
    rest_url: "https://api.binance.com",
    instruments_max: 300,
    messages_per_s: 5,
    connects_per_min: 60,
    requests_per_min: 60,
    ping_every_ms: None,
    silence_max_ms: 30_000,
    lifetime_ms: Some(DAY_MS - 600_000),
    recovery: Recovery::RestSnapshot,
};

pub(super) const SPOT: Market =
    Market { terms: TERMS, depth_path: "/api/v3/depth", stream_path: "/stream", prints: "trade" };

pub(super) const USDM: Market = Market {
    terms: Terms {
        socket_url: "wss://fstream.binance.com",
        rest_url: "https://fapi.binance.com",
        instruments_max: 60,
        ..TERMS
    },
    depth_path: "/fapi/v1/depth",
    stream_path: "/public/stream",
    prints: "trade",
};

pub(super) const COINM: Market = Market {
    terms: Terms {
        socket_url: "wss://dstream.binance.com",
        rest_url: "https://dapi.binance.com",
        instruments_max: 60,
        ..TERMS
    },
    depth_path: "/dapi/v1/depth",
    stream_path: "/stream",
    prints: "aggTrade",
};

/// One connection.
pub(super) struct Streams {
    market: &'static Market,
}

impl Streams {
    /// To that market.
    pub fn new(market: &'static Market) -> Self {
        Self { market }
    }
}

impl Line for Streams {
    fn terms(&self) -> &'static Terms {
        &self.market.terms
    }

    fn socket_url(&self, base: &str) -> String {
        format!("{base}{}", self.market.stream_path)
    }

    fn subscribe(&mut self, symbols: &[String]) -> Vec<String> {
        let streams = |symbol: &String| {
            let symbol = symbol.to_ascii_lowercase();
            [
                format!("{symbol}@depth@100ms"),
                format!("{symbol}@{}", self.market.prints),
                format!("{symbol}@bookTicker"),
            ]
        };
        let all: Vec<String> = symbols.iter().flat_map(streams).collect();
        let message = |(nth, names): (usize, &[String])| {
            let names = serde_json::Value::from(names);
            format!(r#"{{"method":"SUBSCRIBE","params":{names},"id":{}}}"#, nth + 1)
        };
        all.chunks(150).enumerate().map(message).collect()
    }

    fn snapshot_path(&self, symbol: &str) -> Option<String> {
        Some(format!("{}?symbol={symbol}&limit=1000", self.market.depth_path))
    }

    fn hear(&mut self, text: &str) -> Heard {
        // Some hundred bytes; a symbol cannot hold the quoted word.
        let is_notice = text.len() < 512 && text.contains("\"serverShutdown\"");
        if is_notice { Heard::Closing } else { Heard::Data }
    }
}
