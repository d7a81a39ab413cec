//! The partitions a feed has: taken with what was saved, given back, and begun anew.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::Feed;
use super::loading::Loaded;
use crate::actors::health::Dependency;
use crate::actors::keeper::Errand;
use crate::actors::symbol::{BeginEpoch, Place, epoch_base};
use crate::domain::market::{Market, Nanos};
use crate::feeds::kafka::Record;
use crate::telemetry::metrics;
use crate::wire::saved::{LogId, SavedPosition};

/// Giving partitions back waits no longer for their state to be saved.
const GIVING_BACK_MAX: Duration = Duration::from_secs(5);
/// How long a lost partition stays on show once the brokers are heard again.
const KEPT_WHEN_LOST: Duration = Duration::from_secs(60);

/// One partition's place in the log.
#[derive(Clone, Debug)]
pub(super) struct Partition {
    /// The log it is in; positions are of this one, whatever the topic's id is by now.
    log: LogId,
    /// The first record that was never read.
    pub(super) next_offset: i64,
    /// The record read next: below `next_offset` while a symbol is rebuilt.
    pub(super) cursor: i64,
    ts_append: Option<Nanos>,
    saved_offset: Option<i64>,
    /// The log's end when the partition was taken.
    target: i64,
}

impl Partition {
    pub(super) fn starting_at(log: LogId, next_offset: i64, target: i64) -> Self {
        Self { log, next_offset, cursor: next_offset, ts_append: None, saved_offset: None, target }
    }

    /// Takes note of a record; false where it was fetched before the reader went elsewhere.
    pub(super) fn pass(&mut self, record: &Record<'_>) -> bool {
        if record.offset < self.cursor {
            return false;
        }
        self.cursor = record.offset + 1;
        if self.next_offset <= record.offset {
            self.next_offset = record.offset + 1;
            self.ts_append = record.ts_append;
        }
        true
    }

    /// The position to save; none where that is saved already or records are being read again.
    pub(super) fn position_to_save(&mut self, again: bool) -> Option<SavedPosition> {
        let saved = self.saved_offset == Some(self.next_offset) && !again;
        if saved || !self.is_caught_up() {
            return None;
        }
        self.saved_offset = Some(self.next_offset);
        Some(SavedPosition {
            log: self.log.clone(),
            next_offset: self.next_offset,
            ts_append: self.ts_append,
        })
    }

    /// Records from `from` on are to be read again, up to where reading was.
    pub(super) fn read_again(&mut self, from: i64, next_offset: i64) {
        self.cursor = from.min(self.cursor);
        self.next_offset = next_offset;
    }

    /// Whether all that was ever read is folded by those who are to have it.
    pub(super) fn is_caught_up(&self) -> bool {
        self.next_offset <= self.cursor
    }

    /// Whether the record read next is in a range, or the one that will follow it.
    fn is_within(&self, (low, high): (i64, i64)) -> bool {
        (low..=high).contains(&self.cursor)
    }

    /// Records between here and the log's end as it was when the partition was taken.
    pub(super) fn behind_target(&self) -> i64 {
        (self.target - self.cursor).max(0)
    }
}

impl Feed {
    pub(super) fn take_partitions(&mut self, list: &[i32]) {
        // What is newly assigned is not paused.
        self.paused = false;
        let known = self.known.len();
        let mut markets = BTreeMap::new();
        for number in list {
            let Some(loaded) = self.tools.loader.take(*number) else { continue };
            if self.lost.remove(number) {
                if self.is_continued(*number, &loaded) {
                    // Nobody went on with it meanwhile.
                    self.unplaced.insert(*number);
                    continue;
                }
                self.forget_partitions(&[*number]);
            }
            let mut partition = Partition::starting_at(loaded.log, loaded.start, loaded.end);
            partition.ts_append = loaded.ts_append;
            for name in loaded.unreadable {
                let from = SavedPosition {
                    log: partition.log.clone(),
                    next_offset: loaded.start,
                    ts_append: None,
                };
                let errand = Errand::Remove { partition: *number, name, from };
                self.tools.outlets.keeper.send(errand);
            }
            tracing::debug!(
                partition = number,
                from = loaded.start,
                end = loaded.end,
                markets = loaded.markets.len(),
                "took a partition"
            );
            if let Some(why) = loaded.broken {
                metrics().log_breaks.inc();
                tracing::warn!(
                    partition = number,
                    why,
                    "the log is not the one that was saved: new epochs"
                );
            }
            for (name, market, place) in loaded.markets {
                // Of an instrument that moved between two savings, the later one counts.
                let later = |(_, other): &(Market, Place)| other.saved.0 < place.saved.0;
                if markets.get(&name).is_none_or(later) {
                    markets.insert(name, (market, place));
                }
            }
            self.partitions.insert(*number, partition);
        }
        for (name, (market, place)) in markets {
            self.start_symbol(&name, market, place);
            // Sockets that were open before a rebalance follow it again.
            self.rebuilding.push(name);
        }
        let restored = self.known.len() - known;
        tracing::info!(partitions = list.len(), restored, "took partitions");
    }

    /// Gives partitions back, saved once more, so that whoever takes them begins where this ended.
    pub(super) fn give_partitions(&mut self, list: &[i32]) {
        self.save_now(GIVING_BACK_MAX);
        self.forget_partitions(list);
    }

    /// Keeps what it has of partitions that it may not have any more.
    pub(super) fn lose_partitions(&mut self, list: &[i32]) {
        tracing::warn!(partitions = list.len(), "the brokers were not heard for too long");
        self.lost.extend(list);
    }

    /// Whether nobody saved a lost partition further than it is held here, and the log still has what
    /// was read of it.
    fn is_continued(&mut self, number: i32, loaded: &Loaded) -> bool {
        let Some(held) = self.partitions.get(&number) else { return false };
        if loaded.broken.is_some()
            || held.next_offset < loaded.start
            || !loaded.unreadable.is_empty()
        {
            return false;
        }
        let read_to = (&held.log, held.next_offset, held.ts_append);
        let now = self.tools.loader.held(&[number]);
        let broken = now.and_then(|now| self.tools.loader.break_of(&now, number, read_to));
        let continued = matches!(broken, Ok(None));
        if continued {
            // Silence counts from here: what was written meanwhile is still to be read.
            let now = Instant::now();
            let of_it = self.known.values_mut().filter(|known| known.partition == number);
            of_it.for_each(|known| known.heard = now);
        }
        continued
    }

    fn forget_partitions(&mut self, list: &[i32]) {
        for number in list {
            self.partitions.remove(number);
            self.lost.remove(number);
            self.tools.progress.leave(*number);
        }
        let registry = self.tools.registry.clone();
        self.known.retain(|_, symbol| {
            let stays = !list.contains(&symbol.partition);
            if !stays {
                registry.remove(&symbol.name);
            }
            stays
        });
        let known = &self.known;
        self.rebuilding.retain(|name| known.contains_key(name.as_str().as_bytes()));
    }

    /// The log is another one: everything begins at its start, in new epochs.
    pub(super) fn begin_log(&mut self) {
        metrics().log_breaks.inc();
        tracing::warn!("the log was replaced: new epochs");
        // Partitions that were taken since are in the new log already.
        let log = self.tools.loader.log();
        let old = self.partitions.iter().filter(|(number, partition)| {
            // Lost ones are compared with it when they come back.
            partition.log != log && !self.lost.contains(number)
        });
        for number in old.map(|(number, _)| *number).collect::<Vec<_>>() {
            self.begin_partition(number);
        }
    }

    /// The next record is not there: where the log begins later now, a new epoch does too.
    pub(super) fn find_place(&mut self, number: i32) {
        let Some(partition) = self.partitions.get(&number) else { return };
        match self.tools.loader.held(&[number]) {
            Ok(held) if held.log == partition.log && partition.is_within(held.of(number)) => {
                self.unplaced.insert(number);
            }
            Ok(_) => {
                metrics().log_breaks.inc();
                tracing::warn!(
                    partition = number,
                    next = partition.cursor,
                    "records that were to come next are gone: new epochs"
                );
                self.begin_partition(number);
            }
            Err(error) => {
                tracing::warn!(%error, partition = number, "asking for the log's range");
                self.unfound.insert(number);
            }
        }
    }

    fn begin_partition(&mut self, number: i32) {
        let held = match self.tools.loader.held(&[number]) {
            Ok(held) => held,
            Err(error) => {
                tracing::error!(%error, partition = number, "asking for the log's range");
                self.unbegun.insert(number);
                return;
            }
        };
        let (low, high) = held.of(number);
        let base = epoch_base(&held.log.topic_id, number, low);
        self.partitions.insert(number, Partition::starting_at(held.log, low, high));
        for symbol in self.known.values_mut().filter(|symbol| symbol.partition == number) {
            symbol.skip_until = low - 1;
            symbol.unsaved = true;
            symbol.handle.addr.do_send(BeginEpoch {
                base: base.to_string(),
                partition: number,
                after_offset: low - 1,
            });
        }
        self.unplaced.insert(number);
    }

    /// Asks again what brokers did not answer.
    pub(super) fn ask_again(&mut self) {
        for number in std::mem::take(&mut self.unfound).difference(&self.lost.clone()) {
            self.find_place(*number);
        }
        for number in std::mem::take(&mut self.unbegun).difference(&self.lost.clone()) {
            self.begin_partition(*number);
        }
    }

    /// Lets go of lost partitions that did not come back though the brokers did: another has them.
    pub(super) fn let_go_of_lost(&mut self) {
        if self.lost.is_empty() || self.tools.health.is_away(Dependency::Kafka) {
            self.lost_since = None;
            return;
        }
        let since = *self.lost_since.get_or_insert_with(Instant::now);
        if KEPT_WHEN_LOST <= since.elapsed() {
            let lost: Vec<i32> = self.lost.iter().copied().collect();
            tracing::warn!(partitions = lost.len(), "lost partitions did not come back");
            self.forget_partitions(&lost);
        }
    }
}
