//! What can be made to go wrong in the demo, and only there: so that everybody can watch what happens then.

use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use seawall_live::board::{Drill, InstrumentView, Order, View};
use seawall_model::{OrderRole, OrderState};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::commands::{refused, why_of};
use super::take::Sent;
use crate::access::Principal;
use crate::body::At;
use crate::fault::{ErrorBody, Fault};
use crate::state::App;

/// What is to go wrong.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DrillBody {
    /// For `reject-my-stop`: of which instrument, by its full name; absent: of the first that is held.
    instrument: Option<String>,
    /// Why, for the journal.
    #[serde(default)]
    #[schema(max_length = 300)]
    why: String,
}

/// What has begun.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct BegunBody {
    /// `cut-network` or `reject-my-stop`.
    drill: String,
    /// When it was written into the journal, on the run's clock.
    at: At,
    /// The instrument it is about, if one.
    instrument: Option<String>,
    /// For how many seconds of the wall's clock.
    ends_in_s: f64,
    /// What happens, in words.
    words: String,
}

/// A drill that goes on.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct RunningBody {
    /// Which.
    drill: String,
    /// For how many more seconds of the wall's clock.
    ends_in_s: f64,
}

/// What can be made to go wrong here.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct DrillsBody {
    /// Names of those that can begin; none outside of the demo over an exchange in a box.
    drills: Vec<String>,
    /// The one that goes on.
    running: Option<RunningBody>,
}

/// What can be made to go wrong here: nothing but in the demo.
#[utoipa::path(get, path = "/api/demo", tag = "demo", security(("token" = []), ("session" = [])), responses(
    (status = 200, body = DrillsBody), (status = 401, body = ErrorBody)))]
pub(super) async fn drills(State(app): State<App>) -> Json<DrillsBody> {
    let names = [Drill::CutNetwork, Drill::RejectStop].map(|drill| drill.name().to_owned());
    let running = app.drill_running(Instant::now());
    Json(DrillsBody {
        drills: if app.drills.is_some() { names.into() } else { Vec::new() },
        running: running.map(|(drill, left)| RunningBody {
            drill: drill.name().to_owned(),
            ends_in_s: left.as_secs_f64(),
        }),
    })
}

/// The venue of the demo is out of reach for a few seconds: what is held stays protected by the stops that
/// rest there, nothing new is risked, and afterwards everything is compared anew.
#[utoipa::path(post, path = "/api/demo/cut-network", tag = "demo", request_body = DrillBody,
    security(("token" = []), ("session" = [])), responses(
    (status = 200, body = BegunBody), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
    (status = 403, body = ErrorBody), (status = 404, description = "It is no demo", body = ErrorBody),
    (status = 409, description = "Another one goes on", body = ErrorBody), (status = 413, body = ErrorBody),
    (status = 415, body = ErrorBody), (status = 503, body = ErrorBody)))]
pub(super) async fn cut_network(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Sent(body): Sent<DrillBody>,
) -> Result<Json<BegunBody>, Fault> {
    if body.instrument.is_some() {
        return Err(Fault::bad_request("instrument", "the network is cut for all instruments; leave it out"));
    }
    let words = "nothing reaches the venue and nothing comes from there; stops rest at the venue, new risk \
                 waits, and when it is back everything is compared anew";
    begin(&app, &principal, Drill::CutNetwork, &body, None, words.to_owned()).await
}

/// The venue of the demo cancels a resting stop and refuses every new one for a few seconds: the ladder tries
/// each trigger type and then closes the position at market.
#[utoipa::path(post, path = "/api/demo/reject-my-stop", tag = "demo", request_body = DrillBody,
    security(("token" = []), ("session" = [])), responses(
    (status = 200, body = BegunBody), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
    (status = 403, body = ErrorBody), (status = 404, description = "It is no demo", body = ErrorBody),
    (status = 409, description = "Another one goes on, or no stop rests", body = ErrorBody),
    (status = 413, body = ErrorBody), (status = 415, body = ErrorBody), (status = 503, body = ErrorBody)))]
pub(super) async fn reject_my_stop(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Sent(body): Sent<DrillBody>,
) -> Result<Json<BegunBody>, Fault> {
    demo_only(&app)?;
    let (_, view) = app.fresh().await?;
    let (name, stop) = resting_stop(&view, body.instrument.as_deref())?;
    let words = format!(
        "the venue cancels the stop of {name} and refuses every new one: each trigger type is tried, then the \
         position is closed at market"
    );
    begin(&app, &principal, Drill::RejectStop, &body, Some((name, stop)), words).await
}

fn demo_only(app: &App) -> Result<(), Fault> {
    if app.drills.is_some() {
        return Ok(());
    }
    let fix = "start `seawall demo` without --in-process";
    let message = "only the demo over an exchange in a box can be made to fail";
    Err(Fault::new(StatusCode::NOT_FOUND, "not_a_demo", message, fix))
}

/// A position with a stop that rests: its instrument and the stop's id.
fn resting_stop(view: &View, wanted: Option<&str>) -> Result<(String, String), Fault> {
    let stop_of = |row: &InstrumentView| {
        let mut stops = row.orders.iter().filter(|order| order.role == OrderRole::Stop);
        stops.find(|order| order.state == OrderState::Open).map(|order| order.order.id.to_string())
    };
    let rows = view.held().filter(|row| row.protected);
    let mut rows = rows.filter(|row| wanted.is_none_or(|wanted| row.name.as_str() == wanted));
    let found = rows.find_map(|row| Some((row.name.to_string(), stop_of(row)?)));
    found.ok_or_else(|| {
        let what = wanted.map(|name| format!(" on {name:?}")).unwrap_or_default();
        let fix = "wait for a position: /api/positions has those that are held, with their stops";
        Fault::new(StatusCode::CONFLICT, "no_stop", format!("no stop rests{what} that could be refused"), fix)
    })
}

/// Written into the journal, then done.
async fn begin(
    app: &App,
    principal: &Principal,
    drill: Drill,
    body: &DrillBody,
    about: Option<(String, String)>,
    words: String,
) -> Result<Json<BegunBody>, Fault> {
    demo_only(app)?;
    let why = why_of(&body.why)?;
    let (instrument, stop) = about.unzip();
    // Taken before it is done, so that two requests do not do it twice.
    if !app.take_drill(drill, Duration::from_secs(u64::from(app.settings.request_timeout_s)), Instant::now())
    {
        let fix = "wait until it is over; GET /api/demo says when";
        return Err(Fault::new(StatusCode::CONFLICT, "drill_running", "another one goes on", fix));
    }
    let done = app.board.command(Order::Drill(drill), true, principal.who(), why).await;
    let done = done.map_err(|refusal| {
        app.end_drill();
        refused(refusal)
    })?;
    let inner = app.clone();
    let begun = tokio::task::spawn_blocking(move || match (&inner.drills, drill, stop) {
        (Some(drills), Drill::CutNetwork, _) => drills.cut_network(),
        (Some(drills), Drill::RejectStop, Some(stop)) => drills.reject_stop(&stop),
        (_, Drill::CutNetwork | Drill::RejectStop, _) => Err("there is nothing to do it to".to_owned()),
    })
    .await
    .unwrap_or_else(|_| Err("it ended early".to_owned()));
    let lasts = begun.map_err(|problem| {
        app.end_drill();
        let fix = "try again; the log has more";
        Fault::new(StatusCode::CONFLICT, "drill_failed", problem, fix)
    })?;
    app.end_drill();
    app.take_drill(drill, lasts, Instant::now());
    let (drill, ends_in_s) = (drill.name().to_owned(), lasts.as_secs_f64());
    Ok(Json(BegunBody { drill, at: At(done.at), instrument, ends_in_s, words }))
}
