//! One line a minute for people who read logs.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::telemetry::LiveMetrics;

/// Tells what happened since the last line, until it is dropped.
pub(super) async fn tell(venue: &'static str, metrics: Arc<LiveMetrics>, every_ms: u64) {
    let every = Duration::from_millis(every_ms);
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first is at once.
    ticks.tick().await;
    let counts = || {
        [&metrics.frames, &metrics.events, &metrics.heartbeats, &metrics.refused]
            .map(|counter| counter.get())
    };
    let mut before = counts();
    loop {
        ticks.tick().await;
        let now = counts();
        let [frames, events, heartbeats, refused] =
            std::array::from_fn(|nth| now[nth].saturating_sub(before[nth]));
        before = now;
        tracing::info!(
            venue,
            frames,
            events,
            heartbeats,
            refused,
            connections = metrics.connections.get(),
            books = metrics.books.get(),
            instruments = metrics.instruments.get(),
            venue_ahead_ms = metrics.ahead_least_ms.get(),
            queue_bytes = metrics.queue_bytes.get(),
            "summary"
        );
    }
}
