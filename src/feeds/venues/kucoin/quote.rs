//! Best bid and ask: the classic tickers, `level1`, and `obu` at depth 1.
//!
//! Each but two has the number of the change of the book after which it holds: `level1` has none,
//! and that of the futures' older ticker is the trade's.
//!
//! Of several kinds for one instrument the first one heard tells its best bid and ask.

use super::frame::{Best, Data, Kind, Told};
use super::state::State;
use crate::domain::market::{Body, Event, Instrument, LevelChange, Nanos};
use crate::feeds::venues::FrameError;
use crate::feeds::venues::reading::{Levels, side};
use crate::feeds::venues::roster::Roster;

/// The best level of a side: the first of its levels, where it is told by those.
fn level(
    levels: Option<Levels>,
    at: Option<Best>,
    qty: Option<Best>,
) -> Result<Option<LevelChange>, FrameError> {
    if let Some(levels) = levels {
        return Ok(levels.changes()?.into_iter().find(|(_, qty)| !qty.is_zero()));
    }
    let (Some(Best(Some(at))), Some(Best(Some(qty)))) = (at, qty) else { return Ok(None) };
    side(at, qty)
}

/// The number of the book's that a message has.
fn number(kind: Kind, data: &Data<'_>) -> Result<Option<u64>, FrameError> {
    let digits = match kind {
        Kind::Ticker => data.sequence,
        Kind::Best => data.sequence_end,
        _ => return Ok(None),
    };
    digits.ok_or(FrameError::Shape("no sequence"))?.number().map(Some)
}

/// Takes a message of any of these kinds.
pub(super) fn take(
    roster: &mut Roster<State>,
    mut told: Told<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let data = &mut told.data;
    let bid = level(data.bids.take(), data.best_bid, data.best_bid_size)?;
    let ask = level(data.asks.take(), data.best_ask, data.best_ask_size)?;
    let at = data.at()?;
    let seq = number(told.kind, data)?;
    let listed = roster.get(&told.symbol)?;
    if !listed.state.is_quoted_by(told.kind) {
        return Ok(());
    }
    let event = listed.event(at, recv, Body::Quote { bid, ask });
    out.push((listed.instrument.clone(), Event { seq, ..event }));
    Ok(())
}
