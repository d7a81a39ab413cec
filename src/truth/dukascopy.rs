//! Dukascopy's own responses (delta-coded JSON), and what dukascopy-node makes of them.
//!
//! Ticks are quotes; candles are of one side, bid or ask (told by the file's name), and have no bar
//! where nothing was quoted. Start values (`timestamp` in milliseconds UTC, prices) stand before the
//! lists of differences: time += `times` × `shift` (ticks: milliseconds), price += difference ×
//! `multiplier`. The decoded lists have whole prices; they may fill a bucket without quotes with the
//! close before. A file is of the symbol in its name (`candles-hour-BTC-USD-…`, `btcusd-m1-…`).

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Number;

use super::rolled::{Bar, Series, rolled};
use super::{Row, TruthError};
use crate::domain::market::Decimal;
use crate::feeds::capture::unpacked;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

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
    ask: Option<Number>,
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
    asks: Vec<i64>,
    #[serde(default)]
    volumes: Vec<Number>,
}

fn one() -> i64 {
    1
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Decoded {
    timestamp: i64,
    open: Option<Number>,
    high: Option<Number>,
    low: Option<Number>,
    close: Option<Number>,
    bid_price: Option<Number>,
    ask_price: Option<Number>,
}

/// A series, its step in milliseconds (0 for ticks) and whether it is the vendor's own.
struct Told {
    step: i64,
    is_vendors: bool,
    series: Series,
}

/// What a file's name says of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Bid,
    Ask,
    /// Ticks.
    Both,
}

/// Rolls the vendor's series up and compares with the vendor's and the program's coarser ones.
pub(super) fn rows(set: &str, files: &[PathBuf]) -> Result<Vec<Row>, TruthError> {
    let mut symbols: BTreeMap<String, BTreeMap<(i64, bool, Side), Told>> = BTreeMap::new();
    for file in files {
        let name = file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into());
        let told = read(file)?;
        let side = match told.step {
            0 => Side::Both,
            _ if name.to_ascii_lowercase().contains("-ask-") => Side::Ask,
            _ => Side::Bid,
        };
        let all = symbols.entry(symbol_of(&name)).or_default();
        match all.get_mut(&(told.step, told.is_vendors, side)) {
            Some(known) => known.series.extend(told.series),
            None => {
                all.insert((told.step, told.is_vendors, side), told);
            }
        }
    }
    let several = 1 < symbols.len();
    let mut rows = Vec::new();
    for (symbol, mut all) in symbols {
        // Files come in the order of their names, where October stands before February.
        all.values_mut().for_each(|told| told.series.sort_by_key(|(at, _)| *at));
        let set = if several { format!("{set}/{symbol}") } else { set.to_owned() };
        let finest = all.iter().filter(|((_, is_vendors, _), _)| *is_vendors);
        for (&(.., fine_side), fine) in finest {
            for (&(.., side), coarse) in &all {
                let is_of_it = fine_side == Side::Both || fine_side == side;
                rows.extend(is_of_it.then(|| compare(&set, fine, (side, coarse))).flatten());
            }
        }
    }
    Ok(rows)
}

/// `btcusd`: letters and digits before the part that tells what is in the file.
fn symbol_of(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    let parts: Vec<&str> = name.split(['-', '.']).collect();
    match parts.as_slice() {
        ["candles", _, base, quote, ..] | ["ticks", base, quote, ..] => format!("{base}{quote}"),
        [symbol, ..] => (*symbol).to_owned(),
        [] => name,
    }
}

fn name_of(told: &Told, side: Side) -> String {
    let owner = if told.is_vendors { "the vendor's" } else { "dukascopy-node's" };
    let ask = if side == Side::Ask { " of the ask" } else { "" };
    match told.step {
        0 => format!("{owner} ticks"),
        step => format!("{owner} {} s candles{ask}", step / 1_000),
    }
}

/// Which of the vendor's files a time is in: an hour of ticks, a day of minutes, a month of hours, a
/// year of days.
fn file_of(told: &Told, at: i64) -> i64 {
    match told.step {
        0 => at.div_euclid(HOUR_MS),
        step if step < HOUR_MS => at.div_euclid(DAY_MS),
        step => {
            let day = jiff::Timestamp::from_millisecond(at).unwrap_or_default();
            let day = day.to_zoned(jiff::tz::TimeZone::UTC).date();
            let month = if step < DAY_MS { i64::from(day.month()) } else { 0 };
            i64::from(day.year()) * 12 + month
        }
    }
}

/// How long one of the vendor's files of that step is, at least.
fn reach(told: &Told) -> i64 {
    match told.step {
        0 => HOUR_MS,
        step if step < HOUR_MS => DAY_MS,
        step if step < DAY_MS => 28 * DAY_MS,
        _ => 365 * DAY_MS,
    }
}

fn compare(set: &str, fine: &Told, (side, coarse): (Side, &Told)) -> Option<Row> {
    let fine_side = if fine.step == 0 { Side::Both } else { side };
    let compared = format!("{} to {}", name_of(fine, fine_side), name_of(coarse, side));
    if fine.step == coarse.step && !coarse.is_vendors {
        return Some(decoding(set, compared, &fine.series, coarse));
    }
    // Days are the longest buckets of one length.
    if coarse.step <= fine.step || reach(fine) < coarse.step || DAY_MS < coarse.step {
        return None;
    }
    let mut chosen = fine.series.clone();
    if fine.step == 0 {
        let at = usize::from(side == Side::Ask);
        chosen.iter_mut().for_each(|(_, tick)| tick.sides = vec![tick.sides[at]]);
    }
    let made = rolled(&chosen, coarse.step).unwrap_or_default();
    let files: BTreeSet<i64> = chosen.iter().map(|(at, _)| file_of(fine, *at)).collect();
    let is_covered = |at: i64| {
        let last = at + coarse.step - 1;
        files.contains(&file_of(fine, at)) && files.contains(&file_of(fine, last))
    };
    let theirs: BTreeMap<i64, &Bar> = coarse
        .series
        .iter()
        .map(|(at, bar)| (*at, bar))
        .filter(|(at, _)| is_covered(*at))
        .collect();
    let told: BTreeSet<i64> = coarse.series.iter().map(|(at, _)| file_of(coarse, *at)).collect();
    let (&first, &last) = (theirs.keys().next()?, theirs.keys().next_back()?);
    let is_told = |start: &&i64| match coarse.is_vendors {
        true => told.contains(&file_of(coarse, **start)) && is_covered(**start),
        false => (first..=last).contains(*start),
    };
    let starts: BTreeSet<i64> = made.keys().filter(is_told).chain(theirs.keys()).copied().collect();
    let (mut close, mut equal) = (None, 0);
    for start in &starts {
        let Some(bar) = theirs.get(start) else { continue };
        let flat = close.filter(|_| !coarse.is_vendors).map(|close| Bar::of_tick([close]));
        close = bar.sides.first().map(|side| side[3]);
        // The volume of ticks is not the candle's, and the program's lists have none.
        let has_volume = 0 < fine.step && bar.volume.is_some();
        equal +=
            usize::from(made.get(start).or(flat.as_ref()).is_some_and(|ours| {
                ours.same_prices(bar) && (!has_volume || ours.same_volume(bar))
            }));
    }
    (!starts.is_empty()).then(|| Row::new(set, compared, equal, starts.len()))
}

/// Decoding alone; a bucket without quotes is flat in the program's list.
fn decoding(set: &str, compared: String, fine: &Series, coarse: &Told) -> Row {
    let total = coarse.series.len();
    if coarse.step == 0 {
        let pairs = fine.iter().zip(&coarse.series);
        let equal = pairs.filter(|(a, b)| a.0 == b.0 && a.1.same_prices(&b.1)).count();
        return Row::new(set, compared, equal, total.max(fine.len()));
    }
    let ours: BTreeMap<i64, &Bar> = fine.iter().map(|(at, bar)| (*at, bar)).collect();
    let filled = coarse.series.iter().filter(|(at, _)| !ours.contains_key(at)).count();
    let mut close = None;
    let is_equal = |(at, bar): &&(i64, Bar)| {
        let flat = close.map(|close| Bar::of_tick([close]));
        close = bar.sides.first().map(|side| side[3]);
        ours.get(at).copied().or(flat.as_ref()).is_some_and(|ours| ours.same_prices(bar))
    };
    let equal = coarse.series.iter().filter(is_equal).count();
    let told = if 0 < filled { format!("{compared}, {filled} filled flat") } else { compared };
    Row::new(set, told, equal, total)
}

fn read(file: &Path) -> Result<Told, TruthError> {
    let fault = |fault: String| TruthError::of(file, fault);
    let mut text = String::new();
    unpacked(file)
        .and_then(|mut opened| opened.read_to_string(&mut text))
        .map_err(|error| fault(error.to_string()))?;
    let told = if text.trim_start().starts_with('[') {
        let rows: Vec<Decoded> =
            serde_json::from_str(&text).map_err(|error| fault(error.to_string()))?;
        decoded(&rows)
    } else {
        let coded: Coded = serde_json::from_str(&text).map_err(|error| fault(error.to_string()))?;
        undelta(&coded)
    };
    told.ok_or_else(|| fault("a number that is no exact decimal, or a list too short".to_owned()))
}

/// Small volumes are written with an exponent.
fn number(number: &Number) -> Option<Decimal> {
    Decimal::parse_scientific(&number.to_string()).ok()
}

fn decoded(rows: &[Decoded]) -> Option<Told> {
    let mut series = Vec::with_capacity(rows.len());
    for row in rows {
        let bar = match (&row.bid_price, &row.ask_price) {
            (Some(bid), Some(ask)) => Bar::of_tick([number(bid)?, number(ask)?]),
            _ => {
                let four = [&row.open, &row.high, &row.low, &row.close];
                let [open, high, low, close] = four.map(|price| number(price.as_ref()?));
                Bar { sides: vec![[open?, high?, low?, close?]], volume: None }
            }
        };
        series.push((row.timestamp, bar));
    }
    let is_ticks = rows.first()?.bid_price.is_some();
    let steps = series.windows(2).map(|two| two[1].0 - two[0].0).filter(|step| 0 < *step);
    let step = if is_ticks { 0 } else { steps.min()? };
    Some(Told { step, is_vendors: false, series })
}

fn undelta(coded: &Coded) -> Option<Told> {
    let unit = number(&coded.multiplier)?;
    let scale = unit.scale();
    let step = unit.at(scale)?;
    let is_ticks = coded.bid.is_some();
    let (starts, lists): (Vec<_>, Vec<_>) = if is_ticks {
        (vec![&coded.bid, &coded.ask], vec![&coded.bids, &coded.asks])
    } else {
        let starts = vec![&coded.open, &coded.high, &coded.low, &coded.close];
        (starts, vec![&coded.opens, &coded.highs, &coded.lows, &coded.closes])
    };
    let mut at = coded.timestamp;
    let start = |start: &Option<Number>| number(start.as_ref()?)?.at(scale);
    let mut prices = starts.into_iter().map(start).collect::<Option<Vec<_>>>()?;
    let mut series = Vec::with_capacity(coded.times.len());
    for (nth, time) in coded.times.iter().enumerate() {
        at += time.checked_mul(coded.shift)?;
        for (price, list) in prices.iter_mut().zip(&lists) {
            *price = price.checked_add(list.get(nth)?.checked_mul(step)?)?;
        }
        let told: Vec<Decimal> =
            prices.iter().map(|price| Decimal::from_mantissa(*price, scale)).collect();
        let bar = match *told.as_slice() {
            [open, high, low, close] => {
                let volume = coded.volumes.get(nth).map(number);
                Bar {
                    sides: vec![[open, high, low, close]],
                    volume: match volume {
                        Some(volume) => Some(volume?),
                        None => None,
                    },
                }
            }
            _ => Bar::of_tick(told),
        };
        series.push((at, bar));
    }
    Some(Told { step: if is_ticks { 0 } else { coded.shift }, is_vendors: true, series })
}
