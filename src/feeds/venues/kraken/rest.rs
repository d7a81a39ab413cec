//! REST bodies: `Trades` becomes prints, `Depth` a book; all others (`OHLC`, `Ticker`, …) give no
//! events.
//!
//! - `Trades`: `{"error": […], "result": {PAIR: [[price, volume, time, side, type, misc, id], …],
//!   "last"}}`, known by its rows' side. The id is missing in answers from before 2022; bodies may
//!   overlap, so such trades are counted anew in each body and have the ids they had.
//! - `Depth`: `{PAIR: {"asks": [[price, volume, time], …], "bids": […]}}` within the same, at the
//!   greatest time of its rows, without checksum. The book that comes by WebSocket goes before it,
//!   and its changes do not continue it: it ends with the first one.
//!
//! PAIR is the REST name, which becomes the one that WebSocket v1 writes.
//!
//! Source: docs.kraken.com, "Get Recent Trades", "Get Order Book", "Get Tradable Asset Pairs"
//! (`wsname`).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{Pair, trade};
use crate::domain::market::{Body, Event, Instrument, LevelChange, Nanos};
use crate::feeds::venues::FrameError;
use crate::feeds::venues::reading::{Row, price, quantity, seconds_of};
use crate::feeds::venues::roster::{Listed, Roster};
use crate::wire::borrowed::{self, Text};

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
    result: BTreeMap<Cow<'a, str>, Part<'a>>,
}

/// What stands under a pair; nothing where it is none of these.
#[derive(Default)]
enum Part<'a> {
    #[default]
    Other,
    Rows(Vec<Row<'a>>),
    /// Bids and asks.
    Book([Vec<Row<'a>>; 2]),
}

/// What is taken of a part.
enum Told {
    Trades(Vec<trade::Told>),
    Book(Book),
}

/// A book, bids and asks.
struct Book {
    at: Option<Nanos>,
    sides: [Vec<LevelChange>; 2],
}

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
    for (rest_name, part) in &answer.result {
        let Some(told) = told(part)? else { continue };
        let symbol =
            pair_name(rest_name).ok_or_else(|| FrameError::Symbol(rest_name.to_string()))?;
        all.push((symbol, told));
    }
    roster.check(all.iter().map(|(symbol, _)| symbol.as_str()))?;
    for (symbol, told) in all {
        let listed = roster.get(&symbol)?;
        let events = match told {
            Told::Trades(list) => trade::events_again(listed, &list, recv),
            Told::Book(book) => book_event(listed, book, recv).into_iter().collect(),
        };
        out.extend(events.into_iter().map(|event| (listed.instrument.clone(), event)));
    }
    Ok(())
}

/// Reads what is taken of a part.
fn told(part: &Part<'_>) -> Result<Option<Told>, FrameError> {
    Ok(match part {
        Part::Rows(rows) if rows.first().is_some_and(|row| matches!(row.text(3), "b" | "s")) => {
            Some(Told::Trades(rows.iter().map(trade_of).collect::<Result<_, _>>()?))
        }
        Part::Book(sides) => {
            let mut book = Book { at: None, sides: Default::default() };
            for (side, rows) in book.sides.iter_mut().zip(sides) {
                for row in rows {
                    book.at = book.at.max(Some(seconds_of("level time", row.text(2))?));
                    side.push((price(row.number(0))?, quantity(row.number(1))?));
                }
            }
            Some(Told::Book(book))
        }
        Part::Rows(_) | Part::Other => None,
    })
}

/// The event of a book, where none comes by WebSocket.
fn book_event(listed: &mut Listed<Pair>, book: Book, recv: Nanos) -> Option<Event> {
    let Book { at, sides: [bids, asks] } = book;
    if listed.state.depths.is_followed {
        return None;
    }
    listed.state.depths.is_rest = true;
    Some(listed.event(at, recv, Body::BookSnapshot { bids, asks, checksum: None }))
}

fn trade_of(row: &Row<'_>) -> Result<trade::Told, FrameError> {
    let at = seconds_of("trade time", row.text(2))?;
    let id = match row.cell(6) {
        Some(cell) => Some(cell.0.parse().map_err(|_| FrameError::Value("trade id"))?),
        None => None,
    };
    trade::Told::read(at, id, (row.number(0), row.number(1)), row.text(3))
}

impl<'de: 'a, 'a> Deserialize<'de> for Part<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PartVisitor)
    }
}

struct PartVisitor;

impl<'de> Visitor<'de> for PartVisitor {
    type Value = Part<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("rows or a book")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut rows = Vec::new();
        while let Some(row) = list.next_element()? {
            rows.push(row);
        }
        Ok(Part::Rows(rows))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut bids, mut asks) = (None, None);
        while let Some(Text(key)) = map.next_key()? {
            match key.as_ref() {
                "bids" => bids = Some(map.next_value()?),
                "asks" => asks = Some(map.next_value()?),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(bids.zip(asks).map_or(Part::Other, |(bids, asks)| Part::Book([bids, asks])))
    }

    fn visit_str<E: de::Error>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Part::Other)
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Part::Other)
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Part::Other)
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(Part::Other)
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
