//! Definitions and trading phases: v2's `instrument` channel.
//!
//! `price_increment` and `qty_increment` are steps, not prices; they may be written with an
//! exponent (`1e-08`), which is exact here too. A pair's `status` becomes an action of the
//! contract where one means the same; the others are kept as the venue's text.

use std::borrow::Cow;

use serde::Deserialize;

use super::Pair;
use crate::domain::market::{Body, Definition, Event, Instrument, Nanos};
use crate::feeds::venues::FrameError;
use crate::feeds::venues::reading::Cell;
use crate::feeds::venues::roster::Roster;
use crate::feeds::venues::step::step;
use crate::wire::borrowed::Text;

/// The `data` of the channel; the assets are passed over.
#[derive(Deserialize)]
pub(super) struct Listing<'a> {
    #[serde(borrow, default)]
    pairs: Vec<Told<'a>>,
}

#[derive(Deserialize)]
struct Told<'a> {
    #[serde(borrow)]
    symbol: Cow<'a, str>,
    base: Option<String>,
    quote: Option<String>,
    #[serde(borrow)]
    status: Option<Text<'a>>,
    #[serde(borrow)]
    price_increment: Cell<'a>,
    #[serde(borrow)]
    qty_increment: Cell<'a>,
}

/// The contract's action for a pair's status.
fn action(status: &str) -> &str {
    match status {
        "online" => "trading",
        "cancel_only" => "halt",
        "maintenance" => "suspend",
        "delisted" | "work_in_progress" => "not_available",
        other => other,
    }
}

/// Takes a listing: a definition of each pair, then its phase.
pub(super) fn take(
    roster: &mut Roster<Pair>,
    listing: &Listing<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let mut all = Vec::with_capacity(listing.pairs.len());
    for told in &listing.pairs {
        let definition = Definition {
            tick_size: step("price_increment", &told.price_increment.0)?,
            lot_size: step("qty_increment", &told.qty_increment.0)?,
            base: told.base.clone(),
            quote: told.quote.clone(),
            kind: Some("spot".to_owned()),
            description: None,
        };
        all.push((told, definition));
    }
    roster.check(all.iter().map(|(told, _)| told.symbol.as_ref()))?;
    for (told, definition) in all {
        let listed = roster.get(&told.symbol)?;
        let event = listed.event(None, recv, Body::Instrument(Box::new(definition)));
        out.push((listed.instrument.clone(), event));
        if let Some(status) = &told.status {
            let reason = Some(status.to_string());
            let body = Body::Status { action: action(status).into(), reason };
            out.push((listed.instrument.clone(), listed.event(None, recv, body)));
        }
    }
    Ok(())
}
