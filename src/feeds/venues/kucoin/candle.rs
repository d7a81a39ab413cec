//! Candles: `/market/candles:SYMBOL_1min` of the classic WebSocket, rows
//! `[start, open, close, high, low, volume, turnover]` with the time of the message, and `kline` of
//! the newer one, where `S` says that it is closed. Those of the futures' classic WebSocket
//! (`/contractMarket/limitCandle`) are not read: their volume is documented as incorrect.

use std::borrow::Cow;

use serde::Deserialize;

use super::VENUE;
use crate::domain::market::{Instrument, Nanos, SECOND_NS};
use crate::feeds::venues::candle::{Candle, Witness};
use crate::feeds::venues::reading::{Row, price, quantity, seconds_of};
use crate::feeds::venues::{Frame, FrameError};
use crate::wire::borrowed;
use crate::wire::number::DecimalField;

/// Reads candles of all symbols.
pub(super) struct Candles;

#[derive(Deserialize)]
struct Classic<'a> {
    #[serde(borrow)]
    topic: Cow<'a, str>,
    #[serde(borrow)]
    data: Told<'a>,
}

#[derive(Deserialize)]
struct Told<'a> {
    #[serde(borrow)]
    symbol: Cow<'a, str>,
    #[serde(borrow)]
    candles: Row<'a>,
    time: u64,
}

#[derive(Deserialize)]
struct Newer<'a> {
    #[serde(borrow)]
    d: Line<'a>,
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    s: Cow<'a, str>,
    #[serde(rename = "O")]
    start: u64,
    #[serde(rename = "C")]
    end: u64,
    #[serde(rename = "S")]
    is_closed: bool,
    o: DecimalField,
    h: DecimalField,
    l: DecimalField,
    c: DecimalField,
    v: DecimalField,
}

fn instrument(symbol: &str) -> Result<Instrument, FrameError> {
    Instrument::parse(&format!("{}:{symbol}", VENUE.prefix))
        .map_err(|_| FrameError::Symbol(symbol.to_owned()))
}

/// The length that a topic's name ends with, as `1min` and `4hour`; none for weeks and months, whose
/// buckets are not counted from midnight.
fn length_of(topic: &str) -> Option<Nanos> {
    let (_, name) = topic.rsplit_once('_')?;
    let (count, unit) = name.split_at(name.bytes().take_while(u8::is_ascii_digit).count());
    let unit = match unit {
        "min" => 60,
        "hour" => 3_600,
        "day" => 86_400,
        _ => return None,
    };
    let seconds = count.parse::<Nanos>().ok()?.checked_mul(unit)?;
    (0 < seconds && 86_400 % seconds == 0).then_some(seconds * SECOND_NS)
}

fn classic(text: &str, out: &mut Vec<(Instrument, Candle)>) -> Result<(), FrameError> {
    let told: Classic<'_> = borrowed::from_str(text)?;
    let Some(length) = length_of(&told.topic) else { return Ok(()) };
    let row = &told.data.candles;
    let [open, close, high, low] = [1, 2, 3, 4].map(|at| price(row.number(at)));
    let start = seconds_of("candle", row.text(0))?;
    let candle = Candle {
        start,
        length,
        prices: [open?, high?, low?, close?],
        volume: quantity(row.number(5))?,
        count: None,
        vwap: None,
        fills: None,
        // One that is told after its bucket has ended will not change any more.
        is_running: i128::from(told.data.time) < i128::from(start) + i128::from(length),
    };
    out.push((instrument(&told.data.symbol)?, candle));
    Ok(())
}

fn newer(text: &str, out: &mut Vec<(Instrument, Candle)>) -> Result<(), FrameError> {
    let line = borrowed::from_str::<Newer<'_>>(text)?.d;
    let second = |value: u64| seconds_of("candle", &value.to_string());
    let (start, end) = (second(line.start)?, second(line.end)?);
    if end <= start {
        return Err(FrameError::Time("candle"));
    }
    let [open, high, low, close] = [line.o, line.h, line.l, line.c].map(price);
    let candle = Candle {
        start,
        length: end - start,
        prices: [open?, high?, low?, close?],
        volume: quantity(line.v)?,
        count: None,
        vwap: None,
        fills: None,
        is_running: !line.is_closed,
    };
    out.push((instrument(&line.s)?, candle));
    Ok(())
}

impl Witness for Candles {
    fn take(
        &mut self,
        frame: Frame<'_>,
        out: &mut Vec<(Instrument, Candle)>,
    ) -> Result<(), FrameError> {
        match frame {
            Frame::Message(text) if text.contains("\"/market/candles:") => classic(text, out),
            Frame::Message(text) if text.contains("\"kline.") => newer(text, out),
            _ => Ok(()),
        }
    }
}
