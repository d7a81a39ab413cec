//! Kraken spot: WebSocket v1 (arrays), WebSocket v2 (objects with a `channel`), REST trades and books.
//!
//! - The two protocols are told apart by their frames. Symbols stay as the protocol writes them: v1
//!   and REST say `XBT/USD`, v2 says `BTC/USD`.
//! - Before 30 May 2019 v1's arrays named neither channel nor pair, only a number that the answer to
//!   the subscription told ([`Channels`]).
//! - Sequence: none. Snapshot: the answer to the subscription; REST's `Depth` where no book of its
//!   pair is followed, until the first change ([`rest`]).
//! - Checksum: with each update, over the ten best levels, from the venue's own text.
//! - Scale: v1 decimals as text, v2 bare numbers in full precision. Time: v1 decimal seconds, v2
//!   RFC 3339. Heartbeats have no venue time, so they would move nothing and give no events.
//! - Candles: of all trades; a minute without trades is flat; `vwap` is cut at the decimals in which
//!   the candle is written ([`candle`]).
//! - Quotes: v1 `spread`; v2 `ticker` where it is sent at each change of them ([`quote`]).
//!
//! Source: docs.kraken.com, "WebSocket API v1", "WebSocket API v2", "Spot REST API".

mod book;
mod candle;
mod channels;
mod definition;
mod line;
mod quote;
mod rest;
mod trade;
mod v1;
mod v2;

use self::book::Depths;
use self::channels::Channels;
use super::candle::{CandleRule, Empty, Open, TopRule, VwapDigits};
use super::prints::Prints;
use super::roster::Roster;
use super::{Adapter, Frame, FrameError, Sequencing, Venue};
use crate::domain::market::{Event, Instrument, Nanos};

/// Spot, `KRAKEN:…`.
pub(super) const VENUE: Venue = Venue {
    name: "kraken",
    prefix: "KRAKEN",
    sequencing: Sequencing::None,
    candles: CandleRule {
        open: Open::FirstTrade,
        empty: Empty::Flat,
        vwap_digits: Some(VwapDigits::AsWritten),
    },
    tops: TopRule::Unrelated,
    adapter: || Box::new(Kraken::new()),
    line: || Box::new(line::Socket::default()),
    witness: || Box::new(candle::Ohlc),
};

/// What the protocols need remembered of one pair.
#[derive(Debug, Default)]
pub(super) struct Pair {
    depths: Depths,
    prints: Prints,
    /// The v2 `ticker` was subscribed with `event_trigger` `bbo`.
    ticker_is_quote: bool,
}

/// The adapter.
#[derive(Debug)]
pub(super) struct Kraken {
    roster: Roster<Pair>,
    channels: Channels,
}

impl Kraken {
    /// An adapter that has heard of nothing.
    pub fn new() -> Self {
        Self { roster: Roster::new("KRAKEN"), channels: Channels::default() }
    }
}

impl Adapter for Kraken {
    fn take(
        &mut self,
        frame: Frame<'_>,
        recv: Nanos,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), FrameError> {
        let Self { roster, channels } = self;
        match frame {
            Frame::Message(text) => match text.trim_start().as_bytes().first() {
                Some(b'[') => v1::take(roster, channels, text, recv, out),
                Some(b'{') => v2::take(roster, channels, text, recv, out),
                _ => Err(FrameError::Shape("neither an object nor a list")),
            },
            Frame::Response { body, .. } => rest::take(roster, body, recv, out),
            Frame::Connected | Frame::Said(_) => Ok(()),
            Frame::Lost => {
                // The numbering of prints goes on: their ids must not come again.
                roster.lose(recv, out, |pair| {
                    pair.depths = Depths::default();
                    pair.ticker_is_quote = false;
                });
                Ok(())
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
