//! The book: `snapshotOrderbook` and `updateOrderbook` (API 2), `orderbook/…` (API 3).
//!
//! A quantity of 0 removes a level; an update may change nothing but the sequence. Each update's
//! sequence is the last one plus 1, the first one's after a snapshot too, so a gap shows.
//!
//! In API 2 a sequence was seen to begin anew between a snapshot and its updates. An update far below
//! the last number is not an old one: the instrument is given as lost there, and its updates pass
//! until the next snapshot.
//!
//! The channels of few levels would cut a book that is followed by its updates, so they give nothing
//! while there is one; nor do updates over few levels.

use super::super::FrameError;
use super::super::reading::{epoch, rfc3339};
use super::super::roster::Roster;
use super::needed;
use super::wire::{BySymbol, Entry, Params};
use crate::domain::market::{Body, Event, Instrument, LevelChange, Nanos};

/// How far below the last number an update is not one that comes late.
const ANEW_BELOW: u64 = 10_000;

/// What the book of a symbol was last made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Followed {
    /// Of nothing on this connection.
    #[default]
    Nothing,
    /// Of few levels.
    Few,
    /// Of a whole book and its updates up to that number.
    Whole(u64),
    /// Of one whose numbers began anew.
    Lost,
}

/// What a message tells of a book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// All of it.
    Whole,
    /// What changed.
    Update,
    /// A few levels of each side, whole.
    Few,
}

/// A book that was checked.
struct Read<'a> {
    symbol: &'a str,
    at: Option<Nanos>,
    seq: u64,
    bids: Vec<LevelChange>,
    asks: Vec<LevelChange>,
}

impl Followed {
    /// What it is behind a message of that form and number.
    fn behind(self, form: Form, seq: u64) -> Self {
        match (form, self) {
            (Form::Whole, _) => Self::Whole(seq),
            (Form::Update, Self::Whole(last)) if seq < last.saturating_sub(ANEW_BELOW) => {
                Self::Lost
            }
            (Form::Update, Self::Whole(last)) => Self::Whole(last.max(seq)),
            (Form::Few, Self::Nothing | Self::Few) => Self::Few,
            (Form::Update | Form::Few, _) => self,
        }
    }
}

fn give(
    roster: &mut Roster<Followed>,
    read: Read<'_>,
    form: Form,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let Read { symbol, at, seq, bids, asks } = read;
    let listed = roster.get(symbol)?;
    let before = listed.state;
    listed.state = before.behind(form, seq);
    let (seq, prev_seq, body) = match (form, listed.state) {
        (Form::Update, Followed::Nothing | Followed::Whole(_)) => {
            (Some(seq), seq.checked_sub(1), Body::BookDelta { bids, asks, checksum: None })
        }
        (Form::Whole, _) | (Form::Few, Followed::Few) => {
            (Some(seq), None, Body::BookSnapshot { bids, asks, checksum: None })
        }
        (_, Followed::Lost) if before != Followed::Lost => (None, None, Body::Disconnect),
        _ => return Ok(()),
    };
    let event = Event { seq, prev_seq, ..listed.event(at, recv, body) };
    out.push((listed.instrument.clone(), event));
    Ok(())
}

/// Takes a book of API 2.
pub(super) fn api2(
    roster: &mut Roster<Followed>,
    params: Params<'_>,
    form: Form,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let read = Read {
        symbol: needed(params.symbol, "no symbol")?,
        at: params.timestamp.map(|text| rfc3339("timestamp", text)).transpose()?,
        seq: needed(params.sequence, "no sequence")?,
        bids: params.bid.changes()?,
        asks: params.ask.changes()?,
    };
    give(roster, read, form, recv, out)
}

/// Takes the books of API 3.
pub(super) fn api3(
    roster: &mut Roster<Followed>,
    BySymbol(books): BySymbol<'_>,
    form: Form,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let mut all = Vec::with_capacity(books.len());
    for (symbol, entry) in books {
        let Entry::Book(book) = entry else { return Err(FrameError::Shape("no book")) };
        all.push(Read {
            symbol,
            at: book.t.map(|value| epoch("t", value)).transpose()?,
            seq: needed(book.s, "no s")?,
            bids: book.b.changes()?,
            asks: book.a.changes()?,
        });
    }
    roster.check(all.iter().map(|read| read.symbol))?;
    for read in all {
        give(roster, read, form, recv, out)?;
    }
    Ok(())
}
