//! State as it is saved: a version first, then fields by name, compressed by whoever stores it.

use serde::{Deserialize, Serialize};

use crate::domain::market::{Bar, KeptTrade, Market};

/// The version written; the one before it is still read (there is none before the first).
const VERSION: u8 = 1;

/// An instrument's market and the place in the log it stands for, without its kept trades.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SavedMarket {
    /// The market.
    pub market: Market,
    /// Position of the last record that is in it.
    pub offset: i64,
    /// The parts of kept trades that belong to it: minute of event time, generation of the part.
    pub trade_minutes: Vec<(i64, u64)>,
}

/// What is last known of an instrument, for whoever does not hold it; objects as REST writes them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HotCopy {
    /// The partition it comes from.
    pub partition: i32,
    /// Position of the last record that is in it.
    pub offset: i64,
    /// Wall time of that record's arrival, in milliseconds since 1970.
    pub heard_ms: i64,
    /// Wall time of the copy, in milliseconds since 1970.
    pub written_ms: i64,
    /// Decimals of prices.
    pub price_exp: u8,
    /// Decimals of quantities.
    pub qty_exp: u8,
    /// The quote.
    pub quote: String,
    /// The statistics.
    pub stats: String,
    /// The top of the book.
    pub book: String,
    /// The definition and states.
    pub summary: String,
    /// The last bars of each interval, by its name.
    pub bars: Vec<(String, Vec<Bar>)>,
}

/// How far a partition's instruments are saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedPosition {
    /// The log it is about.
    pub log: LogId,
    /// The first record that is not yet in every saved market of the partition.
    pub next_offset: i64,
    /// Append time of the record before it, in nanoseconds.
    pub ts_append: Option<i64>,
}

/// Which log: names are used again, ids are not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LogId {
    /// The Kafka cluster's id.
    pub cluster: String,
    /// The topic's id.
    pub topic_id: String,
    /// The topic's name.
    pub topic: String,
}

/// Why saved bytes cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SavedError {
    /// Written by a version this one does not know.
    #[error("saved by version {0}, which this version does not read")]
    Version(u8),
    /// Not what was written.
    #[error("saved state cannot be read: {0}")]
    Unreadable(#[from] rmp_serde::decode::Error),
    /// Nothing there.
    #[error("saved state is empty")]
    Empty,
}

/// Writes a value behind its version.
///
/// # Errors
///
/// Where a value cannot be written, which no type of this module is.
pub fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, rmp_serde::encode::Error> {
    let mut out = vec![VERSION];
    rmp_serde::encode::write_named(&mut out, value)?;
    Ok(out)
}

/// Reads a value of a version that is known.
///
/// # Errors
///
/// [`SavedError`]; whoever reads begins anew then.
pub fn decode<T: for<'de> Deserialize<'de>>(bytes: &[u8]) -> Result<T, SavedError> {
    match bytes.split_first() {
        Some((&VERSION, rest)) => Ok(rmp_serde::from_slice(rest)?),
        Some((&other, _)) => Err(SavedError::Version(other)),
        None => Err(SavedError::Empty),
    }
}

/// Kept trades by the minute they are saved under.
#[must_use]
pub fn minute_of(trade: &KeptTrade) -> i64 {
    trade.ts.div_euclid(60_000_000_000)
}
