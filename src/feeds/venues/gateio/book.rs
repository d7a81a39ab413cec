//! The book: `spot.order_book_update` on a REST snapshot, or `spot.obu` on a message that says
//! `full`; or `spot.order_book`, the best levels whole each time.
//!
//! One stream makes a pair's book, the deepest one that stands: changes on a whole book before best
//! levels, and of either the one of more levels. What the others say of it is passed over: laid over
//! each other they would break. Where the changes have a gap, the best levels are the book again.
//! One that is silent for a minute of the venue's time, while others tell what it did not, has ended:
//! a whole book of theirs takes its place, by their changes the pair is given as lost. So it is at
//! once by changes that do not continue the book of an answer.
//!
//! `U` and `u` are the first and the last number of an update. A quantity of 0 removes a level.
//!
//! - `spot.order_book_update`: updates with `u` ≤ the snapshot's `id` are old; the first one after
//!   has `U` ≤ `id` + 1 ≤ `u`. From then on only `U` > the last `u` + 1 is a gap: sizes are absolute,
//!   so one may begin within what was told, as the streams of 100 and of 1000 ms do to each other.
//!   The first message of a subscription can be all levels of the book, as an update. Beside the
//!   best levels they are kept, for a REST book that they continue.
//! - `spot.obu`: the symbol stands in the stream's name, `ob.BTC_USDT.400`. Each `U` is the last
//!   `u` + 1. Of what leaves the 50 or 400 levels the venue sends a row of quantity 0. They continue
//!   no REST book, which gives nothing beside them.
//! - `spot.order_book`: `lastUpdateId` is the `u` that it holds.
//! - A REST book without `id` (`with_id` was not asked), or cut at fewer levels than the venue's own
//!   recipe asks for (100), is best levels alone: no change continues it. One cut at fewer levels
//!   than the followed one was gives nothing. One that no change has continued yet gives way to best
//!   levels, and is given again at the change that does.

use std::mem;

use super::super::FrameError;
use super::super::backlog::Backlog;
use super::super::reading::{Levels, epoch, parameter};
use super::super::roster::{Listed, Roster};
use super::super::silence::Silence;
use super::{Found, Millis, needed};
use crate::domain::market::{Body, Event, Instrument, LevelChange, Nanos};

/// What a pair's book is made of; what tells more stands above what tells less.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Made {
    /// Nothing, or a whole book that no change has continued yet.
    #[default]
    Nothing,
    /// This many of the best levels, whole each time; 0: those of an answer.
    Shown(u32),
    /// Changes of this many levels, on a whole book of so many.
    Followed { levels: u32, depth: u32 },
}

/// All levels.
const ALL: u32 = u32::MAX;
/// Levels of a side that a REST book has where its URL does not say how many.
const LIMIT: u32 = 10;
/// The limits that are usually asked for.
const LIMITS: [u32; 4] = [LIMIT, 20, 50, BASE_MIN];
/// The least limit at which a REST book is one to lay changes over.
const BASE_MIN: u32 = 100;

/// What is remembered of a pair.
#[derive(Debug, Default)]
pub(super) struct Pair {
    /// The recent changes of all levels.
    backlog: Backlog,
    made: Made,
    /// The last REST book, until a change tells more: best levels may come between.
    whole: Option<Whole>,
    /// The number that changes were told up to.
    last: Option<u64>,
    /// Of what makes the book.
    silence: Silence,
}

/// A REST book that changes can continue.
#[derive(Clone, Debug)]
struct Whole {
    number: u64,
    at: Option<Nanos>,
    /// How many levels of a side it was cut at.
    depth: u32,
    bids: Vec<LevelChange>,
    asks: Vec<LevelChange>,
}

impl Pair {
    /// Whether a whole book of that kind and number is given.
    fn admits(&mut self, told: Made, seq: Option<u64>, at: Nanos) -> bool {
        self.made <= told || self.ends(seq, at)
    }

    /// Ends what makes the book, where it was silent for too long when another tells this; at once
    /// where that is an answer, of which nothing more will come.
    fn ends(&mut self, seq: Option<u64>, at: Nanos) -> bool {
        if seq.is_some() && seq <= self.last {
            return false;
        }
        let has_ended = self.made <= Made::Shown(0) || self.silence.is_over(at);
        if has_ended {
            (self.made, self.whole) = (Made::Nothing, None);
        }
        has_ended
    }

    /// Whether changes of so many levels are not those that make the book, or could.
    fn is_beside(&self, levels: u32) -> bool {
        match self.made {
            Made::Followed { levels: mine, .. } => mine != levels,
            Made::Shown(_) => true,
            // They would seem to continue the REST book.
            Made::Nothing => levels < ALL && self.whole.is_some(),
        }
    }

    /// The number that a change stands on; none where some between are missing.
    fn base(&self, levels: u32, (before, seq): (u64, u64)) -> Option<u64> {
        let last = self.last?;
        if seq <= last {
            return Some(before);
        }
        (before == last || levels == ALL && before < last).then_some(last)
    }
}

/// A REST book as it is told.
pub(super) struct Answer {
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
    if found.full == Some(true) {
        let listed = roster.get(symbol)?;
        let made = Made::Followed { levels, depth: levels };
        if listed.state.admits(made, Some(seq), at.unwrap_or(recv)) {
            // Nothing that came before it counts beside it.
            listed.state = Pair { made, last: Some(seq), ..Pair::default() };
            listed.state.silence.speaks(at.unwrap_or(recv));
            give(listed, (Some(seq), at), [bids, asks], recv, out);
        }
        return Ok(());
    }
    let first = needed(found.first, "no U")?;
    let before = first.checked_sub(1).ok_or(FrameError::Value("U"))?;
    if seq < first {
        return Err(FrameError::Value("u"));
    }
    let listed = roster.get(symbol)?;
    if listed.state.whole.is_some() && levels == ALL {
        join(listed, (before, seq), recv, out);
    }
    let pair = &mut listed.state;
    if !pair.is_beside(levels) {
        pair.silence.speaks(at.unwrap_or(recv));
    } else if pair.ends(Some(seq), at.unwrap_or(recv)) {
        let event = listed.event(at, recv, Body::Disconnect);
        out.push((listed.instrument.clone(), event));
    } else if levels < ALL || !matches!(pair.made, Made::Shown(_)) {
        return Ok(());
    }
    let body = Body::BookDelta { bids, asks, checksum: None };
    let event = listed.event(at, recv, body);
    let pair = &mut listed.state;
    let base = pair.base(levels, (before, seq));
    let mut event = Event { seq: Some(seq), prev_seq: base.or(Some(before)), ..event };
    let is_followed = matches!(pair.made, Made::Followed { .. });
    if levels == ALL {
        event = pair.backlog.follow_from(Some(before), event);
    }
    if is_followed || levels == ALL {
        pair.last = pair.last.max(Some(seq));
    }
    if is_followed && base.is_none() {
        pair.made = Made::Nothing;
    }
    // Best levels, whose number may be the one before, are no book to lay changes over.
    if !matches!(pair.made, Made::Shown(_)) {
        out.push((listed.instrument.clone(), event));
    }
    Ok(())
}

/// The REST book that waits is followed from this change on, where that continues it; it is given
/// again where best levels came between.
fn join(
    listed: &mut Listed<Pair>,
    (before, seq): (u64, u64),
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) {
    let waiting = listed.state.whole.take_if(|whole| whole.number < seq);
    let Some(whole) = waiting.filter(|whole| before <= whole.number) else { return };
    let made = Made::Followed { levels: ALL, depth: whole.depth };
    if let Made::Shown(_) = mem::take(&mut listed.state.made) {
        lay(listed, whole, recv, out);
    }
    let pair = &mut listed.state;
    (pair.made, pair.whole) = (made, None);
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
    let sides = [found.b.whole()?, found.a.whole()?];
    // Before 2025 it did not say how many.
    let levels = found.levels.and_then(|levels| levels.0.parse().ok()).unwrap_or(1);
    let listed = roster.get(needed(found.s, "no s")?)?;
    show(listed, levels, (Some(seq), at), sides, recv, out);
    Ok(())
}

/// Gives so many of the best levels, unless more are told.
fn show(
    listed: &mut Listed<Pair>,
    levels: u32,
    (seq, at): (Option<u64>, Option<Nanos>),
    sides: [Vec<LevelChange>; 2],
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) {
    let made = Made::Shown(levels);
    // In a quiet market an answer is heard alone though no stream ended.
    let is_beside = levels == 0
        && match listed.state.made {
            Made::Shown(best) => 0 < best,
            Made::Followed { .. } => seq.is_none(),
            Made::Nothing => false,
        };
    if !is_beside && listed.state.admits(made, seq, at.unwrap_or(recv)) {
        listed.state.made = made;
        listed.state.silence.speaks(at.unwrap_or(recv));
        give(listed, (seq, at), sides, recv, out);
    }
}

/// Gives a whole book.
fn give(
    listed: &mut Listed<Pair>,
    (seq, at): (Option<u64>, Option<Nanos>),
    [bids, asks]: [Vec<LevelChange>; 2],
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) {
    let event = listed.event(at, recv, Body::BookSnapshot { bids, asks, checksum: None });
    out.push((listed.instrument.clone(), Event { seq, ..event }));
}

/// Takes a REST book: of the symbol named in its URL, else of the only symbol heard of.
pub(super) fn snapshot(
    roster: &mut Roster<Pair>,
    told: Answer,
    url: Option<&str>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let symbol = url.and_then(|url| parameter(url, "currency_pair"));
    if told.seq.is_none() && symbol.is_none() {
        return Err(FrameError::Shape("a book without id"));
    }
    let at = told.at.map(|value| epoch("update", value)).transpose()?;
    let (bids, asks) = (told.bids.changes()?, told.asks.changes()?);
    let depth = depth_of(url, bids.len().max(asks.len()));
    let symbol = symbol.map_or_else(|| roster.only(), |symbol| Ok(symbol.to_owned()))?;
    let listed = roster.get(&symbol)?;
    let Some(number) = told.seq.filter(|_| BASE_MIN <= depth) else {
        show(listed, 0, (told.seq, at), [bids, asks], recv, out);
        return Ok(());
    };
    let pair = &mut listed.state;
    let is_less = matches!(
        pair.made, Made::Followed { levels, depth: mine } if levels < ALL || depth < mine
    );
    if !is_less || pair.ends(told.seq, at.unwrap_or(recv)) {
        lay(listed, Whole { number, at, depth, bids, asks }, recv, out);
    }
    Ok(())
}

/// How many levels of a side a REST book was cut at: as many as its URL asks for, or, where that is
/// not known, a usual limit; all where it has fewer.
fn depth_of(url: Option<&str>, longest: usize) -> u32 {
    let longest = u32::try_from(longest).unwrap_or(ALL);
    let limit = |url| parameter(url, "limit").and_then(|limit| limit.parse().ok());
    let is_cut = match url {
        Some(url) => limit(url).unwrap_or(LIMIT) <= longest,
        None => LIMITS.contains(&longest),
    };
    if is_cut { longest } else { ALL }
}

/// Gives a REST book, and behind it what came before it and is newer; nothing where changes between
/// are missing while another book stands.
fn lay(listed: &mut Listed<Pair>, whole: Whole, recv: Nanos, out: &mut Vec<(Instrument, Event)>) {
    let pair = &mut listed.state;
    let later = pair.backlog.stand_on(whole.number);
    let mut before = Some(whole.number);
    let is_joined =
        later.iter().all(|change| change.prev_seq == mem::replace(&mut before, change.seq));
    let last = later.last().map_or(Some(whole.number), |change| change.seq);
    if pair.made != Made::Nothing && !(is_joined && pair.last <= last) {
        return;
    }
    let is_followed = matches!(pair.made, Made::Followed { .. });
    if !is_joined || later.is_empty() && !is_followed {
        pair.made = Made::Nothing;
        pair.whole = later.is_empty().then(|| whole.clone());
    } else {
        if !is_followed {
            pair.silence.speaks(whole.at.unwrap_or(recv));
        }
        (pair.made, pair.whole) = (Made::Followed { levels: ALL, depth: whole.depth }, None);
    }
    pair.last = last;
    give(listed, (Some(whole.number), whole.at), [whole.bids, whole.asks], recv, out);
    out.extend(later.into_iter().map(|event| (listed.instrument.clone(), event)));
}
