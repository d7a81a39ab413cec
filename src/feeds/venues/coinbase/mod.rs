//! Coinbase: Exchange (`level2`, `level2_batch`, `matches`, `ticker`) and Advanced Trade (`l2_data`,
//! `market_trades`, `ticker`).
//!
//! - The two protocols are told apart by their frames: Exchange has a `type`, Advanced Trade a
//!   `channel`. Both write a product as `BTC-USD`.
//! - Sequence: Exchange numbers no change of `level2`, whose delivery the venue guarantees; its
//!   trades carry the product's own number, which does not count for the book. Advanced Trade
//!   numbers the messages of a connection (`sequence_num`, from 0): a gap is told as a loss of every
//!   instrument, and books carry the number and the one of the product's book before it. The two
//!   protocols, and connections that are told apart, do not continue each other's book: the one that
//!   told it whole last makes it ([`Maker`]).
//! - Snapshot: the answer to the subscription; Advanced Trade's REST book where none is followed,
//!   over which no change is laid: the first one behind it is told as a loss.
//! - Checksum: none.
//! - Scale: decimals as text; quantities in the base currency.
//! - Time: RFC 3339. Exchange's snapshot has none. Advanced Trade's books have the time of the
//!   message, because those of its rows do not grow from one to the next.
//! - Candles: Advanced Trade's, of five minutes, and Exchange's REST; nothing for a bucket without
//!   trades ([`candle`]).
//! - A `ticker` is sent on trades only; its best bid and ask would lag behind the book, so it gives
//!   no events, nor does `last_match`, which repeats the last trade before the subscription.
//!
//! The trades of both protocols' REST are taken ([`rest`]); their ids are those of the WebSocket.
//!
//! Source: docs.cdp.coinbase.com, "Exchange WebSocket Channels", "Advanced Trade WebSocket
//! Channels"; of REST "Get product trades", "Get product candles", "Get Market Trades", "Get Product
//! Book".

mod advanced;
mod book;
mod candle;
mod line;
mod numbers;
mod rest;
mod trade;

use serde::Deserialize;

use self::advanced::Happening;
use self::numbers::Numbers;
use super::candle::{CandleRule, Empty, Open, TopRule};
use super::connections::Maker;
use super::reading::{Cell, Levels, rfc3339};
use super::roster::Roster;
use super::sided::Sides;
use super::{Adapter, Frame, FrameError, Sequencing, Venue};
use crate::domain::market::{Body, Event, Instrument, Nanos};
use crate::wire::borrowed;
use crate::wire::number::DecimalField;

/// Spot, `COINBASE:…`.
pub(super) const VENUE: Venue = Venue {
    name: "coinbase",
    prefix: "COINBASE",
    sequencing: Sequencing::Contiguous,
    candles: CandleRule { open: Open::FirstTrade, empty: Empty::Absent, vwap_digits: None },
    tops: TopRule::Unrelated,
    adapter: || Box::new(Coinbase::new()),
    line: || Box::new(line::Channels),
    witness: || Box::new(candle::Candles),
};

/// What is remembered of one product.
#[derive(Debug, Default)]
pub(super) struct Product {
    /// The number of its last book message, where messages are numbered.
    book: Option<u64>,
    /// Which connection makes its book.
    maker: Maker,
}

impl Product {
    /// What came of it before is not continued.
    fn lose(&mut self) {
        *self = Self::default();
    }
}

/// The adapter.
#[derive(Debug)]
pub(super) struct Coinbase {
    roster: Roster<Product>,
    numbers: Numbers,
}

/// Everything that a message taken here can have.
#[derive(Debug, Deserialize)]
struct Told<'a> {
    /// Exchange's kind of message.
    #[serde(borrow, default, rename = "type")]
    kind: Option<Cell<'a>>,
    #[serde(borrow, default)]
    product_id: Option<Cell<'a>>,
    changes: Option<Sides>,
    bids: Option<Levels>,
    asks: Option<Levels>,
    #[serde(borrow, default)]
    time: Option<Cell<'a>>,
    trade_id: Option<u64>,
    sequence: Option<u64>,
    #[serde(borrow, default)]
    side: Option<Cell<'a>>,
    price: Option<DecimalField>,
    size: Option<DecimalField>,
    #[serde(borrow, default)]
    message: Option<Cell<'a>>,
    #[serde(borrow, default)]
    reason: Option<Cell<'a>>,
    /// Advanced Trade's kind of message.
    #[serde(borrow, default)]
    channel: Option<Cell<'a>>,
    #[serde(borrow, default)]
    timestamp: Option<Cell<'a>>,
    sequence_num: Option<u64>,
    #[serde(borrow, default)]
    events: Vec<Happening<'a>>,
}

/// Only what tells the kind of a message, and its number.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<Cell<'a>>,
    #[serde(borrow, default)]
    channel: Option<Cell<'a>>,
    sequence_num: Option<u64>,
}

/// What a kind of message must have.
fn needed<T>(value: Option<T>, what: &'static str) -> Result<T, FrameError> {
    value.ok_or(FrameError::Shape(what))
}

/// A time that a kind of message must have.
fn time_of(field: &'static str, text: Option<&Cell<'_>>) -> Result<Nanos, FrameError> {
    rfc3339(field, text.map_or("", |text| text.0.as_ref()))
}

impl Coinbase {
    fn new() -> Self {
        Self { roster: Roster::new("COINBASE"), numbers: Numbers::default() }
    }

    fn message(
        &mut self,
        text: &str,
        recv: Nanos,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), FrameError> {
        // By far the most of them; what begins otherwise and still is one is found below.
        if text.starts_with(book::UPDATE_BEGINS) {
            let told = borrowed::from_str(text)?;
            return book::update(&mut self.roster, &self.numbers, told, recv, out);
        }
        let told: Told<'_> = match borrowed::from_str(text) {
            Ok(told) => told,
            Err(error) => return self.other(text, recv, out).ok_or(error)?,
        };
        let (roster, numbers) = (&mut self.roster, &self.numbers);
        match (told.kind.as_ref().map(|kind| kind.0.as_ref()), &told.channel) {
            (Some("l2update"), None) => book::update(roster, numbers, told.into(), recv, out),
            (Some("snapshot"), None) => book::snapshot(roster, numbers, told, recv, out),
            (Some("match"), None) => trade::print(roster, &told, recv, out),
            (Some("heartbeat"), None) => heartbeat(roster, &told, recv, out),
            (Some("error"), _) => {
                let texts = [told.message, told.reason].into_iter().flatten();
                let text: Vec<_> = texts.map(|text| text.0.into_owned()).collect();
                Err(FrameError::Venue(text.join(": ")))
            }
            // Among them `ticker`, `last_match`, `subscriptions` and `status`.
            (Some(_), None) => Ok(()),
            (_, Some(_)) => self.advanced(told, recv, out),
            (None, None) => Err(FrameError::Shape("neither a type nor a channel")),
        }
    }

    /// A message of a kind that is not taken here, whose fields may mean anything; its number
    /// counts. None where it is one of those that are taken.
    fn other(
        &mut self,
        text: &str,
        recv: Nanos,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Option<Result<(), FrameError>> {
        let head: Head<'_> = borrowed::from_str(text).ok()?;
        let (kind, channel) = (head.kind.unwrap_or_default(), head.channel.unwrap_or_default());
        match (kind.0.as_ref(), channel.0.as_ref()) {
            ("l2update" | "snapshot" | "match" | "heartbeat" | "error", "") => None,
            (_, "l2_data" | "market_trades" | "heartbeats") | ("", "") => None,
            _ => {
                if let Some(number) = head.sequence_num {
                    self.number(number, recv, out);
                }
                Some(Ok(()))
            }
        }
    }
}

/// Exchange's `heartbeat` of one product.
fn heartbeat(
    roster: &mut Roster<Product>,
    told: &Told<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let at = time_of("time", told.time.as_ref())?;
    let symbol = needed(told.product_id.as_ref(), "no product_id")?;
    let listed = roster.get(&symbol.0)?;
    out.push((listed.instrument.clone(), listed.event(Some(at), recv, Body::Heartbeat)));
    Ok(())
}

impl Adapter for Coinbase {
    fn take(
        &mut self,
        frame: Frame<'_>,
        recv: Nanos,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), FrameError> {
        match frame {
            Frame::Message(text) => self.message(text, recv, out),
            Frame::Response { url, body } => rest::take(&mut self.roster, url, body, recv, out),
            Frame::Said(_) => Ok(()),
            Frame::Connected => {
                self.numbers.end();
                Ok(())
            }
            Frame::Lost => {
                self.numbers.end();
                self.roster.lose(recv, out, Product::lose);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
