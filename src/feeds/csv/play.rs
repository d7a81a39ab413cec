//! Sending CSV files into the log, one after the other.

use std::path::PathBuf;

use jiff::civil::Date;

use super::file::{FileError, Rows};
use super::layout::Layout;
use super::row::{Row, RowReader};
use crate::config;
use crate::domain::market::Event;
use crate::feeds::kafka::{MARKET_TOPIC, Writer};
use crate::feeds::replay::{FeedError, PATIENCE, Pace, Speed, send};

/// Bad rows that are told one by one; the others are only counted.
const TOLD_MAX: u64 = 20;

/// What was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// Rows read.
    pub rows: u64,
    /// Events written.
    pub events: u64,
    /// Rows outside of the sessions.
    pub outside: u64,
    /// Rows that cannot be read.
    pub bad: u64,
}

/// Reads files in the order given and hands each event to `each`.
///
/// # Errors
///
/// What `each` says, or [`FeedError::Csv`] where a file cannot be read.
pub(super) fn read(
    layout: &Layout,
    date: Option<Date>,
    files: &[PathBuf],
    mut each: impl FnMut(Event) -> Result<(), FeedError>,
) -> Result<Passed, FeedError> {
    let mut reader = RowReader::new(layout).map_err(FileError::from)?;
    let mut passed = Passed::default();
    for file in files {
        let rows = Rows::open(file, layout, date)?;
        reader.begin(rows.places, rows.date);
        for line in rows {
            let (line, cells) = line?;
            passed.rows += 1;
            let row = match &cells {
                Ok(cells) => reader.take(|at| cells.get(at)).map_err(|error| error.to_string()),
                Err(error) => Err(error.to_string()),
            };
            match row {
                Ok(Row::Event(event)) => {
                    passed.events += 1;
                    each(event)?;
                }
                Ok(Row::Outside) => passed.outside += 1,
                Err(error) => {
                    passed.bad += 1;
                    if passed.bad <= TOLD_MAX {
                        let file = file.display();
                        tracing::warn!(%file, line, %error, "a row was passed over");
                    }
                }
            }
        }
    }
    Ok(passed)
}

/// Plays CSV files in the order given into the log, at `speed` by their times.
///
/// All files are opened before anything is written, so a name or a column that is wrong costs
/// nothing. `date` is the date of times of day, for all files; else their names say it.
///
/// # Errors
///
/// [`FeedError`]; a row that cannot be read is counted and passed over.
pub fn play(
    settings: &config::Kafka,
    speed: Speed,
    layout: &Layout,
    date: Option<Date>,
    files: &[PathBuf],
) -> Result<Passed, FeedError> {
    for file in files {
        let oldest_first = Layout { newest_first: false, ..layout.clone() };
        Rows::open(file, &oldest_first, date)?;
    }
    let writer = Writer::new(settings)?;
    let topic = settings.topic(MARKET_TOPIC);
    let mut pace = Pace::new(speed);
    let passed = read(layout, date, files, |event| {
        std::thread::sleep(pace.wait_for(event.ts_event));
        Ok(send(&writer, &topic, &layout.instrument, &[event])?)
    })?;
    writer.flush(PATIENCE)?;
    Ok(passed)
}
