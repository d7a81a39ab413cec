//! The topics the hub needs, made where they are missing.

use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::types::RDKafkaErrorCode;

use super::client::{KafkaError, MESSAGE_BYTES_MAX, Quiet, client_config};
use crate::config;

/// Market events.
pub const MARKET_TOPIC: &str = "md.v1";
/// Records that could not be understood.
pub const DEAD_LETTER_TOPIC: &str = "md.dlq.v1";
/// The markets' saved state.
pub const STATE_TOPIC: &str = "state.v1";
/// Closed, revised and final bars.
pub const BARS_TOPIC: &str = "bars.v1";
/// Partitions of each of them.
pub const PARTITIONS: i32 = 16;

/// Makes the topics that are missing; those that exist are left as they are.
///
/// # Errors
///
/// [`KafkaError`] where the brokers refuse or do not answer in 30 seconds.
pub async fn make_missing_topics(settings: &config::Kafka) -> Result<(), KafkaError> {
    let admin: AdminClient<Quiet> =
        client_config(settings, &[]).create_with_context(Quiet::default())?;
    let retention_ms = (u64::from(settings.retention_hours) * 3_600_000).to_string();
    let by_append_time = ("message.timestamp.type", "LogAppendTime");
    let large = ("max.message.bytes", MESSAGE_BYTES_MAX);
    let kept = ("retention.ms", retention_ms.as_str());
    let topics: [(&str, &[(&str, &str)]); 4] = [
        (MARKET_TOPIC, &[by_append_time, large, kept]),
        (DEAD_LETTER_TOPIC, &[by_append_time, large]),
        (STATE_TOPIC, &[("cleanup.policy", "compact"), large]),
        (BARS_TOPIC, &[by_append_time]),
    ];
    let names: Vec<String> = topics.iter().map(|(name, _)| settings.topic(name)).collect();
    let wanted: Vec<NewTopic<'_>> = topics
        .iter()
        .zip(&names)
        .map(|((_, properties), name)| {
            let copies = TopicReplication::Fixed(settings.replication);
            properties
                .iter()
                .fold(NewTopic::new(name, PARTITIONS, copies), |topic, (key, value)| {
                    topic.set(key, value)
                })
        })
        .collect();
    let options = AdminOptions::new().operation_timeout(Some(Duration::from_secs(30)));
    for outcome in admin.create_topics(&wanted, &options).await? {
        match outcome {
            Ok(name) => tracing::info!(topic = name, "made a topic"),
            Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((name, code)) => {
                return Err(KafkaError::Question {
                    brokers: settings.brokers.clone(),
                    what: format!("topic {name} cannot be made: {code}"),
                });
            }
        }
    }
    Ok(())
}
