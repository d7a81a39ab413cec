//! Every counter and gauge, in the form Prometheus reads.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

/// A venue and how a comparison ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ResultLabel {
    /// The venue.
    pub venue: String,
    /// `match` or `mismatch`.
    pub result: &'static str,
}

/// Why a record was refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct DeadLetterLabel {
    /// The reason in the dead letter's header.
    pub reason: String,
}

/// A venue.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct VenueLabel {
    /// The venue.
    pub venue: String,
}

/// Which reader of the log, or why.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RoleLabel {
    /// `serve` or `record`.
    pub role: &'static str,
}

/// A route and how it was answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RouteLabel {
    /// The route's pattern; `none` where none matched.
    pub route: String,
    /// The status's hundred: 200, 400, 500.
    pub status: u16,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OutcomeLabel {
    /// `resumed`, `merged` or `snapshot`.
    pub outcome: &'static str,
}

/// What something is doing.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct StateLabel {
    /// `open` or `waiting`.
    pub state: &'static str,
}

/// Something the hub leans on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct DependencyLabel {
    /// `kafka`, `database`, `recorder` or `redis`.
    pub dependency: &'static str,
}

/// A stage on the way from the venue to a socket.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StageLabel {
    stage: &'static str,
}

/// How long events take, stage by stage, in seconds. Sampled: the last event of what is handed on
/// together stands for all of it.
#[derive(Debug)]
pub struct Stages {
    /// From the event's own time to the log's append time; holds the difference of two clocks.
    pub venue_to_log: Stage,
    /// From the log's append time, in whole milliseconds, until the symbol has folded it.
    pub log_to_actor: Stage,
    /// From the symbol's thread, after its tick, until the frame is written to a session.
    pub actor_to_socket: Stage,
}

/// One stage.
#[derive(Debug)]
pub struct Stage(Histogram);

impl Stage {
    /// It took so long.
    pub fn observe(&self, took: Duration) {
        self.0.observe(took.as_secs_f64());
    }

    /// It took from one time to another, in nanoseconds since 1970; nothing is learnt where the
    /// clocks that told them make it end before it began.
    pub fn observe_between(&self, from: i64, to: i64) {
        if from <= to {
            self.observe(Duration::from_nanos(from.abs_diff(to)));
        }
    }
}

/// From 50 µs to 26 s, each twice the one before.
fn buckets() -> impl Iterator<Item = f64> {
    exponential_buckets(0.000_05, 2.0, 20)
}

impl Stages {
    fn new(registry: &mut Registry) -> Self {
        let seconds: fn() -> Histogram = || Histogram::new(buckets());
        let family = Family::<StageLabel, Histogram, _>::new_with_constructor(seconds);
        let help = "How long events take from stage to stage";
        registry.register_with_unit("stage_latency", help, Unit::Seconds, family.clone());
        let stage = |stage| Stage(family.get_or_create_owned(&StageLabel { stage }));
        Self {
            venue_to_log: stage("venue_to_log"),
            log_to_actor: stage("log_to_actor"),
            actor_to_socket: stage("actor_to_socket"),
        }
    }
}

macro_rules! metrics {
    ($($field:ident: $kind:ty = $name:literal, $help:literal;)*) => {
        /// Handles of all metrics; incrementing one is an atomic addition.
        #[derive(Debug)]
        pub struct Metrics {
            registry: Registry,
            /// How long events take.
            pub stages: Stages,
            /// How long answers over HTTP take.
            pub http_seconds: Stage,
            $(#[doc = $help] pub $field: $kind,)*
        }

        impl Metrics {
            pub(super) fn new() -> Self {
                let mut registry = Registry::with_prefix("tickwire");
                $(let $field = <$kind>::default(); registry.register($name, $help, $field.clone());)*
                let stages = Stages::new(&mut registry);
                let http_seconds = Histogram::new(buckets());
                let help = "How long answers over HTTP take";
                registry.register_with_unit("http_request", help, Unit::Seconds, http_seconds.clone());
                Self { registry, stages, http_seconds: Stage(http_seconds), $($field,)* }
            }
        }
    };
}

metrics! {
    records: Family<RoleLabel, Counter> = "records", "Records taken from the log";
    record_bytes: Family<RoleLabel, Counter> = "record_bytes", "Bytes of records taken from the log";
    events: Counter = "events", "Market events folded by symbols";
    dead_letters: Family<DeadLetterLabel, Counter> = "dead_letters", "Records refused, by reason";
    checksums: Family<ResultLabel, Counter> = "book_checksums", "Venue checksums of books compared";
    unsynced_deltas: Family<VenueLabel, Counter> = "book_unsynced_deltas", "Deltas that changed nothing because the book is not synchronised";
    book_gaps: Family<VenueLabel, Counter> = "book_gaps", "Deltas that did not continue their book";
    repeated_trades: Family<VenueLabel, Counter> = "repeated_trades", "Trades dropped because their id was known";
    late_trades: Family<VenueLabel, Counter> = "late_trades", "Trades too late for the stream's bars";
    amendments_dropped: Family<VenueLabel, Counter> = "amendments_dropped", "Cancels and corrections whose trade never came";
    skewed_events: Family<VenueLabel, Counter> = "skewed_events", "Events too far ahead of their receive time to move time";
    misplaced_records: Counter = "misplaced_records", "Records of an instrument on a second partition";
    held_bytes: Gauge = "held_bytes", "Bytes of records handed to symbols but not yet folded";
    partitions_paused: Counter = "partitions_paused", "Times that reading was paused for back-pressure";
    instruments: Gauge = "instruments", "Instruments known";
    symbol_panics: Counter = "symbol_panics", "Symbols rebuilt after a panic";
    state_saves: Counter = "state_saves", "Markets saved";
    state_rounds: Counter = "state_rounds", "Rounds of saving markets and positions that arrived whole";
    state_save_failures: Counter = "state_save_failures", "Savings of state that failed";
    keeper_errands_waiting: Gauge = "keeper_errands_waiting", "Savings, dead letters and heartbeats that wait to be written to the log";
    idle_heartbeats: Counter = "idle_heartbeats", "Heartbeats written by the hub for silent instruments";
    sessions: Gauge = "sessions", "Open WebSockets";
    sessions_refused: Counter = "sessions_refused", "WebSockets refused because there are too many";
    session_frames: Counter = "session_frames", "Frames handed to sessions";
    sessions_opened: Counter = "sessions_opened", "WebSockets opened";
    resumes: Family<OutcomeLabel, Counter> = "resumes", "Subscriptions that said where they stood: resumed, or given a snapshot";
    conflations: Family<OutcomeLabel, Counter> = "conflations", "Times that a slow session was brought up to date: by merged changes, or by a snapshot";
    trades_missed: Counter = "trades_missed", "Prints that a session was told it does not have";
    shard_bytes_waiting: Gauge = "shard_bytes_waiting", "Bytes on their way from symbols to connection threads";
    lag_records: Family<RoleLabel, Gauge> = "lag_records", "Records of the log that a role has not dealt with";
    recorder_batch_bytes: Gauge = "recorder_batch_bytes", "Bytes of records that the recorder has gathered for its next transaction";
    database_connections: Family<StateLabel, Gauge> = "database_connections", "Connections for questions over HTTP: open, and questions waiting for one";
    session_frames_refused: Counter = "session_frames_refused", "Frames that a slow session could not take";
    cache_writes: Counter = "cache_writes", "Copies written to the warm cache";
    cache_failures: Counter = "cache_failures", "Rounds of the warm cache that failed";
    sessions_too_slow: Counter = "sessions_too_slow", "Sessions closed because they took nothing";
    session_panics: Counter = "session_panics", "Sessions that ended in a panic";
    sessions_cut: Counter = "sessions_cut", "Sessions cut because their socket took not even a close frame";
    shard_resyncs: Counter = "shard_resyncs", "Times that a connection thread was resynchronised";
    commands: Counter = "commands", "Messages from WebSocket clients";
    command_errors: Counter = "command_errors", "Messages from WebSocket clients that could not be carried out";
    http_requests: Family<RouteLabel, Counter> = "http_requests", "HTTP requests answered, by route and class of status";
    recorded_trades: Counter = "recorded_trades", "Trades written to the database";
    recorded_rows: Counter = "recorded_rows", "Rows written to the database";
    recorder_batches: Counter = "recorder_batches", "Transactions of the recorder";
    recorder_failures: Counter = "recorder_failures", "Transactions of the recorder that failed and are tried again";
    recorder_panics: Counter = "recorder_panics", "Records that the recorder put aside because folding them panicked";
    recomputed_bars: Counter = "recomputed_bars", "Final bars recomputed from the stored trades";
    log_breaks: Counter = "log_breaks", "Times that the log was another than before, or lacked what was to come next";
    kafka_clients_replaced: Counter = "kafka_clients_replaced", "Kafka clients that met an error they do not go on from";
    kafka_client_errors: Counter = "kafka_client_errors", "Errors that Kafka clients told of, lost connections among them";
    dependency_up: Family<DependencyLabel, Gauge> = "dependency_up", "1 while it answers, 0 while it does not";
    serving: Gauge<i64, std::sync::atomic::AtomicI64> = "serving", "1 once the log's tail was reached";
    last_recorded_ns: Gauge<u64, AtomicU64> = "last_recorded_append_ns", "Append time of the last record in the database, in nanoseconds";
}

impl Metrics {
    /// All of them as text.
    #[must_use]
    pub fn render(&self) -> String {
        let mut out = String::with_capacity(16 * 1024);
        // Writing to a String cannot fail.
        let _infallible = encode(&mut out, &self.registry);
        out
    }
}
