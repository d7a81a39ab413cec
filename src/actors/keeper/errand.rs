//! What the keeper is asked to do, and the queue of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use crate::domain::market::{Instrument, Nanos};
use crate::feeds::kafka::SavedParts;
use crate::telemetry::metrics;
use crate::wire::saved::SavedPosition;

/// What an errand counts for beside the bytes it carries.
const ERRAND_BYTES: usize = 256;

/// A record that could not be understood.
#[derive(Clone, Debug)]
pub struct DeadLetter {
    /// Where it was.
    pub partition: i32,
    /// Where it was.
    pub offset: i64,
    /// Why; a stable word.
    pub reason: String,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its value.
    pub value: Option<Vec<u8>>,
}

impl DeadLetter {
    pub(super) fn bytes(&self) -> usize {
        self.key.as_ref().map_or(0, Vec::len) + self.value.as_ref().map_or(0, Vec::len)
    }
}

/// A market's answer to a round of saving.
#[derive(Clone, Debug)]
pub struct Saved {
    /// The round.
    pub round: u64,
    /// The partition it is saved in.
    pub partition: i32,
    /// Whose it is.
    pub name: Instrument,
    /// What is saved.
    pub parts: SavedParts,
    /// Minutes of trades that the market saved before this one was the last to name.
    pub forget: Vec<(i64, u64)>,
    /// What lies saved elsewhere and is not to be found again.
    pub left: Vec<Left>,
}

/// A market's state in a partition that its instrument has left.
#[derive(Clone, Debug)]
pub struct Left {
    /// Which partition.
    pub partition: i32,
    /// Minutes of trades there.
    pub minutes: Vec<(i64, u64)>,
}

/// A round of saving: the positions are stored once so many markets are.
#[derive(Clone, Debug)]
pub struct Round {
    /// Counts rounds.
    pub number: u64,
    /// Markets that will answer.
    pub markets: usize,
    /// What is to be stored then.
    pub positions: Vec<(i32, SavedPosition)>,
}

/// What the keeper is asked to do.
#[derive(Clone, Debug)]
pub enum Errand {
    /// Store a record that could not be understood.
    DeadLetter(DeadLetter),
    /// Remove saved state that cannot be read, so that it is not found again.
    Remove {
        /// Where it lies.
        partition: i32,
        /// Whose it is.
        name: Instrument,
        /// Where the log is folded again from.
        from: SavedPosition,
    },
    /// A round begins.
    Round(Round),
    /// A market of the round.
    Saved(Saved),
    /// A market will not answer.
    GiveUp,
    /// Write a heartbeat for a silent instrument.
    Heartbeat {
        /// Whose.
        name: Instrument,
        /// Its partition.
        partition: i32,
        /// Its time.
        ts: Nanos,
    },
    /// Finish.
    Stop,
}

/// How the rounds are going, for whoever begins them.
#[derive(Debug, Default)]
pub struct Rounds {
    /// Whether one is under way.
    pub open: AtomicBool,
    /// Whether one failed, so that the next has to save everything.
    pub failed: AtomicBool,
}

/// The queue's end for those who ask. It takes everything; its bytes are counted, so that whoever
/// brings more can wait while there are too many.
#[derive(Clone, Debug)]
pub struct Errands {
    sender: Sender<Errand>,
    bytes: Arc<AtomicUsize>,
}

/// The queue's end for the keeper.
#[derive(Debug)]
pub struct ErrandsTaken {
    receiver: Receiver<Errand>,
    bytes: Arc<AtomicUsize>,
}

impl Errands {
    /// A queue.
    #[must_use]
    pub fn queue() -> (Self, ErrandsTaken) {
        let (sender, receiver) = channel();
        let bytes = Arc::new(AtomicUsize::new(0));
        (Self { sender, bytes: bytes.clone() }, ErrandsTaken { receiver, bytes })
    }

    /// Asks for something; nothing comes of it once the keeper has gone.
    pub fn send(&self, errand: Errand) {
        let bytes = bytes_of(&errand);
        self.bytes.fetch_add(bytes, Ordering::AcqRel);
        if self.sender.send(errand).is_ok() {
            metrics().keeper_errands_waiting.inc();
        } else {
            self.bytes.fetch_sub(bytes, Ordering::AcqRel);
        }
    }

    /// Bytes that wait.
    #[must_use]
    pub fn bytes_waiting(&self) -> usize {
        self.bytes.load(Ordering::Acquire)
    }
}

impl ErrandsTaken {
    pub(super) fn next(&self, wait: Duration) -> Result<Errand, RecvTimeoutError> {
        let errand = self.receiver.recv_timeout(wait)?;
        self.bytes.fetch_sub(bytes_of(&errand), Ordering::AcqRel);
        metrics().keeper_errands_waiting.dec();
        Ok(errand)
    }
}

fn bytes_of(errand: &Errand) -> usize {
    let carried = match errand {
        Errand::DeadLetter(letter) => letter.bytes(),
        Errand::Saved(saved) => {
            saved.parts.core.len() + saved.parts.minutes.values().map(Vec::len).sum::<usize>()
        }
        _ => 0,
    };
    ERRAND_BYTES + carried
}
