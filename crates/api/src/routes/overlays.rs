//! Structure of the market for a chart: order blocks, gaps, breaks.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use seawall_model::{Instrument, Ts};
use seawall_smc::Direction;
use serde::Serialize;
use utoipa::ToSchema;

use super::chart::{Asset, ChartQuery};
use super::take::Asked;
use crate::body::{At, Exact};
use crate::fault::{ErrorBody, Fault};
use crate::state::App;
use crate::study::{Thing, end_name, name, scale};

/// Things of an answer at most.
const OVERLAYS_MAX: u32 = 2_000;
/// Things of an answer where nothing is said.
const OVERLAYS: u32 = 300;

/// A thing on a chart.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct OverlayBody {
    /// Names it within its chart.
    id: String,
    /// `order_block`, `breaker_block`, `fair_value_gap`, `inverse_fair_value_gap`, `break_of_structure` or
    /// `change_of_character`.
    kind: String,
    /// `internal` or `swing` structure; null for a gap.
    scale: Option<String>,
    /// `bullish` or `bearish`.
    direction: String,
    /// Upper price of a zone; the price of a break.
    top: Exact,
    /// Lower price of a zone; the price of a break.
    bottom: Exact,
    /// Start of the bar that it is about: a zone begins there, and a break the pivot that was broken.
    anchor_at: At,
    /// From when on it was known; before that nobody could act on it.
    known_at: At,
    /// When price first came back to it.
    touched_at: Option<At>,
    /// When its life ended; null while it is followed, and for a break.
    ended_at: Option<At>,
    /// How it ended: `broken`, `inverted`, `expired`, `replaced`, `closed`, `swept`, `run`, `invalidated`.
    ended: Option<String>,
}

/// Things on a chart.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct OverlaysBody {
    /// The instrument.
    instrument: String,
    /// Length of the bars.
    timeframe: String,
    /// Bars that were looked at.
    bars: usize,
    /// Trend of internal structure after the newest bar: `bullish`, `bearish`; null before the first break,
    /// and where `to` is given.
    internal_trend: Option<String>,
    /// The same of swing structure.
    swing_trend: Option<String>,
    /// In the order in which they became known.
    overlays: Vec<OverlayBody>,
    /// Whether there are older ones.
    more: bool,
}

/// Order blocks, fair value gaps and breaks of structure by the project's own detectors, over the candles
/// that the run has heard. With `to` it is what was known then, and with `from` what still lived at that
/// instant or came later.
#[utoipa::path(get, path = "/api/overlays", tag = "chart", params(ChartQuery),
    security(("token" = []), ("session" = [])), responses(
    (status = 200, body = OverlaysBody), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
    (status = 404, body = ErrorBody), (status = 503, body = ErrorBody)))]
pub(super) async fn overlays(
    State(app): State<App>,
    Asked(asked): Asked<ChartQuery>,
) -> Result<Json<OverlaysBody>, Fault> {
    let limit = usize::try_from(asked.limit(OVERLAYS, OVERLAYS_MAX)?).unwrap_or(usize::MAX);
    let about = app.about()?.clone();
    let made = tokio::task::spawn_blocking(move || look(&app, &about, &asked, limit)).await;
    made.unwrap_or_else(|_| Err(internal("the study ended early"))).map(Json)
}

fn internal(message: impl Into<String>) -> Fault {
    Fault::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message, "the log has the cause")
}

fn look(
    app: &App,
    about: &seawall_live::board::About,
    asked: &ChartQuery,
    limit: usize,
) -> Result<OverlaysBody, Fault> {
    let Asset { id, instrument, series, timeframe } = asked.asset(app, about)?;
    let study = app.studies.of(id, instrument.price_divisor(), &series, timeframe);
    let study = study.map_err(|error| internal(error.to_string()))?;
    let trend = |trend: Option<Direction>| trend.filter(|_| asked.to.is_none()).map(direction);
    let lives = |thing: &Thing| {
        let until = thing.ended.map_or(Ts::FAR_FUTURE, |(_, at)| at);
        let until = if thing.event.kind.is_break() { thing.known_at } else { until };
        asked.from.is_none_or(|from| until >= from)
    };
    let things: Vec<Thing> = study.known_at(asked.to.unwrap_or(Ts::FAR_FUTURE)).filter(lives).collect();
    let surplus = things.len().saturating_sub(limit);
    Ok(OverlaysBody {
        instrument: instrument.name().to_string(),
        timeframe: timeframe.name().to_owned(),
        bars: study.bars,
        internal_trend: trend(study.internal),
        swing_trend: trend(study.swing),
        overlays: things.iter().skip(surplus).map(|thing| overlay(thing, instrument)).collect(),
        more: surplus > 0,
    })
}

fn direction(direction: Direction) -> String {
    match direction {
        Direction::Bullish => "bullish",
        Direction::Bearish => "bearish",
    }
    .to_owned()
}

fn overlay(thing: &Thing, instrument: &Instrument) -> OverlayBody {
    let decimals = usize::try_from(instrument.price_scale()).unwrap_or(0);
    // Edges are prices of candles, so nothing is lost.
    let price = |price: f64| Exact(format!("{price:.decimals$}"));
    OverlayBody {
        id: thing.event.id.to_string(),
        kind: name(thing.event.kind).unwrap_or_default().to_owned(),
        scale: scale(thing.event.id).map(str::to_owned),
        direction: direction(thing.event.direction),
        top: price(thing.event.top),
        bottom: price(thing.event.bottom),
        anchor_at: At(thing.anchor),
        known_at: At(thing.known_at),
        touched_at: thing.touched_at.map(At),
        ended_at: thing.ended.map(|(_, at)| At(at)),
        ended: thing.ended.and_then(|(change, _)| end_name(change)).map(str::to_owned),
    }
}
