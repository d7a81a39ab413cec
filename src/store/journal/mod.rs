//! What the recorder writes: one transaction a batch, rows and positions together.

mod copy;
mod figures;
mod page;
mod repair;
mod rows;

use tokio_postgres::Client;

pub use self::page::Page;
pub use self::rows::{
    Amend, BarRow, Batch, BookRow, Gap, LateTrade, Position, QuoteRow, Recomputed, Repair,
    StateRow, TradeRow,
};
use super::connect::{StoreError, connect};
use crate::config;
use crate::domain::market::{Instrument, Interval};
use crate::wire::saved::LogId;

/// The recorder's connection.
pub struct Journal {
    client: Client,
}

impl Journal {
    /// Connects.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn open(settings: &config::Database) -> Result<Self, StoreError> {
        let client = connect(settings).await?;
        client
            .batch_execute(&format!(
                "set statement_timeout = {}; set synchronous_commit = on;
                 create temp table incoming_trades (like history.trades) on commit delete rows;",
                settings.write_timeout_ms
            ))
            .await?;
        // A late trade may belong to a chunk that is compressed; TimescaleDB unpacks no more than a
        // hundred thousand rows for one statement unless told. Where it has no such limit, none is set.
        let unlimited = "select set_config(name, '0', false) from pg_settings
            where name = 'timescaledb.max_tuples_decompressed_per_dml_transaction'";
        client.execute(unlimited, &[]).await?;
        Ok(Self { client })
    }

    /// The instrument's number, given where it has none.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn instrument_id(&self, name: &Instrument) -> Result<i32, StoreError> {
        let sql = "with known as (select id from history.instruments where name = $1),
            made as (
                insert into history.instruments (name)
                select $1 where not exists (select from known)
                on conflict (name) do update set name = excluded.name returning id)
            select id from known union all select id from made";
        Ok(self.client.query_one(sql, &[&name.as_str()]).await?.get(0))
    }

    /// Where the recorder stands.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn positions(&self, topic: &str) -> Result<Vec<Position>, StoreError> {
        let sql = "select partition, cluster, topic_id, next_offset, fold_offset, ts_append
            from recorder.positions where topic = $1";
        let rows = self.client.query(sql, &[&topic]).await?;
        Ok(rows
            .iter()
            .map(|row| Position {
                partition: row.get(0),
                log: LogId { cluster: row.get(1), topic_id: row.get(2), topic: topic.to_owned() },
                next_offset: row.get(3),
                fold_offset: row.get(4),
                ts_append: row.get(5),
                stored: Some(row.get(3)),
            })
            .collect())
    }

    /// The stored states of a partition.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn states(&self, topic: &str, partition: i32) -> Result<Vec<StateRow>, StoreError> {
        let sql = "select instrument, fold_offset, state from recorder.states
            where topic = $1 and partition = $2";
        let rows = self.client.query(sql, &[&topic, &partition]).await?;
        Ok(rows
            .iter()
            .map(|row| StateRow {
                instrument: row.get(0),
                partition,
                fold_offset: row.get(1),
                state: row.get(2),
            })
            .collect())
    }

    /// Bars waiting to be recomputed.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn repairs(&self) -> Result<Vec<Repair>, StoreError> {
        let sql = "select r.instrument_id, i.name, r.interval_name, r.start_ns
            from recorder.repairs r join history.instruments i on i.id = r.instrument_id";
        let rows = self.client.query(sql, &[]).await?;
        Ok(rows
            .iter()
            .filter_map(|row| {
                let interval: Interval = row.get::<_, &str>(2).parse().ok()?;
                let start = row.get(3);
                Some(Repair { instrument_id: row.get(0), instrument: row.get(1), interval, start })
            })
            .collect())
    }

    /// What is known to be missing.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn gaps(&self) -> Result<Vec<Gap>, StoreError> {
        let sql = "select instrument, (extract(epoch from from_ts) * 1000000000)::bigint,
                (extract(epoch from to_ts) * 1000000000)::bigint, reason
            from history.gaps order by id desc limit 10000";
        let rows = self.client.query(sql, &[]).await?;
        let gap = |row: &tokio_postgres::Row| Gap {
            instrument: row.get(0),
            from: row.get(1),
            to: row.get(2),
            reason: row.get(3),
        };
        Ok(rows.iter().map(gap).collect())
    }

    /// Begins a transaction.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn begin(&mut self) -> Result<Page<'_>, StoreError> {
        Ok(Page { tx: self.client.transaction().await? })
    }
}
