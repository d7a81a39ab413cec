//! Which of several connections makes a book.

use super::super::silence::{Silence, Taken};
use crate::domain::market::Nanos;

/// What a book is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum By {
    /// Nothing, or what was given as lost.
    #[default]
    Nothing,
    /// An answer of REST: what changed between it and a change is not known.
    Answer,
    /// What that connection tells.
    Connection(u64),
}

/// Which connection makes an instrument's book: the one that told it whole last, because where one
/// takes the place of another it begins before the other ends. Changes of one do not continue the book
/// of another.
#[derive(Debug, Default)]
pub(in crate::feeds::venues) struct Maker {
    by: By,
    silence: Silence,
}

impl Maker {
    fn is_made_by(&mut self, connection: u64, at: Nanos) {
        self.by = By::Connection(connection);
        self.silence.speaks(at);
    }

    /// A connection tells the whole book; the times given are all by one clock.
    pub fn begins(&mut self, connection: u64, at: Nanos) -> Taken {
        let is_anothers = matches!(self.by, By::Connection(known) if known != connection);
        self.is_made_by(connection, at);
        if is_anothers { Taken::Anew } else { Taken::Given }
    }

    /// A connection tells a change. Changes of another are passed over as
    /// long as the one that makes the book `stands`, and is not silent meanwhile. Without a book a
    /// change harms none.
    pub fn goes_on(
        &mut self,
        connection: u64,
        at: Nanos,
        stands: impl FnOnce(u64) -> bool,
    ) -> Taken {
        match self.by {
            By::Connection(known) if known == connection => {
                self.silence.speaks(at);
                return Taken::Given;
            }
            By::Connection(known) if stands(known) && !self.silence.is_over(at) => {
                return Taken::Passed;
            }
            _ => {}
        }
        let has_book = self.by != By::Nothing;
        self.is_made_by(connection, at);
        if has_book { Taken::Anew } else { Taken::Given }
    }

    /// Whether the book of an answer is given: while no connection makes one.
    pub fn takes_answer(&mut self) -> bool {
        let takes = !matches!(self.by, By::Connection(_));
        if takes {
            self.by = By::Answer;
        }
        takes
    }

    /// A connection says that it is lost: so is the book that it makes.
    pub fn ends(&mut self, connection: u64) -> Taken {
        if !matches!(self.by, By::Nothing) && self.by != By::Connection(connection) {
            return Taken::Passed;
        }
        *self = Self::default();
        Taken::Given
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::market::SECOND_NS;

    /// What becomes of changes, each of a connection in a second.
    fn changes<const N: usize>(maker: &mut Maker, told: [(u64, i64); N]) -> [Taken; N] {
        told.map(|(connection, at)| maker.goes_on(connection, at * SECOND_NS, |_| true))
    }

    #[test]
    fn the_connection_that_told_the_whole_book_last_makes_it() {
        let mut maker = Maker::default();
        assert_eq!(
            [1, 1, 2].map(|by| maker.begins(by, 0)),
            [Taken::Given, Taken::Given, Taken::Anew]
        );
        assert_eq!(changes(&mut maker, [(1, 0), (2, 0)]), [Taken::Passed, Taken::Given]);
        assert_eq!([1, 2, 1].map(|by| maker.ends(by)), [Taken::Passed, Taken::Given, Taken::Given]);
        assert_eq!(maker.begins(1, 0), Taken::Given);
    }

    #[test]
    fn a_book_is_lost_whose_maker_is_silent_for_a_minute_while_another_speaks() {
        let made = || {
            let mut maker = Maker::default();
            maker.begins(1, 0);
            maker
        };
        let wanted = [Taken::Passed, Taken::Passed, Taken::Anew, Taken::Given, Taken::Passed];
        let told = [(2, 500), (2, 560), (2, 561), (2, 562), (1, 563)];
        assert_eq!(changes(&mut made(), told), wanted);
        let wanted = [Taken::Passed, Taken::Given, Taken::Passed, Taken::Passed];
        assert_eq!(changes(&mut made(), [(2, 500), (1, 530), (2, 561), (2, 621)]), wanted);
        assert_eq!(made().goes_on(2, 0, |_| false), Taken::Anew, "it has ended");
    }

    #[test]
    fn no_change_continues_the_book_of_an_answer() {
        let mut maker = Maker::default();
        assert!(maker.takes_answer() && maker.takes_answer());
        assert_eq!(maker.ends(1), Taken::Passed);
        assert_eq!(changes(&mut maker, [(1, 0), (1, 0)]), [Taken::Anew, Taken::Given]);
        assert!(!maker.takes_answer());
        let mut maker = Maker::default();
        assert!(maker.takes_answer());
        assert_eq!(maker.begins(1, 0), Taken::Given);
    }
}
