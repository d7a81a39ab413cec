//! Best bid and ask: `orderbook/top/…` of API 3. A side that is empty is left out.

use super::super::FrameError;
use super::super::reading::{epoch, side};
use super::super::roster::Roster;
use super::book::Followed;
use super::wire::{BySymbol, Entry, Slot};
use crate::domain::market::{Body, Event, Instrument, LevelChange, Nanos};
use crate::wire::number::DecimalField;

fn level(at: Slot, qty: Option<DecimalField>) -> Result<Option<LevelChange>, FrameError> {
    match (at.price()?, qty) {
        (Some(at), Some(qty)) => side(at, qty),
        _ => Ok(None),
    }
}

/// Takes tops.
pub(super) fn take(
    roster: &mut Roster<Followed>,
    BySymbol(tops): BySymbol<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let mut all = Vec::with_capacity(tops.len());
    for (symbol, entry) in tops {
        let Entry::Book(top) = entry else { return Err(FrameError::Shape("no top")) };
        let at = top.t.map(|value| epoch("t", value)).transpose()?;
        all.push((symbol, at, level(top.b, top.bid_qty)?, level(top.a, top.ask_qty)?));
    }
    roster.check(all.iter().map(|(symbol, ..)| *symbol))?;
    for (symbol, at, bid, ask) in all {
        let listed = roster.get(symbol)?;
        let event = listed.event(at, recv, Body::Quote { bid, ask });
        out.push((listed.instrument.clone(), event));
    }
    Ok(())
}
