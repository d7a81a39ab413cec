//! The book, in numbered changes.
//!
//! - Classic spot: a message holds changes `[price, quantity, number]` of both sides, of the numbers
//!   `sequenceStart` to `sequenceEnd`. They are taken by number, one event each, because the best
//!   bid and ask are told for each number. Price 0 only moves the number.
//! - Classic futures: one change a message, `price,side,quantity`.
//! - Window: `obu` begins with a snapshot, and tells what leaves its 500 levels; a delta holds the
//!   numbers `O` to `C`.
//!
//! The REST book has the number of the last change in it. Changes up to it are old; the first one
//! after it joins it. A message may hold more numbers than changes, so the first event that reaches
//! beyond a snapshot is joined to it where its numbers do. Recent events are kept, and given again
//! behind a snapshot that comes later than they did.

use std::collections::VecDeque;

use super::frame::{Change, Data, Digits, Told};
use crate::domain::market::{Body, Decimal, Event, Instrument, LevelChange, Nanos};
use crate::feeds::venues::FrameError;
use crate::feeds::venues::reading::{price, quantity};
use crate::feeds::venues::roster::{Listed, Roster};
use crate::wire::number::DecimalField;

/// Events kept for a snapshot to come: some seconds of a busy book.
const EVENTS_MAX: usize = 4_096;
/// Levels in the events kept: 512 KiB.
const LEVELS_MAX: usize = 16_384;

/// What the join of snapshot and changes needs remembered.
#[derive(Debug, Default)]
pub(in crate::feeds::venues) struct Ladder {
    recent: VecDeque<Event>,
    levels: usize,
    /// The snapshot beyond which nothing came yet.
    unbridged: Option<u64>,
}

/// Changes that end with one number.
struct Step {
    before: u64,
    number: u64,
    bids: Vec<LevelChange>,
    asks: Vec<LevelChange>,
}

fn levels_of(event: &Event) -> usize {
    match &event.body {
        Body::BookDelta { bids, asks, .. } => bids.len() + asks.len(),
        _ => 0,
    }
}

impl Ladder {
    /// An event as it follows what was given before it.
    fn follow(&mut self, mut event: Event) -> Event {
        if let (Some(snapshot), Some(seq), Some(prev)) = (self.unbridged, event.seq, event.prev_seq)
            && snapshot < seq
        {
            self.unbridged = None;
            if prev <= snapshot {
                event.prev_seq = Some(snapshot);
            }
        }
        event
    }

    fn keep(&mut self, event: Event) {
        self.levels += levels_of(&event);
        self.recent.push_back(event);
        while (EVENTS_MAX < self.recent.len() || LEVELS_MAX < self.levels)
            && let Some(oldest) = self.recent.pop_front()
        {
            self.levels -= levels_of(&oldest);
        }
    }

    /// The kept events that a snapshot does not hold, joined to it.
    fn stand_on(&mut self, snapshot: u64) -> Vec<Event> {
        self.unbridged = Some(snapshot);
        let recent = std::mem::take(&mut self.recent);
        let later = recent.iter().filter(|event| Some(snapshot) < event.seq);
        let events = later.map(|event| self.follow(event.clone())).collect();
        self.recent = recent;
        events
    }
}

fn needed(digits: Option<Digits>, what: &'static str) -> Result<u64, FrameError> {
    digits.ok_or(FrameError::Shape(what))?.number()
}

/// The first number of a message and the one before it, and its last.
fn range(data: &Data<'_>) -> Result<(u64, u64), FrameError> {
    let first = needed(data.sequence_start, "no sequenceStart")?;
    let last = needed(data.sequence_end, "no sequenceEnd")?;
    let before = first.checked_sub(1).ok_or(FrameError::Value("sequenceStart"))?;
    if last < first { Err(FrameError::Value("sequenceEnd")) } else { Ok((before, last)) }
}

/// Checks a change: its number, and its level unless its price is 0.
fn level(change: Change) -> Result<(u64, Option<LevelChange>), FrameError> {
    let (at, qty) = (price(change.0.0)?, quantity(change.1.0)?);
    Ok((change.2.number()?, (!at.is_zero()).then_some((at, qty))))
}

/// The changes of a message by number; together they reach from the number before it to its last.
fn steps(data: &mut Data<'_>) -> Result<Vec<Step>, FrameError> {
    let (mut before, last) = range(data)?;
    let changes = data.changes.take().ok_or(FrameError::Shape("no changes"))?;
    let mut numbered = Vec::with_capacity(changes.asks.len() + changes.bids.len());
    for (side, is_bid) in [(changes.asks, false), (changes.bids, true)] {
        for change in side {
            let (number, level) = level(change)?;
            if number <= before || last < number {
                return Err(FrameError::Value("sequence of a change"));
            }
            numbered.push((number, is_bid, level));
        }
    }
    numbered.sort_by_key(|(number, ..)| *number);
    let mut steps: Vec<Step> = Vec::with_capacity(numbered.len() + 1);
    for (number, is_bid, level) in numbered {
        if before < number {
            steps.push(Step { before, number, bids: Vec::new(), asks: Vec::new() });
            before = number;
        }
        if let (Some(step), Some(level)) = (steps.last_mut(), level) {
            if is_bid { &mut step.bids } else { &mut step.asks }.push(level);
        }
    }
    if before < last {
        steps.push(Step { before, number: last, bids: Vec::new(), asks: Vec::new() });
    }
    Ok(steps)
}

fn give(
    listed: &mut Listed<Ladder>,
    at: Option<Nanos>,
    Step { before, number, bids, asks }: Step,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) {
    let body = Body::BookDelta { bids, asks, checksum: None };
    let event = Event { seq: Some(number), prev_seq: Some(before), ..listed.event(at, recv, body) };
    out.push((listed.instrument.clone(), listed.state.follow(event.clone())));
    listed.state.keep(event);
}

/// Takes a message of the spot book.
pub(super) fn changes(
    roster: &mut Roster<Ladder>,
    mut told: Told<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let at = told.data.at()?;
    let steps = steps(&mut told.data)?;
    let listed = roster.get(&told.symbol)?;
    for step in steps {
        give(listed, at, step, recv, out);
    }
    Ok(())
}

/// Takes a message of a futures' book.
pub(super) fn change(
    roster: &mut Roster<Ladder>,
    told: Told<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let at = told.data.at()?;
    let number = needed(told.data.sequence, "no sequence")?;
    let before = number.checked_sub(1).ok_or(FrameError::Value("sequence"))?;
    let text = told.data.change.as_deref().ok_or(FrameError::Shape("no change"))?;
    let mut parts = text.split(',');
    let (Some(at_price), Some(side), Some(qty), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(FrameError::Value("change"));
    };
    let number_of = |text: &str| DecimalField(Decimal::parse(text));
    let level = (price(number_of(at_price))?, quantity(number_of(qty))?);
    let mut step = Step { before, number, bids: Vec::new(), asks: Vec::new() };
    let rows = match side {
        "buy" => &mut step.bids,
        "sell" => &mut step.asks,
        _ => return Err(FrameError::Value("side")),
    };
    if !level.0.is_zero() {
        rows.push(level);
    }
    give(roster.get(&told.symbol)?, at, step, recv, out);
    Ok(())
}

fn sides(data: &mut Data<'_>) -> Result<[Vec<LevelChange>; 2], FrameError> {
    let bids = data.bids.take().ok_or(FrameError::Shape("no bids"))?;
    let asks = data.asks.take().ok_or(FrameError::Shape("no asks"))?;
    Ok([bids.changes()?, asks.changes()?])
}

/// Takes a message of `obu`.
pub(super) fn window(
    roster: &mut Roster<Ladder>,
    mut told: Told<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let at = told.data.at()?;
    let [bids, asks] = sides(&mut told.data)?;
    match told.action.as_ref() {
        "snapshot" => {
            let number = needed(told.data.sequence_end, "no C")?;
            let listed = roster.get(&told.symbol)?;
            lay(listed, (at, number), [bids, asks], recv, out);
            Ok(())
        }
        "delta" => {
            let (before, number) = range(&told.data)?;
            let listed = roster.get(&told.symbol)?;
            give(listed, at, Step { before, number, bids, asks }, recv, out);
            Ok(())
        }
        _ => Err(FrameError::Shape("neither snapshot nor delta")),
    }
}

/// Gives a whole book, and behind it what came before it and is newer.
fn lay(
    listed: &mut Listed<Ladder>,
    (at, number): (Option<Nanos>, u64),
    [bids, asks]: [Vec<LevelChange>; 2],
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) {
    let body = Body::BookSnapshot { bids, asks, checksum: None };
    let event = Event { seq: Some(number), ..listed.event(at, recv, body) };
    out.push((listed.instrument.clone(), event));
    for event in listed.state.stand_on(number) {
        out.push((listed.instrument.clone(), event));
    }
}

/// Takes the REST book: of the symbol it names, else of the one its URL asks for, else of the only
/// one heard of.
pub(super) fn snapshot(
    roster: &mut Roster<Ladder>,
    mut data: Data<'_>,
    url: Option<&str>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let at = data.at()?;
    let number = needed(data.sequence, "no sequence")?;
    let sides = sides(&mut data)?;
    let named = data.symbol.as_deref().or_else(|| url.and_then(symbol_in)).map(str::to_owned);
    let symbol = named.map_or_else(|| roster.only(), Ok)?;
    lay(roster.get(&symbol)?, (at, number), sides, recv, out);
    Ok(())
}

/// The value of the URL's parameter `symbol`.
fn symbol_in(url: &str) -> Option<&str> {
    let (_, query) = url.split_once('?')?;
    query.split('&').find_map(|pair| pair.strip_prefix("symbol="))
}
