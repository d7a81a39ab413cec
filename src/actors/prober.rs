//! Asks the database every second whether it answers, so that no reader has to find out by waiting.

use std::sync::Arc;
use std::time::Duration;

use super::health::{Dependency, Health};
use crate::store::History;

const EVERY: Duration = Duration::from_secs(1);

/// Watches the database until the task is dropped.
pub async fn watch_database(history: Arc<History>, health: Arc<Health>) {
    loop {
        match history.ping().await {
            Ok(()) => health.set(Dependency::Database, None),
            Err(error) => health.set(Dependency::Database, Some(error.to_string())),
        }
        tokio::time::sleep(EVERY).await;
    }
}
