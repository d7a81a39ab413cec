//! Saved markets in the compacted topic `state.v1`.
//!
//! A market is saved in parts below the record limit, under one of two slots in turn; a part says
//! to which generation it belongs and how many there are, so that a half-written generation is
//! passed over for the one before. The kept trades lie beside it, a part a minute, under a key
//! that carries the generation: a market names exactly the parts it was saved with.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError as ClientError;
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};
use serde::{Deserialize, Serialize};

use super::asking::Asking;
use super::client::{KafkaError, Quiet, is_passing};
use super::topics::STATE_TOPIC;
use super::writer::{Letter, Writer};
use crate::config;
use crate::wire::saved::SavedPosition;

/// Bytes of one part; below what brokers take by default.
const PART_BYTES_MAX: usize = 900_000;
const POSITION_KEY: &[u8] = b"\nposition";
const READ_TIMEOUT: Duration = Duration::from_secs(120);

/// A market's bytes and its minutes of trades, as written or read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SavedParts {
    /// Counts the savings of this market.
    pub generation: u64,
    /// The market itself.
    pub core: Vec<u8>,
    /// Minutes of kept trades: (minute, generation it was written at) → bytes.
    pub minutes: BTreeMap<(i64, u64), Vec<u8>>,
}

#[derive(Serialize, Deserialize)]
struct PartHead {
    generation: u64,
    parts: u32,
}

/// Reads what was saved.
pub struct StateReader {
    asking: Asking,
    topic: String,
    brokers: String,
}

/// What a partition of the state holds.
#[derive(Debug, Default)]
pub struct PartitionStates {
    /// How far the partition is saved.
    pub position: Option<SavedPosition>,
    /// Its markets by instrument, the last whole generation of each.
    pub markets: BTreeMap<String, SavedParts>,
}

impl StateReader {
    /// A reader.
    ///
    /// # Errors
    ///
    /// [`KafkaError`] where the client cannot be made.
    pub fn new(settings: &config::Kafka) -> Result<Self, KafkaError> {
        Ok(Self {
            asking: Asking::new(settings)?,
            topic: settings.topic(STATE_TOPIC),
            brokers: settings.brokers.clone(),
        })
    }

    /// Reads partitions from their beginnings to their present ends, all at once.
    ///
    /// # Errors
    ///
    /// [`KafkaError`] where the brokers do not answer.
    pub fn read(&self, partitions: &[i32]) -> Result<BTreeMap<i32, PartitionStates>, KafkaError> {
        let mut latest = self.asking.ask(|consumer| self.latest(consumer, partitions))?;
        let assembled =
            |number: &i32| (*number, assembled(latest.remove(number).unwrap_or_default()));
        Ok(partitions.iter().map(assembled).collect())
    }

    fn latest(
        &self,
        consumer: &BaseConsumer<Quiet>,
        partitions: &[i32],
    ) -> Result<HashMap<i32, Latest>, KafkaError> {
        let deadline = Instant::now() + READ_TIMEOUT;
        let mut latest: HashMap<i32, Latest> = HashMap::new();
        let mut ends = BTreeMap::new();
        let mut list = TopicPartitionList::new();
        for number in partitions {
            let (low, high) =
                consumer.fetch_watermarks(&self.topic, *number, Duration::from_secs(10))?;
            if low < high {
                list.add_partition_offset(&self.topic, *number, Offset::Offset(low))?;
                ends.insert(*number, high);
            }
        }
        if ends.is_empty() {
            return Ok(latest);
        }
        consumer.assign(&list)?;
        while !ends.is_empty() {
            match consumer.poll(Duration::from_millis(200)) {
                Some(Ok(message)) => {
                    let number = message.partition();
                    let key = message.key().unwrap_or_default().to_vec();
                    let of_partition = latest.entry(number).or_default();
                    match message.payload() {
                        Some(value) => of_partition.insert(key, value.to_vec()),
                        None => of_partition.remove(&key),
                    };
                    if ends.get(&number).is_some_and(|high| *high <= message.offset() + 1) {
                        ends.remove(&number);
                    }
                }
                Some(Err(ClientError::PartitionEOF(number))) => {
                    ends.remove(&number);
                }
                // The client tells now of connections that it lost since it was last asked.
                Some(Err(error)) if !is_passing(&error) => return Err(error.into()),
                Some(Err(_)) | None if deadline < Instant::now() => {
                    return Err(KafkaError::Question {
                        brokers: self.brokers.clone(),
                        what: "saved state was not read in time".into(),
                    });
                }
                Some(Err(_)) | None => {}
            }
        }
        consumer.unassign()?;
        Ok(latest)
    }
}

/// The latest value of each key.
type Latest = HashMap<Vec<u8>, Vec<u8>>;

fn assembled(latest: Latest) -> PartitionStates {
    let mut states = PartitionStates::default();
    // instrument → slot → part number → (head, bytes)
    type Slots = [BTreeMap<u32, (PartHead, Vec<u8>)>; 2];
    let mut cores: BTreeMap<String, Slots> = BTreeMap::new();
    let mut minutes: BTreeMap<String, BTreeMap<(i64, u64), Vec<u8>>> = BTreeMap::new();
    for (key, value) in latest {
        if key == POSITION_KEY {
            states.position = crate::wire::saved::decode(&value).ok();
            continue;
        }
        let Ok(key) = String::from_utf8(key) else { continue };
        let fields: Vec<&str> = key.split('\n').collect();
        let [instrument, kind, first, second] = fields[..] else { continue };
        match (kind, first.parse::<i64>(), second.parse::<u64>()) {
            ("core", Ok(slot @ 0..=1), Ok(part)) => {
                let Ok((head, bytes)) = split_head(&value) else { continue };
                let slots = cores.entry(instrument.to_owned()).or_default();
                slots[slot as usize].insert(part as u32, (head, bytes));
            }
            ("trades", Ok(minute), Ok(generation)) => {
                let of_instrument = minutes.entry(instrument.to_owned()).or_default();
                of_instrument.insert((minute, generation), value);
            }
            _ => {}
        }
    }
    for (instrument, slots) in cores {
        let whole = slots.into_iter().filter_map(joined).max_by_key(|(generation, _)| *generation);
        if let Some((generation, core)) = whole {
            let minutes = minutes.remove(&instrument).unwrap_or_default();
            states.markets.insert(instrument, SavedParts { generation, core, minutes });
        }
    }
    states
}

fn split_head(value: &[u8]) -> Result<(PartHead, Vec<u8>), rmp_serde::decode::Error> {
    let mut rest = value;
    let head = rmp_serde::from_read(&mut rest)?;
    Ok((head, rest.to_vec()))
}

fn joined(parts: BTreeMap<u32, (PartHead, Vec<u8>)>) -> Option<(u64, Vec<u8>)> {
    let (first, _) = parts.get(&0)?;
    let (generation, count) = (first.generation, first.parts);
    let mut core = Vec::new();
    for number in 0..count {
        let (head, bytes) = parts.get(&number)?;
        if head.generation != generation {
            return None;
        }
        core.extend_from_slice(bytes);
    }
    Some((generation, core))
}

/// Writes what is to be saved.
pub struct StateWriter<'a> {
    writer: &'a Writer,
    topic: String,
    partition: i32,
}

impl<'a> StateWriter<'a> {
    /// For one partition of `md.v1`; its state lies in the same partition of `state.v1`.
    #[must_use]
    pub fn new(writer: &'a Writer, settings: &config::Kafka, partition: i32) -> Self {
        Self { writer, topic: settings.topic(STATE_TOPIC), partition }
    }

    /// Writes minutes of trades, then the market that names them.
    ///
    /// # Errors
    ///
    /// [`KafkaError`] where a record cannot be handed over.
    pub fn market(&self, instrument: &str, saved: &SavedParts) -> Result<(), KafkaError> {
        for ((minute, generation), bytes) in &saved.minutes {
            self.put(&minute_key(instrument, *minute, *generation), Some(bytes))?;
        }
        let parts: Vec<&[u8]> = saved.core.chunks(PART_BYTES_MAX).collect();
        let count = u32::try_from(parts.len()).unwrap_or(u32::MAX);
        for (number, bytes) in parts.iter().enumerate() {
            let head = PartHead { generation: saved.generation, parts: count };
            let mut value = rmp_serde::to_vec_named(&head).unwrap_or_default();
            value.extend_from_slice(bytes);
            let slot = saved.generation % 2;
            self.put(&format!("{instrument}\ncore\n{slot}\n{number}"), Some(&value))?;
        }
        Ok(())
    }

    /// Removes minutes of trades that no market names any more.
    ///
    /// # Errors
    ///
    /// [`KafkaError`] where a record cannot be handed over.
    pub fn forget(&self, instrument: &str, minutes: &[(i64, u64)]) -> Result<(), KafkaError> {
        minutes.iter().try_for_each(|(minute, generation)| {
            self.put(&minute_key(instrument, *minute, *generation), None)
        })
    }

    /// Removes a market that is saved in another partition now.
    ///
    /// # Errors
    ///
    /// [`KafkaError`] where a record cannot be handed over.
    pub fn remove(&self, instrument: &str, minutes: &[(i64, u64)]) -> Result<(), KafkaError> {
        // Without their first parts the others are never put together.
        for slot in 0..=1 {
            self.put(&format!("{instrument}\ncore\n{slot}\n0"), None)?;
        }
        self.forget(instrument, minutes)
    }

    /// Says how far the partition's markets are saved; only after all of them have arrived.
    ///
    /// # Errors
    ///
    /// [`KafkaError`] where the record cannot be handed over.
    pub fn position(&self, position: &SavedPosition) -> Result<(), KafkaError> {
        let value = crate::wire::saved::encode(position).unwrap_or_default();
        self.send(POSITION_KEY, Some(&value))
    }

    fn put(&self, key: &str, value: Option<&[u8]>) -> Result<(), KafkaError> {
        self.send(key.as_bytes(), value)
    }

    fn send(&self, key: &[u8], value: Option<&[u8]>) -> Result<(), KafkaError> {
        let partition = Some(self.partition);
        let (topic, key) = (self.topic.as_str(), Some(key));
        let letter = Letter { topic, partition, key, value, headers: &[] };
        self.writer.send(letter, Duration::from_secs(10))
    }
}

fn minute_key(instrument: &str, minute: i64, generation: u64) -> String {
    format!("{instrument}\ntrades\n{minute}\n{generation}")
}
