//! Readers for the connections of a recording: one for each, or one for all.
//!
//! Where each connection has an adapter of its own, an instrument may come by several. One of them
//! makes its book ([`Maker`]); what another says of that book, and that another is lost, is passed over.
//! Trades are given whoever tells them: their ids are the venue's, and the hub drops what it knows.
//! What REST answers has an adapter of its own too, and a book of it is given where no connection makes
//! one.

mod maker;

use std::collections::HashMap;

pub(super) use self::maker::Maker;
use super::candle::Witness;
use super::silence::Taken;
use super::{Adapter, Frame, FrameError, Venue};
use crate::domain::market::{Body, Event, Instrument, Nanos};

/// Readers of what several connections brought.
pub struct Connections<R: ?Sized> {
    fresh: fn() -> Box<R>,
    is_shared: bool,
    readers: Vec<Box<R>>,
}

impl Connections<dyn Adapter + Send> {
    /// A venue's adapters.
    #[must_use]
    pub fn adapters(venue: &Venue) -> Adapters {
        let (fresh, is_shared) = (venue.adapter, !venue.is_by_connection());
        let connections = Self { fresh, is_shared, readers: Vec::new() };
        Adapters { connections, answers: None, makers: HashMap::default() }
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

/// A venue's adapters, and whose books they make.
pub struct Adapters {
    connections: Connections<dyn Adapter + Send>,
    answers: Option<Box<dyn Adapter + Send>>,
    makers: HashMap<Instrument, Maker, foldhash::fast::RandomState>,
}

/// The way to the adapter of one connection.
pub struct Way<'a> {
    adapters: &'a mut Adapters,
    connection: usize,
}

impl Adapters {
    /// The way of a connection; connections are counted from 0 without holes.
    pub fn of(&mut self, connection: usize) -> Way<'_> {
        Way { adapters: self, connection }
    }
}

impl Way<'_> {
    /// Takes one frame, as [`Adapter::take`] does.
    ///
    /// # Errors
    ///
    /// The adapter's.
    pub fn take(
        self,
        frame: Frame<'_>,
        recv: Nanos,
        out: &mut Vec<(Instrument, Event)>,
    ) -> Result<(), FrameError> {
        let Adapters { connections, answers, makers } = self.adapters;
        if connections.is_shared {
            return connections.of(self.connection).take(frame, recv, out);
        }
        let given_before = out.len();
        if matches!(frame, Frame::Response { .. }) {
            let adapter = answers.get_or_insert_with(connections.fresh);
            adapter.take(frame, recv, out)?;
            for (instrument, event) in out.split_off(given_before) {
                let is_book = matches!(event.body, Body::BookSnapshot { .. });
                if !is_book || makers.entry(instrument.clone()).or_default().takes_answer() {
                    out.push((instrument, event));
                }
            }
            return Ok(());
        }
        connections.of(self.connection).take(frame, recv, out)?;
        let is_alone = connections.readers.len() == 1 && answers.is_none();
        let is_anyones = |event: &Event| match event.body {
            Body::BookDelta { .. } => is_alone,
            _ => !matches!(event.body, Body::BookSnapshot { .. } | Body::Disconnect),
        };
        if out[given_before..].iter().all(|(_, event)| is_anyones(event)) {
            return Ok(());
        }
        let connection = self.connection as u64;
        for (instrument, event) in out.split_off(given_before) {
            if is_anyones(&event) {
                out.push((instrument, event));
                continue;
            }
            let maker = makers.entry(instrument.clone()).or_default();
            let taken = match event.body {
                Body::BookSnapshot { .. } => {
                    // It stands on nothing that came by another, which has not said that it ended.
                    maker.begins(connection, recv);
                    Taken::Given
                }
                Body::Disconnect => maker.ends(connection),
                _ => maker.goes_on(connection, recv, |_| true),
            };
            if taken == Taken::Anew {
                let (seq, prev_seq, body) = (None, None, Body::Disconnect);
                out.push((instrument.clone(), Event { seq, prev_seq, body, ..event }));
            }
            if taken != Taken::Passed {
                out.push((instrument, event));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
