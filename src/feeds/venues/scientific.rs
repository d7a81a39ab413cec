//! Numbers of venues that write small ones with an exponent (`5.0e-4`), read exactly.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::domain::market::{Decimal, DecimalError};
use crate::wire::number::DecimalField;

/// Decimals that a number here has at most.
const SCALE_MAX: i32 = 18;

/// A decimal, with or without an exponent. Without, its text counts as elsewhere; with one, it is
/// taken as written out in full.
pub(super) fn parse(text: &str) -> Result<Decimal, DecimalError> {
    let Some((digits, exponent)) = text.split_once(['e', 'E']) else {
        return Decimal::parse(text);
    };
    let digits = Decimal::parse(digits)?;
    let exponent: i32 = exponent.parse().map_err(|_| DecimalError::Malformed)?;
    let mantissa = digits.at(digits.scale()).ok_or(DecimalError::OutOfRange)?;
    let scale = i32::from(digits.scale()).checked_sub(exponent).ok_or(DecimalError::OutOfRange)?;
    if mantissa == 0 {
        return Ok(Decimal::default());
    }
    if !(-SCALE_MAX..=SCALE_MAX).contains(&scale) {
        return Err(DecimalError::OutOfRange);
    }
    let up = 10_i64.pow(scale.min(0).unsigned_abs());
    let mantissa = mantissa.checked_mul(up).ok_or(DecimalError::OutOfRange)?;
    let scale = u8::try_from(scale.max(0)).map_err(|_| DecimalError::OutOfRange)?;
    Ok(Decimal::from_mantissa(mantissa, scale))
}

/// A bare number of a frame, or one in a string; read from its text without a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number(pub DecimalField);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&'de RawValue>::deserialize(deserializer)?.get();
        let text = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"')).unwrap_or(raw);
        Ok(Self(DecimalField(parse(text))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponents_are_written_out() {
        let numbers =
            [("5.0e-4", "0.0005"), ("1e-07", "0.0000001"), ("-2.5E+3", "-2500"), ("0e-99", "0")];
        for (text, plain) in numbers {
            let (number, plain) = (parse(text).unwrap(), Decimal::parse(plain).unwrap());
            assert_eq!(number.at(18 - 8), plain.at(18 - 8), "{text}");
            assert_eq!(number.scale(), plain.scale(), "{text}");
        }
        assert_eq!(parse("1.50").unwrap().written_scale(), 2);
        for text in ["", "e", "1e", "e5", "1e1.5", "1e-19", "1e19", "9e18e1", "1e-2147483648"] {
            assert!(parse(text).is_err(), "{text:?}");
        }
        assert!(parse("99e17").is_err());
    }
}
