//! Stored trades.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use utoipa::IntoParams;

use super::Api;
use super::api::{ProblemBody, Trades};
use super::error::Problem;
use super::instruments::{limit_of, push_next};
use super::market::{Freshness, json, needed, open_answer};
use crate::domain::market::{Instrument, Nanos};
use crate::store::{History, StoreError, StoredTrade, TradeKey};
use crate::wire::json::Object;
use crate::wire::time;

/// `instrument=A&from=&to=&limit=&cursor=`.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TradesQuery {
    /// A name.
    #[param(required = true, example = "SIM:ACME")]
    instrument: Option<String>,
    /// RFC 3339 or nanoseconds since 1970, inclusive.
    from: Option<String>,
    /// RFC 3339 or nanoseconds since 1970, exclusive.
    to: Option<String>,
    /// 500 unless told, at most 10,000.
    limit: Option<usize>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// Stored trades, earliest first.
#[utoipa::path(
    get,
    path = "/api/v1/trades",
    tag = "market data",
    params(TradesQuery),
    responses(
        (status = 200, body = Trades),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn trades(
    api: web::Data<Api>,
    query: web::Query<TradesQuery>,
) -> Result<HttpResponse, Problem> {
    let name = needed(query.instrument.as_deref())?;
    let limit = limit_of(query.limit, 500, api.settings.limits.rows_max)?;
    let span = span_of(query.from.as_deref(), query.to.as_deref())?;
    let after = query.cursor.as_deref().map(cursor_of).transpose()?;
    let history = history_of(&api)?;
    known(&api, history, name).await?;
    let mut rows = history.trades(name, span, after, limit + 1).await.map_err(store_problem)?;
    let more = limit < rows.len();
    rows.truncate(limit);
    let mut out = String::with_capacity(160 * rows.len() + 128);
    let mut object = open_answer(&mut out, Freshness::of_database(0));
    let array = object.key("trades");
    array.push('[');
    for (nth, row) in rows.iter().enumerate() {
        if nth != 0 {
            array.push(',');
        }
        push_trade(array, row);
    }
    array.push(']');
    let last = rows.last().filter(|_| more);
    let next = last.map(|row| format!("{}.{}", row.key.ts_ns, row.key.pos));
    push_next(&mut object, next.as_deref());
    object.close();
    Ok(json(out))
}

fn push_trade(out: &mut String, row: &StoredTrade) {
    let mut object = Object::open(out);
    object.text("trade_id", &row.trade_id);
    object.plain("ts", &time::rfc3339(row.key.ts_ns));
    object.key("seq").push_str(row.seq.as_deref().unwrap_or("null"));
    object.decimal("price", Some(row.price.into()), row.price_exp);
    object.decimal("qty", Some(row.qty.into()), row.qty_exp);
    match &row.aggressor {
        Some(side) => {
            object.text("aggressor", side);
        }
        None => object.key("aggressor").push_str("null"),
    }
    object.text("state", &row.state);
    object.close();
}

fn cursor_of(text: &str) -> Result<TradeKey, Problem> {
    let parts = text.split_once('.');
    let key = parts
        .and_then(|(ts, pos)| Some(TradeKey { ts_ns: ts.parse().ok()?, pos: pos.parse().ok()? }));
    key.ok_or_else(|| Problem::bad_parameter("\"cursor\" is not one of ours"))
}

/// The latest time that is asked of the database; none is taken beyond it.
pub(super) const LATEST: Nanos = crate::wire::number::TIME_LIMIT;

/// `[from, to)`; all time where they are not given.
pub(super) fn span_of(from: Option<&str>, to: Option<&str>) -> Result<(Nanos, Nanos), Problem> {
    let read = |name: &str, text: Option<&str>, otherwise: Nanos| match text {
        None | Some("") => Ok(otherwise),
        Some(text) => time::parse(text).map(|ns| ns.clamp(0, LATEST)).ok_or_else(|| {
            Problem::bad_parameter(format!("{name:?} is RFC 3339 or nanoseconds, not {text:?}"))
        }),
    };
    Ok((read("from", from, 0)?, read("to", to, LATEST)?))
}

pub(super) fn history_of(api: &Api) -> Result<&History, Problem> {
    let history = api.history.as_deref();
    history.ok_or_else(|| Problem::unavailable("this hub has no database"))
}

pub(super) fn store_problem(error: StoreError) -> Problem {
    let detail = match &error {
        StoreError::Busy => "all connections to the database are busy",
        error if error.is_too_slow() => "the question took too long: ask for less at a time",
        _ => "the database does not answer",
    };
    // While it is left alone, whoever watches it has said why.
    if matches!(error, StoreError::Resting(_)) {
        tracing::debug!(%error, "a question to the database");
    } else {
        tracing::warn!(%error, "a question to the database");
    }
    Problem::unavailable(detail)
}

/// An instrument that neither a symbol nor the database knows is 404.
pub(super) async fn known(api: &Api, history: &History, name: &str) -> Result<(), Problem> {
    let parsed = Instrument::parse(name).map_err(|_| Problem::unknown_instrument(name))?;
    if api.registry.symbol(&parsed).is_some() || history.knows(name).await.map_err(store_problem)? {
        return Ok(());
    }
    Err(Problem::unknown_instrument(name))
}
