//! Candles: `candle1m` and the like, rows `[ts, o, h, l, c, vol, volCcy, volCcyQuote, confirm]`.
//!
//! `vol` is in the unit of the trades' `sz`: the base currency, or contracts. `confirm` is `1` for a
//! candle that will not change any more. Source: okx.com/docs-v5, "Candlesticks channel".

use crate::domain::market::{Decimal, Instrument};
use crate::feeds::venues::candle::{Candle, Witness};
use crate::feeds::venues::channel::{self, Item, candle_length, millis};
use crate::feeds::venues::reading::{price, quantity};
use crate::feeds::venues::{Frame, FrameError};
use crate::wire::number::DecimalField;

/// Reads candles of one host.
pub(super) struct Candles {
    prefix: &'static str,
}

impl Candles {
    /// Of the venue with that name in instruments.
    pub fn new(prefix: &'static str) -> Self {
        Self { prefix }
    }
}

impl Witness for Candles {
    fn take(
        &mut self,
        frame: Frame<'_>,
        out: &mut Vec<(Instrument, Candle)>,
    ) -> Result<(), FrameError> {
        let Frame::Message(text) = frame else { return Ok(()) };
        if !text.contains("\"candle") {
            return Ok(());
        }
        let told = channel::read(text, |name| candle_length(name).is_some())?;
        let Some(arg) = told.arg else { return Ok(()) };
        let Some(length) = candle_length(&arg.channel.0) else { return Ok(()) };
        let symbol = &arg.inst_id.0;
        let instrument = Instrument::parse(&format!("{}:{symbol}", self.prefix))
            .map_err(|_| FrameError::Symbol(symbol.to_string()))?;
        for item in &told.data {
            let Item::Row(cells) = item else { return Err(FrameError::Shape("no row")) };
            let number = |at: usize| DecimalField(Decimal::parse(&cells[at].0));
            let candle = Candle {
                start: millis(&cells[0].0)?,
                length,
                prices: [
                    price(number(1))?,
                    price(number(2))?,
                    price(number(3))?,
                    price(number(4))?,
                ],
                volume: quantity(number(5))?,
                count: None,
                vwap: None,
                fills: None,
                is_running: cells[8].0 != "1",
            };
            out.push((instrument.clone(), candle));
        }
        Ok(())
    }
}
