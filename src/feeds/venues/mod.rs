//! What each venue sends, as market events.
//!
//! # Invariants
//!
//! - Pure: a frame's text and its receive time in, events out. No socket, clock or log.
//! - A frame is taken whole or not at all: one that is refused has changed nothing and given
//!   nothing, so a bad frame harms no other.
//! - Numbers keep the venue's own text (its written scale), because checksums are taken over it.
//! - An event's `ts_event` is the venue's time. A frame without one gets the greatest time that the
//!   adapter gave the instrument before; before any, the receive time.
//! - What is kept per instrument is bounded, and so is the number of instruments.

mod backlog;
mod binance;
mod bitfinex;
mod bitget;
mod bitmex;
mod bitstamp;
pub mod candle;
mod channel;
mod choice;
mod coinbase;
mod connections;
mod deribit;
mod gateio;
mod gemini;
mod hitbtc;
mod kraken;
mod kucoin;
pub mod line;
mod numbering;
mod okx;
mod phemex;
pub(in crate::feeds) mod prints;
pub(in crate::feeds) mod reading;
mod roster;
mod sided;
mod silence;
mod step;
mod utc;
mod venue;

pub use self::connections::Connections;
pub use self::venue::{Sequencing, VENUES, Venue, adapter_for, names, venue};
use crate::domain::market::{DecimalError, Event, Instrument, Nanos};

/// What a connection can bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// A WebSocket message.
    Message(&'a str),
    /// The body of an HTTP response, and the URL that was asked, where that is known.
    Response {
        /// The URL.
        url: Option<&'a str>,
        /// The body.
        body: &'a str,
    },
    /// A connection was opened; it says nothing of what was missed before.
    Connected,
    /// What this side said by a connection. Only recordings tell it.
    Said(&'a str),
    /// The connection is gone: every instrument heard of gets a `disconnect`.
    Lost,
}

/// Why a frame cannot be understood.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// Not JSON, or not of the form its kind has.
    #[error("malformed: {0}")]
    Malformed(#[from] serde_json::Error),
    /// JSON, but nothing this venue is known to send.
    #[error("unknown shape: {0}")]
    Shape(&'static str),
    /// A number that is no exact decimal, or one too large.
    #[error("{field}: {source}")]
    Number {
        /// What the number is of.
        field: &'static str,
        /// What is wrong with it.
        source: DecimalError,
    },
    /// A value that makes no sense there, such as a negative quantity.
    #[error("{0} makes no sense")]
    Value(&'static str),
    /// Not a time between 1970 and 2116.
    #[error("{0} is not a time")]
    Time(&'static str),
    /// A symbol that makes no name of an instrument.
    #[error("{0:?} names no instrument")]
    Symbol(String),
    /// One instrument more than an adapter keeps.
    #[error("more than {0} instruments")]
    TooManyInstruments(usize),
    /// A snapshot that does not say whose it is, while there is not exactly one candidate.
    #[error("a snapshot without symbol while {0} symbols are known")]
    UnnamedSnapshot(usize),
    /// A snapshot behind which changes are missing that were never heard.
    #[error("a snapshot from before the first change that was heard")]
    EarlySnapshot,
    /// The venue refused something.
    #[error("the venue answered: {0}")]
    Venue(String),
}

/// One venue's protocol: what it sends, in the order it was received, becomes events.
pub trait Adapter {
    /// Takes one frame that was received at `recv` (0 where that is not known) and appends the
    /// events it carries; none for acknowledgements, candles, tickers and the like.
    ///
    /// # Errors
    ///
    /// [`FrameError`] where the frame cannot be understood; then nothing is appended and the frames
    /// after it are taken as if it had not been there.
    fn take(
        &mut self,
        frame: Frame<'_>,
        recv: Nanos,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), FrameError>;
}

#[cfg(test)]
mod tests;
