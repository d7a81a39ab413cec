//! The book, in numbered changes.
//!
//! - Classic spot: a message holds changes `[price, quantity, number]` of both sides, of the numbers
//!   `sequenceStart` to `sequenceEnd`. They are taken by number, one event each, because the best
//!   bid and ask are told for each number. Price 0 only moves the number. A change's number may lie
//!   outside: it tells when the level changed last, and says nothing of what follows what.
//! - Classic futures: one change a message, `price,side,quantity`.
//! - Window: `obu` begins with a snapshot, and tells what leaves its 500 levels; a delta holds the
//!   numbers `O` to `C`.
//!
//! A message continues the one before it where it begins at its last number + 1 or earlier, and ends
//! later: it may tell again what was told. The event that reaches beyond stands on what was given.
//!
//! The REST book has the number of the last change in it. Changes up to it are old; the first one
//! after it joins it. A message may hold more numbers than changes, so the first event that reaches
//! beyond a snapshot is joined to it where its numbers do. Recent events are kept, and given again
//! behind a snapshot that comes later than they did.
//!
//! A book of the 5 or 50 best levels is whole each time, and no change continues it. It is the book
//! while the changes have none to stand on: these are kept beside it, for a REST book that they
//! continue; one that came before them is given again at the first that does. Where they have a gap,
//! the best levels are the book again. What makes the book has ended where it is silent for a minute
//! of the venue's time while others tell what it did not ("If there is no change in the market, data
//! will not be pushed"): best levels take its place, by changes the instrument is given as lost.
//!
//! REST has parts of the book too (`level2_20`, `level2_100`; the futures' `depth20`, `depth100`): best
//! levels, which give nothing while a stream tells the book, and are lost at the next change. A body
//! whose URL is not known is such a part where its longer side is as long as one.

use std::mem;

use super::frame::{Changes, Data, Digits, Numbered, Side, Told};
use super::rest::{self, Level};
use super::state::{Form, State};
use crate::domain::market::{Body, Decimal, Event, Instrument, LevelChange, Nanos};
use crate::feeds::venues::FrameError;
use crate::feeds::venues::reading::{parameter, price, quantity};
use crate::feeds::venues::roster::{Listed, Roster};
use crate::wire::number::DecimalField;

/// Whole books that are kept until it shows whose they are.
const UNNAMED_MAX: usize = 64;

/// Levels of a side that a part of the REST book has.
const PARTS: [usize; 3] = [20, 50, 100];

/// Changes that end with one number.
struct Step {
    before: u64,
    number: u64,
    bids: Vec<LevelChange>,
    asks: Vec<LevelChange>,
}

impl Step {
    fn prices(&self) -> impl Iterator<Item = Decimal> {
        self.bids.iter().chain(&self.asks).map(|(at, _)| *at)
    }
}

/// A change: its number, whether it is of a bid, and its level unless its price is 0.
type Row = (u64, bool, Option<LevelChange>);

/// A whole book.
#[derive(Clone, Debug)]
pub(super) struct Whole {
    at: Option<Nanos>,
    number: u64,
    bids: Vec<LevelChange>,
    asks: Vec<LevelChange>,
}

impl Whole {
    /// Whether any of these prices could be of this book: between its least and its greatest one, or
    /// beyond by half as much; where there are none, or none in the book, nothing speaks against it.
    fn may_hold(&self, mut prices: impl Iterator<Item = Decimal>) -> bool {
        let all = || self.bids.iter().chain(&self.asks).map(|(at, _)| at.attos());
        let (Some(least), Some(greatest)) = (all().min(), all().max()) else { return true };
        let beyond = (greatest - least) / 2;
        let near = least - beyond..=greatest + beyond;
        let is_near = |at: Decimal| near.contains(&at.attos());
        prices.next().is_none_or(|first| is_near(first) || prices.any(is_near))
    }
}

/// Whole books that came before any instrument was heard of, and do not say whose they are.
#[derive(Debug, Default)]
pub(super) struct Unnamed(Vec<Whole>);

impl Unnamed {
    /// Takes out the book that changes of these numbers and prices continue, or end with.
    fn take<P: Iterator<Item = Decimal>>(
        &mut self,
        (before, last): (u64, u64),
        prices: impl Fn() -> P,
    ) -> Option<Whole> {
        let place = self.0.iter().position(|whole| {
            (before..=last).contains(&whole.number) && whole.may_hold(prices())
        })?;
        Some(self.0.remove(place))
    }
}

fn needed(digits: Option<Digits>, what: &'static str) -> Result<u64, FrameError> {
    digits.ok_or(FrameError::Shape(what))?.number()
}

/// The number before the first of a message, and its last.
fn range(first: Option<Digits>, last: Option<Digits>) -> Result<(u64, u64), FrameError> {
    let first = needed(first, "no sequenceStart")?;
    let last = needed(last, "no sequenceEnd")?;
    let before = first.checked_sub(1).ok_or(FrameError::Value("sequenceStart"))?;
    if last < first { Err(FrameError::Value("sequenceEnd")) } else { Ok((before, last)) }
}

/// The changes of a message.
fn rows(changes: Changes) -> Result<Vec<Row>, FrameError> {
    let mut rows = Vec::with_capacity(changes.asks.0.len() + changes.bids.0.len());
    for (side, is_bid) in [(changes.asks, false), (changes.bids, true)] {
        for change in side.0 {
            let (number, level) = change.checked()?;
            rows.push((number, is_bid, level));
        }
    }
    Ok(rows)
}

/// The changes of a message by number; together they reach from the number before it to its last.
/// One whose number lies before the message is taken with the first that follows `base`.
fn steps((mut before, last): (u64, u64), base: u64, mut rows: Vec<Row>) -> Vec<Step> {
    for (number, ..) in &mut rows {
        *number = if *number <= before { base + 1 } else { last.min(*number) };
    }
    rows.sort_by_key(|(number, ..)| *number);
    let mut steps: Vec<Step> = Vec::with_capacity(rows.len() + 1);
    for (number, is_bid, level) in rows {
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
    steps
}

/// The changes of a message that has one number.
fn step((before, number): (u64, u64), changes: Changes) -> Result<Step, FrameError> {
    let levels = |side: Side| -> Result<Vec<LevelChange>, FrameError> {
        let mut levels = Vec::with_capacity(side.0.len());
        for change in side.0 {
            levels.extend(change.checked()?.1);
        }
        Ok(levels)
    };
    Ok(Step { before, number, asks: levels(changes.asks)?, bids: levels(changes.bids)? })
}

/// Prepares for changes of these numbers and prices, told at `at`: gives the whole book that they
/// continue, where one waits for them and is not the book already, and ends a book that tells no more.
fn begin<P: Iterator<Item = Decimal>>(
    listed: &mut Listed<State>,
    unnamed: &mut Unnamed,
    (range, prices): ((u64, u64), impl Fn() -> P),
    (at, recv): (Option<Nanos>, Nanos),
    out: &mut Vec<(Instrument, Event)>,
) {
    if let Some(whole) = unnamed.take(range, prices) {
        lay(listed, whole, recv, out);
    }
    let (before, last) = range;
    let state = &mut listed.state;
    if state.form == Form::Changes {
        state.silence.speaks(at.unwrap_or(recv));
        if state.last < Some(before) {
            state.form = Form::Unknown;
        }
        return;
    }
    let waiting = state.whole.take_if(|whole| whole.number < last);
    if let Some(whole) = waiting.filter(|whole| before <= whole.number) {
        if mem::take(&mut state.form) != Form::Unknown {
            lay(listed, whole, recv, out);
        }
        listed.state.follow(at.unwrap_or(recv));
    } else if state.form != Form::Unknown && state.ends(Some(last), at.unwrap_or(recv)) {
        let event = listed.event(at, recv, Body::Disconnect);
        out.push((listed.instrument.clone(), event));
    }
}

fn give(
    listed: &mut Listed<State>,
    at: Option<Nanos>,
    Step { before, number, bids, asks }: Step,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) {
    let body = Body::BookDelta { bids, asks, checksum: None };
    let event = listed.event(at, recv, body);
    let state = &mut listed.state;
    let prev_seq = Some(state.base((before, number)));
    state.last = state.last.max(Some(number));
    let event = Event { seq: Some(number), prev_seq, ..event };
    let event = state.backlog.follow_from(Some(before), event);
    // Best levels are no book to lay changes over.
    if matches!(state.form, Form::Unknown | Form::Changes) {
        out.push((listed.instrument.clone(), event));
    }
}

/// Takes a message of the spot book.
pub(super) fn changes(
    (roster, unnamed): (&mut Roster<State>, &mut Unnamed),
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
        let listed = roster.get(symbol)?;
        begin(listed, unnamed, (range, || step.prices()), (at, recv), out);
        give(listed, at, step, recv, out);
        return Ok(());
    }
    let rows = rows(changes)?;
    let listed = roster.get(symbol)?;
    let prices = || rows.iter().filter_map(|(_, _, level)| Some(level.as_ref()?.0));
    begin(listed, unnamed, (range, prices), (at, recv), out);
    for step in steps(range, listed.state.base(range), rows) {
        give(listed, at, step, recv, out);
    }
    Ok(())
}

/// Takes a message of a futures' book.
pub(super) fn change(
    (roster, unnamed): (&mut Roster<State>, &mut Unnamed),
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
    let listed = roster.get(&told.symbol)?;
    begin(listed, unnamed, ((before, number), || step.prices()), (at, recv), out);
    give(listed, at, step, recv, out);
    Ok(())
}

fn sides(data: &mut Data<'_>) -> Result<[Vec<LevelChange>; 2], FrameError> {
    let bids = data.bids.take().ok_or(FrameError::Shape("no bids"))?;
    let asks = data.asks.take().ok_or(FrameError::Shape("no asks"))?;
    Ok([bids.changes()?, asks.changes()?])
}

/// Takes a message of `obu`.
pub(super) fn window(
    (roster, unnamed): (&mut Roster<State>, &mut Unnamed),
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
            listed.state.form = Form::Unknown;
            lay(listed, Whole { at, number, bids, asks }, recv, out);
            if listed.state.whole.is_some() {
                listed.state.follow(at.unwrap_or(recv));
            }
            Ok(())
        }
        "delta" => {
            let range = range(told.data.sequence_start, told.data.sequence_end)?;
            let listed = roster.get(&told.symbol)?;
            let (before, number) = range;
            let step = Step { before, number, bids, asks };
            begin(listed, unnamed, (range, || step.prices()), (at, recv), out);
            give(listed, at, step, recv, out);
            Ok(())
        }
        _ => Err(FrameError::Shape("neither snapshot nor delta")),
    }
}

/// Takes a message of the best levels.
pub(super) fn depth(
    roster: &mut Roster<State>,
    form: Form,
    mut told: Told<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let at = told.data.at()?;
    let digits = told.data.sequence_end.or(told.data.sequence);
    let seq = digits.map(Digits::number).transpose()?;
    let [bids, asks] = sides(&mut told.data)?;
    let listed = roster.get(&told.symbol)?;
    show(listed, form, (seq, at, [bids, asks]), recv, out);
    Ok(())
}

/// Gives the best levels, unless the book is told by more.
fn show(
    listed: &mut Listed<State>,
    form: Form,
    (seq, at, [bids, asks]): (Option<u64>, Option<Nanos>, [Vec<LevelChange>; 2]),
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) {
    let state = &mut listed.state;
    // In a quiet market an answer is heard alone though no stream ended.
    let is_beside = form == Form::Part && matches!(state.form, Form::Best5 | Form::Best50);
    if form < state.form && (is_beside || !state.ends(seq, at.unwrap_or(recv))) {
        return;
    }
    state.form = form;
    state.silence.speaks(at.unwrap_or(recv));
    let event = listed.event(at, recv, Body::BookSnapshot { bids, asks, checksum: None });
    out.push((listed.instrument.clone(), Event { seq, ..event }));
}

/// Gives a whole book, and behind it what came before it and is newer; nothing where changes between
/// are missing while another book stands.
fn lay(listed: &mut Listed<State>, whole: Whole, recv: Nanos, out: &mut Vec<(Instrument, Event)>) {
    let state = &mut listed.state;
    let later = state.backlog.stand_on(whole.number);
    let mut before = Some(whole.number);
    let is_joined =
        later.iter().all(|change| change.prev_seq == mem::replace(&mut before, change.seq));
    let last = later.last().map_or(Some(whole.number), |change| change.seq);
    if state.form != Form::Unknown && !(is_joined && state.last <= last) {
        return;
    }
    if !is_joined || later.is_empty() && state.form != Form::Changes {
        state.form = Form::Unknown;
        state.whole = later.is_empty().then(|| whole.clone());
    } else if state.form != Form::Changes {
        state.follow(whole.at.unwrap_or(recv));
    }
    state.last = last;
    let Whole { at, number, bids, asks } = whole;
    let event = listed.event(at, recv, Body::BookSnapshot { bids, asks, checksum: None });
    out.push((listed.instrument.clone(), Event { seq: Some(number), ..event }));
    out.extend(later.into_iter().map(|event| (listed.instrument.clone(), event)));
}

/// Takes the REST book: of the symbol it names, else of the one its URL asks for, else of the only
/// one heard of. Before any was heard of, a whole one waits for the changes that continue it.
pub(super) fn snapshot(
    (roster, unnamed): (&mut Roster<State>, &mut Unnamed),
    mut book: rest::Book<'_>,
    url: Option<&str>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let at = book.at()?;
    let number = needed(book.sequence, "no sequence")?;
    let bids = levels(book.bids.take().ok_or(FrameError::Shape("no bids"))?)?;
    let asks = levels(book.asks.take().ok_or(FrameError::Shape("no asks"))?)?;
    let is_part = is_part(url, bids.len().max(asks.len()));
    let whole = Whole { at, number, bids, asks };
    let named = book
        .symbol
        .as_deref()
        .or_else(|| url.and_then(|url| parameter(url, "symbol")))
        .map(str::to_owned);
    let symbol = match named.map_or_else(|| roster.only(), Ok) {
        Err(FrameError::UnnamedSnapshot(0)) if !is_part && unnamed.0.len() < UNNAMED_MAX => {
            unnamed.0.push(whole);
            return Ok(());
        }
        symbol => symbol?,
    };
    let listed = roster.get(&symbol)?;
    if is_part {
        let sides = [whole.bids, whole.asks];
        show(listed, Form::Part, (Some(number), at, sides), recv, out);
    } else {
        lay(listed, whole, recv, out);
    }
    Ok(())
}

fn levels(levels: Vec<Level>) -> Result<Vec<LevelChange>, FrameError> {
    levels.into_iter().map(|Level(at, qty)| Ok((price(at)?, quantity(qty)?))).collect()
}

/// Whether a REST book whose longer side has so many levels is cut there.
fn is_part(url: Option<&str>, longest: usize) -> bool {
    let Some(url) = url else { return PARTS.contains(&longest) };
    let path = url.split_once('?').map_or(url, |(path, _)| path);
    let (_, name) = path.rsplit_once('/').unwrap_or_default();
    let asked = name.strip_prefix("level2_").or_else(|| name.strip_prefix("depth"));
    let asked = asked.or_else(|| parameter(url, "limit"));
    asked.and_then(|levels| levels.parse().ok()).is_some_and(|levels: usize| levels <= longest)
}
