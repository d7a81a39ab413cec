//! What a symbol answers: its saved state to the keeper, a look at itself to readers over HTTP.

use std::collections::BTreeMap;

use actix::Message;

use super::core::Core;
use super::{Nudge, Save};
use crate::actors::keeper::{Errand, Saved};
use crate::domain::market::{Bar, INTERVALS, Interval, Nanos};
use crate::feeds::kafka::SavedParts;
use crate::wire::data::Exps;
use crate::wire::number::TIME_LIMIT;
use crate::wire::rest;
use crate::wire::saved::{self, HotCopy, SavedMarket, minute_of};

/// What a reader over HTTP wants to see.
#[derive(Clone, Debug)]
pub enum Want {
    /// The quote.
    Quote,
    /// The statistics.
    Stats,
    /// So many levels of the book.
    Book(usize),
    /// The definition and states.
    Summary,
    /// Held bars of an interval with a start in `[from, to)`.
    Bars(Interval, Nanos, Nanos),
}

/// What a reader over HTTP sees.
#[derive(Clone, Debug)]
pub struct Looked {
    /// What was asked for, as a JSON object; empty where bars were asked for.
    pub json: String,
    /// Bars asked for.
    pub bars: Vec<Bar>,
    /// Decimals.
    pub exps: Exps,
    /// Whether nothing came for too long.
    pub silent: bool,
    /// Milliseconds since the last event came.
    pub stale_ms: u64,
    /// Where it was seen.
    pub source: Source,
}

/// Where an answer comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The symbol itself, now.
    Memory,
    /// A copy.
    Redis {
        /// When it was made, in milliseconds since 1970.
        written_ms: i64,
    },
}

/// Make a copy of what is last known, unless the one made at that place is still good.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Option<HotCopy>")]
pub struct CopyHot {
    /// Partition and offset that the copy before stands for.
    pub known: Option<(i32, i64)>,
}

/// Levels of a book that is copied.
pub const LEVELS_COPIED: usize = 20;
/// Bars of each interval that are copied: the running one and those before it.
const BARS_COPIED: usize = 3;

impl Core {
    /// Writes the market and the minutes of trades that changed, for the keeper to store.
    pub(super) fn save(&mut self, save: Save) {
        self.place.saved.0 += 1;
        let generation = self.place.saved.0;
        let mut by_minute: BTreeMap<i64, Vec<_>> = BTreeMap::new();
        for trade in self.market.tape().kept() {
            by_minute.entry(minute_of(trade)).or_default().push(trade);
        }
        let forget = std::mem::take(&mut self.forgotten_minutes);
        let mut parts = SavedParts { generation, ..SavedParts::default() };
        let mut minutes = BTreeMap::new();
        for (minute, trades) in by_minute {
            let known = self.minutes.get(&minute).copied();
            let unchanged = known.filter(|_| !save.whole && !self.dirty_minutes.contains(&minute));
            minutes.insert(minute, unchanged.unwrap_or(generation));
            if unchanged.is_none() {
                let bytes = saved::encode(&trades).unwrap_or_default();
                parts.minutes.insert((minute, generation), bytes);
            }
        }
        let named = |(minute, generation): &(i64, u64)| minutes.get(minute) == Some(generation);
        self.forgotten_minutes =
            std::mem::take(&mut self.minutes).into_iter().filter(|part| !named(part)).collect();
        self.dirty_minutes.clear();
        let market = SavedMarket {
            market: self.market.clone(),
            offset: self.place.offset,
            trade_minutes: minutes.iter().map(|(minute, at)| (*minute, *at)).collect(),
        };
        self.minutes = minutes;
        parts.core = saved::encode(&market).unwrap_or_default();
        let saved = Saved {
            round: save.round,
            partition: self.place.partition,
            name: self.name.clone(),
            parts,
            forget,
            left: std::mem::take(&mut self.left),
        };
        self.outlets.keeper.send(Errand::Saved(saved));
    }

    /// In a silence, asks for a heartbeat in the log if it would close a bar or turn the day.
    pub(super) fn nudge(&mut self, nudge: Nudge) {
        let Some(greatest) = self.market.clock().greatest_of_feed() else { return };
        let ts = greatest.saturating_add(nudge.silence_ns);
        if ts < TIME_LIMIT && self.market.is_moved_by(ts, &self.registry.policy) {
            self.outlets.keeper.send(Errand::Heartbeat {
                name: self.name.clone(),
                partition: nudge.partition,
                ts,
            });
        }
    }

    pub(super) fn copy_hot(&self, known: Option<(i32, i64)>) -> Option<HotCopy> {
        let at = (self.place.partition, self.place.offset);
        if known == Some(at) {
            return None;
        }
        let now_ms = jiff::Timestamp::now().as_millisecond();
        let silence_ms = i64::try_from(self.heard.elapsed().as_millis()).unwrap_or(i64::MAX);
        let (name, market) = (self.name.as_str(), &self.market);
        let last_bars = |interval: Interval| {
            let bars: Vec<Bar> =
                market.bars(interval).bars().rev().take(BARS_COPIED).cloned().collect();
            (interval.name().to_owned(), bars.into_iter().rev().collect())
        };
        Some(HotCopy {
            partition: at.0,
            offset: at.1,
            heard_ms: now_ms.saturating_sub(silence_ms),
            written_ms: now_ms,
            price_exp: market.price_exp(),
            qty_exp: market.qty_exp(),
            quote: rest::quote(name, market, self.silent),
            stats: rest::stats(name, market),
            book: rest::book(name, market, LEVELS_COPIED, self.silent),
            summary: rest::summary(name, market, self.silent),
            bars: INTERVALS.into_iter().map(last_bars).collect(),
        })
    }

    pub(super) fn look(&self, want: &Want) -> Looked {
        let silence = self.heard.elapsed().as_millis();
        let mut looked = Looked {
            json: String::new(),
            bars: Vec::new(),
            exps: Exps::of(&self.market),
            silent: self.silent,
            stale_ms: u64::try_from(silence).unwrap_or(u64::MAX),
            source: Source::Memory,
        };
        let (name, market) = (self.name.as_str(), &self.market);
        match want {
            Want::Quote => looked.json = rest::quote(name, market, self.silent),
            Want::Stats => looked.json = rest::stats(name, market),
            Want::Book(depth) => looked.json = rest::book(name, market, *depth, self.silent),
            Want::Summary => looked.json = rest::summary(name, market, self.silent),
            Want::Bars(interval, from, to) => {
                let wanted = |bar: &&Bar| *from <= bar.start && bar.start < *to;
                looked.bars = self.market.bars(*interval).bars().filter(wanted).cloned().collect();
            }
        }
        looked
    }
}
