//! Watches the log from a thread of its own, because its questions may wait for brokers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use super::Loader;
use crate::actors::health::{Dependency, Health};
use crate::actors::progress::Progress;
use crate::telemetry::{RoleLabel, metrics};

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
    /// How far each role has come.
    pub progress: Vec<Arc<Progress>>,
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
                    self.measure_lag();
                }
                Err(error) => {
                    self.health.set(Dependency::Kafka, Some(error.to_string()));
                }
            }
            asked_at = Instant::now();
        }
    }

    fn measure_lag(&self) {
        let Some(ends) = self.loader.log_ends() else { return };
        for progress in &self.progress {
            let behind =
                |(partition, next): (i32, i64)| Some((ends.get(&partition)? - next).max(0));
            // Half a sum would look like good news.
            let lag = progress.places().map(behind).sum::<Option<i64>>();
            // Nor is it good news that a role has come nowhere.
            if let Some(lag) = lag.filter(|_| progress.places().next().is_some()) {
                metrics().lag_records.get_or_create(&RoleLabel { role: progress.role }).set(lag);
            }
        }
    }
}
