//! The decimals an instrument's 64-bit mantissas carry, and when they may grow.

use serde::{Deserialize, Serialize};

use super::decimal::{Decimal, power_of_ten};

/// The decimals of one kind of number (prices, or quantities) and the greatest value seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scales {
    /// Decimals of every mantissa; never narrowed.
    pub exp: u8,
    greatest: u64,
    known: bool,
}

/// What it takes to hold some numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// They fit as things are.
    AsIs(Scales),
    /// They fit once every mantissa is multiplied by 10^`by`.
    Wider {
        /// Decimals to add.
        by: u8,
        /// The scales afterwards.
        scales: Scales,
    },
}

impl Scales {
    /// Whether one number fits, and the scales once it is taken; none where it does not.
    ///
    /// A finer number widens the scales only if the greatest value seen before keeps two digits
    /// of room in 64 bits. The first numbers of an instrument set them.
    #[must_use]
    pub fn admit(self, number: Decimal) -> Option<Self> {
        let wider = number.scale().max(self.exp);
        let mut after = self;
        if self.exp < wider {
            after = self.widened(wider - self.exp)?;
        }
        let mantissa = number.at(after.exp)?;
        after.greatest = after.greatest.max(mantissa.unsigned_abs());
        after.known = true;
        Some(after)
    }

    /// Compares the scales after a record with those before it.
    #[must_use]
    pub fn fit(self, after: Self) -> Fit {
        match after.exp - self.exp {
            0 => Fit::AsIs(after),
            by => Fit::Wider { by, scales: after },
        }
    }

    /// The greatest magnitude seen, as a mantissa.
    #[must_use]
    pub fn greatest(self) -> u64 {
        self.greatest
    }

    fn widened(self, by: u8) -> Option<Self> {
        let greatest = self.greatest.checked_mul(power_of_ten(by).unsigned_abs())?;
        let room = greatest.checked_mul(100)?;
        (i64::try_from(room).is_ok() || !self.known).then_some(Self {
            exp: self.exp + by,
            greatest,
            known: self.known,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn finer_values_widen_and_coarser_ones_never_narrow() {
        let scales = Scales::default().admit(number("61000.10")).unwrap();
        assert_eq!(scales.exp, 1);
        let scales = scales.admit(number("61000.1234")).unwrap();
        assert_eq!(scales.exp, 4);
        assert_eq!(scales.admit(number("7")).unwrap().exp, 4);
    }

    #[test]
    fn widening_leaves_two_digits_of_room_for_the_greatest_value_seen() {
        let seen = Scales::default().admit(number("922337203685")).unwrap();

        assert_eq!(seen.admit(number("0.12345")).unwrap().exp, 5);
        assert_eq!(seen.admit(number("0.123456")), None);
    }

    #[test]
    fn the_first_value_may_use_all_eighteen_digits() {
        let first = Scales::default().admit(number("1.234567890123456789")).unwrap();

        assert_eq!(first.exp, 18);
        assert_eq!(first.admit(number("10")), None);
    }
}
