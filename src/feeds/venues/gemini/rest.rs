//! Trades by REST: `/v1/trades/SYMBOL`, newest first. The symbol stands in the URL alone, in either
//! case; the instrument is the one of the protocol that is heard, of version 2 before any is.
//!
//! Their `tid` is not the number by which version 2's trades are known here, so where those of a
//! symbol came first, these would count twice, and are passed over. `type` is the taker's side.

use compact_str::{CompactString, ToCompactString};
use serde::Deserialize;

use super::super::FrameError;
use super::super::reading::{Cell, epoch, price, traded};
use super::super::roster::Roster;
use super::{Ids, Symbol, trade};
use crate::domain::market::{Body, Event, Instrument, Nanos, Trade};
use crate::wire::borrowed;
use crate::wire::number::DecimalField;

#[derive(Deserialize)]
struct Row<'a> {
    tid: u64,
    timestampms: u64,
    price: DecimalField,
    amount: DecimalField,
    #[serde(borrow, rename = "type")]
    side: Cell<'a>,
    /// Whether it was taken back; such are told only where they are asked for.
    #[serde(default)]
    broken: bool,
}

impl Row<'_> {
    fn read(&self) -> Result<(Nanos, Trade), FrameError> {
        let at = epoch("timestampms", self.timestampms)?;
        let trade = Trade {
            trade_id: self.tid.to_compact_string(),
            price: price(self.price)?,
            qty: traded(self.amount)?,
            aggressor: trade::aggressor(&self.side.0)?,
            count: 1,
            conditions: CompactString::default(),
        };
        Ok((at, trade))
    }
}

/// The symbol that follows this in a URL's path, as frames write it.
pub(super) fn symbol_in(url: &str, behind: &str, is_small: bool) -> Option<String> {
    let (_, rest) = url.split('?').next()?.split_once(behind)?;
    let symbol = rest.split('/').next().filter(|symbol| !symbol.is_empty())?;
    Some(if is_small { symbol.to_ascii_lowercase() } else { symbol.to_ascii_uppercase() })
}

/// Takes an answer; other than trades give nothing.
pub(super) fn take(
    roster: &mut Roster<Symbol>,
    (url, is_small): (&str, bool),
    text: &str,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let Some(symbol) = symbol_in(url, "/v1/trades/", is_small) else { return Ok(()) };
    if !text.trim_start().starts_with('[') {
        return Ok(());
    }
    let mut rows: Vec<Row<'_>> = borrowed::from_str(text)?;
    rows.retain(|row| !row.broken);
    let mut all = rows.iter().rev().map(Row::read).collect::<Result<Vec<_>, _>>()?;
    all.sort_by_key(|(at, _)| *at);
    let listed = roster.get(&symbol)?;
    if *listed.state.ids.get_or_insert(Ids::Trade) == Ids::Event {
        return Ok(());
    }
    for (at, trade) in all {
        let event = listed.event(Some(at), recv, Body::Trade(Box::new(trade)));
        out.push((listed.instrument.clone(), event));
    }
    Ok(())
}
