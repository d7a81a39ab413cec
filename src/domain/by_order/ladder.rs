//! The price levels of both sides, best at hand.

use super::orders::NONE;
use crate::domain::market::Side;

/// A level: the ends of its queue and what stands there in all.
#[derive(Clone, Copy, Debug)]
pub(super) struct Level {
    pub price: i64,
    pub side: Side,
    /// Whether its change is on the list of the running event.
    pub touched: bool,
    /// How many orders; zero in a free slot.
    pub orders: u32,
    /// Their sizes together.
    pub qty: u64,
    /// Who is served first.
    pub first: u32,
    /// Who is served last. In a free slot: the next free one.
    pub last: u32,
}

/// Levels in slots that orders point to, and for each side the slots sorted by price.
///
/// The best price is the last of its list, because that is where a market changes: what comes and
/// goes near it moves little. Finding a price is a binary search.
#[derive(Clone, Debug)]
pub(super) struct Ladder {
    levels: Vec<Level>,
    free: u32,
    sides: [Vec<(i64, u32)>; 2],
}

impl Default for Ladder {
    fn default() -> Self {
        Self { levels: Vec::new(), free: NONE, sides: [Vec::new(), Vec::new()] }
    }
}

/// Greater is better: bids by their price, asks by its complement, which cannot overflow.
fn rank(side: Side, price: i64) -> i64 {
    match side {
        Side::Bid => price,
        Side::Ask => !price,
    }
}

impl Ladder {
    pub fn at(&self, slot: u32) -> &Level {
        &self.levels[slot as usize]
    }

    pub fn at_mut(&mut self, slot: u32) -> &mut Level {
        &mut self.levels[slot as usize]
    }

    pub fn len(&self, side: Side) -> usize {
        self.sides[side as usize].len()
    }

    pub fn best(&self, side: Side) -> Option<&Level> {
        self.sides[side as usize].last().map(|&(_, slot)| self.at(slot))
    }

    /// The levels of a side, best first.
    pub fn levels(&self, side: Side) -> impl Iterator<Item = &Level> {
        self.sides[side as usize].iter().rev().map(|&(_, slot)| self.at(slot))
    }

    fn search(&self, side: Side, price: i64) -> Result<usize, usize> {
        let rank = rank(side, price);
        let sorted = &self.sides[side as usize];
        match sorted.last() {
            // The best level, and one better than it, are what is asked for most.
            Some(&(best, _)) if best == rank => Ok(sorted.len() - 1),
            Some(&(best, _)) if rank < best => sorted.binary_search_by(|at| at.0.cmp(&rank)),
            _ => Err(sorted.len()),
        }
    }

    pub fn find(&self, side: Side, price: i64) -> Option<u32> {
        let at = self.search(side, price).ok()?;
        Some(self.sides[side as usize][at].1)
    }

    /// The slot of a level, made where there is none; an empty one is to be filled at once.
    pub fn find_or_insert(&mut self, side: Side, price: i64) -> u32 {
        let at = match self.search(side, price) {
            Ok(at) => return self.sides[side as usize][at].1,
            Err(at) => at,
        };
        let (first, last) = (NONE, NONE);
        let level = Level { price, side, touched: false, orders: 0, qty: 0, first, last };
        let slot = if self.free == NONE {
            self.levels.push(level);
            (self.levels.len() - 1) as u32
        } else {
            let slot = self.free;
            self.free = self.levels[slot as usize].last;
            self.levels[slot as usize] = level;
            slot
        };
        self.sides[side as usize].insert(at, (rank(side, price), slot));
        slot
    }

    /// Takes a level that became empty away.
    pub fn remove(&mut self, slot: u32) {
        let Level { side, price, .. } = *self.at(slot);
        if let Ok(at) = self.search(side, price) {
            self.sides[side as usize].remove(at);
            self.at_mut(slot).last = self.free;
            self.free = slot;
        }
    }

    pub fn clear(&mut self) {
        self.levels.clear();
        self.free = NONE;
        self.sides.iter_mut().for_each(Vec::clear);
    }

    /// Greater is better.
    pub fn rank(side: Side, price: i64) -> i64 {
        rank(side, price)
    }
}
