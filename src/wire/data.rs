//! The `data` of each channel, whole or only what changed, as JSON.

use super::json::{Object, push_decimal, push_integer};
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

fn push_ts(object: &mut Object<'_>, name: &str, ts: Option<Nanos>) {
    let out = object.key(name);
    match ts {
        Some(ts) => push_integer(out, micros(ts)),
        None => out.push_str("null"),
    }
}

/// The quote's fields that changed after `since`; all of them where there is no `since`.
/// `shown` is its state with the silence of the wall clock in it.
pub fn quote(out: &mut String, market: &Market, since: Option<u64>, shown: MarketState) {
    let (quote, exps) = (market.quote(), Exps::of(market));
    let mut object = Object::open(out);
    let price = |side: Option<(i64, i64)>| side.map(|(price, _)| i128::from(price));
    let qty = |side: Option<(i64, i64)>| side.map(|(_, qty)| i128::from(qty));
    for field in QuoteField::ALL {
        if since.is_some_and(|since| !quote.changed_since(field, since)) {
            continue;
        }
        match field {
            QuoteField::Bid => {
                object.decimal("bid", price(quote.bid), exps.price);
            }
            QuoteField::BidQty => {
                object.decimal("bid_qty", qty(quote.bid), exps.qty);
            }
            QuoteField::Ask => {
                object.decimal("ask", price(quote.ask), exps.price);
            }
            QuoteField::AskQty => {
                object.decimal("ask_qty", qty(quote.ask), exps.qty);
            }
            QuoteField::Ts => push_ts(&mut object, "ts", quote.ts),
            QuoteField::State => {
                object.plain("state", shown.name());
            }
        }
    }
    object.close();
}

/// The statistics' fields that changed after `since`; all of them where there is no `since`.
pub fn stats(out: &mut String, market: &Market, since: Option<u64>) {
    let stats = market.stats();
    let mut object = Object::open(out);
    for field in StatsField::ALL {
        if since.is_none_or(|since| stats.changed_since(field, since)) {
            if field == StatsField::Ts {
                push_ts(&mut object, "ts", stats.ts);
            } else {
                stats_field(&mut object, stats, field, Exps::of(market));
            }
        }
    }
    object.close();
}

/// One field of the statistics but the time, whose form differs by door.
pub fn stats_field(object: &mut Object<'_>, stats: &Stats, field: StatsField, exps: Exps) {
    let wide = |value: Option<i64>| value.map(i128::from);
    match field {
        StatsField::Last => object.decimal("last", wide(stats.last.map(|last| last.0)), exps.price),
        StatsField::LastQty => {
            object.decimal("last_qty", wide(stats.last.map(|last| last.1)), exps.qty)
        }
        StatsField::Open => object.decimal("open", wide(stats.prices.map(|p| p.0)), exps.price),
        StatsField::High => object.decimal("high", wide(stats.prices.map(|p| p.1)), exps.price),
        StatsField::Low => object.decimal("low", wide(stats.prices.map(|p| p.2)), exps.price),
        StatsField::PrevClose => object.decimal("prev_close", wide(stats.prev_close), exps.price),
        StatsField::Volume => object.decimal("volume", Some(stats.volume), exps.qty),
        StatsField::Notional => object.decimal("notional", Some(stats.notional), exps.notional()),
        StatsField::Vwap => {
            object.decimal("vwap", vwap_mantissa(stats.notional, stats.volume), exps.vwap())
        }
        StatsField::Trades => object.integer("trades", stats.trades),
        StatsField::Change => object.decimal("change", wide(stats.change()), exps.price),
        StatsField::Ts => object,
    };
}

/// Levels as `[[price, qty], …]`.
pub fn levels(out: &mut String, levels: &[(i64, i64)], exps: Exps) {
    out.push('[');
    for (nth, &(price, qty)) in levels.iter().enumerate() {
        out.push_str(if nth == 0 { "[" } else { ",[" });
        push_decimal(out, Some(i128::from(price)), exps.price);
        out.push(',');
        if qty == 0 {
            out.push_str("\"0\"");
        } else {
            push_decimal(out, Some(i128::from(qty)), exps.qty);
        }
        out.push(']');
    }
    out.push(']');
}

/// Changed levels of a book, its time, and its state where that changed; the whole top where
/// there is no `since`.
pub fn book(
    out: &mut String,
    market: &Market,
    diff: &BookDiff,
    since: Option<u64>,
    shown: MarketState,
) {
    let exps = Exps::of(market);
    let mut object = Object::open(out);
    if since.is_none() || !diff.bids.is_empty() {
        levels(object.key("bids"), &diff.bids, exps);
    }
    if since.is_none() || !diff.asks.is_empty() {
        levels(object.key("asks"), &diff.asks, exps);
    }
    let state_differs = since.is_none_or(|since| market.book_state_changed_since(since));
    if state_differs || !diff.is_empty() {
        push_ts(&mut object, "ts", market.book_ts);
    }
    if state_differs {
        object.plain("state", shown.name());
    }
    object.close();
}

/// One print.
pub fn print(out: &mut String, print: &Print, exps: Exps) {
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

/// One item of the tape.
pub fn tape_item(out: &mut String, item: &TapeItem, exps: Exps) {
    match item {
        TapeItem::Print(shown) => print(out, shown, exps),
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

/// The fields of a bar but its start, whose form differs by door: those that changed after
/// `since`, or all of them.
pub fn bar_fields(object: &mut Object<'_>, bar: &Bar, since: Option<u64>, exps: Exps) {
    let wanted = |field: BarField| since.is_none_or(|since| bar.changed_since(field, since));
    let price = |value: i64| bar.has_trades().then_some(i128::from(value));
    for (field, name, value) in [
        (BarField::Open, "open", bar.open),
        (BarField::High, "high", bar.high),
        (BarField::Low, "low", bar.low),
        (BarField::Close, "close", bar.close),
    ] {
        if wanted(field) {
            object.decimal(name, price(value), exps.price);
        }
    }
    if wanted(BarField::Volume) {
        object.decimal("volume", Some(bar.volume), exps.qty);
    }
    if wanted(BarField::Notional) {
        object.decimal("notional", Some(bar.notional), exps.notional());
    }
    if wanted(BarField::Notional) || wanted(BarField::Volume) {
        object.decimal("vwap", vwap_mantissa(bar.notional, bar.volume), exps.vwap());
    }
    if wanted(BarField::Trades) {
        object.integer("trades", bar.trades);
    }
    if wanted(BarField::Rev) {
        object.integer("rev", bar.rev);
    }
    if wanted(BarField::State) {
        object.plain("state", bar.state.name());
    }
}

/// Bars as an array by start: all fields of those made after `since`, changed ones of the others.
pub fn bars<'a>(
    out: &mut String,
    bars: impl Iterator<Item = &'a Bar>,
    since: Option<u64>,
    exps: Exps,
) {
    out.push('[');
    for (nth, bar) in bars.enumerate() {
        if nth != 0 {
            out.push(',');
        }
        let mut object = Object::open(out);
        object.integer("start", micros(bar.start));
        bar_fields(&mut object, bar, since.filter(|since| !bar.made_since(*since)), exps);
        object.close();
    }
    out.push(']');
}
