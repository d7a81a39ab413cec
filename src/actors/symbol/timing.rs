//! How long what is folded was on its way here.

use jiff::Timestamp;

use super::{Batch, BatchRecord};
use crate::domain::market::{Moment, Nanos};
use crate::telemetry::metrics;

/// Measures the last record of a batch, for all of it.
pub(super) fn observe(batch: &Batch, last: &BatchRecord) {
    let Moment { ts_append: Some(ts_append), by_hub: false } = last.moment else { return };
    let stages = &metrics().stages;
    if let Some(event) = batch.events[last.events.clone()].last() {
        stages.venue_to_log.observe_between(event.ts_event, ts_append);
    }
    let now = Nanos::try_from(Timestamp::now().as_nanosecond()).unwrap_or(Nanos::MAX);
    stages.log_to_actor.observe_between(ts_append, now);
}
