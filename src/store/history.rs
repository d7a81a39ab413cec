//! Questions of readers over HTTP.

use std::time::Duration;

use deadpool_postgres::{
    Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime, TimeoutType,
};
use tokio::sync::Mutex;
use tokio_postgres::{Client, NoTls, Row};

use super::breaker::Breaker;
use super::connect::{StoreError, connect, wanted};
use crate::config;
use crate::domain::market::{Interval, Nanos};

/// The columns of [`bar_of`].
const BAR_COLUMNS: &str = "(extract(epoch from start))::bigint * 1000000000, open, high, low,
    close, price_exp, volume::text, notional::text, qty_exp, trades, rev, state";

/// A server that does not answer `select 1` in this time is as good as none.
const PING_TIMEOUT_MS: u64 = 1_500;
/// What the server may take over a statement's own time limit to say so.
const LAST_WORD_MS: u64 = 500;

/// A pool of connections for questions, asked only while the server answers.
pub struct History {
    pool: Pool,
    settings: config::Database,
    breaker: Breaker,
    /// What the server is asked on whether it lives: no reader's question stands before that one.
    probe: Mutex<Option<Client>>,
}

/// A bar as stored: mantissas with the decimals of their own row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredBar {
    /// Its start.
    pub start: Nanos,
    /// Open, high, low, close; none where all its trades were taken back.
    pub prices: Option<[i64; 4]>,
    /// Decimals of prices.
    pub price_exp: u8,
    /// Sum of quantity mantissas.
    pub volume: i128,
    /// Sum of price × quantity mantissas.
    pub notional: i128,
    /// Decimals of quantities.
    pub qty_exp: u8,
    /// Fills.
    pub trades: u64,
    /// Revision.
    pub rev: u32,
    /// How settled it is.
    pub state: String,
}

/// A trade's place in the order of trades.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TradeKey {
    /// Event time.
    pub ts_ns: Nanos,
    /// Position among the instrument's trades in the log.
    pub pos: i64,
}

/// A trade as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredTrade {
    /// Its place.
    pub key: TradeKey,
    /// The venue's id.
    pub trade_id: String,
    /// The venue's sequence number, as text.
    pub seq: Option<String>,
    /// Price mantissa.
    pub price: i64,
    /// Decimals of the price.
    pub price_exp: u8,
    /// Quantity mantissa.
    pub qty: i64,
    /// Decimals of the quantity.
    pub qty_exp: u8,
    /// Who took.
    pub aggressor: Option<String>,
    /// Whether it still counts.
    pub state: String,
}

/// A span of time in which something is known to be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GapSpan {
    /// From, inclusive.
    pub from: Nanos,
    /// To, exclusive.
    pub to: Nanos,
}

impl History {
    /// A pool on the settings' server; connections are made when they are needed.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the address or a file of certificates cannot be read.
    pub fn new(settings: &config::Database) -> Result<Self, StoreError> {
        let (mut wanted, tls) = wanted(settings)?;
        let limit = Duration::from_millis(settings.connect_timeout_ms);
        wanted.options(format!(
            "-c default_transaction_read_only=on -c statement_timeout={}",
            settings.query_timeout_ms
        ));
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = match tls {
            Some(tls) => Manager::from_config(wanted, tls, recycling),
            None => Manager::from_config(wanted, NoTls, recycling),
        };
        let pool = Pool::builder(manager)
            .max_size(settings.pool_connections_max)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(limit))
            .create_timeout(Some(limit))
            .recycle_timeout(Some(limit))
            .build()
            .map_err(|error| StoreError::Pool(error.to_string()))?;
        let (breaker, probe) = (Breaker::new(), Mutex::new(None));
        Ok(Self { pool, settings: settings.clone(), breaker, probe })
    }

    /// Whether the server answers; asked every second or so by one who watches it, on a connection of
    /// its own. Where it does not, questions are refused at once, those under way too, until it does.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        if let Some(why) = self.breaker.open() {
            return Err(StoreError::Resting(why));
        }
        let mut probe = self.probe.lock().await;
        // Whatever becomes of this try, a connection that did not answer is not asked again.
        let known = probe.take();
        let ping = async {
            let client = match known {
                Some(client) => client,
                None => connect(&self.settings).await?,
            };
            client.simple_query("select 1").await?;
            Ok(client)
        };
        let limit = Duration::from_millis(PING_TIMEOUT_MS);
        match tokio::time::timeout(limit, ping).await {
            Ok(Ok(client)) => {
                *probe = Some(client);
                self.breaker.close();
                Ok(())
            }
            Ok(Err(error)) => Err(self.trip(error)),
            Err(_) => Err(self.trip(StoreError::Timeout(PING_TIMEOUT_MS))),
        }
    }

    /// Connections that are open, and questions that wait for one.
    #[must_use]
    pub fn connections(&self) -> (usize, usize) {
        let status = self.pool.status();
        (status.size, status.waiting)
    }

    /// Bars that start in `[from, to)`, earliest first, at most `limit`.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn bars(
        &self,
        instrument: &str,
        interval: Interval,
        (from, to): (Nanos, Nanos),
        limit: usize,
    ) -> Result<Vec<StoredBar>, StoreError> {
        let sql = format!(
            "select {BAR_COLUMNS}
             from history.bars_{interval}
             where instrument_id = (select id from history.instruments where name = $1)
                and history.at($2) <= start and start < history.at($3)
             order by start limit $4"
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.ask(async |client| {
            let statement = client.prepare_cached(&sql).await?;
            let rows = client.query(&statement, &[&instrument, &from, &to, &limit]).await?;
            Ok(rows.iter().map(bar_of).collect())
        })
        .await
    }

    /// The last bar with trades that starts before `before`.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn bar_before(
        &self,
        instrument: &str,
        interval: Interval,
        before: Nanos,
    ) -> Result<Option<StoredBar>, StoreError> {
        let sql = format!(
            "select {BAR_COLUMNS} from history.bars_{interval}
             where instrument_id = (select id from history.instruments where name = $1)
                and start < history.at($2) and close is not null
             order by start desc limit 1"
        );
        self.ask(async |client| {
            let statement = client.prepare_cached(&sql).await?;
            Ok(client.query_opt(&statement, &[&instrument, &before]).await?.as_ref().map(bar_of))
        })
        .await
    }

    /// Trades in `[from, to)` after `after` in their order, at most `limit`.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn trades(
        &self,
        instrument: &str,
        (from, to): (Nanos, Nanos),
        after: Option<TradeKey>,
        limit: usize,
    ) -> Result<Vec<StoredTrade>, StoreError> {
        let sql = "select ts_ns, pos, trade_id, seq::text, price, price_exp, qty, qty_exp,
                aggressor, state
             from history.trades
             where instrument_id = (select id from history.instruments where name = $1)
                and history.at($2) <= ts and ts <= history.at($3)
                and $2 <= ts_ns and ts_ns < $3 and ($4, $5) < (ts_ns, pos)
             order by ts, ts_ns, pos limit $6";
        let after = after.unwrap_or(TradeKey { ts_ns: i64::MIN, pos: i64::MIN });
        let from = from.max(after.ts_ns);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.ask(async |client| {
            let statement = client.prepare_cached(sql).await?;
            let rows = client
                .query(&statement, &[&instrument, &from, &to, &after.ts_ns, &after.pos, &limit])
                .await?;
            Ok(rows.iter().map(trade_of).collect())
        })
        .await
    }

    /// Spans that touch `[from, to)` in which something is known to be missing.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn gaps(
        &self,
        instrument: &str,
        (from, to): (Nanos, Nanos),
    ) -> Result<Vec<GapSpan>, StoreError> {
        let sql = "select (extract(epoch from from_ts) * 1000000000)::bigint,
                (extract(epoch from to_ts) * 1000000000)::bigint
             from history.gaps
             where instrument in ($1, '*') and from_ts < history.at($3)
                and history.at($2) <= to_ts
             order by from_ts limit 10000";
        self.ask(async |client| {
            let statement = client.prepare_cached(sql).await?;
            let rows = client.query(&statement, &[&instrument, &from, &to]).await?;
            Ok(rows.iter().map(|row| GapSpan { from: row.get(0), to: row.get(1) }).collect())
        })
        .await
    }

    /// Whether anything is stored of that instrument.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn knows(&self, instrument: &str) -> Result<bool, StoreError> {
        self.ask(async |client| {
            let sql = "select 1 from history.instruments where name = $1";
            Ok(client.query_opt(sql, &[&instrument]).await?.is_some())
        })
        .await
    }

    async fn client(&self) -> Result<Object, StoreError> {
        self.pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) => StoreError::Sql(error),
            PoolError::Timeout(TimeoutType::Wait) => StoreError::Busy,
            error => StoreError::Pool(error.to_string()),
        })
    }

    async fn ask<T>(
        &self,
        question: impl AsyncFnOnce(&Object) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if let Some(why) = self.breaker.open() {
            return Err(StoreError::Resting(why));
        }
        let limit_ms = self.settings.query_timeout_ms + LAST_WORD_MS;
        let mut client = None;
        let asked = async { question(client.insert(self.client().await?)).await };
        let limited = tokio::time::timeout(Duration::from_millis(limit_ms), asked);
        let outcome = tokio::select! {
            outcome = limited => outcome.unwrap_or(Err(StoreError::Timeout(limit_ms))),
            () = self.breaker.tripped() => Err(StoreError::Resting(self.breaker.why())),
        };
        match outcome {
            Err(error @ (StoreError::Timeout(_) | StoreError::Resting(_))) => {
                // Whoever asked next on this connection would wait for the answer to this one.
                drop(client.map(Object::take));
                Err(error)
            }
            Err(error) if error.is_outage() => Err(self.trip(error)),
            outcome => outcome,
        }
    }

    fn trip(&self, error: StoreError) -> StoreError {
        self.breaker.trip(&error);
        // What is idle was made for a server that is gone.
        self.pool.retain(|_, _| false);
        error
    }
}

fn bar_of(row: &Row) -> StoredBar {
    let sum = |at: usize| row.get::<_, &str>(at).parse().unwrap_or(0);
    let price = |at: usize| row.get::<_, Option<i64>>(at);
    let prices = match (price(1), price(2), price(3), price(4)) {
        (Some(open), Some(high), Some(low), Some(close)) => Some([open, high, low, close]),
        _ => None,
    };
    StoredBar {
        start: row.get(0),
        prices,
        price_exp: row.get::<_, i16>(5) as u8,
        volume: sum(6),
        notional: sum(7),
        qty_exp: row.get::<_, i16>(8) as u8,
        trades: row.get::<_, i64>(9) as u64,
        rev: row.get::<_, i32>(10) as u32,
        state: row.get(11),
    }
}

fn trade_of(row: &Row) -> StoredTrade {
    StoredTrade {
        key: TradeKey { ts_ns: row.get(0), pos: row.get(1) },
        trade_id: row.get(2),
        seq: row.get(3),
        price: row.get(4),
        price_exp: row.get::<_, i16>(5) as u8,
        qty: row.get(6),
        qty_exp: row.get::<_, i16>(7) as u8,
        aggressor: row.get(8),
        state: row.get(9),
    }
}
