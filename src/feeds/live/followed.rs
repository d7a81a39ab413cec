//! The instruments of one connection: events in, records for the log out, and what is to be done for
//! each book.
//!
//! # Invariants
//!
//! - An instrument's events leave in the order in which the adapter gave them.
//! - Before this process's first event of an instrument stands a `disconnect`: whatever an earlier
//!   feed left in the hub is not continued.
//! - A book that breaks is told before anything is asked again: by the event that shows it, else by
//!   a `disconnect`.
//! - Heartbeats never go back, and are never ahead of the venue.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::recovery::{Deed, Recovery};
use super::skew::{Skew, Verdict};
use super::watch::{Fault, Step, Watch};
use crate::config;
use crate::domain::market::{Body, Event, Instrument, Nanos};
use crate::feeds::venues::line::Recovery as Way;
use crate::feeds::venues::{FrameError, Sequencing, Venue};
use crate::telemetry::{LiveMetrics, ReasonLabel};

/// Records for the log, in order.
pub(super) type Records = Vec<(Instrument, Vec<Event>)>;

/// The moment at which something is taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    /// In milliseconds of the clock that does not go back.
    pub ms: u64,
    /// The machine's time.
    pub wall: Nanos,
}

struct One {
    symbol: String,
    /// The symbol as it stands in frames, in small letters.
    in_frames: String,
    watch: Watch,
    recovery: Recovery,
    /// Why the book was lost, until it is had again.
    lost: Option<Fault>,
    /// Whether this process wrote anything of it.
    introduced: bool,
    /// The greatest time of its events, and of heartbeats too.
    feed_ts: Nanos,
    said_ts: Nanos,
    /// When something was last written.
    said_at: u64,
}

/// All instruments of a connection.
pub(super) struct Followed {
    venue: &'static Venue,
    way: Way,
    settings: config::Live,
    max_skew_ns: Nanos,
    all: BTreeMap<Instrument, One>,
    skew: Skew,
    metrics: Arc<LiveMetrics>,
}

fn chance() -> u64 {
    rand::random()
}

impl Followed {
    /// These instruments, with their symbols; nothing is heard yet.
    pub fn new(
        venue: &'static Venue,
        way: Way,
        (settings, max_skew_ns): (&config::Live, Nanos),
        instruments: Vec<(Instrument, String)>,
        metrics: Arc<LiveMetrics>,
    ) -> Self {
        let settings = settings.clone();
        let skew = Skew::default();
        let mut followed =
            Self { venue, way, settings, max_skew_ns, all: BTreeMap::new(), skew, metrics };
        for (instrument, symbol) in instruments {
            let one = followed.one(symbol, 0);
            followed.all.insert(instrument, one);
        }
        followed
    }

    fn one(&self, symbol: String, now: u64) -> One {
        One {
            in_frames: (self.venue.line)().in_frames(&symbol).to_ascii_lowercase(),
            symbol,
            watch: Watch::new(self.venue.sequencing != Sequencing::Contiguous),
            recovery: Recovery::new(self.way, &self.settings, now),
            lost: None,
            introduced: false,
            feed_ts: Nanos::MIN,
            said_ts: Nanos::MIN,
            said_at: now,
        }
    }

    /// A connection was opened: every book is wanted.
    pub fn connected(&mut self, now: u64) {
        self.skew.forget();
        for one in self.all.values_mut() {
            one.recovery = Recovery::new(self.way, &self.settings, now);
            one.said_at = now;
        }
    }

    /// The connection is gone; what the adapter says of that was taken.
    pub fn gone(&mut self) {
        for one in self.all.values_mut().filter(|one| one.recovery.has()) {
            self.metrics.books.dec();
            // Only a broken book has another reason.
            one.lost = None;
        }
        self.connected(0);
    }

    /// Takes the events of one frame. A book that the adapter itself says is lost is wanted again.
    pub fn take(&mut self, events: &mut Vec<(Instrument, Event)>, now: Now) -> Records {
        self.fold(events, now, true)
    }

    /// Takes what the adapter says of a connection that has ended: every book is wanted on the next
    /// one anyway.
    pub fn end(&mut self, events: &mut Vec<(Instrument, Event)>, now: Now) -> Records {
        self.fold(events, now, false)
    }

    fn fold(
        &mut self,
        events: &mut Vec<(Instrument, Event)>,
        now: Now,
        is_connected: bool,
    ) -> Records {
        let mut records: Records = Vec::new();
        for (instrument, event) in events.drain(..) {
            if !self.all.contains_key(&instrument) {
                // The adapter bounds how many there can be.
                let (_, symbol) = instrument.as_str().split_once(':').unwrap_or_default();
                let one = self.one(symbol.to_owned(), now.ms);
                self.all.insert(instrument.clone(), one);
            }
            let Some(one) = self.all.get_mut(&instrument) else { continue };
            if !std::mem::replace(&mut one.introduced, true) {
                add(&mut records, &instrument, disconnect(event.ts_event, now.wall));
            }
            if one.feed_ts < event.ts_event {
                one.feed_ts = event.ts_event;
                one.said_ts = one.said_ts.max(event.ts_event);
                self.skew.take(event.ts_event, now.wall);
            }
            if self.max_skew_ns < event.ts_event.saturating_sub(now.wall) {
                self.metrics.skewed.inc();
            }
            one.said_at = now.ms;
            let stood = one.watch.stands();
            let step = one.watch.take(&event, now.ms);
            let is_lost = is_connected && stood && event.body == Body::Disconnect;
            add(&mut records, &instrument, event);
            one.recovery.hear(step != Step::Nothing);
            match step {
                Step::Nothing if is_lost => {
                    breaks(&self.metrics, (&instrument, one), Fault::Gap, now.ms);
                }
                Step::Nothing | Step::Unsynced => {}
                Step::Stands => stands(&self.metrics, (&instrument, one), now.ms),
                Step::Breaks(fault) => {
                    if stood && !fault.shows_in_the_log() {
                        add(&mut records, &instrument, lose(one, now));
                    }
                    breaks(&self.metrics, (&instrument, one), fault, now.ms);
                }
            }
        }
        self.judge_clock();
        records
    }

    fn judge_clock(&mut self) {
        let venue = self.venue.name;
        match self.skew.judge(self.max_skew_ns) {
            Verdict::Unchanged => {}
            Verdict::Ahead(by) => tracing::error!(
                venue,
                ahead_ms = by / 1_000_000,
                max_skew_ms = self.max_skew_ns / 1_000_000,
                "the venue's clock is further ahead of this machine's than market.max_skew_ms: \
                 the hub does not move time by its events; set this machine's clock right"
            ),
            Verdict::Agreed(by) => tracing::info!(
                venue,
                ahead_ms = by / 1_000_000,
                "the venue's clock agrees with this machine's again"
            ),
        }
        if let Some(range) = self.skew.range() {
            self.metrics.ahead_least_ms.set(range.least / 1_000_000);
            self.metrics.ahead_most_ms.set(range.most / 1_000_000);
        }
    }

    /// A frame was refused: what becomes of the books whose change it may have held.
    pub fn refuse(&mut self, text: &str, error: &FrameError, now: Now) -> Records {
        let is_numbered = self.venue.sequencing == Sequencing::Contiguous;
        let is_other = matches!(error, FrameError::Symbol(_) | FrameError::TooManyInstruments(_));
        // JSON writes a slash with or without a backslash.
        let text = text.replace('\\', "").to_ascii_lowercase();
        let named = |one: &One| text.contains(&one.in_frames);
        let any_named = self.all.values().any(named);
        let is_whole = matches!(error, FrameError::Shape(_)) && is_numbered;
        if (is_other || is_whole) && !any_named {
            // Where a number shows every gap, a kind of message that is not known harms nothing; nor
            // does one of instruments that nobody follows.
            return Records::new();
        }
        // Half a frame may lack the very names that it is about.
        let is_cut = matches!(error, FrameError::Malformed(_)) && !is_numbered;
        let mut records = Records::new();
        let concerned = |(_, one): &(_, &mut One)| is_cut || !any_named || named(one);
        for (instrument, one) in self.all.iter_mut().filter(concerned) {
            if !is_numbered {
                one.recovery.lacks_a_change(now.ms);
            }
            if one.watch.stands() {
                records.push((instrument.clone(), vec![lose(one, now)]));
                breaks(&self.metrics, (instrument, one), Fault::Refused, now.ms);
            }
        }
        records
    }

    /// What has to be said because time passed.
    pub fn tick(&mut self, now: Now) -> Records {
        let venue_time = self.skew.venue_time(now.wall);
        let mut records = Records::new();
        for (instrument, one) in &mut self.all {
            if one.watch.is_crossed_for(self.settings.crossed_max_ms, now.ms) {
                records.push((instrument.clone(), vec![lose(one, now)]));
                breaks(&self.metrics, (instrument, one), Fault::Crossed, now.ms);
            }
            let is_quiet = one.said_at.saturating_add(self.settings.heartbeat_every_ms) <= now.ms;
            if let Some(ts) =
                venue_time.filter(|ts| one.introduced && is_quiet && one.said_ts < *ts)
            {
                (one.said_ts, one.said_at) = (ts, now.ms);
                self.metrics.heartbeats.inc();
                records.push((instrument.clone(), vec![said(ts, now.wall, Body::Heartbeat)]));
            }
        }
        records
    }

    /// All that was to be said is said: gives up waiting for snapshots that were asked of the WebSocket
    /// and did not come.
    pub fn expire(&mut self, now: u64) {
        for (instrument, one) in &mut self.all {
            one.recovery.subscribed(now);
            if one.recovery.is_overdue(now) {
                if !one.recovery.was_heard() && one.lost.is_none() {
                    tracing::warn!(%instrument, "nothing was heard of it yet");
                }
                breaks(&self.metrics, (instrument, one), Fault::Unanswered, now);
            }
        }
    }

    /// The first book for which something is to be done now that can be; it is taken as asked.
    pub fn ask(
        &mut self,
        now: u64,
        can_do: impl Fn(Deed) -> bool,
    ) -> Option<(Instrument, String, Deed)> {
        self.all.iter_mut().find_map(|(instrument, one)| {
            let deed = one.recovery.due(now).filter(|deed| can_do(*deed))?;
            one.recovery.asked(now);
            Some((instrument.clone(), one.symbol.clone(), deed))
        })
    }

    /// The REST server did not give the snapshot.
    pub fn fetch_failed(&mut self, instrument: &Instrument, now: u64) {
        if let Some(one) = self.all.get_mut(instrument) {
            one.recovery.refused(now, chance());
        }
    }

    /// A REST answer was taken, and gave this book no snapshot or none that it stands on.
    pub fn fetched(&mut self, instrument: &Instrument, now: u64) {
        if let Some(one) = self.all.get_mut(instrument)
            && !one.watch.stands()
        {
            breaks(&self.metrics, (instrument, one), Fault::Unanswered, now);
        }
    }
}

/// Adds an event to its instrument's last record. A `disconnect` has a record of its own, so that no
/// event that the hub refuses takes it along.
fn add(records: &mut Records, instrument: &Instrument, event: Event) {
    let is_lost = |event: &Event| event.body == Body::Disconnect;
    let last = records.iter_mut().rfind(|(known, _)| known == instrument);
    match last {
        Some((_, record)) if !is_lost(&event) && !record.last().is_some_and(is_lost) => {
            record.push(event);
        }
        _ => records.push((instrument.clone(), vec![event])),
    }
}

fn said(ts_event: Nanos, wall: Nanos, body: Body) -> Event {
    Event { ts_event, ts_recv: (0 < wall).then_some(wall), seq: None, prev_seq: None, body }
}

fn disconnect(ts_event: Nanos, wall: Nanos) -> Event {
    said(ts_event, wall, Body::Disconnect)
}

/// Says that the book is lost, and takes it so.
fn lose(one: &mut One, now: Now) -> Event {
    let event = disconnect(if one.feed_ts < 0 { now.wall } else { one.feed_ts }, now.wall);
    one.watch.take(&event, now.ms);
    one.said_at = now.ms;
    event
}

fn stands(metrics: &LiveMetrics, (instrument, one): (&Instrument, &mut One), now: u64) {
    if !one.recovery.stands(now) {
        return;
    }
    metrics.books.inc();
    if let Some(fault) = one.lost.take() {
        let reason = fault.name();
        tracing::info!(%instrument, reason, "the book is had again");
        metrics.recoveries.get_or_create_owned(&ReasonLabel { reason }).inc();
    }
}

fn breaks(
    metrics: &LiveMetrics,
    (instrument, one): (&Instrument, &mut One),
    fault: Fault,
    now: u64,
) {
    if !one.recovery.breaks(now, chance()) {
        // It was being asked for, and what came did not help.
        one.lost = one.lost.or(Some(fault));
        return;
    }
    let reason = fault.name();
    metrics.books.dec();
    metrics.faults.get_or_create_owned(&ReasonLabel { reason }).inc();
    tracing::warn!(%instrument, reason, "the book is lost");
    one.lost = Some(fault);
}

#[cfg(test)]
mod tests;
