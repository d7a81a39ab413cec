//! What symbols and sessions send to a shard.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use actix::prelude::*;
use bytes::Bytes;

use crate::actors::session::socket::{Beat, End, Frame, SocketHandle};
use crate::domain::market::Instrument;
use crate::telemetry::metrics;
use crate::wire::channel::{Channel, TickClass};
use crate::wire::codec::{Codec, Coded};

/// One thing a symbol sends to a shard.
#[derive(Clone, Debug)]
pub enum Parcel {
    /// Changes of a class.
    Change {
        /// The topic's number.
        topic: u32,
        /// The class.
        class: TickClass,
        /// First change.
        first: u64,
        /// Last change.
        last: u64,
        /// The message.
        message: Coded,
    },
    /// All of a class begin anew.
    Snapshot {
        /// The topic's number.
        topic: u32,
        /// The class.
        class: TickClass,
        /// The change it stands at.
        last: u64,
        /// The run of sequence numbers.
        epoch: Arc<str>,
        /// The message.
        message: Coded,
    },
    /// What has no sequence.
    State {
        /// The topic's number.
        topic: u32,
        /// The class.
        class: TickClass,
        /// The message.
        message: Coded,
    },
    /// One session joins a class, or is up to date again.
    Joined {
        /// Which session.
        session: u64,
        /// Whose topic it is.
        instrument: Instrument,
        /// The topic's number.
        topic: u32,
        /// What the topic is.
        channel: Channel,
        /// The class.
        class: TickClass,
        /// How it is written to.
        codec: Codec,
        /// How it comes to be there.
        arrival: Arrival,
        /// The change it is brought to.
        last: u64,
        /// The run of sequence numbers.
        epoch: Arc<str>,
        /// What brings it there.
        messages: Vec<Bytes>,
    },
}

/// How a session comes to a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It asked to; the symbol counts one more follower.
    Asked,
    /// It was there and had fallen behind.
    Slow,
    /// It was there, but the symbol is a new one.
    Rebuilt,
}

impl Parcel {
    /// Bytes it counts for on its way.
    #[must_use]
    pub fn bytes(&self) -> usize {
        64 + match self {
            Self::Change { message, .. }
            | Self::Snapshot { message, .. }
            | Self::State { message, .. } => message.len(),
            Self::Joined { messages, .. } => messages.iter().map(Bytes::len).sum(),
        }
    }
}

/// What one thread's symbols send in one tick.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Delivery {
    /// In the order of the symbols.
    pub parcels: Vec<Parcel>,
    /// Whether parcels before these were lost because the shard took nothing.
    pub lost: bool,
    /// When it left the symbols' thread.
    pub sent: Instant,
    /// Counts these bytes as on their way until this is dropped.
    pub on_the_way: OnTheWay,
}

/// Bytes on their way to a shard.
#[derive(Debug)]
pub struct OnTheWay {
    total: Arc<AtomicUsize>,
    bytes: usize,
}

impl OnTheWay {
    /// Counts bytes.
    #[must_use]
    pub fn new(total: Arc<AtomicUsize>, bytes: usize) -> Self {
        total.fetch_add(bytes, Ordering::Relaxed);
        metrics().shard_bytes_waiting.inc_by(i64::try_from(bytes).unwrap_or(i64::MAX));
        Self { total, bytes }
    }
}

impl Drop for OnTheWay {
    fn drop(&mut self) {
        self.total.fetch_sub(self.bytes, Ordering::Relaxed);
        metrics().shard_bytes_waiting.dec_by(i64::try_from(self.bytes).unwrap_or(i64::MAX));
    }
}

/// A session has opened.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Open {
    /// Its number.
    pub session: u64,
    /// How it wants to be written to.
    pub codec: Codec,
    /// Where frames are offered; kept, because a fresh clone would slip past the mailbox's bound.
    pub frames: Recipient<Frame>,
    /// Where heartbeats are offered.
    pub beats: Recipient<Beat>,
    /// Where it is told to end.
    pub end: Recipient<End>,
    /// Its socket, for when it takes nothing any more.
    pub socket: Arc<SocketHandle>,
}

/// A session has closed.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Closed(pub u64);

/// A session follows no longer; `answer` goes out after everything before it.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Leave {
    /// Which session.
    pub session: u64,
    /// Topics' numbers and instruments.
    pub topics: Vec<u32>,
    /// What the session answers then.
    pub answer: Bytes,
}

/// A session asked to follow; remembered until the symbol answers.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Expect {
    /// Which session.
    pub session: u64,
    /// In which class.
    pub class: TickClass,
    /// The topic's number.
    pub topic: u32,
    /// Its instrument.
    pub instrument: Instrument,
    /// Its channel.
    pub channel: Channel,
}

/// A symbol was rebuilt and knows none of its followers.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct Rebuilt(pub Instrument);

/// All sessions are to end.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct Drain {
    /// The earliest that one is told in `bye` to come back; the latest is twice that.
    pub reconnect_after_ms: u64,
    /// Over what time they are closed.
    pub over: Duration,
}
