//! Names of instruments.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The longest name, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// `VENUE:SYMBOL`, as every door writes it. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Instrument(Arc<str>);

/// Why a text names no instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an instrument is VENUE:SYMBOL, without commas, blanks and control characters, at most 64 bytes"
)]
pub struct InstrumentError;

impl Instrument {
    /// Reads a name.
    ///
    /// # Errors
    ///
    /// [`InstrumentError`] where the venue (capitals, digits, `-`, `_` and `.`) or the symbol is missing,
    /// a character is not allowed, or the whole is longer than 64 bytes.
    pub fn parse(text: &str) -> Result<Self, InstrumentError> {
        Self::check(text)?;
        Ok(Self(Arc::from(text)))
    }

    /// Whether a text would parse, without keeping it.
    ///
    /// # Errors
    ///
    /// As [`Instrument::parse`].
    pub fn check(text: &str) -> Result<(), InstrumentError> {
        let (venue, symbol) = text.split_once(':').ok_or(InstrumentError)?;
        let venue_ok = !venue.is_empty()
            && venue.bytes().all(|byte| {
                byte.is_ascii_uppercase() || byte.is_ascii_digit() || b"-_.".contains(&byte)
            });
        let symbol_ok = !symbol.is_empty()
            && !symbol.chars().any(|c| c == ',' || c.is_whitespace() || c.is_control());
        if venue_ok && symbol_ok && text.len() <= NAME_BYTES_MAX {
            Ok(())
        } else {
            Err(InstrumentError)
        }
    }

    /// The whole name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The venue's part.
    #[must_use]
    pub fn venue(&self) -> &str {
        self.0.split_once(':').map_or("", |(venue, _)| venue)
    }
}

impl fmt::Display for Instrument {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl TryFrom<String> for Instrument {
    type Error = InstrumentError;

    fn try_from(text: String) -> Result<Self, InstrumentError> {
        Self::parse(&text)
    }
}

impl From<Instrument> for String {
    fn from(name: Instrument) -> Self {
        name.0.as_ref().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_venue_and_a_symbol() {
        assert_eq!(Instrument::parse("KRAKEN:XBT/USD").unwrap().venue(), "KRAKEN");
        assert_eq!(Instrument::parse("GLBX.MDP3:ESH4").unwrap().venue(), "GLBX.MDP3");
        for text in ["", "ACME", ":ACME", "SIM:", "sim:ACME", "SIM:A,B", "SIM:A B", "SIM:A\n"] {
            assert_eq!(Instrument::parse(text), Err(InstrumentError), "{text:?}");
        }
        assert!(Instrument::parse(&format!("SIM:{}", "A".repeat(61))).is_err());
    }
}
