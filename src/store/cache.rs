//! The warm cache in Redis: what is last known of each instrument.
//!
//! A copy is a courtesy: whoever cannot have it goes on without. After a failure the cache is left
//! alone for a while, so that nobody waits for a server that is not there.

use std::time::Duration;

use parking_lot::Mutex;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{ClientTlsConfig, TlsCertificates};

use super::breaker::Breaker;
use super::tls::{self, TlsFault};
use crate::config;
use crate::wire::saved::{self, HotCopy};

/// Why the cache did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// The server's or the driver's word.
    #[error("redis: {0}")]
    Redis(#[from] redis::RedisError),
    /// It took too long.
    #[error("redis: no answer in {0} ms")]
    Timeout(u64),
    /// A file of certificates or keys is not what it should be.
    #[error("redis: {0}")]
    Tls(#[from] TlsFault),
    /// It failed a moment ago, in these words.
    #[error("{0}")]
    Resting(String),
}

/// Copies by instrument.
pub struct Cache {
    client: redis::Client,
    wanted: ConnectionManagerConfig,
    manager: Mutex<ConnectionManager>,
    prefix: String,
    keep_s: u64,
    timeout_ms: u64,
    breaker: Breaker,
}

impl Cache {
    /// The cache of the settings; none where they name no server. It connects when it is first
    /// asked.
    ///
    /// # Errors
    ///
    /// [`CacheError`] where the address is none, or a file of certificates cannot be read.
    pub fn new(settings: &config::Redis) -> Result<Option<Self>, CacheError> {
        let Some(url) = settings.url.as_deref() else { return Ok(None) };
        let timeout = Duration::from_millis(settings.timeout_ms);
        let wanted = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(timeout))
            .set_response_timeout(Some(timeout))
            .set_number_of_retries(1);
        let client = client(settings, url)?;
        let manager = ConnectionManager::new_lazy_with_config(client.clone(), wanted.clone())?;
        Ok(Some(Self {
            client,
            wanted,
            manager: Mutex::new(manager),
            prefix: settings.prefix.clone(),
            keep_s: settings.keep_s,
            timeout_ms: settings.timeout_ms,
            breaker: Breaker::new(),
        }))
    }

    /// Puts copies, all in one go.
    ///
    /// # Errors
    ///
    /// [`CacheError`] where the server does not take them in time.
    pub async fn put(&self, copies: &[(String, HotCopy)]) -> Result<(), CacheError> {
        let mut pipe = redis::pipe();
        for (name, copy) in copies {
            let bytes = saved::encode(copy).unwrap_or_default();
            pipe.set_ex(self.key(name), bytes, self.keep_s).ignore();
        }
        let mut manager = self.manager.lock().clone();
        self.limited(async move { pipe.query_async::<()>(&mut manager).await }).await
    }

    /// What is last known of an instrument.
    ///
    /// # Errors
    ///
    /// [`CacheError`] where the server does not answer in time.
    pub async fn get(&self, name: &str) -> Result<Option<HotCopy>, CacheError> {
        let mut manager = self.manager.lock().clone();
        let mut question = redis::cmd("GET");
        question.arg(self.key(name));
        let bytes: Option<Vec<u8>> =
            self.limited(async move { question.query_async(&mut manager).await }).await?;
        // A copy of another version is as good as none.
        Ok(bytes.and_then(|bytes| saved::decode(&bytes).ok()))
    }

    /// Whether the server answers.
    ///
    /// # Errors
    ///
    /// [`CacheError`] where it does not.
    pub async fn ping(&self) -> Result<(), CacheError> {
        let mut manager = self.manager.lock().clone();
        self.limited(async move { redis::cmd("PING").query_async::<()>(&mut manager).await }).await
    }

    fn key(&self, name: &str) -> String {
        format!("{}hot:{name}", self.prefix)
    }

    async fn limited<T>(
        &self,
        work: impl Future<Output = Result<T, redis::RedisError>>,
    ) -> Result<T, CacheError> {
        if let Some(why) = self.breaker.open() {
            return Err(CacheError::Resting(why));
        }
        let limit = Duration::from_millis(self.timeout_ms);
        let outcome = match tokio::time::timeout(limit, work).await {
            Ok(outcome) => outcome.map_err(CacheError::from),
            Err(_) => Err(CacheError::Timeout(self.timeout_ms)),
        };
        match &outcome {
            Ok(_) => self.breaker.close(),
            Err(error) => {
                if let CacheError::Redis(error) = error
                    && !error.is_io_error()
                {
                    self.begin_anew();
                }
                self.breaker.trip(error);
            }
        }
        outcome
    }

    /// A manager whose sign-in was refused never tries again: it is replaced.
    fn begin_anew(&self) {
        match ConnectionManager::new_lazy_with_config(self.client.clone(), self.wanted.clone()) {
            Ok(manager) => *self.manager.lock() = manager,
            Err(error) => tracing::warn!(%error, "the warm cache"),
        }
    }
}

/// A client of that address; over TLS where it says so.
fn client(settings: &config::Redis, url: &str) -> Result<redis::Client, CacheError> {
    if !url.starts_with("rediss://") {
        return Ok(redis::Client::open(url)?);
    }
    let file =
        |name, path: &Option<String>| path.as_deref().map(|path| tls::read(name, path)).transpose();
    let client_cert = file("redis.tls_cert_file", &settings.tls_cert_file)?;
    let client_key = file("redis.tls_key_file", &settings.tls_key_file)?;
    let client_tls = client_cert
        .zip(client_key)
        .map(|(client_cert, client_key)| ClientTlsConfig { client_cert, client_key });
    let root_cert = match &settings.tls_ca_file {
        Some(path) => Some(tls::authorities("redis.tls_ca_file", path)?),
        None => None,
    };
    Ok(redis::Client::build_with_tls(url, TlsCertificates { client_tls, root_cert })?)
}
