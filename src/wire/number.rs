//! Numbers as they come in: taken by their text, never through binary floating point.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};

use super::borrowed::{NUMBER, Text};
use crate::domain::market::{Decimal, DecimalError, Nanos};

/// The latest time taken, exclusive: the year 2116.
pub const TIME_LIMIT: Nanos = 1 << 62;

/// A decimal, or why it is none; a wrong number is a value, so that its code can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecimalField(pub Result<Decimal, DecimalError>);

/// Nanoseconds since 1970 as an integer or a string of digits; none where it is out of range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeField(pub Option<Nanos>);

impl<'de> Deserialize<'de> for DecimalField {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor("a decimal")).map(|text| {
            Self(match text {
                Some(text) => Decimal::parse(&text),
                None => Err(DecimalError::Malformed),
            })
        })
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
        // How serde_json hands over the text of a number (feature arbitrary_precision).
        match map.next_key::<Text<'de>>()?.map(|key| key.0) {
            Some(key) if key == NUMBER => Ok(Some(map.next_value::<Text<'de>>()?.0)),
            _ => Err(de::Error::invalid_type(de::Unexpected::Map, &self)),
        }
    }
}
