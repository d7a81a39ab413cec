//! What one can subscribe to, and how often one hears of it.

use std::fmt;
use std::str::FromStr;

use crate::domain::market::Interval;

/// The deepest book a subscriber may ask for.
pub const DEPTH_MAX: u16 = 1_000;

/// A market channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// Best bid and ask.
    Quote,
    /// Statistics of the UTC day.
    Stats,
    /// The N best levels.
    Book(u16),
    /// Prints, cancels and corrections; lossless.
    Trade,
    /// Bars of one interval.
    Bars(Interval),
}

impl FromStr for Channel {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "quote" => return Ok(Self::Quote),
            "stats" => return Ok(Self::Stats),
            "trade" => return Ok(Self::Trade),
            _ => {}
        }
        if let Some(interval) = text.strip_prefix("bars.") {
            return interval.parse().map(Self::Bars);
        }
        let depth: u16 = text.strip_prefix("book.").ok_or(())?.parse().map_err(|_| ())?;
        let canonical = Self::Book(depth);
        ((1..=DEPTH_MAX).contains(&depth) && canonical.to_string() == text)
            .then_some(canonical)
            .ok_or(())
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Quote => out.write_str("quote"),
            Self::Stats => out.write_str("stats"),
            Self::Book(depth) => write!(out, "book.{depth}"),
            Self::Trade => out.write_str("trade"),
            Self::Bars(interval) => write!(out, "bars.{interval}"),
        }
    }
}

/// How long changes are gathered before they are sent, one of a few so that bytes can be shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TickClass(u8);

const CLASSES_MS: [u64; 7] = [0, 10, 20, 50, 100, 250, 1_000];

impl TickClass {
    /// How many there are.
    pub const COUNT: usize = CLASSES_MS.len();
    /// Every change by itself, at once.
    pub const RAW: Self = Self(0);
    /// Where a client asks for none: 50 ms.
    pub const DEFAULT: Self = Self(3);

    /// The smallest class that is not shorter; the longest for anything above it.
    #[must_use]
    pub fn at_least(tick_ms: u64) -> Self {
        let at = CLASSES_MS.iter().position(|class| tick_ms <= *class);
        Self(at.unwrap_or(CLASSES_MS.len() - 1) as u8)
    }

    /// Its length in milliseconds.
    #[must_use]
    pub fn tick_ms(self) -> u64 {
        CLASSES_MS[self.index()]
    }

    /// Its place among the classes.
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// All classes, shortest first.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..CLASSES_MS.len() as u8).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_read_as_they_are_written() {
        for text in ["quote", "stats", "trade", "book.1", "book.1000", "bars.1s", "bars.1d"] {
            assert_eq!(text.parse::<Channel>().unwrap().to_string(), text);
        }
        for text in ["", "book", "book.0", "book.1001", "book.01", "book.+1", "bars.2m", "orders"] {
            assert!(text.parse::<Channel>().is_err(), "{text}");
        }
    }

    #[test]
    fn tick_ms_is_rounded_up_to_a_class() {
        for (asked, given) in [(0, 0), (1, 10), (10, 10), (21, 50), (251, 1_000), (9_999, 1_000)] {
            assert_eq!(TickClass::at_least(asked).tick_ms(), given);
        }
    }
}
