//! One event in, an account of what changed out.

use compact_str::{CompactString, format_compact};
use serde::{Deserialize, Serialize};

use super::bar::Bar;
use super::book::{Book, DeltaFate, Side};
use super::checksum::Checksum;
use super::clock::{Clock, Nanos};
use super::decimal::Decimal;
use super::event::{Body, Definition, Event, LevelChange, Trade};
use super::interval::Interval;
use super::policy::Policy;
use super::quote::Quote;
use super::scales::Scales;
use super::series::{AllBars, BarSeries, PublishedBar};
use super::state::MarketState;
use super::stats::Stats;
use super::tape::{Amendment, KeptTrade, Print, Tape, TapeItem, TradeState};

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
    /// Event time of the kept trade that a cancel or correction was laid over.
    pub amended: Option<Nanos>,
    /// Cancels and corrections whose trade never came, or that could not wait.
    pub amendments_dropped: u32,
    /// The event's time was too far ahead to move the clock.
    pub skewed: bool,
}

/// One instrument's market.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Market {
    pub(super) epoch_base: CompactString,
    pub(super) epoch_turn: u32,
    pub(super) price: Scales,
    pub(super) qty: Scales,
    pub(super) clock: Clock,
    /// The definition, where one came.
    pub definition: Option<Definition>,
    pub(super) book: Book,
    /// Changes of the book so far.
    pub book_seq: u64,
    /// What the log alone says of the book.
    pub book_state: MarketState,
    pub(super) book_state_changed: u64,
    /// Event time of the book's last change.
    pub book_ts: Option<Nanos>,
    pub(super) quote: Quote,
    pub(super) quote_events: Option<QuoteEvents>,
    pub(super) stats: Stats,
    pub(super) stats_day: Option<Nanos>,
    pub(super) tape: Tape,
    pub(super) bars: AllBars,
    pub(super) halted: bool,
    pub(super) disconnected: bool,
}

/// The last `quote` event; once one came, the book's top is not the quote any more.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct QuoteEvents {
    pub(super) bid: Option<(i64, i64)>,
    pub(super) ask: Option<(i64, i64)>,
    pub(super) disconnected: bool,
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
            Body::Statistic(_) | Body::Imbalance(_) | Body::Heartbeat => {}
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
        changes.amended = Some(ts);
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
