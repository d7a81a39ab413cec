//! Prints: `snapshotTrades` and `updateTrades` (API 2), `trades` (API 3). A subscription begins with
//! past trades, true ones. Trades are given in the order of their ids. `side` is the taker's.
//!
//! REST `/public/trades` is an object by symbol; `/public/trades/{symbol}` is a list whose rows name no
//! symbol, so it is taken only with its URL.

use compact_str::{CompactString, ToCompactString};

use super::super::FrameError;
use super::super::reading::{price, traded};
use super::super::roster::Roster;
use super::book::Followed;
use super::needed;
use super::wire::{BySymbol, Entry, Params, Print};
use crate::domain::market::{Aggressor, Body, Event, Instrument, Nanos, Trade};
use crate::wire::borrowed;

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
    roster: &mut Roster<Followed>,
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
    roster: &mut Roster<Followed>,
    params: Params<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let all = read_all(&needed(params.data, "no data")?)?;
    give(roster, needed(params.symbol, "no symbol")?, all, recv, out)
}

/// Takes the trades of several symbols, API 3.
pub(super) fn api3(
    roster: &mut Roster<Followed>,
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

/// The symbol at the end of a URL's path.
fn symbol_in(url: &str) -> Option<&str> {
    let (path, _) = url.split_once('?').unwrap_or((url, ""));
    let (_, symbol) = path.trim_end_matches('/').split_once("/public/trades/")?;
    Some(symbol)
}

/// Takes a REST body.
pub(super) fn response(
    roster: &mut Roster<Followed>,
    url: Option<&str>,
    body: &str,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    if !body.trim_start().starts_with('[') {
        return api3(roster, borrowed::from_str(body)?, recv, out);
    }
    let Some(symbol) = url.and_then(symbol_in) else { return Ok(()) };
    let prints: Vec<Print<'_>> = borrowed::from_str(body)?;
    give(roster, symbol, read_all(&prints)?, recv, out)
}
