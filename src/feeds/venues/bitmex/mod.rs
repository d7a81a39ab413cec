//! BitMEX: `orderBookL2` (also `orderBookL2_25`, `orderBook10`), `quote` and `trade` of the realtime
//! API.
//!
//! - Sequence: none. A row without price that names a level which was never told shows a lost message
//!   ([`book`]).
//! - Snapshot: the `partial` that answers the subscription. `orderBook10` tells its levels whole each
//!   time ([`ten`]). The fewer levels give nothing where `orderBookL2` is followed.
//! - Checksum: none.
//! - Scale: bare numbers, with an exponent where they are small. Sizes are contracts.
//! - Time: RFC 3339 with milliseconds. Before 2022 rows of the book had none.
//! - A `partial` of `trade` or `quote` tells again the last one before the subscription: no events.
//! - Candles: each opens at the close before, while high and low are of its trades alone; a minute
//!   without trades is flat ([`candle`]).
//! - Quotes: `quote`, each state of the book's top ([`quote`]).
//!
//! The lists of REST `/trade` and `/orderBook/L2` are taken ([`rest`]); those of `/quote` are not:
//! their rows are no others than those of `/quote/bucketed`, which are no states of the book.
//!
//! Source: bitmex.com/app/wsAPI, "Subscriptions", "OrderBookL2"; bitmex.com/api/explorer, "Trade".

mod book;
mod candle;
mod frame;
mod line;
mod quote;
mod rest;
mod ten;
mod trade;

use self::book::Ladder;
use self::candle::Bins;
use self::frame::Table;
use self::line::Socket;
use super::candle::{CandleRule, Empty, Open, TopRule};
use super::prints::Prints;
use super::roster::Roster;
use super::{Adapter, Frame, FrameError, Sequencing, Venue};
use crate::domain::market::{Event, Instrument, Nanos};

/// All contracts and spot pairs, `BITMEX:…`.
pub(super) const VENUE: Venue = Venue {
    name: "bitmex",
    prefix: "BITMEX",
    sequencing: Sequencing::None,
    candles: CandleRule { open: Open::PreviousCloseApart, empty: Empty::Flat, vwap_digits: None },
    tops: TopRule::InOrder,
    adapter: || Box::new(Bitmex::new()),
    line: || Box::new(Socket),
    witness: || Box::new(Bins),
};

/// What the protocol needs remembered of one contract.
#[derive(Debug, Default)]
pub(super) struct Contract {
    ladder: Ladder,
    /// What `orderBook10` told last.
    best: ten::Sides,
    prints: Prints,
}

/// The adapter.
#[derive(Debug)]
pub(super) struct Bitmex {
    roster: Roster<Contract>,
}

impl Bitmex {
    fn new() -> Self {
        Self { roster: Roster::new(VENUE.prefix) }
    }
}

impl Adapter for Bitmex {
    fn take(
        &mut self,
        frame: Frame<'_>,
        recv: Nanos,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), FrameError> {
        let roster = &mut self.roster;
        match frame {
            Frame::Message("pong") => Ok(()),
            Frame::Message(text) => {
                let Some(told) = frame::read(text)? else { return Ok(()) };
                match told.table {
                    Table::Book | Table::Best => book::take(roster, told, recv, out),
                    Table::Quote => quote::take(roster, &told, recv, out),
                    Table::Trade => trade::take(roster, &told, recv, out),
                    Table::Ten => ten::take(roster, &told, recv, out),
                }
            }
            Frame::Response { url, body } => rest::take(roster, url, body, recv, out),
            Frame::Connected | Frame::Said(_) => Ok(()),
            Frame::Lost => {
                // The numbering of prints goes on: their ids must not come again.
                roster.lose(recv, out, |contract| {
                    contract.ladder = Ladder::default();
                    contract.best = ten::Sides::default();
                });
                Ok(())
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
