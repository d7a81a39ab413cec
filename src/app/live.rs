//! `tickwire feed live`: its options, its runtime, its end.

use clap::Args;
use tokio::sync::watch;

use super::{Outcome, start};
use crate::config::Settings;
use crate::feeds::live::{self, Wanted};

/// What is to be followed.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The venue.
    #[arg(long)]
    venue: String,
    /// Symbols as the venue writes them, or with its prefix, separated by commas.
    #[arg(long, value_delimiter = ',', required = true)]
    instruments: Vec<String>,
    /// What stands in for the venue's WebSocket: ws:// or wss://.
    #[arg(long, value_name = "URL")]
    socket_url: Option<String>,
    /// What stands in for the venue's REST server: http:// or https://.
    #[arg(long, value_name = "URL")]
    rest_url: Option<String>,
}

/// Follows until a signal comes.
pub(super) fn run(settings: &Settings, options: Options) -> Outcome {
    let Options { venue, instruments, socket_url, rest_url } = options;
    let wanted = Wanted { venue, instruments, socket_url, rest_url };
    let runtime =
        match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return Outcome::Failed(error.to_string()),
        };
    let (stopping, stop) = watch::channel(false);
    let outcome = runtime.block_on(async {
        tokio::spawn(async move {
            start::wait_for_signal().await;
            // Whoever listened is gone already where this fails.
            let _heard = stopping.send(true);
        });
        live::run(settings, &wanted, stop).await
    });
    match outcome {
        Ok(()) => Outcome::Done,
        Err(error) if error.is_misuse() => Outcome::Misused(error.to_string()),
        Err(error) => Outcome::Failed(error.to_string()),
    }
}
