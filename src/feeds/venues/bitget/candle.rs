//! Candles: `candle1m` and the like, rows `[ts, open, high, low, close, volume, …]`; in v3 `kline` with
//! an `interval`, objects.
//!
//! The first message of a subscription holds the history; its last candle, and every one after, may
//! still change. One that comes again within a later bucket is the same candle, closed.

use serde::Deserialize;

use super::{VENUE, product};
use crate::domain::market::{Decimal, Instrument, Nanos};
use crate::feeds::venues::candle::{Candle, Witness};
use crate::feeds::venues::channel::{self, Arg, Item, Latest, candle_length, interval, moment};
use crate::feeds::venues::reading::{ABSENT, Cell, price, quantity};
use crate::feeds::venues::{Frame, FrameError};
use crate::wire::borrowed;
use crate::wire::number::DecimalField;

/// Reads candles of all pairs.
#[derive(Default)]
pub(super) struct Candles {
    latest: Latest,
}

/// A candle of v3.
#[derive(Deserialize)]
struct Kline<'a> {
    #[serde(borrow)]
    start: Cell<'a>,
    open: DecimalField,
    high: DecimalField,
    low: DecimalField,
    close: DecimalField,
    volume: DecimalField,
}

fn length(arg: &Arg<'_>) -> Option<Nanos> {
    match arg.channel.0.as_ref() {
        "kline" => interval(&arg.interval.0),
        channel => candle_length(channel),
    }
}

fn candle(
    (start, length): (&str, Nanos),
    [open, high, low, close, volume]: [DecimalField; 5],
) -> Result<Candle, FrameError> {
    Ok(Candle {
        start: moment(start)?,
        length,
        prices: [price(open)?, price(high)?, price(low)?, price(close)?],
        volume: quantity(volume)?,
        count: None,
        vwap: None,
        fills: None,
        is_running: false,
    })
}

impl Witness for Candles {
    fn take(
        &mut self,
        frame: Frame<'_>,
        out: &mut Vec<(Instrument, Candle)>,
    ) -> Result<(), FrameError> {
        let Frame::Message(text) = frame else { return Ok(()) };
        if !text.contains("\"candle") && !text.contains("\"kline\"") {
            return Ok(());
        }
        let told = channel::read(text, |name| candle_length(name).is_some())?;
        let Some(arg) = told.arg else { return Ok(()) };
        let Some((length, symbol)) = length(&arg).zip(product::symbol(&arg)) else { return Ok(()) };
        let instrument = Instrument::parse(&format!("{}:{symbol}", VENUE.prefix))
            .map_err(|_| FrameError::Symbol(symbol.to_string()))?;
        let mut candles = Vec::with_capacity(told.data.len());
        for item in &told.data {
            let Item::Row([start, row @ ..]) = item else {
                return Err(FrameError::Shape("no row"));
            };
            let mut numbers = [ABSENT; 5];
            for (number, cell) in numbers.iter_mut().zip(row) {
                *number = DecimalField(Decimal::parse(&cell.0));
            }
            candles.push(candle((&start.0, length), numbers)?);
        }
        if let Some(raw) = told.unread.filter(|_| told.data.is_empty()) {
            for line in borrowed::from_str::<Vec<Kline<'_>>>(raw.get())? {
                let numbers = [line.open, line.high, line.low, line.close, line.volume];
                candles.push(candle((&line.start.0, length), numbers)?);
            }
        }
        let starts = candles.iter().map(|candle| candle.start);
        let latest = self.latest.after((instrument.clone(), length), starts);
        for mut candle in candles {
            candle.is_running = latest.is_none_or(|latest| latest <= candle.start);
            out.push((instrument.clone(), candle));
        }
        Ok(())
    }
}
