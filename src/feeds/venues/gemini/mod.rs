//! Gemini: `l2_updates`, `trade` and `heartbeat` of market data version 2; and the WebSocket API that
//! is to replace it ([`stream`]).
//!
//! - The two are told apart by their frames: those of version 2 have a `type`. It writes a symbol as
//!   `BTCUSD`, the other one as `btcusd`, and so they are instruments of their own.
//! - Sequence: none in version 2. The other one's changes name the number before theirs.
//! - Snapshot: the first `l2_updates` of a symbol, the one that has `trades`; there the first
//!   `depthUpdate`, where the connection was opened for one (`?snapshot=-1`).
//! - Checksum: none.
//! - Scale: decimals as text; quantities in the base currency.
//! - Time: trades and heartbeats have milliseconds. Version 2's books have none; a heartbeat, each five
//!   seconds, moves the time of all symbols. The other one has nanoseconds everywhere but in partial
//!   books.
//! - Candles: `candles_1m_updates` and the like, and those of REST; a bucket without trades is flat
//!   ([`candle`]).
//! - Quotes: `bookTicker` of the other one.
//! - The last 50 trades come with the snapshot; they are given before it, so that the book has their
//!   time.
//!
//! The documents keep version 2 as archived and send new users to the other one; a day on which it
//! ends they do not name. The line follows version 2.
//!
//! Source: developer.gemini.com, "Market Data v2 (Archived)", "WebSocket API", "Stream Reference"; of
//! REST "Trade History", "Candles".

mod book;
mod candle;
mod line;
mod rest;
mod stream;
mod trade;

use serde::Deserialize;

use self::trade::Print;
use super::candle::{CandleRule, Empty, Open, TopRule};
use super::reading::{Cell, epoch};
use super::roster::Roster;
use super::sided::Sides;
use super::{Adapter, Frame, FrameError, Sequencing, Venue};
use crate::domain::market::{Event, Instrument, Nanos};
use crate::wire::borrowed;
use crate::wire::number::DecimalField;

/// Spot and perpetuals, `GEMINI:…`.
pub(super) const VENUE: Venue = Venue {
    name: "gemini",
    prefix: "GEMINI",
    sequencing: Sequencing::None,
    candles: CandleRule { open: Open::FirstTrade, empty: Empty::Flat, vwap_digits: None },
    tops: TopRule::Unrelated,
    adapter: || Box::new(Gemini::new()),
    line: || Box::new(line::Socket),
    witness: || Box::<candle::Candles>::default(),
};

/// How the venue begins a message of version 2.
const TYPE_BEGINS: &str = r#"{"type":"#;

/// What is remembered of one symbol.
#[derive(Debug, Default)]
pub(super) struct Symbol {
    /// The number of its last change, where changes are numbered.
    last: Option<u64>,
    /// What its book was last made of, where changes are numbered.
    made: Made,
    /// What its trades are known by.
    ids: Option<Ids>,
}

/// What a book was last made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Made {
    /// Of nothing that changes could stand on.
    #[default]
    Nothing,
    /// Of the best levels, of that number.
    Best(u64),
    /// Of the whole book.
    Whole,
}

/// What trades are known by: frames of version 2 can tell two numbers, of which REST and the other
/// protocol tell one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ids {
    /// The event's.
    Event,
    /// The trade's, `tid`.
    Trade,
}

/// The adapter.
#[derive(Debug)]
pub(super) struct Gemini {
    roster: Roster<Symbol>,
    /// Whether frames came that write symbols in small letters.
    is_small: bool,
}

/// Everything that a message taken here can have.
#[derive(Debug, Deserialize)]
struct Told<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Cell<'a>,
    #[serde(borrow, default)]
    symbol: Cell<'a>,
    changes: Option<Sides>,
    #[serde(borrow, default)]
    trades: Option<Vec<Print<'a>>>,
    #[serde(alias = "eventid")]
    event_id: Option<u64>,
    tid: Option<u64>,
    timestamp: Option<u64>,
    price: Option<DecimalField>,
    quantity: Option<DecimalField>,
    #[serde(borrow, default)]
    side: Cell<'a>,
}

/// Only what tells the kind of a message.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Cell<'a>,
    #[serde(borrow, default)]
    result: Cell<'a>,
    #[serde(borrow, default)]
    reason: Cell<'a>,
    #[serde(borrow, default)]
    message: Cell<'a>,
}

impl Gemini {
    fn new() -> Self {
        Self { roster: Roster::new("GEMINI"), is_small: false }
    }

    fn message(
        &mut self,
        text: &str,
        recv: Nanos,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), FrameError> {
        // What begins otherwise and still is one of version 2 is found behind it.
        if !text.starts_with(TYPE_BEGINS)
            && let Some(taken) = stream::take(&mut self.roster, text, recv, out)
        {
            self.is_small |= taken.is_ok();
            return taken;
        }
        let told: Told<'_> = match borrowed::from_str(text) {
            Ok(told) => told,
            Err(error) => return other(text).unwrap_or(Err(error.into())),
        };
        let roster = &mut self.roster;
        match told.kind.0.as_ref() {
            "l2_updates" => book::take(roster, told, recv, out),
            "trade" => trade::take(roster, &told, recv, out),
            "heartbeat" => {
                let at = told.timestamp.ok_or(FrameError::Shape("no timestamp"))?;
                roster.beat(epoch("timestamp", at)?, recv, out);
                Ok(())
            }
            _ => other(text).unwrap_or(Err(FrameError::Shape("no type"))),
        }
    }
}

/// A message of a kind that is not taken here, whose fields may mean anything, or a refusal; none
/// for the kinds that are taken.
fn other(text: &str) -> Option<Result<(), FrameError>> {
    let head: Head<'_> = borrowed::from_str(text).ok()?;
    match (head.kind.0.as_ref(), head.result.0.as_ref()) {
        ("l2_updates" | "trade" | "heartbeat", _) | ("", "") => None,
        ("error", _) | (_, "error") => {
            let texts = [head.reason.0, head.message.0].join(": ");
            Some(Err(FrameError::Venue(texts)))
        }
        _ => Some(Ok(())),
    }
}

impl Adapter for Gemini {
    fn take(
        &mut self,
        frame: Frame<'_>,
        recv: Nanos,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), FrameError> {
        match frame {
            Frame::Message(text) => self.message(text, recv, out),
            Frame::Response { url: Some(url), body } => {
                rest::take(&mut self.roster, (url, self.is_small), body, recv, out)
            }
            Frame::Response { .. } | Frame::Connected | Frame::Said(_) => Ok(()),
            Frame::Lost => {
                self.roster
                    .lose(recv, out, |symbol| (symbol.last, symbol.made) = (None, Made::Nothing));
                Ok(())
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
