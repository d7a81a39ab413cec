//! The book: `spot.order_book_update` on a REST snapshot, or `spot.obu` on a message that says
//! `full`.
//!
//! `U` and `u` are the first and the last number of an update; each `U` is the last `u` + 1, of an
//! update without levels too. A quantity of 0 removes a level.
//!
//! - `spot.order_book_update`: updates with `u` ≤ the snapshot's `id` are old; the first one after
//!   has `U` ≤ `id` + 1 ≤ `u`. The first message of a subscription can be all levels of the book,
//!   as an update.
//! - `spot.obu`: the symbol stands in the stream's name, `ob.BTC_USDT.400`. Of what leaves the 50
//!   or 400 levels the venue sends a row of quantity 0.

use super::super::FrameError;
use super::super::backlog::Backlog;
use super::super::reading::{Levels, epoch};
use super::super::roster::Roster;
use super::{Found, Millis, needed};
use crate::domain::market::{Body, Event, Instrument, Nanos};

/// A REST book.
pub(super) struct Whole {
    pub seq: Option<u64>,
    pub at: Option<u64>,
    pub bids: Levels,
    pub asks: Levels,
}

/// The symbol of a stream `ob.SYMBOL.LEVELS`, or the name itself.
fn symbol_of(name: &str) -> &str {
    let within = name.strip_prefix("ob.").and_then(|rest| rest.rsplit_once('.'));
    within.map_or(name, |(symbol, _)| symbol)
}

/// Takes an update of either channel.
pub(super) fn update(
    roster: &mut Roster<Backlog>,
    found: Found<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let seq = needed(found.last, "no u")?;
    let at = found.t.and_then(|Millis(value)| value).map(|value| epoch("t", value)).transpose()?;
    let (bids, asks) = (found.b.changes()?, found.a.changes()?);
    let symbol = symbol_of(needed(found.s, "no s")?);
    if found.full == Some(true) {
        let listed = roster.get(symbol)?;
        // Whatever came before it is older.
        listed.state = Backlog::default();
        let body = Body::BookSnapshot { bids, asks, checksum: None };
        let event = Event { seq: Some(seq), ..listed.event(at, recv, body) };
        out.push((listed.instrument.clone(), event));
        return Ok(());
    }
    let first = needed(found.first, "no U")?;
    let prev_seq = Some(first.checked_sub(1).ok_or(FrameError::Value("U"))?);
    if seq < first {
        return Err(FrameError::Value("u"));
    }
    let listed = roster.get(symbol)?;
    let body = Body::BookDelta { bids, asks, checksum: None };
    let event = Event { seq: Some(seq), prev_seq, ..listed.event(at, recv, body) };
    out.push((listed.instrument.clone(), listed.state.follow(event)));
    Ok(())
}

/// Takes a REST book: of the symbol named in its URL, else of the only symbol heard of.
pub(super) fn snapshot(
    roster: &mut Roster<Backlog>,
    told: Whole,
    symbol: Option<String>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let seq = needed(told.seq, "a book without id")?;
    let at = told.at.map(|value| epoch("update", value)).transpose()?;
    let (bids, asks) = (told.bids.changes()?, told.asks.changes()?);
    let symbol = symbol.map_or_else(|| roster.only(), Ok)?;
    let listed = roster.get(&symbol)?;
    let body = Body::BookSnapshot { bids, asks, checksum: None };
    let event = Event { seq: Some(seq), ..listed.event(at, recv, body) };
    out.push((listed.instrument.clone(), event));
    for event in listed.state.stand_on(seq) {
        out.push((listed.instrument.clone(), event));
    }
    Ok(())
}
