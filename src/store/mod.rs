//! SQL and Redis, spelled out: rows in, domain values out.
//!
//! - `schema` applies the numbered migrations, `edition` what the server's TimescaleDB can do beside them;
//! - `history` answers questions of readers over HTTP;
//! - `cache` keeps copies of what is last known, for whoever is not warm yet;
//! - `journal` is what the recorder writes, one transaction a batch.

mod breaker;
mod cache;
mod connect;
mod edition;
mod history;
mod journal;
mod schema;
mod tls;

pub use cache::{Cache, CacheError};
pub use connect::StoreError;
pub use edition::{describe, drop_old};
pub use history::{GapSpan, History, StoredBar, StoredTrade, TradeKey};
pub use journal::{
    Amend, BarRow, Batch, BookRow, Gap, Journal, LateTrade, Page, Position, QuoteRow, Recomputed,
    Repair, StateRow, TradeRow,
};
pub use schema::migrate;
pub use tls::TlsFault;
