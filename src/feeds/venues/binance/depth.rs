//! The book: `depthUpdate`, the REST snapshot it stands on, and books of the best levels alone.
//!
//! Every delta is given as it comes, so that a book without snapshot is seen to be one; the recent
//! ones are kept, and given again behind a snapshot that arrives later than they did. How the two
//! join (developers.binance.com, "How to manage a local order book correctly"):
//!
//! - spot: deltas with `u` ≤ `lastUpdateId` are old; the first one after has
//!   `U` ≤ `lastUpdateId` + 1 ≤ `u`; from then on each `U` is the last `u` + 1;
//! - futures: deltas with `u` < `lastUpdateId` are old; the first one after has
//!   `U` ≤ `lastUpdateId` ≤ `u`; from then on each `pu` is the last `u`. One with
//!   `u` = `lastUpdateId` changes nothing and is old here too: the next has it as its `pu`. Between
//!   `pu` and `U` nothing changed, so that one joins with a `lastUpdateId` there as well.
//!
//! Where the first one holds to that, its `prev_seq` is written as the snapshot's; where it does
//! not, it is left, and the gap shows.
//!
//! A delta that begins within what was heard overlaps it: the same stream by two connections, or by
//! two update speeds. Quantities are absolute, so it continues the last one, whose `u` is written as
//! its `prev_seq`; one that begins later is a gap and stays one.
//!
//! The best levels end at the first delta. What they covered, the whole book that came before any
//! delta, is given again there where that delta joins with it.

use super::super::FrameError;
use super::super::backlog::Backlog;
use super::super::roster::{Listed, Roster};
use super::unnamed::{Change, Span, Unnamed};
use super::{Contract, Rules, Told, needed, time_of};
use crate::domain::market::{Body, Decimal, Event, Instrument, LevelChange, Nanos};

/// Levels of a whole book that is kept for the first change; the venue sends at most 5000 of a side
/// ("Order Book").
const WHOLE_MAX: usize = 10_000;
/// Prices kept that the last changes were at.
const PRICES_MAX: usize = 16;

/// What is remembered of one book.
#[derive(Debug, Default)]
pub(super) struct Book {
    backlog: Backlog,
    run: Option<Run>,
    /// The best levels alone were given, which changes do not continue.
    is_best: bool,
    /// The last whole book, until a change is heard.
    whole: Option<Box<Snapshot>>,
    /// The first prices of the last changes' sides.
    prices: [Option<Decimal>; PRICES_MAX],
    /// How many there were.
    priced: usize,
}

/// Changes heard that follow each other without a gap.
#[derive(Clone, Copy, Debug)]
struct Run {
    /// The number before the first.
    before: u64,
    last: u64,
}

/// A whole book.
#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    /// Its number; none where no change joins with it: the venue numbers the empty book of a new
    /// symbol -1.
    seq: Option<u64>,
    at: Option<Nanos>,
    recv: Nanos,
    bids: Vec<LevelChange>,
    asks: Vec<LevelChange>,
}

impl Snapshot {
    fn read(told: Told<'_>, recv: Nanos) -> Result<Self, FrameError> {
        Ok(Self {
            seq: needed(told.snapshot, "no lastUpdateId")?.try_into().ok(),
            at: time_of(told.transaction_time, told.event_time)?,
            recv,
            bids: needed(told.bids, "no bids")?.changes()?,
            asks: needed(told.asks, "no asks")?.changes()?,
        })
    }

    /// How many levels it has.
    pub fn levels(&self) -> usize {
        self.bids.len() + self.asks.len()
    }

    /// Where changes of its book are; none where it is empty.
    pub fn span(&self) -> Option<Span> {
        Span::of(self.bids.iter().chain(&self.asks).map(|(price, _)| *price))
    }

    fn event(self, listed: &mut Listed<Contract>) -> Event {
        let Self { seq, at, recv, bids, asks } = self;
        let body = Body::BookSnapshot { bids, asks, checksum: None };
        Event { seq, ..listed.event(at, recv, body) }
    }
}

impl Book {
    /// Whether a snapshot of that number joins with the changes heard.
    pub fn joins(&self, seq: u64) -> bool {
        self.run.is_some_and(|run| (run.before..=run.last).contains(&seq))
            && !self.backlog.has_forgotten_after(seq)
    }

    /// Whether a snapshot of that number joins with the change from `before` to `last`, or with those
    /// heard that this one continues.
    pub fn joins_by(&self, before: u64, last: u64, seq: u64) -> bool {
        let continued = self.run.filter(|run| before <= run.last);
        let least = continued.map_or(before, |run| run.before.min(before));
        least <= seq && seq < last && !self.backlog.has_forgotten_after(seq)
    }

    /// Whether one of the last changes was within a span.
    pub fn is_within(&self, span: Span) -> bool {
        self.prices.iter().flatten().any(|price| span.holds(*price))
    }

    fn note(&mut self, levels: &[LevelChange]) {
        if let Some((price, _)) = levels.first() {
            self.prices[self.priced % PRICES_MAX] = Some(*price);
            self.priced = self.priced.wrapping_add(1);
        }
    }

    /// Keeps a whole book for the first change.
    fn keep(&mut self, snapshot: &Snapshot) {
        if self.run.is_none() {
            let is_kept = snapshot.levels() <= WHOLE_MAX;
            self.whole = is_kept.then(|| Box::new(snapshot.clone()));
        }
    }

    /// Whether all changes heard are older than a snapshot of that number.
    pub fn ends_before(&self, seq: u64) -> bool {
        self.run.is_some_and(|run| run.last < seq)
    }

    /// What a change follows: the last one, where it begins no later than that ended.
    fn follows(&mut self, before: u64, last: u64) -> u64 {
        match &mut self.run {
            Some(run) if last <= run.last => before,
            Some(run) if before <= run.last => std::mem::replace(&mut run.last, last),
            run => {
                *run = Some(Run { before, last });
                before
            }
        }
    }
}

/// Takes a `depthUpdate` of the whole book's changes.
pub(super) fn update(
    roster: &mut Roster<Contract>,
    (rules, unnamed): (Rules, &mut Unnamed),
    told: Told<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let (first, last) = (needed(told.first, "no U")?, needed(told.last, "no u")?);
    let before = match rules {
        Rules::Spot => first.checked_sub(1).ok_or(FrameError::Value("U"))?,
        Rules::Futures => needed(told.pu, "no pu")?,
    };
    if last < first {
        return Err(FrameError::Value("u"));
    }
    let at = time_of(told.transaction_time, told.event_time)?;
    let (bids, asks) = (told.b.levels()?, told.a.levels()?);
    let symbol = needed(told.symbol, "no symbol")?;
    let is_only = !unnamed.is_empty() && roster.get(&symbol).is_ok() && roster.only().is_ok();
    let listed = roster.get(&symbol)?;
    if listed.state.book.run.is_none() {
        unnamed.follow(&symbol);
        end_best(listed, (before, at), recv, out);
    }
    if !unnamed.is_empty() {
        let change = Change { before, last, bids: &bids, asks: &asks };
        let only = is_only.then_some(symbol.as_ref());
        if let Some(snapshot) = unnamed.shown_by(&listed.state.book, change, only) {
            give(listed, snapshot, out);
        }
    }
    listed.state.book.note(&bids);
    listed.state.book.note(&asks);
    let prev_seq = listed.state.book.follows(before, last);
    let body = Body::BookDelta { bids, asks, checksum: None };
    let event = Event { seq: Some(last), prev_seq: Some(prev_seq), ..listed.event(at, recv, body) };
    let event = listed.state.book.backlog.follow_from(Some(before), event);
    out.push((listed.instrument.clone(), event));
    Ok(())
}

/// Takes a REST snapshot: of the symbol that is named beside it, else of the one that its changes
/// show ([`Unnamed`]).
pub(super) fn snapshot(
    roster: &mut Roster<Contract>,
    unnamed: &mut Unnamed,
    (told, symbol): (Told<'_>, Option<String>),
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let snapshot = Snapshot::read(told, recv)?;
    let (symbol, snapshot) = match (symbol, snapshot.seq) {
        (Some(symbol), _) => (symbol, snapshot),
        (None, None) => (roster.only()?, snapshot),
        (None, Some(seq)) => match unnamed.owned(roster, seq, snapshot)? {
            Some(owned) => owned,
            None => return Ok(()),
        },
    };
    let listed = roster.get(&symbol)?;
    listed.state.book.keep(&snapshot);
    give(listed, snapshot, out);
    Ok(())
}

/// Ends the best levels at the first change: by the whole book before them, where that change joins
/// with it, else the instrument is given as lost.
fn end_best(
    listed: &mut Listed<Contract>,
    (before, at): (u64, Option<Nanos>),
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) {
    let whole = listed.state.book.whole.take();
    if !std::mem::take(&mut listed.state.book.is_best) {
        return;
    }
    match whole.filter(|whole| Some(before) <= whole.seq) {
        Some(whole) => give(listed, *whole, out),
        None => out.push((listed.instrument.clone(), listed.event(at, recv, Body::Disconnect))),
    }
}

/// Gives a snapshot, and the changes behind it again.
fn give(listed: &mut Listed<Contract>, snapshot: Snapshot, out: &mut Vec<(Instrument, Event)>) {
    let seq = snapshot.seq;
    let event = snapshot.event(listed);
    listed.state.book.is_best = false;
    out.push((listed.instrument.clone(), event));
    for event in seq.map(|seq| listed.state.book.backlog.stand_on(seq)).into_iter().flatten() {
        out.push((listed.instrument.clone(), event));
    }
}

/// Takes the best levels as the spot streams of them have them.
pub(super) fn best(
    roster: &mut Roster<Contract>,
    (told, symbol): (Told<'_>, &str),
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    show(roster, symbol, Snapshot::read(told, recv)?, out)
}

/// Takes the best levels as the futures' streams of them have them: a `depthUpdate` that is whole.
pub(super) fn best_update(
    roster: &mut Roster<Contract>,
    told: Told<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let snapshot = Snapshot {
        seq: Some(needed(told.last, "no u")?),
        at: time_of(told.transaction_time, told.event_time)?,
        recv,
        bids: told.b.levels()?,
        asks: told.a.levels()?,
    };
    show(roster, &needed(told.symbol, "no symbol")?, snapshot, out)
}

/// Gives the best levels where no changes of the whole book are heard.
fn show(
    roster: &mut Roster<Contract>,
    symbol: &str,
    best: Snapshot,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let listed = roster.get(symbol)?;
    if listed.state.book.run.is_none() {
        listed.state.book.is_best = true;
        let event = best.event(listed);
        out.push((listed.instrument.clone(), event));
    }
    Ok(())
}
