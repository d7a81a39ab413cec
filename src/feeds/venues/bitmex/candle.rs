//! Candles: the tables `tradeBin1m`, `tradeBin5m`, `tradeBin1h`, `tradeBin1d`, and REST
//! `/api/v1/trade/bucketed?binSize=…`.
//!
//! A row's `timestamp` is the end of its bucket. It opens at the close of the bucket before; high and
//! low are of its trades alone, so that the open may lie outside (BitMEX/api-connectors issue 261).
//! A bucket without trades is flat at the close before. `volume` counts contracts, as the venue's
//! trades do, and `trades` its rows of `trade`. The length of a REST list whose URL is not known is the
//! least step between rows of a contract. Source: bitmex.com/api/explorer, "Trade", "Get previous
//! trades in time buckets".

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::candle::{Candle, Witness};
use super::super::reading::{parameter, price, quantity, rfc3339};
use super::super::{Frame, FrameError};
use super::VENUE;
use crate::domain::market::{Instrument, Nanos, SECOND_NS};
use crate::wire::borrowed;
use crate::wire::number::ScientificField;

/// The lengths that the venue has, by its names.
const BINS: [&str; 4] = ["1m", "5m", "1h", "1d"];

/// Reads the candles of all contracts.
pub(super) struct Bins;

#[derive(Deserialize)]
struct Told<'a> {
    #[serde(borrow)]
    table: Option<&'a str>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Row<'a> {
    timestamp: &'a str,
    symbol: &'a str,
    open: Option<ScientificField>,
    high: Option<ScientificField>,
    low: Option<ScientificField>,
    close: Option<ScientificField>,
    volume: Option<ScientificField>,
    trades: Option<u64>,
}

fn length_of(bin: &str) -> Option<Nanos> {
    let seconds = match bin {
        "1m" => 60,
        "5m" => 300,
        "1h" => 3_600,
        "1d" => 86_400,
        _ => return None,
    };
    Some(seconds * SECOND_NS)
}

/// A row's candle; none for a contract that was not traded yet.
fn candle(
    row: &Row<'_>,
    length: Nanos,
    is_running: bool,
) -> Result<Option<(Instrument, Candle)>, FrameError> {
    let prices = [row.open, row.high, row.low, row.close];
    let [Some(open), Some(high), Some(low), Some(close)] = prices else { return Ok(None) };
    let symbol = row.symbol;
    let instrument = Instrument::parse(&format!("{}:{symbol}", VENUE.prefix))
        .map_err(|_| FrameError::Symbol(symbol.to_owned()))?;
    let volume = row.volume.ok_or(FrameError::Shape("no volume"))?;
    let candle = Candle {
        start: rfc3339("timestamp", row.timestamp)? - length,
        length,
        prices: [price(open.0)?, price(high.0)?, price(low.0)?, price(close.0)?],
        volume: quantity(volume.0)?,
        count: row.trades,
        vwap: None,
        fills: None,
        is_running,
    };
    Ok(Some((instrument, candle)))
}

/// What a URL asks for: the bucket's length, and whether the last one may still be running.
fn asked(url: &str) -> Option<(Nanos, bool)> {
    let (path, _) = url.split_once('?')?;
    let bin = parameter(url, "binSize").filter(|_| path.ends_with("/trade/bucketed"))?;
    Some((length_of(bin)?, parameter(url, "partial") == Some("true")))
}

/// The length of the buckets of a list that does not say it; none where no step of a contract's rows
/// is one that the venue has.
fn length_between(rows: &[Row<'_>]) -> Result<Option<Nanos>, FrameError> {
    let mut ends = Vec::with_capacity(rows.len());
    for row in rows {
        ends.push((row.symbol, rfc3339("timestamp", row.timestamp)?));
    }
    ends.sort_unstable();
    ends.dedup();
    let pairs = ends.windows(2).filter(|pair| pair[0].0 == pair[1].0);
    let least = pairs.map(|pair| pair[1].1 - pair[0].1).min();
    Ok(least.filter(|step| BINS.iter().any(|bin| length_of(bin) == Some(*step))))
}

/// Whether a body is a list of candles, by the fields of its rows.
fn is_list(body: &str) -> bool {
    let fields = ["\"timestamp\"", "\"open\"", "\"high\"", "\"low\"", "\"close\"", "\"volume\""];
    body.trim_start().starts_with('[') && fields.iter().all(|field| body.contains(field))
}

impl Witness for Bins {
    fn take(
        &mut self,
        frame: Frame<'_>,
        out: &mut Vec<(Instrument, Candle)>,
    ) -> Result<(), FrameError> {
        let (rows, length, has_running) = match frame {
            Frame::Message(text) if text.contains("\"tradeBin") => {
                let told: Told<'_> = borrowed::from_str(text)?;
                let bin = told.table.and_then(|table| table.strip_prefix("tradeBin"));
                let (Some(length), Some(data)) = (bin.and_then(length_of), told.data) else {
                    return Ok(());
                };
                (data.get(), Some(length), false)
            }
            Frame::Response { url: Some(url), body } => match asked(url) {
                Some((length, has_running)) => (body, Some(length), has_running),
                None => return Ok(()),
            },
            // Whether the running one was asked for is not known.
            Frame::Response { url: None, body } if is_list(body) => (body, None, true),
            _ => return Ok(()),
        };
        let rows: Vec<Row<'_>> = borrowed::from_str(rows)?;
        let Some(length) = length.map_or_else(|| length_between(&rows), |told| Ok(Some(told)))?
        else {
            return Ok(());
        };
        let newest = rows.iter().map(|row| row.timestamp).max();
        let mut all = Vec::with_capacity(rows.len());
        for row in &rows {
            let is_running = has_running && Some(row.timestamp) == newest;
            all.extend(candle(row, length, is_running)?);
        }
        // REST answers newest first where it is asked to.
        all.sort_by_key(|(_, candle)| candle.start);
        out.append(&mut all);
        Ok(())
    }
}
