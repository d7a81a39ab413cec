//! OKX and OKCoin, WebSocket v5: `books` (also `books-l2-tbt`, `books50-l2-tbt`, `books5`),
//! `trades` and `trades-all`, `bbo-tbt`.
//!
//! - One protocol on two hosts. Subscribe one book channel of a symbol; symbols of all products
//!   differ (`BTC-USDT`, `BTC-USDT-SWAP`, `BTC-USD-220527`).
//! - Sequence: contiguous by `prevSeqId` = last `seqId`, where the message has them (it did not
//!   before 2023); a number below its predecessor says that the venue began anew ([`book`]).
//! - Snapshot: the answer to the subscription. The venue tells what leaves its 400 levels.
//! - Checksum: with each message, over the 25 best levels, until the venue began to write 0, which
//!   is no checksum.
//! - Scale: decimals as text. Quantities of derivatives are contracts.
//! - Time: `ts`, milliseconds.
//! - Candles: first trade opens; a minute without trades is flat ([`candle`]).
//! - `tickers` has a best bid and ask too, but at a rhythm of its own, behind the book; it gives no
//!   events.
//!
//! Source: okx.com/docs-v5, "WebSocket", "Order book channel", "Trades channel"; okcoin.com/docs-v5,
//! the same.

mod book;
mod candle;
mod line;
mod quote;
mod trade;

use self::candle::Candles;
use self::line::Socket;
use super::candle::{CandleRule, Empty, Open, TopRule};
use super::channel::{self, Item};
use super::roster::Roster;
use super::{Adapter, Frame, FrameError, Sequencing, Venue};
use crate::domain::market::{Event, Instrument, Nanos};

/// OKX, `OKX:…`.
pub(super) const OKX: Venue = Venue {
    name: "okx",
    prefix: "OKX",
    sequencing: Sequencing::Contiguous,
    candles: CandleRule { open: Open::FirstTrade, empty: Empty::Flat, vwap_digits: None },
    tops: TopRule::Unrelated,
    adapter: || Box::new(Okx::new("OKX")),
    line: || Box::new(Socket::new(&line::OKX)),
    witness: || Box::new(Candles::new("OKX")),
};

/// OKCoin, `OKCOIN:…`.
pub(super) const OKCOIN: Venue = Venue {
    name: "okcoin",
    prefix: "OKCOIN",
    adapter: || Box::new(Okx::new("OKCOIN")),
    line: || Box::new(Socket::new(&line::OKCOIN)),
    witness: || Box::new(Candles::new("OKCOIN")),
    ..OKX
};

/// The adapter of either.
#[derive(Debug)]
pub(super) struct Okx {
    roster: Roster<()>,
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
        "books" | "books-l2-tbt" | "books50-l2-tbt" | "books5" => Some(Kind::Book),
        "bbo-tbt" => Some(Kind::Best),
        "trades" | "trades-all" => Some(Kind::Trades),
        _ => None,
    }
}

impl Okx {
    fn new(prefix: &'static str) -> Self {
        Self { roster: Roster::new(prefix) }
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
        let Some(kind) = kind_of(&arg.channel.0).filter(|_| !told.data.is_empty()) else {
            return Ok(());
        };
        let mut bodies = Vec::with_capacity(told.data.len());
        for item in told.data {
            let Item::Fields(fields) = item else { return Err(FrameError::Shape("no object")) };
            bodies.push(match kind {
                Kind::Book => book::read(fields, &told.action.0)?,
                Kind::Best => quote::read(fields)?,
                Kind::Trades => trade::read(fields)?,
            });
        }
        let listed = self.roster.get(&arg.inst_id.0)?;
        for (at, [seq, prev_seq], body) in bodies {
            let event = Event { seq, prev_seq, ..listed.event(at, recv, body) };
            out.push((listed.instrument.clone(), event));
        }
        Ok(())
    }
}

impl Adapter for Okx {
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
                self.roster.lose(recv, out, |()| {});
                Ok(())
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
