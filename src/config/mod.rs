//! Settings: a TOML file, then `TICKWIRE_…__…` variables over it; a wrong one stops the start.
//!
//! One struct a concern. Nothing here opens anything.

mod error;
mod limits;
mod live;
mod tls;

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

pub use error::SettingsError;
pub use limits::Limits;
pub use live::Live;
pub use tls::SslMode;

/// A hundred years.
const DAYS_MAX: u32 = 36_500;

/// All settings.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The log that market events come from.
    pub kafka: Kafka,
    /// The history.
    pub database: Database,
    /// The warm cache.
    pub redis: Redis,
    /// What clients connect to.
    pub http: Http,
    /// When time has passed.
    pub market: Market,
    /// Ceilings on everything that could grow.
    pub limits: Limits,
    /// How a venue is followed live.
    pub live: Live,
    /// What is written to standard error.
    pub log: Log,
}

/// The log that market events come from.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Kafka {
    /// `host:port`, several separated by commas.
    pub brokers: String,
    /// Put before every topic's and group's name, so that several hubs can share a cluster.
    pub prefix: String,
    /// A broker inside the hub instead: for a look and for tests.
    pub embedded: bool,
    /// Where the embedded broker's address is written once it is up.
    pub embedded_address_file: Option<String>,
    /// Copies of each record in topics that the hub makes.
    pub replication: i32,
    /// How long `md.v1` keeps records, in hours of append time.
    pub retention_hours: u32,
    /// Between two savings of the markets' state, in milliseconds.
    pub save_every_ms: u64,
    /// How often the log's identity is asked, in milliseconds.
    pub identity_every_ms: u64,
    /// How long a writer gathers records into one batch, in milliseconds.
    pub linger_ms: u64,
    /// Any librdkafka property, over the hub's own.
    pub properties: BTreeMap<String, serde_json::Value>,
}

impl Default for Kafka {
    fn default() -> Self {
        Self {
            brokers: "127.0.0.1:9092".into(),
            prefix: String::new(),
            embedded: false,
            embedded_address_file: None,
            replication: 1,
            retention_hours: 168,
            save_every_ms: 5_000,
            identity_every_ms: 5_000,
            linger_ms: 5,
            properties: BTreeMap::new(),
        }
    }
}

impl Kafka {
    /// The full name of a topic.
    #[must_use]
    pub fn topic(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }
}

/// Whether the value of a librdkafka property is for nobody's eyes: passwords, and keys and tokens
/// given in place of a file.
#[must_use]
pub fn is_secret_property(name: &str) -> bool {
    let words = ["password", "secret", ".pem", "oauthbearer.config", "jaas", "token"];
    words.iter().any(|word| name.contains(word))
}

/// The history.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    /// `postgresql://user:password@host:port/name`, with `?sslmode=` where TLS must be.
    pub url: String,
    /// Who signs the server's certificate, in PEM; else those whom the system trusts.
    pub tls_ca_file: Option<String>,
    /// The hub's own certificate, in PEM, where the server asks for one.
    pub tls_cert_file: Option<String>,
    /// Its private key, in PEM.
    pub tls_key_file: Option<String>,
    /// The read-only role's password; without one the role cannot sign in.
    pub analyst_password: Option<String>,
    /// Age at which trades, quotes, books, statistics, imbalances and the bars of a second and a
    /// minute are compressed, in days, where the server can; 0 is never.
    pub compress_after_days: u32,
    /// How long trades, quotes, books, statistics, imbalances and the bars of a second are kept, in
    /// days; 0 is for ever.
    pub keep_days: u32,
    /// Connections that the analyst's role may hold.
    pub analyst_connections_max: u32,
    /// Wall time of an analyst's statement, in milliseconds.
    pub analyst_statement_timeout_ms: u32,
    /// Connections for questions over HTTP.
    pub pool_connections_max: usize,
    /// Wall time of one question over HTTP, in milliseconds.
    pub query_timeout_ms: u64,
    /// Connecting takes no longer, in milliseconds.
    pub connect_timeout_ms: u64,
    /// One batch of the recorder takes no longer, in milliseconds.
    pub write_timeout_ms: u64,
}

impl Default for Database {
    fn default() -> Self {
        Self {
            url: "postgresql://tickwire@127.0.0.1:5432/tickwire".into(),
            tls_ca_file: None,
            tls_cert_file: None,
            tls_key_file: None,
            analyst_password: None,
            compress_after_days: 7,
            keep_days: 0,
            analyst_connections_max: 20,
            analyst_statement_timeout_ms: 60_000,
            pool_connections_max: 8,
            query_timeout_ms: 10_000,
            connect_timeout_ms: 3_000,
            write_timeout_ms: 30_000,
        }
    }
}

/// The warm cache. Without it nothing is wrong, only colder.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Redis {
    /// `redis://:password@host:port`, `rediss://` over TLS; none where there is no cache.
    pub url: Option<String>,
    /// Who signs the server's certificate, in PEM; else those whom the system trusts.
    pub tls_ca_file: Option<String>,
    /// The hub's own certificate, in PEM, where the server asks for one.
    pub tls_cert_file: Option<String>,
    /// Its private key, in PEM.
    pub tls_key_file: Option<String>,
    /// Put before every key, so that several hubs can share a server.
    pub prefix: String,
    /// Between two writings of what changed, in milliseconds.
    pub write_every_ms: u64,
    /// How long a copy is kept that is not written again, in seconds.
    pub keep_s: u64,
    /// One question or one writing takes no longer, in milliseconds.
    pub timeout_ms: u64,
}

impl Default for Redis {
    fn default() -> Self {
        Self {
            url: None,
            tls_ca_file: None,
            tls_cert_file: None,
            tls_key_file: None,
            prefix: "tickwire:".into(),
            write_every_ms: 1_000,
            keep_s: 86_400,
            timeout_ms: 500,
        }
    }
}

/// What clients connect to.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    /// Address and port.
    pub bind: String,
    /// Certificate chain, in PEM: with it clients speak HTTPS and WSS.
    pub tls_cert_file: Option<String>,
    /// Its private key, in PEM.
    pub tls_key_file: Option<String>,
    /// Threads that hold connections.
    pub workers: usize,
    /// Threads that fold symbols.
    pub symbol_threads: usize,
    /// When a client may come back, told in `bye`: so long after it, and up to twice so long, each its
    /// own time, in milliseconds.
    pub reconnect_after_ms: u64,
    /// Over what time sockets are closed when the hub stops, in milliseconds.
    pub drain_ms: u64,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            bind: "127.0.0.1:8080".into(),
            tls_cert_file: None,
            tls_key_file: None,
            workers: 2,
            symbol_threads: 2,
            reconnect_after_ms: 1_000,
            drain_ms: 3_000,
        }
    }
}

/// When time has passed. All roles on one log must agree on these.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Market {
    /// How far the watermark trails the greatest event time, in milliseconds.
    pub out_of_order_ms: u32,
    /// How long behind the watermark a trade still changes bars, in seconds.
    pub allowed_lateness_s: u32,
    /// How far ahead of its receive time an event may be and still move time, in milliseconds.
    pub max_skew_ms: u32,
    /// Silence after which the hub moves an instrument's time on, in milliseconds.
    pub idle_close_ms: u32,
    /// Silence after which a quote or book is `stale`, in milliseconds.
    pub stale_after_ms: u32,
}

impl Default for Market {
    fn default() -> Self {
        Self {
            out_of_order_ms: 250,
            allowed_lateness_s: 300,
            max_skew_ms: 5_000,
            idle_close_ms: 5_000,
            stale_after_ms: 15_000,
        }
    }
}

/// What is written to standard error.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// A filter, such as `info` or `info,tickwire::feeds=debug`.
    pub filter: String,
    /// One JSON object a line, for machines.
    pub json: bool,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            filter: "info,refinery_core=warn,tokio_postgres=warn,actix_server=warn".into(),
            json: false,
        }
    }
}

/// Reads the settings from a file, if one is given, and from variables of the process.
///
/// # Errors
///
/// [`SettingsError`] naming the setting, its value (unless secret) and what was expected.
pub fn load(
    file: Option<&Path>,
    variables: impl Iterator<Item = (String, String)>,
) -> Result<Settings, SettingsError> {
    let mut tree = serde_json::Value::Object(serde_json::Map::new());
    if let Some(path) = file {
        let source = config::File::from(path).format(config::FileFormat::Toml);
        tree = config::Config::builder()
            .add_source(source)
            .build()
            .and_then(config::Config::try_deserialize)
            .map_err(|error| SettingsError::File {
                path: path.display().to_string(),
                expected: error.to_string(),
            })?;
    }
    for (name, value) in variables {
        let Some(path) = name.strip_prefix("TICKWIRE_").filter(|path| path.contains("__")) else {
            continue;
        };
        let path: Vec<String> = path.split("__").map(str::to_ascii_lowercase).collect();
        let (section, rest) = (&path[0], path[1..].join("__"));
        let Some(root) = tree.as_object_mut() else { continue };
        let table = root.entry(section).or_insert_with(|| serde_json::json!({}));
        let Some(table) = table.as_object_mut() else { continue };
        match rest.strip_prefix("properties__") {
            // librdkafka's names have dots where a variable's name cannot.
            Some(property) if section == "kafka" => {
                let properties = table.entry("properties").or_insert_with(|| serde_json::json!({}));
                if let Some(properties) = properties.as_object_mut() {
                    properties.insert(property.replace('_', "."), value.into());
                }
            }
            _ if rest.contains("password") => {
                table.insert(rest, value.into());
            }
            _ => {
                table.insert(rest, scalar(&value));
            }
        }
    }
    let settings: Settings = serde_path_to_error::deserialize(&tree).map_err(|error| {
        SettingsError::of_path(&tree, &error.path().to_string(), &error.inner().to_string())
    })?;
    settings.check()?;
    Ok(settings)
}

/// A variable's text as the kind of value it looks like.
fn scalar(text: &str) -> serde_json::Value {
    match text {
        "true" => true.into(),
        "false" => false.into(),
        _ => text.parse::<u64>().map_or_else(|_| text.into(), Into::into),
    }
}

impl Settings {
    fn check(&self) -> Result<(), SettingsError> {
        let wrong = |name: &str, value: String, expected: &str| {
            Err(SettingsError::Wrong { name: name.into(), value, expected: expected.into() })
        };
        if self.http.bind.parse::<std::net::SocketAddr>().is_err() {
            return wrong("http.bind", self.http.bind.clone(), "an address and a port");
        }
        for (name, value) in [
            ("http.workers", self.http.workers),
            ("http.symbol_threads", self.http.symbol_threads),
            ("database.pool_connections_max", self.database.pool_connections_max),
        ] {
            if value == 0 || 1_024 < value {
                return wrong(name, value.to_string(), "a number from 1 to 1024");
            }
        }
        if self.database.url.parse::<url_scheme::PostgresUrl>().is_err() {
            return wrong("database.url", "(secret)".into(), "a postgresql:// address");
        }
        let redis = &self.redis;
        let schemes = ["redis://", "rediss://", "unix://"];
        let known = |url: &String| schemes.iter().any(|scheme| url.starts_with(scheme));
        if !redis.url.as_ref().is_none_or(known) {
            return wrong(
                "redis.url",
                "(secret)".into(),
                "a redis://, rediss:// or unix:// address",
            );
        }
        for (name, value) in [
            ("redis.write_every_ms", redis.write_every_ms),
            ("redis.keep_s", redis.keep_s),
            ("redis.timeout_ms", redis.timeout_ms),
        ] {
            if value == 0 {
                return wrong(name, value.to_string(), "a number above 0");
            }
        }
        if self.database.analyst_password.as_ref().is_some_and(String::is_empty) {
            return wrong("database.analyst_password", "(empty)".into(), "a password");
        }
        // What is still changed must be there, and changing it when it is compressed is slow.
        let settled_s = u64::from(self.market.allowed_lateness_s) + 86_400;
        for (name, days) in [
            ("database.compress_after_days", self.database.compress_after_days),
            ("database.keep_days", self.database.keep_days),
        ] {
            if days != 0 && u64::from(days) * 86_400 < settled_s || DAYS_MAX < days {
                let least = settled_s.div_ceil(86_400);
                let expected = format!(
                    "0, or {least} to {DAYS_MAX}: a day more than market.allowed_lateness_s"
                );
                return wrong(name, days.to_string(), &expected);
            }
        }
        tls::check(self)?;
        self.live.check()?;
        self.limits.check()
    }
}

/// The form of a database address; whoever connects reads the rest of it.
mod url_scheme {
    pub struct PostgresUrl;

    impl std::str::FromStr for PostgresUrl {
        type Err = ();

        fn from_str(text: &str) -> Result<Self, ()> {
            let schemes = ["postgresql://", "postgres://"];
            schemes.iter().any(|scheme| text.starts_with(scheme)).then_some(Self).ok_or(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &str, value: &str) -> Result<Settings, SettingsError> {
        load(None, [(name.to_owned(), value.to_owned())].into_iter())
    }

    #[test]
    fn variables_lie_over_the_defaults() {
        assert_eq!(with("TICKWIRE_KAFKA__BROKERS", "h:1").unwrap().kafka.brokers, "h:1");
        assert_eq!(with("TICKWIRE_MARKET__STALE_AFTER_MS", "7").unwrap().market.stale_after_ms, 7);
        assert!(with("TICKWIRE_HOME", "/x").is_ok());
    }

    #[test]
    fn a_wrong_setting_is_told_by_name_value_and_expectation() {
        let text = with("TICKWIRE_HTTP__WORKERS", "many").unwrap_err().to_string();
        assert!(text.contains("http.workers") && text.contains("many"), "{text}");
        let text = with("TICKWIRE_HTTP__PORT", "1").unwrap_err().to_string();
        assert!(text.contains("http.port") && text.contains("bind"), "{text}");
        let text = with("TICKWIRE_DATABASE__URL", "mysql://u:geheim@h").unwrap_err().to_string();
        assert!(text.contains("database.url") && !text.contains("geheim"), "{text}");
        let text = with("TICKWIRE_REDIS__URL", "geheim@localhost:6379").unwrap_err().to_string();
        assert!(text.contains("redis.url") && !text.contains("geheim"), "{text}");
        let text = with("TICKWIRE_REDIS__KEEP_S", "0").unwrap_err().to_string();
        assert!(text.contains("redis.keep_s"), "{text}");
        let text = with("TICKWIRE_DATABASE__KEEP_DAYS", "1").unwrap_err().to_string();
        assert!(text.contains("database.keep_days = 1: 0, or 2 to"), "{text}");
        let text = with("TICKWIRE_NOSUCH__THING", "1").unwrap_err().to_string();
        assert!(text.contains("nosuch"), "{text}");
    }

    #[test]
    fn a_variable_names_librdkafka_properties_with_underscores_and_passwords_stay_text() {
        let settings = with("TICKWIRE_KAFKA__PROPERTIES__SASL_PASSWORD", "007").unwrap();
        assert_eq!(settings.kafka.properties["sasl.password"], "007");
        let settings = with("TICKWIRE_DATABASE__ANALYST_PASSWORD", "007").unwrap();
        assert_eq!(settings.database.analyst_password.as_deref(), Some("007"));
    }

    #[test]
    fn a_file_names_librdkafka_properties_as_they_are() {
        let file = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
        std::fs::write(&file, "[kafka.properties]\n\"fetch.max.bytes\" = 7\n").unwrap();
        let settings = load(Some(file.path()), std::iter::empty()).unwrap();

        assert_eq!(settings.kafka.properties["fetch.max.bytes"], 7);
    }
}
