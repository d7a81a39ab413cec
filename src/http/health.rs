//! Is it alive, can it serve, what does it count.

use actix_web::{HttpResponse, web};
use serde_json::json;

use super::Api;
use super::api::{Alive, Ready};
use crate::telemetry::metrics;

/// The process lives.
#[utoipa::path(get, path = "/healthz", tag = "operation", responses((status = 200, body = Alive)))]
pub async fn alive() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "alive" }))
}

/// It can serve; with the condition of each dependency.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "operation",
    responses((status = 200, body = Ready), (status = 503, body = Ready))
)]
pub async fn ready(api: web::Data<Api>) -> HttpResponse {
    let mut dependencies = serde_json::Map::new();
    let mut note = |name: &str, fault: Option<String>| {
        let state = if fault.is_none() { "ok" } else { "down" };
        dependencies.insert(name.to_owned(), json!({ "state": state, "fault": fault }));
    };
    for condition in api.health.conditions() {
        note(condition.name, condition.fault);
    }
    if let Some(history) = &api.history {
        note("database", history.ping().await.err().map(|error| error.to_string()));
    }
    let ready = api.health.is_ready();
    let body = json!({ "ready": ready, "dependencies": dependencies });
    if ready {
        HttpResponse::Ok().json(body)
    } else {
        HttpResponse::ServiceUnavailable().json(body)
    }
}

/// Everything that is counted, for Prometheus.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "operation",
    responses((status = 200, body = String, content_type = "application/openmetrics-text"))
)]
pub async fn counted() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
        .body(metrics().render())
}
