//! Clients whose partitions have no leader for a while.

use std::time::{Duration, Instant};

use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;

use super::topics::{MARKET_TOPIC, PARTITIONS, STATE_TOPIC};
use super::{Identity, Letter, StateReader, Writer};
use crate::config;
use crate::telemetry::metrics;

const PATIENCE: Duration = Duration::from_secs(30);

struct Broker {
    cluster: MockCluster<'static, DefaultProducerContext>,
    settings: config::Kafka,
}

impl Broker {
    fn start() -> Self {
        let cluster = MockCluster::new(1).unwrap();
        for topic in [MARKET_TOPIC, STATE_TOPIC] {
            cluster.create_topic(topic, PARTITIONS, 1).unwrap();
        }
        let mut settings = config::Kafka {
            brokers: cluster.bootstrap_servers(),
            embedded: true,
            ..Default::default()
        };
        // What librdkafka believes ends with its patience here, not before.
        let (name, believed_ms) = ("metadata.max.age.ms", 900_000);
        settings.properties.insert(name.into(), believed_ms.into());
        Self { cluster, settings }
    }

    fn lead(&self, topic: &str, leader: Option<i32>) {
        for partition in 0..PARTITIONS {
            self.cluster.partition_leader(topic, partition, leader).unwrap();
        }
    }

    fn write(&self, topic: &str) {
        let writer = Writer::new(&self.settings).unwrap();
        let letter = Letter {
            topic,
            partition: Some(3),
            key: Some(b"key"),
            value: Some(b"v"),
            headers: &[],
        };
        writer.send(letter, PATIENCE).unwrap();
        writer.flush(PATIENCE).unwrap();
    }
}

fn until<T, E: std::fmt::Display>(mut ask: impl FnMut() -> Result<T, E>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match ask() {
            Ok(answer) => return answer,
            Err(error) => assert!(Instant::now() < deadline, "never answered: {error}"),
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn questions_are_answered_again_once_a_partition_has_a_leader() {
    let broker = Broker::start();
    broker.write(MARKET_TOPIC);
    let identity = Identity::new(&broker.settings).unwrap();
    assert_eq!(identity.range(3).unwrap(), (0, 1));
    broker.lead(MARKET_TOPIC, None);
    // The first time a client finds out, from then on it believes so.
    (0..3).for_each(|_| assert!(identity.range(3).is_err()));
    broker.lead(MARKET_TOPIC, Some(1));
    assert_eq!(until(|| identity.range(3)), (0, 1));
}

#[test]
fn ends_are_told_of_all_partitions_or_not_at_all() {
    let broker = Broker::start();
    broker.write(MARKET_TOPIC);
    let identity = Identity::new(&broker.settings).unwrap();
    let ends = || identity.ends(0..PARTITIONS, PATIENCE);
    assert_eq!(ends().unwrap()[&3], 1);
    broker.cluster.partition_leader(MARKET_TOPIC, 3, None).unwrap();
    (0..3).for_each(|_| assert!(ends().is_err()));
    broker.cluster.partition_leader(MARKET_TOPIC, 3, Some(1)).unwrap();
    assert_eq!(until(ends)[&3], 1);
}

#[test]
fn saved_state_is_read_again_once_a_partition_has_a_leader() {
    let broker = Broker::start();
    let states = StateReader::new(&broker.settings).unwrap();
    states.read(&[0, 3]).unwrap();
    broker.lead(STATE_TOPIC, None);
    (0..3).for_each(|_| assert!(states.read(&[0, 3]).is_err()));
    broker.lead(STATE_TOPIC, Some(1));
    until(|| states.read(&[0, 3]));
}

#[test]
fn a_writer_whose_records_found_no_broker_is_replaced_and_goes_on() {
    let mut broker = Broker::start();
    broker.settings.properties.insert("message.timeout.ms".into(), 1_000.into());
    let writer = Writer::new(&broker.settings).unwrap();
    let letter = || Letter {
        topic: STATE_TOPIC,
        partition: Some(3),
        key: Some(b"key"),
        value: Some(b"v"),
        headers: &[],
    };
    let replaced = || metrics().kafka_clients_replaced.get();
    broker.cluster.broker_down(1).unwrap();
    let before = replaced();
    writer.send(letter(), PATIENCE).unwrap();
    assert!(writer.flush_while(|_| false).is_err(), "it is on its way");
    assert!(writer.flush(PATIENCE).unwrap_err().to_string().contains("1 records"));
    assert!(before < replaced());
    broker.cluster.broker_up(1).unwrap();
    until(|| {
        writer.send(letter(), PATIENCE)?;
        writer.flush(PATIENCE)
    });
}
