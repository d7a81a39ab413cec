//! Best bid and ask: the classic tickers, `level1`, and `obu` at depth 1.
//!
//! Each but `level1` has the number of the change of the book after which it holds. The futures'
//! older ticker (`/contractMarket/ticker`) tells the top as of the last trade, so it is left out.
//!
//! Of several kinds for one instrument the first one heard tells its best bid and ask.

use std::borrow::Cow;

use serde::Deserialize;

use super::frame::{Best, Data, Digits, Kind, Told, time_of};
use super::state::State;
use crate::domain::market::{Body, Event, Instrument, LevelChange, Nanos};
use crate::feeds::venues::FrameError;
use crate::feeds::venues::reading::{Levels, side};
use crate::feeds::venues::roster::Roster;
use crate::wire::borrowed::{self, Text};

/// The data of a classic ticker.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Tick {
    sequence: Option<Digits>,
    best_bid: Option<Best>,
    best_bid_size: Option<Best>,
    best_ask: Option<Best>,
    best_ask_size: Option<Best>,
    time: Option<Digits>,
    ts: Option<Digits>,
    timestamp: Option<Digits>,
}

/// A ticker of spot, which most other messages are.
#[derive(Deserialize)]
struct Ticker<'a> {
    data: Tick,
    #[serde(borrow)]
    topic: Text<'a>,
}

/// How the venue begins one, as recorded and as documented.
const TICKER_BEGINS: [&str; 2] =
    [r#"{"data":{"sequence":""#, r#"{"type":"message","topic":"/market/ticker:"#];

/// Reads a ticker of one symbol of spot, and whose it is. What else may be one is found by [`super::frame::read`].
pub(super) fn read(text: &str) -> Option<(Tick, &str)> {
    if !TICKER_BEGINS.iter().any(|begin| text.starts_with(begin)) {
        return None;
    }
    let ticker: Ticker<'_> = borrowed::from_str(text).ok()?;
    let Cow::Borrowed(topic) = ticker.topic.0 else { return None };
    let symbol = topic.strip_prefix("/market/ticker:").filter(|symbol| *symbol != "all")?;
    Some((ticker.data, symbol))
}

impl Tick {
    /// Its time, where it has one.
    fn at(&self) -> Result<Option<Nanos>, FrameError> {
        time_of(self.time.or(self.ts).or(self.timestamp))
    }
}

/// The best level of a side: the first of its levels, where it is told by those.
fn level(
    levels: Option<Levels>,
    at: Option<Best>,
    qty: Option<Best>,
) -> Result<Option<LevelChange>, FrameError> {
    if let Some(levels) = levels {
        return Ok(levels.changes()?.into_iter().find(|(_, qty)| !qty.is_zero()));
    }
    let (Some(Best(Some(at))), Some(Best(Some(qty)))) = (at, qty) else { return Ok(None) };
    side(at, qty)
}

/// The best of both sides, and the number of the book's that a message has.
struct Top {
    sides: [Option<LevelChange>; 2],
    at: Option<Nanos>,
    seq: Option<u64>,
}

fn needed(digits: Option<Digits>) -> Result<Option<u64>, FrameError> {
    digits.ok_or(FrameError::Shape("no sequence"))?.number().map(Some)
}

fn number(kind: Kind, data: &Data<'_>) -> Result<Option<u64>, FrameError> {
    match kind {
        Kind::Ticker => needed(data.sequence),
        Kind::Best => needed(data.sequence_end),
        _ => Ok(None),
    }
}

/// Takes a message of any of these kinds.
pub(super) fn take(
    roster: &mut Roster<State>,
    mut told: Told<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let data = &mut told.data;
    let bid = level(data.bids.take(), data.best_bid, data.best_bid_size)?;
    let ask = level(data.asks.take(), data.best_ask, data.best_ask_size)?;
    let top = Top { sides: [bid, ask], at: data.at()?, seq: number(told.kind, data)? };
    give(roster, (told.kind, &told.symbol), top, recv, out)
}

/// Takes a ticker that was read by itself.
pub(super) fn tick(
    roster: &mut Roster<State>,
    (tick, symbol): (Tick, &str),
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let bid = level(None, tick.best_bid, tick.best_bid_size)?;
    let ask = level(None, tick.best_ask, tick.best_ask_size)?;
    let top = Top { sides: [bid, ask], at: tick.at()?, seq: needed(tick.sequence)? };
    give(roster, (Kind::Ticker, symbol), top, recv, out)
}

fn give(
    roster: &mut Roster<State>,
    (kind, symbol): (Kind, &str),
    Top { sides: [bid, ask], at, seq }: Top,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let listed = roster.get(symbol)?;
    if !listed.state.is_quoted_by(kind) {
        return Ok(());
    }
    let event = listed.event(at, recv, Body::Quote { bid, ask });
    out.push((listed.instrument.clone(), Event { seq, ..event }));
    Ok(())
}
