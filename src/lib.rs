//! Tickwire: market feeds in through Kafka, exact books, quotes, statistics and bars out.
//!
//! The rooms, each with one-way doors (held by `tests/tidy.rs`):
//!
//! - [`domain`] folds events, pure;
//! - [`wire`] turns bytes into domain values and back.

pub mod actors;
pub mod config;
pub mod domain;
pub mod feeds;
pub mod http;
pub mod store;
pub mod telemetry;
pub mod wire;
