//! The `data` of each channel, whole or only what changed.

use super::fields::{Field, Fields};
use super::json::{Object, push_decimal};
use super::packed::{self, Packed};
use crate::domain::market::{
    Bar, BarField, BookDiff, Market, MarketState, Nanos, Print, QuoteField, Stats, StatsField,
    TapeItem, VWAP_EXTRA_DIGITS, vwap_mantissa,
};

/// Decimals of an instrument's prices and quantities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exps {
    /// Of prices.
    pub price: u8,
    /// Of quantities.
    pub qty: u8,
}

impl Exps {
    /// A market's.
    #[must_use]
    pub fn of(market: &Market) -> Self {
        Self { price: market.price_exp(), qty: market.qty_exp() }
    }

    /// Of price × quantity.
    #[must_use]
    pub fn notional(self) -> u8 {
        self.price + self.qty
    }

    /// Of a vwap.
    #[must_use]
    pub fn vwap(self) -> u8 {
        self.price + VWAP_EXTRA_DIGITS
    }
}

/// Microseconds, as times are written on the WebSocket.
#[must_use]
pub fn micros(ts: Nanos) -> i64 {
    ts.div_euclid(1_000)
}

/// What a message tells of a channel.
pub enum Data<'a> {
    /// The quote's fields that changed after `since`; all of them where there is no `since`.
    Quote {
        /// Whose.
        market: &'a Market,
        /// The receiver has all up to this change.
        since: Option<u64>,
        /// Its state with the silence of the wall clock in it.
        shown: MarketState,
    },
    /// The statistics' fields that changed after `since`; all of them where there is no `since`.
    Stats {
        /// Whose.
        market: &'a Market,
        /// The receiver has all up to this change.
        since: Option<u64>,
    },
    /// Changed levels of a book, its time, and its state where that changed; the whole top where
    /// there is no `since`.
    Book {
        /// Whose.
        market: &'a Market,
        /// The levels.
        diff: BookDiff,
        /// The receiver has all up to this change.
        since: Option<u64>,
        /// Its state with the silence of the wall clock in it.
        shown: MarketState,
    },
    /// The last prints.
    Prints {
        /// In order.
        prints: Vec<&'a Print>,
        /// Their decimals.
        exps: Exps,
    },
    /// Items of the tape.
    Items {
        /// In order.
        items: Vec<&'a TapeItem>,
        /// Their decimals.
        exps: Exps,
    },
    /// Bars by start: all fields of those made after `since`, changed ones of the others.
    Bars {
        /// In order.
        bars: Vec<&'a Bar>,
        /// The receiver has all up to this change.
        since: Option<u64>,
        /// Their decimals.
        exps: Exps,
    },
}

impl Data<'_> {
    /// As JSON: an object, or an array of them.
    pub(super) fn write_json(&self, out: &mut String) {
        match self {
            Self::Quote { market, since, shown } => {
                let mut object = Object::open(out);
                quote_fields(&mut object, market, *since, *shown);
                object.close();
            }
            Self::Stats { market, since } => {
                let mut object = Object::open(out);
                stats_fields(&mut object, market, *since);
                object.close();
            }
            Self::Book { market, diff, since, shown } => {
                let mut object = Object::open(out);
                book_fields(&mut object, market, diff, *since, *shown);
                object.close();
            }
            Self::Prints { prints, exps } => array(out, prints, |out, print| {
                json_print(out, print, *exps);
            }),
            Self::Items { items, exps } => array(out, items, |out, item| {
                json_item(out, item, *exps);
            }),
            Self::Bars { bars, since, exps } => array(out, bars, |out, bar| {
                let mut object = Object::open(out);
                object.integer("start", micros(bar.start));
                bar_fields(&mut object, bar, seen_before(bar, *since), *exps);
                object.close();
            }),
        }
    }

    /// By position.
    pub(super) fn write_packed(&self, out: &mut Packed) {
        match self {
            Self::Quote { market, since, shown } => quote_fields(out, market, *since, *shown),
            Self::Stats { market, since } => stats_fields(out, market, *since),
            Self::Book { market, diff, since, shown } => {
                book_fields(out, market, diff, *since, *shown);
            }
            Self::Prints { prints, .. } => {
                let out = out.value(0);
                packed::array(out, prints.len() as u32);
                prints.iter().for_each(|print| packed_print(out, print));
            }
            Self::Items { items, .. } => {
                let out = out.value(0);
                packed::array(out, items.len() as u32);
                items.iter().for_each(|item| packed_item(out, item));
            }
            Self::Bars { bars, since, exps } => {
                let out = out.value(0);
                packed::array(out, bars.len() as u32);
                for bar in bars {
                    let mut fields = Packed::default();
                    bar_fields(&mut fields, bar, seen_before(bar, *since), *exps);
                    fields.close_into(out, 1, |out| packed::int(out, micros(bar.start)));
                }
            }
        }
    }
}

/// A bar that the receiver has never seen comes whole.
fn seen_before(bar: &Bar, since: Option<u64>) -> Option<u64> {
    since.filter(|since| !bar.made_since(*since))
}

fn array<T>(out: &mut String, items: &[T], write: impl Fn(&mut String, &T)) {
    out.push('[');
    for (nth, item) in items.iter().enumerate() {
        if nth != 0 {
            out.push(',');
        }
        write(out, item);
    }
    out.push(']');
}

/// `state` of a quote.
pub const QUOTE_STATE: Field = (QuoteField::State as u8, "state");
/// `state` of a book.
pub const BOOK_STATE: Field = (3, "state");

fn quote_fields(out: &mut impl Fields, market: &Market, since: Option<u64>, shown: MarketState) {
    let (quote, exps) = (market.quote(), Exps::of(market));
    let price = |side: Option<(i64, i64)>| side.map(|(price, _)| i128::from(price));
    let qty = |side: Option<(i64, i64)>| side.map(|(_, qty)| i128::from(qty));
    for field in QuoteField::ALL {
        if since.is_some_and(|since| !quote.changed_since(field, since)) {
            continue;
        }
        let bit = field as u8;
        match field {
            QuoteField::Bid => out.decimal((bit, "bid"), price(quote.bid), exps.price),
            QuoteField::BidQty => out.decimal((bit, "bid_qty"), qty(quote.bid), exps.qty),
            QuoteField::Ask => out.decimal((bit, "ask"), price(quote.ask), exps.price),
            QuoteField::AskQty => out.decimal((bit, "ask_qty"), qty(quote.ask), exps.qty),
            QuoteField::Ts => out.integer((bit, "ts"), quote.ts.map(micros)),
            QuoteField::State => out.word(QUOTE_STATE, shown.name()),
        }
    }
}

fn stats_fields(out: &mut impl Fields, market: &Market, since: Option<u64>) {
    let stats = market.stats();
    for field in StatsField::ALL {
        if since.is_none_or(|since| stats.changed_since(field, since)) {
            if field == StatsField::Ts {
                out.integer((field as u8, "ts"), stats.ts.map(micros));
            } else {
                stats_field(out, stats, field, Exps::of(market));
            }
        }
    }
}

/// One field of the statistics but the time, whose form differs by door.
pub fn stats_field(out: &mut impl Fields, stats: &Stats, field: StatsField, exps: Exps) {
    let wide = |value: Option<i64>| value.map(i128::from);
    let count = |value: u64| Some(i64::try_from(value).unwrap_or(i64::MAX));
    let (last, prices, bit) = (stats.last, stats.prices, field as u8);
    match field {
        StatsField::Last => out.decimal((bit, "last"), wide(last.map(|at| at.0)), exps.price),
        StatsField::LastQty => out.decimal((bit, "last_qty"), wide(last.map(|at| at.1)), exps.qty),
        StatsField::Open => out.decimal((bit, "open"), wide(prices.map(|p| p.0)), exps.price),
        StatsField::High => out.decimal((bit, "high"), wide(prices.map(|p| p.1)), exps.price),
        StatsField::Low => out.decimal((bit, "low"), wide(prices.map(|p| p.2)), exps.price),
        StatsField::PrevClose => {
            out.decimal((bit, "prev_close"), wide(stats.prev_close), exps.price);
        }
        StatsField::Volume => out.decimal((bit, "volume"), Some(stats.volume), exps.qty),
        StatsField::Notional => {
            out.decimal((bit, "notional"), Some(stats.notional), exps.notional());
        }
        StatsField::Vwap => {
            let vwap = vwap_mantissa(stats.notional, stats.volume);
            out.decimal((bit, "vwap"), vwap, exps.vwap());
        }
        StatsField::Trades => out.integer((bit, "trades"), count(stats.trades)),
        StatsField::Change => out.decimal((bit, "change"), wide(stats.change()), exps.price),
        StatsField::Ts => {}
    }
}

/// Levels as `[[price, qty], …]`.
pub fn levels(out: &mut String, levels: &[(i64, i64)], exps: Exps) {
    array(out, levels, |out, &(price, qty)| {
        out.push('[');
        push_decimal(out, Some(i128::from(price)), exps.price);
        out.push(',');
        if qty == 0 {
            out.push_str("\"0\"");
        } else {
            push_decimal(out, Some(i128::from(qty)), exps.qty);
        }
        out.push(']');
    });
}

fn book_fields(
    out: &mut impl Fields,
    market: &Market,
    diff: &BookDiff,
    since: Option<u64>,
    shown: MarketState,
) {
    let exps = Exps::of(market);
    if since.is_none() || !diff.bids.is_empty() {
        out.levels((0, "bids"), &diff.bids, exps);
    }
    if since.is_none() || !diff.asks.is_empty() {
        out.levels((1, "asks"), &diff.asks, exps);
    }
    let state_differs = since.is_none_or(|since| market.book_state_changed_since(since));
    if state_differs || !diff.is_empty() {
        out.integer((2, "ts"), market.book_ts.map(micros));
    }
    if state_differs {
        out.word(BOOK_STATE, shown.name());
    }
}

fn json_print(out: &mut String, print: &Print, exps: Exps) {
    let mut object = Object::open(out);
    object.text("trade_id", &print.trade_id);
    object.decimal("price", Some(i128::from(print.price)), exps.price);
    object.decimal("qty", Some(i128::from(print.qty)), exps.qty);
    match print.aggressor {
        Some(side) => {
            object.plain("aggressor", side.name());
        }
        None => object.key("aggressor").push_str("null"),
    }
    object.integer("ts", micros(print.ts));
    object.close();
}

fn json_item(out: &mut String, item: &TapeItem, exps: Exps) {
    match item {
        TapeItem::Print(print) => json_print(out, print, exps),
        TapeItem::Cancel { trade_id, ts } => {
            let mut object = Object::open(out);
            object.text("cancel", trade_id).integer("ts", micros(*ts));
            object.close();
        }
        TapeItem::Correct { trade_id, price, qty, ts } => {
            let mut object = Object::open(out);
            object.text("correct", trade_id);
            object.decimal("price", Some(i128::from(*price)), exps.price);
            object.decimal("qty", Some(i128::from(*qty)), exps.qty);
            object.integer("ts", micros(*ts));
            object.close();
        }
    }
}

fn packed_print(out: &mut Vec<u8>, print: &Print) {
    packed::array(out, 6);
    packed::int(out, 0);
    packed::text(out, &print.trade_id);
    packed::int(out, print.price);
    packed::int(out, print.qty);
    match print.aggressor {
        Some(side) => packed::text(out, side.name()),
        None => packed::nil(out),
    }
    packed::int(out, micros(print.ts));
}

fn packed_item(out: &mut Vec<u8>, item: &TapeItem) {
    match item {
        TapeItem::Print(print) => packed_print(out, print),
        TapeItem::Cancel { trade_id, ts } => {
            packed::array(out, 3);
            packed::int(out, 1);
            packed::text(out, trade_id);
            packed::int(out, micros(*ts));
        }
        TapeItem::Correct { trade_id, price, qty, ts } => {
            packed::array(out, 5);
            packed::int(out, 2);
            packed::text(out, trade_id);
            packed::int(out, *price);
            packed::int(out, *qty);
            packed::int(out, micros(*ts));
        }
    }
}

/// The fields of a bar but its start, whose form differs by door: those that changed after
/// `since`, or all of them.
pub fn bar_fields(out: &mut impl Fields, bar: &Bar, since: Option<u64>, exps: Exps) {
    let wanted = |field: BarField| since.is_none_or(|since| bar.changed_since(field, since));
    let price = |value: i64| bar.has_trades().then_some(i128::from(value));
    for (field, at, value) in [
        (BarField::Open, (0, "open"), bar.open),
        (BarField::High, (1, "high"), bar.high),
        (BarField::Low, (2, "low"), bar.low),
        (BarField::Close, (3, "close"), bar.close),
    ] {
        if wanted(field) {
            out.decimal(at, price(value), exps.price);
        }
    }
    if wanted(BarField::Volume) {
        out.decimal((4, "volume"), Some(bar.volume), exps.qty);
    }
    if wanted(BarField::Notional) {
        out.decimal((5, "notional"), Some(bar.notional), exps.notional());
    }
    if wanted(BarField::Notional) || wanted(BarField::Volume) {
        out.decimal((6, "vwap"), vwap_mantissa(bar.notional, bar.volume), exps.vwap());
    }
    if wanted(BarField::Trades) {
        out.integer((7, "trades"), Some(i64::try_from(bar.trades).unwrap_or(i64::MAX)));
    }
    if wanted(BarField::Rev) {
        out.integer((8, "rev"), Some(i64::from(bar.rev)));
    }
    if wanted(BarField::State) {
        out.word((9, "state"), bar.state.name());
    }
}
