//! Times as vendors write them.

use std::str::FromStr;

use jiff::civil::{Date, DateTime};
use jiff::fmt::strtime;
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, Zoned};

use crate::domain::market::Nanos;
use crate::wire::number::TIME_LIMIT;

const DAY_MS: i64 = 86_400_000;

/// How times are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimeForm {
    /// RFC 3339, with its offset.
    Rfc3339,
    /// A number of units since 1970 UTC, with or without decimals; the power of ten that makes
    /// nanoseconds of them.
    Epoch(u32),
    /// Milliseconds of the zone's wall clock since midnight of the file's date.
    MsOfDay,
    /// A pattern of `strptime`; without an offset or zone in it, the zone's wall clock; without a date in it,
    /// on the file's date.
    Pattern(String),
}

impl FromStr for TimeForm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "rfc3339" => Ok(Self::Rfc3339),
            "s" => Ok(Self::Epoch(9)),
            "ms" => Ok(Self::Epoch(6)),
            "us" => Ok(Self::Epoch(3)),
            "ns" => Ok(Self::Epoch(0)),
            "ms_of_day" => Ok(Self::MsOfDay),
            pattern if pattern.contains("%s") => {
                Err(format!("seconds since 1970 are s, not {pattern:?}"))
            }
            pattern if pattern.contains('%') => {
                let sample = Zoned::new(Timestamp::UNIX_EPOCH, TimeZone::UTC);
                let wrong = |error| format!("{pattern:?} is no pattern: {error}");
                strtime::format(pattern, &sample).map_err(wrong)?;
                Ok(Self::Pattern(pattern.to_owned()))
            }
            _ => {
                Err(format!("rfc3339, s, ms, us, ns, ms_of_day or a pattern with %, not {text:?}"))
            }
        }
    }
}

/// A fixed offset from UTC, or a zone of the IANA database.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone(TimeZone);

impl FromStr for Zone {
    type Err = String;

    /// Reads `UTC`, `-05:00` or `America/New_York`.
    fn from_str(text: &str) -> Result<Self, String> {
        if matches!(text, "UTC" | "Z") {
            return Ok(Self(TimeZone::UTC));
        }
        if let Some(offset) = offset(text) {
            return Ok(Self(TimeZone::fixed(offset)));
        }
        let unknown = |error| format!("an offset like -05:00 or a zone, not {text:?}: {error}");
        TimeZone::get(text).map(Self).map_err(unknown)
    }
}

/// Reads `+hh:mm` and `-hh:mm`.
fn offset(text: &str) -> Option<Offset> {
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    let number = |text: &str| {
        (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| text.parse::<i32>().ok())?
    };
    let (hours, minutes) = (number(hours)?, number(minutes).filter(|minutes| *minutes < 60)?);
    Offset::from_seconds(sign * (hours * 60 + minutes) * 60).ok()
}

impl Zone {
    /// The wall clock at a time.
    #[must_use]
    pub fn wall(&self, ts: Nanos) -> Option<DateTime> {
        let ts = Timestamp::from_nanosecond(i128::from(ts)).ok()?;
        Some(self.0.to_datetime(ts))
    }

    /// The time of a wall clock. Of two (an hour that comes twice) the earlier one; one that the
    /// clock leaps over is as far behind the leap.
    fn time_of(&self, wall: DateTime) -> Option<Timestamp> {
        self.0.to_ambiguous_timestamp(wall).compatible().ok()
    }
}

/// The date in a file's name: the first eight digits in a row that are one, or `YYYY-MM-DD`, with
/// `-` or `_`.
#[must_use]
pub fn date_of(name: &str) -> Option<Date> {
    let bytes = name.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    (0..bytes.len()).filter(|at| digit(*at) && (*at == 0 || !digit(at - 1))).find_map(|at| {
        let separated = matches!(bytes.get(at + 4), Some(b'-' | b'_'));
        let width = if separated { 10 } else { 8 };
        if separated && bytes.get(at + 7) != bytes.get(at + 4) || digit(at + width) {
            return None;
        }
        let text: String = name.get(at..at + width)?.split(['-', '_']).collect();
        let all_digits = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = |from: usize, to: usize| text.get(from..to)?.parse().ok();
        let year = text.get(..4)?.parse::<i16>().ok()?;
        all_digits.then(|| Date::new(year, number(4, 6)?, number(6, 8)?).ok())?
    })
}

impl TimeForm {
    /// Whether times of this form need the file's date for certain.
    #[must_use]
    pub fn needs_date(&self) -> bool {
        *self == Self::MsOfDay
    }

    /// Reads a time; none where it is not one of this form between 1970 and 2116.
    #[must_use]
    pub fn read(&self, text: &str, zone: &Zone, date: Option<Date>) -> Option<Nanos> {
        let ts = match self {
            Self::Epoch(digits) => return scaled(text, *digits),
            Self::Rfc3339 => text.parse().ok()?,
            Self::MsOfDay => {
                let ms = text.parse().ok().filter(|ms| (0..DAY_MS).contains(ms))?;
                let span = jiff::SignedDuration::from_millis(ms);
                zone.time_of(
                    date?.to_datetime(jiff::civil::Time::midnight()).checked_add(span).ok()?,
                )?
            }
            Self::Pattern(pattern) => {
                let parts = strtime::parse(pattern, text).ok()?;
                if parts.iana_time_zone().is_some() {
                    parts.to_zoned().ok()?.timestamp()
                } else if parts.offset().is_some() {
                    parts.to_timestamp().ok()?
                } else if let Ok(wall) = parts.to_datetime() {
                    zone.time_of(wall)?
                } else {
                    zone.time_of(date?.to_datetime(parts.to_time().ok()?))?
                }
            }
        };
        Nanos::try_from(ts.as_nanosecond()).ok().filter(|ns| (0..TIME_LIMIT).contains(ns))
    }
}

/// A decimal number times ten to the power `digits`, exact; what is finer than one is cut.
fn scaled(text: &str, digits: u32) -> Option<Nanos> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let mut value: Nanos = whole.parse().ok()?;
    let mut finer = fraction.bytes();
    for _ in 0..digits {
        let digit = finer.next().map_or(0, |byte| Nanos::from(byte - b'0'));
        value = value.checked_mul(10)?.checked_add(digit)?;
    }
    (value < TIME_LIMIT).then_some(value)
}
