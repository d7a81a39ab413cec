//! Writing to the log, each delivery accounted for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::RwLock;
use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode};
use rdkafka::message::OwnedHeaders;
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};

use super::client::{KafkaError, MESSAGE_BYTES_MAX, client_config, log, tell};
use crate::config;
use crate::telemetry::metrics;

/// One turn of waiting for what became of records.
const HEARD_WITHIN: Duration = Duration::from_secs(1);

/// Between two looks whether all has arrived.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// Header name and value.
pub type Header<'a> = (&'a str, &'a str);

/// What is to be written.
#[derive(Clone, Copy, Debug)]
pub struct Letter<'a> {
    /// Which topic, by its full name.
    pub topic: &'a str,
    /// Which partition; the key decides where none is given.
    pub partition: Option<i32>,
    /// The key.
    pub key: Option<&'a [u8]>,
    /// The value; none removes the key from a compacted topic.
    pub value: Option<&'a [u8]>,
    /// Headers.
    pub headers: &'a [Header<'a>],
}

#[derive(Default)]
struct Tally {
    failed: AtomicU64,
    too_large: AtomicU64,
    /// Those that found no broker in their time.
    timed_out: AtomicU64,
}

struct Context(Arc<Tally>);

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, text: &str) {
        log(level, facility, text);
    }

    fn error(&self, error: ClientError, reason: &str) {
        tell("kafka writer", &error, reason);
    }
}

impl ProducerContext for Context {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            self.0.failed.fetch_add(1, Ordering::Relaxed);
            let counted = match error.rdkafka_error_code() {
                Some(RDKafkaErrorCode::MessageSizeTooLarge) => Some(&self.0.too_large),
                Some(RDKafkaErrorCode::MessageTimedOut) => Some(&self.0.timed_out),
                _ => None,
            };
            if let Some(count) = counted {
                count.fetch_add(1, Ordering::Relaxed);
            }
            // Whoever flushes is told how many.
            tracing::debug!(%error, "a record was not delivered");
        }
    }
}

/// A producer and the thread that hears what became of its records.
///
/// The crate's own `ThreadedProducer` spends a hundredth of a core on nothing: it asks in turns of 100 ms,
/// and spins through what is left of the last millisecond of each.
struct Served {
    producer: Arc<BaseProducer<Context>>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Served {
    fn new(producer: BaseProducer<Context>) -> Self {
        let (producer, over) = (Arc::new(producer), Arc::new(AtomicBool::new(false)));
        let (served, seen) = (producer.clone(), over.clone());
        let thread = std::thread::spawn(move || {
            while !seen.load(Ordering::Acquire) {
                served.poll(HEARD_WITHIN);
            }
        });
        Self { producer, over, thread: Some(thread) }
    }
}

impl Served {
    /// The crate's own `flush` looks again only every 100 ms; the thread hears of deliveries at once.
    fn flush_while(&self, waits: impl Fn(Duration) -> bool) -> Result<(), ClientError> {
        let began = Instant::now();
        loop {
            match self.producer.flush(Duration::ZERO) {
                Err(ClientError::Flush(RDKafkaErrorCode::OperationTimedOut))
                    if waits(began.elapsed()) =>
                {
                    std::thread::sleep(LOOK_EVERY);
                }
                outcome => return outcome,
            }
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

fn producer(settings: &config::Kafka, tally: &Arc<Tally>) -> Result<Served, KafkaError> {
    let own = [
        ("acks", "all"),
        // librdkafka's embedded broker grants no producer ids in time for a quick start.
        ("enable.idempotence", if settings.embedded { "false" } else { "true" }),
        ("partitioner", "murmur2_random"),
        ("compression.type", "lz4"),
        ("linger.ms", &settings.linger_ms.to_string()),
        ("message.max.bytes", MESSAGE_BYTES_MAX),
        ("queue.buffering.max.kbytes", "131072"),
        ("queue.buffering.max.messages", "500000"),
        ("delivery.timeout.ms", "30000"),
    ];
    let producer = client_config(settings, &own).create_with_context(Context(tally.clone()))?;
    Ok(Served::new(producer))
}

/// A producer that knows what did not arrive.
pub struct Writer {
    producer: RwLock<Served>,
    tally: Arc<Tally>,
    settings: config::Kafka,
}

impl Writer {
    /// A producer: acknowledged by all in-sync replicas, in order, spread as Java clients do.
    ///
    /// # Errors
    ///
    /// [`KafkaError`] where a property is wrong.
    pub fn new(settings: &config::Kafka) -> Result<Self, KafkaError> {
        let tally = Arc::new(Tally::default());
        let producer = RwLock::new(producer(settings, &tally)?);
        Ok(Self { producer, tally, settings: settings.clone() })
    }

    /// A producer that met an error it does not go on from, as where the brokers forgot what it wrote
    /// before, is replaced by another; what it had not delivered counts as failed.
    fn replace_if_ended(&self) -> Result<(), KafkaError> {
        let ended = self.producer.read().producer.client().fatal_error();
        if let Some((code, reason)) = ended {
            tracing::error!(%code, reason, "writing to the log ended, and begins anew");
            self.replace()?;
        }
        Ok(())
    }

    fn replace(&self) -> Result<(), KafkaError> {
        metrics().kafka_clients_replaced.inc();
        *self.producer.write() = producer(&self.settings, &self.tally)?;
        Ok(())
    }

    /// Hands a record over; waits while the queue is full, up to `patience`.
    ///
    /// # Errors
    ///
    /// [`KafkaError`] where it cannot be taken; a record that is too large is told at once.
    pub fn send(&self, letter: Letter<'_>, patience: Duration) -> Result<(), KafkaError> {
        let deadline = Instant::now() + patience;
        let mut record = BaseRecord::<[u8], [u8]>::to(letter.topic);
        record.key = letter.key;
        record.payload = letter.value;
        record.partition = letter.partition;
        if !letter.headers.is_empty() {
            let headers =
                letter.headers.iter().fold(OwnedHeaders::new(), |headers, &(key, value)| {
                    headers.insert(rdkafka::message::Header { key, value: Some(value) })
                });
            record = record.headers(headers);
        }
        loop {
            let sent = self.producer.read().producer.send(record);
            match sent {
                Ok(()) => return Ok(()),
                Err((error, back)) => {
                    let full = error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull);
                    if !full || deadline <= Instant::now() {
                        self.replace_if_ended()?;
                        return Err(error.into());
                    }
                    record = back;
                    std::thread::sleep(Duration::from_millis(1));
                }
            }
        }
    }

    /// Waits until all that was handed over has arrived.
    ///
    /// # Errors
    ///
    /// [`KafkaError`] where anything did not arrive since the last call.
    pub fn flush(&self, patience: Duration) -> Result<(), KafkaError> {
        self.flush_while(|waited| waited < patience)
    }

    /// The same as long as `waits` says so of the time waited.
    ///
    /// Where records found no broker in their time, and nothing is on its way any more, the producer is
    /// replaced: one that once heard that there are no brokers may never look for them again
    /// (librdkafka's issue 5301).
    ///
    /// # Errors
    ///
    /// As of [`Writer::flush`].
    pub fn flush_while(&self, waits: impl Fn(Duration) -> bool) -> Result<(), KafkaError> {
        let flushed = self.producer.read().flush_while(waits);
        self.replace_if_ended()?;
        flushed?;
        if self.tally.timed_out.swap(0, Ordering::Relaxed) != 0 {
            tracing::warn!("records found no broker in time: another client writes from here on");
            self.replace()?;
        }
        match self.tally.failed.swap(0, Ordering::Relaxed) {
            0 => Ok(()),
            count => Err(KafkaError::Question {
                brokers: self.settings.brokers.clone(),
                what: format!("{count} records were not delivered"),
            }),
        }
    }

    /// How many records did not arrive, and never will, since the last call of this or of
    /// [`Writer::flush`].
    pub fn undelivered(&self) -> u64 {
        self.tally.failed.swap(0, Ordering::Relaxed)
    }

    /// Whether brokers refused records as too large since the last call.
    pub fn refused_as_too_large(&self) -> bool {
        self.tally.too_large.swap(0, Ordering::Relaxed) != 0
    }
}
