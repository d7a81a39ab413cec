//! Prints: the data of `trades.…` is a list, oldest first; `direction` is the taker's. The answers to
//! `public/get_last_trades_by_…` hold the same rows under `trades`, newest first unless asked
//! otherwise; they are given by time and number.
//!
//! Conditions: `block` where the trade is part of a block trade, `liquidation` where one was.

use compact_str::CompactString;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::super::FrameError;
use super::super::reading::{Cell, epoch, price, trade_id, traded};
use super::super::roster::Roster;
use super::book::Followed;
use crate::domain::market::{Aggressor, Body, Event, Instrument, Nanos, Trade};
use crate::wire::borrowed;
use crate::wire::number::ScientificField;

#[derive(Deserialize)]
struct Print<'a> {
    #[serde(borrow)]
    trade_id: Cell<'a>,
    trade_seq: Option<u64>,
    timestamp: u64,
    #[serde(borrow)]
    instrument_name: Cell<'a>,
    price: ScientificField,
    amount: ScientificField,
    #[serde(borrow)]
    direction: Cell<'a>,
    block_trade_id: Option<IgnoredAny>,
    liquidation: Option<IgnoredAny>,
}

/// Takes the data of `trades.…`.
pub(super) fn take(
    roster: &mut Roster<Followed>,
    data: &str,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    give(roster, &borrowed::from_str::<Vec<Print<'_>>>(data)?, recv, out)
}

/// Takes the `trades` of an answer, in whichever order they were asked for.
pub(super) fn answer(
    roster: &mut Roster<Followed>,
    trades: &str,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let mut prints: Vec<Print<'_>> = borrowed::from_str(trades)?;
    prints.sort_by_key(|print| (print.timestamp, print.trade_seq));
    give(roster, &prints, recv, out)
}

fn give(
    roster: &mut Roster<Followed>,
    prints: &[Print<'_>],
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let mut given = Vec::with_capacity(prints.len());
    for print in prints {
        let aggressor = match print.direction.0.as_ref() {
            "buy" => Aggressor::Buy,
            "sell" => Aggressor::Sell,
            _ => return Err(FrameError::Value("direction")),
        };
        if print.trade_id.0.is_empty() {
            return Err(FrameError::Shape("no trade_id"));
        }
        let marks = [
            print.block_trade_id.is_some().then_some("block"),
            print.liquidation.is_some().then_some("liquidation"),
        ];
        let marks: Vec<&str> = marks.into_iter().flatten().collect();
        let trade = Trade {
            trade_id: trade_id(&print.trade_id.0)?,
            price: price(print.price.0)?,
            qty: traded(print.amount.0)?,
            aggressor: Some(aggressor),
            count: 1,
            conditions: CompactString::from(marks.join(" ")),
        };
        given.push((print, epoch("timestamp", print.timestamp)?, trade));
    }
    roster.check(prints.iter().map(|print| print.instrument_name.0.as_ref()))?;
    for (print, at, trade) in given {
        let listed = roster.get(&print.instrument_name.0)?;
        let event = listed.event(Some(at), recv, Body::Trade(Box::new(trade)));
        out.push((listed.instrument.clone(), Event { seq: print.trade_seq, ..event }));
    }
    Ok(())
}
