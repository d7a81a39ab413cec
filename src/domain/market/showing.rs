//! What is shown of a market after an event, and which of it differs from before.

use super::book::Sync;
use super::clock::Nanos;
use super::fold::{Changes, Market, QuoteEvents};
use super::interval::Interval;
use super::policy::Policy;
use super::state::MarketState;

impl Market {
    /// Compares what is shown with what is, and counts what differs.
    pub(super) fn show(
        &mut self,
        ts: Nanos,
        levels_changed: bool,
        policy: &Policy,
        changes: &mut Changes,
    ) {
        let book_state = self.state_of_book();
        if levels_changed || book_state != self.book_state {
            self.book_seq += 1;
            if book_state != self.book_state {
                self.book_state = book_state;
                self.book_state_changed = self.book_seq;
            }
            self.book_ts = Some(ts);
            changes.book = true;
        }
        changes.quote = match self.quote_events {
            Some(QuoteEvents { bid, ask, disconnected }) => {
                let state = self.state_of_quote(bid, ask, disconnected);
                self.quote.show(bid, ask, state, ts)
            }
            None if changes.book => {
                let (bid, ask) = (self.book.best_bid(), self.book.best_ask());
                self.quote.show(bid, ask, book_state, ts)
            }
            None => false,
        };
        let day = self.clock.watermark(policy).map(|at| Interval::D1.start_of(at));
        if changes.bars != 0 || changes.trade.is_some() || day != self.stats_day {
            self.stats_day = day;
            let day_bar = day.and_then(|day| self.bars.of(Interval::D1).at(day));
            let prev_close = day.and_then(|day| self.bars.close_before(day));
            changes.stats = self.stats.show(self.tape.last(), day_bar, prev_close, ts);
        }
    }

    fn state_of_book(&self) -> MarketState {
        if self.disconnected {
            return MarketState::Disconnected;
        }
        match self.book.sync() {
            Sync::Unsynced => MarketState::Unsynced,
            Sync::ChecksumFailed => MarketState::ChecksumFailed,
            Sync::Synced if self.book.is_crossed() => MarketState::Crossed,
            Sync::Synced if self.halted => MarketState::Halted,
            Sync::Synced => MarketState::Live,
        }
    }

    fn state_of_quote(
        &self,
        bid: Option<(i64, i64)>,
        ask: Option<(i64, i64)>,
        disconnected: bool,
    ) -> MarketState {
        let crossed = bid.zip(ask).is_some_and(|((bid, _), (ask, _))| ask < bid);
        if disconnected {
            MarketState::Disconnected
        } else if crossed {
            MarketState::Crossed
        } else if self.halted {
            MarketState::Halted
        } else {
            MarketState::Live
        }
    }
}
