//! The book: `diff_order_book` on a REST snapshot, or `order_book`, the best hundred levels whole.
//!
//! A quantity of 0, with as many decimals as the pair has, removes a level. Changes with a
//! `microtimestamp` at or before the snapshot's are old; those after it follow it. Where changes are
//! followed, `order_book` of the pair gives nothing: it would cut the book to a hundred levels.
//!
//! No number would show what is missing between a snapshot and the first change that was heard, so a
//! snapshot from before that change is refused, as a server that lags gives it.

use super::super::FrameError;
use super::super::roster::Roster;
use super::{Data, Pair, needed};
use crate::domain::market::{Body, Event, Instrument, LevelChange, Nanos};

/// A book that was checked.
struct Read {
    seq: u64,
    at: Nanos,
    bids: Vec<LevelChange>,
    asks: Vec<LevelChange>,
}

fn read(data: Data<'_>) -> Result<Read, FrameError> {
    let (seq, at) = data.time()?;
    let bids = needed(data.bids, "no bids")?.changes()?;
    let asks = needed(data.asks, "no asks")?.changes()?;
    Ok(Read { seq, at, bids, asks })
}

/// Takes changed levels.
pub(super) fn changes(
    roster: &mut Roster<Pair>,
    symbol: &str,
    data: Data<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let Read { seq, at, bids, asks } = read(data)?;
    let listed = roster.get(symbol)?;
    let body = Body::BookDelta { bids, asks, checksum: None };
    let event = Event { seq: Some(seq), ..listed.event(Some(at), recv, body) };
    listed.state.has_changes = true;
    out.push((listed.instrument.clone(), listed.state.backlog.follow(event)));
    Ok(())
}

/// Takes the best hundred levels.
pub(super) fn best(
    roster: &mut Roster<Pair>,
    symbol: &str,
    data: Data<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let read = read(data)?;
    let listed = roster.get(symbol)?;
    if listed.state.has_changes {
        return Ok(());
    }
    let Read { seq, at, bids, asks } = read;
    let body = Body::BookSnapshot { bids, asks, checksum: None };
    let event = Event { seq: Some(seq), ..listed.event(Some(at), recv, body) };
    out.push((listed.instrument.clone(), event));
    Ok(())
}

/// Takes a REST book: of the symbol named in its URL, else of the only symbol heard of.
pub(super) fn snapshot(
    roster: &mut Roster<Pair>,
    data: Data<'_>,
    symbol: Option<String>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let Read { seq, at, bids, asks } = read(data)?;
    let symbol = symbol.map_or_else(|| roster.only(), Ok)?;
    let listed = roster.get(&symbol)?;
    if listed.state.backlog.begins_after(seq) {
        return Err(FrameError::EarlySnapshot);
    }
    let body = Body::BookSnapshot { bids, asks, checksum: None };
    let event = Event { seq: Some(seq), ..listed.event(Some(at), recv, body) };
    out.push((listed.instrument.clone(), event));
    for event in listed.state.backlog.stand_on(seq) {
        out.push((listed.instrument.clone(), event));
    }
    Ok(())
}
