//! The book at its subscribed depth.
//!
//! The venue does not say which levels fall out of the subscribed depth; whoever keeps a book cuts
//! it after each update (docs.kraken.com, "Book checksum", v1 and v2). So the adapter knows the
//! prices, and writes a `"0"` for each that an update pushed out, into the same delta: the checksum
//! holds after it. Rows of an update count in their order; of a price told twice, the last.

use std::collections::VecDeque;

use super::Pair;
use crate::domain::market::{Body, Checksum, Decimal, Event, Instrument, LevelChange, Nanos};
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
    /// Whether a book of the pair came by WebSocket.
    pub is_followed: bool,
    /// The book that was given is REST's, which changes by WebSocket do not continue.
    pub is_rest: bool,
    /// The depth in force since the last snapshot.
    depth: Option<usize>,
    bids: Prices,
    asks: Prices,
}

/// The prices of one side in rising order, each with its value in units of 10^-18. Most changes are
/// near one end, from which few prices are moved to make room.
#[derive(Debug, Default)]
struct Prices(VecDeque<(i128, Decimal)>);

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

impl Prices {
    fn lay(&mut self, rows: &[LevelChange]) {
        if self.0.is_empty() {
            self.0.reserve(rows.len());
        }
        for &(price, qty) in rows {
            match (self.place(price), qty.is_zero()) {
                (Ok(place), true) => drop(self.0.remove(place)),
                (Err(place), false) => self.0.insert(place, (price.attos(), price)),
                (Ok(_), false) | (Err(_), true) => {}
            }
        }
    }

    /// Takes out the worst prices beyond `depth`, and puts a removal of each behind `rows`; `pop`
    /// takes one.
    fn cut(
        &mut self,
        depth: usize,
        rows: &mut Vec<LevelChange>,
        pop: impl Fn(&mut VecDeque<(i128, Decimal)>) -> Option<(i128, Decimal)>,
    ) {
        while depth < self.0.len()
            && let Some((_, price)) = pop(&mut self.0)
        {
            rows.push((price, Decimal::default()));
        }
    }

    /// Leaves of a whole book's rows those that are in it: no zeros, and none beyond the depth.
    fn keep_held(&self, rows: &mut Vec<LevelChange>) {
        if self.0.len() < rows.len() {
            rows.retain(|(price, _)| self.place(*price).is_ok());
        }
    }

    /// Where a price stands, else where it would. Whole books come in order, so that each is at one
    /// end.
    fn place(&self, price: Decimal) -> Result<usize, usize> {
        let wanted = price.attos();
        match (self.0.front(), self.0.back()) {
            (Some((least, _)), _) if wanted < *least => Err(0),
            (_, Some((greatest, _))) if *greatest < wanted => Err(self.0.len()),
            _ => self.0.binary_search_by(|(known, _)| known.cmp(&wanted)),
        }
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

    /// Lays rows over both sides, and puts removals of the prices that this pushed out behind them.
    fn lay(&mut self, told: &mut Told, depth: usize) {
        self.bids.lay(&told.bids);
        self.asks.lay(&told.asks);
        self.bids.cut(depth, &mut told.bids, VecDeque::pop_front);
        self.asks.cut(depth, &mut told.asks, VecDeque::pop_back);
    }
}

/// Gives a whole book.
pub(super) fn snapshot(
    listed: &mut Listed<Pair>,
    mut told: Told,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) {
    let depths = &mut listed.state.depths;
    depths.is_followed = true;
    depths.is_rest = false;
    depths.bids = Prices::default();
    depths.asks = Prices::default();
    let depth = depths.depth_of(told.bids.len().max(told.asks.len()));
    depths.depth = Some(depth);
    depths.lay(&mut told, depth);
    depths.bids.keep_held(&mut told.bids);
    depths.asks.keep_held(&mut told.asks);
    let Told { at, bids, asks, checksum } = told;
    let event = listed.event(at, recv, Body::BookSnapshot { bids, asks, checksum });
    out.push((listed.instrument.clone(), event));
}

/// Gives changed levels, with those that left the depth. Nothing tells which changes a REST book holds,
/// so it ends with the first one.
pub(super) fn delta(
    listed: &mut Listed<Pair>,
    mut told: Told,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) {
    if std::mem::take(&mut listed.state.depths.is_rest) {
        out.push((listed.instrument.clone(), listed.event(told.at, recv, Body::Disconnect)));
    }
    let depths = &mut listed.state.depths;
    depths.is_followed = true;
    // Without snapshot and subscription nothing may be cut but what could never be shown.
    let depth = depths.depth.or(depths.subscribed).unwrap_or(DEPTH_MAX);
    depths.lay(&mut told, depth);
    let Told { at, bids, asks, checksum } = told;
    let event = listed.event(at, recv, Body::BookDelta { bids, asks, checksum });
    out.push((listed.instrument.clone(), event));
}
