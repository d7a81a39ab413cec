//! The book: rows `[price, count, amount]`. Several are the whole book, one is a change; a count of
//! 0 removes the price, and the sign of the amount tells from which side.

use super::super::FrameError;
use super::super::reading::{price, quantity};
use super::rows::{Data, Row};
use crate::domain::market::{Body, Decimal, LevelChange};
use crate::wire::number::DecimalField;

fn level(row: &Row<'_>) -> Result<(bool, LevelChange), FrameError> {
    let [at, count, amount, ..] = row.0;
    let count: u64 = count.parse().map_err(|_| FrameError::Value("count"))?;
    let (is_bid, amount) = match amount.strip_prefix('-') {
        Some(amount) => (false, amount),
        None => (true, amount),
    };
    let qty = quantity(DecimalField(Decimal::parse_scientific(amount)))?;
    let qty = if count == 0 { Decimal::default() } else { qty };
    Ok((is_bid, (price(DecimalField(Decimal::parse_scientific(at)))?, qty)))
}

/// The book or change that data say.
pub(super) fn read(data: &Data<'_>) -> Result<Body, FrameError> {
    let mut sides = [Vec::new(), Vec::new()];
    for row in data.rows() {
        let (is_bid, level) = level(row)?;
        sides[usize::from(!is_bid)].push(level);
    }
    let [bids, asks] = sides;
    if matches!(data, Data::Many(_)) {
        Ok(Body::BookSnapshot { bids, asks, checksum: None })
    } else {
        Ok(Body::BookDelta { bids, asks, checksum: None })
    }
}
