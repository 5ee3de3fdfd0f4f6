//! The one form of an error: a stable code for programs, words for people, and what to do.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What went wrong, as it is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorBody {
    /// A stable word.
    pub code: String,
    /// What went wrong.
    pub message: String,
    /// What to do about it.
    pub fix: String,
}

/// An error with its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The status.
    pub status: StatusCode,
    /// The stable word.
    pub code: &'static str,
    /// What went wrong.
    pub message: String,
    /// What to do about it.
    pub fix: &'static str,
    /// After how many seconds it may be tried again, where that is known.
    pub retry_after_s: Option<u64>,
}

impl Fault {
    /// An error.
    #[must_use]
    pub fn new(
        status: StatusCode,
        code: &'static str,
        message: impl Into<String>,
        fix: &'static str,
    ) -> Self {
        Fault { status, code, message: message.into(), fix, retry_after_s: None }
    }

    /// The request cannot be understood.
    #[must_use]
    pub fn bad_request(code: &'static str, message: impl Into<String>) -> Self {
        let fix = "see /api/openapi.json for what this path takes";
        Fault::new(StatusCode::BAD_REQUEST, code, message, fix)
    }

    /// Nobody known asks.
    #[must_use]
    pub fn unauthorized(code: &'static str, message: impl Into<String>) -> Self {
        let fix = "sign in with a token at POST /api/session, or send it as Authorization: Bearer";
        Fault::new(StatusCode::UNAUTHORIZED, code, message, fix)
    }

    /// Somebody known may not.
    #[must_use]
    pub fn forbidden(code: &'static str, message: impl Into<String>, fix: &'static str) -> Self {
        Fault::new(StatusCode::FORBIDDEN, code, message, fix)
    }

    /// There is no such thing.
    #[must_use]
    pub fn not_found(message: impl Into<String>) -> Self {
        let fix = "see /api/openapi.json for the paths, /api/status for the instruments";
        Fault::new(StatusCode::NOT_FOUND, "not_found", message, fix)
    }

    /// The run is not there yet, or no longer.
    #[must_use]
    pub fn starting() -> Self {
        let fix = "try again in a few seconds; the log says what the start waits for";
        Fault {
            retry_after_s: Some(2),
            ..Fault::new(StatusCode::SERVICE_UNAVAILABLE, "not_running", "the run has not begun", fix)
        }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let body = ErrorBody { code: self.code.to_owned(), message: self.message, fix: self.fix.to_owned() };
        let mut response = (self.status, Json(body)).into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
