//! What every client of the log has in common.

use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, ConsumerContext};
use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode};
use rdkafka::{ClientConfig, ClientContext};

use crate::config;
use crate::telemetry::metrics;

/// Largest record taken, with room for its headers and framing, in bytes.
pub(super) const MESSAGE_BYTES_MAX: &str = "17825792";

/// Why the log could not be used.
#[derive(Debug, thiserror::Error)]
pub enum KafkaError {
    /// librdkafka's own word.
    #[error("kafka: {0}")]
    Client(#[from] ClientError),
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
    // Brokers that are back are found within so long.
    client.set("reconnect.backoff.max.ms", "2000");
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
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log_of_client(level, facility, message);
    }

    fn error(&self, error: ClientError, reason: &str) {
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::PartitionEOF) {
            note_client_error(&error, reason);
        }
    }
}

/// Whether the client goes on by itself: it tells of every connection that it could not make, and
/// makes it all the same once it can.
pub(super) fn is_passing(error: &ClientError) -> bool {
    use RDKafkaErrorCode::{
        AllBrokersDown, BrokerTransportFailure, CoordinatorLoadInProgress, CoordinatorNotAvailable,
        LeaderNotAvailable, NotCoordinator, NotLeaderForPartition, OperationTimedOut,
        RequestTimedOut, Resolve,
    };
    matches!(
        error.rdkafka_error_code(),
        Some(
            AllBrokersDown
                | BrokerTransportFailure
                | CoordinatorLoadInProgress
                | CoordinatorNotAvailable
                | LeaderNotAvailable
                | NotCoordinator
                | NotLeaderForPartition
                | OperationTimedOut
                | RequestTimedOut
                | Resolve
        )
    )
}

/// Counts what a client tells, and logs what does not pass by itself. Whoever watches the log says
/// once that the brokers are away; a line for each try to reach them would drown everything else.
pub(super) fn note_client_error(error: &ClientError, reason: &str) {
    metrics().kafka_client_errors.inc();
    if is_passing(error) {
        tracing::debug!(%error, reason, "kafka client");
    } else {
        tracing::warn!(%error, reason, "kafka client");
    }
}

/// librdkafka's own words, at the level it gives them, but for those about connections.
pub(super) fn log_of_client(level: RDKafkaLogLevel, facility: &str, message: &str) {
    use RDKafkaLogLevel::{Alert, Critical, Debug, Emerg, Error, Warning};
    match level {
        _ if facility == "FAIL" => tracing::debug!(facility, message, "librdkafka"),
        Emerg | Alert | Critical | Error => tracing::error!(facility, message, "librdkafka"),
        Warning => tracing::warn!(facility, message, "librdkafka"),
        Debug => tracing::debug!(facility, message, "librdkafka"),
        _ => tracing::info!(facility, message, "librdkafka"),
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
