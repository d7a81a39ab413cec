//! Migrations, and the analyst's role.

use std::time::Duration;

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::connect::{StoreError, connect};
use super::edition;
use crate::config;

mod embedded {
    refinery::embed_migrations!("migrations");
}

/// PostgreSQL answers "tuple concurrently updated" where two change a role at once.
const ROLE_TRIES_MAX: u32 = 20;
const ROLE_TRY_AGAIN: Duration = Duration::from_millis(100);

/// Two hubs that start at once must not migrate at once.
const LOCK: i64 = 0x7469_636b_7769_7265;

/// Applies what is missing, sets the analyst's password and limits, and what the server does by itself.
/// One connection is enough for all of it.
///
/// # Errors
///
/// [`StoreError`]; a plain PostgreSQL without TimescaleDB is told in one sentence.
pub async fn migrate(settings: &config::Database) -> Result<usize, StoreError> {
    let mut client = connect(settings).await?;
    client.execute("select pg_advisory_lock($1)", &[&LOCK]).await?;
    edition::create(&client).await?;
    let outcome = embedded::migrations::runner().run_async(&mut client).await;
    let applied = match outcome {
        Ok(report) => report.applied_migrations().len(),
        Err(error) => return Err(StoreError::Unfit(chain(&error))),
    };
    edition::apply(&client, settings).await?;
    set_up_analyst(&client, settings).await?;
    client.execute("select pg_advisory_unlock($1)", &[&LOCK]).await?;
    Ok(applied)
}

/// An error and its causes: the runner's own word is only which migration it was.
fn chain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        words = format!("{words}: {next}");
        cause = next.source();
    }
    words
}

async fn set_up_analyst(client: &Client, settings: &config::Database) -> Result<(), StoreError> {
    let timeout_ms = settings.analyst_statement_timeout_ms;
    let connections = settings.analyst_connections_max;
    let mut statements = format!(
        "alter role analyst connection limit {connections};
         alter role analyst set statement_timeout = {timeout_ms};
         alter role analyst set default_transaction_read_only = on;
         alter role analyst set search_path = market, public;"
    );
    if let Some(password) = &settings.analyst_password {
        let row = client.query_one("select quote_literal($1)", &[password]).await?;
        let quoted: String = row.get(0);
        statements.push_str(&format!("alter role analyst password {quoted};"));
    }
    // The role belongs to the server: another database's migration may be changing it right now.
    let mut tries_left = ROLE_TRIES_MAX;
    while let Err(error) = client.batch_execute(&statements).await {
        tries_left -= 1;
        if error.code() != Some(&SqlState::INTERNAL_ERROR) || tries_left == 0 {
            return Err(error.into());
        }
        tokio::time::sleep(ROLE_TRY_AGAIN).await;
    }
    Ok(())
}
