//! The way of events into the log: a queue bounded in bytes, and the thread that writes.
//!
//! A slow log fills the queue, and whoever hands over waits: the sockets are not read meanwhile.
//! Records that never arrived are told to all connections, because a hub misses them.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};

use super::followed::Records;
use crate::config;
use crate::domain::market::{Event, Instrument};
use crate::feeds::kafka::{KafkaError, Letter, MARKET_TOPIC, Writer};
use crate::telemetry::LiveMetrics;
use crate::wire::record;

/// The log takes a record within this time, or the feed ends.
const PATIENCE: Duration = Duration::from_secs(60);
/// Beside a record's text: key, queue and permit.
const PARCEL_BYTES: usize = 256;

struct Parcel {
    instrument: Instrument,
    value: String,
    permit: OwnedSemaphorePermit,
}

/// The feed is ending: the log takes nothing any more.
#[derive(Debug)]
pub(super) struct Closed;

/// Where events are handed over.
#[derive(Clone)]
pub(super) struct Outlet {
    room: Arc<Semaphore>,
    room_bytes: usize,
    queue: mpsc::UnboundedSender<Parcel>,
    losses: watch::Receiver<u64>,
    metrics: Arc<LiveMetrics>,
}

impl Outlet {
    /// Hands over records in their order; waits while the queue is full.
    pub async fn send_all(&self, records: Records) -> Result<(), Closed> {
        for (instrument, events) in records {
            self.send(&instrument, &events).await?;
        }
        Ok(())
    }

    async fn send(&self, instrument: &Instrument, events: &[Event]) -> Result<(), Closed> {
        let value = record::encode_all(instrument, events);
        let bytes = (value.len() + PARCEL_BYTES).min(self.room_bytes);
        let bytes = u32::try_from(bytes).map_err(|_| Closed)?;
        let room = self.room.clone().acquire_many_owned(bytes).await;
        let permit = room.map_err(|_| Closed)?;
        self.metrics.events.inc_by(events.len() as u64);
        self.metrics.queue_bytes.inc_by(bytes.into());
        let parcel = Parcel { instrument: instrument.clone(), value, permit };
        self.queue.send(parcel).map_err(|_| Closed)
    }

    /// How many records were lost so far; a change is a loss.
    pub fn losses(&self) -> watch::Receiver<u64> {
        self.losses.clone()
    }
}

/// The writing thread.
pub(super) struct Writing(JoinHandle<Result<(), KafkaError>>);

impl Writing {
    /// Waits until all that was handed over has arrived; every [`Outlet`] is gone before.
    ///
    /// # Errors
    ///
    /// [`KafkaError`] where it did not.
    pub fn finish(self) -> Result<(), KafkaError> {
        self.0.join().unwrap_or_else(|_| {
            let (brokers, what) = (String::new(), "the writing thread panicked".to_owned());
            Err(KafkaError::Question { brokers, what })
        })
    }
}

/// Opens the way into the log.
///
/// # Errors
///
/// [`KafkaError`] where a property is wrong.
pub(super) fn open(
    kafka: &config::Kafka,
    live: &config::Live,
    metrics: &Arc<LiveMetrics>,
) -> Result<(Outlet, Writing), KafkaError> {
    let writer = Writer::new(kafka)?;
    let topic = kafka.topic(MARKET_TOPIC);
    let (queue, parcels) = mpsc::unbounded_channel();
    let (lost, losses) = watch::channel(0);
    let room = Arc::new(Semaphore::new(live.queue_bytes_max));
    let (kept, shown) = (room.clone(), metrics.clone());
    let thread = std::thread::spawn(move || {
        let outcome = write(&writer, &topic, parcels, &lost, &shown);
        // Whoever waits for room hears that there will be none.
        kept.close();
        outcome
    });
    let metrics = metrics.clone();
    let outlet = Outlet { room, room_bytes: live.queue_bytes_max, queue, losses, metrics };
    Ok((outlet, Writing(thread)))
}

fn write(
    writer: &Writer,
    topic: &str,
    mut parcels: mpsc::UnboundedReceiver<Parcel>,
    lost: &watch::Sender<u64>,
    metrics: &LiveMetrics,
) -> Result<(), KafkaError> {
    while let Some(parcel) = parcels.blocking_recv() {
        let letter = Letter {
            topic,
            partition: None,
            key: Some(parcel.instrument.as_str().as_bytes()),
            value: Some(parcel.value.as_bytes()),
            headers: &[("content-type", "application/json")],
        };
        writer.send(letter, PATIENCE)?;
        metrics.queue_bytes.dec_by(i64::try_from(parcel.permit.num_permits()).unwrap_or(0));
        let missing = writer.undelivered();
        if missing != 0 {
            tracing::error!(records = missing, "records did not reach the log");
            metrics.records_lost.inc_by(missing);
            lost.send_modify(|count| *count += missing);
        }
    }
    writer.flush(PATIENCE)
}
