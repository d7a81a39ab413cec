//! Best bid and ask: `bookTicker`. On spot it has no time; a side without quantity is empty.

use super::super::FrameError;
use super::super::reading::side;
use super::super::roster::Roster;
use super::{Contract, Told, needed, time_of};
use crate::domain::market::{Body, Event, Instrument, Nanos};

/// Takes a `bookTicker`.
pub(super) fn take(
    roster: &mut Roster<Contract>,
    told: Told<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let at = time_of(told.transaction_time, told.event_time)?;
    let seq = needed(told.last, "no u")?;
    let bid = side(told.b.number()?, told.bid_qty.number()?)?;
    let ask = side(told.a.number()?, told.ask_qty.number()?)?;
    let listed = roster.get(&needed(told.symbol, "no symbol")?)?;
    let event = listed.event(at, recv, Body::Quote { bid, ask });
    out.push((listed.instrument.clone(), Event { seq: Some(seq), ..event }));
    Ok(())
}
