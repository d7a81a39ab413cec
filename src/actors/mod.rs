//! Who owns which state.
//!
//! - `symbol`: one actor an instrument, the only one that touches its market.
//! - `session`: the actors that own WebSockets, and the shard of each connection thread that hands
//!   them their frames.
//! - `registry`: who is where.
//! - `feed`: reads the log and hands records to symbols; rebuilds a symbol after a panic.
//! - `keeper`: saves markets, positions and dead letters.
//! - `cacher`: keeps the warm cache warm; `prober`: asks whether the database answers.
//! - `health`: what is known of all that, for whoever asks; `progress`: how far each role is in the log.
//! - `recorder`: writes history, from its own reading of the log.
//!
//! Three verbs for sending: data to a screen is offered with `try_send` on a held `Recipient`;
//! records to symbols are sent under a permit that counts their bytes; questions are `send().await`
//! with a time limit.

pub mod cacher;
pub mod feed;
pub mod health;
pub mod keeper;
pub mod prober;
pub mod progress;
pub mod recorder;
pub mod registry;
pub mod session;
pub mod symbol;
