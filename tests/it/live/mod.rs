//! `tickwire feed live` as a process, in front of a scripted venue that serves recorded frames and
//! misbehaves, into a real log. Whenever the log's fold says `live`, its book must be one that the
//! venue had, at the venue's own number where it has numbers (`log`).
//!
//! The recordings are not part of the project; without them the tests say so, and pass.

mod ahead;
mod binance;
mod bitfinex;
mod bitget;
mod bitmex;
mod bitstamp;
mod books;
mod channel;
mod coinbase;
mod courses;
mod deribit;
mod dialect;
mod faults;
mod gateio;
mod gemini;
mod hitbtc;
mod kraken;
mod kucoin;
mod log;
mod okx;
mod phemex;
mod play;
mod server;
mod shown;
mod usage;
mod venue;
mod walk;
