//! Each request gets a name, told to whoever asked and to the log, and is counted and timed.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use tracing::Instrument;

use crate::telemetry::{RouteLabel, metrics};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// A caller's own name for a request is kept if it is no longer than this.
const ID_BYTES_MAX: usize = 64;
/// What no route matched is counted together: paths are the caller's choice, and have no bound.
const NO_ROUTE: &str = "none";

/// Names, counts and times a request.
pub(super) async fn named(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let began = Instant::now();
    let id = given_id(&request).unwrap_or_else(new_id);
    let route = request.match_pattern().unwrap_or_else(|| NO_ROUTE.to_owned());
    let span = tracing::info_span!("request", id = id.to_str().unwrap_or_default());
    let outcome = next.call(request).instrument(span.clone()).await;
    let status = match &outcome {
        Ok(response) => response.status(),
        Err(error) => error.as_response_error().status_code(),
    };
    let took = began.elapsed();
    let label = RouteLabel { route, status: status.as_u16() / 100 * 100 };
    metrics().http_requests.get_or_create(&label).inc();
    metrics().http_seconds.observe(took);
    tracing::debug!(
        parent: &span,
        route = label.route, status = status.as_u16(), took_us = took.as_micros(), "answered"
    );
    outcome.map(|mut response| {
        response.headers_mut().insert(REQUEST_ID, id);
        response
    })
}

fn given_id(request: &ServiceRequest) -> Option<HeaderValue> {
    let given = request.headers().get(&REQUEST_ID)?;
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte);
    let bytes = given.as_bytes();
    let good = (1..=ID_BYTES_MAX).contains(&bytes.len()) && bytes.iter().all(plain);
    good.then(|| given.clone())
}

/// Different in each run, and counted within it.
fn new_id() -> HeaderValue {
    static RUN: OnceLock<u32> = OnceLock::new();
    static COUNT: AtomicU64 = AtomicU64::new(1);
    let run = RUN.get_or_init(rand::random);
    let id = format!("{run:08x}-{}", COUNT.fetch_add(1, Ordering::Relaxed));
    HeaderValue::from_str(&id).unwrap_or_else(|_| HeaderValue::from_static("unnamed"))
}
