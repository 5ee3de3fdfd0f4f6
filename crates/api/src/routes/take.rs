//! Reads what a request brings, with errors in the one form.

use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use serde::de::DeserializeOwned;

use crate::fault::Fault;

/// Bytes that a body may have.
pub(crate) const BODY_BYTES_MAX: usize = 16 * 1024;
/// Bytes that the question in a path may have.
const QUERY_BYTES_MAX: usize = 2_048;

/// The question behind a path.
pub(crate) struct Asked<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Fault> {
        if parts.uri.query().is_some_and(|query| query.len() > QUERY_BYTES_MAX) {
            return Err(Fault::bad_request("query", format!("it is longer than {QUERY_BYTES_MAX} bytes")));
        }
        let query = Query::<T>::try_from_uri(&parts.uri);
        query.map(|Query(asked)| Asked(asked)).map_err(|error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            Fault::bad_request("query", cause.unwrap_or_else(|| error.to_string()))
        })
    }
}

/// A body of JSON.
pub(crate) struct Sent<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Sent<T> {
    type Rejection = Fault;

    async fn from_request(request: Request, _: &S) -> Result<Self, Fault> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let is_json = kind.is_some_and(|kind| {
            kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
        });
        if !is_json {
            let fix = "send JSON with Content-Type: application/json";
            let message = "the body is not said to be JSON";
            return Err(Fault::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content_type", message, fix));
        }
        let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|text| text.to_str().ok());
        let announced = announced.and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
        if announced > BODY_BYTES_MAX as u64 {
            // Said before a byte of it is read.
            return Err(too_large());
        }
        let bytes = to_bytes(request.into_body(), BODY_BYTES_MAX).await.map_err(|_| too_large())?;
        serde_json::from_slice(&bytes)
            .map(Sent)
            .map_err(|error| Fault::bad_request("bad_json", error.to_string()))
    }
}

fn too_large() -> Fault {
    let message = format!("the body is longer than {BODY_BYTES_MAX} bytes, or ended early");
    Fault::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", message, "send less")
}
