//! The envelope of combined streams, `{"stream": "btcusdt@depth@100ms", "data": {…}}`, and what its
//! name says of the books in it.
//!
//! `@depth` is the whole book's changes. `@depth5`, `@depth10` and `@depth20` are the best levels of
//! it, each message all of them, though on futures they look like changes. `@rpiDepth` is another
//! book, with orders that only retail takers meet. Recorders write a REST snapshot as
//! `@depthSnapshot` (docs.tardis.dev, "Binance"), and as `"generated"` what else no stream brings.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::wire::borrowed::{self, Text};

/// What came in an envelope.
#[derive(Debug)]
pub(super) struct Enveloped<'a> {
    /// The stream's name; empty where there is none.
    stream: Cow<'a, str>,
    /// What the stream brought.
    pub data: &'a str,
}

/// What the books of a stream are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Channel {
    /// Changes of the whole book, where the name does not say otherwise.
    Changes,
    /// The best levels, all of them.
    Best,
    /// What REST answered.
    Whole,
    /// Another book.
    Apart,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    stream: Option<Text<'a>>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

impl Enveloped<'_> {
    /// What the stream's books are.
    pub fn channel(&self) -> Channel {
        let channel = self.stream.split_once('@').map_or("", |(_, channel)| channel);
        match channel.strip_prefix("depth").map(str::as_bytes) {
            Some([b'0'..=b'9', ..]) => Channel::Best,
            Some(b"Snapshot") => Channel::Whole,
            None if channel.starts_with("rpiDepth") => Channel::Apart,
            _ => Channel::Changes,
        }
    }

    /// The symbol of the stream, in capitals as messages write it.
    pub fn symbol(&self) -> String {
        let symbol = self.stream.split_once('@').map_or("", |(symbol, _)| symbol);
        symbol.to_ascii_uppercase()
    }
}

/// What stands in an envelope.
pub(super) fn unwrapped(text: &str) -> Option<Enveloped<'_>> {
    // As the venue writes it, no second reading is needed.
    if let Some(rest) = text.trim_ascii().strip_prefix(r#"{"stream":""#)
        && let Some((stream, rest)) = rest.split_once('"')
        && let Some(data) = rest.strip_prefix(r#","data":"#)
    {
        return Some(Enveloped { stream: stream.into(), data: data.strip_suffix('}')? });
    }
    enveloped_in(text)
}

/// The same, wherever it stands.
pub(super) fn enveloped_in(text: &str) -> Option<Enveloped<'_>> {
    let read = || borrowed::from_str::<Envelope<'_>>(text).ok();
    let Envelope { stream, data } = text.contains(r#""data""#).then(read)??;
    let stream = stream.map(|Text(stream)| stream).unwrap_or_default();
    data.map(|data| Enveloped { stream, data: data.get() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_streams_name_says_what_its_books_are() {
        for (stream, channel) in [
            ("btcusdt@depth", Channel::Changes),
            ("btcusdt@depth@100ms", Channel::Changes),
            ("btcusdt@depth@0ms", Channel::Changes),
            ("btcusdt@depth5", Channel::Best),
            ("btcusdt@depth10@500ms", Channel::Best),
            ("btcusdt@depth20@100ms", Channel::Best),
            ("btcusdt@depthSnapshot", Channel::Whole),
            ("btcusdt@rpiDepth@500ms", Channel::Apart),
            ("btcusdt", Channel::Changes),
        ] {
            let text = format!(r#"{{"stream":"{stream}","data":{{}}}}"#);
            let usual = unwrapped(&text).unwrap();
            assert_eq!((usual.channel(), usual.data), (channel, "{}"), "{stream}");
            let text = format!(r#"{{"generated":true,"data": {{}},"stream":"{stream}"}}"#);
            let other = unwrapped(&text).unwrap();
            assert_eq!((other.channel(), other.data), (channel, "{}"), "{stream}");
            assert_eq!(other.symbol(), if stream.contains('@') { "BTCUSDT" } else { "" });
        }
        assert!(unwrapped(r#"{"e":"trade"}"#).is_none());
    }
}
