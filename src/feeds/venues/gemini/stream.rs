//! The WebSocket API that is to replace version 2, `wss://ws.gemini.com`: streams named
//! `btcusd@depth@100ms`, whose frames have no name, so they are told by their fields.
//!
//! - `depthUpdate`: all levels that changed; zero removes. `U` is the `u` of the change before, so a
//!   change has a greater `u`; one with `u` at or below the last is old, and one with `U` above it
//!   shows a gap. Where both are the same it is the whole book, or its best levels, as the
//!   connection was opened for (`?snapshot=-1`, `?snapshot=100`); else there is none.
//! - `bookTicker`: best bid and ask; an empty side has empty texts. `u` counts with the changes.
//! - Trades: `m` says that the buyer made it; `t` is the number that REST tells as `tid`.
//! - Partial books (`lastUpdateId`): the best 5, 10 or 20 levels each time, not each with its symbol
//!   (then it is the only one heard of), none with a time. Where the whole book of the symbol was
//!   told they give nothing; no change is laid over them, so the first one behind them shows a gap.
//! - Answers have a `status`, those that refuse an `error`. Other events (`markPrice`,
//!   `fundingAmount`) and one's own orders (with an `X`) give nothing.
//!
//! Source: developer.gemini.com, "WebSocket API", "Stream Reference".

use std::fmt;

use compact_str::{CompactString, ToCompactString};
use serde::de::{self, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::super::FrameError;
use super::super::reading::{Cell, Levels, LevelsVisitor, nanos_of, price, side, traded};
use super::super::roster::Roster;
use super::{Made, Symbol};
use crate::domain::market::{
    Aggressor, Body, Decimal, Event, Instrument, LevelChange, Nanos, Trade,
};
use crate::wire::borrowed;
use crate::wire::number::DecimalField;

/// Everything that a frame taken here can have.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Told<'a> {
    #[serde(borrow)]
    e: Option<Cell<'a>>,
    /// Nanoseconds.
    #[serde(rename = "E")]
    at: Option<u64>,
    #[serde(borrow, alias = "symbol")]
    s: Option<Cell<'a>>,
    #[serde(rename = "U")]
    first: Option<u64>,
    #[serde(rename = "u")]
    last: Option<u64>,
    b: Part,
    #[serde(rename = "B")]
    bid_qty: Part,
    a: Part,
    #[serde(rename = "A")]
    ask_qty: Part,
    t: Option<u64>,
    p: Option<DecimalField>,
    q: Option<DecimalField>,
    #[serde(rename = "m")]
    buyer_made: Option<bool>,
    #[serde(rename = "X")]
    order: Option<IgnoredAny>,
    #[serde(rename = "lastUpdateId")]
    partial: Option<u64>,
    bids: Option<Levels>,
    asks: Option<Levels>,
    status: Option<IgnoredAny>,
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    code: Option<i64>,
    #[serde(default)]
    msg: String,
}

/// What `a`, `b`, `A` and `B` hold: levels of a change, a number of a top.
#[derive(Default)]
enum Part {
    #[default]
    Absent,
    Levels(Levels),
    Number(DecimalField),
}

impl Part {
    fn changes(self) -> Result<Vec<LevelChange>, FrameError> {
        match self {
            Self::Levels(levels) => levels.changes(),
            Self::Absent | Self::Number(_) => Err(FrameError::Shape("no levels")),
        }
    }
}

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PartVisitor;

        impl<'de> Visitor<'de> for PartVisitor {
            type Value = Part;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("levels or a number")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Part, A::Error> {
                LevelsVisitor.visit_seq(list).map(Part::Levels)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Part, E> {
                let number = || Part::Number(DecimalField(Decimal::parse(text)));
                Ok(if text.is_empty() { Part::Absent } else { number() })
            }

            fn visit_unit<E: de::Error>(self) -> Result<Part, E> {
                Ok(Part::Absent)
            }
        }

        deserializer.deserialize_any(PartVisitor)
    }
}

/// What a kind of frame must have.
fn needed<T>(value: Option<T>, what: &'static str) -> Result<T, FrameError> {
    value.ok_or(FrameError::Shape(what))
}

/// Takes a frame; none where it is not one of this protocol.
pub(super) fn take(
    roster: &mut Roster<Symbol>,
    text: &str,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Option<Result<(), FrameError>> {
    let told: Told<'_> = match borrowed::from_str(text) {
        Ok(told) => told,
        Err(error) => return other(text, error),
    };
    if let Some(Refusal { code, msg }) = told.error {
        let code = code.map_or_else(String::new, |code| format!("{code} "));
        return Some(Err(FrameError::Venue(format!("{code}{msg}"))));
    }
    match &told.e {
        Some(Cell(kind)) if kind == "depthUpdate" => Some(change(roster, told, recv, out)),
        Some(_) => Some(Ok(())),
        None if told.partial.is_some() => Some(partial(roster, told, recv, out)),
        None if told.order.is_some() => Some(Ok(())),
        None if told.buyer_made.is_some() => Some(print(roster, &told, recv, out)),
        None if told.last.is_some() => Some(top(roster, told, recv, out)),
        None => told.status.map(|_| Ok(())),
    }
}

/// A frame whose fields mean something else: of a kind that is not taken here, or refused.
fn other(text: &str, error: serde_json::Error) -> Option<Result<(), FrameError>> {
    #[derive(Deserialize)]
    struct Head<'a> {
        #[serde(borrow, default)]
        e: Option<Cell<'a>>,
        s: Option<IgnoredAny>,
        #[serde(rename = "lastUpdateId")]
        partial: Option<IgnoredAny>,
    }

    let Head { e, s, partial } = borrowed::from_str(text).ok()?;
    match e {
        Some(Cell(kind)) if kind != "depthUpdate" => Some(Ok(())),
        None if s.is_none() && partial.is_none() => None,
        _ => Some(Err(error.into())),
    }
}

fn change(
    roster: &mut Roster<Symbol>,
    told: Told<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let at = nanos_of("E", needed(told.at, "no E")?)?;
    let (first, seq) = (needed(told.first, "no U")?, needed(told.last, "no u")?);
    if seq < first {
        return Err(FrameError::Value("u"));
    }
    let (bids, asks) = (told.b.changes()?, told.a.changes()?);
    let listed = roster.get(&needed(told.s, "no s")?.0)?;
    let Symbol { last, made, .. } = listed.state;
    // A change that is none leaves the book as it is.
    let is_empty = bids.is_empty() && asks.is_empty();
    let event = if first == seq && (last.is_none() || !is_empty) {
        (listed.state.last, listed.state.made) = (Some(seq), Made::Whole);
        listed.event(Some(at), recv, Body::BookSnapshot { bids, asks, checksum: None })
    } else {
        listed.state.last = last.max(Some(seq));
        let prev_seq = match made {
            // Their number may be the one before, and still they are no book to lay changes over.
            Made::Best(shown) => {
                if shown < seq {
                    listed.state.made = Made::Nothing;
                }
                Some(0)
            }
            Made::Nothing | Made::Whole => last.filter(|last| first <= *last).or(Some(first)),
        };
        let body = Body::BookDelta { bids, asks, checksum: None };
        Event { prev_seq, ..listed.event(Some(at), recv, body) }
    };
    out.push((listed.instrument.clone(), Event { seq: Some(seq), ..event }));
    Ok(())
}

fn partial(
    roster: &mut Roster<Symbol>,
    told: Told<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let seq = needed(told.partial, "no lastUpdateId")?;
    let at = told.at.map(|at| nanos_of("E", at)).transpose()?;
    let bids = needed(told.bids, "no bids")?.changes()?;
    let asks = needed(told.asks, "no asks")?.changes()?;
    let symbol = told.s.map_or_else(|| roster.only(), |Cell(symbol)| Ok(symbol.into_owned()))?;
    let listed = roster.get(&symbol)?;
    if listed.state.made == Made::Whole {
        return Ok(());
    }
    listed.state.made = Made::Best(seq);
    let body = Body::BookSnapshot { bids, asks, checksum: None };
    let event = Event { seq: Some(seq), ..listed.event(at, recv, body) };
    out.push((listed.instrument.clone(), event));
    Ok(())
}

fn level(at: Part, qty: Part) -> Result<Option<LevelChange>, FrameError> {
    match (at, qty) {
        (Part::Number(at), Part::Number(qty)) => side(at, qty),
        (Part::Absent, _) | (_, Part::Absent) => Ok(None),
        _ => Err(FrameError::Shape("no number")),
    }
}

fn top(
    roster: &mut Roster<Symbol>,
    told: Told<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let at = nanos_of("E", needed(told.at, "no E")?)?;
    let (bid, ask) = (level(told.b, told.bid_qty)?, level(told.a, told.ask_qty)?);
    let listed = roster.get(&needed(told.s, "no s")?.0)?;
    let event = listed.event(Some(at), recv, Body::Quote { bid, ask });
    out.push((listed.instrument.clone(), Event { seq: told.last, ..event }));
    Ok(())
}

fn print(
    roster: &mut Roster<Symbol>,
    told: &Told<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let at = nanos_of("E", needed(told.at, "no E")?)?;
    let buyer_made = needed(told.buyer_made, "no m")?;
    let trade = Trade {
        trade_id: needed(told.t, "no t")?.to_compact_string(),
        price: price(needed(told.p, "no p")?)?,
        qty: traded(needed(told.q, "no q")?)?,
        aggressor: Some(if buyer_made { Aggressor::Sell } else { Aggressor::Buy }),
        count: 1,
        conditions: CompactString::default(),
    };
    let listed = roster.get(&needed(told.s.as_ref(), "no s")?.0)?;
    let event = listed.event(Some(at), recv, Body::Trade(Box::new(trade)));
    out.push((listed.instrument.clone(), event));
    Ok(())
}
