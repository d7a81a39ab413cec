//! Candles: `spot.candlesticks`, named `1m_BTC_USDT`; and REST's, rows `[start, turnover, close, high,
//! low, open, volume, closed]`, whose pair and interval stand in the URL.
//!
//! `v` is the turnover in the quote, `a` the volume in the base; what is told without `a`, as in
//! 2021, cannot be compared and is passed over. `w` says that a candle is closed. A minute without
//! trades is flat at the close before, with volume 0. Source: "Candlesticks Channel"; of REST "Market
//! K-line chart".

use serde::Deserialize;

use super::super::candle::{Candle, Witness};
use super::super::reading::{Row, parameter, price, quantity, seconds_of};
use super::super::{Frame, FrameError};
use super::PREFIX;
use crate::domain::market::{Instrument, Nanos, SECOND_NS};
use crate::wire::borrowed;
use crate::wire::number::DecimalField;

/// Reads the candles of all pairs.
pub(super) struct Candlesticks;

#[derive(Deserialize)]
struct Told<'a> {
    #[serde(borrow)]
    event: Option<&'a str>,
    #[serde(borrow)]
    result: Option<Bucket<'a>>,
}

#[derive(Deserialize)]
struct Bucket<'a> {
    #[serde(borrow)]
    t: Option<&'a str>,
    n: Option<&'a str>,
    o: Option<DecimalField>,
    h: Option<DecimalField>,
    l: Option<DecimalField>,
    c: Option<DecimalField>,
    a: Option<DecimalField>,
    w: Option<bool>,
}

/// The length of an interval; none for those whose buckets differ in length.
fn length(interval: &str) -> Option<Nanos> {
    let digits = interval.len().checked_sub(1)?;
    let (count, unit) = interval.split_at_checked(digits)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    let count = count.parse::<Nanos>().ok().filter(|count| (1..=60).contains(count))?;
    Some(count * seconds * SECOND_NS)
}

fn named(symbol: &str) -> Result<Instrument, FrameError> {
    Instrument::parse(&format!("{PREFIX}:{symbol}"))
        .map_err(|_| FrameError::Symbol(symbol.chars().take(80).collect()))
}

/// The interval of candles that a URL does not name.
const INTERVAL_UNSAID: &str = "30m";

/// Candles of REST.
fn answered(url: &str, text: &str, out: &mut Vec<(Instrument, Candle)>) -> Result<(), FrameError> {
    let is_asked = url.split('?').next().is_some_and(|path| path.ends_with("/spot/candlesticks"));
    let interval = parameter(url, "interval").unwrap_or(INTERVAL_UNSAID);
    let (true, Some(symbol), Some(length)) = (
        is_asked && text.trim_start().starts_with('['),
        parameter(url, "currency_pair"),
        length(interval),
    ) else {
        return Ok(());
    };
    let instrument = named(symbol)?;
    let rows: Vec<Row<'_>> = borrowed::from_str(text)?;
    let mut all = Vec::with_capacity(rows.len());
    for row in rows.iter().filter(|row| row.cell(6).is_some()) {
        let [open, high, low, close] = [5, 3, 4, 2].map(|at| price(row.number(at)));
        let candle = Candle {
            start: seconds_of("t", row.text(0))?,
            length,
            prices: [open?, high?, low?, close?],
            volume: quantity(row.number(6))?,
            count: None,
            vwap: None,
            fills: None,
            is_running: row.text(7) != "true",
        };
        all.push((instrument.clone(), candle));
    }
    out.append(&mut all);
    Ok(())
}

impl Witness for Candlesticks {
    fn take(
        &mut self,
        frame: Frame<'_>,
        out: &mut Vec<(Instrument, Candle)>,
    ) -> Result<(), FrameError> {
        let text = match frame {
            Frame::Message(text) => text,
            Frame::Response { url: Some(url), body } => return answered(url, body, out),
            _ => return Ok(()),
        };
        if !text.contains("\"spot.candlesticks\"") {
            return Ok(());
        }
        let told: Told<'_> = borrowed::from_str(text)?;
        let (Some("update"), Some(bucket)) = (told.event, told.result) else { return Ok(()) };
        let Bucket { t: Some(t), n: Some(n), o: Some(o), h: Some(h), l: Some(l), c: Some(c), a, w } =
            bucket
        else {
            return Err(FrameError::Shape("no candle"));
        };
        let (interval, symbol) = n.split_once('_').ok_or(FrameError::Value("n"))?;
        let (Some(length), Some(volume)) = (length(interval), a) else { return Ok(()) };
        let instrument = named(symbol)?;
        let candle = Candle {
            start: seconds_of("t", t)?,
            length,
            prices: [price(o)?, price(h)?, price(l)?, price(c)?],
            volume: quantity(volume)?,
            count: None,
            vwap: None,
            fills: None,
            is_running: w != Some(true),
        };
        out.push((instrument, candle));
        Ok(())
    }
}
