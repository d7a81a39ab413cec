//! Keeps the warm cache warm: copies of what changed, at a bounded rate.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::runtime::Runtime;

use super::health::Health;
use super::registry::Registry;
use super::symbol::CopyHot;
use crate::domain::market::Instrument;
use crate::store::Cache;
use crate::telemetry::metrics;
use crate::wire::saved::HotCopy;

/// Instruments of one write.
const COPIES_A_WRITE: usize = 100;
/// A symbol that does not answer in this time is copied another time.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);

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
    /// Set when the hub stops.
    pub stop: Arc<AtomicBool>,
}

impl Cacher {
    /// Works until told to stop.
    pub fn run(self, runtime: &Runtime) {
        let mut written: HashMap<Instrument, (i32, i64)> = HashMap::new();
        let mut round_at = Instant::now();
        while !self.stop.load(Ordering::Acquire) {
            std::thread::sleep(Duration::from_millis(20));
            if round_at.elapsed() < self.every {
                continue;
            }
            round_at = Instant::now();
            let outcome = runtime.block_on(self.round(&mut written));
            if let Err(error) = &outcome {
                metrics().cache_failures.inc();
                tracing::debug!(%error, "the warm cache");
            }
            self.health.set_redis(outcome.err().map(|error| error.to_string()));
        }
    }

    async fn round(
        &self,
        written: &mut HashMap<Instrument, (i32, i64)>,
    ) -> Result<(), crate::store::CacheError> {
        self.cache.ping().await?;
        let names = self.registry.names();
        for names in names.chunks(COPIES_A_WRITE) {
            let asked = names.iter().map(|name| self.copy_of(name, written.get(name).copied()));
            let copies: Vec<(String, HotCopy)> =
                join_all(asked).await.into_iter().flatten().collect();
            if copies.is_empty() {
                continue;
            }
            self.cache.put(&copies).await?;
            metrics().cache_writes.inc_by(copies.len() as u64);
            for (name, copy) in copies {
                if let Ok(name) = Instrument::parse(&name) {
                    written.insert(name, (copy.partition, copy.offset));
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
