//! The instrument's own time, which only its log moves.

use serde::{Deserialize, Serialize};

use super::Policy;

/// Nanoseconds since 1970-01-01T00:00:00Z.
pub type Nanos = i64;

/// One second in [`Nanos`].
pub const SECOND_NS: Nanos = 1_000_000_000;

/// The greatest event times seen, from which the watermarks follow.
///
/// Two of them: the feed's own events measure lateness and finality; the hub's idle heartbeats
/// may run ahead of them, and only close bars and turn the day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    greatest: Option<Nanos>,
    greatest_of_feed: Option<Nanos>,
}

impl Clock {
    /// Takes the time of one event; the watermark never goes back.
    pub fn advance(&mut self, ts_event: Nanos, from_feed: bool) {
        self.greatest = self.greatest.max(Some(ts_event));
        if from_feed {
            self.greatest_of_feed = self.greatest_of_feed.max(Some(ts_event));
        }
    }

    /// The greatest event time that moved this clock, the hub's heartbeats included.
    #[must_use]
    pub fn greatest(&self) -> Option<Nanos> {
        self.greatest
    }

    /// The greatest event time of the feed's own events.
    #[must_use]
    pub fn greatest_of_feed(&self) -> Option<Nanos> {
        self.greatest_of_feed
    }

    /// The time up to which bars are closed and the day is turned.
    #[must_use]
    pub fn watermark(&self, policy: &Policy) -> Option<Nanos> {
        self.greatest.map(|ts| ts - policy.out_of_order_ns)
    }

    /// The time that finality and "too late" are measured from.
    #[must_use]
    pub fn feed_watermark(&self, policy: &Policy) -> Option<Nanos> {
        self.greatest_of_feed.map(|ts| ts - policy.out_of_order_ns)
    }

    /// Whether an event of that time is too late for bars and statistics.
    #[must_use]
    pub fn is_too_late(&self, ts_event: Nanos, policy: &Policy) -> bool {
        self.feed_watermark(policy)
            .is_some_and(|watermark| policy.allowed_lateness_ns < watermark - ts_event)
    }
}
