//! Kafka, the database and Redis go away in every way that servers go away, one at a time, under
//! load. What can still work does, what cannot says so at once, nothing is lost, and all comes right
//! by itself. The table that this prints is the one of docs/reliability.md.

mod load;
mod servers;

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use self::load::{Asked, Feed, INSTRUMENTS, Seen, instrument};
use self::servers::{PrivateServers, Server};
use crate::hub::{TestHub, sql_on};

/// An answer over HTTP never takes longer than this, whatever is away: what the hub itself waits for
/// a sign of life, with room for a busy machine.
const ANSWER_MAX: Duration = Duration::from_secs(8);
/// How long each fault lasts once it was noticed.
const HOLD: Duration = Duration::from_secs(4);
/// The reader's session in its group ends after so long without a word, and a little more.
const GROUP_PATIENCE: Duration = Duration::from_secs(12);
/// After this the log counts as stale, so that a reader is told of it within a fault.
const STALE_AFTER: Duration = Duration::from_secs(3);
/// A server may have to recover what it was writing, and the machine may be busy.
const RIGHT_WITHIN: Duration = Duration::from_secs(120);

struct Drill {
    hub: TestHub,
    servers: Arc<PrivateServers>,
    seen: Seen,
    asked: Asked,
    feed: Feed,
    rows: Vec<String>,
}

impl Drill {
    async fn dependency(&self, name: &str) -> Value {
        self.hub.get("/readyz").await.1["dependencies"][name].clone()
    }

    /// Waits until nothing is away and all that was written before has arrived everywhere.
    async fn until_all_is_right(&self) {
        let written = self.feed.written.load(Ordering::Acquire) * INSTRUMENTS;
        self.hub
            .until_within(RIGHT_WITHIN, "nothing is away", async || {
                let (status, ready) = self.hub.get("/readyz").await;
                let dependencies = ready["dependencies"].as_object().unwrap();
                let well = dependencies.values().all(|one| one["state"] == "ok");
                (status == 200 && well).then_some(())
            })
            .await;
        self.hub
            .until_within(RIGHT_WITHIN, "the reader has what was written", async || {
                (written <= self.seen.trades()).then_some(())
            })
            .await;
        self.hub
            .until_within(RIGHT_WITHIN, "what was written is recorded", async || {
                let rows = self.hub.sql("select count(*) from market.trades").await;
                let count: u64 = rows[0][0].as_deref().unwrap().parse().unwrap();
                (written <= count).then_some(())
            })
            .await;
        let saved = "tickwire_state_rounds_total";
        let before = self.hub.metric(saved, "").await;
        self.hub
            .until_within(RIGHT_WITHIN, "state is saved again", async || {
                (before < self.hub.metric(saved, "").await).then_some(())
            })
            .await;
    }

    /// One fault, from its beginning until all is right again. `away` is what `/readyz` has to name.
    async fn suffer<F>(
        &mut self,
        what: &str,
        away: Option<&str>,
        begin: impl AsyncFnOnce(&Self) -> Option<F>,
        heal: impl AsyncFnOnce(&Self, F),
    ) {
        // One fault alone, for whoever looks into it.
        if std::env::var("TICKWIRE_TEST_FAULT").is_ok_and(|only| !what.contains(&only)) {
            return;
        }
        eprintln!("fault: {what}");
        self.until_all_is_right().await;
        self.asked.take();
        self.seen.was_told("stale");
        let began = Instant::now();
        let Some(fault) = begin(self).await else {
            eprintln!("SKIPPED: {what}: this takes root");
            return;
        };
        let mut said = String::from("—");
        if let Some(name) = away {
            let named = self
                .hub
                .until(&format!("{what}: {name} is away"), async || {
                    let known = self.dependency(name).await;
                    (known["state"] == "down").then_some(known)
                })
                .await;
            assert!(named["fault"].is_string() && named["since"].is_string(), "{named}");
            let up = "tickwire_dependency_up";
            assert_eq!(self.hub.metric(up, &format!("\"{name}\"")).await, 0);
            let fault = named["fault"].as_str().unwrap();
            said = format!("`{name}` after {} ms: “{fault}”", began.elapsed().as_millis());
        }
        let before = self.seen.trades();
        let told_stale = if away == Some("kafka") {
            self.hub
                .until("prices count as stale", async || self.seen.was_told("stale").then_some(()))
                .await;
            if what.contains("frozen") {
                // Longer than the group waits for a member: the brokers wake up to one they gave up.
                tokio::time::sleep(GROUP_PATIENCE).await;
            }
            true
        } else {
            tokio::time::sleep(HOLD).await;
            let moved = self.seen.trades() - before;
            assert!(0 < moved, "{what}: no trade reached the reader meanwhile");
            if away == Some("database") {
                self.hub
                    .until("the recorder is said to lag", async || {
                        let lag = self.hub.metric("tickwire_lag_records", "\"record\"").await;
                        (0 < lag).then_some(())
                    })
                    .await;
            }
            false
        };
        let asked = self.asked.take();
        let healing = Instant::now();
        heal(self, fault).await;
        let (back_ms, back) = (healing.elapsed().as_millis(), Instant::now());
        self.until_all_is_right().await;
        let right_ms = back.elapsed().as_millis();
        for (path, (slowest, statuses)) in &asked {
            assert!(*slowest < ANSWER_MAX, "{what}: {path} took {slowest:?}");
            let allowed: HashSet<u16> = match *path {
                // Stored trades are nowhere else.
                "trades" => [200, 503].into(),
                _ => [200].into(),
            };
            assert!(statuses.is_subset(&allowed), "{what}: {path} answered {statuses:?}");
        }
        let rest: Vec<String> = asked
            .iter()
            .map(|(path, (slowest, statuses))| {
                let mut statuses: Vec<u16> = statuses.iter().copied().collect();
                statuses.sort_unstable();
                format!("{path} {statuses:?} ≤ {} ms", slowest.as_millis())
            })
            .collect();
        let reader = if told_stale { "told `stale`" } else { "noticed nothing" };
        self.rows.push(format!(
            "| {what} | {said} | {reader} | {} | {back_ms} + {right_ms} ms |",
            rest.join(", ")
        ));
    }
}

/// An administrator's connection to Redis, which stays when others are sent away.
struct RedisAdmin(BufReader<std::net::TcpStream>);

impl RedisAdmin {
    fn connect(url: &str) -> Self {
        let (password, address) = url.strip_prefix("redis://:").unwrap().rsplit_once('@').unwrap();
        let stream = std::net::TcpStream::connect(address.trim_end_matches('/')).unwrap();
        let mut admin = Self(BufReader::new(stream));
        admin.ask(&format!("AUTH {password}"));
        admin
    }

    fn ask(&mut self, command: &str) {
        self.0.get_mut().write_all(format!("{command}\r\n").as_bytes()).unwrap();
        let mut answer = String::new();
        self.0.read_line(&mut answer).unwrap();
        assert!(!answer.starts_with('-'), "{command}: {answer}");
    }
}

async fn database_faults(drill: &mut Drill) {
    use Server::Postgres;
    let restart = async |drill: &Drill, ()| drill.servers.up();
    drill
        .suffer(
            "the database is stopped",
            Some("database"),
            async |drill| {
                drill.servers.stop(Postgres);
                Some(())
            },
            restart,
        )
        .await;
    drill
        .suffer(
            "the database is killed (`kill -9`)",
            Some("recorder"),
            async |drill| {
                drill.servers.signal(Postgres, "KILL");
                Some(())
            },
            restart,
        )
        .await;
    drill
        .suffer(
            "the database is frozen (SIGSTOP)",
            Some("database"),
            async |drill| {
                drill.servers.signal(Postgres, "STOP");
                Some(())
            },
            async |drill, ()| drill.servers.signal(Postgres, "CONT"),
        )
        .await;
    drill
        .suffer(
            "the database is slow (runs 50 ms of each 250)",
            None,
            async |drill| Some(drill.servers.slow_down(Postgres)),
            async |_, slowed| drop(slowed),
        )
        .await;
    let (server, name) = {
        let url = drill.hub.setting("TICKWIRE_DATABASE__URL");
        let (server, name) = url.rsplit_once('/').unwrap();
        (format!("{server}/postgres"), name.to_owned())
    };
    drill
        .suffer(
            "the database refuses connections",
            Some("recorder"),
            async |_| {
                let refuse = format!("alter database {name} with allow_connections false");
                sql_on(&server, &refuse).await;
                let end = format!(
                    "select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'"
                );
                sql_on(&server, &end).await;
                Some(())
            },
            async |_, ()| {
                let allow = format!("alter database {name} with allow_connections true");
                sql_on(&server, &allow).await;
            },
        )
        .await;
    drill
        .suffer(
            "the database's disk is full",
            Some("recorder"),
            async |drill| drill.servers.fill_disk(Postgres),
            async |drill, disk| {
                drop(disk);
                drill.servers.up();
            },
        )
        .await;
}

async fn redis_faults(drill: &mut Drill) {
    use Server::Redis;
    let url = drill.servers.servers.redis.clone().unwrap();
    let restart = async |drill: &Drill, ()| drill.servers.up();
    drill
        .suffer(
            "Redis is stopped",
            Some("redis"),
            async |drill| {
                drill.servers.stop(Redis);
                Some(())
            },
            restart,
        )
        .await;
    drill
        .suffer(
            "Redis is frozen (SIGSTOP)",
            Some("redis"),
            async |drill| {
                drill.servers.signal(Redis, "STOP");
                Some(())
            },
            async |drill, ()| drill.servers.signal(Redis, "CONT"),
        )
        .await;
    drill
        .suffer(
            "Redis is slow (runs 50 ms of each 250)",
            None,
            async |drill| Some(drill.servers.slow_down(Redis)),
            async |_, slowed| drop(slowed),
        )
        .await;
    drill
        .suffer(
            "Redis refuses connections",
            Some("redis"),
            async |_| {
                let mut admin = RedisAdmin::connect(&url);
                admin.ask("CONFIG SET maxclients 1");
                admin.ask("CLIENT KILL TYPE normal SKIPME yes");
                Some(admin)
            },
            async |_, mut admin| admin.ask("CONFIG SET maxclients 1000"),
        )
        .await;
    drill
        .suffer(
            "Redis is full and may forget nothing",
            Some("redis"),
            async |_| {
                let mut admin = RedisAdmin::connect(&url);
                admin.ask("CONFIG SET maxmemory-policy noeviction");
                admin.ask("CONFIG SET maxmemory 1");
                Some(admin)
            },
            async |_, mut admin| admin.ask("CONFIG SET maxmemory 256mb"),
        )
        .await;
}

async fn kafka_faults(drill: &mut Drill) {
    use Server::Kafka;
    let restart = async |drill: &Drill, ()| drill.servers.up();
    drill
        .suffer(
            "Kafka is stopped",
            Some("kafka"),
            async |drill| {
                drill.servers.stop(Kafka);
                Some(())
            },
            restart,
        )
        .await;
    drill
        .suffer(
            "Kafka is killed (`kill -9`)",
            Some("kafka"),
            async |drill| {
                drill.servers.signal(Kafka, "KILL");
                Some(())
            },
            restart,
        )
        .await;
    drill
        .suffer(
            "Kafka is frozen (SIGSTOP)",
            Some("kafka"),
            async |drill| {
                drill.servers.signal(Kafka, "STOP");
                Some(())
            },
            async |drill, ()| drill.servers.signal(Kafka, "CONT"),
        )
        .await;
    drill
        .suffer(
            "Kafka is slow (runs 50 ms of each 250)",
            None,
            async |drill| Some(drill.servers.slow_down(Kafka)),
            async |_, slowed| drop(slowed),
        )
        .await;
    drill
        .suffer(
            "Kafka's disk is full",
            Some("kafka"),
            async |drill| drill.servers.fill_disk(Kafka),
            async |drill, disk| {
                drop(disk);
                drill.servers.up();
            },
        )
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_goes_away_comes_back_and_nothing_is_lost() {
    if crate::servers::are_given() {
        return;
    }
    let servers = Arc::new(PrivateServers::start());
    let stale_after_ms = STALE_AFTER.as_millis().to_string();
    let settings = [
        ("MARKET__STALE_AFTER_MS", stale_after_ms.as_str()),
        ("REDIS__WRITE_EVERY_MS", "200"),
        ("KAFKA__IDENTITY_EVERY_MS", "1000"),
    ];
    let hub = TestHub::start_on(&servers.servers, &settings).await;
    for nth in 0..INSTRUMENTS {
        hub.produce(&instrument(nth), &load::events(&instrument(nth), 0));
    }
    hub.flush();
    for nth in 0..INSTRUMENTS {
        let path = format!("/api/v1/quotes?instruments={}", instrument(nth));
        hub.until("the instrument is known", async || {
            (hub.get(&path).await.0 == 200).then_some(())
        })
        .await;
    }
    let (seen, asked) = (Seen::default(), Asked::default());
    let socket = hub.connect().await;
    let following = tokio::spawn(seen.clone().follow(socket));
    let over = Arc::new(AtomicBool::new(false));
    let asking = tokio::spawn(asked.clone().ask(hub.port(), over.clone()));
    let feed = Feed::start(&hub.kafka);
    let mut drill = Drill { hub, servers, seen, asked, feed, rows: Vec::new() };

    database_faults(&mut drill).await;
    redis_faults(&mut drill).await;
    kafka_faults(&mut drill).await;

    over.store(true, Ordering::Release);
    asking.await.unwrap();
    let Drill { servers, mut hub, seen, feed, rows, .. } = drill;
    let written = tokio::task::spawn_blocking(|| feed.end()).await.unwrap() * INSTRUMENTS;
    hub.until_recorded().await;
    let found = hub
        .sql(
            "select (select count(*) from market.trades),
                (select count(distinct (instrument, trade_id)) from market.trades),
                (select count(*) from market.gaps)",
        )
        .await;
    let counts: Vec<u64> =
        found[0].iter().map(|text| text.as_deref().unwrap().parse().unwrap()).collect();
    assert_eq!(counts, [written, written, 0], "stored, distinct, gaps");
    for nth in 0..INSTRUMENTS {
        let path = format!("/api/v1/bars?instrument={}&interval=1d", instrument(nth));
        let (_, days) = hub.get(&path).await;
        let days = days["bars"].as_array().unwrap();
        let in_bars: u64 = days.iter().map(|bar| bar["trades"].as_u64().unwrap()).sum();
        assert_eq!(in_bars * INSTRUMENTS, written, "{path}");
    }
    hub.until("the reader has everything", async || (seen.trades() == written).then_some(())).await;
    assert_eq!(seen.missed(), 0);
    assert!(!following.is_finished(), "the reader's socket was never closed");
    hub.stop().await;
    following.await.unwrap();
    println!(
        "| what was done | `/readyz` | a reader on the socket | REST | server back + all right |"
    );
    println!("| --- | --- | --- | --- | --- |");
    rows.iter().for_each(|row| println!("{row}"));
    println!(
        "{written} trades written, {written} stored and in bars once, {written} on the socket"
    );
    drop(hub);
    drop(servers);
}
