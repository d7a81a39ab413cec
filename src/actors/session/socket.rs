//! One WebSocket: reads commands, writes frames.
//!
//! One of the two files that name `actix_web_actors`. While its socket is full this actor does not
//! run at all, its timers included, which is why whoever watches it lives elsewhere (the shard).

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use actix::prelude::*;
use actix_web_actors::ws;
use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use serde_json::Value;

use super::shard::{Closed, Expect, Leave, Open, Shard};
use super::throttle::Throttle;
use crate::actors::registry::Registry;
use crate::actors::symbol::{Coming, Follow};
use crate::config::Limits;
use crate::domain::market::Instrument;
use crate::telemetry::metrics;
use crate::wire::channel::{Channel, TickClass};
use crate::wire::code::{CloseReason, Code};
use crate::wire::codec::Codec;
use crate::wire::command::{self, Command, CommandError, ResumePoint};
use crate::wire::message::{self, Allowances, Subscribed};

/// Refused messages in a row before the connection is closed.
const REFUSALS_MAX: u32 = 200;

/// In debug builds a ping with this id panics, so that tests can see what a panic of one session costs
/// the others: nothing.
const PROVOCATION: &str = "panic!";

/// Messages of one tick, to be written as one frame. An empty one only asks whether there is room.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Frame {
    /// In their order.
    pub messages: Vec<Bytes>,
    /// When they left the symbols' thread; none for what does not come from there.
    pub sent: Option<Instant>,
}

/// Time for a heartbeat.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Beat;

/// Close, for that reason.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct End(pub CloseReason);

/// The socket below a session: what can be known and done of it while the session stands still.
#[derive(Debug)]
pub struct SocketHandle {
    stream: Option<Arc<std::net::TcpStream>>,
    opened: Instant,
    heard_ms: AtomicU64,
}

impl SocketHandle {
    /// Of a connection, whose socket is shared.
    #[must_use]
    pub fn new(stream: Option<Arc<std::net::TcpStream>>) -> Self {
        Self { stream, opened: Instant::now(), heard_ms: AtomicU64::new(0) }
    }

    /// Ends the connection without a word.
    pub fn cut(&self) {
        if let Some(stream) = &self.stream
            && let Err(error) = stream.shutdown(std::net::Shutdown::Both)
        {
            tracing::debug!(%error, "cutting a socket");
        }
    }

    /// How long the client has said nothing.
    #[must_use]
    pub fn silence(&self) -> Duration {
        let heard = Duration::from_millis(self.heard_ms.load(Ordering::Relaxed));
        self.opened.elapsed().saturating_sub(heard)
    }

    fn hear(&self) {
        let now = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.heard_ms.store(now, Ordering::Relaxed);
    }
}

/// The actor that owns a WebSocket.
pub struct Session {
    number: u64,
    codec: Codec,
    shard_number: usize,
    shard: Addr<Shard>,
    registry: Arc<Registry>,
    limits: Limits,
    socket: Arc<SocketHandle>,
    subscriptions: HashMap<(Channel, Instrument), TickClass>,
    throttle: Throttle,
    refusals: u32,
    partial: Option<(bool, BytesMut)>,
    refused: bool,
}

impl Session {
    /// A session on the connection thread of that shard; a refused one says so and closes.
    #[must_use]
    pub fn new(
        (number, codec): (u64, Codec),
        (shard_number, shard): (usize, Addr<Shard>),
        registry: Arc<Registry>,
        limits: Limits,
        socket: Arc<SocketHandle>,
        refused: bool,
    ) -> Self {
        let throttle = Throttle::new(limits.messages_per_second, 0);
        Self {
            number,
            codec,
            shard_number,
            shard,
            registry,
            limits,
            socket,
            subscriptions: HashMap::new(),
            throttle,
            refusals: 0,
            partial: None,
            refused,
        }
    }

    fn take_text(&mut self, text: &str, ctx: &mut ws::WebsocketContext<Self>) {
        let read = match self.codec {
            Codec::Json => command::decode_json(text),
            Codec::MessagePack => Err(wrong_kind("a text frame on the MessagePack protocol")),
        };
        self.take_commands(read, ctx);
    }

    fn take_binary(&mut self, bytes: &[u8], ctx: &mut ws::WebsocketContext<Self>) {
        let read = match self.codec {
            Codec::MessagePack => command::decode_msgpack(bytes),
            Codec::Json => Err(wrong_kind("a binary frame on the JSON protocol")),
        };
        self.take_commands(read, ctx);
    }

    fn take_commands(
        &mut self,
        read: Result<Vec<Result<Command, CommandError>>, CommandError>,
        ctx: &mut ws::WebsocketContext<Self>,
    ) {
        match read {
            Ok(list) => {
                let mut answers = Vec::new();
                for item in list {
                    metrics().commands.inc();
                    let now_ms = u64::try_from(self.socket.opened.elapsed().as_millis());
                    let admitted = self.throttle.admit(now_ms.unwrap_or(u64::MAX));
                    match item {
                        _ if !admitted => {
                            let id = match &item {
                                Ok(command) => id_of(command).clone(),
                                Err(error) => error.id.clone(),
                            };
                            let message = "too many messages".into();
                            let code = Code::RateLimited;
                            answers.push(self.refusal(&CommandError { id, code, message }));
                        }
                        Ok(command) => {
                            self.refusals = 0;
                            // Answers go out before what the command brings about.
                            self.carry_out(command, &mut answers, ctx);
                        }
                        Err(error) => answers.push(self.refusal(&error)),
                    }
                }
                self.write(ctx, &answers);
            }
            Err(error) => {
                let answer = self.refusal(&error);
                self.write(ctx, &[answer]);
            }
        }
        if REFUSALS_MAX <= self.refusals {
            close(ctx, CloseReason::TooManyRequests);
        }
    }

    fn refusal(&mut self, error: &CommandError) -> Bytes {
        metrics().command_errors.inc();
        self.refusals += 1;
        message::error(self.codec, error)
    }

    fn carry_out(
        &mut self,
        command: Command,
        answers: &mut Vec<Bytes>,
        ctx: &mut ws::WebsocketContext<Self>,
    ) {
        match command {
            Command::Ping { id } if cfg!(debug_assertions) && id == PROVOCATION => {
                panic!("a provoked panic")
            }
            Command::Ping { id } => answers.push(message::pong(self.codec, &id, now_us())),
            Command::Auth { id } => {
                let message = "this hub has no sign-in: market data is open to all".into();
                let code = Code::Unavailable;
                answers.push(self.refusal(&CommandError { id, code, message }));
            }
            Command::Subscribe { id, channel, instruments, class, resume } => {
                let answer = self.subscribe(&id, channel, &instruments, class, resume);
                answers.push(answer);
            }
            Command::Unsubscribe { id, channel, instruments } => {
                self.write(ctx, &std::mem::take(answers));
                let mut topics = Vec::new();
                for name in instruments {
                    let Ok(name) = Instrument::parse(&name) else { continue };
                    if self.subscriptions.remove(&(channel, name.clone())).is_some() {
                        topics.push(self.registry.topic(&name, channel));
                    }
                }
                let answer = message::unsubscribed(self.codec, &id);
                self.shard.do_send(Leave { session: self.number, topics, answer });
            }
        }
    }

    fn subscribe(
        &mut self,
        id: &Value,
        channel: Channel,
        instruments: &[String],
        class: TickClass,
        mut resume: BTreeMap<String, ResumePoint>,
    ) -> Bytes {
        let mut outcomes: Vec<(String, Subscribed)> = Vec::with_capacity(instruments.len());
        let mut seen = HashSet::new();
        for text in instruments {
            if !seen.insert(text) {
                continue;
            }
            let outcome = self.follow(channel, text, class, resume.remove(text));
            outcomes.push((text.clone(), outcome));
        }
        let channel = channel.to_string();
        message::subscribed(self.codec, id, &channel, class.tick_ms(), &outcomes)
    }

    fn follow(
        &mut self,
        channel: Channel,
        text: &str,
        class: TickClass,
        resume: Option<ResumePoint>,
    ) -> Subscribed {
        let known = Instrument::parse(text).ok().and_then(|name| {
            let symbol = self.registry.symbol(&name)?;
            Some((name, symbol))
        });
        let Some((name, symbol)) = known else {
            let message = format!("nothing was ever heard of {text:?}");
            return Subscribed::Refused(Code::UnknownInstrument, message);
        };
        let key = (channel, name.clone());
        let before = self.subscriptions.get(&key).copied();
        if before.is_none() && self.limits.subscriptions_max <= self.subscriptions.len() {
            let message = format!("at most {} subscriptions", self.limits.subscriptions_max);
            return Subscribed::Refused(Code::TooManySubscriptions, message);
        }
        self.subscriptions.insert(key, class);
        let reference = self.registry.topic(&name, channel);
        let session = self.number;
        self.shard.do_send(Expect { session, class, topic: reference, instrument: name, channel });
        let coming = match (resume, before) {
            (Some(point), _) => Coming::Resumed(point),
            (None, Some(old)) if old != class => Coming::FromClass(old),
            (None, _) => Coming::Fresh,
        };
        let shard = self.shard_number;
        let exps = symbol.face.exps();
        let told = Some(exps);
        let codec = self.codec;
        symbol.addr.do_send(Follow { session, shard, channel, class, codec, coming, told });
        Subscribed::Ok { reference, exps }
    }

    /// Puts a message together from its fragments; none while it is not whole or is too long.
    fn fragment(
        &mut self,
        item: actix_http::ws::Item,
        ctx: &mut ws::WebsocketContext<Self>,
    ) -> Option<(bool, Bytes)> {
        use actix_http::ws::Item;
        let (mut message, whole) = match item {
            Item::FirstText(bytes) => ((true, BytesMut::from(&bytes[..])), false),
            Item::FirstBinary(bytes) => ((false, BytesMut::from(&bytes[..])), false),
            Item::Continue(bytes) | Item::Last(bytes) if self.partial.is_none() => {
                drop(bytes);
                close_code(ctx, ws::CloseCode::Protocol);
                return None;
            }
            Item::Continue(bytes) => (self.extended(&bytes), false),
            Item::Last(bytes) => (self.extended(&bytes), true),
        };
        if self.limits.frame_bytes_max < message.1.len() {
            self.partial = None;
            close_code(ctx, ws::CloseCode::Size);
            return None;
        }
        if whole {
            self.partial = None;
            return Some((message.0, message.1.split().freeze()));
        }
        self.partial = Some(message);
        None
    }

    fn extended(&mut self, bytes: &Bytes) -> (bool, BytesMut) {
        let (text, mut all) = self.partial.take().unwrap_or_default();
        all.extend_from_slice(bytes);
        (text, all)
    }

    /// Writes messages as one frame.
    fn write(&self, ctx: &mut ws::WebsocketContext<Self>, messages: &[Bytes]) {
        if messages.is_empty() {
            return;
        }
        match self.codec {
            Codec::Json => ctx.text(message::json_frame(messages)),
            Codec::MessagePack => ctx.binary(message::packed_frame(messages)),
        }
    }
}

fn wrong_kind(message: &str) -> CommandError {
    CommandError { id: Value::Null, code: Code::BadRequest, message: message.to_owned() }
}

fn id_of(command: &Command) -> &Value {
    match command {
        Command::Subscribe { id, .. }
        | Command::Unsubscribe { id, .. }
        | Command::Auth { id }
        | Command::Ping { id } => id,
    }
}

fn now_us() -> i64 {
    Timestamp::now().as_microsecond()
}

fn close(ctx: &mut ws::WebsocketContext<Session>, reason: CloseReason) {
    let code = ws::CloseCode::from(reason.code());
    ctx.close(Some(ws::CloseReason { code, description: Some(reason.name().to_owned()) }));
    ctx.stop();
}

fn close_code(ctx: &mut ws::WebsocketContext<Session>, code: ws::CloseCode) {
    ctx.close(Some(ws::CloseReason::from(code)));
    ctx.stop();
}

impl Drop for Session {
    fn drop(&mut self) {
        // Unwinding ends the connection's task, and nothing else; here is where that is seen.
        if std::thread::panicking() {
            metrics().session_panics.inc();
            tracing::error!(session = self.number, "a session panicked and ends");
        }
    }
}

impl Actor for Session {
    type Context = ws::WebsocketContext<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(self.limits.session_mailbox_frames);
        let allowed = Allowances {
            subscriptions_max: self.limits.subscriptions_max,
            frame_bytes_max: self.limits.frame_bytes_max,
            messages_per_second: self.limits.messages_per_second,
        };
        let name = format!("s{}", self.number);
        let heartbeat_ms = self.limits.heartbeat_ms;
        let welcome = message::welcome(self.codec, &name, now_us(), heartbeat_ms, allowed);
        self.write(ctx, &[welcome]);
        let address = ctx.address();
        self.shard.do_send(Open {
            session: self.number,
            codec: self.codec,
            frames: address.clone().recipient(),
            beats: address.clone().recipient(),
            end: address.recipient(),
            socket: self.socket.clone(),
        });
        if self.refused {
            close(ctx, CloseReason::TooMany);
        }
    }

    fn stopped(&mut self, _ctx: &mut Self::Context) {
        self.shard.do_send(Closed(self.number));
    }
}

impl StreamHandler<Result<ws::Message, ws::ProtocolError>> for Session {
    fn handle(&mut self, item: Result<ws::Message, ws::ProtocolError>, ctx: &mut Self::Context) {
        self.socket.hear();
        match item {
            Ok(ws::Message::Text(text)) => self.take_text(&text, ctx),
            Ok(ws::Message::Binary(bytes)) => self.take_binary(&bytes, ctx),
            Ok(ws::Message::Continuation(part)) => match self.fragment(part, ctx) {
                Some((true, bytes)) => match std::str::from_utf8(&bytes) {
                    Ok(text) => self.take_text(text, ctx),
                    Err(_) => close_code(ctx, ws::CloseCode::Invalid),
                },
                Some((false, bytes)) => self.take_binary(&bytes, ctx),
                None => {}
            },
            Ok(ws::Message::Ping(bytes)) => ctx.pong(&bytes),
            Ok(ws::Message::Pong(_) | ws::Message::Nop) => {}
            Ok(ws::Message::Close(reason)) => {
                ctx.close(reason);
                ctx.stop();
            }
            Err(ws::ProtocolError::Overflow) => close_code(ctx, ws::CloseCode::Size),
            // How a text that is not UTF-8 is reported.
            Err(ws::ProtocolError::Io(_)) => close_code(ctx, ws::CloseCode::Invalid),
            Err(error) => {
                tracing::debug!(session = self.number, %error, "a frame cannot be read");
                close_code(ctx, ws::CloseCode::Protocol);
            }
        }
    }
}

impl Handler<Frame> for Session {
    type Result = ();

    fn handle(&mut self, frame: Frame, ctx: &mut Self::Context) {
        self.write(ctx, &frame.messages);
        if let Some(sent) = frame.sent {
            metrics().stages.actor_to_socket.observe(sent.elapsed());
        }
    }
}

impl Handler<Beat> for Session {
    type Result = ();

    fn handle(&mut self, _: Beat, ctx: &mut Self::Context) {
        self.write(ctx, &[message::heartbeat(self.codec, now_us())]);
        ctx.ping(b"");
    }
}

impl Handler<End> for Session {
    type Result = ();

    fn handle(&mut self, End(reason): End, ctx: &mut Self::Context) {
        close(ctx, reason);
    }
}
