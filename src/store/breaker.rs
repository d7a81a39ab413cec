//! Leaves a server alone for a while after it failed, so that nobody waits for one that is not
//! there, and nobody hammers one that is coming back.

use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::watch;

/// How long a server is left alone after the first failure, and at most.
const REST: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(3));

/// Whether a server is asked at all (Nygard's circuit breaker). After each failure it is left
/// alone twice as long as after the one before; then questions are let through again.
#[derive(Debug)]
pub(super) struct Breaker {
    /// Until when it is left alone, and for how long this time.
    rest: Mutex<Option<(Instant, Duration)>>,
    /// Counts failures, for those who still wait for an answer.
    failures: watch::Sender<u64>,
    /// What the last one was.
    why: Mutex<Option<String>>,
}

impl Breaker {
    pub(super) fn new() -> Self {
        Self { rest: Mutex::new(None), failures: watch::Sender::new(0), why: Mutex::new(None) }
    }

    /// Why the server is left alone now; none where it may be asked.
    pub(super) fn open(&self) -> Option<String> {
        let open = self.rest.lock().is_some_and(|(until, _)| Instant::now() < until);
        open.then(|| self.why())
    }

    /// What the last failure was.
    pub(super) fn why(&self) -> String {
        self.why.lock().clone().unwrap_or_default()
    }

    /// The server answered.
    pub(super) fn close(&self) {
        *self.rest.lock() = None;
    }

    /// The server did not answer. Of several questions that fail together the first one counts.
    pub(super) fn trip(&self, error: &impl std::fmt::Display) {
        {
            let mut rest = self.rest.lock();
            if rest.is_some_and(|(until, _)| Instant::now() < until) {
                return;
            }
            let pause = rest.map_or(REST.0, |(_, pause)| (pause * 2).min(REST.1));
            *rest = Some((Instant::now() + pause, pause));
        }
        *self.why.lock() = Some(error.to_string());
        self.failures.send_modify(|count| *count += 1);
    }

    /// Waits until another question to the server fails.
    pub(super) async fn tripped(&self) {
        let mut failures = self.failures.subscribe();
        // The sender lives as long as this borrow of it.
        let _sender_lives = failures.changed().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_failure_opens_it_and_wakes_those_who_wait() {
        let breaker = Breaker::new();
        assert_eq!(breaker.open(), None);
        let waiting = breaker.tripped();
        tokio::pin!(waiting);
        assert!(futures_util::poll!(&mut waiting).is_pending());
        breaker.trip(&"no route to host");
        waiting.await;
        assert_eq!(breaker.open().as_deref(), Some("no route to host"));
        breaker.close();
        assert_eq!(breaker.open(), None);
    }

    #[test]
    fn it_rests_longer_after_each_failure_but_not_for_ever() {
        let breaker = Breaker::new();
        let mut pauses = Vec::new();
        for _ in 0..7 {
            breaker.trip(&"no route to host");
            let mut rest = breaker.rest.lock();
            let (_, pause) = rest.unwrap();
            pauses.push(pause.as_millis());
            // As if the pause had gone by.
            *rest = Some((Instant::now(), pause));
        }
        assert_eq!(pauses, [500, 1_000, 2_000, 3_000, 3_000, 3_000, 3_000]);
    }
}
