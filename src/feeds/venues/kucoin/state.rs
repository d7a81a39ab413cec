//! What is remembered of one instrument.

use super::book::Whole;
use super::frame::Kind;
use crate::domain::market::Nanos;
use crate::feeds::venues::backlog::Backlog;
use crate::feeds::venues::silence::Silence;

/// What the book is made of; what says more stands above what says less.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Form {
    /// Nothing, or a whole book of REST that no change has continued yet.
    #[default]
    Unknown,
    /// A part of the book of REST.
    Part,
    /// Its 5 best levels, again and again.
    Best5,
    /// Its 50 best levels, again and again.
    Best50,
    /// Its changes, on a whole book.
    Changes,
}

/// What is remembered of one instrument.
#[derive(Debug, Default)]
pub(super) struct State {
    /// The recent changes of its book.
    pub backlog: Backlog,
    /// What its book is made of.
    pub form: Form,
    /// The last whole book of REST, until a change says more: best levels may come between.
    pub whole: Option<Whole>,
    /// The number that changes were told up to.
    pub last: Option<u64>,
    /// Of what makes the book.
    pub silence: Silence,
    /// What tells its best bid and ask: the kind of message that did so first.
    quotes: Option<Kind>,
}

impl State {
    /// The number that a change of the numbers behind `before` to `last` stands on: where it tells
    /// again of what was given, the number that was given.
    pub fn base(&self, (before, last): (u64, u64)) -> u64 {
        self.last.filter(|given| before < *given && *given < last).unwrap_or(before)
    }

    /// Its changes make the book from here on.
    pub fn follow(&mut self, at: Nanos) {
        (self.form, self.whole) = (Form::Changes, None);
        self.silence.speaks(at);
    }

    /// Ends what makes the book, where it was silent for too long when another tells this; at once
    /// where that is an answer, of which nothing more will come.
    pub fn ends(&mut self, seq: Option<u64>, at: Nanos) -> bool {
        if seq.is_some() && seq <= self.last {
            return false;
        }
        let has_ended = self.form <= Form::Part || self.silence.is_over(at);
        if has_ended {
            (self.form, self.whole) = (Form::Unknown, None);
        }
        has_ended
    }

    /// Whether messages of that kind tell its best bid and ask; two kinds would take turns, each
    /// with a top of another moment.
    pub fn is_quoted_by(&mut self, kind: Kind) -> bool {
        *self.quotes.get_or_insert(kind) == kind
    }
}
