//! Trades: each row is a fill, `side` the taker's. Rows without size are prints of an index, whose
//! symbols begin with a point, and no trades. Settlements have the id of zeros; they are numbered
//! here.

use std::collections::BTreeMap;

use compact_str::CompactString;

use super::Contract;
use super::frame::{Action, Row, Told};
use crate::domain::market::{Aggressor, Body, Decimal, Event, Instrument, Nanos, Trade};
use crate::feeds::venues::FrameError;
use crate::feeds::venues::reading::{price, quantity, trade_id};
use crate::feeds::venues::roster::Roster;

/// A row, checked.
struct Print<'a> {
    symbol: &'a str,
    at: Nanos,
    /// None where the venue gave it none.
    id: Option<CompactString>,
    price: Decimal,
    qty: Decimal,
    aggressor: Option<Aggressor>,
}

fn read<'a>(row: &'a Row<'_>) -> Result<Option<Print<'a>>, FrameError> {
    let qty = row.size.map(|number| quantity(number.0)).transpose()?;
    let Some(qty) = qty.filter(|qty| !qty.is_zero()) else { return Ok(None) };
    let aggressor = match row.side.as_deref() {
        Some("Buy") => Some(Aggressor::Buy),
        Some("Sell") => Some(Aggressor::Sell),
        Some("") | None => None,
        Some(_) => return Err(FrameError::Value("side")),
    };
    let id = row.trade_id.as_deref().filter(|id| !id.is_empty());
    let is_zeros = |id: &str| id.bytes().all(|byte| matches!(byte, b'0' | b'-'));
    Ok(Some(Print {
        symbol: &row.symbol,
        at: row.time()?.ok_or(FrameError::Shape("no timestamp"))?,
        id: id.map(trade_id).transpose()?.filter(|id| !is_zeros(id)),
        price: price(row.price.ok_or(FrameError::Shape("no price"))?.0)?,
        qty,
        aggressor,
    }))
}

/// Takes a frame of trades.
pub(super) fn take(
    roster: &mut Roster<Contract>,
    told: &Told<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    if told.action != Action::Insert {
        return Ok(());
    }
    let all = checked(roster, &told.rows)?;
    give(roster, all, recv, out)
}

/// Takes rows that tell again what may have been told before, oldest first: those without id have the
/// ids they had.
pub(super) fn again(
    roster: &mut Roster<Contract>,
    rows: &[Row<'_>],
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let mut all = checked(roster, rows)?;
    let mut times: BTreeMap<&str, Vec<Nanos>> = BTreeMap::new();
    for print in all.iter().filter(|print| print.id.is_none()) {
        times.entry(print.symbol).or_default().push(print.at);
    }
    for (symbol, times) in times {
        let ids = roster.get(symbol)?.state.prints.ids_again(times.into_iter());
        let nameless = |print: &&mut Print<'_>| print.id.is_none() && print.symbol == symbol;
        for (print, id) in all.iter_mut().filter(nameless).zip(ids) {
            print.id = Some(id);
        }
    }
    give(roster, all, recv, out)
}

/// The trades of rows, all of whose symbols can be listed.
fn checked<'a>(
    roster: &Roster<Contract>,
    rows: &'a [Row<'_>],
) -> Result<Vec<Print<'a>>, FrameError> {
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(print) = read(row)? else { continue };
        all.push(print);
    }
    roster.check(all.iter().map(|print| print.symbol))?;
    Ok(all)
}

fn give(
    roster: &mut Roster<Contract>,
    all: Vec<Print<'_>>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    for print in all {
        let listed = roster.get(print.symbol)?;
        let trade_id = match print.id {
            Some(id) => id,
            None => listed.state.prints.next_id(print.at),
        };
        let trade = Trade {
            trade_id,
            price: print.price,
            qty: print.qty,
            aggressor: print.aggressor,
            count: 1,
            conditions: CompactString::default(),
        };
        let event = listed.event(Some(print.at), recv, Body::Trade(Box::new(trade)));
        out.push((listed.instrument.clone(), event));
    }
    Ok(())
}
