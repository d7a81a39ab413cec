//! Which instruments there are.

use actix_web::{HttpResponse, web};
use futures_util::future::join_all;
use serde::Deserialize;
use utoipa::IntoParams;

use super::Api;
use super::api::{Instruments, ProblemBody};
use super::error::Problem;
use super::market::{Freshness, json, look, open_answer};
use crate::actors::symbol::Want;
use crate::domain::market::Instrument;

/// `query=&limit=&cursor=`.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct InstrumentsQuery {
    /// Only those whose name holds this, whatever its case.
    query: Option<String>,
    /// 500 unless told, at most 10,000.
    limit: Option<usize>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// Definitions and states, in order of names.
#[utoipa::path(
    get,
    path = "/api/v1/instruments",
    tag = "market data",
    params(InstrumentsQuery),
    responses(
        (status = 200, body = Instruments),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn instruments(
    api: web::Data<Api>,
    query: web::Query<InstrumentsQuery>,
) -> Result<HttpResponse, Problem> {
    let limit = limit_of(query.limit, 500, api.settings.limits.rows_max)?;
    let wanted = query.query.as_deref().unwrap_or("").to_ascii_uppercase();
    let after = query.cursor.as_deref().unwrap_or("");
    let mut names: Vec<Instrument> = api
        .registry
        .names()
        .into_iter()
        .filter(|name| after < name.as_str())
        .filter(|name| name.as_str().to_ascii_uppercase().contains(&wanted))
        .take(limit + 1)
        .collect();
    let more = limit < names.len();
    names.truncate(limit);
    let answers = join_all(names.iter().map(|name| look(&api, name.as_str(), Want::Summary))).await;
    let known: Vec<_> = answers.into_iter().flatten().collect();
    let stale_ms = known.iter().map(|looked| looked.stale_ms).min().unwrap_or(0);
    let fresh = Freshness { stale_ms, ..Freshness::of(known.iter()) };
    let mut out = String::with_capacity(256 * known.len());
    let mut object = open_answer(&mut out, fresh);
    let items: Vec<&str> = known.iter().map(|looked| looked.json.as_str()).collect();
    let array = object.key("instruments");
    array.push('[');
    array.push_str(&items.join(","));
    array.push(']');
    push_next(&mut object, names.last().filter(|_| more).map(Instrument::as_str));
    object.close();
    Ok(json(out))
}

/// A limit as asked for, no greater than what is given at most.
pub(super) fn limit_of(
    asked: Option<usize>,
    default: usize,
    most: usize,
) -> Result<usize, Problem> {
    match asked.unwrap_or(default.min(most)) {
        limit if (1..=most).contains(&limit) => Ok(limit),
        _ => Err(Problem::bad_parameter(format!("\"limit\" is from 1 to {most}"))),
    }
}

/// Where the next page begins; null where there is none.
pub(super) fn push_next(object: &mut crate::wire::json::Object<'_>, next: Option<&str>) {
    match next {
        Some(next) => {
            object.text("next", next);
        }
        None => object.key("next").push_str("null"),
    }
}
