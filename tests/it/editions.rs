//! The other servers that a hub may meet: TimescaleDB's Community edition, one that forgets, and
//! PostgreSQL without TimescaleDB.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::json;
use tokio_postgres::{NoTls, SimpleQueryMessage};

use super::hub::{PATIENCE, TestHub, free_port};
use super::servers::{self, Servers};

const DAY_NS: i64 = 86_400_000_000_000;

/// PostgreSQL in WebAssembly, one connection at a time; it ends with this value.
struct Pglite {
    child: Child,
    url: String,
}

impl Pglite {
    /// With the Community edition of TimescaleDB, or `plain`.
    fn start(kind: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pglite");
        assert!(folder.join("node_modules").exists(), "./test fetches tests/pglite/node_modules");
        let child = Command::new("node")
            .args(["server.js", kind])
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut child = child.expect("Node.js runs TimescaleDB's Community edition");
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
        // It leaves the question for TLS unanswered.
        let url =
            format!("postgresql://postgres:x@127.0.0.1:{}/postgres?sslmode=disable", port.trim());
        Self { child, url }
    }

    async fn migrate(&self, settings: &[(&str, &str)]) -> String {
        // All connections are one session to it, which keeps what the last one left.
        self.column("deallocate all").await;
        let output = tickwire("migrate", &self.url, settings);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The first column of an answer. The connection is gone when it returns: there is only one.
    async fn column(&self, query: &str) -> Vec<String> {
        let (client, connection) = tokio_postgres::connect(&self.url, NoTls).await.unwrap();
        let connection = tokio::spawn(connection);
        let answer = client.simple_query(query).await;
        drop(client);
        connection.await.unwrap().ok();
        let rows = answer.unwrap_or_else(|error| panic!("{query}: {error:?}"));
        rows.iter()
            .filter_map(|message| match message {
                SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or_default().to_owned()),
                _ => None,
            })
            .collect()
    }

    /// The server's jobs: what they do, to which table, after how long.
    async fn jobs(&self) -> Vec<String> {
        self.column(
            "select concat_ws(' ', proc_name, hypertable_name,
                coalesce(config ->> 'compress_after', config ->> 'drop_after'))
            from timescaledb_information.jobs where hypertable_schema = 'history' order by 1",
        )
        .await
    }
}

impl Drop for Pglite {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn tickwire(command: &str, database: &str, settings: &[(&str, &str)]) -> Output {
    let mut tickwire = Command::new(env!("CARGO_BIN_EXE_tickwire"));
    tickwire.arg(command).env("TICKWIRE_DATABASE__URL", database);
    // Only the database is of interest.
    tickwire.env("TICKWIRE_KAFKA__EMBEDDED", "true");
    for (name, value) in settings {
        tickwire.env(format!("TICKWIRE_{name}"), value);
    }
    tickwire.output().unwrap()
}

#[tokio::test]
async fn the_community_edition_compresses_and_forgets_as_the_settings_say() {
    let server = Pglite::start("timescaledb");
    assert_eq!(server.migrate(&[]).await, "9 migrations applied\n");
    let made = server.jobs().await;
    assert_eq!(server.migrate(&[]).await, "0 migrations applied\n");

    let tables = "select hypertable_name from timescaledb_information.hypertables
        where hypertable_schema = 'history' and compression_enabled order by 1";
    let compressed =
        ["bars_1m", "bars_1s", "books", "imbalances", "quotes", "statistics", "trades"];
    assert_eq!(server.column(tables).await, compressed);
    assert_eq!(made, compressed.map(|table| format!("policy_compression {table} 7 days")));
    assert_eq!(server.jobs().await, made);

    let other = [("DATABASE__COMPRESS_AFTER_DAYS", "3"), ("DATABASE__KEEP_DAYS", "30")];
    server.migrate(&other).await;
    let jobs = server.jobs().await;
    assert_eq!(jobs.iter().filter(|job| job.ends_with(" 3 days")).count(), 7, "{jobs:?}");
    let kept_for_a_while = ["bars_1s", "books", "imbalances", "quotes", "statistics", "trades"];
    let forgetting = kept_for_a_while.map(|table| format!("policy_retention {table} 30 days"));
    assert!(jobs.ends_with(&forgetting), "{jobs:?}");
    assert_eq!(server.column("select days::text from recorder.keeping").await, ["30"]);

    let never = [("DATABASE__COMPRESS_AFTER_DAYS", "0")];
    server.migrate(&never).await;
    assert_eq!(server.jobs().await, Vec::<String>::new());
    what_is_compressed_can_still_be_changed(&server).await;
}

/// Late trades, cancels and recomputed bars reach what was compressed; the views read it.
async fn what_is_compressed_can_still_be_changed(server: &Pglite) {
    let trade = |id: &str, minute: u32| {
        format!(
            "insert into history.trades select 1, at, extract(epoch from at)::bigint * 1000000000,
                {minute}, null, '{id}', 10125, 2, 3, 0, 1, 'buy', '', 'valid'
            from (select timestamptz '2026-01-05 00:00Z' + interval '{minute} minutes' as at) t
            on conflict do nothing"
        )
    };
    let bar = "insert into history.bars_1m select 1, '2026-01-05 00:01Z', 1, 1, 1, 1, 0, 1, 1, 0,
            1, 0, 'final'
        on conflict (instrument_id, start) do update set trades = bars_1m.trades + 1";
    let instrument = "insert into history.instruments (name) values ('T:OLD')";
    for sql in [instrument, &trade("1", 1), &trade("2", 2), bar] {
        server.column(sql).await;
    }
    for table in ["trades", "bars_1m"] {
        let sql = format!("select compress_chunk(show_chunks('history.{table}'))");
        assert_eq!(server.column(&sql).await.len(), 1);
    }
    let cancel = "update history.trades set state = 'canceled' where trade_id = '1'";
    for sql in [&trade("1", 1), &trade("3", 3), cancel, bar] {
        server.column(sql).await;
    }

    let trades = "select trade_id || ' ' || price || ' ' || state from market.trades
        where instrument = 'T:OLD' order by ts";
    let stored = ["1 101.25 canceled", "2 101.25 valid", "3 101.25 valid"];
    assert_eq!(server.column(trades).await, stored);
    let bars = "select trades::text from market.bars_1m where instrument = 'T:OLD'";
    assert_eq!(server.column(bars).await, ["2"]);
    for view in
        ["instruments", "quotes", "books", "statistics", "imbalances", "bars_1s", "bars_1d", "gaps"]
    {
        server.column(&format!("select * from market.{view}")).await;
    }
}

#[tokio::test]
async fn the_apache_edition_forgets_by_the_hubs_own_hand_and_bars_stay_as_they_were() {
    let hub = TestHub::start(&[("DATABASE__KEEP_DAYS", "2")]).await;
    let now = jiff::Timestamp::now().as_nanosecond() as i64;
    let trade = |id: &str, at: i64| {
        json!({"type": "trade", "instrument": "T:OLD", "ts_event": at, "trade_id": id,
            "price": "7", "qty": "1", "aggressor": "buy"})
    };
    hub.produce("T:OLD", &trade("new", now));
    hub.flush();
    hub.until_recorded().await;
    let long_ago = now - 10 * DAY_NS;
    // Its trades are gone.
    hub.sql(&format!(
        "insert into history.bars_1m select id, date_trunc('minute', history.at({long_ago})), 5, 5,
            5, 5, 0, 100, 500, 0, 100, 0, 'final' from history.instruments where name = 'T:OLD'"
    ))
    .await;
    hub.produce("T:OLD", &trade("late", long_ago));
    hub.flush();
    hub.until_recorded().await;
    hub.until("nothing is left to recompute", async || {
        let left = hub.sql("select count(*) from recorder.repairs").await;
        (left[0][0].as_deref() == Some("0")).then_some(())
    })
    .await;
    hub.until("what is too old is gone", async || {
        let left = hub.sql("select string_agg(trade_id, ' ') from history.trades").await;
        (left[0][0].as_deref() == Some("new")).then_some(())
    })
    .await;

    let bars = hub.sql("select trades from history.bars_1m order by start limit 1").await;
    assert_eq!(bars[0][0].as_deref(), Some("100"));
}

#[tokio::test]
async fn a_plain_postgresql_is_refused_with_what_it_lacks() {
    let server = Pglite::start("plain");
    is_refused(&server.url, "install the package of TimescaleDB");
    if servers::are_given() {
        return;
    }
    let options = ["--no-kafka", "--no-redis"];
    let servers = Servers::start("plain", &options, &[("TICKWIRE_TIMESCALE", "no")]);
    let url = servers.setting("TICKWIRE_DATABASE__URL");
    let missing = "put timescaledb into shared_preload_libraries";
    is_refused(url, missing);
    is_told_by_a_hub(url, missing).await;
}

fn is_refused(url: &str, word: &str) {
    let migrated = tickwire("migrate", url, &[]);
    let told = String::from_utf8_lossy(&migrated.stderr);
    assert_eq!(migrated.status.code(), Some(1));
    assert!(told.contains(word), "{told}");
    let checked = tickwire("check", url, &[]);
    let told = String::from_utf8_lossy(&checked.stdout);
    assert_eq!(checked.status.code(), Some(1));
    assert!(told.contains(word), "{told}");
}

async fn is_told_by_a_hub(url: &str, word: &str) {
    let (port, log) = (free_port(), tempfile::NamedTempFile::new().unwrap());
    let mut hub = Command::new(env!("CARGO_BIN_EXE_tickwire"))
        .arg("hub")
        .env("TICKWIRE_DATABASE__URL", url)
        .env("TICKWIRE_KAFKA__EMBEDDED", "true")
        .env("TICKWIRE_HTTP__BIND", format!("127.0.0.1:{port}"))
        .stderr(log.reopen().unwrap())
        .spawn()
        .unwrap();
    let began = std::time::Instant::now();
    let mut told = String::new();
    while !told.contains(word) && began.elapsed() < PATIENCE {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        if let Ok(answer) = reqwest::get(format!("http://127.0.0.1:{port}/readyz")).await {
            told = answer.text().await.unwrap();
        }
    }
    hub.kill().unwrap();
    hub.wait().unwrap();
    let log = std::fs::read_to_string(log.path()).unwrap();
    assert!(told.contains(word) && log.contains(word), "{told}\n{log}");
}
