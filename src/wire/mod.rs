//! Bytes to domain values and back: market records, client commands, server messages, saved state.
//!
//! The protocol's names and codes live here. Nothing here opens a socket, a topic or a table.

pub mod borrowed;
pub mod channel;
pub mod code;
pub mod codec;
pub mod command;
pub mod data;
pub mod fields;
pub mod ingest;
pub mod json;
pub mod message;
pub mod msgpack;
pub mod named;
pub mod number;
pub mod packed;
mod plain;
pub mod record;
pub mod rest;
pub mod saved;
pub mod text;
pub mod time;
