//! A list `[channel, data, …]` or `[channel, word, data, …]`, read in one pass: its data are one row
//! of numbers or rows of them, behind which numbers may stand.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::wire::borrowed::PLAIN;

/// Cells of a row that are looked at: a candle's.
const CELLS_MAX: usize = 6;

/// The first cells of a row, the text of each; empty where there are fewer, and for what is no
/// number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Row<'a>(pub [&'a str; CELLS_MAX]);

/// What data say.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Data<'a> {
    /// One row.
    One(Row<'a>),
    /// Rows; none in an empty list.
    Many(Vec<Row<'a>>),
}

impl<'a> Data<'a> {
    /// The rows.
    pub fn rows(&self) -> &[Row<'a>] {
        match self {
            Self::One(row) => std::slice::from_ref(row),
            Self::Many(rows) => rows,
        }
    }
}

/// A whole list.
#[derive(Debug)]
pub(super) struct List<'a> {
    /// Its channel's number.
    pub channel: u64,
    /// The word before the data; empty where there is none.
    pub word: Word,
    /// The data; none behind words that have none.
    pub data: Option<Data<'a>>,
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

impl<'de> Deserialize<'de> for List<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ListVisitor)
    }
}

struct ListVisitor;

impl<'de> Visitor<'de> for ListVisitor {
    type Value = List<'de>;

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
enum Second<'a> {
    Word(Word),
    Data(Data<'a>),
}

impl<'de> Deserialize<'de> for Second<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SecondVisitor)
    }
}

struct SecondVisitor;

impl<'de> Visitor<'de> for SecondVisitor {
    type Value = Second<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a word or data")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Second::Word(Word::of(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, cells: A) -> Result<Self::Value, A::Error> {
        DataVisitor.visit_seq(cells).map(Second::Data)
    }
}

impl<'de> Deserialize<'de> for Data<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(DataVisitor)
    }
}

struct DataVisitor;

impl<'de> Visitor<'de> for DataVisitor {
    type Value = Data<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a row, or rows")
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

impl<'de> Row<'de> {
    /// Reads the cells from `first` on.
    fn read<A: SeqAccess<'de>>(mut self, first: usize, mut cells: A) -> Result<Self, A::Error> {
        for place in &mut self.0[first..] {
            match cells.next_element()? {
                Some(Cell(text)) => *place = text,
                None => return Ok(self),
            }
        }
        while cells.next_element::<IgnoredAny>()?.is_some() {}
        Ok(self)
    }
}

impl<'de> Deserialize<'de> for Row<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(RowVisitor)
    }
}

struct RowVisitor;

impl<'de> Visitor<'de> for RowVisitor {
    type Value = Row<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a row")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, cells: A) -> Result<Self::Value, A::Error> {
        Row::default().read(0, cells)
    }
}

/// The text of a number or of a string without escapes; empty for anything else. Unlike the cells of
/// other venues it never owns its text, because a frame here is little but cells.
struct Cell<'a>(&'a str);

impl<'de> Deserialize<'de> for Cell<'de> {
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
        Ok(Cell(text))
    }

    /// A string with escapes is no number.
    fn visit_str<E: de::Error>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Cell(""))
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Cell(""))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(Cell(""))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut cells: A) -> Result<Self::Value, A::Error> {
        while cells.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Cell(""))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Cell(""))
    }
}

/// The first element of data.
enum Item<'a> {
    Cell(&'a str),
    Row(Row<'a>),
}

impl<'de> Deserialize<'de> for Item<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(PLAIN, ItemVisitor)
    }
}

impl<'a> From<Cell<'a>> for Item<'a> {
    fn from(Cell(text): Cell<'a>) -> Self {
        Self::Cell(text)
    }
}

struct ItemVisitor;

impl<'de> Visitor<'de> for ItemVisitor {
    type Value = Item<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a cell or a row")
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Item::Cell(text))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        CellVisitor.visit_str(text).map(Cell::into)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Self::Value, E> {
        CellVisitor.visit_bool(value).map(Cell::into)
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        CellVisitor.visit_unit().map(Cell::into)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, cells: A) -> Result<Self::Value, A::Error> {
        RowVisitor.visit_seq(cells).map(Item::Row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::borrowed;

    fn read(text: &str) -> List<'_> {
        borrowed::from_str(text).unwrap()
    }

    #[test]
    fn a_list_has_a_word_or_not_and_numbers_behind_its_data() {
        let list = read("[17,[1.5, -2,3e-7],86,1618677547161]");
        assert_eq!((list.channel, list.word), (17, Word::Absent));
        assert_eq!(list.data.unwrap().rows(), [Row(["1.5", "-2", "3e-7", "", "", ""])]);
        assert_eq!(list.tail, [Some(86), Some(1_618_677_547_161), None]);

        let list = read(r#"[17,"te",[1,2],5]"#);
        assert_eq!((list.word, list.tail[0]), (Word::Executed, Some(5)));
        assert_eq!(list.data.unwrap().rows()[0].0[..2], ["1", "2"]);
        assert_eq!(read(r#"[17,"cs",-123,5]"#).word, Word::Checksum);
        assert_eq!(read(r#"[17,"hb",5]"#).tail[0], Some(5));
        assert_eq!(read(r#"[17,"new",{"a":[1]}]"#).word, Word::Other);
    }

    #[test]
    fn rows_are_one_or_many_and_as_long_as_they_are() {
        let data = read("[1,[[1,2,3,4,5,6,7],[8,null,\"9\"]]]").data.unwrap();
        assert_eq!(
            data,
            Data::Many(vec![Row(["1", "2", "3", "4", "5", "6"]), Row(["8", "", "9", "", "", ""]),])
        );
        assert_eq!(read("[1,[]]").data, Some(Data::Many(Vec::new())));
        for text in ["", "[]", "[1]", "[1,]", "[\"a\",[1]]", "[1,5]", "[1,[[1],2]]", "[1,[1]] 2"] {
            assert!(borrowed::from_str::<List<'_>>(text).is_err(), "{text}");
        }
    }
}
