//! Databento's files: every record as the vendor's own library has it, and the book that single
//! orders make.
//!
//! - A list beside the files (`*.jsonl`), one record a line as the vendor's library decodes it, with
//!   its `file` and its place `i` in it, is held against the records that are read here.
//! - Files that differ in version or packing only, told by their names (`x.v1.dbn.zst`, `x.v3.dbn`),
//!   are to give the same events; fragments among themselves.
//! - Single orders (`mbo`) go the way of `feed dbn`: through the adapter, over the wire, into the
//!   fold, whose book is to be that of the orders at each end of an event. Whether cancels and
//!   modifies find their orders, the venue's own records tell.
//!
//! Files that follow one another (dataset and schema the same, each from where the one before ends)
//! are one stream.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::wired::over_the_wire;
use super::{Row, TruthError};
use crate::domain::by_order::ByOrder;
use crate::domain::market::{
    Body, Decimal, Event, Instrument, Market, Moment, Policy, Side, TradeOutcome,
};
use crate::feeds::capture::unpacked;
use crate::feeds::dbn::{Adapter, Fault, Message, Reader, apply, fields};

/// Ends of the names that DBN files have, the longest first.
const ENDS: [&str; 5] = [".dbn.frag.zst", ".dbn.frag", ".dbn.zst", ".dbn", ".dbz"];
/// Decimals of DBN's prices.
const PRICE_EXP: u8 = 9;

/// Whether a file is one of these, by its name.
pub(super) fn is_named(name: &str) -> bool {
    stem_of(name).is_some() || is_list(name)
}

fn stem_of(name: &str) -> Option<&str> {
    ENDS.into_iter().find_map(|end| name.strip_suffix(end))
}

fn is_list(name: &str) -> bool {
    name.strip_suffix(".gz").unwrap_or(name).ends_with(".jsonl")
}

fn name_of(file: &Path) -> String {
    file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into())
}

/// Compares all that the files of a folder tell of each other.
pub(super) fn rows(set: &str, files: &[PathBuf]) -> Result<Vec<Row>, TruthError> {
    let (lists, files): (Vec<_>, Vec<_>) =
        files.iter().cloned().partition(|file| is_list(&name_of(file)));
    let mut rows = vec![readable(set, &files)];
    for list in &lists {
        rows.push(as_decoded(set, list, &files)?);
    }
    let files: Vec<PathBuf> = files.into_iter().filter(|file| !is_legacy(file)).collect();
    rows.extend(versions(set, &files)?);
    for stream in streams(&files)? {
        rows.extend(orders(set, &stream)?);
    }
    Ok(rows)
}

fn is_legacy(file: &Path) -> bool {
    matches!(Reader::open(file), Err(error) if matches!(error.fault, Fault::Legacy))
}

/// Each file is read to its end.
fn readable(set: &str, files: &[PathBuf]) -> Row {
    let (mut equal, mut legacy) = (0, 0);
    for file in files {
        match records_of(file, |_| Ok(())) {
            Ok(_) => equal += 1,
            Err(_) if is_legacy(file) => legacy += 1,
            Err(error) => tracing::warn!(set, %error, "a file was not read to its end"),
        }
    }
    Row::new(set, "files read to their end", equal, files.len())
        .explain(legacy, "DBZ, the format before DBN, is refused with that reason")
}

/// Reads a file to its end; how many records it has.
fn records_of(
    file: &Path,
    mut each: impl FnMut(&Message<'_>) -> Result<(), String>,
) -> Result<usize, TruthError> {
    let unreadable = |fault: String| TruthError::of(file, fault);
    let mut reader = Reader::open(file).map_err(|error| unreadable(error.to_string()))?;
    let mut count = 0;
    while let Some(record) = reader.next_record().map_err(|error| unreadable(error.to_string()))? {
        let message = Message::of(record).map_err(|error| unreadable(error.to_string()))?;
        each(&message).map_err(unreadable)?;
        count += 1;
    }
    Ok(count)
}

/// Records of a list, by the file that it names.
type Listed = BTreeMap<String, Vec<Map<String, Value>>>;

fn listed(list: &Path) -> Result<Listed, TruthError> {
    let unreadable = |fault: String| TruthError::of(list, fault);
    let opened = unpacked(list).map_err(|error| unreadable(error.to_string()))?;
    let mut by_file = Listed::new();
    for line in opened.lines() {
        let line = line.map_err(|error| unreadable(error.to_string()))?;
        let record: Map<String, Value> =
            serde_json::from_str(&line).map_err(|error| unreadable(error.to_string()))?;
        let Some(Value::String(file)) = record.get("file").cloned() else {
            return Err(unreadable("a record that names no file".to_owned()));
        };
        by_file.entry(file).or_default().push(record);
    }
    Ok(by_file)
}

/// Records as the vendor's library has them; a record more than there is one that is not equal.
fn as_decoded(set: &str, list: &Path, files: &[PathBuf]) -> Result<Row, TruthError> {
    let root = list.parent().unwrap_or(Path::new(""));
    let (mut equal, mut total, mut values) = (0, 0, 0);
    for (name, theirs) in listed(list)? {
        total += theirs.len();
        let file = root.join(&name);
        if !files.contains(&file) {
            tracing::warn!(set, name, "the list tells of a file that is not there");
            continue;
        }
        let unreadable = |fault: String| TruthError::of(&file, fault);
        let mut reader = Reader::open(&file).map_err(|error| unreadable(error.to_string()))?;
        let mut theirs = theirs.into_iter();
        while let Some(record) =
            reader.next_record().map_err(|error| unreadable(error.to_string()))?
        {
            let ours = fields(record).map_err(|error| unreadable(error.to_string()))?;
            let Some(theirs) = theirs.next() else {
                total += 1;
                continue;
            };
            match differing(&ours, &theirs) {
                Ok(count) => (equal, values) = (equal + 1, values + count),
                Err(field) => tracing::warn!(set, name, field, "a record differs"),
            }
        }
    }
    let compared = format!("records as the vendor's library decodes them ({values} values)");
    Ok(Row::new(set, compared, equal, total))
}

/// How many values of a record are equal, or the first that is not.
fn differing(ours: &Map<String, Value>, theirs: &Map<String, Value>) -> Result<usize, String> {
    let mut count = 0;
    for (name, theirs) in theirs {
        // Where the record stands in their list, and what they tell again beside `levels`.
        let is_of_list = ["file", "i", "type", "ts_index", "ts_out"].contains(&name.as_str());
        let is_again = name.rsplit_once('_').is_some_and(|(_, level)| {
            level.len() == 2 && level.bytes().all(|digit| digit.is_ascii_digit())
        });
        if is_of_list || is_again {
            continue;
        }
        let told = ours.get(name).ok_or_else(|| name.clone())?;
        match (told.as_array(), theirs.as_array()) {
            (Some(ours), Some(theirs)) if ours.len() == theirs.len() => {
                for pair in ours.iter().zip(theirs) {
                    let (Value::Object(ours), Value::Object(theirs)) = pair else {
                        return Err(name.clone());
                    };
                    count += differing(ours, theirs).map_err(|field| format!("{name}: {field}"))?;
                }
            }
            (None, None) if is_same(told, theirs) => count += 1,
            _ => return Err(format!("{name}: {told} here, {theirs} there")),
        }
    }
    Ok(count)
}

/// The two ways of writing say the same: numbers as text or bare, words of the library with their
/// number (`<Side.BID: 66>`), and what is not defined as null or as the value that stands for it.
fn is_same(ours: &Value, theirs: &Value) -> bool {
    let plain = |value: &Value| match value {
        Value::String(text) => match text.strip_prefix('<').and_then(|at| at.split_once(": ")) {
            Some((_, number)) => number.trim_end_matches('>').to_owned(),
            None => text.trim_matches('\0').to_owned(),
        },
        Value::Bool(true) => "Y".to_owned(),
        Value::Bool(false) => "N".to_owned(),
        Value::Null => "~".to_owned(),
        other => other.to_string(),
    };
    let undefined = ["", "18446744073709551615", "9223372036854775807"];
    let (ours, theirs) = (plain(ours), plain(theirs));
    ours == theirs || ours == "~" && undefined.contains(&theirs.as_str())
}

/// The events of one file.
fn events_of(file: &Path) -> Result<Vec<(Instrument, Event)>, TruthError> {
    let unreadable = |fault: String| TruthError::of(file, fault);
    let mut reader = Reader::open(file).map_err(|error| unreadable(error.to_string()))?;
    let (mut adapter, mut events) = (Adapter::default(), Vec::new());
    adapter.begin(reader.metadata());
    while let Some(record) = reader.next_record().map_err(|error| unreadable(error.to_string()))? {
        if let Err(refused) = adapter.take(record, &mut events) {
            tracing::warn!(file = %file.display(), %refused, "a record was refused");
        }
    }
    adapter.finish(&mut events);
    Ok(events)
}

/// Files that differ in version or packing only.
fn versions(set: &str, files: &[PathBuf]) -> Result<Option<Row>, TruthError> {
    let mut groups: BTreeMap<(PathBuf, bool), Vec<&PathBuf>> = BTreeMap::new();
    for file in files {
        let name = name_of(file);
        let stem = stem_of(&name).unwrap_or_default();
        let versions = [".v1", ".v2", ".v3"].into_iter();
        let stem = versions.fold(stem, |stem, version| stem.strip_suffix(version).unwrap_or(stem));
        let key = (file.with_file_name(stem), name.contains(".frag"));
        groups.entry(key).or_default().push(file);
    }
    let (mut equal, mut total) = (0, 0);
    for group in groups.values().filter(|group| 1 < group.len()) {
        let mut told = group.iter().map(|file| Ok((file, events_of(file)?)));
        let Some((first, theirs)) = told.next().transpose()? else { continue };
        for other in told {
            let (file, ours) = other?;
            total += 1;
            equal += usize::from(ours == theirs);
            if ours != theirs {
                let (first, file) = (first.display(), file.display());
                tracing::warn!(set, %first, %file, "versions of a file give different events");
            }
        }
    }
    let compared = "files that give the events of the same file in another version or packing";
    Ok((0 < total).then(|| Row::new(set, compared, equal, total)))
}

/// Files of single orders, each stream in the order of its files.
fn streams(files: &[PathBuf]) -> Result<Vec<Vec<PathBuf>>, TruthError> {
    let mut begun: Vec<(u64, u64, String, PathBuf)> = Vec::new();
    for file in files {
        let reader = Reader::open(file).map_err(|error| TruthError::of(file, error))?;
        let told =
            reader.metadata().filter(|told| told.schema.is_some_and(|of| of.as_str() == "mbo"));
        if let Some(told) = told {
            let end = told.end.map_or(u64::MAX, u64::from);
            begun.push((told.start, end, told.dataset.clone(), file.clone()));
        }
    }
    begun.sort();
    let mut streams: Vec<(u64, String, Vec<PathBuf>)> = Vec::new();
    for (start, end, dataset, file) in begun {
        let before = streams.iter_mut().find(|(ended, of, _)| *ended <= start && *of == dataset);
        match before {
            Some((ended, _, files)) => {
                *ended = end;
                files.push(file);
            }
            None => streams.push((end, dataset, vec![file])),
        }
    }
    Ok(streams.into_iter().map(|(.., files)| files).collect())
}

/// What was seen of one instrument's orders.
#[derive(Default)]
struct Seen {
    /// The book of its orders.
    orders: ByOrder,
    /// Whether all its orders are known: since a clear or a snapshot.
    is_whole: bool,
    instrument: Option<Instrument>,
    market: Option<Market>,
    has_traded: bool,
    sought: usize,
    found: usize,
    ends: usize,
    same: usize,
    crossed: usize,
    crossed_before_trades: usize,
    trades: usize,
    counted: usize,
}

/// Plays a stream of single orders.
fn orders(set: &str, files: &[PathBuf]) -> Result<Vec<Row>, TruthError> {
    let mut adapter = Adapter::default();
    let mut seen: BTreeMap<u32, Seen> = BTreeMap::new();
    let mut events = Vec::new();
    for file in files {
        let unreadable = |fault: String| TruthError::of(file, fault);
        let mut reader = Reader::open(file).map_err(|error| unreadable(error.to_string()))?;
        adapter.begin(reader.metadata());
        while let Some(record) =
            reader.next_record().map_err(|error| unreadable(error.to_string()))?
        {
            let Ok(Message::Mbo(msg)) = Message::of(record) else { continue };
            let one = seen.entry(msg.hd.instrument_id).or_default();
            let action = msg.action as u8;
            one.is_whole |= action == b'R' || msg.flags.is_snapshot();
            let before = one.orders.counts();
            apply(&mut one.orders, msg);
            let after = one.orders.counts();
            if one.is_whole && matches!(action, b'C' | b'M') {
                one.sought += 1;
                let is_known = (before.unknown_cancels, before.unknown_modifies)
                    == (after.unknown_cancels, after.unknown_modifies);
                one.found += usize::from(is_known);
            }
            one.trades += usize::from(action == b'T');
            one.has_traded |= action == b'T';
            adapter.take(record, &mut events).map_err(|error| unreadable(error.to_string()))?;
            for (instrument, event) in events.drain(..) {
                one.fold(&instrument, &event).map_err(unreadable)?;
            }
            if msg.flags.is_last() && one.is_whole {
                one.end();
            }
        }
    }
    // What had no end is told behind the last record.
    adapter.finish(&mut events);
    for (instrument, event) in events {
        if let Some(one) =
            seen.values_mut().find(|one| one.instrument.as_ref() == Some(&instrument))
        {
            one.fold(&instrument, &event).map_err(|fault| TruthError::of(&files[0], fault))?;
        }
    }
    let sum = |of: fn(&Seen) -> usize| seen.values().map(of).sum::<usize>();
    let found = "cancels and modifies that find their order";
    let same = "ends of events with the fold's best levels as the orders make them";
    let levels = "whole books of the fold as the orders make them, at the end";
    let straight = sum(|one| one.ends - one.crossed);
    let reason =
        "the venue's own book before its first trade, when it collects orders for the open";
    let rows = [
        Row::new(set, found, sum(|one| one.found), sum(|one| one.sought)),
        Row::new(set, same, sum(|one| one.same), sum(|one| one.ends)),
        Row::new(
            set,
            levels,
            sum(|one| usize::from(0 < one.ends && one.has_same_levels())),
            // A snapshot that is cut short is no book.
            sum(|one| usize::from(0 < one.ends)),
        ),
        Row::new(set, "trades that the fold counts", sum(|one| one.counted), sum(|one| one.trades)),
        Row::new(set, "books not crossed", straight, sum(|one| one.ends))
            .explain(sum(|one| one.crossed_before_trades), reason),
    ];
    // Where a recording has nothing of a kind, nothing is compared.
    Ok(rows.into_iter().filter(|row| row.total != 0).collect())
}

impl Seen {
    /// Folds an event as a hub would.
    fn fold(&mut self, instrument: &Instrument, event: &Event) -> Result<(), String> {
        let event = over_the_wire(instrument, event)?;
        self.instrument.get_or_insert_with(|| instrument.clone());
        let market = self.market.get_or_insert_with(|| Market::new("truth"));
        let admission = market.admit(std::slice::from_ref(&event));
        market.accept(admission.map_err(|refusal| format!("{refusal:?}: {event:?}"))?);
        let changes = market.apply(&event, Moment::default(), &Policy::default(), &mut Vec::new());
        if matches!(event.body, Body::Trade(_)) {
            self.counted += usize::from(matches!(changes.trade, Some(TradeOutcome::Counted(_))));
        }
        if 64 < market.bars_settled() {
            market.forget_bars();
        }
        Ok(())
    }

    /// The venue ends an event: the two books are compared.
    fn end(&mut self) {
        self.ends += 1;
        if self.orders.is_crossed() {
            self.crossed += 1;
            self.crossed_before_trades += usize::from(!self.has_traded);
        }
        let Some(market) = &self.market else { return };
        let best = [market.book().best_bid(), market.book().best_ask()];
        let is_same = |(side, best): (Side, Option<(i64, i64)>)| match self.orders.best(side) {
            Some(level) => best.is_some() && best == at_scales(market, level.price, level.qty),
            None => best.is_none(),
        };
        let is_same = [Side::Bid, Side::Ask].into_iter().zip(best).all(is_same);
        self.same += usize::from(is_same);
    }

    fn has_same_levels(&self) -> bool {
        let Some(market) = &self.market else { return self.orders.is_empty() };
        let of = |side| {
            let levels = self.orders.levels(side);
            levels.map(|level| at_scales(market, level.price, level.qty)).collect::<Vec<_>>()
        };
        let bids: Vec<_> = market.book().bids().map(|(at, level)| Some((at, level.qty))).collect();
        let asks: Vec<_> = market.book().asks().map(|(at, level)| Some((at, level.qty))).collect();
        bids == of(Side::Bid) && asks == of(Side::Ask)
    }
}

/// A level of DBN's units in the mantissas of a market; none where it does not fit.
fn at_scales(market: &Market, price: i64, qty: u64) -> Option<(i64, i64)> {
    let price = Decimal::from_mantissa(price, PRICE_EXP).at(market.price_exp())?;
    let qty = Decimal::from_mantissa(i64::try_from(qty).ok()?, 0).at(market.qty_exp())?;
    Some((price, qty))
}
