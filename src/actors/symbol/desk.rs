//! What the symbols of one thread share: the tick, and one outgoing parcel for each shard.
//!
//! However many symbols changed in a tick, each connection shard gets one message.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use actix::prelude::*;

use super::core::Core;
use crate::actors::registry::{Registry, ShardHandle};
use crate::actors::session::shard::{Delivery, OnTheWay, Parcel};
use crate::telemetry::metrics;
use crate::wire::channel::TickClass;

/// The base tick; every class but raw is a multiple of it.
const TICK: Duration = Duration::from_millis(10);
/// Symbols are asked whether they went stale as often as this many ticks.
const STALE_EVERY: u64 = 25;

#[derive(Default)]
struct Outgoing {
    shards: Vec<ShardHandle>,
    parcels: Vec<Vec<Parcel>>,
    /// Bytes posted and not sent.
    bytes: Vec<usize>,
    /// Bytes sent and not taken.
    on_the_way: Vec<Arc<AtomicUsize>>,
    lost: Vec<bool>,
    bytes_max: usize,
}

thread_local! {
    static OUTGOING: RefCell<Outgoing> = RefCell::default();
    static SYMBOLS: RefCell<Vec<Weak<RefCell<Core>>>> = const { RefCell::new(Vec::new()) };
    static DIRTY: RefCell<Vec<Rc<RefCell<Core>>>> = const { RefCell::new(Vec::new()) };
}

/// Puts a parcel into the next message to a shard.
pub(super) fn post(shard: usize, parcel: Parcel) {
    OUTGOING.with_borrow_mut(|out| {
        let Some(parcels) = out.parcels.get_mut(shard) else { return };
        if out.lost[shard] {
            return;
        }
        out.bytes[shard] += parcel.bytes();
        let on_the_way = out.on_the_way[shard].load(Ordering::Relaxed);
        if out.bytes_max < out.bytes[shard] + on_the_way {
            parcels.clear();
            out.bytes[shard] = 0;
            out.lost[shard] = true;
            metrics().shard_resyncs.inc();
            return;
        }
        parcels.push(parcel);
    });
}

/// Sends what is posted, one message a shard; a shard that takes nothing keeps its parcels here.
pub(super) fn send() {
    OUTGOING.with_borrow_mut(|out| {
        for at in 0..out.shards.len() {
            if out.parcels[at].is_empty() && !out.lost[at] {
                continue;
            }
            let parcels = std::mem::take(&mut out.parcels[at]);
            let on_the_way = OnTheWay::new(out.on_the_way[at].clone(), out.bytes[at]);
            let sent = Instant::now();
            let delivery = Delivery { parcels, lost: out.lost[at], sent, on_the_way };
            match out.shards[at].deliveries.try_send(delivery) {
                Ok(()) => {
                    out.bytes[at] = 0;
                    out.lost[at] = false;
                }
                Err(SendError::Full(delivery)) => out.parcels[at] = delivery.parcels,
                Err(SendError::Closed(_)) => out.bytes[at] = 0,
            }
        }
    });
}

/// A symbol has something for a later tick.
pub(super) fn mark(core: &Rc<RefCell<Core>>) {
    DIRTY.with_borrow_mut(|dirty| dirty.push(core.clone()));
}

/// A symbol lives on this thread.
pub(super) fn join(core: &Rc<RefCell<Core>>) {
    SYMBOLS.with_borrow_mut(|symbols| {
        symbols.retain(|symbol| symbol.strong_count() != 0);
        symbols.push(Rc::downgrade(core));
    });
}

/// Ticks for all symbols of its thread.
pub struct Desk {
    registry: Arc<Registry>,
    ticks: u64,
    started: Instant,
}

impl Desk {
    /// Starts the desk of the thread this is called on.
    pub fn start_here(registry: Arc<Registry>, shard_bytes_max: usize) -> Addr<Self> {
        OUTGOING.with_borrow_mut(|out| out.bytes_max = shard_bytes_max);
        Self { registry, ticks: 0, started: Instant::now() }.start()
    }

    fn tick(&mut self) {
        meet(&self.registry, usize::MAX - 1);
        // After a stall the ticks that were missed are made up for at once, as one.
        let now = (self.started.elapsed().as_millis() / TICK.as_millis()) as u64;
        let due = |class: TickClass| {
            let every = class.tick_ms() / TICK.as_millis() as u64;
            every == 0 || self.ticks / every != now / every
        };
        let classes: u8 =
            TickClass::all().filter(|class| due(*class)).map(|class| 1 << class.index()).sum();
        let dirty = DIRTY.with_borrow_mut(std::mem::take);
        for core in dirty {
            let flushed = catch_unwind(AssertUnwindSafe(|| core.borrow_mut().tick(classes)));
            match flushed {
                Ok(true) => mark(&core),
                Ok(false) => {}
                Err(_) => core.borrow_mut().report_death(),
            }
        }
        if self.ticks / STALE_EVERY != now / STALE_EVERY {
            self.watch_silence();
        }
        self.ticks = now;
        send();
    }

    fn watch_silence(&self) {
        let now = Instant::now();
        let symbols = SYMBOLS
            .with_borrow(|symbols| symbols.iter().filter_map(Weak::upgrade).collect::<Vec<_>>());
        for core in symbols {
            let watched = || core.borrow_mut().watch_silence(now);
            if catch_unwind(AssertUnwindSafe(watched)).is_err() {
                core.borrow_mut().report_death();
            }
        }
    }
}

impl Actor for Desk {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(TICK, |desk, _| desk.tick());
    }
}

/// Makes sure that a shard is known before something is posted to it.
pub(super) fn meet(registry: &Registry, shard: usize) {
    OUTGOING.with_borrow_mut(|out| {
        if out.shards.len() <= shard {
            for handle in registry.shards_from(out.shards.len()) {
                out.shards.push(handle);
                out.parcels.push(Vec::new());
                out.bytes.push(0);
                out.on_the_way.push(Arc::default());
                out.lost.push(false);
            }
        }
    });
}
