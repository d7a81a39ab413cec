//! Ids of trades for venues that send none, by the contract's rule: `~<ts_event>.<k>`, where `k`
//! counts the instrument's trades of that nanosecond from 0.

use std::collections::BTreeMap;

use compact_str::{CompactString, format_compact};

use crate::domain::market::Nanos;

/// Nanoseconds whose trades are counted; the earliest is forgotten first.
const TIMES_MAX: usize = 1_024;

/// How many trades without id each recent nanosecond had.
#[derive(Debug, Default)]
pub(in crate::feeds) struct Prints(BTreeMap<Nanos, u32>);

impl Prints {
    /// The id of the next trade of that time.
    pub fn next_id(&mut self, at: Nanos) -> CompactString {
        self.make_room(at);
        let count = self.0.entry(at).or_default();
        let id = format_compact!("~{at}.{count}");
        *count = count.saturating_add(1);
        id
    }

    /// Forgets the earliest nanosecond for one that is not counted yet; that one is kept, however
    /// early it is itself: more of it may follow.
    fn make_room(&mut self, at: Nanos) {
        if TIMES_MAX <= self.0.len() && !self.0.contains_key(&at) {
            self.0.pop_first();
        }
    }

    /// The ids of a list of trades that tells again what may have been told before, in the order of
    /// the trades: counted from 0 again, so that a trade told before has the id it had.
    pub fn ids_again(&mut self, times: impl Iterator<Item = Nanos>) -> Vec<CompactString> {
        let mut counts = Self::default();
        let ids = times.map(|at| counts.next_id(at)).collect();
        for (at, count) in counts.0 {
            self.make_room(at);
            let known = self.0.entry(at).or_default();
            *known = count.max(*known);
        }
        ids
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trades_without_id_are_counted_within_their_nanosecond() {
        let mut prints = Prints::default();

        assert_eq!([5, 5, 6, 5].map(|at| prints.next_id(at)), ["~5.0", "~5.1", "~6.0", "~5.2"]);
    }

    #[test]
    fn an_earlier_time_is_counted_too_when_many_later_ones_are_known() {
        let mut prints = Prints::default();
        for at in 100..100 + 2 * TIMES_MAX as Nanos {
            prints.next_id(at);
        }

        assert_eq!([5, 5, 6].map(|at| prints.next_id(at)), ["~5.0", "~5.1", "~6.0"]);
        assert_eq!(prints.0.len(), TIMES_MAX);
    }

    #[test]
    fn what_is_told_again_has_the_ids_it_had() {
        let mut prints = Prints::default();
        assert_eq!(prints.ids_again([5, 5, 6].into_iter()), ["~5.0", "~5.1", "~6.0"]);
        assert_eq!(prints.next_id(6), "~6.1");

        assert_eq!(prints.ids_again([5, 6, 6, 7].into_iter()), ["~5.0", "~6.0", "~6.1", "~7.0"]);
        assert_eq!([5, 7].map(|at| prints.next_id(at)), ["~5.2", "~7.1"]);
    }
}
