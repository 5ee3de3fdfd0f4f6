//! Why there is a trade, and why there is none.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use seawall_model::{Outcome, Span, Timeframe, Ts};
use seawall_store::db::Filter;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::history::{Cursor, LOOKED_AT_MAX, Page, PageQuery};
use super::take::Asked;
use crate::body::{At, DecisionBody, word};
use crate::books::ask;
use crate::fault::{ErrorBody, Fault};
use crate::state::App;
use crate::tallies::{Cell, Cells, add};

/// Span of the matrix where nothing is said.
const MATRIX_SPAN: Span = Span::from_secs(24 * 3_600);
/// Gates that are named among those that refuse most.
const BLOCKERS_MAX: usize = 10;

/// Which decisions.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct DecisionsQuery {
    /// Only of this instrument, by its full name.
    instrument: Option<String>,
    /// Only at this instant or after it: a decision is taken at the end of its candle.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Ts>,
    /// Only at this instant or before it.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Ts>,
    /// No more than so many: the newest of them.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// The page before one that was answered: its `next`.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
    /// Only those that ended so: `entered`, or the gate that refused.
    outcome: Option<String>,
}

/// Decision records.
#[utoipa::path(get, path = "/api/decisions", tag = "books", params(DecisionsQuery),
    security(("token" = []), ("session" = [])), responses(
    (status = 200, body = Page<DecisionBody>), (status = 400, body = ErrorBody),
    (status = 401, body = ErrorBody),
    (status = 503, body = ErrorBody)))]
pub(super) async fn decisions(
    State(app): State<App>,
    Asked(asked): Asked<DecisionsQuery>,
) -> Result<Json<Page<DecisionBody>>, Fault> {
    let DecisionsQuery { instrument, since, until, limit, cursor, outcome } = asked;
    let page = PageQuery { instrument, since, until, limit, cursor };
    let limit = page.limit()?;
    let looked_at = if outcome.is_some() { LOOKED_AT_MAX } else { limit };
    let rows = ask(&app, move |reader| reader.decisions(&page.filter(looked_at))).await?;
    let ends_so = |row: &DecisionBody| outcome.as_ref().is_none_or(|wanted| *wanted == row.outcome);
    let rows: Vec<DecisionBody> = rows.into_iter().map(DecisionBody::from).filter(ends_so).collect();
    Ok(Json(Page::of(rows, limit, cursor)))
}

/// Which decision.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct DecisionQuery {
    /// The instrument, by its full name.
    instrument: String,
    /// The decision that held then; without it the newest.
    #[param(value_type = Option<String>, format = DateTime)]
    at: Option<Ts>,
}

/// What a refused plan would have made.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct ShadowBody {
    /// How it would have ended.
    outcome: String,
    /// When.
    ended_at: At,
    /// Profit in multiples of the risk after costs; null where it was never entered.
    r: Option<f64>,
    /// How often it was refused while it was followed.
    refusals: u32,
}

/// A decision with what became of its plan.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct OneDecisionBody {
    /// The record.
    decision: DecisionBody,
    /// What its plan would have made, where it was refused and followed to an end.
    shadow: Option<ShadowBody>,
}

/// One decision, gate by gate.
#[utoipa::path(get, path = "/api/decisions/one", tag = "books", params(DecisionQuery),
    security(("token" = []), ("session" = [])), responses(
    (status = 200, body = OneDecisionBody), (status = 400, body = ErrorBody),
    (status = 401, body = ErrorBody),
    (status = 404, body = ErrorBody), (status = 503, body = ErrorBody)))]
pub(super) async fn decision(
    State(app): State<App>,
    Asked(DecisionQuery { instrument, at }): Asked<DecisionQuery>,
) -> Result<Json<OneDecisionBody>, Fault> {
    let name = instrument.clone();
    let found = ask(&app, move |reader| {
        let decision = reader.last_decision(&name, at)?;
        let shadow = decision.as_ref().map(|row| reader.shadow_of(row)).transpose()?.flatten();
        Ok(decision.map(|decision| (decision, shadow)))
    })
    .await?;
    let (decision, shadow) =
        found.ok_or_else(|| Fault::not_found("there is no decision on that instrument by then"))?;
    let shadow = shadow.map(|row| ShadowBody {
        outcome: word(&row.outcome),
        ended_at: At(row.ended_at),
        r: row.r,
        refusals: row.refusals,
    });
    Ok(Json(OneDecisionBody { decision: decision.into(), shadow }))
}

/// Which part of the matrix.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct MatrixQuery {
    /// From this instant on; without it a day before `until`, and without both the last day of the run's
    /// clock, from the beginning of an hour.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Ts>,
    /// Up to this instant.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Ts>,
}

/// How often decisions on an instrument ended in one way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct CellBody {
    /// `entered`, or the gate that refused.
    outcome: String,
    /// How often.
    count: u64,
    /// How many of them had a plan.
    planned: u64,
    /// The last of them.
    last: At,
}

/// An instrument's row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct MatrixRow {
    /// The instrument.
    instrument: String,
    /// Each way in which decisions on it ended.
    outcomes: Vec<CellBody>,
}

/// A gate with how often it refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct BlockerBody {
    /// The gate.
    gate: String,
    /// What it measures.
    help: String,
    /// How often it refused.
    count: u64,
}

/// Decisions by instrument and outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct MatrixBody {
    /// From when on.
    since: At,
    /// Each instrument with decisions.
    rows: Vec<MatrixRow>,
    /// The gates that refused most.
    blockers: Vec<BlockerBody>,
}

/// Decisions by instrument and outcome, and the gates that refused most.
#[utoipa::path(get, path = "/api/decisions/matrix", tag = "books", params(MatrixQuery),
    security(("token" = []), ("session" = [])), responses(
    (status = 200, body = MatrixBody), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
    (status = 503, body = ErrorBody)))]
pub(super) async fn matrix(
    State(app): State<App>,
    Asked(MatrixQuery { since, until }): Asked<MatrixQuery>,
) -> Result<Json<MatrixBody>, Fault> {
    let (_, view) = app.now().await?;
    let (since, cells) = match (since, until) {
        (None, None) => {
            let since = Timeframe::H1.floor(view.at.minus(MATRIX_SPAN));
            let inner = app.clone();
            (since, ask(&app, move |reader| inner.tallies.since(reader, since)).await?)
        }
        (since, until) => {
            let since = since.unwrap_or_else(|| until.unwrap_or(view.at).minus(MATRIX_SPAN));
            let filter = Filter { since: Some(since), until, ..Filter::default() };
            let counts = ask(&app, move |reader| reader.decision_counts(&filter)).await?;
            let mut cells = Cells::new();
            add(&mut cells, &counts);
            (since, cells)
        }
    };
    let mut refused: BTreeMap<&'static str, (u64, &'static str)> = BTreeMap::new();
    let mut body = |cell: Cell| {
        let outcome = match cell.outcome {
            Outcome::Entered => "entered",
            Outcome::Refused(gate) => {
                refused.entry(gate.name()).or_insert((0, gate.help())).0 += cell.count;
                gate.name()
            }
        };
        CellBody {
            outcome: outcome.to_owned(),
            count: cell.count,
            planned: cell.planned,
            last: At(cell.last),
        }
    };
    let mut rows = Vec::with_capacity(cells.len());
    for (instrument, cells) in cells {
        rows.push(MatrixRow { instrument, outcomes: cells.into_iter().map(&mut body).collect() });
    }
    let mut blockers: Vec<BlockerBody> = refused
        .into_iter()
        .map(|(gate, (count, help))| BlockerBody { gate: gate.to_owned(), help: help.to_owned(), count })
        .collect();
    blockers.sort_by_key(|blocker| std::cmp::Reverse(blocker.count));
    blockers.truncate(BLOCKERS_MAX);
    Ok(Json(MatrixBody { since: At(since), rows, blockers }))
}
