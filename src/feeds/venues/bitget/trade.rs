//! Trades, newest first in a message: v1's rows `[ts, price, size, side]` without id, objects with one
//! in v2 and v3.
//!
//! The first message after a subscription tells earlier trades, which are true ones. Where they have
//! no ids they are counted from 0 within it, so that a trade told again after a reconnection has the
//! id it had; trades of one millisecond that were told in part before may then be counted once too
//! few.

use compact_str::CompactString;

use super::State;
use crate::domain::market::{Aggressor, Body, Decimal, Event, Instrument, Nanos, Trade};
use crate::feeds::venues::FrameError;
use crate::feeds::venues::channel::{Item, moment};
use crate::feeds::venues::reading::{price, trade_id, traded};
use crate::feeds::venues::roster::Listed;
use crate::wire::number::DecimalField;

/// A trade as a frame has it.
pub(super) struct Told {
    at: Nanos,
    /// Empty where the venue sends none.
    id: CompactString,
    price: Decimal,
    qty: Decimal,
    aggressor: Aggressor,
}

impl Told {
    fn check(
        at: Nanos,
        id: &str,
        (at_price, qty): (DecimalField, DecimalField),
        side: &str,
    ) -> Result<Self, FrameError> {
        let aggressor = match side {
            "buy" => Aggressor::Buy,
            "sell" => Aggressor::Sell,
            _ => return Err(FrameError::Value("side")),
        };
        let id = if id.is_empty() { CompactString::default() } else { trade_id(id)? };
        Ok(Self { at, id, price: price(at_price)?, qty: traded(qty)?, aggressor })
    }
}

/// Reads the elements of a trade message; the oldest comes first then.
pub(super) fn read(data: Vec<Item<'_>>) -> Result<Vec<Told>, FrameError> {
    let number = |text: &str| DecimalField(Decimal::parse(text));
    let told = |item: Item<'_>| match item {
        Item::Row([at, price, size, side, ..]) => {
            Told::check(moment(&at.0)?, "", (number(&price.0), number(&size.0)), &side.0)
        }
        Item::Fields(fields) => {
            let at = fields.time()?.ok_or(FrameError::Shape("no ts"))?;
            let price = fields.px.ok_or(FrameError::Shape("no price"))?;
            let size = fields.sz.ok_or(FrameError::Shape("no size"))?;
            Told::check(at, &fields.trade_id.0, (price, size), &fields.side.0)
        }
    };
    data.into_iter().rev().map(told).collect()
}

/// Gives the events of trades; `is_history` where they may have been told before.
pub(super) fn give(
    listed: &mut Listed<State>,
    trades: Vec<Told>,
    is_history: bool,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let nameless = || trades.iter().filter(|told| told.id.is_empty()).map(|told| told.at);
    let prints = &mut listed.state.prints;
    let ids = if is_history {
        prints.ids_again(nameless())
    } else {
        nameless().map(|at| prints.next_id(at)).collect()
    };
    let mut ids = ids.into_iter();
    for told in trades {
        let trade_id = if told.id.is_empty() { ids.next().unwrap_or_default() } else { told.id };
        let trade = Trade {
            trade_id,
            price: told.price,
            qty: told.qty,
            aggressor: Some(told.aggressor),
            count: 1,
            conditions: CompactString::default(),
        };
        let event = listed.event(Some(told.at), recv, Body::Trade(Box::new(trade)));
        out.push((listed.instrument.clone(), event));
    }
    Ok(())
}
