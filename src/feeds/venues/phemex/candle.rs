//! Candles: `kline` of integers, `kline_p` of decimals; rows `[start, interval, last close, open,
//! high, low, close, volume, turnover]` in seconds, newest first, the newest still running.
//!
//! Volume is the sum of the trades' sizes; a minute without trades has volume 0 and the last close
//! as all its prices. Source: "Subscribe Kline".

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::candle::{Candle, Witness};
use super::super::reading::{Row, price, quantity, seconds_of};
use super::super::roster::INSTRUMENTS_MAX;
use super::super::{Frame, FrameError};
use super::PREFIX;
use super::definition::Listing;
use super::scale::Scales;
use crate::domain::market::{Decimal, Instrument};
use crate::wire::borrowed;

/// Reads klines of all products.
#[derive(Default)]
pub(super) struct Klines {
    scales: BTreeMap<Box<str>, Scales>,
}

#[derive(Deserialize)]
struct Told<'a> {
    symbol: Option<&'a str>,
    #[serde(borrow)]
    kline: Option<Vec<Row<'a>>>,
    #[serde(borrow)]
    kline_p: Option<Vec<Row<'a>>>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

/// A number that is an integer of the venue's.
fn mantissa(row: &Row<'_>, at: usize) -> Result<i64, FrameError> {
    row.text(at).parse().map_err(|_| FrameError::Value("kline"))
}

/// One row; of integers where there are scales.
fn candle(row: &Row<'_>, scales: Option<Scales>, is_running: bool) -> Result<Candle, FrameError> {
    let at = |place: usize| -> Result<Decimal, FrameError> {
        match scales {
            Some(scales) => Ok(scales.price(mantissa(row, place)?)),
            None => price(row.number(place)),
        }
    };
    Ok(Candle {
        start: seconds_of("kline time", row.text(0))?,
        length: seconds_of("interval", row.text(1))?,
        prices: [at(3)?, at(4)?, at(5)?, at(6)?],
        volume: match scales {
            Some(scales) => scales.qty(mantissa(row, 7)?),
            None => quantity(row.number(7))?,
        },
        count: None,
        vwap: None,
        fills: None,
        is_running,
    })
}

impl Klines {
    fn learn(&mut self, text: &str) -> Result<(), FrameError> {
        for (symbol, scales) in Listing::read(text)?.scales() {
            if self.scales.len() < INSTRUMENTS_MAX {
                self.scales.insert(symbol.into(), scales);
            }
        }
        Ok(())
    }
}

impl Witness for Klines {
    fn take(
        &mut self,
        frame: Frame<'_>,
        out: &mut Vec<(Instrument, Candle)>,
    ) -> Result<(), FrameError> {
        let text = match frame {
            Frame::Message(text) if text.contains("\"kline") => text,
            Frame::Response { body, .. } if body.contains("\"products\"") => body,
            _ => return Ok(()),
        };
        let told: Told<'_> = borrowed::from_str(text)?;
        if let Some(data) = told.data.filter(|data| data.get().starts_with('{')) {
            return self.learn(data.get());
        }
        let (Some(symbol), Some(rows)) =
            (told.symbol, told.kline.as_ref().or(told.kline_p.as_ref()))
        else {
            return Ok(());
        };
        let instrument = Instrument::parse(&format!("{PREFIX}:{symbol}"))
            .map_err(|_| FrameError::Symbol(symbol.to_owned()))?;
        let known = self.scales.get(symbol).copied();
        let scales = told.kline.as_ref().map(|_| known.unwrap_or_else(|| Scales::usual(symbol)));
        let mut candles = Vec::with_capacity(rows.len());
        for (nth, row) in rows.iter().enumerate().rev() {
            candles.push((instrument.clone(), candle(row, scales, nth == 0)?));
        }
        out.append(&mut candles);
        Ok(())
    }
}
