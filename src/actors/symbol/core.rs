//! A market with its followers: fold, flush, follow.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use compact_str::CompactString;

use super::topics::{Class, Shown, Topics, seq_of};
use super::{Batch, BatchRecord, BeginEpoch, Outlets, Place};
use super::{desk, timing};
use crate::actors::feed::Died;
use crate::actors::keeper::{DeadLetter, Errand, Left};
use crate::actors::registry::{Face, Registry};
use crate::actors::session::shard::Parcel;
use crate::domain::market::{Body, Changes, Event, Instrument, Market, PublishedBar, TradeOutcome};
use crate::telemetry::{ResultLabel, VenueLabel, metrics};
use crate::wire::channel::{Channel, TickClass};
use crate::wire::data::Exps;
use crate::wire::message::Update;
use crate::wire::saved::minute_of;

/// Bars settled before followers are told and the oldest are forgotten.
const SETTLED_MAX: u32 = 64;
/// Items pending on `trade` before a slow class is flushed early; below what the tape keeps.
const ITEMS_PENDING_MAX: u64 = 1_024;

pub(super) struct Core {
    pub(super) name: Instrument,
    pub(super) venue: VenueLabel,
    pub(super) market: Market,
    pub(super) place: Place,
    pub(super) face: Arc<Face>,
    pub(super) registry: Arc<Registry>,
    pub(super) outlets: Outlets,
    pub(super) topics: Topics,
    /// Whether any raw class is followed.
    pub(super) raw: bool,
    pub(super) marked: bool,
    pub(super) dead: bool,
    pub(super) applying: (i32, i64),
    pub(super) heard: Instant,
    pub(super) silent: bool,
    pub(super) published: Vec<PublishedBar>,
    pub(super) dirty_minutes: BTreeSet<i64>,
    /// Minutes of trades that the last saved market named and the one before did.
    pub(super) minutes: BTreeMap<i64, u64>,
    pub(super) forgotten_minutes: Vec<(i64, u64)>,
    /// What lies saved in partitions that the instrument has left.
    pub(super) left: Vec<Left>,
    pub(super) epoch: Arc<str>,
}

impl Core {
    pub(super) fn new(
        name: Instrument,
        market: Market,
        mut place: Place,
        face: Arc<Face>,
        registry: Arc<Registry>,
        outlets: Outlets,
    ) -> Self {
        face.show(Exps::of(&market));
        let minutes = place.saved.1.iter().copied().collect();
        Self {
            venue: VenueLabel { venue: name.venue().to_owned() },
            epoch: market.epoch().as_str().into(),
            name,
            market,
            applying: (place.partition, place.offset),
            forgotten_minutes: std::mem::take(&mut place.orphans),
            place,
            face,
            registry,
            outlets,
            topics: Topics::new(),
            raw: false,
            marked: false,
            dead: false,
            heard: Instant::now(),
            silent: false,
            published: Vec::new(),
            dirty_minutes: BTreeSet::new(),
            minutes,
            left: Vec::new(),
        }
    }

    /// This symbol panicked: it does nothing any more, and the feed builds another.
    pub(super) fn report_death(&mut self) {
        if std::mem::replace(&mut self.dead, true) {
            return;
        }
        self.topics.clear();
        let (partition, offset) = self.applying;
        metrics().symbol_panics.inc();
        let died = Died { name: self.name.clone(), partition, offset };
        let _stopping = self.outlets.died.send(died);
    }

    pub(super) fn shown(&self) -> Shown<'_> {
        Shown { market: &self.market, silent: self.silent, name: self.name.as_str() }
    }

    /// Folds a batch, and sends what raw followers are due at once.
    pub(super) fn fold(this: &Rc<RefCell<Self>>, batch: &Batch) {
        let mut core = this.borrow_mut();
        if core.dead {
            return;
        }
        if batch.records.iter().any(|record| !record.moment.by_hub) {
            core.hear();
        }
        metrics().events.inc_by(batch.events.len() as u64);
        for record in &batch.records {
            if batch.partition == core.place.partition && record.offset <= core.place.offset {
                continue;
            }
            core.applying = (batch.partition, record.offset);
            core.take_record(batch, record);
            core.place.partition = batch.partition;
            core.place.offset = record.offset;
        }
        if let (Some(last), 1) = (batch.records.last(), metrics().serving.get()) {
            timing::observe(batch, last);
        }
        if core.raw {
            desk::send();
        }
        if !core.marked && !core.topics.is_empty() {
            core.marked = true;
            drop(core);
            desk::mark(this);
        }
    }

    fn take_record(&mut self, batch: &Batch, record: &BatchRecord) {
        let events = &batch.events[record.events.clone()];
        let admission = match self.market.admit(events) {
            Ok(admission) => admission,
            Err(refusal) => {
                let letter = DeadLetter {
                    partition: batch.partition,
                    offset: record.offset,
                    reason: refusal.to_string(),
                    key: Some(self.name.as_str().as_bytes().to_vec()),
                    value: Some(batch.raw[record.raw.clone()].to_vec()),
                };
                self.outlets.keeper.send(Errand::DeadLetter(letter));
                return;
            }
        };
        if admission.widens() {
            self.flush(u8::MAX);
            self.market.accept(admission);
            self.new_epoch(Some(Exps::of(&self.market)));
        } else {
            self.market.accept(admission);
        }
        let policy = self.registry.policy;
        for event in events {
            provoke(event);
            let changes = self.market.apply(event, record.moment, &policy, &mut self.published);
            self.published.clear();
            self.note(event, &changes);
            if self.raw {
                self.flush(1 << TickClass::RAW.index());
            }
            self.relieve(&changes);
        }
    }

    /// Sends early what could not be told any more at the end of a long tick.
    fn relieve(&mut self, changes: &Changes) {
        if SETTLED_MAX < self.market.bars_settled() {
            if self.topics.keys().any(|channel| matches!(channel, Channel::Bars(_))) {
                self.flush(u8::MAX);
            }
            self.market.forget_bars();
        }
        if changes.items == 0 {
            return;
        }
        let seq = self.market.tape().seq;
        let pending = self.topics.get(&Channel::Trade).is_some_and(|topic| {
            let behind = |class: &Class| ITEMS_PENDING_MAX < seq - class.position.min(seq);
            topic.classes.iter().flatten().any(behind)
        });
        if pending {
            self.flush(u8::MAX);
        }
    }

    fn note(&mut self, event: &Event, changes: &Changes) {
        let counted = match (&event.body, changes.trade) {
            (_, Some(TradeOutcome::Counted(_))) => Some(event.ts_event.div_euclid(60_000_000_000)),
            (Body::TradeCancel { trade_id } | Body::TradeCorrect { trade_id, .. }, _) => {
                self.market.tape().find(trade_id).map(minute_of)
            }
            _ => None,
        };
        self.dirty_minutes.extend(counted);
        if *changes == (Changes { trade: None, ..Changes::default() }) {
            return;
        }
        match changes.trade {
            Some(TradeOutcome::Repeated) => {
                metrics().repeated_trades.get_or_create(&self.venue).inc();
            }
            Some(TradeOutcome::TooLate(_)) => {
                metrics().late_trades.get_or_create(&self.venue).inc();
            }
            Some(TradeOutcome::Counted(_)) | None => {}
        }
        if let Some(holds) = changes.checksum {
            let result = if holds { "match" } else { "mismatch" };
            let label = ResultLabel { venue: self.venue.venue.to_ascii_lowercase(), result };
            metrics().checksums.get_or_create(&label).inc();
        }
        for (count, family) in [
            (u32::from(changes.unsynced_delta), &metrics().unsynced_deltas),
            (u32::from(changes.gap), &metrics().book_gaps),
            (u32::from(changes.skewed), &metrics().skewed_events),
            (changes.amendments_dropped, &metrics().amendments_dropped),
        ] {
            if count != 0 {
                family.get_or_create(&self.venue).inc_by(u64::from(count));
            }
        }
    }

    fn hear(&mut self) {
        self.heard = Instant::now();
        if self.silent {
            self.set_silent(false);
        }
    }

    pub(super) fn watch_silence(&mut self, now: Instant) {
        let silence = now.saturating_duration_since(self.heard).as_millis();
        let silent = u128::from(self.outlets.stale_after_ms) <= silence && !self.market.is_halted();
        if silent != self.silent {
            self.set_silent(silent);
        }
    }

    /// Tells followers of states what the log did not cause.
    fn set_silent(&mut self, silent: bool) {
        let before: Vec<_> =
            self.topics.keys().map(|channel| self.shown().state(*channel)).collect();
        self.silent = silent;
        for ((channel, topic), before) in self.topics.iter().zip(before) {
            let state = self.shown().state(*channel);
            let (Some(after), true) = (state, state != before) else { continue };
            let shown = self.shown();
            let place = shown.place(*channel, &topic.name, topic.number);
            for (class, members) in TickClass::all().zip(&topic.classes) {
                let Some(members) = members else { continue };
                let message = members.code(&Update::State(after.name()), place);
                for (shard, _) in &members.shards {
                    let message = message.clone();
                    desk::post(*shard, Parcel::State { topic: topic.number, class, message });
                }
            }
        }
    }

    /// Sends each due class what changed since its position; true where a class not due has
    /// something pending.
    pub(super) fn flush(&mut self, classes: u8) -> bool {
        let mut pending = false;
        let shown = Shown { market: &self.market, silent: self.silent, name: self.name.as_str() };
        for (channel, topic) in &mut self.topics {
            let seq = seq_of(&self.market, *channel);
            let (number, name) = (topic.number, topic.name.as_str());
            for (class_id, class) in TickClass::all().zip(&mut topic.classes) {
                let Some(class) = class.as_mut().filter(|class| class.position < seq) else {
                    continue;
                };
                if classes & (1 << class_id.index()) == 0 {
                    pending = true;
                } else {
                    flush_class(shown, (*channel, name), (number, class_id), class, false);
                }
            }
        }
        pending
    }

    /// Flushes what is due in a tick of the desk; false where nothing is left for a later one.
    pub(super) fn tick(&mut self, classes: u8) -> bool {
        self.marked = !self.dead && self.flush(classes);
        self.marked
    }

    /// Everybody gets a snapshot: the sequence numbers are of another run from here on.
    fn new_epoch(&mut self, widened: Option<Exps>) {
        self.face.show(Exps::of(&self.market));
        self.epoch = self.market.epoch().as_str().into();
        let shown = Shown { market: &self.market, silent: self.silent, name: self.name.as_str() };
        for (channel, topic) in &mut self.topics {
            // Nothing was missed where only decimals grew; of another log nobody can say.
            let missed = if widened.is_some() { None } else { Some(None) };
            let snapshot = shown.snapshot(*channel, &self.epoch, widened, missed);
            let place = shown.place(*channel, &topic.name, topic.number);
            for (class_id, class) in TickClass::all().zip(&mut topic.classes) {
                let Some(class) = class else { continue };
                place_at_end(class, *channel, &self.market);
                let message = class.code(&snapshot, place);
                for (shard, _) in &class.shards {
                    desk::post(
                        *shard,
                        Parcel::Snapshot {
                            topic: topic.number,
                            class: class_id,
                            last: class.position,
                            epoch: self.epoch.clone(),
                            message: message.clone(),
                        },
                    );
                }
            }
        }
    }

    pub(super) fn begin_epoch(&mut self, begin: &BeginEpoch) {
        self.flush(u8::MAX);
        let policy = self.registry.policy;
        self.market.begin_epoch(&begin.base, &policy);
        if self.place.partition != begin.partition {
            let mut minutes = std::mem::take(&mut self.forgotten_minutes);
            minutes.extend(std::mem::take(&mut self.minutes));
            let partition = self.place.partition;
            match self.left.iter_mut().find(|left| left.partition == partition) {
                Some(left) => left.minutes.extend(minutes),
                None => self.left.push(Left { partition, minutes }),
            }
        }
        self.place.partition = begin.partition;
        self.place.offset = begin.after_offset;
        self.new_epoch(None);
        desk::send();
    }
}

/// In debug builds a trade with the condition `panic!` panics, so that tests can see what a panic
/// of one symbol costs the others: nothing.
fn provoke(event: &Event) {
    if cfg!(debug_assertions)
        && let Body::Trade(trade) = &event.body
    {
        assert!(trade.conditions != "panic!", "a provoked panic");
    }
}

/// Puts a class at the latest change.
pub(super) fn place_at_end(class: &mut Class, channel: Channel, market: &Market) {
    class.position = seq_of(market, channel);
    if let Channel::Book(depth) = channel {
        class.top = market.book().top(usize::from(depth));
    }
}

/// Sends a class what changed; what cannot be seen is sent only where `even_unseen`.
pub(super) fn flush_class(
    shown: Shown<'_>,
    channel: (Channel, &str),
    (topic, class_id): (u32, TickClass),
    class: &mut Class,
    even_unseen: bool,
) {
    let last = seq_of(shown.market, channel.0);
    if last <= class.position {
        return;
    }
    let top = match channel.0 {
        Channel::Book(depth) => {
            if !even_unseen && !shown.book_shows(depth, class.position, &class.top) {
                return;
            }
            Some(std::mem::take(&mut class.top))
        }
        _ => None,
    };
    let first = class.position + 1;
    let place = shown.place(channel.0, channel.1, topic);
    let changes = shown.changes(channel.0, class.position, false, top.as_ref());
    place_at_end(class, channel.0, shown.market);
    let parcel = match changes {
        Some(changes) => {
            let message = class.code(&changes, place);
            Parcel::Change { topic, class: class_id, first, last, message }
        }
        None => {
            let epoch = shown.market.epoch();
            let missed = Some(Some(last + 1 - first));
            let message = class.code(&shown.snapshot(channel.0, &epoch, None, missed), place);
            let epoch = epoch.as_str().into();
            Parcel::Snapshot { topic, class: class_id, last, epoch, message }
        }
    };
    for (shard, _) in &class.shards {
        desk::post(*shard, parcel.clone());
    }
}

/// The name of a run of sequence numbers that begins at a place in a log.
#[must_use]
pub fn epoch_base(topic_id: &str, partition: i32, offset: i64) -> CompactString {
    compact_str::format_compact!("{topic_id}.{partition}.{offset}")
}
