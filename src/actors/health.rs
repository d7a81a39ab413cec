//! What others may know of the hub's condition.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use parking_lot::Mutex;

/// Conditions, each written by whoever knows it.
#[derive(Debug)]
pub struct Health {
    serving: AtomicBool,
    draining: AtomicBool,
    serves: bool,
    records: bool,
    kafka_fault: Mutex<Option<String>>,
    recorder_fault: Mutex<Option<String>>,
    recorded_ts_append: AtomicI64,
    caches: bool,
    redis_fault: Mutex<Option<String>>,
}

/// A dependency's condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Whose.
    pub name: &'static str,
    /// What is wrong, if anything.
    pub fault: Option<String>,
}

impl Health {
    /// Of a hub with these roles, and with a warm cache or without.
    #[must_use]
    pub fn new(serves: bool, records: bool, caches: bool) -> Self {
        Self {
            serving: AtomicBool::new(false),
            draining: AtomicBool::new(false),
            serves,
            records,
            kafka_fault: Mutex::new(None),
            recorder_fault: Mutex::new(None),
            recorded_ts_append: AtomicI64::new(0),
            caches,
            redis_fault: Mutex::new(None),
        }
    }

    /// Whether the log's tail was reached since the start.
    #[must_use]
    pub fn is_serving(&self) -> bool {
        self.serving.load(Ordering::Acquire)
    }

    /// The log's tail was reached.
    pub fn set_serving(&self, serving: bool) {
        self.serving.store(serving, Ordering::Release);
    }

    /// The hub is stopping.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    /// Whether the hub can serve now.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        !self.draining.load(Ordering::Acquire) && (self.is_serving() || !self.serves)
    }

    /// What is wrong with the brokers, if anything.
    pub fn set_kafka(&self, fault: Option<String>) {
        *self.kafka_fault.lock() = fault;
    }

    /// What is wrong with recording, if anything.
    pub fn set_recorder(&self, fault: Option<String>) {
        *self.recorder_fault.lock() = fault;
    }

    /// What is wrong with the warm cache, if anything.
    pub fn set_redis(&self, fault: Option<String>) {
        *self.redis_fault.lock() = fault;
    }

    /// Append time of the last record in the database.
    pub fn set_recorded(&self, ts_append: i64) {
        self.recorded_ts_append.store(ts_append, Ordering::Relaxed);
    }

    /// All conditions.
    #[must_use]
    pub fn conditions(&self) -> Vec<Condition> {
        let kafka = Condition { name: "kafka", fault: self.kafka_fault.lock().clone() };
        let mut all = vec![kafka];
        if self.records {
            let fault = self.recorder_fault.lock().clone();
            all.push(Condition { name: "recorder", fault });
        }
        if self.caches {
            all.push(Condition { name: "redis", fault: self.redis_fault.lock().clone() });
        }
        all
    }
}
