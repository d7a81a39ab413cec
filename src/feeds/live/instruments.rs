//! The list of instruments on the command line.

use super::LiveError;
use crate::domain::market::Instrument;
use crate::feeds::venues::{VENUES, Venue};

/// Reads symbols, with or without the venue's prefix; of those named twice, the first.
pub(super) fn read(
    venue: &Venue,
    names: &[String],
) -> Result<Vec<(Instrument, String)>, LiveError> {
    let wrong = |name: &str, expected: String| {
        Err(LiveError::Instruments { name: name.to_owned(), expected })
    };
    let mut all: Vec<(Instrument, String)> = Vec::new();
    for name in names {
        let symbol = match name.split_once(':') {
            Some((prefix, symbol)) if prefix == venue.prefix => symbol,
            Some((prefix, _)) if VENUES.iter().any(|other| other.prefix == prefix) => {
                return wrong(name, format!("an instrument of {}, or its symbol", venue.prefix));
            }
            _ => name,
        };
        let Ok(instrument) = Instrument::parse(&format!("{}:{symbol}", venue.prefix)) else {
            return wrong(
                name,
                "a symbol as the venue writes it, without blanks, at most 64 bytes with its prefix"
                    .into(),
            );
        };
        if !all.iter().any(|(known, _)| *known == instrument) {
            all.push((instrument, symbol.to_owned()));
        }
    }
    if all.is_empty() {
        return wrong("", "at least one symbol".into());
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feeds::venues::venue;

    fn symbols(names: &[&str]) -> Result<Vec<String>, String> {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let read = read(venue("kraken").unwrap(), &names).map_err(|error| error.to_string())?;
        Ok(read.into_iter().map(|(_, symbol)| symbol).collect())
    }

    #[test]
    fn symbols_may_carry_the_venues_prefix() {
        let read = symbols(&["BTC/USD", "KRAKEN:ETH/USD", "KRAKEN:BTC/USD"]).unwrap();
        assert_eq!(read, ["BTC/USD", "ETH/USD"]);
    }

    #[test]
    fn what_names_no_instrument_of_the_venue_is_told() {
        for name in ["", "BTC USD", "BINANCE:BTCUSDT", "KRAKEN:"] {
            let told = symbols(&["BTC/USD", name]).unwrap_err();
            assert!(told.contains(&format!("{name:?}")), "{told}");
        }
        assert!(symbols(&[]).is_err());
    }
}
