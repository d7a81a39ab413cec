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

use super::frame::{Change, Changes, Data, Digits, Numbered, Told};
use crate::domain::market::{Body, Decimal, Event, Instrument, LevelChange, Nanos};
use crate::feeds::venues::FrameError;
use crate::feeds::venues::backlog::Backlog;
use crate::feeds::venues::reading::{price, quantity};
use crate::feeds::venues::roster::{Listed, Roster};
use crate::wire::number::DecimalField;

/// Changes that end with one number.
struct Step {
    before: u64,
    number: u64,
    bids: Vec<LevelChange>,
    asks: Vec<LevelChange>,
}

fn needed(digits: Option<Digits>, what: &'static str) -> Result<u64, FrameError> {
    digits.ok_or(FrameError::Shape(what))?.number()
}

/// The first number of a message and the one before it, and its last.
fn range(first: Option<Digits>, last: Option<Digits>) -> Result<(u64, u64), FrameError> {
    let first = needed(first, "no sequenceStart")?;
    let last = needed(last, "no sequenceEnd")?;
    let before = first.checked_sub(1).ok_or(FrameError::Value("sequenceStart"))?;
    if last < first { Err(FrameError::Value("sequenceEnd")) } else { Ok((before, last)) }
}

/// Checks a change of a message of that range: its number, and its level unless its price is 0.
fn level_within(
    change: Change,
    (before, last): (u64, u64),
) -> Result<(u64, Option<LevelChange>), FrameError> {
    let (at, qty) = (price(change.0)?, quantity(change.1)?);
    let number = change.2.number()?;
    if number <= before || last < number {
        return Err(FrameError::Value("sequence of a change"));
    }
    Ok((number, (!at.is_zero()).then_some((at, qty))))
}

/// The changes of a message by number; together they reach from the number before it to its last.
fn steps(range: (u64, u64), changes: Changes) -> Result<Vec<Step>, FrameError> {
    let (mut before, last) = range;
    let mut numbered = Vec::with_capacity(changes.asks.len() + changes.bids.len());
    for (side, is_bid) in [(changes.asks, false), (changes.bids, true)] {
        for change in side {
            let (number, level) = level_within(change, range)?;
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

/// The changes of a message that has one number.
fn step(range: (u64, u64), changes: Changes) -> Result<Step, FrameError> {
    let levels = |side: Vec<Change>| -> Result<Vec<LevelChange>, FrameError> {
        let levels = side.into_iter().map(|change| Ok(level_within(change, range)?.1));
        levels.filter_map(Result::transpose).collect()
    };
    let (before, number) = range;
    Ok(Step { before, number, asks: levels(changes.asks)?, bids: levels(changes.bids)? })
}

fn give(
    listed: &mut Listed<Backlog>,
    at: Option<Nanos>,
    Step { before, number, bids, asks }: Step,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) {
    let body = Body::BookDelta { bids, asks, checksum: None };
    let event = Event { seq: Some(number), prev_seq: Some(before), ..listed.event(at, recv, body) };
    out.push((listed.instrument.clone(), listed.state.follow(event)));
}

/// Takes a message of the spot book.
pub(super) fn changes(
    roster: &mut Roster<Backlog>,
    numbered: Numbered<'_>,
    symbol: &str,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let at = numbered.at()?;
    let range = range(numbered.sequence_start, numbered.sequence_end)?;
    let changes = numbered.changes.ok_or(FrameError::Shape("no changes"))?;
    if range.0 + 1 == range.1 {
        let step = step(range, changes)?;
        give(roster.get(symbol)?, at, step, recv, out);
        return Ok(());
    }
    let steps = steps(range, changes)?;
    let listed = roster.get(symbol)?;
    for step in steps {
        give(listed, at, step, recv, out);
    }
    Ok(())
}

/// Takes a message of a futures' book.
pub(super) fn change(
    roster: &mut Roster<Backlog>,
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
    roster: &mut Roster<Backlog>,
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
            let (before, number) = range(told.data.sequence_start, told.data.sequence_end)?;
            let listed = roster.get(&told.symbol)?;
            give(listed, at, Step { before, number, bids, asks }, recv, out);
            Ok(())
        }
        _ => Err(FrameError::Shape("neither snapshot nor delta")),
    }
}

/// Gives a whole book, and behind it what came before it and is newer.
fn lay(
    listed: &mut Listed<Backlog>,
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
    roster: &mut Roster<Backlog>,
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
