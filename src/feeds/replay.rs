//! Sending feeds into the log: simulated ones, and recorded ones through the venues' adapters.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::capture;
use super::csv;
use super::dbn;
use super::kafka::{KafkaError, Letter, MARKET_TOPIC, Writer};
use super::simulator::Simulator;
use super::venues::{self, Connections};
use crate::config;
use crate::domain::market::{Event, Instrument, Nanos};
use crate::wire::record;

pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// How fast a recording is played.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    /// As fast as the log takes it.
    Max,
    /// So many times as fast as it was recorded, in thousandths.
    Thousandths(u64),
}

impl std::str::FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "max" {
            return Ok(Self::Max);
        }
        let speed: f64 = text.parse().map_err(|_| format!("a number or max, not {text:?}"))?;
        if !(0.001..=1_000_000.0).contains(&speed) {
            return Err(format!("from 0.001 to 1000000, or max, not {text}"));
        }
        Ok(Self::Thousandths((speed * 1_000.0) as u64))
    }
}

/// Why a feed ended.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The log.
    #[error(transparent)]
    Kafka(#[from] KafkaError),
    /// A recording cannot be opened.
    #[error(transparent)]
    Capture(#[from] capture::CaptureError),
    /// A DBN file.
    #[error(transparent)]
    Dbn(#[from] dbn::FileError),
    /// A CSV file.
    #[error(transparent)]
    Csv(#[from] csv::FileError),
    /// There is no adapter for that venue.
    #[error("there is no adapter for {0:?}: {known}", known = venues::names())]
    Venue(String),
}

/// What a replay did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Played {
    /// Frames read.
    pub frames: u64,
    /// Events written.
    pub events: u64,
    /// Frames that could not be understood, and lines that could not be read.
    pub refused: u64,
}

/// Waits so that what was due `since_first` into a recording is sent at its time.
pub(super) struct Pace {
    began: Instant,
    first: Option<Nanos>,
    speed: Speed,
}

impl Pace {
    pub(super) fn new(speed: Speed) -> Self {
        Self { began: Instant::now(), first: None, speed }
    }

    /// How long until what is stamped `ts` is due; what has no time (0) is due at once, and is not
    /// what the others are counted from.
    pub(super) fn wait_for(&mut self, ts: Nanos) -> Duration {
        let Speed::Thousandths(speed) = self.speed else { return Duration::ZERO };
        if ts == 0 {
            return Duration::ZERO;
        }
        let first = *self.first.get_or_insert(ts);
        let since = u128::from((ts - first).max(0).unsigned_abs()) * 1_000 / u128::from(speed);
        let due = Duration::from_nanos(u64::try_from(since).unwrap_or(u64::MAX));
        due.saturating_sub(self.began.elapsed())
    }
}

pub(super) fn send(
    writer: &Writer,
    topic: &str,
    instrument: &Instrument,
    events: &[Event],
) -> Result<(), KafkaError> {
    let value = record::encode_all(instrument, events);
    let letter = Letter {
        topic,
        partition: None,
        key: Some(instrument.as_str().as_bytes()),
        value: Some(value.as_bytes()),
        headers: &[("content-type", "application/json")],
    };
    writer.send(letter, PATIENCE)
}

/// Sends what one frame gave: a record for each instrument, in the order they came.
pub(super) fn send_found(
    writer: &Writer,
    topic: &str,
    found: &mut Vec<(Instrument, Event)>,
) -> Result<(), KafkaError> {
    let mut by_instrument: HashMap<Instrument, Vec<Event>> = HashMap::new();
    let mut order = Vec::new();
    for (instrument, event) in found.drain(..) {
        let events = by_instrument.entry(instrument.clone()).or_default();
        if events.is_empty() {
            order.push(instrument);
        }
        events.push(event);
    }
    for instrument in order {
        send(writer, topic, &instrument, &by_instrument[&instrument])?;
    }
    Ok(())
}

/// Plays recordings of one venue, merged by receive time, through its adapter into the log.
///
/// # Errors
///
/// [`FeedError`]; a frame that cannot be understood is counted and passed over.
pub fn replay(
    settings: &config::Kafka,
    venue: &str,
    speed: Speed,
    files: &[PathBuf],
) -> Result<Played, FeedError> {
    let venue = venues::venue(venue).ok_or_else(|| FeedError::Venue(venue.to_owned()))?;
    let mut adapters = Connections::adapters(venue);
    let writer = Writer::new(settings)?;
    let topic = settings.topic(MARKET_TOPIC);
    let mut pace = Pace::new(speed);
    let mut played = Played::default();
    let mut found: Vec<(Instrument, Event)> = Vec::new();
    for captured in capture::merge(files)? {
        let captured = match captured {
            Ok(captured) => captured,
            Err(error) => {
                tracing::warn!(%error, "a line was passed over");
                played.refused += 1;
                continue;
            }
        };
        std::thread::sleep(pace.wait_for(captured.recv));
        played.frames += u64::from(!captured.is_said());
        found.clear();
        let adapter = adapters.of(captured.connection);
        if let Err(error) = adapter.take(captured.frame(), captured.recv, &mut found) {
            tracing::warn!(%error, frame = played.frames, "a frame was passed over");
            played.refused += 1;
        }
        played.events += found.len() as u64;
        send_found(&writer, &topic, &mut found)?;
    }
    writer.flush(PATIENCE)?;
    Ok(played)
}

/// Runs the simulated market until `stop` says so.
///
/// # Errors
///
/// [`FeedError`] where the log cannot be written.
pub fn simulate(
    settings: &config::Kafka,
    simulator: Simulator,
    limit: Option<u64>,
    stop: impl Fn() -> bool,
) -> Result<u64, FeedError> {
    let writer = Writer::new(settings)?;
    let topic = settings.topic(MARKET_TOPIC);
    let mut pace = Pace::new(Speed::Thousandths(1_000));
    let mut events = 0;
    for record in simulator {
        if stop() || limit.is_some_and(|limit| limit <= events) {
            break;
        }
        // Short waits are gathered: a sleep is not finer than a millisecond.
        let wait = pace.wait_for(record.ts);
        if Duration::from_millis(1) < wait {
            std::thread::sleep(wait);
        }
        events += record.events.len() as u64;
        send(&writer, &topic, &record.instrument, &record.events)?;
    }
    writer.flush(PATIENCE)?;
    Ok(events)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_time_is_due_at_once_and_is_no_beginning() {
        let mut pace = Pace::new(Speed::Thousandths(1_000));
        let first = 1_700_000_000_000_000_000;
        for at in [0, first, 0] {
            assert_eq!(pace.wait_for(at), Duration::ZERO);
        }
        let hour = Duration::from_secs(3_600);
        assert!(pace.wait_for(first + hour.as_nanos() as Nanos) <= hour);
        assert!(hour / 2 < pace.wait_for(first + hour.as_nanos() as Nanos));
    }
}
