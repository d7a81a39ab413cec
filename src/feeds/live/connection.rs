//! One connection's life: opened, followed, lost, opened again.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{Connector, connect_async_tls_with_config};

use super::backoff::Backoff;
use super::clock::{Clock, wall};
use super::followed::{Followed, Now};
use super::gate::Gate;
use super::outlet::Outlet;
use super::session::{End, Session, Socket};
use super::snapshot::Rest;
use super::tls::Tls;
use crate::config;
use crate::domain::market::{Event, Instrument, Nanos};
use crate::feeds::venues::line::{Line, Terms};
use crate::feeds::venues::{Adapter, Frame, Venue};
use crate::telemetry::{LiveMetrics, ReasonLabel};

/// Different complaints of the venue that are kept, so that each is told once.
const COMPLAINTS_MAX: usize = 1_024;

/// What all connections of the process share.
pub(super) struct Shared {
    pub venue: &'static Venue,
    pub live: config::Live,
    pub max_skew_ns: Nanos,
    pub socket_base: String,
    pub rest: Rest,
    pub connects: Gate,
    pub tls: Tls,
    pub outlet: Outlet,
    pub metrics: Arc<LiveMetrics>,
    pub clock: Clock,
}

/// One connection, over all its sockets: the adapter goes on from one to the next, so that what it
/// numbers itself is not numbered twice.
pub(super) struct Connection {
    pub shared: Arc<Shared>,
    pub symbols: Vec<String>,
    pub terms: &'static Terms,
    pub adapter: Box<dyn Adapter + Send>,
    pub line: Box<dyn Line + Send>,
    pub followed: Followed,
    /// Kept for its capacity.
    pub events: Vec<(Instrument, Event)>,
    number: usize,
    complaints: BTreeSet<String>,
}

impl Connection {
    /// The connection of that number, for these instruments and symbols.
    pub fn new(shared: Arc<Shared>, number: usize, instruments: Vec<(Instrument, String)>) -> Self {
        let venue = shared.venue;
        let line = (venue.line)();
        let terms = line.terms();
        let symbols = instruments.iter().map(|(_, symbol)| symbol.clone()).collect();
        let settings = (&shared.live, shared.max_skew_ns);
        let metrics = shared.metrics.clone();
        let followed = Followed::new(venue, terms.recovery, settings, instruments, metrics);
        let adapter = (venue.adapter)();
        let (events, complaints) = (Vec::new(), BTreeSet::new());
        Self { shared, symbols, terms, adapter, line, followed, events, number, complaints }
    }

    /// How long a connection may be silent, in milliseconds.
    pub fn silence_max_ms(&self) -> u64 {
        self.shared.live.silence_max_ms.unwrap_or(self.terms.silence_max_ms)
    }

    /// How long the other side may take for one thing.
    pub fn patience(&self) -> Duration {
        Duration::from_millis(self.shared.live.connect_timeout_ms)
    }

    /// The venue refused something: that harms nothing else, and is told in its words.
    pub fn venue_refused(&mut self, words: String) {
        self.shared.metrics.venue_errors.inc();
        self.told_once(format!("the venue answered: {words}"));
    }

    /// Logs a complaint, each one once.
    pub fn told_once(&mut self, complaint: String) {
        let (venue, connection) = (self.shared.venue.name, self.number);
        if self.complaints.len() < COMPLAINTS_MAX && !self.complaints.contains(&complaint) {
            tracing::warn!(venue, connection, "{complaint}");
            self.complaints.insert(complaint);
        } else {
            tracing::debug!(venue, connection, "{complaint}");
        }
    }

    /// Lives until the process is asked to end, or the log is closed.
    pub async fn live(mut self, mut stop: watch::Receiver<bool>) {
        let (venue, connection) = (self.shared.venue.name, self.number);
        let mut backoff = Backoff::new(&self.shared.live);
        loop {
            let opened = tokio::select! {
                () = stopped(&mut stop) => return,
                opened = self.open() => opened,
            };
            let metrics = self.shared.metrics.clone();
            match opened {
                Ok(socket) => {
                    let failures = backoff.failures();
                    let instruments = self.symbols.len();
                    tracing::info!(venue, connection, instruments, failures, "connected");
                    metrics.connects.inc();
                    let since = self.shared.clock.now();
                    let end = self.follow(socket, &mut stop).await;
                    backoff.was_well_for(self.shared.clock.now() - since);
                    match end {
                        End::Stopped | End::LogClosed => return,
                        End::Planned(reason) => {
                            tracing::info!(venue, connection, reason, "another connection is due");
                            metrics.disconnects.get_or_create_owned(&ReasonLabel { reason }).inc();
                            continue;
                        }
                        End::Lost(reason, why) => {
                            tracing::warn!(
                                venue,
                                connection,
                                reason,
                                why,
                                "the connection is lost"
                            );
                            metrics.disconnects.get_or_create_owned(&ReasonLabel { reason }).inc();
                        }
                    }
                }
                Err(why) => {
                    metrics.connect_failures.inc();
                    if backoff.failures() == 0 {
                        tracing::warn!(venue, connection, why, "there is no connection");
                    } else {
                        tracing::debug!(venue, connection, why, "there is no connection");
                    }
                }
            }
            let wait = backoff.fail(rand::random());
            tokio::select! {
                () = stopped(&mut stop) => return,
                () = sleep(wait) => {}
            }
        }
    }

    /// Opens a socket.
    ///
    /// # Errors
    ///
    /// Why there is none, in words.
    async fn open(&mut self) -> Result<Socket, String> {
        self.shared.connects.pass().await;
        let url = self.line.socket_url(&self.shared.socket_base);
        let bytes_max = Some(self.shared.live.frame_bytes_max);
        let limits =
            WebSocketConfig::default().max_message_size(bytes_max).max_frame_size(bytes_max);
        let connector = Some(Connector::Rustls(self.shared.tls.clone()));
        let opening = connect_async_tls_with_config(url, Some(limits), true, connector);
        match timeout(self.patience(), opening).await {
            Ok(Ok((socket, _))) => Ok(socket),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("not open within {} ms", self.patience().as_millis())),
        }
    }

    /// Follows a socket to its end, and says that what it brought is not continued; a panic is gone
    /// on with only then.
    async fn follow(&mut self, socket: Socket, stop: &mut watch::Receiver<bool>) -> End {
        self.followed.connected(self.shared.clock.now());
        let mut nothing = Vec::new();
        // It gives no events, and cannot be refused.
        let _taken = self.adapter.take(Frame::Connected, wall(), &mut nothing);
        self.shared.metrics.connections.inc();
        let work = AssertUnwindSafe(Session::new(self, socket).run(stop));
        let end = work.catch_unwind().await;
        self.shared.metrics.connections.dec();
        let now = Now { ms: self.shared.clock.now(), wall: wall() };
        let mut events = std::mem::take(&mut self.events);
        let _taken = self.adapter.take(Frame::Lost, now.wall, &mut events);
        let records = self.followed.end(&mut events, now);
        self.events = events;
        self.followed.gone();
        let said = self.shared.outlet.send_all(records).await;
        match (end, said) {
            (Err(panic), _) => resume_unwind(panic),
            (Ok(end), Ok(())) => end,
            (Ok(_), Err(closed)) => closed.into(),
        }
    }
}

/// Waits until the process is asked to end.
pub(super) async fn stopped(stop: &mut watch::Receiver<bool>) {
    // Who cannot ask any more will not ask to go on either.
    let _asked = stop.wait_for(|stop| *stop).await.is_ok();
}
