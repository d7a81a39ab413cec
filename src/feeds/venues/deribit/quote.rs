//! Best bid and ask: `quote`, and the same fields of `ticker`. Neither names the change of the book
//! it belongs to.

use serde::Deserialize;

use super::super::FrameError;
use super::super::reading::{Cell, epoch, side};
use super::super::roster::Roster;
use super::book::Followed;
use crate::domain::market::{Body, Event, Instrument, LevelChange, Nanos};
use crate::wire::borrowed;
use crate::wire::number::ScientificField;

#[derive(Deserialize)]
struct Told<'a> {
    timestamp: u64,
    #[serde(borrow)]
    instrument_name: Cell<'a>,
    best_bid_price: Option<ScientificField>,
    best_bid_amount: Option<ScientificField>,
    best_ask_price: Option<ScientificField>,
    best_ask_amount: Option<ScientificField>,
}

/// Takes the data of `quote.…` or `ticker.…`.
pub(super) fn take(
    roster: &mut Roster<Followed>,
    data: &str,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let told: Told<'_> = borrowed::from_str(data)?;
    let at = epoch("timestamp", told.timestamp)?;
    let bid = best(told.best_bid_price, told.best_bid_amount)?;
    let ask = best(told.best_ask_price, told.best_ask_amount)?;
    let listed = roster.get(&told.instrument_name.0)?;
    let event = listed.event(Some(at), recv, Body::Quote { bid, ask });
    out.push((listed.instrument.clone(), event));
    Ok(())
}

fn best(
    at: Option<ScientificField>,
    amount: Option<ScientificField>,
) -> Result<Option<LevelChange>, FrameError> {
    match (at, amount) {
        (Some(ScientificField(at)), Some(ScientificField(amount))) => side(at, amount),
        _ => Ok(None),
    }
}
