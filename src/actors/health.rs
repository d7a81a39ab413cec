//! What others may know of the hub's condition.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use parking_lot::Mutex;

use crate::telemetry::{DependencyLabel, metrics};

/// A driver may say the same of each of a hundred commands.
const FAULT_CHARS_MAX: usize = 300;
/// Two reasons that take turns are not logged more often.
const SAID_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// What the hub leans on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dependency {
    /// The brokers of the log.
    Kafka,
    /// The database, for questions over HTTP.
    Database,
    /// Writing history: the database, and the brokers for `bars.v1`.
    Recorder,
    /// The warm cache.
    Redis,
}

impl Dependency {
    const ALL: [Self; 4] = [Self::Kafka, Self::Database, Self::Recorder, Self::Redis];

    /// As `/readyz` and metrics name it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kafka => "kafka",
            Self::Database => "database",
            Self::Recorder => "recorder",
            Self::Redis => "redis",
        }
    }
}

/// Conditions, each written by whoever knows it.
#[derive(Debug)]
pub struct Health {
    serving: AtomicBool,
    draining: AtomicBool,
    serves: bool,
    /// Of each dependency; none of those that this hub does without.
    watched: [Option<Mutex<Known>>; Dependency::ALL.len()],
}

#[derive(Debug, Default)]
struct Known {
    /// Whether anything was heard of it yet.
    tried: bool,
    fault: Option<String>,
    since: Option<(Timestamp, Instant)>,
    /// When it was last logged.
    said: Option<Instant>,
}

impl Known {
    /// Whether it is away for another reason than was told, and that was a while ago.
    fn is_news(&self, fault: &str) -> bool {
        let quiet = self.said.is_none_or(|said| SAID_AGAIN_AFTER <= said.elapsed());
        quiet && self.fault.as_deref() != Some(fault)
    }
}

/// A dependency's condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Whose.
    pub name: &'static str,
    /// `ok`, `down`, or `unknown` before it was first tried.
    pub state: &'static str,
    /// What is wrong, if anything.
    pub fault: Option<String>,
    /// Since when it is as it is; none where it was never otherwise.
    pub since: Option<Timestamp>,
}

impl Health {
    /// Of a hub that serves or does not, and leans on these.
    #[must_use]
    pub fn new(serves: bool, leans_on: &[Dependency]) -> Self {
        let watched = Dependency::ALL.map(|one| {
            leans_on.contains(&one).then(|| {
                count_up(one, true);
                Mutex::default()
            })
        });
        Self { serving: AtomicBool::new(false), draining: AtomicBool::new(false), serves, watched }
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

    /// What is wrong with a dependency, if anything. A change is logged, what stays is not.
    pub fn set(&self, which: Dependency, fault: Option<String>) {
        let Some(known) = &self.watched[which as usize] else { return };
        let fault = fault.map(|fault| fault.chars().take(FAULT_CHARS_MAX).collect::<String>());
        let mut known = known.lock();
        let (name, was) = (which.name(), known.fault.is_some());
        match &fault {
            Some(fault) if !was || known.is_news(fault) => {
                known.said = Some(Instant::now());
                tracing::warn!(dependency = name, fault, "is away");
            }
            None if was => {
                let away_ms = known.since.map_or(0, |(_, since)| since.elapsed().as_millis());
                tracing::info!(dependency = name, away_ms, "is back");
            }
            _ => {}
        }
        if was != fault.is_some() {
            known.since = Some((Timestamp::now(), Instant::now()));
            count_up(which, fault.is_none());
        }
        known.fault = fault;
        known.tried = true;
    }

    /// Whether a dependency is known to be away.
    #[must_use]
    pub fn is_away(&self, which: Dependency) -> bool {
        self.watched[which as usize].as_ref().is_some_and(|known| known.lock().fault.is_some())
    }

    /// All conditions.
    #[must_use]
    pub fn conditions(&self) -> Vec<Condition> {
        let known = |which: Dependency| {
            let known = self.watched[which as usize].as_ref()?.lock();
            let since = known.since.map(|(since, _)| since);
            let state = match (&known.fault, known.tried) {
                (Some(_), _) => "down",
                (None, true) => "ok",
                (None, false) => "unknown",
            };
            Some(Condition { name: which.name(), state, fault: known.fault.clone(), since })
        };
        Dependency::ALL.into_iter().filter_map(known).collect()
    }
}

fn count_up(which: Dependency, up: bool) {
    let label = DependencyLabel { dependency: which.name() };
    metrics().dependency_up.get_or_create(&label).set(i64::from(up));
}
