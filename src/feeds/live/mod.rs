//! A venue's public WebSocket into the log, until the process is asked to end.
//!
//! What belongs to a venue is in `venues`: the adapter makes events of frames, the `Line` knows what
//! to say. Here are sockets, clocks and the log:
//!
//! - `connection` opens sockets and opens them again; `session` is one open socket;
//! - `followed` makes records of events and knows each book by `watch` (does it stand?) and
//!   `recovery` (when is it asked for again?);
//! - `snapshot` asks REST; `outlet` writes to the log; `skew` compares clocks;
//! - `pace`, `gate` and `backoff` keep to what the venue allows.
//!
//! # Invariants
//!
//! - Events reach the log in the adapter's order, an instrument's from one connection at a time.
//! - What breaks a book reaches the log before anything is done about it.
//! - Everything that waits is bounded; a slow log is waited for by not reading the socket.

mod backoff;
mod clock;
mod connection;
mod exposed;
mod followed;
mod gate;
mod instruments;
mod outlet;
mod pace;
mod recovery;
mod session;
mod skew;
mod snapshot;
mod summary;
mod tls;
mod watch;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch::Receiver;
use tokio::task::JoinSet;
use tokio::time::sleep;

use self::clock::Clock;
use self::connection::{Connection, Shared};
use self::gate::Gate;
use self::snapshot::Rest;
use super::kafka::{self, KafkaError};
use super::venues::{self, Venue};
use crate::config::Settings;
use crate::telemetry::LiveMetrics;

/// Between the panic of a connection and its next beginning.
const AFTER_A_PANIC: Duration = Duration::from_secs(1);

/// What is to be followed.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The venue's name on the command line.
    pub venue: String,
    /// Instruments, as the venue writes their symbols or with the venue's prefix.
    pub instruments: Vec<String>,
    /// What stands in for the venue's WebSocket.
    pub socket_url: Option<String>,
    /// What stands in for the venue's REST server.
    pub rest_url: Option<String>,
}

/// Why a live feed ended.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// There is no such venue.
    #[error("there is no venue {0:?}: {known}", known = venues::names())]
    Venue(String),
    /// Something in the list of instruments.
    #[error("--instruments {name:?}: {expected}")]
    Instruments {
        /// What was written.
        name: String,
        /// What was expected.
        expected: String,
    },
    /// A URL that stands in for the venue's.
    #[error("{option} {url:?}: {expected}")]
    Url {
        /// Which one.
        option: &'static str,
        /// What was written.
        url: String,
        /// What was expected.
        expected: &'static str,
    },
    /// A setting.
    #[error("{0}")]
    Setting(String),
    /// The log.
    #[error(transparent)]
    Kafka(#[from] KafkaError),
    /// The machine.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// What came of it.
        source: std::io::Error,
    },
    /// The HTTP client cannot be made.
    #[error("the HTTP client: {0}")]
    Http(String),
}

impl LiveError {
    /// Whether it was asked wrongly, else it failed.
    #[must_use]
    pub fn is_misuse(&self) -> bool {
        matches!(
            self,
            Self::Venue(_) | Self::Instruments { .. } | Self::Url { .. } | Self::Setting(_)
        )
    }
}

/// Follows a venue until `stop` turns true; then says of every instrument that it is not followed
/// any more, and waits until the log has all.
///
/// # Errors
///
/// [`LiveError`] where it cannot begin, or where the log cannot be written any more.
pub async fn run(
    settings: &Settings,
    wanted: &Wanted,
    stop: Receiver<bool>,
) -> Result<(), LiveError> {
    let venue =
        venues::venue(&wanted.venue).ok_or_else(|| LiveError::Venue(wanted.venue.clone()))?;
    let instruments = instruments::read(venue, &wanted.instruments)?;
    let metrics = Arc::new(LiveMetrics::default());
    metrics.instruments.set(i64::try_from(instruments.len()).unwrap_or(i64::MAX));
    let exposed = expose(settings, &metrics).await?;
    if !settings.kafka.embedded {
        kafka::make_missing_topics(&settings.kafka).await?;
    }
    let (outlet, writing) = outlet::open(&settings.kafka, &settings.live, &metrics)?;
    let shared = Arc::new(shared(settings, venue, wanted, outlet, metrics.clone())?);
    let wanted_most = settings.live.connection_instruments_max.unwrap_or(usize::MAX);
    let most = (venue.line)().terms().instruments_max.min(wanted_most).max(1);
    let mut connections = JoinSet::new();
    let parts: Vec<_> = instruments.chunks(most).collect();
    let open = |connections: &mut JoinSet<()>, number: usize| {
        let connection = Connection::new(shared.clone(), number + 1, parts[number].to_vec());
        connections.spawn(connection.live(stop.clone())).id()
    };
    let mut numbers: HashMap<_, _> =
        (0..parts.len()).map(|number| (open(&mut connections, number), number)).collect();
    let every = settings.live.summary_every_ms;
    let summary = tokio::spawn(summary::tell(venue.name, metrics, every));
    while let Some(ended) = connections.join_next().await {
        // One that panicked has said `disconnect` and begins anew; the others do not notice.
        if let Err(error) = ended
            && let Some(number) = numbers.remove(&error.id())
            && !*stop.borrow()
        {
            tracing::error!(venue = venue.name, connection = number + 1, %error, "it begins anew");
            sleep(AFTER_A_PANIC).await;
            numbers.insert(open(&mut connections, number), number);
        }
    }
    summary.abort();
    if let Some(exposed) = exposed {
        exposed.abort();
    }
    // The writing thread ends once nobody can hand anything over.
    drop(shared);
    let finished = tokio::task::spawn_blocking(move || writing.finish()).await;
    finished.map_err(|error| LiveError::Http(error.to_string()))??;
    Ok(())
}

fn shared(
    settings: &Settings,
    venue: &'static Venue,
    wanted: &Wanted,
    outlet: outlet::Outlet,
    metrics: Arc<LiveMetrics>,
) -> Result<Shared, LiveError> {
    let terms = (venue.line)().terms();
    let live = settings.live.clone();
    let tls = tls::client(live.ca_file.as_deref()).map_err(LiveError::Setting)?;
    let clock = Clock::new();
    let socket_base = url_of(
        "--socket-url",
        wanted.socket_url.as_deref(),
        terms.socket_url,
        ["ws://", "wss://"],
    )?;
    let rest_url =
        url_of("--rest-url", wanted.rest_url.as_deref(), terms.rest_url, ["http://", "https://"])?;
    let asks = Gate::a_minute(terms.requests_per_min, clock);
    let rest = Rest::new(&rest_url, &tls, asks, &live)
        .map_err(|error| LiveError::Http(error.to_string()))?;
    let connects = Gate::evenly(terms.connects_per_min, clock);
    let max_skew_ns = i64::from(settings.market.max_skew_ms) * 1_000_000;
    Ok(Shared {
        venue,
        live,
        max_skew_ns,
        socket_base,
        rest,
        connects,
        tls,
        outlet,
        metrics,
        clock,
    })
}

/// The URL that is used, without a slash at its end.
fn url_of(
    option: &'static str,
    given: Option<&str>,
    own: &str,
    schemes: [&'static str; 2],
) -> Result<String, LiveError> {
    let url = given.unwrap_or(own);
    if schemes.iter().any(|scheme| url.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty())) {
        return Ok(url.trim_end_matches('/').to_owned());
    }
    let expected = if schemes[0] == "ws://" {
        "a ws:// or wss:// address"
    } else {
        "an http:// or https:// address"
    };
    Err(LiveError::Url { option, url: url.to_owned(), expected })
}

/// Shows the metrics where the settings say so.
async fn expose(
    settings: &Settings,
    metrics: &Arc<LiveMetrics>,
) -> Result<Option<tokio::task::JoinHandle<()>>, LiveError> {
    let Some(bind) = &settings.live.metrics_bind else { return Ok(None) };
    let listener = TcpListener::bind(bind)
        .await
        .map_err(|source| LiveError::Io { what: format!("live.metrics_bind = {bind}"), source })?;
    Ok(Some(tokio::spawn(exposed::serve(listener, metrics.clone()))))
}

#[cfg(test)]
mod tests {
    use super::super::venues::VENUES;
    use super::super::venues::line::Recovery;

    /// The page's table of limits is made by this; where the test fails it tells the right lines.
    #[test]
    fn the_page_tells_every_venues_limits() {
        let page = include_str!("../../../docs/live.md");
        let (_, table) = page.split_once("| book again by |\n").unwrap();
        let told: Vec<&str> = table.lines().skip(1).take_while(|line| !line.is_empty()).collect();
        let seconds = |ms: Option<u64>| match ms {
            None => "–".to_owned(),
            Some(ms) if ms % 1_000 == 0 => format!("{} s", ms / 1_000),
            Some(ms) => format!("{ms} ms"),
        };
        let lines: Vec<String> = VENUES
            .iter()
            .map(|venue| {
                let terms = (venue.line)().terms();
                let recovery = match terms.recovery {
                    Recovery::RestSnapshot => "REST snapshot",
                    Recovery::Resubscribe => "subscription",
                    Recovery::Reconnect => "connection",
                };
                format!(
                    "| `{}` | {} | {} | {} | {} | {} | {} | {} | {recovery} |",
                    venue.name,
                    terms.instruments_max,
                    terms.messages_per_s,
                    terms.connects_per_min,
                    terms.requests_per_min,
                    seconds(terms.ping_every_ms),
                    seconds(Some(terms.silence_max_ms)),
                    seconds(terms.lifetime_ms),
                )
            })
            .collect();
        assert_eq!(told, lines, "docs/live.md should say:\n{}", lines.join("\n"));
    }
}
