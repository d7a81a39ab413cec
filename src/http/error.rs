//! Errors as RFC 9457 problems with a stable code.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::ContentType;
use actix_web::{HttpResponse, ResponseError};
use serde_json::json;

/// What a client is told when its request is not answered.
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
}

impl Problem {
    /// A parameter is not what it should be.
    pub fn bad_parameter(detail: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code: "bad_parameter", detail: detail.into() }
    }

    /// Nothing was ever heard of that instrument.
    pub fn unknown_instrument(name: &str) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            code: "unknown_instrument",
            detail: format!("nothing was ever heard of {name:?}"),
        }
    }

    /// Nothing is there.
    pub fn not_found(path: &str) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            code: "not_found",
            detail: format!("there is nothing at {path}"),
        }
    }

    /// The binary carries no page.
    #[must_use]
    pub fn no_page() -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            code: "not_found",
            detail: "this hub was built without its page: ./run builds both".to_owned(),
        }
    }

    /// The path takes other methods.
    pub fn method_not_allowed(method: &str) -> Self {
        Self {
            status: StatusCode::METHOD_NOT_ALLOWED,
            code: "method_not_allowed",
            detail: format!("{method} is not taken here"),
        }
    }

    /// It cannot be answered at the moment.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self { status: StatusCode::SERVICE_UNAVAILABLE, code: "unavailable", detail: detail.into() }
    }
}

impl Problem {
    /// Its place in the `errors` of a list.
    #[must_use]
    pub fn in_list(&self) -> serde_json::Value {
        json!({ "code": self.code, "message": self.detail })
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.code, self.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let body = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason(),
            "status": self.status.as_u16(),
            "code": self.code,
            "detail": self.detail,
        });
        let mut response = HttpResponse::build(self.status);
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.insert_header(("Retry-After", "1"));
        }
        response.insert_header(ContentType(
            "application/problem+json".parse().unwrap_or(actix_web::mime::APPLICATION_JSON),
        ));
        response.body(body.to_string())
    }
}
