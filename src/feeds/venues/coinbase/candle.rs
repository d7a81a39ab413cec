//! Candles: Advanced Trade's `candles` channel, of five minutes, told again with each change; and
//! Exchange's REST, rows `[time, low, high, open, close, volume]`, newest first, whose product and
//! length stand in the URL. Whether one is whole is not said; of REST's all but the newest are.

use serde::Deserialize;

use super::super::candle::{Candle, Witness};
use super::super::reading::{Cell, parameter, price, quantity, seconds_of};
use super::super::{Frame, FrameError};
use super::rest::product_in;
use crate::domain::market::{Instrument, Nanos, SECOND_NS};
use crate::wire::borrowed;
use crate::wire::number::{DecimalField, ScientificField};

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

/// A row of REST: the start in seconds, low, high, open, close and volume.
type Row =
    (u64, ScientificField, ScientificField, ScientificField, ScientificField, ScientificField);

fn named(symbol: &str) -> Result<Instrument, FrameError> {
    Instrument::parse(&format!("COINBASE:{symbol}"))
        .map_err(|_| FrameError::Symbol(symbol.chars().take(80).collect()))
}

/// The length of the candles that a URL asks for; none where it does not say it in seconds.
fn length_in(url: &str) -> Option<Nanos> {
    let seconds = parameter(url, "granularity")?;
    let seconds = seconds.parse::<Nanos>().ok().filter(|length| (1..=86_400).contains(length))?;
    Some(seconds * SECOND_NS)
}

/// Candles of REST.
fn answered(url: &str, text: &str, out: &mut Vec<(Instrument, Candle)>) -> Result<(), FrameError> {
    let (Some(symbol), Some(length)) = (product_in(url, "candles"), length_in(url)) else {
        return Ok(());
    };
    if !text.trim_start().starts_with('[') {
        return Ok(());
    }
    let instrument = named(symbol)?;
    let rows: Vec<Row> = borrowed::from_str(text)?;
    let mut all = Vec::with_capacity(rows.len());
    for (nth, (start, low, high, open, close, volume)) in rows.into_iter().enumerate() {
        let [open, high, low, close] = [open, high, low, close].map(|field| price(field.0));
        let candle = Candle {
            start: seconds_of("time", &start.to_string())?,
            length,
            prices: [open?, high?, low?, close?],
            volume: quantity(volume.0)?,
            count: None,
            vwap: None,
            fills: None,
            is_running: nth == 0,
        };
        all.push((instrument.clone(), candle));
    }
    out.extend(all.into_iter().rev());
    Ok(())
}

impl Witness for Candles {
    fn take(
        &mut self,
        frame: Frame<'_>,
        out: &mut Vec<(Instrument, Candle)>,
    ) -> Result<(), FrameError> {
        let text = match frame {
            Frame::Message(text) => text,
            Frame::Response { url: Some(url), body } => return answered(url, body, out),
            _ => return Ok(()),
        };
        if !text.contains(r#""channel":"candles""#) {
            return Ok(());
        }
        let message: Message<'_> = borrowed::from_str(text)?;
        let mut all = Vec::new();
        for told in message.events.into_iter().flat_map(|happening| happening.candles) {
            let instrument = named(&told.product_id.0)?;
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
