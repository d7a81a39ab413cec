//! The book: `snapshotOrderbook` and `updateOrderbook` (API 2), `orderbook/…` (API 3).
//!
//! A quantity of 0 removes a level; an update may change nothing but the sequence. Each update's
//! sequence is the last one plus 1, the first one's after a snapshot too, so a gap shows.

use super::super::FrameError;
use super::super::reading::{epoch, rfc3339};
use super::super::roster::Roster;
use super::needed;
use super::wire::{BySymbol, Entry, Params};
use crate::domain::market::{Body, Event, Instrument, LevelChange, Nanos};

/// A book that was checked.
struct Read<'a> {
    symbol: &'a str,
    at: Option<Nanos>,
    seq: u64,
    bids: Vec<LevelChange>,
    asks: Vec<LevelChange>,
}

fn give(
    roster: &mut Roster<()>,
    read: Read<'_>,
    is_snapshot: bool,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let Read { symbol, at, seq, bids, asks } = read;
    let prev_seq = if is_snapshot { None } else { seq.checked_sub(1) };
    let body = if is_snapshot {
        Body::BookSnapshot { bids, asks, checksum: None }
    } else {
        Body::BookDelta { bids, asks, checksum: None }
    };
    let listed = roster.get(symbol)?;
    let event = Event { seq: Some(seq), prev_seq, ..listed.event(at, recv, body) };
    out.push((listed.instrument.clone(), event));
    Ok(())
}

/// Takes a book of API 2.
pub(super) fn api2(
    roster: &mut Roster<()>,
    params: Params<'_>,
    is_snapshot: bool,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let read = Read {
        symbol: needed(params.symbol, "no symbol")?,
        at: params.timestamp.map(|text| rfc3339("timestamp", text)).transpose()?,
        seq: needed(params.sequence, "no sequence")?,
        bids: params.bid.changes()?,
        asks: params.ask.changes()?,
    };
    give(roster, read, is_snapshot, recv, out)
}

/// Takes the books of API 3.
pub(super) fn api3(
    roster: &mut Roster<()>,
    BySymbol(books): BySymbol<'_>,
    is_snapshot: bool,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let mut all = Vec::with_capacity(books.len());
    for (symbol, entry) in books {
        let Entry::Book(book) = entry else { return Err(FrameError::Shape("no book")) };
        all.push(Read {
            symbol,
            at: book.t.map(|value| epoch("t", value)).transpose()?,
            seq: needed(book.s, "no s")?,
            bids: book.b.changes()?,
            asks: book.a.changes()?,
        });
    }
    roster.check(all.iter().map(|read| read.symbol))?;
    for read in all {
        give(roster, read, is_snapshot, recv, out)?;
    }
    Ok(())
}
