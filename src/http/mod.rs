//! Doors for clients: REST, WebSocket, health, metrics, and the page that uses them.
//!
//! Handlers ask actors by message and the store by name; they hold no state of their own.

mod api;
mod bars;
mod error;
mod health;
mod hot;
mod instruments;
mod market;
mod named;
mod page;
mod reserved;
mod server;
mod tls;
mod trades;
mod ws;

use std::sync::Arc;

pub use self::server::{Server, serve};
pub use self::tls::ServeError;
use crate::actors::health::Health;
use crate::actors::registry::Registry;
use crate::config::Settings;
use crate::store::{Cache, History};

/// What handlers work with.
#[derive(Clone)]
pub struct Api {
    /// Who is where.
    pub registry: Arc<Registry>,
    /// The hub's condition.
    pub health: Arc<Health>,
    /// What is stored.
    pub history: Option<Arc<History>>,
    /// What others last knew.
    pub cache: Option<Arc<Cache>>,
    /// All settings.
    pub settings: Arc<Settings>,
}
