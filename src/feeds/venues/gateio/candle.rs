//! Candles: `spot.candlesticks`, named `1m_BTC_USDT`.
//!
//! `v` is the turnover in the quote, `a` the volume in the base; what is told without `a`, as in
//! 2021, cannot be compared and is passed over. `w` says that a candle is closed. A minute without
//! trades is flat at the close before, with volume 0. Source: "Candlesticks Channel".

use serde::Deserialize;

use super::super::candle::{Candle, Witness};
use super::super::reading::{price, quantity, seconds_of};
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

impl Witness for Candlesticks {
    fn take(
        &mut self,
        frame: Frame<'_>,
        out: &mut Vec<(Instrument, Candle)>,
    ) -> Result<(), FrameError> {
        let Frame::Message(text) = frame else { return Ok(()) };
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
        let instrument = Instrument::parse(&format!("{PREFIX}:{symbol}"))
            .map_err(|_| FrameError::Symbol(symbol.to_owned()))?;
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
