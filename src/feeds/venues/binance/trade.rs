//! Prints: `trade` (one fill), `aggTrade` (the fills of one taker at one price), and REST lists of
//! both.
//!
//! `m`: the buyer is the maker, so the seller took. An `aggTrade` stands for the fills `f` to `l`.
//! Both tell the same fills, under ids of two number spaces: a symbol's prints are of the kind that is
//! heard first, and go over to the other with the first print of it that tells only fills later than
//! all that were given. What tells a fill from before that is passed over, though an aggregate begun
//! there has later ones too: how much of it was given cannot be told. A REST list is history: it is
//! given where it is of that kind, or, where none was heard yet, of the kind of the lists before it,
//! and decides nothing for the streams. USD-M `trade` messages whose `X` is `INSURANCE_FUND`, `ADL`
//! (auto-deleveraging) or `NA`, or whose price is 0, are no trades of the market: the venue leaves
//! them out of `aggTrade` and candles. REST lists have none of them ("Recent Trades List"), but spot's
//! aggregates may stand for no fill, `f` and `l` -1: these are passed over.

use compact_str::{CompactString, ToCompactString};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::super::FrameError;
use super::super::reading::{epoch, price, traded};
use super::super::roster::{Listed, Roster};
use super::{Contract, Slot, Told, needed};
use crate::domain::market::{Aggressor, Body, Event, Instrument, Nanos, Trade};
use crate::wire::borrowed;
use crate::wire::number::DecimalField;

/// What one print stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// One fill.
    Fill,
    /// The fills of one taker at one price.
    Aggregate,
}

/// What the streams gave of a symbol's prints.
#[derive(Clone, Copy, Debug)]
pub(super) struct Given {
    kind: Kind,
    /// The last fill.
    last: u64,
    /// The last one that the other kind gave.
    before: Option<u64>,
}

/// A print as a message has it.
struct Print {
    at: Nanos,
    /// The first and the last fill that it stands for.
    fills: (u64, u64),
    trade: Trade,
}

/// A row of a REST list of trades, `aggTrades` or `trades`.
#[derive(Deserialize)]
struct Row {
    a: Option<u64>,
    p: Option<DecimalField>,
    q: Option<DecimalField>,
    f: Option<i64>,
    l: Option<i64>,
    #[serde(rename = "T")]
    at: Option<u64>,
    m: Option<bool>,
    id: Option<u64>,
    price: Option<DecimalField>,
    qty: Option<DecimalField>,
    time: Option<u64>,
    #[serde(rename = "isBuyerMaker")]
    buyer_is_maker: Option<bool>,
}

/// What tells the kind of such a row, whatever stands there.
#[derive(Deserialize)]
struct Names {
    a: Option<IgnoredAny>,
    f: Option<IgnoredAny>,
    l: Option<IgnoredAny>,
    id: Option<IgnoredAny>,
    #[serde(rename = "isBuyerMaker")]
    buyer_is_maker: Option<IgnoredAny>,
}

impl Row {
    fn kind(&self) -> Option<Kind> {
        kind_of(
            self.a.is_some() && self.f.is_some() && self.l.is_some(),
            self.id.is_some() && self.buyer_is_maker.is_some(),
        )
    }

    /// Whether it is an aggregate of no fill.
    fn is_void(&self) -> bool {
        (self.f, self.l) == (Some(-1), Some(-1))
    }
}

impl Print {
    fn read(
        (id, fills): (u64, (u64, u64)),
        (at_price, qty): (Option<DecimalField>, Option<DecimalField>),
        buyer_is_maker: Option<bool>,
        at: Option<u64>,
    ) -> Result<Self, FrameError> {
        let is_sell = needed(buyer_is_maker, "no m")?;
        let trade = Trade {
            trade_id: id.to_compact_string(),
            price: price(needed(at_price, "no p")?)?,
            qty: traded(needed(qty, "no q")?)?,
            aggressor: Some(if is_sell { Aggressor::Sell } else { Aggressor::Buy }),
            count: count(fills).ok_or(FrameError::Value("f to l"))?,
            conditions: CompactString::default(),
        };
        Ok(Self { at: epoch("T", needed(at, "no T")?)?, fills, trade })
    }
}

impl Given {
    /// Whether a print of a stream is given, noted as such.
    fn takes(given: &mut Option<Self>, kind: Kind, (first, last): (u64, u64)) -> bool {
        let before = match given {
            Some(given) if given.kind == kind => {
                let is_given = given.allows(first);
                if is_given {
                    given.last = given.last.max(last);
                }
                return is_given;
            }
            Some(given) if first <= given.last => return false,
            Some(given) => Some(given.last),
            None => None,
        };
        *given = Some(Self { kind, last, before });
        true
    }

    /// Whether a print of its kind that begins with that fill tells nothing that the other kind did.
    fn allows(&self, first: u64) -> bool {
        self.before < Some(first)
    }
}

/// How many fills the ids from the first to the last are.
fn count((first, last): (u64, u64)) -> Option<u32> {
    last.checked_sub(first)?.checked_add(1)?.try_into().ok()
}

/// Takes a `trade`.
pub(super) fn print(
    roster: &mut Roster<Contract>,
    told: Told<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let is_apart = matches!(told.order_type.as_deref(), Some("INSURANCE_FUND" | "ADL" | "NA"));
    if is_apart || matches!(told.price, Some(DecimalField(Ok(price))) if price.is_zero()) {
        return Ok(());
    }
    let id = needed(told.trade_id, "no t")?;
    let numbers = (told.price, told.qty);
    let print = Print::read((id, (id, id)), numbers, told.buyer_is_maker, told.transaction_time)?;
    give(roster, &needed(told.symbol, "no symbol")?, (Kind::Fill, print), recv, out)
}

/// Takes an `aggTrade`.
pub(super) fn aggregate(
    roster: &mut Roster<Contract>,
    told: Told<'_>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let Slot::Id(id) = told.a else { return Err(FrameError::Shape("no a")) };
    let fills = (needed(told.first_fill, "no f")?, needed(told.last_fill, "no l")?);
    let numbers = (told.price, told.qty);
    let print = Print::read((id, fills), numbers, told.buyer_is_maker, told.transaction_time)?;
    give(roster, &needed(told.symbol, "no symbol")?, (Kind::Aggregate, print), recv, out)
}

fn kind_of(is_aggregate: bool, is_fill: bool) -> Option<Kind> {
    is_aggregate.then_some(Kind::Aggregate).or(is_fill.then_some(Kind::Fill))
}

/// Whether a row is a trade's by its names. Rows of other lists may be lists themselves.
fn is_of_trades(row: &RawValue) -> bool {
    let names = || borrowed::from_str::<Names>(row.get()).ok();
    row.get().starts_with('{')
        && names().is_some_and(|Names { a, f, l, id, buyer_is_maker }| {
            let is_aggregate = a.and(f).and(l).is_some();
            kind_of(is_aggregate, id.and(buyer_is_maker).is_some()).is_some()
        })
}

/// Takes a REST list: of trades, of the symbol named in its URL, else of the only one heard of.
/// Other lists, and trades whose symbol cannot be told, give nothing.
pub(super) fn list(
    roster: &mut Roster<Contract>,
    (text, symbol): (&str, Option<String>),
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let rows = match borrowed::from_str::<Vec<Row>>(text) {
        Ok(rows) => rows,
        Err(error) => {
            let rows = borrowed::from_str::<Vec<&RawValue>>(text)?;
            let is_malformed = rows.first().is_some_and(|row| is_of_trades(row));
            return if is_malformed { Err(error.into()) } else { Ok(()) };
        }
    };
    let Some(kind) = rows.first().and_then(Row::kind) else { return Ok(()) };
    let read = |row: Row| match kind {
        Kind::Aggregate => {
            let [first, last] = [row.f, row.l].map(|id| id.and_then(|id| u64::try_from(id).ok()));
            let fills = (needed(first, "no f")?, needed(last, "no l")?);
            Print::read((needed(row.a, "no a")?, fills), (row.p, row.q), row.m, row.at)
        }
        Kind::Fill => {
            let id = needed(row.id, "no id")?;
            Print::read((id, (id, id)), (row.price, row.qty), row.buyer_is_maker, row.time)
        }
    };
    let real = rows.into_iter().filter(|row| !row.is_void());
    let prints = real.map(read).collect::<Result<Vec<_>, _>>()?;
    let Some(symbol) = symbol.or_else(|| roster.only().ok()) else { return Ok(()) };
    let listed = roster.get(&symbol)?;
    let Contract { prints: given, listed: before, .. } = &mut listed.state;
    let given = *given;
    if given.map_or(*before.get_or_insert(kind), |given| given.kind) == kind {
        let is_new = |print: &Print| given.is_none_or(|given| given.allows(print.fills.0));
        push(listed, prints.into_iter().filter(is_new), recv, out);
    }
    Ok(())
}

/// Gives a print of a stream, where the other kind did not tell it.
fn give(
    roster: &mut Roster<Contract>,
    symbol: &str,
    (kind, print): (Kind, Print),
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let listed = roster.get(symbol)?;
    if Given::takes(&mut listed.state.prints, kind, print.fills) {
        push(listed, [print], recv, out);
    }
    Ok(())
}

fn push(
    listed: &mut Listed<Contract>,
    prints: impl IntoIterator<Item = Print>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) {
    for Print { at, trade, .. } in prints {
        let event = listed.event(Some(at), recv, Body::Trade(Box::new(trade)));
        out.push((listed.instrument.clone(), event));
    }
}
