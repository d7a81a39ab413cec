//! Deribit: `book`, `trades`, `ticker` and `quote` notifications of JSON-RPC, and its list of
//! instruments.
//!
//! - A notification is `{"method": "subscription", "params": {"channel", "data"}}`; the instrument
//!   is the one in the data.
//! - Sequence: contiguous; a change names the one before it (`prev_change_id`). Trades carry their
//!   own number (`trade_seq`), which does not count for the book.
//! - Snapshot: the first message of a book's channel. A channel with a depth (`book.X.none.20.…`)
//!   sends the whole of that depth each time; with a grouping it is no book of prices, and gives no
//!   events.
//! - Checksum: none.
//! - Scale: bare numbers, small ones with an exponent. Quantities are the venue's `amount`: US
//!   dollars for perpetual and inverse futures, the base currency for options, spot and linear ones.
//! - Time: milliseconds.
//! - Candles: `chart.trades` ([`candle`]).
//! - Best bid and ask come with `quote`, and with `ticker` on each change of the book; a side
//!   without orders is null or 0.
//!
//! Source: docs.deribit.com, "Subscriptions", "Notifications".

mod book;
mod candle;
mod definition;
mod line;
mod quote;
mod trade;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::candle::{CandleRule, Empty, Open, TopRule};
use super::reading::Cell;
use super::roster::Roster;
use super::{Adapter, Frame, FrameError, Sequencing, Venue};
use crate::domain::market::{Event, Instrument, Nanos};
use crate::wire::borrowed;

/// Options, futures and spot, `DERIBIT:…`.
pub(super) const VENUE: Venue = Venue {
    name: "deribit",
    prefix: "DERIBIT",
    sequencing: Sequencing::Contiguous,
    candles: CandleRule { open: Open::FirstTrade, empty: Empty::Flat, vwap_digits: None },
    tops: TopRule::InOrder,
    adapter: || Box::new(Deribit::new()),
    line: || Box::new(line::Rpc::default()),
    witness: || Box::new(candle::Charts),
};

/// The adapter.
#[derive(Debug)]
pub(super) struct Deribit {
    roster: Roster<()>,
}

/// A notification, or the answer to a request.
#[derive(Deserialize)]
struct Told<'a> {
    #[serde(borrow, default)]
    method: Option<Cell<'a>>,
    #[serde(borrow, default)]
    params: Option<Params<'a>>,
    #[serde(borrow, default)]
    result: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<Refusal<'a>>,
}

#[derive(Deserialize)]
struct Params<'a> {
    #[serde(borrow, default)]
    channel: Cell<'a>,
    /// An object or a list, by the channel.
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Refusal<'a> {
    #[serde(borrow, default)]
    message: Cell<'a>,
}

impl Deribit {
    fn new() -> Self {
        Self { roster: Roster::new("DERIBIT") }
    }

    fn message(
        &mut self,
        text: &str,
        recv: Nanos,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), FrameError> {
        let told: Told<'_> = borrowed::from_str(text)?;
        if let Some(error) = told.error {
            return Err(FrameError::Venue(error.message.0.into_owned()));
        }
        match told.method.as_ref().map(|method| method.0.as_ref()) {
            Some("subscription") => {}
            // Among them `heartbeat`.
            Some(_) => return Ok(()),
            None if told.result.is_some() => return Ok(()),
            None => return Err(FrameError::Shape("neither a notification nor an answer")),
        }
        let Some(Params { channel, data: Some(data) }) = told.params else {
            return Err(FrameError::Shape("no data"));
        };
        let roster = &mut self.roster;
        let (kind, rest) = channel.0.split_once('.').unwrap_or((&channel.0, ""));
        match kind {
            "book" => book::take(roster, rest, data.get(), recv, out),
            "trades" => trade::take(roster, data.get(), recv, out),
            "ticker" | "quote" => quote::take(roster, data.get(), recv, out),
            _ => Ok(()),
        }
    }

    fn response(
        &mut self,
        text: &str,
        recv: Nanos,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), FrameError> {
        let told: Told<'_> = borrowed::from_str(text)?;
        if let Some(error) = told.error {
            return Err(FrameError::Venue(error.message.0.into_owned()));
        }
        let result = told.result.ok_or(FrameError::Shape("no result"))?;
        definition::take(&mut self.roster, result.get(), recv, out)
    }
}

impl Adapter for Deribit {
    fn take(
        &mut self,
        frame: Frame<'_>,
        recv: Nanos,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), FrameError> {
        match frame {
            Frame::Message(text) => self.message(text, recv, out),
            Frame::Response { body, .. } => self.response(body, recv, out),
            Frame::Connected => Ok(()),
            Frame::Lost => {
                self.roster.lose(recv, out, |()| ());
                Ok(())
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
