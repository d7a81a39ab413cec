//! Counters and gauges of a live feed, which is a process of its own.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Why something happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ReasonLabel {
    /// A word, such as `gap` or `silence`.
    pub reason: &'static str,
}

macro_rules! live_metrics {
    ($($field:ident: $kind:ty = $name:literal, $help:literal;)*) => {
        /// Handles of all metrics of a live feed.
        #[derive(Debug)]
        pub struct LiveMetrics {
            registry: Registry,
            $(#[doc = $help] pub $field: $kind,)*
        }

        impl Default for LiveMetrics {
            fn default() -> Self {
                let mut registry = Registry::with_prefix("tickwire_live");
                $(let $field = <$kind>::default(); registry.register($name, $help, $field.clone());)*
                Self { registry, $($field,)* }
            }
        }
    };
}

live_metrics! {
    frames: Counter = "frames", "Frames received from the venue";
    frame_bytes: Counter = "frame_bytes", "Bytes of frames received";
    events: Counter = "events", "Events written to the log";
    heartbeats: Counter = "heartbeats", "Heartbeats written for quiet instruments";
    refused: Counter = "frames_refused", "Frames that could not be understood";
    venue_errors: Counter = "venue_errors", "Answers in which the venue refused something";
    faults: Family<ReasonLabel, Counter> = "book_faults", "Books that were lost, by reason";
    recoveries: Family<ReasonLabel, Counter> = "book_recoveries", "Books that were had again, by the reason of their loss";
    snapshots: Family<ReasonLabel, Counter> = "snapshots", "REST answers, by what came of them";
    connects: Counter = "connects", "Connections opened";
    connect_failures: Counter = "connect_failures", "Connections that could not be opened";
    disconnects: Family<ReasonLabel, Counter> = "disconnects", "Connections that ended, by reason";
    connections: Gauge = "connections", "Open connections";
    instruments: Gauge = "instruments", "Instruments asked for";
    books: Gauge = "books", "Books that stand";
    queue_bytes: Gauge = "queue_bytes", "Bytes of records that wait for the log";
    records_lost: Counter = "records_lost", "Records that did not reach the log";
    ahead_least_ms: Gauge = "venue_ahead_least_milliseconds", "Venue time minus receive time of the slowest recent event";
    ahead_most_ms: Gauge = "venue_ahead_most_milliseconds", "Venue time minus receive time of the fastest recent event";
    skewed: Counter = "skewed_events", "Events so far ahead of this machine's clock that the hub does not move time by them";
}

impl LiveMetrics {
    /// All of them as text.
    #[must_use]
    pub fn render(&self) -> String {
        let mut out = String::with_capacity(4 * 1024);
        // Writing to a String cannot fail.
        let _infallible = encode(&mut out, &self.registry);
        out
    }
}
