//! Exact decimals, read from text and written back to text.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The most decimals a number may have, trailing zeros not counted.
const SCALE_MAX: u8 = 18;
/// The most decimals a text may have, trailing zeros counted.
const WRITTEN_SCALE_MAX: u8 = 36;

const POWERS: [i64; 19] = {
    let mut powers = [1_i64; 19];
    let mut at = 1;
    while at < 19 {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};

/// Ten to the power `exp`; `exp` is at most 18.
#[must_use]
pub(super) fn power_of_ten(exp: u8) -> i64 {
    POWERS[usize::from(exp)]
}

/// A number as its sender wrote it: `mantissa` × 10^−`scale`, without trailing zeros.
///
/// `written_scale` keeps how many decimals the text had, because checksums are taken over it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decimal {
    mantissa: i64,
    scale: u8,
    written_scale: u8,
}

/// Why a text is not a decimal the hub can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    /// Not digits with at most one point and a leading minus; exponents are not taken.
    #[error("not a decimal number")]
    Malformed,
    /// More than 18 decimals, or a mantissa beyond 64 bits.
    #[error("does not fit 64 bits with at most 18 decimals")]
    OutOfRange,
}

impl Decimal {
    /// Reads `-?digits[.digits]`.
    ///
    /// # Errors
    ///
    /// [`DecimalError::Malformed`] for anything else, exponents, NaN and infinities included;
    /// [`DecimalError::OutOfRange`] for what 64 bits with 18 decimals cannot hold.
    #[inline]
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        match Self::parse_short(text.as_bytes()) {
            Some(number) => Ok(number),
            None => Self::parse_any(text),
        }
    }

    /// The usual ones, in one pass: at most eighteen digits.
    #[inline]
    fn parse_short(text: &[u8]) -> Option<Self> {
        Self::leading(text).filter(|(_, length)| *length == text.len()).map(|(number, _)| number)
    }

    /// The decimal that a text begins with, and its length, where it has at most eighteen digits;
    /// what stands behind it is not looked at.
    #[inline]
    pub(crate) fn leading(text: &[u8]) -> Option<(Self, usize)> {
        let digit_at = |at: usize| {
            text.get(at).map(|byte| byte.wrapping_sub(b'0')).filter(|digit| *digit < 10)
        };
        let eight_at = |at: usize| text.get(at..)?.first_chunk().and_then(Eight::of);
        let first = usize::from(text.first() == Some(&b'-'));
        // It may wrap with more digits than are taken.
        let (mut mantissa, mut at) = (0_u64, first);
        if let Some(eight) = eight_at(at) {
            mantissa = eight.leading(8);
            at += 8;
        }
        while let Some(digit) = digit_at(at) {
            mantissa = mantissa.wrapping_mul(10).wrapping_add(digit.into());
            at += 1;
        }
        let whole = at - first;
        let (mut kept, mut scale, mut written_scale) = (mantissa, 0, 0);
        if text.get(at) == Some(&b'.') {
            at += 1;
            if let Some(eight) = eight_at(at) {
                scale = eight.count_to_last_nonzero();
                let up = |count: usize| power_of_ten(count as u8).cast_unsigned();
                kept = mantissa.wrapping_mul(up(scale)).wrapping_add(eight.leading(scale));
                mantissa = kept.wrapping_mul(up(8 - scale));
                written_scale = 8;
                at += 8;
            }
            while let Some(digit) = digit_at(at) {
                mantissa = mantissa.wrapping_mul(10).wrapping_add(digit.into());
                written_scale += 1;
                at += 1;
                if digit != 0 {
                    (kept, scale) = (mantissa, written_scale);
                }
            }
            if written_scale == 0 {
                return None;
            }
        }
        if whole == 0 || usize::from(SCALE_MAX) < whole + written_scale {
            return None;
        }
        let mantissa = i64::try_from(kept).ok()?;
        let mantissa = if first == 0 { mantissa } else { -mantissa };
        let number = Self { mantissa, scale: scale as u8, written_scale: written_scale as u8 };
        Some((number, at))
    }

    /// All of it as one number, for a way that carries nothing else.
    #[inline]
    pub(crate) fn to_bits(self) -> u128 {
        let scales = u128::from(self.scale) << 64 | u128::from(self.written_scale) << 72;
        u128::from(self.mantissa.cast_unsigned()) | scales
    }

    /// What [`Decimal::to_bits`] made.
    #[inline]
    pub(crate) fn from_bits(bits: u128) -> Self {
        let mantissa = (bits as u64).cast_signed();
        Self { mantissa, scale: (bits >> 64) as u8, written_scale: (bits >> 72) as u8 }
    }

    fn parse_any(text: &str) -> Result<Self, DecimalError> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = match digits.split_once('.') {
            Some((_, "")) => return Err(DecimalError::Malformed),
            Some(parts) => parts,
            None => (digits, ""),
        };
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
            return Err(DecimalError::Malformed);
        }
        let written_scale = u8::try_from(fraction.len()).map_err(|_| DecimalError::OutOfRange)?;
        let fraction = fraction.trim_end_matches('0');
        let scale = u8::try_from(fraction.len()).map_err(|_| DecimalError::OutOfRange)?;
        if SCALE_MAX < scale || WRITTEN_SCALE_MAX < written_scale {
            return Err(DecimalError::OutOfRange);
        }
        let mut mantissa = 0_i64;
        for byte in whole.bytes().chain(fraction.bytes()) {
            let digit = i64::from(byte - b'0');
            // Counted away from zero on its own side, since the negative one reaches further.
            mantissa = mantissa
                .checked_mul(10)
                .and_then(|value| value.checked_add(if negative { -digit } else { digit }))
                .ok_or(DecimalError::OutOfRange)?;
        }
        Ok(Self { mantissa, scale, written_scale })
    }

    /// Reads a decimal with or without an exponent, as `5.0e-4`; with one, it is taken as written
    /// out in full. For sources that write so; the hub's own doors take no exponents.
    ///
    /// # Errors
    ///
    /// As [`Decimal::parse`].
    pub fn parse_scientific(text: &str) -> Result<Self, DecimalError> {
        if let Some(number) = Self::parse_short(text.as_bytes()) {
            return Ok(number);
        }
        let Some((digits, exponent)) = text.split_once(['e', 'E']) else {
            return Self::parse_any(text);
        };
        let digits = Self::parse(digits)?;
        let exponent: i32 = exponent.parse().map_err(|_| DecimalError::Malformed)?;
        let most = i32::from(SCALE_MAX);
        let scale = i32::from(digits.scale).checked_sub(exponent);
        if digits.is_zero() {
            return Ok(Self::default());
        }
        let scale = scale.filter(|scale| (-most..=most).contains(scale));
        let scale = scale.ok_or(DecimalError::OutOfRange)?;
        let up = 10_i64.pow(scale.min(0).unsigned_abs());
        let mantissa = digits.mantissa.checked_mul(up).ok_or(DecimalError::OutOfRange)?;
        let scale = u8::try_from(scale.max(0)).map_err(|_| DecimalError::OutOfRange)?;
        Ok(Self::from_mantissa(mantissa, scale))
    }

    /// A number from its parts, trailing zeros taken off; `scale` is at most 18.
    #[must_use]
    pub fn from_mantissa(mantissa: i64, scale: u8) -> Self {
        let mut number = Self { mantissa, scale, written_scale: scale };
        while 0 < number.scale && number.mantissa % 10 == 0 {
            number.mantissa /= 10;
            number.scale -= 1;
        }
        number
    }

    /// The decimals it needs, trailing zeros not counted.
    #[must_use]
    pub fn scale(self) -> u8 {
        self.scale
    }

    /// The decimals its text had.
    #[must_use]
    pub fn written_scale(self) -> u8 {
        self.written_scale
    }

    /// Its mantissa at `exp` decimals; none where it is finer than that or does not fit.
    #[must_use]
    pub fn at(self, exp: u8) -> Option<i64> {
        if exp == self.scale {
            return Some(self.mantissa);
        }
        if SCALE_MAX < exp {
            return None;
        }
        self.mantissa.checked_mul(power_of_ten(exp.checked_sub(self.scale)?))
    }

    /// Its value in units of 10^-18, which hold every number: so numbers of different scales compare.
    #[must_use]
    pub fn attos(self) -> i128 {
        i128::from(self.mantissa) * i128::from(power_of_ten(SCALE_MAX - self.scale))
    }

    /// Whether two numbers have the same value, however they were written.
    #[must_use]
    pub fn equals(self, other: Self) -> bool {
        (self.mantissa, self.scale) == (other.mantissa, other.scale)
    }

    /// Compares two numbers by value.
    #[must_use]
    pub fn compare(self, other: Self) -> std::cmp::Ordering {
        self.attos().cmp(&other.attos())
    }

    /// The sum of numbers; none where it does not fit.
    #[must_use]
    pub fn sum(numbers: impl IntoIterator<Item = Self>) -> Option<Self> {
        numbers.into_iter().try_fold(Self::default(), |sum, number| {
            let scale = sum.scale.max(number.scale);
            let mantissa = sum.at(scale)?.checked_add(number.at(scale)?)?;
            Some(Self::from_mantissa(mantissa, scale))
        })
    }

    /// Without its sign; none for the one number whose opposite does not fit.
    #[must_use]
    pub fn magnitude(self) -> Option<Self> {
        self.mantissa.checked_abs().map(|mantissa| Self { mantissa, ..self })
    }

    /// Whether it is below zero.
    #[must_use]
    pub fn is_negative(self) -> bool {
        self.mantissa < 0
    }

    /// Whether it is zero.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.mantissa == 0
    }
}

/// Eight digits, read all at once: the value of the first lowest.
#[derive(Clone, Copy)]
struct Eight(u64);

impl Eight {
    /// Eight bytes, if all are digits ("Bit Twiddling Hacks", hasmore).
    #[inline]
    fn of(bytes: &[u8; 8]) -> Option<Self> {
        const EACH: u64 = u64::from_le_bytes([1; 8]);
        let values = u64::from_le_bytes(*bytes) ^ (EACH * u64::from(b'0'));
        let beyond = (values.wrapping_add(EACH * (0x80 - 10)) | values) & (EACH << 7);
        (beyond == 0).then_some(Self(values))
    }

    /// How many there are up to the last that is not zero.
    #[inline]
    fn count_to_last_nonzero(self) -> usize {
        8 - self.0.leading_zeros() as usize / 8
    }

    /// The number that the first `count` of them make. Neighbours are taken together: pairs, fours,
    /// then all (Lemire, "Quickly parsing eight digits", 2018).
    #[inline]
    fn leading(self, count: usize) -> u64 {
        const PAIRS: u64 = 0x0000_00ff_0000_00ff;
        let digits = self.0.checked_shl(64 - 8 * count as u32).unwrap_or(0);
        let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8);
        let upper = (pairs & PAIRS).wrapping_mul(100 + (1_000_000 << 32));
        let lower = (pairs >> 16 & PAIRS).wrapping_mul(1 + (10_000 << 32));
        upper.wrapping_add(lower) >> 32
    }
}

impl fmt::Display for Decimal {
    /// Writes it with the decimals its text had.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::with_capacity(24);
        write_mantissa(&mut text, i128::from(self.mantissa), self.scale);
        if self.scale < self.written_scale {
            if self.scale == 0 {
                text.push('.');
            }
            text.extend(std::iter::repeat_n('0', usize::from(self.written_scale - self.scale)));
        }
        out.write_str(&text)
    }
}

/// Appends `mantissa` × 10^−`exp` with exactly `exp` decimals.
pub fn write_mantissa(out: &mut String, mantissa: i128, exp: u8) {
    let mut digits = [b'0'; 96];
    let mut at = digits.len();
    let mut rest = mantissa.unsigned_abs();
    let exp = usize::from(exp);
    let mut written = 0;
    // 64-bit division is several times cheaper than 128-bit, and nearly every number fits.
    while rest > u128::from(u64::MAX) {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        written += 1;
        if written == exp {
            at -= 1;
            digits[at] = b'.';
        }
    }
    let mut rest = rest as u64;
    while rest != 0 || written <= exp {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        written += 1;
        if written == exp {
            at -= 1;
            digits[at] = b'.';
        }
    }
    if mantissa < 0 {
        out.push('-');
    }
    out.extend(digits[at..].iter().map(|&byte| char::from(byte)));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn trailing_zeros_are_not_counted_but_remembered() {
        let price = Decimal::parse("61837.63000000").unwrap();

        assert_eq!((price.scale(), price.written_scale(), price.at(2)), (2, 8, Some(6_183_763)));
        assert_eq!(price.to_string(), "61837.63000000");
    }

    #[test]
    fn what_is_not_a_plain_decimal_is_refused() {
        for text in ["", "-", ".", "1.", ".5", "1e5", "NaN", "inf", "+1", "1_0", "0x1", "1.2.3"] {
            assert_eq!(Decimal::parse(text), Err(DecimalError::Malformed), "{text:?}");
        }
    }

    #[test]
    fn what_does_not_fit_is_out_of_range() {
        for text in ["1234567890123456789012345678", "0.1234567890123456789", "9223372036854775808"]
        {
            assert_eq!(Decimal::parse(text), Err(DecimalError::OutOfRange), "{text:?}");
        }
        assert!(Decimal::parse("123456789012345678").is_ok());
        let least = Decimal::from_mantissa(i64::MIN, 4);
        assert_eq!(Decimal::parse(&least.to_string()), Ok(least));
    }

    #[test]
    fn exponents_are_written_out() {
        let numbers =
            [("5.0e-4", "0.0005"), ("1e-07", "0.0000001"), ("-2.5E+3", "-2500"), ("0e-99", "0")];
        for (text, plain) in numbers {
            let number = Decimal::parse_scientific(text).unwrap();
            assert!(number.equals(Decimal::parse(plain).unwrap()), "{text}");
        }
        assert_eq!(Decimal::parse_scientific("1.50").unwrap().written_scale(), 2);
        for text in
            ["", "e", "1e", "e5", "1e1.5", "1e-19", "1e19", "9e18e1", "1e-2147483648", "99e17"]
        {
            assert!(Decimal::parse_scientific(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn numbers_compare_and_add_by_value() {
        let number = |text| Decimal::parse(text).unwrap();

        assert!(number("1.50").equals(number("1.5")) && !number("1.5").equals(number("15")));
        assert!(number("9").compare(number("10.00")).is_lt());
        assert!(number("-1.000000000000000001").compare(number("-1")).is_lt());
        assert_eq!(number("-1.50").magnitude(), Some(number("1.50")));
        assert_eq!(Decimal::from_mantissa(i64::MIN, 4).magnitude(), None);
        let sum = Decimal::sum(["0.1", "0.20", "0.7"].map(number)).unwrap();
        assert_eq!((sum.at(0), sum.scale()), (Some(1), 0));
        assert_eq!(Decimal::sum([number("9223372036854775807"), number("1")]), None);
    }

    #[test]
    fn eight_digits_at_once_are_the_eight_digits() {
        for text in [
            "1.500000001",
            "1.000000001",
            "1.0000000012",
            "12345678.00000000",
            "-0.00000000",
            "0.12345678",
            "12345678",
            "123456781",
            "1234567812345678",
            "12345678.12345678",
            "-9.9999999900",
            "0.00000001",
            "100000000.000000000",
            "99999999.99999999",
            "1.1234567",
            "1234567.1",
        ] {
            let number = Decimal::parse_short(text.as_bytes());
            assert_eq!(number, Decimal::parse_any(text).ok(), "{text}");
            assert!(number.is_some(), "{text}");
        }
        for text in
            ["1234567/", "1234567:", "0.1234567/", "0.:2345678", "\u{e9}234567", "1.\u{b2}2345678"]
        {
            assert_eq!(Decimal::parse_short(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn one_pass_gives_what_the_long_way_gives(text in prop_oneof![
            r"-?[0-9]{0,20}\.?[0-9]{0,20}e?",
            r"-?[0-9]{1,9}\.[0-9]{0,8}0{0,9}[0-9]{0,4}",
        ]) {
            let read = Decimal::parse_short(text.as_bytes());
            if let Some(number) = read {
                prop_assert_eq!(Decimal::parse_any(&text), Ok(number));
            }
            let digits = text.bytes().filter(u8::is_ascii_digit).count();
            prop_assert_eq!(read.is_some(), digits <= 18 && Decimal::parse_any(&text).is_ok());
        }

        #[test]
        fn text_comes_back_as_it_went_in(whole in 0_u32.., fraction in "[0-9]{0,8}") {
            let text =
                if fraction.is_empty() { whole.to_string() } else { format!("{whole}.{fraction}") };
            prop_assert_eq!(Decimal::parse(&text).unwrap().to_string(), text);
        }

        #[test]
        fn a_mantissa_is_written_with_exactly_its_decimals(
            mantissa in proptest::num::i128::ANY, exp in 0_u8..=18,
        ) {
            let mut text = String::new();
            write_mantissa(&mut text, mantissa, exp);
            let decimals = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
            prop_assert_eq!(decimals, usize::from(exp));
            prop_assert_eq!(text.replace('.', "").parse::<i128>().unwrap(), mantissa);
        }
    }
}
