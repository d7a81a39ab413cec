//! Numbers as they come in: taken by their text, never through binary floating point.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::borrowed::{DECIMAL, NUMBER, PLAIN, Text};
use crate::domain::market::{Decimal, DecimalError, Nanos};

/// The latest time taken, exclusive: the year 2116.
pub const TIME_LIMIT: Nanos = 1 << 62;

/// A decimal, or why it is none; a wrong number is a value, so that its code can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecimalField(pub Result<Decimal, DecimalError>);

/// The same of senders that write small numbers with an exponent, as `5.0e-4`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScientificField(pub DecimalField);

/// Nanoseconds since 1970 as an integer or a string of digits; none where it is out of range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeField(pub Option<Nanos>);

impl<'de> Deserialize<'de> for DecimalField {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let field = deserializer.deserialize_newtype_struct(DECIMAL, UsualVisitor::<false>)?;
        Ok(Self(field))
    }
}

impl<'de> Deserialize<'de> for ScientificField {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let field = deserializer.deserialize_newtype_struct(DECIMAL, UsualVisitor::<true>)?;
        Ok(Self(DecimalField(field)))
    }
}

impl<'de> Deserialize<'de> for TimeField {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = deserializer.deserialize_any(TextVisitor("nanoseconds"))?;
        let digits = text.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        let time = digits.and_then(|digits| digits.parse::<Nanos>().ok());
        Ok(Self(time.filter(|time| *time < TIME_LIMIT)))
    }
}

/// Takes a decimal that was read on the way, or reads its text.
struct UsualVisitor<const SCIENTIFIC: bool>;

impl<'de, const SCIENTIFIC: bool> Visitor<'de> for UsualVisitor<SCIENTIFIC> {
    type Value = Result<Decimal, DecimalError>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        DecimalVisitor::<SCIENTIFIC>.expecting(out)
    }

    #[inline]
    fn visit_u128<E: de::Error>(self, bits: u128) -> Result<Self::Value, E> {
        Ok(Ok(Decimal::from_bits(bits)))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<Self::Value, D::Error> {
        inner.deserialize_newtype_struct(PLAIN, DecimalVisitor::<SCIENTIFIC>)
    }
}

/// Reads a text, with or without an exponent.
struct DecimalVisitor<const SCIENTIFIC: bool>;

impl<'de, const SCIENTIFIC: bool> Visitor<'de> for DecimalVisitor<SCIENTIFIC> {
    type Value = Result<Decimal, DecimalError>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a decimal as a string or a number")
    }

    #[inline]
    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(if SCIENTIFIC { Decimal::parse_scientific(text) } else { Decimal::parse(text) })
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Self::Value, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Self::Value, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Err(DecimalError::Malformed))
    }

    // What the log refuses by its type is a wrong number of a venue's, as any other.
    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Self::Value, E> {
        let wrong = || de::Error::invalid_type(de::Unexpected::Bool(value), &self);
        if SCIENTIFIC { Ok(Err(DecimalError::Malformed)) } else { Err(wrong()) }
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        let wrong = || de::Error::invalid_type(de::Unexpected::Unit, &self);
        if SCIENTIFIC { Ok(Err(DecimalError::Malformed)) } else { Err(wrong()) }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        if !SCIENTIFIC {
            return Err(de::Error::invalid_type(de::Unexpected::Seq, &self));
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Err(DecimalError::Malformed))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        match map.next_key::<Text<'de>>()?.map(|key| key.0) {
            Some(key) if key == NUMBER => return self.visit_str(&map.next_value::<Text<'de>>()?.0),
            _ if !SCIENTIFIC => return Err(de::Error::invalid_type(de::Unexpected::Map, &self)),
            Some(_) => drop(map.next_value::<IgnoredAny>()?),
            None => {}
        }
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Err(DecimalError::Malformed))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<Self::Value, D::Error> {
        inner.deserialize_any(self)
    }
}

/// The text of the number that a map stands for: so serde_json hands it over (feature
/// `arbitrary_precision`).
fn number_in<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Option<Cow<'de, str>>, A::Error> {
    match map.next_key::<Text<'de>>()?.map(|key| key.0) {
        Some(key) if key == NUMBER => Ok(Some(map.next_value::<Text<'de>>()?.0)),
        _ => Ok(None),
    }
}

/// The text of a string or a number; none for a binary floating point number.
struct TextVisitor(&'static str);

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} as a string or a number", self.0)
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(text)))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(text.to_owned())))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(value.to_string())))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(value.to_string())))
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let text = number_in(&mut map)?;
        text.map(Some).ok_or_else(|| de::Error::invalid_type(de::Unexpected::Map, &self))
    }
}
