//! Candles: `candles_1m_updates` and the like, rows `[time, open, high, low, close, volume]`, newest
//! first, told again with each change; and REST's `/v2/candles/SYMBOL/1m`, the same rows, of which the
//! newest is still running. Source: developer.gemini.com, "Candles Data Feed", "Candles".

use serde::Deserialize;

use super::super::candle::{Candle, Witness};
use super::super::reading::{Cell, epoch, price, quantity};
use super::super::{Frame, FrameError};
use super::rest::symbol_in;
use crate::domain::market::{Instrument, Nanos, SECOND_NS};
use crate::wire::borrowed;
use crate::wire::number::ScientificField;

/// How frames begin that write symbols in small letters.
const SMALL_BEGIN: [&str; 3] = [r#"{"e":"#, r#"{"E":"#, r#"{"u":"#];

/// Reads candles of all symbols.
#[derive(Default)]
pub(super) struct Candles {
    is_small: bool,
}

/// The start in milliseconds, open, high, low, close and volume.
type Row =
    (u64, ScientificField, ScientificField, ScientificField, ScientificField, ScientificField);

#[derive(Deserialize)]
struct Told<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cell<'a>,
    #[serde(borrow)]
    symbol: Cell<'a>,
    changes: Vec<Row>,
}

/// The length that a channel or a URL names.
fn length(name: &str) -> Option<Nanos> {
    let seconds = match name {
        "1m" => 60,
        "5m" => 300,
        "15m" => 900,
        "30m" => 1_800,
        "1h" | "1hr" => 3_600,
        "6h" | "6hr" => 21_600,
        "1d" | "1day" => 86_400,
        _ => return None,
    };
    Some(seconds * SECOND_NS)
}

/// Gives rows, oldest first.
fn give(
    symbol: &str,
    (length, only_newest_runs): (Nanos, bool),
    rows: Vec<Row>,
    out: &mut Vec<(Instrument, Candle)>,
) -> Result<(), FrameError> {
    let instrument = Instrument::parse(&format!("GEMINI:{symbol}"))
        .map_err(|_| FrameError::Symbol(symbol.chars().take(80).collect()))?;
    let mut candles = Vec::with_capacity(rows.len());
    for (nth, (start, open, high, low, close, volume)) in rows.into_iter().enumerate() {
        let prices = [open, high, low, close].map(|ScientificField(at)| price(at));
        let [open, high, low, close] = prices;
        candles.push(Candle {
            start: epoch("time", start)?,
            length,
            prices: [open?, high?, low?, close?],
            volume: quantity(volume.0)?,
            count: None,
            vwap: None,
            fills: None,
            is_running: nth == 0 || !only_newest_runs,
        });
    }
    candles.sort_by_key(|candle| candle.start);
    out.extend(candles.into_iter().map(|candle| (instrument.clone(), candle)));
    Ok(())
}

impl Candles {
    fn answered(
        &self,
        url: &str,
        text: &str,
        out: &mut Vec<(Instrument, Candle)>,
    ) -> Result<(), FrameError> {
        let Some(symbol) = symbol_in(url, "/candles/", self.is_small) else { return Ok(()) };
        let path = url.split('?').next().unwrap_or_default().trim_end_matches('/');
        let named = path.rsplit_once('/').and_then(|(_, name)| length(name));
        let (Some(length), true) = (named, text.trim_start().starts_with('[')) else {
            return Ok(());
        };
        give(&symbol, (length, true), borrowed::from_str(text)?, out)
    }
}

impl Witness for Candles {
    fn take(
        &mut self,
        frame: Frame<'_>,
        out: &mut Vec<(Instrument, Candle)>,
    ) -> Result<(), FrameError> {
        let text = match frame {
            Frame::Message(text) => text,
            Frame::Response { url: Some(url), body } => return self.answered(url, body, out),
            _ => return Ok(()),
        };
        if !text.contains(r#""type":"candles_"#) {
            self.is_small |= SMALL_BEGIN.iter().any(|begin| text.starts_with(begin));
            return Ok(());
        }
        let told: Told<'_> = borrowed::from_str(text)?;
        let named = told.kind.0.strip_prefix("candles_");
        let named = named.and_then(|rest| length(rest.strip_suffix("_updates")?));
        let length = named.ok_or(FrameError::Shape("no known length"))?;
        give(&told.symbol.0, (length, false), told.changes, out)
    }
}
