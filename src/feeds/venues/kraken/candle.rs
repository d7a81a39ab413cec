//! Candles: the REST body of `OHLC`, and the `ohlc` channel of WebSocket v1 and v2.
//!
//! A minute without trades is flat, with `vwap` 0. `vwap` is cut, not rounded, to the price's
//! decimals. The last row of a REST body is still running; so is what the channels tell until the
//! next bucket's first candle. v1's are `[channelID, [time, end, open, high, low, close, vwap, volume,
//! count], "ohlc-N", "pair"]`: they tell the end of their N minutes, not the start; `time` is that of
//! the last trade. Arrays without names, from before 30 May 2019, are not read here. Source:
//! docs.kraken.com, "Get OHLC Data", "OHLC".

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::super::candle::{Candle, Witness};
use super::super::reading::{Cell, Row, price, quantity, rfc3339, seconds_of};
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

/// The length of the buckets: the least that is between two rows.
fn length(rows: &[Row<'_>]) -> Result<Nanos, FrameError> {
    let starts = rows.iter().map(|row| seconds_of("time", row.text(0)));
    let starts = starts.collect::<Result<Vec<_>, _>>()?;
    let least = starts.windows(2).map(|two| two[1] - two[0]).min().unwrap_or(60 * SECOND_NS);
    if least <= 0 { Err(FrameError::Time("time")) } else { Ok(least) }
}

/// A candle of a row whose cells from `first` on are open, high, low, close, vwap, volume and count.
fn of_row(
    row: &Row<'_>,
    first: usize,
    (start, length): (Nanos, Nanos),
    is_running: bool,
) -> Result<Candle, FrameError> {
    let [open, high, low, close, vwap] = [0, 1, 2, 3, 4].map(|at| price(row.number(first + at)));
    Ok(Candle {
        start,
        length,
        prices: [open?, high?, low?, close?],
        vwap: Some(vwap?),
        volume: quantity(row.number(first + 5))?,
        count: Some(row.text(first + 6).parse().map_err(|_| FrameError::Value("count"))?),
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
            let start = seconds_of("time", row.text(0))?;
            let candle = of_row(row, 1, (start, length), nth + 1 == rows.len())?;
            out.push((instrument.clone(), candle));
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

/// Takes an array of v1.
fn array(text: &str, out: &mut Vec<(Instrument, Candle)>) -> Result<(), FrameError> {
    let (_, row, Cell(channel), Cell(pair)): (IgnoredAny, Row<'_>, Cell<'_>, Cell<'_>) =
        borrowed::from_str(text)?;
    let Some(minutes) = channel.strip_prefix("ohlc-") else { return Ok(()) };
    let minutes: u32 = minutes.parse().map_err(|_| FrameError::Value("interval"))?;
    let length = Nanos::from(minutes) * 60 * SECOND_NS;
    let start = seconds_of("end", row.text(1))? - length;
    out.push((instrument(&pair)?, of_row(&row, 2, (start, length), true)?));
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
            Frame::Message(text) if text.starts_with('[') && text.contains(r#""ohlc-"#) => {
                array(text, out)
            }
            _ => Ok(()),
        }
    }
}
