//! One instrument's fold, and the rows that its events make.

use serde::{Deserialize, Serialize};

use super::letter_of_published;
use crate::domain::market::{
    Body, Changes, Event, Instrument, KeptTrade, Market, MarketState, Moment, Nanos, Policy,
    PublishedBar, SECOND_NS, TapeItem, Trade, TradeOutcome,
};
use crate::store::{Amend, BarRow, Batch, BookRow, Gap, LateTrade, QuoteRow, TradeRow};
use crate::wire::data::Exps;

/// Levels of a stored book.
const DEPTH: usize = 20;
/// Bars settled before the oldest are forgotten.
const SETTLED_MAX: u32 = 64;

/// Where rows go.
pub(super) type Rows<'a> = (&'a mut Batch, &'a mut Vec<(String, String)>);

/// A fold as it is stored.
#[derive(Serialize, Deserialize)]
pub(super) struct SavedFold {
    market: Market,
    kept: Vec<KeptTrade>,
    book_second: Option<i64>,
    book_state: Option<MarketState>,
}

/// One instrument's fold.
pub(super) struct Fold {
    pub(super) name: Instrument,
    pub(super) id: i32,
    pub(super) market: Market,
    pub(super) partition: i32,
    /// The last record in it.
    pub(super) offset: i64,
    pub(super) unsaved: bool,
    book_second: Option<i64>,
    book_state: Option<MarketState>,
    published: Vec<PublishedBar>,
}

/// In debug builds a trade with the condition `panic in the recorder!` panics, so that tests can see
/// what that costs: that record, and a row in `market.gaps`.
fn provoke(event: &Event) {
    if cfg!(debug_assertions)
        && let Body::Trade(trade) = &event.body
    {
        assert!(trade.conditions != "panic in the recorder!", "a provoked panic");
    }
}

impl Fold {
    pub(super) fn new(
        name: Instrument,
        id: i32,
        market: Market,
        partition: i32,
        offset: i64,
    ) -> Self {
        Self {
            name,
            id,
            market,
            partition,
            offset,
            unsaved: true,
            book_second: None,
            book_state: None,
            published: Vec::new(),
        }
    }

    pub(super) fn to_saved(&self) -> SavedFold {
        SavedFold {
            market: self.market.clone(),
            kept: self.market.tape().kept().cloned().collect(),
            book_second: self.book_second,
            book_state: self.book_state,
        }
    }

    pub(super) fn restore(&mut self, saved: SavedFold) {
        self.market = saved.market;
        self.market.restore_kept(saved.kept);
        (self.book_second, self.book_state) = (saved.book_second, saved.book_state);
        self.unsaved = false;
    }

    /// Folds the events of one record; refuses it whole as the symbols do.
    pub(super) fn take(
        &mut self,
        events: &[Event],
        moment: Moment,
        policy: &Policy,
        mut rows: Option<Rows<'_>>,
        gaps: &[Gap],
    ) {
        self.unsaved = true;
        let Ok(admission) = self.market.admit(events) else { return };
        self.market.accept(admission);
        for event in events {
            provoke(event);
            let items = self.market.tape().seq;
            let changes = self.market.apply(event, moment, policy, &mut self.published);
            if let Some((batch, letters)) = &mut rows {
                self.write(event, &changes, items, batch);
                let exps = Exps::of(&self.market);
                for published in self.published.drain(..) {
                    let text = letter_of_published(self.name.as_str(), &published, exps, gaps);
                    letters.push((self.name.as_str().to_owned(), text));
                    batch.bars.push(BarRow {
                        instrument_id: self.id,
                        interval: published.interval,
                        bar: published.bar,
                        exps: (exps.price, exps.qty),
                    });
                }
            }
            self.published.clear();
            if SETTLED_MAX < self.market.bars_settled() {
                self.market.forget_bars();
            }
        }
    }

    fn exps(&self) -> (u8, u8) {
        (self.market.price_exp(), self.market.qty_exp())
    }

    fn write(&mut self, event: &Event, changes: &Changes, items: u64, batch: &mut Batch) {
        match &event.body {
            Body::Instrument(definition) => {
                batch.definitions.push((self.id, (**definition).clone()));
            }
            Body::Statistic(figure) => {
                batch.statistics.push((self.id, event.ts_event, (**figure).clone()));
            }
            Body::Imbalance(figure) => {
                batch.imbalances.push((self.id, event.ts_event, (**figure).clone()));
            }
            _ => {}
        }
        if changes.items != 0 {
            self.write_items(event, changes, items, batch);
        }
        if changes.quote {
            let quote = self.market.quote();
            batch.quotes.push(QuoteRow {
                instrument_id: self.id,
                ts_ns: event.ts_event,
                seq: i64::try_from(quote.seq).unwrap_or(i64::MAX),
                bid: quote.bid,
                ask: quote.ask,
                exps: self.exps(),
            });
        }
        if changes.book {
            self.write_book(event.ts_event, batch);
        }
    }

    fn write_items(&self, event: &Event, changes: &Changes, items: u64, batch: &mut Batch) {
        for item in self.market.tape().items_since(items).into_iter().flatten() {
            match item {
                TapeItem::Print(print) => {
                    let Body::Trade(trade) = &event.body else { continue };
                    let (pos, late) = match changes.trade {
                        Some(TradeOutcome::Counted(pos)) => (pos, false),
                        Some(TradeOutcome::TooLate(pos)) => (pos, true),
                        Some(TradeOutcome::Repeated) | None => continue,
                    };
                    let mantissas = (print.price, print.qty);
                    batch.trades.push(self.trade_row(event, trade, pos, mantissas));
                    if late {
                        batch
                            .late
                            .push(LateTrade { instrument_id: self.id, ts_ns: event.ts_event });
                    }
                }
                TapeItem::Cancel { trade_id, .. } => {
                    batch.amends.push(self.amend(event, changes, trade_id, None));
                }
                TapeItem::Correct { trade_id, price, qty, .. } => {
                    let right = Some((*price, *qty, self.exps()));
                    batch.amends.push(self.amend(event, changes, trade_id, right));
                }
            }
        }
    }

    fn trade_row(
        &self,
        event: &Event,
        trade: &Trade,
        pos: u64,
        (price, qty): (i64, i64),
    ) -> TradeRow {
        TradeRow {
            instrument_id: self.id,
            ts_ns: event.ts_event,
            pos: i64::try_from(pos).unwrap_or(i64::MAX),
            seq: event.seq,
            trade_id: trade.trade_id.to_string(),
            price,
            qty,
            exps: self.exps(),
            count: trade.count,
            aggressor: trade.aggressor.map(|side| side.name()),
            conditions: trade.conditions.to_string(),
        }
    }

    /// An amendment of the trade that the fold laid it over; else of the one that is too late for
    /// the stream, or of one that only the database knows.
    fn amend(
        &self,
        event: &Event,
        changes: &Changes,
        trade_id: &str,
        right: Option<(i64, i64, (u8, u8))>,
    ) -> Amend {
        let own = matches!(event.body, Body::Trade(_)).then_some(event.ts_event);
        let kept = self.market.tape().find(trade_id).map(|trade| trade.ts);
        Amend {
            instrument_id: self.id,
            trade_id: trade_id.to_owned(),
            ts_ns: changes.amended.or(own).or(kept),
            pos_max: i64::try_from(self.market.tape().last_position()).unwrap_or(i64::MAX),
            right,
            in_stream: changes.amended.is_some(),
        }
    }

    /// At most one a second of event time, and one at each change of state.
    fn write_book(&mut self, ts: Nanos, batch: &mut Batch) {
        let second = ts.div_euclid(SECOND_NS);
        let state = self.market.book_state;
        if self.book_second == Some(second) && self.book_state == Some(state) {
            return;
        }
        (self.book_second, self.book_state) = (Some(second), Some(state));
        let top = self.market.book().top(DEPTH);
        let flat = |side: &[(i64, i64)]| side.iter().flat_map(|(p, q)| [*p, *q]).collect();
        batch.books.push(BookRow {
            instrument_id: self.id,
            ts_ns: ts,
            seq: i64::try_from(self.market.book_seq).unwrap_or(i64::MAX),
            bids: flat(&top.bids),
            asks: flat(&top.asks),
            exps: self.exps(),
            state: state.name(),
        });
    }
}
