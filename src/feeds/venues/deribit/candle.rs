//! Candles: `chart.trades.{instrument}.{resolution}`, told again with each change; whether one is
//! whole is not said. `volume` is in the base currency; for inverse futures `cost` is in the unit of
//! their trades. Source: docs.deribit.com, "chart.trades".

use serde::Deserialize;

use super::super::candle::{Candle, Witness};
use super::super::reading::{Cell, epoch, price, quantity};
use super::super::{Frame, FrameError};
use crate::domain::market::{Instrument, Nanos, SECOND_NS};
use crate::wire::borrowed;
use crate::wire::number::ScientificField;

/// Reads candles of all instruments.
pub(super) struct Charts;

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    params: Params<'a>,
}

#[derive(Deserialize)]
struct Params<'a> {
    #[serde(borrow)]
    channel: Cell<'a>,
    data: Told,
}

#[derive(Deserialize)]
struct Told {
    tick: u64,
    open: ScientificField,
    high: ScientificField,
    low: ScientificField,
    close: ScientificField,
    volume: ScientificField,
    cost: ScientificField,
}

/// Whether an instrument's trades are counted in US dollars: a future on a currency that is not
/// paired with another.
fn is_inverse(symbol: &str) -> bool {
    let is_option = symbol.ends_with("-C") || symbol.ends_with("-P");
    !is_option && !symbol.contains('_')
}

/// The length of a bucket: minutes, or a day.
fn length(resolution: &str) -> Option<Nanos> {
    if resolution == "1D" {
        return Some(86_400 * SECOND_NS);
    }
    let minutes: u16 = resolution.parse().ok().filter(|minutes| 0 < *minutes)?;
    Some(Nanos::from(minutes) * 60 * SECOND_NS)
}

impl Witness for Charts {
    fn take(
        &mut self,
        frame: Frame<'_>,
        out: &mut Vec<(Instrument, Candle)>,
    ) -> Result<(), FrameError> {
        let Frame::Message(text) = frame else { return Ok(()) };
        if !text.contains(r#""channel":"chart.trades."#) {
            return Ok(());
        }
        let Message { params: Params { channel, data } } = borrowed::from_str(text)?;
        let names = channel.0.strip_prefix("chart.trades.").and_then(|rest| rest.rsplit_once('.'));
        let (symbol, resolution) = names.ok_or(FrameError::Shape("no instrument"))?;
        let instrument = Instrument::parse(&format!("DERIBIT:{symbol}"))
            .map_err(|_| FrameError::Symbol(symbol.chars().take(80).collect()))?;
        let prices =
            [data.open, data.high, data.low, data.close].map(|ScientificField(at)| price(at));
        let [open, high, low, close] = prices;
        let ScientificField(volume) = if is_inverse(symbol) { data.cost } else { data.volume };
        out.push((
            instrument,
            Candle {
                start: epoch("tick", data.tick)?,
                length: length(resolution).ok_or(FrameError::Value("resolution"))?,
                prices: [open?, high?, low?, close?],
                volume: quantity(volume)?,
                count: None,
                vwap: None,
                fills: None,
                is_running: true,
            },
        ));
        Ok(())
    }
}
