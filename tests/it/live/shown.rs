//! The whole road: a venue that misbehaves, its feed, a hub, and who reads a book there.

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tickwire::domain::market::Decimal;

use super::faults::{FAILED, close, close_in_a_snapshot, duplicate, gap, silence, wrong_checksum};
use super::kraken::Kraken;
use super::play::Play;
use super::venue::{Plain, Top, Venue};
use crate::hub::{Folded, PATIENCE, Socket, choose_tls, free_port};

/// A hub that serves alone, on a log of its own.
struct Hub {
    child: Child,
    port: u16,
    brokers: String,
}

impl Hub {
    async fn start() -> Self {
        let port = free_port();
        let said = tempfile::NamedTempFile::new().unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_tickwire"))
            .args(["hub", "--roles", "serve"])
            .env("TICKWIRE_KAFKA__EMBEDDED", "true")
            .env("TICKWIRE_HTTP__BIND", format!("127.0.0.1:{port}"))
            .env("TICKWIRE_HTTP__WORKERS", "1")
            .env("TICKWIRE_HTTP__SYMBOL_THREADS", "1")
            .stdout(Stdio::null())
            .stderr(said.reopen().unwrap())
            .spawn()
            .unwrap();
        let mut hub = Self { child, port, brokers: String::new() };
        let began = Instant::now();
        loop {
            let log = std::fs::read_to_string(said.path()).unwrap();
            let is_ready = reqwest::get(format!("http://127.0.0.1:{port}/readyz")).await;
            if let Some((_, rest)) = log.split_once("kafka=\"")
                && is_ready.is_ok_and(|answer| answer.status() == 200)
            {
                rest.split('"').next().unwrap().clone_into(&mut hub.brokers);
                return hub;
            }
            assert!(began.elapsed() < PATIENCE, "the hub is not ready\n{log}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Hub {
    /// Waits until the hub says of a book that it is so.
    async fn until_told(&self, instrument: &str, state: &str) {
        let url = format!("http://127.0.0.1:{}/api/v1/book?instrument={instrument}", self.port);
        let began = Instant::now();
        loop {
            let answer = reqwest::get(&url).await.unwrap().text().await.unwrap();
            let told: serde_json::Value = serde_json::from_str(&answer).unwrap();
            if told["state"] == state {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "{instrument} is not {state}: {answer}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// What a subscriber saw of a book.
#[derive(Default)]
struct Seen {
    folded: Folded,
    states: Vec<String>,
    compared: usize,
    /// Where among the true tops the last one was found.
    at: usize,
}

fn plain(text: &serde_json::Value) -> Plain {
    let number = Decimal::parse(text.as_str().unwrap()).unwrap();
    (number.at(number.scale()).unwrap(), number.scale())
}

/// The levels that a book shows.
fn shown(book: &serde_json::Value) -> Top {
    ["bids", "asks"].map(|side| {
        let levels = book[side].as_array().unwrap().iter();
        levels.map(|level| (plain(&level[0]), plain(&level[1]))).collect()
    })
}

impl Seen {
    /// Folds a message; while it says that it is live, the book must be one that the venue had.
    fn take(&mut self, message: &serde_json::Value, symbol: &str, venue: &Venue) {
        self.folded.take(message);
        let state = self.folded.data["state"].as_str().unwrap();
        if self.states.last().is_none_or(|last| last != state) {
            self.states.push(state.to_owned());
        }
        if matches!(state, "live" | "crossed") && !message["data"].is_null() {
            self.at = venue.find(symbol, &(None, shown(&self.folded.data)), self.at);
            self.compared += 1;
        }
    }
}

/// Reads the books until told to stop.
async fn subscribed(
    mut socket: Socket,
    venue: Venue,
    stop: Arc<AtomicBool>,
) -> BTreeMap<String, Seen> {
    let (_, prefix) = venue.dialect.venue();
    for symbol in venue.dialect.symbols() {
        socket.subscribe("book.20", &format!("{prefix}:{symbol}"), 0).await;
    }
    let mut seen = BTreeMap::<String, Seen>::new();
    while !stop.load(Ordering::Acquire) {
        let waited = tokio::time::timeout(Duration::from_millis(50), socket.take_frame()).await;
        assert!(waited.unwrap_or(true), "the hub closed the socket: {:?}", socket.closed);
        for message in std::mem::take(&mut socket.messages) {
            let refused = message["errors"].as_object();
            assert!(refused.is_none_or(serde_json::Map::is_empty), "{message}");
            let Some(name) = message["instrument"].as_str() else { continue };
            let symbol = name.split_once(':').unwrap().1;
            seen.entry(symbol.to_owned()).or_default().take(&message, symbol, &venue);
        }
    }
    seen
}

#[tokio::test]
async fn the_book_that_reaches_a_subscriber_is_never_wrong_while_it_says_live() {
    let Some(venue) = Venue::new(Arc::new(Kraken)) else { return };
    choose_tls();
    let hub = Hub::start().await;
    let mut play = Play::start_on(&hub.brokers, venue.clone(), false, &[]);
    play.until_all_live().await;
    // The hub reads the same log: what it has not heard of cannot be subscribed.
    for symbol in venue.dialect.symbols() {
        hub.until_told(&format!("KRAKEN:{symbol}"), "live").await;
    }
    let (stream, _) =
        tokio_tungstenite::connect_async(format!("ws://127.0.0.1:{}/ws", hub.port)).await.unwrap();
    let socket = Socket { stream, messages: Vec::new(), closed: None };
    let stop = Arc::new(AtomicBool::new(false));
    let reader = tokio::spawn(subscribed(socket, venue, stop.clone()));

    let symbol = "XMR/USD";
    gap(&mut play, symbol, FAILED).await;
    duplicate(&mut play, symbol).await;
    wrong_checksum(&mut play, symbol, FAILED).await;
    close(&mut play, symbol).await;
    close_in_a_snapshot(&mut play, symbol).await;
    silence(&mut play, symbol).await;
    let compared = play.one(symbol).compared;
    play.until("it goes on well", |play| compared + 50 < play.one(symbol).compared).await;

    // Its last words have gone through the hub too.
    assert_eq!(play.stop().await, Some(0), "{}", play.said());
    hub.until_told(&format!("KRAKEN:{symbol}"), "disconnected").await;
    stop.store(true, Ordering::Release);
    let seen = reader.await.unwrap();
    let one = &seen[symbol];
    assert!(50 < one.compared, "{} books were compared", one.compared);
    // A fault and its mend can be told in one frame; no fault leaves a live book behind it.
    let faults = one.states.iter().filter(|state| *state != "live").count();
    assert!(0 < faults, "{:?}", one.states);
    println!("{symbol}: {} books equal, states {:?}", one.compared, one.states);
}
