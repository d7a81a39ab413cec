//! The objects of REST answers: as on the WebSocket, but times are RFC 3339.

use super::data::{self, Exps};
use super::json::Object;
use super::time::rfc3339;
use crate::domain::market::{Bar, Definition, Interval, Market, MarketState, Nanos, StatsField};

fn push_time(object: &mut Object<'_>, name: &str, ts: Option<Nanos>) {
    match ts {
        Some(ts) => {
            object.plain(name, &rfc3339(ts));
        }
        None => object.key(name).push_str("null"),
    }
}

fn written(write: impl FnOnce(&mut Object<'_>)) -> String {
    let mut out = String::with_capacity(512);
    let mut object = Object::open(&mut out);
    write(&mut object);
    object.close();
    out
}

/// One of `quotes`.
#[must_use]
pub fn quote(name: &str, market: &Market, silent: bool) -> String {
    let (quote, exps) = (market.quote(), Exps::of(market));
    written(|object| {
        object.text("instrument", name);
        let mut side = |names: [&str; 2], side: Option<(i64, i64)>| {
            object.decimal(names[0], side.map(|(price, _)| i128::from(price)), exps.price);
            object.decimal(names[1], side.map(|(_, qty)| i128::from(qty)), exps.qty);
        };
        side(["bid", "bid_qty"], quote.bid);
        side(["ask", "ask_qty"], quote.ask);
        push_time(object, "ts", quote.ts);
        object.plain("state", quote.state.when_silent(silent).name());
    })
}

/// One of `stats`.
#[must_use]
pub fn stats(name: &str, market: &Market) -> String {
    let stats = market.stats();
    written(|object| {
        object.text("instrument", name);
        for field in StatsField::ALL {
            data::stats_field(object, stats, field, Exps::of(market));
        }
        push_time(object, "ts", stats.ts);
    })
}

/// A book of some depth.
#[must_use]
pub fn book(name: &str, market: &Market, depth: usize, silent: bool) -> String {
    let top = market.book().top(depth);
    written(|object| {
        object.text("instrument", name);
        data::levels(object.key("bids"), &top.bids, Exps::of(market));
        data::levels(object.key("asks"), &top.asks, Exps::of(market));
        object.integer("seq", market.book_seq).text("epoch", &market.epoch());
        push_time(object, "ts", market.book_ts);
        object.plain("state", market.book_state.when_silent(silent).name());
    })
}

/// One of `instruments`.
#[must_use]
pub fn summary(name: &str, market: &Market, silent: bool) -> String {
    let unknown = Definition::default();
    let definition = market.definition.as_ref();
    written(|object| {
        object.text("instrument", name);
        let known = definition.unwrap_or(&unknown);
        for (field, number) in [("tick_size", known.tick_size), ("lot_size", known.lot_size)] {
            match definition {
                Some(_) => {
                    object.plain(field, &number.to_string());
                }
                None => object.key(field).push_str("null"),
            }
        }
        let texts = [
            ("base", &known.base),
            ("quote", &known.quote),
            ("kind", &known.kind),
            ("description", &known.description),
        ];
        for (field, text) in texts {
            match text {
                Some(text) => {
                    object.text(field, text);
                }
                None => object.key(field).push_str("null"),
            }
        }
        object.integer("price_exp", market.price_exp()).integer("qty_exp", market.qty_exp());
        object.text("epoch", &market.epoch());
        // An instrument that never had a book is judged by its quote alone.
        let never = market.book_seq == 0 && market.quote().seq != 0;
        let book = if never { MarketState::Live } else { market.book_state };
        let state = if market.quote().seq == 0 { book } else { market.quote().state };
        object.plain("state", state.when_silent(silent).name());
        object.plain("book_state", market.book_state.when_silent(silent).name());
        push_time(object, "ts", market.clock().greatest());
    })
}

/// One of `bars`.
#[must_use]
pub fn bar(bar: &Bar, exps: Exps, gap: bool) -> String {
    written(|object| {
        push_time(object, "start", Some(bar.start));
        data::bar_fields(object, bar, None, exps);
        object.key("gap").push_str(if gap { "true" } else { "false" });
    })
}

/// A record of `bars.v1`.
#[must_use]
pub fn published_bar(name: &str, interval: Interval, bar: &Bar, exps: Exps, gap: bool) -> String {
    written(|object| {
        object.text("instrument", name).plain("interval", interval.name());
        push_time(object, "start", Some(bar.start));
        data::bar_fields(object, bar, None, exps);
        object.key("gap").push_str(if gap { "true" } else { "false" });
    })
}
