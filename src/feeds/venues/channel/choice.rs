//! Which of several channels that tell the same an instrument is followed by.

use crate::domain::market::{Nanos, SECOND_NS};

/// A channel among those that tell the same of an instrument, each in its own way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::feeds::venues) struct Source {
    /// Its name.
    pub name: &'static str,
    /// How much it tells.
    pub rank: u8,
}

/// For how long the followed channel is silent, by the venue's time, when another takes its place: a
/// recording of several connections does not tell that one ended.
const SILENCE_MAX: Nanos = 60 * SECOND_NS;

/// What a channel told, as far as the choice asks.
#[derive(Clone, Copy, Debug)]
pub(in crate::feeds::venues) struct Word {
    /// Whether it stands on nothing told before.
    pub is_whole: bool,
    /// Whether it names what it stands on.
    pub is_numbered: bool,
    /// The venue's time, or when it was received.
    pub at: Nanos,
}

/// What becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::feeds::venues) enum Taken {
    /// Another channel tells it.
    Passed,
    /// It is given.
    Given,
    /// It is given, but does not continue the book that stands: that is lost first.
    Anew,
}

/// Which of several such channels an instrument is followed by. Each is whole in itself: changes of
/// one do not continue the book of another, and a trade told by two would count twice.
#[derive(Debug, Default)]
pub(in crate::feeds::venues) struct Choice {
    followed: Option<Source>,
    /// When that one told something last.
    told: Nanos,
    /// Since when only such as tell less were heard.
    lesser_since: Option<Nanos>,
    /// While nothing is followed, what stands nevertheless.
    rest: Rest,
}

/// What stands while nothing is followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Rest {
    /// Nothing, or what was given as lost.
    #[default]
    Nothing,
    /// The book of a channel that was left: no change continues it.
    Left,
    /// The book of an answer: a change whose number says so continues it.
    Answer,
}

impl Choice {
    /// What becomes of what a channel tells. One that tells more takes the place of one that tells
    /// less; of equals the first stays, until it is silent. One that tells less must have been heard
    /// alone for as long, because after a silence of both it may only be the first to speak. What is
    /// not whole is given while nothing is followed: it has no book to stand on, and harms none.
    pub fn takes(&mut self, source: Source, word: Word) -> Taken {
        match self.followed {
            Some(known) if known == source => {
                self.told = self.told.max(word.at);
                self.lesser_since = None;
                return Taken::Given;
            }
            Some(_) if !word.is_whole => return Taken::Passed,
            Some(known) if source.rank <= known.rank => {
                let since = if source.rank < known.rank {
                    *self.lesser_since.get_or_insert(word.at)
                } else {
                    self.told
                };
                if word.at.saturating_sub(since) <= SILENCE_MAX {
                    return Taken::Passed;
                }
            }
            None if !word.is_whole => return self.begins(word),
            _ => {}
        }
        *self = Self { followed: Some(source), told: word.at, ..Self::default() };
        Taken::Given
    }

    /// What becomes of a change while nothing is followed.
    fn begins(&mut self, word: Word) -> Taken {
        match std::mem::take(&mut self.rest) {
            Rest::Left => Taken::Anew,
            Rest::Answer if !word.is_numbered => Taken::Anew,
            _ => Taken::Given,
        }
    }

    /// Whether the book of an answer is given: while nothing is followed. It is no channel that goes
    /// on, so it keeps none away.
    pub fn takes_answer(&mut self) -> bool {
        if self.followed.is_none() {
            self.rest = Rest::Answer;
        }
        self.followed.is_none()
    }

    /// Whether that one is followed.
    pub fn is(&self, source: Source) -> bool {
        self.followed == Some(source)
    }

    /// That one is not told any more. Its book stands until something else comes: where the channel is
    /// subscribed again, that is its snapshot.
    pub fn leave(&mut self, source: Source) {
        if self.is(source) {
            *self = Self { rest: Rest::Left, ..Self::default() };
        }
    }

    /// Nothing is followed, and nothing stands.
    pub fn forget(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(name: &'static str, rank: u8) -> Source {
        Source { name, rank }
    }

    fn word(seconds: i64, is_whole: bool) -> Word {
        Word { is_whole, is_numbered: false, at: seconds * SECOND_NS }
    }

    #[test]
    fn the_channel_that_tells_most_is_followed_and_of_equals_the_first() {
        let [deep, twin, top] = [("books", 2), ("books-l2-tbt", 2), ("books5", 1)]
            .map(|(name, rank)| source(name, rank));
        let mut choice = Choice::default();
        let takes = |choice: &mut Choice, source: Source, is_whole: bool| {
            choice.takes(source, word(0, is_whole)) != Taken::Passed
        };
        assert!(takes(&mut choice, deep, false) && takes(&mut choice, top, true));
        assert!(!takes(&mut choice, deep, false), "it does not continue the other's book");
        assert!(takes(&mut choice, deep, true) && takes(&mut choice, deep, false));
        assert!(!takes(&mut choice, top, true) && !takes(&mut choice, twin, true));
        choice.leave(top);
        assert!(choice.is(deep));
        choice.leave(deep);
        assert!(takes(&mut choice, top, true) && choice.is(top));
    }

    #[test]
    fn a_channel_that_fell_silent_keeps_none_away() {
        let [deep, twin, top] = [("books", 2), ("books-l2-tbt", 2), ("books5", 1)]
            .map(|(name, rank)| source(name, rank));
        let followed = |words: &[(Source, i64, bool)]| {
            let mut choice = Choice::default();
            for (source, at, is_whole) in words {
                choice.takes(*source, word(*at, *is_whole));
            }
            choice.followed
        };
        let first = (deep, 100, true);
        assert_eq!(followed(&[first, (twin, 160, true)]), Some(deep));
        assert_eq!(followed(&[first, (twin, 161, true)]), Some(twin));
        assert_eq!(followed(&[first, (twin, 900, false)]), Some(deep), "changes of another book");
        assert_eq!(followed(&[first, (deep, 150, false), (twin, 161, true)]), Some(deep));
        // After a silence of both, the one that tells less may only be the first to speak.
        assert_eq!(followed(&[first, (top, 300, true), (top, 360, true)]), Some(deep));
        assert_eq!(followed(&[first, (top, 300, true), (top, 361, true)]), Some(top));
        let between = [first, (top, 300, true), (deep, 301, false), (top, 361, true)];
        assert_eq!(followed(&between), Some(deep));
    }

    #[test]
    fn a_change_does_not_continue_a_book_that_was_left() {
        let (deep, twin) = (source("books", 2), source("books-l2-tbt", 2));
        let left = || {
            let mut choice = Choice::default();
            choice.takes(deep, word(1, true));
            choice.leave(deep);
            choice
        };
        let numbered = Word { is_numbered: true, ..word(2, false) };
        for change in [word(2, false), numbered] {
            let mut choice = left();
            assert_eq!(
                [change; 2].map(|word| choice.takes(twin, word)),
                [Taken::Anew, Taken::Given]
            );
            let mut choice = left();
            assert_eq!(choice.takes(deep, word(2, true)), Taken::Given, "subscribed again");
            assert_eq!(choice.takes(deep, change), Taken::Given);
        }
    }

    #[test]
    fn only_a_number_continues_the_book_of_an_answer() {
        let deep = source("books", 2);
        let numbered = Word { is_numbered: true, ..word(2, false) };
        for (change, wanted) in [(numbered, Taken::Given), (word(2, false), Taken::Anew)] {
            let mut choice = Choice::default();
            assert!(choice.takes_answer() && choice.takes_answer());
            assert_eq!(choice.takes(deep, change), wanted);
            assert_eq!(choice.takes(deep, word(3, true)), Taken::Given);
            assert!(!choice.takes_answer() && choice.is(deep));
        }
    }
}
