//! WebSocket v1: `[channelID, payload, …, "channel", "pair"]`; before 30 May 2019 without the last
//! two, which the channel's number told ([`Channels`]).
//!
//! - `book-N`: `{"as", "bs"}` is the whole book; `{"a"}` and `{"b"}`, in one part or in two, are an
//!   update, whose last part has the checksum `c`. Rows are `[price, volume, time]`, with an `"r"`
//!   behind where the row is told again.
//! - `trade`: rows `[price, volume, time, side, orderType, misc]`.
//! - `spread`: `[bid, ask, time, bidVolume, askVolume]`; before the volumes came, `[bid, ask, time]`,
//!   which gives no event.
//! - `ticker` and `ohlc-N` carry nothing that is taken here.
//!
//! Times are decimal seconds. A book's time is the greatest of its rows.
//!
//! Source: docs.kraken.com, "WebSocket API v1", "Book", "Trade", "Spread".

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::book;
use super::channels::Channels;
use super::quote;
use super::trade;
use super::{Pair, book::DEPTH_MAX};
use crate::domain::market::{
    Checksum, ChecksumKind, Decimal, Event, Instrument, LevelChange, Nanos,
};
use crate::feeds::venues::FrameError;
use crate::feeds::venues::reading::{Cell, Row, instant, price, quantity, seconds, seconds_of};
use crate::feeds::venues::roster::Roster;
use crate::wire::borrowed::{self, ROW, row_of};
use crate::wire::number::{DecimalField, ScientificField};

/// Takes an array.
pub(super) fn take(
    roster: &mut Roster<Pair>,
    channels: &Channels,
    text: &str,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let (head, [channel, pair]) = match names(text) {
        Some((head, names)) => (Some(head), names.map(Cow::Borrowed)),
        None => (None, named(text, channels)?),
    };
    if let Some(depth) = channel.strip_prefix("book-") {
        let depth = depth.parse().ok().filter(|depth| (1..=DEPTH_MAX).contains(depth));
        let depth = depth.ok_or(FrameError::Value("depth"))?;
        let parts = match head.and_then(only_part) {
            Some(parts) => parts,
            None => all_parts(text)?,
        };
        let (told, is_snapshot) = parts.book()?;
        let listed = roster.get(&pair)?;
        listed.state.depths.subscribed = Some(depth);
        if is_snapshot {
            book::snapshot(listed, told, recv, out);
        } else {
            book::delta(listed, told, recv, out);
        }
        return Ok(());
    }
    match channel.as_ref() {
        "trade" => {
            let Payload(rows) = borrowed::from_str::<Payload<Vec<Row<'_>>>>(text)?;
            let told: Vec<_> = rows.iter().map(trade_of).collect::<Result<_, _>>()?;
            let listed = roster.get(&pair)?;
            for told in &told {
                out.push((listed.instrument.clone(), trade::event(listed, told, recv)));
            }
            Ok(())
        }
        "spread" => {
            let Payload(row) = borrowed::from_str::<Payload<Row<'_>>>(text)?;
            let at = seconds_of("spread time", row.text(2))?;
            if row.cell(3).is_none() {
                return Ok(());
            }
            let bid = (row.number(0), row.number(3));
            let told = quote::Told::read(Some(at), bid, (row.number(1), row.number(4)))?;
            let listed = roster.get(&pair)?;
            out.push((listed.instrument.clone(), quote::event(listed, &told, recv)));
            Ok(())
        }
        channel if channel == "ticker" || channel.starts_with("ohlc-") => {
            borrowed::from_str::<IgnoredAny>(text)?;
            Ok(())
        }
        _ => Err(FrameError::Shape("no channel of WebSocket v1")),
    }
}

/// Channel and pair, which stand last, where they are written as the venue writes them, and what
/// stands before them. That this is the head of a list is seen by who reads it.
fn names(text: &str) -> Option<(&str, [&str; 2])> {
    let (rest, pair) = last_string(text.strip_suffix(r#""]"#)?)?;
    let (rest, channel) = last_string(rest.strip_suffix(r#"","#)?)?;
    Some((rest.strip_suffix(',')?, [channel, pair]))
}

/// The one object behind the channel's number, as most frames have it.
fn only_part(head: &str) -> Option<Parts> {
    let (id, part) = head.strip_prefix('[')?.split_once(',')?;
    let is_number = id.bytes().all(|byte| byte.is_ascii_digit()) && !id.is_empty();
    if !is_number || (id.starts_with('0') && id != "0") || !part.starts_with('{') {
        return None;
    }
    let mut parts = Parts::default();
    borrowed::accept_seed(part, PartSeed(&mut parts))?;
    Some(parts)
}

/// The objects of any book frame.
fn all_parts(text: &str) -> Result<Parts, FrameError> {
    let mut parts = Parts::default();
    borrowed::from_str_seed(text, PartsSeed(&mut parts))?;
    Ok(parts)
}

/// What stands before the last quote and behind it, where that has no escapes.
fn last_string(text: &str) -> Option<(&str, &str)> {
    let is_mark = |byte: &u8| matches!(byte, b'"' | b'\\');
    let at = text.as_bytes().iter().rposition(is_mark)?;
    Some((text.get(..at)?, text.get(at..)?.strip_prefix('"')?))
}

/// Channel and pair, however they are written, or as the channel's number told them.
fn named<'a>(text: &'a str, channels: &'a Channels) -> Result<[Cow<'a, str>; 2], FrameError> {
    let words: Vec<Cell<'_>> = borrowed::from_str(text)?;
    if let [_, .., Cell(channel), Cell(pair)] = &words[..]
        && !channel.is_empty()
        && !pair.is_empty()
    {
        return Ok([channel.clone(), pair.clone()]);
    }
    let id = words.first().and_then(|Cell(id)| id.parse().ok());
    let names = id.and_then(|id| channels.names(id)).filter(|_| 1 < words.len());
    names.ok_or(FrameError::Shape("no channel and pair"))
}

fn trade_of(row: &Row<'_>) -> Result<trade::Told, FrameError> {
    let at = seconds_of("trade time", row.text(2))?;
    trade::Told::read(at, None, (row.number(0), row.number(1)), row.text(3))
}

/// What stands behind a channel's number, whatever follows it.
struct Payload<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Payload<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(PayloadVisitor(PhantomData))
    }
}

struct PayloadVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for PayloadVisitor<T> {
    type Value = Payload<T>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a channel's number and what it tells")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        list.next_element::<IgnoredAny>()?;
        let told = list.next_element()?.ok_or_else(|| short(1))?;
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Payload(told))
    }
}

/// What the objects of a book frame tell, one after the other.
#[derive(Default)]
struct Parts {
    rows: Rows,
    bids: Vec<LevelChange>,
    asks: Vec<LevelChange>,
    checksum: Option<Checksum>,
    is_whole: bool,
    is_change: bool,
}

/// What all rows have in common.
#[derive(Default)]
struct Rows {
    /// The greatest of their times.
    at: Option<Nanos>,
    /// The first fault in their numbers.
    fault: Option<FrameError>,
}

impl Parts {
    /// The book, and whether it is a whole one.
    fn book(self) -> Result<(book::Told, bool), FrameError> {
        if let Some(fault) = self.rows.fault {
            return Err(fault);
        }
        if self.is_whole == self.is_change {
            return Err(FrameError::Shape("neither a whole book nor an update"));
        }
        let Self { bids, asks, checksum, .. } = self;
        Ok((book::Told { at: self.rows.at, bids, asks, checksum }, self.is_whole))
    }
}

impl Rows {
    fn row(
        &mut self,
        at: DecimalField,
        qty: DecimalField,
        time: Option<Nanos>,
    ) -> Option<LevelChange> {
        if let (Some(time), DecimalField(Ok(price)), DecimalField(Ok(qty))) = (time, at, qty)
            && !qty.is_negative()
        {
            self.at = self.at.max(Some(time));
            return Some((price, qty));
        }
        let time = time.ok_or(FrameError::Time("level time"));
        self.note(time.and_then(|_| price(at)).and_then(|_| quantity(qty)));
        None
    }

    #[cold]
    fn note(&mut self, wrong: Result<Decimal, FrameError>) {
        self.fault = self.fault.take().or(wrong.err());
    }
}

/// Reads a whole book frame.
struct PartsSeed<'p>(&'p mut Parts);

impl<'de> DeserializeSeed<'de> for PartsSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for PartsSeed<'_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a channel id, a book and names")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        list.next_element::<IgnoredAny>()?;
        while list.next_element_seed(PartSeed(&mut *self.0))?.is_some() {}
        Ok(())
    }
}

/// A checksum, which has 32 bits.
fn checksum(ScientificField(field): ScientificField) -> Option<Checksum> {
    let value = field.0.ok().filter(|value| value.written_scale() == 0)?.at(0)?;
    let value = u32::try_from(value).ok()?.into();
    Some(Checksum { kind: ChecksumKind::Kraken, value })
}

#[derive(Clone, Copy, Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum Key {
    As,
    Bs,
    A,
    B,
    C,
    #[serde(other)]
    Other,
}

/// Reads one element of it; nothing where it is no object.
struct PartSeed<'p>(&'p mut Parts);

impl<'de> DeserializeSeed<'de> for PartSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for PartSeed<'_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a channel id, a book or a name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let parts = self.0;
        while let Some(key) = map.next_key()? {
            match key {
                Key::As | Key::A => {
                    map.next_value_seed(RowsSeed(&mut parts.asks, &mut parts.rows))?;
                }
                Key::Bs | Key::B => {
                    map.next_value_seed(RowsSeed(&mut parts.bids, &mut parts.rows))?;
                }
                Key::C => {
                    parts.checksum = checksum(map.next_value()?);
                    if parts.checksum.is_none() {
                        parts.rows.fault.get_or_insert(FrameError::Value("checksum"));
                    }
                }
                Key::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
            parts.is_whole |= matches!(key, Key::As | Key::Bs);
            parts.is_change |= matches!(key, Key::A | Key::B);
        }
        Ok(())
    }

    fn visit_str<E: de::Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }
}

/// Reads rows behind those of a side.
struct RowsSeed<'p>(&'p mut Vec<LevelChange>, &'p mut Rows);

impl<'de> DeserializeSeed<'de> for RowsSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for RowsSeed<'_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("levels with their times")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Self(side, rows) = self;
        while list.next_element_seed(RowSeed(&mut *side, &mut *rows))?.is_some() {}
        Ok(())
    }
}

/// Reads one row.
struct RowSeed<'p>(&'p mut Vec<LevelChange>, &'p mut Rows);

impl<'de> DeserializeSeed<'de> for RowSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_tuple_struct(ROW, 3, self)
    }
}

impl<'de> Visitor<'de> for RowSeed<'_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a price, a volume and a time")
    }

    fn visit_bytes<E: de::Error>(self, row: &[u8]) -> Result<(), E> {
        let mut cells = row_of(row);
        let Self(side, rows) = self;
        let (Some(at), Some(qty)) = (cells.next(), cells.next()) else {
            return Err(short(1));
        };
        let time = cells.next().and_then(instant);
        side.extend(rows.row(DecimalField(Ok(at)), DecimalField(Ok(qty)), time));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut cells: A) -> Result<(), A::Error> {
        let at = cells.next_element()?.ok_or_else(|| short(0))?;
        let qty = cells.next_element()?.ok_or_else(|| short(1))?;
        let Cell(time) = cells.next_element()?.unwrap_or_default();
        while cells.next_element::<IgnoredAny>()?.is_some() {}
        self.0.extend(self.1.row(at, qty, seconds(&time)));
        Ok(())
    }
}

fn short<E: de::Error>(count: usize) -> E {
    de::Error::invalid_length(count, &"three cells")
}
