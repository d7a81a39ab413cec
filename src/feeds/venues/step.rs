//! Steps of prices and quantities, as lists of products write them: with an exponent at times.

use super::FrameError;
use crate::domain::market::Decimal;

/// A step above zero; `5e-05` is read as `0.00005`.
pub(super) fn step(field: &'static str, text: &str) -> Result<Decimal, FrameError> {
    let number =
        Decimal::parse_scientific(text).map_err(|source| FrameError::Number { field, source })?;
    if number.is_zero() || number.is_negative() {
        return Err(FrameError::Value(field));
    }
    Ok(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_exact_however_they_are_written() {
        for text in ["0.00000001", "1e-08", "1.0e-8", "1E-8"] {
            let step = step("qty_increment", text).unwrap();
            assert_eq!((step.scale(), step.at(8)), (8, Some(1)), "{text}");
        }
        for text in ["", "0", "-1", "1e-19", "e-1", "1e-x", "1e-300"] {
            assert!(step("qty_increment", text).is_err(), "{text:?}");
        }
    }
}
