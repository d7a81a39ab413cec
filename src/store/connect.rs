//! Connections, each with a time limit.

use std::time::Duration;

use tokio_postgres::{Client, NoTls};

use crate::config;

/// Why the database did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The server's or the driver's word.
    #[error("database: {}", told(.0))]
    Sql(#[from] tokio_postgres::Error),
    /// No connection was free or could be made in time.
    #[error("database: {0}")]
    Pool(String),
    /// It took too long.
    #[error("database: no answer in {0} ms")]
    Timeout(u64),
    /// The server lacks what the hub needs.
    #[error("database: {0}")]
    Unfit(String),
}

/// A server's error says what, not only that.
fn told(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(db) => format!("{} ({})", db.message(), db.code().code()),
        None => {
            let cause = std::error::Error::source(error).map(ToString::to_string);
            format!("{error}{}", cause.map_or_else(String::new, |cause| format!(": {cause}")))
        }
    }
}

/// Opens one connection; its task ends with it.
///
/// # Errors
///
/// [`StoreError`] where the server cannot be reached in the settings' time.
pub async fn connect(settings: &config::Database) -> Result<Client, StoreError> {
    let limit = Duration::from_millis(settings.connect_timeout_ms);
    let mut wanted: tokio_postgres::Config = settings.url.parse()?;
    wanted.connect_timeout(limit).application_name("tickwire").keepalives_idle(limit);
    let (client, connection) = tokio::time::timeout(limit, wanted.connect(NoTls))
        .await
        .map_err(|_| StoreError::Timeout(settings.connect_timeout_ms))??;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a database connection ended");
        }
    });
    Ok(client)
}
