//! REST: a book's snapshot.
//!
//! Questions of all connections share one pace; a server that says "too many" or "later" holds them all.

use std::time::Duration;

use reqwest::{Client, Response, StatusCode};

use super::gate::Gate;
use super::tls::Tls;
use crate::config;

/// How long everybody waits after 429 and 418 that do not say so (Binance bans for two minutes at
/// first who goes on).
const TOO_MANY: Duration = Duration::from_secs(30);
/// No server makes a feed wait longer than this.
const HOLD_MAX: Duration = Duration::from_secs(3_600);
/// Of an answer that is an error, so many letters are told.
const TOLD_LETTERS: usize = 300;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum RestError {
    /// No connection, no answer in time, or one cut short.
    #[error("{0}")]
    Transport(#[from] reqwest::Error),
    /// A status other than 2xx, with the beginning of what the server said.
    #[error("status {status}: {said}")]
    Status {
        /// The status.
        status: u16,
        /// The server's words.
        said: String,
    },
    /// More bytes than are taken.
    #[error("an answer of more than {0} bytes")]
    TooLarge(usize),
    /// Not text.
    #[error("an answer that is not UTF-8")]
    NotText,
}

impl RestError {
    /// Its name in metrics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Transport(_) => "transport",
            Self::Status { status: 429 | 418, .. } => "too_many",
            Self::Status { .. } => "status",
            Self::TooLarge(_) => "too_large",
            Self::NotText => "not_text",
        }
    }
}

/// Asks one venue's REST server.
pub(super) struct Rest {
    client: Client,
    base: String,
    gate: Gate,
    bytes_max: usize,
}

impl Rest {
    /// A client of the server at `base`.
    ///
    /// # Errors
    ///
    /// Where the HTTP client cannot be made.
    pub fn new(
        base: &str,
        tls: &Tls,
        gate: Gate,
        settings: &config::Live,
    ) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .tls_backend_preconfigured((**tls).clone())
            .timeout(Duration::from_millis(settings.snapshot_timeout_ms))
            .user_agent(concat!("tickwire/", env!("CARGO_PKG_VERSION")))
            .build()?;
        let base = base.trim_end_matches('/').to_owned();
        Ok(Self { client, base, gate, bytes_max: settings.snapshot_bytes_max })
    }

    /// The URL of a path, and what is answered there.
    pub async fn get(&self, path: &str) -> (String, Result<String, RestError>) {
        let url = format!("{}{path}", self.base);
        self.gate.pass().await;
        let answer = self.take(self.client.get(&url).send().await).await;
        (url, answer)
    }

    async fn take(&self, sent: Result<Response, reqwest::Error>) -> Result<String, RestError> {
        let mut answer = sent?;
        let status = answer.status();
        self.heed(status, &answer);
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            if self.bytes_max < bytes.len() + chunk.len() {
                return Err(RestError::TooLarge(self.bytes_max));
            }
            bytes.extend_from_slice(&chunk);
        }
        if !status.is_success() {
            let said = String::from_utf8_lossy(&bytes).chars().take(TOLD_LETTERS).collect();
            return Err(RestError::Status { status: status.as_u16(), said });
        }
        String::from_utf8(bytes).map_err(|_| RestError::NotText)
    }

    /// Waits with all further questions where the server asks for that.
    fn heed(&self, status: StatusCode, answer: &Response) {
        let told = answer.headers().get("retry-after").and_then(|value| value.to_str().ok());
        if let Some(wait) = wait_of(status, told) {
            tracing::warn!(%status, seconds = wait.as_secs(), "the venue's REST server wants to be left alone");
            self.gate.hold_for(wait);
        }
    }
}

/// How long nobody asks after an answer: what `Retry-After` says in seconds, else a while where the
/// status is "too many".
fn wait_of(status: StatusCode, retry_after: Option<&str>) -> Option<Duration> {
    let too_many = matches!(status.as_u16(), 418 | 429);
    let heeds = too_many || status.is_server_error();
    let told = retry_after.and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
    told.filter(|_| heeds).or(too_many.then_some(TOO_MANY)).map(|wait| wait.min(HOLD_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_server_that_is_overloaded_holds_all_questions() {
        let wait = |status, told| {
            wait_of(StatusCode::from_u16(status).unwrap(), told).map(|wait| wait.as_secs())
        };

        assert_eq!(wait(429, Some("7")), Some(7));
        assert_eq!(wait(418, None), Some(30));
        assert_eq!(wait(429, Some("Wed, 21 Oct 2026 07:28:00 GMT")), Some(30));
        assert_eq!(wait(503, Some("2")), Some(2));
        assert_eq!(wait(503, None), None);
        assert_eq!(wait(400, Some("9")), None);
        assert_eq!(wait(429, Some("99999999")), Some(3_600));
    }
}
