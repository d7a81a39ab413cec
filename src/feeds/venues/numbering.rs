//! The numbering of a connection's messages, where a venue numbers those and not the changes of a
//! book: of one connection, or of a few whose messages were recorded as one.

/// What a number means beside the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// It follows the last one, or is the first.
    Next,
    /// Some before it never came.
    Gap,
    /// It came before.
    Old,
}

/// The last number of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Numbering(Option<u64>);

impl Numbering {
    /// Where a number stands; `first` is the one that a connection begins with, which is never old:
    /// another connection begins there.
    pub fn place(self, number: u64, first: u64) -> Place {
        match self.0 {
            None => Place::Next,
            Some(last) if last.checked_add(1) == Some(number) => Place::Next,
            Some(last) if number <= last && number != first => Place::Old,
            Some(_) => Place::Gap,
        }
    }

    /// Takes a number.
    pub fn stand_at(&mut self, number: u64) {
        self.0 = Some(number);
    }
}

/// Connections told apart in messages that do not say which they came by; the one that was silent
/// longest is forgotten first.
const CONNECTIONS_MAX: usize = 8;

/// The last numbers of connections whose messages came as one. Whose a number is is not asked: it
/// follows if it follows any of them.
#[derive(Debug, Default)]
pub(super) struct Numberings {
    /// The one that went on last stands at the end.
    lasts: Vec<u64>,
    begun: u32,
}

impl Numberings {
    /// Where a number stands; `first` is the one that a connection begins with: it begins one, and
    /// whether the others go on is not known then. Of a number that follows none, and stands behind
    /// one and before another, a gap is said.
    pub fn place(&self, number: u64, first: u64) -> Place {
        if self.lasts.is_empty() || number == first || self.followed_by(number).is_some() {
            Place::Next
        } else if self.lasts.iter().all(|last| number <= *last) {
            Place::Old
        } else {
            Place::Gap
        }
    }

    /// Takes a number: of the connection that it follows; or it begins one; or it is of the one that
    /// it has the smallest gap to.
    pub fn stand_at(&mut self, number: u64, first: u64) {
        let begins = self.lasts.is_empty() || number == first;
        let at = self.followed_by(number).or_else(|| {
            let before = self.lasts.iter().enumerate().filter(|(_, last)| **last < number);
            before.max_by_key(|(_, last)| **last).map(|(at, _)| at).filter(|_| !begins)
        });
        match at {
            Some(at) => {
                self.lasts.remove(at);
            }
            None => {
                self.begun = self.begun.wrapping_add(1);
                if CONNECTIONS_MAX <= self.lasts.len() {
                    self.lasts.remove(0);
                }
            }
        }
        self.lasts.push(number);
    }

    /// How many connections have begun.
    pub fn begun(&self) -> u32 {
        self.begun
    }

    /// All connections ended, or one begins whose first number may be any.
    pub fn end(&mut self) {
        self.lasts.clear();
    }

    fn followed_by(&self, number: u64) -> Option<usize> {
        self.lasts.iter().rposition(|last| last.checked_add(1) == Some(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_follows_is_old_or_shows_a_gap() {
        let mut numbering = Numbering::default();
        assert_eq!(numbering.place(7, 1), Place::Next);
        numbering.stand_at(7);

        assert_eq!(
            [8, 9, 7, 2, 1].map(|number| numbering.place(number, 1)),
            [Place::Next, Place::Gap, Place::Old, Place::Old, Place::Gap]
        );
        numbering.stand_at(u64::MAX);
        assert_eq!(numbering.place(u64::MAX, 1), Place::Old);
    }

    /// The places of numbers, each taken unless it is old.
    fn places<const N: usize>(numberings: &mut Numberings, numbers: [u64; N]) -> [Place; N] {
        numbers.map(|number| {
            let place = numberings.place(number, 0);
            if place != Place::Old {
                numberings.stand_at(number, 0);
            }
            place
        })
    }

    #[test]
    fn numbers_of_one_connection_stand_as_they_do_alone() {
        let mut numbering = Numbering::default();
        let mut numberings = Numberings::default();
        for number in [7, 8, 8, 3, 10, 11, 9, 20, u64::MAX, u64::MAX, 1] {
            let place = numbering.place(number, 0);
            assert_eq!(places(&mut numberings, [number]), [place], "{number}");
            if place != Place::Old {
                numbering.stand_at(number);
            }
        }
        assert_eq!(numberings.begun(), 1);
    }

    #[test]
    fn connections_that_came_as_one_each_go_on_and_a_gap_in_any_is_seen() {
        let mut numberings = Numberings::default();
        let both = [0, 1, 2, 0, 3, 1, 4, 2, 3, 4, 5, 5];
        assert_eq!(places(&mut numberings, both), [Place::Next; 12]);
        assert_eq!(numberings.begun(), 2);

        let both = [6, 7, 8, 7, 5, 10, 6, 9, 11];
        let wanted = [
            [Place::Next; 3].as_slice(),
            // What one of them lacks, the other one has not passed: 7 is a gap, 5 is old.
            &[Place::Gap, Place::Old, Place::Gap, Place::Old, Place::Gap, Place::Next],
        ];
        assert_eq!(places(&mut numberings, both).as_slice(), wanted.concat());
    }

    #[test]
    fn connections_are_bounded_and_the_longest_silent_is_forgotten() {
        let mut numberings = Numberings::default();
        places(&mut numberings, [0, 1, 2, 3]);
        assert_eq!(places(&mut numberings, [0; CONNECTIONS_MAX]), [Place::Next; CONNECTIONS_MAX]);

        assert_eq!(numberings.lasts, [0; CONNECTIONS_MAX]);
        assert_eq!(places(&mut numberings, [4, 1]), [Place::Gap, Place::Next]);
        numberings.end();
        assert_eq!(places(&mut numberings, [77, 78]), [Place::Next; 2]);
    }
}
