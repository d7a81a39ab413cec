//! Tickwire: market feeds in through Kafka, exact books, quotes, statistics and bars out.
//!
//! The rooms, each with one-way doors (held by `tests/tidy.rs`):
//!
//! - [`domain`] folds events, pure;
//! - [`wire`] turns bytes into domain values and back;
//! - [`config`] and [`telemetry`] say how the process is set up and what it counts;
//! - [`feeds`] is where events come from, and the log;
//! - [`store`] is SQL, spelled out;
//! - [`actors`] own state;
//! - [`http`] has the doors for clients;
//! - [`truth`] holds all of it to what venues published;
//! - [`app`] puts them together.
#![deny(unsafe_code)]

pub mod actors;
pub mod app;
pub mod config;
pub mod domain;
pub mod feeds;
pub mod http;
pub mod store;
pub mod telemetry;
pub mod truth;
pub mod wire;
