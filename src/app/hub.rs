//! `tickwire hub`: the server, the symbols' threads, and the readers of the log.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use actix::Arbiter;
use anyhow::Context;

use super::start::{Shared, conduct, wait_for_signal};
use crate::actors::health::{Dependency, Health};
use crate::actors::prober::watch_database;
use crate::actors::registry::Registry;
use crate::actors::session::shard::Drain;
use crate::actors::symbol::Desk;
use crate::config::Settings;
use crate::domain::market::Policy;
use crate::feeds::kafka::Embedded;
use crate::http::{self, Api};
use crate::store::{Cache, History};

/// What a socket may take for its close frame, once it is its turn.
const LAST_FRAME: Duration = Duration::from_millis(500);
/// Connections to servers, logs, questions over HTTP; a socket itself takes two, one to cut it by.
const FILES_BESIDE_SOCKETS: u64 = 1_000;
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Which parts of the hub run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Roles {
    pub(super) serve: bool,
    pub(super) record: bool,
}

impl Roles {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut roles = Self::default();
        for name in text.split(',') {
            match name.trim() {
                "serve" => roles.serve = true,
                "record" => roles.record = true,
                other => return Err(format!("--roles {other:?}: serve and record are expected")),
            }
        }
        Ok(roles)
    }
}

/// Runs until the process is asked to end.
pub(super) fn run(mut settings: Settings, roles: Roles) -> anyhow::Result<()> {
    make_room_for_sockets(settings.limits.sessions_max);
    let embedded = if settings.kafka.embedded {
        tracing::warn!(
            "the log is inside the hub: new at each start, a few minutes kept, records up to 1 MiB, \
             no resume across a restart"
        );
        let broker = Embedded::start(&settings.kafka).context("the broker inside the hub")?;
        settings.kafka.brokers = broker.brokers();
        Some(broker)
    } else {
        None
    };
    let outcome = actix::System::new().block_on(serve(settings, roles));
    drop(embedded);
    outcome
}

/// What is wrong are settings, told by who alone could tell.
#[derive(Debug, thiserror::Error)]
#[error("settings of {0}")]
pub(super) struct WrongSettings(&'static str);

/// Raises this process's limit of open files as far as the system lets it. Many systems begin with
/// 1,024, which is fewer than the sockets that the settings allow.
fn make_room_for_sockets(sessions_max: usize) {
    let wanted = 2 * sessions_max as u64 + FILES_BESIDE_SOCKETS;
    match rlimit::increase_nofile_limit(wanted) {
        Ok(allowed) if allowed < wanted => tracing::warn!(
            allowed,
            wanted,
            "fewer files may be open than limits.sessions_max needs: raise `ulimit -n`"
        ),
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "asking how many files may be open"),
    }
}

async fn serve(settings: Settings, roles: Roles) -> anyhow::Result<()> {
    let market = &settings.market;
    let policy = Policy {
        out_of_order_ns: i64::from(market.out_of_order_ms) * 1_000_000,
        allowed_lateness_ns: i64::from(market.allowed_lateness_s) * 1_000_000_000,
        max_skew_ns: i64::from(market.max_skew_ms) * 1_000_000,
    };
    let registry = Arc::new(Registry::new(policy));
    let cache = Cache::new(&settings.redis).context(WrongSettings("Redis"))?.map(Arc::new);
    let mut leans_on = vec![Dependency::Kafka, Dependency::Database];
    leans_on.extend(roles.record.then_some(Dependency::Recorder));
    leans_on.extend(cache.as_ref().map(|_| Dependency::Redis));
    let health = Arc::new(Health::new(roles.serve, &leans_on));
    let stop = Arc::new(AtomicBool::new(false));
    let arbiters: Vec<Arbiter> =
        (0..settings.http.symbol_threads).map(|_| Arbiter::new()).collect();
    for arbiter in &arbiters {
        let (registry, bytes) = (registry.clone(), settings.limits.shard_bytes_max);
        arbiter.spawn_fn(move || {
            Desk::start_here(registry, bytes);
        });
    }
    let history =
        Arc::new(History::new(&settings.database).context(WrongSettings("the database"))?);
    actix::spawn(watch_database(history.clone(), health.clone()));
    let server = http::serve(Api {
        registry: registry.clone(),
        health: health.clone(),
        history: Some(history),
        cache: cache.clone(),
        settings: Arc::new(settings.clone()),
    });
    let server = match server {
        Err(error @ http::ServeError::Certificate { .. }) => {
            return Err(error).context(WrongSettings("the server"));
        }
        server => server?,
    };
    let handle = server.handle();
    let serving = actix::spawn(server);
    if let (Some(file), true) = (&settings.kafka.embedded_address_file, settings.kafka.embedded) {
        std::fs::write(file, &settings.kafka.brokers).with_context(|| file.clone())?;
    }
    tracing::info!(bind = settings.http.bind, kafka = settings.kafka.brokers, "the hub is up");
    let reconnect_after_ms = settings.http.reconnect_after_ms;
    let over = Duration::from_millis(settings.http.drain_ms);
    let shared = Arc::new(Shared {
        settings,
        roles,
        registry: registry.clone(),
        health: health.clone(),
        cache,
        arbiters: arbiters.iter().map(Arbiter::handle).collect(),
        stop: stop.clone(),
    });
    let conducting = std::thread::spawn(move || conduct(&shared));

    wait_for_signal().await;
    tracing::info!("stopping");
    let began = Instant::now();
    health.drain();
    for shard in registry.shards_from(0) {
        shard.addr.do_send(Drain { reconnect_after_ms, over });
    }
    while registry.sessions.load(Ordering::Acquire) != 0 && began.elapsed() < over + LAST_FRAME {
        tokio::time::sleep(LOOK_EVERY).await;
    }
    stop.store(true, Ordering::Release);
    handle.stop(true).await;
    let _served = serving.await;
    // Joining blocks; the symbols' threads are others and go on until state is saved.
    if conducting.join().is_err() {
        tracing::error!("the hub's threads ended in a panic");
    }
    arbiters.iter().for_each(|arbiter| {
        arbiter.stop();
    });
    tracing::info!(took_ms = began.elapsed().as_millis(), "stopped");
    Ok(())
}
