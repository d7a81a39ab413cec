//! Exchange's book: `snapshot`, and `l2update` with rows `[side, price, quantity]`.
//!
//! Quantities are absolute, zero removes. Neither is numbered; the venue guarantees that all come.
//! `level2` tells each change by itself, `level2_batch` those of 50 ms, in one form.

use serde::Deserialize;

use super::super::FrameError;
use super::super::reading::Cell;
use super::super::roster::{Listed, Roster};
use super::super::sided::Sides;
use super::super::silence::Taken;
use super::numbers::Numbers;
use super::{Product, Told, needed, time_of};
use crate::domain::market::{Body, Event, Instrument, Nanos};

/// How the venue begins an `l2update`.
pub(super) const UPDATE_BEGINS: &str = r#"{"type":"l2update","#;

/// An `l2update`.
#[derive(Deserialize)]
pub(super) struct Update<'a> {
    #[serde(borrow, default)]
    product_id: Option<Cell<'a>>,
    changes: Option<Sides>,
    #[serde(borrow, default)]
    time: Option<Cell<'a>>,
}

impl<'a> From<Told<'a>> for Update<'a> {
    fn from(told: Told<'a>) -> Self {
        Self { product_id: told.product_id, changes: told.changes, time: told.time }
    }
}

/// The time of a book, which some frames do not have.
fn time(told: Option<&Cell<'_>>) -> Result<Option<Nanos>, FrameError> {
    told.map(|time| time_of("time", Some(time))).transpose()
}

/// Takes an `l2update`, which has no time in old frames.
pub(super) fn update(
    roster: &mut Roster<Product>,
    numbers: &Numbers,
    told: Update<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let at = time(told.time.as_ref())?;
    let Sides(sides) = needed(told.changes, "no changes")?;
    let [bids, asks] = sides?;
    let listed = roster.get(&needed(told.product_id, "no product_id")?.0)?;
    let stands = |connection| numbers.stands(connection);
    let taken = listed.state.maker.goes_on(numbers.unnumbered(), recv, stands);
    give(listed, taken, (at, recv), Body::BookDelta { bids, asks, checksum: None }, out);
    Ok(())
}

/// Gives what is taken of a book.
fn give(
    listed: &mut Listed<Product>,
    taken: Taken,
    (at, recv): (Option<Nanos>, Nanos),
    body: Body,
    out: &mut Vec<(Instrument, Event)>,
) {
    if taken == Taken::Anew {
        let event = listed.event(at, recv, Body::Disconnect);
        out.push((listed.instrument.clone(), event));
    }
    if taken != Taken::Passed {
        out.push((listed.instrument.clone(), listed.event(at, recv, body)));
    }
}

/// Takes a `snapshot`, which has a time only in newer frames.
pub(super) fn snapshot(
    roster: &mut Roster<Product>,
    numbers: &Numbers,
    told: Told<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let at = time(told.time.as_ref())?;
    let bids = needed(told.bids, "no bids")?.changes()?;
    let asks = needed(told.asks, "no asks")?.changes()?;
    let listed = roster.get(&needed(told.product_id, "no product_id")?.0)?;
    let taken = listed.state.maker.begins(numbers.unnumbered(), recv);
    give(listed, taken, (at, recv), Body::BookSnapshot { bids, asks, checksum: None }, out);
    Ok(())
}
