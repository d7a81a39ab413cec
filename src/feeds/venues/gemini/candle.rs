//! Candles: `candles_1m_updates` and the like, rows `[time, open, high, low, close, volume]`, newest
//! first, told again with each change. Source: docs.gemini.com, "Candles Data Feed".

use serde::Deserialize;

use super::super::candle::{Candle, Witness};
use super::super::reading::{Cell, epoch, price, quantity};
use super::super::{Frame, FrameError};
use crate::domain::market::{Instrument, Nanos, SECOND_NS};
use crate::wire::borrowed;
use crate::wire::number::ScientificField;

/// Reads candles of all symbols.
pub(super) struct Candles;

#[derive(Deserialize)]
struct Told<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cell<'a>,
    #[serde(borrow)]
    symbol: Cell<'a>,
    changes: Vec<(
        u64,
        ScientificField,
        ScientificField,
        ScientificField,
        ScientificField,
        ScientificField,
    )>,
}

fn length(kind: &str) -> Option<Nanos> {
    let seconds = match kind.strip_prefix("candles_")?.strip_suffix("_updates")? {
        "1m" => 60,
        "5m" => 300,
        "15m" => 900,
        "30m" => 1_800,
        "1h" => 3_600,
        "6h" => 21_600,
        "1d" => 86_400,
        _ => return None,
    };
    Some(seconds * SECOND_NS)
}

impl Witness for Candles {
    fn take(
        &mut self,
        frame: Frame<'_>,
        out: &mut Vec<(Instrument, Candle)>,
    ) -> Result<(), FrameError> {
        let Frame::Message(text) = frame else { return Ok(()) };
        if !text.contains(r#""type":"candles_"#) {
            return Ok(());
        }
        let told: Told<'_> = borrowed::from_str(text)?;
        let symbol = &told.symbol.0;
        let instrument = Instrument::parse(&format!("GEMINI:{symbol}"))
            .map_err(|_| FrameError::Symbol(symbol.chars().take(80).collect()))?;
        let length = length(&told.kind.0).ok_or(FrameError::Shape("no known length"))?;
        let mut candles = Vec::with_capacity(told.changes.len());
        for (start, open, high, low, close, volume) in told.changes {
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
                is_running: true,
            });
        }
        candles.sort_by_key(|candle| candle.start);
        out.extend(candles.into_iter().map(|candle| (instrument.clone(), candle)));
        Ok(())
    }
}
