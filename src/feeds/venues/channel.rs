//! The frames of OKX, whose form Bitget took over:
//! `{"event" | "action", "arg": {"channel", "instId", …}, "data": […]}`.
//!
//! One pass over the text serves all channels of both venues: an element of `data` has the fields
//! that any of them has. The data of channels that carry nothing taken here is passed over unread,
//! wherever `arg` stands in the frame.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::FrameError;
use super::reading::{Cell, Levels, epoch};
use crate::domain::market::{Checksum, ChecksumKind, LevelChange, Nanos, SECOND_NS};
use crate::wire::borrowed;
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
    /// `snapshot` or `update`; empty where a channel has only one of them.
    pub action: Cell<'a>,
    /// The data; empty for channels that are passed over.
    pub data: Vec<Item<'a>>,
    /// Of errors.
    pub code: Cell<'a>,
    /// Of errors.
    pub msg: Cell<'a>,
}

/// What a frame's data is of.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Arg<'a> {
    /// The channel's name.
    #[serde(borrow)]
    pub channel: Cell<'a>,
    /// The symbol.
    #[serde(borrow)]
    pub inst_id: Cell<'a>,
    /// The kind of product.
    #[serde(borrow)]
    pub inst_type: Cell<'a>,
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
    /// Milliseconds since 1970.
    #[serde(borrow)]
    pub ts: Cell<'a>,
    /// Asks.
    pub asks: Levels,
    /// Bids.
    pub bids: Levels,
    /// The venue's checksum; 0 where it sends none.
    pub checksum: Option<i64>,
    /// The number of this change.
    #[serde(alias = "seq")]
    pub seq_id: Option<i64>,
    /// The number of the change before it; −1 or 0 where there is none.
    #[serde(alias = "pseq")]
    pub prev_seq_id: Option<i64>,
    /// A trade's id.
    #[serde(borrow)]
    pub trade_id: Cell<'a>,
    /// A trade's price.
    #[serde(alias = "price")]
    pub px: Option<DecimalField>,
    /// A trade's quantity.
    #[serde(alias = "size")]
    pub sz: Option<DecimalField>,
    /// The taker's side.
    #[serde(borrow)]
    pub side: Cell<'a>,
    /// How many fills a trade stands for.
    #[serde(borrow)]
    pub count: Cell<'a>,
}

impl Fields<'_> {
    /// Its time, where it has one.
    pub fn time(&self) -> Result<Option<Nanos>, FrameError> {
        if self.ts.0.is_empty() { Ok(None) } else { millis(&self.ts.0).map(Some) }
    }

    /// Its checksum. Both venues write 0 where they do not compute one: OKX since 2026 always,
    /// Bitget in the channels of a fixed depth.
    pub fn checksum(&self, kind: ChecksumKind) -> Option<Checksum> {
        self.checksum.filter(|value| *value != 0).map(|value| Checksum { kind, value })
    }

    /// Its own number, not below zero.
    pub fn seq(&self) -> Result<Option<u64>, FrameError> {
        self.seq_id.map(|seq| u64::try_from(seq).map_err(|_| FrameError::Value("seq"))).transpose()
    }

    /// The best bid and ask of a book that holds nothing else.
    pub fn best(self) -> Result<[Option<LevelChange>; 2], FrameError> {
        let full = |levels: Vec<LevelChange>| levels.into_iter().find(|(_, qty)| !qty.is_zero());
        Ok([full(self.bids.changes()?), full(self.asks.changes()?)])
    }
}

/// Milliseconds since 1970 as digits.
pub(super) fn millis(digits: &str) -> Result<Nanos, FrameError> {
    epoch("ts", digits.parse().map_err(|_| FrameError::Time("ts"))?)
}

/// The length of the candles of a channel `candle1m`, `candle4H`, `candle1Dutc`; none for those
/// whose buckets do not begin at multiples of their length since UTC midnight.
pub(super) fn candle_length(channel: &str) -> Option<Nanos> {
    let name = channel.strip_prefix("candle")?;
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
    let (mut told, unread) = borrowed::from_str_seed(text, Frame(is_taken))?;
    if let Some(raw) = unread
        && told.arg.as_ref().is_some_and(|arg| is_taken(&arg.channel.0))
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
    Code,
    Msg,
    #[serde(other)]
    Other,
}

impl<'de, F: Fn(&str) -> bool> DeserializeSeed<'de> for Frame<F> {
    type Value = (Told<'de>, Option<&'de RawValue>);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, F: Fn(&str) -> bool> Visitor<'de> for Frame<F> {
    type Value = (Told<'de>, Option<&'de RawValue>);

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut told = Told::default();
        let mut unread = None;
        while let Some(key) = map.next_key()? {
            match key {
                Key::Event => told.event = map.next_value()?,
                Key::Arg => told.arg = Some(map.next_value()?),
                Key::Action => told.action = map.next_value()?,
                Key::Code => told.code = map.next_value()?,
                Key::Msg => told.msg = map.next_value()?,
                Key::Data => match &told.arg {
                    Some(arg) if (self.0)(&arg.channel.0) => told.data = map.next_value()?,
                    Some(_) => {
                        map.next_value::<IgnoredAny>()?;
                    }
                    None => unread = Some(map.next_value()?),
                },
                Key::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok((told, unread))
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
    fn candles_are_known_by_the_name_of_their_channel() {
        let lengths =
            ["candle1m", "candle15m", "candle4H", "candle1Dutc", "candle1D", "candle7m", "candle"]
                .map(|channel| candle_length(channel).map(|length| length / SECOND_NS));

        let wanted = [Some(60), Some(900), Some(14_400), Some(86_400), None, None, None];
        assert_eq!(lengths, wanted);
    }
}
