//! Price levels (`mbp-1`, `mbp-10`) as a book: a snapshot, then what differs.
//!
//! Each record carries all levels of its depth as they are, so a difference needs nothing but the
//! record before. A level that left the depth is removed: what stands there is not known any more.
//! Of several publishers, each has levels of its own; their sum is told.

use std::cmp::Reverse;

use ::dbn::{BidAskPair, UNDEF_PRICE};

use super::fixed;
use crate::domain::market::{Body, LevelChange, Side};

/// Prices and sizes of one side, best first.
type Rows = Vec<(i64, u64)>;

/// The levels of a publisher, or of all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Levels {
    bids: Rows,
    asks: Rows,
}

impl Levels {
    /// Takes what a record shows.
    pub fn set(&mut self, levels: &[BidAskPair]) {
        self.clear();
        let rows = |row: fn(&BidAskPair) -> (i64, u32)| {
            let rows = levels.iter().map(row);
            let rows = rows.filter(|(price, size)| *price != UNDEF_PRICE && *size != 0);
            rows.map(|(price, size)| (price, u64::from(size)))
        };
        self.bids.extend(rows(|level| (level.bid_px, level.bid_sz)));
        self.asks.extend(rows(|level| (level.ask_px, level.ask_sz)));
    }

    /// Adds those of another publisher.
    pub fn add(&mut self, other: &Self) {
        add(&mut self.bids, &other.bids, Side::Bid);
        add(&mut self.asks, &other.asks, Side::Ask);
    }

    pub fn clear(&mut self) {
        self.bids.clear();
        self.asks.clear();
    }
}

fn add(rows: &mut Rows, others: &Rows, side: Side) {
    for &(price, qty) in others {
        match rows.iter_mut().find(|row| row.0 == price) {
            Some(row) => row.1 += qty,
            None => rows.push((price, qty)),
        }
    }
    match side {
        Side::Bid => rows.sort_unstable_by_key(|row| Reverse(row.0)),
        Side::Ask => rows.sort_unstable_by_key(|row| row.0),
    }
}

/// The levels told last.
#[derive(Default)]
pub(super) struct Told(Option<Levels>);

impl Told {
    /// Has the next levels be told whole.
    pub fn tell_whole(&mut self) {
        self.0 = None;
    }

    /// What is to be told so that `now` is known; none where nothing differs. Levels that may be
    /// wrong are no snapshot, which would vouch for them.
    pub fn tell(&mut self, now: &Levels, may_be_wrong: bool) -> Option<Body> {
        let Some(before) = &mut self.0 else {
            self.0 = Some(now.clone());
            let told = |rows: &Rows| rows.iter().filter_map(change).collect();
            let (bids, asks): (Vec<_>, Vec<_>) = (told(&now.bids), told(&now.asks));
            return match may_be_wrong {
                true if bids.is_empty() && asks.is_empty() => None,
                true => Some(Body::BookDelta { bids, asks, checksum: None }),
                false => Some(Body::BookSnapshot { bids, asks, checksum: None }),
            };
        };
        let (bids, asks) = (differing(&before.bids, &now.bids), differing(&before.asks, &now.asks));
        if bids.is_empty() && asks.is_empty() {
            return None;
        }
        before.bids.clone_from(&now.bids);
        before.asks.clone_from(&now.asks);
        Some(Body::BookDelta { bids, asks, checksum: None })
    }
}

/// The rows of `now` that are not in `before`, and those of `before` whose price is gone, as zero.
fn differing(before: &Rows, now: &Rows) -> Vec<LevelChange> {
    // Ten rows and little more: looking through them is cheaper than anything built for it.
    let gone = before.iter().filter(|old| now.iter().all(|new| new.0 != old.0));
    let gone = gone.filter_map(|old| change(&(old.0, 0)));
    let new = now.iter().filter(|new| !before.contains(new));
    gone.chain(new.filter_map(change)).collect()
}

fn change(&(price, qty): &(i64, u64)) -> Option<LevelChange> {
    fixed::change(price, qty)
}
