//! How `tickwire feed live` follows a venue; each ceiling names its unit.

use serde::{Deserialize, Serialize};

use super::SettingsError;

/// Limits and times of a live feed. What a venue itself asks of its clients is not here: it stands
/// beside the venue's protocol.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Live {
    /// Authorities in PEM that are trusted beside those of the system, for private servers.
    pub ca_file: Option<String>,
    /// Address and port where this feed's own metrics are shown (`GET /metrics`); none: nowhere.
    pub metrics_bind: Option<String>,
    /// Instruments on one connection; none: as many as the venue allows, which is never exceeded.
    pub connection_instruments_max: Option<usize>,
    /// TCP, TLS and the WebSocket's handshake together take no longer, in milliseconds; nor
    /// does one message to the venue.
    pub connect_timeout_ms: u64,
    /// A connection on which nothing came for so long is dead, in milliseconds; none: as long as the
    /// venue's own rhythm allows.
    pub silence_max_ms: Option<u64>,
    /// A connection is replaced after so long, in milliseconds, for networks that end theirs; none: a
    /// little before the venue would.
    pub lifetime_max_ms: Option<u64>,
    /// A REST answer takes no longer, in milliseconds.
    pub snapshot_timeout_ms: u64,
    /// Bytes of a REST answer.
    pub snapshot_bytes_max: usize,
    /// REST questions of one connection that are under way at once.
    pub snapshots_at_once: usize,
    /// Bytes of a WebSocket message.
    pub frame_bytes_max: usize,
    /// Bytes of records that wait for the log before the socket is not read any more.
    pub queue_bytes_max: usize,
    /// A book that is crossed for longer, at a venue whose numbers show no gap, is not believed, in
    /// milliseconds.
    pub crossed_max_ms: u64,
    /// A quiet instrument gets a heartbeat so often, in milliseconds.
    pub heartbeat_every_ms: u64,
    /// The first back-off, in milliseconds; each further one is up to twice the one before.
    pub backoff_base_ms: u64,
    /// The longest back-off, in milliseconds.
    pub backoff_max_ms: u64,
    /// A connection, or a book, that was well for so long begins its back-off anew, in milliseconds.
    pub stable_after_ms: u64,
    /// A snapshot that was asked of the WebSocket comes within this time, or is asked again, in
    /// milliseconds.
    pub recovery_timeout_ms: u64,
    /// Recoveries of one book that may fail before the connection is replaced.
    pub recovery_retries: u32,
    /// Between two summaries in the log, in milliseconds.
    pub summary_every_ms: u64,
}

impl Default for Live {
    fn default() -> Self {
        Self {
            ca_file: None,
            metrics_bind: None,
            connection_instruments_max: None,
            connect_timeout_ms: 10_000,
            silence_max_ms: None,
            lifetime_max_ms: None,
            snapshot_timeout_ms: 10_000,
            snapshot_bytes_max: 32 * 1024 * 1024,
            snapshots_at_once: 4,
            frame_bytes_max: 16 * 1024 * 1024,
            queue_bytes_max: 64 * 1024 * 1024,
            crossed_max_ms: 2_000,
            heartbeat_every_ms: 1_000,
            backoff_base_ms: 500,
            backoff_max_ms: 60_000,
            stable_after_ms: 60_000,
            recovery_timeout_ms: 15_000,
            recovery_retries: 3,
            summary_every_ms: 60_000,
        }
    }
}

impl Live {
    pub(super) fn check(&self) -> Result<(), SettingsError> {
        let wrong = |name: &str, value: String, expected: &str| {
            Err(SettingsError::Wrong {
                name: format!("live.{name}"),
                value,
                expected: expected.into(),
            })
        };
        for (name, value) in [
            ("connection_instruments_max", self.connection_instruments_max.unwrap_or(1) as u64),
            ("connect_timeout_ms", self.connect_timeout_ms),
            ("silence_max_ms", self.silence_max_ms.unwrap_or(1)),
            ("lifetime_max_ms", self.lifetime_max_ms.unwrap_or(1)),
            ("snapshot_timeout_ms", self.snapshot_timeout_ms),
            ("snapshot_bytes_max", self.snapshot_bytes_max as u64),
            ("snapshots_at_once", self.snapshots_at_once as u64),
            ("frame_bytes_max", self.frame_bytes_max as u64),
            ("crossed_max_ms", self.crossed_max_ms),
            ("heartbeat_every_ms", self.heartbeat_every_ms),
            ("backoff_base_ms", self.backoff_base_ms),
            ("stable_after_ms", self.stable_after_ms),
            ("recovery_timeout_ms", self.recovery_timeout_ms),
            ("summary_every_ms", self.summary_every_ms),
        ] {
            if value == 0 {
                return wrong(name, value.to_string(), "a number above 0");
            }
        }
        if self.backoff_max_ms < self.backoff_base_ms {
            let expected = "a number not below live.backoff_base_ms";
            return wrong("backoff_max_ms", self.backoff_max_ms.to_string(), expected);
        }
        // One record takes at most as much as there is; a semaphore counts in 32 bits.
        if !(1_048_576..=2_147_483_648).contains(&self.queue_bytes_max) {
            let expected = "from 1048576 to 2147483648";
            return wrong("queue_bytes_max", self.queue_bytes_max.to_string(), expected);
        }
        if let Some(bind) = &self.metrics_bind
            && bind.parse::<std::net::SocketAddr>().is_err()
        {
            return wrong("metrics_bind", bind.clone(), "an address and a port");
        }
        Ok(())
    }
}
