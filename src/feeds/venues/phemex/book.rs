//! The book: `book` of integers, `orderbook_p` of decimals; `snapshot` or `incremental`.
//!
//! A subscription of 30 levels tells which levels leave them: each has its row of quantity 0, and a
//! book kept by the rows alone never held more than 30, nor differed from the next snapshot. A
//! snapshot comes each 60 s, so what was missed is mended within a minute.

use serde::Deserialize;

use super::super::FrameError;
use super::super::reading::{Levels, nanos_of};
use super::super::roster::Roster;
use super::scale::Scales;
use super::{Kind, Product, Told, needed};
use crate::domain::market::{Body, Event, Instrument, LevelChange, Nanos};

/// Rows of integers, price and quantity.
#[derive(Deserialize)]
pub(super) struct Scaled {
    bids: Vec<(i64, i64)>,
    asks: Vec<(i64, i64)>,
}

/// Rows of decimals as text.
#[derive(Deserialize)]
pub(super) struct Plain {
    bids: Levels,
    asks: Levels,
}

/// Takes a book of integers.
pub(super) fn scaled(
    roster: &mut Roster<Product>,
    told: &Told<'_>,
    Scaled { bids, asks }: Scaled,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    if bids.iter().chain(&asks).any(|(_, qty)| *qty < 0) {
        return Err(FrameError::Value("quantity"));
    }
    let symbol = needed(told.symbol, "no symbol")?;
    give(roster, told, recv, out, |product| {
        let scales = product.scales.unwrap_or_else(|| Scales::usual(symbol));
        [bids, asks].map(|rows| {
            rows.into_iter().map(|(price, qty)| (scales.price(price), scales.qty(qty))).collect()
        })
    })
}

/// Takes a book of decimals.
pub(super) fn plain(
    roster: &mut Roster<Product>,
    told: &Told<'_>,
    Plain { bids, asks }: Plain,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let sides = [bids.changes()?, asks.changes()?];
    give(roster, told, recv, out, |_| sides)
}

fn give(
    roster: &mut Roster<Product>,
    told: &Told<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
    sides: impl FnOnce(&Product) -> [Vec<LevelChange>; 2],
) -> Result<(), FrameError> {
    let is_snapshot = match told.kind {
        Some(Kind::Snapshot) => true,
        Some(Kind::Incremental) => false,
        _ => return Err(FrameError::Shape("neither snapshot nor incremental")),
    };
    let seq = needed(told.sequence, "no sequence")?;
    let at = told.timestamp.map(|at| nanos_of("timestamp", at)).transpose()?;
    let listed = roster.get(needed(told.symbol, "no symbol")?)?;
    let [bids, asks] = sides(&listed.state);
    let body = if is_snapshot {
        Body::BookSnapshot { bids, asks, checksum: None }
    } else {
        Body::BookDelta { bids, asks, checksum: None }
    };
    let event = Event { seq: Some(seq), ..listed.event(at, recv, body) };
    out.push((listed.instrument.clone(), event));
    Ok(())
}
