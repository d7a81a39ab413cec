//! The book's ten best levels, `orderBook10`: each row holds the whole of a side, `[[price, size], …]`,
//! and both unless one stayed as it was. It would cut a book that is followed by its levels, so it
//! gives nothing while there is one.

use serde::Deserialize;

use super::Contract;
use super::frame::{Action, Told};
use crate::domain::market::{Body, Event, Instrument, LevelChange, Nanos};
use crate::feeds::venues::FrameError;
use crate::feeds::venues::reading::{price, quantity, rfc3339};
use crate::feeds::venues::roster::Roster;
use crate::wire::borrowed::{self, Text};
use crate::wire::number::ScientificField;

/// The most levels of a side that are kept.
const LEVELS_MAX: usize = 64;

/// Bids and asks as last told; none where a side was not told yet.
pub(super) type Sides = [Option<Vec<LevelChange>>; 2];

#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    symbol: Text<'a>,
    bids: Option<Vec<Level>>,
    asks: Option<Vec<Level>>,
    #[serde(borrow)]
    timestamp: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Level(ScientificField, ScientificField);

fn levels(side: Option<&Vec<Level>>) -> Result<Option<Vec<LevelChange>>, FrameError> {
    let Some(side) = side else { return Ok(None) };
    if LEVELS_MAX < side.len() {
        return Err(FrameError::Value("number of levels"));
    }
    let level = |Level(at, size): &Level| Ok((price(at.0)?, quantity(size.0)?));
    side.iter().map(level).collect::<Result<_, _>>().map(Some)
}

/// Takes a frame of the ten best levels.
pub(super) fn take(
    roster: &mut Roster<Contract>,
    told: &Told<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let Some(raw) = told.unread else { return Ok(()) };
    if told.action == Action::Delete {
        return Ok(());
    }
    let rows: Vec<Row<'_>> = borrowed::from_str(raw.get())?;
    let mut all = Vec::with_capacity(rows.len());
    for row in &rows {
        let at = row.timestamp.as_deref().map(|text| rfc3339("timestamp", text)).transpose()?;
        let sides: Sides = [levels(row.bids.as_ref())?, levels(row.asks.as_ref())?];
        all.push((row.symbol.as_ref(), at, sides));
    }
    roster.check(all.iter().map(|(symbol, ..)| *symbol))?;
    for (symbol, at, sides) in all {
        let listed = roster.get(symbol)?;
        for (kept, side) in listed.state.best.iter_mut().zip(sides) {
            *kept = side.or(kept.take());
        }
        if let [Some(bids), Some(asks)] = &listed.state.best
            && !listed.state.ladder.stands()
        {
            let (bids, asks) = (bids.clone(), asks.clone());
            listed.state.ladder.give_way();
            let body = Body::BookSnapshot { bids, asks, checksum: None };
            out.push((listed.instrument.clone(), listed.event(at, recv, body)));
        }
    }
    Ok(())
}
