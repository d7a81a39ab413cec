//! How long to wait after failures: exponential with full jitter, so that many clients of one
//! server do not come back together.
//!
//! Pure: time and chance are passed in.

use std::time::Duration;

use crate::config;

/// Failures in a row, and the wait that follows from them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Backoff {
    base_ms: u64,
    max_ms: u64,
    stable_after_ms: u64,
    failures: u32,
}

impl Backoff {
    /// None failed yet.
    pub fn new(settings: &config::Live) -> Self {
        Self {
            base_ms: settings.backoff_base_ms,
            max_ms: settings.backoff_max_ms,
            stable_after_ms: settings.stable_after_ms,
            failures: 0,
        }
    }

    /// Failures in a row.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// Another failure: how long to wait. `chance` is any number.
    pub fn fail(&mut self, chance: u64) -> Duration {
        let doublings = self.failures.min(32);
        self.failures = self.failures.saturating_add(1);
        let ceiling = self.base_ms.saturating_mul(1 << doublings).min(self.max_ms);
        Duration::from_millis(chance % (ceiling + 1))
    }

    /// It was well for so long; what is stable begins anew.
    pub fn was_well_for(&mut self, ms: u64) {
        if self.stable_after_ms <= ms {
            self.failures = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn backoff(base_ms: u64, max_ms: u64) -> Backoff {
        Backoff { base_ms, max_ms, stable_after_ms: 1_000, failures: 0 }
    }

    proptest! {
        #[test]
        fn a_wait_lies_between_nothing_and_the_ceiling(
            base in 1_u64..10_000,
            more in 0_u64..1_000_000,
            chances in prop::collection::vec(any::<u64>(), 1..80),
        ) {
            let mut backoff = backoff(base, base + more);
            for (nth, chance) in chances.into_iter().enumerate() {
                let ceiling = u128::from(base) << nth.min(32);
                let wait = backoff.fail(chance).as_millis();
                prop_assert!(wait <= ceiling.min(u128::from(base + more)));
            }
        }

        #[test]
        fn every_wait_up_to_the_ceiling_can_come(wait in 0_u64..=800) {
            let mut backoff = backoff(100, 800);
            for _ in 0..3 {
                backoff.fail(0);
            }
            prop_assert_eq!(backoff.fail(wait), Duration::from_millis(wait));
        }
    }

    #[test]
    fn only_what_was_stable_begins_anew() {
        let mut backoff = backoff(100, 800);
        backoff.fail(0);
        backoff.fail(0);
        backoff.was_well_for(999);
        assert_eq!(backoff.failures(), 2);

        backoff.was_well_for(1_000);
        assert_eq!(backoff.failures(), 0);
        assert_eq!(backoff.fail(100), Duration::from_millis(100));
    }
}
