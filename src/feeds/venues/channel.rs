//! The frames of OKX, whose form Bitget took over:
//! `{"event" | "action", "arg": {"channel", "instId", …}, "data": […]}`.
//!
//! Bitget's v3 has other names (`topic`, `symbol`, one letter for most fields); before OKX's v5 there
//! was `table` in place of `arg`, and each element of the data named its instrument.
//!
//! One pass over the text serves all channels of both venues: an element of `data` has the fields
//! that any of them has. The data of channels that carry nothing taken here is passed over unread,
//! wherever `arg` stands in the frame.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::FrameError;
use super::reading::{Cell, Levels, epoch, rfc3339};
use super::roster::INSTRUMENTS_MAX;
use crate::domain::market::{Checksum, ChecksumKind, Instrument, LevelChange, Nanos, SECOND_NS};
use crate::wire::borrowed::{self, PLAIN};
use crate::wire::number::DecimalField;

/// Cells of a row that are looked at: a candle's first six, and the ninth, which closes it.
const CELLS: usize = 9;

/// A whole frame.
#[derive(Debug, Default)]
pub(super) struct Told<'a> {
    /// Of answers and notices: `subscribe`, `error`, `notice` and the like.
    pub event: Cell<'a>,
    /// What the data is of.
    pub arg: Option<Arg<'a>>,
    /// The same before OKX's v5: `spot/depth`; its answers say `spot/depth:BTC-USDT`.
    pub table: Cell<'a>,
    /// `snapshot` or `update`; empty where a channel has only one of them.
    pub action: Cell<'a>,
    /// The data; empty for channels that are passed over.
    pub data: Vec<Item<'a>>,
    /// The data of those.
    pub unread: Option<&'a RawValue>,
    /// Of errors.
    pub code: Cell<'a>,
    /// Of errors.
    pub msg: Cell<'a>,
}

impl Told<'_> {
    /// The channel; empty where the frame names none.
    fn channel(&self) -> &str {
        self.arg.as_ref().map_or(&self.table.0, |arg| &arg.channel.0)
    }
}

/// What a frame's data is of.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Arg<'a> {
    /// The channel's name.
    #[serde(borrow, alias = "topic")]
    pub channel: Cell<'a>,
    /// The symbol.
    #[serde(borrow, alias = "symbol")]
    pub inst_id: Cell<'a>,
    /// The kind of product.
    #[serde(borrow)]
    pub inst_type: Cell<'a>,
    /// The length of candles, where the channel's name does not say it.
    #[serde(borrow)]
    pub interval: Cell<'a>,
}

/// One element of the data.
#[derive(Debug)]
pub(super) enum Item<'a> {
    /// An object.
    Fields(Fields<'a>),
    /// A list: a candle, or a trade without id.
    Row([Cell<'a>; CELLS]),
}

/// What an object can have. The names differ between the venues, the meaning does not.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Fields<'a> {
    /// Its time, as [`moment`] reads it.
    #[serde(borrow, alias = "T", alias = "timestamp")]
    pub ts: Cell<'a>,
    /// Asks.
    #[serde(alias = "a")]
    pub asks: Levels,
    /// Bids.
    #[serde(alias = "b")]
    pub bids: Levels,
    /// The venue's checksum; 0 where it sends none.
    pub checksum: Whole,
    /// The number of this change.
    #[serde(alias = "seq")]
    pub seq_id: Whole,
    /// The number of the change before it; −1 or 0 where there is none.
    #[serde(alias = "pseq")]
    pub prev_seq_id: Whole,
    /// A trade's id.
    #[serde(borrow, alias = "i", alias = "trade_id")]
    pub trade_id: Cell<'a>,
    /// A trade's price.
    #[serde(alias = "p", alias = "price")]
    pub px: Option<DecimalField>,
    /// A trade's quantity.
    #[serde(alias = "v", alias = "size", alias = "qty")]
    pub sz: Option<DecimalField>,
    /// The taker's side.
    #[serde(borrow, alias = "S")]
    pub side: Cell<'a>,
    /// How many fills a trade stands for.
    #[serde(borrow)]
    pub count: Cell<'a>,
    /// The symbol, where the frame does not say it for all elements.
    #[serde(borrow, alias = "instrument_id")]
    pub inst_id: Cell<'a>,
}

impl Fields<'_> {
    /// Its time, where it has one.
    pub fn time(&self) -> Result<Option<Nanos>, FrameError> {
        if self.ts.0.is_empty() { Ok(None) } else { moment(&self.ts.0).map(Some) }
    }

    /// Its checksum. Both venues write 0 where they do not compute one: OKX since 2026 always,
    /// Bitget in the channels of a fixed depth and in all of v3.
    pub fn checksum(&self, kind: ChecksumKind) -> Option<Checksum> {
        self.checksum.0.filter(|value| *value != 0).map(|value| Checksum { kind, value })
    }

    /// Its own number, not below zero.
    pub fn seq(&self) -> Result<Option<u64>, FrameError> {
        self.seq_id
            .0
            .map(|seq| u64::try_from(seq).map_err(|_| FrameError::Value("seq")))
            .transpose()
    }

    /// The best bid and ask of a book that holds nothing else.
    pub fn best(self) -> Result<[Option<LevelChange>; 2], FrameError> {
        let full = |levels: Vec<LevelChange>| levels.into_iter().find(|(_, qty)| !qty.is_zero());
        Ok([full(self.bids.changes()?), full(self.asks.changes()?)])
    }
}

/// Milliseconds since 1970 as digits; before OKX's v5 a time of RFC 3339.
pub(super) fn moment(text: &str) -> Result<Nanos, FrameError> {
    match text.parse() {
        Ok(millis) => epoch("ts", millis),
        Err(_) => rfc3339("ts", text),
    }
}

/// A whole number as digits in quotes or bare; none where there are no digits, or null.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Whole(pub Option<i64>);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(PLAIN, WholeVisitor)
    }
}

struct WholeVisitor;

impl Visitor<'_> for WholeVisitor {
    type Value = Whole;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a whole number as a string or a number")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Whole, E> {
        match text.parse() {
            Ok(number) => Ok(Whole(Some(number))),
            Err(_) if text.is_empty() => Ok(Whole(None)),
            Err(_) => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
        }
    }

    fn visit_unit<E: de::Error>(self) -> Result<Whole, E> {
        Ok(Whole(None))
    }
}

/// The latest candle of each instrument and length, which is the running one where the venue does
/// not say it: one that comes again within a later bucket is the same candle, closed.
#[derive(Debug, Default)]
pub(super) struct Latest(BTreeMap<(Instrument, Nanos), Nanos>);

impl Latest {
    /// The start of the latest candle, these included.
    pub fn after(
        &mut self,
        key: (Instrument, Nanos),
        starts: impl Iterator<Item = Nanos>,
    ) -> Option<Nanos> {
        let known = self.0.get(&key).copied();
        let latest = starts.max().max(known);
        if let Some(latest) = latest
            && (known.is_some() || self.0.len() < INSTRUMENTS_MAX)
        {
            self.0.insert(key, latest);
        }
        latest
    }
}

/// The length of the candles of a channel `candle1m`, `candle4H`, `candle1Dutc`; none for those
/// whose buckets do not begin at multiples of their length since UTC midnight.
pub(super) fn candle_length(channel: &str) -> Option<Nanos> {
    interval(channel.strip_prefix("candle")?)
}

/// The same of what stands behind `candle` there.
pub(super) fn interval(name: &str) -> Option<Nanos> {
    let digits = name.bytes().take_while(u8::is_ascii_digit).count();
    let (count, unit) = name.split_at(digits);
    let unit = match unit {
        "s" => SECOND_NS,
        "m" => 60 * SECOND_NS,
        "H" => 3_600 * SECOND_NS,
        "Dutc" => 86_400 * SECOND_NS,
        _ => return None,
    };
    let length = count.parse::<Nanos>().ok()?.checked_mul(unit)?;
    (0 < length && 86_400 * SECOND_NS % length == 0).then_some(length)
}

/// Reads a frame; `is_taken` says of which channels the data is wanted.
pub(super) fn read(
    text: &str,
    is_taken: impl Fn(&str) -> bool + Copy,
) -> Result<Told<'_>, FrameError> {
    let mut told = borrowed::from_str_seed(text, Frame(is_taken))?;
    if let Some(raw) = told.unread
        && is_taken(told.channel())
    {
        told.data = borrowed::from_str(raw.get())?;
    }
    Ok(told)
}

#[derive(Clone, Copy)]
struct Frame<F>(F);

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "camelCase")]
enum Key {
    Event,
    Arg,
    Action,
    Data,
    #[serde(alias = "channel")]
    Table,
    #[serde(alias = "errorCode")]
    Code,
    #[serde(alias = "message")]
    Msg,
    #[serde(other)]
    Other,
}

impl<'de, F: Fn(&str) -> bool> DeserializeSeed<'de> for Frame<F> {
    type Value = Told<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, F: Fn(&str) -> bool> Visitor<'de> for Frame<F> {
    type Value = Told<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut told = Told::default();
        while let Some(key) = map.next_key()? {
            match key {
                Key::Event => told.event = map.next_value()?,
                Key::Arg => told.arg = Some(map.next_value()?),
                Key::Table => told.table = map.next_value()?,
                Key::Action => told.action = map.next_value()?,
                Key::Code => told.code = map.next_value()?,
                Key::Msg => told.msg = map.next_value()?,
                Key::Data if (self.0)(told.channel()) => told.data = map.next_value()?,
                Key::Data => told.unread = Some(map.next_value()?),
                Key::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(told)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Item<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ItemVisitor)
    }
}

struct ItemVisitor;

impl<'de> Visitor<'de> for ItemVisitor {
    type Value = Item<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object or a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        let fields = Fields::deserialize(de::value::MapAccessDeserializer::new(map))?;
        Ok(Item::Fields(fields))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut cells: [Cell<'de>; CELLS] = Default::default();
        for cell in &mut cells {
            match list.next_element()? {
                Some(text) => *cell = text,
                None => return Ok(Item::Row(cells)),
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Item::Row(cells))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_is_read_wherever_the_argument_stands() {
        let frames = [
            r#"{"arg":{"channel":"books","instId":"A"},"data":[{"ts":"5","bids":[["1","2","0"]]}]}"#,
            r#"{"data":[{"ts":5,"bids":[["1","2","0"]]}],"arg":{"channel":"books","instId":"A"}}"#,
        ];
        for frame in frames {
            let mut told = read(frame, |channel| channel == "books").unwrap();
            let Some(Item::Fields(fields)) = told.data.pop() else { panic!("{told:?}") };
            assert_eq!(fields.time().unwrap(), Some(5_000_000));
            assert_eq!(fields.bids.changes().unwrap().len(), 1);
            assert!(read(frame, |channel| channel == "trades").unwrap().data.is_empty());
        }
        assert!(read(r#"{"arg":{"channel":"books"}} 5"#, |_| true).is_err());
    }

    #[test]
    fn numbers_are_read_in_quotes_or_bare() {
        for text in ["-7", "\"-7\""] {
            assert_eq!(borrowed::from_str::<Whole>(text).unwrap(), Whole(Some(-7)));
        }
        for text in ["\"\"", "null"] {
            assert_eq!(borrowed::from_str::<Whole>(text).unwrap(), Whole(None));
        }
        for text in ["1.5", "1e3", "\"x\"", "9223372036854775808", "true", "[]", "{}"] {
            assert!(borrowed::from_str::<Whole>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn candles_are_known_by_the_name_of_their_channel() {
        let lengths =
            ["candle1m", "candle15m", "candle4H", "candle1Dutc", "candle1D", "candle7m", "candle"]
                .map(|channel| candle_length(channel).map(|length| length / SECOND_NS));

        let wanted = [Some(60), Some(900), Some(14_400), Some(86_400), None, None, None];
        assert_eq!(lengths, wanted);
    }
}
