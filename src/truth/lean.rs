//! Ticks and bars in the layout of QuantConnect's Lean: `YYYYMMDD_symbol_{tick,second,minute}.csv`
//! with `ms_of_day`, `symbol_{hour,daily}.csv` with `time` = `YYYYMMDD HH:MM`, all in the source's own
//! zone, in which its days begin. Behind the resolution may stand `_trade` or `_quote`.
//!
//! Bars of quotes have both sides, bid and ask, each on its own; bars of trades have a volume. Ticks go
//! the way of `feed csv`: as events, over the wire, into the fold. The finest file of a day makes the
//! bars of the coarser ones. Source: quantconnect.com, "LEAN Data Format".

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use super::rolled::{Bar, Series, rolled};
use super::wired::over_the_wire;
use super::{Row, TruthError};
use crate::domain::market::{Body, Decimal, Instrument, Market, Moment, Policy};
use crate::feeds::csv::{self as ticks, Layout, Sessions};

/// Lengths in milliseconds, finest first; a tick has none.
const RESOLUTIONS: [(&str, i64); 5] =
    [("tick", 0), ("second", 1_000), ("minute", 60_000), ("hour", 3_600_000), ("daily", DAY_MS)];
const DAY_MS: i64 = 86_400_000;

/// What a file's name says of it.
struct Named<'a> {
    /// The symbol, and `trade` or `quote` where that is said.
    of: String,
    length: i64,
    day: Option<&'a str>,
}

/// Whether a file name has this layout.
pub(super) fn is_named(name: &str) -> bool {
    named(name).is_some()
}

fn named(name: &str) -> Option<Named<'_>> {
    let stem = name.strip_suffix(".gz").unwrap_or(name).strip_suffix(".csv")?;
    let kind = ["_trade", "_quote"].into_iter().find(|kind| stem.ends_with(kind)).unwrap_or("");
    let stem = &stem[..stem.len() - kind.len()];
    let (rest, last) = stem.rsplit_once('_')?;
    let (_, length) = RESOLUTIONS.into_iter().find(|(name, _)| *name == last)?;
    let dated = rest.split_once('_').filter(|(day, _)| day_of(day).is_some() && day.len() == 8);
    let (day, symbol) = dated.map_or((None, rest), |(day, symbol)| (Some(day), symbol));
    Some(Named { of: format!("{symbol}{kind}"), length, day })
}

/// Rolls each series up into the coarser ones and compares.
pub(super) fn rows(set: &str, files: &[PathBuf]) -> Result<Vec<Row>, TruthError> {
    let mut all: BTreeMap<String, BTreeMap<i64, Series>> = BTreeMap::new();
    for file in files {
        let name = file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into());
        let Some(named) = named(&name) else { continue };
        let series = if named.length == 0 { read_ticks(file)? } else { read(file, &named)? };
        all.entry(named.of).or_default().entry(named.length).or_default().extend(series);
    }
    let mut rows = Vec::new();
    let several = 1 < all.len();
    for (of, mut series) in all {
        series.values_mut().for_each(|series| series.sort_by_key(|(at, _)| *at));
        let set = if several { format!("{set}/{of}") } else { set.to_owned() };
        let lengths: Vec<i64> = series.keys().copied().collect();
        for (nth, coarse) in lengths.iter().enumerate() {
            for fine in &lengths[..nth] {
                rows.extend(roll_up(&set, (*fine, &series[fine]), (*coarse, &series[coarse])));
            }
        }
    }
    Ok(rows)
}

fn name_of(length: i64) -> &'static str {
    RESOLUTIONS.into_iter().find(|(_, other)| *other == length).map_or("", |(name, _)| name)
}

/// Compares where the finer series covers: on the days that it has.
fn roll_up(set: &str, fine: (i64, &Series), coarse: (i64, &Series)) -> Option<Row> {
    let day_of = |at: i64| at.div_euclid(DAY_MS);
    let days = |series: &Series| series.iter().map(|(at, _)| day_of(*at)).collect::<Vec<_>>();
    let (fine_days, coarse_days) = (days(fine.1), days(coarse.1));
    let mut made = rolled(fine.1, coarse.0).unwrap_or_default();
    let covered = coarse.1.iter().filter(|(at, _)| fine_days.binary_search(&day_of(*at)).is_ok());
    let theirs: BTreeMap<i64, &Bar> = covered.map(|(at, bar)| (*at, bar)).collect();
    made.retain(|start, _| coarse_days.binary_search(&day_of(*start)).is_ok());
    let mut starts: Vec<i64> = made.keys().chain(theirs.keys()).copied().collect();
    starts.sort_unstable();
    starts.dedup();
    let is_equal = |start: &i64| match (made.get(start), theirs.get(start)) {
        (Some(ours), Some(bar)) => {
            // Ticks of quotes have no volume.
            ours.same_prices(bar) && (fine.0 == 0 && ours.volume.is_none() || ours.same_volume(bar))
        }
        _ => false,
    };
    let equal = starts.iter().filter(|start| is_equal(start)).count();
    let compared = format!("{} to {}", name_of(fine.0), name_of(coarse.0));
    (!starts.is_empty()).then(|| Row::new(set, compared, equal, starts.len()))
}

fn opened(file: &Path) -> std::io::Result<Box<dyn Read>> {
    let opened = File::open(file)?;
    let is_packed = file.extension().is_some_and(|end| end == "gz");
    Ok(if is_packed { Box::new(MultiGzDecoder::new(opened)) } else { Box::new(opened) })
}

/// How `feed csv` is told to read ticks. Times stay those of the source's own clock.
fn layout(columns: &str) -> Option<Layout> {
    Some(Layout {
        instrument: Instrument::parse("LEAN:TICKS").ok()?,
        columns: columns.parse().ok()?,
        has_header: true,
        delimiter: b',',
        time: "ms_of_day".parse().ok()?,
        zone: "UTC".parse().ok()?,
        price_scale: None,
        qty_scale: None,
        side_is_maker: false,
        sessions: Sessions::default(),
        newest_first: false,
    })
}

/// Ticks, as the hub has them after each event that `feed csv` makes of them.
fn read_ticks(file: &Path) -> Result<Series, TruthError> {
    let unreadable = |fault: String| TruthError::of(file, fault);
    let opened = opened(file).map_err(|error| unreadable(error.to_string()))?;
    let mut reader = csv::Reader::from_reader(opened);
    let header = reader.headers().map_err(|error| unreadable(error.to_string()))?;
    let named = [
        ("bid", "bid"),
        ("bid_size", "bid_qty"),
        ("ask", "ask"),
        ("ask_size", "ask_qty"),
        ("price", "price"),
        ("size", "qty"),
        ("quantity", "qty"),
    ];
    let held = named.into_iter().filter(|(column, _)| header.iter().any(|at| at == *column));
    let columns = held.fold("time=ms_of_day".to_owned(), |columns, (column, name)| {
        format!("{columns},{name}={column}")
    });
    let layout = layout(&columns).ok_or_else(|| unreadable(format!("columns {columns}")))?;
    let instrument = layout.instrument.clone();
    let (mut market, mut series) = (Market::new("truth"), Series::new());
    let mut fault = None;
    let passed = ticks::read(&layout, None, &[file.to_path_buf()], |event| {
        let tick = over_the_wire(&instrument, &event).and_then(|event| {
            let admission = market.admit(std::slice::from_ref(&event));
            market.accept(admission.map_err(|refusal| format!("{refusal:?}"))?);
            market.apply(&event, Moment::default(), &Policy::default(), &mut Vec::new());
            let price = |mantissa| Decimal::from_mantissa(mantissa, market.price_exp());
            let quoted = [market.quote().bid, market.quote().ask];
            let mut tick = Bar::of_tick(quoted.into_iter().flatten().map(|(at, _)| price(at)));
            if let Body::Trade(trade) = &event.body {
                tick = Bar { volume: Some(trade.qty), ..Bar::of_tick([trade.price]) };
            }
            Ok((event.ts_event / 1_000_000, tick))
        });
        match tick {
            Ok(tick) => series.push(tick),
            Err(why) => fault = Some(why),
        }
        Ok(())
    });
    let passed = passed.map_err(|error| unreadable(error.to_string()))?;
    match fault {
        Some(why) => Err(unreadable(why)),
        None if passed.bad != 0 => Err(unreadable(format!("{} rows cannot be read", passed.bad))),
        None => Ok(series),
    }
}

fn read(file: &Path, named: &Named<'_>) -> Result<Series, TruthError> {
    let unreadable = |fault: &dyn std::fmt::Display| TruthError::of(file, fault.to_string());
    let mut reader = csv::Reader::from_reader(opened(file).map_err(|error| unreadable(&error))?);
    let columns: Vec<String> = match reader.headers() {
        Ok(headers) => headers.iter().map(str::to_owned).collect(),
        Err(error) => return Err(unreadable(&error)),
    };
    let day = named.day.and_then(day_of);
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
            let of = |prefix: &str| {
                let [open, high, low, close] =
                    ["open", "high", "low", "close"].map(|name| number(&format!("{prefix}{name}")));
                Some([open?, high?, low?, close?])
            };
            let sides = if columns.iter().any(|name| name == "open") {
                vec![of("")?]
            } else {
                vec![of("bid_")?, of("ask_")?]
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
