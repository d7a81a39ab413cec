//! The order-by-order book: its operations, its questions, and what an event changed.

use super::ladder::{Ladder, Level};
use super::orders::{NONE, Orders};
use crate::domain::market::Side;

/// The most orders that are held; more are refused and counted.
pub const ORDERS_MAX: usize = 1 << 23;
/// Level changes of one event that are listed; beyond, the event is told as the whole book.
const TOUCHED_MAX: usize = 1 << 16;

/// What became of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// The book is another one now.
    Changed,
    /// There is no order of that id; nothing changed, or a modify added it.
    Unknown,
    /// A size of zero, or one order too many; nothing changed.
    Refused,
}

/// Operations that did not find the book as they ought to have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Adds of an id that was there: the order was replaced, at the end of its queue.
    pub replaced: u64,
    /// Cancels of an id that was not there.
    pub unknown_cancels: u64,
    /// Modifies of an id that was not there: the order was added.
    pub unknown_modifies: u64,
    /// Adds without a size, and adds beyond [`ORDERS_MAX`].
    pub refused: u64,
}

/// An order as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// The venue's id.
    pub id: u64,
    /// Its side.
    pub side: Side,
    /// Its price, in the feed's units.
    pub price: i64,
    /// What is left of it.
    pub size: u32,
}

/// Where an order stands in its queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Orders at its price that are served before it.
    pub orders_ahead: u32,
    /// Their sizes together.
    pub qty_ahead: u64,
}

/// What stands at a price in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Total {
    /// The price, in the feed's units.
    pub price: i64,
    /// All sizes together, above zero.
    pub qty: u64,
    /// How many orders, at least one.
    pub orders: u32,
}

/// How much an event changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// The levels that were told.
    Levels,
    /// The whole book is to be told: it was cleared, is new, or too much changed to be listed.
    Whole,
}

/// A level as the running event found it.
#[derive(Clone, Copy, Debug)]
struct Touched {
    side: Side,
    price: i64,
    level: u32,
    before: u64,
}

/// The orders of one instrument.
#[derive(Clone, Debug)]
pub struct ByOrder {
    orders: Orders,
    ladder: Ladder,
    touched: Vec<Touched>,
    whole: bool,
    counts: Counts,
}

impl Default for ByOrder {
    fn default() -> Self {
        Self {
            orders: Orders::default(),
            ladder: Ladder::default(),
            touched: Vec::new(),
            whole: true,
            counts: Counts::default(),
        }
    }
}

impl ByOrder {
    /// Puts an order at the end of its queue. One of the same id is replaced.
    pub fn add(&mut self, id: u64, side: Side, price: i64, size: u32) -> Taken {
        if size == 0 || (self.orders.len() == ORDERS_MAX && self.orders.find(id).is_none()) {
            self.counts.refused += 1;
            return Taken::Refused;
        }
        let (slot, is_new) = self.orders.find_or_insert(id);
        if !is_new {
            self.counts.replaced += 1;
            self.unlink(slot);
        }
        self.append(slot, side, price, size);
        Taken::Changed
    }

    /// Takes `size` off an order; what is left keeps its place. All of it, and it is gone.
    pub fn cancel(&mut self, id: u64, size: u32) -> Taken {
        let Some((slot, left)) = self.orders.reduce(id, size) else {
            self.counts.unknown_cancels += 1;
            return Taken::Unknown;
        };
        if left == 0 {
            self.unlink(slot);
            self.orders.free(slot);
        } else {
            self.resize(slot, left);
        }
        Taken::Changed
    }

    /// Gives an order another price or size. It keeps its place only where side and price are the
    /// same and the size did not grow. An order that is not there is added; without a size it is
    /// taken away.
    pub fn modify(&mut self, id: u64, side: Side, price: i64, size: u32) -> Taken {
        let Some(slot) = self.orders.find(id) else {
            self.counts.unknown_modifies += 1;
            self.add(id, side, price, size);
            return Taken::Unknown;
        };
        let order = *self.orders.at(slot);
        if size == 0 {
            self.unlink(slot);
            self.orders.remove(slot);
            return Taken::Changed;
        }
        let level = self.ladder.at(order.level);
        if level.price == price && level.side == side && size <= order.size {
            self.resize(slot, size);
        } else {
            self.unlink(slot);
            self.append(slot, side, price, size);
        }
        Taken::Changed
    }

    /// Takes all orders away.
    pub fn clear(&mut self) {
        self.orders.clear();
        self.ladder.clear();
        self.tell_whole();
    }

    /// Takes all orders of one side away.
    pub fn clear_side(&mut self, side: Side) {
        while let Some(&Level { first, .. }) = self.ladder.best(side) {
            self.unlink(first);
            self.orders.remove(first);
        }
    }

    /// How many orders there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.orders.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many levels a side has.
    #[must_use]
    pub fn depth(&self, side: Side) -> usize {
        self.ladder.len(side)
    }

    /// The best level of a side.
    #[must_use]
    pub fn best(&self, side: Side) -> Option<Total> {
        self.ladder.best(side).map(total)
    }

    /// The levels of a side, best first.
    pub fn levels(&self, side: Side) -> impl Iterator<Item = Total> {
        self.ladder.levels(side).map(total)
    }

    /// Whether the best bid is above the best ask.
    #[must_use]
    pub fn is_crossed(&self) -> bool {
        match (self.best(Side::Bid), self.best(Side::Ask)) {
            (Some(bid), Some(ask)) => ask.price < bid.price,
            _ => false,
        }
    }

    /// An order by its id.
    #[must_use]
    pub fn order(&self, id: u64) -> Option<Order> {
        self.orders.find(id).map(|slot| self.order_at(slot))
    }

    /// The orders at a price, first served first; none where there is no such level.
    pub fn queue(&self, side: Side, price: i64) -> impl Iterator<Item = Order> {
        let level = self.ladder.find(side, price);
        let mut next = level.map_or(NONE, |level| self.ladder.at(level).first);
        std::iter::from_fn(move || {
            let slot = (next != NONE).then_some(next)?;
            next = self.orders.at(slot).behind;
            Some(self.order_at(slot))
        })
    }

    /// Where an order stands in its queue; costs as many steps as orders are ahead of it.
    #[must_use]
    pub fn position(&self, id: u64) -> Option<Position> {
        let mut position = Position { orders_ahead: 0, qty_ahead: 0 };
        let mut slot = self.orders.at(self.orders.find(id)?).ahead;
        while slot != NONE {
            let order = self.orders.at(slot);
            position.orders_ahead += 1;
            position.qty_ahead += u64::from(order.size);
            slot = order.ahead;
        }
        Some(position)
    }

    /// What did not find the book as it ought to have, since the book began.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Has the next [`end_event`](Self::end_event) ask for the whole book.
    pub fn tell_whole(&mut self) {
        self.whole = true;
        for touched in self.touched.drain(..) {
            // After a clear the slots are gone, and their marks with them.
            if self.ladder.find(touched.side, touched.price) == Some(touched.level) {
                self.ladder.at_mut(touched.level).touched = false;
            }
        }
    }

    /// Whether anything was touched since the last [`end_event`](Self::end_event).
    #[must_use]
    pub fn is_touched(&self) -> bool {
        self.whole || !self.touched.is_empty()
    }

    /// What stood at a price at the last [`end_event`](Self::end_event): for who adds up the books of
    /// several venues, of which this one is amid an event. While the whole book is to be told, what
    /// stands there.
    #[must_use]
    pub fn settled(&self, side: Side, price: i64) -> u64 {
        let noted = self.touched.iter().find(|at| (at.side, at.price) == (side, price));
        match (noted, self.ladder.find(side, price)) {
            // Of a level that went and came again, the first note knows what it was before.
            (Some(noted), _) => noted.before,
            (None, Some(level)) => self.ladder.at(level).qty,
            (None, None) => 0,
        }
    }

    /// Each price of a side at which something stood at the last end, with [`Self::settled`]; in no
    /// order.
    pub fn each_settled(&self, side: Side, mut each: impl FnMut(i64, u64)) {
        let gone = self.touched.iter().enumerate().filter(|(nth, at)| {
            let is_first = || {
                let mut earlier = self.touched[..*nth].iter();
                earlier.all(|other| (other.side, other.price) != (side, at.price))
            };
            at.side == side && self.ladder.find(side, at.price).is_none() && is_first()
        });
        let gone = gone.map(|(_, at)| at.price);
        for price in self.ladder.levels(side).map(|at| at.price).chain(gone) {
            match self.settled(side, price) {
                0 => {}
                qty => each(price, qty),
            }
        }
    }

    /// Ends an event: tells each level whose total differs from the last end, with its total now
    /// (zero: it is gone), bids first, best first within a side. Where the whole book is to be told,
    /// no level is.
    pub fn end_event(&mut self, mut each: impl FnMut(Side, i64, u64)) -> Extent {
        if std::mem::take(&mut self.whole) {
            return Extent::Whole;
        }
        if 1 < self.touched.len() {
            // Stable: of a level that went and came again, the first note knows what it was before.
            self.touched.sort_by_key(|at| {
                (at.side as u8, std::cmp::Reverse(Ladder::rank(at.side, at.price)))
            });
            self.touched.dedup_by_key(|at| (at.side as u8, at.price));
        }
        for Touched { side, price, level, before } in self.touched.drain(..) {
            let at = self.ladder.at_mut(level);
            at.touched = false;
            let now = if at.orders != 0 && at.price == price && at.side == side {
                at.qty
            } else {
                // Another slot, if it came again.
                match self.ladder.find(side, price) {
                    Some(level) => {
                        let at = self.ladder.at_mut(level);
                        at.touched = false;
                        at.qty
                    }
                    None => 0,
                }
            };
            if now != before {
                each(side, price, now);
            }
        }
        Extent::Levels
    }

    fn order_at(&self, slot: u32) -> Order {
        let order = self.orders.at(slot);
        let level = self.ladder.at(order.level);
        Order { id: order.id, side: level.side, price: level.price, size: order.size }
    }

    fn touch(&mut self, level: u32) {
        if self.whole {
            return;
        }
        let at = self.ladder.at_mut(level);
        if at.touched {
            return;
        }
        at.touched = true;
        let Level { side, price, qty, .. } = *at;
        self.touched.push(Touched { side, price, level, before: qty });
        if TOUCHED_MAX < self.touched.len() {
            self.tell_whole();
        }
    }

    /// Links an order that is linked nowhere to the end of its queue.
    fn append(&mut self, slot: u32, side: Side, price: i64, size: u32) {
        let level = self.ladder.find_or_insert(side, price);
        self.touch(level);
        let at = self.ladder.at_mut(level);
        let ahead = std::mem::replace(&mut at.last, slot);
        if ahead == NONE {
            at.first = slot;
        }
        at.orders += 1;
        at.qty += u64::from(size);
        let order = self.orders.at_mut(slot);
        (order.size, order.level, order.ahead, order.behind) = (size, level, ahead, NONE);
        if ahead != NONE {
            self.orders.at_mut(ahead).behind = slot;
        }
    }

    /// Takes an order out of its queue, and the level with it where it was the last one.
    fn unlink(&mut self, slot: u32) {
        let order = *self.orders.at(slot);
        self.touch(order.level);
        if order.ahead != NONE {
            self.orders.at_mut(order.ahead).behind = order.behind;
        }
        if order.behind != NONE {
            self.orders.at_mut(order.behind).ahead = order.ahead;
        }
        let level = self.ladder.at_mut(order.level);
        if order.ahead == NONE {
            level.first = order.behind;
        }
        if order.behind == NONE {
            level.last = order.ahead;
        }
        level.orders -= 1;
        level.qty -= u64::from(order.size);
        if level.orders == 0 {
            self.ladder.remove(order.level);
        }
    }

    /// Another size at the same place.
    fn resize(&mut self, slot: u32, size: u32) {
        let level = self.orders.at(slot).level;
        self.touch(level);
        let before = std::mem::replace(&mut self.orders.at_mut(slot).size, size);
        let at = self.ladder.at_mut(level);
        at.qty = at.qty - u64::from(before) + u64::from(size);
    }
}

fn total(level: &Level) -> Total {
    Total { price: level.price, qty: level.qty, orders: level.orders }
}
