//! `kline`: a running candle with the ids of its first and last fill. `x` says that it will not
//! change any more; such a one can come after trades of the next bucket. The fills of a trade are
//! its own id (`trade`) or `f` to `l` (`aggTrade`).

use std::collections::{BTreeMap, VecDeque};

use serde::Deserialize;

use super::super::candle::{Candle, Witness};
use super::super::reading::{epoch, price, quantity};
use super::super::{Frame, FrameError};
use crate::domain::market::Instrument;
use crate::wire::borrowed;
use crate::wire::number::DecimalField;

/// Aggregate trades whose fills are remembered; the first are forgotten first.
const AGGREGATES_MAX: usize = 1 << 20;

/// Reads klines of one market.
pub(super) struct Klines {
    prefix: &'static str,
    /// By symbol and id.
    aggregates: BTreeMap<(String, u64), (u64, u64)>,
    /// The same keys, in the order in which they came.
    arrived: VecDeque<(String, u64)>,
}

#[derive(Deserialize)]
struct Aggregate<'a> {
    #[serde(borrow)]
    s: &'a str,
    a: u64,
    f: u64,
    l: u64,
}

#[derive(Deserialize)]
struct Envelope<T> {
    data: T,
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
        Self { prefix, aggregates: BTreeMap::new(), arrived: VecDeque::new() }
    }
}

impl Klines {
    fn remember(&mut self, text: &str) -> Result<(), FrameError> {
        let told: Aggregate<'_> = if text.contains("\"data\"") {
            borrowed::from_str::<Envelope<_>>(text)?.data
        } else {
            borrowed::from_str(text)?
        };
        let key = (told.s.to_owned(), told.a);
        if self.aggregates.insert(key.clone(), (told.f, told.l)).is_none() {
            self.arrived.push_back(key);
        }
        if AGGREGATES_MAX < self.arrived.len()
            && let Some(first) = self.arrived.pop_front()
        {
            self.aggregates.remove(&first);
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
        let Frame::Message(text) = frame else { return Ok(()) };
        if text.contains("\"aggTrade\"") {
            return self.remember(text);
        }
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

    fn fills_of(&self, instrument: &Instrument, trade_id: &str) -> Option<(u64, u64)> {
        let (_, symbol) = instrument.as_str().split_once(':')?;
        let id = trade_id.parse().ok()?;
        self.aggregates.get(&(symbol.to_owned(), id)).copied().or(Some((id, id)))
    }
}
