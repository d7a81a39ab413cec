//! Single orders (`mbo`) as the book they make.
//!
//! Each message is one step; the flag "last" ends an event. Only at such an end the book is one
//! that the venue has: it is told there, once, by the levels whose totals changed. A trade (T) and
//! the fills of resting orders (F) change nothing; the cancel or modify that follows them does.

use ::dbn::{MboMsg, UNDEF_PRICE};

use super::fixed;
use crate::domain::by_order::{ByOrder, Extent};
use crate::domain::market::{Body, LevelChange, Side};

/// Applies one message to a book. What it does not know to be an order changes nothing: trades,
/// fills, "no action", and orders without a side.
pub fn apply(book: &mut ByOrder, msg: &MboMsg) {
    let side = match msg.side as u8 {
        b'B' => Some(Side::Bid),
        b'A' => Some(Side::Ask),
        _ => None,
    };
    match (msg.action as u8, side) {
        (b'A', Some(side)) => {
            // The top of a book that has no orders: it stands for its whole side.
            if msg.flags.is_tob() {
                book.clear_side(side);
            }
            if msg.price != UNDEF_PRICE {
                book.add(msg.order_id, side, msg.price, msg.size);
            }
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

/// The book of one instrument, and how much of it is told.
#[derive(Default)]
pub(super) struct Orders {
    book: ByOrder,
}

impl Orders {
    pub fn book(&self) -> &ByOrder {
        &self.book
    }

    /// Takes a message; at the end of an event, what is to be told of the book.
    pub fn take(&mut self, msg: &MboMsg) -> Option<Body> {
        apply(&mut self.book, msg);
        // Orders of a snapshot replace those of the same id; they are told together.
        if msg.flags.is_snapshot() {
            self.book.tell_whole();
        }
        if msg.flags.is_last() { self.tell() } else { None }
    }

    /// Has the next end tell the whole book.
    pub fn tell_whole(&mut self) {
        self.book.tell_whole();
    }

    /// What is to be told since the last end.
    pub fn tell(&mut self) -> Option<Body> {
        let mut sides = [Vec::new(), Vec::new()];
        let mut tell = |side: Side, price, qty| sides[side as usize].extend(change(price, qty));
        let extent = self.book.end_event(&mut tell);
        if extent == Extent::Whole {
            for side in [Side::Bid, Side::Ask] {
                self.book.levels(side).for_each(|at| tell(side, at.price, at.qty));
            }
        }
        let [bids, asks] = sides;
        match extent {
            Extent::Levels if bids.is_empty() && asks.is_empty() => None,
            Extent::Levels => Some(Body::BookDelta { bids, asks, checksum: None }),
            Extent::Whole => Some(Body::BookSnapshot { bids, asks, checksum: None }),
        }
    }
}

fn change(price: i64, qty: u64) -> Option<LevelChange> {
    Some((fixed::price(price)?, fixed::qty(qty)))
}
