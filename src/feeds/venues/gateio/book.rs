//! The book: `spot.order_book_update` on a REST snapshot, or `spot.obu` on a message that says
//! `full`; or `spot.order_book`, the best levels whole each time.
//!
//! One stream makes a pair's book: the first that is heard, until a deeper one is told whole. Changes
//! that have no book give way to any; beside the best levels those of all levels are kept, and take
//! over with a REST book that they continue. What the others say of it is passed over: laid over each
//! other they would break.
//!
//! `U` and `u` are the first and the last number of an update; each `U` is the last `u` + 1, of an
//! update without levels too. A quantity of 0 removes a level.
//!
//! - `spot.order_book_update`: updates with `u` ≤ the snapshot's `id` are old; the first one after
//!   has `U` ≤ `id` + 1 ≤ `u`. The first message of a subscription can be all levels of the book,
//!   as an update.
//! - `spot.obu`: the symbol stands in the stream's name, `ob.BTC_USDT.400`. Of what leaves the 50
//!   or 400 levels the venue sends a row of quantity 0.
//! - `spot.order_book`: `lastUpdateId` is the `u` that it holds.
//! - A REST book without `id` (`with_id` was not asked) cannot be joined with changes; it is given
//!   where none are followed. One with `id` may hold fewer levels than `spot.obu` told, and gives
//!   nothing beside that.

use std::mem;

use super::super::FrameError;
use super::super::backlog::Backlog;
use super::super::reading::{Levels, epoch};
use super::super::roster::Roster;
use super::{Found, Millis, needed};
use crate::domain::market::{Body, Event, Instrument, Nanos};

/// What a pair's book is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stream {
    /// This many of the best levels, whole each time.
    Shown(u32),
    /// Changes of this many levels.
    Followed(u32),
}

/// All levels.
const ALL: u32 = u32::MAX;

/// What is remembered of a pair.
#[derive(Debug, Default)]
pub(super) struct Pair {
    backlog: Backlog,
    stream: Option<Stream>,
    /// The number of the book that changes were last given to stand on.
    book: Option<u64>,
    /// Whether changes are kept beside the best levels.
    waits: bool,
}

impl Pair {
    /// Whether a message of this stream, with a whole book or changes, makes the book.
    fn admits(&self, stream: Stream, is_whole: bool) -> bool {
        let Some(mine) = self.stream else { return true };
        match (mine, stream) {
            (Stream::Shown(mine), Stream::Shown(levels)) => mine <= levels,
            (Stream::Shown(_), Stream::Followed(_)) => is_whole,
            (Stream::Followed(_), Stream::Shown(_)) => self.book.is_none(),
            (Stream::Followed(mine), Stream::Followed(levels)) => {
                mine == levels || is_whole && (mine < levels || self.book.is_none())
            }
        }
    }

    /// Nothing that came before it counts beside a whole book.
    fn begin(&mut self, stream: Stream, seq: u64) {
        *self = Self { stream: Some(stream), book: Some(seq), ..Self::default() };
    }

    /// The best levels are given; changes that had no book wait for one that they can be joined to.
    fn show(&mut self, levels: u32) {
        match self.stream {
            Some(Stream::Followed(ALL)) => self.waits = true,
            Some(Stream::Followed(_)) => self.backlog = Backlog::default(),
            Some(Stream::Shown(_)) | None => {}
        }
        (self.stream, self.book) = (Some(Stream::Shown(levels)), None);
    }

    fn is_shown(&self) -> bool {
        matches!(self.stream, Some(Stream::Shown(_)))
    }
}

/// A REST book.
pub(super) struct Whole {
    pub seq: Option<u64>,
    pub at: Option<u64>,
    pub bids: Levels,
    pub asks: Levels,
}

/// The symbol and the levels of a stream `ob.SYMBOL.LEVELS`; of another name the symbol is all.
fn stream_of(name: &str) -> (&str, u32) {
    let within = name.strip_prefix("ob.").and_then(|rest| rest.rsplit_once('.'));
    within.map_or((name, ALL), |(symbol, levels)| (symbol, levels.parse().unwrap_or_default()))
}

/// Takes an update of either channel.
pub(super) fn update(
    roster: &mut Roster<Pair>,
    found: Found<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let seq = needed(found.last, "no u")?;
    let at = found.t.and_then(|Millis(value)| value).map(|value| epoch("t", value)).transpose()?;
    let (bids, asks) = (found.b.changes()?, found.a.changes()?);
    let (symbol, levels) = stream_of(needed(found.s, "no s")?);
    let stream = Stream::Followed(levels);
    if found.full == Some(true) {
        let listed = roster.get(symbol)?;
        if listed.state.admits(stream, true) {
            listed.state.begin(stream, seq);
            let body = Body::BookSnapshot { bids, asks, checksum: None };
            let event = Event { seq: Some(seq), ..listed.event(at, recv, body) };
            out.push((listed.instrument.clone(), event));
        }
        return Ok(());
    }
    let first = needed(found.first, "no U")?;
    let before = first.checked_sub(1).ok_or(FrameError::Value("U"))?;
    if seq < first {
        return Err(FrameError::Value("u"));
    }
    let listed = roster.get(symbol)?;
    let is_beside = listed.state.is_shown() && levels == ALL;
    if !is_beside && !listed.state.admits(stream, false) {
        return Ok(());
    }
    let body = Body::BookDelta { bids, asks, checksum: None };
    let prev_seq = Some(before);
    let event = Event { seq: Some(seq), prev_seq, ..listed.event(at, recv, body) };
    let pair = &mut listed.state;
    let event = pair.backlog.follow_from(Some(before), event);
    // The best levels, whose number may be the one before, are no book to lay changes over.
    if is_beside && (pair.book.is_none() || event.prev_seq != pair.book) {
        pair.waits = true;
        return Ok(());
    }
    pair.stream = Some(stream);
    out.push((listed.instrument.clone(), event));
    Ok(())
}

/// Takes the best levels.
pub(super) fn shown(
    roster: &mut Roster<Pair>,
    found: Found<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let seq = needed(found.last, "no lastUpdateId")?;
    let at = found.t.and_then(|Millis(value)| value).map(|value| epoch("t", value)).transpose()?;
    let (bids, asks) = (found.b.whole()?, found.a.whole()?);
    let levels = found.levels.and_then(|levels| levels.0.parse().ok()).unwrap_or_default();
    let listed = roster.get(needed(found.s, "no s")?)?;
    if listed.state.admits(Stream::Shown(levels), true) {
        listed.state.show(levels);
        let body = Body::BookSnapshot { bids, asks, checksum: None };
        let event = Event { seq: Some(seq), ..listed.event(at, recv, body) };
        out.push((listed.instrument.clone(), event));
    }
    Ok(())
}

/// Takes a REST book: of the symbol named in its URL, else of the only symbol heard of.
pub(super) fn snapshot(
    roster: &mut Roster<Pair>,
    told: Whole,
    symbol: Option<String>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    if told.seq.is_none() && symbol.is_none() {
        return Err(FrameError::Shape("a book without id"));
    }
    let at = told.at.map(|value| epoch("update", value)).transpose()?;
    let (bids, asks) = (told.bids.changes()?, told.asks.changes()?);
    let symbol = symbol.map_or_else(|| roster.only(), Ok)?;
    let listed = roster.get(&symbol)?;
    let body = Body::BookSnapshot { bids, asks, checksum: None };
    let Some(seq) = told.seq else {
        if !matches!(listed.state.stream, Some(Stream::Followed(_))) {
            listed.state.book = None;
            out.push((listed.instrument.clone(), listed.event(at, recv, body)));
        }
        return Ok(());
    };
    let pair = &mut listed.state;
    if pair.book.is_some() && matches!(pair.stream, Some(Stream::Followed(levels)) if levels < ALL)
    {
        return Ok(());
    }
    let later = pair.backlog.stand_on(seq);
    // The best levels go on where changes between are missing.
    if pair.is_shown() && later.first().is_some_and(|first| first.prev_seq != Some(seq)) {
        return Ok(());
    }
    if mem::take(&mut pair.waits) {
        pair.stream = Some(Stream::Followed(ALL));
    }
    pair.book = Some(seq);
    let event = Event { seq: Some(seq), ..listed.event(at, recv, body) };
    out.push((listed.instrument.clone(), event));
    for event in later {
        out.push((listed.instrument.clone(), event));
    }
    Ok(())
}
