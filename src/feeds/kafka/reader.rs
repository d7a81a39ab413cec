//! Reading `md.v1`: in batches, from places of our own choosing, paused when enough is held.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, RebalanceProtocol};
use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{Offset, Timestamp, TopicPartitionList};

use super::client::{KafkaError, client_config, is_passing, log, tell};
use super::topics::{MARKET_TOPIC, PARTITIONS};
use crate::config;
use crate::domain::market::Nanos;
use crate::telemetry::metrics;

/// Between a client's end and the next one.
const ANEW_AFTER: Duration = Duration::from_secs(1);

/// A poll ends once it took so many bytes.
const POLL_BYTES_MAX: usize = 8 * 1024 * 1024;

/// How partitions come to a reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Assignment {
    /// Spread over the readers of a group; `member` is the same after a restart, so that a reader
    /// that was killed gets its partitions back at once.
    Group {
        /// The group's name.
        group: String,
        /// This reader's lasting name.
        member: String,
    },
    /// All of them.
    All,
}

/// Where reading of partitions begins; asked whenever some are assigned.
pub type StartAt = Arc<dyn Fn(&[i32]) -> BTreeMap<i32, i64> + Send + Sync>;

/// What a reader tells beside records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// Partitions were given.
    Assigned(Vec<i32>),
    /// Partitions were taken away, in good order.
    Revoked(Vec<i32>),
    /// Partitions may be another reader's by now, because the brokers were not heard for too long.
    Lost(Vec<i32>),
    /// The next record of a partition is not there (any more).
    OutOfRange(i32),
}

/// One record.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Its partition.
    pub partition: i32,
    /// Its position.
    pub offset: i64,
    /// When the log took it.
    pub ts_append: Option<Nanos>,
    /// Its key.
    pub key: Option<&'a [u8]>,
    /// Its value; empty where there is none.
    pub value: &'a [u8],
    /// Whether there is no value at all, as in a tombstone.
    pub is_null: bool,
    /// Header `content-type`.
    pub content_type: Option<&'a [u8]>,
    /// Whether the hub itself wrote it in a silence.
    pub by_hub: bool,
}

/// A reader of `md.v1`.
pub struct Reader {
    consumer: BaseConsumer<Context>,
    way: Way,
    happenings: Arc<Mutex<VecDeque<Happening>>>,
    assigned: BTreeMap<i32, ()>,
    paused: bool,
    /// Since when the client is of no more use.
    ended: Option<Instant>,
}

/// How a client is made.
struct Way {
    settings: config::Kafka,
    assignment: Assignment,
    start_at: StartAt,
}

impl Way {
    fn topic(&self) -> String {
        self.settings.topic(MARKET_TOPIC)
    }

    fn consumer(
        &self,
        happenings: &Arc<Mutex<VecDeque<Happening>>>,
    ) -> Result<BaseConsumer<Context>, KafkaError> {
        let context = Context { start_at: self.start_at.clone(), happenings: happenings.clone() };
        let (group, member) = match &self.assignment {
            Assignment::Group { group, member } => (group.as_str(), Some(member.as_str())),
            Assignment::All => ("tickwire-all", None),
        };
        let group = self.settings.topic(group);
        let mut own = vec![
            ("group.id", group.as_str()),
            ("enable.auto.commit", "false"),
            ("enable.auto.offset.store", "false"),
            ("auto.offset.reset", "error"),
            ("partition.assignment.strategy", "cooperative-sticky"),
            ("session.timeout.ms", "10000"),
            // librdkafka waits a second before it fetches again once its queue was full.
            ("fetch.queue.backoff.ms", "5"),
            ("queued.max.messages.kbytes", "262144"),
            ("fetch.wait.max.ms", "20"),
            // Nor a half before it asks again a broker that refused, as one does that is coming back.
            ("fetch.error.backoff.ms", "50"),
            ("enable.partition.eof", "false"),
        ];
        own.extend(member.map(|member| ("group.instance.id", member)));
        Ok(client_config(&self.settings, &own).create_with_context(context)?)
    }

    fn begin(
        &self,
        consumer: &BaseConsumer<Context>,
        happenings: &Mutex<VecDeque<Happening>>,
    ) -> Result<(), KafkaError> {
        let topic = self.topic();
        if matches!(self.assignment, Assignment::Group { .. }) {
            consumer.subscribe(&[&topic])?;
            return Ok(());
        }
        let mut list = TopicPartitionList::new();
        let numbers: Vec<i32> = (0..PARTITIONS).collect();
        for (partition, offset) in (self.start_at)(&numbers) {
            list.add_partition_offset(&topic, partition, Offset::Offset(offset))?;
        }
        consumer.assign(&list)?;
        happenings.lock().push_back(Happening::Assigned(numbers));
        Ok(())
    }
}

struct Context {
    start_at: StartAt,
    happenings: Arc<Mutex<VecDeque<Happening>>>,
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, text: &str) {
        log(level, facility, text);
    }

    fn error(&self, error: ClientError, reason: &str) {
        tell("kafka reader", &error, reason);
    }
}

impl ConsumerContext for Context {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        code: RDKafkaRespErr,
        list: &mut TopicPartitionList,
    ) {
        let partitions: Vec<i32> = list.elements().iter().map(|part| part.partition()).collect();
        let incremental = matches!(consumer.rebalance_protocol(), RebalanceProtocol::Cooperative);
        let outcome = if code == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            let placed = self.placed(list);
            self.happenings.lock().push_back(Happening::Assigned(partitions));
            match placed {
                Ok(()) if incremental => consumer.incremental_assign(list),
                Ok(()) => consumer.assign(list),
                Err(error) => Err(error),
            }
        } else {
            let lost = consumer.assignment_lost();
            let how = if lost { Happening::Lost } else { Happening::Revoked };
            self.happenings.lock().push_back(how(partitions));
            if incremental { consumer.incremental_unassign(list) } else { consumer.unassign() }
        };
        if let Err(error) = outcome {
            tracing::error!(%error, "partitions could not be taken or given back");
        }
    }
}

impl Context {
    fn placed(&self, list: &mut TopicPartitionList) -> Result<(), ClientError> {
        let places: Vec<(String, i32)> = list
            .elements()
            .iter()
            .map(|part| (part.topic().to_owned(), part.partition()))
            .collect();
        let numbers: Vec<i32> = places.iter().map(|(_, partition)| *partition).collect();
        let starts = (self.start_at)(&numbers);
        for (topic, partition) in places {
            let offset = Offset::Offset(starts.get(&partition).copied().unwrap_or(0));
            list.set_partition_offset(&topic, partition, offset)?;
        }
        Ok(())
    }
}

impl Reader {
    /// Joins the log.
    ///
    /// # Errors
    ///
    /// [`KafkaError`] where a property is wrong or the client cannot be made.
    pub fn new(
        settings: &config::Kafka,
        assignment: &Assignment,
        start_at: StartAt,
    ) -> Result<Self, KafkaError> {
        let happenings = Arc::new(Mutex::new(VecDeque::new()));
        let way = Way { settings: settings.clone(), assignment: assignment.clone(), start_at };
        let consumer = way.consumer(&happenings)?;
        way.begin(&consumer, &happenings)?;
        Ok(Self {
            consumer,
            way,
            happenings,
            assigned: BTreeMap::new(),
            paused: false,
            ended: None,
        })
    }

    /// A client that met an error it does not go on from is replaced by another, once a second: a
    /// member of a group that was silent for too long may find its lasting name taken by itself.
    fn begin_anew(&mut self) {
        if self.ended.is_none_or(|since| since.elapsed() < ANEW_AFTER) {
            return;
        }
        self.ended = Some(Instant::now());
        let next = self.way.consumer(&self.happenings).and_then(|next| {
            // What the old one had is lost before the new one is given anything.
            self.consumer = next;
            let assigned = self.assigned.keys().copied().collect();
            self.happenings.lock().push_back(Happening::Lost(assigned));
            self.way.begin(&self.consumer, &self.happenings)
        });
        match next {
            Ok(()) => {
                metrics().kafka_clients_replaced.inc();
                self.ended = None;
            }
            Err(error) => tracing::error!(%error, "beginning to read anew"),
        }
    }

    /// The next thing that happened beside records.
    pub fn next_happening(&mut self) -> Option<Happening> {
        let next = self.happenings.lock().pop_front();
        match &next {
            Some(Happening::Assigned(partitions)) => {
                self.assigned.extend(partitions.iter().map(|partition| (*partition, ())));
                // librdkafka keeps a partition paused that was paused when it was taken away.
                self.pause(false);
            }
            Some(Happening::Revoked(partitions) | Happening::Lost(partitions)) => {
                self.assigned.retain(|partition, ()| !partitions.contains(partition));
            }
            Some(Happening::OutOfRange(_)) | None => {}
        }
        next
    }

    /// Gives the records that have come to `take`, at most `count` or some 8 MiB, waiting for the first of them
    /// no longer than `wait`. Stops early when something else happened.
    pub fn poll(
        &mut self,
        count: usize,
        wait: Duration,
        mut take: impl FnMut(Record<'_>),
    ) -> usize {
        self.begin_anew();
        let (mut taken, mut bytes) = (0, 0);
        while taken < count && bytes < POLL_BYTES_MAX {
            let patience = if taken == 0 { wait } else { Duration::ZERO };
            match self.consumer.poll(patience) {
                Some(Ok(message)) => {
                    bytes += message.payload_len();
                    take(record_of(&message));
                    taken += 1;
                }
                Some(Err(error)) => {
                    self.note(&error);
                    break;
                }
                None => break,
            }
            if !self.happenings.lock().is_empty() {
                break;
            }
        }
        taken
    }

    /// Goes on from another place.
    ///
    /// # Errors
    ///
    /// [`KafkaError`] where the partition is not this reader's any more, or has no leader now.
    pub fn seek(&self, partition: i32, offset: i64) -> Result<(), KafkaError> {
        if !self.assigned.contains_key(&partition) {
            // Taken without the group's word, it could not be taken with it.
            return Err(KafkaError::NotAssigned(partition));
        }
        let timeout = Duration::from_secs(10);
        match self.consumer.seek(&self.way.topic(), partition, Offset::Offset(offset), timeout) {
            Err(ClientError::Seek(_)) => self.take_anew(partition, offset),
            outcome => Ok(outcome?),
        }
    }

    /// A partition whose fetching ended by itself, as after an offset out of range, refuses to seek
    /// (librdkafka issue 2961): it is given back and taken again at the place, by this reader alone.
    fn take_anew(&self, partition: i32, offset: i64) -> Result<(), KafkaError> {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(&self.way.topic(), partition, Offset::Offset(offset))?;
        // An earlier try may have come to an end between the two.
        if let Err(error) = self.consumer.incremental_unassign(&list) {
            tracing::debug!(%error, partition, "giving a partition back to take it anew");
        }
        self.consumer.incremental_assign(&list)?;
        if self.paused {
            self.consumer.pause(&list)?;
        }
        Ok(())
    }

    /// Stops fetching for a while, or goes on.
    pub fn pause(&mut self, paused: bool) {
        self.paused = paused;
        let mut list = TopicPartitionList::new();
        for partition in self.assigned.keys() {
            list.add_partition(&self.way.topic(), *partition);
        }
        let outcome = if paused { self.consumer.pause(&list) } else { self.consumer.resume(&list) };
        if let Err(error) = outcome {
            tracing::warn!(%error, paused, "pausing partitions");
        }
    }

    /// Tells the group how far this reader is, for those who watch it; nothing depends on it.
    pub fn hint(&self, positions: &BTreeMap<i32, i64>) {
        let mut list = TopicPartitionList::new();
        for (partition, offset) in positions {
            if list
                .add_partition_offset(&self.way.topic(), *partition, Offset::Offset(*offset))
                .is_err()
            {
                return;
            }
        }
        if let Err(error) = self.consumer.commit(&list, rdkafka::consumer::CommitMode::Async) {
            tracing::debug!(%error, "offset hint");
        }
    }

    fn note(&mut self, error: &ClientError) {
        if matches!(error, ClientError::MessageConsumptionFatal(_)) {
            tracing::error!(%error, "reading the log ended, and begins anew");
            self.ended.get_or_insert_with(Instant::now);
            return;
        }
        let reset = RDKafkaErrorCode::AutoOffsetReset;
        if error.rdkafka_error_code() == Some(reset) {
            // The error does not say which partition: each is asked where it stands.
            let mut queue = self.happenings.lock();
            for partition in self.assigned.keys() {
                queue.push_back(Happening::OutOfRange(*partition));
            }
        } else if is_passing(error) {
            tracing::debug!(%error, "reading the log");
        } else {
            tracing::warn!(%error, "reading the log");
        }
    }
}

/// When the log took a record, or its writer wrote it where the log keeps that.
pub(super) fn append_time_of(message: &BorrowedMessage<'_>) -> Option<Nanos> {
    match message.timestamp() {
        Timestamp::LogAppendTime(ms) | Timestamp::CreateTime(ms) => ms.checked_mul(1_000_000),
        Timestamp::NotAvailable => None,
    }
}

fn record_of<'a>(message: &'a BorrowedMessage<'_>) -> Record<'a> {
    let mut content_type = None;
    let mut by_hub = false;
    if let Some(headers) = message.headers() {
        for header in headers.iter() {
            match header.key {
                "content-type" => content_type = header.value,
                "origin" => by_hub = header.value == Some(b"hub"),
                _ => {}
            }
        }
    }
    let ts_append = append_time_of(message);
    Record {
        partition: message.partition(),
        offset: message.offset(),
        ts_append,
        key: message.key(),
        value: message.payload().unwrap_or_default(),
        is_null: message.payload().is_none(),
        content_type,
        by_hub,
    }
}
