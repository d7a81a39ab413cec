//! What a venue publishes of its own trades: candles. They do not go into the log; `crate::truth`
//! holds the hub's own bars to them.

use super::{Frame, FrameError};
use crate::domain::market::{Decimal, Instrument, Nanos};

/// A candle as the venue has it at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Candle {
    /// The start of its bucket.
    pub start: Nanos,
    /// The length of its bucket.
    pub length: Nanos,
    /// Open, high, low and close.
    pub prices: [Decimal; 4],
    /// What was traded, in the unit that the adapter gives the venue's trades.
    pub volume: Decimal,
    /// How many fills, where the venue tells.
    pub count: Option<u64>,
    /// Average price weighted by volume, where the venue tells.
    pub vwap: Option<Decimal>,
    /// The first and the last fill it holds, where the venue tells: it can then be compared while it
    /// is still running.
    pub fills: Option<(u64, u64)>,
    /// Whether the venue may still change it.
    pub is_running: bool,
}

/// How a venue's candles are made, where venues differ. The rest is the same for all: bucket by
/// trade time, start inclusive, end exclusive, counted from UTC midnight, in the order of the
/// venue's trades.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CandleRule {
    /// What opens a candle.
    pub open: Open,
    /// What stands for a bucket without trades.
    pub empty: Empty,
    /// The decimals to which the venue cuts its `vwap`, where it tells one.
    pub vwap_digits: Option<VwapDigits>,
}

/// To how many decimals a venue cuts its `vwap`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VwapDigits {
    /// To the most in which a price or the average of that candle is written.
    AsWritten,
    /// To so many.
    Exactly(u8),
}

/// What opens a candle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Open {
    /// Its first trade.
    FirstTrade,
    /// The close of the candle before, which counts for high and low too.
    PreviousClose,
    /// The close of the candle before, which counts for neither high nor low: it may lie outside.
    PreviousCloseApart,
}

/// What stands for a bucket without trades.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Empty {
    /// No candle.
    Absent,
    /// The close before as all four prices, with volume 0.
    Flat,
}

/// How the best bid and ask that a venue publishes (given as quotes) meet the book made of its
/// changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TopRule {
    /// After the change numbered `n` the book's top is the last quote with a number ≤ `n`.
    LastAtOrBefore,
    /// After the change numbered `n` the book's top is the quote with the number `n`.
    SameNumber,
    /// The quotes appear, in their order, among the tops that the book has after each message.
    InOrder,
    /// Nothing is said: they come at another rhythm, or from another engine.
    Unrelated,
}

/// Reads the candles that a venue publishes.
pub trait Witness {
    /// Takes one frame and appends the candles in it, oldest first; none for other frames.
    ///
    /// # Errors
    ///
    /// [`FrameError`] where a candle cannot be understood.
    fn take(
        &mut self,
        frame: Frame<'_>,
        out: &mut Vec<(Instrument, Candle)>,
    ) -> Result<(), FrameError>;

    /// The first and the last fill that a trade stands for, where the venue's candles name fills.
    /// None for a trade that was not in a frame taken before.
    fn fills_of(&self, instrument: &Instrument, trade_id: &str) -> Option<(u64, u64)> {
        let _ = (instrument, trade_id);
        None
    }
}
