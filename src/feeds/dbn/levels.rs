//! Price levels (`mbp-1`, `mbp-10`) as a book: a snapshot, then what differs.
//!
//! Each record carries all levels of its depth as they are, so a difference needs nothing but the
//! record before. A level that left the depth is removed: what stands there is not known any more.

use ::dbn::BidAskPair;

use super::fixed;
use crate::domain::market::{Body, LevelChange};

/// Levels of one side, best first.
type Rows = Vec<(i64, u32)>;

/// The levels told last.
#[derive(Default)]
pub(super) struct Levels {
    told: Option<(Rows, Rows)>,
}

impl Levels {
    /// Has the next record tell the whole book.
    pub fn tell_whole(&mut self) {
        self.told = None;
    }

    /// What the levels of a record change; none where they are as before.
    pub fn take(&mut self, levels: &[BidAskPair]) -> Option<Body> {
        let rows = |row: fn(&BidAskPair) -> (i64, u32)| -> Rows {
            let rows = levels.iter().map(row);
            rows.filter(|&(price, size)| fixed::level(price, size).is_some()).collect()
        };
        let bids = rows(|level| (level.bid_px, level.bid_sz));
        let asks = rows(|level| (level.ask_px, level.ask_sz));
        let body = match &self.told {
            None => {
                let told = |rows: &Rows| rows.iter().filter_map(change).collect();
                Some(Body::BookSnapshot { bids: told(&bids), asks: told(&asks), checksum: None })
            }
            Some((bids_before, asks_before)) => {
                let (bids, asks) = (differing(bids_before, &bids), differing(asks_before, &asks));
                let differs = !bids.is_empty() || !asks.is_empty();
                differs.then_some(Body::BookDelta { bids, asks, checksum: None })
            }
        };
        self.told = Some((bids, asks));
        body
    }
}

/// The rows of `now` that are not in `before`, and those of `before` whose price is gone, as zero.
fn differing(before: &Rows, now: &Rows) -> Vec<LevelChange> {
    // Ten rows at most: looking through them is cheaper than anything built for it.
    let gone = before.iter().filter(|old| now.iter().all(|new| new.0 != old.0));
    let gone = gone.filter_map(|old| Some((fixed::price(old.0)?, fixed::qty(0))));
    let new = now.iter().filter(|new| !before.contains(new));
    gone.chain(new.filter_map(change)).collect()
}

fn change(&(price, size): &(i64, u32)) -> Option<LevelChange> {
    fixed::level(price, size)
}
