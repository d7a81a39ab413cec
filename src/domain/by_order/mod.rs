//! The book of single orders ("market by order"): who stands where in which queue.
//!
//! [`ByOrder`] holds the orders of one instrument by their id. Each price level is a queue, first
//! come, first served; the level's total comes from it. Prices and sizes are the integers of the
//! feed (for DBN: 10^-9 units and whole contracts or shares), so nothing here rounds.
//!
//! The rules are those of CME Globex as Databento writes them down ("market by order", actions add,
//! cancel, modify, clear): a modified order keeps its place only where its price and side are the
//! same and its size did not grow; else it goes to the end of its new queue.

mod book;
mod ladder;
mod orders;

pub use book::{ByOrder, Counts, Extent, ORDERS_MAX, Order, Position, Taken, Total};

#[cfg(test)]
mod tests;
