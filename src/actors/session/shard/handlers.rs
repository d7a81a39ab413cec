//! What a shard does when something is sent to it.

use std::collections::HashMap;
use std::time::Duration;

use actix::prelude::*;

use super::parcel::{Closed, Delivery, Drain, Expect, Leave, Open, Rebuilt};
use super::{Behind, Member, SWEEP, Shard, Topic};
use crate::actors::session::socket::{End, Frame};
use crate::actors::symbol::{Coming, Follow};
use crate::domain::market::Instrument;
use crate::wire::code::CloseReason;
use crate::wire::message;

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
            let lost = Behind { seq: None, asked: None };
            for member in self.members.values_mut() {
                member.behind.extend(member.topics.keys().map(|topic| (*topic, lost)));
            }
            self.ask_for_pending(None);
        }
        for parcel in delivery.parcels {
            self.take(parcel);
        }
        self.offer(Some(delivery.sent));
    }
}

impl Handler<Open> for Shard {
    type Result = ();

    fn handle(&mut self, open: Open, _ctx: &mut Self::Context) {
        let member = Member {
            codec: open.codec,
            frames: open.frames,
            beats: open.beats,
            end: open.end,
            socket: open.socket,
            topics: HashMap::new(),
            behind: HashMap::new(),
            owed: Vec::new(),
            full_since: None,
            ending_since: None,
            tick: Vec::new(),
        };
        if let Some(reconnect_after_ms) = self.draining {
            // It was on its way in when the others were told.
            let bye = message::bye(member.codec, reconnect_after_ms);
            let _new = member.frames.try_send(Frame { messages: vec![bye], sent: None });
            let _new = member.end.try_send(End(CloseReason::GoingAway));
        }
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
        let member = self.members.get(&expect.session);
        if member.is_some_and(|member| member.ending_since.is_some()) {
            return;
        }
        let entry = self.topics.entry(expect.topic).or_insert_with(|| Topic {
            instrument: expect.instrument,
            channel: expect.channel,
            classes: HashMap::new(),
            pending: HashMap::new(),
        });
        entry.pending.entry(expect.session).or_default().push(expect.class);
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
            let codec = member.codec;
            if let Some(class) = member.topics.remove(&topic) {
                self.leave((leave.session, codec), topic, class);
            }
        }
        let member = self.members.get_mut(&leave.session);
        if let Some(member) = member.filter(|member| member.ending_since.is_none()) {
            member.owed.push(leave.answer);
            self.touched.push(leave.session);
        }
        self.offer(None);
    }
}

impl Handler<Rebuilt> for Shard {
    type Result = ();

    fn handle(&mut self, Rebuilt(instrument): Rebuilt, _ctx: &mut Self::Context) {
        let mut again = Vec::new();
        for (number, topic) in &self.topics {
            if topic.instrument != instrument {
                continue;
            }
            for members in topic.classes.values() {
                for session in &members.sessions {
                    let behind = self.members.get(session).and_then(|m| m.behind.get(number));
                    let seq = behind.map_or(Some(members.last), |behind| behind.seq);
                    again.push((*session, *number, seq));
                }
            }
        }
        for (session, topic, seq) in again {
            self.ask_again(session, topic, |epoch| Coming::Rebuilt { epoch, seq });
        }
        self.ask_for_pending(Some(&instrument));
    }
}

impl Shard {
    /// Asks again for sessions whose request the symbol, or its answer, was lost with.
    fn ask_for_pending(&self, of: Option<&Instrument>) {
        for topic in self.topics.values() {
            if of.is_some_and(|name| topic.instrument != *name) {
                continue;
            }
            let Some(symbol) = self.registry.symbol(&topic.instrument) else { continue };
            for (session, classes) in &topic.pending {
                let Some(member) = self.members.get(session) else { continue };
                for class in classes {
                    symbol.addr.do_send(Follow {
                        session: *session,
                        shard: self.number,
                        channel: topic.channel,
                        class: *class,
                        codec: member.codec,
                        coming: Coming::Fresh,
                        told: None,
                    });
                }
            }
        }
    }
}

impl Handler<Drain> for Shard {
    type Result = ();

    /// All are told at once; they are closed, and come back, one after the other, because they all
    /// go to the same place then.
    fn handle(&mut self, drain: Drain, ctx: &mut Self::Context) {
        self.draining = Some(drain.reconnect_after_ms);
        let count = u32::try_from(self.members.len()).unwrap_or(u32::MAX).max(1);
        for (nth, (session, member)) in (0_u32..).zip(&self.members) {
            let spread = drain.reconnect_after_ms * u64::from(nth) / u64::from(count);
            let bye = message::bye(member.codec, drain.reconnect_after_ms + spread);
            let _slow = member.frames.try_send(Frame { messages: vec![bye], sent: None });
            let session = *session;
            ctx.run_later(drain.over * nth / count, move |shard, _| {
                if let Some(member) = shard.members.get(&session) {
                    let _frozen = member.end.try_send(End(CloseReason::GoingAway));
                }
            });
        }
    }
}
