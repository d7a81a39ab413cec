//! Connections, each with a time limit.

use std::time::Duration;

use tokio_postgres::config::SslMode as Negotiated;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::tls::{self, TlsFault};
use crate::config::{self, SslMode};

/// Data that the server's host does not acknowledge for so long ends the connection.
pub(super) const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(30);

/// Why the database did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The server's or the driver's word.
    #[error("database: {}", StoreError::told(.0))]
    Sql(#[from] tokio_postgres::Error),
    /// A file of certificates or keys is not what it should be.
    #[error("database: {0}")]
    Tls(#[from] TlsFault),
    /// No connection was free or could be made in time.
    #[error("database: {0}")]
    Pool(String),
    /// Others' questions hold all connections.
    #[error("database: all connections are busy")]
    Busy,
    /// It took too long.
    #[error("database: no answer in {0} ms")]
    Timeout(u64),
    /// It failed a moment ago.
    #[error("{0}")]
    Resting(String),
    /// Another recorder has gone on with a partition.
    #[error("database: partition {0} is recorded by another hub now")]
    Overtaken(i32),
    /// The server lacks what the hub needs.
    #[error("database: {0}")]
    Unfit(String),
}

impl StoreError {
    /// A server's error says what, not only that.
    pub(super) fn told(error: &tokio_postgres::Error) -> String {
        match error.as_db_error() {
            Some(db) => format!("{} ({})", db.message(), db.code().code()),
            None => {
                let cause = std::error::Error::source(error).map(ToString::to_string);
                format!("{error}{}", cause.map_or_else(String::new, |cause| format!(": {cause}")))
            }
        }
    }

    /// Whether the statement ran out of the time that it is given.
    #[must_use]
    pub fn is_too_slow(&self) -> bool {
        matches!(self, Self::Timeout(_))
            || matches!(self, Self::Sql(error) if error.code() == Some(&SqlState::QUERY_CANCELED))
    }

    /// Whether it shows that the server cannot answer, rather than that the question was too much.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Pool(_) => true,
            Self::Busy
            | Self::Timeout(_)
            | Self::Resting(_)
            | Self::Unfit(_)
            | Self::Overtaken(_)
            | Self::Tls(_) => false,
            Self::Sql(error) => error.code().is_none_or(|code| {
                // Connection exceptions, insufficient resources, operator intervention (but not a
                // statement that ran out of its time), system errors: PostgreSQL's appendix A.
                let class = &code.code()[..2];
                matches!(class, "08" | "53" | "58") || code.code().starts_with("57P")
            }),
        }
    }
}

/// Where the database is, and how TLS is spoken with it: one place for all who connect.
///
/// # Errors
///
/// [`StoreError`] where the address or one of the files is not what it should be.
pub(super) fn wanted(
    settings: &config::Database,
) -> Result<(Config, Option<MakeRustlsConnect>), StoreError> {
    let (address, mode) = settings.address().map_err(StoreError::Unfit)?;
    let mut wanted: Config = address.parse()?;
    let limit = Duration::from_millis(settings.connect_timeout_ms);
    wanted.connect_timeout(limit).application_name("tickwire").keepalives_idle(limit);
    wanted.tcp_user_timeout(UNACKNOWLEDGED_MAX);
    wanted.ssl_mode(match mode {
        SslMode::Disable => Negotiated::Disable,
        SslMode::Prefer => Negotiated::Prefer,
        SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => Negotiated::Require,
    });
    let tls = tls::of_database(settings, mode)?;
    Ok((wanted, tls.map(MakeRustlsConnect::new)))
}

/// Opens one connection; its task ends with it.
///
/// # Errors
///
/// [`StoreError`] where the server cannot be reached in the settings' time.
pub(super) async fn connect(settings: &config::Database) -> Result<Client, StoreError> {
    let limit = Duration::from_millis(settings.connect_timeout_ms);
    let (wanted, tls) = wanted(settings)?;
    let connecting = async {
        match tls {
            Some(tls) => {
                let (client, connection) = wanted.connect(tls).await?;
                Ok((client, tokio::spawn(told_at_its_end(connection))))
            }
            None => {
                let (client, connection) = wanted.connect(NoTls).await?;
                Ok((client, tokio::spawn(told_at_its_end(connection))))
            }
        }
    };
    let connected: Result<_, tokio_postgres::Error> = tokio::time::timeout(limit, connecting)
        .await
        .map_err(|_| StoreError::Timeout(settings.connect_timeout_ms))?;
    Ok(connected?.0)
}

async fn told_at_its_end(connection: impl Future<Output = Result<(), tokio_postgres::Error>>) {
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a database connection ended");
    }
}
