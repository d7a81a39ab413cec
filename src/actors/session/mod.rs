//! WebSockets: the actors that own them, and the shard of each connection thread.
//!
//! A session decides nothing about markets: its shard hands it whole messages, and it writes one
//! frame a tick. Whether it keeps up is seen by its mailbox alone.

pub mod shard;
pub mod socket;
mod throttle;

pub use shard::Shard;
pub use socket::{Session, SocketHandle};
