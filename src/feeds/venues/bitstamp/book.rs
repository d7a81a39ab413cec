//! The book: `diff_order_book` on a REST snapshot; or `order_book`, the best hundred levels whole; or
//! `detail_order_book`, the best hundred orders of each side.
//!
//! Single orders are rows `[price, amount, id]`, those of a price behind one another; REST gives them
//! too where it is asked so (`group=0`, `group=2`). Of a side of a hundred orders the last price may
//! be shown in part, so it is left out.
//!
//! A quantity of 0, with as many decimals as the pair has, removes a level. Changes with a
//! `microtimestamp` at or before the snapshot's are old; those after it follow it. Where changes are
//! followed, the others of the pair give nothing: they would cut the book.
//!
//! No number would show what is missing between a snapshot and the first change that was heard, so a
//! snapshot from before that change is refused, as a server that lags gives it; unless it is from
//! after the subscription was confirmed, by this machine's clock.

use super::super::FrameError;
use super::super::roster::Roster;
use super::{Data, Pair, needed};
use crate::domain::market::{Body, Decimal, Event, Instrument, LevelChange, Nanos};

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
    listed.state.has_changes = true;
    out.push((listed.instrument.clone(), listed.state.backlog.follow(event)));
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
    shown(roster, symbol, read(data)?, recv, out)
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
    shown(roster, symbol, book, recv, out)
}

fn shown(
    roster: &mut Roster<Pair>,
    symbol: &str,
    Read { seq, at, bids, asks }: Read,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let listed = roster.get(symbol)?;
    if listed.state.has_changes {
        return Ok(());
    }
    let body = Body::BookSnapshot { bids, asks, checksum: None };
    let event = Event { seq: Some(seq), ..listed.event(Some(at), recv, body) };
    out.push((listed.instrument.clone(), event));
    Ok(())
}

/// Takes a REST book of a pair whose changes were confirmed then.
pub(super) fn snapshot(
    roster: &mut Roster<Pair>,
    (symbol, confirmed): (&str, Option<Nanos>),
    data: Data<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let Read { seq, at, bids, asks } = read(data)?;
    let (bids, asks) = (levels_of(bids)?, levels_of(asks)?);
    let listed = roster.get(symbol)?;
    let was_subscribed = confirmed.is_some_and(|since| since <= at);
    let backlog = &listed.state.backlog;
    if backlog.has_forgotten_after(seq) || (backlog.begins_after(seq) && !was_subscribed) {
        return Err(FrameError::EarlySnapshot);
    }
    let body = Body::BookSnapshot { bids, asks, checksum: None };
    let event = Event { seq: Some(seq), ..listed.event(Some(at), recv, body) };
    out.push((listed.instrument.clone(), event));
    for event in listed.state.backlog.stand_on(seq) {
        out.push((listed.instrument.clone(), event));
    }
    Ok(())
}
