//! Bars: those that may still change from the symbol, final ones from the database.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use utoipa::IntoParams;

use super::Api;
use super::api::{Bars, ProblemBody};
use super::error::Problem;
use super::instruments::{limit_of, push_next};
use super::market::{Freshness, json, look, needed, open_answer};
use super::trades::{known, span_of, store_problem};
use crate::actors::symbol::{Looked, Source, Want};
use crate::domain::market::{Bar, BarState, Interval, Nanos, VWAP_EXTRA_DIGITS, vwap_mantissa};
use crate::store::{GapSpan, StoreError, StoredBar};
use crate::wire::json::Object;
use crate::wire::time;

/// Bars of a page unless told.
const DEFAULT_LIMIT: usize = 500;

/// `instrument=A&interval=1m&from=&to=&limit=&fill=none|prev&cursor=`.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct BarsQuery {
    /// A name.
    #[param(required = true, example = "SIM:ACME")]
    instrument: Option<String>,
    /// `1s 1m 5m 15m 1h 4h 1d`.
    #[param(required = true, example = "1m")]
    interval: Option<String>,
    /// RFC 3339 or nanoseconds since 1970, inclusive.
    from: Option<String>,
    /// RFC 3339 or nanoseconds since 1970, exclusive.
    to: Option<String>,
    /// 500 unless told, at most 50,000.
    limit: Option<usize>,
    /// `prev` puts flat bars where nothing traded.
    fill: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// Bars of an interval, earliest first; none where nothing traded.
#[utoipa::path(
    get,
    path = "/api/v1/bars",
    tag = "market data",
    params(BarsQuery),
    responses(
        (status = 200, body = Bars),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn bars(
    api: web::Data<Api>,
    query: web::Query<BarsQuery>,
) -> Result<HttpResponse, Problem> {
    let name = needed(query.instrument.as_deref())?;
    let interval: Interval = match query.interval.as_deref() {
        Some(text) => text.parse().map_err(|()| {
            Problem::bad_parameter(format!("there is no interval {text:?}: 1s 1m 5m 15m 1h 4h 1d"))
        })?,
        None => return Err(Problem::bad_parameter("\"interval\" is missing")),
    };
    let fill = match query.fill.as_deref() {
        None | Some("none" | "") => false,
        Some("prev") => true,
        Some(other) => {
            return Err(Problem::bad_parameter(format!("\"fill\" is none or prev, not {other:?}")));
        }
    };
    let limit = limit_of(query.limit, DEFAULT_LIMIT, api.settings.limits.bars_max)?;
    let (mut from, to) = span_of(query.from.as_deref(), query.to.as_deref())?;
    if let Some(cursor) = &query.cursor {
        let bad = || Problem::bad_parameter("\"cursor\" is not one of ours");
        from = from.max(cursor.parse().map_err(|_| bad())?);
    }
    let page = Page { name, interval, from, to, limit };
    let mut found = page.find(&api).await?;
    if fill {
        page.fill(&api, &mut found).await;
    }
    Ok(json(page.write(found)))
}

struct Page<'a> {
    name: &'a str,
    interval: Interval,
    from: Nanos,
    to: Nanos,
    limit: usize,
}

struct Found {
    rows: BTreeMap<Nanos, StoredBar>,
    gaps: Vec<GapSpan>,
    fresh: Freshness,
    next: Option<Nanos>,
}

impl Page<'_> {
    async fn find(&self, api: &Api) -> Result<Found, Problem> {
        let want = Want::Bars(self.interval, self.from, self.to);
        let looked = look(api, self.name, want).await;
        let stored = self.stored(api).await;
        if let (Some(history), Err(_), Ok(_)) = (&api.history, &looked, &stored) {
            known(api, history, self.name).await?;
        }
        let (stored, gaps) = match (stored, &looked) {
            (Ok(stored), _) => stored,
            (Err(error), Ok(_)) => {
                // Whoever watches the database says so once; each question need not.
                tracing::debug!(%error, "bars without the database");
                (Vec::new(), Vec::new())
            }
            // What is not in memory may well be stored.
            (Err(error), Err(_)) => return Err(store_problem(error)),
        };
        let whole_page = self.limit < stored.len();
        let seen = Freshness::of(looked.as_ref().into_iter());
        let only_seen = stored.is_empty();
        let fresh = if only_seen { seen } else { Freshness::of_database(seen.stale_ms) };
        let mut rows: BTreeMap<Nanos, StoredBar> =
            stored.into_iter().map(|bar| (bar.start, bar)).collect();
        let last = rows.last_key_value().map(|(start, _)| *start).filter(|_| whole_page);
        if let Ok(looked) = looked {
            lay_over(&mut rows, &looked, last);
        }
        let next = rows.keys().nth(self.limit).copied();
        if let Some(next) = next {
            rows.split_off(&next);
        }
        Ok(Found { rows, gaps, fresh, next })
    }

    async fn stored(&self, api: &Api) -> Result<(Vec<StoredBar>, Vec<GapSpan>), StoreError> {
        let Some(history) = &api.history else { return Ok((Vec::new(), Vec::new())) };
        let span = (self.from, self.to);
        let bars = history.bars(self.name, self.interval, span, self.limit + 1).await?;
        Ok((bars, history.gaps(self.name, span).await?))
    }

    /// Puts flat bars where nothing traded, up to the limit: from the first bar, or from the start
    /// of the span where something traded before it, to the end of the span or to now.
    async fn fill(&self, api: &Api, found: &mut Found) {
        let length = self.interval.length_ns();
        let first = found.rows.first_key_value().map(|(start, _)| *start);
        let last = found.rows.last_key_value().map(|(start, _)| *start);
        let mut before = self.before(api).await;
        let from = self.interval.start_of(self.from.saturating_add(length - 1));
        let begin = if before.is_some() && 0 < self.from { Some(from) } else { first };
        let Some(mut at) = begin else { return };
        let now = Nanos::try_from(jiff::Timestamp::now().as_nanosecond()).unwrap_or(Nanos::MAX);
        let open_ended = self.to == super::trades::LATEST;
        let until = match (found.next, last) {
            (Some(next), _) => next,
            (None, Some(last)) if open_ended => last + length,
            (None, None) if open_ended => return,
            (None, last) => self.to.min(now).max(last.map_or(at, |last| last + length)),
        };
        let mut filled = BTreeMap::new();
        while at < until {
            if self.limit <= filled.len() {
                found.next = Some(at);
                break;
            }
            let bar = found.rows.remove(&at).or_else(|| before.as_ref().map(|bar| flat(at, bar)));
            if let Some(bar) = bar {
                if bar.prices.is_some() {
                    before = Some(bar.clone());
                }
                filled.insert(at, bar);
            }
            at += length;
        }
        found.rows = filled;
    }

    /// The last bar with trades before the span, from memory or the database.
    async fn before(&self, api: &Api) -> Option<StoredBar> {
        if self.from <= 0 {
            return None;
        }
        let looked = look(api, self.name, Want::Bars(self.interval, 0, self.from)).await.ok();
        let held = looked.as_ref().and_then(|looked| {
            let bar = looked.bars.iter().rev().find(|bar| bar.has_trades())?;
            Some(as_stored(bar, looked))
        });
        if held.is_some() && looked.is_some_and(|looked| looked.source == Source::Memory) {
            return held;
        }
        let stored = match api.history.as_ref() {
            Some(history) => {
                history.bar_before(self.name, self.interval, self.from).await.ok().flatten()
            }
            None => None,
        };
        // A copy counts where nothing later is stored.
        [stored, held].into_iter().flatten().max_by_key(|bar| bar.start)
    }

    fn write(&self, found: Found) -> String {
        let mut out = String::with_capacity(256 * found.rows.len() + 128);
        let mut object = open_answer(&mut out, found.fresh);
        object.text("instrument", self.name).plain("interval", self.interval.name());
        let array = object.key("bars");
        array.push('[');
        for (nth, bar) in found.rows.values().enumerate() {
            if nth != 0 {
                array.push(',');
            }
            let end = bar.start + self.interval.length_ns();
            let gap = found.gaps.iter().any(|gap| gap.from < end && bar.start <= gap.to);
            push_bar(array, bar, gap);
        }
        array.push(']');
        push_next(&mut object, found.next.map(|next| next.to_string()).as_deref());
        object.close();
        out
    }
}

/// The symbol's bars stand over the stored ones while they may still change, or are not stored; those
/// of a copy only where none is stored, because it may be older.
fn lay_over(rows: &mut BTreeMap<Nanos, StoredBar>, looked: &Looked, last: Option<Nanos>) {
    for bar in &looked.bars {
        let within = last.is_none_or(|last| bar.start <= last);
        let settled = rows.get(&bar.start).is_some_and(|stored| {
            looked.source != Source::Memory || stored.state == BarState::Final.name()
        });
        if within && !settled {
            rows.insert(bar.start, as_stored(bar, looked));
        }
    }
}

fn as_stored(bar: &Bar, looked: &Looked) -> StoredBar {
    StoredBar {
        start: bar.start,
        prices: bar.has_trades().then_some([bar.open, bar.high, bar.low, bar.close]),
        price_exp: looked.exps.price,
        volume: bar.volume,
        notional: bar.notional,
        qty_exp: looked.exps.qty,
        trades: bar.trades,
        rev: bar.rev,
        state: bar.state.name().to_owned(),
    }
}

/// A bar of a span without trades, at the close of the one before it.
fn flat(start: Nanos, before: &StoredBar) -> StoredBar {
    StoredBar {
        start,
        prices: before.prices.map(|prices| [prices[3]; 4]),
        volume: 0,
        notional: 0,
        trades: 0,
        rev: 0,
        state: BarState::Final.name().to_owned(),
        ..*before
    }
}

fn push_bar(out: &mut String, bar: &StoredBar, gap: bool) {
    let mut object = Object::open(out);
    object.plain("start", &time::rfc3339(bar.start));
    for (nth, name) in ["open", "high", "low", "close"].into_iter().enumerate() {
        let price = bar.prices.map(|prices| i128::from(prices[nth]));
        object.decimal(name, price, bar.price_exp);
    }
    object.decimal("volume", Some(bar.volume), bar.qty_exp);
    object.decimal("notional", Some(bar.notional), bar.price_exp + bar.qty_exp);
    let vwap = vwap_mantissa(bar.notional, bar.volume);
    object.decimal("vwap", vwap, bar.price_exp + VWAP_EXTRA_DIGITS);
    object.integer("trades", bar.trades).integer("rev", bar.rev);
    object.text("state", &bar.state);
    object.key("gap").push_str(if gap { "true" } else { "false" });
    object.close();
}
