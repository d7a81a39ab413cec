//! Kraken spot: WebSocket v1 (arrays), WebSocket v2 (objects with a `channel`) and REST trades.
//!
//! The two protocols are told apart by their frames. Symbols stay as the protocol writes them: v1
//! and REST say `XBT/USD`, v2 says `BTC/USD`. Heartbeats have no venue time, so they would move
//! nothing and give no events.
//!
//! Source: docs.kraken.com, "WebSocket API v1", "WebSocket API v2", "Spot REST API".

mod book;
mod definition;
mod quote;
mod rest;
mod trade;
mod v1;
mod v2;

use self::book::Depths;
use self::trade::Prints;
use super::roster::Roster;
use super::{Adapter, Frame, FrameError};
use crate::domain::market::{Event, Instrument, Nanos};

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
}

impl Kraken {
    /// An adapter that has heard of nothing.
    pub fn new() -> Self {
        Self { roster: Roster::new("KRAKEN") }
    }
}

impl Adapter for Kraken {
    fn take(
        &mut self,
        frame: Frame<'_>,
        recv: Nanos,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), FrameError> {
        let roster = &mut self.roster;
        match frame {
            Frame::Message(text) => match text.trim_start().as_bytes().first() {
                Some(b'[') => v1::take(roster, text, recv, out),
                Some(b'{') => v2::take(roster, text, recv, out),
                _ => Err(FrameError::Shape("neither an object nor a list")),
            },
            Frame::Response { body, .. } => rest::take(roster, body, recv, out),
            Frame::Connected => Ok(()),
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
mod tests;
