//! Candles: channel `candles` with a key such as `trade:1m:tBTCUSD`; rows
//! `[time, open, close, high, low, volume]`, newest first, told again with each change.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::super::candle::{Candle, Witness};
use super::super::reading::{Cell, epoch, price, quantity};
use super::super::{Frame, FrameError};
use super::CHANNELS_MAX;
use super::rows::{List, Row, whole};
use crate::domain::market::{Instrument, Nanos, SECOND_NS};
use crate::wire::borrowed;

/// Reads candles of the channels that were subscribed.
#[derive(Default)]
pub(super) struct Candles(BTreeMap<u64, (Instrument, Nanos)>);

#[derive(Deserialize)]
struct Subscribed<'a> {
    #[serde(borrow, default)]
    event: Cell<'a>,
    #[serde(rename = "chanId")]
    id: Option<u64>,
    #[serde(borrow, default)]
    key: Cell<'a>,
}

/// What a key names; none for buckets whose length varies, and for funding.
fn keyed(key: &str) -> Option<(Instrument, Nanos)> {
    let (length, symbol) = key.strip_prefix("trade:")?.split_once(':')?;
    let seconds = match length {
        "1m" => 60,
        "5m" => 300,
        "15m" => 900,
        "30m" => 1_800,
        "1h" => 3_600,
        "3h" => 10_800,
        "6h" => 21_600,
        "12h" => 43_200,
        "1D" => 86_400,
        _ => return None,
    };
    let instrument = Instrument::parse(&format!("BITFINEX:{symbol}")).ok()?;
    symbol.starts_with('t').then_some((instrument, seconds * SECOND_NS))
}

fn candle(row: &Row, length: Nanos) -> Result<Candle, FrameError> {
    let [start, open, close, high, low, volume] = row.0;
    let start = whole(start).ok_or(FrameError::Time("candle"))?;
    Ok(Candle {
        start: epoch("candle", start)?,
        length,
        prices: [price(open)?, price(high)?, price(low)?, price(close)?],
        volume: quantity(volume)?,
        count: None,
        vwap: None,
        fills: None,
        is_running: true,
    })
}

impl Witness for Candles {
    fn take(
        &mut self,
        frame: Frame<'_>,
        out: &mut Vec<(Instrument, Candle)>,
    ) -> Result<(), FrameError> {
        let Frame::Message(text) = frame else { return Ok(()) };
        if text.starts_with('{') {
            let told: Subscribed<'_> = borrowed::from_str(text)?;
            if told.event.0 == "subscribed"
                && let Some(id) = told.id
            {
                // A number means another channel on another connection.
                self.0.remove(&id);
                if let Some(keyed) = keyed(&told.key.0).filter(|_| self.0.len() < CHANNELS_MAX) {
                    self.0.insert(id, keyed);
                }
            }
            return Ok(());
        }
        if self.0.is_empty() {
            return Ok(());
        }
        let List { channel, data, .. } = borrowed::from_str(text)?;
        let Some(((instrument, length), data)) = self.0.get(&channel).zip(data) else {
            return Ok(());
        };
        let candles = data.rows().iter().map(|row| candle(row, *length));
        let mut candles = candles.collect::<Result<Vec<_>, _>>()?;
        candles.sort_by_key(|candle| candle.start);
        out.extend(candles.into_iter().map(|candle| (instrument.clone(), candle)));
        Ok(())
    }
}
