//! A frame: `{"table", "action", "data": [rows]}`, a `partial` with a description around it, or an
//! answer. One pass reads the rows of all tables that share a form; those of `orderBook10` are left
//! for [`super::ten`], those of other tables are passed over.

use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, de};
use serde_json::value::RawValue;

use crate::domain::market::Nanos;
use crate::feeds::venues::FrameError;
use crate::feeds::venues::reading::rfc3339;
use crate::wire::borrowed::{self, Text};
use crate::wire::number::ScientificField;

/// The tables that are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Table {
    /// `orderBookL2`, the whole book.
    Book,
    /// `orderBookL2_25`, the best levels in the same form.
    Best,
    /// `orderBook10`, the best levels whole each time.
    Ten,
    /// `quote`.
    Quote,
    /// `trade`.
    Trade,
}

/// What became of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// They are all there is.
    Partial,
    /// They are new.
    Insert,
    /// They changed.
    Update,
    /// They are gone.
    Delete,
}

/// A frame of a table.
#[derive(Debug)]
pub(super) struct Told<'a> {
    /// Of which table.
    pub table: Table,
    /// What became of the rows.
    pub action: Action,
    /// The rows, in their order; none of `orderBook10`.
    pub rows: Vec<Row<'a>>,
    /// The rows where they were not read: those of `orderBook10`.
    pub unread: Option<&'a RawValue>,
    /// The symbol that a `partial` is of, which may have no rows.
    pub symbol: Option<Text<'a>>,
}

/// What a row of any of the tables has.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Row<'a> {
    #[serde(borrow)]
    pub symbol: Text<'a>,
    pub id: Option<u64>,
    #[serde(borrow)]
    pub side: Option<Text<'a>>,
    pub size: Option<ScientificField>,
    pub price: Option<ScientificField>,
    pub bid_price: Option<ScientificField>,
    pub bid_size: Option<ScientificField>,
    pub ask_price: Option<ScientificField>,
    pub ask_size: Option<ScientificField>,
    #[serde(borrow)]
    timestamp: Option<Text<'a>>,
    #[serde(borrow, rename = "trdMatchID")]
    pub trade_id: Option<Text<'a>>,
}

impl Row<'_> {
    /// Its time, where it has one.
    pub fn time(&self) -> Result<Option<Nanos>, FrameError> {
        self.timestamp.as_deref().map(|text| rfc3339("timestamp", text)).transpose()
    }
}

/// Reads a frame; none for answers and for tables that are not taken.
pub(super) fn read(text: &str) -> Result<Option<Told<'_>>, FrameError> {
    let mut frame: Parts<'_> = borrowed::from_str(text)?;
    if let Some(error) = frame.error {
        return Err(FrameError::Venue(error.0.into_owned()));
    }
    let Some(name) = frame.table else {
        return if frame.is_answer {
            Ok(None)
        } else {
            Err(FrameError::Shape("neither a table nor an answer"))
        };
    };
    let Some(table) = table_of(&name) else { return Ok(None) };
    if let Some(raw) = frame.unread
        && table != Table::Ten
    {
        frame.rows = borrowed::from_str(raw.get())?;
    }
    let action = match frame.action.as_deref() {
        Some("partial") => Action::Partial,
        Some("insert") => Action::Insert,
        Some("update") => Action::Update,
        Some("delete") => Action::Delete,
        _ => return Err(FrameError::Shape("no action")),
    };
    let symbol = frame.filter.and_then(|filter| filter.symbol);
    Ok(Some(Told { table, action, rows: frame.rows, unread: frame.unread, symbol }))
}

fn table_of(name: &str) -> Option<Table> {
    match name {
        "orderBookL2" => Some(Table::Book),
        "quote" => Some(Table::Quote),
        "trade" => Some(Table::Trade),
        "orderBookL2_25" => Some(Table::Best),
        "orderBook10" => Some(Table::Ten),
        _ => None,
    }
}

#[derive(Default)]
struct Parts<'a> {
    table: Option<Text<'a>>,
    action: Option<Text<'a>>,
    rows: Vec<Row<'a>>,
    /// The rows where they stand before the table's name, or have another form.
    unread: Option<&'a RawValue>,
    filter: Option<Filter<'a>>,
    error: Option<Text<'a>>,
    is_answer: bool,
}

#[derive(Deserialize)]
struct Filter<'a> {
    #[serde(borrow)]
    symbol: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "camelCase")]
enum Key {
    Table,
    Action,
    Data,
    Filter,
    Error,
    Success,
    Info,
    Subscribe,
    Unsubscribe,
    #[serde(other)]
    Other,
}

impl<'de: 'a, 'a> Deserialize<'de> for Parts<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PartsVisitor)
    }
}

struct PartsVisitor;

impl<'de> Visitor<'de> for PartsVisitor {
    type Value = Parts<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut parts = Parts::default();
        while let Some(key) = map.next_key()? {
            match key {
                Key::Table => parts.table = Some(map.next_value()?),
                Key::Action => parts.action = Some(map.next_value()?),
                Key::Error => parts.error = Some(map.next_value()?),
                Key::Filter => parts.filter = map.next_value()?,
                Key::Data => match parts.table.as_deref().map(table_of) {
                    Some(Some(Table::Ten)) | None => parts.unread = Some(map.next_value()?),
                    Some(Some(_)) => parts.rows = map.next_value()?,
                    Some(None) => skip(&mut map)?,
                },
                Key::Success | Key::Info | Key::Subscribe | Key::Unsubscribe => {
                    parts.is_answer = true;
                    skip(&mut map)?;
                }
                Key::Other => skip(&mut map)?,
            }
        }
        Ok(parts)
    }
}

fn skip<'de, A: MapAccess<'de>>(map: &mut A) -> Result<(), A::Error>
where
    A::Error: de::Error,
{
    map.next_value::<IgnoredAny>().map(|_| ())
}
