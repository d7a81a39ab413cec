//! Candles: `candle1m` and the like, rows `[ts, o, h, l, c, vol, volCcy, volCcyQuote, confirm]`.
//!
//! `vol` is in the unit of the trades' `sz`: the base currency, or contracts. `confirm` is `1` for a
//! candle that will not change any more; before 2022 rows ended before it, in v3 too, and the latest
//! candle was the one that may change. Buckets of more than four hours begin at UTC+8, except where
//! the channel's name says `utc`; those are left out. Source: okx.com/docs-v5, "Candlesticks channel".

use std::iter;

use super::v3;
use crate::domain::market::{Decimal, Instrument, Nanos};
use crate::feeds::venues::candle::{Candle, Witness};
use crate::feeds::venues::channel::{self, Item, Latest, candle_length, moment};
use crate::feeds::venues::reading::{price, quantity};
use crate::feeds::venues::{Frame, FrameError};
use crate::wire::borrowed;
use crate::wire::number::DecimalField;

/// Where a row says whether it is closed.
const CONFIRM: usize = 8;

/// Reads candles of one host.
pub(super) struct Candles {
    prefix: &'static str,
    latest: Latest,
}

impl Candles {
    /// Of the venue with that name in instruments.
    pub fn new(prefix: &'static str) -> Self {
        Self { prefix, latest: Latest::default() }
    }

    fn instrument(&self, symbol: &str) -> Result<Instrument, FrameError> {
        Instrument::parse(&format!("{}:{symbol}", self.prefix))
            .map_err(|_| FrameError::Symbol(symbol.to_owned()))
    }

    /// Appends the candles of one message.
    fn give(
        &mut self,
        all: Vec<(Instrument, Candle, Closed)>,
        out: &mut Vec<(Instrument, Candle)>,
    ) {
        let key = |instrument: &Instrument, candle: &Candle| (instrument.clone(), candle.length);
        for (instrument, candle, _) in &all {
            self.latest.after(key(instrument, candle), iter::once(candle.start));
        }
        for (instrument, mut candle, closed) in all {
            let latest = self.latest.after(key(&instrument, &candle), iter::empty());
            candle.is_running = match closed {
                Closed::Said(is_closed) => !is_closed,
                Closed::Unsaid => latest.is_none_or(|latest| latest <= candle.start),
            };
            out.push((instrument, candle));
        }
    }
}

/// Whether a row says that its candle is closed.
enum Closed {
    Said(bool),
    Unsaid,
}

/// Reads a row; `confirm` is empty where there is none.
fn candle<'c>(
    length: Nanos,
    cell: impl Fn(usize) -> &'c str,
) -> Result<(Candle, Closed), FrameError> {
    let number = |at: usize| DecimalField(Decimal::parse(cell(at)));
    let candle = Candle {
        start: moment(cell(0))?,
        length,
        prices: [price(number(1))?, price(number(2))?, price(number(3))?, price(number(4))?],
        volume: quantity(number(5))?,
        count: None,
        vwap: None,
        fills: None,
        is_running: true,
    };
    let closed = match cell(CONFIRM) {
        "" => Closed::Unsaid,
        word => Closed::Said(word == "1"),
    };
    Ok((candle, closed))
}

impl Witness for Candles {
    fn take(
        &mut self,
        frame: Frame<'_>,
        out: &mut Vec<(Instrument, Candle)>,
    ) -> Result<(), FrameError> {
        let Frame::Message(text) = frame else { return Ok(()) };
        if !text.contains("\"candle") && !text.contains("/candle") {
            return Ok(());
        }
        let told = channel::read(text, |name| candle_length(name).is_some())?;
        let mut all = Vec::with_capacity(told.data.len());
        let keep = |instrument: Instrument, (candle, closed): (Candle, Closed)| {
            (candle.start % candle.length == 0).then_some((instrument, candle, closed))
        };
        if let Some(arg) = told.arg {
            let Some(length) = candle_length(&arg.channel.0) else { return Ok(()) };
            let instrument = self.instrument(&arg.inst_id.0)?;
            for item in &told.data {
                let Item::Row(cells) = item else { return Err(FrameError::Shape("no row")) };
                all.extend(keep(instrument.clone(), candle(length, |at| cells[at].0.as_ref())?));
            }
        } else if let (Some(length), Some(raw)) = (v3::length(&told.table.0), told.unread) {
            let rows: Vec<v3::Told<'_>> = borrowed::from_str(raw.get())?;
            for row in &rows {
                let instrument = self.instrument(&row.instrument_id.0)?;
                all.extend(keep(instrument, candle(length, |at| row.candle.text(at))?));
            }
        }
        self.give(all, out);
        Ok(())
    }
}
