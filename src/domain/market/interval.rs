//! The bar lengths, each made of whole bars of the one before it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::clock::{Nanos, SECOND_NS};

/// The length of a bar; buckets are counted from UTC midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Interval {
    /// One second.
    S1,
    /// One minute.
    M1,
    /// Five minutes.
    M5,
    /// Fifteen minutes.
    M15,
    /// One hour.
    H1,
    /// Four hours.
    H4,
    /// One UTC day.
    D1,
}

/// All intervals, shortest first.
pub const INTERVALS: [Interval; 7] = [
    Interval::S1,
    Interval::M1,
    Interval::M5,
    Interval::M15,
    Interval::H1,
    Interval::H4,
    Interval::D1,
];

impl Interval {
    /// Its position in [`INTERVALS`].
    #[must_use]
    pub fn index(self) -> usize {
        self as usize
    }

    /// Its length in nanoseconds.
    #[must_use]
    pub fn length_ns(self) -> Nanos {
        let seconds = match self {
            Self::S1 => 1,
            Self::M1 => 60,
            Self::M5 => 300,
            Self::M15 => 900,
            Self::H1 => 3_600,
            Self::H4 => 14_400,
            Self::D1 => 86_400,
        };
        seconds * SECOND_NS
    }

    /// The start of the bucket that holds `ts`.
    #[must_use]
    pub fn start_of(self, ts: Nanos) -> Nanos {
        ts - ts.rem_euclid(self.length_ns())
    }

    /// Its name on every door: `1s 1m 5m 15m 1h 4h 1d`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::S1 => "1s",
            Self::M1 => "1m",
            Self::M5 => "5m",
            Self::M15 => "15m",
            Self::H1 => "1h",
            Self::H4 => "4h",
            Self::D1 => "1d",
        }
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl FromStr for Interval {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        INTERVALS.into_iter().find(|interval| interval.name() == text).ok_or(())
    }
}
