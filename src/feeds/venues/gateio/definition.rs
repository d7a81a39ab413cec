//! Definitions: REST `/spot/currency_pairs`, whose `precision` and `amount_precision` are decimals.

use serde::Deserialize;

use super::super::FrameError;
use super::super::roster::Roster;
use super::book::Pair;
use crate::domain::market::{Body, Decimal, Definition, Event, Instrument, Nanos};
use crate::wire::borrowed;

/// The most decimals the hub has.
const SCALE_MAX: u8 = 18;

#[derive(Deserialize)]
struct Told<'a> {
    id: &'a str,
    base: &'a str,
    quote: &'a str,
    precision: u8,
    amount_precision: u8,
}

/// Takes a list; false where it is one of something else.
pub(super) fn take(
    roster: &mut Roster<Pair>,
    text: &str,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<bool, FrameError> {
    let Ok(pairs) = borrowed::from_str::<Vec<Told<'_>>>(text) else { return Ok(false) };
    if pairs.iter().any(|pair| SCALE_MAX < pair.precision.max(pair.amount_precision)) {
        return Err(FrameError::Value("precision"));
    }
    roster.check(pairs.iter().map(|pair| pair.id))?;
    for pair in pairs {
        let definition = Definition {
            tick_size: Decimal::from_mantissa(1, pair.precision),
            lot_size: Decimal::from_mantissa(1, pair.amount_precision),
            base: Some(pair.base.to_owned()),
            quote: Some(pair.quote.to_owned()),
            kind: Some("spot".to_owned()),
            description: None,
        };
        let listed = roster.get(pair.id)?;
        let event = listed.event(None, recv, Body::Instrument(Box::new(definition)));
        out.push((listed.instrument.clone(), event));
    }
    Ok(true)
}
