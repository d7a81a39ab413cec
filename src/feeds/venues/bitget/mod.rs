//! Bitget spot and futures, WebSocket v1 (2022), v2, and v3 (unified accounts, 2025): `books` (also
//! `books5`, `books15`, `books50`), `books1`, `trade` and `publicTrade`.
//!
//! - The form of the frames is OKX's. Futures have the symbols of spot there, so they are named as
//!   the venue's REST v1 names them, `BTCUSDT_UMCBL` ([`product`]). Demo products of v2 give nothing;
//!   frames of v1 do not tell them from others (`SBTCSUSDT`, but `SYSUSDT`). v3 says `topic` and
//!   `symbol`, and names most fields by a letter. Of several book channels of a symbol the deepest is
//!   followed, until it has a gap, or is silent for a minute while another speaks: its book is lost
//!   where the other tells only changes.
//! - Sequence: v2 and v3 have `seq`, and `pseq` = last `seq`, by which they are contiguous; v1 has
//!   neither. A `pseq` of 0 in an update says that the venue began anew ([`book`]).
//! - Snapshot: the answer to the subscription.
//! - Checksum: with each message of `books`, over the 25 best levels; 0 and absent are none. While
//!   the venue sent no `pseq` it was the only thing that showed a lost message; the channel is followed
//!   all the same.
//! - Scale: decimals as text; quantities in the base currency, of futures too. Time: `ts`,
//!   milliseconds.
//! - Trades come newest first, and some fifty earlier ones with the subscription ([`trade`]).
//! - Candles: open with the close before them, which counts for high and low; a minute without
//!   trades is flat ([`candle`]).
//! - `ticker` has rounded prices without quantities (v1), or lags (v2); it gives no events.
//!
//! Source: bitget.com/api-doc/spot, /contract and /uta, "Depth Channel", "Trading Channel",
//! "Candlestick Channel"; the documents of v1 said the same of its channels.

mod book;
mod candle;
mod line;
mod product;
mod quote;
mod trade;

use self::candle::Candles;
use self::line::Socket;
use super::candle::{CandleRule, Empty, Open, TopRule};
use super::channel::{self, Item, Told};
use super::choice::{Choice, Source, Word};
use super::prints::Prints;
use super::roster::Roster;
use super::silence::Taken;
use super::{Adapter, Frame, FrameError, Sequencing, Venue};
use crate::domain::market::{Body, Event, Instrument, Nanos};

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
    roster: Roster<State>,
}

/// What is remembered of an instrument.
#[derive(Debug, Default)]
struct State {
    prints: Prints,
    /// The book channel that is followed.
    book: Choice,
}

/// What a channel carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A book and its changes.
    Book(Source),
    /// Best bid and ask.
    Best,
    /// Trades.
    Trades,
}

fn kind_of(channel: &str) -> Option<Kind> {
    let book = |name, rank| Some(Kind::Book(Source { name, rank }));
    match channel {
        "books" => book("books", usize::MAX),
        "trade" | "publicTrade" => Some(Kind::Trades),
        "books1" => Some(Kind::Best),
        "books50" => book("books50", 50),
        "books15" => book("books15", 15),
        "books5" => book("books5", 5),
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
        let Some(arg) = &told.arg else {
            return match told.event.0.as_ref() {
                "" => Err(FrameError::Shape("neither a channel nor an event")),
                "error" => Err(refusal(&told)),
                _ => Ok(()),
            };
        };
        let kind_and_symbol = kind_of(&arg.channel.0).zip(product::symbol(arg));
        match told.event.0.as_ref() {
            "" => {}
            "error" => return Err(refusal(&told)),
            "unsubscribe" => {
                if let Some((Kind::Book(source), symbol)) = kind_and_symbol
                    && let Ok(listed) = self.roster.get(&symbol)
                {
                    listed.state.book.leave(source);
                }
                return Ok(());
            }
            _ => return Ok(()),
        }
        let Some((kind, symbol)) = kind_and_symbol.filter(|_| !told.data.is_empty()) else {
            return Ok(());
        };
        if kind == Kind::Trades {
            let trades = trade::read(told.data)?;
            let is_history = told.action.0 == "snapshot";
            let listed = self.roster.get(&symbol)?;
            return trade::give(listed, trades, is_history, recv, out);
        }
        let mut all = Vec::with_capacity(told.data.len());
        for item in told.data {
            let Item::Fields(fields) = item else { return Err(FrameError::Shape("no object")) };
            all.push(match kind {
                Kind::Best => quote::read(fields)?,
                _ => book::read(fields, &told.action.0)?,
            });
        }
        let listed = self.roster.get(&symbol)?;
        for (at, [seq, prev_seq], body) in all {
            if let Kind::Book(source) = kind {
                let is_whole = told.action.0 == "snapshot";
                let at = at.unwrap_or(recv);
                match listed.state.book.takes(source, Word { is_whole, seq, prev_seq, at }) {
                    Taken::Passed => continue,
                    Taken::Given => {}
                    Taken::Anew => {
                        let event = listed.event(None, recv, Body::Disconnect);
                        out.push((listed.instrument.clone(), event));
                    }
                }
            }
            if matches!(body, Body::Disconnect) {
                listed.state.book.forget();
            }
            let event = Event { seq, prev_seq, ..listed.event(at, recv, body) };
            out.push((listed.instrument.clone(), event));
        }
        Ok(())
    }
}

fn refusal(told: &Told<'_>) -> FrameError {
    FrameError::Venue(format!("{} {}", told.code.0, told.msg.0))
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
            Frame::Response { .. } => Ok(()),
            // Another connection's books may go on: what is followed is kept.
            Frame::Connected => {
                self.roster.states().for_each(|state| state.book.reopened());
                Ok(())
            }
            Frame::Said(_) => Ok(()),
            Frame::Lost => {
                // The numbering of prints goes on: their ids must not come again.
                self.roster.lose(recv, out, |state| state.book.forget());
                Ok(())
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
