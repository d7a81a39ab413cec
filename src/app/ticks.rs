//! The command line of `feed csv`: what a vendor's files are like.

use std::path::PathBuf;

use clap::Args;
use jiff::civil::Date;

use super::Outcome;
use crate::config::Settings;
use crate::domain::market::Instrument;
use crate::feeds::csv::{self, Columns, Layout, Passed, Sessions, TimeForm, Zone};
use crate::feeds::replay::Speed;

/// The most decimals a number may have.
const SCALE_MAX: i64 = 18;

#[derive(Debug, Args)]
pub(super) struct Csv {
    /// Whose ticks they are, VENUE:SYMBOL.
    #[arg(long)]
    instrument: String,
    /// What stands where: NAME=HEADER,… with the names time, date, price, qty, side, id (trades) or
    /// bid, bid_qty, ask, ask_qty (quotes); with --no-header NAME=NUMBER,… from 1.
    #[arg(long)]
    columns: Columns,
    /// The first line is a row, not the names of the columns.
    #[arg(long)]
    no_header: bool,
    /// What stands between two cells; \t is a tab.
    #[arg(long, default_value = ",")]
    delimiter: String,
    /// How times are written: rfc3339, s, ms, us or ns since 1970, ms_of_day, or a pattern such as
    /// "%Y-%m-%d %H:%M:%S%.f".
    #[arg(long, default_value = "rfc3339")]
    time_format: TimeForm,
    /// The zone of times that tell none, and of sessions: UTC, -05:00, America/New_York.
    #[arg(long, default_value = "UTC", allow_hyphen_values = true)]
    time_zone: Zone,
    /// The date of times of day, YYYY-MM-DD; else the one in each file's name (YYYYMMDD too).
    #[arg(long)]
    date: Option<Date>,
    /// Prices are integers of 10^-N.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(..=SCALE_MAX))]
    price_scale: Option<u8>,
    /// Quantities are integers of 10^-N.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(..=SCALE_MAX))]
    qty_scale: Option<u8>,
    /// Whose side a trade's side is: taker or maker.
    #[arg(long, default_value = "taker", value_parser = ["taker", "maker"])]
    side_of: String,
    /// Times of the day that are wanted: HH:MM-HH:MM,… in the zone.
    #[arg(long)]
    session: Option<Sessions>,
    /// Days of the week that are wanted: mon,tue-fri.
    #[arg(long)]
    days: Option<String>,
    /// Each file has its newest row first.
    #[arg(long)]
    newest_first: bool,
    /// How many times as fast as the ticks were, or max.
    #[arg(long, default_value = "1")]
    speed: Speed,
    /// Files, .gz too, played in this order.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

impl Csv {
    /// What is said of the files.
    ///
    /// # Errors
    ///
    /// What was said wrongly.
    fn layout(&self) -> Result<Layout, String> {
        let instrument = Instrument::parse(&self.instrument)
            .map_err(|error| format!("--instrument {:?}: {error}", self.instrument))?;
        let delimiter = match self.delimiter.as_bytes() {
            b"\\t" => b'\t',
            [byte] if byte.is_ascii() => *byte,
            _ => return Err(format!("--delimiter is one character, not {:?}", self.delimiter)),
        };
        if self.no_header {
            self.columns.by_position().map_err(|error| format!("--columns: {error}"))?;
        }
        let sessions = self.session.clone().unwrap_or_default();
        let sessions = match &self.days {
            Some(days) => sessions.on(days).map_err(|error| format!("--days: {error}"))?,
            None => sessions,
        };
        Ok(Layout {
            instrument,
            columns: self.columns.clone(),
            has_header: !self.no_header,
            delimiter,
            time: self.time_format.clone(),
            zone: self.time_zone.clone(),
            price_scale: self.price_scale,
            qty_scale: self.qty_scale,
            side_is_maker: self.side_of == "maker",
            sessions,
            newest_first: self.newest_first,
        })
    }
}

/// Plays the files, and says what was read.
pub(super) fn run(settings: &Settings, ticks: &Csv) -> Outcome {
    let layout = match ticks.layout() {
        Ok(layout) => layout,
        Err(why) => return Outcome::Misused(why),
    };
    let (passed, ended) =
        csv::play(&settings.kafka, ticks.speed, &layout, ticks.date, &ticks.files);
    let Passed { rows, events, outside, bad } = passed;
    println!(
        "{rows} rows read, {events} events written, {outside} outside of the sessions, \
         {bad} passed over"
    );
    match ended {
        Ok(()) => Outcome::Done,
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::Cli;

    fn parsed(more: &[&str]) -> Result<Cli, clap::Error> {
        let given = ["tickwire", "feed", "csv", "--instrument", "FXCM:EURUSD"];
        Cli::try_parse_from(given.iter().chain(more))
    }

    #[test]
    fn what_makes_no_sense_is_misuse() {
        let quotes = ["--columns", "time=ms_of_day,bid=bid,ask=ask"];
        let good = ["--time-format", "ms_of_day", "--time-zone", "-05:00", "a.csv"];
        assert!(parsed(&[&quotes[..], &good[..]].concat()).is_ok());
        let wrong: [&[&str]; 6] = [
            &["a.csv"],
            &["--columns", "time=t", "a.csv"],
            &["--columns", "time=t,bid=b"],
            &["--columns", "time=t,bid=b", "--time-zone", "Mars/Olympus", "a.csv"],
            &["--columns", "time=t,bid=b", "--price-scale", "19", "a.csv"],
            &["--columns", "time=t,bid=b", "--speed", "fast", "a.csv"],
        ];
        for wrong in wrong {
            assert_eq!(parsed(wrong).unwrap_err().exit_code(), 2, "{wrong:?}");
        }
    }
}
