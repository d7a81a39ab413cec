//! One event in, an account of what changed out.

use compact_str::{CompactString, format_compact};
use serde::{Deserialize, Serialize};

use super::bar::Bar;
use super::book::{Book, DeltaFate, Side, Sync};
use super::checksum::Checksum;
use super::clock::{Clock, Nanos};
use super::decimal::{Decimal, power_of_ten};
use super::event::{Body, Definition, Event, LevelChange, Trade};
use super::interval::Interval;
use super::policy::Policy;
use super::quote::Quote;
use super::scales::{Fit, Scales};
use super::series::{AllBars, BarSeries, PublishedBar};
use super::state::MarketState;
use super::stats::Stats;
use super::tape::{Amendment, KeptTrade, Print, Tape, TapeItem, TradeState};

/// Why a record is refused whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A number does not fit the instrument's 64-bit mantissas, or its sums 128 bits.
    #[error("out_of_range")]
    OutOfRange,
}

/// What a record's numbers ask of the instrument's scales.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admission {
    price: Fit,
    qty: Fit,
}

impl Admission {
    /// Whether mantissas get more decimals, which begins a new epoch.
    #[must_use]
    pub fn widens(&self) -> bool {
        matches!(self.price, Fit::Wider { .. }) || matches!(self.qty, Fit::Wider { .. })
    }
}

/// What the log says of a record beside its events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// When the log took it.
    pub ts_append: Option<Nanos>,
    /// Whether the hub itself wrote it, in a silence.
    pub by_hub: bool,
}

/// What became of a trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TradeOutcome {
    /// It counts in bars and statistics; its position among the instrument's trades.
    Counted(u64),
    /// It is shown and stored, but too late for the stream's bars; its position.
    TooLate(u64),
    /// Its id is known already.
    Repeated,
}

/// What one event changed, and what is to be counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The quote.
    pub quote: bool,
    /// The statistics.
    pub stats: bool,
    /// The book, at any depth, or its state.
    pub book: bool,
    /// One bit for each interval whose bars changed.
    pub bars: u8,
    /// Items that went on the tape.
    pub items: u32,
    /// What became of the trade, if it was one.
    pub trade: Option<TradeOutcome>,
    /// A delta that changed nothing because the book is not synchronised.
    pub unsynced_delta: bool,
    /// A delta that did not continue the book.
    pub gap: bool,
    /// The venue's checksum, and whether it held.
    pub checksum: Option<bool>,
    /// Cancels and corrections whose trade never came, or that could not wait.
    pub amendments_dropped: u32,
    /// The event's time was too far ahead to move the clock.
    pub skewed: bool,
}

/// One instrument's market.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Market {
    epoch_base: CompactString,
    epoch_turn: u32,
    price: Scales,
    qty: Scales,
    clock: Clock,
    /// The definition, where one came.
    pub definition: Option<Definition>,
    book: Book,
    /// Changes of the book so far.
    pub book_seq: u64,
    /// What the log alone says of the book.
    pub book_state: MarketState,
    book_state_changed: u64,
    /// Event time of the book's last change.
    pub book_ts: Option<Nanos>,
    quote: Quote,
    quote_events: Option<QuoteEvents>,
    stats: Stats,
    stats_day: Option<Nanos>,
    tape: Tape,
    bars: AllBars,
    halted: bool,
    disconnected: bool,
}

/// The last `quote` event; once one came, the book's top is not the quote any more.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct QuoteEvents {
    bid: Option<(i64, i64)>,
    ask: Option<(i64, i64)>,
    disconnected: bool,
}

impl Market {
    /// A market nothing is known of; `epoch_base` names the place in the log it begins at.
    #[must_use]
    pub fn new(epoch_base: &str) -> Self {
        Self {
            epoch_base: epoch_base.into(),
            epoch_turn: 0,
            price: Scales::default(),
            qty: Scales::default(),
            clock: Clock::default(),
            definition: None,
            book: Book::default(),
            book_seq: 0,
            book_state: MarketState::Unsynced,
            book_state_changed: 0,
            book_ts: None,
            quote: Quote::default(),
            quote_events: None,
            stats: Stats::default(),
            stats_day: None,
            tape: Tape::default(),
            bars: AllBars::default(),
            halted: false,
            disconnected: false,
        }
    }

    /// The name of the run of sequence numbers that readers follow.
    #[must_use]
    pub fn epoch(&self) -> CompactString {
        format_compact!("{}.{}", self.epoch_base, self.epoch_turn)
    }

    /// Decimals of price mantissas.
    #[must_use]
    pub fn price_exp(&self) -> u8 {
        self.price.exp
    }

    /// Decimals of quantity mantissas.
    #[must_use]
    pub fn qty_exp(&self) -> u8 {
        self.qty.exp
    }

    /// The instrument's time.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The book.
    #[must_use]
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// Whether the book's state changed after change `since`.
    #[must_use]
    pub fn book_state_changed_since(&self, since: u64) -> bool {
        since < self.book_state_changed
    }

    /// The quote.
    #[must_use]
    pub fn quote(&self) -> &Quote {
        &self.quote
    }

    /// The statistics.
    #[must_use]
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// The trades.
    #[must_use]
    pub fn tape(&self) -> &Tape {
        &self.tape
    }

    /// The bars of one interval.
    #[must_use]
    pub fn bars(&self, interval: Interval) -> &BarSeries {
        self.bars.of(interval)
    }

    /// Whether the venue does not trade it.
    #[must_use]
    pub fn is_halted(&self) -> bool {
        self.halted
    }

    /// Gives back the kept trades, which are saved apart from the rest.
    pub fn restore_kept(&mut self, kept: Vec<KeptTrade>) {
        if let Some(pos) = kept.iter().map(|trade| trade.pos).max() {
            self.tape.continue_after(pos);
        }
        self.tape.restore_kept(kept);
    }

    /// What was folded stays, but the log it came from is another one now: a new epoch begins and
    /// the book is not synchronised.
    pub fn begin_epoch(&mut self, epoch_base: &str, policy: &Policy) {
        self.epoch_base = epoch_base.into();
        self.epoch_turn = 0;
        self.book.lose_sync();
        let ts = self.clock.greatest().unwrap_or_default();
        self.show(ts, false, policy, &mut Changes::default());
    }

    /// Bars closed or made final since [`Market::forget_bars`]; those are still held.
    #[must_use]
    pub fn bars_settled(&self) -> u32 {
        self.bars.settled()
    }

    /// Forgets bars that nothing is made of any more. Whoever sends bars sends what is pending
    /// first; it changes nothing that is shown.
    pub fn forget_bars(&mut self) {
        self.bars.forget();
    }

    /// Whether the hub should write a heartbeat whose time is `ts`: it would close a bar or turn
    /// the day.
    #[must_use]
    pub fn is_moved_by(&self, ts: Nanos, policy: &Policy) -> bool {
        let Some(now) = self.clock.watermark(policy) else { return false };
        let then = ts - policy.out_of_order_ns;
        self.bars.next_close().is_some_and(|end| end <= then)
            || Interval::D1.start_of(now) < Interval::D1.start_of(then)
    }

    /// Says whether all numbers of a record fit, and what they ask of the scales.
    ///
    /// # Errors
    ///
    /// [`Refusal::OutOfRange`] where one does not; nothing has changed then.
    pub fn admit(&self, events: &[Event]) -> Result<Admission, Refusal> {
        let (mut price, mut qty) = (self.price, self.qty);
        let mut notional: Option<i128> = None;
        for event in events {
            let mut take = |pair: &LevelChange| -> Option<()> {
                price = price.admit(pair.0)?;
                qty = qty.admit(pair.1)?;
                Some(())
            };
            let fits = match &event.body {
                Body::Trade(trade) => take(&(trade.price, trade.qty)),
                Body::TradeCorrect { price, qty, .. } => take(&(*price, *qty)),
                Body::Quote { bid, ask } => bid.iter().chain(ask).try_for_each(take),
                Body::BookSnapshot { bids, asks, .. } | Body::BookDelta { bids, asks, .. } => {
                    bids.iter().chain(asks).try_for_each(take)
                }
                Body::Instrument(definition) => take(&(definition.tick_size, definition.lot_size)),
                Body::TradeCancel { .. }
                | Body::Status { .. }
                | Body::Disconnect
                | Body::Heartbeat => Some(()),
            };
            fits.ok_or(Refusal::OutOfRange)?;
            if let Body::Trade(trade) = &event.body {
                let sum = notional.unwrap_or_else(|| self.bars.notional_bound());
                let product = trade.price.at(price.exp).zip(trade.qty.at(qty.exp));
                let (price, qty) = product.ok_or(Refusal::OutOfRange)?;
                let product = (i128::from(price) * i128::from(qty)).abs();
                notional = Some(sum.checked_add(product).ok_or(Refusal::OutOfRange)?);
            }
        }
        let admission = Admission { price: self.price.fit(price), qty: self.qty.fit(qty) };
        if admission.widens() {
            let by = i128::from(power_of_ten(price.exp - self.price.exp))
                * i128::from(power_of_ten(qty.exp - self.qty.exp));
            notional
                .unwrap_or_else(|| self.bars.notional_bound())
                .checked_mul(by)
                .ok_or(Refusal::OutOfRange)?;
        }
        Ok(admission)
    }

    /// Takes what [`Market::admit`] found; where it widens, a new epoch begins.
    pub fn accept(&mut self, admission: Admission) {
        let take = |fit: Fit| match fit {
            Fit::AsIs(scales) => (scales, 1),
            Fit::Wider { by, scales } => (scales, power_of_ten(by)),
        };
        let (price, price_by) = take(admission.price);
        let (qty, qty_by) = take(admission.qty);
        (self.price, self.qty) = (price, qty);
        if admission.widens() {
            self.epoch_turn += 1;
            self.book.widen(price_by, qty_by, self.book_seq);
            self.quote.widen(price_by, qty_by);
            self.stats.widen(price_by, qty_by);
            self.tape.widen(price_by, qty_by);
            self.bars.widen(price_by, qty_by);
            if let Some(events) = &mut self.quote_events {
                for side in [&mut events.bid, &mut events.ask] {
                    *side = side.map(|(price, qty)| (price * price_by, qty * qty_by));
                }
            }
        }
    }

    /// Folds one event of an accepted record.
    ///
    /// Bars that closed, were revised or became final are appended to `published`, in the order
    /// in which that happened.
    pub fn apply(
        &mut self,
        event: &Event,
        moment: Moment,
        policy: &Policy,
        published: &mut Vec<PublishedBar>,
    ) -> Changes {
        let mut changes = Changes::default();
        let received = event.ts_recv.or(moment.ts_append);
        changes.skewed =
            received.is_some_and(|at| at.saturating_add(policy.max_skew_ns) < event.ts_event);
        if !changes.skewed {
            self.clock.advance(event.ts_event, !moment.by_hub);
            self.bars.advance(&self.clock, policy, published);
            if let Some(watermark) = self.clock.feed_watermark(policy) {
                changes.amendments_dropped =
                    self.tape.forget(watermark, policy.allowed_lateness_ns);
            }
        }
        if !moment.by_hub {
            self.disconnected = false;
        }
        let items_before = self.tape.seq;
        let book_changed = self.take_body(event, policy, &mut changes);
        changes.items = u32::try_from(self.tape.seq - items_before).unwrap_or(u32::MAX);
        changes.bars = self.bars.finish(published);
        self.show(event.ts_event, book_changed, policy, &mut changes);
        changes
    }

    /// Folds what is the event's own; true where a level of the book changed.
    fn take_body(&mut self, event: &Event, policy: &Policy, changes: &mut Changes) -> bool {
        match &event.body {
            Body::Trade(trade) => self.take_trade(trade, event.ts_event, policy, changes),
            Body::TradeCancel { trade_id } => {
                let amendment = Amendment::Cancel { ts: event.ts_event };
                self.take_amendment(trade_id, amendment, policy, changes);
            }
            Body::TradeCorrect { trade_id, price, qty } => {
                let amendment = Amendment::Correct { ts: event.ts_event, price: *price, qty: *qty };
                self.take_amendment(trade_id, amendment, policy, changes);
            }
            Body::Quote { bid, ask } => {
                let (bid, ask) = (self.level(*bid), self.level(*ask));
                self.quote_events = Some(QuoteEvents { bid, ask, disconnected: false });
            }
            Body::BookSnapshot { bids, asks, checksum } => {
                let exps = (self.price.exp, self.qty.exp);
                let changed = self.book.replace([bids, asks], exps, event.seq, self.book_seq + 1);
                changes.checksum = checksum.as_ref().map(|sum| self.book.verify(sum, exps));
                return changed;
            }
            Body::BookDelta { bids, asks, checksum } => {
                return self.take_delta(event, [bids, asks], checksum.as_ref(), changes);
            }
            Body::Status { action, .. } => match action.as_str() {
                "halt" | "pause" | "suspend" | "close" | "not_available" => self.halted = true,
                "pre_open" | "open" | "trading" | "quoting" | "pre_close" => self.halted = false,
                _ => {}
            },
            Body::Instrument(definition) => self.definition = Some((**definition).clone()),
            Body::Disconnect => {
                self.disconnected = true;
                self.book.lose_sync();
                if let Some(events) = &mut self.quote_events {
                    events.disconnected = true;
                }
            }
            Body::Heartbeat => {}
        }
        false
    }

    fn take_delta(
        &mut self,
        event: &Event,
        [bids, asks]: [&[LevelChange]; 2],
        checksum: Option<&Checksum>,
        changes: &mut Changes,
    ) -> bool {
        let exps = (self.price.exp, self.qty.exp);
        match self.book.sequence(event.seq, event.prev_seq) {
            DeltaFate::Applied => {
                let change = self.book_seq + 1;
                let bids_changed = self.book.overlay(Side::Bid, bids, exps, change);
                let asks_changed = self.book.overlay(Side::Ask, asks, exps, change);
                changes.checksum = checksum.map(|sum| self.book.verify(sum, exps));
                bids_changed || asks_changed
            }
            DeltaFate::Repeated => false,
            DeltaFate::Unsynced => {
                changes.unsynced_delta = true;
                false
            }
            DeltaFate::Gap => {
                changes.gap = true;
                changes.unsynced_delta = true;
                false
            }
        }
    }

    fn take_trade(&mut self, trade: &Trade, ts: Nanos, policy: &Policy, changes: &mut Changes) {
        if self.tape.find(&trade.trade_id).is_some() {
            changes.trade = Some(TradeOutcome::Repeated);
            return;
        }
        let Some((price, qty)) = self.level(Some((trade.price, trade.qty))) else { return };
        let pos = self.tape.take_position();
        self.tape.show(TapeItem::Print(Print {
            trade_id: trade.trade_id.clone(),
            price,
            qty,
            aggressor: trade.aggressor,
            ts,
        }));
        if changes.skewed || self.clock.is_too_late(ts, policy) {
            changes.trade = Some(TradeOutcome::TooLate(pos));
            self.settle_waiting(&trade.trade_id, None, changes);
            return;
        }
        changes.trade = Some(TradeOutcome::Counted(pos));
        self.bars.add((price, qty, trade.count), (ts, pos), self.clock.watermark(policy));
        self.tape.keep(KeptTrade {
            ts,
            pos,
            trade_id: trade.trade_id.clone(),
            price,
            qty,
            count: trade.count,
            state: TradeState::Ok,
        });
        self.settle_waiting(&trade.trade_id, Some(policy), changes);
    }

    /// Lays amendments that came before their trade over it; `counted` where it is in bars.
    fn settle_waiting(
        &mut self,
        trade_id: &CompactString,
        counted: Option<&Policy>,
        changes: &mut Changes,
    ) {
        for amendment in self.tape.take_waiting(trade_id) {
            match counted {
                Some(policy) => self.take_amendment(trade_id, amendment, policy, changes),
                None => self.show_amendment(trade_id, &amendment),
            }
        }
    }

    fn take_amendment(
        &mut self,
        trade_id: &CompactString,
        amendment: Amendment,
        policy: &Policy,
        changes: &mut Changes,
    ) {
        let exps = (self.price.exp, self.qty.exp);
        let known = self.tape.find(trade_id);
        if known.is_some_and(|trade| trade.state == TradeState::Canceled) {
            changes.amendments_dropped += 1;
            return;
        }
        self.show_amendment(trade_id, &amendment);
        let Some(trade) = self.tape.find_mut(trade_id) else {
            let now = self.clock.feed_watermark(policy).unwrap_or(Nanos::MIN);
            if !self.tape.wait(trade_id, amendment, now) {
                changes.amendments_dropped += 1;
            }
            return;
        };
        let ts = trade.ts;
        if self.clock.is_too_late(ts, policy) {
            return;
        }
        match amendment {
            Amendment::Cancel { .. } => trade.state = TradeState::Canceled,
            Amendment::Correct { price, qty, .. } => {
                let (Some(price), Some(qty)) = (price.at(exps.0), qty.at(exps.1)) else { return };
                (trade.price, trade.qty, trade.state) = (price, qty, TradeState::Corrected);
            }
        }
        self.bars.remake(ts, &self.tape);
    }

    fn show_amendment(&mut self, trade_id: &CompactString, amendment: &Amendment) {
        let trade_id = trade_id.clone();
        let item = match *amendment {
            Amendment::Cancel { ts } => TapeItem::Cancel { trade_id, ts },
            Amendment::Correct { ts, price, qty } => {
                let Some((price, qty)) = self.level(Some((price, qty))) else { return };
                TapeItem::Correct { trade_id, price, qty, ts }
            }
        };
        self.tape.show(item);
    }

    /// Compares what is shown with what is, and counts what differs.
    fn show(&mut self, ts: Nanos, levels_changed: bool, policy: &Policy, changes: &mut Changes) {
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

    /// A price and a quantity as mantissas. Records are admitted first, so they fit.
    fn level(&self, pair: Option<(Decimal, Decimal)>) -> Option<(i64, i64)> {
        let (price, qty) = pair?;
        price.at(self.price.exp).zip(qty.at(self.qty.exp))
    }

    /// The running bar or any other held one, by its start.
    #[must_use]
    pub fn bar(&self, interval: Interval, start: Nanos) -> Option<&Bar> {
        self.bars.of(interval).at(start)
    }
}
