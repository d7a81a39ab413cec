//! Where the recorder stands in each partition, and how it begins there.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::fold::SavedFold;
use super::{Fault, Stretch};
use crate::actors::symbol::epoch_base;
use crate::config;
use crate::domain::market::{Instrument, Market, Nanos};
use crate::feeds::kafka::{MARKET_TOPIC, Record};
use crate::store::{Gap, Journal, Position, StoreError};
use crate::wire::saved::{self, LogId};

/// One partition's place.
#[derive(Clone, Debug)]
pub(super) struct Stand {
    /// The log it is in; positions are of this one, whatever the topic's id is by now.
    log: LogId,
    /// The first record not read yet.
    pub(super) read: i64,
    /// The first record whose rows are not stored.
    pub(super) written: i64,
    /// The first record that is not in every stored state.
    folded: i64,
    pub(super) ts_append: Option<Nanos>,
    /// As last stored: (written, folded).
    at_store: Option<(i64, i64)>,
    pending: Option<(i64, i64)>,
    /// The database's own `next_offset`; none where it has none.
    stored: Option<i64>,
}

impl Stand {
    fn new(
        log: LogId,
        read: i64,
        written: i64,
        ts_append: Option<Nanos>,
        stored: Option<i64>,
    ) -> Self {
        let (at_store, pending) = (None, None);
        Self { log, read, written, folded: read, ts_append, at_store, pending, stored }
    }

    /// The position of the coming transaction; none where it is stored already.
    pub(super) fn position_to_store(&mut self, partition: i32, states: bool) -> Option<Position> {
        // While records are folded again that are written already, only their states move.
        let written = self.read.max(self.written);
        let folded = if states { self.read } else { self.folded };
        if self.at_store == Some((written, folded)) {
            return None;
        }
        self.pending = Some((written, folded));
        Some(Position {
            partition,
            log: self.log.clone(),
            next_offset: written,
            fold_offset: folded,
            ts_append: self.ts_append,
            stored: self.stored,
        })
    }

    /// The transaction is committed.
    pub(super) fn stored(&mut self) {
        if let Some((written, folded)) = self.pending.take() {
            (self.written, self.folded, self.stored) = (written, folded, Some(written));
            self.at_store = Some((written, folded));
        }
    }
}

impl Stretch<'_> {
    /// Takes a partition with what is stored of it; returns where to read from.
    pub(super) fn open_partition(&mut self, number: i32) -> Result<i64, Fault> {
        let held = self.tools.loader.held(&[number])?;
        let ((low, high), log) = (held.of(number), held.log.clone());
        let stored = self.wait(self.journal.positions(self.topic))?;
        let stored = stored.into_iter().find(|position| position.partition == number);
        let states = self.wait(self.journal.states(self.topic, number))?;
        self.folds.retain(|_, fold| fold.partition != number);
        let Some(stored) = stored else {
            self.stands.insert(number, Stand::new(log, low, low, None, None));
            return Ok(low);
        };
        let read_to = (&stored.log, stored.next_offset, stored.ts_append);
        let broken = self.tools.loader.break_of(&held, number, read_to)?;
        let mut start = if broken.is_some() { low } else { stored.fold_offset };
        let mut names = Vec::new();
        for row in states {
            let Ok(name) = Instrument::parse(&row.instrument) else { continue };
            match saved::decode::<SavedFold>(&row.state) {
                Ok(state) => {
                    let key = name.as_str().as_bytes();
                    self.meet(key, Market::new(""), number, row.fold_offset)?;
                    if let Some(fold) = self.folds.get_mut(key) {
                        fold.restore(state);
                        if broken.is_some() {
                            let base = epoch_base(&log.topic_id, number, low);
                            fold.market.begin_epoch(&base, &self.tools.policy);
                            fold.offset = low - 1;
                            fold.unsaved = true;
                        }
                    }
                    names.push(name);
                }
                Err(error) => {
                    tracing::warn!(%error, instrument = %name, "its stored state cannot be read: the log is folded again");
                    start = low;
                }
            }
        }
        // Records before what the log still holds cannot be folded again.
        start = start.max(low);
        let written = if broken.is_some() { low } else { stored.next_offset };
        let at = Some(stored.next_offset);
        self.stands.insert(number, Stand::new(log, start, written, stored.ts_append, at));
        if let Some(reason) = broken {
            self.note_gap(&names, stored.ts_append, reason)?;
        }
        tracing::debug!(partition = number, from = start, written, high, "recording a partition");
        Ok(start)
    }

    /// Stores that something is missing from the last record known until now.
    fn note_gap(
        &mut self,
        names: &[Instrument],
        since: Option<Nanos>,
        reason: &str,
    ) -> Result<(), Fault> {
        tracing::warn!(reason, "recording has a gap");
        let now = jiff::Timestamp::now().as_nanosecond();
        let now = Nanos::try_from(now).unwrap_or(Nanos::MAX);
        let mut gaps: Vec<Gap> = names
            .iter()
            .map(|name| {
                let fold = self.folds.get(name.as_str().as_bytes());
                let last = fold.and_then(|fold| fold.market.clock().greatest());
                Gap {
                    instrument: name.as_str().to_owned(),
                    from: last.or(since).unwrap_or(now).min(now),
                    to: now,
                    reason: reason.to_owned(),
                }
            })
            .collect();
        if gaps.is_empty() {
            let from = since.unwrap_or(now).min(now);
            gaps.push(Gap { instrument: "*".into(), from, to: now, reason: reason.to_owned() });
        }
        self.gaps.extend(gaps.iter().cloned());
        self.batch.gaps.extend(gaps);
        self.commit(true)
    }

    /// Stores that a record is missing, from its instrument's last event until it was appended.
    pub(super) fn note_missing(&mut self, record: &Record<'_>) {
        let Some(key) = record.key.and_then(|key| std::str::from_utf8(key).ok()) else { return };
        let fold = self.folds.get(key.as_bytes());
        let last = fold.and_then(|fold| fold.market.clock().greatest());
        let (Some(from), Some(to)) = (last.or(record.ts_append), record.ts_append.or(last)) else {
            return;
        };
        let gap = Gap {
            instrument: key.to_owned(),
            from: from.min(to),
            to: from.max(to),
            reason: "a record could not be folded".into(),
        };
        self.gaps.push(gap.clone());
        self.batch.gaps.push(gap);
    }

    /// The next record is not there.
    pub(super) fn find_place(&mut self, number: i32) -> Result<i64, Fault> {
        let held = self.tools.loader.held(&[number])?;
        let (low, high) = held.of(number);
        match self.stands.get(&number) {
            Some(stand) if stand.log == held.log && (low..=high).contains(&stand.read) => {
                Ok(stand.read)
            }
            _ => self.open_partition(number),
        }
    }

    pub(super) fn close_partitions(&mut self, list: &[i32]) {
        self.stands.retain(|number, _| !list.contains(number));
        list.iter().for_each(|number| self.tools.progress.leave(*number));
        self.folds.retain(|_, fold| !list.contains(&fold.partition));
    }
}

/// Where the database says that each partition is to be read from; tried until it answers.
pub fn stored_starts(settings: &config::Settings, stop: &AtomicBool) -> BTreeMap<i32, i64> {
    const AGAIN_AFTER: Duration = Duration::from_secs(1);
    let topic = settings.kafka.topic(MARKET_TOPIC);
    let ask = || -> Result<Vec<Position>, StoreError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| StoreError::Pool(error.to_string()))?;
        runtime.block_on(async {
            let journal = Journal::open(&settings.database).await?;
            journal.positions(&topic).await
        })
    };
    loop {
        match ask() {
            Ok(positions) => {
                let start = |at: Position| (at.partition, at.fold_offset);
                return positions.into_iter().map(start).collect();
            }
            Err(_) if stop.load(Ordering::Acquire) => return BTreeMap::new(),
            Err(error) => {
                tracing::warn!(%error, "asking where recording stands");
                std::thread::sleep(AGAIN_AFTER);
            }
        }
    }
}
