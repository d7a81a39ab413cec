//! The description of REST, for people and programs: OpenAPI, and a page that shows it.
//!
//! Answers are written by hand, byte by byte; these shapes only describe them, and the tests hold
//! real answers to them.
#![allow(dead_code)]

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::{bars, health, instruments, market, trades};

/// All of it.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Tickwire",
        description = "A market-data hub. Decimals are strings, exact; times are RFC 3339 UTC. Every answer says where it \
            comes from and how old it is. Errors are RFC 9457 problems with a stable `code`. The WebSocket at `/ws`, \
            Kafka and SQL are described in docs/protocol.md.",
        license(name = "Apache-2.0")
    ),
    paths(
        instruments::instruments,
        market::quotes,
        market::stats,
        market::book,
        trades::trades,
        bars::bars,
        health::alive,
        health::ready,
        health::counted,
    ),
    components(schemas(ProblemBody))
)]
pub(super) struct Description;

/// `GET /api/openapi.json`.
pub async fn openapi() -> HttpResponse {
    HttpResponse::Ok().json(Description::openapi())
}

/// How fresh an answer is.
#[derive(Serialize, ToSchema)]
pub struct Fresh {
    /// When it was true, RFC 3339.
    as_of: String,
    /// `memory`, `redis` (a copy of what was last known) or `database`.
    source: String,
    /// Milliseconds since the last event of its most silent instrument; of the list of instruments, of
    /// the one last heard; 0 for stored trades.
    stale_ms: u64,
}

/// An RFC 9457 problem.
#[derive(Serialize, ToSchema)]
pub struct ProblemBody {
    /// `about:blank`.
    r#type: String,
    /// The status in words.
    title: String,
    /// The status.
    status: u16,
    /// Stable: `bad_parameter`, `unknown_instrument`, `not_found`, `method_not_allowed`, `unavailable`.
    code: String,
    /// For people.
    detail: String,
}

/// Why one instrument of a list has no answer.
#[derive(Serialize, ToSchema)]
pub struct ErrorOf {
    /// As in a problem.
    code: String,
    /// For people.
    message: String,
}

/// A quote; null where there is none.
#[derive(Serialize, ToSchema)]
pub struct Quote {
    instrument: String,
    bid: Option<String>,
    bid_qty: Option<String>,
    ask: Option<String>,
    ask_qty: Option<String>,
    ts: Option<String>,
    /// `disconnected`, `unsynced`, `checksum_failed`, `crossed`, `halted`, `stale` or `live`.
    state: String,
}

/// Quotes.
#[derive(Serialize, ToSchema)]
pub struct Quotes {
    #[serde(flatten)]
    fresh: Fresh,
    quotes: Vec<Quote>,
    /// By name, where some of several are unknown.
    errors: Option<BTreeMap<String, ErrorOf>>,
}

/// Statistics of the watermark's UTC day.
#[derive(Serialize, ToSchema)]
pub struct Stats {
    instrument: String,
    last: Option<String>,
    last_qty: Option<String>,
    open: Option<String>,
    high: Option<String>,
    low: Option<String>,
    /// Close of the last day before with trades.
    prev_close: Option<String>,
    volume: String,
    /// Sum of price × quantity.
    notional: String,
    /// notional ÷ volume, cut 8 digits beyond the price's scale.
    vwap: Option<String>,
    trades: u64,
    /// last − prev_close.
    change: Option<String>,
    ts: Option<String>,
}

/// Statistics of several.
#[derive(Serialize, ToSchema)]
pub struct StatsList {
    #[serde(flatten)]
    fresh: Fresh,
    stats: Vec<Stats>,
    /// By name, where some of several are unknown.
    errors: Option<BTreeMap<String, ErrorOf>>,
}

/// A book.
#[derive(Serialize, ToSchema)]
pub struct Book {
    #[serde(flatten)]
    fresh: Fresh,
    instrument: String,
    /// `[price, qty]`, best first.
    bids: Vec<[String; 2]>,
    /// `[price, qty]`, best first.
    asks: Vec<[String; 2]>,
    /// Position on the channels `book.N`.
    seq: u64,
    /// The run of sequence numbers.
    epoch: String,
    ts: Option<String>,
    /// As of a quote.
    state: String,
}

/// A stored trade.
#[derive(Serialize, ToSchema)]
pub struct TradeRow {
    trade_id: String,
    ts: String,
    /// The venue's own.
    seq: Option<u64>,
    price: String,
    qty: String,
    /// `buy`, `sell` or null.
    aggressor: Option<String>,
    /// `ok`, `canceled` or `corrected`.
    state: String,
}

/// Trades by time and place in the log.
#[derive(Serialize, ToSchema)]
pub struct Trades {
    #[serde(flatten)]
    fresh: Fresh,
    trades: Vec<TradeRow>,
    /// The next page's `cursor`.
    next: Option<String>,
}

/// A bar; prices are null where all its trades were taken back.
#[derive(Serialize, ToSchema)]
pub struct BarRow {
    start: String,
    open: Option<String>,
    high: Option<String>,
    low: Option<String>,
    close: Option<String>,
    volume: String,
    notional: String,
    vwap: Option<String>,
    trades: u64,
    /// Revision: 0 until and when it is closed, then one more for each change.
    rev: u32,
    /// `open`, `closed` or `final`.
    state: String,
    /// Whether recording is known to have missed something in it.
    gap: bool,
}

/// Bars by start.
#[derive(Serialize, ToSchema)]
pub struct Bars {
    #[serde(flatten)]
    fresh: Fresh,
    instrument: String,
    interval: String,
    bars: Vec<BarRow>,
    /// The next page's `cursor`.
    next: Option<String>,
}

/// What is known of an instrument; null where no definition came.
#[derive(Serialize, ToSchema)]
pub struct Summary {
    instrument: String,
    tick_size: Option<String>,
    lot_size: Option<String>,
    base: Option<String>,
    quote: Option<String>,
    kind: Option<String>,
    description: Option<String>,
    /// Decimals of prices.
    price_exp: u8,
    /// Decimals of quantities.
    qty_exp: u8,
    epoch: String,
    /// Of its quote, else of its book.
    state: String,
    book_state: String,
    ts: Option<String>,
}

/// Instruments by name.
#[derive(Serialize, ToSchema)]
pub struct Instruments {
    #[serde(flatten)]
    fresh: Fresh,
    instruments: Vec<Summary>,
    /// The next page's `cursor`.
    next: Option<String>,
}

/// A dependency's condition.
#[derive(Serialize, ToSchema)]
pub struct Dependency {
    /// `ok`, `down`, or `unknown` before it was first tried.
    state: String,
    /// What it said, or did not say.
    fault: Option<String>,
    /// Since when it is so; null where it was never otherwise.
    since: Option<String>,
}

/// Whether the hub can serve.
#[derive(Serialize, ToSchema)]
pub struct Ready {
    ready: bool,
    /// By name: `kafka`, `recorder`, `redis`, `database`.
    dependencies: BTreeMap<String, Dependency>,
}

/// The process lives.
#[derive(Serialize, ToSchema)]
pub struct Alive {
    /// `alive`.
    status: String,
}
