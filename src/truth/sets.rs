//! Which sets a folder holds, told by the names of folders and files.
//!
//! A file belongs to the venue whose name begins its name (as recorders name them: `BITSTAMP.ws…`),
//! else to the one whose name begins its folder's (`kraken-ws-…`, `binance-usdm-…`). All files of one
//! venue in one folder are one capture.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Row, TruthError, candles, databento, dukascopy, lean, replay, tops};
use crate::feeds::venues::{Sequencing, VENUES, Venue, venue};

/// What a folder holds.
pub(super) enum Set {
    /// Frames of one venue.
    Capture { name: String, venue: &'static Venue, files: Vec<PathBuf> },
    /// Ticks and bars in the layout of QuantConnect's Lean.
    Lean { name: String, files: Vec<PathBuf> },
    /// DBN files, and what Databento's library makes of them.
    Databento { name: String, files: Vec<PathBuf> },
    /// Ticks and candles of Dukascopy.
    Dukascopy { name: String, files: Vec<PathBuf> },
}

/// Names that recorders give to venues.
const RECORDED_AS: [(&str, &str); 4] = [
    ("binance_futures", "binance-usdm"),
    ("binance_delivery", "binance-coinm"),
    ("binance-spot", "binance"),
    ("okex", "okx"),
];

/// How deep folders are looked into.
const DEPTH_MAX: usize = 4;

/// The sets of a folder, itself and those in it. A folder that is no set of its own lends its files to
/// the one that it stands in.
pub(super) fn sets(dir: &Path) -> Result<Vec<Set>, TruthError> {
    let mut sets = Vec::new();
    let files = find(dir, DEPTH_MAX, [false; 2], &mut sets)?;
    sets.extend(sets_of(&name_of(dir)?, files));
    sets.sort_by(|a, b| a.name().cmp(b.name()));
    Ok(sets)
}

/// Finds the sets within a folder; what is left are files for the folder's own. `wanted` are the
/// vendors' files, Lean's and Databento's, that a set further up takes.
fn find(
    dir: &Path,
    depth: usize,
    wanted: [bool; 2],
    sets: &mut Vec<Set>,
) -> Result<Vec<PathBuf>, TruthError> {
    let inside = list(dir)?;
    let mut files: Vec<PathBuf> = inside.iter().filter(|path| path.is_file()).cloned().collect();
    let kinds = |files: &[PathBuf]| [lean::is_named, databento::is_named].map(|is| any(files, is));
    let [is_lean, is_databento] = kinds(&files);
    let wanted = [wanted[0] || is_lean, wanted[1] || is_databento];
    for path in inside.iter().filter(|path| path.is_dir() && depth != 0) {
        let name = name_of(path)?;
        let below = find(path, depth - 1, wanted, sets)?;
        let own = below.iter().filter(|file| file.parent() == Some(path)).cloned().collect();
        let [has_lean, has_databento] = kinds(&below);
        let is_part = wanted[0] && has_lean || wanted[1] && has_databento;
        if is_dukascopy(&name) || !is_part && !sets_of(&name, own).is_empty() {
            sets.extend(sets_of(&name, below));
        } else {
            files.extend(below);
        }
    }
    Ok(files)
}

fn any(files: &[PathBuf], is: fn(&str) -> bool) -> bool {
    let names = files.iter().filter_map(|file| file.file_name()?.to_str());
    names.into_iter().any(is)
}

/// A folder's name; that of `.` is the name of what it stands for.
fn name_of(dir: &Path) -> Result<String, TruthError> {
    let whole = dir.canonicalize().map_err(|error| TruthError::of(dir, error))?;
    Ok(whole.file_name().map_or_else(String::new, |name| name.to_string_lossy().into()))
}

fn is_dukascopy(folder: &str) -> bool {
    folder.starts_with("dukascopy")
}

fn list(dir: &Path) -> Result<Vec<PathBuf>, TruthError> {
    let entries = fs::read_dir(dir).map_err(|error| TruthError::of(dir, error))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    Ok(paths)
}

fn sets_of(folder: &str, files: Vec<PathBuf>) -> Vec<Set> {
    let mut captures: BTreeMap<&str, (&'static Venue, Vec<PathBuf>)> = BTreeMap::new();
    let (mut lean, mut dukascopy, mut databento) = (Vec::new(), Vec::new(), Vec::new());
    for file in files {
        let name = file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into());
        if name.ends_with(".md") || name.starts_with('.') {
            continue;
        }
        if lean::is_named(&name) {
            lean.push(file);
        } else if databento::is_named(&name) {
            databento.push(file);
        } else if is_dukascopy(folder) {
            dukascopy.push(file);
        } else if let Some(venue) = venue_of(&name).or_else(|| venue_of(folder)) {
            captures.entry(venue.name).or_insert((venue, Vec::new())).1.push(file);
        }
    }
    let several = 1 < captures.len();
    let mut sets: Vec<Set> = captures
        .into_iter()
        .map(|(venue_name, (venue, files))| {
            let name = if several { format!("{folder}/{venue_name}") } else { folder.to_owned() };
            Set::Capture { name, venue, files }
        })
        .collect();
    let name = folder.to_owned();
    if !lean.is_empty() {
        sets.push(Set::Lean { name: name.clone(), files: lean });
    }
    if !databento.is_empty() {
        sets.push(Set::Databento { name: name.clone(), files: databento });
    }
    if !dukascopy.is_empty() {
        sets.push(Set::Dukascopy { name, files: dukascopy });
    }
    sets
}

/// The venue whose name begins a text; the longest such name.
fn venue_of(text: &str) -> Option<&'static Venue> {
    let text = text.to_ascii_lowercase();
    let begins = |name: &str| {
        let rest = text.strip_prefix(name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '.', '_']))
    };
    let recorded = RECORDED_AS.into_iter().filter(|(name, _)| begins(name));
    let named =
        VENUES.iter().map(|venue| (venue.name, venue.name)).filter(|(name, _)| begins(name));
    let (_, name) = recorded.chain(named).max_by_key(|(name, _)| name.len())?;
    venue(name)
}

impl Set {
    /// Its folder, and the venue where that holds several.
    pub fn name(&self) -> &str {
        match self {
            Self::Capture { name, .. }
            | Self::Lean { name, .. }
            | Self::Databento { name, .. }
            | Self::Dukascopy { name, .. } => name,
        }
    }

    /// Compares all that can be compared.
    pub fn verify(&self) -> Result<Vec<Row>, TruthError> {
        match self {
            Self::Capture { name, venue, files } => capture_rows(name, venue, files),
            Self::Lean { name, files } => lean::rows(name, files),
            Self::Databento { name, files } => databento::rows(name, files),
            Self::Dukascopy { name, files } => dukascopy::rows(name, files),
        }
    }
}

/// Compares what a venue's frames say of themselves with what they come to.
///
/// # Errors
///
/// [`TruthError`] where a file cannot be read.
pub fn capture_rows(set: &str, venue: &Venue, files: &[PathBuf]) -> Result<Vec<Row>, TruthError> {
    let folded = replay::fold(venue, files)?;
    for why in &folded.refused {
        // Named, but not excused: a frame of a venue is to be understood.
        tracing::warn!(set, why, "a frame was refused");
    }
    let others = folded.refused.len() + folded.answers + folded.early;
    let frames = Row::new(set, "frames understood", folded.frames - others, folded.frames)
        .explain(folded.answers, "the venue refused what the recorder asked for")
        .explain(folded.early, "a snapshot from before the first change that was recorded");
    let mut rows = vec![frames];
    let outs = || folded.instruments.values();
    let sum = |part: fn(&replay::Out) -> usize| outs().map(part).sum::<usize>();
    let checksums = [0, 1].map(|at| outs().map(|out| out.checksums[at]).sum::<usize>());
    if 0 < checksums[0] + checksums[1] {
        let all = checksums[0] + checksums[1];
        rows.push(Row::new(set, "the venue's checksums of its book", checksums[1], all));
    }
    let changes = sum(|out| out.changes);
    if venue.sequencing != Sequencing::None && 0 < changes {
        let gaps = sum(|out| out.gaps + out.unsynced) + folded.disconnects;
        let bookless = sum(|out| if out.has_snapshot { 0 } else { out.changes });
        let continued = changes.saturating_sub(gaps + bookless);
        let reason = "the recording has no snapshot of their book, which is said to be unsynced";
        let compared = "changes of a book without a gap before them";
        rows.push(Row::new(set, compared, continued, changes).explain(bookless, reason));
    }
    rows.extend(tops::rows(set, venue, &folded));
    rows.extend(candles::rows(set, venue, &folded));
    let seen = sum(|out| out.tops.len());
    if 0 < seen {
        let straight = seen.saturating_sub(sum(|out| out.crossed));
        rows.push(Row::new(set, "books not crossed", straight, seen));
    }
    Ok(rows)
}
