//! How many messages a client may send.

/// A bucket of tokens: filled at a steady rate, emptied by messages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Throttle {
    per_second: f64,
    tokens: f64,
    at_ms: u64,
}

/// Seconds' worth of messages that may come at once.
const BURST_S: f64 = 10.0;

impl Throttle {
    pub(super) fn new(per_second: u32, now_ms: u64) -> Self {
        let per_second = f64::from(per_second);
        Self { per_second, tokens: per_second * BURST_S, at_ms: now_ms }
    }

    /// Takes one token; false where there is none.
    pub(super) fn admit(&mut self, now_ms: u64) -> bool {
        let passed_ms = now_ms.saturating_sub(self.at_ms);
        self.at_ms = now_ms;
        let gained = passed_ms as f64 / 1_000.0 * self.per_second;
        self.tokens = (self.tokens + gained).min(self.per_second * BURST_S);
        if self.tokens < 1.0 {
            return false;
        }
        self.tokens -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_taken_and_then_the_rate() {
        let mut throttle = Throttle::new(2, 0);
        assert_eq!((0..30).filter(|_| throttle.admit(0)).count(), 20);
        assert!(throttle.admit(500));
        assert!(!throttle.admit(500));
    }
}
