//! What every client of the log has in common.

use rdkafka::consumer::{BaseConsumer, ConsumerContext};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::{ClientConfig, ClientContext};

use crate::config;

/// Largest record taken, with room for its headers and framing, in bytes.
pub(super) const MESSAGE_BYTES_MAX: &str = "17825792";

/// Why the log could not be used.
#[derive(Debug, thiserror::Error)]
pub enum KafkaError {
    /// librdkafka's own word.
    #[error("kafka: {0}")]
    Client(#[from] rdkafka::error::KafkaError),
    /// A question to the brokers went wrong.
    #[error("kafka at {brokers}: {what}")]
    Question {
        /// Who was asked.
        brokers: String,
        /// What went wrong.
        what: String,
    },
}

/// The settings' brokers and properties; what is set here a property may override.
pub(super) fn client_config(settings: &config::Kafka, own: &[(&str, &str)]) -> ClientConfig {
    let mut client = ClientConfig::new();
    client.set("bootstrap.servers", &settings.brokers);
    client.set("client.id", "tickwire");
    for (name, value) in own {
        client.set(*name, *value);
    }
    for (name, value) in &settings.properties {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        client.set(name, text);
    }
    client
}

/// Logs what librdkafka tells, but for ends of partitions, which are no errors here.
pub(super) struct Quiet;

impl ClientContext for Quiet {
    fn error(&self, error: rdkafka::error::KafkaError, reason: &str) {
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::PartitionEOF) {
            tracing::warn!(%error, reason, "kafka client");
        }
    }
}

impl ConsumerContext for Quiet {}

/// A consumer outside any group, for questions and for reading to the end of a topic.
pub(super) fn loose_consumer(settings: &config::Kafka) -> Result<BaseConsumer<Quiet>, KafkaError> {
    let group = settings.topic("tickwire-loose");
    Ok(client_config(
        settings,
        &[
            ("group.id", &group),
            ("enable.auto.commit", "false"),
            ("enable.partition.eof", "true"),
            ("fetch.queue.backoff.ms", "5"),
            ("auto.offset.reset", "error"),
        ],
    )
    .create_with_context(Quiet)?)
}
