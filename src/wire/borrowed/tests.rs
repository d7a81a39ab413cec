//! What is read by borrowing is what serde_json reads.

use proptest::prelude::*;
use serde_json::Value;
use serde_json::value::RawValue;

use super::*;
use crate::wire::number::DecimalField;

fn fast<'a, T: Deserialize<'a>>(text: &'a str) -> Option<T> {
    accept_seed(text, PhantomData)
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
fn escapes_are_undone() {
    let text = r#"{"a\u0062":"x\n\"y\\","c":["\u20ac"]}"#;
    let read: Value = fast(text).unwrap();
    assert_eq!(read, serde_json::from_str::<Value>(text).unwrap());
    assert_eq!(fast::<&str>(r#""a\nb""#), None);
    assert_eq!(fast::<Text<'_>>(r#""a\nb""#).unwrap().0, "a\nb");
}

#[test]
fn what_is_no_json_or_has_another_form_is_refused_with_a_reason() {
    for text in ["", "[1,]", "[1 2]", "01", "1.", "-", "{\"a\"}", "[", "nul", "[1]]", "\"a", "+1"] {
        let general = serde_json::from_str::<IgnoredAny>(text).unwrap_err().to_string();
        assert_eq!(from_str::<Value>(text).unwrap_err().to_string(), general, "{text}");
    }
    assert!(fast::<(u8, u8)>("[1,2,3]").is_none());
    let error = from_str::<Vec<u8>>(r#"{"a":1}"#).unwrap_err().to_string();
    assert!(error.contains("expected a sequence"), "{error}");
    assert!(from_str::<u8>("1.5").unwrap_err().to_string().contains("expected u8"));
    let deep = "[".repeat(1_000_000);
    assert!(fast::<IgnoredAny>(&deep).is_none());
}

/// The first two cells of a row, handed over either way.
#[derive(Debug, PartialEq)]
struct Pair([String; 2]);

impl<'de> Deserialize<'de> for Pair {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Cells;
        impl<'de> Visitor<'de> for Cells {
            type Value = Pair;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("two cells")
            }

            fn visit_bytes<E: de::Error>(self, row: &[u8]) -> Result<Pair, E> {
                let mut cells = row_of(row).map(|cell| cell.to_string());
                let mut next = || cells.next().ok_or_else(|| E::custom("short"));
                Ok(Pair([next()?, next()?]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Pair, A::Error> {
                let mut next = || {
                    let DecimalField(cell) =
                        list.next_element()?.ok_or_else(|| de::Error::custom("short"))?;
                    cell.map(|cell| cell.to_string()).map_err(de::Error::custom)
                };
                let pair = [next()?, next()?];
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Pair(pair))
            }
        }
        deserializer.deserialize_tuple_struct(ROW, 2, Cells)
    }
}

#[test]
fn a_row_is_taken_in_one_pass_or_as_any_list() {
    for text in
        ["[\"1.50\",-2]", "[1.50, -2,{\"a\":[]},\"x\"]", "[ 1.50 ,\"-2\"]", "[1.50,-2,[[]],null]"]
    {
        let read: Pair = from_str(text).unwrap();
        assert_eq!(read.0, ["1.50", "-2"], "{text}");
    }
    for text in [
        "[1 2]",
        "[\"1\"\"2\"]",
        "[\"1",
        "[1,2",
        "[1,2,3,]",
        "[1,2,{\"a\":[}]",
        "[1,2,]",
        "[1]",
        "[]",
        "[01,2]",
        "[1,-]",
        "[1,2}",
        "[1,2]]",
        "{}",
        "[1,\"2]",
    ] {
        assert!(from_str::<Pair>(text).is_err(), "{text}");
    }
    let many = format!("[{}[1,2]]", "[1.5,2,3],".repeat(1_000));
    assert_eq!(from_str::<Vec<Pair>>(&many).unwrap().len(), 1_001);
    for (deep, is_read) in [(126, true), (127, false)] {
        let text = format!("[{}1,2{}]", "[".repeat(deep), "]".repeat(deep));
        assert_eq!(fast::<IgnoredAny>(&text).is_some(), is_read, "{deep}");
        let text = format!("[1,2,{}{}]", "[".repeat(deep), "]".repeat(deep));
        assert_eq!(fast::<Pair>(&text).is_some(), is_read, "{deep}");
    }
}

proptest! {
    #[test]
    fn a_row_is_what_serde_json_reads(
        text in prop::collection::vec(
            prop::sample::select(vec![
                "[", "]", ",", "1", "\"2.50\"", "-3", "0", ".5", "\"", " ", "e5", "null", "12345678.00000001", "[1]",
                "[\"7\",8", ",9]", "{\"a\":1}", "\"-0.10\",",
            ]),
            0..10,
        ).prop_map(|parts| parts.concat()),
    ) {
        prop_assert_eq!(fast::<Pair>(&text), serde_json::from_str::<Pair>(&text).ok(), "{}", text);
        let list = format!("[{text},[1,2]]");
        prop_assert_eq!(fast::<Vec<Pair>>(&list), serde_json::from_str::<Vec<Pair>>(&list).ok());
    }

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
        if fast::<IgnoredAny>(&text).is_some() {
            prop_assert!(serde_json::from_str::<IgnoredAny>(&text).is_ok(), "{}", text);
        }
    }
}
