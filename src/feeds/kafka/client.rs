//! What every client of the log has in common.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode};
use rdkafka::types::RDKafkaConfRes;
use rdkafka::{ClientConfig, ClientContext};

use crate::config;
use crate::telemetry::metrics;

/// Largest record taken, with room for its headers and framing, in bytes.
pub(super) const MESSAGE_BYTES_MAX: &str = "17825792";

/// The same fault is logged once in this time, however many clients meet it and however often.
const LOGGED_AGAIN_AFTER: Duration = Duration::from_secs(60);

static LOGGED: Mutex<BTreeMap<String, Instant>> = Mutex::new(BTreeMap::new());

/// Why the log could not be used.
#[derive(Debug, thiserror::Error)]
pub enum KafkaError {
    /// librdkafka's own word.
    #[error("kafka: {0}")]
    Client(#[source] ClientError),
    /// A property that librdkafka does not take; its value may be a secret.
    #[error("kafka: setting kafka.properties.{name}: {what}")]
    Property {
        /// Its name.
        name: String,
        /// What librdkafka said.
        what: String,
    },
    /// A partition is not this reader's now.
    #[error("kafka: partition {0} is not this reader's now")]
    NotAssigned(i32),
    /// A question to the brokers went wrong.
    #[error("kafka at {brokers}: {what}")]
    Question {
        /// Who was asked.
        brokers: String,
        /// What went wrong.
        what: String,
    },
}

impl From<ClientError> for KafkaError {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::ClientConfig(_, what, name, _) => Self::Property { name, what },
            error => Self::Client(error),
        }
    }
}

/// Whether librdkafka takes the settings' properties, as far as it tells before there is a client.
///
/// # Errors
///
/// [`config::SettingsError`] naming the property that it does not take.
pub fn check(settings: &config::Kafka) -> Result<(), config::SettingsError> {
    let Err(ClientError::ClientConfig(result, expected, name, value)) =
        client_config(settings, &[]).create_native_config()
    else {
        return Ok(());
    };
    // A name that is not known may be a mistyped password's.
    let is_known = result != RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN;
    let is_shown = is_known && !config::is_secret_property(&name);
    let value = if is_shown { value } else { "(secret)".into() };
    Err(config::SettingsError::Wrong { name: format!("kafka.properties.{name}"), value, expected })
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

/// Logs what librdkafka tells, but for ends of partitions, which are no errors here; and keeps the
/// last fault for whoever has to say why there was no answer.
#[derive(Default)]
pub(super) struct Quiet {
    fault: Mutex<Option<Fault>>,
}

/// What librdkafka told of a connection.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    /// In its words.
    pub(super) what: String,
    /// Whether waiting cannot help: a password or a certificate was refused.
    pub(super) refused: bool,
}

impl Quiet {
    /// The last fault since the last call; a refusal, if there was one.
    pub(super) fn take_fault(&self) -> Option<Fault> {
        self.fault.lock().take()
    }
}

impl ClientContext for Quiet {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, text: &str) {
        log(level, facility, text);
    }

    fn error(&self, error: ClientError, reason: &str) {
        let code = error.rdkafka_error_code();
        if code == Some(RDKafkaErrorCode::PartitionEOF) {
            return;
        }
        tell("kafka client", &error, reason);
        // That all brokers are down is said after each one's own fault, which says more.
        if code != Some(RDKafkaErrorCode::AllBrokersDown) {
            let refused =
                matches!(code, Some(RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SSL));
            let mut fault = self.fault.lock();
            // A refusal explains the broken connections that follow it.
            if refused || fault.as_ref().is_none_or(|fault| !fault.refused) {
                // How long it took is another time each time, and no part of what is wrong.
                let what = reason.rsplit_once(" (after ").map_or(reason, |(what, _)| what);
                *fault = Some(Fault { what: what.to_owned(), refused });
            }
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

impl ConsumerContext for Quiet {}

/// Counts an error that librdkafka told, and logs it once a minute for each kind. What passes by
/// itself is not logged: whoever watches the log says once that the brokers are away, and a line for
/// each try to reach them would drown everything else.
pub(super) fn tell(client: &str, error: &ClientError, reason: &str) {
    metrics().kafka_client_errors.inc();
    if is_passing(error) {
        tracing::debug!(%error, reason, "{client}");
        return;
    }
    let now = Instant::now();
    let mut logged = LOGGED.lock();
    logged.retain(|_, at| now < *at + LOGGED_AGAIN_AFTER);
    if logged.insert(error.to_string(), now).is_none() {
        tracing::warn!(%error, reason, "{client}");
    }
}

/// Takes librdkafka's own log lines: faults of connections come as errors too, which are told.
pub(super) fn log(level: RDKafkaLogLevel, facility: &str, text: &str) {
    match level {
        _ if matches!(facility, "FAIL" | "ERROR") => {
            tracing::debug!(target: "librdkafka", facility, "{text}");
        }
        RDKafkaLogLevel::Emerg
        | RDKafkaLogLevel::Alert
        | RDKafkaLogLevel::Critical
        | RDKafkaLogLevel::Error => tracing::error!(target: "librdkafka", facility, "{text}"),
        RDKafkaLogLevel::Warning => tracing::warn!(target: "librdkafka", facility, "{text}"),
        RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => {
            tracing::info!(target: "librdkafka", facility, "{text}");
        }
        RDKafkaLogLevel::Debug => tracing::debug!(target: "librdkafka", facility, "{text}"),
    }
}
