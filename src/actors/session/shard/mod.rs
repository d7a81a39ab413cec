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

mod handlers;
mod parcel;

pub use self::parcel::{
    Arrival, Closed, Delivery, Drain, Expect, Leave, OnTheWay, Open, Parcel, Rebuilt,
};
use super::socket::{Beat, End, Frame, SocketHandle};
use crate::actors::registry::{Registry, ShardHandle};
use crate::actors::symbol::{Coming, Follow, Unfollow};
use crate::config::Limits;
use crate::domain::market::Instrument;
use crate::telemetry::metrics;
use crate::wire::channel::{Channel, TickClass};
use crate::wire::code::CloseReason;
use crate::wire::codec::{Codec, Coded};

/// Deliveries that may wait for a shard; more means that its thread stands still.
const DELIVERIES_MAX: usize = 1_024;
const SWEEP: Duration = Duration::from_millis(50);
/// A symbol that was rebuilt meanwhile has forgotten the question.
const ASK_AGAIN: Duration = Duration::from_secs(10);
const SECOND: Duration = Duration::from_secs(1);

struct Topic {
    instrument: Instrument,
    channel: Channel,
    classes: HashMap<TickClass, Members>,
    /// Sessions that asked to follow and have not heard of the symbol yet.
    pending: HashMap<u64, Vec<TickClass>>,
}

struct Members {
    sessions: HashSet<u64>,
    last: u64,
    epoch: Arc<str>,
}

struct Member {
    codec: Codec,
    frames: Recipient<Frame>,
    beats: Recipient<Beat>,
    end: Recipient<End>,
    socket: Arc<SocketHandle>,
    topics: HashMap<u32, TickClass>,
    /// Topics it is behind on, with the last change it has; none where that is not known.
    behind: HashMap<u32, Behind>,
    /// Messages that must arrive but could not be taken yet.
    owed: Vec<Bytes>,
    full_since: Option<Instant>,
    /// When it was told to end for being too slow.
    ending_since: Option<Instant>,
    /// What this tick brings: topic, the change before it (none for a snapshot), message.
    tick: Vec<(u32, Option<u64>, Bytes)>,
}

/// How a session is behind on a topic.
#[derive(Clone, Copy, Debug)]
struct Behind {
    /// The last change it has; none where that is not known.
    seq: Option<u64>,
    /// When the symbol was asked to bring it up to date; it is asked once.
    asked: Option<Instant>,
}

/// The shard of one connection thread.
pub struct Shard {
    registry: Arc<Registry>,
    limits: Limits,
    number: usize,
    topics: HashMap<u32, Topic>,
    members: HashMap<u64, Member>,
    touched: Vec<u64>,
    /// What newcomers are told while the hub stops.
    draining: Option<u64>,
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
                draining: None,
            }
        });
        (place, addr)
    }

    fn put(&mut self, session: u64, topic: u32, before: Option<u64>, bytes: Bytes) {
        let Some(member) = self.members.get_mut(&session) else { return };
        if let Some(behind) = member.behind.get_mut(&topic) {
            if before.is_none() {
                behind.seq = None;
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
        message: &Coded,
    ) {
        let members = self.topics.get_mut(&topic).and_then(|topic| topic.classes.get_mut(&class));
        let Some(members) = members else { return };
        members.last = last.unwrap_or(members.last);
        if let Some(epoch) = epoch {
            members.epoch = epoch;
        }
        let sessions = members.sessions.iter().copied().collect::<Vec<_>>();
        self.put_to_all(&sessions, topic, before, message);
    }

    fn put_to_all(&mut self, sessions: &[u64], topic: u32, before: Option<u64>, message: &Coded) {
        for session in sessions {
            let codec = self.members.get(session).map(|member| member.codec);
            if let Some(bytes) = codec.and_then(|codec| message.of(codec)) {
                self.put(*session, topic, before, bytes.clone());
            }
        }
    }

    fn take(&mut self, parcel: Parcel) {
        match parcel {
            Parcel::Change { topic, class, first, last, message } => {
                let span = (Some(first - 1), Some(last));
                self.put_to_class(topic, class, span, None, &message);
            }
            Parcel::Snapshot { topic, class, last, epoch, message } => {
                self.put_to_class(topic, class, (None, Some(last)), Some(epoch), &message);
            }
            Parcel::State { topic, class, message } => self.put_state(topic, class, &message),
            Parcel::Joined {
                session,
                instrument,
                topic,
                channel,
                class,
                codec,
                arrival,
                last,
                epoch,
                messages,
            } => {
                if self.expects(session, topic, class, arrival) {
                    self.join(session, (topic, class), arrival, (last, epoch), messages);
                } else if arrival != Arrival::Slow {
                    // It left, or closed, before the symbol had heard of it.
                    self.unfollow(&instrument, channel, class, codec);
                }
            }
        }
    }

    /// Whether what a symbol answers is still wanted.
    fn expects(&mut self, session: u64, topic: u32, class: TickClass, arrival: Arrival) -> bool {
        let Some(member) = self.members.get(&session) else { return false };
        let Some(entry) = self.topics.get_mut(&topic) else { return false };
        match arrival {
            Arrival::Slow => {
                let asked = member.behind.get(&topic).is_some_and(|behind| behind.asked.is_some());
                asked && member.topics.get(&topic) == Some(&class)
            }
            Arrival::Rebuilt => member.topics.get(&topic) == Some(&class),
            Arrival::Asked => {
                let Some(waiting) = entry.pending.get_mut(&session) else { return false };
                let wanted = waiting.first() == Some(&class);
                if wanted {
                    waiting.remove(0);
                }
                if waiting.is_empty() {
                    entry.pending.remove(&session);
                }
                wanted
            }
        }
    }

    /// A state has no sequence; whoever is behind learns of it when brought up to date.
    fn put_state(&mut self, topic: u32, class: TickClass, message: &Coded) {
        let members = self.topics.get(&topic).and_then(|topic| topic.classes.get(&class));
        let Some(members) = members else { return };
        let (last, sessions) = (members.last, members.sessions.iter().copied().collect::<Vec<_>>());
        self.put_to_all(&sessions, topic, Some(last), message);
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
        let instrument = entry.instrument.clone();
        let members = entry.classes.entry(class).or_insert_with(|| Members {
            sessions: HashSet::new(),
            last,
            epoch: epoch.clone(),
        });
        (members.last, members.epoch) = (last, epoch);
        let again = !members.sessions.insert(session);
        let Some(member) = self.members.get_mut(&session) else { return };
        let codec = member.codec;
        let before = member.topics.insert(topic, class);
        if arrival != Arrival::Asked {
            member.behind.remove(&topic);
        }
        if let Some(old) = before.filter(|old| *old != class) {
            if let Some(members) = self.topics.get_mut(&topic).and_then(|t| t.classes.get_mut(&old))
            {
                members.sessions.remove(&session);
            }
            self.unfollow(&instrument, channel, old, codec);
        } else if again && arrival == Arrival::Asked {
            // It was counted in this class before.
            self.unfollow(&instrument, channel, class, codec);
        }
        for bytes in messages {
            // Where this cannot be taken, only a snapshot helps: it may itself be one.
            self.put(session, topic, None, bytes);
        }
    }

    fn unfollow(&self, instrument: &Instrument, channel: Channel, class: TickClass, codec: Codec) {
        if let Some(symbol) = self.registry.symbol(instrument) {
            symbol.addr.do_send(Unfollow { shard: self.number, channel, class, codec });
        }
    }

    /// Offers each touched session its frame; `sent` is when what it holds left the symbols.
    fn offer(&mut self, sent: Option<Instant>) {
        for session in std::mem::take(&mut self.touched) {
            let Some(member) = self.members.get_mut(&session) else { continue };
            let tick = std::mem::take(&mut member.tick);
            let mut messages = std::mem::take(&mut member.owed);
            let owed = messages.len();
            messages.extend(tick.iter().map(|(_, _, bytes)| bytes.clone()));
            metrics().session_frames.inc();
            match member.frames.try_send(Frame { messages, sent }) {
                Ok(()) => member.full_since = None,
                Err(SendError::Full(Frame { mut messages, .. })) => {
                    metrics().session_frames_refused.inc();
                    messages.truncate(owed);
                    member.owed = messages;
                    member.full_since.get_or_insert_with(Instant::now);
                    for (topic, before, _) in tick {
                        let fresh = Behind { seq: before, asked: None };
                        let behind = member.behind.entry(topic).or_insert(fresh);
                        if before.is_none() {
                            behind.seq = None;
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
            self.leave((session, member.codec), topic, class);
        }
        for entry in self.topics.values_mut() {
            entry.pending.remove(&session);
        }
        self.topics.retain(|_, entry| !entry.classes.is_empty() || !entry.pending.is_empty());
    }

    fn leave(&mut self, (session, codec): (u64, Codec), topic: u32, class: TickClass) {
        let Some(entry) = self.topics.get_mut(&topic) else { return };
        let (instrument, channel) = (entry.instrument.clone(), entry.channel);
        if let Some(members) = entry.classes.get_mut(&class) {
            members.sessions.remove(&session);
            if members.sessions.is_empty() {
                entry.classes.remove(&class);
            }
        }
        self.unfollow(&instrument, channel, class, codec);
    }

    /// Brings sessions that have room again up to date, closes those that take nothing, and cuts
    /// those that do not even take that.
    fn sweep(&mut self) {
        let frozen = Duration::from_millis(self.limits.session_frozen_ms);
        let closing = Duration::from_millis(self.limits.session_closing_ms);
        let (mut asks, mut closed, mut too_slow) = (Vec::new(), Vec::new(), Vec::new());
        for (session, member) in &mut self.members {
            if let Some(since) = member.ending_since {
                if closing <= since.elapsed() {
                    metrics().sessions_cut.inc();
                    tracing::info!(session, "cut: it took not even a close frame");
                    member.socket.cut();
                    closed.push(*session);
                }
                continue;
            }
            if member.behind.is_empty() && member.owed.is_empty() {
                continue;
            }
            match member.frames.try_send(Frame { messages: member.owed.clone(), sent: None }) {
                Ok(()) => {
                    member.full_since = None;
                    member.owed.clear();
                    for (topic, behind) in &mut member.behind {
                        if behind.asked.is_none_or(|at| ASK_AGAIN <= at.elapsed()) {
                            behind.asked = Some(Instant::now());
                            asks.push((*session, *topic, behind.seq));
                        }
                    }
                }
                Err(SendError::Full(_)) => {
                    if member.full_since.is_some_and(|since| frozen <= since.elapsed()) {
                        too_slow.push(*session);
                    }
                }
                Err(SendError::Closed(_)) => closed.push(*session),
            }
        }
        too_slow.into_iter().for_each(|session| self.end_slow(session));
        closed.into_iter().for_each(|session| self.forget(session));
        for (session, topic, seq) in asks {
            self.ask_again(session, topic, |epoch| Coming::Slow { epoch, seq });
        }
    }

    /// Nothing more is gathered for a session that takes nothing; should it read again, it finds
    /// what it was sent until then, and why that is all.
    fn end_slow(&mut self, session: u64) {
        let Some(member) = self.members.get_mut(&session) else { return };
        metrics().sessions_too_slow.inc();
        tracing::info!(session, "too slow: it is closed");
        member.ending_since = Some(Instant::now());
        member.owed.clear();
        member.behind.clear();
        let (codec, topics) = (member.codec, std::mem::take(&mut member.topics));
        // Its mailbox keeps one place for each sender, so this one is taken.
        let _closed = member.end.try_send(End(CloseReason::TooSlow));
        for (topic, class) in topics {
            self.leave((session, codec), topic, class);
        }
        for entry in self.topics.values_mut() {
            entry.pending.remove(&session);
        }
    }

    fn ask_again(&self, session: u64, topic: u32, coming: impl FnOnce(Arc<str>) -> Coming) {
        let Some(entry) = self.topics.get(&topic) else { return };
        let Some(member) = self.members.get(&session) else { return };
        let class = member.topics.get(&topic);
        let Some((class, symbol)) = class.zip(self.registry.symbol(&entry.instrument)) else {
            return;
        };
        let epoch = entry.classes.get(class).map_or_else(|| "".into(), |m| m.epoch.clone());
        symbol.addr.do_send(Follow {
            session,
            shard: self.number,
            channel: entry.channel,
            class: *class,
            codec: member.codec,
            coming: coming(epoch),
            told: None,
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
            } else if member.full_since.is_none() && member.ending_since.is_none() {
                let _slow = member.beats.try_send(Beat);
            }
        }
        gone.into_iter().for_each(|session| self.forget(session));
    }
}
