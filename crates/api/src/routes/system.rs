//! Signs of life, figures, the document, and a page that says where everything is.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use seawall_notify::Outbox;
use serde::Serialize;
use utoipa::ToSchema;

use super::alerts;
use crate::assets;
use crate::fault::{ErrorBody, Fault};
use crate::health::{self, Condition, HealthBody};
use crate::metrics;
use crate::openapi;
use crate::state::App;

const PAGE: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Seawall</title>\
<h1>Seawall</h1><p>This is the API of a run. What it takes and answers stands in \
<a href=\"/api/openapi.json\">/api/openapi.json</a>; <a href=\"/livez\">/livez</a> and \
<a href=\"/readyz\">/readyz</a> are for whoever watches over the process.</p>\
<p>The dashboard is not part of this program. To have it, install Node.js 20.19 or newer, run \
<code>cargo xtask web</code> in the source, and build the program again.</p></html>";

/// The dashboard; in a program that was built without it a page that says where the API is.
#[utoipa::path(get, path = "/", tag = "health",
    responses((status = 200, content_type = "text/html", body = String)))]
pub(super) async fn page(headers: HeaderMap) -> Response {
    assets::index(&headers).unwrap_or_else(|| Html(PAGE).into_response())
}

/// A sign of life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct SignBody {
    /// Whether it is so.
    ok: bool,
    /// Why not, in a word.
    cause: Option<&'static str>,
}

fn sign(cause: Option<&'static str>) -> Response {
    let status = if cause.is_none() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(SignBody { ok: cause.is_none(), cause })).into_response()
}

/// Whether the process lives and its engine answers. For a supervisor: a restart helps where it does not.
#[utoipa::path(get, path = "/livez", tag = "health", responses(
    (status = 200, body = SignBody), (status = 503, description = "The engine hangs", body = SignBody)))]
pub(super) async fn livez(State(app): State<App>) -> Response {
    let hangs = app.now().await.is_ok_and(|(_, view)| health::is_stale(&view));
    sign(hangs.then_some("engine_hangs"))
}

/// Whether the run has started up, follows the market and its account, and everything it holds is protected.
#[utoipa::path(get, path = "/readyz", tag = "health", responses(
    (status = 200, body = SignBody), (status = 503, description = "It is not ready", body = SignBody)))]
pub(super) async fn readyz(State(app): State<App>) -> Response {
    let Ok((_, view)) = app.now().await else { return sign(Some("starting")) };
    let feeds_are_live = view.surroundings.feeds.as_ref().is_none_or(|feeds| feeds.account_live);
    let cause = match (health::is_stale(&view), feeds_are_live, view.ready, view.naked()) {
        (true, ..) => Some("engine_hangs"),
        (false, false, ..) => Some("account_stream_lost"),
        // At the start, and after each gap in the account's stream, until the books agree with the venue.
        (false, true, false, _) => Some("reconciling"),
        (false, true, true, 0) => None,
        (false, true, true, _) => Some("position_unprotected"),
    };
    sign(cause)
}

/// What ails the run, component by component.
#[utoipa::path(get, path = "/health", tag = "health", security(("token" = []), ("session" = [])), responses(
    (status = 200, body = HealthBody),
    (status = 503, description = "Somebody has to look now", body = HealthBody),
    (status = 401, body = ErrorBody)))]
pub(super) async fn health(State(app): State<App>) -> Response {
    let body = health::look(&app).await;
    let status = match body.condition {
        Condition::Healthy | Condition::Degraded => StatusCode::OK,
        Condition::Unhealthy => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, Json(body)).into_response()
}

/// The run in figures, for Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "health", security(("token" = []), ("session" = [])), responses(
    (status = 200, content_type = "application/openmetrics-text", body = String),
    (status = 401, body = ErrorBody)))]
pub(super) async fn metrics(State(app): State<App>) -> Result<Response, Fault> {
    let components = health::look(&app).await.components;
    let view = app.now().await.ok().map(|(_, view)| view);
    // Without a run or an outbox nothing waits for a channel.
    let standings = alerts::ask(&app, Outbox::standings).await.ok().flatten().unwrap_or_default();
    let waiting = standings.into_iter().map(|standing| (standing.channel, standing.waiting)).collect();
    let text = metrics::text(&app, view, components, waiting).map_err(|_| {
        let fix = "tell us: this cannot happen";
        Fault::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the figures cannot be written", fix)
    })?;
    Ok(([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response())
}

/// This document.
#[utoipa::path(get, path = "/api/openapi.json", tag = "health", responses((status = 200, body = Object)))]
pub(super) async fn openapi() -> Response {
    Json(openapi::document()).into_response()
}
