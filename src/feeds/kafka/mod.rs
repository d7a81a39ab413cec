//! The log: Apache Kafka, or a broker inside the hub for a look and for tests.

mod asking;
mod client;
mod embedded;
mod identity;
mod reader;
mod states;
mod topics;
mod writer;

pub use client::{KafkaError, check};
pub use embedded::Embedded;
pub use identity::Identity;
pub use reader::{Assignment, Happening, Reader, Record, StartAt};
pub use states::{PartitionStates, SavedParts, StateReader, StateWriter};
pub use topics::{
    BARS_TOPIC, DEAD_LETTER_TOPIC, MARKET_TOPIC, PARTITIONS, STATE_TOPIC, make_missing_topics,
};
pub use writer::{Header, Letter, Writer};

#[cfg(test)]
mod tests;
