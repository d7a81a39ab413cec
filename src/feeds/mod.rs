//! Where market events come from, and the log they go through.
//!
//! - `kafka` is the only place that names `rdkafka`: reader, writer, topics, identity of the log,
//!   saved state, and the broker inside the hub.
//! - `simulator` makes a market up, the same one for the same seed.
//! - `replay` plays recorded captures through the venues' adapters.
//!
//! Nothing here knows who folds the events.

pub mod kafka;
