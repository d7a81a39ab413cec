//! Prints: `snapshotTrades` and `updateTrades` (API 2), `trades` (API 3). A subscription begins with
//! past trades, true ones. Trades are given in the order of their ids. `side` is the taker's.

use compact_str::{CompactString, ToCompactString};

use super::super::FrameError;
use super::super::reading::{price, traded};
use super::super::roster::Roster;
use super::needed;
use super::wire::{BySymbol, Entry, Params, Print};
use crate::domain::market::{Aggressor, Body, Event, Instrument, Nanos, Trade};

/// A trade that was checked, with its id and time.
type Read = (u64, Nanos, Trade);

fn read(print: &Print<'_>) -> Result<Read, FrameError> {
    let id = needed(print.id, "no id")?;
    let trade = Trade {
        trade_id: id.to_compact_string(),
        price: price(needed(print.price, "no price")?)?,
        qty: traded(needed(print.quantity, "no quantity")?)?,
        aggressor: match print.side {
            Some("buy") => Some(Aggressor::Buy),
            Some("sell") => Some(Aggressor::Sell),
            _ => return Err(FrameError::Value("side")),
        },
        count: 1,
        conditions: CompactString::default(),
    };
    Ok((id, print.time()?, trade))
}

fn read_all(prints: &[Print<'_>]) -> Result<Vec<Read>, FrameError> {
    let mut all: Vec<Read> = prints.iter().map(read).collect::<Result<_, _>>()?;
    all.sort_by_key(|(id, ..)| *id);
    Ok(all)
}

fn give(
    roster: &mut Roster<()>,
    symbol: &str,
    all: Vec<Read>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let listed = roster.get(symbol)?;
    for (_, at, trade) in all {
        let event = listed.event(Some(at), recv, Body::Trade(Box::new(trade)));
        out.push((listed.instrument.clone(), event));
    }
    Ok(())
}

/// Takes the trades of one symbol, API 2.
pub(super) fn api2(
    roster: &mut Roster<()>,
    params: Params<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let all = read_all(&needed(params.data, "no data")?)?;
    give(roster, needed(params.symbol, "no symbol")?, all, recv, out)
}

/// Takes the trades of several symbols, API 3.
pub(super) fn api3(
    roster: &mut Roster<()>,
    BySymbol(rows): BySymbol<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let mut all = Vec::with_capacity(rows.len());
    for (symbol, entry) in &rows {
        let Entry::Prints(prints) = entry else { return Err(FrameError::Shape("no trades")) };
        all.push((*symbol, read_all(prints)?));
    }
    roster.check(all.iter().map(|(symbol, _)| *symbol))?;
    for (symbol, read) in all {
        give(roster, symbol, read, recv, out)?;
    }
    Ok(())
}
