//! Numbers, times and rows as venues write them, read exactly.

use std::borrow::Cow;
use std::fmt;

use compact_str::CompactString;
use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{FrameError, utc};
use crate::domain::market::{Decimal, DecimalError, LevelChange, Nanos, SECOND_NS};
use crate::wire::borrowed::{NUMBER, PLAIN, ROW, Text, row_of};
use crate::wire::ingest::TRADE_ID_BYTES_MAX;
use crate::wire::number::DecimalField;
use crate::wire::time;

/// The latest time `md.v1` takes, exclusive: the year 2116.
pub(in crate::feeds) const TIME_LIMIT: Nanos = 1 << 62;
/// From here on a number counts microseconds: as milliseconds it would lie beyond the year 5138.
const MICROS_FROM: u64 = 100_000_000_000_000;
/// What stands where there is no number.
pub(super) const ABSENT: DecimalField = DecimalField(Err(DecimalError::Malformed));
/// Levels that room is made for at first: most changes have fewer.
const LEVELS_USUAL: usize = 8;
/// Cells of a row that are looked at; rows here have at most eight.
const CELLS_MAX: usize = 16;

/// Decimal seconds since 1970, exact; digits beyond nanoseconds are cut.
pub(in crate::feeds) fn seconds(text: &str) -> Option<Nanos> {
    match Decimal::parse(text) {
        Ok(seconds) => instant(seconds),
        Err(_) => seconds_cut(text),
    }
}

/// The same of a number.
pub(super) fn instant(seconds: Decimal) -> Option<Nanos> {
    let nanos = match seconds.at(9) {
        Some(nanos) => nanos,
        None => Nanos::try_from(seconds.attos() / i128::from(SECOND_NS)).ok()?,
    };
    (!seconds.is_negative() && nanos < TIME_LIMIT).then_some(nanos)
}

/// The same where there are more digits than a number has.
fn seconds_cut(text: &str) -> Option<Nanos> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let mut nanos = whole.parse::<Nanos>().ok()?.checked_mul(SECOND_NS)?;
    let mut unit = SECOND_NS;
    for byte in fraction.bytes().take(9) {
        unit /= 10;
        nanos = nanos.checked_add(Nanos::from(byte - b'0') * unit)?;
    }
    (nanos < TIME_LIMIT).then_some(nanos)
}

/// Decimal seconds of a frame.
pub(super) fn seconds_of(field: &'static str, text: &str) -> Result<Nanos, FrameError> {
    seconds(text).ok_or(FrameError::Time(field))
}

/// Milliseconds since 1970, or microseconds where the number is that large.
pub(super) fn epoch(field: &'static str, value: u64) -> Result<Nanos, FrameError> {
    let unit = if value < MICROS_FROM { 1_000_000 } else { 1_000 };
    let nanos = value.checked_mul(unit).and_then(|nanos| Nanos::try_from(nanos).ok());
    nanos.filter(|nanos| *nanos < TIME_LIMIT).ok_or(FrameError::Time(field))
}

/// Nanoseconds since 1970.
pub(super) fn nanos_of(field: &'static str, value: u64) -> Result<Nanos, FrameError> {
    let nanos = Nanos::try_from(value).ok();
    nanos.filter(|nanos| *nanos < TIME_LIMIT).ok_or(FrameError::Time(field))
}

/// RFC 3339.
pub(super) fn rfc3339(field: &'static str, text: &str) -> Result<Nanos, FrameError> {
    let general = || if text.contains('T') { time::parse(text) } else { None };
    let nanos = utc::parse(text).or_else(general);
    nanos.filter(|nanos| (0..TIME_LIMIT).contains(nanos)).ok_or(FrameError::Time(field))
}

/// A price, as it was written.
pub(super) fn price(field: DecimalField) -> Result<Decimal, FrameError> {
    field.0.map_err(|source| FrameError::Number { field: "price", source })
}

/// A quantity, not below zero.
pub(super) fn quantity(field: DecimalField) -> Result<Decimal, FrameError> {
    let qty = field.0.map_err(|source| FrameError::Number { field: "quantity", source })?;
    if qty.is_negative() { Err(FrameError::Value("quantity")) } else { Ok(qty) }
}

/// A traded quantity, above zero.
pub(super) fn traded(field: DecimalField) -> Result<Decimal, FrameError> {
    let qty = quantity(field)?;
    if qty.is_zero() { Err(FrameError::Value("quantity")) } else { Ok(qty) }
}

/// A trade's id as the venue writes it, of a length that the log takes.
pub(super) fn trade_id(text: &str) -> Result<CompactString, FrameError> {
    if text.is_empty() || TRADE_ID_BYTES_MAX < text.len() || text.contains('\0') {
        return Err(FrameError::Value("trade id"));
    }
    Ok(text.into())
}

/// A best bid or ask; a side without quantity or price is empty.
pub(super) fn side(at: DecimalField, qty: DecimalField) -> Result<Option<LevelChange>, FrameError> {
    let level = (price(at)?, quantity(qty)?);
    Ok((!level.0.is_zero() && !level.1.is_zero()).then_some(level))
}

/// Levels `[[price, quantity, …], …]`, numbers as strings or bare; what follows in a level is passed
/// over. A number that is wrong is remembered, not an error of the form.
#[derive(Debug, Default)]
pub(super) struct Levels {
    changes: Vec<LevelChange>,
    fault: Option<FrameError>,
}

impl Levels {
    #[cold]
    fn note(&mut self, wrong: Result<Decimal, FrameError>) {
        self.fault = self.fault.take().or(wrong.err());
    }

    /// The levels, in their order.
    pub fn changes(self) -> Result<Vec<LevelChange>, FrameError> {
        self.fault.map_or(Ok(self.changes), Err)
    }
}

impl<'de> Deserialize<'de> for Levels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(LevelsVisitor)
    }
}

/// Reads [`Levels`] from a list.
pub(super) struct LevelsVisitor;

impl<'de> Visitor<'de> for LevelsVisitor {
    type Value = Levels;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("levels")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Levels, A::Error> {
        let mut levels = Levels::default();
        while let Some(Decimals([at, qty])) = list.next_element()? {
            if let (DecimalField(Ok(price)), DecimalField(Ok(qty))) = (at, qty)
                && !qty.is_negative()
            {
                if levels.changes.is_empty() {
                    levels.changes.reserve(LEVELS_USUAL);
                }
                levels.changes.push((price, qty));
            } else {
                levels.note(price(at).and_then(|_| quantity(qty)));
            }
        }
        Ok(levels)
    }
}

/// The first cells of a row of decimals; what follows them is passed over.
pub(super) struct Decimals<const N: usize>(pub [DecimalField; N]);

impl<'de, const N: usize> Deserialize<'de> for Decimals<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_tuple_struct(ROW, N, DecimalsVisitor)
    }
}

struct DecimalsVisitor<const N: usize>;

impl<'de, const N: usize> Visitor<'de> for DecimalsVisitor<N> {
    type Value = Decimals<N>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "a row of {N} decimals")
    }

    #[inline]
    fn visit_bytes<E: de::Error>(self, row: &[u8]) -> Result<Self::Value, E> {
        let row = row_of(row);
        if row.len() < N {
            return Err(de::Error::invalid_length(row.len(), &self));
        }
        let mut cells = [ABSENT; N];
        for (cell, number) in cells.iter_mut().zip(row) {
            *cell = DecimalField(Ok(number));
        }
        Ok(Decimals(cells))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut cells = [ABSENT; N];
        for (count, cell) in cells.iter_mut().enumerate() {
            let next = list.next_element()?;
            *cell = next.ok_or_else(|| de::Error::invalid_length(count, &self))?;
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Decimals(cells))
    }
}

/// The text of a string or of a number; empty for anything else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Cell<'a>(pub Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Cell<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(PLAIN, CellVisitor)
    }
}

struct CellVisitor;

impl<'de> Visitor<'de> for CellVisitor {
    type Value = Cell<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a cell")
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cell(Cow::Borrowed(text)))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cell(Cow::Owned(text.to_owned())))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Cell(Cow::Owned(value.to_string())))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Cell(Cow::Owned(value.to_string())))
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Cell::default())
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Cell::default())
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(Cell::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut cells: A) -> Result<Self::Value, A::Error> {
        while cells.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Cell::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        Ok(Cell(number_text(&mut map)?.unwrap_or_default()))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<Self::Value, D::Error> {
        inner.deserialize_any(self)
    }
}

/// The text of a number, where that is what a map stands for: so serde_json hands it over (feature
/// `arbitrary_precision`). Any other map is passed over.
pub(super) fn number_text<'de, A: MapAccess<'de>>(
    map: &mut A,
) -> Result<Option<Cow<'de, str>>, A::Error> {
    let mut number = None;
    while let Some(Text(key)) = map.next_key()? {
        if key == NUMBER {
            number = Some(map.next_value::<Text<'de>>()?.0);
        } else {
            map.next_value::<IgnoredAny>()?;
        }
    }
    Ok(number)
}

/// A row of cells; empty where something else stands in its place.
#[derive(Clone, Debug, Default)]
pub(super) struct Row<'a>(Vec<Cell<'a>>);

impl<'a> Row<'a> {
    /// The cell at a place.
    pub fn cell(&self, at: usize) -> Option<&Cell<'a>> {
        self.0.get(at)
    }

    /// The text at a place; empty where there is none.
    pub fn text(&self, at: usize) -> &str {
        self.cell(at).map_or("", |cell| &cell.0)
    }

    /// The number at a place.
    pub fn number(&self, at: usize) -> DecimalField {
        DecimalField(Decimal::parse(self.text(at)))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Row<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RowVisitor)
    }
}

struct RowVisitor;

impl<'de> Visitor<'de> for RowVisitor {
    type Value = Row<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a row of cells")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut cells: A) -> Result<Self::Value, A::Error> {
        let mut row = Row(Vec::with_capacity(8));
        while row.0.len() < CELLS_MAX
            && let Some(cell) = cells.next_element()?
        {
            row.0.push(cell);
        }
        while cells.next_element::<IgnoredAny>()?.is_some() {}
        Ok(row)
    }

    fn visit_str<E: de::Error>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Row::default())
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Row::default())
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Row::default())
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Row::default())
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Row::default())
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(Row::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Row::default())
    }
}

/// The value of a URL's parameter.
pub(super) fn parameter<'a>(url: &'a str, name: &str) -> Option<&'a str> {
    let (_, query) = url.split_once('?')?;
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_exact_to_the_nanosecond() {
        assert_eq!(seconds("1762795433.9717445"), Some(1_762_795_433_971_744_500));
        assert_eq!(seconds("1618678134"), Some(1_618_678_134_000_000_000));
        assert_eq!(seconds("0.0000000019"), Some(1));
        for text in ["", ".", "-1", "1e9", "1.2.3", "1.x", "4611686018427387904", "9999999999999"] {
            assert_eq!(seconds(text), None, "{text:?}");
        }
        assert_eq!(epoch("E", 1_723_161_255_208).unwrap(), 1_723_161_255_208_000_000);
        assert_eq!(epoch("E", 1_723_161_255_208_001).unwrap(), 1_723_161_255_208_001_000);
        assert!(epoch("E", u64::MAX).is_err());
    }

    #[test]
    fn cells_keep_the_text_of_numbers() {
        let row: Row<'_> = serde_json::from_str(r#"["1.50", 2.500, null, {"a":[1]}, 7]"#).unwrap();

        assert_eq!([0, 1, 2, 3, 4, 5].map(|at| row.text(at)), ["1.50", "2.500", "", "", "7", ""]);
        assert_eq!(row.number(1).0.unwrap().written_scale(), 3);
    }

    #[test]
    fn a_level_may_have_more_cells_but_not_fewer() {
        let levels: Levels = serde_json::from_str(r#"[["1","2",[]],["3.0",4]]"#).unwrap();
        assert_eq!(levels.changes().unwrap().len(), 2);
        assert!(serde_json::from_str::<Levels>(r#"[["1"]]"#).is_err());
        let levels: Levels = serde_json::from_str(r#"[["1","2"],["x","2"],["1","-2"]]"#).unwrap();
        assert!(matches!(levels.changes(), Err(FrameError::Number { field: "price", .. })));
    }
}
