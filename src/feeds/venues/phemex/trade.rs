//! Prints: `trades` of integers, `trades_p` of decimals; rows `[time, side, price, quantity]`, newest
//! first. A subscription begins with a `snapshot` of past trades, true ones.
//!
//! Trades have no ids, so the adapter counts them within their nanosecond, and begins to count anew
//! with each snapshot: a trade that is told again after a reconnect gets the id it had. Equal times
//! keep the reversed order. `side` is the taker's.

use compact_str::CompactString;
use serde::Deserialize;

use super::super::FrameError;
use super::super::reading::{nanos_of, price, traded};
use super::super::roster::Roster;
use super::scale::Scales;
use super::{Kind, Product, Told, needed};
use crate::domain::market::{Aggressor, Body, Decimal, Event, Instrument, Nanos, Trade};
use crate::wire::number::DecimalField;

/// A row of integers.
#[derive(Deserialize)]
pub(super) struct Scaled(u64, Side, i64, i64);

/// A row of decimals as text.
#[derive(Deserialize)]
pub(super) struct Plain(u64, Side, DecimalField, DecimalField);

#[derive(Clone, Copy, Deserialize)]
enum Side {
    Buy,
    Sell,
}

/// A row that was checked.
struct Fill<N> {
    at: Nanos,
    side: Side,
    price: N,
    qty: N,
}

/// Takes trades of integers.
pub(super) fn scaled(
    roster: &mut Roster<Product>,
    told: &Told<'_>,
    rows: Vec<Scaled>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let symbol = needed(told.symbol, "no symbol")?;
    let mut fills = Vec::with_capacity(rows.len());
    for Scaled(at, side, price, qty) in rows {
        if qty <= 0 {
            return Err(FrameError::Value("quantity"));
        }
        fills.push(Fill { at: nanos_of("trade time", at)?, side, price, qty });
    }
    give(roster, told, fills, recv, out, |product, price, qty| {
        let scales = product.scales.unwrap_or_else(|| Scales::usual(symbol));
        (scales.price(price), scales.qty(qty))
    })
}

/// Takes trades of decimals.
pub(super) fn plain(
    roster: &mut Roster<Product>,
    told: &Told<'_>,
    rows: Vec<Plain>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let mut fills = Vec::with_capacity(rows.len());
    for Plain(at, side, at_price, qty) in rows {
        let at = nanos_of("trade time", at)?;
        fills.push(Fill { at, side, price: price(at_price)?, qty: traded(qty)? });
    }
    give(roster, told, fills, recv, out, |_, price, qty| (price, qty))
}

fn give<N>(
    roster: &mut Roster<Product>,
    told: &Told<'_>,
    fills: Vec<Fill<N>>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
    numbers: impl Fn(&Product, N, N) -> (Decimal, Decimal),
) -> Result<(), FrameError> {
    let listed = roster.get(needed(told.symbol, "no symbol")?)?;
    let times = fills.iter().rev().map(|fill| fill.at);
    let prints = &mut listed.state.prints;
    let ids = if told.kind == Some(Kind::Snapshot) {
        // A snapshot tells again what may have been told before.
        prints.ids_again(times)
    } else {
        times.map(|at| prints.next_id(at)).collect()
    };
    for (Fill { at, side, price, qty }, trade_id) in fills.into_iter().rev().zip(ids) {
        let (price, qty) = numbers(&listed.state, price, qty);
        let trade = Trade {
            trade_id,
            price,
            qty,
            aggressor: Some(match side {
                Side::Buy => Aggressor::Buy,
                Side::Sell => Aggressor::Sell,
            }),
            count: 1,
            conditions: CompactString::default(),
        };
        let event = listed.event(Some(at), recv, Body::Trade(Box::new(trade)));
        out.push((listed.instrument.clone(), event));
    }
    Ok(())
}
