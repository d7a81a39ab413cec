//! A REST body: `{"code", "data"}`.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::frame::{Digits, plain, time_of};
use crate::domain::market::Nanos;
use crate::feeds::venues::FrameError;
use crate::feeds::venues::reading::ABSENT;
use crate::wire::borrowed::{self, ROW, Text, row_of};
use crate::wire::number::{DecimalField, ScientificField};

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    code: Option<Text<'a>>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    msg: Option<&'a RawValue>,
}

/// A book.
#[derive(Debug, Deserialize)]
pub(super) struct Book<'a> {
    /// Of the futures: whose it is.
    #[serde(borrow)]
    pub symbol: Option<Text<'a>>,
    pub sequence: Option<Digits>,
    pub bids: Option<Vec<Level>>,
    pub asks: Option<Vec<Level>>,
    time: Option<Digits>,
    ts: Option<Digits>,
}

impl Book<'_> {
    /// Its time, where it has one.
    pub fn at(&self) -> Result<Option<Nanos>, FrameError> {
        time_of(self.time.or(self.ts))
    }
}

/// A level's price and its quantity; the futures' are bare numbers, small ones with an exponent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Level(pub DecimalField, pub DecimalField);

impl<'de> Deserialize<'de> for Level {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_tuple_struct(ROW, 2, LevelVisitor)
    }
}

struct LevelVisitor;

impl<'de> Visitor<'de> for LevelVisitor {
    type Value = Level;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a level")
    }

    fn visit_bytes<E: de::Error>(self, row: &[u8]) -> Result<Self::Value, E> {
        let mut row = row_of(row);
        let short = |count: usize| de::Error::invalid_length(count, &self);
        let at = row.next().ok_or_else(|| short(0))?;
        let qty = row.next().ok_or_else(|| short(1))?;
        Ok(Level(DecimalField(Ok(at)), DecimalField(Ok(qty))))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut cells = [ABSENT; 2];
        for (count, cell) in cells.iter_mut().enumerate() {
            let next = list.next_element::<ScientificField>()?;
            *cell = next.ok_or_else(|| de::Error::invalid_length(count, &self))?.0;
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Level(cells[0], cells[1]))
    }
}

/// The code of an answer that is as was asked.
const GOOD: &str = "200000";

/// A body that is a book.
#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    code: Text<'a>,
    #[serde(borrow)]
    data: Book<'a>,
}

/// Reads a body; none where it is no book.
pub(super) fn read(text: &str) -> Result<Option<Book<'_>>, FrameError> {
    // In one pass where it is one; what else it may be, or is wrong with it, is told below.
    if text.contains("\"bids\"")
        && let Ok(Answer { code, data }) = borrowed::from_str(text)
        && &*code == GOOD
        && data.bids.is_some()
    {
        return Ok(Some(data));
    }
    let body: Body<'_> = borrowed::from_str(text)?;
    match body.code.as_deref() {
        Some(GOOD) => {}
        Some(code) => {
            let message = body.msg.map(plain).unwrap_or_default();
            return Err(FrameError::Venue(format!("{code} {message}")));
        }
        None => return Err(FrameError::Shape("no code")),
    }
    let Some(raw) = body.data.filter(|raw| raw.get().contains("\"bids\"")) else { return Ok(None) };
    Ok(Some(borrowed::from_str(raw.get())?))
}
