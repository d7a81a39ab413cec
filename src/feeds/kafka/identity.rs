//! Which log this is: a topic made again under its old name is another log.
#![allow(unsafe_code)]

use std::collections::BTreeMap;
use std::ffi::{CStr, CString, c_char};
use std::ptr::NonNull;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rdkafka::bindings as raw;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError as ClientError;
use rdkafka::message::Message;
use rdkafka::topic_partition_list::TopicPartitionListElem;
use rdkafka::util::Timeout;
use rdkafka::{Offset, TopicPartitionList};

use super::asking::Asking;
use super::client::{Fault, KafkaError, Quiet, is_passing};
use super::reader::append_time_of;
use super::topics::MARKET_TOPIC;
use crate::config;
use crate::domain::market::Nanos;
use crate::wire::saved::LogId;

const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// Between two looks at what was told meanwhile.
const ASKED_AGAIN: Duration = Duration::from_millis(300);
/// What was told before is heard in this time.
const TOLD_WITHIN: Duration = Duration::from_millis(20);

/// Asks the brokers which log `md.v1` is, and where it begins and ends.
pub struct Identity {
    asking: Asking,
    /// Held while the consumer reads: one place at a time.
    reading: Mutex<()>,
    topic: String,
    brokers: String,
    protocol: String,
    /// An embedded broker has no ids: each start is a log of its own.
    embedded_id: Option<String>,
}

impl Identity {
    /// A client for these questions.
    ///
    /// # Errors
    ///
    /// [`KafkaError`] where the client cannot be made.
    pub fn new(settings: &config::Kafka) -> Result<Self, KafkaError> {
        let embedded_id =
            settings.embedded.then(|| format!("embedded{:016x}", rand::random::<u64>()));
        Ok(Self {
            asking: Asking::new(settings)?,
            reading: Mutex::new(()),
            topic: settings.topic(MARKET_TOPIC),
            brokers: settings.brokers.clone(),
            protocol: settings.properties.get("security.protocol").map_or_else(
                || "security.protocol = plaintext".into(),
                |given| format!("security.protocol = {given}"),
            ),
            embedded_id,
        })
    }

    /// The log's ids.
    ///
    /// # Errors
    ///
    /// [`KafkaError`] where the brokers do not answer in ten seconds, or have no such topic.
    pub fn current(&self) -> Result<LogId, KafkaError> {
        self.current_within(ANSWER_TIMEOUT)
    }

    /// The log's ids, each asked for no longer than `timeout`.
    ///
    /// # Errors
    ///
    /// [`KafkaError`] where the brokers do not answer in time, or have no such topic.
    pub fn current_within(&self, timeout: Duration) -> Result<LogId, KafkaError> {
        if let Some(id) = &self.embedded_id {
            return Ok(LogId {
                cluster: "embedded".into(),
                topic_id: id.clone(),
                topic: self.topic.clone(),
            });
        }
        let cluster = self.cluster_within(timeout)?;
        let topic_id = self.asking.ask(|consumer| self.topic_id(consumer, timeout))?;
        Ok(LogId { cluster, topic_id, topic: self.topic.clone() })
    }

    /// The cluster's id.
    ///
    /// # Errors
    ///
    /// [`KafkaError`] where the brokers do not answer in ten seconds, and at once where they refuse
    /// a password or a certificate is refused.
    pub fn cluster(&self) -> Result<String, KafkaError> {
        self.cluster_within(ANSWER_TIMEOUT)
    }

    fn cluster_within(&self, timeout: Duration) -> Result<String, KafkaError> {
        self.asking.ask(|consumer| self.cluster_of(consumer, timeout))
    }

    fn cluster_of(
        &self,
        consumer: &BaseConsumer<Quiet>,
        timeout: Duration,
    ) -> Result<String, KafkaError> {
        let deadline = Instant::now() + timeout;
        let mut last = None;
        loop {
            let asked = consumer.client().fetch_cluster_id(Timeout::After(ASKED_AGAIN));
            if let Some(cluster) = asked {
                return Ok(cluster);
            }
            last = self.told(consumer).or(last);
            if let Some(fault) = last.as_ref().filter(|fault| fault.refused) {
                return Err(self.fault(&fault.what));
            }
            if deadline <= Instant::now() {
                let what = last.map(|fault| fault.what);
                // Who asks in another protocol than the brokers' is hung up on without a word.
                let nothing = || format!("no answer in time to {}", self.protocol);
                return Err(self.fault(&what.unwrap_or_else(nothing)));
            }
        }
    }

    /// What librdkafka has told of its connections, which it does only to who polls.
    fn told(&self, consumer: &BaseConsumer<Quiet>) -> Option<Fault> {
        let _alone = self.reading.lock();
        // A poll goes on until its time is up only over what librdkafka logs.
        while consumer.poll(TOLD_WITHIN).is_some() {}
        consumer.context().take_fault()
    }

    /// First position held and the one after the last.
    ///
    /// # Errors
    ///
    /// [`KafkaError`] where the brokers do not answer in ten seconds.
    pub fn range(&self, partition: i32) -> Result<(i64, i64), KafkaError> {
        self.asking.ask(|consumer| {
            Ok(consumer.fetch_watermarks(&self.topic, partition, ANSWER_TIMEOUT)?)
        })
    }

    /// The positions after the last of some partitions, asked for all at once.
    ///
    /// # Errors
    ///
    /// [`KafkaError`] where the brokers do not answer in time.
    pub fn ends(
        &self,
        partitions: impl Iterator<Item = i32>,
        timeout: Duration,
    ) -> Result<BTreeMap<i32, i64>, KafkaError> {
        let mut list = TopicPartitionList::new();
        for partition in partitions {
            // The time that stands for the end (KIP-79).
            list.add_partition_offset(&self.topic, partition, Offset::End)?;
        }
        self.asking.ask(|consumer| {
            let found = consumer.offsets_for_times(list, timeout)?;
            // The client leaves out partitions that it believes to have no leader.
            let end =
                |one: TopicPartitionListElem<'_>| match (one.error(), one.offset()) {
                    (Ok(()), Offset::Offset(end)) => Ok((one.partition(), end)),
                    _ => Err(self
                        .fault(&format!("the end of partition {} was not told", one.partition()))),
                };
            found.elements().into_iter().map(end).collect()
        })
    }

    /// When the log took a record; none where there is none at that very position.
    ///
    /// # Errors
    ///
    /// [`KafkaError`] where the brokers do not answer in ten seconds.
    pub fn append_time(&self, partition: i32, offset: i64) -> Result<Option<Nanos>, KafkaError> {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(&self.topic, partition, Offset::Offset(offset))?;
        let found = self.asking.ask(|consumer| {
            let _alone = self.reading.lock();
            consumer.assign(&list)?;
            let found = self.first_record(consumer);
            consumer.unassign()?;
            found
        });
        Ok(found?.filter(|(at, _)| *at == offset).and_then(|(_, ts_append)| ts_append))
    }

    fn first_record(
        &self,
        consumer: &BaseConsumer<Quiet>,
    ) -> Result<Option<(i64, Option<Nanos>)>, KafkaError> {
        let deadline = Instant::now() + ANSWER_TIMEOUT;
        loop {
            match consumer.poll(deadline.saturating_duration_since(Instant::now())) {
                Some(Ok(message)) => {
                    return Ok(Some((message.offset(), append_time_of(&message))));
                }
                // Nothing but ends of transactions follows.
                Some(Err(ClientError::PartitionEOF(_))) => return Ok(None),
                // The client tells now of connections that it lost since it was last asked.
                Some(Err(error)) if is_passing(&error) && Instant::now() < deadline => {}
                Some(Err(error)) => return Err(error.into()),
                None => return Err(self.fault("the last record was not told in time")),
            }
        }
    }

    fn fault(&self, what: &str) -> KafkaError {
        KafkaError::Question { brokers: self.brokers.clone(), what: what.to_owned() }
    }

    /// The topic's id, by DescribeTopics (KIP-516), which the safe crate does not offer.
    fn topic_id(
        &self,
        consumer: &BaseConsumer<Quiet>,
        timeout: Duration,
    ) -> Result<String, KafkaError> {
        let name = CString::new(self.topic.as_str()).map_err(|_| self.fault("bad topic name"))?;
        let mut names = [name.as_ptr()];
        let client = consumer.client().native_ptr();
        // SAFETY: `client` lives as long as `consumer`; every object made here is destroyed
        // here, after its last use; the event is polled from the queue it was sent to; pointers
        // into it are read before it is destroyed.
        unsafe {
            let topics = raw::rd_kafka_TopicCollection_of_topic_names(names.as_mut_ptr(), 1);
            let queue = raw::rd_kafka_queue_new(client);
            let op = raw::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS;
            let options = raw::rd_kafka_AdminOptions_new(client, op);
            raw::rd_kafka_DescribeTopics(client, topics, options, queue);
            let timeout_ms = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
            let event = raw::rd_kafka_queue_poll(queue, timeout_ms);
            let id = match NonNull::new(event) {
                Some(event) => topic_id_of(event)
                    .map_err(|what| self.fault(&format!("topic {}: {what}", self.topic))),
                None => Err(self.fault(&format!("no answer in {} s", timeout.as_secs()))),
            };
            if !event.is_null() {
                raw::rd_kafka_event_destroy(event);
            }
            raw::rd_kafka_AdminOptions_destroy(options);
            raw::rd_kafka_queue_destroy(queue);
            raw::rd_kafka_TopicCollection_destroy(topics);
            id
        }
    }
}

/// # Safety
///
/// `event` is a live event of librdkafka.
unsafe fn topic_id_of(event: NonNull<raw::rd_kafka_event_t>) -> Result<String, String> {
    const NOT_TOLD: &str = "its id was not told";
    // SAFETY: the caller keeps the event alive; each pointer is checked before it is followed.
    unsafe {
        if raw::rd_kafka_event_error(event.as_ptr())
            != raw::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR
        {
            let text = raw::rd_kafka_event_error_string(event.as_ptr());
            return Err(text_at(text).unwrap_or_else(|| NOT_TOLD.into()));
        }
        let result = raw::rd_kafka_event_DescribeTopics_result(event.as_ptr());
        if result.is_null() {
            return Err(NOT_TOLD.into());
        }
        let mut count = 0;
        let topics = raw::rd_kafka_DescribeTopics_result_topics(result, &raw mut count);
        if topics.is_null() || count != 1 {
            return Err(NOT_TOLD.into());
        }
        let error = raw::rd_kafka_TopicDescription_error(*topics);
        if !error.is_null()
            && raw::rd_kafka_error_code(error)
                != raw::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR
        {
            let text = raw::rd_kafka_error_string(error);
            return Err(text_at(text).unwrap_or_else(|| NOT_TOLD.into()));
        }
        let id = NonNull::new(raw::rd_kafka_TopicDescription_topic_id(*topics).cast_mut());
        let text = id.map(|id| raw::rd_kafka_Uuid_base64str(id.as_ptr()));
        text.and_then(|text| text_at(text)).ok_or_else(|| NOT_TOLD.into())
    }
}

/// # Safety
///
/// `text` is null, or a C text that lives as long as this call.
unsafe fn text_at(text: *const c_char) -> Option<String> {
    // SAFETY: as the caller promises.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
}
