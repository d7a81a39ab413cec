//! Ceilings on everything that could grow; each names its unit.

use serde::{Deserialize, Serialize};

use super::SettingsError;

/// The ceilings.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Open WebSockets.
    pub sessions_max: usize,
    /// Frames waiting for one session before it counts as slow; must exceed a burst.
    pub session_mailbox_frames: usize,
    /// Bytes that the kernel may hold for one session on their way to its client (`SO_SNDBUF`);
    /// 0: as many as the kernel sees fit, up to some megabytes where it is far or slow.
    pub session_send_buffer_bytes: usize,
    /// Subscriptions of one session.
    pub subscriptions_max: usize,
    /// Bytes of one client frame.
    pub frame_bytes_max: usize,
    /// Client messages a second, sustained; ten seconds' worth may come at once.
    pub messages_per_second: u32,
    /// Time a session may take nothing before it is closed as too slow, in milliseconds.
    pub session_frozen_ms: u64,
    /// Time a session that is too slow may take for its close frame before it is cut, in
    /// milliseconds.
    pub session_closing_ms: u64,
    /// Between two heartbeats to a client, in milliseconds.
    pub heartbeat_ms: u64,
    /// A client that says nothing (not even a pong) for so long is closed, in milliseconds.
    pub client_silence_ms: u64,
    /// Bytes of records handed to symbols but not yet folded, and of what waits to be written back to
    /// the log, before partitions are paused.
    pub held_bytes_max: usize,
    /// Bytes on their way to one connection thread before its receivers are resynchronised.
    pub shard_bytes_max: usize,
    /// Instruments.
    pub instruments_max: usize,
    /// Rows of one answer, bars excepted.
    pub rows_max: usize,
    /// Bars of one answer.
    pub bars_max: usize,
    /// Bytes of records the recorder takes into one transaction.
    pub record_batch_bytes_max: usize,
    /// How long the recorder gathers for one transaction, in milliseconds.
    pub record_batch_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            sessions_max: 10_000,
            session_mailbox_frames: 256,
            session_send_buffer_bytes: 0,
            subscriptions_max: 2_000,
            frame_bytes_max: 64 * 1024,
            messages_per_second: 50,
            session_frozen_ms: 10_000,
            session_closing_ms: 60_000,
            heartbeat_ms: 5_000,
            client_silence_ms: 60_000,
            held_bytes_max: 64 * 1024 * 1024,
            shard_bytes_max: 64 * 1024 * 1024,
            instruments_max: 100_000,
            rows_max: 10_000,
            bars_max: 50_000,
            record_batch_bytes_max: 8 * 1024 * 1024,
            record_batch_ms: 200,
        }
    }
}

impl Limits {
    pub(super) fn check(&self) -> Result<(), SettingsError> {
        let named = [
            ("limits.sessions_max", self.sessions_max),
            ("limits.session_mailbox_frames", self.session_mailbox_frames),
            ("limits.subscriptions_max", self.subscriptions_max),
            ("limits.frame_bytes_max", self.frame_bytes_max),
            ("limits.messages_per_second", self.messages_per_second as usize),
            ("limits.held_bytes_max", self.held_bytes_max),
            ("limits.shard_bytes_max", self.shard_bytes_max),
            ("limits.instruments_max", self.instruments_max),
            ("limits.rows_max", self.rows_max),
            ("limits.bars_max", self.bars_max),
            ("limits.record_batch_bytes_max", self.record_batch_bytes_max),
        ];
        match named.into_iter().find(|(_, value)| *value == 0) {
            Some((name, value)) => Err(SettingsError::Wrong {
                name: name.into(),
                value: value.to_string(),
                expected: "a number above zero".into(),
            }),
            None => Ok(()),
        }
    }
}
