//! How far a quote or a book can be trusted.

use serde::{Deserialize, Serialize};

/// The first of these that applies is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarketState {
    /// The feed lost this instrument and has said nothing since.
    Disconnected,
    /// The book has no snapshot to stand on, or lost its sequence.
    Unsynced,
    /// The venue's own checksum did not hold.
    ChecksumFailed,
    /// The best bid is above the best ask.
    Crossed,
    /// The venue does not trade it.
    Halted,
    /// Nothing was heard for too long.
    Stale,
    /// As the venue has it.
    Live,
}

impl MarketState {
    /// Its name on every door.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Disconnected => "disconnected",
            Self::Unsynced => "unsynced",
            Self::ChecksumFailed => "checksum_failed",
            Self::Crossed => "crossed",
            Self::Halted => "halted",
            Self::Stale => "stale",
            Self::Live => "live",
        }
    }

    /// What is shown when nothing was heard for too long: silence hides only `live`.
    #[must_use]
    pub fn when_silent(self, silent: bool) -> Self {
        if silent && self == Self::Live { Self::Stale } else { self }
    }
}
