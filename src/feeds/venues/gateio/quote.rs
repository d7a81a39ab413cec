//! Best bid and ask: `spot.book_ticker`. A side that is empty has no price.

use super::super::FrameError;
use super::super::reading::{epoch, side};
use super::super::roster::Roster;
use super::book::Pair;
use super::{Found, Millis, Slot, needed};
use crate::domain::market::{Body, Event, Instrument, LevelChange, Nanos};

fn level(at: Slot, qty: Slot) -> Result<Option<LevelChange>, FrameError> {
    match (at.number()?, qty.number()?) {
        (Some(at), Some(qty)) => side(at, qty),
        _ => Ok(None),
    }
}

/// Takes a top.
pub(super) fn take(
    roster: &mut Roster<Pair>,
    found: Found<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let at = found.t.and_then(|Millis(value)| value).map(|value| epoch("t", value)).transpose()?;
    let bid = level(found.b, found.bid_qty)?;
    let ask = level(found.a, found.ask_qty)?;
    let listed = roster.get(needed(found.s, "no s")?)?;
    let event = listed.event(at, recv, Body::Quote { bid, ask });
    out.push((listed.instrument.clone(), Event { seq: found.last, ..event }));
    Ok(())
}
