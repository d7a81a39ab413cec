//! JSON read by borrowing, for venues' frames: strings without escapes and the text of numbers are
//! slices of the frame.
//!
//! It takes what serde_json takes, and gives the same, but for what frames rarely have: an escape in
//! a string makes it give up, and serde_json decides; that one alone says why a text is refused.
//! Numbers are handed over by their text, as serde_json does with `arbitrary_precision`.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

/// The name under which serde_json hands over the text of a number.
pub(crate) const NUMBER: &str = "$serde_json::private::Number";
/// The name under which serde_json hands over the text of any value.
const RAW: &str = "$serde_json::private::RawValue";
/// Lists and objects within one another; serde_json's limit.
const DEPTH_MAX: u8 = 128;

/// Reads a value.
///
/// # Errors
///
/// serde_json's, where the text is not JSON or not of the form of `T`.
pub fn from_str<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, serde_json::Error> {
    let mut reader = Reader { text, bytes: text.as_bytes(), at: 0, depth: 0 };
    let value = T::deserialize(&mut reader);
    match value {
        Ok(value) if reader.is_at_end() => Ok(value),
        _ => serde_json::from_str(text),
    }
}

/// Reads a value as `seed` says.
///
/// # Errors
///
/// As [`from_str`].
pub fn from_str_seed<'a, S: DeserializeSeed<'a> + Copy>(
    text: &'a str,
    seed: S,
) -> Result<S::Value, serde_json::Error> {
    let mut reader = Reader { text, bytes: text.as_bytes(), at: 0, depth: 0 };
    match seed.deserialize(&mut reader) {
        Ok(value) if reader.is_at_end() => Ok(value),
        _ => {
            let mut general = serde_json::Deserializer::from_str(text);
            let value = seed.deserialize(&mut general)?;
            general.end().map(|()| value)
        }
    }
}

/// A string, borrowed where it can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text<'a>(pub Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    #[inline]
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

    #[inline]
    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }
}

/// Something this reader leaves to serde_json.
#[derive(Debug)]
struct Unusual;

impl fmt::Display for Unusual {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("unusual")
    }
}

impl std::error::Error for Unusual {}

impl de::Error for Unusual {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }

    fn invalid_type(_: de::Unexpected<'_>, _: &dyn de::Expected) -> Self {
        Self
    }

    fn invalid_value(_: de::Unexpected<'_>, _: &dyn de::Expected) -> Self {
        Self
    }

    fn missing_field(_: &'static str) -> Self {
        Self
    }

    fn duplicate_field(_: &'static str) -> Self {
        Self
    }
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    depth: u8,
}

type Read<T> = Result<T, Unusual>;

impl<'a> Reader<'a> {
    /// The next byte that is no blank; it stays.
    #[inline]
    fn peek(&mut self) -> Read<u8> {
        loop {
            match self.bytes.get(self.at) {
                Some(b' ' | b'\n' | b'\t' | b'\r') => self.at += 1,
                Some(byte) => return Ok(*byte),
                None => return Err(Unusual),
            }
        }
    }

    #[inline]
    fn eat(&mut self, wanted: u8) -> Read<()> {
        if self.peek()? == wanted {
            self.at += 1;
            Ok(())
        } else {
            Err(Unusual)
        }
    }

    fn is_at_end(&mut self) -> bool {
        self.peek().is_err()
    }

    /// A string without escapes.
    #[inline]
    fn string(&mut self) -> Read<&'a str> {
        self.eat(b'"')?;
        let start = self.at;
        loop {
            match self.bytes.get(self.at) {
                Some(b'"') => {
                    let text = self.text.get(start..self.at).ok_or(Unusual)?;
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\' | 0..=0x1f) | None => return Err(Unusual),
                Some(_) => self.at += 1,
            }
        }
    }

    fn digits(&mut self) -> Read<()> {
        let start = self.at;
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        if self.at == start { Err(Unusual) } else { Ok(()) }
    }

    /// The text of a number.
    #[inline]
    fn number(&mut self) -> Read<&'a str> {
        self.peek()?;
        let start = self.at;
        if self.bytes.get(self.at) == Some(&b'-') {
            self.at += 1;
        }
        if self.bytes.get(self.at) == Some(&b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.bytes.get(self.at) {
            self.at += 1;
            if let Some(b'+' | b'-') = self.bytes.get(self.at) {
                self.at += 1;
            }
            self.digits()?;
        }
        // What stands behind is looked at by who reads on: `01` is no number and then a digit.
        self.text.get(start..self.at).ok_or(Unusual)
    }

    fn word(&mut self, word: &str) -> Read<()> {
        self.peek()?;
        if self.bytes[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(())
        } else {
            Err(Unusual)
        }
    }

    /// Passes over a value.
    fn skip(&mut self) -> Read<()> {
        match self.peek()? {
            b'"' => self.string().map(drop),
            b'{' => {
                self.deeper()?;
                while self.has_next(b'}')? {
                    self.string()?;
                    self.eat(b':')?;
                    self.skip()?;
                }
                self.depth -= 1;
                Ok(())
            }
            b'[' => {
                self.deeper()?;
                while self.has_next(b']')? {
                    self.skip()?;
                }
                self.depth -= 1;
                Ok(())
            }
            b't' => self.word("true"),
            b'f' => self.word("false"),
            b'n' => self.word("null"),
            _ => self.number().map(drop),
        }
    }

    /// Opens a list or an object; its first byte was seen.
    #[inline]
    fn deeper(&mut self) -> Read<()> {
        self.at += 1;
        self.depth += 1;
        if self.depth < DEPTH_MAX { Ok(()) } else { Err(Unusual) }
    }

    /// Whether another element follows in a list or object that ends with `end`, whose end is then
    /// taken; a comma is taken where one must stand.
    #[inline]
    fn has_next(&mut self, end: u8) -> Read<bool> {
        // An opening bracket is the one thing behind which an element stands without a comma.
        let is_first = matches!(self.bytes[self.at - 1], b'[' | b'{');
        match self.peek()? {
            byte if byte == end => {
                self.at += 1;
                Ok(false)
            }
            b',' if !is_first => {
                self.at += 1;
                if self.peek()? == end { Err(Unusual) } else { Ok(true) }
            }
            _ if is_first => Ok(true),
            _ => Err(Unusual),
        }
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
    #[inline]
    fn finish(self) -> Read<()> {
        self.reader.depth -= 1;
        if self.is_over { Ok(()) } else { self.reader.eat(self.end) }
    }
}

impl<'de> SeqAccess<'de> for Elements<'_, 'de> {
    type Error = Unusual;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Read<Option<T::Value>> {
        if self.has_next()? { seed.deserialize(&mut *self.reader).map(Some) } else { Ok(None) }
    }
}

impl<'de> MapAccess<'de> for Elements<'_, 'de> {
    type Error = Unusual;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Read<Option<K::Value>> {
        if !self.has_next()? {
            return Ok(None);
        }
        let key = self.reader.string()?;
        seed.deserialize(BorrowedStrDeserializer::new(key)).map(Some)
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
    type Error = Unusual;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Read<Option<K::Value>> {
        let Some(name) = self.name.take() else { return Ok(None) };
        seed.deserialize(BorrowedStrDeserializer::new(name)).map(Some)
    }

    #[inline]
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Read<V::Value> {
        seed.deserialize(BorrowedStrDeserializer::new(self.text))
    }
}

macro_rules! integers {
    ($($method:ident $visit:ident $kind:ty,)*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
            let number: $kind = self.number()?.parse().map_err(|_| Unusual)?;
            visitor.$visit(number)
        }
    )*};
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Unusual;

    #[inline]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        match self.peek()? {
            b'"' => visitor.visit_borrowed_str(self.string()?),
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
        visitor.visit_borrowed_str(self.string()?)
    }

    #[inline]
    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        visitor.visit_borrowed_str(self.string()?)
    }

    #[inline]
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        visitor.visit_borrowed_str(self.string()?)
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

    #[inline]
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        if self.peek()? != b'[' {
            return Err(Unusual);
        }
        self.deeper()?;
        let mut elements = Elements { reader: self, end: b']', is_over: false };
        let value = visitor.visit_seq(&mut elements)?;
        elements.finish().map(|()| value)
    }

    #[inline]
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        if self.peek()? != b'{' {
            return Err(Unusual);
        }
        self.deeper()?;
        let mut elements = Elements { reader: self, end: b'}', is_over: false };
        let value = visitor.visit_map(&mut elements)?;
        elements.finish().map(|()| value)
    }

    #[inline]
    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Read<V::Value> {
        self.deserialize_seq(visitor)
    }

    #[inline]
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
        if name != RAW {
            return visitor.visit_newtype_struct(self);
        }
        self.peek()?;
        let start = self.at;
        self.skip()?;
        let text = self.text.get(start..self.at).ok_or(Unusual)?;
        visitor.visit_map(Disguised { name: Some(RAW), text })
    }

    #[inline]
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        self.skip()?;
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i128 u128 f32 f64 char bytes byte_buf unit unit_struct tuple_struct enum
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;
    use serde_json::value::RawValue;

    use super::*;

    fn fast<'a, T: Deserialize<'a>>(text: &'a str) -> Option<T> {
        let mut reader = Reader { text, bytes: text.as_bytes(), at: 0, depth: 0 };
        let value = T::deserialize(&mut reader).ok()?;
        reader.is_at_end().then_some(value)
    }

    const USUAL: [&str; 6] = [
        r#" {"a": [1, -2.50, 1e400, 0.0],"b":{"c":null,"d":true},"e":"x/y"} "#,
        "[]",
        "{}",
        r#"[[],{},"",[[{"a":[]}]]]"#,
        "12345678901234567890123.456",
        "false",
    ];

    #[test]
    fn what_frames_have_is_read_without_help() {
        for text in USUAL {
            let read: Value = fast(text).unwrap();
            assert_eq!(read, serde_json::from_str::<Value>(text).unwrap(), "{text}");
        }
        assert_eq!(fast::<(u8, &str)>(r#"[7,"x"]"#), Some((7, "x")));
        let raw: Vec<&RawValue> = fast(r#"[1.50,{"a":[2]},"x"]"#).unwrap();
        assert_eq!(
            raw.iter().map(|raw| raw.get()).collect::<Vec<_>>(),
            ["1.50", r#"{"a":[2]}"#, "\"x\""]
        );
    }

    #[test]
    fn what_is_unusual_is_left_to_serde_json() {
        assert_eq!(fast::<&str>(r#""a\nb""#), None);
        assert_eq!(from_str::<String>(r#""a\nb""#).unwrap(), "a\nb");
        for text in
            ["", "[1,]", "[1 2]", "01", "1.", "-", "{\"a\"}", "[", "nul", "[1]]", "\"a", "+1"]
        {
            assert!(fast::<Value>(text).is_none(), "{text}");
            assert!(from_str::<Value>(text).is_err(), "{text}");
        }
        assert!(fast::<(u8, u8)>("[1,2,3]").is_none());
        let deep = "[".repeat(1_000_000);
        assert!(fast::<de::IgnoredAny>(&deep).is_none());
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_what_serde_json_reads(
            text in prop::collection::vec(
                prop::sample::select(vec![
                    "{", "}", "[", "]", ",", ":", "\"a\"", "\"", "1", "0", "-", ".", "e5", " ",
                    "null", "true", "\\n", "\u{20ac}", "\u{1}", "\"b\":", "[1,2]", "{\"a\":1}",
                ]),
                0..14,
            ).prop_map(|parts| parts.concat()),
        ) {
            if let Some(read) = fast::<Value>(&text) {
                prop_assert_eq!(Some(read), serde_json::from_str(&text).ok(), "{}", text);
            }
            if fast::<de::IgnoredAny>(&text).is_some() {
                prop_assert!(serde_json::from_str::<de::IgnoredAny>(&text).is_ok(), "{}", text);
            }
        }
    }
}
