//! The hub's own numbers against those that venues and vendors published, on recorded data.
//!
//! A capture goes the way that live frames go: through the venue's adapter, over the wire of
//! `md.v1`, into the fold. What comes out is compared with what the venue says of itself, under the
//! rules that the venue's entry in [`VENUES`] states; nothing here knows a single set.
//!
//! [`VENUES`]: crate::feeds::venues::VENUES

mod candles;
mod databento;
mod dukascopy;
mod lean;
mod replay;
mod rolled;
mod sets;
mod table;
mod tops;
mod wired;

use std::path::Path;

pub use self::sets::capture_rows;
pub use self::table::markdown;

/// One comparison of one set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The folder, and the venue where it holds several.
    pub set: String,
    /// What was compared with what.
    pub compared: String,
    /// How many were equal.
    pub equal: usize,
    /// Of how many.
    pub total: usize,
    /// The differences whose reason is the venue's.
    pub explained: Vec<Difference>,
}

/// Differences that have one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// How many.
    pub count: usize,
    /// Why they are none of ours.
    pub reason: String,
}

/// Why a set cannot be verified.
#[derive(Debug, thiserror::Error)]
pub enum TruthError {
    /// The folder, or a file in it.
    #[error("{file}: {fault}")]
    Unreadable {
        /// The file.
        file: String,
        /// What is wrong with it.
        fault: String,
    },
    /// There is nothing to verify.
    #[error("no recorded set that is known under {0}")]
    Empty(String),
}

impl TruthError {
    fn of(file: &Path, fault: impl ToString) -> Self {
        Self::Unreadable { file: file.display().to_string(), fault: fault.to_string() }
    }
}

impl Row {
    fn new(set: &str, compared: impl Into<String>, equal: usize, total: usize) -> Self {
        Self { set: set.to_owned(), compared: compared.into(), equal, total, explained: Vec::new() }
    }

    fn explain(mut self, count: usize, reason: impl Into<String>) -> Self {
        if 0 < count {
            self.explained.push(Difference { count, reason: reason.into() });
        }
        self
    }

    /// Whether all are equal but those whose difference is the venue's.
    #[must_use]
    pub fn holds(&self) -> bool {
        let explained: usize = self.explained.iter().map(|difference| difference.count).sum();
        0 < self.total && self.equal + explained == self.total
    }
}

/// Verifies every set that is known in a folder, in the order of their names. A set with a file that
/// cannot be read has one row, which does not hold; the others go on.
///
/// # Errors
///
/// [`TruthError`] where the folder cannot be read, or nothing is known there.
pub fn verify(dir: &Path) -> Result<Vec<Row>, TruthError> {
    let mut rows = Vec::new();
    for set in sets::sets(dir)? {
        rows.extend(set.verify().unwrap_or_else(|error| {
            tracing::warn!(set = set.name(), %error, "a set was not read");
            vec![Row::new(set.name(), format!("files that can be read ({error})"), 0, 1)]
        }));
    }
    if rows.is_empty() {
        return Err(TruthError::Empty(dir.display().to_string()));
    }
    Ok(rows)
}
