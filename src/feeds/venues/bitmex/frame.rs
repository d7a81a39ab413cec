//! A frame: `{"table", "action", "data": [rows]}`, a `partial` with a description around it, or an
//! answer. One pass reads the rows of all three tables; those of other tables are passed over.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, de};
use serde_json::value::RawValue;

use crate::domain::market::{Decimal, DecimalError, Nanos};
use crate::feeds::venues::FrameError;
use crate::feeds::venues::reading::rfc3339;
use crate::wire::borrowed;
use crate::wire::number::DecimalField;

/// The decimals a number may have.
const SCALE_MAX: u8 = 18;

/// The tables that are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Table {
    /// `orderBookL2`, `orderBookL2_25`.
    Book,
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
    /// The rows, in their order.
    pub rows: Vec<Row<'a>>,
    /// The symbol that a `partial` is of, which may have no rows.
    pub symbol: Option<Cow<'a, str>>,
}

/// What a row of any of the tables has.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Row<'a> {
    #[serde(borrow)]
    pub symbol: Cow<'a, str>,
    pub id: Option<u64>,
    #[serde(borrow)]
    pub side: Option<Cow<'a, str>>,
    pub size: Option<Number>,
    pub price: Option<Number>,
    pub bid_price: Option<Number>,
    pub bid_size: Option<Number>,
    pub ask_price: Option<Number>,
    pub ask_size: Option<Number>,
    #[serde(borrow)]
    timestamp: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "trdMatchID")]
    pub trade_id: Option<Cow<'a, str>>,
}

impl Row<'_> {
    /// Its time, where it has one.
    pub fn time(&self) -> Result<Option<Nanos>, FrameError> {
        self.timestamp.as_deref().map(|text| rfc3339("timestamp", text)).transpose()
    }
}

/// A bare number, exact also where it is written with an exponent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number(pub DecimalField);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&'de RawValue>::deserialize(deserializer)?.get();
        Ok(Self(DecimalField(number(text))))
    }
}

/// Reads a number as JavaScript writes it: `0.5`, `5e-7`, `1.25e-7`.
fn number(text: &str) -> Result<Decimal, DecimalError> {
    let Some((digits, exponent)) = text.split_once(['e', 'E']) else { return Decimal::parse(text) };
    let digits = Decimal::parse(digits)?;
    let exponent: i16 = exponent.parse().map_err(|_| DecimalError::Malformed)?;
    let scale = i16::from(digits.scale()).checked_sub(exponent).ok_or(DecimalError::OutOfRange)?;
    let mantissa = digits.at(digits.scale()).ok_or(DecimalError::OutOfRange)?;
    match u8::try_from(scale) {
        Ok(scale) if scale <= SCALE_MAX => Ok(Decimal::from_mantissa(mantissa, scale)),
        Ok(_) => Err(DecimalError::OutOfRange),
        Err(_) => {
            let power = 10_i64.checked_pow(u32::from(scale.unsigned_abs()));
            let whole = power.and_then(|power| mantissa.checked_mul(power));
            Ok(Decimal::from_mantissa(whole.ok_or(DecimalError::OutOfRange)?, 0))
        }
    }
}

/// Reads a frame; none for answers and for tables that are not taken.
pub(super) fn read(text: &str) -> Result<Option<Told<'_>>, FrameError> {
    let mut frame: Parts<'_> = borrowed::from_str(text)?;
    if let Some(error) = frame.error {
        return Err(FrameError::Venue(error.into_owned()));
    }
    let Some(name) = frame.table else {
        return if frame.is_answer {
            Ok(None)
        } else {
            Err(FrameError::Shape("neither a table nor an answer"))
        };
    };
    let Some(table) = table_of(&name) else { return Ok(None) };
    if let Some(raw) = frame.unread {
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
    Ok(Some(Told { table, action, rows: frame.rows, symbol }))
}

fn table_of(name: &str) -> Option<Table> {
    match name {
        "orderBookL2" | "orderBookL2_25" => Some(Table::Book),
        "quote" => Some(Table::Quote),
        "trade" => Some(Table::Trade),
        _ => None,
    }
}

#[derive(Default)]
struct Parts<'a> {
    table: Option<Cow<'a, str>>,
    action: Option<Cow<'a, str>>,
    rows: Vec<Row<'a>>,
    /// The rows where they stand before the table's name.
    unread: Option<&'a RawValue>,
    filter: Option<Filter<'a>>,
    error: Option<Cow<'a, str>>,
    is_answer: bool,
}

#[derive(Deserialize)]
struct Filter<'a> {
    #[serde(borrow)]
    symbol: Option<Cow<'a, str>>,
}

/// A text without a copy.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

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
                Key::Table => parts.table = Some(map.next_value::<Text<'de>>()?.0),
                Key::Action => parts.action = Some(map.next_value::<Text<'de>>()?.0),
                Key::Error => parts.error = Some(map.next_value::<Text<'de>>()?.0),
                Key::Filter => parts.filter = map.next_value()?,
                Key::Data => match parts.table.as_deref().map(table_of) {
                    Some(Some(_)) => parts.rows = map.next_value()?,
                    Some(None) => skip(&mut map)?,
                    None => parts.unread = Some(map.next_value()?),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact_with_and_without_an_exponent() {
        let read = ["0.5", "5e-7", "1.25e-7", "32175", "1.5e3", "5e+2"]
            .map(|text| number(text).unwrap().to_string());

        assert_eq!(read, ["0.5", "0.0000005", "0.000000125", "32175", "1500", "500"]);
        for text in ["", "e", "1e", "1e-19", "1e99", "1e99999", "1e-32768", "x", "\"1\""] {
            assert!(number(text).is_err(), "{text:?}");
        }
    }
}
