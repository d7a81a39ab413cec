//! Numbers and times of DBN: prices are integers of 10^-9, times nanoseconds, and the greatest
//! value of a type means that there is none.

use ::dbn::{UNDEF_PRICE, UNDEF_TIMESTAMP};

use crate::domain::market::{Decimal, LevelChange, Nanos};
use crate::wire::number::TIME_LIMIT;

/// Decimals of a price.
const PRICE_SCALE: u8 = 9;

/// A price; none where it is undefined. Trailing zeros are cut: what was meant by them is not told.
pub(super) fn price(units: i64) -> Option<Decimal> {
    (units != UNDEF_PRICE).then(|| short(units))
}

fn short(mut units: i64) -> Decimal {
    let mut scale = PRICE_SCALE;
    while 0 < scale && units % 10 == 0 {
        units /= 10;
        scale -= 1;
    }
    Decimal::from_mantissa(units, scale)
}

/// A quantity of whole contracts or shares.
pub(super) fn qty(units: u64) -> Decimal {
    Decimal::from_mantissa(i64::try_from(units).unwrap_or(i64::MAX), 0)
}

/// A level; none where its price is undefined or nothing stands there.
pub(super) fn level(units: i64, size: u32) -> Option<LevelChange> {
    Some((price(units).filter(|_| size != 0)?, qty(u64::from(size))))
}

/// What stands at a price; zero where nothing does. None where the price is undefined.
pub(super) fn change(units: i64, qty: u64) -> Option<LevelChange> {
    Some((price(units)?, self::qty(qty)))
}

/// A time; none where it is undefined or beyond what `md.v1` takes (the year 2116).
pub(super) fn time(ns: u64) -> Option<Nanos> {
    if ns == UNDEF_TIMESTAMP {
        return None;
    }
    Nanos::try_from(ns).ok().filter(|ns| *ns < TIME_LIMIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_exact_and_has_no_zeros_at_its_end() {
        let cases = [
            (4_810_250_000_000, "4810.25"),
            (-500_000_000, "-0.5"),
            (1, "0.000000001"),
            (0, "0"),
            (100_000_000_000, "100"),
        ];
        for (units, text) in cases {
            assert_eq!(price(units).unwrap().to_string(), text);
        }
        assert_eq!(price(i64::MAX), None);
        assert_eq!(level(1, 0), None);
    }

    #[test]
    fn undefined_times_are_none() {
        assert_eq!(time(u64::MAX), None);
        assert_eq!(time(1 << 62), None);
        assert_eq!(time(7), Some(7));
    }
}
