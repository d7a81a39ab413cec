//! The book against a naive one: lists that are searched from end to end.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::domain::market::Side;

const SIDES: [Side; 2] = [Side::Bid, Side::Ask];

#[derive(Clone, Copy, Debug)]
enum Op {
    Add(u64, usize, i64, u32),
    Cancel(u64, u32),
    Modify(u64, usize, i64, u32),
    Clear,
    ClearSide(usize),
    End,
}

fn ops() -> impl Strategy<Value = Op> {
    let (id, side, price) = (0_u64..12, 0_usize..2, -3_i64..4);
    prop_oneof![
        6 => (id.clone(), side.clone(), price.clone(), 0_u32..5)
            .prop_map(|(id, side, price, size)| Op::Add(id, side, price, size)),
        4 => (id.clone(), 0_u32..5).prop_map(|(id, size)| Op::Cancel(id, size)),
        5 => (id, side.clone(), price, 0_u32..5)
            .prop_map(|(id, side, price, size)| Op::Modify(id, side, price, size)),
        1 => Just(Op::Clear),
        1 => side.prop_map(Op::ClearSide),
        3 => Just(Op::End),
    ]
}

/// Orders in the order of their priority.
#[derive(Default)]
struct Naive(Vec<(u64, usize, i64, u32)>);

impl Naive {
    fn take(&mut self, op: Op) {
        match op {
            Op::Add(_, _, _, 0) | Op::End => {}
            Op::Add(id, side, price, size) => {
                self.0.retain(|order| order.0 != id);
                self.0.push((id, side, price, size));
            }
            Op::Cancel(id, size) => {
                for order in self.0.iter_mut().filter(|order| order.0 == id) {
                    order.3 = order.3.saturating_sub(size);
                }
                self.0.retain(|order| order.3 != 0);
            }
            Op::Modify(id, side, price, size) => {
                let held = self.0.iter_mut().find(|order| order.0 == id);
                match held {
                    Some(order) if (order.1, order.2) == (side, price) && size <= order.3 => {
                        order.3 = size;
                        self.0.retain(|order| order.3 != 0);
                    }
                    _ => {
                        self.0.retain(|order| order.0 != id);
                        self.take(Op::Add(id, side, price, size));
                    }
                }
            }
            Op::Clear => self.0.clear(),
            Op::ClearSide(side) => self.0.retain(|order| order.1 != side),
        }
    }

    fn levels(&self, side: usize) -> BTreeMap<i64, (u64, u32)> {
        let mut levels = BTreeMap::new();
        for &(_, _, price, size) in self.0.iter().filter(|order| order.1 == side) {
            let level: &mut (u64, u32) = levels.entry(price).or_default();
            *level = (level.0 + u64::from(size), level.1 + 1);
        }
        levels
    }
}

fn apply(book: &mut ByOrder, op: Op) {
    match op {
        Op::Add(id, side, price, size) => {
            book.add(id, SIDES[side], price, size);
        }
        Op::Cancel(id, size) => {
            book.cancel(id, size);
        }
        Op::Modify(id, side, price, size) => {
            book.modify(id, SIDES[side], price, size);
        }
        Op::Clear => book.clear(),
        Op::ClearSide(side) => book.clear_side(SIDES[side]),
        Op::End => {}
    }
}

/// Totals by price as somebody has them who is told what events changed.
type Told = [BTreeMap<i64, u64>; 2];

fn end_event(book: &mut ByOrder, told: &mut Told) {
    let mut changes = Vec::new();
    let extent = book.end_event(|side, price, qty| changes.push((side, price, qty)));
    if extent == Extent::Whole {
        assert!(changes.is_empty());
        for side in SIDES {
            told[side as usize] = book.levels(side).map(|at| (at.price, at.qty)).collect();
        }
    }
    for (side, price, qty) in changes {
        let before = match qty {
            0 => told[side as usize].remove(&price),
            qty => told[side as usize].insert(price, qty),
        };
        assert_ne!(before.unwrap_or(0), qty, "told without a change");
    }
}

proptest! {
    #[test]
    fn it_is_the_naive_book_after_every_operation(ops in prop::collection::vec(ops(), 0..120)) {
        let (mut book, mut naive, mut told) = (ByOrder::default(), Naive::default(), Told::default());
        let mut is_whole = true;
        for op in ops {
            apply(&mut book, op);
            naive.take(op);
            is_whole |= matches!(op, Op::Clear);
            for side in SIDES {
                let now = || book.levels(side).map(|at| (at.price, at.qty)).collect();
                let then = if is_whole { now() } else { told[side as usize].clone() };
                let mut settled = BTreeMap::new();
                book.each_settled(side, |price, qty| assert_eq!(settled.insert(price, qty), None));
                prop_assert_eq!(&settled, &then);
                for price in -3..4 {
                    let then = then.get(&price).copied().unwrap_or_default();
                    prop_assert_eq!(book.settled(side, price), then);
                }
            }
            is_whole &= !matches!(op, Op::End);

            prop_assert_eq!(book.len(), naive.0.len());
            for (nth, side) in SIDES.into_iter().enumerate() {
                let levels = naive.levels(nth);
                let mut held: Vec<_> =
                    book.levels(side).map(|at| (at.price, (at.qty, at.orders))).collect();
                prop_assert_eq!(book.best(side).map(|at| at.price), held.first().map(|at| at.0));
                prop_assert_eq!(book.depth(side), held.len());
                if side == Side::Bid {
                    held.reverse();
                }
                prop_assert_eq!(held, levels.into_iter().collect::<Vec<_>>());
            }
            for &(id, side, price, size) in &naive.0 {
                let queue = naive.0.iter().filter(|at| (at.1, at.2) == (side, price));
                let ahead: Vec<_> = queue.take_while(|at| at.0 != id).collect();
                let position = Position {
                    orders_ahead: ahead.len() as u32,
                    qty_ahead: ahead.iter().map(|at| u64::from(at.3)).sum(),
                };
                prop_assert_eq!(book.position(id), Some(position));
                prop_assert_eq!(
                    book.order(id), Some(Order { id, side: SIDES[side], price, size })
                );
                let queue = book.queue(SIDES[side], price).map(|order| order.id);
                let naive = naive.0.iter().filter(|at| (at.1, at.2) == (side, price));
                prop_assert!(queue.eq(naive.map(|at| at.0)));
            }
            if matches!(op, Op::End) {
                end_event(&mut book, &mut told);
                for (nth, side) in SIDES.into_iter().enumerate() {
                    let held: BTreeMap<_, _> =
                        book.levels(side).map(|at| (at.price, at.qty)).collect();
                    prop_assert_eq!(&told[nth], &held);
                }
                prop_assert!(!book.is_touched());
            }
        }
    }
}

#[test]
fn only_a_lower_size_at_the_same_price_keeps_the_place() {
    let mut book = ByOrder::default();
    for id in 1..=3 {
        book.add(id, Side::Bid, 100, 10);
    }
    book.modify(1, Side::Bid, 100, 4);
    assert_eq!(book.position(3), Some(Position { orders_ahead: 2, qty_ahead: 14 }));
    book.modify(1, Side::Bid, 100, 5);
    assert_eq!(book.position(1), Some(Position { orders_ahead: 2, qty_ahead: 20 }));
    book.modify(2, Side::Bid, 99, 10);
    book.modify(2, Side::Bid, 100, 10);
    let queue: Vec<u64> = book.queue(Side::Bid, 100).map(|order| order.id).collect();
    assert_eq!(queue, [3, 1, 2]);
    book.cancel(3, 9);
    assert_eq!(book.position(1), Some(Position { orders_ahead: 1, qty_ahead: 1 }));
}

#[test]
fn what_does_not_fit_the_book_is_counted() {
    let mut book = ByOrder::default();
    assert_eq!(book.add(1, Side::Ask, 5, 0), Taken::Refused);
    assert_eq!(book.cancel(1, 1), Taken::Unknown);
    assert_eq!(book.modify(1, Side::Ask, 5, 2), Taken::Unknown);
    assert_eq!(book.add(1, Side::Ask, 6, 3), Taken::Changed);
    assert_eq!(book.cancel(1, 9), Taken::Changed);

    assert!(book.is_empty());
    let counts = Counts { replaced: 1, unknown_cancels: 1, unknown_modifies: 1, refused: 1 };
    assert_eq!(book.counts(), counts);
}

#[test]
fn an_event_that_touches_too_much_is_told_as_the_whole_book() {
    let mut book = ByOrder::default();
    assert_eq!(book.end_event(|_, _, _| {}), Extent::Whole);
    for id in 0..70_000 {
        book.add(id, Side::Bid, id as i64, 1);
    }
    assert_eq!(book.end_event(|_, _, _| {}), Extent::Whole);
    book.cancel(7, 1);
    let mut told = Vec::new();
    assert_eq!(book.end_event(|_, price, qty| told.push((price, qty))), Extent::Levels);
    assert_eq!(told, [(7, 0)]);
}
