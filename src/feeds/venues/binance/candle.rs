//! `kline`: a running candle with the ids of its first and last fill. `x` says that it will not
//! change any more; such a one can come after trades of the next bucket.

use serde::Deserialize;

use super::super::candle::{Candle, Witness};
use super::super::reading::{epoch, price, quantity};
use super::super::{Frame, FrameError};
use crate::domain::market::Instrument;
use crate::wire::borrowed;
use crate::wire::number::DecimalField;

/// Reads klines of one market.
pub(super) struct Klines {
    prefix: &'static str,
}

#[derive(Deserialize)]
struct Told<'a> {
    #[serde(borrow)]
    data: Option<Kline<'a>>,
    #[serde(borrow)]
    s: Option<&'a str>,
    #[serde(borrow)]
    k: Option<Bucket<'a>>,
}

#[derive(Deserialize)]
struct Kline<'a> {
    #[serde(borrow)]
    s: Option<&'a str>,
    #[serde(borrow)]
    k: Option<Bucket<'a>>,
}

#[derive(Deserialize)]
struct Bucket<'a> {
    #[serde(rename = "t")]
    start: u64,
    #[serde(rename = "T")]
    end: u64,
    #[serde(borrow, rename = "i")]
    _interval: &'a str,
    #[serde(rename = "f")]
    first: i64,
    #[serde(rename = "L")]
    last: i64,
    o: DecimalField,
    h: DecimalField,
    l: DecimalField,
    c: DecimalField,
    v: DecimalField,
    n: u64,
    x: bool,
}

impl Klines {
    /// Of the market with that name in instruments.
    pub fn new(prefix: &'static str) -> Self {
        Self { prefix }
    }
}

impl Witness for Klines {
    fn take(
        &mut self,
        frame: Frame<'_>,
        out: &mut Vec<(Instrument, Candle)>,
    ) -> Result<(), FrameError> {
        let Frame::Message(text) = frame else { return Ok(()) };
        if !text.contains("\"kline\"") {
            return Ok(());
        }
        let told: Told<'_> = borrowed::from_str(text)?;
        let (symbol, bucket) = match told.data {
            Some(within) => (within.s, within.k),
            None => (told.s, told.k),
        };
        let (Some(symbol), Some(k)) = (symbol, bucket) else { return Ok(()) };
        let instrument = Instrument::parse(&format!("{}:{symbol}", self.prefix))
            .map_err(|_| FrameError::Symbol(symbol.to_owned()))?;
        let start = epoch("t", k.start)?;
        // `T` is the last millisecond of the bucket; a candle without fills has ids of -1.
        let end = epoch("T", k.end.saturating_add(1))?;
        let fills = u64::try_from(k.first).ok().zip(u64::try_from(k.last).ok());
        out.push((
            instrument,
            Candle {
                start,
                length: end - start,
                prices: [price(k.o)?, price(k.h)?, price(k.l)?, price(k.c)?],
                volume: quantity(k.v)?,
                count: Some(k.n),
                vwap: None,
                fills,
                is_running: !k.x,
            },
        ));
        Ok(())
    }
}
