//! The bars of one interval, and the seven intervals together.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::bar::{Bar, BarState, OrderKey};
use super::clock::{Clock, Nanos};
use super::interval::{INTERVALS, Interval};
use super::policy::Policy;
use super::tape::Tape;

/// Final bars that a newcomer is shown beside the ones not yet final.
const FINAL_BARS_SHOWN: usize = 2;

/// Final bars that are kept at least: a reader of stored bars finds them here until they are stored.
const FINAL_BARS_KEPT: usize = 16;

/// Changes that a reader may be behind and still be brought up to date.
const RESUME_CHANGES: u64 = 1_024;

/// A bar as it was published: at its close, at each revision, and when it became final.
#[derive(Clone, Debug, PartialEq)]
pub struct PublishedBar {
    /// Its length.
    pub interval: Interval,
    /// The bar at that moment.
    pub bar: Bar,
}

/// The bars of one interval that may still change, and those that larger ones are made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BarSeries {
    interval: Interval,
    bars: VecDeque<Bar>,
    /// Changes so far.
    pub seq: u64,
    touched: bool,
    /// Changes at or before this one may be of bars no longer held.
    forgotten: u64,
    open_from: Option<Nanos>,
    unsettled_from: Option<Nanos>,
}

impl BarSeries {
    fn new(interval: Interval) -> Self {
        Self {
            interval,
            bars: VecDeque::new(),
            seq: 0,
            touched: false,
            forgotten: 0,
            open_from: None,
            unsettled_from: None,
        }
    }

    /// All bars held, by start.
    pub fn bars(&self) -> impl DoubleEndedIterator<Item = &Bar> {
        self.bars.iter()
    }

    /// The bar that starts at `start`.
    #[must_use]
    pub fn at(&self, start: Nanos) -> Option<&Bar> {
        self.position(start).ok().map(|at| &self.bars[at])
    }

    /// What a newcomer is shown: the bars not yet final and the last two final ones.
    pub fn shown(&self) -> impl Iterator<Item = &Bar> {
        let finals = self.bars.partition_point(|bar| bar.state == BarState::Final);
        self.bars.range(finals.saturating_sub(FINAL_BARS_SHOWN)..)
    }

    /// The bars that changed after change `since`; none where that is too far back.
    #[must_use]
    pub fn changed_since(&self, since: u64) -> Option<impl Iterator<Item = &Bar>> {
        (self.forgotten <= since)
            .then(|| self.bars.iter().filter(move |bar| since < bar.last_change()))
    }

    fn position(&self, start: Nanos) -> Result<usize, usize> {
        match self.bars.back() {
            Some(last) if last.start == start => Ok(self.bars.len() - 1),
            Some(last) if last.start < start => Err(self.bars.len()),
            _ => self.bars.binary_search_by_key(&start, |bar| bar.start),
        }
    }

    fn end_of(&self, start: Nanos) -> Nanos {
        start.saturating_add(self.interval.length_ns())
    }

    /// The bar of a trade, made where there is none; its state follows the watermark.
    fn bar_for(&mut self, ts: Nanos, watermark: Option<Nanos>) -> &mut Bar {
        let start = self.interval.start_of(ts);
        let at = match self.position(start) {
            Ok(at) => at,
            Err(at) => {
                let closed = watermark.is_some_and(|watermark| self.end_of(start) <= watermark);
                let state = if closed { BarState::Closed } else { BarState::Open };
                self.bars.insert(at, Bar::new(start, state, self.seq + 1));
                let earliest =
                    |from: Option<Nanos>| Some(from.map_or(start, |from| from.min(start)));
                if !closed {
                    self.open_from = earliest(self.open_from);
                }
                self.unsettled_from = earliest(self.unsettled_from);
                at
            }
        };
        self.touched = true;
        &mut self.bars[at]
    }

    /// Closes and finalises what the time now allows.
    fn advance(
        &mut self,
        watermark: Nanos,
        feed_watermark: Option<Nanos>,
        policy: &Policy,
        published: &mut Vec<PublishedBar>,
    ) {
        let length = self.interval.length_ns();
        let due = |from: Option<Nanos>, limit: Nanos| {
            from.is_some_and(|from| from.saturating_add(length) <= limit)
        };
        let final_limit = feed_watermark.map(|at| at - policy.allowed_lateness_ns);
        let closes = due(self.open_from, watermark);
        let settles = final_limit.is_some_and(|limit| due(self.unsettled_from, limit));
        if !closes && !settles {
            return;
        }
        let (interval, change) = (self.interval, self.seq + 1);
        let mut settle = |bar: &mut Bar, state: BarState| {
            bar.settle(state, change);
            published.push(PublishedBar { interval, bar: bar.clone() });
        };
        for bar in &mut self.bars {
            let end = bar.start.saturating_add(length);
            if bar.state == BarState::Open && end <= watermark {
                settle(bar, BarState::Closed);
            }
            if bar.state == BarState::Closed && final_limit.is_some_and(|limit| end <= limit) {
                settle(bar, BarState::Final);
            }
        }
        self.touched = true;
        let first = |wanted: fn(&Bar) -> bool| {
            self.bars.iter().find(|bar| wanted(bar)).map(|bar| bar.start)
        };
        self.open_from = first(|bar| bar.state == BarState::Open);
        self.unsettled_from = first(|bar| bar.state != BarState::Final);
    }

    fn forget_before(&mut self, needed_from: Option<Nanos>) {
        let mut finals = self.bars.partition_point(|bar| bar.state == BarState::Final);
        let kept = if self.interval == Interval::D1 { FINAL_BARS_SHOWN } else { FINAL_BARS_KEPT };
        while kept < finals
            && let Some(oldest) = self.bars.front()
            && needed_from.is_none_or(|from| oldest.start < from)
            && RESUME_CHANGES <= self.seq.saturating_sub(oldest.last_change())
        {
            self.forgotten = self.forgotten.max(oldest.last_change());
            self.bars.pop_front();
            finals -= 1;
        }
    }

    fn widen(&mut self, price_by: i64, qty_by: i64) {
        for bar in &mut self.bars {
            bar.widen(price_by, qty_by);
        }
    }
}

/// The series of all intervals, larger bars made of smaller ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct AllBars {
    series: Vec<BarSeries>,
    /// Closed bars changed by the event at hand.
    #[serde(skip)]
    revised: Vec<(Interval, Nanos)>,
    /// The close of the last day with trades that is no longer held.
    prior_close: Option<i64>,
    /// Bars closed or made final since bars were last forgotten.
    settled: u32,
}

impl Default for AllBars {
    fn default() -> Self {
        Self {
            series: INTERVALS.into_iter().map(BarSeries::new).collect(),
            revised: Vec::new(),
            prior_close: None,
            settled: 0,
        }
    }
}

impl AllBars {
    pub(super) fn of(&self, interval: Interval) -> &BarSeries {
        &self.series[interval.index()]
    }

    /// Moves time on: closes, finalises, and forgets what nothing is made of any more.
    pub(super) fn advance(
        &mut self,
        clock: &Clock,
        policy: &Policy,
        published: &mut Vec<PublishedBar>,
    ) {
        let Some(watermark) = clock.watermark(policy) else { return };
        let feed_watermark = clock.feed_watermark(policy);
        let before = published.len();
        for series in &mut self.series {
            series.advance(watermark, feed_watermark, policy, published);
        }
        self.settled += u32::try_from(published.len() - before).unwrap_or(u32::MAX);
    }

    /// Bars closed or made final since bars were last forgotten.
    pub(super) fn settled(&self) -> u32 {
        self.settled
    }

    /// Adds a trade to the bar of each interval.
    pub(super) fn add(
        &mut self,
        (price, qty, count): (i64, i64, u32),
        at: OrderKey,
        watermark: Option<Nanos>,
    ) {
        for series in &mut self.series {
            let (interval, change) = (series.interval, series.seq + 1);
            let bar = series.bar_for(at.0, watermark);
            bar.add(price, qty, count, at, change);
            if bar.state != BarState::Open {
                Self::note_revision(&mut self.revised, interval, bar, change);
            }
        }
    }

    /// Makes the bars that hold `ts` again: the shortest from the trades, the others from it.
    pub(super) fn remake(&mut self, ts: Nanos, tape: &Tape) {
        for interval in INTERVALS {
            let start = interval.start_of(ts);
            let end = start + interval.length_ns();
            let mut fresh = Bar::default();
            if interval == Interval::S1 {
                for trade in tape.counted_in(start, end) {
                    fresh.add(trade.price, trade.qty, trade.count, trade.key(), 0);
                }
            } else {
                let parts = &self.series[interval.index() - 1].bars;
                let first = parts.partition_point(|part| part.start < start);
                for part in parts.range(first..).take_while(|part| part.start < end) {
                    fresh.merge(part);
                }
            }
            let series = &mut self.series[interval.index()];
            let change = series.seq + 1;
            let Ok(at) = series.position(start) else { continue };
            let bar = &mut series.bars[at];
            if !bar.become_like(&fresh, change) {
                continue;
            }
            series.touched = true;
            if bar.state != BarState::Open {
                Self::note_revision(&mut self.revised, interval, bar, change);
            }
        }
    }

    /// Counts a revision of a closed bar, once an event; a bar made by the event begins at 0.
    fn note_revision(
        revised: &mut Vec<(Interval, Nanos)>,
        interval: Interval,
        bar: &mut Bar,
        change: u64,
    ) {
        if revised.contains(&(interval, bar.start)) {
            return;
        }
        revised.push((interval, bar.start));
        if !bar.made_since(change - 1) {
            bar.revise(change);
        }
    }

    /// Ends an event: counts it where it changed something and publishes revisions.
    /// Returns one bit for each changed interval.
    pub(super) fn finish(&mut self, published: &mut Vec<PublishedBar>) -> u8 {
        for (interval, start) in std::mem::take(&mut self.revised) {
            if let Some(bar) = self.of(interval).at(start) {
                published.push(PublishedBar { interval, bar: bar.clone() });
            }
        }
        let mut mask = 0;
        for series in &mut self.series {
            if std::mem::take(&mut series.touched) {
                series.seq += 1;
                mask |= 1 << series.interval.index();
            }
        }
        mask
    }

    /// Forgets bars that nothing is made of any more.
    pub(super) fn forget(&mut self) {
        self.settled = 0;
        for at in 0..self.series.len() {
            let parent = self.series.get(at + 1);
            let needed_from = parent.and_then(|parent| parent.unsettled_from);
            let last_close = |series: &BarSeries| {
                let closes = series.bars.iter().filter(|bar| bar.has_trades());
                closes.map(|bar| (bar.start, bar.close)).collect::<Vec<_>>()
            };
            if parent.is_none() && FINAL_BARS_SHOWN + 1 < self.series[at].bars.len() {
                let before = last_close(&self.series[at]);
                self.series[at].forget_before(needed_from);
                let held_from = self.series[at].bars.front().map_or(Nanos::MAX, |bar| bar.start);
                if let Some((_, close)) = before.iter().rfind(|(start, _)| *start < held_from) {
                    self.prior_close = Some(*close);
                }
            } else if parent.is_some() {
                self.series[at].forget_before(needed_from);
            }
        }
    }

    /// The close of the last day before `day` with trades.
    pub(super) fn close_before(&self, day: Nanos) -> Option<i64> {
        self.of(Interval::D1)
            .bars()
            .rev()
            .find(|bar| bar.start < day && bar.has_trades())
            .map(|bar| bar.close)
            .or(self.prior_close)
    }

    /// The quantities of all days held.
    pub(super) fn volume_held(&self) -> i128 {
        self.of(Interval::D1).bars().map(|bar| bar.volume).fold(0, i128::saturating_add)
    }

    pub(super) fn widen(&mut self, price_by: i64, qty_by: i64) {
        for series in &mut self.series {
            series.widen(price_by, qty_by);
        }
        self.prior_close = self.prior_close.map(|close| close * price_by);
    }

    /// The end of the earliest bar still open.
    pub(super) fn next_close(&self) -> Option<Nanos> {
        self.series.iter().filter_map(|series| Some(series.end_of(series.open_from?))).min()
    }
}
