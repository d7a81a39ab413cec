//! Which of several channels that tell the same an instrument is followed by, and which book stands.

use std::ops::RangeInclusive;

use super::silence::{Silence, Taken};
use crate::domain::market::Nanos;

/// A channel among those that tell the same of an instrument, each in its own way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::feeds::venues) struct Source {
    /// Its name.
    pub name: &'static str,
    /// How much it tells; of a book whose changes are numbered, how many levels a side.
    pub rank: usize,
}

/// What a channel told, as far as the choice asks.
#[derive(Clone, Copy, Debug)]
pub(in crate::feeds::venues) struct Word {
    /// Whether it stands on nothing told before.
    pub is_whole: bool,
    /// Its number.
    pub seq: Option<u64>,
    /// The number of what it stands on.
    pub prev_seq: Option<u64>,
    /// The venue's time, or when it was received.
    pub at: Nanos,
}

/// Which of several such channels an instrument is followed by. Each is whole in itself: changes of
/// one do not continue the book of another, and a trade told by two would count twice. Several
/// connections may tell the same channel: what one told already, the other changes nothing by.
#[derive(Debug, Default)]
pub(in crate::feeds::venues) struct Choice {
    followed: Option<Source>,
    /// While nothing is followed, what stands nevertheless: a book that was left, or an answer's. Of
    /// channels of these ranks a change continues it whose number says so.
    rest: Option<RangeInclusive<usize>>,
    /// The number of the book that stands.
    seq: Option<u64>,
    /// Whether it is over is asked by what neither goes on with it nor takes its place.
    silence: Silence,
    /// Whether a connection was opened since.
    is_reopened: bool,
}

impl Choice {
    /// What becomes of what a channel tells.
    pub fn takes(&mut self, source: Source, word: Word) -> Taken {
        if word.is_whole { self.takes_whole(source, word) } else { self.takes_change(source, word) }
    }

    /// One that tells more takes the place of one that tells less; of equals the first stays, until it
    /// is silent. One that tells less must have been heard alone for as long, because after a silence
    /// of both it may only be the first to speak.
    fn takes_whole(&mut self, source: Source, word: Word) -> Taken {
        let is_passed = match self.followed {
            Some(known) if known == source => {
                let is_behind = word.seq.is_some() && word.seq < self.seq;
                // One that is later still has numbers that began anew.
                let is_late = is_behind && self.silence.is_just_heard(word.at);
                is_late && !self.is_reopened
            }
            Some(known) if source.rank < known.rank => !self.silence.is_over(word.at),
            Some(known) if source.rank == known.rank => !self.silence.is_long(word.at),
            _ => false,
        };
        if is_passed {
            return Taken::Passed;
        }
        self.stands(source, word.seq, word.at);
        Taken::Given
    }

    /// What has no book to stand on is given too: it harms none, and where it does not continue the
    /// one that is followed, it is what shows the gap. That one is followed no more, so that any whole
    /// book is taken.
    fn takes_change(&mut self, source: Source, word: Word) -> Taken {
        let is_followed = self.followed == Some(source);
        let may_go_on =
            is_followed || self.rest.as_ref().is_some_and(|of| of.contains(&source.rank));
        let is_old = word.seq.is_some() && word.seq <= self.seq;
        let goes_on = match word.prev_seq {
            Some(_) => may_go_on && word.prev_seq == self.seq,
            None => is_followed && !is_old,
        };
        if goes_on {
            self.stands(source, word.seq.or(self.seq), word.at);
            return Taken::Given;
        }
        if self.followed.is_none() && self.rest.is_none() {
            return Taken::Given;
        }
        let is_beside = self.followed.is_some_and(|known| known != source);
        if (is_beside || is_old) && !self.silence.is_over(word.at) {
            return if is_beside { Taken::Passed } else { Taken::Given };
        }
        self.forget();
        if is_followed && !is_old { Taken::Given } else { Taken::Anew }
    }

    /// This is followed, and its book stands.
    fn stands(&mut self, source: Source, seq: Option<u64>, at: Nanos) {
        *self = Self { followed: Some(source), seq, silence: self.silence, ..Self::default() };
        self.silence.speaks(at);
    }

    /// An answer is given where no channel is followed: in a quiet market it would be heard alone
    /// though none ended.
    pub fn takes_answer(&mut self, source: Source, word: Word) -> Taken {
        if self.followed.is_some() { Taken::Passed } else { self.takes_whole(source, word) }
    }

    /// A connection was opened. A whole book that comes then is another connection's late one only if
    /// the one that makes the book has gone on since.
    pub fn reopened(&mut self) {
        self.is_reopened = true;
    }

    /// Whether that one is followed.
    pub fn is(&self, source: Source) -> bool {
        self.followed == Some(source)
    }

    /// That one is not told any more. Its book stands until something else comes: where the channel is
    /// subscribed again, that is its snapshot; where another connection tells it too, what continues it.
    pub fn leave(&mut self, source: Source) {
        self.rests(source, source.rank..=source.rank);
    }

    /// The same of an answer, which is told once: changes of channels of so many levels continue it.
    pub fn rests(&mut self, source: Source, levels: RangeInclusive<usize>) {
        if self.is(source) {
            (self.followed, self.rest) = (None, Some(levels));
        }
    }

    /// Nothing is followed, and nothing stands.
    pub fn forget(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests;
