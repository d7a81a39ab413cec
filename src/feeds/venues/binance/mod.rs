//! Binance spot, USD-M and COIN-M futures: `depthUpdate`, `trade`, `aggTrade`, `bookTicker`, books of
//! the best levels, the REST depth snapshot and REST lists of trades.
//!
//! - Messages come bare or in the combined stream's envelope `{"stream", "data"}` ([`stream`]); the
//!   symbol is the one in `s`, where there is none (spot's `depth20`) the stream's. A REST body has
//!   the symbol of its URL; COIN-M's depth names its own.
//! - Sequence: contiguous; spot by `U` = last `u` + 1, futures by `pu` = last `u`; what overlaps is
//!   no gap ([`depth`]).
//! - Snapshot: REST, joined with the changes that came before it ([`depth`]); one without symbol is
//!   of the symbol whose changes join with it and meet it ([`unnamed`]). Books of the best levels
//!   (`depth5`, `depth10`, `depth20`, and REST's with such a limit) are given where no `depth` of
//!   their symbol has a book. The whole book before them is given again at the first change that
//!   joins with it.
//! - Checksum: none.
//! - Scale: decimals as text. COIN-M quantities are contracts of 100 USD (BTC) or 10 USD (others),
//!   as the venue's own volumes `v` are.
//! - Time: the transaction time `T` where the message has one, else the event time `E`; spot
//!   `bookTicker` has neither. Milliseconds, or microseconds where the stream was asked for them
//!   (`timeUnit=MICROSECOND`).
//! - Candles: of all fills; a minute without trades is flat ([`candle`]).
//!
//! Source: developers.binance.com, "WebSocket Streams" (spot), "Websocket Market Streams" (USD-M and
//! COIN-M futures).
//!
//! `trade` and `aggTrade` tell the same fills: each is given once, by the kind that is followed, whatever
//! REST lists had before ([`trade`]). Futures' `depth5` and its like without their envelope look like changes, and are
//! taken for them. `rpiDepth`, another book, gives no events; nor does what came in an envelope
//! without `e` and is no book.

mod candle;
mod depth;
mod line;
mod quote;
mod stream;
mod trade;
mod unnamed;

use std::fmt;

use serde::de::{self, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use self::candle::Klines;
use self::depth::Asked;
use self::line::Streams;
use self::stream::{Channel, enveloped_in, unwrapped};
use self::unnamed::Unnamed;
use super::candle::{CandleRule, Empty, Open, TopRule};
use super::reading::{Levels, LevelsVisitor, epoch, number_text, parameter};
use super::roster::Roster;
use super::{Adapter, Frame, FrameError, Sequencing, Venue};
use crate::domain::market::{Decimal, Event, Instrument, LevelChange, Nanos};
use crate::wire::borrowed::{self, Text};
use crate::wire::number::DecimalField;

const CANDLES: CandleRule =
    CandleRule { open: Open::FirstTrade, empty: Empty::Flat, vwap_digits: None };

/// Spot, `BINANCE:…`.
pub(super) const SPOT: Venue = Venue {
    name: "binance",
    prefix: "BINANCE",
    sequencing: Sequencing::Contiguous,
    candles: CANDLES,
    tops: TopRule::LastAtOrBefore,
    adapter: || Box::new(Binance::spot()),
    line: || Box::new(Streams::new(&line::SPOT)),
    witness: || Box::new(Klines::new("BINANCE")),
};

/// USD-M futures, `BINANCE-USDM:…`.
pub(super) const USDM: Venue = Venue {
    name: "binance-usdm",
    prefix: "BINANCE-USDM",
    adapter: || Box::new(Binance::usdm()),
    line: || Box::new(Streams::new(&line::USDM)),
    witness: || Box::new(Klines::new("BINANCE-USDM")),
    ..SPOT
};

/// COIN-M futures, `BINANCE-COINM:…`.
pub(super) const COINM: Venue = Venue {
    name: "binance-coinm",
    prefix: "BINANCE-COINM",
    adapter: || Box::new(Binance::coinm()),
    line: || Box::new(Streams::new(&line::COINM)),
    witness: || Box::new(Klines::new("BINANCE-COINM")),
    ..SPOT
};

/// Which kind of market: they differ in how a snapshot and its deltas join.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rules {
    /// Spot.
    Spot,
    /// USD-M and COIN-M futures.
    Futures,
}

/// What is remembered of one symbol.
#[derive(Debug, Default)]
struct Contract {
    book: depth::Book,
    prints: Option<trade::Given>,
    /// The kind that REST lists gave before any print.
    listed: Option<trade::Kind>,
}

/// The adapter of one Binance market.
#[derive(Debug)]
pub(super) struct Binance {
    rules: Rules,
    roster: Roster<Contract>,
    unnamed: Unnamed,
}

/// Everything that a message taken here can have; a name means different things in different
/// kinds, so one reading serves them all.
#[derive(Debug, Default, Deserialize)]
struct Told<'a> {
    #[serde(borrow, default, rename = "e")]
    kind: Option<Text<'a>>,
    #[serde(rename = "E")]
    event_time: Option<u64>,
    #[serde(rename = "T")]
    transaction_time: Option<u64>,
    #[serde(borrow, default, rename = "s")]
    symbol: Option<Text<'a>>,
    #[serde(rename = "U")]
    first: Option<u64>,
    #[serde(rename = "u")]
    last: Option<u64>,
    pu: Option<u64>,
    #[serde(default)]
    b: Slot,
    #[serde(default, rename = "B")]
    bid_qty: Slot,
    #[serde(default)]
    a: Slot,
    #[serde(default, rename = "A")]
    ask_qty: Slot,
    #[serde(rename = "t")]
    trade_id: Option<u64>,
    #[serde(rename = "p")]
    price: Option<DecimalField>,
    #[serde(rename = "q")]
    qty: Option<DecimalField>,
    #[serde(rename = "f")]
    first_fill: Option<u64>,
    #[serde(rename = "l")]
    last_fill: Option<u64>,
    #[serde(rename = "m")]
    buyer_is_maker: Option<bool>,
    #[serde(borrow, default, rename = "X")]
    order_type: Option<Text<'a>>,
    #[serde(rename = "lastUpdateId")]
    snapshot: Option<i64>,
    bids: Option<Levels>,
    asks: Option<Levels>,
    /// What COIN-M's snapshot is of.
    #[serde(borrow, default, rename = "symbol")]
    named: Option<Text<'a>>,
    #[serde(default)]
    result: Option<IgnoredAny>,
    #[serde(default)]
    id: Option<IgnoredAny>,
    #[serde(default)]
    error: Option<Refusal>,
    #[serde(default)]
    msg: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Refusal {
    #[serde(default)]
    msg: String,
}

/// What `a`, `b`, `A` and `B` hold: levels in `depthUpdate`, numbers elsewhere.
#[derive(Debug, Default)]
enum Slot {
    #[default]
    Absent,
    Levels(Levels),
    Number(DecimalField),
    Id(u64),
}

/// Only what tells the kind of a message.
#[derive(Deserialize)]
struct Kind<'a> {
    #[serde(borrow)]
    data: Option<Within<'a>>,
    #[serde(borrow)]
    e: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Within<'a> {
    #[serde(borrow)]
    e: Option<Text<'a>>,
}

impl Slot {
    fn levels(self) -> Result<Vec<LevelChange>, FrameError> {
        match self {
            Self::Levels(levels) => levels.changes(),
            _ => Err(FrameError::Shape("no levels")),
        }
    }

    fn number(self) -> Result<DecimalField, FrameError> {
        match self {
            Self::Number(number) => Ok(number),
            _ => Err(FrameError::Shape("no number")),
        }
    }
}

/// What a kind of message must have.
fn needed<T>(value: Option<T>, what: &'static str) -> Result<T, FrameError> {
    value.ok_or(FrameError::Shape(what))
}

/// The transaction time where there is one, else the event time.
fn time_of(transaction: Option<u64>, event: Option<u64>) -> Result<Option<Nanos>, FrameError> {
    transaction.or(event).map(|value| epoch("T or E", value)).transpose()
}

impl Binance {
    fn spot() -> Self {
        Self::of(Rules::Spot, "BINANCE")
    }

    fn usdm() -> Self {
        Self::of(Rules::Futures, "BINANCE-USDM")
    }

    fn coinm() -> Self {
        Self::of(Rules::Futures, "BINANCE-COINM")
    }

    fn of(rules: Rules, prefix: &'static str) -> Self {
        Self { rules, roster: Roster::new(prefix), unnamed: Unnamed::of(rules) }
    }

    fn message(
        &mut self,
        text: &str,
        recv: Nanos,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), FrameError> {
        if is_list(text)? {
            // A bare all-market stream.
            return Ok(());
        }
        let envelope = unwrapped(text);
        let inner = envelope.as_ref().map_or(text, |envelope| envelope.data);
        let told: Told<'_> = match borrowed::from_str(inner) {
            Ok(told) => told,
            Err(_) if inner.starts_with('[') || is_of_another_kind(text) => return Ok(()),
            // Something stands behind the data that did not when this was written.
            Err(_)
                if let Some(Ok(told)) =
                    enveloped_in(text).map(|envelope| borrowed::from_str(envelope.data)) =>
            {
                told
            }
            Err(error) => return Err(error.into()),
        };
        let channel = || envelope.as_ref().map(|envelope| envelope.channel());
        let (roster, unnamed) = (&mut self.roster, &mut self.unnamed);
        match told.kind.as_deref() {
            Some("depthUpdate") => match channel() {
                Some(Channel::Best) => depth::best_update(roster, told, recv, out),
                Some(Channel::Apart) => Ok(()),
                _ => depth::update(roster, (self.rules, unnamed), told, recv, out),
            },
            Some("trade") => trade::print(roster, told, recv, out),
            Some("aggTrade") => trade::aggregate(roster, told, recv, out),
            Some("bookTicker") => quote::take(roster, told, recv, out),
            Some(_) => Ok(()),
            // Spot's `bookTicker` does not name itself.
            None if matches!(told.bid_qty, Slot::Number(_)) => quote::take(roster, told, recv, out),
            None if let Some(envelope) = &envelope => match envelope.channel() {
                Channel::Whole => {
                    let asked = Asked { symbol: Some(envelope.symbol()), limit: None };
                    depth::snapshot(roster, unnamed, (told, asked), recv, out)
                }
                Channel::Best => depth::best(roster, (told, &envelope.symbol()), recv, out),
                Channel::Changes | Channel::Apart => Ok(()),
            },
            None if told.snapshot.is_some() => self.body(told, Asked::default(), recv, out),
            None => quiet(told),
        }
    }

    /// Takes a REST body that may be a depth snapshot, of the symbol of its URL; others have a
    /// `lastUpdateId` too.
    fn body(
        &mut self,
        told: Told<'_>,
        asked: Asked,
        recv: Nanos,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), FrameError> {
        if told.bids.is_none() {
            return Ok(());
        }
        let symbol = told.named.as_deref().map(str::to_owned).or(asked.symbol);
        let asked = Asked { symbol, ..asked };
        depth::snapshot(&mut self.roster, &mut self.unnamed, (told, asked), recv, out)
    }

    fn response(
        &mut self,
        url: Option<&str>,
        text: &str,
        recv: Nanos,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), FrameError> {
        let symbol = url.and_then(symbol_in);
        if text.trim_start().starts_with('[') {
            return trade::list(&mut self.roster, (text, symbol), recv, out);
        }
        is_list(text)?;
        let told: Told<'_> = borrowed::from_str(text)?;
        if told.snapshot.is_some() && matches!(told.bid_qty, Slot::Absent) {
            let limit = url.and_then(|url| parameter(url, "limit")?.parse().ok());
            self.body(told, Asked { symbol, limit }, recv, out)
        } else {
            told.msg.map_or(Ok(()), |msg| Err(FrameError::Venue(msg)))
        }
    }
}

impl Adapter for Binance {
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
                // What was given of the prints stays: the other kind must not tell it again.
                self.roster.lose(recv, out, |contract| contract.book = depth::Book::default());
                self.unnamed = Unnamed::of(self.rules);
                Ok(())
            }
        }
    }
}

/// Whether a text is a list, else an object.
fn is_list(text: &str) -> Result<bool, FrameError> {
    match text.trim_start().as_bytes().first() {
        Some(b'{') => Ok(false),
        Some(b'[') => {
            borrowed::from_str::<Vec<IgnoredAny>>(text)?;
            Ok(true)
        }
        _ => Err(FrameError::Shape("neither an object nor a list")),
    }
}

/// Whether an object names a kind that is not taken here, whose fields may mean anything.
fn is_of_another_kind(text: &str) -> bool {
    let Ok(kind) = borrowed::from_str::<Kind<'_>>(text) else { return false };
    let named = kind.data.and_then(|within| within.e).or(kind.e);
    named.is_some_and(|kind| {
        !matches!(kind.as_ref(), "depthUpdate" | "trade" | "aggTrade" | "bookTicker")
    })
}

/// A message of no kind: an answer to a request, or nothing that is known.
fn quiet(told: Told<'_>) -> Result<(), FrameError> {
    if let Some(msg) = told.error.map(|error| error.msg).or(told.msg) {
        return Err(FrameError::Venue(msg));
    }
    if told.id.is_some() || told.result.is_some() {
        return Ok(());
    }
    Err(FrameError::Shape("no event type"))
}

/// The value of the URL's parameter `symbol`, in capitals as the streams write it.
fn symbol_in(url: &str) -> Option<String> {
    parameter(url, "symbol").map(str::to_ascii_uppercase)
}

impl<'de> Deserialize<'de> for Slot {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SlotVisitor)
    }
}

struct SlotVisitor;

impl<'de> Visitor<'de> for SlotVisitor {
    type Value = Slot;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("levels or a number")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Slot, E> {
        Ok(Slot::Number(DecimalField(Decimal::parse(text))))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Slot, A::Error> {
        LevelsVisitor.visit_seq(list).map(Slot::Levels)
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Slot, E> {
        Ok(Slot::Id(value))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Slot, A::Error> {
        match number_text(&mut map)? {
            Some(text) => Ok(text
                .parse()
                .map_or_else(|_| Slot::Number(DecimalField(Decimal::parse(&text))), Slot::Id)),
            None => Err(de::Error::invalid_type(de::Unexpected::Map, &self)),
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
