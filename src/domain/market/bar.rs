//! One bar: what was traded in one bucket of time.

use serde::{Deserialize, Serialize};

use super::clock::Nanos;

/// Where a trade stands among the others: event time, then position in the log.
pub type OrderKey = (Nanos, u64);

/// How settled a bar is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BarState {
    /// The watermark has not reached its end.
    #[default]
    Open,
    /// Closed; a late trade, cancel or correction still revises it.
    Closed,
    /// The stream changes it no more.
    Final,
}

impl BarState {
    /// Its name on every door.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Final => "final",
        }
    }
}

/// The fields of a bar that can change, in the order of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BarField {
    /// First price.
    Open,
    /// Highest price.
    High,
    /// Lowest price.
    Low,
    /// Last price.
    Close,
    /// Sum of quantities.
    Volume,
    /// Sum of price × quantity; `vwap` follows it.
    Notional,
    /// Number of fills.
    Trades,
    /// Revision.
    Rev,
    /// How settled it is.
    State,
}

/// What was traded in `[start, start + interval)`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Bar {
    /// Start of the bucket.
    pub start: Nanos,
    /// First price; means nothing while `trades` is 0.
    pub open: i64,
    /// Highest price; means nothing while `trades` is 0.
    pub high: i64,
    /// Lowest price; means nothing while `trades` is 0.
    pub low: i64,
    /// Last price; means nothing while `trades` is 0.
    pub close: i64,
    /// Sum of quantity mantissas.
    pub volume: i128,
    /// Sum of price × quantity mantissas: its decimals are those of both.
    pub notional: i128,
    /// Fills, each trade counted `count` times.
    pub trades: u64,
    /// Revision; counts published changes after the close.
    pub rev: u32,
    /// How settled it is.
    pub state: BarState,
    first: OrderKey,
    last: OrderKey,
    created: u64,
    changed: [u64; 9],
}

impl Bar {
    /// An empty bar made by change `seq`.
    #[must_use]
    pub(super) fn new(start: Nanos, state: BarState, seq: u64) -> Self {
        Self { start, state, created: seq, changed: [seq; 9], ..Self::default() }
    }

    /// The final bar of stored trades: event time, position, price, quantity and fills of each.
    #[must_use]
    pub fn of_trades(
        start: Nanos,
        trades: impl IntoIterator<Item = (Nanos, u64, i64, i64, u32)>,
    ) -> Self {
        let mut bar = Self::new(start, BarState::Final, 0);
        for (ts, pos, price, qty, count) in trades {
            bar.add(price, qty, count, (ts, pos), 0);
        }
        bar
    }

    /// Whether the bar was made after change `since`.
    #[must_use]
    pub fn made_since(&self, since: u64) -> bool {
        since < self.created
    }

    /// Whether a field changed after change `since`.
    #[must_use]
    pub fn changed_since(&self, field: BarField, since: u64) -> bool {
        since < self.changed[field as usize]
    }

    /// The last change that touched any of it.
    #[must_use]
    pub fn last_change(&self) -> u64 {
        self.changed.iter().copied().fold(self.created, u64::max)
    }

    /// Whether it holds any trade.
    #[must_use]
    pub fn has_trades(&self) -> bool {
        self.trades != 0
    }

    /// Adds one trade.
    pub(super) fn add(&mut self, price: i64, qty: i64, count: u32, at: OrderKey, seq: u64) {
        let empty = !self.has_trades();
        let notional = i128::from(price) * i128::from(qty);
        if empty || at < self.first {
            (self.open, self.first) = (price, at);
            self.note(BarField::Open, seq);
        }
        if empty || self.last < at {
            if empty || self.close != price {
                self.note(BarField::Close, seq);
            }
            (self.close, self.last) = (price, at);
        }
        if empty || self.high < price {
            self.high = price;
            self.note(BarField::High, seq);
        }
        if empty || price < self.low {
            self.low = price;
            self.note(BarField::Low, seq);
        }
        self.volume += i128::from(qty);
        self.notional += notional;
        self.trades += u64::from(count);
        for field in [BarField::Volume, BarField::Notional, BarField::Trades] {
            self.note(field, seq);
        }
    }

    /// Adds what another span of time holds.
    pub(super) fn merge(&mut self, part: &Self) {
        if !part.has_trades() {
            return;
        }
        if !self.has_trades() || part.first < self.first {
            (self.open, self.first) = (part.open, part.first);
        }
        if !self.has_trades() || self.last < part.last {
            (self.close, self.last) = (part.close, part.last);
        }
        self.high = if self.has_trades() { self.high.max(part.high) } else { part.high };
        self.low = if self.has_trades() { self.low.min(part.low) } else { part.low };
        self.volume += part.volume;
        self.notional += part.notional;
        self.trades += part.trades;
    }

    /// Takes the prices and sums of `fresh`; true where any differs.
    pub(super) fn become_like(&mut self, fresh: &Self, seq: u64) -> bool {
        let emptied = self.has_trades() != fresh.has_trades();
        let differs = [
            (BarField::Open, emptied || self.open != fresh.open),
            (BarField::High, emptied || self.high != fresh.high),
            (BarField::Low, emptied || self.low != fresh.low),
            (BarField::Close, emptied || self.close != fresh.close),
            (BarField::Volume, self.volume != fresh.volume),
            (BarField::Notional, self.notional != fresh.notional),
            (BarField::Trades, self.trades != fresh.trades),
        ];
        for (field, _) in differs.iter().filter(|(_, differs)| *differs) {
            self.note(*field, seq);
        }
        (self.open, self.high, self.low, self.close) =
            (fresh.open, fresh.high, fresh.low, fresh.close);
        (self.volume, self.notional, self.trades) = (fresh.volume, fresh.notional, fresh.trades);
        (self.first, self.last) = (fresh.first, fresh.last);
        differs.iter().any(|(_, differs)| *differs)
    }

    /// Counts a revision.
    pub(super) fn revise(&mut self, seq: u64) {
        self.rev += 1;
        self.note(BarField::Rev, seq);
    }

    /// Settles it further.
    pub(super) fn settle(&mut self, state: BarState, seq: u64) {
        self.state = state;
        self.note(BarField::State, seq);
    }

    pub(super) fn widen(&mut self, price_by: i64, qty_by: i64) {
        for price in [&mut self.open, &mut self.high, &mut self.low, &mut self.close] {
            *price *= price_by;
        }
        self.volume *= i128::from(qty_by);
        self.notional *= i128::from(price_by) * i128::from(qty_by);
    }

    fn note(&mut self, field: BarField, seq: u64) {
        self.changed[field as usize] = seq;
    }
}
