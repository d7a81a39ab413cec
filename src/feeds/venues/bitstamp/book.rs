//! The book: `diff_order_book` on a REST snapshot; or `order_book`, the best hundred levels whole; or
//! `detail_order_book`, the best hundred orders of each side.
//!
//! Single orders are rows `[price, amount, id]`, those of a price behind one another; REST gives them
//! too where it is asked so (`group=0`, `group=2`). Of a side of a hundred orders the last price may
//! be shown in part, so it is left out.
//!
//! A quantity of 0, with as many decimals as the pair has, removes a level. Changes with a
//! `microtimestamp` at or before the snapshot's are old; those after it follow it.
//!
//! One channel makes the book ([`Choice`]): the changes as soon as they stand on a REST book, before
//! that the best levels or orders, and again when the changes fell silent. Beside those the changes
//! are kept for the next REST book.
//!
//! No number would show what is missing between a snapshot and the first change behind it. So a
//! snapshot is proven by a change at or before it that was heard, or by being from after the
//! subscription: its time is after the confirmation was heard, or it came [`LAG_MAX`] after that, or
//! after the subscription was asked for. The latter two are of this machine's clock alone, so they
//! hold too where it is not the venue's. One from before all changes heard is refused. One behind which
//! none was heard yet is given, and lost by the first change that does not prove it. Where a
//! subscription is confirmed again, the changes before it prove nothing; only a REST book that came
//! since the connection was opened may still be proven, and one that came [`LAG_MAX`] after the
//! subscription was asked for is.

use std::mem;

use super::super::FrameError;
use super::super::choice::{Choice, Source, Word};
use super::super::roster::Roster;
use super::super::silence::Taken;
use super::{Data, Pair, Rest, needed};
use crate::domain::market::{Body, Decimal, Event, Instrument, LevelChange, Nanos, SECOND_NS};

const CHANGES: Source = Source { name: "diff_order_book", rank: 3 };
const LEVELS: Source = Source { name: "order_book", rank: 2 };
const ORDERS: Source = Source { name: "detail_order_book", rank: 1 };
const ANSWER: Source = Source { name: "REST", rank: 0 };

/// By how much what REST answers may be older than the answer, and how long it takes until a
/// subscription that was asked for holds, together: the server was seen to lag by up to 2.6 seconds.
pub(super) const LAG_MAX: Nanos = 4 * SECOND_NS;

/// Orders of a side in `detail_order_book`.
const ORDERS_SHOWN: usize = 100;

/// A book that was checked.
struct Read {
    seq: u64,
    at: Nanos,
    bids: Vec<LevelChange>,
    asks: Vec<LevelChange>,
}

fn read(data: Data<'_>) -> Result<Read, FrameError> {
    let (seq, at) = data.time()?;
    let bids = needed(data.bids, "no bids")?.changes()?;
    let asks = needed(data.asks, "no asks")?.changes()?;
    Ok(Read { seq, at, bids, asks })
}

/// The levels of rows that may be single orders.
fn levels_of(rows: Vec<LevelChange>) -> Result<Vec<LevelChange>, FrameError> {
    let mut levels: Vec<LevelChange> = Vec::with_capacity(rows.len());
    for (price, qty) in rows {
        match levels.last_mut().filter(|(last, _)| last.equals(price)) {
            Some((_, sum)) => {
                let both = Decimal::sum([*sum, qty]);
                *sum = both.ok_or(FrameError::Value("quantity"))?;
            }
            None => levels.push((price, qty)),
        }
    }
    Ok(levels)
}

/// The levels that all of these orders show whole.
fn whole_levels_of(orders: Vec<LevelChange>) -> Result<Vec<LevelChange>, FrameError> {
    let is_cut = ORDERS_SHOWN <= orders.len();
    let mut levels = levels_of(orders)?;
    if is_cut {
        levels.pop();
    }
    Ok(levels)
}

/// What a channel told then. Its number only grows, so it does not say what it stands on.
fn word(is_whole: bool, at: Nanos) -> Word {
    Word { is_whole, seq: None, prev_seq: None, at }
}

/// Whether a REST book that is not proven is given; no change goes on with it but one that proves it.
fn takes_answer(choice: &mut Choice, at: Nanos) -> bool {
    let taken = choice.takes_answer(ANSWER, word(true, at)) != Taken::Passed;
    choice.rests(ANSWER, 0..=0);
    taken
}

fn is_shown(choice: &Choice) -> bool {
    choice.is(LEVELS) || choice.is(ORDERS)
}

/// Whether a REST book that came at `recv` is from after a subscription of then, whatever it lags by.
fn is_after(recv: Nanos, since: Option<Nanos>) -> bool {
    since.is_some_and(|since| LAG_MAX <= recv.saturating_sub(since))
}

/// A pair's changes begin anew, on a connection that was the last of `opened`; none where they end.
pub(super) fn begin(
    roster: &mut Roster<Pair>,
    symbol: &str,
    opened: Option<u32>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let listed = roster.get(symbol)?;
    let before = mem::take(&mut listed.state);
    let pair = &mut listed.state;
    pair.confirmed = opened.and((0 < recv).then_some(recv));
    // What was answered before is not what this answers.
    let is_answered = |said: &Nanos| before.confirmed.is_none_or(|before| before <= *said);
    pair.said = opened.and(before.said.filter(is_answered));
    if is_shown(&before.choice) {
        pair.choice = before.choice;
        return Ok(());
    }
    let is_proven = before.rest.is_some_and(|book| is_after(book.recv, pair.said));
    pair.rest = before.rest.filter(|book| is_proven || Some(book.opened) == opened);
    if let Some(Rest { at, .. }) = pair.rest {
        if is_proven {
            pair.choice.takes(CHANGES, word(true, at));
        } else {
            takes_answer(&mut pair.choice, at);
        }
    } else if before.has_changes || before.rest.is_some() {
        let event = listed.event(None, recv, Body::Disconnect);
        out.push((listed.instrument.clone(), event));
    }
    Ok(())
}

/// Takes changed levels.
pub(super) fn changes(
    roster: &mut Roster<Pair>,
    symbol: &str,
    data: Data<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let Read { seq, at, bids, asks } = read(data)?;
    let listed = roster.get(symbol)?;
    let body = Body::BookDelta { bids, asks, checksum: None };
    let event = Event { seq: Some(seq), ..listed.event(Some(at), recv, body) };
    let pair = &mut listed.state;
    pair.has_changes = true;
    let event = pair.backlog.follow(event);
    // What proves the book makes these changes the channel that goes on with it.
    let proves = pair.rest.take().is_some_and(|book| seq <= book.seq);
    let taken = pair.choice.takes(CHANGES, word(proves, at));
    if taken == Taken::Passed {
        return Ok(());
    }
    if taken == Taken::Anew {
        let lost = listed.event(None, recv, Body::Disconnect);
        out.push((listed.instrument.clone(), lost));
    }
    out.push((listed.instrument.clone(), event));
    Ok(())
}

/// Takes the best hundred levels.
pub(super) fn best(
    roster: &mut Roster<Pair>,
    symbol: &str,
    data: Data<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    shown(roster, (symbol, LEVELS), read(data)?, recv, out)
}

/// Takes the best hundred orders of each side.
pub(super) fn orders(
    roster: &mut Roster<Pair>,
    symbol: &str,
    data: Data<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let Read { seq, at, bids, asks } = read(data)?;
    let book = Read { seq, at, bids: whole_levels_of(bids)?, asks: whole_levels_of(asks)? };
    shown(roster, (symbol, ORDERS), book, recv, out)
}

fn shown(
    roster: &mut Roster<Pair>,
    (symbol, source): (&str, Source),
    Read { seq, at, bids, asks }: Read,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let listed = roster.get(symbol)?;
    let pair = &mut listed.state;
    // What waits for its first change is newer.
    if pair.rest.is_some_and(|book| seq <= book.seq) {
        return Ok(());
    }
    let were_followed = pair.choice.is(CHANGES);
    if pair.choice.takes(source, word(true, at)) == Taken::Passed {
        return Ok(());
    }
    pair.rest = None;
    if were_followed {
        // They fell silent, and do not prove anything any more.
        *pair = Pair { choice: mem::take(&mut pair.choice), ..Pair::default() };
    }
    let body = Body::BookSnapshot { bids, asks, checksum: None };
    let event = Event { seq: Some(seq), ..listed.event(Some(at), recv, body) };
    out.push((listed.instrument.clone(), event));
    Ok(())
}

/// Takes a REST book, after so many openings.
pub(super) fn snapshot(
    roster: &mut Roster<Pair>,
    (symbol, opened): (&str, u32),
    data: Data<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let Read { seq, at, bids, asks } = read(data)?;
    let (bids, asks) = (levels_of(bids)?, levels_of(asks)?);
    let listed = roster.get(symbol)?;
    let pair = &mut listed.state;
    let was_subscribed = pair.confirmed.is_some_and(|since| since <= at)
        || is_after(recv, pair.said.or(pair.confirmed));
    let backlog = &pair.backlog;
    if backlog.has_forgotten_after(seq) || (backlog.begins_after(seq) && !was_subscribed) {
        return Err(FrameError::EarlySnapshot);
    }
    if was_subscribed || pair.has_changes {
        pair.choice.takes(CHANGES, word(true, at));
    } else if !takes_answer(&mut pair.choice, at) {
        return Ok(());
    }
    let later = pair.backlog.stand_on(seq);
    pair.rest = later.is_empty().then_some(Rest { seq, at, opened, recv });
    let body = Body::BookSnapshot { bids, asks, checksum: None };
    let event = Event { seq: Some(seq), ..listed.event(Some(at), recv, body) };
    out.push((listed.instrument.clone(), event));
    for event in later {
        out.push((listed.instrument.clone(), event));
    }
    Ok(())
}
