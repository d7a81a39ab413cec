//! Who follows a symbol: how sessions come to a class, and leave it.

use bytes::Bytes;

use super::core::{Core, flush_class, place_at_end};
use super::desk;
use super::topics::{Class, Shown, Topic, seq_of};
use super::{Coming, Follow, Unfollow};
use crate::actors::session::shard::{Arrival, Parcel};
use crate::telemetry::{OutcomeLabel, metrics};
use crate::wire::channel::{Channel, TickClass};
use crate::wire::codec::Codec;
use crate::wire::data::Exps;
use crate::wire::message::{Place, Update};

impl Core {
    pub(super) fn follow(&mut self, follow: &Follow) {
        desk::meet(&self.registry, follow.shard);
        let number = self.registry.topic(&self.name, follow.channel);
        let topic =
            self.topics.entry(follow.channel).or_insert_with(|| Topic::new(number, follow.channel));
        let name = topic.name.clone();
        let at = follow.class.index();
        if matches!(follow.coming, Coming::Slow { .. }) && topic.classes[at].is_none() {
            return;
        }
        let left = match follow.coming {
            Coming::FromClass(class) => {
                topic.classes[class.index()].as_ref().map(|class| class.position)
            }
            _ => None,
        };
        let class = topic.classes[at].get_or_insert_with(|| {
            let mut class = Class::default();
            place_at_end(&mut class, follow.channel, &self.market);
            class
        });
        let shown = Shown { market: &self.market, silent: self.silent, name: self.name.as_str() };
        flush_class(shown, (follow.channel, &name), (number, follow.class), class, true);
        let arrival = match follow.coming {
            Coming::Slow { .. } => Arrival::Slow,
            Coming::Rebuilt { .. } => Arrival::Rebuilt,
            Coming::Fresh | Coming::Resumed(_) | Coming::FromClass(_) => Arrival::Asked,
        };
        if arrival != Arrival::Slow {
            match class.shards.iter_mut().find(|(shard, _)| *shard == follow.shard) {
                Some((_, by_codec)) => by_codec[follow.codec.index()] += 1,
                None => {
                    let mut by_codec = [0; Codec::COUNT];
                    by_codec[follow.codec.index()] = 1;
                    class.shards.push((follow.shard, by_codec));
                }
            }
        }
        let last = class.position;
        let place = self.shown().place(follow.channel, &name, number);
        let messages = self.welcome(follow, place, left);
        self.raw |= follow.class == TickClass::RAW;
        desk::post(
            follow.shard,
            Parcel::Joined {
                session: follow.session,
                instrument: self.name.clone(),
                topic: number,
                channel: follow.channel,
                class: follow.class,
                codec: follow.codec,
                arrival,
                last,
                epoch: self.epoch.clone(),
                messages,
            },
        );
        desk::send();
    }

    /// What brings one session to the position of its class.
    fn welcome(&self, follow: &Follow, place: Place<'_>, left: Option<u64>) -> Vec<Bytes> {
        let mut messages = self.way_there(follow, place, left);
        // Catching up tells only what the log changed; silence is not in the log.
        let state = self.shown().state(follow.channel);
        if let (Some(state), true) = (state, self.silent_told(follow)) {
            messages.push(Update::State(state.name()).encode(follow.codec, place));
        }
        messages
    }

    /// Whether the receiver may have missed that the instrument fell silent, or spoke again.
    fn silent_told(&self, follow: &Follow) -> bool {
        match follow.coming {
            Coming::Slow { .. } | Coming::Rebuilt { .. } | Coming::FromClass(_) => true,
            Coming::Fresh | Coming::Resumed(_) => false,
        }
    }

    fn way_there(&self, follow: &Follow, place: Place<'_>, left: Option<u64>) -> Vec<Bytes> {
        let shown = self.shown();
        let channel = follow.channel;
        let seq = seq_of(&self.market, channel);
        let exps = Exps::of(&self.market);
        let told = (follow.told != Some(exps)).then_some(exps);
        let encode = |update: Update<'_>| update.encode(follow.codec, place);
        let caught_up = |since: u64, conflated: bool| {
            if since == seq {
                return Some(Vec::new());
            }
            (since < seq)
                .then(|| shown.changes(channel, since, conflated, None))
                .flatten()
                .map(|changes| vec![encode(changes)])
        };
        let lost = |since: Option<u64>| {
            let missed = since.filter(|since| *since <= seq).map(|since| seq - since);
            if let (Channel::Trade, Some(missed)) = (channel, missed) {
                metrics().trades_missed.inc_by(missed);
            }
            vec![encode(shown.snapshot(channel, &self.epoch, told, Some(missed)))]
        };
        match &follow.coming {
            Coming::Fresh => vec![encode(shown.snapshot(channel, &self.epoch, told, None))],
            Coming::FromClass(_) => {
                left.and_then(|since| caught_up(since, false)).unwrap_or_else(|| lost(left))
            }
            Coming::Resumed(point) if *point.epoch == *self.epoch => {
                let Some(missed) = caught_up(point.seq, false) else {
                    count_resume("snapshot");
                    return lost(Some(point.seq));
                };
                count_resume("resumed");
                let state = shown.state(channel).map(|state| state.name());
                let resumed = Update::Resumed { epoch: &self.epoch, seq: point.seq, state };
                [vec![encode(resumed)], missed].concat()
            }
            Coming::Resumed(_) => {
                count_resume("snapshot");
                lost(None)
            }
            Coming::Slow { epoch, seq: since } | Coming::Rebuilt { epoch, seq: since } => {
                let since = since.filter(|_| *epoch == self.epoch);
                let conflated = matches!(follow.coming, Coming::Slow { .. });
                let merged = since.and_then(|since| caught_up(since, conflated));
                if conflated {
                    let outcome = if merged.is_some() { "merged" } else { "snapshot" };
                    metrics().conflations.get_or_create(&OutcomeLabel { outcome }).inc();
                }
                merged.unwrap_or_else(|| lost(since))
            }
        }
    }

    pub(super) fn unfollow(&mut self, unfollow: Unfollow) {
        let Some(topic) = self.topics.get_mut(&unfollow.channel) else { return };
        let slot = &mut topic.classes[unfollow.class.index()];
        if let Some(class) = slot {
            for (shard, by_codec) in &mut class.shards {
                if *shard == unfollow.shard {
                    let count = &mut by_codec[unfollow.codec.index()];
                    *count = count.saturating_sub(1);
                }
            }
            class.shards.retain(|(_, by_codec)| *by_codec != [0; Codec::COUNT]);
            if class.shards.is_empty() {
                *slot = None;
            }
        }
        if topic.classes.iter().all(Option::is_none) {
            self.topics.remove(&unfollow.channel);
        }
        let raw = TickClass::RAW.index();
        self.raw = self.topics.values().any(|topic| topic.classes[raw].is_some());
    }
}

fn count_resume(outcome: &'static str) {
    metrics().resumes.get_or_create(&OutcomeLabel { outcome }).inc();
}
