//! Best bid and ask: each `quote` row is a state of the book's top, in order; a side without orders
//! has no price. A message of the book may pass through several of them.

use super::Contract;
use super::frame::{Action, Told};
use crate::domain::market::{Body, Event, Instrument, LevelChange, Nanos};
use crate::feeds::venues::FrameError;
use crate::feeds::venues::reading::side;
use crate::feeds::venues::roster::Roster;
use crate::wire::number::ScientificField;

fn level(
    at: Option<ScientificField>,
    qty: Option<ScientificField>,
) -> Result<Option<LevelChange>, FrameError> {
    let (Some(at), Some(qty)) = (at, qty) else { return Ok(None) };
    side(at.0, qty.0)
}

/// Takes a frame of quotes.
pub(super) fn take(
    roster: &mut Roster<Contract>,
    told: &Told<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    if told.action != Action::Insert {
        return Ok(());
    }
    let mut all = Vec::with_capacity(told.rows.len());
    for row in &told.rows {
        let bid = level(row.bid_price, row.bid_size)?;
        let ask = level(row.ask_price, row.ask_size)?;
        all.push((&row.symbol, row.time()?, Body::Quote { bid, ask }));
    }
    roster.check(told.rows.iter().map(|row| row.symbol.as_ref()))?;
    for (symbol, at, body) in all {
        let listed = roster.get(symbol)?;
        out.push((listed.instrument.clone(), listed.event(at, recv, body)));
    }
    Ok(())
}
