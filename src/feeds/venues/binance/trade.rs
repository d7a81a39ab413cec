//! Prints: `trade` (one fill) and `aggTrade` (the fills of one taker at one price).
//!
//! `m`: the buyer is the maker, so the seller took. An `aggTrade` stands for the fills `f` to `l`.
//! USD-M `trade` messages whose `X` is not `MARKET` (insurance fund, auto-deleveraging, or `NA`
//! with price 0) are no trades of the market: the venue leaves them out of `aggTrade` and candles.

use std::borrow::Cow;

use compact_str::{CompactString, ToCompactString};
use serde::Deserialize;

use super::super::FrameError;
use super::super::reading::{epoch, price, traded};
use super::super::roster::Roster;
use super::depth::Ladder;
use crate::domain::market::{Aggressor, Body, Event, Instrument, Nanos, Trade};
use crate::wire::number::DecimalField;

/// What both kinds have.
#[derive(Deserialize)]
pub(super) struct Print<'a> {
    #[serde(borrow)]
    s: Cow<'a, str>,
    t: u64,
    p: DecimalField,
    q: DecimalField,
    #[serde(rename = "T")]
    time: u64,
    m: bool,
    #[serde(borrow, rename = "X")]
    kind: Option<Cow<'a, str>>,
}

/// `aggTrade`.
#[derive(Deserialize)]
pub(super) struct Aggregate<'a> {
    #[serde(borrow)]
    s: Cow<'a, str>,
    a: u64,
    p: DecimalField,
    q: DecimalField,
    f: u64,
    l: u64,
    #[serde(rename = "T")]
    time: u64,
    m: bool,
}

fn aggressor(buyer_is_maker: bool) -> Option<Aggressor> {
    Some(if buyer_is_maker { Aggressor::Sell } else { Aggressor::Buy })
}

/// Takes a `trade`.
pub(super) fn print(
    roster: &mut Roster<Ladder>,
    print: Print<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    if print.kind.is_some_and(|kind| kind != "MARKET") {
        return Ok(());
    }
    let trade = Trade {
        trade_id: print.t.to_compact_string(),
        price: price(print.p)?,
        qty: traded(print.q)?,
        aggressor: aggressor(print.m),
        count: 1,
        conditions: CompactString::default(),
    };
    give(roster, &print.s, (trade, print.time), recv, out)
}

/// Takes an `aggTrade`.
pub(super) fn aggregate(
    roster: &mut Roster<Ladder>,
    print: Aggregate<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let fills = print.l.checked_sub(print.f).and_then(|more| more.checked_add(1));
    let trade = Trade {
        trade_id: print.a.to_compact_string(),
        price: price(print.p)?,
        qty: traded(print.q)?,
        aggressor: aggressor(print.m),
        count: fills
            .and_then(|fills| u32::try_from(fills).ok())
            .ok_or(FrameError::Value("f to l"))?,
        conditions: CompactString::default(),
    };
    give(roster, &print.s, (trade, print.time), recv, out)
}

fn give(
    roster: &mut Roster<Ladder>,
    symbol: &str,
    (trade, time): (Trade, u64),
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let at = epoch("T", time)?;
    let listed = roster.get(symbol)?;
    let event = listed.event(Some(at), recv, Body::Trade(Box::new(trade)));
    out.push((listed.instrument.clone(), event));
    Ok(())
}
