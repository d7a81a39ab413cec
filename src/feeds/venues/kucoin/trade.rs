//! Trades: each is a fill; `side` is the taker's, its number that of the change it made.

use compact_str::CompactString;

use super::frame::Told;
use super::state::State;
use crate::domain::market::{Aggressor, Body, Event, Instrument, Nanos, Trade};
use crate::feeds::venues::FrameError;
use crate::feeds::venues::reading::{price, trade_id, traded};
use crate::feeds::venues::roster::Roster;

/// Takes a trade.
pub(super) fn take(
    roster: &mut Roster<State>,
    told: Told<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let data = &told.data;
    let aggressor = match data.side.as_deref() {
        Some(side) if side.eq_ignore_ascii_case("buy") => Aggressor::Buy,
        Some(side) if side.eq_ignore_ascii_case("sell") => Aggressor::Sell,
        _ => return Err(FrameError::Value("side")),
    };
    let at = data.at()?.ok_or(FrameError::Shape("no time"))?;
    let seq = data.sequence.map(|digits| digits.number()).transpose()?;
    let trade = Trade {
        trade_id: trade_id(data.id().ok_or(FrameError::Shape("no tradeId"))?)?,
        price: price(data.price.ok_or(FrameError::Shape("no price"))?.0)?,
        qty: traded(data.size.ok_or(FrameError::Shape("no size"))?.0)?,
        aggressor: Some(aggressor),
        count: 1,
        conditions: CompactString::default(),
    };
    let listed = roster.get(&told.symbol)?;
    let event = listed.event(Some(at), recv, Body::Trade(Box::new(trade)));
    out.push((listed.instrument.clone(), Event { seq, ..event }));
    Ok(())
}
