//! Keeps the warm cache warm: copies of what changed, at a bounded rate.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::runtime::Runtime;

use super::health::{Dependency, Health};
use super::registry::Registry;
use super::symbol::CopyHot;
use crate::domain::market::Instrument;
use crate::store::{Cache, CacheError};
use crate::telemetry::metrics;
use crate::wire::saved::HotCopy;

/// Instruments of one write.
const COPIES_A_WRITE: usize = 100;
/// A symbol that does not answer in this time is copied another time.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);

/// What was written of each, and when.
type Written = HashMap<Instrument, ((i32, i64), Instant)>;

/// Writes copies every so often.
pub struct Cacher {
    /// Who is where.
    pub registry: Arc<Registry>,
    /// Where the cache's condition is told.
    pub health: Arc<Health>,
    /// The cache.
    pub cache: Arc<Cache>,
    /// Between two rounds.
    pub every: Duration,
    /// A copy as old as this is written again, changed or not: it would be forgotten otherwise.
    pub again_after: Duration,
    /// Set when the hub stops.
    pub stop: Arc<AtomicBool>,
}

impl Cacher {
    /// Works until told to stop.
    pub fn run(self, runtime: &Runtime) {
        let mut written = Written::new();
        let mut round_at = Instant::now();
        while !self.stop.load(Ordering::Acquire) {
            std::thread::sleep(Duration::from_millis(20));
            if round_at.elapsed() < self.every {
                continue;
            }
            round_at = Instant::now();
            let outcome = runtime.block_on(self.round(&mut written));
            if let Err(error) = &outcome {
                // Whatever became of the server, it may have lost what it had.
                written.clear();
                metrics().cache_failures.inc();
                tracing::debug!(%error, "the warm cache");
            }
            let fault = outcome.err().map(|error| error.to_string());
            self.health.set(Dependency::Redis, fault);
        }
    }

    async fn round(&self, written: &mut Written) -> Result<(), CacheError> {
        self.cache.ping().await?;
        // What is folded before the log's end is reached is past; the copies there are newer.
        if !self.health.is_serving() {
            return Ok(());
        }
        let names = self.registry.names();
        written.retain(|name, _| names.binary_search(name).is_ok());
        for names in names.chunks(COPIES_A_WRITE) {
            let known = |name: &Instrument| {
                let (at, when) = written.get(name)?;
                (when.elapsed() < self.again_after).then_some(*at)
            };
            let asked = names.iter().map(|name| self.copy_of(name, known(name)));
            let copies: Vec<(String, HotCopy)> =
                join_all(asked).await.into_iter().flatten().collect();
            if copies.is_empty() {
                continue;
            }
            self.cache.put(&copies).await?;
            metrics().cache_writes.inc_by(copies.len() as u64);
            for (name, copy) in copies {
                if let Ok(name) = Instrument::parse(&name) {
                    written.insert(name, ((copy.partition, copy.offset), Instant::now()));
                }
            }
        }
        Ok(())
    }

    async fn copy_of(
        &self,
        name: &Instrument,
        known: Option<(i32, i64)>,
    ) -> Option<(String, HotCopy)> {
        let symbol = self.registry.symbol(name)?;
        let answer =
            tokio::time::timeout(ANSWER_TIMEOUT, symbol.addr.send(CopyHot { known })).await;
        Some((name.as_str().to_owned(), answer.ok()?.ok()??))
    }
}
