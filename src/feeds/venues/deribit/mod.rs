//! Deribit: `book`, `trades`, `ticker` and `quote` notifications of JSON-RPC, and its answers to
//! requests for instruments, trades and books.
//!
//! - A notification is `{"method": "subscription", "params": {"channel", "data"}}`; the instrument
//!   is the one in the data.
//! - Sequence: contiguous; a change names the one before it (`prev_change_id`). Trades carry their
//!   own number (`trade_seq`), which does not count for the book.
//! - Snapshot: the first message of a book's channel. A channel with a depth (`book.X.none.20.…`)
//!   sends the whole of that depth each time, which gives nothing beside the other channel ([`book`]);
//!   with a grouping it is no book of prices, and gives no events.
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
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use self::book::Followed;
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
    roster: Roster<Followed>,
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
    /// Of an answer, whose result may be null.
    #[serde(default)]
    id: Option<IgnoredAny>,
}

/// What an answer is known by; other results have none of it.
#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow, default)]
    trades: Option<&'a RawValue>,
    #[serde(borrow, default)]
    bids: Option<&'a RawValue>,
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
            None if told.result.is_some() || told.id.is_some() => return Ok(()),
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
        let Some(result) = told.result.map(RawValue::get) else {
            return if told.id.is_some() { Ok(()) } else { Err(FrameError::Shape("no result")) };
        };
        let roster = &mut self.roster;
        if result.starts_with('[') {
            return definition::take(roster, result, recv, out);
        }
        if !result.starts_with('{') {
            return Ok(());
        }
        match borrowed::from_str(result)? {
            Answer { trades: Some(trades), .. } => trade::answer(roster, trades.get(), recv, out),
            Answer { bids: Some(_), .. } => book::answer(roster, result, recv, out),
            Answer { .. } => Ok(()),
        }
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
            Frame::Connected | Frame::Said(_) => Ok(()),
            Frame::Lost => {
                self.roster.lose(recv, out, |followed| *followed = Followed::Nothing);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
