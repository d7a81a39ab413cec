//! The book: `{"type": "snapshot" or "change", "change_id", "prev_change_id", "bids", "asks"}` with
//! rows `["new" | "change" | "delete", price, amount]`; without a type, rows `[price, amount]` of a
//! whole book at a fixed depth.

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

/// Takes the data of `book.…`; `rest` is the channel's name behind that.
pub(super) fn take(
    roster: &mut Roster<()>,
    rest: &str,
    data: &str,
    recv: Nanos,
    out: &mut Vec<(Instrument, Event)>,
) -> Result<(), FrameError> {
    let told: Told<'_> = borrowed::from_str(data)?;
    let at = epoch("timestamp", told.timestamp)?;
    let (bids, asks) = (changes(&told.bids)?, changes(&told.asks)?);
    let whole = match told.kind.as_ref().map(|kind| kind.0.as_ref()) {
        Some("snapshot") => true,
        Some("change") => false,
        None if rest.split('.').nth(1) == Some("none") => true,
        // Prices put together in groups.
        None => return Ok(()),
        Some(_) => return Err(FrameError::Shape("neither snapshot nor change")),
    };
    let body = if whole {
        Body::BookSnapshot { bids, asks, checksum: None }
    } else {
        Body::BookDelta { bids, asks, checksum: None }
    };
    let prev_seq = if whole {
        None
    } else {
        Some(told.prev_change_id.ok_or(FrameError::Shape("no prev_change_id"))?)
    };
    let listed = roster.get(&told.instrument_name.0)?;
    let event = listed.event(Some(at), recv, body);
    out.push((listed.instrument.clone(), Event { seq: Some(told.change_id), prev_seq, ..event }));
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
