//! What a partition starts with: its saved markets, and whether the log is still the one they
//! stand for.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use crate::actors::symbol::{Place, epoch_base};
use crate::domain::market::{Instrument, KeptTrade, Market, Nanos, Policy};
use crate::feeds::kafka::{
    Identity, KafkaError, PARTITIONS, PartitionStates, SavedParts, StateReader,
};
use crate::wire::saved::{self, LogId, SavedMarket};

const AGAIN_AFTER: Duration = Duration::from_secs(1);
/// Brokers that do not tell their ids in this time count as away.
const LOOK_TIMEOUT: Duration = Duration::from_secs(3);

/// A partition as it starts.
pub struct Loaded {
    /// The log it is in.
    pub log: LogId,
    /// The first record to read.
    pub start: i64,
    /// Append time of the record before it, where that was read.
    pub ts_append: Option<Nanos>,
    /// The log's end now.
    pub end: i64,
    /// Its markets.
    pub markets: Vec<(Instrument, Market, Place)>,
    /// Instruments whose saved state cannot be read.
    pub unreadable: Vec<Instrument>,
    /// Why what was saved is not continued, where it is not.
    pub broken: Option<&'static str>,
}

/// A log, and first position held and the one after the last of some of its partitions.
#[derive(Clone, Debug)]
pub struct HeldLog {
    /// Which log it is.
    pub log: LogId,
    ranges: BTreeMap<i32, (i64, i64)>,
}

impl HeldLog {
    /// The range of a partition; an empty one at 0 for those that were not asked for.
    #[must_use]
    pub fn of(&self, partition: i32) -> (i64, i64) {
        self.ranges.get(&partition).copied().unwrap_or_default()
    }
}

/// Reads saved state and asks for the log's identity.
pub struct Loader {
    identity: Identity,
    states: Mutex<StateReader>,
    log: Mutex<LogId>,
    loaded: Mutex<BTreeMap<i32, Loaded>>,
    policy: Policy,
    stop: Arc<AtomicBool>,
}

impl Loader {
    /// A loader; the log's identity is known from here on.
    ///
    /// # Errors
    ///
    /// [`KafkaError`] where the brokers do not answer.
    pub fn new(
        identity: Identity,
        states: StateReader,
        policy: Policy,
        stop: Arc<AtomicBool>,
    ) -> Result<Self, KafkaError> {
        let log = Mutex::new(identity.current()?);
        let loaded = Mutex::default();
        Ok(Self { identity, states: Mutex::new(states), log, loaded, policy, stop })
    }

    /// The log as last seen.
    #[must_use]
    pub fn log(&self) -> LogId {
        self.log.lock().clone()
    }

    /// The log's topic id as last seen.
    #[must_use]
    pub fn topic_id(&self) -> String {
        self.log.lock().topic_id.clone()
    }

    /// Asks which log it is now; true where it is another than before.
    ///
    /// # Errors
    ///
    /// [`KafkaError`] where the brokers do not answer.
    pub fn look(&self) -> Result<bool, KafkaError> {
        let now = self.identity.current_within(LOOK_TIMEOUT)?;
        let mut log = self.log.lock();
        let changed = *log != now;
        *log = now;
        Ok(changed)
    }

    /// Which log it is now, and what it holds of partitions.
    ///
    /// # Errors
    ///
    /// [`KafkaError`] where the brokers do not answer.
    pub fn held(&self, partitions: &[i32]) -> Result<HeldLog, KafkaError> {
        loop {
            let log = self.identity.current()?;
            let ranges = partitions
                .iter()
                .map(|number| Ok((*number, self.identity.range(*number)?)))
                .collect::<Result<_, KafkaError>>()?;
            // Ranges of one log must not be taken for another's that came in between.
            if self.identity.current()? == log {
                return Ok(HeldLog { log, ranges });
            }
        }
    }

    /// The first position held; 0 where the brokers do not answer.
    #[must_use]
    pub fn log_start(&self, partition: i32) -> i64 {
        self.identity.range(partition).map_or(0, |(low, _)| low)
    }

    /// The positions after the last of the log's partitions; none where the brokers do not answer.
    #[must_use]
    pub fn log_ends(&self) -> Option<BTreeMap<i32, i64>> {
        self.identity.ends(0..PARTITIONS, LOOK_TIMEOUT).ok()
    }

    /// Loads partitions and tells where reading of each starts; asks again until it is told.
    pub fn starts_of(&self, partitions: &[i32]) -> BTreeMap<i32, i64> {
        loop {
            match self.load(partitions) {
                Ok(loaded) => {
                    let starts = loaded.iter().map(|(number, one)| (*number, one.start)).collect();
                    self.loaded.lock().extend(loaded);
                    return starts;
                }
                Err(_) if self.stop.load(Ordering::Acquire) => return BTreeMap::new(),
                Err(error) => {
                    tracing::warn!(%error, "loading saved state");
                    std::thread::sleep(AGAIN_AFTER);
                }
            }
        }
    }

    /// A partition that was loaded.
    #[must_use]
    pub fn take(&self, partition: i32) -> Option<Loaded> {
        self.loaded.lock().remove(&partition)
    }

    /// One market as it was last saved.
    #[must_use]
    pub fn saved_market(&self, partition: i32, name: &Instrument) -> Option<(Market, Place)> {
        let mut states = loop {
            match self.states.lock().read(&[partition]) {
                Ok(mut states) => break states.remove(&partition)?,
                Err(_) if self.stop.load(Ordering::Acquire) => return None,
                Err(error) => tracing::warn!(%error, "loading one market"),
            }
            std::thread::sleep(AGAIN_AFTER);
        };
        let log = self.log();
        states.position.filter(|position| position.log == log)?;
        market_of(&states.markets.remove(name.as_str())?, partition)
    }

    fn load(&self, partitions: &[i32]) -> Result<BTreeMap<i32, Loaded>, KafkaError> {
        let states = self.states.lock().read(partitions)?;
        let held = self.held(partitions)?;
        states
            .into_iter()
            .map(|(number, states)| Ok((number, self.judge(&held, number, states)?)))
            .collect()
    }

    /// Why a partition is not continued from where it was read to; none where it is.
    ///
    /// # Errors
    ///
    /// [`KafkaError`] where the brokers do not answer.
    pub fn break_of(
        &self,
        held: &HeldLog,
        partition: i32,
        (log, next_offset, ts_append): (&LogId, i64, Option<Nanos>),
    ) -> Result<Option<&'static str>, KafkaError> {
        let (low, high) = held.of(partition);
        if *log != held.log {
            return Ok(Some("another log"));
        }
        if next_offset < low {
            return Ok(Some("records were gone before they were read"));
        }
        if high < next_offset {
            return Ok(Some("the log is shorter than before"));
        }
        // The same ids on a log that was restored from elsewhere.
        if let Some(known) = ts_append.filter(|_| low < next_offset) {
            let found = self.identity.append_time(partition, next_offset - 1)?;
            if found.is_some_and(|found| found != known) {
                return Ok(Some("the last record was appended at another time"));
            }
        }
        Ok(None)
    }

    /// Whether the log is still the one that a partition's saved markets stand for.
    fn judge(
        &self,
        held: &HeldLog,
        partition: i32,
        states: PartitionStates,
    ) -> Result<Loaded, KafkaError> {
        let ((low, high), log) = (held.of(partition), &held.log);
        let PartitionStates { position, markets } = states;
        let mut loaded = Loaded {
            log: log.clone(),
            start: low,
            ts_append: None,
            end: high,
            markets: Vec::new(),
            unreadable: Vec::new(),
            broken: None,
        };
        let Some(position) = position else { return Ok(loaded) };
        let read_to = (&position.log, position.next_offset, position.ts_append);
        loaded.broken = self.break_of(held, partition, read_to)?;
        if loaded.broken.is_none() {
            loaded.start = position.next_offset;
            loaded.ts_append = position.ts_append;
        }
        for (name, parts) in markets {
            let Ok(name) = Instrument::parse(&name) else { continue };
            let Some((mut market, mut place)) = market_of(&parts, partition) else {
                tracing::warn!(instrument = %name, "its saved state cannot be read: the log is folded again");
                (loaded.start, loaded.ts_append) = (low, None);
                loaded.unreadable.push(name);
                continue;
            };
            if loaded.broken.is_some() {
                let base = epoch_base(&log.topic_id, partition, low);
                market.begin_epoch(&base, &self.policy);
                place.offset = low - 1;
            }
            loaded.markets.push((name, market, place));
        }
        Ok(loaded)
    }
}

fn market_of(parts: &SavedParts, partition: i32) -> Option<(Market, Place)> {
    let saved: SavedMarket = saved::decode(&parts.core).ok()?;
    let mut kept: Vec<KeptTrade> = Vec::new();
    for part in &saved.trade_minutes {
        let minute: Vec<KeptTrade> = saved::decode(parts.minutes.get(part)?).ok()?;
        kept.extend(minute);
    }
    let mut market = saved.market;
    market.restore_kept(kept);
    let named = |part: &&(i64, u64)| saved.trade_minutes.contains(part);
    let orphans = parts.minutes.keys().filter(|part| !named(part)).copied().collect();
    let place = Place {
        partition,
        offset: saved.offset,
        saved: (parts.generation, saved.trade_minutes),
        orphans,
    };
    Some((market, place))
}
