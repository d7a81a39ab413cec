//! Best bid and ask: `bookTicker`. On spot it has no time; a side without quantity is empty.

use std::borrow::Cow;

use serde::Deserialize;

use super::super::FrameError;
use super::super::reading::side;
use super::super::roster::Roster;
use super::depth::Ladder;
use super::time_of;
use crate::domain::market::{Body, Event, Instrument, Nanos};
use crate::wire::number::DecimalField;

/// `bookTicker`.
#[derive(Deserialize)]
pub(super) struct Ticker<'a> {
    #[serde(borrow)]
    s: Cow<'a, str>,
    u: u64,
    #[serde(rename = "E")]
    event_time: Option<u64>,
    #[serde(rename = "T")]
    transaction_time: Option<u64>,
    b: DecimalField,
    #[serde(rename = "B")]
    bid_qty: DecimalField,
    a: DecimalField,
    #[serde(rename = "A")]
    ask_qty: DecimalField,
}

/// Takes a `bookTicker`.
pub(super) fn take(
    roster: &mut Roster<Ladder>,
    ticker: Ticker<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let at = time_of(ticker.transaction_time, ticker.event_time)?;
    let (bid, ask) = (side(ticker.b, ticker.bid_qty)?, side(ticker.a, ticker.ask_qty)?);
    let listed = roster.get(&ticker.s)?;
    let event = listed.event(at, recv, Body::Quote { bid, ask });
    out.push((listed.instrument.clone(), Event { seq: Some(ticker.u), ..event }));
    Ok(())
}
