//! The book: rows `[price, count, amount]`. Several are the whole book, one is a change; where bulk
//! updates are on, several behind the whole book are changes too. A count of 0 removes the price,
//! and the sign of the amount tells from which side.

use super::super::FrameError;
use super::super::reading::price;
use super::rows::{Data, Row, whole};
use crate::domain::market::{Body, Decimal, LevelChange};
use crate::wire::number::DecimalField;

fn level(row: &Row) -> Result<(bool, LevelChange), FrameError> {
    let [at, count, amount, ..] = row.0;
    let count = whole(count).ok_or(FrameError::Value("count"))?;
    let (is_bid, qty) = amount_of(amount)?;
    let qty = if count == 0 { Decimal::default() } else { qty };
    Ok((is_bid, (price(at)?, qty)))
}

/// Whether an amount is the buyers', and the quantity it is of; nothing is nobody's.
pub(super) fn amount_of(amount: DecimalField) -> Result<(bool, Decimal), FrameError> {
    let amount = amount.0.map_err(|source| FrameError::Number { field: "quantity", source })?;
    let qty = amount.magnitude().filter(|qty| !qty.is_zero());
    let qty = qty.ok_or(FrameError::Value("quantity"))?;
    Ok((!amount.is_negative(), qty))
}

/// The book or change that data say; `is_change` where rows are changes as one row is.
pub(super) fn read(data: &Data, is_change: bool) -> Result<Body, FrameError> {
    let mut sides = [Vec::new(), Vec::new()];
    for row in data.rows() {
        let (is_bid, level) = level(row)?;
        sides[usize::from(!is_bid)].push(level);
    }
    let [bids, asks] = sides;
    if matches!(data, Data::Many(_)) && !is_change {
        Ok(Body::BookSnapshot { bids, asks, checksum: None })
    } else {
        Ok(Body::BookDelta { bids, asks, checksum: None })
    }
}
