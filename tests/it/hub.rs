//! A hub in a process of its own, with a database and topics of its own.

use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use serde_json::{Value, json};
use tickwire::config::Kafka;
use tickwire::feeds::kafka::{
    BARS_TOPIC, DEAD_LETTER_TOPIC, Letter, MARKET_TOPIC, PARTITIONS, STATE_TOPIC, Writer,
};
use tokio_tungstenite::tungstenite::Message;

/// No condition takes longer than this, however busy the machine is.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub struct TestHub {
    child: Option<Child>,
    port: u16,
    database: String,
    environment: Vec<(String, String)>,
    pub kafka: Kafka,
    writer: Writer,
    log: tempfile::NamedTempFile,
    admin_url: String,
}

/// Where the servers are.
#[derive(Clone, Debug, Default)]
pub struct Servers {
    pub kafka: String,
    pub database: String,
    pub redis: Option<String>,
}

fn setting(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run these tests by ./test"))
}

/// One provider for all of this process that could speak TLS; whoever asks over HTTP needs one too.
pub fn choose_tls() {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
}

pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl TestHub {
    /// A hub that is ready; settings as in `TICKWIRE_…` variables, without the prefix.
    pub async fn start(settings: &[(&str, &str)]) -> Self {
        let servers = Servers {
            kafka: setting("TICKWIRE_TEST_KAFKA"),
            database: setting("TICKWIRE_TEST_DATABASE"),
            redis: None,
        };
        Self::start_on(&servers, settings).await
    }

    /// A hub on these servers.
    pub async fn start_on(servers: &Servers, settings: &[(&str, &str)]) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        choose_tls();
        let name = format!("t{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let admin_url = servers.database.clone();
        sql_on(&admin_url, &format!("create database {name}")).await;
        let (server, _) = admin_url.rsplit_once('/').unwrap();
        let database = format!("{server}/{name}");
        let kafka = Kafka {
            brokers: servers.kafka.clone(),
            prefix: format!("{name}."),
            ..Kafka::default()
        };
        let port = free_port();
        let mut environment: Vec<(String, String)> = [
            ("KAFKA__BROKERS", kafka.brokers.as_str()),
            ("KAFKA__PREFIX", &kafka.prefix),
            ("REDIS__PREFIX", &kafka.prefix),
            ("KAFKA__SAVE_EVERY_MS", "1000"),
            ("KAFKA__IDENTITY_EVERY_MS", "500"),
            ("DATABASE__URL", &database),
            ("DATABASE__ANALYST_PASSWORD", "analyst"),
            ("HTTP__BIND", &format!("127.0.0.1:{port}")),
            ("HTTP__WORKERS", "1"),
            ("HTTP__SYMBOL_THREADS", "1"),
            ("HTTP__DRAIN_MS", "300"),
        ]
        .iter()
        .map(|(name, value)| (format!("TICKWIRE_{name}"), (*value).to_owned()))
        .collect();
        if let Some(url) = &servers.redis {
            environment.push(("TICKWIRE_REDIS__URL".to_owned(), url.clone()));
        }
        for (name, value) in settings {
            environment.push((format!("TICKWIRE_{name}"), (*value).to_owned()));
        }
        let writer = Writer::new(&kafka).unwrap();
        let log = tempfile::NamedTempFile::new().unwrap();
        let mut hub =
            Self { child: None, port, database, environment, kafka, writer, log, admin_url };
        let migrated = Command::new(env!("CARGO_BIN_EXE_tickwire"))
            .arg("migrate")
            .envs(hub.environment.iter().cloned())
            .output()
            .unwrap();
        assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
        hub.run().await;
        hub
    }

    /// Starts the process and waits until it is ready.
    pub async fn run(&mut self) {
        let log = std::fs::OpenOptions::new().append(true).open(self.log.path()).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_tickwire"))
            .arg("hub")
            .envs(self.environment.iter().cloned())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        self.child = Some(child);
        let url = self.url("/readyz");
        self.until("the hub is ready", async || {
            reqwest::get(&url).await.ok().filter(|answer| answer.status() == 200)
        })
        .await;
    }

    /// Runs `tickwire check`: whether all is well, and what it said.
    pub fn check(&self, settings: &[(&str, &str)]) -> (bool, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_tickwire"))
            .arg("check")
            .envs(self.environment.iter().cloned())
            .envs(settings.iter().copied())
            .output()
            .unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// A variable that the process was started with.
    pub fn setting(&self, name: &str) -> String {
        let found = self.environment.iter().rfind(|(known, _)| known == name);
        found.unwrap().1.clone()
    }

    /// The process's number.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// Whether the process has ended by itself, or by another's hand.
    pub fn is_dead(&mut self) -> bool {
        self.child.as_mut().is_none_or(|child| child.try_wait().unwrap().is_some())
    }

    /// Ends the process without a word.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Asks the process to end, and waits for it.
    pub async fn stop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        let pid = child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let began = Instant::now();
        while child.try_wait().unwrap().is_none() {
            if PATIENCE < began.elapsed() {
                let log = std::fs::read_to_string(self.log.path()).unwrap();
                let tail: Vec<&str> = log.lines().rev().take(30).collect();
                panic!("the hub does not stop; its last lines, the last first: {tail:#?}");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Takes away what the stopped hub saved in the log.
    pub async fn forget_saved_state(&self) {
        let admin: AdminClient<DefaultClientContext> =
            ClientConfig::new().set("bootstrap.servers", &self.kafka.brokers).create().unwrap();
        let topic = self.kafka.topic(STATE_TOPIC);
        let deleted = admin.delete_topics(&[&topic], &AdminOptions::new()).await.unwrap();
        deleted[0].as_ref().unwrap();
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub fn ws_url(&self) -> String {
        format!("ws://127.0.0.1:{}/ws", self.port)
    }

    /// Waits until `ask` has an answer.
    pub async fn until<T>(&self, what: &str, ask: impl AsyncFnMut() -> Option<T>) -> T {
        self.until_within(PATIENCE, what, ask).await
    }

    /// Waits no longer than that until `ask` has an answer.
    pub async fn until_within<T>(
        &self,
        limit: Duration,
        what: &str,
        mut ask: impl AsyncFnMut() -> Option<T>,
    ) -> T {
        let began = Instant::now();
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            if limit < began.elapsed() {
                let log = std::fs::read_to_string(self.log.path()).unwrap();
                let tail: Vec<&str> = log.lines().rev().take(30).collect();
                let tail = tail.into_iter().rev().collect::<Vec<_>>().join("\n");
                let whole = std::env::temp_dir().join(format!("tickwire-hub-{}.log", self.port));
                std::fs::write(&whole, &log).ok();
                panic!("never: {what}\n{tail}\nthe whole log: {}", whole.display());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// An answer of REST with its status.
    pub async fn get(&self, path: &str) -> (u16, Value) {
        let answer = reqwest::get(self.url(path)).await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap())
    }

    /// The status of an answer and one of its headers.
    pub async fn header(&self, path: &str, name: &str) -> (u16, Option<String>) {
        let answer = reqwest::get(self.url(path)).await.unwrap();
        let value = answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        (answer.status().as_u16(), value)
    }

    /// Writes a record of one event or an array of them.
    pub fn produce(&self, instrument: &str, value: &Value) {
        self.produce_raw(instrument.as_bytes(), value.to_string().as_bytes(), &[]);
    }

    pub fn produce_raw(&self, key: &[u8], value: &[u8], headers: &[(&str, &str)]) {
        let topic = self.kafka.topic(MARKET_TOPIC);
        let (key, value) = (Some(key), Some(value));
        let letter = Letter { topic: &topic, partition: None, key, value, headers };
        self.writer.send(letter, PATIENCE).unwrap();
    }

    /// Whether a record was taken and has arrived.
    pub fn try_produce(&self, instrument: &str, value: &Value) -> bool {
        let topic = self.kafka.topic(MARKET_TOPIC);
        let (key, text) = (Some(instrument.as_bytes()), value.to_string());
        let value = Some(text.as_bytes());
        let letter = Letter { topic: &topic, partition: None, key, value, headers: &[] };
        self.writer.send(letter, Duration::from_secs(5)).is_ok()
            && self.writer.flush(Duration::from_secs(5)).is_ok()
    }

    pub fn flush(&self) {
        self.writer.flush(PATIENCE).unwrap();
    }

    /// Waits until all that the log holds is in the database.
    pub async fn until_recorded(&self) {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", &self.kafka.brokers)
            .set("group.id", "tests")
            .create()
            .unwrap();
        let topic = self.kafka.topic(MARKET_TOPIC);
        self.until("all is recorded", async || {
            let high =
                |partition| consumer.fetch_watermarks(&topic, partition, PATIENCE).unwrap().1;
            let end: i64 = (0..PARTITIONS).map(high).sum();
            let rows = self.sql("select sum(next_offset)::bigint from recorder.positions").await;
            (rows[0][0].as_deref() == Some(end.to_string().as_str())).then_some(())
        })
        .await;
    }

    /// Text of all columns of all rows.
    pub async fn sql(&self, query: &str) -> Vec<Vec<Option<String>>> {
        sql_on(&self.database, query).await
    }

    /// The sum of a metric over its labels that hold `label`.
    pub async fn metric(&self, name: &str, label: &str) -> u64 {
        let text = reqwest::get(self.url("/metrics")).await.unwrap().text().await.unwrap();
        text.lines()
            .filter(|line| line.split(['{', ' ']).next() == Some(name) && line.contains(label))
            .filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok())
            .sum()
    }

    /// Runs a feed command of the binary to its end.
    pub fn feed(&self, arguments: &[&str]) {
        let output = Command::new(env!("CARGO_BIN_EXE_tickwire"))
            .arg("feed")
            .args(arguments)
            .envs(self.environment.iter().cloned())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    pub fn feed_in_background(&self, arguments: &[&str]) -> Child {
        Command::new(env!("CARGO_BIN_EXE_tickwire"))
            .arg("feed")
            .args(arguments)
            .envs(self.environment.iter().cloned())
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    }

    pub async fn connect(&self) -> Socket {
        let (stream, _) = tokio_tungstenite::connect_async(self.ws_url()).await.unwrap();
        let mut socket = Socket { stream, messages: Vec::new(), closed: None };
        assert_eq!(socket.next("welcome").await["op"], "welcome");
        socket
    }
}

impl Drop for TestHub {
    fn drop(&mut self) {
        self.kill();
        let name = self.database.rsplit_once('/').unwrap().1.to_owned();
        let (url, kafka) = (self.admin_url.clone(), self.kafka.clone());
        // The database is dropped from a thread of its own: this one may be the test's runtime.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let drop_it = format!("drop database if exists {name} with (force)");
            runtime.unwrap().block_on(async {
                sql_on(&url, &drop_it).await;
                // A broker of its own age would carry every test's partitions for ever.
                let names = [MARKET_TOPIC, STATE_TOPIC, DEAD_LETTER_TOPIC, BARS_TOPIC];
                let names = names.map(|name| kafka.topic(name));
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                let admin: AdminClient<DefaultClientContext> =
                    ClientConfig::new().set("bootstrap.servers", &kafka.brokers).create().unwrap();
                admin.delete_topics(&names, &AdminOptions::new()).await.ok();
            });
        });
        dropped.join().ok();
    }
}

pub async fn sql_on(url: &str, query: &str) -> Vec<Vec<Option<String>>> {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let rows =
        client.simple_query(query).await.unwrap_or_else(|error| panic!("{query}: {error:?}"));
    rows.into_iter()
        .filter_map(|row| match row {
            tokio_postgres::SimpleQueryMessage::Row(row) => {
                Some((0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect())
            }
            _ => None,
        })
        .collect()
}

/// A connection whose receive buffer is small, so that the hub soon notices who does not read.
pub async fn narrow_connection(url: &str) -> Socket {
    use tokio_tungstenite::{MaybeTlsStream, client_async};
    let address = url.strip_prefix("ws://").unwrap().split('/').next().unwrap();
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let tcp = socket.connect(address.parse().unwrap()).await.unwrap();
    let (stream, _) = client_async(url, MaybeTlsStream::Plain(tcp)).await.unwrap();
    Socket { stream, messages: Vec::new(), closed: None }
}

type Stream =
    tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

/// A WebSocket client that keeps all messages it was sent.
pub struct Socket {
    pub stream: Stream,
    pub messages: Vec<Value>,
    /// The code that it was closed with.
    pub closed: Option<u16>,
}

impl Socket {
    pub async fn send(&mut self, message: Value) {
        self.stream.send(Message::text(message.to_string())).await.unwrap();
    }

    pub async fn subscribe(&mut self, channel: &str, instrument: &str, tick_ms: u64) {
        self.send(json!({
            "op": "subscribe", "id": channel, "channel": channel, "instruments": [instrument],
            "tick_ms": tick_ms,
        }))
        .await;
    }

    /// Takes one frame; false where the socket is closed.
    pub async fn take_frame(&mut self) -> bool {
        match tokio::time::timeout(PATIENCE, self.stream.next()).await.expect("a frame in time") {
            Some(Ok(Message::Text(text))) => {
                let list: Vec<Value> = serde_json::from_str(&text).unwrap();
                self.messages.extend(list);
                true
            }
            Some(Ok(Message::Close(frame))) => {
                self.closed = frame.map(|frame| u16::from(frame.code));
                false
            }
            Some(Err(_)) | None => false,
            Some(Ok(_)) => true,
        }
    }

    /// The next message with that op not taken by an earlier call; others stay.
    pub async fn next(&mut self, op: &str) -> Value {
        self.wait_for(op, |message| message["op"] == op).await
    }

    pub async fn wait_for(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            if let Some(at) = self.messages.iter().position(&wanted) {
                return self.messages.remove(at);
            }
            assert!(self.take_frame().await, "closed while waiting for {what}");
        }
    }
}

/// A channel's data as a client folds it; asserts that no change is missing.
#[derive(Clone, Debug, Default)]
pub struct Folded {
    pub epoch: String,
    pub seq: u64,
    pub data: Value,
    pub items: Vec<Value>,
    pub missed: u64,
    pub resumed: bool,
}

impl Folded {
    pub fn take(&mut self, message: &Value) {
        match message["op"].as_str().unwrap() {
            "snapshot" => {
                self.epoch = message["epoch"].as_str().unwrap().to_owned();
                self.seq = message["seq"].as_u64().unwrap();
                self.missed += message["missed"].as_u64().unwrap_or(0);
                self.data = message["data"].clone();
            }
            "resumed" => {
                assert_eq!(message["seq"], self.seq);
                self.resumed = true;
            }
            "event" => {
                self.follow(message);
                let items = message["data"].as_array().unwrap();
                let missed = message["missed"].as_u64().unwrap_or(0);
                let first = message["first"].as_u64().unwrap();
                assert_eq!(self.seq + 1 - first, items.len() as u64 + missed);
                self.items.extend(items.iter().cloned());
                self.missed += missed;
            }
            "delta" => {
                self.follow(message);
                lay(&mut self.data, &message["data"]);
            }
            "state" => self.data["state"] = message["state"].clone(),
            _ => {}
        }
    }

    fn follow(&mut self, message: &Value) {
        assert_eq!(message["first"], self.seq + 1, "{message}");
        self.seq = message["last"].as_u64().unwrap();
    }
}

fn lay(data: &mut Value, change: &Value) {
    if let Some(bars) = change.as_array() {
        for bar in bars {
            let known = data.as_array_mut().unwrap();
            match known.iter_mut().find(|known| known["start"] == bar["start"]) {
                Some(known) => lay(known, bar),
                None => known.push(bar.clone()),
            }
        }
        return;
    }
    for (name, value) in change.as_object().unwrap() {
        if name == "bids" || name == "asks" {
            for level in value.as_array().unwrap() {
                let levels = data[name].as_array_mut().unwrap();
                levels.retain(|known| known[0] != level[0]);
                if level[1] != "0" {
                    levels.push(level.clone());
                }
                let price = |level: &Value| level[0].as_str().unwrap().parse::<f64>().unwrap();
                levels.sort_by(|a, b| price(a).total_cmp(&price(b)));
                if name == "bids" {
                    levels.reverse();
                }
            }
        } else {
            data[name] = value.clone();
        }
    }
}
