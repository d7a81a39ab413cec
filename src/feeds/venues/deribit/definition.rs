//! Definitions: the answer to `public/get_instruments` over HTTP.

use serde::Deserialize;

use super::super::FrameError;
use super::super::reading::Cell;
use super::super::roster::Roster;
use super::book::Followed;
use crate::domain::market::{Body, Decimal, Definition, Event, Instrument, Nanos};
use crate::wire::borrowed::{self, Text};
use crate::wire::number::ScientificField;

#[derive(Deserialize)]
struct Listing<'a> {
    #[serde(borrow)]
    instrument_name: Cell<'a>,
    tick_size: ScientificField,
    min_trade_amount: ScientificField,
    #[serde(borrow, default)]
    base_currency: Option<Text<'a>>,
    #[serde(borrow, default)]
    quote_currency: Option<Text<'a>>,
    #[serde(borrow, default)]
    kind: Option<Text<'a>>,
}

fn step(
    field: &'static str,
    ScientificField(number): ScientificField,
) -> Result<Decimal, FrameError> {
    let step = number.0.map_err(|source| FrameError::Number { field, source })?;
    if step.is_zero() || step.is_negative() { Err(FrameError::Value(field)) } else { Ok(step) }
}

/// Takes a list that answers a request: of instruments, else nothing.
pub(super) fn take(
    roster: &mut Roster<Followed>,
    result: &str,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    if !result.contains("\"tick_size\"") {
        return Ok(());
    }
    let listings: Vec<Listing<'_>> = borrowed::from_str(result)?;
    let mut given = Vec::with_capacity(listings.len());
    for told in &listings {
        let text = |text: &Option<Text<'_>>| text.as_ref().map(|text| text.to_string());
        let definition = Definition {
            tick_size: step("tick_size", told.tick_size)?,
            lot_size: step("min_trade_amount", told.min_trade_amount)?,
            base: text(&told.base_currency),
            quote: text(&told.quote_currency),
            kind: text(&told.kind),
            description: None,
        };
        given.push((&told.instrument_name.0, definition));
    }
    roster.check(listings.iter().map(|told| told.instrument_name.0.as_ref()))?;
    for (symbol, definition) in given {
        let listed = roster.get(symbol)?;
        let event = listed.event(None, recv, Body::Instrument(Box::new(definition)));
        out.push((listed.instrument.clone(), event));
    }
    Ok(())
}
