//! A feed of quotes at an even rate, and what a follower of them measures.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};

pub fn instrument(nth: usize) -> String {
    format!("LOAD:S{nth:04}")
}

pub fn now_ns() -> i64 {
    i64::try_from(jiff::Timestamp::now().as_nanosecond()).unwrap_or(i64::MAX)
}

fn producer(brokers: &str) -> anyhow::Result<ThreadedProducer<DefaultProducerContext>> {
    Ok(ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("partitioner", "murmur2_random")
        .set("linger.ms", "1")
        .create()?)
}

/// Writes one quote of each instrument, which makes it known.
pub fn write_once(brokers: &str, topic: &str, instruments: usize) -> anyhow::Result<()> {
    let producer = producer(brokers)?;
    (0..instruments).for_each(|nth| write(&producer, topic, nth, 0));
    Ok(producer.flush(Duration::from_secs(10))?)
}

/// Changes the quote of each instrument once in every interval, until dropped.
pub struct Feed {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Feed {
    pub fn start(
        brokers: &str,
        topic: &str,
        instruments: usize,
        every: Duration,
    ) -> anyhow::Result<Self> {
        let producer = producer(brokers)?;
        let (over, topic) = (Arc::new(AtomicBool::new(false)), topic.to_owned());
        let seen = over.clone();
        let thread = std::thread::spawn(move || {
            let began = Instant::now();
            for round in 0_u32.. {
                if seen.load(Ordering::Acquire) {
                    break;
                }
                for nth in 0..instruments {
                    write(&producer, &topic, nth, round);
                }
                // Evenly, whatever the writing took.
                std::thread::sleep((every * (round + 1)).saturating_sub(began.elapsed()));
            }
            let _undelivered = producer.flush(Duration::from_secs(5));
        });
        Ok(Self { over, thread: Some(thread) })
    }
}

fn write(producer: &ThreadedProducer<DefaultProducerContext>, topic: &str, nth: usize, round: u32) {
    let (name, ts) = (instrument(nth), now_ns());
    let cents = 100 + round % 100;
    let value = format!(
        r#"{{"type":"quote","instrument":"{name}","ts_event":{ts},"bid":"100.{cents}","bid_qty":"{}","ask":"102.{cents}","ask_qty":"3"}}"#,
        1 + round % 9
    );
    let letter = BaseRecord::<str, str>::to(topic).key(&name).payload(&value);
    // A full queue drops this one; the rates that are printed would show it.
    let _full = producer.send(letter);
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

/// Times, to be asked for their quantiles.
#[derive(Clone, Debug, Default)]
pub struct Times(Vec<f64>);

impl Times {
    pub fn add(&mut self, ms: f64) {
        self.0.push(ms);
    }

    pub fn join(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// In milliseconds; `per_mille` of all are no longer.
    pub fn quantile(&mut self, per_mille: usize) -> f64 {
        self.0.sort_unstable_by(f64::total_cmp);
        let at = self.0.len().saturating_sub(1) * per_mille / 1_000;
        self.0.get(at).copied().unwrap_or(f64::NAN)
    }
}
