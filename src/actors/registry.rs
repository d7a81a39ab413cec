//! Who is where: symbols by instrument, numbers of topics, connection shards.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use actix::{Addr, Recipient};
use dashmap::DashMap;
use parking_lot::RwLock;

use super::session::Shard;
use super::session::shard::Delivery;
use super::symbol::SymbolActor;
use crate::domain::market::{Instrument, Policy};
use crate::wire::channel::Channel;
use crate::wire::data::Exps;

/// What anyone may know of a symbol without asking it.
#[derive(Debug, Default)]
pub struct Face {
    exps: AtomicU32,
}

impl Face {
    /// Its decimals as last told.
    #[must_use]
    pub fn exps(&self) -> Exps {
        let [price, qty, ..] = self.exps.load(Ordering::Relaxed).to_le_bytes();
        Exps { price, qty }
    }

    /// Tells its decimals.
    pub fn show(&self, exps: Exps) {
        self.exps.store(u32::from_le_bytes([exps.price, exps.qty, 0, 0]), Ordering::Relaxed);
    }
}

/// A symbol's address and face.
#[derive(Clone)]
pub struct SymbolHandle {
    /// Where messages go.
    pub addr: Addr<SymbolActor>,
    /// What is known without asking.
    pub face: Arc<Face>,
}

/// A connection thread's shard, as symbols know it.
#[derive(Clone)]
pub struct ShardHandle {
    /// Where deliveries go; each sender keeps its own clone, and `try_send`s on that.
    pub deliveries: Recipient<Delivery>,
    /// For the shard's own business.
    pub addr: Addr<Shard>,
}

/// The directory of the process.
pub struct Registry {
    symbols: DashMap<Instrument, SymbolHandle, foldhash::fast::RandomState>,
    topics: DashMap<(Instrument, Channel), u32>,
    next_topic: AtomicU32,
    shards: RwLock<Vec<ShardHandle>>,
    /// Open WebSockets.
    pub sessions: AtomicUsize,
    /// The tolerances that all markets of this log share.
    pub policy: Policy,
}

impl Registry {
    /// An empty directory.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self {
            symbols: DashMap::default(),
            topics: DashMap::default(),
            next_topic: AtomicU32::new(1),
            shards: RwLock::default(),
            sessions: AtomicUsize::new(0),
            policy,
        }
    }

    /// The symbol of that name. The guard of the map is gone when this returns.
    #[must_use]
    pub fn symbol(&self, name: &Instrument) -> Option<SymbolHandle> {
        self.symbols.get(name).map(|entry| entry.value().clone())
    }

    /// Puts a symbol in, or in the place of one that died.
    pub fn put(&self, name: Instrument, handle: SymbolHandle) {
        self.symbols.insert(name, handle);
        let count = i64::try_from(self.symbols.len()).unwrap_or(i64::MAX);
        crate::telemetry::metrics().instruments.set(count);
    }

    /// Takes a symbol out.
    pub fn remove(&self, name: &Instrument) {
        self.symbols.remove(name);
    }

    /// All names, in order.
    #[must_use]
    pub fn names(&self) -> Vec<Instrument> {
        let mut names: Vec<_> = self.symbols.iter().map(|entry| entry.key().clone()).collect();
        names.sort_unstable();
        names
    }

    /// The number that stands for a channel of an instrument, the same for all connections.
    #[must_use]
    pub fn topic(&self, name: &Instrument, channel: Channel) -> u32 {
        *self
            .topics
            .entry((name.clone(), channel))
            .or_insert_with(|| self.next_topic.fetch_add(1, Ordering::Relaxed))
    }

    /// Adds a connection thread's shard; its place is its number.
    pub fn add_shard(&self, shard: ShardHandle) -> usize {
        let mut shards = self.shards.write();
        shards.push(shard);
        shards.len() - 1
    }

    /// The shards with a number of `from` or above.
    #[must_use]
    pub fn shards_from(&self, from: usize) -> Vec<ShardHandle> {
        self.shards.read().iter().skip(from).cloned().collect()
    }
}
