//! A broker inside the hub: librdkafka's own, without a JVM.
//!
//! Each start is a new log; a partition keeps 5 MiB or 100,000 record sets, the oldest go first
//! without a word. For a look and for tests, never for what must last.

use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;

use super::client::KafkaError;
use super::topics::{BARS_TOPIC, DEAD_LETTER_TOPIC, MARKET_TOPIC, PARTITIONS, STATE_TOPIC};
use crate::config;

/// The broker; it lives as long as this value.
pub struct Embedded {
    cluster: MockCluster<'static, DefaultProducerContext>,
}

impl Embedded {
    /// Starts one broker with the hub's topics on a free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// [`KafkaError`] where librdkafka cannot.
    pub fn start(settings: &config::Kafka) -> Result<Self, KafkaError> {
        let cluster = MockCluster::new(1)?;
        for name in [MARKET_TOPIC, DEAD_LETTER_TOPIC, STATE_TOPIC, BARS_TOPIC] {
            cluster.create_topic(&settings.topic(name), PARTITIONS, 1)?;
        }
        Ok(Self { cluster })
    }

    /// Where it listens.
    #[must_use]
    pub fn brokers(&self) -> String {
        self.cluster.bootstrap_servers()
    }
}
