//! Server messages of the JSON protocol; several make up one frame, an array.

use bytes::Bytes;
use serde_json::{Value, json};

use super::code::Code;
use super::command::CommandError;
use super::data::Exps;
use super::json::Object;

/// A run of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first change.
    pub first: u64,
    /// The last change.
    pub last: u64,
}

/// Where a message belongs.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The channel's name.
    pub channel: &'a str,
    /// The instrument's name.
    pub instrument: &'a str,
}

impl Place<'_> {
    fn open<'o>(&self, out: &'o mut String, op: &str) -> Object<'o> {
        let mut object = Object::open(out);
        object.plain("op", op);
        object.plain("channel", self.channel);
        object.text("instrument", self.instrument);
        object
    }
}

fn sealed(text: String) -> Bytes {
    Bytes::from(text.into_bytes())
}

/// A snapshot. `missed` is told on `trade` after a loss; its inner none is "unknown".
#[must_use]
pub fn snapshot(
    place: Place<'_>,
    (epoch, seq): (&str, u64),
    widened: Option<Exps>,
    missed: Option<Option<u64>>,
    data: impl FnOnce(&mut String),
) -> Bytes {
    let mut out = String::with_capacity(512);
    let mut object = place.open(&mut out, "snapshot");
    object.plain("epoch", epoch).integer("seq", seq);
    if let Some(exps) = widened {
        object.integer("price_exp", exps.price).integer("qty_exp", exps.qty);
    }
    match missed {
        Some(Some(count)) => {
            object.integer("missed", count);
        }
        Some(None) => object.key("missed").push_str("null"),
        None => {}
    }
    data(object.key("data"));
    object.close();
    sealed(out)
}

/// A delta; `conflated` where changes were merged because the receiver is slow.
#[must_use]
pub fn delta(
    place: Place<'_>,
    span: Span,
    conflated: bool,
    data: impl FnOnce(&mut String),
) -> Bytes {
    let mut out = String::with_capacity(256);
    let mut object = place.open(&mut out, "delta");
    object.integer("first", span.first).integer("last", span.last);
    if conflated {
        object.key("con").push_str("true");
    }
    data(object.key("data"));
    object.close();
    sealed(out)
}

/// Items of a lossless channel.
#[must_use]
pub fn event(place: Place<'_>, span: Span, data: impl FnOnce(&mut String)) -> Bytes {
    let mut out = String::with_capacity(256);
    let mut object = place.open(&mut out, "event");
    object.integer("first", span.first).integer("last", span.last);
    data(object.key("data"));
    object.close();
    sealed(out)
}

/// What the log did not cause.
#[must_use]
pub fn state(place: Place<'_>, state: &str) -> Bytes {
    let mut out = String::with_capacity(96);
    let mut object = place.open(&mut out, "state");
    object.plain("state", state);
    object.close();
    sealed(out)
}

/// The client goes on where it stood.
#[must_use]
pub fn resumed(place: Place<'_>, (epoch, seq): (&str, u64), state: Option<&str>) -> Bytes {
    let mut out = String::with_capacity(128);
    let mut object = place.open(&mut out, "resumed");
    object.plain("epoch", epoch).integer("seq", seq);
    match state {
        Some(state) => {
            object.plain("state", state);
        }
        None => object.key("state").push_str("null"),
    }
    object.close();
    sealed(out)
}

/// What one connection may do; told in `welcome`.
#[derive(Clone, Copy, Debug)]
pub struct Allowances {
    /// Subscriptions (a channel of an instrument each).
    pub subscriptions_max: usize,
    /// Bytes of one client frame.
    pub frame_bytes_max: usize,
    /// Client messages a second, sustained.
    pub messages_per_second: u32,
}

/// The first message.
#[must_use]
pub fn welcome(session: &str, now_us: i64, heartbeat_ms: u64, allowed: Allowances) -> Bytes {
    sealed(
        json!({
            "op": "welcome",
            "session": session,
            "server_time": now_us,
            "heartbeat_ms": heartbeat_ms,
            "limits": {
                "subscriptions_max": allowed.subscriptions_max,
                "frame_bytes_max": allowed.frame_bytes_max,
                "messages_per_second": allowed.messages_per_second,
            },
        })
        .to_string(),
    )
}

/// How one instrument of a `subscribe` went.
#[derive(Clone, Debug)]
pub enum Subscribed {
    /// Followed from here on.
    Ok {
        /// The number that stands for (channel, instrument).
        reference: u32,
        /// Its decimals.
        exps: Exps,
    },
    /// Refused by itself.
    Refused(Code, String),
}

/// The answer to `subscribe`.
#[must_use]
pub fn subscribed(
    id: &Value,
    channel: &str,
    tick_ms: u64,
    outcomes: &[(String, Subscribed)],
) -> Bytes {
    let (mut instruments, mut errors) = (serde_json::Map::new(), serde_json::Map::new());
    for (name, outcome) in outcomes {
        match outcome {
            Subscribed::Ok { reference, exps } => {
                let told = json!({
                    "ref": reference, "price_exp": exps.price, "qty_exp": exps.qty,
                });
                instruments.insert(name.clone(), told);
            }
            Subscribed::Refused(code, message) => {
                let told = json!({ "code": code.name(), "message": message });
                errors.insert(name.clone(), told);
            }
        }
    }
    sealed(
        json!({
            "op": "subscribed", "id": id, "channel": channel, "tick_ms": tick_ms,
            "instruments": instruments, "errors": errors,
        })
        .to_string(),
    )
}

/// The answer to `unsubscribe`.
#[must_use]
pub fn unsubscribed(id: &Value) -> Bytes {
    sealed(json!({ "op": "unsubscribed", "id": id }).to_string())
}

/// The answer to `ping`.
#[must_use]
pub fn pong(id: &Value, now_us: i64) -> Bytes {
    sealed(json!({ "op": "pong", "id": id, "server_time": now_us }).to_string())
}

/// The answer to what cannot be carried out.
#[must_use]
pub fn error(error: &CommandError) -> Bytes {
    sealed(
        json!({
            "op": "error", "id": error.id, "code": error.code.name(), "message": error.message,
        })
        .to_string(),
    )
}

/// The hub is there.
#[must_use]
pub fn heartbeat(now_us: i64) -> Bytes {
    sealed(json!({ "op": "heartbeat", "server_time": now_us }).to_string())
}

/// The hub is about to close.
#[must_use]
pub fn bye(reconnect_after_ms: u64) -> Bytes {
    sealed(json!({ "op": "bye", "reconnect_after_ms": reconnect_after_ms }).to_string())
}

/// One frame of several messages.
#[must_use]
pub fn frame(messages: &[Bytes]) -> String {
    let bytes: usize = messages.iter().map(|message| message.len() + 1).sum();
    let mut out = Vec::with_capacity(bytes + 2);
    out.push(b'[');
    for (nth, message) in messages.iter().enumerate() {
        if nth != 0 {
            out.push(b',');
        }
        out.extend_from_slice(message);
    }
    out.push(b']');
    // Every message was a String.
    String::from_utf8(out).unwrap_or_default()
}
