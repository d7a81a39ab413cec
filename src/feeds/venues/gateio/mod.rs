//! Gate.io spot: `spot.order_book_update`, `spot.obu`, `spot.order_book`, `spot.trades`,
//! `spot.book_ticker`; of REST the book, trades and pairs.
//!
//! - Messages are `{"time", "channel", "event", "result"}`; the symbol is in the result.
//! - Sequence: contiguous, `U` = last `u` + 1; of `spot.order_book_update` it may be less ([`book`]).
//! - Snapshot: REST with `with_id=true` and a `limit` of 100 or more, joined with the changes that
//!   came before it, for `spot.order_book_update`; a message that says `full` for `spot.obu`; each
//!   message of `spot.order_book`. One stream makes a pair's book, the others are passed over
//!   ([`book`]).
//! - Checksum: none.
//! - Scale: decimals as text.
//! - Time: milliseconds, in trades with a fraction.
//! - Candles: of all trades, first to last; a minute without trades is flat; by REST too ([`candle`]).
//! - Quotes: `u` is the change of the book that they belong to.
//!
//! Source: www.gate.com/docs/developers/apiv4/ws/en ("Spot WebSocket v4"), "Changed order book
//! levels", "How to maintain local order book", "Order Book V2 API", "Best bid or ask price",
//! "Public trades channel", "Limited-Level Full Order Book Snapshot";
//! www.gate.com/docs/developers/apiv4, "Retrieve order book", "Retrieve market trades".

mod book;
mod candle;
mod definition;
mod line;
mod quote;
mod trade;

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use self::book::Pair;
use self::candle::Candlesticks;
use self::line::Socket;
use super::candle::{CandleRule, Empty, Open, TopRule};
use super::reading::{Cell, Levels, LevelsVisitor};
use super::roster::Roster;
use super::{Adapter, Frame, FrameError, Sequencing, Venue};
use crate::domain::market::{Decimal, Event, Instrument, LevelChange, Nanos};
use crate::wire::borrowed::{self, Text};
use crate::wire::number::DecimalField;

const PREFIX: &str = "GATEIO";

/// Spot, `GATEIO:…`.
pub(super) const VENUE: Venue = Venue {
    name: "gateio",
    prefix: PREFIX,
    sequencing: Sequencing::Contiguous,
    candles: CandleRule { open: Open::FirstTrade, empty: Empty::Flat, vwap_digits: None },
    tops: TopRule::LastAtOrBefore,
    adapter: || Box::new(Gateio::new()),
    line: || Box::new(Socket::default()),
    witness: || Box::new(Candlesticks),
};

/// The adapter.
#[derive(Debug)]
struct Gateio {
    roster: Roster<Pair>,
}

/// A message, or the body of an answer.
#[derive(Deserialize)]
struct Told<'a> {
    #[serde(borrow)]
    channel: Option<&'a str>,
    #[serde(borrow)]
    event: Option<&'a str>,
    #[serde(borrow, default, deserialize_with = "one_result")]
    result: Option<Found<'a>>,
    error: Option<Refusal>,
    /// The REST book.
    id: Option<IdField>,
    update: Option<u64>,
    bids: Option<Levels>,
    asks: Option<Levels>,
    /// A refusal by REST.
    label: Option<String>,
    message: Option<String>,
}

/// Everything that a result taken here can have.
#[derive(Default, Deserialize)]
struct Found<'a> {
    t: Option<Millis>,
    #[serde(borrow)]
    s: Option<&'a str>,
    full: Option<bool>,
    #[serde(rename = "U")]
    first: Option<u64>,
    #[serde(rename = "u", alias = "lastUpdateId")]
    last: Option<u64>,
    #[serde(default, alias = "bids")]
    b: Slot,
    #[serde(default, rename = "B")]
    bid_qty: Slot,
    #[serde(default, alias = "asks")]
    a: Slot,
    #[serde(default, rename = "A")]
    ask_qty: Slot,
    id: Option<u64>,
    create_time_ms: Option<&'a str>,
    side: Option<&'a str>,
    currency_pair: Option<&'a str>,
    amount: Option<DecimalField>,
    price: Option<DecimalField>,
    /// How many levels there are, of the best ones.
    #[serde(borrow, default, rename = "l")]
    levels: Option<Cell<'a>>,
}

#[derive(Deserialize)]
struct Refusal {
    code: Option<i64>,
    #[serde(default)]
    message: String,
}

/// A number; none where it is text, as the start of a candle is.
struct Millis(Option<u64>);

/// The number of a REST book; other bodies have names in its place.
struct IdField(Option<u64>);

/// What `a`, `b`, `A` and `B` hold: levels of a book, a number of a top.
#[derive(Default)]
enum Slot {
    #[default]
    Absent,
    Levels(Levels),
    Number(DecimalField),
}

impl Slot {
    /// Levels; none where the message leaves an unchanged side out.
    fn changes(self) -> Result<Vec<LevelChange>, FrameError> {
        match self {
            Self::Absent => Ok(Vec::new()),
            Self::Levels(levels) => levels.changes(),
            Self::Number(_) => Err(FrameError::Shape("no levels")),
        }
    }

    /// Levels that a message cannot leave out.
    fn whole(self) -> Result<Vec<LevelChange>, FrameError> {
        if matches!(self, Self::Absent) {
            Err(FrameError::Shape("a side is missing"))
        } else {
            self.changes()
        }
    }

    /// A number; none where it is empty or left out.
    fn number(self) -> Result<Option<DecimalField>, FrameError> {
        match self {
            Self::Absent => Ok(None),
            Self::Number(number) => Ok(Some(number)),
            Self::Levels(_) => Err(FrameError::Shape("no number")),
        }
    }
}

/// What a kind of message must have.
fn needed<T>(value: Option<T>, what: &'static str) -> Result<T, FrameError> {
    value.ok_or(FrameError::Shape(what))
}

impl Gateio {
    fn new() -> Self {
        Self { roster: Roster::new(PREFIX) }
    }

    fn message(
        &mut self,
        text: &str,
        recv: Nanos,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), FrameError> {
        let told: Told<'_> = match borrowed::from_str(text) {
            Ok(told) => told,
            Err(_) if is_of_another_kind(text) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        if let Some(Refusal { code, message }) = told.error {
            let code = code.map_or_else(String::new, |code| format!("{code} "));
            return Err(FrameError::Venue(format!("{code}{message}")));
        }
        let channel = needed(told.channel, "no channel")?;
        if told.event != Some("update") {
            return Ok(());
        }
        let roster = &mut self.roster;
        let found = needed(told.result, "no result");
        match channel {
            "spot.order_book_update" | "spot.obu" => book::update(roster, found?, recv, out),
            "spot.trades" | "spot.trades_v2" => trade::take(roster, &found?, recv, out),
            "spot.book_ticker" => quote::take(roster, found?, recv, out),
            "spot.order_book" => book::shown(roster, found?, recv, out),
            _ => Ok(()),
        }
    }

    fn response(
        &mut self,
        url: Option<&str>,
        text: &str,
        recv: Nanos,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), FrameError> {
        if text.trim_start().starts_with('[') {
            if definition::take(&mut self.roster, text, recv, out)? {
                return Ok(());
            }
            return trade::list(&mut self.roster, text, recv, out);
        }
        let told: Told<'_> = borrowed::from_str(text)?;
        if let Some(label) = told.label {
            let message = told.message.unwrap_or_default();
            return Err(FrameError::Venue(format!("{label} {message}")));
        }
        match (told.bids, told.asks) {
            (Some(bids), Some(asks)) => {
                let seq = told.id.and_then(|IdField(id)| id);
                let told = book::Answer { seq, at: told.update, bids, asks };
                book::snapshot(&mut self.roster, told, url, recv, out)
            }
            _ => Ok(()),
        }
    }
}

impl Adapter for Gateio {
    fn take(
        &mut self,
        frame: Frame<'_>,
        recv: Nanos,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), FrameError> {
        match frame {
            Frame::Message(text) => self.message(text, recv, out),
            Frame::Response { url, body } => self.response(url, body, recv, out),
            Frame::Connected | Frame::Said(_) => Ok(()),
            Frame::Lost => {
                self.roster.lose(recv, out, |pair| *pair = Pair::default());
                Ok(())
            }
        }
    }
}

/// Whether an object names a channel that is not taken here, whose result may mean anything.
fn is_of_another_kind(text: &str) -> bool {
    #[derive(Deserialize)]
    struct Head<'a> {
        #[serde(borrow)]
        channel: Option<Text<'a>>,
    }

    let Ok(Head { channel: Some(channel) }) = borrowed::from_str(text) else { return false };
    let taken = [
        "spot.order_book_update",
        "spot.obu",
        "spot.trades",
        "spot.trades_v2",
        "spot.book_ticker",
        "spot.order_book",
    ];
    !taken.contains(&channel.as_ref())
}

/// An object as [`Found`]; anything else as nothing found.
fn one_result<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Found<'de>>, D::Error> {
    struct ResultVisitor;

    impl<'de> Visitor<'de> for ResultVisitor {
        type Value = Option<Found<'de>>;

        fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            out.write_str("a result")
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            Found::deserialize(MapAccessDeserializer::new(map)).map(Some)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            while list.next_element::<IgnoredAny>()?.is_some() {}
            Ok(None)
        }

        fn visit_str<E: de::Error>(self, _: &str) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
    }

    deserializer.deserialize_any(ResultVisitor)
}

impl<'de> Deserialize<'de> for Slot {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SlotVisitor;

        impl<'de> Visitor<'de> for SlotVisitor {
            type Value = Slot;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("levels or a number")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Slot, A::Error> {
                LevelsVisitor.visit_seq(list).map(Slot::Levels)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Slot, E> {
                let number = || Slot::Number(DecimalField(Decimal::parse(text)));
                Ok(if text.is_empty() { Slot::Absent } else { number() })
            }

            fn visit_unit<E: de::Error>(self) -> Result<Slot, E> {
                Ok(Slot::Absent)
            }
        }

        deserializer.deserialize_any(SlotVisitor)
    }
}

/// A whole number written bare; none for text.
fn whole_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let raw = <&'de serde_json::value::RawValue>::deserialize(deserializer)?.get();
    if raw.starts_with('"') {
        return Ok(None);
    }
    raw.parse().map(Some).map_err(|_| de::Error::custom("no whole number"))
}

impl<'de> Deserialize<'de> for Millis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        whole_number(deserializer).map(Self)
    }
}

impl<'de> Deserialize<'de> for IdField {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        whole_number(deserializer).map(Self)
    }
}

#[cfg(test)]
pub(super) mod tests;
