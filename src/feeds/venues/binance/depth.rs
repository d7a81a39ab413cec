//! The book: `depthUpdate` and the REST snapshot it stands on.
//!
//! Every delta is given as it comes, so that a book without snapshot is seen to be one; the recent
//! ones are kept, and given again behind a snapshot that arrives later than they did. How the two
//! join (developers.binance.com, "How to manage a local order book correctly"):
//!
//! - spot: deltas with `u` ≤ `lastUpdateId` are old; the first one after has
//!   `U` ≤ `lastUpdateId` + 1 ≤ `u`; from then on each `U` is the last `u` + 1;
//! - futures: deltas with `u` < `lastUpdateId` are old; the first one after has
//!   `U` ≤ `lastUpdateId` ≤ `u`; from then on each `pu` is the last `u`. One with
//!   `u` = `lastUpdateId` changes nothing and is old here too: the next has it as its `pu`.
//!
//! Where the first one holds to that, its `prev_seq` is written as the snapshot's; where it does
//! not, it is left, and the gap shows.

use super::super::FrameError;
use super::super::backlog::Backlog;
use super::super::roster::Roster;
use super::{Rules, Told, needed, time_of};
use crate::domain::market::{Body, Event, Instrument, Nanos};

/// Takes a `depthUpdate`.
pub(super) fn update(
    roster: &mut Roster<Backlog>,
    rules: Rules,
    told: Told<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let (first, last) = (needed(told.first, "no U")?, needed(told.last, "no u")?);
    let (prev_seq, continues) = match rules {
        Rules::Spot => {
            let before = first.checked_sub(1).ok_or(FrameError::Value("U"))?;
            (before, before)
        }
        Rules::Futures => (needed(told.pu, "no pu")?, first),
    };
    if last < first {
        return Err(FrameError::Value("u"));
    }
    let at = time_of(told.transaction_time, told.event_time)?;
    let (bids, asks) = (told.b.levels()?, told.a.levels()?);
    let listed = roster.get(&needed(told.symbol, "no symbol")?)?;
    let body = Body::BookDelta { bids, asks, checksum: None };
    let event = Event { seq: Some(last), prev_seq: Some(prev_seq), ..listed.event(at, recv, body) };
    out.push((listed.instrument.clone(), listed.state.follow_from(Some(continues), event)));
    Ok(())
}

/// Takes a REST snapshot: of the symbol named in its URL, else of the only symbol heard of.
pub(super) fn snapshot(
    roster: &mut Roster<Backlog>,
    (told, symbol): (Told<'_>, Option<String>),
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let last = needed(told.snapshot, "no lastUpdateId")?;
    let at = time_of(told.transaction_time, told.event_time)?;
    let bids = needed(told.bids, "no bids")?.changes()?;
    let asks = needed(told.asks, "no asks")?.changes()?;
    let symbol = symbol.map_or_else(|| roster.only(), Ok)?;
    let listed = roster.get(&symbol)?;
    let body = Body::BookSnapshot { bids, asks, checksum: None };
    let event = Event { seq: Some(last), ..listed.event(at, recv, body) };
    out.push((listed.instrument.clone(), event));
    for event in listed.state.stand_on(last) {
        out.push((listed.instrument.clone(), event));
    }
    Ok(())
}
