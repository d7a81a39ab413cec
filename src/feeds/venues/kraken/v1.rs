//! WebSocket v1: `[channelID, payload, …, "channel", "pair"]`.
//!
//! - `book-N`: `{"as", "bs"}` is the whole book; `{"a"}` and `{"b"}`, in one part or in two, are an
//!   update, whose last part has the checksum `c`. Rows are `[price, volume, time]`, with an `"r"`
//!   behind where the row is told again.
//! - `trade`: rows `[price, volume, time, side, orderType, misc]`.
//! - `spread`: `[bid, ask, time, bidVolume, askVolume]`.
//! - `ticker` and `ohlc-N` carry nothing that is taken here.
//!
//! Times are decimal seconds. A book's time is the greatest of its rows.
//!
//! Source: docs.kraken.com, "WebSocket API v1", "Book", "Trade", "Spread".

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::book;
use super::quote;
use super::trade;
use super::{Pair, book::DEPTH_MAX};
use crate::domain::market::{Checksum, ChecksumKind, Event, Instrument, LevelChange, Nanos};
use crate::feeds::venues::FrameError;
use crate::feeds::venues::reading::{Cell, Row, price, quantity, seconds_of};
use crate::feeds::venues::roster::Roster;
use crate::wire::borrowed;

/// Takes an array.
pub(super) fn take(
    roster: &mut Roster<Pair>,
    text: &str,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let words: Vec<Cell<'_>> = borrowed::from_str(text)?;
    let [_, .., channel, pair] = words.as_slice() else {
        return Err(FrameError::Shape("no channel and pair"));
    };
    let (channel, pair) = (channel.0.as_ref(), pair.0.as_ref());
    if let Some(depth) = channel.strip_prefix("book-") {
        let depth = depth.parse().ok().filter(|depth| (1..=DEPTH_MAX).contains(depth));
        let depth = depth.ok_or(FrameError::Value("depth"))?;
        let parts: Vec<Part> = borrowed::from_str(text)?;
        let (told, is_snapshot) = book_of(parts)?;
        let listed = roster.get(pair)?;
        listed.state.depths.subscribed = Some(depth);
        let event = if is_snapshot {
            book::snapshot(listed, told, recv)
        } else {
            book::delta(listed, told, recv)
        };
        out.push((listed.instrument.clone(), event));
        return Ok(());
    }
    match channel {
        "trade" => {
            let (_, rows, _, _): (IgnoredAny, Vec<Row<'_>>, IgnoredAny, IgnoredAny) =
                borrowed::from_str(text)?;
            let told: Vec<_> = rows.iter().map(trade_of).collect::<Result<_, _>>()?;
            let listed = roster.get(pair)?;
            for told in &told {
                out.push((listed.instrument.clone(), trade::event(listed, told, recv)));
            }
            Ok(())
        }
        "spread" => {
            let (_, row, _, _): (IgnoredAny, Row<'_>, IgnoredAny, IgnoredAny) =
                borrowed::from_str(text)?;
            let at = seconds_of("spread time", row.text(2))?;
            let bid = (row.number(0), row.number(3));
            let told = quote::Told::read(Some(at), bid, (row.number(1), row.number(4)))?;
            let listed = roster.get(pair)?;
            out.push((listed.instrument.clone(), quote::event(listed, &told, recv)));
            Ok(())
        }
        "ticker" => Ok(()),
        _ if channel.starts_with("ohlc-") => Ok(()),
        _ => Err(FrameError::Shape("no channel of WebSocket v1")),
    }
}

fn trade_of(row: &Row<'_>) -> Result<trade::Told, FrameError> {
    let at = seconds_of("trade time", row.text(2))?;
    trade::Told::read(at, None, (row.number(0), row.number(1)), row.text(3))
}

/// The book that all parts of a frame tell, and whether it is a whole one.
fn book_of(parts: Vec<Part>) -> Result<(book::Told, bool), FrameError> {
    let mut told = book::Told { at: None, bids: Vec::new(), asks: Vec::new(), checksum: None };
    let (mut whole, mut changed) = (false, false);
    for part in parts {
        whole |= part.is_whole;
        changed |= part.is_change;
        told.at = told.at.max(part.at?);
        told.bids.extend(part.bids?);
        told.asks.extend(part.asks?);
        if let Some(text) = part.checksum {
            let value: u32 = text.parse().map_err(|_| FrameError::Value("checksum"))?;
            told.checksum = Some(Checksum { kind: ChecksumKind::Kraken, value: value.into() });
        }
    }
    if whole == changed {
        return Err(FrameError::Shape("neither a whole book nor an update"));
    }
    Ok((told, whole))
}

type Rows = Result<Vec<LevelChange>, FrameError>;

/// What one element of a book frame tells; nothing where it is no object.
struct Part {
    at: Result<Option<Nanos>, FrameError>,
    bids: Rows,
    asks: Rows,
    checksum: Option<String>,
    is_whole: bool,
    is_change: bool,
}

impl Default for Part {
    fn default() -> Self {
        Self {
            at: Ok(None),
            bids: Ok(Vec::new()),
            asks: Ok(Vec::new()),
            checksum: None,
            is_whole: false,
            is_change: false,
        }
    }
}

impl Part {
    fn rows(&mut self, rows: &[Row<'_>]) -> Rows {
        let mut changes = Vec::with_capacity(rows.len());
        for row in rows {
            let at = seconds_of("level time", row.text(2))?;
            if let Ok(greatest) = &mut self.at {
                *greatest = (*greatest).max(Some(at));
            }
            changes.push((price(row.number(0))?, quantity(row.number(1))?));
        }
        Ok(changes)
    }
}

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PartVisitor)
    }
}

struct PartVisitor;

impl<'de> Visitor<'de> for PartVisitor {
    type Value = Part;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a channel id, a book or a name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Part, A::Error> {
        let mut part = Part::default();
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            match key.as_ref() {
                "as" | "a" => {
                    let rows: Vec<Row<'de>> = map.next_value()?;
                    part.asks = part.rows(&rows);
                }
                "bs" | "b" => {
                    let rows: Vec<Row<'de>> = map.next_value()?;
                    part.bids = part.rows(&rows);
                }
                "c" => part.checksum = Some(map.next_value::<Cell<'de>>()?.0.into_owned()),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
            part.is_whole |= matches!(key.as_ref(), "as" | "bs");
            part.is_change |= matches!(key.as_ref(), "a" | "b");
        }
        Ok(part)
    }

    fn visit_str<E: de::Error>(self, _: &str) -> Result<Part, E> {
        Ok(Part::default())
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<Part, E> {
        Ok(Part::default())
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<Part, E> {
        Ok(Part::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Part, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Part::default())
    }
}
