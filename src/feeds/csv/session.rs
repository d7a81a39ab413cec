//! Which times of the day, and days of the week, are wanted.

use std::str::FromStr;

use jiff::civil::{DateTime, Weekday};

const DAY_MINUTES: u16 = 24 * 60;
const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// Times of the wall clock: from inclusive, to exclusive, in minutes of the day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sessions {
    /// None: the whole day.
    hours: Vec<(u16, u16)>,
    /// One bit a day from Monday on; zero: every day.
    days: u8,
}

impl FromStr for Sessions {
    type Err = String;

    /// Reads `09:30-16:00,17:00-02:00`; one that ends before it begins goes on behind midnight.
    fn from_str(text: &str) -> Result<Self, String> {
        let session = |part: &str| {
            let (from, to) = part.trim().split_once('-')?;
            let (from, to) = (minute(from)?, minute(to)?);
            (from < DAY_MINUTES && from != to).then_some((from, to))
        };
        let hours: Option<Vec<_>> = text.split(',').map(session).collect();
        let hours = hours.ok_or_else(|| format!("HH:MM-HH:MM, not {text:?}"))?;
        Ok(Self { hours, days: 0 })
    }
}

/// Minutes since midnight of `HH:MM`, up to 24:00.
fn minute(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |text: &str| {
        (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| text.parse::<u16>().ok())?
    };
    let minute = number(hours)? * 60 + number(minutes).filter(|minutes| *minutes < 60)?;
    (minute <= DAY_MINUTES).then_some(minute)
}

impl Sessions {
    /// The same hours, on these days alone: `mon,wed-fri`.
    ///
    /// # Errors
    ///
    /// Where a day is none.
    pub fn on(mut self, text: &str) -> Result<Self, String> {
        let day = |name: &str| DAYS.iter().position(|(known, _)| *known == name.trim());
        for part in text.split(',') {
            let (from, to) = part.split_once('-').unwrap_or((part, part));
            let both = day(from).zip(day(to));
            let (mut at, to) = both.ok_or_else(|| format!("mon,tue-fri, not {text:?}"))?;
            self.days |= 1 << at;
            while at != to {
                at = (at + 1) % DAYS.len();
                self.days |= 1 << at;
            }
        }
        Ok(self)
    }

    /// Whether every time is wanted.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.hours.is_empty() && self.days == 0
    }

    /// Whether a time of the wall clock is wanted. The day is that of the time itself, also behind
    /// midnight.
    #[must_use]
    pub fn holds(&self, wall: DateTime) -> bool {
        let day = wall.weekday().to_monday_zero_offset();
        if self.days != 0 && self.days & (1 << day) == 0 {
            return false;
        }
        let minute =
            u16::from(wall.hour().unsigned_abs()) * 60 + u16::from(wall.minute().unsigned_abs());
        let within = |&(from, to): &(u16, u16)| match from < to {
            true => from <= minute && minute < to,
            false => from <= minute || minute < to,
        };
        self.hours.is_empty() || self.hours.iter().any(within)
    }
}
