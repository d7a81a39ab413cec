//! Text fields that others wrote.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::ops::Deref;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// A text, borrowed where it can be. Bytes that happen to be one (`bin` in MessagePack) are not:
/// serde's own readers of text take those too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text<'a>(pub Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Text<'_> {
    fn borrow(&self) -> &str {
        self
    }
}

impl From<Text<'_>> for String {
    fn from(text: Text<'_>) -> Self {
        text.0.into_owned()
    }
}

impl<'a, 'de: 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a text")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Owned(text)))
    }
}

#[cfg(test)]
mod tests {
    use crate::wire::ingest::{self, IngestError};

    #[test]
    fn bytes_that_could_be_a_text_are_none() {
        let fields =
            [("type", "trade"), ("instrument", "SIM:A"), ("trade_id", "t"), ("aggressor", "buy")];
        for bytes in fields.map(|(name, _)| name) {
            let mut value = vec![0x87];
            for (name, text) in fields.iter().chain(&[("price", "1"), ("qty", "1")]) {
                rmp::encode::write_str(&mut value, name).unwrap();
                if *name == bytes {
                    rmp::encode::write_bin(&mut value, text.as_bytes()).unwrap();
                } else {
                    rmp::encode::write_str(&mut value, text).unwrap();
                }
            }
            rmp::encode::write_str(&mut value, "ts_event").unwrap();
            rmp::encode::write_uint(&mut value, 1).unwrap();
            let read = ingest::decode(Some(b"SIM:A"), None, &value, &mut Vec::new());
            assert_eq!(read, Err(IngestError::WrongType), "{bytes}");
        }
    }
}
