//! The sessions of one connection thread: who follows what, and who is behind.
//!
//! A symbol's thread sends one delivery a tick; the shard offers each of its sessions one frame.
//! A session that cannot take it is remembered with the last change it has for each topic, left
//! alone until its mailbox has room, and then brought up to date by the symbol.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::prelude::*;
use bytes::Bytes;

use super::socket::{Beat, End, Frame, SocketHandle};
use crate::actors::registry::{Registry, ShardHandle};
use crate::actors::symbol::{Coming, Follow, Unfollow};
use crate::config::Limits;
use crate::domain::market::Instrument;
use crate::telemetry::metrics;
use crate::wire::channel::{Channel, TickClass};
use crate::wire::code::CloseReason;

/// Deliveries that may wait for a shard; more means that its thread stands still.
const DELIVERIES_MAX: usize = 1_024;
const SWEEP: Duration = Duration::from_millis(50);
const SECOND: Duration = Duration::from_secs(1);

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
        bytes: Bytes,
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
        bytes: Bytes,
    },
    /// What has no sequence.
    State {
        /// The topic's number.
        topic: u32,
        /// The class.
        class: TickClass,
        /// The message.
        bytes: Bytes,
    },
    /// One session joins a class, or is up to date again.
    Joined {
        /// Which session.
        session: u64,
        /// The topic's number.
        topic: u32,
        /// What the topic is.
        channel: Channel,
        /// The class.
        class: TickClass,
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
            Self::Change { bytes, .. } | Self::Snapshot { bytes, .. } | Self::State { bytes, .. } => {
                bytes.len()
            }
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
}

/// A session has opened.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Open {
    /// Its number.
    pub session: u64,
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
    /// Told in `bye`.
    pub reconnect_after_ms: u64,
}

struct Topic {
    instrument: Instrument,
    channel: Channel,
    classes: HashMap<TickClass, Members>,
    /// Sessions that asked to follow and have not heard of the symbol yet.
    pending: HashMap<u64, TickClass>,
}

struct Members {
    sessions: HashSet<u64>,
    last: u64,
    epoch: Arc<str>,
}

struct Member {
    frames: Recipient<Frame>,
    beats: Recipient<Beat>,
    end: Recipient<End>,
    socket: Arc<SocketHandle>,
    topics: HashMap<u32, TickClass>,
    /// Topics it is behind on, with the last change it has; none where that is not known.
    behind: HashMap<u32, Option<u64>>,
    /// Messages that must arrive but could not be taken yet.
    owed: Vec<Bytes>,
    full_since: Option<Instant>,
    /// What this tick brings: topic, the change before it (none for a snapshot), message.
    tick: Vec<(u32, Option<u64>, Bytes)>,
}

/// The shard of one connection thread.
pub struct Shard {
    registry: Arc<Registry>,
    limits: Limits,
    number: usize,
    topics: HashMap<u32, Topic>,
    members: HashMap<u64, Member>,
    touched: Vec<u64>,
}

impl Shard {
    /// Starts the shard of the thread this is called on; returns its number and address.
    pub fn start_here(registry: Arc<Registry>, limits: Limits) -> (usize, Addr<Self>) {
        let mut place = 0;
        let addr = Self::create(|ctx: &mut Context<Self>| {
            ctx.set_mailbox_capacity(DELIVERIES_MAX);
            let handle = ShardHandle { deliveries: ctx.address().recipient(), addr: ctx.address() };
            let number = registry.add_shard(handle);
            place = number;
            Self {
                registry,
                limits,
                number,
                topics: HashMap::new(),
                members: HashMap::new(),
                touched: Vec::new(),
            }
        });
        (place, addr)
    }

    fn put(&mut self, session: u64, topic: u32, before: Option<u64>, bytes: Bytes) {
        let Some(member) = self.members.get_mut(&session) else { return };
        if let Some(behind) = member.behind.get_mut(&topic) {
            if before.is_none() {
                *behind = None;
            }
            return;
        }
        if member.tick.is_empty() {
            self.touched.push(session);
        }
        member.tick.push((topic, before, bytes));
    }

    fn put_to_class(
        &mut self,
        topic: u32,
        class: TickClass,
        (before, last): (Option<u64>, Option<u64>),
        epoch: Option<Arc<str>>,
        bytes: &Bytes,
    ) {
        let members = self.topics.get_mut(&topic).and_then(|topic| topic.classes.get_mut(&class));
        let Some(members) = members else { return };
        members.last = last.unwrap_or(members.last);
        if let Some(epoch) = epoch {
            members.epoch = epoch;
        }
        for session in members.sessions.iter().copied().collect::<Vec<_>>() {
            self.put(session, topic, before, bytes.clone());
        }
    }

    fn take(&mut self, parcel: Parcel) {
        match parcel {
            Parcel::Change { topic, class, first, last, bytes } => {
                let span = (Some(first - 1), Some(last));
                self.put_to_class(topic, class, span, None, &bytes);
            }
            Parcel::Snapshot { topic, class, last, epoch, bytes } => {
                self.put_to_class(topic, class, (None, Some(last)), Some(epoch), &bytes);
            }
            Parcel::State { topic, class, bytes } => self.put_state(topic, class, &bytes),
            Parcel::Joined { session, topic, channel, class, arrival, last, epoch, messages } => {
                if self.members.contains_key(&session) {
                    self.join(session, (topic, class), arrival, (last, epoch), messages);
                } else if arrival != Arrival::Slow {
                    self.unfollow(topic, channel, class);
                }
            }
        }
    }

    /// A state has no sequence; whoever is behind learns of it when brought up to date.
    fn put_state(&mut self, topic: u32, class: TickClass, bytes: &Bytes) {
        let members = self.topics.get(&topic).and_then(|topic| topic.classes.get(&class));
        let Some(members) = members else { return };
        let (last, sessions) = (members.last, members.sessions.iter().copied().collect::<Vec<_>>());
        for session in sessions {
            self.put(session, topic, Some(last), bytes.clone());
        }
    }

    fn join(
        &mut self,
        session: u64,
        (topic, class): (u32, TickClass),
        arrival: Arrival,
        (last, epoch): (u64, Arc<str>),
        messages: Vec<Bytes>,
    ) {
        let Some(entry) = self.topics.get_mut(&topic) else { return };
        let channel = entry.channel;
        entry.pending.remove(&session);
        let members = entry.classes.entry(class).or_insert_with(|| Members {
            sessions: HashSet::new(),
            last,
            epoch: epoch.clone(),
        });
        (members.last, members.epoch) = (last, epoch);
        let again = !members.sessions.insert(session);
        let Some(member) = self.members.get_mut(&session) else { return };
        let before = member.topics.insert(topic, class);
        if arrival != Arrival::Asked {
            member.behind.remove(&topic);
        }
        if let Some(old) = before.filter(|old| *old != class) {
            if let Some(members) = self.topics.get_mut(&topic).and_then(|t| t.classes.get_mut(&old))
            {
                members.sessions.remove(&session);
            }
            self.unfollow(topic, channel, old);
        } else if again && arrival == Arrival::Asked {
            // It was counted in this class before.
            self.unfollow(topic, channel, class);
        }
        for bytes in messages {
            // Where this cannot be taken, only a snapshot helps: it may itself be one.
            self.put(session, topic, None, bytes);
        }
    }

    fn unfollow(&mut self, topic: u32, channel: Channel, class: TickClass) {
        let Some(entry) = self.topics.get(&topic) else { return };
        if let Some(symbol) = self.registry.symbol(&entry.instrument) {
            symbol.addr.do_send(Unfollow { shard: self.number, channel, class });
        }
    }

    /// Offers each touched session its frame.
    fn offer(&mut self) {
        for session in std::mem::take(&mut self.touched) {
            let Some(member) = self.members.get_mut(&session) else { continue };
            let tick = std::mem::take(&mut member.tick);
            let mut messages = std::mem::take(&mut member.owed);
            let owed = messages.len();
            messages.extend(tick.iter().map(|(_, _, bytes)| bytes.clone()));
            metrics().session_frames.inc();
            match member.frames.try_send(Frame(messages)) {
                Ok(()) => member.full_since = None,
                Err(SendError::Full(Frame(mut messages))) => {
                    metrics().session_frames_refused.inc();
                    messages.truncate(owed);
                    member.owed = messages;
                    member.full_since.get_or_insert_with(Instant::now);
                    for (topic, before, _) in tick {
                        let first = member.behind.entry(topic).or_insert(before);
                        if before.is_none() {
                            *first = None;
                        }
                    }
                }
                Err(SendError::Closed(_)) => self.forget(session),
            }
        }
    }

    fn forget(&mut self, session: u64) {
        let Some(member) = self.members.remove(&session) else { return };
        let count = self.registry.sessions.fetch_sub(1, std::sync::atomic::Ordering::Relaxed);
        metrics().sessions.set(i64::try_from(count.saturating_sub(1)).unwrap_or(i64::MAX));
        for (topic, class) in member.topics {
            self.leave(session, topic, class);
        }
        for entry in self.topics.values_mut() {
            entry.pending.remove(&session);
        }
        self.topics.retain(|_, entry| !entry.classes.is_empty() || !entry.pending.is_empty());
    }

    fn leave(&mut self, session: u64, topic: u32, class: TickClass) {
        let Some(entry) = self.topics.get_mut(&topic) else { return };
        let channel = entry.channel;
        if let Some(members) = entry.classes.get_mut(&class) {
            members.sessions.remove(&session);
            if members.sessions.is_empty() {
                entry.classes.remove(&class);
            }
        }
        self.unfollow(topic, channel, class);
    }

    /// Brings sessions that have room again up to date, and cuts those that take nothing.
    fn sweep(&mut self) {
        let frozen = Duration::from_millis(self.limits.session_frozen_ms);
        let mut asks = Vec::new();
        let mut closed = Vec::new();
        for (session, member) in &mut self.members {
            if member.behind.is_empty() && member.owed.is_empty() {
                continue;
            }
            match member.frames.try_send(Frame(member.owed.clone())) {
                Ok(()) => {
                    member.full_since = None;
                    member.owed.clear();
                    asks.extend(member.behind.iter().map(|(topic, seq)| (*session, *topic, *seq)));
                }
                Err(SendError::Full(_)) => {
                    if member.full_since.is_some_and(|since| frozen <= since.elapsed()) {
                        metrics().sessions_cut.inc();
                        member.socket.cut();
                        closed.push(*session);
                    }
                }
                Err(SendError::Closed(_)) => closed.push(*session),
            }
        }
        closed.into_iter().for_each(|session| self.forget(session));
        for (session, topic, seq) in asks {
            self.ask_again(session, topic, |epoch| Coming::Slow { epoch, seq });
        }
    }

    fn ask_again(&self, session: u64, topic: u32, coming: impl FnOnce(Arc<str>) -> Coming) {
        let Some(entry) = self.topics.get(&topic) else { return };
        let class = self.members.get(&session).and_then(|member| member.topics.get(&topic));
        let Some((class, symbol)) = class.zip(self.registry.symbol(&entry.instrument)) else {
            return;
        };
        let epoch = entry.classes.get(class).map_or_else(|| "".into(), |m| m.epoch.clone());
        symbol.addr.do_send(Follow {
            session,
            shard: self.number,
            channel: entry.channel,
            class: *class,
            coming: coming(epoch),
        });
    }

    fn beat(&mut self) {
        let silence = Duration::from_millis(self.limits.client_silence_ms);
        let mut gone = Vec::new();
        for (session, member) in &self.members {
            if silence < member.socket.silence() {
                let _frozen = member.end.try_send(End(CloseReason::GoingAway));
                if silence + SECOND * 2 < member.socket.silence() {
                    member.socket.cut();
                    gone.push(*session);
                }
            } else if member.full_since.is_none() {
                let _slow = member.beats.try_send(Beat);
            }
        }
        gone.into_iter().for_each(|session| self.forget(session));
    }
}

impl Actor for Shard {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(SWEEP, |shard, _| shard.sweep());
        let heartbeat = Duration::from_millis(self.limits.heartbeat_ms);
        ctx.run_interval(heartbeat, |shard, _| shard.beat());
    }
}

impl Handler<Delivery> for Shard {
    type Result = ();

    fn handle(&mut self, delivery: Delivery, _ctx: &mut Self::Context) {
        if delivery.lost {
            for member in self.members.values_mut() {
                member.behind.extend(member.topics.keys().map(|topic| (*topic, None)));
            }
        }
        for parcel in delivery.parcels {
            self.take(parcel);
        }
        self.offer();
    }
}

impl Handler<Open> for Shard {
    type Result = ();

    fn handle(&mut self, open: Open, _ctx: &mut Self::Context) {
        let member = Member {
            frames: open.frames,
            beats: open.beats,
            end: open.end,
            socket: open.socket,
            topics: HashMap::new(),
            behind: HashMap::new(),
            owed: Vec::new(),
            full_since: None,
            tick: Vec::new(),
        };
        self.members.insert(open.session, member);
    }
}

impl Handler<Closed> for Shard {
    type Result = ();

    fn handle(&mut self, Closed(session): Closed, _ctx: &mut Self::Context) {
        self.forget(session);
    }
}

impl Handler<Expect> for Shard {
    type Result = ();

    fn handle(&mut self, expect: Expect, _ctx: &mut Self::Context) {
        let entry = self.topics.entry(expect.topic).or_insert_with(|| Topic {
            instrument: expect.instrument,
            channel: expect.channel,
            classes: HashMap::new(),
            pending: HashMap::new(),
        });
        entry.pending.insert(expect.session, expect.class);
    }
}

impl Handler<Leave> for Shard {
    type Result = ();

    fn handle(&mut self, leave: Leave, _ctx: &mut Self::Context) {
        for topic in leave.topics {
            let Some(member) = self.members.get_mut(&leave.session) else { return };
            member.behind.remove(&topic);
            if let Some(entry) = self.topics.get_mut(&topic) {
                entry.pending.remove(&leave.session);
            }
            let Some(member) = self.members.get_mut(&leave.session) else { return };
            if let Some(class) = member.topics.remove(&topic) {
                self.leave(leave.session, topic, class);
            }
        }
        if let Some(member) = self.members.get_mut(&leave.session) {
            member.owed.push(leave.answer);
            self.touched.push(leave.session);
        }
        self.offer();
    }
}

impl Handler<Rebuilt> for Shard {
    type Result = ();

    fn handle(&mut self, Rebuilt(instrument): Rebuilt, _ctx: &mut Self::Context) {
        let (mut again, mut fresh) = (Vec::new(), Vec::new());
        for (number, topic) in &self.topics {
            if topic.instrument != instrument {
                continue;
            }
            for (session, class) in &topic.pending {
                fresh.push((*session, topic.channel, *class));
            }
            for members in topic.classes.values() {
                for session in &members.sessions {
                    let behind = self.members.get(session).and_then(|m| m.behind.get(number));
                    again.push((*session, *number, behind.copied().unwrap_or(Some(members.last))));
                }
            }
        }
        for (session, topic, seq) in again {
            self.ask_again(session, topic, |epoch| Coming::Rebuilt { epoch, seq });
        }
        let Some(symbol) = self.registry.symbol(&instrument) else { return };
        for (session, channel, class) in fresh {
            let (shard, coming) = (self.number, Coming::Fresh);
            symbol.addr.do_send(Follow { session, shard, channel, class, coming });
        }
    }
}

impl Handler<Drain> for Shard {
    type Result = ();

    fn handle(&mut self, drain: Drain, _ctx: &mut Self::Context) {
        let bye = crate::wire::message::bye(drain.reconnect_after_ms);
        for member in self.members.values() {
            let _slow = member.frames.try_send(Frame(vec![bye.clone()]));
            let _frozen = member.end.try_send(End(CloseReason::GoingAway));
        }
    }
}
