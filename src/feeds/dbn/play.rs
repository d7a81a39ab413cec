//! Sending DBN files into the log, one after the other.

use std::path::PathBuf;
use std::time::Duration;

use super::{Adapter, Reader, Refused};
use crate::config;
use crate::domain::market::{Event, Instrument};
use crate::feeds::kafka::{MARKET_TOPIC, Writer};
use crate::feeds::replay::{FeedError, PATIENCE, Pace, Played, Speed, send_found};

/// Refusals that are told one by one; the others, and trades without a price, are only counted.
const TOLD_MAX: u64 = 20;

/// Plays DBN files in the order given into the log, at `speed` by their receive times; what was done,
/// and how it ended.
///
/// All files are opened before anything is written, so a name that is wrong costs nothing. A record
/// that cannot be understood is counted and passed over; a file that is damaged ends the feed where
/// it is damaged, and what came before is written.
///
/// # Errors
///
/// [`FeedError`].
pub fn play(
    settings: &config::Kafka,
    speed: Speed,
    files: &[PathBuf],
) -> (Played, Result<(), FeedError>) {
    let mut played = Played::default();
    let ended = play_all(settings, speed, files, &mut played);
    (played, ended)
}

fn play_all(
    settings: &config::Kafka,
    speed: Speed,
    files: &[PathBuf],
    played: &mut Played,
) -> Result<(), FeedError> {
    for file in files {
        Reader::open(file)?;
    }
    let writer = Writer::new(settings)?;
    let topic = settings.topic(MARKET_TOPIC);
    let (mut adapter, mut pace) = (Adapter::default(), Pace::new(speed));
    let (mut found, mut told) = (Vec::new(), 0);
    let ended = files.iter().try_for_each(|file| {
        let mut reader = Reader::open(file)?;
        adapter.begin(reader.metadata());
        while let Some(record) = reader.next_record()? {
            played.frames += 1;
            if let Err(error) = adapter.take(record, &mut found) {
                played.refused += 1;
                // Some venues publish trades without a price as a matter of course.
                if error != Refused::NoTrade && told < TOLD_MAX {
                    told += 1;
                    tracing::warn!(%error, record = played.frames, "a record was passed over");
                }
            }
            std::thread::sleep(adapter.time().map_or(Duration::ZERO, |ts| pace.wait_for(ts)));
            send_counted(&writer, &topic, &mut found, played)?;
        }
        Ok(())
    });
    // What is queued goes out, however the files ended.
    let finished = match &ended {
        Err(FeedError::Kafka(_)) => Ok(()),
        _ => {
            adapter.finish(&mut found);
            send_counted(&writer, &topic, &mut found, played)
        }
    };
    let flushed = writer.flush(PATIENCE);
    ended?;
    finished?;
    Ok(flushed?)
}

fn send_counted(
    writer: &Writer,
    topic: &str,
    found: &mut Vec<(Instrument, Event)>,
    played: &mut Played,
) -> Result<(), FeedError> {
    let count = found.len() as u64;
    send_found(writer, topic, found)?;
    played.events += count;
    Ok(())
}
