//! `kline`: a running candle with the ids of its first and last fill. `x` says that it will not
//! change any more; such a one can come after trades of the next bucket. The fills of a trade are
//! its own id (`trade`) or `f` to `l` (`aggTrade`).
//!
//! REST's `klines` are rows `[t, o, h, l, c, v, T, q, n, …]`, of the symbol of their URL, else of the
//! only one heard of. The last row may still be running. Source: developers.binance.com,
//! "Kline/Candlestick Data". The candles of mark and index prices, which look alike, have samples to
//! count and no volume; they are none of trades.

use std::collections::{BTreeMap, VecDeque};

use serde::Deserialize;

use super::super::candle::{Candle, Witness};
use super::super::reading::{Row, epoch, price, quantity};
use super::super::{Frame, FrameError};
use super::symbol_in;
use crate::domain::market::Instrument;
use crate::wire::borrowed;
use crate::wire::number::DecimalField;

/// Aggregate trades whose fills are remembered; the first are forgotten first.
const AGGREGATES_MAX: usize = 1 << 20;

/// Cells of a row of REST's `klines`.
const KLINE_CELLS: usize = 12;

/// Reads klines of one market.
pub(super) struct Klines {
    prefix: &'static str,
    /// By symbol and id.
    aggregates: BTreeMap<(String, u64), (u64, u64)>,
    /// The same keys, in the order in which they came.
    arrived: VecDeque<(String, u64)>,
    /// The first symbols heard of, two at most.
    heard: Vec<String>,
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
        Self { prefix, aggregates: BTreeMap::new(), arrived: VecDeque::new(), heard: Vec::new() }
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

impl Klines {
    /// Notes the symbol that a message names.
    fn hear(&mut self, text: &str) {
        if self.heard.len() < 2
            && let Some((_, rest)) = text.split_once(r#""s":""#)
            && let Some((symbol, _)) = rest.split_once('"')
            && self.heard.iter().all(|heard| heard != symbol)
        {
            self.heard.push(symbol.to_owned());
        }
    }

    fn instrument(&self, symbol: &str) -> Result<Instrument, FrameError> {
        Instrument::parse(&format!("{}:{symbol}", self.prefix))
            .map_err(|_| FrameError::Symbol(symbol.to_owned()))
    }

    /// Reads the rows of a REST body, where it is `klines`.
    fn body(
        &self,
        url: Option<&str>,
        text: &str,
        out: &mut Vec<(Instrument, Candle)>,
    ) -> Result<(), FrameError> {
        let is_other =
            |url: &str| !url.split('?').next().is_some_and(|path| path.ends_with("/klines"));
        if !text.trim_start().starts_with('[') || url.is_some_and(is_other) {
            return Ok(());
        }
        let Ok(rows) = borrowed::from_str::<Vec<Row<'_>>>(text) else { return Ok(()) };
        let only = || if let [only] = &self.heard[..] { Some(only.clone()) } else { None };
        let Some(symbol) = url.and_then(symbol_in).or_else(only) else { return Ok(()) };
        let instrument = self.instrument(&symbol)?;
        if rows.iter().any(|row| row.cell(KLINE_CELLS - 1).is_none()) {
            return Ok(());
        }
        let read = |(nth, row)| of_row(row, nth + 1 == rows.len());
        let candles = rows.iter().enumerate().map(read).collect::<Result<Vec<_>, _>>()?;
        let is_traded = |candle: &Candle| !candle.volume.is_zero() || candle.count == Some(0);
        if candles.iter().all(is_traded) {
            out.extend(candles.into_iter().map(|candle| (instrument.clone(), candle)));
        }
        Ok(())
    }
}

fn of_row(row: &Row<'_>, is_running: bool) -> Result<Candle, FrameError> {
    let whole = |at: usize, field| row.text(at).parse().map_err(|_| FrameError::Value(field));
    let start = epoch("t", whole(0, "t")?)?;
    let [open, high, low, close] = [1, 2, 3, 4].map(|at| price(row.number(at)));
    Ok(Candle {
        start,
        length: epoch("T", whole(6, "T")?.saturating_add(1))? - start,
        prices: [open?, high?, low?, close?],
        volume: quantity(row.number(5))?,
        count: Some(whole(8, "n")?),
        vwap: None,
        fills: None,
        is_running,
    })
}

impl Witness for Klines {
    fn take(
        &mut self,
        frame: Frame<'_>,
        out: &mut Vec<(Instrument, Candle)>,
    ) -> Result<(), FrameError> {
        let text = match frame {
            Frame::Message(text) => text,
            Frame::Response { url, body } => return self.body(url, body, out),
            Frame::Connected | Frame::Said(_) | Frame::Lost => return Ok(()),
        };
        self.hear(text);
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
        let instrument = self.instrument(symbol)?;
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
