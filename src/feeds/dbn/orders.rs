//! Single orders (`mbo`) as the book they make.
//!
//! Each message is one step; the flag "last" ends an event. Only at such an end the book is one
//! that the venue has: it is told there, once, by the levels whose totals changed. A trade (T) and
//! the fills of resting orders (F) change nothing; the cancel or modify that follows them does.
//!
//! Of several publishers under one name, each has a book of its own, which its clears (R) and tops
//! of book alone touch; what is told are the totals of all (Databento's "Limit order book
//! construction" does so).

use std::collections::BTreeMap;

use ::dbn::{MboMsg, UNDEF_PRICE, flags};

use super::fixed;
use super::streams::Streams;
use crate::domain::by_order::{ByOrder, Extent};
use crate::domain::market::{Body, LevelChange, Side};

/// Records that are no orders: the top of a side, or an aggregated level.
const LEVEL: u8 = flags::TOB | flags::MBP;
/// Stands for the best bid and the best ask of a book that shows nothing else.
const TOP_IDS: [u64; 2] = [u64::MAX - 1, u64::MAX];

/// Applies one message to a book. What it does not know to be an order changes nothing: trades,
/// fills, "no action", and orders without a side.
pub fn apply(book: &mut ByOrder, msg: &MboMsg) {
    let side = match msg.side as u8 {
        b'B' => Some(Side::Bid),
        b'A' => Some(Side::Ask),
        _ => None,
    };
    match (msg.action as u8, side) {
        (b'A' | b'C' | b'M', Some(side)) if msg.flags.raw() & LEVEL != 0 => {
            apply_level(book, msg, side);
        }
        (b'A', Some(side)) if msg.price != UNDEF_PRICE => {
            book.add(msg.order_id, side, msg.price, msg.size);
        }
        (b'C', _) => {
            book.cancel(msg.order_id, msg.size);
        }
        (b'M', Some(side)) if msg.price != UNDEF_PRICE => {
            book.modify(msg.order_id, side, msg.price, msg.size);
        }
        (b'R', _) => book.clear(),
        _ => {}
    }
}

/// A level in place of an order; its order id says nothing (both sides of a top may share one). Adds
/// and modifies say what stands there, cancels what is taken off. The top of a side is all of it;
/// without a price, there is none.
#[cold]
fn apply_level(book: &mut ByOrder, msg: &MboMsg, side: Side) {
    let is_top = msg.flags.is_tob();
    // Prices stay below 2^62, so that each level has an id of its own.
    let of_price = (msg.price.cast_unsigned() << 1) | side as u64;
    let id = if is_top { TOP_IDS[side as usize] } else { of_price };
    if msg.action as u8 == b'C' {
        book.cancel(id, msg.size);
        return;
    }
    if is_top {
        book.clear_side(side);
    }
    if msg.price == UNDEF_PRICE {
        return;
    }
    if book.order(id).is_some() {
        book.modify(id, side, msg.price, msg.size);
    } else if msg.size != 0 {
        book.add(id, side, msg.price, msg.size);
    }
}

/// The orders of one instrument at one publisher.
#[derive(Default)]
pub(super) struct Orders {
    book: ByOrder,
    has_begun: bool,
    is_complete: bool,
    /// Whether there were orders before this stream, or before its hole.
    is_old: bool,
    snapshot: Snapshot,
}

/// Whether the last message was of a snapshot.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Snapshot {
    #[default]
    No,
    Amid,
    Ended,
}

impl Orders {
    /// Orders that are not known, of which there may be some.
    pub fn lost() -> Self {
        Self { is_old: true, ..Self::default() }
    }

    pub fn book(&self) -> &ByOrder {
        &self.book
    }

    /// Whether any message was about its book.
    pub fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// Whether all orders are known: those since a clear or a snapshot, or
    /// since it began behind those of others. Levels and tops need none.
    pub fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// Whether a snapshot began and did not end.
    pub fn is_amid_snapshot(&self) -> bool {
        self.snapshot == Snapshot::Amid
    }

    /// Begins a file that goes on where the last one ended: a snapshot at its beginning is another
    /// one than that before it, unless that had no end.
    pub fn begin_file(&mut self) {
        if self.snapshot == Snapshot::Ended {
            self.snapshot = Snapshot::No;
        }
    }

    /// Takes an add, cancel, modify or clear; whether it shows that this stream begins amid a book.
    ///
    /// A snapshot is the whole book, also without a clear in front (as in files of before February
    /// 2024): its first record takes away what was there. It may have many ends; what is behind them
    /// without a change between is of the same one.
    pub fn take(&mut self, msg: &MboMsg, streams: &mut Streams) -> bool {
        let is_snapshot = msg.flags.is_snapshot();
        if is_snapshot && self.snapshot == Snapshot::No {
            self.book.clear();
        }
        self.snapshot = match (is_snapshot, msg.flags.is_last()) {
            (false, _) => Snapshot::No,
            (true, false) => Snapshot::Amid,
            (true, true) => Snapshot::Ended,
        };
        let begins_amid = !self.is_complete && self.begin(msg, streams);
        apply(&mut self.book, msg);
        begins_amid
    }

    fn begin(&mut self, msg: &MboMsg, streams: &mut Streams) -> bool {
        let has_begun = std::mem::replace(&mut self.has_begun, true);
        let is_new = streams.take(msg) && !has_begun && !self.is_old;
        self.is_complete =
            is_new || msg.action as u8 == b'R' || msg.flags.raw() & (LEVEL | flags::SNAPSHOT) != 0;
        !has_begun && !self.is_complete
    }

    /// Has the next end tell the whole book.
    pub fn tell_whole(&mut self) {
        self.book.tell_whole();
    }

    /// Ends an event: what is to be told since the last end.
    pub fn tell(&mut self, may_be_wrong: bool) -> Option<Body> {
        let mut sides = Sides::default();
        let extent = self.book.end_event(|side, price, qty| sides.push(side, price, qty));
        if extent == Extent::Whole {
            for side in [Side::Bid, Side::Ask] {
                self.book.levels(side).for_each(|at| sides.push(side, at.price, at.qty));
            }
        }
        sides.body(extent, may_be_wrong)
    }

    /// Ends an event of one of several publishers: what is to be told of the totals of all.
    pub fn tell_with(&mut self, others: &[&Self], may_be_wrong: bool) -> Option<Body> {
        let mut sides = Sides::default();
        let extent = self.book.end_event(|side, price, qty| {
            let qtys = others.iter().map(|other| other.book.settled(side, price));
            sides.push(side, price, qty + qtys.sum::<u64>());
        });
        if extent == Extent::Whole {
            for side in [Side::Bid, Side::Ask] {
                let mut totals = BTreeMap::new();
                let mut add = |price, qty| *totals.entry(price).or_insert(0) += qty;
                self.book.levels(side).for_each(|at| add(at.price, at.qty));
                others.iter().for_each(|other| other.book.each_settled(side, &mut add));
                let mut push = |(price, qty)| sides.push(side, price, qty);
                match side {
                    Side::Bid => totals.into_iter().rev().for_each(&mut push),
                    Side::Ask => totals.into_iter().for_each(&mut push),
                }
            }
        }
        sides.body(extent, may_be_wrong)
    }
}

/// Levels to be told.
#[derive(Default)]
struct Sides([Vec<LevelChange>; 2]);

impl Sides {
    fn push(&mut self, side: Side, price: i64, qty: u64) {
        self.0[side as usize].extend(fixed::change(price, qty));
    }

    /// A book that may be wrong is no snapshot, which would vouch for it.
    fn body(self, extent: Extent, may_be_wrong: bool) -> Option<Body> {
        let [bids, asks] = self.0;
        if extent == Extent::Whole && !may_be_wrong {
            return Some(Body::BookSnapshot { bids, asks, checksum: None });
        }
        let differs = !bids.is_empty() || !asks.is_empty();
        differs.then_some(Body::BookDelta { bids, asks, checksum: None })
    }
}
