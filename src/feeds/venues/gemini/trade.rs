//! Prints: `side` is the taker's. The id is the event's, which grows with time and is there in old
//! and new frames; `tid` where it is missing, and where REST told trades of the symbol before, which
//! have no other. What an auction or a block trade prints has no taker.
//!
//! The trades that come with a snapshot are in no dependable order, and are given by time and id.

use compact_str::{CompactString, ToCompactString};
use serde::Deserialize;

use super::super::FrameError;
use super::super::reading::{Cell, epoch, price, traded};
use super::super::roster::{Listed, Roster};
use super::{Ids, Symbol, Told};
use crate::domain::market::{Aggressor, Body, Event, Instrument, Nanos, Trade};
use crate::wire::number::DecimalField;

/// A trade in the list of a snapshot.
#[derive(Debug, Deserialize)]
pub(super) struct Print<'a> {
    #[serde(alias = "eventid")]
    event_id: Option<u64>,
    tid: Option<u64>,
    timestamp: Option<u64>,
    price: Option<DecimalField>,
    quantity: Option<DecimalField>,
    #[serde(borrow, default)]
    side: Cell<'a>,
}

/// What a print says, wherever it stands.
struct Said<'a> {
    event_id: Option<u64>,
    tid: Option<u64>,
    timestamp: Option<u64>,
    price: Option<DecimalField>,
    quantity: Option<DecimalField>,
    side: &'a str,
}

/// A print that was checked.
pub(super) struct Read {
    event_id: Option<u64>,
    tid: Option<u64>,
    at: Nanos,
    trade: Trade,
}

/// The taker's side, where there is one.
pub(super) fn aggressor(word: &str) -> Result<Option<Aggressor>, FrameError> {
    match word {
        "buy" => Ok(Some(Aggressor::Buy)),
        "sell" => Ok(Some(Aggressor::Sell)),
        "auction" | "block" => Ok(None),
        _ => Err(FrameError::Value("side")),
    }
}

impl Said<'_> {
    fn read(&self) -> Result<Read, FrameError> {
        let Self { event_id, tid, .. } = *self;
        let id = event_id.or(tid).ok_or(FrameError::Shape("no event_id"))?;
        let at = epoch("timestamp", self.timestamp.ok_or(FrameError::Shape("no timestamp"))?)?;
        let trade = Trade {
            trade_id: id.to_compact_string(),
            price: price(self.price.ok_or(FrameError::Shape("no price"))?)?,
            qty: traded(self.quantity.ok_or(FrameError::Shape("no quantity"))?)?,
            aggressor: aggressor(self.side)?,
            count: 1,
            conditions: CompactString::default(),
        };
        Ok(Read { event_id, tid, at, trade })
    }
}

/// The trades of a snapshot, oldest first.
pub(super) fn history(prints: &[Print<'_>]) -> Result<Vec<Read>, FrameError> {
    let read = |print: &Print<'_>| {
        let Print { event_id, tid, timestamp, price, quantity, ref side } = *print;
        Said { event_id, tid, timestamp, price, quantity, side: &side.0 }.read()
    };
    let mut all = prints.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    all.sort_by_key(|read| (read.at, read.event_id.or(read.tid)));
    Ok(all)
}

/// Gives a print, by the number that the symbol's trades are known by.
pub(super) fn give(
    listed: &mut Listed<Symbol>,
    Read { event_id, tid, at, mut trade }: Read,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) {
    match (listed.state.ids, event_id, tid) {
        (Some(Ids::Trade), Some(_), Some(tid)) => trade.trade_id = tid.to_compact_string(),
        (None, Some(_), _) => listed.state.ids = Some(Ids::Event),
        _ => {}
    }
    let event = listed.event(Some(at), recv, Body::Trade(Box::new(trade)));
    out.push((listed.instrument.clone(), event));
}

/// Takes a `trade`.
pub(super) fn take(
    roster: &mut Roster<Symbol>,
    told: &Told<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let Told { event_id, tid, timestamp, price, quantity, .. } = *told;
    let read = Said { event_id, tid, timestamp, price, quantity, side: &told.side.0 }.read()?;
    give(roster.get(&told.symbol.0)?, read, recv, out);
    Ok(())
}
