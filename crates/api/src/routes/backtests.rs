//! Backtests: what there is to test on, starting one, how it goes, its report.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use seawall_archive::Store;
use seawall_model::{Timeframe, Ts};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::signals::wall;
use super::take::Sent;
use crate::access::Principal;
use crate::backtests::{self, Asked, Job, KEPT_MAX, Known, NotStarted};
use crate::body::At;
use crate::fault::{ErrorBody, Fault};
use crate::state::App;

/// Instruments of one backtest.
const CANDLES_MAX: usize = 64;
/// Changed keys of one backtest.
const SET_MAX: usize = 64;
/// Characters of a value or a note.
const TEXT_MAX: usize = 200;
/// Sections whose keys may be changed: what a backtest depends on.
const SECTIONS: [&str; 13] = [
    "strategy",
    "risk",
    "protection",
    "execution",
    "multi_tp",
    "management",
    "auction",
    "decisions",
    "universe",
    "data_quality",
    "quote_guard",
    "simulator",
    "backtest",
];
/// The report is a page of its own: it runs as if it came from nowhere, and loads nothing.
const REPORT_POLICY: &str = "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; \
                             style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; \
                             frame-ancestors 'none'";

/// Where candles are from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Source {
    /// The archive of the data folder (`seawall data import`).
    Archive,
    /// What this run has heard since its start, its past included.
    Run,
}

/// Candles to test on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CandlesOf {
    /// The instrument, by its full name.
    instrument: String,
    /// Length of the candles.
    timeframe: String,
    /// Where they are from.
    source: Source,
}

/// A series that there is.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct SeriesBody {
    /// The instrument.
    instrument: String,
    /// Length of the candles.
    timeframe: String,
    /// Where they are from.
    source: Source,
    /// Open time of the first one.
    from: At,
    /// Open time of the last one.
    to: At,
    /// How many.
    candles: u64,
}

/// A backtest to be started.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StartBody {
    /// On what, from `GET /api/backtests/data`: each instrument once.
    #[schema(min_items = 1, max_items = 64)]
    candles: Vec<CandlesOf>,
    /// Another strategy than the configured one.
    strategy: Option<String>,
    /// Only candles that begin at this instant or after it.
    #[schema(value_type = Option<String>, format = DateTime)]
    from: Option<Ts>,
    /// Only candles that begin before this instant.
    #[schema(value_type = Option<String>, format = DateTime)]
    to: Option<Ts>,
    /// Other values than the configured ones, by their keys.
    #[serde(default)]
    set: BTreeMap<String, String>,
    /// What it is for.
    #[serde(default)]
    #[schema(max_length = 200)]
    note: String,
}

/// A backtest.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct BacktestBody {
    /// Its number.
    id: u32,
    /// How it stands.
    state: backtests::State,
    /// Who started it.
    who: String,
    /// When.
    at: At,
    /// What it is for.
    note: String,
    /// On what: `NAME@TIMEFRAME`, with a file before the timeframe where the candles are the run's own.
    candles: Vec<String>,
    /// The strategy, where it is another than the configured one.
    strategy: Option<String>,
    /// Only candles from here on.
    from: Option<At>,
    /// Only candles before.
    to: Option<At>,
    /// Changed keys with their values.
    set: Vec<String>,
    /// Share that is done, from 0 to 1, while it is at work.
    progress: Option<f64>,
    /// When it ended.
    ended_at: Option<At>,
    /// Why it was not possible.
    problem: Option<String>,
    /// The figures, as in `summary` of the result (`seawall.backtest/1`).
    #[schema(value_type = Option<Object>)]
    summary: Option<Value>,
}

/// The backtests.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct BacktestsBody {
    /// Whether one could be started here.
    can_start: bool,
    /// Newest first.
    backtests: Vec<BacktestBody>,
}

/// What there is to test on.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct DataBody {
    /// By instrument and timeframe.
    series: Vec<SeriesBody>,
}

/// A backtest that was started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct StartedBody {
    /// Its number.
    id: u32,
}

impl From<Known> for BacktestBody {
    fn from(known: Known) -> Self {
        let Known { id, asked, state, progress, ended } = known;
        let Asked { who, at, note, candles, strategy, from, to, set } = asked;
        let (ended_at, problem, summary) = match ended {
            Some(ended) => (Some(ended.at), ended.problem, ended.summary),
            None => (None, None, None),
        };
        BacktestBody {
            id,
            state,
            who,
            at,
            note,
            candles,
            strategy,
            from,
            to,
            set,
            progress,
            ended_at,
            problem,
            summary,
        }
    }
}

/// Does something that waits for the disk.
async fn aside<T: Send + 'static>(
    app: &App,
    work: impl FnOnce(&App) -> T + Send + 'static,
) -> Result<T, Fault> {
    let app = app.clone();
    tokio::task::spawn_blocking(move || work(&app)).await.map_err(|_| internal("it ended early"))
}

fn internal(message: impl Into<String>) -> Fault {
    Fault::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message, "the log has the cause")
}

fn absent() -> Fault {
    Fault::not_found("there is no such backtest")
}

/// What there is to test on.
#[utoipa::path(get, path = "/api/backtests/data", tag = "backtests",
    security(("token" = []), ("session" = [])), responses(
    (status = 200, body = DataBody), (status = 401, body = ErrorBody), (status = 503, body = ErrorBody)))]
pub(super) async fn data(State(app): State<App>) -> Result<Json<DataBody>, Fault> {
    let about = app.about()?;
    let own = about.instruments.iter().filter_map(|instrument| {
        let series = app.board.candles(instrument.id())?;
        let (first, last) = (series.candles.first()?, series.candles.last()?);
        Some(SeriesBody {
            instrument: instrument.name().to_string(),
            timeframe: series.timeframe.name().to_owned(),
            source: Source::Run,
            from: At(first.open_time),
            to: At(last.open_time),
            candles: series.candles.len() as u64,
        })
    });
    let mut series: Vec<SeriesBody> = own.collect();
    series.extend(aside(&app, archived).await??);
    Ok(Json(DataBody { series }))
}

fn archived(app: &App) -> Result<Vec<SeriesBody>, Fault> {
    let folder = app.archive();
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let listed = Store::open(&folder).and_then(|store| store.list());
    let listed = listed.map_err(|error| {
        tracing::warn!(%error, "the archive was not read");
        internal("the archive cannot be read")
    })?;
    let body = |info: seawall_archive::SeriesInfo| SeriesBody {
        instrument: info.instrument.to_string(),
        timeframe: info.timeframe.name().to_owned(),
        source: Source::Archive,
        from: At(info.from),
        to: At(info.to),
        candles: info.rows,
    };
    Ok(listed.into_iter().map(body).collect())
}

/// The backtests of the data folder, newest first.
#[utoipa::path(get, path = "/api/backtests", tag = "backtests",
    security(("token" = []), ("session" = [])), responses(
    (status = 200, body = BacktestsBody), (status = 401, body = ErrorBody)))]
pub(super) async fn list(State(app): State<App>) -> Result<Json<BacktestsBody>, Fault> {
    let known = aside(&app, |app| app.backtests.list()).await?;
    let backtests = known.into_iter().map(BacktestBody::from).collect();
    Ok(Json(BacktestsBody { can_start: app.backtests.can_start(), backtests }))
}

/// One backtest.
#[utoipa::path(get, path = "/api/backtests/{id}", tag = "backtests", params(("id" = u32, Path)),
    security(("token" = []), ("session" = [])), responses(
    (status = 200, body = BacktestBody), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
    (status = 404, body = ErrorBody)))]
pub(super) async fn one(State(app): State<App>, Path(id): Path<String>) -> Result<Json<BacktestBody>, Fault> {
    let id = number(&id)?;
    let known = aside(&app, move |app| app.backtests.known(id)).await?;
    known.map(|known| Json(known.into())).ok_or_else(absent)
}

/// Its report, a page of its own.
#[utoipa::path(get, path = "/api/backtests/{id}/report", tag = "backtests", params(("id" = u32, Path)),
    security(("token" = []), ("session" = [])), responses(
    (status = 200, body = String, content_type = "text/html"), (status = 400, body = ErrorBody),
    (status = 401, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(super) async fn report(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Fault> {
    let id = number(&id)?;
    let page = aside(&app, move |app| app.backtests.report(id)).await?.ok_or_else(absent)?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(REPORT_POLICY)),
    ];
    Ok((headers, page).into_response())
}

/// Starts one, in a process of its own. One runs at a time.
#[utoipa::path(post, path = "/api/backtests", tag = "backtests", request_body = StartBody,
    security(("token" = []), ("session" = [])), responses(
    (status = 202, body = StartedBody), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
    (status = 403, body = ErrorBody),
    (status = 409, description = "One runs already, or too many are kept", body = ErrorBody),
    (status = 503, body = ErrorBody)))]
pub(super) async fn start(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Sent(body): Sent<StartBody>,
) -> Result<(StatusCode, Json<StartedBody>), Fault> {
    body.check()?;
    let Json(DataBody { series }) = data(State(app.clone())).await?;
    let job = body.job(&app, &series, principal.who())?;
    tracing::info!(who = job.asked.who, candles = ?job.asked.candles, "a backtest is started over the API");
    let id = aside(&app, move |app| app.backtests.start(&job)).await?.map_err(not_started)?;
    Ok((StatusCode::ACCEPTED, Json(StartedBody { id })))
}

/// Ends one that is at work; removes one that has ended, with its result and report.
#[utoipa::path(delete, path = "/api/backtests/{id}", tag = "backtests", params(("id" = u32, Path)),
    security(("token" = []), ("session" = [])), responses(
    (status = 204), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
    (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(super) async fn remove(State(app): State<App>, Path(id): Path<String>) -> Result<StatusCode, Fault> {
    let id = number(&id)?;
    match aside(&app, move |app| app.backtests.remove(id)).await? {
        Ok(true) => Ok(StatusCode::NO_CONTENT),
        Ok(false) => Err(absent()),
        Err(error) => {
            tracing::warn!(%error, id, "a backtest could not be ended or removed");
            Err(internal("it could not be ended or removed"))
        }
    }
}

fn number(text: &str) -> Result<u32, Fault> {
    text.parse().map_err(|_| Fault::bad_request("id", "a backtest's id is a whole number"))
}

fn not_started(why: NotStarted) -> Fault {
    let conflict = |code, message: String, fix| Fault::new(StatusCode::CONFLICT, code, message, fix);
    match why {
        NotStarted::NoProgram => {
            let message = "this process is not the program that makes backtests";
            conflict("no_program", message.to_owned(), "use `seawall backtest`")
        }
        NotStarted::Busy(id) => {
            let message = format!("backtest {id} is at work");
            conflict("busy", message, "wait for it, or end it with DELETE /api/backtests/ID")
        }
        NotStarted::Full => {
            let message = format!("{KEPT_MAX} backtests are kept already");
            conflict("full", message, "remove some with DELETE /api/backtests/ID")
        }
        NotStarted::Failed(error) => {
            tracing::error!(%error, "a backtest was not started");
            internal("files of the data folder cannot be written, or the process cannot be started")
        }
    }
}

fn is_text(text: &str) -> bool {
    text.chars().count() <= TEXT_MAX && !text.chars().any(char::is_control)
}

impl StartBody {
    fn check(&self) -> Result<(), Fault> {
        let count = self.candles.len();
        if !(1..=CANDLES_MAX).contains(&count) {
            let message = format!("{count} series: allowed are 1 to {CANDLES_MAX}");
            return Err(Fault::bad_request("candles", message));
        }
        if let (Some(from), Some(to)) = (self.from, self.to)
            && from >= to
        {
            return Err(Fault::bad_request("from", format!("from {from} is not before to {to}")));
        }
        if !is_text(&self.note) {
            let message = format!("a note has at most {TEXT_MAX} characters, all of which can be shown");
            return Err(Fault::bad_request("note", message));
        }
        if self.strategy.as_ref().is_some_and(|name| {
            name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        }) {
            return Err(Fault::bad_request("strategy", "a strategy's name is like `smc`"));
        }
        if self.set.len() > SET_MAX {
            return Err(Fault::bad_request("set", format!("more than {SET_MAX} keys are changed")));
        }
        for (key, value) in &self.set {
            let section = key.split('.').next().unwrap_or_default();
            let of_a_key = |byte: u8| byte.is_ascii_alphanumeric() || b"._[]".contains(&byte);
            if !SECTIONS.contains(&section) || !key.bytes().all(of_a_key) {
                let message =
                    format!("{key:?} is no key of a section that may be changed: {}", SECTIONS.join(", "));
                return Err(Fault::bad_request("set", message));
            }
            if !is_text(value) {
                let message = format!("{key}: a value has at most {TEXT_MAX} characters that can be shown");
                return Err(Fault::bad_request("set", message));
            }
        }
        Ok(())
    }

    /// What is to be run.
    fn job(&self, app: &App, there: &[SeriesBody], who: String) -> Result<Job, Fault> {
        let about = app.about()?;
        let (mut candles, mut files) = (Vec::new(), Vec::new());
        for (number, wanted) in self.candles.iter().enumerate() {
            let CandlesOf { instrument, timeframe, source } = wanted;
            let before = self.candles.iter().take(number);
            if before.into_iter().any(|other| other.instrument == *instrument) {
                let message = format!("{instrument} comes more than once");
                return Err(Fault::bad_request("candles", message));
            }
            let same = |one: &&SeriesBody| {
                one.instrument == *instrument && one.timeframe == *timeframe && one.source == *source
            };
            if there.iter().find(same).is_none() {
                let message = format!("no candles of {instrument:?} at {timeframe:?} there");
                let fix = "see GET /api/backtests/data for what there is; `seawall data import` adds more";
                return Err(Fault::new(StatusCode::BAD_REQUEST, "candles", message, fix));
            }
            if *source == Source::Archive {
                candles.push(format!("{instrument}@{timeframe}"));
                continue;
            }
            let known = about.instruments.iter().find(|one| one.name().as_str() == instrument);
            let series = known.and_then(|known| Some((known, app.board.candles(known.id())?)));
            let Some((known, series)) = series else { return Err(Fault::starting()) };
            let file = format!("candles-{number}.csv");
            let timeframe: Timeframe = series.timeframe;
            files.push((file.clone(), backtests::csv(known, &series.candles, (self.from, self.to))));
            candles.push(format!("{instrument}={file}@{timeframe}"));
        }
        let config = serde_json::to_string_pretty(&app.config).map_err(|error| {
            tracing::error!(%error, "the configuration was not written");
            internal("the configuration cannot be written")
        })?;
        let asked = Asked {
            who,
            at: At(wall()),
            note: self.note.trim().to_owned(),
            candles,
            strategy: self.strategy.clone(),
            from: self.from.map(At),
            to: self.to.map(At),
            set: self.set.iter().map(|(key, value)| format!("{key}={value}")).collect(),
        };
        Ok(Job { asked, config, archive: app.archive(), files })
    }
}
