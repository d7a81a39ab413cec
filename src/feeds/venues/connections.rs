//! Readers for the connections of a recording: one for each, or one for all.

use super::Adapter;
use super::Venue;
use super::candle::Witness;

/// Readers of what several connections brought.
pub struct Connections<R: ?Sized> {
    fresh: fn() -> Box<R>,
    is_shared: bool,
    readers: Vec<Box<R>>,
}

impl Connections<dyn Adapter + Send> {
    /// A venue's adapters.
    #[must_use]
    pub fn adapters(venue: &Venue) -> Self {
        Self { fresh: venue.adapter, is_shared: !venue.is_by_connection(), readers: Vec::new() }
    }
}

impl Connections<dyn Witness + Send> {
    /// A venue's readers of candles.
    #[must_use]
    pub fn witnesses(venue: &Venue) -> Self {
        Self { fresh: venue.witness, is_shared: !venue.is_by_connection(), readers: Vec::new() }
    }
}

impl<R: ?Sized> Connections<R> {
    /// The reader of a connection; connections are counted from 0 without holes.
    pub fn of(&mut self, connection: usize) -> &mut R {
        let at = if self.is_shared { 0 } else { connection };
        if self.readers.len() <= at {
            self.readers.resize_with(at + 1, self.fresh);
        }
        &mut self.readers[at]
    }
}
