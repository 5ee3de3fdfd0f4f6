//! How the run stands now.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::take::Asked;
use crate::body::{At, PositionBody, StatusBody, positions as rows, status as of_view};
use crate::fault::{ErrorBody, Fault};
use crate::state::App;

/// How the run stands: what a status strip shows.
#[utoipa::path(get, path = "/api/status", tag = "run", security(("token" = []), ("session" = [])), responses(
    (status = 200, body = StatusBody), (status = 401, body = ErrorBody), (status = 503, body = ErrorBody)))]
pub(super) async fn status(State(app): State<App>) -> Result<Json<StatusBody>, Fault> {
    let (about, view) = app.now().await?;
    Ok(Json(of_view(about, &view, &app.config)))
}

/// Which instruments.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PositionsQuery {
    /// All instruments, not only those that something is held or working on.
    #[serde(default)]
    all: bool,
}

/// Instruments with their positions.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct PositionsBody {
    /// As of when, on the run's clock.
    at: At,
    /// In order of the run.
    positions: Vec<PositionBody>,
}

/// Positions, each with its stop, the stop's proof, its take-profits and its orders.
#[utoipa::path(get, path = "/api/positions", tag = "run", params(PositionsQuery),
    security(("token" = []), ("session" = [])), responses(
    (status = 200, body = PositionsBody), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
    (status = 503, body = ErrorBody)))]
pub(super) async fn positions(
    State(app): State<App>,
    Asked(PositionsQuery { all }): Asked<PositionsQuery>,
) -> Result<Json<PositionsBody>, Fault> {
    let (about, view) = app.now().await?;
    let mut positions = rows(about, &view);
    positions.retain(|row| all || row.side != "flat" || !row.orders.is_empty());
    Ok(Json(PositionsBody { at: At(view.at), positions }))
}
