//! Writes history from its own reading of the log.
//!
//! A thread of its own, in its own consumer group: the database's speed never reaches a screen.
//! It folds with the same pure code as the symbols. Rows, bars, positions and now and then the
//! fold's state go into one transaction; after a fault it forgets what it has in memory and goes
//! on from what is stored, so that nothing is lost or doubled.

mod fold;
mod partition;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

use self::fold::Fold;
use self::partition::Stand;
pub use self::partition::stored_starts;
use super::feed::{Loader, LogChanged};
use super::health::{Dependency, Health};
use super::progress::Progress;
use super::symbol::epoch_base;
use crate::config::Settings;
use crate::domain::market::{Event, INTERVALS, Market, Moment, Nanos, Policy, SECOND_NS};
use crate::feeds::kafka::{
    BARS_TOPIC, Happening, KafkaError, Letter, MARKET_TOPIC, Reader, Record, Writer,
};
use crate::store::{Batch, Gap, Journal, LateTrade, Recomputed, Repair, StateRow, StoreError};
use crate::telemetry::{RoleLabel, metrics};
use crate::wire::{ingest, rest, saved, time};

const RECORDS_A_POLL: usize = 2_000;
const POLL_WAIT: Duration = Duration::from_millis(20);
const STATES_EVERY: Duration = Duration::from_secs(5);
const SEND_PATIENCE: Duration = Duration::from_secs(10);
const RECORD: RoleLabel = RoleLabel { role: "record" };
/// Bars recomputed in one transaction, and the time that they hold together where they are several:
/// history of many minutes that comes at once is repaired in steps, so that what else is recorded
/// does not wait for it, and no statement has to read more than a long bar asks for anyway.
const REPAIRS_A_PAGE: usize = 500;
const REPAIRED_A_PAGE: Nanos = 86_400 * SECOND_NS;
/// Between two tries to reach a database that is away: doubled from the first to the last.
const TRY_AGAIN: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));

/// Why a stretch of recording ended.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Kafka(#[from] KafkaError),
    #[error("folding record {offset} of partition {partition} panicked; it is put aside")]
    Panicked { partition: i32, offset: i64 },
}

/// What the recorder works with.
pub struct Tools {
    /// All settings.
    pub settings: Settings,
    /// The tolerances of the market.
    pub policy: Policy,
    /// The hub's condition.
    pub health: Arc<Health>,
    /// The log's identity.
    pub loader: Arc<Loader>,
    /// How far it has come.
    pub progress: Arc<Progress>,
    /// For bars that others read.
    pub writer: Writer,
    /// Set when the hub stops.
    pub stop: Arc<AtomicBool>,
}

/// The recorder.
pub struct Recorder {
    tools: Tools,
    reader: Reader,
    runtime: Runtime,
    topic: String,
    assigned: BTreeSet<i32>,
    /// Records whose folding panicked; the serving role dead-letters them.
    quarantined: BTreeSet<(i32, i64)>,
}

/// One stretch of recording, from a working connection to the next fault.
struct Stretch<'a> {
    tools: &'a Tools,
    runtime: &'a Runtime,
    topic: &'a str,
    quarantined: &'a BTreeSet<(i32, i64)>,
    journal: Journal,
    folds: HashMap<Box<[u8]>, Fold, foldhash::fast::RandomState>,
    stands: BTreeMap<i32, Stand>,
    repairs: BTreeSet<Repair>,
    /// The last transaction left repairs that are due.
    more_is_due: bool,
    gaps: Vec<Gap>,
    batch: Batch,
    /// Bars for other readers: instrument, JSON.
    letters: Vec<(String, String)>,
    bytes: usize,
    events: Vec<Event>,
    states_at: Instant,
}

impl Recorder {
    /// A recorder on this reader.
    #[must_use]
    pub fn new(tools: Tools, reader: Reader, runtime: Runtime) -> Self {
        let topic = tools.settings.kafka.topic(MARKET_TOPIC);
        let (assigned, quarantined) = (BTreeSet::new(), BTreeSet::new());
        Self { tools, reader, runtime, topic, assigned, quarantined }
    }

    /// Works until told to stop.
    pub fn run(mut self, changed: &Receiver<LogChanged>) {
        let mut again = TRY_AGAIN.0;
        while !self.tools.stop.load(Ordering::Acquire) {
            let began = Instant::now();
            let Err(fault) = self.record(changed) else { continue };
            if let Fault::Panicked { partition, offset } = fault {
                metrics().recorder_panics.inc();
                self.quarantined.insert((partition, offset));
            }
            metrics().recorder_failures.inc();
            tracing::debug!(%fault, again_ms = again.as_millis(), "recording stopped and is tried again");
            self.tools.health.set(Dependency::Recorder, Some(fault.to_string()));
            if TRY_AGAIN.1 * 2 < began.elapsed() {
                again = TRY_AGAIN.0;
            }
            self.rest(again);
            again = (again * 2).min(TRY_AGAIN.1);
        }
    }

    /// Waits without leaving the group: a paused reader is still polled.
    fn rest(&mut self, pause: Duration) {
        let until = Instant::now() + pause;
        self.reader.pause(true);
        while Instant::now() < until && !self.tools.stop.load(Ordering::Acquire) {
            self.reader.poll(1, POLL_WAIT, |_| {});
            while let Some(happening) = self.reader.next_happening() {
                self.note_assignment(&happening);
            }
        }
        self.reader.pause(false);
    }

    fn note_assignment(&mut self, happening: &Happening) {
        match happening {
            Happening::Assigned(list) => self.assigned.extend(list),
            Happening::Revoked(list) | Happening::Lost(list) => {
                self.assigned.retain(|number| !list.contains(number));
            }
            Happening::OutOfRange(_) => {}
        }
    }

    fn record(&mut self, changed: &Receiver<LogChanged>) -> Result<(), Fault> {
        let journal = wait(
            &self.runtime,
            &self.tools.settings,
            Journal::open(&self.tools.settings.database),
        )?;
        let repairs =
            wait(&self.runtime, &self.tools.settings, journal.repairs())?.into_iter().collect();
        let gaps = wait(&self.runtime, &self.tools.settings, journal.gaps())?;
        let mut stretch = Stretch {
            tools: &self.tools,
            runtime: &self.runtime,
            topic: &self.topic,
            quarantined: &self.quarantined,
            journal,
            folds: HashMap::default(),
            stands: BTreeMap::new(),
            repairs,
            more_is_due: false,
            gaps,
            batch: Batch::default(),
            letters: Vec::new(),
            bytes: 0,
            events: Vec::new(),
            states_at: Instant::now(),
        };
        for partition in &self.assigned {
            let start = stretch.open_partition(*partition)?;
            self.reader.seek(*partition, start)?;
        }
        if self.assigned.is_empty() {
            self.tools.health.set(Dependency::Recorder, None);
        }
        let limits = &self.tools.settings.limits;
        let batch_time = Duration::from_millis(limits.record_batch_ms);
        let mut begun = Instant::now();
        while !self.tools.stop.load(Ordering::Acquire) {
            while let Some(happening) = self.reader.next_happening() {
                match happening {
                    Happening::Assigned(list) => {
                        self.assigned.extend(&list);
                        for partition in list {
                            let start = stretch.open_partition(partition)?;
                            self.reader.seek(partition, start)?;
                        }
                    }
                    Happening::Revoked(list) | Happening::Lost(list) => {
                        // Of lost partitions too: whoever has them now waits for the positions'
                        // rows, and finds them as this transaction leaves them.
                        self.assigned.retain(|number| !list.contains(number));
                        stretch.commit(true)?;
                        stretch.close_partitions(&list);
                    }
                    Happening::OutOfRange(partition) => {
                        stretch.commit(true)?;
                        let start = stretch.find_place(partition)?;
                        self.reader.seek(partition, start)?;
                    }
                }
            }
            if changed.try_iter().count() != 0 {
                stretch.commit(true)?;
                for partition in &self.assigned {
                    let start = stretch.open_partition(*partition)?;
                    self.reader.seek(*partition, start)?;
                }
            }
            let mut fault = Ok(());
            self.reader.poll(RECORDS_A_POLL, POLL_WAIT, |record| {
                if fault.is_ok() {
                    fault = stretch.take(&record);
                }
            });
            fault?;
            let full = limits.record_batch_bytes_max <= stretch.bytes;
            if full || batch_time <= begun.elapsed() {
                begun = Instant::now();
                let states = STATES_EVERY <= stretch.states_at.elapsed();
                stretch.commit(states)?;
            }
        }
        stretch.commit(true)?;
        Ok(())
    }
}

/// Waits for the database, but not for ever: a connection may be half open.
fn wait<T>(
    runtime: &Runtime,
    settings: &Settings,
    work: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let limit_ms = settings.database.write_timeout_ms + 1_000;
    let limited = async { tokio::time::timeout(Duration::from_millis(limit_ms), work).await };
    runtime.block_on(limited).map_err(|_| StoreError::Timeout(limit_ms))?
}

impl Stretch<'_> {
    fn wait<T>(&self, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        wait(self.runtime, &self.tools.settings, work)
    }

    /// Folds a record and gathers its rows.
    fn take(&mut self, record: &Record<'_>) -> Result<(), Fault> {
        let Some(stand) = self.stands.get_mut(&record.partition) else { return Ok(()) };
        if record.offset < stand.read {
            return Ok(());
        }
        metrics().records.get_or_create(&RECORD).inc();
        stand.read = record.offset + 1;
        let fresh = stand.written <= record.offset;
        if fresh {
            stand.ts_append = record.ts_append;
        }
        if self.quarantined.contains(&(record.partition, record.offset)) {
            if fresh {
                self.note_missing(record);
            }
            return Ok(());
        }
        self.events.clear();
        let key = record.key.unwrap_or_default();
        // What cannot be understood is the serving role's to dead-letter.
        if ingest::decode(record.key, record.content_type, record.value, &mut self.events).is_err()
        {
            return Ok(());
        }
        if !self.folds.contains_key(key) {
            let base = epoch_base(&self.tools.loader.topic_id(), record.partition, record.offset);
            self.meet(key, Market::new(&base), record.partition, record.offset - 1)?;
        }
        let Some(fold) = self.folds.get_mut(key) else { return Ok(()) };
        if fold.partition != record.partition {
            let base = epoch_base(&self.tools.loader.topic_id(), record.partition, record.offset);
            fold.market.begin_epoch(&base, &self.tools.policy);
            fold.partition = record.partition;
        } else if record.offset <= fold.offset {
            return Ok(());
        }
        self.bytes += record.value.len();
        metrics().recorder_batch_bytes.set(i64::try_from(self.bytes).unwrap_or(i64::MAX));
        let moment = Moment { ts_append: record.ts_append, by_hub: record.by_hub };
        let rows = fresh.then_some((&mut self.batch, &mut self.letters));
        let (events, policy, gaps) = (&self.events, &self.tools.policy, &self.gaps);
        let work = AssertUnwindSafe(|| fold.take(events, moment, policy, rows, gaps));
        if catch_unwind(work).is_err() {
            // What is half folded is forgotten with the stretch.
            let (partition, offset) = (record.partition, record.offset);
            return Err(Fault::Panicked { partition, offset });
        }
        fold.offset = record.offset;
        Ok(())
    }

    fn meet(
        &mut self,
        key: &[u8],
        market: Market,
        partition: i32,
        offset: i64,
    ) -> Result<(), Fault> {
        let Some(name) =
            std::str::from_utf8(key).ok().and_then(|key| key.to_owned().try_into().ok())
        else {
            return Ok(());
        };
        let id = self.wait(self.journal.instrument_id(&name))?;
        self.folds.insert(key.into(), Fold::new(name, id, market, partition, offset));
        Ok(())
    }

    /// Stores what was gathered, and the states of all folds where `states`.
    fn commit(&mut self, states: bool) -> Result<(), Fault> {
        if states {
            self.states_at = Instant::now();
            for fold in self.folds.values_mut().filter(|fold| fold.unsaved) {
                fold.unsaved = false;
                self.batch.states.push(StateRow {
                    instrument: fold.name.as_str().to_owned(),
                    partition: fold.partition,
                    fold_offset: fold.offset,
                    state: saved::encode(&fold.to_saved()).unwrap_or_default(),
                });
            }
        }
        for (number, stand) in &mut self.stands {
            if let Some(position) = stand.position_to_store(*number, states) {
                self.batch.positions.push(position);
            }
        }
        if self.batch.positions.is_empty() && self.batch.gaps.is_empty() && !self.more_is_due {
            return Ok(());
        }
        let batch = std::mem::take(&mut self.batch);
        let letters = std::mem::take(&mut self.letters);
        self.bytes = 0;
        metrics().recorder_batch_bytes.set(0);
        self.store(&batch, &letters)?;
        // Only now it is known to write, not only to connect.
        self.tools.health.set(Dependency::Recorder, None);
        metrics().recorder_batches.inc();
        metrics().recorded_trades.inc_by(batch.trades.len() as u64);
        let rows = batch.trades.len() + batch.quotes.len() + batch.books.len() + batch.bars.len();
        metrics().recorded_rows.inc_by(rows as u64);
        if let Some(ts) = batch.positions.iter().filter_map(|position| position.ts_append).max() {
            metrics().last_recorded_ns.set(ts.unsigned_abs());
        }
        Ok(())
    }

    fn store(&mut self, batch: &Batch, letters: &[(String, String)]) -> Result<(), Fault> {
        let (runtime, settings, topic) = (self.runtime, &self.tools.settings, self.topic);
        let page = wait(runtime, settings, self.journal.begin())?;
        let late = wait(runtime, settings, page.write(topic, batch))?;
        let names: HashMap<i32, (String, Option<Nanos>)> = self
            .folds
            .values()
            .map(|fold| {
                let watermark = fold.market.clock().feed_watermark(&self.tools.policy);
                (fold.id, (fold.name.as_str().to_owned(), watermark))
            })
            .collect();
        let fresh: BTreeSet<Repair> =
            late.iter().flat_map(|late| repairs_of(late, &names)).collect();
        wait(runtime, settings, page.remember(&fresh))?;
        self.repairs.extend(fresh);
        let lateness = self.tools.policy.allowed_lateness_ns;
        let is_due = |repair: &&Repair| {
            let watermark = names.get(&repair.instrument_id).and_then(|(_, at)| *at);
            let end = repair.start + repair.interval.length_ns();
            watermark.is_some_and(|watermark| end + lateness <= watermark)
        };
        let (due, more_is_due) = page_of(self.repairs.iter().filter(is_due));
        let recomputed = wait(runtime, settings, page.recompute(&due))?;
        let topic = self.tools.settings.kafka.topic(BARS_TOPIC);
        let again = recomputed
            .iter()
            .map(|bar| (bar.repair.instrument.clone(), letter_of(bar, &self.gaps)));
        let again: Vec<(String, String)> = again.collect();
        for (key, value) in letters.iter().chain(&again) {
            let letter = Letter {
                topic: &topic,
                partition: None,
                key: Some(key.as_bytes()),
                value: Some(value.as_bytes()),
                headers: &[("content-type", "application/json")],
            };
            self.tools.writer.send(letter, SEND_PATIENCE)?;
        }
        if !letters.is_empty() || !again.is_empty() {
            self.tools.writer.flush(SEND_PATIENCE)?;
        }
        wait(runtime, settings, page.commit())?;
        metrics().recomputed_bars.inc_by(again.len() as u64);
        for repair in &due {
            self.repairs.remove(repair);
        }
        self.more_is_due = more_is_due;
        for (number, stand) in &mut self.stands {
            stand.stored();
            self.tools.progress.reach(*number, stand.written);
        }
        Ok(())
    }
}

/// The repairs of one transaction, and whether more are due.
fn page_of<'a>(due: impl Iterator<Item = &'a Repair>) -> (Vec<Repair>, bool) {
    let (mut page, mut holds) = (Vec::new(), 0);
    for repair in due {
        holds += repair.interval.length_ns();
        let is_full = REPAIRS_A_PAGE <= page.len() || REPAIRED_A_PAGE < holds;
        if is_full && !page.is_empty() {
            return (page, true);
        }
        page.push(repair.clone());
    }
    (page, false)
}

fn repairs_of(late: &LateTrade, names: &HashMap<i32, (String, Option<Nanos>)>) -> Vec<Repair> {
    let Some((name, _)) = names.get(&late.instrument_id) else { return Vec::new() };
    INTERVALS
        .into_iter()
        .map(|interval| Repair {
            instrument_id: late.instrument_id,
            instrument: name.clone(),
            interval,
            start: interval.start_of(late.ts_ns),
        })
        .collect()
}

/// A recomputed bar as others read it.
fn letter_of(bar: &Recomputed, gaps: &[Gap]) -> String {
    let start = bar.repair.start;
    let end = start + bar.repair.interval.length_ns();
    let prices = bar.prices.as_ref();
    let price = |at: usize| prices.map(|prices| prices[at].clone());
    serde_json::json!({
        "instrument": bar.repair.instrument,
        "interval": bar.repair.interval.name(),
        "start": time::rfc3339(start),
        "open": price(0), "high": price(1), "low": price(2), "close": price(3),
        "volume": bar.volume, "notional": bar.notional, "vwap": bar.vwap,
        "trades": bar.trades, "rev": bar.rev, "state": "final",
        "gap": in_gap(gaps, &bar.repair.instrument, start, end),
    })
    .to_string()
}

/// Whether recording is known to have missed something in `[start, end)`.
fn in_gap(gaps: &[Gap], instrument: &str, start: Nanos, end: Nanos) -> bool {
    gaps.iter()
        .filter(|gap| gap.instrument == instrument || gap.instrument == "*")
        .any(|gap| gap.from < end && start <= gap.to)
}

/// A published bar as others read it.
fn letter_of_published(
    name: &str,
    published: &crate::domain::market::PublishedBar,
    exps: crate::wire::data::Exps,
    gaps: &[Gap],
) -> String {
    let bar = &published.bar;
    let end = bar.start + published.interval.length_ns();
    rest::published_bar(name, published.interval, bar, exps, in_gap(gaps, name, bar.start, end))
}
