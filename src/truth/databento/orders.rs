//! The book that single orders make, against the fold's.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::super::wired::over_the_wire;
use super::super::{Row, TruthError};
use crate::domain::by_order::ByOrder;
use crate::domain::market::{
    Body, Decimal, Event, Instrument, Market, Moment, Policy, Side, TradeOutcome,
};
use crate::feeds::dbn::{Adapter, Message, Reader, Refused, apply};

/// Decimals of DBN's prices.
const PRICE_EXP: u8 = 9;

/// What was seen of one instrument's orders.
#[derive(Default)]
struct Seen {
    /// The books of its orders, by publisher; together they are the instrument's.
    orders: BTreeMap<u16, ByOrder>,
    /// Whether all its orders are known: since a clear or a snapshot.
    is_whole: bool,
    instrument: Option<Instrument>,
    market: Option<Market>,
    has_traded: bool,
    sought: usize,
    found: usize,
    ends: usize,
    same: usize,
    crossed: usize,
    crossed_before_trades: usize,
    trades: usize,
    counted: usize,
}

/// Plays a stream of single orders, and compares.
pub(super) fn rows(set: &str, files: &[PathBuf]) -> Result<Vec<Row>, TruthError> {
    let mut adapter = Adapter::default();
    let mut seen: BTreeMap<u32, Seen> = BTreeMap::new();
    let mut events = Vec::new();
    for file in files {
        let unreadable = |fault: String| TruthError::of(file, fault);
        let mut reader = Reader::open(file).map_err(|error| unreadable(error.to_string()))?;
        adapter.begin(reader.metadata());
        while let Some(record) =
            reader.next_record().map_err(|error| unreadable(error.to_string()))?
        {
            let Ok(Message::Mbo(msg)) = Message::of(record) else { continue };
            let one = seen.entry(msg.hd.instrument_id).or_default();
            let action = msg.action as u8;
            one.is_whole |= action == b'R' || msg.flags.is_snapshot();
            let orders = one.orders.entry(msg.hd.publisher_id).or_default();
            let before = orders.counts();
            apply(orders, msg);
            let after = orders.counts();
            if one.is_whole && matches!(action, b'C' | b'M') {
                one.sought += 1;
                let is_known = (before.unknown_cancels, before.unknown_modifies)
                    == (after.unknown_cancels, after.unknown_modifies);
                one.found += usize::from(is_known);
            }
            one.has_traded |= action == b'T';
            match adapter.take(record, &mut events) {
                Ok(()) => one.trades += usize::from(action == b'T'),
                // Of legs whose price only the spread has.
                Err(Refused::NoTrade) => {}
                Err(error) => return Err(unreadable(error.to_string())),
            }
            for (instrument, event) in events.drain(..) {
                one.fold(&instrument, &event).map_err(unreadable)?;
            }
            if msg.flags.is_last() && one.is_whole {
                one.end();
            }
        }
    }
    // What had no end is told behind the last record.
    adapter.finish(&mut events);
    for (instrument, event) in events {
        if let Some(one) =
            seen.values_mut().find(|one| one.instrument.as_ref() == Some(&instrument))
        {
            one.fold(&instrument, &event).map_err(|fault| TruthError::of(&files[0], fault))?;
        }
    }
    let sum = |of: fn(&Seen) -> usize| seen.values().map(of).sum::<usize>();
    let found = "cancels and modifies that find their order";
    let same = "ends of events with the fold's best levels as the orders make them";
    let levels = "whole books of the fold as the orders make them, at the end";
    let straight = sum(|one| one.ends - one.crossed);
    let reason =
        "the venue's own book before its first trade, when it collects orders for the open";
    let rows = [
        Row::new(set, found, sum(|one| one.found), sum(|one| one.sought)),
        Row::new(set, same, sum(|one| one.same), sum(|one| one.ends)),
        Row::new(
            set,
            levels,
            sum(|one| usize::from(0 < one.ends && one.has_same_levels())),
            // A snapshot that is cut short is no book.
            sum(|one| usize::from(0 < one.ends)),
        ),
        Row::new(set, "trades that the fold counts", sum(|one| one.counted), sum(|one| one.trades)),
        Row::new(set, "books not crossed", straight, sum(|one| one.ends))
            .explain(sum(|one| if one.has_traded { one.crossed_before_trades } else { 0 }), reason),
    ];
    // Where a recording has nothing of a kind, nothing is compared.
    Ok(rows.into_iter().filter(|row| row.total != 0).collect())
}

impl Seen {
    /// Folds an event as a hub would.
    fn fold(&mut self, instrument: &Instrument, event: &Event) -> Result<(), String> {
        let event = over_the_wire(instrument, event)?;
        self.instrument.get_or_insert_with(|| instrument.clone());
        let market = self.market.get_or_insert_with(|| Market::new("truth"));
        let admission = market.admit(std::slice::from_ref(&event));
        market.accept(admission.map_err(|refusal| format!("{refusal:?}: {event:?}"))?);
        let changes = market.apply(&event, Moment::default(), &Policy::default(), &mut Vec::new());
        if matches!(event.body, Body::Trade(_)) {
            self.counted += usize::from(matches!(changes.trade, Some(TradeOutcome::Counted(_))));
        }
        if 64 < market.bars_settled() {
            market.forget_bars();
        }
        Ok(())
    }

    /// The venue ends an event: the two books are compared.
    fn end(&mut self) {
        self.ends += 1;
        let [bid, ask] = [Side::Bid, Side::Ask].map(|side| self.best(side));
        if bid.zip(ask).is_some_and(|(bid, ask)| ask.0 < bid.0) {
            self.crossed += 1;
            self.crossed_before_trades += usize::from(!self.has_traded);
        }
        let Some(market) = &self.market else { return };
        let is_same = |ours: Option<(i64, u64)>, best: Option<(i64, i64)>| match ours {
            Some((price, qty)) => best.is_some() && best == at_scales(market, price, qty),
            None => best.is_none(),
        };
        let book = market.book();
        let is_same = is_same(bid, book.best_bid()) && is_same(ask, book.best_ask());
        self.same += usize::from(is_same);
    }

    /// The best price of a side, and all that stands there.
    fn best(&self, side: Side) -> Option<(i64, u64)> {
        let bests = self.orders.values().filter_map(|orders| orders.best(side));
        bests.fold(None, |best, level| match best {
            Some((price, qty)) if price == level.price => Some((price, qty + level.qty)),
            Some((price, _)) if (price < level.price) != (side == Side::Bid) => best,
            _ => Some((level.price, level.qty)),
        })
    }

    fn has_same_levels(&self) -> bool {
        let of = |side| {
            let mut levels: BTreeMap<i64, u64> = BTreeMap::new();
            for level in self.orders.values().flat_map(|orders| orders.levels(side)) {
                *levels.entry(level.price).or_default() += level.qty;
            }
            levels
        };
        let Some(market) = &self.market else { return of(Side::Bid).is_empty() };
        let told = |side: BTreeMap<i64, u64>| -> Option<BTreeMap<i64, i64>> {
            side.into_iter().map(|(price, qty)| at_scales(market, price, qty)).collect()
        };
        let bids = market.book().bids().map(|(at, level)| (at, level.qty)).collect();
        let asks = market.book().asks().map(|(at, level)| (at, level.qty)).collect();
        told(of(Side::Bid)) == Some(bids) && told(of(Side::Ask)) == Some(asks)
    }
}

/// A level of DBN's units in the mantissas of a market; none where it does not fit.
fn at_scales(market: &Market, price: i64, qty: u64) -> Option<(i64, i64)> {
    let price = Decimal::from_mantissa(price, PRICE_EXP).at(market.price_exp())?;
    let qty = Decimal::from_mantissa(i64::try_from(qty).ok()?, 0).at(market.qty_exp())?;
    Some((price, qty))
}
