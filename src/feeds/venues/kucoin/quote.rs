//! Best bid and ask: the classic tickers, and `obu` at depth 1. Each has the number of the change of
//! the book after which it holds.

use super::frame::{Data, Digits, Told};
use crate::domain::market::{Body, Event, Instrument, LevelChange, Nanos};
use crate::feeds::venues::FrameError;
use crate::feeds::venues::backlog::Backlog;
use crate::feeds::venues::reading::side;
use crate::feeds::venues::roster::Roster;
use crate::wire::number::DecimalField;

fn level(
    at: Option<DecimalField>,
    qty: Option<DecimalField>,
) -> Result<Option<LevelChange>, FrameError> {
    let (Some(at), Some(qty)) = (at, qty) else { return Ok(None) };
    side(at, qty)
}

fn give(
    roster: &mut Roster<Backlog>,
    (symbol, data, number): (&str, &Data<'_>, Option<Digits>),
    [bid, ask]: [Option<LevelChange>; 2],
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let at = data.at()?;
    let number = number.ok_or(FrameError::Shape("no sequence"))?.number()?;
    let listed = roster.get(symbol)?;
    let event = listed.event(at, recv, Body::Quote { bid, ask });
    out.push((listed.instrument.clone(), Event { seq: Some(number), ..event }));
    Ok(())
}

/// Takes a classic ticker.
pub(super) fn ticker(
    roster: &mut Roster<Backlog>,
    told: Told<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let data = &told.data;
    let bid = level(data.best_bid, data.best_bid_size)?;
    let ask = level(data.best_ask, data.best_ask_size)?;
    give(roster, (&told.symbol, data, data.sequence), [bid, ask], recv, out)
}

/// Takes the best level of each side.
pub(super) fn best(
    roster: &mut Roster<Backlog>,
    mut told: Told<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let bids = told.data.bids.take().unwrap_or_default().changes()?;
    let asks = told.data.asks.take().unwrap_or_default().changes()?;
    let full = |levels: Vec<LevelChange>| levels.into_iter().find(|(_, qty)| !qty.is_zero());
    let number = told.data.sequence_end;
    give(roster, (&told.symbol, &told.data, number), [full(bids), full(asks)], recv, out)
}
