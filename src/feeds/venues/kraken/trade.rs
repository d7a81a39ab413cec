//! Prints. v2 and REST number them; v1 does not, so the adapter does, by the contract's rule:
//! `~<ts_event>.<k>`, where `k` counts the instrument's trades of that nanosecond from 0.

use std::collections::BTreeMap;

use compact_str::{CompactString, ToCompactString, format_compact};

use super::Pair;
use crate::domain::market::{Aggressor, Body, Decimal, Event, Nanos, Trade};
use crate::feeds::venues::FrameError;
use crate::feeds::venues::reading::{price, traded};
use crate::feeds::venues::roster::Listed;
use crate::wire::number::DecimalField;

/// Nanoseconds whose trades are counted; the earliest is forgotten first.
const TIMES_MAX: usize = 1_024;

/// How many trades without id each recent nanosecond had.
#[derive(Debug, Default)]
pub(super) struct Prints(BTreeMap<Nanos, u32>);

impl Prints {
    fn next_id(&mut self, at: Nanos) -> CompactString {
        let count = self.0.entry(at).or_default();
        let id = format_compact!("~{at}.{count}");
        *count = count.saturating_add(1);
        if TIMES_MAX < self.0.len() {
            self.0.pop_first();
        }
        id
    }
}

/// A trade as a frame has it.
#[derive(Debug)]
pub(super) struct Told {
    at: Nanos,
    id: Option<u64>,
    price: Decimal,
    qty: Decimal,
    aggressor: Aggressor,
}

impl Told {
    /// Checks what a frame has; `side` is the taker's (`b`, `buy`, `s`, `sell`).
    pub fn read(
        at: Nanos,
        id: Option<u64>,
        (at_price, qty): (DecimalField, DecimalField),
        side: &str,
    ) -> Result<Self, FrameError> {
        let aggressor = match side {
            "b" | "buy" => Aggressor::Buy,
            "s" | "sell" => Aggressor::Sell,
            _ => return Err(FrameError::Value("side")),
        };
        Ok(Self { at, id, price: price(at_price)?, qty: traded(qty)?, aggressor })
    }
}

/// The event of a trade.
pub(super) fn event(listed: &mut Listed<Pair>, told: &Told, recv: Nanos) -> Event {
    let trade_id = match told.id {
        Some(id) => id.to_compact_string(),
        None => listed.state.prints.next_id(told.at),
    };
    let trade = Trade {
        trade_id,
        price: told.price,
        qty: told.qty,
        aggressor: Some(told.aggressor),
        count: 1,
        conditions: CompactString::default(),
    };
    listed.event(Some(told.at), recv, Body::Trade(Box::new(trade)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trades_without_id_are_counted_within_their_nanosecond() {
        let mut prints = Prints::default();

        assert_eq!([5, 5, 6, 5].map(|at| prints.next_id(at)), ["~5.0", "~5.1", "~6.0", "~5.2"]);
    }
}
