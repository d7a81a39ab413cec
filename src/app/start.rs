//! What is started beside the server: the log's readers and writers, each on a thread of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use actix::ArbiterHandle;
use anyhow::Context;
use parking_lot::Mutex;
use tokio::runtime::Runtime;

use super::hub::Roles;
use crate::actors::cacher::Cacher;
use crate::actors::feed::{self, Feed, Loader, LogChanged, Watch};
use crate::actors::health::{Dependency, Health};
use crate::actors::keeper::{Errand, Errands, Keeper, Rounds};
use crate::actors::progress::Progress;
use crate::actors::recorder::{self, Recorder};
use crate::actors::registry::Registry;
use crate::actors::symbol::Outlets;
use crate::config::Settings;
use crate::feeds::kafka::{self, Assignment, Identity, Reader, StartAt, StateReader, Writer};
use crate::store::{self, Cache};

const AGAIN_AFTER: Duration = Duration::from_secs(2);
/// Migrations come first.
const FORGET_FIRST_AFTER: Duration = Duration::from_secs(10);
const FORGET_EVERY: Duration = Duration::from_secs(3_600);

/// What the threads share.
pub(super) struct Shared {
    pub(super) settings: Settings,
    pub(super) roles: Roles,
    pub(super) registry: Arc<Registry>,
    pub(super) health: Arc<Health>,
    pub(super) cache: Option<Arc<Cache>>,
    pub(super) arbiters: Vec<ArbiterHandle>,
    pub(super) stop: Arc<AtomicBool>,
}

/// Sets `stop` when the process is asked to end.
pub(super) fn stop_on_signal(stop: Arc<AtomicBool>) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::spawn(move || {
        runtime.block_on(wait_for_signal());
        stop.store(true, Ordering::Release);
    });
    Ok(())
}

/// Waits until the process is asked to end.
pub(super) async fn wait_for_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
    let waits = kinds.into_iter().filter_map(|kind| signal(kind).ok()).map(|mut stream| {
        Box::pin(async move {
            stream.recv().await;
        })
    });
    futures_util::future::select_all(waits).await;
}

/// Connects, tried until it works or the hub stops; then works until the hub stops.
pub(super) fn conduct(shared: &Arc<Shared>) {
    while !shared.stop.load(Ordering::Acquire) {
        match Connected::new(shared) {
            Ok(connected) => {
                shared.health.set(Dependency::Kafka, None);
                return connected.work(shared);
            }
            Err(error) => {
                shared.health.set(Dependency::Kafka, Some(format!("{error:#}")));
                std::thread::sleep(AGAIN_AFTER);
            }
        }
    }
}

struct Connected {
    loader: Arc<Loader>,
}

impl Connected {
    fn new(shared: &Shared) -> anyhow::Result<Self> {
        let kafka = &shared.settings.kafka;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let identity = Identity::new(kafka)?;
        if !kafka.embedded {
            // Who is refused hears why from this question, and at once.
            identity.cluster()?;
            runtime.block_on(kafka::make_missing_topics(kafka)).context("topics")?;
        }
        let states = StateReader::new(kafka)?;
        let loader = Loader::new(identity, states, shared.registry.policy, shared.stop.clone())?;
        Ok(Self { loader: Arc::new(loader) })
    }

    fn work(self, shared: &Arc<Shared>) {
        let mut threads: Vec<JoinHandle<()>> = Vec::new();
        let mut told: Vec<mpsc::Sender<LogChanged>> = Vec::new();
        let mut progress = Vec::new();
        let (keeper, errands) = Errands::queue();
        let rounds = Arc::new(Rounds::default());
        let keeper_thread = {
            let (shared, rounds) = (shared.clone(), rounds.clone());
            thread("keeper", move || {
                let kafka = shared.settings.kafka.clone();
                // Each writer counts its own failures, so each owner has one.
                match Writer::new(&kafka) {
                    Ok(writer) => {
                        Keeper::new(kafka, writer, rounds, shared.stop.clone()).run(&errands);
                    }
                    Err(error) => {
                        tracing::error!(%error, "nothing can be written to the log: the hub ends");
                        std::process::exit(1);
                    }
                }
            })
        };
        if shared.roles.serve {
            let (changed, changes) = mpsc::channel();
            told.push(changed);
            let come = Arc::new(Progress::new("serve"));
            progress.push(come.clone());
            threads.extend(self.serve(shared, keeper.clone(), rounds, (changes, come)));
        }
        if shared.roles.serve {
            threads.extend(warm(shared));
        }
        if shared.roles.record {
            let (changed, changes) = mpsc::channel();
            told.push(changed);
            let come = Arc::new(Progress::new("record"));
            progress.push(come.clone());
            threads.extend(self.record(shared, changes, come));
            threads.extend(forget_old(shared));
        }
        let watch = Watch {
            loader: self.loader.clone(),
            health: shared.health.clone(),
            changed: told,
            progress,
            every: Duration::from_millis(shared.settings.kafka.identity_every_ms),
            stop: shared.stop.clone(),
        };
        threads.extend(thread("watch", move || watch.run()));
        for thread in threads {
            // A panic of one of them was logged where it happened.
            let _panicked = thread.join();
        }
        keeper.send(Errand::Stop);
        if let Some(thread) = keeper_thread {
            let _panicked = thread.join();
        }
    }

    fn serve(
        &self,
        shared: &Arc<Shared>,
        keeper: Errands,
        rounds: Arc<Rounds>,
        (changes, progress): (mpsc::Receiver<LogChanged>, Arc<Progress>),
    ) -> Option<JoinHandle<()>> {
        let (shared, loader) = (shared.clone(), self.loader.clone());
        thread("feed", move || {
            let (died, deaths) = mpsc::channel();
            let settings = shared.settings.clone();
            let stale_after_ms = settings.market.stale_after_ms;
            let starts = loader.clone();
            let start_at: StartAt = Arc::new(move |list| starts.starts_of(list));
            let assignment = assignment(&settings, "tickwire-serve");
            let reader = match Reader::new(&settings.kafka, &assignment, start_at) {
                Ok(reader) => reader,
                Err(error) => {
                    tracing::error!(%error, "the log cannot be read");
                    shared.health.set(Dependency::Kafka, Some(error.to_string()));
                    return;
                }
            };
            let tools = feed::Tools {
                registry: shared.registry.clone(),
                settings,
                health: shared.health.clone(),
                arbiters: shared.arbiters.clone(),
                outlets: Outlets { keeper, died, stale_after_ms },
                rounds,
                loader,
                progress,
                stop: shared.stop.clone(),
            };
            Feed::new(tools, reader).run(&deaths, &changes);
        })
    }

    fn record(
        &self,
        shared: &Arc<Shared>,
        changes: mpsc::Receiver<LogChanged>,
        progress: Arc<Progress>,
    ) -> Option<JoinHandle<()>> {
        let (shared, loader) = (shared.clone(), self.loader.clone());
        thread("recorder", move || {
            let settings = shared.settings.clone();
            let Some((runtime, writer)) = prepare_recording(&shared) else { return };
            let asked = settings.clone();
            let (starts, known) = (loader.clone(), Mutex::new(None));
            let stop = shared.stop.clone();
            // Where reading really begins is decided when the partition is opened; this place
            // only has to be one that the log has.
            let start_at: StartAt = Arc::new(move |list| {
                let mut known = known.lock();
                let stored = known.get_or_insert_with(|| recorder::stored_starts(&asked, &stop));
                let held = starts.held(list).ok();
                let start = |number: &i32| {
                    let (low, high) = held.as_ref().map_or((0, 0), |held| held.of(*number));
                    (*number, stored.get(number).copied().unwrap_or(low).clamp(low, high))
                };
                list.iter().map(start).collect()
            });
            let assignment = assignment(&settings, "tickwire-record");
            let reader = match Reader::new(&settings.kafka, &assignment, start_at) {
                Ok(reader) => reader,
                Err(error) => return tracing::error!(%error, "the log cannot be recorded"),
            };
            let tools = recorder::Tools {
                policy: shared.registry.policy,
                settings,
                health: shared.health.clone(),
                loader,
                progress,
                writer,
                stop: shared.stop.clone(),
            };
            Recorder::new(tools, reader, runtime).run(&changes);
        })
    }
}

/// Waits until the hub stops: a server that does not answer must not keep it from that.
async fn until_stopped(stop: &AtomicBool) {
    while !stop.load(Ordering::Acquire) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Lets go of what is older than the settings keep, once an hour, where the server does not.
fn forget_old(shared: &Shared) -> Option<JoinHandle<()>> {
    let database = shared.settings.database.clone();
    let stop = shared.stop.clone();
    if database.keep_days == 0 {
        return None;
    }
    thread("forgetting", move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = match runtime {
            Ok(runtime) => runtime,
            Err(error) => return tracing::error!(%error, "the runtime of forgetting"),
        };
        let mut next = Instant::now() + FORGET_FIRST_AFTER;
        while !stop.load(Ordering::Acquire) {
            std::thread::sleep(Duration::from_millis(200));
            if next <= Instant::now() {
                next = Instant::now() + FORGET_EVERY;
                let dropped = runtime.block_on(async {
                    tokio::select! {
                        dropped = store::drop_old(&database) => dropped,
                        () = until_stopped(&stop) => Ok(()),
                    }
                });
                if let Err(error) = dropped {
                    tracing::warn!(%error, "what is too old stays for another hour");
                }
            }
        }
    })
}

/// Keeps the cache warm, where there is one.
fn warm(shared: &Shared) -> Option<JoinHandle<()>> {
    let cacher = Cacher {
        registry: shared.registry.clone(),
        health: shared.health.clone(),
        cache: shared.cache.clone()?,
        every: Duration::from_millis(shared.settings.redis.write_every_ms),
        again_after: Duration::from_secs(shared.settings.redis.keep_s / 2),
        stop: shared.stop.clone(),
    };
    thread("cacher", move || {
        // The connection is shared with the server and may be made here: it must go on between rounds.
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        match runtime.worker_threads(1).enable_all().build() {
            Ok(runtime) => cacher.run(&runtime),
            Err(error) => tracing::error!(%error, "the cacher's runtime"),
        }
    })
}

/// Migrates, tried until the database does it; none where the hub stops first.
fn prepare_recording(shared: &Shared) -> Option<(Runtime, Writer)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime =
        runtime.inspect_err(|error| tracing::error!(%error, "the recorder's runtime")).ok()?;
    while !shared.stop.load(Ordering::Acquire) {
        let migrated = runtime.block_on(async {
            tokio::select! {
                migrated = store::migrate(&shared.settings.database) => Some(migrated),
                () = until_stopped(&shared.stop) => None,
            }
        });
        match migrated? {
            Ok(_) => {
                let writer = Writer::new(&shared.settings.kafka);
                let fault = |error: &kafka::KafkaError| tracing::error!(%error, "writing bars");
                return writer.inspect_err(fault).ok().map(|writer| (runtime, writer));
            }
            Err(error) => {
                shared.health.set(Dependency::Recorder, Some(error.to_string()));
                std::thread::sleep(AGAIN_AFTER);
            }
        }
    }
    None
}

fn assignment(settings: &Settings, group: &str) -> Assignment {
    if settings.kafka.embedded {
        return Assignment::All;
    }
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let member = format!("{}-{}", host.trim(), settings.http.bind);
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' };
    Assignment::Group { group: group.to_owned(), member: member.chars().map(plain).collect() }
}

/// A thread that the hub cannot do without: where it panics, the process ends, and whoever
/// supervises it starts it again from what is saved.
fn thread(name: &str, work: impl FnOnce() + Send + 'static) -> Option<JoinHandle<()>> {
    let its_name = name.to_owned();
    let guarded = move || {
        if std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).is_err() {
            tracing::error!(thread = its_name, "a thread panicked: the hub ends");
            std::process::exit(1);
        }
    };
    let spawned = std::thread::Builder::new().name(name.to_owned()).spawn(guarded);
    spawned.inspect_err(|error| tracing::error!(%error, name, "a thread cannot be started")).ok()
}
