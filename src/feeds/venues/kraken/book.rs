//! The book at its subscribed depth.
//!
//! The venue does not say which levels fall out of the subscribed depth; whoever keeps a book cuts
//! it after each update (docs.kraken.com, "Book checksum", v1 and v2). So the adapter knows the
//! prices, and writes a `"0"` for each that an update pushed out, into the same delta: the checksum
//! holds after it. Rows of an update count in their order; of a price told twice, the last.

use std::collections::BTreeMap;

use super::Pair;
use crate::domain::market::{Body, Checksum, Decimal, Event, LevelChange, Nanos};
use crate::feeds::venues::roster::Listed;

/// The depths that can be subscribed.
const DEPTHS: [usize; 5] = [10, 25, 100, 500, 1_000];
/// The most levels of a side that are kept, whatever the frame claims.
pub(super) const DEPTH_MAX: usize = 1_000;

/// The prices of both sides, and how many of each the subscription is for.
#[derive(Debug, Default)]
pub(super) struct Depths {
    /// The subscribed depth, where the venue told it.
    pub subscribed: Option<usize>,
    /// The depth in force since the last snapshot.
    depth: Option<usize>,
    bids: Prices,
    asks: Prices,
}

/// The prices of one side by their value in units of 10^-18.
#[derive(Debug, Default)]
struct Prices(BTreeMap<i128, Decimal>);

/// A book as a frame has it.
#[derive(Debug)]
pub(super) struct Told {
    /// Venue time.
    pub at: Option<Nanos>,
    /// Bids in the frame's order.
    pub bids: Vec<LevelChange>,
    /// Asks in the frame's order.
    pub asks: Vec<LevelChange>,
    /// The venue's checksum.
    pub checksum: Option<Checksum>,
}

/// The value of a price in units of 10^-18, so that prices of different scales compare.
fn rank(price: Decimal) -> i128 {
    let scale = price.scale();
    let mantissa = price.at(scale).unwrap_or_default();
    i128::from(mantissa) * 10_i128.pow(18_u32.saturating_sub(u32::from(scale)))
}

impl Prices {
    fn lay(&mut self, rows: &[LevelChange]) {
        for &(price, qty) in rows {
            if qty.is_zero() {
                self.0.remove(&rank(price));
            } else {
                self.0.insert(rank(price), price);
            }
        }
    }

    /// Takes out the worst prices beyond `depth`; `pop` takes one.
    fn cut(
        &mut self,
        depth: usize,
        pop: impl Fn(&mut BTreeMap<i128, Decimal>) -> Option<(i128, Decimal)>,
    ) -> Vec<Decimal> {
        let mut gone = Vec::new();
        while depth < self.0.len()
            && let Some((_, price)) = pop(&mut self.0)
        {
            gone.push(price);
        }
        gone
    }

    fn holds(&self, price: Decimal) -> bool {
        self.0.contains_key(&rank(price))
    }
}

impl Depths {
    /// The depth of a snapshot of `levels` a side: the subscribed one; where that was not told, or
    /// is less than what came, the smallest that such a snapshot can have.
    fn depth_of(&self, levels: usize) -> usize {
        let fits = |depth: &usize| levels <= *depth;
        let guess = || DEPTHS.into_iter().find(fits).unwrap_or(DEPTH_MAX);
        self.subscribed.filter(fits).unwrap_or_else(guess)
    }

    /// Lays rows over both sides and tells which prices that pushed out.
    fn lay(&mut self, told: &Told, depth: usize) -> [Vec<Decimal>; 2] {
        self.bids.lay(&told.bids);
        self.asks.lay(&told.asks);
        [self.bids.cut(depth, BTreeMap::pop_first), self.asks.cut(depth, BTreeMap::pop_last)]
    }
}

/// The event of a whole book.
pub(super) fn snapshot(listed: &mut Listed<Pair>, mut told: Told, recv: Nanos) -> Event {
    let depths = &mut listed.state.depths;
    depths.bids = Prices::default();
    depths.asks = Prices::default();
    let depth = depths.depth_of(told.bids.len().max(told.asks.len()));
    depths.depth = Some(depth);
    depths.lay(&told, depth);
    told.bids.retain(|(price, _)| depths.bids.holds(*price));
    told.asks.retain(|(price, _)| depths.asks.holds(*price));
    let Told { at, bids, asks, checksum } = told;
    listed.event(at, recv, Body::BookSnapshot { bids, asks, checksum })
}

/// The event of changed levels, with those that left the depth.
pub(super) fn delta(listed: &mut Listed<Pair>, mut told: Told, recv: Nanos) -> Event {
    let depths = &mut listed.state.depths;
    // Without snapshot and subscription nothing may be cut but what could never be shown.
    let depth = depths.depth.or(depths.subscribed).unwrap_or(DEPTH_MAX);
    let [bids_gone, asks_gone] = depths.lay(&told, depth);
    let removed = |price: Decimal| (price, Decimal::default());
    told.bids.extend(bids_gone.into_iter().map(removed));
    told.asks.extend(asks_gone.into_iter().map(removed));
    let Told { at, bids, asks, checksum } = told;
    listed.event(at, recv, Body::BookDelta { bids, asks, checksum })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_of_different_scales_compare_by_value() {
        let ranks = ["9", "10.00", "10.00000000000000001", "-1.5"]
            .map(|text| rank(Decimal::parse(text).unwrap()));

        assert!(ranks[0] < ranks[1] && ranks[1] < ranks[2] && ranks[3] < ranks[0]);
        assert_eq!(ranks[1], rank(Decimal::parse("10").unwrap()));
    }
}
