//! How the venue's clock stands to this machine's, as far as events show it.
//!
//! An event received at `r` with the venue's time `e` was on its way for a while, so `e − r` is at
//! most what the venue is ahead. The smallest `e − r` of the last while belongs to the slowest event
//! of it: local time plus that is a time that the venue has certainly passed, and that events still on
//! their way are not behind of, as long as none is slower than the slowest was.
//!
//! Pure: times are passed in.

use crate::domain::market::{Nanos, SECOND_NS};

/// How long an event counts: between one and two of these.
const WINDOW_NS: Nanos = 15 * SECOND_NS;

/// The smallest and the greatest `e − r` of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    /// Of the slowest event.
    pub least: Nanos,
    /// Of the fastest.
    pub most: Nanos,
}

impl Range {
    fn with(self, other: Self) -> Self {
        Self { least: self.least.min(other.least), most: self.most.max(other.most) }
    }
}

/// What the comparison says of the venue's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// As it was judged before.
    Unchanged,
    /// Even the slowest event is further ahead than the hub takes: its time is not moved.
    Ahead(Nanos),
    /// It was so, and is not any more.
    Agreed(Nanos),
}

/// The last while's differences.
#[derive(Clone, Debug, Default)]
pub(super) struct Skew {
    current: Option<(Nanos, Range)>,
    before: Option<Range>,
    is_ahead: bool,
}

impl Skew {
    /// Takes an event's time and its receive time.
    pub fn take(&mut self, ts_event: Nanos, recv: Nanos) {
        let of_it = ts_event.saturating_sub(recv);
        let of_it = Range { least: of_it, most: of_it };
        self.turn(recv);
        self.current = Some(match self.current {
            Some((since, range)) => (since, range.with(of_it)),
            None => (recv, of_it),
        });
    }

    /// Lets go of what is too old at the local time `now`; the last that is known stays.
    fn turn(&mut self, now: Nanos) {
        if let Some((since, range)) = self.current
            && !(since..since.saturating_add(WINDOW_NS)).contains(&now)
        {
            self.before = Some(range);
            self.current = None;
        }
    }

    /// The differences of the last while; none before the first event.
    pub fn range(&self) -> Option<Range> {
        match (self.current, self.before) {
            (Some((_, current)), Some(before)) => Some(current.with(before)),
            (current, before) => current.map(|(_, range)| range).or(before),
        }
    }

    /// A time that the venue has passed at the local time `now`.
    pub fn venue_time(&self, now: Nanos) -> Option<Nanos> {
        self.range().map(|range| now.saturating_add(range.least))
    }

    /// Judges the venue's clock; `max_ns` is how far ahead the hub lets an event be.
    pub fn judge(&mut self, max_ns: Nanos) -> Verdict {
        let Some(range) = self.range() else { return Verdict::Unchanged };
        let is_ahead = max_ns < range.least;
        match (std::mem::replace(&mut self.is_ahead, is_ahead), is_ahead) {
            (false, true) => Verdict::Ahead(range.least),
            (true, false) => Verdict::Agreed(range.least),
            _ => Verdict::Unchanged,
        }
    }

    /// Another connection: how slow the last one was says nothing of it.
    pub fn forget(&mut self) {
        (self.current, self.before) = (None, None);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_estimate_is_never_ahead_of_the_venue_nor_of_events_as_slow_as_before(
            ahead in -10 * SECOND_NS..10 * SECOND_NS,
            events in prop::collection::vec((0..SECOND_NS, 0..SECOND_NS / 2), 1..200),
            wait in 0..SECOND_NS,
        ) {
            let (mut skew, mut now, mut slowest) = (Skew::default(), 1_000 * SECOND_NS, 0);
            for (rest, under_way) in events {
                now += rest;
                skew.take(now - under_way + ahead, now);
                slowest = slowest.max(under_way);
            }
            now += wait;
            let estimate = skew.venue_time(now).unwrap();
            prop_assert!(estimate <= now + ahead);
            prop_assert!(now + ahead - slowest <= estimate);
        }

        #[test]
        fn what_is_older_than_two_windows_does_not_count(late in 2 * WINDOW_NS..9 * WINDOW_NS) {
            let mut skew = Skew::default();
            skew.take(0, 100);
            for nth in 0..4 {
                skew.take(late + nth * WINDOW_NS, late + nth * WINDOW_NS);
            }
            prop_assert_eq!(skew.range(), Some(Range { least: 0, most: 0 }));
        }
    }

    #[test]
    fn a_clock_that_is_too_far_ahead_is_told_once_and_its_return_too() {
        let mut skew = Skew::default();
        assert_eq!(skew.judge(5), Verdict::Unchanged);
        skew.take(106, 100);
        assert_eq!(skew.judge(5), Verdict::Ahead(6));
        assert_eq!(skew.judge(5), Verdict::Unchanged);
        skew.take(105, 101);
        assert_eq!(skew.judge(5), Verdict::Agreed(4));
        assert_eq!(skew.judge(5), Verdict::Unchanged);
    }
}
