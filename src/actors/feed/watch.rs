//! Watches the log from a thread of its own, because its questions may wait for brokers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use super::Loader;
use crate::actors::health::{Dependency, Health};

/// The log is another one now.
#[derive(Clone, Copy, Debug)]
pub struct LogChanged;

/// Asks every few seconds which log it is.
pub struct Watch {
    /// Whom to ask.
    pub loader: Arc<Loader>,
    /// Where the brokers' condition is told.
    pub health: Arc<Health>,
    /// Who is told of a change.
    pub changed: Vec<Sender<LogChanged>>,
    /// Between two questions.
    pub every: Duration,
    /// Set when the hub stops.
    pub stop: Arc<AtomicBool>,
}

impl Watch {
    /// Works until told to stop.
    pub fn run(self) {
        let mut asked_at = Instant::now();
        while !self.stop.load(Ordering::Acquire) {
            std::thread::sleep(Duration::from_millis(50));
            if asked_at.elapsed() < self.every {
                continue;
            }
            match self.loader.look() {
                Ok(changed) => {
                    self.health.set(Dependency::Kafka, None);
                    if changed {
                        for told in &self.changed {
                            let _stopping = told.send(LogChanged);
                        }
                    }
                }
                Err(error) => {
                    self.health.set(Dependency::Kafka, Some(error.to_string()));
                }
            }
            asked_at = Instant::now();
        }
    }
}
