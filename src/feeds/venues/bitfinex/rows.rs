//! A list `[channel, data, …]` or `[channel, word, data, …]`, read in one pass: its data are one row
//! of numbers or rows of them, behind which numbers may stand.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, IgnoredAny, SeqAccess, Visitor};

use super::super::reading::{ABSENT, Cell};
use crate::wire::borrowed::{ROW, row_of};
use crate::wire::number::{DecimalField, ScientificField};

/// Cells of a row that are looked at: a candle's.
const CELLS_MAX: usize = 6;

/// The first cells of a row; malformed where there are fewer, and for what is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row(pub [DecimalField; CELLS_MAX]);

impl Default for Row {
    fn default() -> Self {
        Self([ABSENT; CELLS_MAX])
    }
}

/// A cell that is a whole number, not below zero.
pub(super) fn whole(cell: DecimalField) -> Option<u64> {
    cell.0.ok()?.at(0)?.try_into().ok()
}

/// What data say.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Data {
    /// One row.
    One(Row),
    /// Rows; none in an empty list.
    Many(Vec<Row>),
}

impl Data {
    /// The rows.
    pub fn rows(&self) -> &[Row] {
        match self {
            Self::One(row) => std::slice::from_ref(row),
            Self::Many(rows) => rows,
        }
    }
}

/// A whole list.
#[derive(Debug)]
pub(super) struct List {
    /// Its channel's number.
    pub channel: u64,
    /// The word before the data; empty where there is none.
    pub word: Word,
    /// The data; none behind words that have none.
    pub data: Option<Data>,
    /// The numbers behind the data, as far as they are some.
    pub tail: [Option<u64>; TAIL_MAX],
}

/// Numbers behind the data that are looked at: a sequence number and a time, behind a private one.
const TAIL_MAX: usize = 3;

/// The words that are known here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Word {
    /// None.
    #[default]
    Absent,
    /// A trade was executed.
    Executed,
    /// The same again, or of funding.
    Again,
    /// A checksum of the book, which is a bare number.
    Checksum,
    /// Nothing happened.
    Beat,
    /// A word that is not known here; nothing is said behind it.
    Other,
}

impl Word {
    fn of(text: &str) -> Self {
        match text {
            "te" => Self::Executed,
            "tu" | "fte" | "ftu" => Self::Again,
            "cs" => Self::Checksum,
            "hb" => Self::Beat,
            _ => Self::Other,
        }
    }
}

impl<'de> Deserialize<'de> for List {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ListVisitor)
    }
}

struct ListVisitor;

impl<'de> Visitor<'de> for ListVisitor {
    type Value = List;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a channel's number and data")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let short = |count: usize| de::Error::invalid_length(count, &"a channel and data");
        let channel = list.next_element()?.ok_or_else(|| short(0))?;
        let (mut word, mut data) = match list.next_element()?.ok_or_else(|| short(1))? {
            Second::Word(word) => (word, None),
            Second::Data(data) => (Word::Absent, Some(data)),
        };
        match word {
            Word::Absent | Word::Beat | Word::Other => {}
            Word::Checksum => {
                word = list.next_element::<IgnoredAny>()?.map_or(Word::Other, |_| word)
            }
            Word::Executed | Word::Again => match list.next_element()? {
                Some(told) => data = Some(told),
                None => word = Word::Other,
            },
        }
        let mut tail = [None; TAIL_MAX];
        for number in &mut tail {
            *number = list.next_element()?.and_then(|Cell(text)| text.parse().ok());
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(List { channel, word, data, tail })
    }
}

/// What stands behind the channel's number.
enum Second {
    Word(Word),
    Data(Data),
}

impl<'de> Deserialize<'de> for Second {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_tuple_struct(ROW, CELLS_MAX, SecondVisitor)
    }
}

struct SecondVisitor;

impl<'de> Visitor<'de> for SecondVisitor {
    type Value = Second;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a word or data")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<Self::Value, D::Error> {
        inner.deserialize_str(self)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Second::Word(Word::of(text)))
    }

    fn visit_bytes<E: de::Error>(self, row: &[u8]) -> Result<Self::Value, E> {
        DataVisitor.visit_bytes(row).map(Second::Data)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, cells: A) -> Result<Self::Value, A::Error> {
        DataVisitor.visit_seq(cells).map(Second::Data)
    }
}

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_tuple_struct(ROW, CELLS_MAX, DataVisitor)
    }
}

struct DataVisitor;

impl<'de> Visitor<'de> for DataVisitor {
    type Value = Data;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a row, or rows")
    }

    fn visit_bytes<E: de::Error>(self, row: &[u8]) -> Result<Self::Value, E> {
        Ok(Data::One(Row::of(row)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut row = Row::default();
        row.0[0] = match items.next_element()? {
            None => return Ok(Data::Many(Vec::new())),
            Some(Item::Cell(cell)) => cell,
            Some(Item::Row(first)) => {
                let mut rows = vec![first];
                while let Some(next) = items.next_element()? {
                    rows.push(next);
                }
                return Ok(Data::Many(rows));
            }
        };
        row.read(1, items).map(Data::One)
    }
}

impl Row {
    /// A usual one.
    fn of(bytes: &[u8]) -> Self {
        let mut row = Self::default();
        for (place, number) in row.0.iter_mut().zip(row_of(bytes)) {
            *place = DecimalField(Ok(number));
        }
        row
    }

    /// Reads the cells from `first` on.
    fn read<'de, A: SeqAccess<'de>>(
        mut self,
        first: usize,
        mut cells: A,
    ) -> Result<Self, A::Error> {
        for place in &mut self.0[first..] {
            match cells.next_element()? {
                Some(ScientificField(cell)) => *place = cell,
                None => return Ok(self),
            }
        }
        while cells.next_element::<IgnoredAny>()?.is_some() {}
        Ok(self)
    }
}

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_tuple_struct(ROW, CELLS_MAX, RowVisitor)
    }
}

struct RowVisitor;

impl<'de> Visitor<'de> for RowVisitor {
    type Value = Row;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a row")
    }

    fn visit_bytes<E: de::Error>(self, row: &[u8]) -> Result<Self::Value, E> {
        Ok(Row::of(row))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, cells: A) -> Result<Self::Value, A::Error> {
        Row::default().read(0, cells)
    }
}

/// The first element of data.
enum Item {
    Cell(DecimalField),
    Row(Row),
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_tuple_struct(ROW, CELLS_MAX, ItemVisitor)
    }
}

struct ItemVisitor;

impl<'de> Visitor<'de> for ItemVisitor {
    type Value = Item;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a cell or a row")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<Self::Value, D::Error> {
        ScientificField::deserialize(inner).map(|ScientificField(cell)| Item::Cell(cell))
    }

    fn visit_bytes<E: de::Error>(self, row: &[u8]) -> Result<Self::Value, E> {
        Ok(Item::Row(Row::of(row)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, cells: A) -> Result<Self::Value, A::Error> {
        RowVisitor.visit_seq(cells).map(Item::Row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::market::Decimal;
    use crate::wire::borrowed;

    fn read(text: &str) -> List {
        borrowed::from_str(text).unwrap()
    }

    fn row(cells: &[&str]) -> Row {
        let mut row = Row::default();
        for (place, text) in row.0.iter_mut().zip(cells) {
            *place = DecimalField(Decimal::parse_scientific(text));
        }
        row
    }

    #[test]
    fn a_list_has_a_word_or_not_and_numbers_behind_its_data() {
        for text in ["[17,[1.5,-2,30],86,1618677547161]", "[17, [1.5, -2,3e1],86,1618677547161 ]"] {
            let list = read(text);
            assert_eq!((list.channel, list.word), (17, Word::Absent));
            let Some(Data::One(Row([at, amount, count, ABSENT, ..]))) = list.data else {
                panic!("{list:?}")
            };
            assert_eq!([at, amount].map(|cell| cell.0.unwrap().to_string()), ["1.5", "-2"]);
            assert_eq!(whole(count), Some(30));
            assert_eq!(list.tail, [Some(86), Some(1_618_677_547_161), None]);
        }

        let list = read(r#"[17,"te",[1,2],5]"#);
        assert_eq!((list.word, list.tail[0]), (Word::Executed, Some(5)));
        assert_eq!(list.data, Some(Data::One(row(&["1", "2"]))));
        assert_eq!(read(r#"[17,"cs",-123,5]"#).word, Word::Checksum);
        assert_eq!(read(r#"[17,"hb",5]"#).tail[0], Some(5));
        assert_eq!(read(r#"[17,"new",{"a":[1]}]"#).word, Word::Other);
    }

    #[test]
    fn rows_are_one_or_many_and_as_long_as_they_are() {
        let text = "[1,[[1,2,3,4,5,6,7],[8,null,\"9\"],[2, 3],[4,[5],{\"a\":6,\"b\":[]},7,{}]]]";
        let data = read(text).data.unwrap();
        let wanted = [
            &["1", "2", "3", "4", "5", "6"][..],
            &["8", "", "9"],
            &["2", "3"],
            &["4", "", "", "7", ""],
        ];
        assert_eq!(data, Data::Many(wanted.map(row).to_vec()));
        assert_eq!(read("[1,[]]").data, Some(Data::Many(Vec::new())));
        for text in [
            "",
            "[]",
            "[1]",
            "[1,]",
            "[\"a\",[1]]",
            "[1,5]",
            "[1,[[1],2]]",
            "[1,[1]] 2",
            "[1,[1,2,]]",
            "[1,[01,2]]",
            "[1,[-01,2]]",
            "[1,[1,{]]",
        ] {
            assert!(borrowed::from_str::<List>(text).is_err(), "{text}");
        }
    }
}
