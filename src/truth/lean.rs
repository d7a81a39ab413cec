//! Ticks and bars in the layout of QuantConnect's Lean: `YYYYMMDD_symbol_{tick,second,minute}.csv`
//! with `ms_of_day`, `symbol_{hour,daily}.csv` with `time` = `YYYYMMDD HH:MM`, all in the source's own
//! zone, in which its days begin.
//!
//! Bars of quotes have both sides, bid and ask, each on its own; bars of trades have a volume. The
//! finest file of a day makes the bars of the coarser ones: open of the first, greatest, least, close
//! of the last, sum; no bar where nothing was. Source: quantconnect.com, "LEAN Data Format".

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use super::{Row, TruthError};
use crate::domain::market::Decimal;

/// Lengths in milliseconds, finest first; a tick has none.
const RESOLUTIONS: [(&str, i64); 5] =
    [("tick", 0), ("second", 1_000), ("minute", 60_000), ("hour", 3_600_000), ("daily", DAY_MS)];
const DAY_MS: i64 = 86_400_000;

/// Open, high, low, close of each side, and the sum of volumes.
#[derive(Clone, Debug, PartialEq)]
struct Bar {
    sides: Vec<[Decimal; 4]>,
    volume: Option<Decimal>,
}

/// Bars, or ticks in their order, by local milliseconds since 1970.
type Series = Vec<(i64, Bar)>;

/// Whether a file name has this layout.
pub(super) fn is_named(name: &str) -> bool {
    resolution_of(name).is_some()
}

fn resolution_of(name: &str) -> Option<i64> {
    let stem = name.strip_suffix(".gz").unwrap_or(name).strip_suffix(".csv")?;
    let (_, last) = stem.rsplit_once('_')?;
    RESOLUTIONS.into_iter().find(|(name, _)| *name == last).map(|(_, length)| length)
}

/// Rolls each series up into the coarser ones and compares.
pub(super) fn rows(set: &str, files: &[PathBuf]) -> Result<Vec<Row>, TruthError> {
    let mut all: BTreeMap<i64, Series> = BTreeMap::new();
    for file in files {
        let name = file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into());
        let Some(length) = resolution_of(&name) else { continue };
        all.entry(length).or_default().extend(read(file, &name)?);
    }
    let mut rows = Vec::new();
    let lengths: Vec<i64> = all.keys().copied().collect();
    for (nth, coarse) in lengths.iter().enumerate() {
        for fine in &lengths[..nth] {
            rows.extend(roll_up(set, (*fine, &all[fine]), (*coarse, &all[coarse])));
        }
    }
    Ok(rows)
}

fn name_of(length: i64) -> &'static str {
    RESOLUTIONS.into_iter().find(|(_, other)| *other == length).map_or("", |(name, _)| name)
}

/// Compares where the finer series covers: on the days that it has.
fn roll_up(set: &str, fine: (i64, &Series), coarse: (i64, &Series)) -> Option<Row> {
    let days: Vec<i64> = fine.1.iter().map(|(at, _)| at.div_euclid(DAY_MS)).collect();
    let covers = |at: i64| days.binary_search(&at.div_euclid(DAY_MS)).is_ok();
    let mut made: BTreeMap<i64, Bar> = BTreeMap::new();
    for (at, bar) in fine.1 {
        let start = at - at.rem_euclid(coarse.0);
        match made.get_mut(&start) {
            Some(whole) => whole.add(bar)?,
            None => {
                made.insert(start, bar.clone());
            }
        }
    }
    let theirs: BTreeMap<i64, &Bar> =
        coarse.1.iter().filter(|(at, _)| covers(*at)).map(|(at, bar)| (*at, bar)).collect();
    made.retain(|start, _| {
        coarse.1.iter().any(|(at, _)| at.div_euclid(DAY_MS) == start.div_euclid(DAY_MS))
    });
    let mut starts: Vec<i64> = made.keys().chain(theirs.keys()).copied().collect();
    starts.sort_unstable();
    starts.dedup();
    let is_equal = |start: &i64| match (made.get(start), theirs.get(start)) {
        (Some(ours), Some(bar)) => ours.is_same(bar),
        _ => false,
    };
    let equal = starts.iter().filter(|start| is_equal(start)).count();
    let compared = format!("{} to {}", name_of(fine.0), name_of(coarse.0));
    (!starts.is_empty()).then(|| Row::new(set, compared, equal, starts.len()))
}

impl Bar {
    /// Adds what came after.
    fn add(&mut self, later: &Self) -> Option<()> {
        for (side, other) in self.sides.iter_mut().zip(&later.sides) {
            let [_, high, low, close] = side;
            if high.compare(other[1]).is_lt() {
                *high = other[1];
            }
            if other[2].compare(*low).is_lt() {
                *low = other[2];
            }
            *close = other[3];
        }
        if let (Some(sum), Some(more)) = (self.volume, later.volume) {
            self.volume = Some(Decimal::sum([sum, more])?);
        }
        Some(())
    }

    fn is_same(&self, other: &Self) -> bool {
        let same = |a: Decimal, b: Decimal| a.equals(b);
        let volume = match (self.volume, other.volume) {
            (Some(a), Some(b)) => same(a, b),
            (a, b) => a.is_none() && b.is_none(),
        };
        let all = self.sides.iter().flatten().zip(other.sides.iter().flatten());
        volume
            && self.sides.len() == other.sides.len()
            && all.into_iter().all(|(a, b)| same(*a, *b))
    }
}

fn read(file: &Path, name: &str) -> Result<Series, TruthError> {
    let unreadable = |fault: &dyn std::fmt::Display| TruthError::of(file, fault.to_string());
    let opened = File::open(file).map_err(|error| unreadable(&error))?;
    let plain: Box<dyn Read> = if name.ends_with(".gz") {
        Box::new(MultiGzDecoder::new(opened))
    } else {
        Box::new(opened)
    };
    let mut reader = csv::Reader::from_reader(plain);
    let columns: Vec<String> = match reader.headers() {
        Ok(headers) => headers.iter().map(str::to_owned).collect(),
        Err(error) => return Err(unreadable(&error)),
    };
    let day = name.split('_').next().and_then(day_of);
    let mut series = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| unreadable(&error))?;
        let cell = |column: &str| {
            let at = columns.iter().position(|name| name == column)?;
            record.get(at)
        };
        let number = |column: &str| Decimal::parse(cell(column)?).ok();
        let row = (|| {
            let at = match (cell("ms_of_day"), cell("time")) {
                (Some(ms), _) => day? + ms.parse::<i64>().ok()?,
                (None, Some(time)) => time_of(time)?,
                _ => return None,
            };
            let four = |names: [String; 4]| {
                let [open, high, low, close] = names.map(|name| number(&name));
                Some([open?, high?, low?, close?])
            };
            let of = |prefix: &str| {
                four(["open", "high", "low", "close"].map(|name| format!("{prefix}{name}")))
            };
            let sides = match (number("bid"), number("ask")) {
                (Some(bid), Some(ask)) => vec![[bid; 4], [ask; 4]],
                _ if columns.iter().any(|name| name == "open") => vec![of("")?],
                _ => vec![of("bid_")?, of("ask_")?],
            };
            Some((at, Bar { sides, volume: number("volume") }))
        })();
        let line = record.position().map_or(0, csv::Position::line);
        series.push(row.ok_or_else(|| unreadable(&format!("line {line} is not understood")))?);
    }
    Ok(series)
}

/// `YYYYMMDD` as milliseconds since 1970, in the file's own zone.
fn day_of(text: &str) -> Option<i64> {
    let part = |from: usize, to: usize| text.get(from..to)?.parse::<i16>().ok();
    let (year, month, day) = (part(0, 4)?, part(4, 6)?, part(6, 8)?);
    let date = jiff::civil::Date::new(year, month.try_into().ok()?, day.try_into().ok()?).ok()?;
    let days = date.since(jiff::civil::date(1970, 1, 1)).ok()?.get_days();
    Some(i64::from(days) * DAY_MS)
}

/// `YYYYMMDD HH:MM`.
fn time_of(text: &str) -> Option<i64> {
    let (day, clock) = text.split_once(' ')?;
    let (hour, minute) = clock.split_once(':')?;
    let minutes = hour.parse::<i64>().ok()? * 60 + minute.parse::<i64>().ok()?;
    Some(day_of(day)? + minutes * 60_000)
}
