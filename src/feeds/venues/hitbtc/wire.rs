//! The forms in which both APIs write books, tops and trades.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{self, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::super::FrameError;
use super::super::reading::{Levels, LevelsVisitor, epoch, price, quantity, rfc3339};
use crate::domain::market::{Decimal, LevelChange, Nanos};
use crate::wire::number::DecimalField;

/// What a notification of API 2 is about.
#[derive(Deserialize)]
pub(super) struct Params<'a> {
    pub symbol: Option<&'a str>,
    pub sequence: Option<u64>,
    #[serde(borrow, default)]
    pub timestamp: Option<&'a str>,
    #[serde(default)]
    pub ask: Named,
    #[serde(default)]
    pub bid: Named,
    #[serde(borrow)]
    pub data: Option<Vec<Print<'a>>>,
}

/// Levels of API 2, `{"price", "size"}`; none where a ticker has a price in their place.
#[derive(Default)]
pub(super) struct Named(Option<Vec<NamedLevel>>);

#[derive(Deserialize)]
struct NamedLevel {
    price: DecimalField,
    size: DecimalField,
}

impl Named {
    pub fn changes(self) -> Result<Vec<LevelChange>, FrameError> {
        let levels = self.0.ok_or(FrameError::Shape("no levels"))?;
        let change = |level: NamedLevel| Ok((price(level.price)?, quantity(level.size)?));
        levels.into_iter().map(change).collect()
    }
}

/// A trade of either API: `id`, `price`, `quantity` (`qty` in REST of API 3), `side`, `timestamp`, or
/// their first letters. Candles of API 2 stand in the same place and have other names.
#[derive(Deserialize)]
pub(super) struct Print<'a> {
    #[serde(alias = "i")]
    pub id: Option<u64>,
    #[serde(alias = "p")]
    pub price: Option<DecimalField>,
    #[serde(alias = "q", alias = "qty")]
    pub quantity: Option<DecimalField>,
    #[serde(borrow, alias = "s")]
    pub side: Option<&'a str>,
    #[serde(borrow)]
    timestamp: Option<&'a str>,
    t: Option<u64>,
}

impl Print<'_> {
    pub fn time(&self) -> Result<Nanos, FrameError> {
        match (self.timestamp, self.t) {
            (Some(text), _) => rfc3339("timestamp", text),
            (None, Some(value)) => epoch("t", value),
            (None, None) => Err(FrameError::Shape("no time")),
        }
    }
}

/// What API 3 tells of one symbol.
pub(super) enum Entry<'a> {
    Prints(Vec<Print<'a>>),
    Book(Book),
}

/// A book or the top of one, API 3.
#[derive(Deserialize)]
pub(super) struct Book {
    pub t: Option<u64>,
    pub s: Option<u64>,
    #[serde(default)]
    pub a: Slot,
    #[serde(default, rename = "A")]
    pub ask_qty: Option<DecimalField>,
    #[serde(default)]
    pub b: Slot,
    #[serde(default, rename = "B")]
    pub bid_qty: Option<DecimalField>,
}

/// Levels of a book, or the one price of a top.
#[derive(Default)]
pub(super) enum Slot {
    #[default]
    Absent,
    Levels(Levels),
    Price(DecimalField),
}

impl Slot {
    pub fn changes(self) -> Result<Vec<LevelChange>, FrameError> {
        match self {
            Self::Levels(levels) => levels.changes(),
            _ => Err(FrameError::Shape("no levels")),
        }
    }

    pub fn price(self) -> Result<Option<DecimalField>, FrameError> {
        match self {
            Self::Price(price) => Ok(Some(price)),
            Self::Absent => Ok(None),
            Self::Levels(_) => Err(FrameError::Shape("levels for a price")),
        }
    }
}

/// Entries by symbol, in the order of the message.
pub(super) struct BySymbol<'a>(pub Vec<(&'a str, Entry<'a>)>);

impl<'de: 'a, 'a> Deserialize<'de> for BySymbol<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BySymbolVisitor;

        impl<'de> Visitor<'de> for BySymbolVisitor {
            type Value = BySymbol<'de>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("entries by symbol")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut all = Vec::with_capacity(1);
                while let Some(entry) = map.next_entry()? {
                    all.push(entry);
                }
                Ok(BySymbol(all))
            }
        }

        deserializer.deserialize_map(BySymbolVisitor)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Entry<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EntryVisitor;

        impl<'de> Visitor<'de> for EntryVisitor {
            type Value = Entry<'de>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a book or trades")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                Book::deserialize(MapAccessDeserializer::new(map)).map(Entry::Book)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(Entry::Prints)
            }
        }

        deserializer.deserialize_any(EntryVisitor)
    }
}

impl<'de> Deserialize<'de> for Slot {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SlotVisitor;

        impl<'de> Visitor<'de> for SlotVisitor {
            type Value = Slot;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("levels or a price")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Slot, A::Error> {
                LevelsVisitor.visit_seq(list).map(Slot::Levels)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Slot, E> {
                Ok(Slot::Price(DecimalField(Decimal::parse(text))))
            }

            fn visit_unit<E: de::Error>(self) -> Result<Slot, E> {
                Ok(Slot::Absent)
            }
        }

        deserializer.deserialize_any(SlotVisitor)
    }
}

impl<'de> Deserialize<'de> for Named {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NamedVisitor;

        impl<'de> Visitor<'de> for NamedVisitor {
            type Value = Named;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("levels or a ticker's price")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Named, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(|levels| Named(Some(levels)))
            }

            fn visit_str<E: de::Error>(self, _: &str) -> Result<Named, E> {
                Ok(Named(None))
            }

            fn visit_unit<E: de::Error>(self) -> Result<Named, E> {
                Ok(Named(None))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Named, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Named(None))
            }
        }

        deserializer.deserialize_any(NamedVisitor)
    }
}
