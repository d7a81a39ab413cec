//! A live feed in a process of its own, between a scripted venue and a real log.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use tickwire::domain::market::MarketState;
use tickwire::feeds::kafka::{MARKET_TOPIC, PARTITIONS};

use super::log::{Followed, Log};
use super::server;
use super::venue::Venue;
use crate::hub::{PATIENCE, choose_tls, free_port};
use crate::secured::certificates::Authority;

/// Between two looks at the log, and between two messages of the venue while all is well.
const RHYTHM: Duration = Duration::from_millis(4);
/// While a book is waited for, the venue says something only with so many looks: recordings end.
const LOOKS: usize = 20;

pub struct Play {
    pub venue: Venue,
    pub log: Log,
    pub metrics_port: u16,
    feed: Child,
    said: tempfile::NamedTempFile,
    /// The log's own server; none where it is a hub's.
    pub broker: Option<MockCluster<'static, DefaultProducerContext>>,
    _certificates: tempfile::TempDir,
}

impl Play {
    /// Starts all of it; settings as in `TICKWIRE_LIVE__…` variables.
    pub async fn start(venue: Venue, with_tls: bool, settings: &[(&str, &str)]) -> Self {
        let broker = MockCluster::new(1).unwrap();
        broker.create_topic(MARKET_TOPIC, PARTITIONS, 1).unwrap();
        let mut play = Self::start_on(&broker.bootstrap_servers(), venue, with_tls, settings);
        play.broker = Some(broker);
        play
    }

    /// The same on a log that is there.
    pub fn start_on(
        brokers: &str,
        venue: Venue,
        with_tls: bool,
        settings: &[(&str, &str)],
    ) -> Self {
        choose_tls();
        let certificates = tempfile::tempdir().unwrap();
        let [ca, certificate, key] =
            ["ca.pem", "venue.pem", "venue.key"].map(|name| certificates.path().join(name));
        let authority = Authority::new("venues");
        authority.write(&ca);
        authority.certify(&certificate, &key);
        let tls = with_tls.then(|| server::acceptor(&certificate, &key));
        let port = server::serve(venue.clone(), tls);
        let metrics_port = free_port();
        let said = tempfile::NamedTempFile::new().unwrap();
        let (ws, http) = if with_tls { ("wss", "https") } else { ("ws", "http") };
        let (name, _) = venue.dialect.venue();
        let feed = Command::new(env!("CARGO_BIN_EXE_tickwire"))
            .args(["feed", "live", "--venue", name])
            .args(["--instruments", &venue.dialect.symbols().join(",")])
            .args(["--socket-url", &format!("{ws}://localhost:{port}")])
            .args(["--rest-url", &format!("{http}://localhost:{port}")])
            .env("TICKWIRE_KAFKA__BROKERS", brokers)
            .env("TICKWIRE_KAFKA__EMBEDDED", "true")
            .env("TICKWIRE_LIVE__CA_FILE", &ca)
            .env("TICKWIRE_LIVE__METRICS_BIND", format!("127.0.0.1:{metrics_port}"))
            .env("TICKWIRE_LIVE__BACKOFF_BASE_MS", "20")
            .env("TICKWIRE_LIVE__BACKOFF_MAX_MS", "200")
            .env("TICKWIRE_LIVE__STABLE_AFTER_MS", "1")
            .env("TICKWIRE_LIVE__SILENCE_MAX_MS", "1500")
            .envs(settings.iter().map(|(name, value)| (format!("TICKWIRE_LIVE__{name}"), *value)))
            .stdout(Stdio::null())
            .stderr(said.reopen().unwrap())
            .spawn()
            .unwrap();
        let log = Log::new(brokers, venue.clone());
        Self { venue, log, metrics_port, feed, said, broker: None, _certificates: certificates }
    }

    /// What the feed logged.
    pub fn said(&self) -> String {
        std::fs::read_to_string(self.said.path()).unwrap()
    }

    /// Waits until `holds`, while the venue goes on wherever somebody listens to all of it.
    pub async fn until(&mut self, what: &str, mut holds: impl FnMut(&mut Self) -> bool) {
        let began = Instant::now();
        for look in 0.. {
            self.log.poll();
            if holds(self) {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "never: {what}\n{}", self.said());
            let is_followed = self.venue.state.lock().is_followed();
            if is_followed && (self.are_all_live() || look % LOOKS == 0) {
                self.venue.play(|message| vec![message.text.clone()]);
            }
            tokio::time::sleep(RHYTHM).await;
        }
    }

    /// As [`Play::until`], but the venue says nothing meanwhile.
    pub async fn until_quietly(&mut self, what: &str, mut holds: impl FnMut(&mut Self) -> bool) {
        let began = Instant::now();
        loop {
            self.log.poll();
            if holds(self) {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "never: {what}\n{}", self.said());
            tokio::time::sleep(RHYTHM).await;
        }
    }

    pub fn one(&self, symbol: &str) -> &Followed {
        &self.log.followed[symbol]
    }

    fn are_all_live(&self) -> bool {
        self.log.followed.values().all(|one| one.state() == MarketState::Live)
    }

    pub async fn until_all_live(&mut self) {
        self.until("all books are live", |play| play.are_all_live()).await;
    }

    /// Asks the feed to end; its exit code.
    pub async fn stop(&mut self) -> Option<i32> {
        let pid = self.feed.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let mut code = None;
        self.until_quietly("the feed ends", |play| {
            code = play.feed.try_wait().unwrap();
            code.is_some()
        })
        .await;
        code.unwrap().code()
    }

    /// How many connections ended for a reason.
    pub async fn disconnects(&self, reason: &str) -> u64 {
        self.metric("tickwire_live_disconnects_total", &format!("reason=\"{reason}\"")).await
    }

    /// The sum of a metric over its labels that hold `label`.
    pub async fn metric(&self, name: &str, label: &str) -> u64 {
        let url = format!("http://127.0.0.1:{}/metrics", self.metrics_port);
        let text = reqwest::get(url).await.unwrap().text().await.unwrap();
        text.lines()
            .filter(|line| line.split(['{', ' ']).next() == Some(name) && line.contains(label))
            .filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok())
            .sum()
    }
}

impl Drop for Play {
    fn drop(&mut self) {
        self.feed.kill().ok();
        self.feed.wait().ok();
    }
}
