//! Bitget spot and futures, WebSocket v1 (2022) and v2: `books` (also `books5`, `books15`), `books1`,
//! `trade`.
//!
//! - The form of the frames is OKX's. Futures have the symbols of spot there, so they are named as
//!   the venue's REST v1 names them, `BTCUSDT_UMCBL` ([`product`]). Demo products of v2 give nothing;
//!   frames of v1 do not tell them from others (`SBTCSUSDT`, but `SYSUSDT`).
//! - Sequence: v2 has `seq`, and `pseq` = last `seq`, by which it is contiguous; v1 has neither.
//! - Snapshot: the answer to the subscription.
//! - Checksum: with each message of `books`, over the 25 best levels; 0 and absent are none. While
//!   the venue sent no `pseq` it was the only thing that showed a lost message.
//! - Scale: decimals as text; quantities in the base currency, of futures too. Time: `ts`,
//!   milliseconds.
//! - Trades come newest first, and some fifty earlier ones with the subscription ([`trade`]).
//! - Candles: open with the close before them, which counts for high and low; a minute without
//!   trades is flat ([`candle`]).
//! - `ticker` has rounded prices without quantities (v1), or lags (v2); it gives no events.
//!
//! Source: bitget.com/api-doc/spot and /contract, "Depth Channel", "Trading Channel", "Candlestick
//! Channel"; the documents of v1 said the same of its channels.

mod book;
mod candle;
mod line;
mod product;
mod quote;
mod trade;

use self::candle::Candles;
use self::line::Socket;
use super::candle::{CandleRule, Empty, Open, TopRule};
use super::channel::{self, Item};
use super::prints::Prints;
use super::roster::Roster;
use super::{Adapter, Frame, FrameError, Sequencing, Venue};
use crate::domain::market::{Event, Instrument, Nanos};

/// Spot and futures, `BITGET:…`.
pub(super) const VENUE: Venue = Venue {
    name: "bitget",
    prefix: "BITGET",
    sequencing: Sequencing::Contiguous,
    candles: CandleRule { open: Open::PreviousClose, empty: Empty::Flat, vwap_digits: None },
    tops: TopRule::Unrelated,
    adapter: || Box::new(Bitget::new()),
    line: || Box::new(Socket),
    witness: || Box::new(Candles::default()),
};

/// The adapter.
#[derive(Debug)]
pub(super) struct Bitget {
    roster: Roster<Prints>,
}

/// What a channel carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A book and its changes.
    Book,
    /// Best bid and ask.
    Best,
    /// Trades.
    Trades,
}

fn kind_of(channel: &str) -> Option<Kind> {
    match channel {
        "books" | "books5" | "books15" => Some(Kind::Book),
        "books1" => Some(Kind::Best),
        "trade" => Some(Kind::Trades),
        _ => None,
    }
}

impl Bitget {
    fn new() -> Self {
        Self { roster: Roster::new(VENUE.prefix) }
    }

    fn message(
        &mut self,
        text: &str,
        recv: Nanos,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), FrameError> {
        if text == "pong" {
            return Ok(());
        }
        let told = channel::read(text, |name| kind_of(name).is_some())?;
        if told.event.0 == "error" {
            return Err(FrameError::Venue(format!("{} {}", told.code.0, told.msg.0)));
        }
        let Some(arg) = told.arg else {
            return if told.event.0.is_empty() {
                Err(FrameError::Shape("neither a channel nor an event"))
            } else {
                Ok(())
            };
        };
        let kind = kind_of(&arg.channel.0).filter(|_| !told.data.is_empty());
        let Some((kind, symbol)) = kind.zip(product::symbol(&arg)) else { return Ok(()) };
        if kind == Kind::Trades {
            let trades = trade::read(told.data)?;
            let is_history = told.action.0 == "snapshot";
            let listed = self.roster.get(&symbol)?;
            return trade::give(listed, trades, is_history, recv, out);
        }
        let mut bodies = Vec::with_capacity(told.data.len());
        for item in told.data {
            let Item::Fields(fields) = item else { return Err(FrameError::Shape("no object")) };
            bodies.push(match kind {
                Kind::Best => quote::read(fields)?,
                _ => book::read(fields, &told.action.0)?,
            });
        }
        let listed = self.roster.get(&symbol)?;
        for (at, [seq, prev_seq], body) in bodies {
            let event = Event { seq, prev_seq, ..listed.event(at, recv, body) };
            out.push((listed.instrument.clone(), event));
        }
        Ok(())
    }
}

impl Adapter for Bitget {
    fn take(
        &mut self,
        frame: Frame<'_>,
        recv: Nanos,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), FrameError> {
        match frame {
            Frame::Message(text) => self.message(text, recv, out),
            // REST bodies are not asked for: the book comes with its subscription.
            Frame::Response { .. } | Frame::Connected => Ok(()),
            Frame::Lost => {
                // The numbering of prints goes on: their ids must not come again.
                self.roster.lose(recv, out, |_| {});
                Ok(())
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
