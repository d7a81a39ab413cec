//! Reads the log and hands each record to its symbol.
//!
//! A thread of its own: it decodes, groups by instrument, and never folds. It pauses the log when
//! the symbols hold too much, begins rounds of saving, rebuilds a symbol after a panic from its
//! saved state and the log, and begins a new epoch when the log is another than before.

mod batching;
mod loading;
mod partitions;
mod rebuilding;
mod watch;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use actix::ArbiterHandle;

use self::batching::{Stranger, add, add_to, bury};
pub use self::loading::{HeldLog, Loader};
use self::partitions::Partition;
pub use self::watch::{LogChanged, Watch};
use super::health::{Dependency, Health};
use super::keeper::{Errand, Round, Rounds};
use super::progress::Progress;
use super::registry::{Face, Registry, SymbolHandle};
use super::symbol::{
    Batch, BeginEpoch, Held, Nudge, Outlets, Place, Save, SymbolActor, epoch_base,
};
use crate::config::Settings;
use crate::domain::market::{Instrument, Market};
use crate::feeds::kafka::{Happening, Reader};
use crate::telemetry::{RoleLabel, metrics};
use crate::wire::saved::SavedPosition;

const RECORDS_A_POLL: usize = 4_096;
const POLL_WAIT: Duration = Duration::from_millis(5);
const LAST_ROUND: Duration = Duration::from_secs(15);
const QUIET: Duration = Duration::from_secs(3);
const SERVE: RoleLabel = RoleLabel { role: "serve" };

/// A symbol panicked at a record.
#[derive(Clone, Debug)]
pub struct Died {
    /// Whose.
    pub name: Instrument,
    /// The record it was at.
    pub partition: i32,
    /// The record it was at.
    pub offset: i64,
}

struct Known {
    name: Instrument,
    handle: SymbolHandle,
    partition: i32,
    /// Records up to this one are in its market already.
    skip_until: i64,
    unsaved: bool,
    heard: Instant,
    /// Records of this poll on their way to it.
    batch: Option<Batch>,
}

/// What the feed works with.
pub struct Tools {
    /// The directory.
    pub registry: Arc<Registry>,
    /// All settings.
    pub settings: Settings,
    /// What others see of this hub's condition.
    pub health: Arc<Health>,
    /// Where symbols live.
    pub arbiters: Vec<ArbiterHandle>,
    /// For symbols.
    pub outlets: Outlets,
    /// Rounds of saving.
    pub rounds: Arc<Rounds>,
    /// Saved state and the log's identity.
    pub loader: Arc<Loader>,
    /// How far it has come.
    pub progress: Arc<Progress>,
    /// Set when the hub stops.
    pub stop: Arc<AtomicBool>,
}

/// The feed.
pub struct Feed {
    tools: Tools,
    reader: Reader,
    known: HashMap<Box<[u8]>, Known, foldhash::fast::RandomState>,
    partitions: BTreeMap<i32, Partition>,
    touched: Vec<Box<[u8]>>,
    panicked_at: HashSet<(i32, i64)>,
    quarantined: HashSet<(i32, i64)>,
    next_arbiter: usize,
    rounds_begun: u64,
    paused: bool,
    /// Symbols whose followers are to be told once they have caught up.
    rebuilding: Vec<Instrument>,
    /// Partitions that are to be read from another place.
    unplaced: BTreeSet<i32>,
    /// Partitions whose range the brokers did not tell, or where reading could not be placed.
    unfound: BTreeSet<i32>,
    /// Partitions that are to begin anew, but whose range the brokers did not tell.
    unbegun: BTreeSet<i32>,
    /// Partitions that may be another reader's. What they hold is shown as it was last known, but not
    /// saved, until they come back or this hub learns that another has gone on with them.
    lost: BTreeSet<i32>,
    /// Since when the brokers are heard though partitions are lost.
    lost_since: Option<Instant>,
    /// Polls in a row that brought nothing.
    empty_since: Option<Instant>,
}

impl Feed {
    /// A feed on this reader.
    #[must_use]
    pub fn new(tools: Tools, reader: Reader) -> Self {
        Self {
            tools,
            reader,
            known: HashMap::default(),
            partitions: BTreeMap::new(),
            touched: Vec::new(),
            panicked_at: HashSet::new(),
            quarantined: HashSet::new(),
            next_arbiter: 0,
            rounds_begun: 0,
            paused: false,
            rebuilding: Vec::new(),
            unplaced: BTreeSet::new(),
            unfound: BTreeSet::new(),
            unbegun: BTreeSet::new(),
            lost: BTreeSet::new(),
            lost_since: None,
            empty_since: None,
        }
    }

    /// Works until told to stop, then saves once more.
    pub fn run(mut self, died: &Receiver<Died>, changed: &Receiver<LogChanged>) {
        let save_every = Duration::from_millis(self.tools.settings.kafka.save_every_ms);
        let (mut saved_at, mut second) = (Instant::now(), Instant::now());
        while !self.tools.stop.load(Ordering::Acquire) {
            while let Some(happening) = self.reader.next_happening() {
                self.take_happening(happening);
            }
            died.try_iter().for_each(|died| self.rebuild(&died));
            if changed.try_iter().count() != 0 {
                // The numbers are of other records now.
                self.quarantined.clear();
                self.panicked_at.clear();
                self.begin_log();
            }
            self.press_back();
            self.place();
            self.poll();
            self.report();
            if !self.rebuilding.is_empty() {
                self.bring_followers_back();
            }
            if save_every <= saved_at.elapsed() && !self.tools.rounds.open.load(Ordering::Acquire) {
                saved_at = Instant::now();
                self.begin_round();
            }
            if Duration::from_secs(1) <= second.elapsed() {
                second = Instant::now();
                self.look_after_silence();
                self.ask_again();
                self.let_go_of_lost();
            }
        }
        self.save_now(LAST_ROUND);
    }

    fn poll(&mut self) {
        let Self { tools, reader, known, partitions, touched, quarantined, .. } = self;
        let mut strangers: Vec<Stranger> = Vec::new();
        let (now, mut bytes) = (Instant::now(), 0);
        let taken = reader.poll(RECORDS_A_POLL, POLL_WAIT, |record| {
            bytes += record.value.len() as u64;
            let Some(partition) = partitions.get_mut(&record.partition) else { return };
            if !partition.pass(&record) {
                return;
            }
            let at = (record.partition, record.offset);
            let key = record.key.unwrap_or_default();
            if quarantined.contains(&at) {
                bury(&tools.outlets.keeper, &record, "panicked");
            } else if let Some(symbol) = known.get_mut(key)
                && symbol.partition == record.partition
                // A stranger of this poll is not folded before its first record is.
                && strangers.iter().all(|stranger| *stranger.key != *key)
            {
                if record.offset <= symbol.skip_until {
                    return;
                }
                let first = symbol.batch.is_none();
                match add(&mut symbol.batch, &record) {
                    Ok(()) => {
                        symbol.skip_until = record.offset;
                        symbol.unsaved = true;
                        if !record.by_hub {
                            symbol.heard = now;
                        }
                        if first {
                            touched.push(key.into());
                        }
                    }
                    Err(error) => bury(&tools.outlets.keeper, &record, &error.to_string()),
                }
            } else {
                strangers.push(Stranger::of(&record));
            }
        });
        metrics().records.get_or_create(&SERVE).inc_by(taken as u64);
        metrics().record_bytes.get_or_create(&SERVE).inc_by(bytes);
        self.empty_since =
            if taken == 0 { self.empty_since.or_else(|| Some(Instant::now())) } else { None };
        self.hand_out();
        for stranger in strangers {
            self.meet(&stranger);
        }
        self.hand_out();
        for (number, partition) in &self.partitions {
            self.tools.progress.reach(*number, partition.next_offset);
        }
    }

    /// Sends each touched symbol its batch.
    fn hand_out(&mut self) {
        for key in std::mem::take(&mut self.touched) {
            let Some(symbol) = self.known.get_mut(&key) else { continue };
            if let Some(mut batch) = symbol.batch.take() {
                batch.held = Held::new(batch.raw.len() + batch.events.len() * 128);
                symbol.handle.addr.do_send(batch);
            }
        }
    }

    /// Takes a record of an instrument that is not known, or is on another partition than before.
    fn meet(&mut self, stranger: &Stranger) {
        let record = stranger.record();
        let mut batch = None;
        if let Err(error) = add(&mut batch, &record) {
            bury(&self.tools.outlets.keeper, &record, &error.to_string());
            return;
        }
        let Some(name) =
            std::str::from_utf8(&stranger.key).ok().and_then(|n| Instrument::parse(n).ok())
        else {
            return;
        };
        let base = epoch_base(&self.tools.loader.topic_id(), record.partition, record.offset);
        let moved = self.known.get_mut(&stranger.key).filter(|k| k.partition != record.partition);
        if let Some(symbol) = moved {
            metrics().misplaced_records.inc();
            tracing::warn!(
                instrument = %name, was = symbol.partition, is = record.partition,
                "an instrument turned up on a second partition and begins a new epoch"
            );
            symbol.partition = record.partition;
            symbol.skip_until = record.offset - 1;
            symbol.handle.addr.do_send(BeginEpoch {
                base: base.to_string(),
                partition: record.partition,
                after_offset: record.offset - 1,
            });
        } else if !self.known.contains_key(&stranger.key) {
            if self.tools.settings.limits.instruments_max <= self.known.len() {
                bury(&self.tools.outlets.keeper, &record, "too_many_instruments");
                return;
            }
            let place = Place {
                partition: record.partition,
                offset: record.offset - 1,
                ..Place::default()
            };
            self.start_symbol(&name, Market::new(&base), place);
        }
        let Some(symbol) = self.known.get_mut(&stranger.key) else { return };
        if record.offset <= symbol.skip_until {
            return;
        }
        symbol.skip_until = record.offset;
        symbol.unsaved = true;
        symbol.heard = Instant::now();
        match &mut symbol.batch {
            Some(batch) => {
                // The record was decoded above; it decodes the same here.
                let _again = add_to(batch, &record);
            }
            None => {
                symbol.batch = batch;
                self.touched.push(stranger.key.clone());
            }
        }
    }

    /// Starts a symbol's actor on the next thread, and waits for its address.
    fn start_symbol(&mut self, name: &Instrument, market: Market, place: Place) {
        let (partition, skip_until) = (place.partition, place.offset);
        let face = Arc::new(Face::default());
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        let arbiter = &self.tools.arbiters[self.next_arbiter % self.tools.arbiters.len()];
        self.next_arbiter += 1;
        let (registry, outlets) = (self.tools.registry.clone(), self.tools.outlets.clone());
        let (its_name, its_face) = (name.clone(), face.clone());
        arbiter.spawn_fn(move || {
            let addr =
                SymbolActor::start_here(its_name, market, place, its_face, &registry, outlets);
            // The feed waits for it.
            let _stopping = sender.send(addr);
        });
        let Ok(addr) = receiver.recv() else { return };
        let handle = SymbolHandle { addr, face };
        self.tools.registry.put(name.clone(), handle.clone());
        let key: Box<[u8]> = name.as_str().as_bytes().into();
        let known = Known {
            name: name.clone(),
            handle,
            partition,
            skip_until,
            unsaved: true,
            heard: Instant::now(),
            batch: None,
        };
        self.known.insert(key, known);
    }

    fn press_back(&mut self) {
        let folding = usize::try_from(metrics().held_bytes.get()).unwrap_or(0);
        let held = folding + self.tools.outlets.keeper.bytes_waiting();
        let limit = self.tools.settings.limits.held_bytes_max;
        if !self.paused && limit < held {
            self.paused = true;
            metrics().partitions_paused.inc();
            self.reader.pause(true);
        } else if self.paused && held < limit / 2 {
            self.paused = false;
            self.reader.pause(false);
        }
    }

    fn begin_round(&mut self) {
        // After a failed round nobody knows which markets arrived: all are saved, whole.
        let whole = self.tools.rounds.failed.swap(false, Ordering::AcqRel);
        let lost = &self.lost;
        let unsaved: Vec<&mut Known> = self
            .known
            .values_mut()
            .filter(|known| (whole || known.unsaved) && !lost.contains(&known.partition))
            .collect();
        let positions: Vec<(i32, SavedPosition)> = self
            .partitions
            .iter_mut()
            .filter(|(number, _)| !lost.contains(number))
            .filter_map(|(number, partition)| Some((*number, partition.position_to_save(whole)?)))
            .collect();
        if positions.is_empty() && unsaved.is_empty() {
            return;
        }
        self.rounds_begun += 1;
        self.tools.rounds.open.store(true, Ordering::Release);
        self.reader.hint(&positions.iter().map(|(at, pos)| (*at, pos.next_offset)).collect());
        let round = Round { number: self.rounds_begun, markets: unsaved.len(), positions };
        self.tools.outlets.keeper.send(Errand::Round(round));
        for symbol in unsaved {
            symbol.unsaved = false;
            symbol.handle.addr.do_send(Save { round: self.rounds_begun, whole });
        }
    }

    /// Ends the round under way, runs another where there is time, and waits for it.
    fn save_now(&mut self, patience: Duration) {
        let deadline = Instant::now() + patience;
        let wait = |rounds: &Rounds| {
            while rounds.open.load(Ordering::Acquire) && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(2));
            }
        };
        wait(&self.tools.rounds);
        if Instant::now() < deadline {
            self.begin_round();
            wait(&self.tools.rounds);
        }
    }

    /// Asks symbols that heard nothing for a while whether time should move on without events.
    fn look_after_silence(&mut self) {
        let idle = Duration::from_millis(self.tools.settings.market.idle_close_ms.into());
        // While the log is away, nobody knows whether the feed is silent.
        if self.tools.health.is_away(Dependency::Kafka) {
            let now = Instant::now();
            self.known.values_mut().for_each(|symbol| symbol.heard = now);
        }
        if !self.tools.health.is_serving() || self.paused {
            return;
        }
        for symbol in self.known.values().filter(|known| !self.lost.contains(&known.partition)) {
            let silence = symbol.heard.elapsed();
            if idle <= silence {
                let silence_ns = i64::try_from(silence.as_nanos()).unwrap_or(i64::MAX / 2);
                symbol.handle.addr.do_send(Nudge { silence_ns, partition: symbol.partition });
            }
        }
    }

    /// Once the log's end as it was at the start is folded, the hub can serve.
    fn report(&mut self) {
        if self.tools.health.is_serving() {
            return;
        }
        let behind: i64 = self.partitions.values().map(Partition::behind_target).sum();
        let folded = metrics().held_bytes.get() == 0;
        // The last positions of a log may hold no records, such as ends of transactions.
        let quiet = self.empty_since.is_some_and(|since| QUIET <= since.elapsed());
        if (behind == 0 || quiet) && folded && !self.partitions.is_empty() {
            tracing::info!(instruments = self.known.len(), "serving");
            self.tools.health.set_serving(true);
            metrics().serving.set(1);
        }
    }
}

impl Feed {
    fn take_happening(&mut self, happening: Happening) {
        match happening {
            Happening::Assigned(list) => self.take_partitions(&list),
            Happening::Revoked(list) => self.give_partitions(&list),
            Happening::Lost(list) => self.lose_partitions(&list),
            Happening::OutOfRange(partition) => self.find_place(partition),
        }
    }
}
