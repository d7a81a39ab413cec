//! The book: `{"type": "snapshot" or "change", "change_id", "prev_change_id", "bids", "asks"}` with
//! rows `["new" | "change" | "delete", price, amount]` in `book.{instrument}.{interval}`, whose messages
//! had no type in earlier years: there the first one, the whole book, names no `prev_change_id`. In
//! `book.{instrument}.{group}.{depth}.{interval}` and in the answer to `public/get_order_book` rows are
//! `[price, amount]`, the best levels whole each time.
//!
//! The best levels would cut a book that is followed by its changes, so they give nothing while there
//! is one. They are no book to lay changes over either: the first change behind them shows a gap, and
//! an answer, which nothing would keep up to date, gives nothing from the first change on.
//!
//! Source: docs.deribit.com, "book.(instrument_name).(interval)",
//! "book.(instrument_name).(group).(depth).(interval)", "public/get_order_book".

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::super::FrameError;
use super::super::reading::{Cell, epoch, price, quantity};
use super::super::roster::Roster;
use crate::domain::market::{Body, Decimal, Event, Instrument, LevelChange, Nanos};
use crate::wire::borrowed;
use crate::wire::number::DecimalField;
use crate::wire::number::ScientificField;

#[derive(Deserialize)]
struct Told<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<Cell<'a>>,
    /// `date` in the venue's first captures.
    #[serde(alias = "date")]
    timestamp: u64,
    #[serde(borrow)]
    instrument_name: Cell<'a>,
    change_id: u64,
    prev_change_id: Option<u64>,
    bids: Vec<Row>,
    asks: Vec<Row>,
}

struct Row {
    price: DecimalField,
    amount: DecimalField,
}

/// What the book of an instrument was last made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Followed {
    /// Of nothing on this connection.
    #[default]
    Nothing,
    /// Of the best levels, of that number.
    Best(u64),
    /// Of nothing that changes could stand on, while they come.
    Changes,
    /// Of the whole book.
    Whole,
}

/// What a message says of the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// All of it.
    Whole,
    /// What changed, behind the change of that number.
    Change(u64),
    /// Its best levels.
    Best,
    /// The same, told once.
    Answer,
}

/// Takes the data of `book.…`; `rest` is the channel's name behind that.
pub(super) fn take(
    roster: &mut Roster<Followed>,
    rest: &str,
    data: &str,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let told: Told<'_> = borrowed::from_str(data)?;
    let form = match told.kind.as_ref().map(|kind| kind.0.as_ref()) {
        Some("snapshot") => Some(Form::Whole),
        Some("change") => {
            Some(Form::Change(told.prev_change_id.ok_or(FrameError::Shape("no prev_change_id"))?))
        }
        None => untyped(rest, told.prev_change_id),
        Some(_) => return Err(FrameError::Shape("neither snapshot nor change")),
    };
    give(roster, &told, form, recv, out)
}

/// Takes the answer to `public/get_order_book`.
pub(super) fn answer(
    roster: &mut Roster<Followed>,
    result: &str,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    give(roster, &borrowed::from_str(result)?, Some(Form::Answer), recv, out)
}

/// What data without type are, by the parts of the channel's name; none where prices are put together
/// in groups.
fn untyped(rest: &str, prev_change_id: Option<u64>) -> Option<Form> {
    let mut parts = rest.split('.').skip(1);
    match (parts.next(), parts.next()) {
        (Some(_), None) => Some(prev_change_id.map_or(Form::Whole, Form::Change)),
        (Some("none"), Some(_)) => Some(Form::Best),
        _ => None,
    }
}

fn give(
    roster: &mut Roster<Followed>,
    told: &Told<'_>,
    form: Option<Form>,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let at = epoch("timestamp", told.timestamp)?;
    let (bids, asks) = (changes(&told.bids)?, changes(&told.asks)?);
    let Some(form) = form else { return Ok(()) };
    let listed = roster.get(&told.instrument_name.0)?;
    let seq = told.change_id;
    let (followed, prev_seq) = match (form, listed.state) {
        (Form::Change(before), Followed::Whole) => (Followed::Whole, Some(before)),
        // It is in them already; the next one still has nothing to stand on.
        (Form::Change(_), Followed::Best(shown)) if seq <= shown => return Ok(()),
        (Form::Change(_), Followed::Best(_)) => (Followed::Changes, Some(0)),
        (Form::Change(before), _) => (Followed::Changes, Some(before)),
        (Form::Best | Form::Answer, Followed::Whole) => return Ok(()),
        (Form::Answer, Followed::Changes) => return Ok(()),
        (Form::Whole, _) => (Followed::Whole, None),
        (Form::Best | Form::Answer, _) => (Followed::Best(seq), None),
    };
    listed.state = followed;
    let body = match form {
        Form::Change(_) => Body::BookDelta { bids, asks, checksum: None },
        _ => Body::BookSnapshot { bids, asks, checksum: None },
    };
    let event = listed.event(Some(at), recv, body);
    out.push((listed.instrument.clone(), Event { seq: Some(seq), prev_seq, ..event }));
    Ok(())
}

fn changes(rows: &[Row]) -> Result<Vec<LevelChange>, FrameError> {
    rows.iter().map(|row| Ok((price(row.price)?, quantity(row.amount)?))).collect()
}

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(RowVisitor)
    }
}

struct RowVisitor;

impl<'de> Visitor<'de> for RowVisitor {
    type Value = Row;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an action, a price and an amount")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut cells: A) -> Result<Row, A::Error> {
        let short = |count: usize| de::Error::invalid_length(count, &"a level");
        let first = cells.next_element::<&RawValue>()?.ok_or_else(|| short(0))?.get();
        let is_delete = first == r#""delete""#;
        let price = match first {
            r#""new""# | r#""change""# | r#""delete""# => {
                cells.next_element::<ScientificField>()?.ok_or_else(|| short(1))?.0
            }
            _ => DecimalField(Decimal::parse_scientific(first)),
        };
        let ScientificField(amount) = cells.next_element()?.ok_or_else(|| short(2))?;
        while cells.next_element::<IgnoredAny>()?.is_some() {}
        let amount = if is_delete { DecimalField(Ok(Decimal::default())) } else { amount };
        Ok(Row { price, amount })
    }
}
