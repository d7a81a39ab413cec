//! Prints. v2 and REST number them; v1 does not, nor did REST before 2022, so the adapter does.

use compact_str::{CompactString, ToCompactString};

use super::Pair;
use crate::domain::market::{Aggressor, Body, Decimal, Event, Nanos, Trade};
use crate::feeds::venues::FrameError;
use crate::feeds::venues::reading::{price, traded};
use crate::feeds::venues::roster::Listed;
use crate::wire::number::DecimalField;

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
    print(listed, told, trade_id, recv)
}

/// The events of a list of trades that may have been told before: those without id have the ids
/// they had.
pub(super) fn events_again(listed: &mut Listed<Pair>, list: &[Told], recv: Nanos) -> Vec<Event> {
    let times = list.iter().filter(|told| told.id.is_none()).map(|told| told.at);
    let mut ids = listed.state.prints.ids_again(times).into_iter();
    let mut events = Vec::with_capacity(list.len());
    for told in list {
        let id = told.id.map(|id| id.to_compact_string()).or_else(|| ids.next());
        events.extend(id.map(|id| print(listed, told, id, recv)));
    }
    events
}

fn print(listed: &mut Listed<Pair>, told: &Told, trade_id: CompactString, recv: Nanos) -> Event {
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
