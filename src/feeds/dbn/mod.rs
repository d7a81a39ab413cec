//! Databento's files (DBN, versions 1 to 3) as market events.
//!
//! - `reader` gives the records of a file, however it is packed; `message` tells their types apart
//!   and lifts old versions to the current one.
//! - `symbols` says which instrument a record is of.
//! - `adapter` makes events of records: `state` is what it keeps of an instrument, `orders` of single
//!   orders, `streams` of which files follow one another, `levels` of price levels, `tape` of trades'
//!   ids; `words` are for definitions and phases.
//!   Pure: no file, socket, clock or log.
//! - `play` sends files into the log.
//!
//! The rules follow Databento's documentation of the schemas and of `dbn` 0.73, whose structs are
//! read here; only this folder names that crate.

mod adapter;
mod fields;
mod fixed;
mod levels;
mod message;
mod orders;
mod play;
mod reader;
mod state;
mod streams;
mod stride;
mod symbols;
mod tape;
mod words;

pub use adapter::{Adapter, BOOKS_MAX, Refused};
pub use fields::fields;
pub use message::{Message, MessageError};
pub use orders::apply;
pub use play::play;
pub use reader::{Fault, FileError, Reader};
pub use symbols::instrument_of;

#[cfg(test)]
mod tests;
