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

mod orders;
mod records;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Row, TruthError};
use crate::domain::market::{Event, Instrument};
use crate::feeds::dbn::{Adapter, Fault, Message, Reader};

/// Ends of the names that DBN files have, the longest first.
const ENDS: [&str; 5] = [".dbn.frag.zst", ".dbn.frag", ".dbn.zst", ".dbn", ".dbz"];

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
        rows.push(records::as_decoded(set, list, &files)?);
    }
    let files: Vec<PathBuf> = files.into_iter().filter(|file| !is_legacy(file)).collect();
    rows.extend(versions(set, &files)?);
    for stream in streams(&files)? {
        rows.extend(orders::rows(set, &stream)?);
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
        match read_whole(file) {
            Ok(()) => equal += 1,
            Err(_) if is_legacy(file) => legacy += 1,
            Err(error) => tracing::warn!(set, %error, "a file was not read to its end"),
        }
    }
    Row::new(set, "files read to their end", equal, files.len())
        .explain(legacy, "DBZ, the format before DBN, is refused with that reason")
}

/// Reads a file to its end.
fn read_whole(file: &Path) -> Result<(), TruthError> {
    let unreadable = |fault: String| TruthError::of(file, fault);
    let mut reader = Reader::open(file).map_err(|error| unreadable(error.to_string()))?;
    while let Some(record) = reader.next_record().map_err(|error| unreadable(error.to_string()))? {
        Message::of(record).map_err(|error| unreadable(error.to_string()))?;
    }
    Ok(())
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
        let before = streams.iter_mut().find(|(ended, of, _)| *ended == start && *of == dataset);
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
