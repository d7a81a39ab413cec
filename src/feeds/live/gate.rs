//! What all connections of the process wait for, one after the other: leave to connect, leave to ask.

use std::time::Duration;

use parking_lot::Mutex;

use super::clock::Clock;
use super::pace::Pace;

/// A [`Pace`] that is shared.
pub(super) struct Gate {
    clock: Clock,
    pace: Mutex<Pace>,
}

impl Gate {
    /// At most so many in a minute.
    pub fn a_minute(most: u32, clock: Clock) -> Self {
        Self { clock, pace: Mutex::new(Pace::new(most, 60_000)) }
    }

    /// The same, one after the other: some venues count by the second too.
    pub fn evenly(most_a_minute: u32, clock: Clock) -> Self {
        Self { clock, pace: Mutex::new(Pace::evenly(most_a_minute, 60_000)) }
    }

    /// Waits for leave.
    pub async fn pass(&self) {
        loop {
            let asked = self.pace.lock().take(self.clock.now());
            match asked {
                Ok(()) => return,
                Err(wait) => tokio::time::sleep(Duration::from_millis(wait)).await,
            }
        }
    }

    /// Lets nobody through for so long: the other side asked for it.
    pub fn hold_for(&self, wait: Duration) {
        let until = self.clock.now().saturating_add(super::clock::millis(wait));
        self.pace.lock().hold(until);
    }
}
