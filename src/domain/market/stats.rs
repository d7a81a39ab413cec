//! The statistics of the UTC day.

use serde::{Deserialize, Serialize};

use super::bar::Bar;
use super::clock::Nanos;

/// Digits of a vwap beyond the instrument's price decimals.
pub const VWAP_EXTRA_DIGITS: u8 = 8;

/// Notional ÷ volume at the price's decimals + 8, cut, not rounded; none where the volume is 0.
#[must_use]
pub fn vwap_mantissa(notional: i128, volume: i128) -> Option<i128> {
    if volume == 0 {
        return None;
    }
    // Long division, a digit at a time: the product with 10^8 could exceed 128 bits.
    let mut quotient = notional / volume;
    let mut rest = notional % volume;
    for _ in 0..VWAP_EXTRA_DIGITS {
        rest *= 10;
        quotient = quotient * 10 + rest / volume;
        rest %= volume;
    }
    Some(quotient)
}

/// The fields of the statistics, in the order of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatsField {
    /// Last price in order.
    Last,
    /// Its quantity.
    LastQty,
    /// First price of the day.
    Open,
    /// Highest price of the day.
    High,
    /// Lowest price of the day.
    Low,
    /// Close of the last day before with trades.
    PrevClose,
    /// Quantity of the day.
    Volume,
    /// Sum of price × quantity of the day.
    Notional,
    /// Notional ÷ volume.
    Vwap,
    /// Fills of the day.
    Trades,
    /// Last − previous close.
    Change,
    /// Event time of the last change.
    Ts,
}

impl StatsField {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Last,
        Self::LastQty,
        Self::Open,
        Self::High,
        Self::Low,
        Self::PrevClose,
        Self::Volume,
        Self::Notional,
        Self::Vwap,
        Self::Trades,
        Self::Change,
        Self::Ts,
    ];
}

/// Open, high, low of a day with trades.
type DayPrices = (i64, i64, i64);

/// The statistics as they stand, with the change at which each field last differed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stats {
    /// Last trade in order: price and quantity mantissas.
    pub last: Option<(i64, i64)>,
    /// Open, high and low of the day.
    pub prices: Option<DayPrices>,
    /// Close of the last day before with trades.
    pub prev_close: Option<i64>,
    /// Quantity of the day.
    pub volume: i128,
    /// Sum of price × quantity of the day.
    pub notional: i128,
    /// Fills of the day.
    pub trades: u64,
    /// Event time of the last change.
    pub ts: Option<Nanos>,
    /// Changes so far.
    pub seq: u64,
    changed: [u64; 12],
}

impl Stats {
    /// Last − previous close.
    #[must_use]
    pub fn change(&self) -> Option<i64> {
        self.last?.0.checked_sub(self.prev_close?)
    }

    /// Whether a field changed after change `since`.
    #[must_use]
    pub fn changed_since(&self, field: StatsField, since: u64) -> bool {
        since < self.changed[field as usize]
    }

    /// Shows a new state of things; true where it differs from the last.
    pub(super) fn show(
        &mut self,
        last: Option<(i64, i64)>,
        day: Option<&Bar>,
        prev_close: Option<i64>,
        ts: Nanos,
    ) -> bool {
        let prices = day.filter(|bar| bar.has_trades()).map(|bar| (bar.open, bar.high, bar.low));
        let (volume, notional, trades) =
            day.map_or((0, 0, 0), |bar| (bar.volume, bar.notional, bar.trades));
        if last == self.last
            && prices == self.prices
            && prev_close == self.prev_close
            && (volume, notional, trades) == (self.volume, self.notional, self.trades)
        {
            return false;
        }
        let before = self.clone();
        self.seq += 1;
        (self.last, self.prices, self.prev_close) = (last, prices, prev_close);
        (self.volume, self.notional, self.trades) = (volume, notional, trades);
        self.ts = Some(ts);
        let sums_differ = volume != before.volume || notional != before.notional;
        let price_of = |pick: fn(DayPrices) -> i64| prices.map(pick) != before.prices.map(pick);
        let differs = [
            last.map(|last| last.0) != before.last.map(|last| last.0),
            last.map(|last| last.1) != before.last.map(|last| last.1),
            price_of(|prices| prices.0),
            price_of(|prices| prices.1),
            price_of(|prices| prices.2),
            prev_close != before.prev_close,
            volume != before.volume,
            notional != before.notional,
            sums_differ,
            trades != before.trades,
            self.change() != before.change(),
            self.ts != before.ts,
        ];
        for (changed, _) in self.changed.iter_mut().zip(differs).filter(|(_, differs)| *differs) {
            *changed = self.seq;
        }
        true
    }

    pub(super) fn widen(&mut self, price_by: i64, qty_by: i64) {
        self.last = self.last.map(|(price, qty)| (price * price_by, qty * qty_by));
        self.prices =
            self.prices.map(|(open, high, low)| (open * price_by, high * price_by, low * price_by));
        self.prev_close = self.prev_close.map(|close| close * price_by);
        self.volume *= i128::from(qty_by);
        self.notional *= i128::from(price_by) * i128::from(qty_by);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vwap_is_cut_not_rounded() {
        assert_eq!(vwap_mantissa(2, 3), Some(66_666_666));
        assert_eq!(vwap_mantissa(-2, 3), Some(-66_666_666));
        assert_eq!(vwap_mantissa(1, 0), None);
    }
}
