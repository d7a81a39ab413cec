//! Trades. `trades` tells the fills of one taker at one price as one, with their `count` and the
//! last one's id; `trades-all`, v3 and REST tell each.

use compact_str::CompactString;

use super::book::Read;
use crate::domain::market::{Aggressor, Body, Trade};
use crate::feeds::venues::FrameError;
use crate::feeds::venues::channel::Fields;
use crate::feeds::venues::reading::{price, trade_id, traded};

/// Reads one element of a trade channel.
pub(super) fn read(fields: Fields<'_>) -> Result<Read, FrameError> {
    let at = fields.time()?.ok_or(FrameError::Shape("no ts"))?;
    if fields.trade_id.0.is_empty() {
        return Err(FrameError::Shape("no tradeId"));
    }
    let aggressor = match fields.side.0.as_ref() {
        "buy" => Aggressor::Buy,
        "sell" => Aggressor::Sell,
        _ => return Err(FrameError::Value("side")),
    };
    let count = match fields.count.0.as_ref() {
        "" => 1,
        digits => digits.parse().map_err(|_| FrameError::Value("count"))?,
    };
    if count == 0 {
        return Err(FrameError::Value("count"));
    }
    let trade = Trade {
        trade_id: trade_id(&fields.trade_id.0)?,
        price: price(fields.px.ok_or(FrameError::Shape("no px"))?)?,
        qty: traded(fields.sz.ok_or(FrameError::Shape("no sz"))?)?,
        aggressor: Some(aggressor),
        count,
        conditions: CompactString::default(),
    };
    Ok((Some(at), [None, None], Body::Trade(Box::new(trade))))
}
