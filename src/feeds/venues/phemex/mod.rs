//! Phemex: spot (`sBTCUSDT`), contracts settled in coin or USD (`BTCUSD`), and hedged perpetuals in
//! USDT or USDC (`BTCUSDT`), all on one WebSocket. Messages are objects with the symbol and the data
//! under a name of their kind.
//!
//! - Sequence: each message of a book has a `sequence` that only grows; it is shared by many
//!   symbols, so a gap cannot be seen in it.
//! - Snapshot: the answer to a subscription, and again each 60 s ([`book`]).
//! - Checksum: none.
//! - Scale: `book`, `trades` and `kline` hold integers, read by the scale of the product ([`scale`]);
//!   `orderbook_p`, `trades_p` and `kline_p` of hedged perpetuals hold decimals as text. Quantities
//!   are contracts where the product is one (BTCUSD 1 USD, YFIUSD 0.0001 YFI, …), units of the base
//!   for spot and hedged perpetuals.
//! - Time: nanoseconds; `timestamp` of a book is its last change.
//! - Candles: of all trades, first to last; a minute without trades is flat ([`candle`]).
//! - Quotes: none is published with sizes; `tick` and `tick_p` are prices of indices.
//!
//! The bodies of REST `/md/orderbook`, `/md/v2/orderbook`, `/md/trade`, `/md/v2/trade` hold the same
//! messages under `result`; `/public/products` defines the instruments ([`definition`]).
//!
//! Source: github.com/phemex/phemex-api-docs, "Public-Contract-API-en", "Public-Spot-API-en",
//! "Public-Hedged-Perpetual-API".

mod book;
mod candle;
mod definition;
mod line;
mod scale;
mod trade;

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use self::candle::Klines;
use self::line::Gateway;
use self::scale::Scales;
use super::candle::{CandleRule, Empty, Open, TopRule};
use super::prints::Prints;
use super::roster::Roster;
use super::{Adapter, Frame, FrameError, Sequencing, Venue};
use crate::domain::market::{Event, Instrument, Nanos};
use crate::wire::borrowed;

const PREFIX: &str = "PHEMEX";

/// All of Phemex, `PHEMEX:…`.
pub(super) const VENUE: Venue = Venue {
    name: "phemex",
    prefix: PREFIX,
    sequencing: Sequencing::Monotonic,
    candles: CandleRule { open: Open::FirstTrade, empty: Empty::Flat, vwap_digits: None },
    tops: TopRule::Unrelated,
    adapter: || Box::new(Phemex::new()),
    line: || Box::new(Gateway::default()),
    witness: || Box::new(Klines::default()),
};

/// What is remembered of a product.
#[derive(Debug, Default)]
struct Product {
    /// Its scales, where a list of products told them.
    scales: Option<Scales>,
    prints: Prints,
}

/// The adapter.
#[derive(Debug)]
struct Phemex {
    roster: Roster<Product>,
}

/// Everything that a message taken here can have.
#[derive(Default, Deserialize)]
struct Told<'a> {
    symbol: Option<&'a str>,
    #[serde(rename = "type")]
    kind: Option<Kind>,
    sequence: Option<u64>,
    timestamp: Option<u64>,
    book: Option<book::Scaled>,
    orderbook_p: Option<book::Plain>,
    trades: Option<Vec<trade::Scaled>>,
    trades_p: Option<Vec<trade::Plain>>,
    /// A price of an index, or of a mark; it gives no event.
    #[serde(alias = "tick_p")]
    tick: Option<IgnoredAny>,
    id: Option<IgnoredAny>,
    error: Option<Refusal>,
    #[serde(borrow, default, deserialize_with = "answer")]
    result: Option<Box<Told<'a>>>,
    /// The code and the data of other REST bodies.
    code: Option<i64>,
    msg: Option<String>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

/// Whether a message is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Snapshot,
    Incremental,
    #[serde(other)]
    Another,
}

#[derive(Deserialize)]
struct Refusal {
    code: i64,
    #[serde(default)]
    message: String,
}

/// What a kind of message must have.
fn needed<T>(value: Option<T>, what: &'static str) -> Result<T, FrameError> {
    value.ok_or(FrameError::Shape(what))
}

impl Phemex {
    fn new() -> Self {
        Self { roster: Roster::new(PREFIX) }
    }

    fn told(
        &mut self,
        mut told: Told<'_>,
        recv: Nanos,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), FrameError> {
        if let Some(Refusal { code, message }) = told.error {
            return Err(FrameError::Venue(format!("{code} {message}")));
        }
        if let Some(inner) = told.result.take() {
            return self.told(*inner, recv, out);
        }
        let roster = &mut self.roster;
        if let Some(sides) = told.book.take() {
            book::scaled(roster, &told, sides, recv, out)
        } else if let Some(sides) = told.orderbook_p.take() {
            book::plain(roster, &told, sides, recv, out)
        } else if let Some(rows) = told.trades.take() {
            trade::scaled(roster, &told, rows, recv, out)
        } else if let Some(rows) = told.trades_p.take() {
            trade::plain(roster, &told, rows, recv, out)
        } else {
            Ok(())
        }
    }

    fn response(
        &mut self,
        told: Told<'_>,
        recv: Nanos,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), FrameError> {
        match (told.code, told.data) {
            (Some(0), Some(data)) if data.get().starts_with('{') => {
                definition::take(&mut self.roster, data.get(), recv, out)
            }
            (None | Some(0), _) => self.told(told, recv, out),
            (Some(code), _) => {
                Err(FrameError::Venue(format!("{code} {}", told.msg.unwrap_or_default())))
            }
        }
    }
}

impl Told<'_> {
    /// Whether it is one of the venue's messages at all.
    fn is_known(&self) -> bool {
        self.kind.is_some()
            || self.sequence.is_some()
            || self.timestamp.is_some()
            || self.id.is_some()
            || self.error.is_some()
            || self.result.is_some()
            || self.code.is_some()
            || self.tick.is_some()
    }
}

impl Adapter for Phemex {
    fn take(
        &mut self,
        frame: Frame<'_>,
        recv: Nanos,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), FrameError> {
        let read = |text| -> Result<Told<'_>, FrameError> {
            let told: Told<'_> = borrowed::from_str(text)?;
            if told.is_known() { Ok(told) } else { Err(FrameError::Shape("no known field")) }
        };
        match frame {
            Frame::Message(text) => self.told(read(text)?, recv, out),
            Frame::Response { body, .. } => self.response(read(body)?, recv, out),
            Frame::Connected | Frame::Said(_) => Ok(()),
            Frame::Lost => {
                self.roster.lose(recv, out, |_| ());
                Ok(())
            }
        }
    }
}

/// An object as [`Told`]; anything else, such as `"pong"`, as nothing told.
fn answer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<Told<'de>>>, D::Error> {
    struct AnswerVisitor;

    impl<'de> Visitor<'de> for AnswerVisitor {
        type Value = Option<Box<Told<'de>>>;

        fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            out.write_str("an answer")
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            Ok(Some(Box::new(Told::deserialize(MapAccessDeserializer::new(map))?)))
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            while list.next_element::<IgnoredAny>()?.is_some() {}
            Ok(Some(Box::default()))
        }

        fn visit_str<E: de::Error>(self, _: &str) -> Result<Self::Value, E> {
            Ok(Some(Box::default()))
        }

        fn visit_bool<E: de::Error>(self, _: bool) -> Result<Self::Value, E> {
            Ok(Some(Box::default()))
        }

        fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
    }

    deserializer.deserialize_any(AnswerVisitor)
}

#[cfg(test)]
pub(super) mod tests;
