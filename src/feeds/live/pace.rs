//! How often something may be done: a token bucket that keeps to "at most n in any window".
//!
//! Pure: the time is passed in, in milliseconds of any clock that does not go back.

/// What is allowed in a window, part of it at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pace {
    /// How many may come at once after a rest.
    burst: u64,
    /// Between two beyond that.
    interval_ms: u64,
    /// When the next one is due if none is to come at once.
    due: u64,
}

impl Pace {
    /// At most `most` (at least one) in any `window_ms`; a quarter of them may come at once.
    pub fn new(most: u32, window_ms: u64) -> Self {
        Self::with_burst(most, window_ms, u64::from(most / 4))
    }

    /// The same, one after the other.
    pub fn evenly(most: u32, window_ms: u64) -> Self {
        Self::with_burst(most, window_ms, 1)
    }

    fn with_burst(most: u32, window_ms: u64, burst: u64) -> Self {
        let (most, burst) = (u64::from(most.max(1)), burst.max(1));
        // A full bucket and what flows in during a window come to `most`.
        Self { burst, interval_ms: window_ms.div_ceil(most - burst + 1), due: 0 }
    }

    /// Takes leave to do one thing at `now`, or tells how long to wait before asking again.
    pub fn take(&mut self, now: u64) -> Result<(), u64> {
        let credit = self.interval_ms.saturating_mul(self.burst - 1);
        let earliest = self.due.saturating_sub(credit);
        if now < earliest {
            return Err(earliest - now);
        }
        self.due = self.due.max(now).saturating_add(self.interval_ms);
        Ok(())
    }

    /// Nothing is allowed before `until`, and then one after the other.
    pub fn hold(&mut self, until: u64) {
        let credit = self.interval_ms.saturating_mul(self.burst - 1);
        self.due = self.due.max(until.saturating_add(credit));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_window_holds_more_than_is_allowed(
            most in 1_u32..200,
            window_ms in 1_u64..100_000,
            evenly: bool,
            rests in prop::collection::vec(0_u64..5_000, 1..400),
        ) {
            let pace = if evenly { Pace::evenly(most, window_ms) } else { Pace::new(most, window_ms) };
            let (mut pace, mut now, mut taken) = (pace, 0, Vec::new());
            for rest in rests {
                now += rest;
                while let Err(wait) = pace.take(now) {
                    prop_assert!(0 < wait);
                    now += wait;
                }
                taken.push(now);
            }
            for (nth, first) in taken.iter().enumerate() {
                let within = taken[nth..].iter().filter(|at| **at < first + window_ms).count();
                prop_assert!(within <= most as usize, "{within} of {most}");
            }
        }

        #[test]
        fn whoever_waits_as_told_is_let_through(most in 1_u32..200, window_ms in 1_u64..100_000) {
            let (mut pace, mut now) = (Pace::new(most, window_ms), 7);
            for _ in 0..500 {
                if let Err(wait) = pace.take(now) {
                    now += wait;
                    prop_assert_eq!(pace.take(now), Ok(()));
                }
            }
        }

        #[test]
        fn nothing_passes_while_held(until in 1_u64..100_000, early in 0_u64..100_000) {
            let mut pace = Pace::new(60, 60_000);
            pace.hold(until);
            prop_assert_eq!(pace.take(early.min(until - 1)).is_err(), true);
            prop_assert_eq!(pace.take(until), Ok(()));
        }
    }

    #[test]
    fn some_may_come_at_once() {
        let mut pace = Pace::new(60, 60_000);

        assert!((0..15).all(|_| pace.take(0).is_ok()));
        assert!(pace.take(0).is_err());
    }
}
