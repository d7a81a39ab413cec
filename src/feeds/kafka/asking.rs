//! Questions to the brokers, which no group needs to know of.
//!
//! librdkafka's clients are long-lived, and keep what they were told. A broker that comes back after
//! more than its own session time says for a moment that there are no brokers and that no partition has
//! a leader: a client that heard it lets all its brokers go, or believes in the missing leaders for
//! `metadata.max.age.ms`, a quarter of an hour (librdkafka issue 5430). So who asks does not rely on it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rdkafka::consumer::BaseConsumer;

use super::client::{KafkaError, Quiet, client_config};
use crate::config;

/// What a client has to find its brokers before a failure counts against it.
const GRACE: Duration = Duration::from_secs(5);

/// A consumer outside any group, for questions and for reading to the end of a topic; one that failed
/// is replaced by another.
pub(super) struct Asking {
    settings: config::Kafka,
    client: Mutex<(Arc<BaseConsumer<Quiet>>, Instant)>,
}

impl Asking {
    /// A client that looks for the brokers.
    ///
    /// # Errors
    ///
    /// [`KafkaError`] where a property is wrong.
    pub(super) fn new(settings: &config::Kafka) -> Result<Self, KafkaError> {
        let client = Arc::new(loose_consumer(settings)?);
        Ok(Self { settings: settings.clone(), client: Mutex::new((client, Instant::now())) })
    }

    /// Asks. A client that cannot tell is not asked again, unless it is younger than [`GRACE`].
    ///
    /// # Errors
    ///
    /// [`KafkaError`] as the question had it.
    pub(super) fn ask<T>(
        &self,
        question: impl FnOnce(&BaseConsumer<Quiet>) -> Result<T, KafkaError>,
    ) -> Result<T, KafkaError> {
        let client = self.client.lock().0.clone();
        let answer = question(&client);
        if answer.is_err() {
            self.replace(&client);
        }
        answer
    }

    fn replace(&self, failed: &Arc<BaseConsumer<Quiet>>) {
        let mut current = self.client.lock();
        // Who asked at the same time may have replaced it.
        if !Arc::ptr_eq(&current.0, failed) || current.1.elapsed() < GRACE {
            return;
        }
        match loose_consumer(&self.settings) {
            Ok(next) => *current = (Arc::new(next), Instant::now()),
            Err(error) => tracing::warn!(%error, "replacing a client that could not tell"),
        }
    }
}

fn loose_consumer(settings: &config::Kafka) -> Result<BaseConsumer<Quiet>, KafkaError> {
    let group = settings.topic("tickwire-loose");
    Ok(client_config(
        settings,
        &[
            ("group.id", &group),
            ("enable.auto.commit", "false"),
            ("enable.partition.eof", "true"),
            ("fetch.queue.backoff.ms", "5"),
            // One place is asked for after the other, and a fetch under way holds up the next:
            // librdkafka's half seconds would be spent sixteen times over.
            ("fetch.error.backoff.ms", "50"),
            ("fetch.wait.max.ms", "20"),
            ("auto.offset.reset", "error"),
        ],
    )
    .create_with_context(Quiet::default())?)
}
