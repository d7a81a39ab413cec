//! Clients that send what no client should: each gets its code, nobody else notices.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{Rng, RngExt, SeedableRng};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::hub::{Folded, TestHub};

const JSON: &str = "tickwire.v1.json";
const PACKED: &str = "tickwire.v1.msgpack";
const NAME: &str = "X:A";

/// A WebSocket client without manners: it sends any bytes.
struct Raw {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl Raw {
    async fn connect(hub: &TestHub, protocol: &str) -> Self {
        let address = hub.url("").trim_start_matches("http://").to_owned();
        let mut stream = TcpStream::connect(&address).await.unwrap();
        let request = format!(
            "GET /ws HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Sec-WebSocket-Protocol: {protocol}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut raw = Self { stream, unread: Vec::new() };
        let end = loop {
            if let Some(at) = raw.unread.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            assert!(raw.read_more().await, "no handshake");
        };
        assert!(raw.unread.starts_with(b"HTTP/1.1 101"));
        raw.unread.drain(..end);
        raw
    }

    async fn read_more(&mut self) -> bool {
        let mut chunk = [0; 65_536];
        let read = tokio::time::timeout(Duration::from_secs(10), self.stream.read(&mut chunk));
        let count = read.await.expect("an answer in time").unwrap_or(0);
        self.unread.extend_from_slice(&chunk[..count]);
        count != 0
    }

    /// The next server frame: its opcode and payload; none where the socket ended.
    async fn next(&mut self) -> Option<(u8, Vec<u8>)> {
        loop {
            if let Some((opcode, start, len)) = head_of(&self.unread)
                && start + len <= self.unread.len()
            {
                let payload = self.unread[start..start + len].to_vec();
                self.unread.drain(..start + len);
                return Some((opcode, payload));
            }
            if !self.read_more().await {
                return None;
            }
        }
    }

    /// Sends a frame; false where the socket is gone.
    async fn send(&mut self, first: u8, payload: &[u8]) -> bool {
        self.stream.write_all(&framed(first, payload)).await.is_ok()
    }

    /// The code that the hub closes with; none where it just ends.
    async fn closed(&mut self) -> Option<u16> {
        while let Some((opcode, payload)) = self.next().await {
            if opcode == 8 {
                return payload.first_chunk().map(|code| u16::from_be_bytes(*code));
            }
        }
        None
    }

    /// The codes of the next answer that is an error, one for each message refused.
    async fn refused(&mut self) -> Vec<String> {
        loop {
            let (opcode, payload) = self.next().await.expect("an answer, not an end");
            let frame: Value = match opcode {
                1 => serde_json::from_slice(&payload).unwrap(),
                2 => rmp_serde::from_slice(&payload).unwrap(),
                _ => continue,
            };
            let codes: Vec<String> = frame.as_array().unwrap().iter().filter_map(code_of).collect();
            if !codes.is_empty() {
                return codes;
            }
        }
    }
}

/// The code of an error in either codec.
fn code_of(message: &Value) -> Option<String> {
    let error = match message.as_array() {
        Some(parts) => (parts[0] == 6).then(|| parts[1].clone())?,
        None => (message["op"] == "error").then(|| message.clone())?,
    };
    error["code"].as_str().map(str::to_owned)
}

/// Opcode, where the payload starts, how long it is.
fn head_of(bytes: &[u8]) -> Option<(u8, usize, usize)> {
    let opcode = bytes.first()? & 0x0f;
    match bytes.get(1)? & 0x7f {
        126 => Some((opcode, 4, usize::from(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?])))),
        127 => {
            let length = u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?);
            Some((opcode, 10, usize::try_from(length).ok()?))
        }
        short => Some((opcode, 2, usize::from(short))),
    }
}

/// A client's frame: masked, with a mask of zeros.
fn framed(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![first];
    match payload.len() {
        len @ 0..126 => out.push(0x80 | len as u8),
        len @ 126..65_536 => {
            out.push(0x80 | 126);
            out.extend((len as u16).to_be_bytes());
        }
        len => {
            out.push(0x80 | 127);
            out.extend((len as u64).to_be_bytes());
        }
    }
    out.extend([0; 4]);
    out.extend_from_slice(payload);
    out
}

const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;

async fn hub_with_a_symbol(settings: &[(&str, &str)]) -> TestHub {
    let hub = TestHub::start(settings).await;
    hub.produce(NAME, &json!({"type": "heartbeat", "instrument": NAME, "ts_event": 1}));
    hub.flush();
    hub.until("the instrument is known", async || {
        Some(hub.get(&format!("/api/v1/quotes?instruments={NAME}")).await.0).filter(|at| *at == 200)
    })
    .await;
    hub
}

#[tokio::test]
async fn frames_that_cannot_be_read_at_all_close_with_their_code() {
    let hub = hub_with_a_symbol(&[("LIMITS__SESSIONS_MAX", "3")]).await;
    let long = vec![b' '; 65 * 1024];
    let half = vec![b' '; 40 * 1024];
    let cases: [(&str, Vec<Vec<u8>>, u16); 10] = [
        ("text that is not UTF-8", vec![framed(TEXT, &[0xff, 0xfe])], 1007),
        ("one frame that is too long", vec![framed(TEXT, &long)], 1009),
        ("fragments that are too long", vec![framed(0x01, &half), framed(0x80, &half)], 1009),
        ("a continuation of nothing", vec![framed(0x80, b"x")], 1002),
        ("an opcode that is reserved", vec![framed(0x83, b"x")], 1002),
        ("a text with a reserved bit", vec![framed(TEXT | 0x40, b"{}")], 1002),
        ("a binary with a reserved bit", vec![framed(0xa2, b"{}")], 1002),
        ("a ping with a reserved bit", vec![framed(0x99, b"")], 1002),
        ("a control frame in fragments", vec![framed(0x09, b"x")], 1002),
        ("a frame without a mask", vec![vec![TEXT, 0x02, b'{', b'}']], 1002),
    ];
    for (what, frames, code) in cases {
        let mut raw = Raw::connect(&hub, JSON).await;
        for frame in frames {
            raw.stream.write_all(&frame).await.unwrap();
        }
        assert_eq!(raw.closed().await, Some(code), "{what}");
    }
    let mut stubborn = Raw::connect(&hub, JSON).await;
    for _ in 0..200 {
        stubborn.send(TEXT, b"nonsense").await;
    }
    assert_eq!(stubborn.closed().await, Some(4029), "who is refused again and again");

    hub.until("the others have left", async || {
        (hub.metric("tickwire_sessions", "").await == 0).then_some(())
    })
    .await;
    let mut open = Vec::new();
    for _ in 0..3 {
        open.push(Raw::connect(&hub, JSON).await);
    }
    let mut fourth = Raw::connect(&hub, PACKED).await;
    assert_eq!(fourth.closed().await, Some(4009), "one more than there may be");
}

/// What is wrong with a request, and the code for it.
fn wrong_requests() -> Vec<(Value, &'static str)> {
    let mut cases = vec![
        (json!(7), "bad_request"),
        (json!("subscribe"), "bad_request"),
        (json!(null), "bad_request"),
        (json!(true), "bad_request"),
        (json!({}), "bad_request"),
        (json!({"op": 1}), "bad_request"),
        (json!({"op": null}), "bad_request"),
        (json!({"op": "Subscribe"}), "unknown_op"),
        (json!({"op": "order.new"}), "unknown_op"),
        (json!({"op": ""}), "unknown_op"),
        (json!({"op": "ping", "id": {}}), "bad_request"),
        (json!({"op": "ping", "id": [1]}), "bad_request"),
        (json!({"op": "auth"}), "bad_request"),
        (json!({"op": "auth", "token": 5}), "bad_request"),
        (json!({"op": "auth", "token": "x"}), "unavailable"),
    ];
    for channel in
        ["", "Quote", "book", "book.0", "book.01", "book.1001", "book.-1", "bars.2m", "orders"]
    {
        let request = json!({"op": "subscribe", "channel": channel, "instruments": [NAME]});
        cases.push((request, "unknown_channel"));
    }
    for op in ["subscribe", "unsubscribe"] {
        for (field, value) in [
            ("channel", json!(1)),
            ("channel", Value::Null),
            ("channel", json!(["quote"])),
            ("instruments", json!(NAME)),
            ("instruments", Value::Null),
            ("instruments", json!([1])),
            ("instruments", json!([[NAME]])),
            ("instruments", json!({NAME: 1})),
            ("tick_ms", json!("50")),
            ("tick_ms", json!(-1)),
            ("resume", json!([NAME])),
            ("resume", json!({NAME: 41})),
            ("resume", json!({NAME: {"epoch": "e"}})),
            ("resume", json!({NAME: {"epoch": 1, "seq": 1}})),
            ("resume", json!({NAME: {"epoch": "e", "seq": -1}})),
        ] {
            let mut request = json!({"op": op, "channel": "quote", "instruments": [NAME]});
            request[field] = value;
            cases.push((request, "bad_request"));
        }
    }
    cases
}

#[tokio::test]
async fn a_hundred_requests_that_are_wrong_get_their_codes_in_both_codecs() {
    let hub = hub_with_a_symbol(&[("LIMITS__MESSAGES_PER_SECOND", "1000")]).await;
    let cases = wrong_requests();
    let (mut text, mut packed) = (Raw::connect(&hub, JSON).await, Raw::connect(&hub, PACKED).await);
    for (request, code) in &cases {
        text.send(TEXT, request.to_string().as_bytes()).await;
        assert_eq!(text.refused().await, [*code], "{request}");
        let plain: serde_json::Value = serde_json::from_str(&request.to_string()).unwrap();
        packed.send(BINARY, &packed_of(&plain)).await;
        assert_eq!(packed.refused().await, [*code], "{request} as MessagePack");
        // What is right goes on beside it, and the count of refusals in a row begins anew.
        for (raw, first, ping) in [
            (&mut text, TEXT, br#"{"op":"ping"}"#.to_vec()),
            (&mut packed, BINARY, packed_of(&json!({"op": "ping"}))),
        ] {
            assert!(raw.send(first, &ping).await);
        }
    }
    let unreadable: [&[u8]; 12] = [
        b"",
        b"{",
        b"[",
        b"{\"op\":}",
        b"{\"op\":\"ping\"}x",
        b"nul",
        b"\"",
        b"[1,]",
        b"{'op':1}",
        b"\xc3\xa9",
        b"NaN",
        b"[{\"op\":\"ping\"}",
    ];
    for bytes in unreadable {
        text.send(TEXT, bytes).await;
        assert_eq!(text.refused().await, ["bad_request"], "{bytes:?}");
    }
    let unreadable: [&[u8]; 10] = [
        b"",
        b"\x81",
        b"\x81\xa2op",
        b"\xc1",
        b"\x81\x01\x02",
        b"\xc4\x02ab",
        b"\xd9",
        b"\xdd\xff\xff\xff\xff",
        b"\x81\xa2op\xa4ping\x01",
        b"\xc7\x01\x05x",
    ];
    for bytes in unreadable {
        packed.send(BINARY, bytes).await;
        assert_eq!(packed.refused().await, ["bad_request"], "{bytes:?}");
    }
    let deep_maps: Vec<u8> = [0x81, 0xa1, b'a'].repeat(2_000);
    for bytes in [vec![0x91; 3_000], deep_maps] {
        packed.send(BINARY, &bytes).await;
        assert_eq!(packed.refused().await, ["bad_request"], "nested too deep");
    }
    text.send(TEXT, "[".repeat(3_000).as_bytes()).await;
    assert_eq!(text.refused().await, ["bad_request"], "nested too deep");
    text.send(BINARY, b"\x81\xa2op\xa4ping").await;
    assert_eq!(text.refused().await, ["bad_request"]);
    packed.send(TEXT, br#"{"op":"ping"}"#).await;
    assert_eq!(packed.refused().await, ["bad_request"]);
    assert!(100 <= 2 * cases.len() + 24, "{} requests", 2 * cases.len() + 24);
}

/// MessagePack of plain JSON; every number here is an integer.
fn packed_of(value: &Value) -> Vec<u8> {
    match value {
        Value::Number(number) => rmp_serde::to_vec(&number.as_i64().unwrap()).unwrap(),
        Value::Array(items) => {
            let mut out = vec![0x90 | items.len() as u8];
            items.iter().for_each(|item| out.extend(packed_of(item)));
            out
        }
        Value::Object(map) => {
            let mut out = vec![0x80 | map.len() as u8];
            for (name, value) in map {
                out.extend(rmp_serde::to_vec(name).unwrap());
                out.extend(packed_of(value));
            }
            out
        }
        other => rmp_serde::to_vec(other).unwrap(),
    }
}

/// Anything at all, or something nearly right.
fn rubbish(random: &mut SmallRng) -> Vec<u8> {
    let mut bytes = match random.random_range(0..4) {
        0 => vec![0; random.random_range(1..300)],
        1 => framed(
            TEXT,
            br#"{"op":"subscribe","id":1,"channel":"quote","instruments":["SIM:ACME"]}"#,
        ),
        2 => framed(
            BINARY,
            &packed_of(
                &json!({"op": "subscribe", "channel": "trade", "instruments": ["SIM:ACME"]}),
            ),
        ),
        _ => framed([TEXT, BINARY, 0x01, 0x80, 0x89][random.random_range(0..5)], b"[{}]"),
    };
    let damage = if bytes.first() == Some(&0) { bytes.len() } else { random.random_range(0..4) };
    for _ in 0..damage {
        let at = random.random_range(0..bytes.len());
        bytes[at] = random.next_u32() as u8;
    }
    bytes
}

#[tokio::test]
async fn a_fuzzed_socket_costs_its_neighbour_nothing() {
    let hub = TestHub::start(&[]).await;
    hub.feed(&["sim", "--rate", "5000", "--instruments", "2", "--count", "50"]);
    hub.until("the instrument is known", async || {
        Some(hub.get("/api/v1/stats?instruments=SIM:ACME").await.0).filter(|status| *status == 200)
    })
    .await;
    let mut healthy = hub.connect().await;
    for channel in ["quote", "book.20", "trade"] {
        healthy.subscribe(channel, "SIM:ACME", 0).await;
    }
    let mut feed =
        hub.feed_in_background(&["sim", "--rate", "1500", "--instruments", "2", "--count", "9000"]);
    let fuzz = async {
        let mut random = SmallRng::seed_from_u64(7);
        for nth in 0..400 {
            let mut raw = Raw::connect(&hub, [JSON, PACKED][nth % 2]).await;
            for _ in 0..random.random_range(1..12) {
                if raw.stream.write_all(&rubbish(&mut random)).await.is_err() {
                    break;
                }
            }
        }
    };
    let mut folded: BTreeMap<String, Folded> = BTreeMap::new();
    let follow = async {
        let mut quiet = 0;
        while quiet < 10 {
            let frame =
                tokio::time::timeout(Duration::from_millis(200), healthy.take_frame()).await;
            assert!(frame.unwrap_or(true), "the neighbour is not closed");
            let before = folded.values().map(|known| known.seq).sum::<u64>();
            for message in healthy.messages.drain(..) {
                assert_ne!(message["op"], "error", "{message}");
                if let (Some(channel), true) =
                    (message["channel"].as_str(), message["op"] != "subscribed")
                {
                    folded.entry(channel.to_owned()).or_default().take(&message);
                }
            }
            let moved = before != folded.values().map(|known| known.seq).sum::<u64>();
            quiet = if moved || feed.try_wait().unwrap().is_none() { 0 } else { quiet + 1 };
        }
    };
    tokio::join!(fuzz, follow);
    assert!(feed.wait().unwrap().success());

    let (_, book) = hub.get("/api/v1/book?instrument=SIM:ACME&depth=20").await;
    assert_eq!(folded["book.20"].data["bids"], book["bids"]);
    assert_eq!(folded["book.20"].data["asks"], book["asks"]);
    assert_eq!(folded["trade"].missed, 0);
    hub.until("every fuzzed session is gone", async || {
        (hub.metric("tickwire_sessions", "").await == 1).then_some(())
    })
    .await;
    assert_eq!(hub.metric("tickwire_symbol_panics_total", "").await, 0);
}
