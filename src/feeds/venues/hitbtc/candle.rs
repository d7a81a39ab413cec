//! Candles: `snapshotCandles` and `updateCandles` with `period` (API 2), `candles/…` (API 3).
//!
//! Volume is in the base; a bucket without trades has no candle. The last row of a message may
//! still change. Source: "Subscribe to candles".

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::super::candle::{Candle, Witness};
use super::super::reading::{epoch, price, quantity, rfc3339};
use super::super::{Frame, FrameError};
use super::needed;
use crate::domain::market::{Instrument, Nanos, SECOND_NS};
use crate::wire::borrowed;
use crate::wire::number::DecimalField;

/// Reads the candles of one of the houses.
pub(super) struct Candles {
    prefix: &'static str,
}

#[derive(Deserialize)]
struct Told<'a> {
    #[serde(borrow)]
    method: Option<&'a str>,
    #[serde(borrow)]
    params: Option<Params<'a>>,
    #[serde(borrow)]
    ch: Option<&'a str>,
    #[serde(borrow)]
    snapshot: Option<BTreeMap<&'a str, Vec<Row<'a>>>>,
    #[serde(borrow)]
    update: Option<BTreeMap<&'a str, Vec<Row<'a>>>>,
    id: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Params<'a> {
    symbol: &'a str,
    period: &'a str,
    #[serde(borrow)]
    data: Vec<Row<'a>>,
}

#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    timestamp: Option<&'a str>,
    t: Option<u64>,
    #[serde(alias = "o")]
    open: DecimalField,
    #[serde(alias = "h")]
    max: DecimalField,
    #[serde(alias = "l")]
    min: DecimalField,
    #[serde(alias = "c")]
    close: DecimalField,
    #[serde(alias = "v")]
    volume: DecimalField,
}

/// The length of a period; none for months, which have several.
fn length(period: &str) -> Option<Nanos> {
    let minutes = match period {
        "M1" => 1,
        "M3" => 3,
        "M5" => 5,
        "M15" => 15,
        "M30" => 30,
        "H1" => 60,
        "H4" => 240,
        "D1" => 1_440,
        "D7" => 10_080,
        _ => return None,
    };
    Some(minutes * 60 * SECOND_NS)
}

fn candle(row: &Row<'_>, length: Nanos, is_running: bool) -> Result<Candle, FrameError> {
    let start = match (row.timestamp, row.t) {
        (Some(text), _) => rfc3339("timestamp", text)?,
        (None, value) => epoch("t", needed(value, "no t")?)?,
    };
    Ok(Candle {
        start,
        length,
        prices: [price(row.open)?, price(row.max)?, price(row.min)?, price(row.close)?],
        volume: quantity(row.volume)?,
        count: None,
        vwap: None,
        fills: None,
        is_running,
    })
}

impl Candles {
    /// Of the house with that name in instruments.
    pub fn new(prefix: &'static str) -> Self {
        Self { prefix }
    }

    fn rows(
        &self,
        symbol: &str,
        period: &str,
        rows: &[Row<'_>],
        all: &mut Vec<(Instrument, Candle)>,
    ) -> Result<(), FrameError> {
        let Some(length) = length(period) else { return Ok(()) };
        let instrument = Instrument::parse(&format!("{}:{symbol}", self.prefix))
            .map_err(|_| FrameError::Symbol(symbol.to_owned()))?;
        for (nth, row) in rows.iter().enumerate() {
            all.push((instrument.clone(), candle(row, length, nth + 1 == rows.len())?));
        }
        Ok(())
    }
}

impl Witness for Candles {
    fn take(
        &mut self,
        frame: Frame<'_>,
        out: &mut Vec<(Instrument, Candle)>,
    ) -> Result<(), FrameError> {
        let Frame::Message(text) = frame else { return Ok(()) };
        let is_candle = text.contains("Candles\"") || text.contains("\"candles/");
        // The answer to a subscription names the channel too.
        if !is_candle {
            return Ok(());
        }
        let told: Told<'_> = borrowed::from_str(text)?;
        let mut all = Vec::new();
        if let (Some("snapshotCandles" | "updateCandles"), Some(params)) =
            (told.method, &told.params)
        {
            self.rows(params.symbol, params.period, &params.data, &mut all)?;
        }
        let period = told.ch.and_then(|channel| channel.strip_prefix("candles/"));
        if let (Some(period), None) = (period, told.id) {
            for (symbol, rows) in told.snapshot.iter().chain(&told.update).flatten() {
                self.rows(symbol, period, rows, &mut all)?;
            }
        }
        out.append(&mut all);
        Ok(())
    }
}
