//! JSON read by borrowing, for venues' frames: strings without escapes and the text of numbers are
//! slices of the frame.
//!
//! What it takes it gives as serde_json does, numbers by their text as with `arbitrary_precision`. It
//! takes less: no floats and no variants with content, which frames' types here do not have, and
//! also in parts that are passed over no lone surrogates and no more than 127 levels. Why a text is
//! refused is serde_json's to say where it is no JSON.

mod scan;

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{
    self, Deserialize, DeserializeSeed, Deserializer, IgnoredAny, IntoDeserializer, MapAccess,
    SeqAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use self::scan::{BROKEN, Bits, Read, Reader, Unfit};
use crate::domain::market::Decimal;

/// The name under which serde_json hands over the text of a number.
pub(crate) const NUMBER: &str = "$serde_json::private::Number";
/// The name under which serde_json hands over the text of any value.
const RAW: &str = "$serde_json::private::RawValue";
/// The name under which a string and a number are both wanted as their text; other readers than this
/// one hand them over as what they are.
pub(crate) const PLAIN: &str = "$tickwire::plain";
/// The name under which a decimal is wanted: a usual one is handed over as the `u128` of
/// [`Decimal::to_bits`](crate::domain::market::Decimal), any other value as what the name stands for.
pub(crate) const DECIMAL: &str = "$tickwire::decimal";
/// The name under which a row of decimals is wanted, of a tuple's length or less: a usual one, whose
/// cells [`row_of`] tells, is handed over as bytes; any other list as a list, and what is none as
/// what the name stands for. Cells beyond the length are passed over, as visitors of lists have to.
pub(crate) const ROW: &str = "$tickwire::row";
/// The longest such row.
const ROW_MAX: usize = 8;

/// The decimals of a row that was handed over as bytes.
#[inline]
pub(crate) fn row_of(bytes: &[u8]) -> impl ExactSizeIterator<Item = Decimal> {
    let (cells, _) = bytes.as_chunks::<{ size_of::<Bits>() }>();
    cells.iter().map(|cell| Decimal::from_bits(u128::from_le_bytes(*cell)))
}

/// Reads a value.
///
/// # Errors
///
/// Where the text is not JSON or not of the form of `T`.
pub fn from_str<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, serde_json::Error> {
    from_str_seed(text, PhantomData)
}

/// Reads a value as `seed` says.
///
/// # Errors
///
/// As [`from_str`].
pub fn from_str_seed<'a, S: DeserializeSeed<'a>>(
    text: &'a str,
    seed: S,
) -> Result<S::Value, serde_json::Error> {
    let mut reader = Reader::new(text);
    match seed.deserialize(&mut reader) {
        Ok(value) if reader.is_at_end() => Ok(value),
        Ok(_) => Err(why(text, de::Error::custom("trailing characters"))),
        Err(fault) => Err(why(text, fault)),
    }
}

/// The same where it is not asked why a text is refused.
pub fn accept_seed<'a, S: DeserializeSeed<'a>>(text: &'a str, seed: S) -> Option<S::Value> {
    let mut reader = Reader::new(text);
    let value = seed.deserialize(&mut reader).ok()?;
    reader.is_at_end().then_some(value)
}

/// What serde_json says of a text that is no JSON, else what the form asks for.
#[cold]
fn why(text: &str, fault: Unfit) -> serde_json::Error {
    match serde_json::from_str::<IgnoredAny>(text) {
        Err(error) => error,
        Ok(IgnoredAny) => de::Error::custom(fault),
    }
}

/// A string, borrowed where it can be; within an `Option` too, where serde copies a `Cow`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text<'a>(pub Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a string")
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }
}

/// A value of another kind than the form has there.
#[cold]
fn mismatch(expected: &dyn de::Expected) -> Unfit {
    de::Error::custom(format_args!("expected {expected}"))
}

impl fmt::Display for Unfit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.0.as_deref().unwrap_or_default())
    }
}

impl std::error::Error for Unfit {}

impl de::Error for Unfit {
    #[cold]
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(Some(message.to_string().into()))
    }
}

/// The elements of a list, or the fields of an object, and whether its end was taken.
struct Elements<'r, 'a> {
    reader: &'r mut Reader<'a>,
    end: u8,
    is_over: bool,
}

impl Elements<'_, '_> {
    #[inline]
    fn has_next(&mut self) -> Read<bool> {
        self.is_over = self.is_over || !self.reader.has_next(self.end)?;
        Ok(!self.is_over)
    }

    /// Takes the end, where the visitor did not ask up to it.
    fn finish(self) -> Read<()> {
        self.reader.depth -= 1;
        if self.is_over { Ok(()) } else { self.reader.eat(self.end) }
    }
}

impl<'de> SeqAccess<'de> for Elements<'_, 'de> {
    type Error = Unfit;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Read<Option<T::Value>> {
        if self.has_next()? { seed.deserialize(&mut *self.reader).map(Some) } else { Ok(None) }
    }
}

impl<'de> MapAccess<'de> for Elements<'_, 'de> {
    type Error = Unfit;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Read<Option<K::Value>> {
        if !self.has_next()? {
            return Ok(None);
        }
        match self.reader.string()? {
            Cow::Borrowed(key) => seed.deserialize(BorrowedStrDeserializer::new(key)),
            Cow::Owned(key) => seed.deserialize(key.into_deserializer()),
        }
        .map(Some)
    }

    #[inline]
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Read<V::Value> {
        self.reader.eat(b':')?;
        seed.deserialize(&mut *self.reader)
    }
}

/// A text in serde_json's disguise: an object of one field.
struct Disguised<'a> {
    name: Option<&'static str>,
    text: &'a str,
}

impl<'de> MapAccess<'de> for Disguised<'de> {
    type Error = Unfit;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Read<Option<K::Value>> {
        let Some(name) = self.name.take() else { return Ok(None) };
        seed.deserialize(BorrowedStrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Read<V::Value> {
        seed.deserialize(BorrowedStrDeserializer::new(self.text))
    }
}

macro_rules! integers {
    ($($method:ident $visit:ident $kind:ty,)*) => {$(
            fn $method<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
            match self.number().map(str::parse::<$kind>) {
                Ok(Ok(number)) => visitor.$visit(number),
                _ => Err(mismatch(&visitor)),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Unfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        match self.peek()? {
            b'"' => self.deserialize_str(visitor),
            b'{' => self.deserialize_map(visitor),
            b'[' => self.deserialize_seq(visitor),
            b't' => self.word("true").and_then(|()| visitor.visit_bool(true)),
            b'f' => self.word("false").and_then(|()| visitor.visit_bool(false)),
            b'n' => self.word("null").and_then(|()| visitor.visit_unit()),
            _ => {
                let text = self.number()?;
                visitor.visit_map(Disguised { name: Some(NUMBER), text })
            }
        }
    }

    integers! {
        deserialize_u8 visit_u8 u8,
        deserialize_u16 visit_u16 u16,
        deserialize_u32 visit_u32 u32,
        deserialize_u64 visit_u64 u64,
        deserialize_i8 visit_i8 i8,
        deserialize_i16 visit_i16 i16,
        deserialize_i32 visit_i32 i32,
        deserialize_i64 visit_i64 i64,
    }

    #[inline]
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        if self.peek()? != b'"' {
            return Err(mismatch(&visitor));
        }
        match self.string()? {
            Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
            Cow::Owned(text) => visitor.visit_string(text),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        self.deserialize_str(visitor)
    }

    #[inline]
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        self.deserialize_str(visitor)
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        if self.peek()? == b'n' {
            self.word("null")?;
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        if self.peek()? != b'[' {
            return Err(mismatch(&visitor));
        }
        self.deeper()?;
        let mut elements = Elements { reader: self, end: b']', is_over: false };
        let value = visitor.visit_seq(&mut elements)?;
        elements.finish().map(|()| value)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        if self.peek()? != b'{' {
            return Err(mismatch(&visitor));
        }
        self.deeper()?;
        let mut elements = Elements { reader: self, end: b'}', is_over: false };
        let value = visitor.visit_map(&mut elements)?;
        elements.finish().map(|()| value)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Read<V::Value> {
        self.deserialize_seq(visitor)
    }

    #[inline]
    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        len: usize,
        visitor: V,
    ) -> Read<V::Value> {
        if name != ROW {
            return self.deserialize_seq(visitor);
        }
        let mut cells = [Bits::default(); ROW_MAX];
        if let Some(count) = cells.get_mut(..len).and_then(|cells| self.row(cells)) {
            return visitor.visit_bytes(cells[..count].as_flattened());
        }
        match self.peek()? {
            b'[' => self.deserialize_seq(visitor),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Read<V::Value> {
        if self.peek()? == b'[' {
            self.deserialize_seq(visitor)
        } else {
            self.deserialize_map(visitor)
        }
    }

    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Read<V::Value> {
        if name == DECIMAL
            && let Some(number) = self.decimal()
        {
            return visitor.visit_u128(number.to_bits());
        }
        if name == PLAIN {
            return match self.peek()? {
                b'-' | b'0'..=b'9' => visitor.visit_borrowed_str(self.number()?),
                _ => self.deserialize_any(visitor),
            };
        }
        if name != RAW {
            return visitor.visit_newtype_struct(self);
        }
        self.peek()?;
        let start = self.at;
        self.skip()?;
        let text = self.text.get(start..self.at).ok_or(BROKEN)?;
        visitor.visit_map(Disguised { name: Some(RAW), text })
    }

    /// Only the name of a variant, without content.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Read<V::Value> {
        if self.peek()? != b'"' {
            return Err(mismatch(&visitor));
        }
        visitor.visit_enum(self.string()?.into_deserializer())
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        self.skip()?;
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i128 u128 f32 f64 char bytes byte_buf unit unit_struct
    }
}

#[cfg(test)]
mod tests;
