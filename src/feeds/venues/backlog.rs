//! Recent changes of a book, kept for a snapshot that comes later than they did.
//!
//! A change's number is its `seq`. What is at or below the snapshot's number is old. The first
//! change after it continues it where it begins no later: there its `prev_seq` is at or below the
//! snapshot's number, and is written as it. Where it begins later it is left, and the gap shows.

use std::collections::VecDeque;

use crate::domain::market::{Body, Event};

/// Changes kept: 51 s at one in 100 ms.
const CHANGES_MAX: usize = 512;
/// Levels in the changes kept: 512 KiB.
const LEVELS_MAX: usize = 16_384;

/// The recent changes of one book.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    recent: VecDeque<Event>,
    levels: usize,
    /// The snapshot whose first change has not come yet.
    unbridged: Option<u64>,
}

fn levels_of(event: &Event) -> usize {
    match &event.body {
        Body::BookSnapshot { bids, asks, .. } | Body::BookDelta { bids, asks, .. } => {
            bids.len() + asks.len()
        }
        _ => 0,
    }
}

impl Backlog {
    /// A change as it follows what was given before it; it is kept for a snapshot to come.
    pub fn follow(&mut self, change: Event) -> Event {
        let given = self.joined(change.clone());
        self.levels += levels_of(&change);
        self.recent.push_back(change);
        while (CHANGES_MAX < self.recent.len() || LEVELS_MAX < self.levels)
            && let Some(oldest) = self.recent.pop_front()
        {
            self.levels -= levels_of(&oldest);
        }
        given
    }

    /// The kept changes that a snapshot does not hold, joined to it.
    pub fn stand_on(&mut self, snapshot: u64) -> Vec<Event> {
        self.unbridged = Some(snapshot);
        let later = self.recent.iter().filter(|change| Some(snapshot) < change.seq);
        let later: Vec<Event> = later.cloned().collect();
        later.into_iter().map(|change| self.joined(change)).collect()
    }

    /// Whether a snapshot is from before the changes kept, so that some between may be missing where
    /// no number shows that.
    pub fn begins_after(&self, snapshot: u64) -> bool {
        self.recent.front().is_some_and(|oldest| Some(snapshot) < oldest.seq)
    }

    fn joined(&mut self, mut change: Event) -> Event {
        if let Some(snapshot) = self.unbridged
            && Some(snapshot) < change.seq
        {
            self.unbridged = None;
            if change.prev_seq.is_some_and(|before| before <= snapshot) {
                change.prev_seq = Some(snapshot);
            }
        }
        change
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
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut backlog = Backlog::default();
        for seq in 1..=2_000 {
            backlog.follow(change(None, seq, 1));
        }
        assert_eq!(backlog.stand_on(0).len(), CHANGES_MAX);
        for seq in 2_001..2_010 {
            backlog.follow(change(None, seq, 5_000));
        }
        assert_eq!(backlog.stand_on(0).len(), 3);
    }
}
