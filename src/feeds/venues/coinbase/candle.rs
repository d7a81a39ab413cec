//! Candles: Advanced Trade's `candles` channel, of five minutes, told again with each change. Whether
//! one is whole is not said.

use serde::Deserialize;

use super::super::candle::{Candle, Witness};
use super::super::reading::{Cell, price, quantity, seconds_of};
use super::super::{Frame, FrameError};
use crate::domain::market::{Instrument, Nanos, SECOND_NS};
use crate::wire::borrowed;
use crate::wire::number::DecimalField;

/// The length of the buckets.
const LENGTH: Nanos = 300 * SECOND_NS;

/// Reads candles of all products.
pub(super) struct Candles;

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow, default)]
    events: Vec<Happening<'a>>,
}

#[derive(Deserialize)]
struct Happening<'a> {
    #[serde(borrow, default)]
    candles: Vec<Told<'a>>,
}

#[derive(Deserialize)]
struct Told<'a> {
    #[serde(borrow)]
    start: Cell<'a>,
    #[serde(borrow)]
    product_id: Cell<'a>,
    open: DecimalField,
    high: DecimalField,
    low: DecimalField,
    close: DecimalField,
    volume: DecimalField,
}

impl Witness for Candles {
    fn take(
        &mut self,
        frame: Frame<'_>,
        out: &mut Vec<(Instrument, Candle)>,
    ) -> Result<(), FrameError> {
        let Frame::Message(text) = frame else { return Ok(()) };
        if !text.contains(r#""channel":"candles""#) {
            return Ok(());
        }
        let message: Message<'_> = borrowed::from_str(text)?;
        let mut all = Vec::new();
        for told in message.events.into_iter().flat_map(|happening| happening.candles) {
            let symbol = told.product_id.0;
            let instrument = Instrument::parse(&format!("COINBASE:{symbol}"))
                .map_err(|_| FrameError::Symbol(symbol.chars().take(80).collect()))?;
            let prices = [told.open, told.high, told.low, told.close].map(price);
            let [open, high, low, close] = prices;
            let candle = Candle {
                start: seconds_of("start", &told.start.0)?,
                length: LENGTH,
                prices: [open?, high?, low?, close?],
                volume: quantity(told.volume)?,
                count: None,
                vwap: None,
                fills: None,
                is_running: true,
            };
            all.push((instrument, candle));
        }
        all.sort_by_key(|(_, candle)| candle.start);
        out.append(&mut all);
        Ok(())
    }
}
