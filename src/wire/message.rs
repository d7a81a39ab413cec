//! Server messages in both codecs; several make up one frame, an array.

use bytes::Bytes;
use serde_json::{Value, json};

use super::channel::Channel;
use super::code::Code;
use super::codec::Codec;
use super::command::CommandError;
use super::data::{BOOK_STATE, Data, Exps, QUOTE_STATE};
use super::fields::Fields;
use super::json::Object;
use super::packed::{self, Packed};

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
    /// The channel.
    pub channel: Channel,
    /// The channel's name.
    pub name: &'a str,
    /// The instrument's name.
    pub instrument: &'a str,
    /// The number that stands for both.
    pub reference: u32,
}

/// A message about a channel of an instrument.
pub enum Update<'a> {
    /// All of it.
    Snapshot {
        /// The run of sequence numbers.
        epoch: &'a str,
        /// The change it stands at.
        seq: u64,
        /// The decimals, where the receiver was told others.
        widened: Option<Exps>,
        /// Told on `trade` after a loss; its inner none is "unknown".
        missed: Option<Option<u64>>,
        /// What it tells.
        data: Data<'a>,
    },
    /// Changes.
    Delta {
        /// Which.
        span: Span,
        /// Whether changes were merged because the receiver is slow.
        conflated: bool,
        /// What they changed.
        data: Data<'a>,
    },
    /// Items of a lossless channel.
    Event {
        /// Which.
        span: Span,
        /// The items.
        data: Data<'a>,
    },
    /// The client goes on where it stood.
    Resumed {
        /// The run of sequence numbers.
        epoch: &'a str,
        /// The client's position.
        seq: u64,
        /// The channel's state, where it has one.
        state: Option<&'a str>,
    },
    /// What the log did not cause.
    State(&'a str),
}

/// Bits of MessagePack that mean the same on every channel.
const EPOCH: u8 = 16;
const PRICE_EXP: u8 = 17;
const QTY_EXP: u8 = 18;
const MISSED: u8 = 19;
const CONFLATED: u8 = 20;

impl Update<'_> {
    /// As bytes.
    #[must_use]
    pub fn encode(&self, codec: Codec, place: Place<'_>) -> Bytes {
        match codec {
            Codec::Json => self.json(place),
            Codec::MessagePack => self.packed(place),
        }
    }

    fn op(&self) -> (&'static str, u64) {
        match self {
            Self::Delta { .. } => ("delta", 16),
            Self::Event { .. } => ("event", 17),
            Self::Snapshot { .. } => ("snapshot", 18),
            Self::Resumed { .. } => ("resumed", 19),
            Self::State(_) => ("state", 20),
        }
    }

    fn json(&self, place: Place<'_>) -> Bytes {
        let mut out = String::with_capacity(256);
        let mut object = Object::open(&mut out);
        object.plain("op", self.op().0).plain("channel", place.name);
        object.text("instrument", place.instrument);
        match self {
            Self::Snapshot { epoch, seq, widened, missed, data } => {
                object.plain("epoch", epoch).integer("seq", *seq);
                if let Some(exps) = widened {
                    object.integer("price_exp", exps.price).integer("qty_exp", exps.qty);
                }
                match missed {
                    Some(Some(count)) => {
                        object.integer("missed", *count);
                    }
                    Some(None) => object.key("missed").push_str("null"),
                    None => {}
                }
                data.write_json(object.key("data"));
            }
            Self::Delta { span, conflated, data } => {
                object.integer("first", span.first).integer("last", span.last);
                if *conflated {
                    object.key("con").push_str("true");
                }
                data.write_json(object.key("data"));
            }
            Self::Event { span, data } => {
                object.integer("first", span.first).integer("last", span.last);
                data.write_json(object.key("data"));
            }
            Self::Resumed { epoch, seq, state } => {
                object.plain("epoch", epoch).integer("seq", *seq);
                match state {
                    Some(state) => {
                        object.plain("state", state);
                    }
                    None => object.key("state").push_str("null"),
                }
            }
            Self::State(state) => {
                object.plain("state", state);
            }
        }
        object.close();
        Bytes::from(out.into_bytes())
    }

    /// `[code, ref, last, count, mask, values…]`.
    fn packed(&self, place: Place<'_>) -> Bytes {
        let mut values = Packed::default();
        let (last, count) = match self {
            Self::Snapshot { epoch, seq, widened, missed, data } => {
                data.write_packed(&mut values);
                packed::text(values.value(EPOCH), epoch);
                if let Some(exps) = widened {
                    packed::uint(values.value(PRICE_EXP), u64::from(exps.price));
                    packed::uint(values.value(QTY_EXP), u64::from(exps.qty));
                }
                if let Some(missed) = missed {
                    let out = values.value(MISSED);
                    match missed {
                        Some(count) => packed::uint(out, *count),
                        None => packed::nil(out),
                    }
                }
                (Some(*seq), 0)
            }
            Self::Delta { span, conflated, data } => {
                data.write_packed(&mut values);
                if *conflated {
                    packed::any(values.value(CONFLATED), &Value::Bool(true));
                }
                (Some(span.last), span.last + 1 - span.first)
            }
            Self::Event { span, data } => {
                data.write_packed(&mut values);
                (Some(span.last), span.last + 1 - span.first)
            }
            Self::Resumed { epoch, seq, state } => {
                state.iter().for_each(|state| pack_state(&mut values, place.channel, state));
                packed::text(values.value(EPOCH), epoch);
                (Some(*seq), 0)
            }
            Self::State(state) => {
                pack_state(&mut values, place.channel, state);
                (None, 0)
            }
        };
        let mut out = Vec::with_capacity(64);
        values.close_into(&mut out, 4, |out| {
            packed::uint(out, self.op().1);
            packed::uint(out, u64::from(place.reference));
            match last {
                Some(last) => packed::uint(out, last),
                None => packed::nil(out),
            }
            packed::uint(out, count);
        });
        Bytes::from(out)
    }
}

/// Channels without a state have no bit for one.
fn pack_state(values: &mut Packed, channel: Channel, state: &str) {
    match channel {
        Channel::Quote => values.word(QUOTE_STATE, state),
        Channel::Book(_) => values.word(BOOK_STATE, state),
        Channel::Stats | Channel::Trade | Channel::Bars(_) => {}
    }
}

/// A message that is no channel's: `op` and the rest in JSON, `[code, map]` in MessagePack.
fn control(codec: Codec, (op, code): (&str, u64), mut rest: Value) -> Bytes {
    match codec {
        Codec::Json => {
            rest["op"] = op.into();
            Bytes::from(rest.to_string().into_bytes())
        }
        Codec::MessagePack => {
            let mut out = Vec::with_capacity(64);
            packed::array(&mut out, 2);
            packed::uint(&mut out, code);
            packed::any(&mut out, &rest);
            Bytes::from(out)
        }
    }
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
pub fn welcome(
    codec: Codec,
    session: &str,
    now_us: i64,
    heartbeat_ms: u64,
    allowed: Allowances,
) -> Bytes {
    let rest = json!({
        "session": session,
        "server_time": now_us,
        "heartbeat_ms": heartbeat_ms,
        "limits": {
            "subscriptions_max": allowed.subscriptions_max,
            "frame_bytes_max": allowed.frame_bytes_max,
            "messages_per_second": allowed.messages_per_second,
        },
    });
    control(codec, ("welcome", 1), rest)
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
    codec: Codec,
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
    let rest = json!({
        "id": id, "channel": channel, "tick_ms": tick_ms,
        "instruments": instruments, "errors": errors,
    });
    control(codec, ("subscribed", 2), rest)
}

/// The answer to `unsubscribe`.
#[must_use]
pub fn unsubscribed(codec: Codec, id: &Value) -> Bytes {
    control(codec, ("unsubscribed", 3), json!({ "id": id }))
}

/// The answer to `ping`.
#[must_use]
pub fn pong(codec: Codec, id: &Value, now_us: i64) -> Bytes {
    control(codec, ("pong", 4), json!({ "id": id, "server_time": now_us }))
}

/// The answer to what cannot be carried out.
#[must_use]
pub fn error(codec: Codec, error: &CommandError) -> Bytes {
    let rest = json!({ "id": error.id, "code": error.code.name(), "message": error.message });
    control(codec, ("error", 6), rest)
}

/// The hub is there.
#[must_use]
pub fn heartbeat(codec: Codec, now_us: i64) -> Bytes {
    control(codec, ("heartbeat", 7), json!({ "server_time": now_us }))
}

/// The hub is about to close.
#[must_use]
pub fn bye(codec: Codec, reconnect_after_ms: u64) -> Bytes {
    control(codec, ("bye", 8), json!({ "reconnect_after_ms": reconnect_after_ms }))
}

/// One text frame of several messages.
#[must_use]
pub fn json_frame(messages: &[Bytes]) -> String {
    let mut out = Vec::with_capacity(frame_bytes(messages));
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

/// One binary frame of several messages.
#[must_use]
pub fn packed_frame(messages: &[Bytes]) -> Bytes {
    let mut out = Vec::with_capacity(frame_bytes(messages));
    packed::array(&mut out, messages.len() as u32);
    messages.iter().for_each(|message| out.extend_from_slice(message));
    Bytes::from(out)
}

fn frame_bytes(messages: &[Bytes]) -> usize {
    messages.iter().map(|message| message.len() + 1).sum::<usize>() + 5
}
