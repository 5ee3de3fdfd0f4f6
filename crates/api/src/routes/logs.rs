//! The program's own log.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::history::{ROWS, ROWS_MAX};
use super::take::Asked;
use crate::body::At;
use crate::fault::{ErrorBody, Fault};
use crate::logs::{Line, LogLevel};
use crate::state::App;

/// Which lines.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct LogsQuery {
    /// Only as urgent as this or more: `error`, `warn`, `info`, `debug` or `trace`.
    level: Option<String>,
    /// Only those with these words in text or target, whatever their case.
    text: Option<String>,
    /// Only those after this number.
    after: Option<u64>,
    /// No more than so many: the newest of them.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct LineBody {
    /// Counts the lines of the process, from 1.
    number: u64,
    /// When, by the machine's clock.
    at: At,
    /// `error`, `warn`, `info`, `debug` or `trace`.
    level: String,
    /// Where in the program.
    target: String,
    /// What.
    text: String,
}

/// Lines of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct LogsBody {
    /// Oldest first.
    lines: Vec<LineBody>,
    /// Whether there are older ones that fit.
    more: bool,
    /// Number of the newest line of all, for `after`.
    last: u64,
}

/// The newest lines of the program's log, without anything that looks like a secret.
#[utoipa::path(get, path = "/api/logs", tag = "health", params(LogsQuery),
    security(("token" = []), ("session" = [])), responses(
    (status = 200, body = LogsBody), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody)))]
pub(super) async fn logs(
    State(app): State<App>,
    Asked(asked): Asked<LogsQuery>,
) -> Result<Json<LogsBody>, Fault> {
    let limit = asked.limit.unwrap_or(ROWS);
    if !(1..=ROWS_MAX).contains(&limit) {
        return Err(Fault::bad_request("limit", format!("limit {limit}: allowed are 1 to {ROWS_MAX}")));
    }
    let level = asked.level.as_deref().map(level_of).transpose()?.unwrap_or(LogLevel::Trace);
    let words = asked.text.unwrap_or_default().to_lowercase();
    let all = app.logs.lines();
    let last = all.last().map_or(0, |line| line.number);
    let has = |text: &str| text.to_lowercase().contains(&words);
    let mut lines: Vec<LineBody> = all
        .iter()
        .rev()
        .take_while(|line| asked.after.is_none_or(|after| line.number > after))
        .filter(|line| line.level <= level && (words.is_empty() || has(&line.text) || has(&line.target)))
        .take(usize::try_from(limit).unwrap_or(usize::MAX).saturating_add(1))
        .map(|line| body(line))
        .collect();
    let more = lines.len() > usize::try_from(limit).unwrap_or(usize::MAX);
    if more {
        lines.pop();
    }
    lines.reverse();
    Ok(Json(LogsBody { lines, more, last }))
}

fn level_of(text: &str) -> Result<LogLevel, Fault> {
    let level = LogLevel::ALL.into_iter().find(|level| level.name() == text);
    level.ok_or_else(|| {
        let names = LogLevel::ALL.map(LogLevel::name).join(", ");
        Fault::bad_request("level", format!("level {text:?}: allowed are {names}"))
    })
}

fn body(line: &Line) -> LineBody {
    LineBody {
        number: line.number,
        at: At(line.at),
        level: line.level.name().to_owned(),
        target: line.target.clone(),
        text: line.text.clone(),
    }
}
