//! The trades of an instrument: those that bars may still need, and the items shown on `trade`.

use std::collections::{BTreeMap, HashMap, VecDeque};

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use super::bar::OrderKey;
use super::clock::{Nanos, SECOND_NS};
use super::decimal::Decimal;
use super::event::Aggressor;
use super::interval::Interval;

/// Items kept for resuming readers.
const ITEMS_MAX: usize = 2_048;
/// Cancels and corrections that may wait for their trade.
const WAITING_MAX: usize = 4_096;

/// Whether a trade still counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TradeState {
    /// As printed.
    Ok,
    /// Taken back.
    Canceled,
    /// With corrected price and quantity.
    Corrected,
}

impl TradeState {
    /// Its name on every door.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Canceled => "canceled",
            Self::Corrected => "corrected",
        }
    }
}

/// A trade that bars may still be remade from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptTrade {
    /// Event time.
    pub ts: Nanos,
    /// Position among the instrument's trades in the log.
    pub pos: u64,
    /// The venue's id.
    pub trade_id: CompactString,
    /// Price mantissa.
    pub price: i64,
    /// Quantity mantissa.
    pub qty: i64,
    /// Fills it stands for.
    pub count: u32,
    /// Whether it still counts.
    pub state: TradeState,
}

impl KeptTrade {
    /// Its place in the order of trades.
    #[must_use]
    pub fn key(&self) -> OrderKey {
        (self.ts, self.pos)
    }
}

/// A print as shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Print {
    /// The venue's id.
    pub trade_id: CompactString,
    /// Price mantissa.
    pub price: i64,
    /// Quantity mantissa.
    pub qty: i64,
    /// Who took, where known.
    pub aggressor: Option<Aggressor>,
    /// Event time.
    pub ts: Nanos,
}

/// One item of the `trade` channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum TapeItem {
    /// A trade was printed.
    Print(Print),
    /// A trade was taken back.
    Cancel {
        /// The trade's id.
        trade_id: CompactString,
        /// Event time of the cancel.
        ts: Nanos,
    },
    /// A trade was corrected.
    Correct {
        /// The trade's id.
        trade_id: CompactString,
        /// The right price's mantissa.
        price: i64,
        /// The right quantity's mantissa.
        qty: i64,
        /// Event time of the correction.
        ts: Nanos,
    },
}

/// What a cancel or correction does to its trade.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Amendment {
    Cancel { ts: Nanos },
    Correct { ts: Nanos, price: Decimal, qty: Decimal },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Waiting {
    since: Nanos,
    amendments: Vec<Amendment>,
}

/// Kept trades, waiting amendments and shown items.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tape {
    /// By event time, then position in the log. Saved in parts of its own.
    #[serde(skip)]
    kept: VecDeque<KeptTrade>,
    #[serde(skip)]
    keys: HashMap<CompactString, OrderKey, foldhash::fast::FixedState>,
    waiting: BTreeMap<CompactString, Waiting>,
    items: VecDeque<TapeItem>,
    /// Items so far.
    pub seq: u64,
    next_pos: u64,
    /// The last trade in order among those no longer kept: its place, price and quantity.
    last_forgotten: Option<(OrderKey, i64, i64)>,
}

impl Tape {
    /// Trades that bars may still be remade from, in order.
    pub fn kept(&self) -> impl DoubleEndedIterator<Item = &KeptTrade> {
        self.kept.iter()
    }

    /// The items after item `since`; none where that is too far back or ahead.
    #[must_use]
    pub fn items_since(&self, since: u64) -> Option<impl Iterator<Item = &TapeItem>> {
        let count = usize::try_from(self.seq.checked_sub(since)?).ok()?;
        let first = self.items.len().checked_sub(count)?;
        Some(self.items.range(first..))
    }

    /// The last `count` prints, oldest first.
    #[must_use]
    pub fn last_prints(&self, count: usize) -> Vec<&Print> {
        let mut prints: Vec<&Print> = self
            .items
            .iter()
            .rev()
            .filter_map(|item| match item {
                TapeItem::Print(print) => Some(print),
                TapeItem::Cancel { .. } | TapeItem::Correct { .. } => None,
            })
            .take(count)
            .collect();
        prints.reverse();
        prints
    }

    /// The last trade in order that still counts: price and quantity.
    #[must_use]
    pub fn last(&self) -> Option<(i64, i64)> {
        let kept = self.kept.iter().rev().find(|trade| trade.state != TradeState::Canceled);
        match (kept, self.last_forgotten) {
            (Some(kept), Some((key, price, qty))) if kept.key() < key => Some((price, qty)),
            (Some(kept), _) => Some((kept.price, kept.qty)),
            (None, forgotten) => forgotten.map(|(_, price, qty)| (price, qty)),
        }
    }

    /// The kept trade of that id.
    #[must_use]
    pub fn find(&self, trade_id: &str) -> Option<&KeptTrade> {
        self.index_of(trade_id).map(|at| &self.kept[at])
    }

    /// Gives back what was saved apart from the rest.
    pub fn restore_kept(&mut self, mut kept: Vec<KeptTrade>) {
        kept.sort_unstable_by_key(KeptTrade::key);
        kept.dedup_by_key(|trade| trade.key());
        self.keys = kept.iter().map(|trade| (trade.trade_id.clone(), trade.key())).collect();
        self.kept = kept.into();
    }

    /// The position of the last trade.
    #[must_use]
    pub fn last_position(&self) -> u64 {
        self.next_pos
    }

    pub(super) fn take_position(&mut self) -> u64 {
        self.next_pos += 1;
        self.next_pos
    }

    /// Positions given from here on are above `pos`.
    pub(super) fn continue_after(&mut self, pos: u64) {
        self.next_pos = self.next_pos.max(pos);
    }

    pub(super) fn show(&mut self, item: TapeItem) {
        if self.items.len() == ITEMS_MAX {
            self.items.pop_front();
        }
        self.items.push_back(item);
        self.seq += 1;
    }

    pub(super) fn keep(&mut self, trade: KeptTrade) {
        self.keys.insert(trade.trade_id.clone(), trade.key());
        let at = self.kept.iter().rev().take_while(|kept| trade.key() < kept.key()).count();
        self.kept.insert(self.kept.len() - at, trade);
    }

    /// The kept trades in `[start, end)` that count.
    pub(super) fn counted_in(&self, start: Nanos, end: Nanos) -> impl Iterator<Item = &KeptTrade> {
        let first = self.kept.partition_point(|trade| trade.ts < start);
        self.kept
            .range(first..)
            .take_while(move |trade| trade.ts < end)
            .filter(|trade| trade.state != TradeState::Canceled)
    }

    pub(super) fn find_mut(&mut self, trade_id: &str) -> Option<&mut KeptTrade> {
        self.index_of(trade_id).map(|at| &mut self.kept[at])
    }

    /// Remembers an amendment of a trade not seen yet; false where too many wait already.
    pub(super) fn wait(
        &mut self,
        trade_id: &CompactString,
        amendment: Amendment,
        now: Nanos,
    ) -> bool {
        if self.waiting.len() == WAITING_MAX && !self.waiting.contains_key(trade_id) {
            return false;
        }
        let waiting = self
            .waiting
            .entry(trade_id.clone())
            .or_insert_with(|| Waiting { since: now, amendments: Vec::new() });
        // A cancel ends it; of corrections the last holds.
        waiting.amendments.retain(|kept| matches!(kept, Amendment::Cancel { .. }));
        if waiting.amendments.is_empty() {
            waiting.amendments.push(amendment);
        }
        true
    }

    pub(super) fn take_waiting(&mut self, trade_id: &str) -> Vec<Amendment> {
        if self.waiting.is_empty() {
            return Vec::new();
        }
        self.waiting.remove(trade_id).map_or(Vec::new(), |waiting| waiting.amendments)
    }

    /// Forgets trades of final seconds and amendments that waited too long; tells how many of
    /// those were dropped.
    pub(super) fn forget(&mut self, feed_watermark: Nanos, lateness_ns: Nanos) -> u32 {
        let limit = feed_watermark.saturating_sub(lateness_ns);
        while let Some(oldest) = self.kept.front()
            && Interval::S1.start_of(oldest.ts) + SECOND_NS <= limit
        {
            let key = oldest.key();
            if oldest.state != TradeState::Canceled
                && self.last_forgotten.is_none_or(|(last, ..)| last < key)
            {
                self.last_forgotten = Some((key, oldest.price, oldest.qty));
            }
            if self.keys.get(&oldest.trade_id) == Some(&key) {
                self.keys.remove(&oldest.trade_id);
            }
            self.kept.pop_front();
        }
        if self.waiting.is_empty() {
            return 0;
        }
        let before = self.waiting.len();
        self.waiting.retain(|_, waiting| limit <= waiting.since);
        u32::try_from(before - self.waiting.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn widen(&mut self, price_by: i64, qty_by: i64) {
        for trade in &mut self.kept {
            trade.price *= price_by;
            trade.qty *= qty_by;
        }
        for item in &mut self.items {
            match item {
                TapeItem::Print(Print { price, qty, .. })
                | TapeItem::Correct { price, qty, .. } => {
                    *price *= price_by;
                    *qty *= qty_by;
                }
                TapeItem::Cancel { .. } => {}
            }
        }
        if let Some((_, price, qty)) = &mut self.last_forgotten {
            *price *= price_by;
            *qty *= qty_by;
        }
    }

    fn index_of(&self, trade_id: &str) -> Option<usize> {
        let key = self.keys.get(trade_id)?;
        let at = self.kept.partition_point(|trade| trade.key() < *key);
        self.kept.get(at).filter(|trade| trade.key() == *key).map(|_| at)
    }
}
