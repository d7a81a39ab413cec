//! A symbol after its panic: built anew, read again, and its followers brought back.

use std::sync::atomic::Ordering;

use super::partitions::Partition;
use super::{Died, Feed};
use crate::actors::keeper::Errand;
use crate::actors::session::shard::Rebuilt;

impl Feed {
    /// Builds a symbol anew from what is saved, and reads again what is not.
    pub(super) fn rebuild(&mut self, died: &Died) {
        let at = (died.partition, died.offset);
        if !self.panicked_at.insert(at) {
            tracing::error!(instrument = %died.name, partition = at.0, offset = at.1,
                "a record makes its symbol panic again and is put aside");
            self.quarantined.insert(at);
        }
        // A round that waits for this symbol's answer must not wait for ever.
        if self.tools.rounds.open.load(Ordering::Acquire) {
            self.tools.outlets.keeper.send(Errand::GiveUp);
        }
        let key: Box<[u8]> = died.name.as_str().as_bytes().into();
        self.known.remove(&key);
        self.tools.registry.remove(&died.name);
        let from = match self.tools.loader.saved_market(died.partition, &died.name) {
            Some((market, place)) => {
                let from = place.offset + 1;
                self.start_symbol(&died.name, market, place);
                from
            }
            None => self.tools.loader.log_start(died.partition),
        };
        // The others of the partition have all that was read so far.
        if let Some(partition) = self.partitions.get_mut(&died.partition) {
            let next = partition.next_offset;
            for symbol in self.known.values_mut() {
                if symbol.partition == died.partition && symbol.name != died.name {
                    symbol.skip_until = symbol.skip_until.max(next - 1);
                }
            }
            partition.read_again(from, next);
        }
        self.rebuilding.push(died.name.clone());
        self.unplaced.insert(died.partition);
    }

    /// Goes to the place of each partition whose reading was put off; where that cannot be done, it
    /// is looked for again in a second, in the log as it is then.
    pub(super) fn place(&mut self) {
        for number in std::mem::take(&mut self.unplaced) {
            let Some(partition) = self.partitions.get(&number) else { continue };
            // A lost one is placed when it comes back.
            if self.lost.contains(&number) {
                continue;
            }
            if let Err(error) = self.reader.seek(number, partition.cursor) {
                tracing::warn!(%error, partition = number, "going to a place in the log");
                self.unfound.insert(number);
            }
        }
    }

    /// Followers come back to a symbol once it has read all that it had before.
    pub(super) fn bring_followers_back(&mut self) {
        let Self { rebuilding, known, partitions, tools, .. } = self;
        rebuilding.retain(|name| {
            let Some(symbol) = known.get(name.as_str().as_bytes()) else { return true };
            let there = partitions.get(&symbol.partition).is_none_or(Partition::is_caught_up);
            if there {
                for shard in tools.registry.shards_from(0) {
                    shard.addr.do_send(Rebuilt(name.clone()));
                }
            }
            !there
        });
    }
}
