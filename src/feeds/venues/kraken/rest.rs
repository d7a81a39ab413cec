//! REST bodies: `Trades` becomes prints; all others (`OHLC`, `Depth`, …) give no events.
//!
//! `{"error": […], "result": {PAIR: [[price, volume, time, side, type, misc, id], …], "last"}}`;
//! the id is missing in answers from before 2022. A `Trades` body is known by its rows' side.
//! PAIR is the REST name, which becomes the one that WebSocket v1 writes.
//!
//! Source: docs.kraken.com, "Get Recent Trades", "Get Tradable Asset Pairs" (`wsname`).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{Pair, trade};
use crate::domain::market::{Event, Instrument, Nanos};
use crate::feeds::venues::FrameError;
use crate::feeds::venues::reading::{Row, seconds_of};
use crate::feeds::venues::roster::Roster;
use crate::wire::borrowed;

/// Assets that REST names with a leading class letter: X for coins, Z for money.
const CLASSED: [&str; 18] = [
    "XXBT", "XETH", "XETC", "XLTC", "XXRP", "XXLM", "XXMR", "XZEC", "XREP", "XMLN", "XXDG", "ZUSD",
    "ZEUR", "ZGBP", "ZCAD", "ZJPY", "ZAUD", "ZCHF",
];

/// Assets that others are priced in, longest first where one ends another.
const QUOTES: [&str; 20] = [
    "PYUSD", "RLUSD", "USDT", "USDC", "USDG", "USDQ", "USDR", "EURQ", "EURR", "DAI", "USD", "EUR",
    "GBP", "CAD", "JPY", "CHF", "AUD", "AED", "XBT", "ETH",
];

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(default)]
    error: Vec<String>,
    #[serde(borrow, default)]
    result: BTreeMap<Cow<'a, str>, Rows<'a>>,
}

/// Rows; none where something else stands in their place.
#[derive(Default)]
struct Rows<'a>(Vec<Row<'a>>);

/// The name that WebSocket v1 gives a REST pair.
///
/// - a name with a slash is one already;
/// - two classed assets lose their class letter: `XXBTZUSD` is `XBT/USD`;
/// - `USDT` before a classed asset: `USDTZUSD` is `USDT/USD`;
/// - else the quote asset is the longest known one that ends the name: `XBTUSDT` is `XBT/USDT`.
pub(super) fn pair_name(rest: &str) -> Option<String> {
    if rest.contains('/') {
        return Some(rest.to_owned());
    }
    if let Some((base, quote)) = rest.split_at_checked(4)
        && CLASSED.contains(&quote)
        && (CLASSED.contains(&base) || base == "USDT")
    {
        let plain = |asset: &str| if asset == "USDT" { 0 } else { 1 };
        return Some(format!("{}/{}", &base[plain(base)..], &quote[1..]));
    }
    let quote = QUOTES.into_iter().find(|quote| rest.ends_with(quote) && rest != *quote)?;
    Some(format!("{}/{quote}", rest.strip_suffix(quote)?))
}

/// Takes a body.
pub(super) fn take(
    roster: &mut Roster<Pair>,
    body: &str,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    if !body.trim_start().starts_with('{') {
        return Err(FrameError::Shape("no object"));
    }
    let answer: Answer<'_> = borrowed::from_str(body)?;
    if !answer.error.is_empty() {
        return Err(FrameError::Venue(answer.error.join(", ")));
    }
    let mut all = Vec::new();
    for (rest_name, Rows(rows)) in &answer.result {
        let is_trades = rows.first().is_some_and(|row| matches!(row.text(3), "b" | "s"));
        if !is_trades {
            continue;
        }
        let symbol =
            pair_name(rest_name).ok_or_else(|| FrameError::Symbol(rest_name.to_string()))?;
        let told: Vec<_> = rows.iter().map(trade_of).collect::<Result<_, _>>()?;
        all.push((symbol, told));
    }
    roster.check(all.iter().map(|(symbol, _)| symbol.as_str()))?;
    for (symbol, told) in all {
        let listed = roster.get(&symbol)?;
        for told in &told {
            out.push((listed.instrument.clone(), trade::event(listed, told, recv)));
        }
    }
    Ok(())
}

fn trade_of(row: &Row<'_>) -> Result<trade::Told, FrameError> {
    let at = seconds_of("trade time", row.text(2))?;
    let id = match row.cell(6) {
        Some(cell) => Some(cell.0.parse().map_err(|_| FrameError::Value("trade id"))?),
        None => None,
    };
    trade::Told::read(at, id, (row.number(0), row.number(1)), row.text(3))
}

impl<'de: 'a, 'a> Deserialize<'de> for Rows<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RowsVisitor)
    }
}

struct RowsVisitor;

impl<'de> Visitor<'de> for RowsVisitor {
    type Value = Rows<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut rows = Vec::new();
        while let Some(row) = list.next_element()? {
            rows.push(row);
        }
        Ok(Rows(rows))
    }

    fn visit_str<E: de::Error>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Rows::default())
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Rows::default())
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Rows::default())
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(Rows::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Rows::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rest_names_become_the_names_of_the_web_socket() {
        let names = [
            ("XBTUSDT", "XBT/USDT"),
            ("XXBTZUSD", "XBT/USD"),
            ("XETHXXBT", "ETH/XBT"),
            ("XXDGZUSD", "XDG/USD"),
            ("ZEURZUSD", "EUR/USD"),
            ("USDTZUSD", "USDT/USD"),
            ("SOLUSD", "SOL/USD"),
            ("ADAXBT", "ADA/XBT"),
            ("USDCUSDT", "USDC/USDT"),
            ("USDCUSD", "USDC/USD"),
            ("TUSDUSD", "TUSD/USD"),
            ("XBTPYUSD", "XBT/PYUSD"),
            ("BTC/USD", "BTC/USD"),
        ];
        for (rest, name) in names {
            assert_eq!(pair_name(rest).as_deref(), Some(name), "{rest}");
        }
        for rest in ["", "USD", "XBT", "\u{20ac}\u{20ac}", "ABC"] {
            assert_eq!(pair_name(rest), None, "{rest:?}");
        }
    }
}
