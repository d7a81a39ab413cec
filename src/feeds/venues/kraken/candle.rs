//! Candles: the REST body of `OHLC`, and the `ohlc` channel of WebSocket v2.
//!
//! A minute without trades is flat, with `vwap` 0. `vwap` is cut, not rounded, to the price's
//! decimals. The last row of a REST body is still running; so is what the channel tells until the
//! next bucket's first candle. Source: docs.kraken.com, "Get OHLC Data", "OHLC".

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::candle::{Candle, Witness};
use super::super::reading::{Row, price, quantity, rfc3339, seconds_of};
use super::super::{Frame, FrameError};
use super::rest::pair_name;
use crate::domain::market::{Decimal, Instrument, Nanos, SECOND_NS};
use crate::wire::borrowed;
use crate::wire::number::DecimalField;

/// Reads candles of all pairs.
pub(super) struct Ohlc;

/// A REST body; `last` stands among the pairs.
#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow, default)]
    result: BTreeMap<Cow<'a, str>, &'a RawValue>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow, default)]
    data: Vec<Told<'a>>,
}

#[derive(Deserialize)]
struct Told<'a> {
    #[serde(borrow)]
    symbol: Cow<'a, str>,
    open: DecimalField,
    high: DecimalField,
    low: DecimalField,
    close: DecimalField,
    vwap: DecimalField,
    volume: DecimalField,
    trades: u64,
    #[serde(borrow)]
    interval_begin: Cow<'a, str>,
    interval: u32,
}

fn instrument(symbol: &str) -> Result<Instrument, FrameError> {
    Instrument::parse(&format!("KRAKEN:{symbol}"))
        .map_err(|_| FrameError::Symbol(symbol.to_owned()))
}

/// The length of the buckets: what is between two rows.
fn length(rows: &[Row<'_>]) -> Result<Nanos, FrameError> {
    let [first, second, ..] = rows else { return Ok(60 * SECOND_NS) };
    let length = seconds_of("time", second.text(0))? - seconds_of("time", first.text(0))?;
    if length <= 0 { Err(FrameError::Time("time")) } else { Ok(length) }
}

fn of_row(row: &Row<'_>, length: Nanos, is_running: bool) -> Result<Candle, FrameError> {
    let prices = [1, 2, 3, 4].map(|at| price(row.number(at)));
    let [open, high, low, close] = prices;
    Ok(Candle {
        start: seconds_of("time", row.text(0))?,
        length,
        prices: [open?, high?, low?, close?],
        vwap: Some(price(row.number(5))?),
        volume: quantity(row.number(6))?,
        count: Some(row.text(7).parse().map_err(|_| FrameError::Value("count"))?),
        fills: None,
        is_running,
    })
}

fn body(text: &str, out: &mut Vec<(Instrument, Candle)>) -> Result<(), FrameError> {
    let answer: Answer<'_> = borrowed::from_str(text)?;
    for (name, raw) in answer.result {
        let Ok(rows) = borrowed::from_str::<Vec<Row<'_>>>(raw.get()) else { continue };
        // Trades have the side where candles have the low.
        if rows.first().is_none_or(|row| Decimal::parse(row.text(3)).is_err()) {
            continue;
        }
        let symbol = pair_name(&name).ok_or_else(|| FrameError::Symbol(name.to_string()))?;
        let (instrument, length) = (instrument(&symbol)?, length(&rows)?);
        for (nth, row) in rows.iter().enumerate() {
            out.push((instrument.clone(), of_row(row, length, nth + 1 == rows.len())?));
        }
    }
    Ok(())
}

fn message(text: &str, out: &mut Vec<(Instrument, Candle)>) -> Result<(), FrameError> {
    let message: Message<'_> = borrowed::from_str(text)?;
    for told in message.data {
        let [open, high, low, close] = [told.open, told.high, told.low, told.close].map(price);
        let candle = Candle {
            start: rfc3339("interval_begin", &told.interval_begin)?,
            length: Nanos::from(told.interval) * 60 * SECOND_NS,
            prices: [open?, high?, low?, close?],
            volume: quantity(told.volume)?,
            count: Some(told.trades),
            vwap: Some(price(told.vwap)?),
            fills: None,
            is_running: true,
        };
        out.push((instrument(&told.symbol)?, candle));
    }
    Ok(())
}

impl Witness for Ohlc {
    fn take(
        &mut self,
        frame: Frame<'_>,
        out: &mut Vec<(Instrument, Candle)>,
    ) -> Result<(), FrameError> {
        match frame {
            Frame::Response { body: text, .. } => body(text, out),
            Frame::Message(text) if text.contains(r#""channel":"ohlc""#) => message(text, out),
            _ => Ok(()),
        }
    }
}
