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
pub fn read(
    layout: &Layout,
    date: Option<Date>,
    files: &[PathBuf],
    each: impl FnMut(Event) -> Result<(), FeedError>,
) -> Result<Passed, FeedError> {
    let mut passed = Passed::default();
    read_all(layout, date, files, &mut passed, each)?;
    Ok(passed)
}

fn read_all(
    layout: &Layout,
    date: Option<Date>,
    files: &[PathBuf],
    passed: &mut Passed,
    mut each: impl FnMut(Event) -> Result<(), FeedError>,
) -> Result<(), FeedError> {
    let mut reader = RowReader::new(layout).map_err(FileError::from)?;
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
                    each(event)?;
                    passed.events += 1;
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
    Ok(())
}

/// Plays CSV files in the order given into the log, at `speed` by their times; what was read, and how
/// it ended.
///
/// All files are opened before anything is written, so a name or a column that is wrong costs
/// nothing. `date` is the date of times of day, for all files; else their names say it. A row that
/// cannot be read is counted and passed over; a file that is damaged ends the feed where it is
/// damaged, and what came before is written.
///
/// # Errors
///
/// [`FeedError`].
pub fn play(
    settings: &config::Kafka,
    speed: Speed,
    layout: &Layout,
    date: Option<Date>,
    files: &[PathBuf],
) -> (Passed, Result<(), FeedError>) {
    let mut passed = Passed::default();
    let ended = play_all(settings, speed, layout, date, files, &mut passed);
    (passed, ended)
}

fn play_all(
    settings: &config::Kafka,
    speed: Speed,
    layout: &Layout,
    date: Option<Date>,
    files: &[PathBuf],
    passed: &mut Passed,
) -> Result<(), FeedError> {
    for file in files {
        let oldest_first = Layout { newest_first: false, ..layout.clone() };
        Rows::open(file, &oldest_first, date)?;
    }
    let writer = Writer::new(settings)?;
    let topic = settings.topic(MARKET_TOPIC);
    let mut pace = Pace::new(speed);
    let ended = read_all(layout, date, files, passed, |event| {
        std::thread::sleep(pace.wait_for(event.ts_event));
        Ok(send(&writer, &topic, &layout.instrument, &[event])?)
    });
    // What is queued goes out, however the files ended.
    let flushed = writer.flush(PATIENCE);
    ended?;
    Ok(flushed?)
}
