//! Prints: `side` is the taker's. The id is the event's, which grows with time and is there in old
//! and new frames; `tid` where it is missing. What an auction or a block trade prints has no taker.
//!
//! The trades that come with a snapshot are in no dependable order, and are given by time and id.

use compact_str::{CompactString, ToCompactString};
use serde::Deserialize;

use super::super::FrameError;
use super::super::reading::{Cell, epoch, price, traded};
use super::super::roster::Roster;
use super::Told;
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
    id: Option<u64>,
    timestamp: Option<u64>,
    price: Option<DecimalField>,
    quantity: Option<DecimalField>,
    side: &'a str,
}

impl Said<'_> {
    fn read(&self) -> Result<(u64, Nanos, Trade), FrameError> {
        let id = self.id.ok_or(FrameError::Shape("no event_id"))?;
        let at = epoch("timestamp", self.timestamp.ok_or(FrameError::Shape("no timestamp"))?)?;
        let aggressor = match self.side {
            "buy" => Some(Aggressor::Buy),
            "sell" => Some(Aggressor::Sell),
            "auction" | "block" => None,
            _ => return Err(FrameError::Value("side")),
        };
        let trade = Trade {
            trade_id: id.to_compact_string(),
            price: price(self.price.ok_or(FrameError::Shape("no price"))?)?,
            qty: traded(self.quantity.ok_or(FrameError::Shape("no quantity"))?)?,
            aggressor,
            count: 1,
            conditions: CompactString::default(),
        };
        Ok((id, at, trade))
    }
}

/// The trades of a snapshot, oldest first.
pub(super) fn history(prints: &[Print<'_>]) -> Result<Vec<(Nanos, Trade)>, FrameError> {
    let read = |print: &Print<'_>| {
        let Print { event_id, tid, timestamp, price, quantity, ref side } = *print;
        Said { id: event_id.or(tid), timestamp, price, quantity, side: &side.0 }.read()
    };
    let mut all = prints.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    all.sort_by_key(|(id, at, _)| (*at, *id));
    Ok(all.into_iter().map(|(_, at, trade)| (at, trade)).collect())
}

/// Takes a `trade`.
pub(super) fn take(
    roster: &mut Roster<()>,
    told: &Told<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let Told { event_id, tid, timestamp, price, quantity, .. } = *told;
    let said = Said { id: event_id.or(tid), timestamp, price, quantity, side: &told.side.0 };
    let (_, at, trade) = said.read()?;
    let listed = roster.get(&told.symbol.0)?;
    let event = listed.event(Some(at), recv, Body::Trade(Box::new(trade)));
    out.push((listed.instrument.clone(), event));
    Ok(())
}
