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
//! One stream makes the book. While deltas are heard on a whole book, the best levels beside them are
//! passed over, and so is a whole book asked with fewer levels: below its last one it knows nothing.
//! Where deltas have no book, the best levels make it; the deltas are kept, and take over with a whole
//! book that they join. Which one is heard no more, while the other is for a minute, gives way.
//!
//! A REST book cut at 5, 10 or 20 levels is no more than the best levels ("Order Book": `limit`), and
//! the first delta leaves it behind: the instrument is given as lost. Where no URL tells the limit, it
//! shows by both sides having just as many.
//!
//! The whole book that came before any delta is given again over the best levels, where the first
//! delta joins with it.

use super::super::FrameError;
use super::super::backlog::Backlog;
use super::super::roster::{Listed, Roster};
use super::super::silence::Silence;
use super::unnamed::{Change, Span, Unnamed};
use super::{Contract, Rules, Told, needed, time_of};
use crate::domain::market::{Body, Decimal, Event, Instrument, LevelChange, Nanos};

/// Levels of a whole book that is kept for the first change; the venue sends at most 5000 of a side
/// ("Order Book").
const WHOLE_MAX: usize = 10_000;
/// The limits of a whole book ("Order Book"); on spot others can be asked too.
const LIMITS: [usize; 8] = [5, 10, 20, 50, 100, 500, 1_000, 5_000];
/// The most levels of a side that the streams of best levels have.
const BEST_MAX: usize = 20;
/// Prices kept that the last changes were at.
const PRICES_MAX: usize = 16;

/// What is remembered of one book.
#[derive(Debug, Default)]
pub(super) struct Book {
    backlog: Backlog,
    run: Option<Run>,
    stand: Stand,
    /// Of what makes the book, by the time of receipt: spot's best levels have no other.
    silence: Silence,
    /// The last whole book, until a change is heard.
    whole: Option<Box<Snapshot>>,
    /// The first prices of the last changes' sides.
    prices: [Option<Decimal>; PRICES_MAX],
    /// How many there were.
    priced: usize,
}

/// What the book that was given last is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stand {
    /// None was, or what followed it left a gap.
    #[default]
    Nothing,
    /// A whole book of so many levels a side, and changes up to that number.
    Whole { seq: u64, depth: usize },
    /// The best levels of a stream, which changes do not continue.
    Best,
    /// The best levels as they were asked for, which the first change leaves behind.
    Asked,
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
    /// How many levels of a side were asked for, where that is known.
    limit: Option<usize>,
    pub bids: Vec<LevelChange>,
    pub asks: Vec<LevelChange>,
}

impl Snapshot {
    fn read(told: Told<'_>, limit: Option<usize>, recv: Nanos) -> Result<Self, FrameError> {
        Ok(Self {
            seq: needed(told.snapshot, "no lastUpdateId")?.try_into().ok(),
            at: time_of(told.transaction_time, told.event_time)?,
            recv,
            limit,
            bids: needed(told.bids, "no bids")?.changes()?,
            asks: needed(told.asks, "no asks")?.changes()?,
        })
    }

    /// How many levels of a side it can hold.
    fn depth(&self) -> usize {
        let most = self.bids.len().max(self.asks.len());
        let least_limit = || LIMITS.into_iter().find(|limit| most <= *limit);
        self.limit.or_else(least_limit).unwrap_or(most)
    }

    /// Whether it is the best levels alone.
    fn is_best(&self) -> bool {
        let [bids, asks] = [self.bids.len(), self.asks.len()];
        let is_cut = match self.limit {
            Some(limit) => limit <= bids.max(asks),
            None => bids == asks && LIMITS.contains(&bids),
        };
        is_cut && self.depth() <= BEST_MAX
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
        let Self { seq, at, recv, bids, asks, .. } = self;
        let body = Body::BookSnapshot { bids, asks, checksum: None };
        Event { seq, ..listed.event(at, recv, body) }
    }
}

impl Stand {
    /// A whole book; none to stand on where it has no number.
    fn of(seq: Option<u64>, depth: usize) -> Self {
        seq.map_or(Self::Nothing, |seq| Self::Whole { seq, depth })
    }

    /// Whether what has that number tells nothing new: it may be told again and again where nothing
    /// changes.
    fn knows(self, number: Option<u64>) -> bool {
        matches!(self, Self::Whole { seq, .. } if number <= Some(seq))
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

    /// The changes heard that follow each other, as far as they are kept.
    pub fn changes(&self) -> Vec<Event> {
        self.run.map_or_else(Vec::new, |run| self.backlog.kept_after(run.before))
    }

    /// Whether a change from `before` leaves no gap behind those heard.
    pub fn is_continued_from(&self, before: u64) -> bool {
        self.run.is_some_and(|run| before <= run.last)
    }

    /// Whether there is a whole book, and a change from `before` leaves no gap behind it.
    pub fn is_whole_from(&self, before: u64) -> bool {
        matches!(self.stand, Stand::Whole { seq, .. } if before <= seq)
    }

    /// Whether the change from `before` to `last` is the one of the run that goes beyond that number.
    pub fn crosses(&self, before: u64, last: u64, seq: u64) -> bool {
        let is_crossed = |run: Run| before <= run.last && run.last <= seq && seq < last;
        self.run.is_some_and(is_crossed)
    }

    /// Follows a change that is given, as the hub does.
    fn advance(&mut self, change: &Event) {
        if let Stand::Whole { seq, depth } = self.stand
            && Some(seq) < change.seq
        {
            let next = change.seq.filter(|_| change.prev_seq == Some(seq));
            self.stand = Stand::of(next, depth);
        }
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
        let is_best = matches!(listed.state.book.stand, Stand::Best | Stand::Asked);
        let whole = listed.state.book.whole.take().filter(|whole| Some(before) <= whole.seq);
        if let Some(whole) = whole.filter(|_| is_best) {
            give(listed, *whole, out);
        }
    }
    if !unnamed.is_empty() {
        let change = Change { before, last, bids: &bids, asks: &asks };
        let only = is_only.then_some(symbol.as_ref());
        if let Some(snapshot) = unnamed.shown_by(&mut listed.state.book, change, only) {
            give(listed, snapshot, out);
        }
    }
    let book = &mut listed.state.book;
    book.note(&bids);
    book.note(&asks);
    let prev_seq = book.follows(before, last);
    let body = Body::BookDelta { bids, asks, checksum: None };
    let event = Event { seq: Some(last), prev_seq: Some(prev_seq), ..listed.event(at, recv, body) };
    let book = &mut listed.state.book;
    let event = book.backlog.follow_from(Some(before), event);
    if book.stand == Stand::Best && !book.silence.is_over(recv) {
        return Ok(());
    }
    if matches!(book.stand, Stand::Best | Stand::Asked) {
        book.stand = Stand::Nothing;
        out.push((listed.instrument.clone(), listed.event(at, recv, Body::Disconnect)));
    }
    let book = &mut listed.state.book;
    book.silence.speaks(recv);
    book.advance(&event);
    out.push((listed.instrument.clone(), event));
    Ok(())
}

/// Whose a REST book is, and how many levels of a side were asked for, where that is known.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub symbol: Option<String>,
    pub limit: Option<usize>,
}

/// Takes a REST snapshot: of the symbol that is named beside it, else of the one that its changes
/// show ([`Unnamed`]).
pub(super) fn snapshot(
    roster: &mut Roster<Contract>,
    unnamed: &mut Unnamed,
    (told, Asked { symbol, limit }): (Told<'_>, Asked),
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let snapshot = Snapshot::read(told, limit, recv)?;
    let is_asked = symbol.is_some();
    let (symbol, snapshot) = match (symbol, snapshot.seq) {
        (Some(symbol), _) => (symbol, snapshot),
        (None, Some(seq)) if !snapshot.is_best() => match unnamed.owned(roster, seq, snapshot)? {
            Some(owned) => owned,
            None => return Ok(()),
        },
        // Nor does spot's bare stream of the best levels name its symbol.
        (None, _) => (roster.only()?, snapshot),
    };
    let listed = roster.get(&symbol)?;
    if snapshot.is_best() {
        show(listed, (snapshot, is_asked), out);
    } else {
        listed.state.book.keep(&snapshot);
        give(listed, snapshot, out);
    }
    Ok(())
}

/// Gives a snapshot, and the changes behind it again, where that is no less than what stands.
fn give(listed: &mut Listed<Contract>, snapshot: Snapshot, out: &mut Vec<(Instrument, Event)>) {
    let (seq, depth) = (snapshot.seq, snapshot.depth());
    let book = &mut listed.state.book;
    let joins = seq.is_some_and(|seq| book.joins(seq) || book.ends_before(seq));
    let is_less = match book.stand {
        Stand::Nothing | Stand::Asked => false,
        Stand::Whole { depth: mine, .. } if joins && mine <= depth => false,
        Stand::Whole { .. } => book.stand.knows(seq) || !book.silence.is_over(snapshot.recv),
        Stand::Best => !joins,
    };
    if is_less && book.run.is_some() {
        return;
    }
    book.stand = Stand::of(seq, depth);
    book.silence.speaks(snapshot.recv);
    let event = snapshot.event(listed);
    out.push((listed.instrument.clone(), event));
    let book = &mut listed.state.book;
    for event in seq.map(|seq| book.backlog.stand_on(seq)).into_iter().flatten() {
        book.advance(&event);
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
    let best = Snapshot::read(told, None, recv)?;
    show(roster.get(symbol)?, (best, false), out);
    Ok(())
}

/// Takes the best levels as the futures' streams of them have them: a `depthUpdate` that is whole.
pub(super) fn best_update(
    roster: &mut Roster<Contract>,
    told: Told<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let best = Snapshot {
        seq: Some(needed(told.last, "no u")?),
        at: time_of(told.transaction_time, told.event_time)?,
        recv,
        limit: None,
        bids: told.b.levels()?,
        asks: told.a.levels()?,
    };
    show(roster.get(&needed(told.symbol, "no symbol")?)?, (best, false), out);
    Ok(())
}

/// Gives the best levels, of a stream or as they were asked for, where changes make no book.
fn show(
    listed: &mut Listed<Contract>,
    (best, is_asked): (Snapshot, bool),
    out: &mut Vec<(Instrument, Event)>,
) {
    let book = &mut listed.state.book;
    let gives = !is_asked && !matches!(book.stand, Stand::Whole { .. });
    if !gives
        && book.run.is_some()
        && (book.stand.knows(best.seq) || !book.silence.is_over(best.recv))
    {
        return;
    }
    if is_asked {
        book.stand = Stand::Asked;
    } else {
        book.stand = Stand::Best;
        book.silence.speaks(best.recv);
    }
    let event = best.event(listed);
    out.push((listed.instrument.clone(), event));
}
