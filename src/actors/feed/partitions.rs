//! The partitions a feed has: taken with what was saved, given back, and begun anew.

use super::Feed;
use crate::actors::symbol::{BeginEpoch, epoch_base};
use crate::domain::market::Nanos;
use crate::feeds::kafka::Record;
use crate::telemetry::{RoleLabel, metrics};

/// One partition's place in the log.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Partition {
    /// The first record not read yet.
    pub(super) next_offset: i64,
    ts_append: Option<Nanos>,
    saved_offset: Option<i64>,
    /// The log's end when the partition was taken.
    target: i64,
    /// While a symbol is rebuilt, records below this one are read again.
    reread: i64,
}

impl Partition {
    pub(super) fn starting_at(next_offset: i64, target: i64) -> Self {
        Self { next_offset, target, ..Self::default() }
    }

    /// Takes note of a record that was read.
    pub(super) fn pass(&mut self, record: &Record<'_>) {
        if self.next_offset <= record.offset {
            self.next_offset = record.offset + 1;
            self.ts_append = record.ts_append;
        }
    }

    /// The position to save; none where that is saved already or records are being read again.
    pub(super) fn position_to_save(&mut self, again: bool) -> Option<(i64, Option<Nanos>)> {
        if self.saved_offset == Some(self.next_offset) && !again {
            return None;
        }
        self.saved_offset = Some(self.next_offset);
        Some((self.next_offset, self.ts_append))
    }

    pub(super) fn reread_until(&mut self, offset: i64) {
        self.reread = offset;
    }

    /// Records between here and the log's end as it was when the partition was taken.
    pub(super) fn behind_target(&self) -> i64 {
        (self.target - self.next_offset).max(0)
    }
}

impl Feed {
    pub(super) fn take_partitions(&mut self, list: &[i32]) {
        let known = self.known.len();
        for number in list {
            let Some(loaded) = self.tools.loader.take(*number) else { continue };
            let partition = Partition::starting_at(loaded.start, loaded.end);
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
                self.start_symbol(&name, market, place);
            }
            self.partitions.insert(*number, partition);
        }
        let restored = self.known.len() - known;
        tracing::info!(partitions = list.len(), restored, "took partitions");
    }

    pub(super) fn give_partitions(&mut self, list: &[i32]) {
        for number in list {
            self.partitions.remove(number);
        }
        let registry = self.tools.registry.clone();
        self.known.retain(|_, symbol| {
            let stays = !list.contains(&symbol.partition);
            if !stays {
                registry.remove(&symbol.name);
            }
            stays
        });
    }

    /// The log is another one: everything begins at its start, in new epochs.
    pub(super) fn begin_log(&mut self) {
        metrics().log_breaks.inc();
        tracing::warn!("the log was replaced: new epochs");
        for number in self.partitions.keys().copied().collect::<Vec<_>>() {
            self.begin_partition(number);
        }
    }

    /// The next record is not there: where the log begins later now, a new epoch does too.
    pub(super) fn find_place(&mut self, number: i32) {
        let Some(partition) = self.partitions.get(&number).copied() else { return };
        match self.tools.loader.range(number) {
            Ok((low, high)) if (low..=high).contains(&partition.next_offset) => {
                if let Err(error) = self.reader.seek(number, partition.next_offset) {
                    tracing::warn!(%error, partition = number, "going on");
                }
            }
            Ok(_) => {
                metrics().log_breaks.inc();
                tracing::warn!(
                    partition = number,
                    next = partition.next_offset,
                    "records that were to come next are gone: new epochs"
                );
                self.begin_partition(number);
            }
            Err(error) => tracing::warn!(%error, partition = number, "asking for the log's range"),
        }
    }

    fn begin_partition(&mut self, number: i32) {
        let (low, high) = match self.tools.loader.range(number) {
            Ok(range) => range,
            Err(error) => {
                tracing::error!(%error, partition = number, "asking for the log's range");
                return;
            }
        };
        self.partitions.insert(number, Partition::starting_at(low, high));
        let base = epoch_base(&self.tools.loader.topic_id(), number, low);
        for symbol in self.known.values_mut().filter(|symbol| symbol.partition == number) {
            symbol.skip_until = low - 1;
            symbol.unsaved = true;
            symbol.handle.addr.do_send(BeginEpoch {
                base: base.to_string(),
                partition: number,
                after_offset: low - 1,
            });
        }
        if let Err(error) = self.reader.seek(number, low) {
            tracing::error!(%error, partition = number, "going to the log's start");
        }
        let lag = RoleLabel { role: "serve" };
        metrics().lag.get_or_create(&lag).set(high - low);
    }
}
