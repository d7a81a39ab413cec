//! Times as people and REST write them.

use jiff::Timestamp;

use crate::domain::market::Nanos;

/// RFC 3339 in UTC, with as many digits as needed.
#[must_use]
pub fn rfc3339(ts: Nanos) -> String {
    Timestamp::from_nanosecond(i128::from(ts)).map_or_else(|_| ts.to_string(), |ts| ts.to_string())
}

/// RFC 3339, or integer nanoseconds.
#[must_use]
pub fn parse(text: &str) -> Option<Nanos> {
    if let Ok(ns) = text.parse::<Nanos>() {
        return Some(ns);
    }
    let ts: Timestamp = text.parse().ok()?;
    Nanos::try_from(ts.as_nanosecond()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read_and_one_is_written() {
        let ns = 1_723_161_600_000_000_001;

        assert_eq!(parse("2024-08-09T00:00:00.000000001Z"), Some(ns));
        assert_eq!(parse("1723161600000000001"), Some(ns));
        assert_eq!(rfc3339(ns), "2024-08-09T00:00:00.000000001Z");
        assert_eq!(parse("yesterday"), None);
    }
}
