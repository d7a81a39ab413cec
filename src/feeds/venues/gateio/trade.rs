//! Prints: `spot.trades` and `spot.trades_v2`, one a message; and lists of REST, newest first unless
//! asked otherwise, with the same ids. `side` is the taker's; `create_time_ms` is milliseconds with a
//! fraction.

use compact_str::{CompactString, ToCompactString};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::super::FrameError;
use super::super::reading::{Cell, TIME_LIMIT, price, trade_id, traded};
use super::super::roster::Roster;
use super::book::Pair;
use super::{Found, needed};
use crate::domain::market::{Aggressor, Body, Event, Instrument, Nanos, Trade};
use crate::wire::borrowed;
use crate::wire::number::DecimalField;

const MILLI_NS: Nanos = 1_000_000;

/// Milliseconds with a fraction, exact; digits beyond nanoseconds are cut.
fn millis(text: &str) -> Option<Nanos> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let mut nanos = whole.parse::<Nanos>().ok()?.checked_mul(MILLI_NS)?;
    let mut unit = MILLI_NS;
    for byte in fraction.bytes().take(6) {
        unit /= 10;
        nanos = nanos.checked_add(Nanos::from(byte - b'0') * unit)?;
    }
    (nanos < TIME_LIMIT).then_some(nanos)
}

fn aggressor(side: Option<&str>) -> Result<Option<Aggressor>, FrameError> {
    match side {
        Some("buy") => Ok(Some(Aggressor::Buy)),
        Some("sell") => Ok(Some(Aggressor::Sell)),
        _ => Err(FrameError::Value("side")),
    }
}

/// Takes a trade.
pub(super) fn take(
    roster: &mut Roster<Pair>,
    found: &Found<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let trade = Trade {
        trade_id: needed(found.id, "no id")?.to_compact_string(),
        price: price(needed(found.price, "no price")?)?,
        qty: traded(needed(found.amount, "no amount")?)?,
        aggressor: aggressor(found.side)?,
        count: 1,
        conditions: CompactString::default(),
    };
    let at = needed(found.create_time_ms, "no create_time_ms")?;
    let at = millis(at).ok_or(FrameError::Time("create_time_ms"))?;
    let listed = roster.get(needed(found.currency_pair, "no currency_pair")?)?;
    let event = listed.event(Some(at), recv, Body::Trade(Box::new(trade)));
    out.push((listed.instrument.clone(), event));
    Ok(())
}

/// A trade of a list.
#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    id: Cell<'a>,
    create_time_ms: &'a str,
    currency_pair: &'a str,
    side: &'a str,
    amount: DecimalField,
    price: DecimalField,
}

impl Row<'_> {
    fn read(&self) -> Result<(&str, Nanos, Trade), FrameError> {
        let trade = Trade {
            trade_id: trade_id(&self.id.0)?,
            price: price(self.price)?,
            qty: traded(self.amount)?,
            aggressor: aggressor(Some(self.side))?,
            count: 1,
            conditions: CompactString::default(),
        };
        let at = millis(self.create_time_ms).ok_or(FrameError::Time("create_time_ms"))?;
        Ok((self.currency_pair, at, trade))
    }
}

/// Takes a list of trades; one of something else gives nothing.
pub(super) fn list(
    roster: &mut Roster<Pair>,
    text: &str,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let Ok(rows) = borrowed::from_str::<Vec<Row<'_>>>(text) else {
        borrowed::from_str::<IgnoredAny>(text)?;
        return Ok(());
    };
    let mut all = rows.iter().rev().map(Row::read).collect::<Result<Vec<_>, _>>()?;
    all.sort_by_key(|(_, at, _)| *at);
    roster.check(all.iter().map(|(symbol, ..)| *symbol))?;
    for (symbol, at, trade) in all {
        let listed = roster.get(symbol)?;
        let event = listed.event(Some(at), recv, Body::Trade(Box::new(trade)));
        out.push((listed.instrument.clone(), event));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_keep_their_fraction() {
        assert_eq!(millis("1619093543708.2642"), Some(1_619_093_543_708_264_200));
        assert_eq!(millis("1619093547003"), Some(1_619_093_547_003_000_000));
        assert_eq!(millis("1.0000019"), Some(1_000_001));
        for text in ["", ".5", "-1", "1e3", "1.x", "99999999999999999999"] {
            assert_eq!(millis(text), None, "{text:?}");
        }
    }
}
