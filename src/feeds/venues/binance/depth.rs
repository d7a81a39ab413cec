//! The book: `depthUpdate` and the REST snapshot it stands on.
//!
//! Every delta is given as it comes, so that a book without snapshot is seen to be one; the recent
//! ones are kept, and given again behind a snapshot that arrives later than they did. How the two
//! join (developers.binance.com, "How to manage a local order book correctly"):
//!
//! - spot: deltas with `u` ≤ `lastUpdateId` are old; the first one after has
//!   `U` ≤ `lastUpdateId` + 1 ≤ `u`; from then on each `U` is the last `u` + 1;
//! - futures: deltas with `u` < `lastUpdateId` are old; the first one after has
//!   `U` ≤ `lastUpdateId` ≤ `u`; from then on each `pu` is the last `u`.
//!
//! Where the first one holds to that, its `prev_seq` is written as the snapshot's; where it does
//! not, it is left, and the gap shows.

use std::collections::VecDeque;

use super::super::FrameError;
use super::super::roster::Roster;
use super::{Rules, Told, needed, time_of};
use crate::domain::market::{Body, Event, Instrument, Nanos};

/// Deltas kept for a snapshot to come: 51 s at one in 100 ms.
const DELTAS_MAX: usize = 512;
/// Levels in the deltas kept: 512 KiB.
const LEVELS_MAX: usize = 16_384;

/// What the join of snapshot and deltas needs remembered.
#[derive(Debug, Default)]
pub(in crate::feeds::venues) struct Ladder {
    recent: VecDeque<Delta>,
    levels: usize,
    /// The snapshot whose first delta has not come yet.
    unbridged: Option<u64>,
}

#[derive(Debug)]
struct Delta {
    first: u64,
    last: u64,
    levels: usize,
    event: Event,
}

impl Rules {
    fn is_old(self, last: u64, snapshot: u64) -> bool {
        match self {
            Self::Spot => last <= snapshot,
            Self::Futures => last < snapshot,
        }
    }

    fn bridges(self, delta: &Delta, snapshot: u64) -> bool {
        let joint = match self {
            Self::Spot => snapshot.saturating_add(1),
            Self::Futures => snapshot,
        };
        (delta.first..=delta.last).contains(&joint)
    }
}

impl Ladder {
    /// The event of a delta as it follows what was given before it.
    fn follow(&mut self, rules: Rules, delta: &Delta) -> Event {
        let mut event = delta.event.clone();
        if let Some(snapshot) = self.unbridged
            && !rules.is_old(delta.last, snapshot)
        {
            self.unbridged = None;
            if rules.bridges(delta, snapshot) {
                event.prev_seq = Some(snapshot);
            }
        }
        event
    }

    /// Keeps a delta for a snapshot to come.
    fn keep(&mut self, delta: Delta) {
        self.levels += delta.levels;
        self.recent.push_back(delta);
        while (DELTAS_MAX < self.recent.len() || LEVELS_MAX < self.levels)
            && let Some(oldest) = self.recent.pop_front()
        {
            self.levels -= oldest.levels;
        }
    }

    /// The kept deltas that a snapshot does not hold, joined to it.
    fn stand_on(&mut self, rules: Rules, snapshot: u64) -> Vec<Event> {
        self.unbridged = Some(snapshot);
        let recent = std::mem::take(&mut self.recent);
        let later = recent.iter().filter(|delta| !rules.is_old(delta.last, snapshot));
        let events = later.map(|delta| self.follow(rules, delta)).collect();
        self.recent = recent;
        events
    }
}

/// Takes a `depthUpdate`.
pub(super) fn update(
    roster: &mut Roster<Ladder>,
    rules: Rules,
    told: Told<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let (first, last) = (needed(told.first, "no U")?, needed(told.last, "no u")?);
    let prev_seq = match rules {
        Rules::Spot => Some(first.checked_sub(1).ok_or(FrameError::Value("U"))?),
        Rules::Futures => Some(needed(told.pu, "no pu")?),
    };
    if last < first {
        return Err(FrameError::Value("u"));
    }
    let at = time_of(told.transaction_time, told.event_time)?;
    let (bids, asks) = (told.b.levels()?, told.a.levels()?);
    let levels = bids.len() + asks.len();
    let listed = roster.get(&needed(told.symbol, "no symbol")?)?;
    let body = Body::BookDelta { bids, asks, checksum: None };
    let event = Event { seq: Some(last), prev_seq, ..listed.event(at, recv, body) };
    let delta = Delta { first, last, levels, event };
    out.push((listed.instrument.clone(), listed.state.follow(rules, &delta)));
    listed.state.keep(delta);
    Ok(())
}

/// Takes a REST snapshot: of the symbol named in its URL, else of the only symbol heard of.
pub(super) fn snapshot(
    roster: &mut Roster<Ladder>,
    rules: Rules,
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
    for event in listed.state.stand_on(rules, last) {
        out.push((listed.instrument.clone(), event));
    }
    Ok(())
}
