//! The numbering of a connection's messages, where a venue numbers those and not the changes of a
//! book.

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
}
