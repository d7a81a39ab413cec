//! What goes on while something is away: a feed that writes, a reader that follows, one that asks.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde_json::{Value, json};
use tickwire::config::Kafka;
use tickwire::feeds::kafka::{Letter, MARKET_TOPIC, Writer};

use crate::hub::{Folded, PATIENCE, Socket};

pub const INSTRUMENTS: u64 = 20;
const EVERY: Duration = Duration::from_millis(20);

pub fn instrument(nth: u64) -> String {
    format!("FLT:S{nth:02}")
}

/// Writes a trade and a quote of each instrument, fifty times a second, until dropped.
pub struct Feed {
    pub written: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Feed {
    pub fn start(kafka: &Kafka) -> Self {
        let mut patient = kafka.clone();
        // What the brokers do not take now they take later: a feed that gives up would lose it.
        patient.properties.insert("delivery.timeout.ms".into(), "600000".into());
        let writer = Writer::new(&patient).unwrap();
        let topic = kafka.topic(MARKET_TOPIC);
        let (written, over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (count, seen) = (written.clone(), over.clone());
        let thread = std::thread::spawn(move || {
            // Round 0 is what makes the instruments known.
            count.store(1, Ordering::Release);
            while !seen.load(Ordering::Acquire) {
                let round = count.load(Ordering::Acquire);
                for nth in 0..INSTRUMENTS {
                    let name = instrument(nth);
                    let value = events(&name, round).to_string();
                    let (key, value) = (Some(name.as_bytes()), Some(value.as_bytes()));
                    let letter =
                        Letter { topic: &topic, partition: None, key, value, headers: &[] };
                    writer.send(letter, PATIENCE).unwrap();
                }
                count.store(round + 1, Ordering::Release);
                std::thread::sleep(EVERY);
            }
            writer.flush(PATIENCE).unwrap();
        });
        Self { written, over, thread: Some(thread) }
    }

    /// Ends the feed; returns how many trades of each instrument it wrote.
    pub fn end(mut self) -> u64 {
        self.over.store(true, Ordering::Release);
        self.thread.take().unwrap().join().unwrap();
        self.written.load(Ordering::Acquire)
    }
}

pub fn events(name: &str, round: u64) -> Value {
    let now = jiff::Timestamp::now().as_nanosecond() as i64;
    let bid = 100 + round % 50;
    json!([
        {"type": "trade", "instrument": name, "ts_event": now, "ts_recv": now,
         "trade_id": format!("t{round}"), "price": format!("{bid}.5"), "qty": "1",
         "aggressor": "buy"},
        {"type": "quote", "instrument": name, "ts_event": now, "ts_recv": now,
         "bid": format!("{bid}"), "bid_qty": "1", "ask": format!("{}", bid + 1), "ask_qty": "2"},
    ])
}

/// What a reader on the WebSocket has, instrument by instrument; a gap ends the test.
#[derive(Clone, Default)]
pub struct Seen(Arc<Mutex<BTreeMap<String, Followed>>>);

#[derive(Default)]
struct Followed {
    trades: Folded,
    quotes: Folded,
    ids: HashSet<String>,
    states: HashSet<String>,
}

impl Seen {
    /// Follows trades and quotes of all instruments until the socket closes.
    pub async fn follow(self, mut socket: Socket) {
        for nth in 0..INSTRUMENTS {
            socket.subscribe("trade", &instrument(nth), 50).await;
            socket.subscribe("quote", &instrument(nth), 50).await;
        }
        while socket.take_frame().await {
            let mut all = self.0.lock();
            for message in socket.messages.drain(..) {
                let Some(name) = message["instrument"].as_str() else { continue };
                let followed = all.entry(name.to_owned()).or_default();
                if message["channel"] == "quote" {
                    followed.quotes.take(&message);
                    if let Some(state) = message["state"].as_str() {
                        followed.states.insert(state.to_owned());
                    }
                    continue;
                }
                followed.trades.take(&message);
                let items = match message["op"].as_str() {
                    Some("snapshot") => message["data"].as_array().cloned().unwrap_or_default(),
                    _ => std::mem::take(&mut followed.trades.items),
                };
                for item in items {
                    followed.ids.insert(item["trade_id"].as_str().unwrap().to_owned());
                }
            }
        }
    }

    /// Distinct trades of all instruments.
    pub fn trades(&self) -> u64 {
        self.0.lock().values().map(|followed| followed.ids.len() as u64).sum()
    }

    /// Trades that it was told it does not have.
    pub fn missed(&self) -> u64 {
        self.0.lock().values().map(|followed| followed.trades.missed).sum()
    }

    /// Whether it was ever told of that state outside the sequence; forgets what it was told.
    pub fn was_told(&self, state: &str) -> bool {
        let mut all = self.0.lock();
        let told = all.values().any(|followed| followed.states.contains(state));
        all.values_mut().for_each(|followed| followed.states.clear());
        told
    }
}

/// How long the slowest answer took, and the statuses that were seen.
pub type Answers = (Duration, HashSet<u16>);

/// The slowest answer and the statuses of each path that is asked, while one asks.
#[derive(Clone, Default)]
pub struct Asked(Arc<Mutex<BTreeMap<&'static str, Answers>>>);

impl Asked {
    pub async fn ask(self, port: u16, over: Arc<AtomicBool>) {
        let client = reqwest::Client::new();
        let name = instrument(0);
        let paths = [
            ("readyz", "/readyz".to_owned()),
            ("quotes", format!("/api/v1/quotes?instruments={name}")),
            ("bars", format!("/api/v1/bars?instrument={name}&interval=1m")),
            ("trades", format!("/api/v1/trades?instrument={name}&limit=5")),
        ];
        while !over.load(Ordering::Acquire) {
            let questions = paths.iter().map(|(short, path)| {
                let url = format!("http://127.0.0.1:{port}{path}");
                let (client, asked) = (client.clone(), self.0.clone());
                async move {
                    let began = Instant::now();
                    let status = client.get(url).send().await.unwrap().status().as_u16();
                    let mut asked = asked.lock();
                    let entry = asked.entry(short).or_default();
                    entry.0 = entry.0.max(began.elapsed());
                    entry.1.insert(status);
                }
            });
            futures_util::future::join_all(questions).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// What was seen since the last call.
    pub fn take(&self) -> BTreeMap<&'static str, Answers> {
        std::mem::take(&mut *self.0.lock())
    }
}
