//! Levels that name their side in the row: `["buy", price, quantity, …]`.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, IgnoredAny, SeqAccess, Visitor};

use super::FrameError;
use super::reading::{price, quantity};
use crate::domain::market::LevelChange;
use crate::wire::number::DecimalField;

/// Bids and asks of rows, each in the rows' order, or the first fault in their numbers. What follows
/// a row's three cells is passed over.
#[derive(Debug)]
pub(super) struct Sides(pub Result<[Vec<LevelChange>; 2], FrameError>);

/// Rows of a side that room is made for at first: most changes have one.
const ROWS_USUAL: usize = 2;

/// Keeps the first fault.
#[cold]
fn note(fault: &mut Option<FrameError>, (at, qty): (DecimalField, DecimalField)) {
    *fault = fault.take().or_else(|| price(at).and_then(|_| quantity(qty)).err());
}

/// Whether a word means the buyers' side; none for a word that names no side.
pub(super) fn is_bid(word: &str) -> Option<bool> {
    match word {
        "buy" | "bid" => Some(true),
        "sell" | "ask" | "offer" => Some(false),
        _ => None,
    }
}

impl<'de> Deserialize<'de> for Sides {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(SidesVisitor)
    }
}

struct SidesVisitor;

impl<'de> Visitor<'de> for SidesVisitor {
    type Value = Sides;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("levels with their sides")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Sides, A::Error> {
        let mut sides = [Vec::new(), Vec::new()];
        let mut fault = None;
        while let Some(Row { is_bid, price: at, qty }) = rows.next_element()? {
            let side = &mut sides[usize::from(!is_bid)];
            if let (DecimalField(Ok(at)), DecimalField(Ok(qty))) = (at, qty)
                && !qty.is_negative()
            {
                if side.is_empty() {
                    *side = Vec::with_capacity(ROWS_USUAL);
                }
                side.push((at, qty));
            } else {
                note(&mut fault, (at, qty));
            }
        }
        Ok(Sides(fault.map_or(Ok(sides), Err)))
    }
}

struct Row {
    is_bid: bool,
    price: DecimalField,
    qty: DecimalField,
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
        out.write_str("a side, a price and a quantity")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut cells: A) -> Result<Row, A::Error> {
        let short = |count: usize| de::Error::invalid_length(count, &"three cells");
        let Word(is_bid) = cells.next_element()?.ok_or_else(|| short(0))?;
        let price = cells.next_element()?.ok_or_else(|| short(1))?;
        let qty = cells.next_element()?.ok_or_else(|| short(2))?;
        while cells.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Row { is_bid, price, qty })
    }
}

/// A side by its word.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word(pub bool);

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(WordVisitor)
    }
}

struct WordVisitor;

impl Visitor<'_> for WordVisitor {
    type Value = Word;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a side")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Word, E> {
        is_bid(text)
            .map(Word)
            .ok_or_else(|| de::Error::invalid_value(de::Unexpected::Str(text), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_go_to_their_sides_in_their_order() {
        let text = r#"[["buy","9.0","1"],["sell","9.5","0"],["buy","8.0","2",[]]]"#;
        let Sides(sides) = serde_json::from_str(text).unwrap();
        let [bids, asks] = sides.unwrap();

        assert_eq!(bids.iter().map(|(at, _)| at.to_string()).collect::<Vec<_>>(), ["9.0", "8.0"]);
        assert!(asks[0].1.is_zero());
        for text in [r#"[["up","1","1"]]"#, r#"[["buy","1"]]"#, r#"[[1,"1","1"]]"#] {
            assert!(serde_json::from_str::<Sides>(text).is_err(), "{text}");
        }
        let Sides(sides) = serde_json::from_str(r#"[["buy","1","-1"],["buy","x","1"]]"#).unwrap();
        assert!(matches!(sides, Err(FrameError::Value("quantity"))));
    }
}
