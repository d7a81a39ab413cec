//! What a market is, told without sockets, clocks or tasks.
//!
//! # Invariants
//!
//! - Nothing here reads a clock, logs or awaits. Time arrives as an argument.
//! - Every map that is iterated is ordered, so the same log gives the same bytes twice.
//! - Prices and quantities are integers with a decimal exponent; no binary floating point.
//! - Bad input is a value of an error enum, never a panic.
#![deny(missing_docs, clippy::disallowed_methods, clippy::float_arithmetic)]

pub mod by_order;
pub mod market;
