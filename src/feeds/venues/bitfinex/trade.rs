//! Prints: rows `[id, time, ±amount, price]`; positive where the buyer took. The first message of a
//! channel repeats the last ones before the subscription, newest first, with their ids; then each
//! comes as `te`, and again as `tu`.

use compact_str::{CompactString, ToCompactString};

use super::super::FrameError;
use super::super::reading::{epoch, price};
use super::book::amount_of;
use super::rows::{Data, Row, whole};
use crate::domain::market::{Aggressor, Body, Nanos, Trade};

fn print(row: &Row) -> Result<(Nanos, Body), FrameError> {
    let [id, at, amount, at_price, ..] = row.0;
    let id = whole(id).ok_or(FrameError::Value("trade id"))?;
    let at = whole(at).ok_or(FrameError::Time("trade time"))?;
    let (buyer_took, qty) = amount_of(amount)?;
    let trade = Trade {
        trade_id: id.to_compact_string(),
        price: price(at_price)?,
        qty,
        aggressor: Some(if buyer_took { Aggressor::Buy } else { Aggressor::Sell }),
        count: 1,
        conditions: CompactString::default(),
    };
    Ok((epoch("trade time", at)?, Body::Trade(Box::new(trade))))
}

/// The trades that data say, oldest first.
pub(super) fn read(data: &Data) -> Result<Vec<(Nanos, Body)>, FrameError> {
    data.rows().iter().rev().map(print).collect()
}
