//! What becomes of what several channels or connections tell of the same book, and whether the one that
//! makes it has ended: a recording does not say that one of them is told no more.

use crate::domain::market::{Nanos, SECOND_NS};

/// How much later than one of them another may tell the same change.
const LATE_MAX: Nanos = 5 * SECOND_NS;

/// For how long only others are heard, before what makes the book is taken to have ended.
const SILENCE_MAX: Nanos = 60 * SECOND_NS;

/// What becomes of what one of them told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// Another makes the book.
    Passed,
    /// It is given.
    Given,
    /// It is given, but does not continue the book that stands: that is lost first.
    Anew,
}

/// When what makes a book was heard, and others beside it; all by one clock.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Silence {
    heard: Nanos,
    /// Since when only others are heard.
    alone_since: Option<Nanos>,
}

impl Silence {
    /// What makes the book is heard, or another takes its place.
    pub fn speaks(&mut self, at: Nanos) {
        *self = Self { heard: at, alone_since: None };
    }

    /// Another is heard, by what only a change of the book makes it tell: whether what makes the book
    /// has ended. Right behind its own word the other tells the same change; after a pause of both
    /// the other may only be the first to speak.
    pub fn is_over(&mut self, at: Nanos) -> bool {
        if self.is_just_heard(at) {
            return false;
        }
        SILENCE_MAX < at.saturating_sub(*self.alone_since.get_or_insert(at))
    }

    /// Whether what is told then may be no later than what was heard last.
    pub fn is_just_heard(&self, at: Nanos) -> bool {
        at.saturating_sub(self.heard) <= LATE_MAX
    }

    /// Whether nothing was heard for as long, of others neither.
    pub fn is_long(&self, at: Nanos) -> bool {
        SILENCE_MAX < at.saturating_sub(self.heard)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What others' words say, each in a second, behind one of the maker's at 100.
    fn words(others: &[i64]) -> Vec<bool> {
        let mut silence = Silence::default();
        silence.speaks(100 * SECOND_NS);
        others.iter().map(|at| silence.is_over(at * SECOND_NS)).collect()
    }

    #[test]
    fn who_is_heard_alone_for_a_minute_takes_over() {
        assert_eq!(words(&[106, 130, 166, 167]), [false, false, false, true]);
    }

    #[test]
    fn after_a_pause_of_both_the_other_may_be_the_first_to_speak() {
        assert_eq!(words(&[100, 170]), [false, false]);
        assert_eq!(words(&[100, 105, 900, 960, 961]), [false, false, false, false, true]);
    }
}
