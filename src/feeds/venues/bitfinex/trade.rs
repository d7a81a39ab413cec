//! Prints: rows `[id, time, ±amount, price]`; positive where the buyer took. The first message of a
//! channel repeats the last ones before the subscription, newest first, with their ids; then each
//! comes as `te`, and again as `tu`.

use compact_str::{CompactString, ToCompactString};

use super::super::FrameError;
use super::super::reading::{epoch, price, traded};
use super::rows::{Data, Row};
use crate::domain::market::{Aggressor, Body, Decimal, Nanos, Trade};
use crate::wire::number::DecimalField;

fn print(row: &Row<'_>) -> Result<(Nanos, Body), FrameError> {
    let [id, at, amount, at_price, ..] = row.0;
    let id: u64 = id.parse().map_err(|_| FrameError::Value("trade id"))?;
    let at: u64 = at.parse().map_err(|_| FrameError::Time("trade time"))?;
    let (aggressor, amount) = match amount.strip_prefix('-') {
        Some(amount) => (Aggressor::Sell, amount),
        None => (Aggressor::Buy, amount),
    };
    let trade = Trade {
        trade_id: id.to_compact_string(),
        price: price(DecimalField(Decimal::parse_scientific(at_price)))?,
        qty: traded(DecimalField(Decimal::parse_scientific(amount)))?,
        aggressor: Some(aggressor),
        count: 1,
        conditions: CompactString::default(),
    };
    Ok((epoch("trade time", at)?, Body::Trade(Box::new(trade))))
}

/// The trades that data say, oldest first.
pub(super) fn read(data: &Data<'_>) -> Result<Vec<(Nanos, Body)>, FrameError> {
    data.rows().iter().rev().map(print).collect()
}
