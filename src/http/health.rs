//! Is it alive, can it serve, what does it count.

use actix_web::{HttpResponse, web};
use serde_json::json;

use super::Api;
use crate::telemetry::metrics;

/// `GET /healthz`: the process lives.
pub async fn alive() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "alive" }))
}

/// `GET /readyz`: it can serve; with the condition of each dependency.
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

/// `GET /metrics`: everything that is counted, for Prometheus.
pub async fn counted() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
        .body(metrics().render())
}
