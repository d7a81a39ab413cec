//! The two clocks of a live feed: the machine's, and one that never goes back.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::domain::market::Nanos;

/// Counts milliseconds from its making.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock(Instant);

impl Clock {
    /// At zero.
    pub fn new() -> Self {
        Self(Instant::now())
    }

    /// Milliseconds since it was made.
    pub fn now(&self) -> u64 {
        millis(self.0.elapsed())
    }
}

/// The machine's time in nanoseconds since 1970.
pub(super) fn wall() -> Nanos {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Nanos::try_from(since.as_nanos()).unwrap_or(Nanos::MAX)
}

/// Whole milliseconds.
pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
