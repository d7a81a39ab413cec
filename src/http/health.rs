//! Is it alive, can it serve, what does it count.

use actix_web::{HttpResponse, web};
use serde_json::json;

use super::Api;
use super::api::{Alive, Ready};
use crate::actors::health::Condition;
use crate::telemetry::{StateLabel, metrics};

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
    for Condition { name, state, fault, since } in api.health.conditions() {
        let since = since.map(|since| since.to_string());
        dependencies
            .insert(name.to_owned(), json!({ "state": state, "fault": fault, "since": since }));
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
pub async fn counted(api: web::Data<Api>) -> HttpResponse {
    if let Some(history) = &api.history {
        let (open, waiting) = history.connections();
        for (state, count) in [("open", open), ("waiting", waiting)] {
            let gauge = metrics().database_connections.get_or_create(&StateLabel { state });
            gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }
    HttpResponse::Ok()
        .content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
        .body(metrics().render())
}
