//! When a book is asked for again, and how: one instrument's wait for its snapshot.
//!
//! Pure: time and chance are passed in; the time in milliseconds of a clock that does not go back.

use super::backoff::Backoff;
use crate::config;
use crate::feeds::venues::line::Recovery as Way;

/// A quiet instrument's snapshot is asked so long after its subscription was said, though no change
/// of it was heard.
const QUIET_MS: u64 = 5_000;

/// What is to be done for a book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// Ask the REST snapshot.
    Fetch,
    /// Ask the WebSocket for a snapshot again.
    Renew,
    /// Open another connection: what was tried did not help, or cannot.
    Reconnect,
}

/// Where a book stands with its snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stand {
    /// It has one, since then.
    Has(u64),
    /// It wants one, and the next is asked for no earlier than this.
    Wants(u64),
    /// It was asked for, then.
    Asked(u64),
}

/// One book's recovery.
#[derive(Debug)]
pub(super) struct Recovery {
    way: Way,
    timeout_ms: u64,
    retries: u32,
    stand: Stand,
    backoff: Backoff,
    /// REST answers that did not come are the server's fault, and another connection no help.
    refusals: Backoff,
    /// Since when everything is said that makes the venue send its changes.
    subscribed: Option<u64>,
    /// Whether anything of the instrument was heard on this connection.
    heard: bool,
    /// Whether a change of its book was.
    heard_change: bool,
}

impl Recovery {
    /// A book on a connection that was just opened at `now`.
    pub fn new(way: Way, settings: &config::Live, now: u64) -> Self {
        Self {
            way,
            timeout_ms: settings.recovery_timeout_ms,
            retries: settings.recovery_retries,
            stand: match way {
                Way::RestSnapshot => Stand::Wants(now),
                // The subscription itself asks for it.
                Way::Resubscribe | Way::Reconnect => Stand::Asked(now),
            },
            backoff: Backoff::new(settings),
            refusals: Backoff::new(settings),
            subscribed: None,
            heard: false,
            heard_change: false,
        }
    }

    /// All subscriptions of the connection are said.
    pub fn subscribed(&mut self, now: u64) {
        self.subscribed.get_or_insert(now);
    }

    /// Something of the instrument was heard; `is_change` where it was a change of its book.
    pub fn hear(&mut self, is_change: bool) {
        self.heard = true;
        self.heard_change |= is_change;
    }

    /// Whether anything was.
    pub fn was_heard(&self) -> bool {
        self.heard
    }

    /// Whether the book has its snapshot.
    pub fn has(&self) -> bool {
        matches!(self.stand, Stand::Has(_))
    }

    /// A snapshot came; true where one was wanted.
    pub fn stands(&mut self, now: u64) -> bool {
        let wanted = !self.has();
        if wanted {
            self.stand = Stand::Has(now);
            self.refusals.was_well_for(u64::MAX);
        }
        wanted
    }

    /// The book broke, or what was asked for did not help; true where it stood.
    pub fn breaks(&mut self, now: u64, chance: u64) -> bool {
        let had = match self.stand {
            Stand::Has(since) => {
                self.backoff.was_well_for(now.saturating_sub(since));
                true
            }
            Stand::Asked(_) => false,
            // It is broken already and will be asked for.
            Stand::Wants(_) => return false,
        };
        // The first try is at once.
        let is_first = self.backoff.failures() == 0;
        let wait = self.backoff.fail(chance).as_millis();
        let wait = if is_first && had { 0 } else { u64::try_from(wait).unwrap_or(u64::MAX) };
        self.stand = Stand::Wants(now.saturating_add(wait));
        had
    }

    /// A change may be missing, and no number shows it. What is kept to be joined with a REST snapshot
    /// then has a hole, so that only another connection gives the book again.
    pub fn lacks_a_change(&mut self, now: u64) {
        if self.way != Way::RestSnapshot {
            return;
        }
        self.way = Way::Reconnect;
        self.heard = true;
        if !self.has() {
            self.stand = Stand::Wants(now);
        }
    }

    /// The REST server did not give what was asked for.
    pub fn refused(&mut self, now: u64, chance: u64) {
        if let Stand::Asked(_) = self.stand {
            let wait = u64::try_from(self.refusals.fail(chance).as_millis()).unwrap_or(u64::MAX);
            self.stand = Stand::Wants(now.saturating_add(wait));
        }
    }

    /// Whether a snapshot that was asked of the WebSocket is overdue.
    pub fn is_overdue(&self, now: u64) -> bool {
        let Stand::Asked(since) = self.stand else { return false };
        self.way != Way::RestSnapshot && since.saturating_add(self.timeout_ms) <= now
    }

    /// What is to be done now; whoever does it tells by [`Recovery::asked`].
    pub fn due(&self, now: u64) -> Option<Deed> {
        let Stand::Wants(from) = self.stand else { return None };
        if now < from {
            return None;
        }
        // What is not heard at all may be refused by the venue, which harms no other.
        if self.heard && (self.retries < self.backoff.failures() || self.way == Way::Reconnect) {
            return Some(Deed::Reconnect);
        }
        match self.way {
            Way::RestSnapshot => {
                // Before that a snapshot could lack changes that nobody hears of.
                let is_quiet =
                    self.subscribed.is_some_and(|since| since.saturating_add(QUIET_MS) <= now);
                (self.heard_change || is_quiet).then_some(Deed::Fetch)
            }
            Way::Resubscribe => Some(Deed::Renew),
            Way::Reconnect => None,
        }
    }

    /// It was asked for.
    pub fn asked(&mut self, now: u64) {
        self.stand = Stand::Asked(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recovery(way: Way) -> Recovery {
        Recovery::new(way, &config::Live::default(), 0)
    }

    #[test]
    fn a_rest_snapshot_is_asked_once_a_change_was_heard() {
        let mut book = recovery(Way::RestSnapshot);
        assert_eq!(book.due(100), None);
        book.hear(false);
        assert_eq!(book.due(100), None);
        book.hear(true);
        assert_eq!(book.due(100), Some(Deed::Fetch));
        book.asked(100);
        assert_eq!(book.due(1_000_000), None);
        assert!(book.stands(200) && book.has() && !book.stands(201));
    }

    #[test]
    fn what_was_kept_with_a_hole_is_not_joined_with_a_snapshot() {
        for is_asked in [false, true] {
            let mut book = recovery(Way::RestSnapshot);
            book.hear(true);
            if is_asked {
                book.asked(10);
            } else {
                book.stands(10);
            }
            book.lacks_a_change(20);
            book.breaks(20, 0);
            assert_eq!(book.due(20), Some(Deed::Reconnect));
        }
    }

    #[test]
    fn a_change_that_is_missing_was_heard() {
        let mut book = recovery(Way::RestSnapshot);
        book.asked(10);
        book.lacks_a_change(20);
        assert_eq!(book.due(20), Some(Deed::Reconnect));
    }

    #[test]
    fn a_quiet_instruments_snapshot_is_asked_a_while_after_its_subscription_was_said() {
        let mut book = recovery(Way::RestSnapshot);
        assert_eq!(book.due(1_000_000), None);
        book.subscribed(20_000);
        book.subscribed(24_000);
        assert_eq!((book.due(24_999), book.due(25_000)), (None, Some(Deed::Fetch)));
    }

    #[test]
    fn a_broken_book_is_asked_for_at_once_then_with_back_off_then_by_another_connection() {
        let mut book = recovery(Way::Resubscribe);
        book.hear(true);
        book.stands(10);
        assert!(book.breaks(20, 77));
        assert_eq!(book.due(20), Some(Deed::Renew));
        for failures in 1..=3 {
            book.asked(1_000);
            assert!(!book.is_overdue(15_999) && book.is_overdue(16_000));
            assert!(!book.breaks(16_000, 300));
            assert_eq!(book.due(16_299), None, "{failures}");
            let deed = if failures < 3 { Deed::Renew } else { Deed::Reconnect };
            assert_eq!(book.due(16_300), Some(deed), "{failures}");
        }
    }

    #[test]
    fn what_is_never_heard_never_costs_the_others_their_connection() {
        for way in [Way::RestSnapshot, Way::Resubscribe, Way::Reconnect] {
            let (mut book, mut now) = (recovery(way), 10_000);
            book.subscribed(now);
            for _ in 0..50 {
                now += 100_000;
                if book.is_overdue(now) {
                    book.breaks(now, 0);
                }
                assert_ne!(book.due(now), Some(Deed::Reconnect));
                if book.due(now).is_some() {
                    book.asked(now);
                    book.refused(now, 0);
                }
            }
        }
    }

    #[test]
    fn a_server_that_refuses_is_asked_less_and_less_often() {
        let mut book = recovery(Way::RestSnapshot);
        book.hear(true);
        for (nth, ceiling) in [500, 1_000, 2_000, 4_000].into_iter().enumerate() {
            let now = 100_000 * nth as u64;
            book.asked(now);
            book.refused(now, ceiling);
            assert_eq!(
                (book.due(now + ceiling - 1), book.due(now + ceiling)),
                (None, Some(Deed::Fetch))
            );
        }
    }

    #[test]
    fn a_book_that_stood_long_enough_is_asked_for_at_once_again() {
        let mut book = recovery(Way::Resubscribe);
        book.stands(0);
        book.breaks(1, 0);
        book.asked(1);
        book.stands(2);
        assert!(book.breaks(60_002, 400));
        assert_eq!(book.due(60_002), Some(Deed::Renew));
    }
}
