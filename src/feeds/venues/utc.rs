//! RFC 3339 times in UTC as most venues write them, `2022-08-04T15:25:05.010758Z`, read without the
//! general parser: an update of one level is hardly longer than its time.

use crate::domain::market::{Nanos, SECOND_NS};

/// The time, where it is of that form and in 1970 or later; the general parser says what any other
/// text is.
pub(super) fn parse(text: &str) -> Option<Nanos> {
    let (head, tail) = text.as_bytes().split_at_checked(19)?;
    for (at, sign) in [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')] {
        if head[at] != sign {
            return None;
        }
    }
    let year = digits(&head[..4])?;
    let (month, day) = (digits(&head[5..7])?, digits(&head[8..10])?);
    let (hour, minute, second) =
        (digits(&head[11..13])?, digits(&head[14..16])?, digits(&head[17..])?);
    if year < 1970 || 23 < hour || 59 < minute || 59 < second {
        return None;
    }
    let days = days(year, month, day)?;
    let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    seconds.checked_mul(SECOND_NS)?.checked_add(fraction(tail)?)
}

fn digits(text: &[u8]) -> Option<Nanos> {
    text.iter().try_fold(0, |number, byte| {
        byte.is_ascii_digit().then(|| number * 10 + Nanos::from(byte - b'0'))
    })
}

/// Nanoseconds of `.123Z` or `Z`; at most nine digits.
fn fraction(tail: &[u8]) -> Option<Nanos> {
    match tail {
        b"Z" => Some(0),
        [b'.', digits_of @ .., b'Z'] if (1..=9).contains(&digits_of.len()) => {
            let up = 10_i64.pow(9 - u32::try_from(digits_of.len()).ok()?);
            Some(digits(digits_of)? * up)
        }
        _ => None,
    }
}

/// Days from 1970 to a day of the Gregorian calendar. Years begin in March here, so that a leap day
/// is the last one of a year.
fn days(year: Nanos, month: Nanos, day: Nanos) -> Option<Nanos> {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 => 28 + Nanos::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=last).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let of_year = (153 * month + 2) / 5 + day - 1;
    Some(year * 365 + year / 4 - year / 100 + year / 400 + of_year - 719_468)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::time;

    proptest! {
        #[test]
        fn it_reads_what_the_general_parser_reads(ts in 0_i64..1 << 62) {
            prop_assert_eq!(parse(&time::rfc3339(ts)), Some(ts));
        }

        #[test]
        fn days_that_are_none_are_none_for_both(
            year in 1970_u32..2117, month in 0_u32..14, day in 0_u32..33, hour in 0_u32..26,
        ) {
            let text = format!("{year}-{month:02}-{day:02}T{hour:02}:59:59.5Z");
            prop_assert_eq!(parse(&text), time::parse(&text), "{}", text);
        }
    }

    #[test]
    fn other_forms_are_left_to_the_general_parser() {
        for text in [
            "",
            "2022-08-04T15:25:05",
            "2022-08-04T15:25:05.Z",
            "2022-08-04T15:25:05.0123456789Z",
            "2022-08-04T15:25:05+00:00",
            "2022-08-04 15:25:05Z",
            "2022-08-04T15:25:60Z",
            "1969-12-31T23:59:59Z",
            "2022-08-0\u{20ac}T15:25:05Z",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }
}
