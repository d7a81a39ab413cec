//! Logs and metrics: how they are set up and what they are called.

mod live;
mod metrics;

use std::io::IsTerminal;
use std::sync::OnceLock;

pub use live::{LiveMetrics, ReasonLabel};
pub use metrics::{
    DeadLetterLabel, DependencyLabel, Metrics, OutcomeLabel, ResultLabel, RoleLabel, RouteLabel,
    Stage, Stages, StateLabel, VenueLabel,
};
use tracing_subscriber::EnvFilter;

use crate::config;

/// Sets up logging to standard error, once a process.
///
/// # Errors
///
/// [`config::SettingsError`] where the filter is none.
pub fn start_logging(settings: &config::Log) -> Result<(), config::SettingsError> {
    let filter =
        EnvFilter::try_new(&settings.filter).map_err(|error| config::SettingsError::Wrong {
            name: "log.filter".into(),
            value: settings.filter.clone(),
            expected: error.to_string(),
        })?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let outcome = if settings.json {
        builder.json().try_init()
    } else {
        builder.with_target(false).try_init()
    };
    // A second call in one process (tests) keeps the first one's set-up.
    drop(outcome);
    Ok(())
}

/// The process's metrics.
pub fn metrics() -> &'static Metrics {
    static METRICS: OnceLock<Metrics> = OnceLock::new();
    METRICS.get_or_init(Metrics::new)
}
