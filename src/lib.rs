//! Tickwire: market feeds in through Kafka, exact books, quotes, statistics and bars out.
//!
//! The rooms, each with one-way doors (held by `tests/tidy.rs`):
//!
//! - [`domain`] folds events, pure;
//! - [`feeds`] turns what venues send, live or recorded, into events;
//! - [`wire`] turns bytes into domain values and back.

pub mod domain;
pub mod feeds;
pub mod wire;
