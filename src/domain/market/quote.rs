//! The instrument's best bid and ask, as shown on `quote`.

use serde::{Deserialize, Serialize};

use super::clock::Nanos;
use super::state::MarketState;

/// The fields of a quote, in the order of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuoteField {
    /// Best bid price.
    Bid,
    /// Quantity at the best bid.
    BidQty,
    /// Best ask price.
    Ask,
    /// Quantity at the best ask.
    AskQty,
    /// Event time of the last change.
    Ts,
    /// How far it can be trusted.
    State,
}

impl QuoteField {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Bid, Self::BidQty, Self::Ask, Self::AskQty, Self::Ts, Self::State];
}

/// The quote as it stands, with the change at which each field last differed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quote {
    /// Best bid: price and quantity mantissas.
    pub bid: Option<(i64, i64)>,
    /// Best ask: price and quantity mantissas.
    pub ask: Option<(i64, i64)>,
    /// Event time of the last change.
    pub ts: Option<Nanos>,
    /// What the log alone says of it.
    pub state: MarketState,
    /// Changes so far.
    pub seq: u64,
    changed: [u64; 6],
}

impl Default for Quote {
    fn default() -> Self {
        Self {
            bid: None,
            ask: None,
            ts: None,
            state: MarketState::Unsynced,
            seq: 0,
            changed: [0; 6],
        }
    }
}

impl Quote {
    /// Whether a field changed after change `since`.
    #[must_use]
    pub fn changed_since(&self, field: QuoteField, since: u64) -> bool {
        since < self.changed[field as usize]
    }

    /// Shows a new state of things; true where it differs from the last.
    pub(super) fn show(
        &mut self,
        bid: Option<(i64, i64)>,
        ask: Option<(i64, i64)>,
        state: MarketState,
        ts: Nanos,
    ) -> bool {
        if bid == self.bid && ask == self.ask && state == self.state {
            return false;
        }
        self.seq += 1;
        let seq = self.seq;
        let mut note = |field: QuoteField, differs: bool| {
            if differs {
                self.changed[field as usize] = seq;
            }
        };
        let price = |side: Option<(i64, i64)>| side.map(|(price, _)| price);
        let qty = |side: Option<(i64, i64)>| side.map(|(_, qty)| qty);
        note(QuoteField::Bid, price(bid) != price(self.bid));
        note(QuoteField::BidQty, qty(bid) != qty(self.bid));
        note(QuoteField::Ask, price(ask) != price(self.ask));
        note(QuoteField::AskQty, qty(ask) != qty(self.ask));
        note(QuoteField::Ts, self.ts != Some(ts));
        note(QuoteField::State, state != self.state);
        (self.bid, self.ask, self.state, self.ts) = (bid, ask, state, Some(ts));
        true
    }

    pub(super) fn widen(&mut self, price_by: i64, qty_by: i64) {
        for side in [&mut self.bid, &mut self.ask] {
            *side = side.map(|(price, qty)| (price * price_by, qty * qty_by));
        }
    }
}
