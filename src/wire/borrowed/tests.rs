//! What is read by borrowing is what serde_json reads.

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
        if fast::<IgnoredAny>(&text).is_some() {
            prop_assert!(serde_json::from_str::<IgnoredAny>(&text).is_ok(), "{}", text);
        }
    }
}
