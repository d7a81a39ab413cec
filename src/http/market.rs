//! Hot answers, from the symbols' own state: quotes, statistics, books.

use std::time::Duration;

use actix_web::{HttpResponse, web};
use futures_util::future::join_all;
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::IntoParams;

use super::Api;
use super::api::{Book, ProblemBody, Quotes, StatsList};
use super::error::Problem;
use super::hot::looked_up;
use crate::actors::symbol::{LEVELS_COPIED, Look, Looked, Source, Want};
use crate::domain::market::Instrument;
use crate::wire::channel::DEPTH_MAX;
use crate::wire::json::Object;

/// A symbol that does not answer in this time is not waited for.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);
/// Instruments of one question.
const LIST_MAX: usize = 1_000;

/// How fresh an answer is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Freshness {
    /// The coldest place that a part of it comes from.
    pub(super) source: &'static str,
    /// Since the last event of its most silent part.
    pub(super) stale_ms: u64,
    /// When its oldest copy was made; none where nothing is a copy.
    pub(super) written_ms: Option<i64>,
}

impl Freshness {
    /// Of stored rows, with what the symbol has over them.
    pub(super) fn of_database(stale_ms: u64) -> Self {
        Self { source: "database", stale_ms, written_ms: None }
    }

    pub(super) fn of<'a>(parts: impl Iterator<Item = &'a Looked>) -> Self {
        let fresh = Self { source: "memory", stale_ms: 0, written_ms: None };
        parts.fold(fresh, |all, part| {
            let stale_ms = all.stale_ms.max(part.stale_ms);
            match part.source {
                Source::Memory => Self { stale_ms, ..all },
                Source::Redis { written_ms } => Self {
                    source: "redis",
                    stale_ms,
                    written_ms: Some(all.written_ms.map_or(written_ms, |at| at.min(written_ms))),
                },
            }
        })
    }
}

/// Opens an answer with how fresh it is.
pub(super) fn open_answer(out: &mut String, fresh: Freshness) -> Object<'_> {
    let copied = fresh.written_ms.and_then(|ms| Timestamp::from_millisecond(ms).ok());
    let mut object = Object::open(out);
    object.plain("as_of", &copied.unwrap_or_else(Timestamp::now).to_string());
    object.plain("source", fresh.source).integer("stale_ms", fresh.stale_ms);
    object
}

pub(super) fn json(body: String) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(body)
}

/// Asks one symbol; where it is not here, or not caught up with the log, what others last knew.
pub(super) async fn look(api: &Api, name: &str, want: Want) -> Result<Looked, Problem> {
    let parsed = Instrument::parse(name).map_err(|_| Problem::unknown_instrument(name))?;
    let symbol = api.registry.symbol(&parsed);
    // A copy of a book is short: what is restored here may be past, but is whole.
    let deep = matches!(want, Want::Book(depth) if LEVELS_COPIED < depth);
    let cold = symbol.is_none() || (!api.health.is_serving() && !deep);
    if let (Some(cache), true) = (&api.cache, cold) {
        match cache.get(parsed.as_str()).await {
            Ok(Some(copy)) => return Ok(looked_up(&copy, &want, &api.settings)),
            Ok(None) => {}
            Err(error) => tracing::debug!(%error, "asking the warm cache"),
        }
    }
    let symbol = symbol.ok_or_else(|| Problem::unknown_instrument(name))?;
    match tokio::time::timeout(ANSWER_TIMEOUT, symbol.addr.send(Look(want))).await {
        Ok(Ok(looked)) => Ok(looked),
        Ok(Err(_)) => Err(Problem::unavailable(format!("{name} is being rebuilt"))),
        Err(_) => Err(Problem::unavailable(format!("{name} did not answer in time"))),
    }
}

/// `instruments=A,B`.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Names, separated by commas; at most 1,000.
    #[param(required = true, example = "SIM:ACME,SIM:BOLT")]
    instruments: Option<String>,
}

async fn list(
    api: &Api,
    query: &ListQuery,
    field: &str,
    want: Want,
) -> Result<HttpResponse, Problem> {
    let names =
        query.instruments.as_deref().filter(|names| !names.is_empty()).ok_or_else(|| {
            Problem::bad_parameter("\"instruments\" is missing: names, separated by commas")
        })?;
    let names: Vec<&str> = names.split(',').collect();
    if LIST_MAX < names.len() {
        return Err(Problem::bad_parameter(format!("at most {LIST_MAX} instruments")));
    }
    let answers = join_all(names.iter().map(|name| look(api, name, want.clone()))).await;
    let known = answers.iter().flatten();
    let fresh = Freshness::of(known.clone());
    if answers.len() == 1
        && let Some(problem) = answers.iter().find_map(|answer| answer.as_ref().err())
    {
        return Err(problem.clone());
    }
    let mut out = String::with_capacity(256 * names.len());
    let mut object = open_answer(&mut out, fresh);
    let items: Vec<&str> = known.map(|looked| looked.json.as_str()).collect();
    let array = object.key(field);
    array.push('[');
    array.push_str(&items.join(","));
    array.push(']');
    let mut errors = serde_json::Map::new();
    for (name, answer) in names.iter().zip(&answers) {
        if let Err(problem) = answer {
            errors.insert((*name).to_owned(), problem.in_list());
        }
    }
    if !errors.is_empty() {
        object.key("errors").push_str(&serde_json::Value::Object(errors).to_string());
    }
    object.close();
    Ok(json(out))
}

/// Best bid and ask of each.
#[utoipa::path(
    get,
    path = "/api/v1/quotes",
    tag = "market data",
    params(ListQuery),
    responses(
        (status = 200, body = Quotes),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn quotes(
    api: web::Data<Api>,
    query: web::Query<ListQuery>,
) -> Result<HttpResponse, Problem> {
    list(&api, &query, "quotes", Want::Quote).await
}

/// Statistics of the UTC day of each.
#[utoipa::path(
    get,
    path = "/api/v1/stats",
    tag = "market data",
    params(ListQuery),
    responses(
        (status = 200, body = StatsList),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn stats(
    api: web::Data<Api>,
    query: web::Query<ListQuery>,
) -> Result<HttpResponse, Problem> {
    list(&api, &query, "stats", Want::Stats).await
}

/// `instrument=A&depth=N`.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct BookQuery {
    /// A name.
    #[param(required = true, example = "SIM:ACME")]
    instrument: Option<String>,
    /// Levels a side, from 1 to 1000; 20 unless told.
    depth: Option<usize>,
}

/// The best levels of a book.
#[utoipa::path(
    get,
    path = "/api/v1/book",
    tag = "market data",
    params(BookQuery),
    responses(
        (status = 200, body = Book),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn book(
    api: web::Data<Api>,
    query: web::Query<BookQuery>,
) -> Result<HttpResponse, Problem> {
    let name = needed(query.instrument.as_deref())?;
    let depth = query.depth.unwrap_or(20);
    if !(1..=usize::from(DEPTH_MAX)).contains(&depth) {
        return Err(Problem::bad_parameter(format!("\"depth\" is from 1 to {DEPTH_MAX}")));
    }
    let looked = look(&api, name, Want::Book(depth)).await?;
    let mut out = String::with_capacity(looked.json.len() + 128);
    open_answer(&mut out, Freshness::of(std::iter::once(&looked)));
    // The book's own fields stand beside the answer's.
    out.push(',');
    out.push_str(&looked.json[1..]);
    Ok(json(out))
}

/// A parameter that must be there.
pub(super) fn needed(name: Option<&str>) -> Result<&str, Problem> {
    name.filter(|name| !name.is_empty())
        .ok_or_else(|| Problem::bad_parameter("\"instrument\" is missing"))
}
