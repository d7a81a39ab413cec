//! Candles: REST `/api/v2/ohlc/PAIR/?step=SECONDS`; the last one is still running. A step without
//! trades is flat at the close before, with volume 0. Source: "OHLC data".

use serde::Deserialize;

use super::super::candle::{Candle, Witness};
use super::super::reading::{parameter, price, quantity, seconds_of};
use super::super::{Frame, FrameError};
use super::PREFIX;
use crate::domain::market::{Instrument, Nanos};
use crate::wire::borrowed;
use crate::wire::number::DecimalField;

/// Reads the candles of all pairs.
pub(super) struct Ohlc;

#[derive(Deserialize)]
struct Told<'a> {
    #[serde(borrow)]
    data: Found<'a>,
}

#[derive(Deserialize)]
struct Found<'a> {
    /// `BTC/USD`.
    #[serde(borrow)]
    pair: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    ohlc: Vec<Row<'a>>,
}

#[derive(Deserialize)]
struct Row<'a> {
    timestamp: &'a str,
    open: DecimalField,
    high: DecimalField,
    low: DecimalField,
    close: DecimalField,
    volume: DecimalField,
}

/// The length of the candles: the URL's `step`, else what is between two.
fn length(url: Option<&str>, rows: &[Row<'_>]) -> Result<Option<Nanos>, FrameError> {
    if let Some(step) = url.and_then(|url| parameter(url, "step")) {
        return seconds_of("step", step).map(Some);
    }
    let [first, second, ..] = rows else { return Ok(None) };
    let length =
        seconds_of("timestamp", second.timestamp)? - seconds_of("timestamp", first.timestamp)?;
    if length <= 0 { Err(FrameError::Time("timestamp")) } else { Ok(Some(length)) }
}

impl Witness for Ohlc {
    fn take(
        &mut self,
        frame: Frame<'_>,
        out: &mut Vec<(Instrument, Candle)>,
    ) -> Result<(), FrameError> {
        let Frame::Response { url, body } = frame else { return Ok(()) };
        if !body.contains("\"ohlc\"") {
            return Ok(());
        }
        let Told { data: Found { pair, ohlc } } = borrowed::from_str(body)?;
        let Some(length) = length(url, &ohlc)? else { return Ok(()) };
        let symbol = pair.replace('/', "").to_ascii_lowercase();
        let instrument = Instrument::parse(&format!("{PREFIX}:{symbol}"))
            .map_err(|_| FrameError::Symbol(symbol.clone()))?;
        let mut all = Vec::with_capacity(ohlc.len());
        for (nth, row) in ohlc.iter().enumerate() {
            let candle = Candle {
                start: seconds_of("timestamp", row.timestamp)?,
                length,
                prices: [price(row.open)?, price(row.high)?, price(row.low)?, price(row.close)?],
                volume: quantity(row.volume)?,
                count: None,
                vwap: None,
                fills: None,
                is_running: nth + 1 == ohlc.len(),
            };
            all.push((instrument.clone(), candle));
        }
        out.append(&mut all);
        Ok(())
    }
}
