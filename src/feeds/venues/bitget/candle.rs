//! Candles: `candle1m` and the like, rows `[ts, open, high, low, close, volume, …]`.
//!
//! The first message of a subscription holds the history; its last row, and every row after, may
//! still change. One that comes again within a later bucket is the same candle, closed.

use std::collections::BTreeMap;

use super::{VENUE, product};
use crate::domain::market::{Decimal, Instrument, Nanos};
use crate::feeds::venues::candle::{Candle, Witness};
use crate::feeds::venues::channel::{self, Item, candle_length, millis};
use crate::feeds::venues::reading::{price, quantity};
use crate::feeds::venues::roster::INSTRUMENTS_MAX;
use crate::feeds::venues::{Frame, FrameError};
use crate::wire::number::DecimalField;

/// Reads candles of all pairs.
#[derive(Default)]
pub(super) struct Candles {
    /// The latest candle of each instrument and length, which is the running one.
    latest: BTreeMap<(Instrument, Nanos), Nanos>,
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
        let length = candle_length(&arg.channel.0);
        let Some((length, symbol)) = length.zip(product::symbol(&arg)) else { return Ok(()) };
        let instrument = Instrument::parse(&format!("{}:{symbol}", VENUE.prefix))
            .map_err(|_| FrameError::Symbol(symbol.to_string()))?;
        let mut candles = Vec::with_capacity(told.data.len());
        for item in &told.data {
            let Item::Row(cells) = item else { return Err(FrameError::Shape("no row")) };
            let number = |at: usize| DecimalField(Decimal::parse(&cells[at].0));
            candles.push(Candle {
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
                is_running: false,
            });
        }
        let key = (instrument.clone(), length);
        let known = self.latest.get(&key).copied();
        let latest = candles.iter().map(|candle| candle.start).max().max(known);
        if let Some(latest) = latest
            && (known.is_some() || self.latest.len() < INSTRUMENTS_MAX)
        {
            self.latest.insert(key, latest);
        }
        for mut candle in candles {
            candle.is_running = latest.is_none_or(|latest| latest <= candle.start);
            out.push((instrument.clone(), candle));
        }
        Ok(())
    }
}
