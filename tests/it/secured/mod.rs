//! Everything over TLS and with passwords: it works, and what is wrong is told in clear words.

pub mod certificates;

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use redis::TlsCertificates;
use serde_json::json;
use tempfile::TempDir;
use tickwire::config::Kafka;
use tickwire::feeds::kafka::{Letter, MARKET_TOPIC, Writer};

use self::certificates::Authority;
use crate::hub::{PATIENCE, free_port};
use crate::servers::{self, Servers};

/// Nothing that is wrong may keep `tickwire check` longer.
const TOLD_WITHIN: Duration = Duration::from_secs(9);

const FROZEN_SOON: [(&str, &str); 3] = [
    ("LIMITS__SESSION_FROZEN_MS", "500"),
    ("LIMITS__SESSION_CLOSING_MS", "500"),
    ("LIMITS__SESSION_MAILBOX_FRAMES", "16"),
];

/// A hub that is refused tries again every two seconds.
const SEVERAL_TRIES: Duration = Duration::from_secs(4);

/// Settings that are not the right ones, named without the prefix.
type Given<'a> = &'a [(&'a str, &'a str)];

/// The servers, who certified them, and somebody whom nobody trusts.
struct Secured {
    servers: Servers,
    trusted: Authority,
    other: Authority,
    folder: TempDir,
}

impl Secured {
    fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let (trusted, other) = (Authority::new("trusted"), Authority::new("other"));
        let file = |name: &str| folder.path().join(name);
        trusted.write(&file("ca.pem"));
        other.write(&file("other.pem"));
        trusted.certify(&file("server.pem"), &file("server.key"));
        let certificates = [("TICKWIRE_CERTIFICATES", folder.path().to_str().unwrap())];
        let servers = Servers::start("secured", &[], &certificates);
        Self { servers, trusted, other, folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// `tickwire` with settings that are right but for these, named without the prefix.
    fn tickwire(&self, command: &str, settings: &[(&str, &str)]) -> Command {
        let mut tickwire = Command::new(env!("CARGO_BIN_EXE_tickwire"));
        tickwire.arg(command).envs(self.servers.settings.iter().cloned());
        for (name, value) in settings {
            tickwire.env(format!("TICKWIRE_{name}"), value);
        }
        tickwire
    }

    /// What `tickwire check` says of its connections, one a line, and whether all is well.
    fn check(&self, settings: &[(&str, &str)]) -> (bool, String) {
        let began = Instant::now();
        let output = self.tickwire("check", settings).output().unwrap();
        assert!(began.elapsed() < TOLD_WITHIN, "{settings:?} took {:?}", began.elapsed());
        let said = String::from_utf8(output.stdout).unwrap();
        for (name, value) in &self.servers.settings {
            assert!(!name.ends_with("PASSWORD") || !said.contains(value), "{name} is shown");
        }
        let (_, connections) = said.split_once("\n}\n").unwrap();
        (output.status.success(), connections.to_owned())
    }

    /// The address of a server with another password.
    fn with_password(&self, name: &str, password: &str) -> String {
        let url = self.servers.setting(name);
        let (before, address) = url.rsplit_once('@').unwrap();
        let (user, _) = before.rsplit_once(':').unwrap();
        format!("{user}:{password}@{address}")
    }

    /// What the database answers to its own client, which checks its certificate.
    fn sql(&self, query: &str) -> String {
        let output = Command::new(self.servers.setting("TICKWIRE_PSQL"))
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", query])
            .arg(self.servers.setting("TICKWIRE_DATABASE__URL"))
            .envs([("PGSSLMODE", "verify-full"), ("PGSSLROOTCERT", &self.file("ca.pem"))])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn set_password_of_redis(&self, password: &str) {
        let root_cert = Some(std::fs::read(self.path("ca.pem")).unwrap());
        let trusting = TlsCertificates { client_tls: None, root_cert };
        let url = self.servers.setting("TICKWIRE_REDIS__URL");
        let client = redis::Client::build_with_tls(url, trusting).unwrap();
        let mut set = redis::cmd("CONFIG");
        set.arg("SET").arg("requirepass").arg(password);
        set.exec(&mut client.get_connection().unwrap()).unwrap();
    }

    fn kafka(&self) -> Kafka {
        let prefix = "TICKWIRE_KAFKA__PROPERTIES__";
        let property = |(name, value): &(String, String)| {
            let name = name.strip_prefix(prefix)?.to_ascii_lowercase().replace('_', ".");
            Some((name, value.as_str().into()))
        };
        Kafka {
            brokers: self.servers.setting("TICKWIRE_KAFKA__BROKERS").to_owned(),
            properties: self.servers.settings.iter().filter_map(property).collect(),
            ..Kafka::default()
        }
    }

    fn produce(&self, price: &str) {
        let kafka = self.kafka();
        let writer = Writer::new(&kafka).unwrap();
        let trade = json!({"type": "trade", "instrument": "T:TLS", "trade_id": price,
            "ts_event": jiff::Timestamp::now().as_nanosecond() as i64,
            "price": price, "qty": "1", "aggressor": "buy"})
        .to_string();
        let (key, value) = (Some(&b"T:TLS"[..]), Some(trade.as_bytes()));
        let letter = Letter { topic: MARKET_TOPIC, partition: None, key, value, headers: &[] };
        writer.send(letter, PATIENCE).unwrap();
        writer.flush(PATIENCE).unwrap();
    }
}

/// A hub that serves over TLS; it ends with this value.
struct Hub {
    child: Child,
    port: u16,
    log: PathBuf,
}

impl Hub {
    fn start(secured: &Secured, name: &str, settings: &[(&str, &str)]) -> Self {
        let port = free_port();
        let (certificate, key) = (format!("{name}.pem"), format!("{name}.key"));
        secured.trusted.certify(&secured.path(&certificate), &secured.path(&key));
        let log = secured.path(&format!("{name}.log"));
        let child = secured
            .tickwire("hub", settings)
            .env("TICKWIRE_HTTP__BIND", format!("127.0.0.1:{port}"))
            .env("TICKWIRE_HTTP__TLS_CERT_FILE", secured.file(&certificate))
            .env("TICKWIRE_HTTP__TLS_KEY_FILE", secured.file(&key))
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        Self { child, port, log }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// Waits until an answer over HTTPS is as wanted.
    async fn until(
        &self,
        authority: &Authority,
        path: &str,
        wanted: impl Fn(u16, &str) -> bool,
    ) -> String {
        let began = Instant::now();
        let mut last = None;
        while began.elapsed() < PATIENCE {
            last = authority.get(self.port, path).await;
            if let Some((status, body)) = &last
                && wanted(*status, body)
            {
                return body.clone();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("never: {path}, at last {last:?}\n{}", self.log());
    }

    async fn until_ready(&self, authority: &Authority) {
        let all_ok = |status, body: &str| status == 200 && !body.contains("down");
        self.until(authority, "/readyz", all_ok).await;
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[tokio::test]
async fn over_tls_and_with_passwords_all_works_and_what_is_wrong_is_told() {
    if servers::are_given() {
        return;
    }
    let secured = Arc::new(Secured::start());
    let migrated = secured.tickwire("migrate", &[]).output().unwrap();
    assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
    let hub = Hub::start(&secured, "hub", &FROZEN_SOON);
    hub.until_ready(&secured.trusted).await;
    let asked = secured.clone();
    let checks = tokio::task::spawn_blocking(move || {
        what_is_right_is_told(&asked);
        what_is_wrong_is_told(&asked);
    });
    let (refused, (), checked) =
        tokio::join!(a_refused_hub_says_why(&secured), a_trade_arrives(&secured, &hub), checks);
    checked.unwrap();
    it_goes_on_once_it_is_let_in(&secured, refused).await;
}

/// From Kafka with SCRAM, over WSS, into PostgreSQL and Redis, each over TLS.
async fn a_trade_arrives(secured: &Secured, hub: &Hub) {
    assert!(secured.other.get(hub.port, "/healthz").await.is_none(), "it is not who it says");
    secured.produce("101.25");
    let known = |status, _: &str| status == 200;
    hub.until(&secured.trusted, "/api/v1/trades?instrument=T:TLS", known).await;
    let mut socket = secured.trusted.socket(hub.port).await;
    socket.subscribe("trade", "T:TLS", 0).await;
    socket.next("snapshot").await;
    secured.produce("101.50");
    assert_eq!(socket.next("event").await["data"][0]["price"], "101.50");
    let stored = "select string_agg(price::text, ' ' order by ts_ns) from market.trades";
    let began = Instant::now();
    while secured.sql(stored) != "101.25 101.50" {
        assert!(began.elapsed() < PATIENCE, "{}", hub.log());
    }

    who_does_not_read_is_cut(secured, hub).await;
    a_new_certificate_is_shown(secured, hub).await;
}

/// The socket below TLS is cut, while the session above it stands still.
async fn who_does_not_read_is_cut(secured: &Secured, hub: &Hub) {
    let feed = |count| {
        let counted = ["sim", "--instruments", "1", "--rate", "6000", "--count", count];
        secured.tickwire("feed", &[]).args(counted).stdout(Stdio::null()).spawn().unwrap()
    };
    assert!(feed("300").wait().unwrap().success());
    let known = |status, _: &str| status == 200;
    hub.until(&secured.trusted, "/api/v1/stats?instruments=SIM:ACME", known).await;
    let mut frozen = secured.trusted.socket(hub.port).await;
    for channel in ["book.1000", "quote", "trade"] {
        frozen.subscribe(channel, "SIM:ACME", 0).await;
    }
    let mut feed = feed("60000");
    let cut = |_, metrics: &str| metrics.contains("tickwire_sessions_cut_total 1");
    hub.until(&secured.trusted, "/metrics", cut).await;
    feed.kill().unwrap();
    feed.wait().unwrap();
}

async fn a_new_certificate_is_shown(secured: &Secured, hub: &Hub) {
    let (certificate, key) = (secured.path("hub.pem"), secured.path("hub.key"));
    secured.other.certify(&certificate, &key);
    hub.until(&secured.other, "/healthz", |status, _| status == 200).await;
}

fn what_is_right_is_told(secured: &Secured) {
    let plain = [("KAFKA__PROPERTIES__SASL_MECHANISM", "PLAIN")];
    // The name in the certificate is not the one that is asked for.
    let named = secured.servers.setting("TICKWIRE_DATABASE__URL").replace("127.0.0.1", "elsewhere");
    let named = format!("{named}?hostaddr=127.0.0.1&sslmode=verify-ca");
    for settings in [&[][..], &plain, &[("DATABASE__URL", &named)]] {
        let (well, told) = secured.check(settings);
        assert!(well, "{settings:?}: {told}");
        assert_eq!(told.matches(": ok, ").count(), 3, "{told}");
    }
}

fn what_is_wrong_is_told(secured: &Secured) {
    let other = secured.file("other.pem");
    let database = secured.with_password("TICKWIRE_DATABASE__URL", "guessed");
    let redis = secured.with_password("TICKWIRE_REDIS__URL", "guessed");
    let named = secured.servers.setting("TICKWIRE_DATABASE__URL").replace("127.0.0.1", "elsewhere");
    let named = format!("{named}?hostaddr=127.0.0.1");
    let unencrypted = secured.servers.setting("TICKWIRE_REDIS__URL").replace("rediss", "redis");
    let untrusted = "invalid peer certificate";
    let guessed = ("KAFKA__PROPERTIES__SASL_PASSWORD", "guessed");
    let plain = ("KAFKA__PROPERTIES__SASL_MECHANISM", "PLAIN");
    // Each wrong in its own way at once; every line is a connection's own.
    let cases: [(Given<'_>, [&str; 3]); 3] = [
        (
            &[
                ("KAFKA__PROPERTIES__SSL_CA_LOCATION", &other),
                ("DATABASE__TLS_CA_FILE", &other),
                ("REDIS__TLS_CA_FILE", &other),
            ],
            ["certificate verify failed", untrusted, untrusted],
        ),
        (
            &[guessed, ("DATABASE__URL", &database), ("REDIS__URL", &redis)],
            ["invalid credentials", "password authentication failed", "authentication failed"],
        ),
        (
            &[plain, guessed, ("DATABASE__URL", &named)],
            ["Invalid username or password", "not valid for name", ": ok, "],
        ),
    ];
    for (settings, words) in cases {
        let (well, told) = secured.check(settings);
        assert!(!well && !told.contains("guessed"), "{told}");
        for (line, word) in told.lines().zip(words) {
            assert!(line.contains(word), "{settings:?}: {word}: {told}");
        }
        assert_eq!(told.lines().count(), 3, "{told}");
    }
    // Redis without TLS: the files beside it would be forgotten, so that is no setting at all.
    let output = secured.tickwire("check", &[("REDIS__URL", &unencrypted)]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("redis.tls_ca_file"));
}

/// By whom it is refused and why, and not with every try.
async fn a_refused_hub_says_why(secured: &Secured) -> Hub {
    let authorities = secured.file("changing.pem");
    secured.other.write(&secured.path("changing.pem"));
    let database = secured.with_password("TICKWIRE_DATABASE__URL", "later");
    let redis = secured.with_password("TICKWIRE_REDIS__URL", "later");
    let hub = Hub::start(
        secured,
        "refused",
        &[
            ("KAFKA__PREFIX", "refused."),
            ("KAFKA__PROPERTIES__SSL_CA_LOCATION", &authorities),
            ("DATABASE__URL", &database),
            ("REDIS__URL", &redis),
        ],
    );
    let told =
        |words: &'static [&str]| move |_, body: &str| words.iter().all(|word| body.contains(word));
    let by_kafka: &[&str] = &["certificate verify failed"];
    let by_others: &[&str] = &["password authentication failed", "Password authentication failed"];
    hub.until(&secured.trusted, "/readyz", told(by_kafka)).await;
    tokio::time::sleep(SEVERAL_TRIES).await;
    secured.trusted.write(&secured.path("changing.pem"));
    hub.until(&secured.trusted, "/readyz", told(by_others)).await;
    tokio::time::sleep(SEVERAL_TRIES).await;
    let log = hub.log();
    for word in by_others.iter().chain(by_kafka) {
        let times = log.lines().filter(|line| line.contains(word)).count();
        assert!((1..=4).contains(&times), "{word}, {times} times\n{log}");
    }
    hub
}

async fn it_goes_on_once_it_is_let_in(secured: &Secured, hub: Hub) {
    secured.sql("alter role tickwire password 'later'");
    secured.set_password_of_redis("later");
    hub.until_ready(&secured.trusted).await;
}
