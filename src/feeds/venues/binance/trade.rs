//! Prints: `trade` (one fill) and `aggTrade` (the fills of one taker at one price).
//!
//! `m`: the buyer is the maker, so the seller took. An `aggTrade` stands for the fills `f` to `l`.
//! USD-M `trade` messages whose `X` is not `MARKET` (insurance fund, auto-deleveraging, or `NA`
//! with price 0) are no trades of the market: the venue leaves them out of `aggTrade` and candles.

use compact_str::{CompactString, ToCompactString};

use super::super::FrameError;
use super::super::backlog::Backlog;
use super::super::reading::{epoch, price, traded};
use super::super::roster::Roster;
use super::{Slot, Told, needed};
use crate::domain::market::{Aggressor, Body, Event, Instrument, Nanos, Trade};

fn aggressor(buyer_is_maker: bool) -> Option<Aggressor> {
    Some(if buyer_is_maker { Aggressor::Sell } else { Aggressor::Buy })
}

/// Takes a `trade`.
pub(super) fn print(
    roster: &mut Roster<Backlog>,
    told: Told<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    if told.order_type.as_deref().is_some_and(|kind| kind != "MARKET") {
        return Ok(());
    }
    let trade_id = needed(told.trade_id, "no t")?;
    give(roster, told, (trade_id, 1), recv, out)
}

/// Takes an `aggTrade`.
pub(super) fn aggregate(
    roster: &mut Roster<Backlog>,
    told: Told<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let Slot::Id(trade_id) = told.a else { return Err(FrameError::Shape("no a")) };
    let (first, last) = (needed(told.first_fill, "no f")?, needed(told.last_fill, "no l")?);
    let fills = last.checked_sub(first).and_then(|more| more.checked_add(1));
    let count = fills.and_then(|fills| u32::try_from(fills).ok());
    give(roster, told, (trade_id, count.ok_or(FrameError::Value("f to l"))?), recv, out)
}

fn give(
    roster: &mut Roster<Backlog>,
    told: Told<'_>,
    (trade_id, count): (u64, u32),
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let trade = Trade {
        trade_id: trade_id.to_compact_string(),
        price: price(needed(told.price, "no p")?)?,
        qty: traded(needed(told.qty, "no q")?)?,
        aggressor: aggressor(needed(told.buyer_is_maker, "no m")?),
        count,
        conditions: CompactString::default(),
    };
    let at = epoch("T", needed(told.transaction_time, "no T")?)?;
    let listed = roster.get(&needed(told.symbol, "no symbol")?)?;
    let event = listed.event(Some(at), recv, Body::Trade(Box::new(trade)));
    out.push((listed.instrument.clone(), event));
    Ok(())
}
