//! Binance: combined streams, snapshots by REST.

use std::path::PathBuf;

use serde_json::{Value, json};
use tickwire::domain::market::Market;

use super::dialect::{Dialect, Said, rewritten, texts};
use crate::truth::files;

/// Spot, USD-M or COIN-M.
pub struct Binance {
    pub venue: (&'static str, &'static str),
    pub symbols: &'static [&'static str],
    pub set: &'static str,
    pub names: &'static [&'static str],
}

pub const SPOT: Binance = Binance {
    venue: ("binance", "BINANCE"),
    symbols: &["BTCUSDT"],
    set: "binance-spot-btcusdt-20240808",
    names: &["btcusdt_20240808.txt.gz"],
};

pub const USDM: Binance = Binance {
    venue: ("binance-usdm", "BINANCE-USDM"),
    symbols: &["SUSHIUSDT", "AKROUSDT", "CTKUSDT", "KEEPUSDT"],
    set: "binance-usdm-klines-20210722",
    names: &["BINANCE_FUTURES.ws.1.0.txt.gz", "BINANCE_FUTURES.http.0.0.txt.gz"],
};

/// Of COIN-M there is no recording: these are USD-M's frames under names such as COIN-M's, with the
/// pair (`ps`) that the venue documents beside the fields of USD-M.
pub const COINM: Binance = Binance {
    venue: ("binance-coinm", "BINANCE-COINM"),
    symbols: &["SUSHIUSD_PERP", "AKROUSD_PERP", "CTKUSD_PERP", "KEEPUSD_PERP"],
    ..USDM
};

/// A recording of USD-M with other names.
fn renamed(text: &str) -> String {
    let text = text.replace("USDT\",\"U\"", "USDT\",\"ps\":\"USD\",\"U\"");
    text.replace("USDT", "USD_PERP").replace("usdt", "usd_perp")
}

impl Dialect for Binance {
    fn venue(&self) -> (&'static str, &'static str) {
        self.venue
    }

    fn symbols(&self) -> &'static [&'static str] {
        self.symbols
    }

    fn files(&self) -> Option<Vec<PathBuf>> {
        let files = files(self.set, self.names)?;
        let is_renamed = self.venue == COINM.venue;
        Some(if is_renamed { rewritten(&files, "coinm", renamed) } else { files })
    }

    fn records_max(&self) -> usize {
        9_000
    }

    fn message(&self, text: &str) -> Option<String> {
        // The bare one is a REST body that the recorder wrote among the messages.
        (!text.starts_with("{\"lastUpdateId\"")).then(|| text.to_owned())
    }

    fn farewell(&self) -> Option<&'static str> {
        Some(r#"{"e":"serverShutdown","E":1770123456789}"#)
    }

    fn hear(&self, text: &str) -> Vec<Said> {
        let told: Value = serde_json::from_str(text).unwrap();
        assert_eq!(told["method"], "SUBSCRIBE", "{text}");
        let streams =
            || told["params"].as_array().unwrap().iter().map(|name| name.as_str().unwrap());
        let of = |channel| streams().filter_map(move |name| name.strip_suffix(channel));
        // The path of books has the fills of USD-M one by one.
        let prints = if self.venue == COINM.venue { "@aggTrade" } else { "@trade" };
        assert!(of(prints).eq(of("@depth@100ms")) && of("@bookTicker").eq(of(prints)), "{text}");
        let mut said: Vec<Said> =
            of("@depth@100ms").map(|name| Said::Follow(name.to_ascii_uppercase())).collect();
        said.push(Said::Text(json!({"result": null, "id": told["id"]}).to_string()));
        said
    }

    fn snapshot(&self, _: &str, market: &Market) -> String {
        json!({
            "lastUpdateId": market.book().venue_seq().unwrap(),
            "bids": texts(market, market.book().bids()),
            "asks": texts(market, market.book().asks()),
        })
        .to_string()
    }

    fn asked(&self, path: &str) -> Option<String> {
        let (_, query) = path.split_once("/depth?")?;
        query.split('&').find_map(|pair| pair.strip_prefix("symbol=")).map(str::to_owned)
    }
}
