//! What the server's TimescaleDB can do: compression and retention, by its own jobs where it has
//! them (Community edition), and what the hub does in their place where not (Apache edition).

use std::time::Duration;

use tokio_postgres::Client;

use super::connect::{StoreError, connect};
use crate::config;

/// Tables that grow with the market, and the order that their rows are compressed in.
const COMPRESSED: [(&str, &str); 7] = [
    ("trades", "ts, ts_ns, pos"),
    ("quotes", "ts, seq"),
    ("books", "ts, seq"),
    ("bars_1s", "start"),
    ("bars_1m", "start"),
    ("statistics", "ts, ts_ns"),
    ("imbalances", "ts, ts_ns"),
];

/// Tables that `database.keep_days` is for; all longer bars stay.
const KEPT_FOR_A_WHILE: [&str; 6] =
    ["trades", "quotes", "books", "bars_1s", "statistics", "imbalances"];

/// Which TimescaleDB a server has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edition {
    /// As Debian and many clouds have it: without compression and jobs.
    Apache,
    /// With all of it.
    Community,
}

/// A job of the server's, and how it is made and taken away.
struct Job {
    procedure: &'static str,
    key: &'static str,
    add: &'static str,
    remove: &'static str,
}

const COMPRESSION: Job = Job {
    procedure: "policy_compression",
    key: "compress_after",
    add: "add_compression_policy",
    remove: "remove_compression_policy",
};

const RETENTION: Job = Job {
    procedure: "policy_retention",
    key: "drop_after",
    add: "add_retention_policy",
    remove: "remove_retention_policy",
};

/// What the server is, in words.
///
/// # Errors
///
/// [`StoreError`] where it cannot be asked, or the hub cannot work with it.
pub async fn describe(settings: &config::Database) -> Result<String, StoreError> {
    let client = connect(settings).await?;
    let sql = "select split_part(version(), ' on ', 1),
            (select extversion from pg_extension where extname = 'timescaledb'),
            (select count(*) from pg_available_extensions where name = 'timescaledb'),
            -- The loader defines it, for whoever may see what is loaded and who may not.
            current_setting('timescaledb.disable_load', true) is not null";
    let row = client.query_one(sql, &[]).await?;
    let (server, created) = (row.get::<_, &str>(0), row.get::<_, Option<&str>>(1));
    match created {
        Some(version) => {
            let edition = match edition(&client).await? {
                Edition::Apache => "Apache edition, which does not compress",
                Edition::Community => "Community edition",
            };
            Ok(format!("{server}, TimescaleDB {version}, {edition}"))
        }
        None if row.get::<_, i64>(2) == 0 => Err(not_installed()),
        None if !row.get::<_, bool>(3) => Err(not_loaded()),
        None => Ok(format!("{server}, TimescaleDB not created yet: `tickwire migrate` does it")),
    }
}

/// Creates the extension where it is missing.
pub(super) async fn create(client: &Client) -> Result<(), StoreError> {
    let sql = "select count(*) from pg_available_extensions where name = 'timescaledb'";
    if client.query_one(sql, &[]).await?.get::<_, i64>(0) == 0 {
        return Err(not_installed());
    }
    let created = client.batch_execute("create extension if not exists timescaledb").await;
    created.map_err(|error| match error.as_db_error() {
        Some(refusal) if refusal.message().contains("preload") => not_loaded(),
        _ => error.into(),
    })
}

fn not_installed() -> StoreError {
    StoreError::Unfit(
        "this PostgreSQL has no TimescaleDB, which the hub needs: install the package of \
         TimescaleDB for its version, put timescaledb into shared_preload_libraries and start it \
         again"
            .into(),
    )
}

fn not_loaded() -> StoreError {
    StoreError::Unfit(
        "this PostgreSQL does not load TimescaleDB, which the hub needs: put timescaledb into \
         shared_preload_libraries and start it again"
            .into(),
    )
}

async fn edition(client: &Client) -> Result<Edition, StoreError> {
    let row = client.query_one("select current_setting('timescaledb.license', true)", &[]).await?;
    Ok(match row.get::<_, Option<&str>>(0) {
        Some("timescale") => Edition::Community,
        Some(_) | None => Edition::Apache,
    })
}

/// Brings compression and retention to what the settings say; what is so already is left alone.
pub(super) async fn apply(client: &Client, settings: &config::Database) -> Result<(), StoreError> {
    let days = settings.keep_days;
    let kept = if days == 0 { "null".to_owned() } else { days.to_string() };
    client
        .batch_execute(&format!(
            "begin;
             update recorder.keeping set days = {kept}, forgotten_before =
                greatest(forgotten_before, now() - make_interval(days => days));
             insert into recorder.keeping (days)
                select {kept}::integer where not exists (select from recorder.keeping);
             commit"
        ))
        .await?;
    if edition(client).await? == Edition::Apache {
        return Ok(());
    }
    for (table, order) in COMPRESSED {
        if settings.compress_after_days != 0 {
            allow_compression(client, table, order).await?;
        }
        set(client, &COMPRESSION, table, settings.compress_after_days).await?;
    }
    for table in KEPT_FOR_A_WHILE {
        set(client, &RETENTION, table, days).await?;
    }
    Ok(())
}

async fn allow_compression(client: &Client, table: &str, order: &str) -> Result<(), StoreError> {
    let sql = "select compression_enabled from timescaledb_information.hypertables
        where hypertable_schema = 'history' and hypertable_name = $1";
    if client.query_one(sql, &[&table]).await?.get(0) {
        return Ok(());
    }
    let sql = format!(
        "alter table history.{table} set (timescaledb.compress,
            timescaledb.compress_segmentby = 'instrument_id',
            timescaledb.compress_orderby = '{order}')"
    );
    Ok(client.batch_execute(&sql).await?)
}

async fn set(client: &Client, job: &Job, table: &str, days: u32) -> Result<(), StoreError> {
    let Job { procedure, key, add, remove } = job;
    let sql = format!(
        "select (config ->> '{key}')::interval = interval '{days} days'
        from timescaledb_information.jobs
        where proc_name = $1 and hypertable_schema = 'history' and hypertable_name = $2"
    );
    let known = client.query_opt(&sql, &[procedure, &table]).await?;
    let known = known.map(|row| row.get::<_, Option<bool>>(0) == Some(true));
    let mut changes = String::new();
    match known {
        None if days == 0 => return Ok(()),
        Some(true) if days != 0 => return Ok(()),
        Some(_) => changes.push_str(&format!("select {remove}('history.{table}');")),
        None => {}
    }
    if days != 0 {
        changes.push_str(&format!("select {add}('history.{table}', interval '{days} days');"));
    }
    tracing::info!(table, days, job = procedure, "the server's jobs are changed");
    Ok(client.batch_execute(&changes).await?)
}

/// Drops what is older than the settings keep, where the server has no job for it.
///
/// # Errors
///
/// [`StoreError`].
pub async fn drop_old(settings: &config::Database) -> Result<(), StoreError> {
    let limit = Duration::from_millis(settings.write_timeout_ms);
    let dropped = tokio::time::timeout(limit, drop_chunks(settings)).await;
    dropped.map_err(|_| StoreError::Timeout(settings.write_timeout_ms))?
}

async fn drop_chunks(settings: &config::Database) -> Result<(), StoreError> {
    let client = connect(settings).await?;
    // Whoever reads a chunk is not waited for long; it goes an hour later.
    client.batch_execute("set lock_timeout = '5s'").await?;
    if edition(&client).await? == Edition::Community {
        return Ok(());
    }
    let days = settings.keep_days;
    for table in KEPT_FOR_A_WHILE {
        let sql = format!("select drop_chunks('history.{table}', interval '{days} days')");
        let dropped = client.query(&sql, &[]).await?.len();
        if dropped != 0 {
            tracing::info!(table, dropped, "chunks were dropped, older than database.keep_days");
        }
    }
    Ok(())
}
