//! What is remembered of one instrument.

use super::book::Whole;
use super::frame::Kind;
use crate::feeds::venues::backlog::Backlog;

/// How a book is told; what says more stands above what says less.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Form {
    /// Not yet, or by a whole book of REST.
    #[default]
    Unknown,
    /// By its 5 best levels, again and again.
    Best5,
    /// By its 50 best levels, again and again.
    Best50,
    /// By its changes.
    Changes,
}

/// What is remembered of one instrument.
#[derive(Debug, Default)]
pub(super) struct State {
    /// The recent changes of its book.
    pub backlog: Backlog,
    /// How its book is told.
    pub form: Form,
    /// The last whole book of REST, until changes are heard: best levels may come between.
    pub whole: Option<Whole>,
    /// The number that the book was given up to.
    pub last: Option<u64>,
    /// What tells its best bid and ask: the kind of message that did so first.
    quotes: Option<Kind>,
}

impl State {
    /// The number that a change of the numbers behind `before` to `last` stands on: where it tells
    /// again of what was given, the number that was given.
    pub fn base(&self, (before, last): (u64, u64)) -> u64 {
        self.last.filter(|given| before < *given && *given < last).unwrap_or(before)
    }

    /// Whether messages of that kind tell its best bid and ask; two kinds would take turns, each
    /// with a top of another moment.
    pub fn is_quoted_by(&mut self, kind: Kind) -> bool {
        *self.quotes.get_or_insert(kind) == kind
    }
}
