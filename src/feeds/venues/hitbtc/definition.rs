//! Definitions: REST `/public/symbol`, a list (API 2) or an object by symbol (API 3). Other bodies
//! that have not the names of its fields give nothing.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::super::FrameError;
use super::super::roster::Roster;
use super::super::step::step;
use super::book::Followed;
use crate::domain::market::{Body, Definition, Event, Instrument, Nanos};
use crate::wire::borrowed;

/// A symbol of either API; other bodies have other names.
#[derive(Deserialize)]
struct Listed<'a> {
    /// Only in the list: an object has it as key.
    #[serde(borrow)]
    id: Option<&'a str>,
    #[serde(rename = "type")]
    kind: Option<&'a str>,
    #[serde(alias = "baseCurrency")]
    base_currency: Option<&'a str>,
    #[serde(alias = "quoteCurrency")]
    quote_currency: Option<&'a str>,
    underlying: Option<&'a str>,
    #[serde(alias = "tickSize")]
    tick_size: Option<&'a str>,
    #[serde(alias = "quantityIncrement")]
    quantity_increment: Option<&'a str>,
}

/// Takes a body.
pub(super) fn take(
    roster: &mut Roster<Followed>,
    text: &str,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let listing: Vec<(Option<&str>, Listed<'_>)> =
        if let Ok(list) = borrowed::from_str::<Vec<Listed<'_>>>(text) {
            list.into_iter().map(|listed| (listed.id, listed)).collect()
        } else if let Ok(map) = borrowed::from_str::<BTreeMap<&str, Listed<'_>>>(text) {
            map.into_iter().map(|(symbol, listed)| (Some(symbol), listed)).collect()
        } else {
            borrowed::from_str::<IgnoredAny>(text)?;
            return Ok(());
        };
    let mut all = Vec::with_capacity(listing.len());
    for (symbol, listed) in listing {
        let (Some(symbol), Some(tick), Some(lot)) =
            (symbol, listed.tick_size, listed.quantity_increment)
        else {
            continue;
        };
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let definition = Definition {
            tick_size: step("tick_size", tick)?,
            lot_size: step("quantity_increment", lot)?,
            base: owned(listed.base_currency.or(listed.underlying)),
            quote: owned(listed.quote_currency),
            kind: owned(listed.kind),
            description: None,
        };
        all.push((symbol, definition));
    }
    roster.check(all.iter().map(|(symbol, _)| *symbol))?;
    for (symbol, definition) in all {
        let listed = roster.get(symbol)?;
        let event = listed.event(None, recv, Body::Instrument(Box::new(definition)));
        out.push((listed.instrument.clone(), event));
    }
    Ok(())
}
