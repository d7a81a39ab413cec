//! Where market events come from, and the log they go through.
//!
//! - `kafka` is the only place that names `rdkafka`: reader, writer, topics, identity of the log,
//!   saved state, and the broker inside the hub.
//! - `venues` turns venues' frames into events, pure.
//! - `capture` reads recorded frames; `simulator` makes a market up, the same one for the same
//!   seed; `replay` sends either into the log;
//! - `dbn` reads Databento's files, `csv` the tick files of other vendors, and send them there;
//! - `live` follows a venue's public WebSocket into the log.
//!
//! Nothing here knows who folds the events.

pub mod capture;
pub mod csv;
pub mod dbn;
pub mod kafka;
pub mod live;
pub mod replay;
pub mod simulator;
pub mod venues;
