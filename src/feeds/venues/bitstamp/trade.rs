//! Prints: `live_trades`. `type` is the taker's side, 0 a buy, 1 a sell; the numbers are those with
//! the venue's decimals, `price_str` and `amount_str`.

use compact_str::{CompactString, ToCompactString};

use super::super::FrameError;
use super::super::reading::{price, traded};
use super::super::roster::Roster;
use super::{Data, Pair, needed};
use crate::domain::market::{Aggressor, Body, Event, Instrument, Nanos, Trade};

/// Takes a trade.
pub(super) fn take(
    roster: &mut Roster<Pair>,
    symbol: &str,
    data: &Data<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let trade = Trade {
        trade_id: needed(data.id, "no id")?.to_compact_string(),
        price: price(needed(data.price_str, "no price_str")?)?,
        qty: traded(needed(data.amount_str, "no amount_str")?)?,
        aggressor: match data.kind {
            Some(0) => Some(Aggressor::Buy),
            Some(1) => Some(Aggressor::Sell),
            _ => return Err(FrameError::Value("type")),
        },
        count: 1,
        conditions: CompactString::default(),
    };
    let (_, at) = data.time()?;
    let listed = roster.get(symbol)?;
    let event = listed.event(Some(at), recv, Body::Trade(Box::new(trade)));
    out.push((listed.instrument.clone(), event));
    Ok(())
}
