//! The web terminal: what `web/` was built into, carried by the binary.

use actix_web::http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::error::Problem;

/// The built page; empty where the binary was built without it.
#[derive(RustEmbed)]
#[folder = "web/dist"]
#[allow_missing = true]
struct Built;

/// Which build of the page this is. The scripts set it, so that the compiler notices another one.
const BUILD: Option<&str> = option_env!("TICKWIRE_PAGE");

/// Nothing from elsewhere, and nobody may frame it.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; object-src 'none'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// `GET /`.
pub async fn index(request: HttpRequest) -> HttpResponse {
    match Built::get("index.html") {
        Some(file) => answer(&request, file, "no-cache"),
        None => Problem::no_page().error_response(),
    }
}

/// `GET /assets/…`, whose names carry a hash of what they hold, and the texts of licences.
pub async fn file(request: HttpRequest) -> HttpResponse {
    let lasting = request.path().starts_with("/assets/");
    let cache = if lasting { "public, max-age=31536000, immutable" } else { "no-cache" };
    match Built::get(request.path().trim_start_matches('/')) {
        Some(file) => answer(&request, file, cache),
        None => Problem::not_found(request.path()).error_response(),
    }
}

fn answer(request: &HttpRequest, file: EmbeddedFile, cache: &'static str) -> HttpResponse {
    let hash: String =
        file.metadata.sha256_hash()[..8].iter().map(|b| format!("{b:02x}")).collect();
    let tag = format!("\"{hash}{}\"", BUILD.unwrap_or_default());
    let known = request.headers().get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let mut response = match known {
        Some(known) if known == tag => HttpResponse::NotModified(),
        _ => HttpResponse::Ok(),
    };
    response
        .insert_header((CACHE_CONTROL, cache))
        .insert_header((ETAG, tag.clone()))
        .insert_header(("Content-Security-Policy", POLICY))
        .insert_header(("X-Content-Type-Options", "nosniff"))
        .insert_header(("Referrer-Policy", "no-referrer"))
        .content_type(file.metadata.mimetype());
    if known == Some(tag.as_str()) { response.finish() } else { response.body(file.data) }
}
