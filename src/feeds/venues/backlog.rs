//! Recent changes of a book, kept for a snapshot that comes later than they did.
//!
//! A change's number is its `seq`. What is at or below the snapshot's number is old. The first
//! change after it continues it where it begins no later: there its `prev_seq` is written as the
//! snapshot's number. Where it begins later it is left, and the gap shows.

use std::collections::VecDeque;

use crate::domain::market::{Body, Event, LevelChange, Nanos};

/// Changes kept: some seconds of a busy book whose changes come one by one.
const CHANGES_MAX: usize = 4_096;
/// Levels in the changes kept: 512 KiB.
const LEVELS_MAX: usize = 16_384;

/// The recent changes of one book.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    recent: VecDeque<Change>,
    /// The levels of all of them, each change's bids before its asks.
    levels: VecDeque<LevelChange>,
    /// The snapshot whose first change has not come yet.
    unbridged: Option<u64>,
    /// The number of the last change that is not kept any more.
    forgotten: Option<u64>,
}

/// A change without its levels.
#[derive(Clone, Copy, Debug)]
struct Change {
    ts_event: Nanos,
    ts_recv: Option<Nanos>,
    seq: Option<u64>,
    prev_seq: Option<u64>,
    /// The least snapshot that it continues.
    continues: Option<u64>,
    bids: usize,
    asks: usize,
}

impl Backlog {
    /// A change as it follows what was given before it; it is kept for a snapshot to come. It
    /// continues a snapshot of its `prev_seq` or later.
    pub fn follow(&mut self, change: Event) -> Event {
        let continues = change.prev_seq;
        self.follow_from(continues, change)
    }

    /// The same for a change that continues a snapshot of number `continues` or later.
    pub fn follow_from(&mut self, continues: Option<u64>, mut change: Event) -> Event {
        self.keep(continues, &change);
        change.prev_seq = self.joined(change.seq, continues, change.prev_seq);
        change
    }

    /// The kept changes that a snapshot does not hold, joined to it.
    pub fn stand_on(&mut self, snapshot: u64) -> Vec<Event> {
        self.unbridged = Some(snapshot);
        let (mut later, mut first) = (Vec::new(), 0);
        for nth in 0..self.recent.len() {
            let change = self.recent[nth];
            if Some(snapshot) < change.seq {
                let prev_seq = self.joined(change.seq, change.continues, change.prev_seq);
                later.push(Event { prev_seq, ..self.event(change, first) });
            }
            first += change.bids + change.asks;
        }
        later
    }

    /// The kept changes after a number, as they came.
    pub fn kept_after(&self, number: u64) -> Vec<Event> {
        let mut first = 0;
        let with_places = self.recent.iter().map(|change| {
            let at = first;
            first += change.bids + change.asks;
            (*change, at)
        });
        let later = with_places.filter(|(change, _)| Some(number) < change.seq);
        later.map(|(change, at)| self.event(change, at)).collect()
    }

    /// Whether a snapshot is from before the changes kept, so that some between may be missing where
    /// no number shows that.
    pub fn begins_after(&self, snapshot: u64) -> bool {
        self.recent.front().is_some_and(|oldest| Some(snapshot) < oldest.seq)
    }

    /// Whether changes after a snapshot came and are not kept any more.
    pub fn has_forgotten_after(&self, snapshot: u64) -> bool {
        Some(snapshot) < self.forgotten
    }

    fn keep(&mut self, continues: Option<u64>, change: &Event) {
        let Event { ts_event, ts_recv, seq, prev_seq, body } = change;
        let Body::BookDelta { bids, asks, .. } = body else { return };
        self.levels.extend(bids);
        self.levels.extend(asks);
        self.recent.push_back(Change {
            ts_event: *ts_event,
            ts_recv: *ts_recv,
            seq: *seq,
            prev_seq: *prev_seq,
            continues,
            bids: bids.len(),
            asks: asks.len(),
        });
        while (CHANGES_MAX < self.recent.len() || LEVELS_MAX < self.levels.len())
            && let Some(oldest) = self.recent.pop_front()
        {
            self.levels.drain(..oldest.bids + oldest.asks);
            self.forgotten = self.forgotten.max(oldest.seq);
        }
    }

    /// The event of a change whose levels begin at `first`. No venue here whose snapshots are joined
    /// has checksums.
    fn event(&self, change: Change, first: usize) -> Event {
        let middle = first + change.bids;
        let bids = self.levels.range(first..middle).copied().collect();
        let asks = self.levels.range(middle..middle + change.asks).copied().collect();
        Event {
            ts_event: change.ts_event,
            ts_recv: change.ts_recv,
            seq: change.seq,
            prev_seq: change.prev_seq,
            body: Body::BookDelta { bids, asks, checksum: None },
        }
    }

    /// What a change's `prev_seq` is behind the snapshot that waits for its first one.
    fn joined(
        &mut self,
        seq: Option<u64>,
        continues: Option<u64>,
        prev_seq: Option<u64>,
    ) -> Option<u64> {
        let Some(snapshot) = self.unbridged.filter(|snapshot| Some(*snapshot) < seq) else {
            return prev_seq;
        };
        self.unbridged = None;
        if continues.is_some_and(|least| least <= snapshot) { Some(snapshot) } else { prev_seq }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(prev_seq: Option<u64>, seq: u64, levels: usize) -> Event {
        let body = Body::BookDelta {
            bids: vec![Default::default(); levels],
            asks: Vec::new(),
            checksum: None,
        };
        Event { ts_event: 0, ts_recv: None, seq: Some(seq), prev_seq, body }
    }

    fn numbers(events: &[Event]) -> Vec<(Option<u64>, Option<u64>)> {
        events.iter().map(|event| (event.prev_seq, event.seq)).collect()
    }

    #[test]
    fn what_a_snapshot_does_not_hold_comes_again_joined_to_it() {
        let mut backlog = Backlog::default();
        for (before, last) in [(0, 10), (10, 20), (20, 30)] {
            assert_eq!(backlog.follow(change(Some(before), last, 1)).prev_seq, Some(before));
        }

        let wanted = [(Some(15), Some(20)), (Some(20), Some(30))];
        assert_eq!(numbers(&backlog.stand_on(15)), wanted);
        assert_eq!(numbers(&backlog.stand_on(15)), wanted, "and again for another snapshot");
        assert_eq!(backlog.stand_on(30), []);
        assert_eq!(backlog.follow(change(Some(29), 33, 1)).prev_seq, Some(30));
        assert_eq!(backlog.follow(change(Some(33), 34, 1)).prev_seq, Some(33));
    }

    #[test]
    fn a_first_change_that_begins_later_shows_the_gap() {
        let mut backlog = Backlog::default();
        backlog.stand_on(15);
        assert_eq!(backlog.follow(change(Some(9), 15, 1)).prev_seq, Some(9), "still old");
        assert_eq!(backlog.follow(change(Some(16), 20, 1)).prev_seq, Some(16));
        assert_eq!(backlog.follow(change(Some(14), 21, 1)).prev_seq, Some(14));
    }

    #[test]
    fn a_snapshot_from_before_the_changes_kept_is_told_from_others() {
        let mut backlog = Backlog::default();
        assert!(!backlog.begins_after(1), "nothing was heard that it could miss");
        backlog.follow(change(None, 10, 1));
        backlog.follow(change(None, 20, 1));
        assert!(backlog.begins_after(9) && !backlog.begins_after(10));
        assert!(!backlog.has_forgotten_after(9));
        backlog.follow(change(None, 30, LEVELS_MAX + 1));
        assert!(backlog.has_forgotten_after(29) && !backlog.has_forgotten_after(30));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut backlog = Backlog::default();
        for seq in 1..=5_000 {
            backlog.follow(change(None, seq, 1));
        }
        assert_eq!(backlog.stand_on(0).len(), CHANGES_MAX);
        for seq in 5_001..5_010 {
            backlog.follow(change(None, seq, 5_000));
        }
        assert_eq!(backlog.stand_on(0).len(), 3);
    }
}
