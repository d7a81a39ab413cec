//! What clients send over the WebSocket.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::channel::{Channel, TickClass};
use super::code::Code;
use super::msgpack;

/// One request.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Follow instruments on a channel.
    Subscribe {
        /// The client's id, given back.
        id: Value,
        /// Which channel.
        channel: Channel,
        /// Names, as written.
        instruments: Vec<String>,
        /// How often.
        class: TickClass,
        /// Where the client stands.
        resume: BTreeMap<String, ResumePoint>,
    },
    /// Stop following.
    Unsubscribe {
        /// The client's id, given back.
        id: Value,
        /// Which channel.
        channel: Channel,
        /// Names, as written.
        instruments: Vec<String>,
    },
    /// Sign in.
    Auth {
        /// The client's id, given back.
        id: Value,
    },
    /// Are you there.
    Ping {
        /// The client's id, given back.
        id: Value,
    },
}

/// The last change a client has seen.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ResumePoint {
    /// The run of sequence numbers.
    pub epoch: String,
    /// The last of them seen.
    pub seq: u64,
}

/// A request that cannot be carried out, with the id it came with.
#[derive(Clone, Debug, PartialEq)]
pub struct CommandError {
    /// The client's id, null where none could be read.
    pub id: Value,
    /// The stable code.
    pub code: Code,
    /// For people.
    pub message: String,
}

#[derive(Deserialize)]
struct RawCommand {
    op: Option<String>,
    #[serde(default)]
    channel: Option<String>,
    #[serde(default)]
    instruments: Option<Vec<String>>,
    #[serde(default)]
    tick_ms: Option<u64>,
    #[serde(default)]
    resume: Option<BTreeMap<String, ResumePoint>>,
    #[serde(default)]
    token: Option<String>,
}

/// Reads a text frame: one message, or an array of them, each good or bad by itself.
///
/// # Errors
///
/// [`CommandError`] where the frame is not JSON at all.
pub fn decode_json(frame: &str) -> Result<Vec<Result<Command, CommandError>>, CommandError> {
    let value: Value = serde_json::from_str(frame).map_err(|error| CommandError {
        id: Value::Null,
        code: Code::BadRequest,
        message: format!("the frame is not JSON: {error}"),
    })?;
    Ok(commands_of(value))
}

/// Reads a binary frame: as [`decode_json`], in MessagePack with the JSON names.
///
/// # Errors
///
/// [`CommandError`] where the frame is not MessagePack at all.
pub fn decode_msgpack(frame: &[u8]) -> Result<Vec<Result<Command, CommandError>>, CommandError> {
    let value: Value = msgpack::read_whole(frame).map_err(|error| CommandError {
        id: Value::Null,
        code: Code::BadRequest,
        message: format!("the frame is not MessagePack with text keys: {error}"),
    })?;
    Ok(commands_of(value))
}

fn commands_of(value: Value) -> Vec<Result<Command, CommandError>> {
    match value {
        Value::Array(items) => items.into_iter().map(command_of).collect(),
        one => vec![command_of(one)],
    }
}

fn command_of(value: Value) -> Result<Command, CommandError> {
    let id = value.get("id").cloned().unwrap_or(Value::Null);
    let fail = |code: Code, message: String| CommandError { id: id.clone(), code, message };
    if !value.is_object() {
        return Err(fail(Code::BadRequest, "a message is an object".into()));
    }
    if !matches!(id, Value::Null | Value::Number(_) | Value::String(_)) {
        let message = "\"id\" is a number or a string".into();
        return Err(CommandError { id: Value::Null, code: Code::BadRequest, message });
    }
    let raw: RawCommand = serde_json::from_value(value)
        .map_err(|error| fail(Code::BadRequest, format!("a field has the wrong type: {error}")))?;
    let Some(op) = raw.op else {
        return Err(fail(Code::BadRequest, "\"op\" is missing".into()));
    };
    match op.as_str() {
        "subscribe" | "unsubscribe" => {
            let name = raw
                .channel
                .ok_or_else(|| fail(Code::BadRequest, "\"channel\" is missing".into()))?;
            let channel = name.parse().map_err(|()| {
                fail(Code::UnknownChannel, format!("there is no channel {name:?}"))
            })?;
            let instruments = raw
                .instruments
                .ok_or_else(|| fail(Code::BadRequest, "\"instruments\" is missing".into()))?;
            if op == "unsubscribe" {
                return Ok(Command::Unsubscribe { id, channel, instruments });
            }
            let class = raw.tick_ms.map_or(TickClass::DEFAULT, TickClass::at_least);
            let resume = raw.resume.unwrap_or_default();
            Ok(Command::Subscribe { id, channel, instruments, class, resume })
        }
        "auth" if raw.token.is_some() => Ok(Command::Auth { id }),
        "auth" => Err(fail(Code::BadRequest, "\"token\" is missing".into())),
        "ping" => Ok(Command::Ping { id }),
        other => Err(fail(Code::UnknownOp, format!("there is no op {other:?}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code_of(frame: &str) -> Code {
        match decode_json(frame) {
            Err(error) => error.code,
            Ok(list) => list.into_iter().find_map(Result::err).unwrap().code,
        }
    }

    #[test]
    fn a_frame_is_one_message_or_an_array_of_them() {
        let one = r#"{"op":"ping","id":1}"#;
        assert_eq!(decode_json(one).unwrap().len(), 1);
        assert_eq!(decode_json(&format!("[{one},{{}},{one}]")).unwrap().len(), 3);
    }

    #[test]
    fn each_fault_has_its_code_and_gives_the_id_back() {
        assert_eq!(code_of("nonsense"), Code::BadRequest);
        assert_eq!(code_of("7"), Code::BadRequest);
        assert_eq!(code_of(r#"{"op":"fly"}"#), Code::UnknownOp);
        assert_eq!(
            code_of(r#"{"op":"subscribe","channel":"book.0","instruments":[]}"#),
            Code::UnknownChannel
        );
        assert_eq!(code_of(r#"{"op":"subscribe","channel":"quote"}"#), Code::BadRequest);
        assert_eq!(
            code_of(r#"{"op":"subscribe","channel":"quote","instruments":[1]}"#),
            Code::BadRequest
        );
        let error = decode_json(r#"{"op":"fly","id":"x"}"#).unwrap().remove(0).unwrap_err();
        assert_eq!(error.id, Value::from("x"));
    }
}
