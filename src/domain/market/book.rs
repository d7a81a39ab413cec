//! The price-level book, of any depth.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::checksum::Checksum;
use super::decimal::Decimal;

/// Undo entries kept: 256 KiB of them.
const UNDO_ENTRIES_MAX: usize = 8_192;

/// One side of the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Side {
    /// Buyers.
    Bid,
    /// Sellers.
    Ask,
}

/// What stands at a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Level {
    /// Quantity mantissa, above zero.
    pub qty: i64,
    /// Decimals the venue wrote the price with.
    pub price_scale: u8,
    /// Decimals the venue wrote the quantity with.
    pub qty_scale: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Undo {
    seq: u64,
    side: Side,
    price: i64,
    /// Quantity before the change; zero where there was none.
    qty: i64,
}

/// How the book stands to the venue's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sync {
    /// No snapshot to stand on.
    #[default]
    Unsynced,
    /// In step.
    Synced,
    /// The venue's checksum did not hold.
    ChecksumFailed,
}

/// Levels of both sides by price, with enough history to say what changed since a sequence number.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Book {
    bids: BTreeMap<i64, Level>,
    asks: BTreeMap<i64, Level>,
    /// The venue's own sequence number.
    venue_seq: Option<u64>,
    sync: Sync,
    undo: VecDeque<Undo>,
    /// Changes at or before this one can no longer be undone.
    undone_before: u64,
}

/// Levels that differ between two moments: absolute quantities, zero removes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BookDiff {
    /// Bids, best first.
    pub bids: Vec<(i64, i64)>,
    /// Asks, best first.
    pub asks: Vec<(i64, i64)>,
}

impl BookDiff {
    /// Whether nothing differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bids.is_empty() && self.asks.is_empty()
    }
}

/// What became of a delta.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DeltaFate {
    Applied,
    /// Its sequence number is one the book already has.
    Repeated,
    /// The book is not synchronised; it changed nothing.
    Unsynced,
    /// It does not continue the book, which is not synchronised from here on.
    Gap,
}

impl Book {
    /// Bids, best first.
    pub fn bids(&self) -> impl Iterator<Item = (i64, &Level)> {
        self.bids.iter().rev().map(|(&price, level)| (price, level))
    }

    /// Asks, best first.
    pub fn asks(&self) -> impl Iterator<Item = (i64, &Level)> {
        self.asks.iter().map(|(&price, level)| (price, level))
    }

    /// Best bid: price and quantity.
    #[must_use]
    pub fn best_bid(&self) -> Option<(i64, i64)> {
        self.bids.last_key_value().map(|(&price, level)| (price, level.qty))
    }

    /// Best ask: price and quantity.
    #[must_use]
    pub fn best_ask(&self) -> Option<(i64, i64)> {
        self.asks.first_key_value().map(|(&price, level)| (price, level.qty))
    }

    /// The `depth` best levels of both sides.
    #[must_use]
    pub fn top(&self, depth: usize) -> BookDiff {
        let pair = |(price, level): (i64, &Level)| (price, level.qty);
        BookDiff {
            bids: self.bids().take(depth).map(pair).collect(),
            asks: self.asks().take(depth).map(pair).collect(),
        }
    }

    /// The venue's sequence number the book stands at.
    #[must_use]
    pub fn venue_seq(&self) -> Option<u64> {
        self.venue_seq
    }

    /// How the book stands to the venue's.
    #[must_use]
    pub fn sync(&self) -> Sync {
        self.sync
    }

    /// Whether the best bid is above the best ask.
    #[must_use]
    pub fn is_crossed(&self) -> bool {
        match (self.best_bid(), self.best_ask()) {
            (Some((bid, _)), Some((ask, _))) => ask < bid,
            _ => false,
        }
    }

    /// The `depth` best levels as they stood at change `seq`; none where that is too far back.
    #[must_use]
    pub fn top_at(&self, seq: u64, depth: usize) -> Option<BookDiff> {
        if seq < self.undone_before {
            return None;
        }
        let first = self.undo.partition_point(|entry| entry.seq <= seq);
        // Undone newest first, so that the oldest quantity of a price stands in the end.
        let mut older: [BTreeMap<i64, i64>; 2] = Default::default();
        for entry in self.undo.range(first..).rev() {
            older[entry.side as usize].insert(entry.price, entry.qty);
        }
        let [bids, asks] = older;
        let mut top = BookDiff {
            bids: overlaid(self.bids(), &bids, depth, std::cmp::Reverse),
            asks: overlaid(self.asks(), &asks, depth, |price| price),
        };
        top.bids.truncate(depth);
        top.asks.truncate(depth);
        Some(top)
    }

    /// What turns the `depth` best levels of `before` into today's.
    #[must_use]
    pub fn diff_from(&self, before: &BookDiff, depth: usize) -> BookDiff {
        let pair = |(price, level): (i64, &Level)| (price, level.qty);
        BookDiff {
            bids: side_diff(&before.bids, self.bids().take(depth).map(pair), |old, new| new < old),
            asks: side_diff(&before.asks, self.asks().take(depth).map(pair), |old, new| old < new),
        }
    }

    pub(super) fn lose_sync(&mut self) -> bool {
        let was = std::mem::replace(&mut self.sync, Sync::Unsynced);
        was != Sync::Unsynced
    }

    /// Replaces the book; true where a level changed. `change` is the number the change will have.
    pub(super) fn replace(
        &mut self,
        sides: [&[(Decimal, Decimal)]; 2],
        exps: (u8, u8),
        venue_seq: Option<u64>,
        change: u64,
    ) -> bool {
        let mut changed = false;
        for (side, rows) in [Side::Bid, Side::Ask].into_iter().zip(sides) {
            let mut fresh = BTreeMap::new();
            for row in rows {
                if let Some((price, level)) = level_of(row, exps)
                    && level.qty != 0
                {
                    fresh.insert(price, level);
                }
            }
            let old = std::mem::take(self.side_mut(side));
            for (&price, level) in &old {
                if fresh.get(&price).is_none_or(|new: &Level| new.qty != level.qty) {
                    self.remember(Undo { seq: change, side, price, qty: level.qty });
                    changed = true;
                }
            }
            for &price in fresh.keys().filter(|price| !old.contains_key(price)) {
                self.remember(Undo { seq: change, side, price, qty: 0 });
                changed = true;
            }
            *self.side_mut(side) = fresh;
        }
        self.venue_seq = venue_seq;
        self.sync = Sync::Synced;
        changed
    }

    /// Whether a delta continues the book; a gap ends its synchronisation.
    pub(super) fn sequence(&mut self, seq: Option<u64>, prev_seq: Option<u64>) -> DeltaFate {
        if let (Some(seq), Some(at)) = (seq, self.venue_seq)
            && seq <= at
        {
            return DeltaFate::Repeated;
        }
        if self.sync != Sync::Synced {
            return DeltaFate::Unsynced;
        }
        if prev_seq.is_some() && prev_seq != self.venue_seq {
            self.sync = Sync::Unsynced;
            return DeltaFate::Gap;
        }
        if seq.is_some() {
            self.venue_seq = seq;
        }
        DeltaFate::Applied
    }

    /// Lays changed levels over one side; true where a level changed.
    pub(super) fn overlay(
        &mut self,
        side: Side,
        rows: &[(Decimal, Decimal)],
        exps: (u8, u8),
        change: u64,
    ) -> bool {
        let mut changed = false;
        for row in rows {
            let Some((price, level)) = level_of(row, exps) else { continue };
            let levels = self.side_mut(side);
            let old =
                if level.qty == 0 { levels.remove(&price) } else { levels.insert(price, level) };
            let qty = old.map_or(0, |old| old.qty);
            if qty != level.qty {
                self.remember(Undo { seq: change, side, price, qty });
                changed = true;
            }
        }
        changed
    }

    /// Compares with the venue's checksum; a mismatch is remembered until the next snapshot.
    pub(super) fn verify(&mut self, checksum: &Checksum, exps: (u8, u8)) -> bool {
        let holds = checksum.holds(self, exps.0, exps.1);
        if !holds {
            self.sync = Sync::ChecksumFailed;
        }
        holds
    }

    /// Multiplies every mantissa; what was before can no longer be undone.
    pub(super) fn widen(&mut self, price_by: i64, qty_by: i64, change: u64) {
        let widened = |side: &BTreeMap<i64, Level>| {
            side.iter()
                .map(|(price, level)| {
                    (price * price_by, Level { qty: level.qty * qty_by, ..*level })
                })
                .collect()
        };
        self.bids = widened(&self.bids);
        self.asks = widened(&self.asks);
        self.undo.clear();
        self.undone_before = change;
    }

    fn side_mut(&mut self, side: Side) -> &mut BTreeMap<i64, Level> {
        match side {
            Side::Bid => &mut self.bids,
            Side::Ask => &mut self.asks,
        }
    }

    fn remember(&mut self, entry: Undo) {
        if self.undo.len() == UNDO_ENTRIES_MAX
            && let Some(oldest) = self.undo.pop_front()
        {
            self.undone_before = oldest.seq;
        }
        self.undo.push_back(entry);
    }
}

/// A row as mantissas. Rows were admitted before, so a number that does not fit is never seen.
fn level_of(
    &(price, qty): &(Decimal, Decimal),
    (price_exp, qty_exp): (u8, u8),
) -> Option<(i64, Level)> {
    let level = Level {
        qty: qty.at(qty_exp)?,
        price_scale: price.written_scale(),
        qty_scale: qty.written_scale(),
    };
    Some((price.at(price_exp)?, level))
}

/// The best `depth` levels of `side` with the quantities of `older` laid over them.
fn overlaid<'a, K: Ord>(
    side: impl Iterator<Item = (i64, &'a Level)>,
    older: &BTreeMap<i64, i64>,
    depth: usize,
    rank: impl Fn(i64) -> K,
) -> Vec<(i64, i64)> {
    let mut levels: Vec<(i64, i64)> = side
        .filter(|(price, _)| !older.contains_key(price))
        .take(depth)
        .map(|(price, level)| (price, level.qty))
        .chain(older.iter().filter(|(_, qty)| **qty != 0).map(|(&price, &qty)| (price, qty)))
        .collect();
    levels.sort_unstable_by_key(|&(price, _)| rank(price));
    levels
}

/// Walks both lists, best first, and tells each price whose quantity differs.
fn side_diff(
    before: &[(i64, i64)],
    after: impl Iterator<Item = (i64, i64)>,
    is_better: impl Fn(i64, i64) -> bool,
) -> Vec<(i64, i64)> {
    let mut diff = Vec::new();
    let mut before = before.iter().copied().peekable();
    for (price, qty) in after {
        while let Some(&(old, _)) = before.peek()
            && is_better(old, price)
        {
            diff.push((old, 0));
            before.next();
        }
        match before.peek() {
            Some(&(old, old_qty)) if old == price => {
                before.next();
                if old_qty != qty {
                    diff.push((price, qty));
                }
            }
            _ => diff.push((price, qty)),
        }
    }
    diff.extend(before.map(|(old, _)| (old, 0)));
    diff
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows(rows: &[(i64, i64)]) -> Vec<(Decimal, Decimal)> {
        rows.iter()
            .map(|&(price, qty)| (Decimal::from_mantissa(price, 0), Decimal::from_mantissa(qty, 0)))
            .collect()
    }

    fn laid(mut levels: BTreeMap<i64, i64>, diff: &[(i64, i64)]) -> Vec<(i64, i64)> {
        for &(price, qty) in diff {
            if qty == 0 {
                assert!(levels.remove(&price).is_some(), "removes what the receiver has not");
            } else {
                levels.insert(price, qty);
            }
        }
        levels.into_iter().collect()
    }

    proptest! {
        #[test]
        fn a_receiver_of_any_depth_ends_with_exactly_the_top(
            first in prop::collection::vec((1_i64..30, 0_i64..4), 0..40),
            then in prop::collection::vec((1_i64..30, 0_i64..4), 0..60),
            depth in 1_usize..12,
        ) {
            let mut book = Book::default();
            book.replace([&rows(&first), &rows(&first)], (0, 0), None, 1);
            let before = book.top(depth);
            for (nth, row) in then.iter().enumerate() {
                book.overlay(Side::Bid, &rows(&[*row]), (0, 0), 2 + nth as u64);
                book.overlay(Side::Ask, &rows(&[*row]), (0, 0), 2 + nth as u64);
            }

            prop_assert_eq!(book.top_at(1, depth).unwrap(), before.clone());
            let diff = book.diff_from(&before, depth);
            let mut asks = book.top(depth).asks;
            asks.sort_unstable();
            prop_assert_eq!(laid(before.asks.iter().copied().collect(), &diff.asks), asks);
            let mut bids = book.top(depth).bids;
            bids.sort_unstable();
            prop_assert_eq!(laid(before.bids.iter().copied().collect(), &diff.bids), bids);
        }
    }

    #[test]
    fn a_delta_that_does_not_continue_the_book_ends_its_synchronisation() {
        let mut book = Book::default();
        assert_eq!(book.sequence(Some(1), None), DeltaFate::Unsynced);
        book.replace([&rows(&[(9, 1)]), &[]], (0, 0), Some(10), 1);

        assert_eq!(book.sequence(Some(10), Some(9)), DeltaFate::Repeated);
        assert_eq!(book.sequence(Some(12), Some(10)), DeltaFate::Applied);
        assert_eq!(book.sequence(Some(20), Some(19)), DeltaFate::Gap);
        assert_eq!(book.sequence(Some(21), Some(20)), DeltaFate::Unsynced);
        assert_eq!(book.best_bid(), Some((9, 1)));
    }

    #[test]
    fn history_further_back_than_the_ring_is_not_guessed() {
        let mut book = Book::default();
        book.replace([&rows(&[(1, 1)]), &[]], (0, 0), None, 1);
        for change in 0..10_000 {
            book.overlay(Side::Bid, &rows(&[(1, 2 + change)]), (0, 0), 2 + change as u64);
        }

        assert_eq!(book.top_at(1, 1), None);
        assert_eq!(book.top_at(9_999, 1).unwrap().bids, vec![(1, 9_999)]);
    }
}
