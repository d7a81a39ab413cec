//! The book: `l2_updates` with rows `[side, price, quantity]`, absolute, zero removes. The one with
//! `trades` is the whole book.

use super::super::FrameError;
use super::super::roster::Roster;
use super::super::sided::Sides;
use super::{Symbol, Told, trade};
use crate::domain::market::{Body, Event, Instrument, Nanos};

/// Takes an `l2_updates`.
pub(super) fn take(
    roster: &mut Roster<Symbol>,
    told: Told<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let Sides(sides) = told.changes.ok_or(FrameError::Shape("no changes"))?;
    let [bids, asks] = sides?;
    let history = told.trades.as_deref().map(trade::history).transpose()?;
    let listed = roster.get(&told.symbol.0)?;
    let body = if history.is_some() {
        Body::BookSnapshot { bids, asks, checksum: None }
    } else {
        Body::BookDelta { bids, asks, checksum: None }
    };
    for print in history.unwrap_or_default() {
        trade::give(listed, print, recv, out);
    }
    out.push((listed.instrument.clone(), listed.event(None, recv, body)));
    Ok(())
}
