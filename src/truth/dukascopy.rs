//! Dukascopy's own responses (delta-coded JSON), and what dukascopy-node makes of them.
//!
//! Ticks are quotes; candles are of the bid alone and have no bar where nothing was quoted. Start
//! values (`timestamp` in milliseconds UTC, prices) stand before the lists of differences: time +=
//! `times` × `shift` (ticks: milliseconds), price += difference × `multiplier`. The decoded lists
//! have whole prices; they fill a bucket without quotes with the close before.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use serde::Deserialize;
use serde_json::Number;

use super::{Row, TruthError};
use crate::domain::market::Decimal;

#[derive(Deserialize)]
struct Coded {
    timestamp: i64,
    multiplier: Number,
    #[serde(default = "one")]
    shift: i64,
    open: Option<Number>,
    high: Option<Number>,
    low: Option<Number>,
    close: Option<Number>,
    bid: Option<Number>,
    times: Vec<i64>,
    #[serde(default)]
    opens: Vec<i64>,
    #[serde(default)]
    highs: Vec<i64>,
    #[serde(default)]
    lows: Vec<i64>,
    #[serde(default)]
    closes: Vec<i64>,
    #[serde(default)]
    bids: Vec<i64>,
    #[serde(default)]
    volumes: Vec<Number>,
}

fn one() -> i64 {
    1
}

#[derive(Deserialize)]
struct Decoded {
    timestamp: i64,
    open: Option<Number>,
    high: Option<Number>,
    low: Option<Number>,
    close: Option<Number>,
    #[serde(rename = "bidPrice")]
    bid: Option<Number>,
}

/// Open, high, low, close, and the volume where there is one.
#[derive(Clone, Debug)]
struct Bar {
    prices: [Decimal; 4],
    volume: Option<Decimal>,
}

/// Bars, or ticks in their order, by milliseconds since 1970.
type Series = Vec<(i64, Bar)>;

/// A series, its step in milliseconds (0 for ticks) and whether it is the vendor's own.
struct Told {
    step: i64,
    is_vendors: bool,
    series: Series,
}

/// Rolls the vendor's series up and compares with the vendor's and the program's coarser ones.
pub(super) fn rows(set: &str, files: &[PathBuf]) -> Result<Vec<Row>, TruthError> {
    let mut all: BTreeMap<(i64, bool), Told> = BTreeMap::new();
    for file in files {
        let told = read(file)?;
        match all.get_mut(&(told.step, told.is_vendors)) {
            Some(known) => known.series.extend(told.series),
            None => {
                all.insert((told.step, told.is_vendors), told);
            }
        }
    }
    let mut rows = Vec::new();
    for fine in all.values().filter(|told| told.is_vendors) {
        for coarse in all.values() {
            rows.extend(compare(set, fine, coarse));
        }
    }
    Ok(rows)
}

fn name_of(told: &Told) -> String {
    let owner = if told.is_vendors { "the vendor's" } else { "dukascopy-node's" };
    match told.step {
        0 => format!("{owner} ticks"),
        step => format!("{owner} {} s candles", step / 1_000),
    }
}

/// What one of the vendor's files holds: an hour of ticks, a day of minutes, a month of hours.
fn covered(told: &Told) -> i64 {
    match told.step {
        0 => 3_600_000,
        step if step < 3_600_000 => 86_400_000,
        _ => 28 * 86_400_000,
    }
}

fn compare(set: &str, fine: &Told, coarse: &Told) -> Option<Row> {
    let compared = format!("{} to {}", name_of(fine), name_of(coarse));
    if fine.step == coarse.step && !coarse.is_vendors {
        // Decoding alone; a bucket without quotes is flat in the program's list.
        let ours: BTreeMap<i64, &Bar> = fine.series.iter().map(|(at, bar)| (*at, bar)).collect();
        let filled = coarse.series.iter().filter(|(at, _)| !ours.contains_key(at)).count();
        let equal = if fine.step == 0 {
            let pairs = fine.series.iter().zip(&coarse.series);
            pairs.filter(|(a, b)| a.0 == b.0 && a.1.same_prices(&b.1)).count()
        } else {
            let mut close = None;
            let is_equal = |(at, bar): &&(i64, Bar)| {
                let flat = close.map(|close| Bar { prices: [close; 4], volume: None });
                close = Some(bar.prices[3]);
                ours.get(at).copied().or(flat.as_ref()).is_some_and(|ours| ours.same_prices(bar))
            };
            coarse.series.iter().filter(is_equal).count()
        };
        let compared =
            if 0 < filled { format!("{compared}, {filled} filled flat") } else { compared };
        return Some(Row::new(set, compared, equal, coarse.series.len()));
    }
    if coarse.step <= fine.step || covered(fine) < coarse.step {
        return None;
    }
    let (first, last) = (fine.series.first()?.0, fine.series.last()?.0);
    let mut made: BTreeMap<i64, Bar> = BTreeMap::new();
    for (at, bar) in &fine.series {
        let start = at - at.rem_euclid(coarse.step);
        match made.get_mut(&start) {
            Some(whole) => whole.add(bar)?,
            None => {
                made.insert(start, bar.clone());
            }
        }
    }
    let span = first - first.rem_euclid(coarse.step)..=last;
    let theirs: Vec<&(i64, Bar)> =
        coarse.series.iter().filter(|(at, _)| span.contains(at)).collect();
    let (mut close, mut equal) = (None, 0);
    for (at, bar) in &theirs {
        let flat = close.filter(|_| !coarse.is_vendors);
        let flat = flat.map(|close| Bar { prices: [close; 4], volume: None });
        let ours = made.get(at).or(flat.as_ref());
        close = Some(bar.prices[3]);
        equal += usize::from(ours.is_some_and(|ours| {
            // The volume of ticks is not the candle's.
            let same_volume = match (ours.volume, bar.volume) {
                (Some(a), Some(b)) if 0 < fine.step => a.equals(b),
                _ => true,
            };
            ours.same_prices(bar) && same_volume
        }));
    }
    (!theirs.is_empty()).then(|| Row::new(set, compared, equal, theirs.len()))
}

impl Bar {
    fn add(&mut self, later: &Self) -> Option<()> {
        let [_, high, low, close] = &mut self.prices;
        if high.compare(later.prices[1]).is_lt() {
            *high = later.prices[1];
        }
        if later.prices[2].compare(*low).is_lt() {
            *low = later.prices[2];
        }
        *close = later.prices[3];
        if let (Some(sum), Some(more)) = (self.volume, later.volume) {
            self.volume = Some(Decimal::sum([sum, more])?);
        }
        Some(())
    }

    fn same_prices(&self, other: &Self) -> bool {
        self.prices.iter().zip(other.prices).all(|(a, b)| a.equals(b))
    }
}

fn read(file: &Path) -> Result<Told, TruthError> {
    let fault = |fault: String| TruthError::of(file, fault);
    let opened = File::open(file).map_err(|error| fault(error.to_string()))?;
    let mut text = String::new();
    MultiGzDecoder::new(opened)
        .read_to_string(&mut text)
        .map_err(|error| fault(error.to_string()))?;
    let told = if text.trim_start().starts_with('[') {
        let rows: Vec<Decoded> =
            serde_json::from_str(&text).map_err(|error| fault(error.to_string()))?;
        decoded(&rows)
    } else {
        let coded: Coded = serde_json::from_str(&text).map_err(|error| fault(error.to_string()))?;
        undelta(&coded)
    };
    told.ok_or_else(|| fault("a number that is no exact decimal".to_owned()))
}

/// Small volumes are written with an exponent.
fn number(number: &Number) -> Option<Decimal> {
    Decimal::parse_scientific(&number.to_string()).ok()
}

fn decoded(rows: &[Decoded]) -> Option<Told> {
    let mut series = Vec::with_capacity(rows.len());
    for row in rows {
        let prices = match (&row.bid, &row.open, &row.high, &row.low, &row.close) {
            (Some(bid), ..) => [number(bid)?; 4],
            (_, Some(open), Some(high), Some(low), Some(close)) => {
                [number(open)?, number(high)?, number(low)?, number(close)?]
            }
            _ => return None,
        };
        series.push((row.timestamp, Bar { prices, volume: None }));
    }
    let is_ticks = rows.first()?.bid.is_some();
    let steps = series.windows(2).map(|two| two[1].0 - two[0].0).filter(|step| 0 < *step);
    let step = if is_ticks { 0 } else { steps.min()? };
    Some(Told { step, is_vendors: false, series })
}

fn undelta(coded: &Coded) -> Option<Told> {
    let unit = number(&coded.multiplier)?;
    let scale = unit.scale();
    let step = unit.at(scale)?;
    let starts = match (&coded.bid, &coded.open, &coded.high, &coded.low, &coded.close) {
        (Some(bid), ..) => [number(bid)?; 4],
        (_, Some(open), Some(high), Some(low), Some(close)) => {
            [number(open)?, number(high)?, number(low)?, number(close)?]
        }
        _ => return None,
    };
    let lists = if coded.bid.is_some() {
        [&coded.bids; 4]
    } else {
        [&coded.opens, &coded.highs, &coded.lows, &coded.closes]
    };
    let mut at = coded.timestamp;
    let mut prices = [0_i64; 4];
    for (price, start) in prices.iter_mut().zip(starts) {
        *price = start.at(scale)?;
    }
    let mut series = Vec::with_capacity(coded.times.len());
    for (nth, time) in coded.times.iter().enumerate() {
        at += time.checked_mul(coded.shift)?;
        for (price, list) in prices.iter_mut().zip(lists) {
            *price = price.checked_add(list.get(nth)?.checked_mul(step)?)?;
        }
        let volume = match coded.volumes.get(nth) {
            Some(volume) => Some(number(volume)?),
            None => None,
        };
        let prices = prices.map(|price| Decimal::from_mantissa(price, scale));
        series.push((at, Bar { prices, volume }));
    }
    let step = if coded.bid.is_some() { 0 } else { coded.shift };
    Some(Told { step, is_vendors: true, series })
}
