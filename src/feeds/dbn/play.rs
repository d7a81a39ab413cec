//! Sending DBN files into the log, one after the other.

use std::path::PathBuf;
use std::time::Duration;

use super::{Adapter, Reader};
use crate::config;
use crate::feeds::kafka::{MARKET_TOPIC, Writer};
use crate::feeds::replay::{FeedError, PATIENCE, Pace, Played, Speed, send_found};

/// Plays DBN files in the order given into the log, at `speed` by their receive times.
///
/// All files are opened before anything is written, so a name that is wrong costs nothing.
///
/// # Errors
///
/// [`FeedError`]; a record that cannot be understood is counted and passed over, a file that is
/// damaged ends the feed where it is damaged.
pub fn play(
    settings: &config::Kafka,
    speed: Speed,
    files: &[PathBuf],
) -> Result<Played, FeedError> {
    for file in files {
        Reader::open(file)?;
    }
    let writer = Writer::new(settings)?;
    let topic = settings.topic(MARKET_TOPIC);
    let (mut adapter, mut pace) = (Adapter::default(), Pace::new(speed));
    let (mut played, mut found) = (Played::default(), Vec::new());
    for file in files {
        let mut reader = Reader::open(file)?;
        adapter.begin(reader.metadata());
        while let Some(record) = reader.next_record()? {
            played.frames += 1;
            if let Err(error) = adapter.take(record, &mut found) {
                tracing::warn!(%error, record = played.frames, "a record was passed over");
                played.refused += 1;
            }
            played.events += found.len() as u64;
            std::thread::sleep(adapter.time().map_or(Duration::ZERO, |ts| pace.wait_for(ts)));
            send_found(&writer, &topic, &mut found)?;
        }
    }
    adapter.finish(&mut found);
    played.events += found.len() as u64;
    send_found(&writer, &topic, &mut found)?;
    writer.flush(PATIENCE)?;
    Ok(played)
}
