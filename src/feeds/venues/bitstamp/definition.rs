//! Definitions: REST `/api/v2/trading-pairs-info/`, whose `base_decimals` and `counter_decimals` are
//! those of quantities and prices. Other lists give nothing.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::super::FrameError;
use super::super::roster::Roster;
use super::Pair;
use crate::domain::market::{Body, Decimal, Definition, Event, Instrument, Nanos};
use crate::wire::borrowed;

/// The most decimals the hub has.
const SCALE_MAX: u8 = 18;

#[derive(Deserialize)]
struct Listed<'a> {
    /// `BTC/USD`.
    name: &'a str,
    url_symbol: &'a str,
    base_decimals: u8,
    counter_decimals: u8,
}

/// Takes a list.
pub(super) fn take(
    roster: &mut Roster<Pair>,
    text: &str,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let Ok(pairs) = borrowed::from_str::<Vec<Listed<'_>>>(text) else {
        borrowed::from_str::<IgnoredAny>(text)?;
        return Ok(());
    };
    if pairs.iter().any(|pair| SCALE_MAX < pair.base_decimals.max(pair.counter_decimals)) {
        return Err(FrameError::Value("decimals"));
    }
    roster.check(pairs.iter().map(|pair| pair.url_symbol))?;
    for pair in pairs {
        let (base, quote) = pair.name.split_once('/').unzip();
        let definition = Definition {
            tick_size: Decimal::from_mantissa(1, pair.counter_decimals),
            lot_size: Decimal::from_mantissa(1, pair.base_decimals),
            base: base.map(str::to_owned),
            quote: quote.map(str::to_owned),
            kind: None,
            description: None,
        };
        let listed = roster.get(pair.url_symbol)?;
        let event = listed.event(None, recv, Body::Instrument(Box::new(definition)));
        out.push((listed.instrument.clone(), event));
    }
    Ok(())
}
