//! Prints. Both protocols name the maker's side, on the WebSocket and by REST, so the other one took.
//! A product's trades are numbered without a gap by `trade_id`.
//!
//! Source: docs.cdp.coinbase.com, "Exchange WebSocket Channels", "Match": "The side field indicates
//! the maker order side"; "Advanced Trade WebSocket Channels", "Market Trades Channel": "a side, which
//! refers to the makers side"; Exchange's "Get product trades": "the maker order side".

use compact_str::{CompactString, ToCompactString};

use super::super::FrameError;
use super::super::reading::{price, traded};
use super::super::roster::Roster;
use super::super::sided;
use super::{Product, Told, needed, time_of};
use crate::domain::market::{Aggressor, Body, Event, Instrument, Nanos, Trade};
use crate::wire::number::DecimalField;

/// A checked print, whose maker bought or sold.
pub(super) fn checked(
    trade_id: CompactString,
    at_price: Option<DecimalField>,
    size: Option<DecimalField>,
    maker_bought: bool,
) -> Result<Trade, FrameError> {
    Ok(Trade {
        trade_id,
        price: price(needed(at_price, "no price")?)?,
        qty: traded(needed(size, "no size")?)?,
        aggressor: Some(if maker_bought { Aggressor::Sell } else { Aggressor::Buy }),
        count: 1,
        conditions: CompactString::default(),
    })
}

/// Takes a `match`.
pub(super) fn print(
    roster: &mut Roster<Product>,
    told: &Told<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let at = time_of("time", told.time.as_ref())?;
    let word = needed(told.side.as_ref(), "no side")?;
    let maker_bought = sided::is_bid(&word.0).ok_or(FrameError::Value("side"))?;
    let trade_id = needed(told.trade_id, "no trade_id")?.to_compact_string();
    let trade = checked(trade_id, told.price, told.size, maker_bought)?;
    let listed = roster.get(&needed(told.product_id.as_ref(), "no product_id")?.0)?;
    let event = listed.event(Some(at), recv, Body::Trade(Box::new(trade)));
    out.push((listed.instrument.clone(), Event { seq: told.sequence, ..event }));
    Ok(())
}
