//! One open socket: what comes is taken, what is due is said, until it ends.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::clock::wall;
use super::connection::{Connection, stopped};
use super::followed::Now;
use super::outlet::Closed;
use super::pace::Pace;
use super::recovery::Deed;
use super::snapshot::RestError;
use crate::domain::market::Instrument;
use crate::feeds::venues::line::Heard;
use crate::feeds::venues::{Frame, FrameError};
use crate::telemetry::ReasonLabel;

/// How often is looked what is due.
const TICK: Duration = Duration::from_millis(50);

pub(super) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;
type Fetch = BoxFuture<'static, (Instrument, String, Result<String, RestError>)>;

/// In debug builds the text `panic in the feed!` panics, so that tests can see what that costs: its
/// connection, which says so and begins anew.
fn provoke(text: &str) {
    if cfg!(debug_assertions) {
        assert!(text != "panic in the feed!", "a provoked panic");
    }
}

/// Why a socket is not used any more.
#[derive(Debug)]
pub(super) enum End {
    /// The process was asked to end.
    Stopped,
    /// The log takes nothing any more.
    LogClosed,
    /// Another one is due; nothing is wrong.
    Planned(&'static str),
    /// It is no good: a word for metrics, and what is known.
    Lost(&'static str, String),
}

impl From<Closed> for End {
    fn from(_: Closed) -> Self {
        Self::LogClosed
    }
}

/// An open socket and what waits on it.
pub(super) struct Session<'a> {
    life: &'a mut Connection,
    socket: Socket,
    /// What the client has to say, paced.
    outbox: VecDeque<String>,
    pace: Pace,
    fetches: FuturesUnordered<Fetch>,
    opened: u64,
    heard: u64,
    pinged: u64,
    /// Whether the venue wants to hear of subscriptions.
    greeted: bool,
    is_closing: bool,
}

impl<'a> Session<'a> {
    /// Takes over a socket that was just opened.
    pub fn new(life: &'a mut Connection, socket: Socket) -> Self {
        let now = life.shared.clock.now();
        let greeted = !life.line.awaits_greeting();
        let outbox = if greeted { life.line.subscribe(&life.symbols).into() } else { [].into() };
        let pace = Pace::new(life.terms.messages_per_s, 1_000);
        let fetches = FuturesUnordered::new();
        let (opened, heard, pinged) = (now, now, now);
        let is_closing = false;
        Self { life, socket, outbox, pace, fetches, opened, heard, pinged, greeted, is_closing }
    }

    /// Works until it ends.
    pub async fn run(mut self, stop: &mut watch::Receiver<bool>) -> End {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut losses = self.life.shared.outlet.losses();
        // What was lost before was said at the end of the socket before.
        losses.mark_unchanged();
        loop {
            let step = tokio::select! {
                () = stopped(stop) => Err(End::Stopped),
                Ok(()) = losses.changed() => {
                    Err(End::Lost("log", "records did not reach the log".into()))
                }
                Some((instrument, url, answer)) = self.fetches.next() => {
                    self.fetched(&instrument, &url, answer).await
                }
                message = self.socket.next() => self.hear(message).await,
                _ = ticks.tick() => self.tick().await,
            };
            if let Err(end) = step {
                if matches!(end, End::Stopped | End::Planned(_)) {
                    let patience = self.life.patience();
                    // A courtesy: who does not take it is left without.
                    let _closed = timeout(patience.min(TICK * 20), self.socket.close(None)).await;
                }
                return end;
            }
        }
    }

    fn now(&self) -> Now {
        Now { ms: self.life.shared.clock.now(), wall: wall() }
    }

    async fn hear(&mut self, message: Option<Result<Message, SocketError>>) -> Result<(), End> {
        self.heard = self.life.shared.clock.now();
        match message {
            Some(Ok(Message::Text(text))) => self.take_text(text.as_str()).await,
            // Answered by the library.
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Ok(()),
            // KuCoin sends its texts so.
            Some(Ok(Message::Binary(bytes))) => match std::str::from_utf8(&bytes) {
                Ok(text) => self.take_text(text).await,
                Err(_) => {
                    self.life.shared.metrics.refused.inc();
                    let told = format!("a binary frame of {} bytes that is no text", bytes.len());
                    Err(End::Lost("binary", told))
                }
            },
            Some(Ok(Message::Close(frame))) => {
                let told = frame.map(|frame| format!("{} {}", frame.code, frame.reason));
                Err(End::Lost("closed", told.unwrap_or_else(|| "the venue closed".into())))
            }
            None => Err(End::Lost("closed", "the venue closed".into())),
            Some(Err(error)) => {
                let reason = match &error {
                    SocketError::Capacity(_) => "oversized",
                    SocketError::Utf8(_) => "not_text",
                    _ => "error",
                };
                if reason != "error" {
                    self.life.shared.metrics.refused.inc();
                }
                Err(End::Lost(reason, error.to_string()))
            }
        }
    }

    async fn take_text(&mut self, text: &str) -> Result<(), End> {
        provoke(text);
        let metrics = &self.life.shared.metrics;
        metrics.frames.inc();
        metrics.frame_bytes.inc_by(text.len() as u64);
        match self.life.line.hear(text) {
            Heard::Data => {}
            Heard::Answer(answer) => self.outbox.push_front(answer),
            Heard::Closing => self.is_closing = true,
        }
        if !self.greeted {
            self.greeted = true;
            self.outbox.extend(self.life.line.subscribe(&self.life.symbols));
        }
        let now = self.now();
        let mut events = std::mem::take(&mut self.life.events);
        let outcome = self.life.adapter.take(Frame::Message(text), now.wall, &mut events);
        let records = self.life.followed.take(&mut events, now);
        self.life.events = events;
        self.life.shared.outlet.send_all(records).await?;
        match outcome {
            Ok(()) => Ok(()),
            Err(FrameError::Venue(words)) => {
                self.life.venue_refused(words);
                Ok(())
            }
            Err(error) => {
                self.life.shared.metrics.refused.inc();
                let venue = self.life.shared.venue.name;
                let begin: String = text.chars().take(120).collect();
                let records = self.life.followed.refuse(text, &error, now);
                if records.is_empty() {
                    tracing::debug!(venue, %error, begin, "a frame was passed over");
                } else {
                    tracing::warn!(venue, %error, begin, "a frame could not be understood");
                }
                Ok(self.life.shared.outlet.send_all(records).await?)
            }
        }
    }

    async fn fetched(
        &mut self,
        instrument: &Instrument,
        url: &str,
        answer: Result<String, RestError>,
    ) -> Result<(), End> {
        let now = self.now();
        let counted = |reason: &'static str| {
            let label = ReasonLabel { reason };
            self.life.shared.metrics.snapshots.get_or_create_owned(&label).inc();
        };
        let body = match answer {
            Ok(body) => body,
            Err(error) => {
                counted(error.name());
                self.life.followed.fetch_failed(instrument, now.ms);
                self.life.told_once(format!("{instrument}: no snapshot: {error}"));
                return Ok(());
            }
        };
        let mut events = std::mem::take(&mut self.life.events);
        let frame = Frame::Response { url: Some(url), body: &body };
        let outcome = self.life.adapter.take(frame, now.wall, &mut events);
        counted(if outcome.is_ok() { "taken" } else { "refused" });
        let records = self.life.followed.take(&mut events, now);
        self.life.events = events;
        self.life.shared.outlet.send_all(records).await?;
        self.life.followed.fetched(instrument, now.ms);
        if let Err(error) = outcome {
            self.life.told_once(format!("{instrument}: the snapshot cannot be taken: {error}"));
        }
        Ok(())
    }

    async fn tick(&mut self) -> Result<(), End> {
        let now = self.now();
        let silence = self.life.silence_max_ms();
        if self.heard.saturating_add(silence) <= now.ms {
            return Err(End::Lost("silence", format!("nothing came for {silence} ms")));
        }
        if self.is_closing {
            return Err(End::Planned("closing"));
        }
        let open_ms = now.ms - self.opened;
        let lifetimes = [self.life.terms.lifetime_ms, self.life.shared.live.lifetime_max_ms];
        if lifetimes.into_iter().flatten().any(|lifetime| lifetime <= open_ms) {
            return Err(End::Planned("lifetime"));
        }
        let records = self.life.followed.tick(now);
        self.life.shared.outlet.send_all(records).await?;
        if self.outbox.is_empty() && self.greeted {
            // What was not said yet cannot have been answered.
            self.life.followed.expire(now.ms);
        }
        // One by one: from when it is said the venue has its time to answer.
        while self.recover(now.ms)? {
            self.say().await?;
        }
        let ping_every_ms = self.life.terms.ping_every_ms;
        if ping_every_ms.is_some_and(|every| self.pinged.saturating_add(every) <= now.ms) {
            self.pinged = now.ms;
            self.outbox.extend(self.life.line.ping());
        }
        self.say().await
    }

    /// Does what is due for one book; false where nothing is.
    fn recover(&mut self, now: u64) -> Result<bool, End> {
        let can_fetch = self.fetches.len() < self.life.shared.live.snapshots_at_once;
        let can_do = |deed| match deed {
            Deed::Fetch => can_fetch,
            Deed::Renew => self.outbox.is_empty() && self.greeted,
            Deed::Reconnect => true,
        };
        let Some((instrument, symbol, deed)) = self.life.followed.ask(now, can_do) else {
            return Ok(false);
        };
        match deed {
            Deed::Reconnect => {
                let why = format!("the book of {instrument} could not be had again");
                return Err(End::Lost("recovery", why));
            }
            Deed::Renew => self.outbox.extend(self.life.line.renew(&symbol)),
            Deed::Fetch => match self.life.line.snapshot_path(&symbol) {
                Some(path) => {
                    let shared = self.life.shared.clone();
                    self.fetches.push(Box::pin(async move {
                        let (url, answer) = shared.rest.get(&path).await;
                        (instrument, url, answer)
                    }));
                }
                None => self.life.followed.fetch_failed(&instrument, now),
            },
        }
        Ok(true)
    }

    /// Says what may be said now.
    async fn say(&mut self) -> Result<(), End> {
        while !self.outbox.is_empty() && self.pace.take(self.life.shared.clock.now()).is_ok() {
            let Some(text) = self.outbox.pop_front() else { break };
            let sent = self.socket.send(Message::text(text));
            match timeout(self.life.patience(), sent).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return Err(End::Lost("error", error.to_string())),
                Err(_) => return Err(End::Lost("error", "it takes no message".into())),
            }
        }
        Ok(())
    }
}
