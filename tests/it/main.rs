//! All integration tests, in one binary: black-box ones against a hub in a process of its own, with
//! real Kafka and TimescaleDB (`./test` starts them), and recorded truth, offline.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod bars;
mod broken;
mod broken_log;
mod cold;
mod continuity;
mod described;
mod editions;
mod faults;
mod fenced;
mod golden;
mod hub;
mod live;
mod malformed;
#[path = "../../load/mutate/mod.rs"]
mod mutate;
mod page;
mod panics;
mod questions;
mod recorded;
mod secured;
mod servers;
mod settings;
mod slow;
mod truth;
mod unruly;
mod vendors;
mod walking;
