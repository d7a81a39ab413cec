//! REST snapshots that do not say whose they are: recorders write the body without its URL, and a
//! whole file of one comes before all that has a receive time.
//!
//! One belongs to the symbol whose changes join with it ([`super::depth`]). Where none that was heard
//! does, it waits for the first change that does; or, while there is one symbol and one snapshot, for
//! the first change that is later. Only where the changes of two symbols join is it refused.

use std::collections::VecDeque;

use super::super::FrameError;
use super::super::roster::Roster;
use super::Contract;
use super::depth::Snapshot;

/// Snapshots that wait; the oldest is dropped first.
const WAITING_MAX: usize = 4;

/// Snapshots without symbol, and the symbols that they can be of.
#[derive(Debug, Default)]
pub(super) struct Unnamed {
    waiting: VecDeque<(u64, Snapshot)>,
    /// The symbols of which changes were heard.
    followed: Vec<String>,
}

impl Unnamed {
    /// Notes a symbol at its first change.
    pub fn follow(&mut self, symbol: &str) {
        self.followed.push(symbol.to_owned());
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whose the snapshot of that number is, where that can be told.
    pub fn owner(
        &self,
        roster: &mut Roster<Contract>,
        seq: u64,
    ) -> Result<Option<String>, FrameError> {
        let mut owners = Vec::new();
        for symbol in &self.followed {
            if roster.get(symbol)?.state.book.joins(seq) {
                owners.push(symbol);
            }
        }
        match owners[..] {
            [owner] => Ok(Some(owner.clone())),
            [] => {
                let Ok(only) = roster.only() else { return Ok(None) };
                let is_later = roster.get(&only)?.state.book.ends_before(seq);
                Ok((!is_later).then_some(only))
            }
            _ => Err(FrameError::UnnamedSnapshot(owners.len())),
        }
    }

    /// Lets one wait.
    pub fn wait(&mut self, seq: u64, snapshot: Snapshot) {
        if WAITING_MAX <= self.waiting.len() {
            self.waiting.pop_front();
        }
        self.waiting.push_back((seq, snapshot));
    }

    /// The snapshot that a change from `before` to `last` shows to be of its symbol, which is the
    /// only one or not.
    pub fn shown_by(&mut self, before: u64, last: u64, is_only: bool) -> Option<Snapshot> {
        let joins = |(seq, _): &(u64, Snapshot)| before <= *seq && *seq < last;
        if let Some(place) = self.waiting.iter().rposition(joins) {
            let (_, snapshot) = self.waiting.remove(place)?;
            self.waiting.retain(|other| !joins(other));
            return Some(snapshot);
        }
        let is_alone = self.waiting.len() == 1;
        let (_, snapshot) =
            self.waiting.pop_front_if(|(seq, _)| is_only && is_alone && *seq < last)?;
        Some(snapshot)
    }
}
