//! What a chart shows: candles as the engine has heard them, and what happened to our orders among them.

use axum::Json;
use axum::extract::State;
use seawall_live::board::{About, Series};
use seawall_model::{Candle, Instrument, InstrumentId, Timeframe, Ts};
use seawall_smc::Aggregator;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::take::Asked;
use crate::body::{At, Exact, FillBody, OrderBody};
use crate::books::ask;
use crate::fault::{ErrorBody, Fault};
use crate::state::App;
use crate::study::whole_from;

/// Candles of an answer at most.
const CANDLES_MAX: u32 = 2_000;
/// Candles of an answer where nothing is said.
const CANDLES: u32 = 500;
/// Markers of an answer at most.
const MARKERS_MAX: u32 = 1_000;

/// Which stretch of which chart.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ChartQuery {
    /// The instrument, by its full name.
    pub(super) instrument: String,
    /// Length of a candle, such as `1m`, `15m`, `4h`; absent: that of the run.
    pub(super) timeframe: Option<String>,
    /// Only what begins at this instant or after it.
    #[param(value_type = Option<String>, format = DateTime)]
    pub(super) from: Option<Ts>,
    /// Only what was known at this instant.
    #[param(value_type = Option<String>, format = DateTime)]
    pub(super) to: Option<Ts>,
    /// No more than so many: the newest of them.
    #[param(minimum = 1, maximum = 2000)]
    pub(super) limit: Option<u32>,
}

/// An instrument with what the run has heard of it.
pub(super) struct Asset<'a> {
    pub(super) id: InstrumentId,
    pub(super) instrument: &'a Instrument,
    pub(super) series: Series,
    pub(super) timeframe: Timeframe,
}

impl ChartQuery {
    /// The number of things that are wanted.
    pub(super) fn limit(&self, usual: u32, most: u32) -> Result<u32, Fault> {
        let limit = self.limit.unwrap_or(usual);
        if (1..=most).contains(&limit) {
            return Ok(limit);
        }
        Err(Fault::bad_request("limit", format!("limit {limit}: allowed are 1 to {most}")))
    }

    /// The instrument that is meant, with its place in the run.
    pub(super) fn instrument<'a>(&self, about: &'a About) -> Result<(InstrumentId, &'a Instrument), Fault> {
        let place = about.instruments.iter().find(|one| one.name().as_str() == self.instrument);
        let found = place.map(|instrument| (instrument.id(), instrument));
        found.ok_or_else(|| Fault::not_found(format!("the run has no instrument {:?}", self.instrument)))
    }

    /// Refuses a stretch that ends before it begins.
    pub(super) fn check(&self) -> Result<(), Fault> {
        match (self.from, self.to) {
            (Some(from), Some(to)) if from > to => {
                Err(Fault::bad_request("from", format!("from {from} is after to {to}")))
            }
            _ => Ok(()),
        }
    }

    /// The instrument with a copy of what the run has heard of it.
    pub(super) fn asset<'a>(&self, app: &App, about: &'a About) -> Result<Asset<'a>, Fault> {
        self.check()?;
        let (id, instrument) = self.instrument(about)?;
        let wanted = self.timeframe.as_deref().map(timeframe_of).transpose()?;
        let series = app.board.candles(id);
        let series =
            series.unwrap_or(Series { timeframe: wanted.unwrap_or(Timeframe::M1), candles: Vec::new() });
        let base = series.timeframe;
        let timeframe = wanted.unwrap_or(base);
        if timeframe.minutes() % base.minutes() != 0 {
            let message = format!(
                "timeframe {timeframe}: the run hears candles of {base}, allowed are multiples of it"
            );
            return Err(Fault::bad_request("timeframe", message));
        }
        Ok(Asset { id, instrument, series, timeframe })
    }
}

fn timeframe_of(text: &str) -> Result<Timeframe, Fault> {
    text.parse().map_err(|_| {
        let names = Timeframe::ALL.map(Timeframe::name).join(", ");
        Fault::bad_request("timeframe", format!("timeframe {text:?}: allowed are {names}"))
    })
}

/// A candle.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct CandleBody {
    /// Start of its interval.
    open_time: At,
    /// End of its interval: from then on it may be used.
    known_at: At,
    /// First price.
    open: Exact,
    /// Highest price.
    high: Exact,
    /// Lowest price.
    low: Exact,
    /// Last price.
    close: Exact,
    /// Traded volume in base units.
    volume: f64,
}

impl CandleBody {
    fn of(candle: &Candle, instrument: &Instrument) -> Self {
        let price = |units| Exact::of(instrument.price(units));
        CandleBody {
            open_time: At(candle.open_time),
            known_at: At(candle.known_at),
            open: price(candle.open),
            high: price(candle.high),
            low: price(candle.low),
            close: price(candle.close),
            volume: candle.volume,
        }
    }
}

/// Candles of an instrument.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct CandlesBody {
    /// The instrument.
    instrument: String,
    /// Length of the candles.
    timeframe: String,
    /// Length of those that the run hears.
    run_timeframe: String,
    /// Decimals of its prices.
    price_decimals: u32,
    /// The venue's tick: prices of orders are multiples of it.
    price_tick: Exact,
    /// Closed candles, oldest first.
    candles: Vec<CandleBody>,
    /// The candle that the newest ones of the run are part of and that has not closed; null for the run's own
    /// timeframe, and where `to` is given.
    forming: Option<CandleBody>,
    /// Whether there are older ones: ask for them with `to` at the first one's `open_time`.
    more: bool,
    /// Start of the oldest that is kept; what is older is in the journal.
    kept_from: Option<At>,
}

/// Closed candles as the engine has heard them, also put together to longer ones.
#[utoipa::path(get, path = "/api/candles", tag = "chart", params(ChartQuery),
    security(("token" = []), ("session" = [])), responses(
    (status = 200, body = CandlesBody), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
    (status = 404, body = ErrorBody), (status = 503, body = ErrorBody)))]
pub(super) async fn candles(
    State(app): State<App>,
    Asked(asked): Asked<ChartQuery>,
) -> Result<Json<CandlesBody>, Fault> {
    let limit = usize::try_from(asked.limit(CANDLES, CANDLES_MAX)?).unwrap_or(usize::MAX);
    let Asset { instrument, series, timeframe, .. } = asked.asset(&app, app.about()?)?;
    let kept_from = series.candles.first().map(|first| At(first.open_time));
    let (mut candles, forming) = put_together(&series, timeframe);
    candles.retain(|one| {
        asked.from.is_none_or(|from| one.open_time >= from) && asked.to.is_none_or(|to| one.known_at <= to)
    });
    let surplus = candles.len().saturating_sub(limit);
    let body = |candle: &Candle| CandleBody::of(candle, instrument);
    Ok(Json(CandlesBody {
        instrument: instrument.name().to_string(),
        timeframe: timeframe.name().to_owned(),
        run_timeframe: series.timeframe.name().to_owned(),
        price_decimals: instrument.price_scale(),
        price_tick: Exact::of(instrument.price(instrument.tick())),
        candles: candles.iter().skip(surplus).map(body).collect(),
        forming: forming.filter(|_| asked.to.is_none()).as_ref().map(body),
        more: surplus > 0,
        kept_from,
    }))
}

/// Longer candles, and the one that has not closed. The first is left out where its beginning is missing.
fn put_together(series: &Series, timeframe: Timeframe) -> (Vec<Candle>, Option<Candle>) {
    if timeframe == series.timeframe {
        return (series.candles.clone(), None);
    }
    let mut aggregator = Aggregator::new(timeframe);
    let whole_from = series.candles.first().map(|first| whole_from(first.open_time, timeframe));
    let mut closed = Vec::new();
    for candle in series.candles.iter().skip_while(|one| whole_from.is_some_and(|from| one.open_time < from))
    {
        // The series is in order and divides the timeframe, so nothing is refused.
        closed.extend(aggregator.update(candle).into_iter().flatten());
    }
    let forming = aggregator.forming().copied();
    (closed, forming)
}

/// What happened to an order of ours.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct MarkerBody {
    /// When.
    at: At,
    /// `fill`, or `order` for the latest state of one that was not filled.
    kind: String,
    /// Why it was placed: `entry`, `stop`, `target`, `exit`, `emergency`; null for what is not ours.
    role: Option<String>,
    /// `buy` or `sell`.
    side: String,
    /// How much: of a fill what was executed, of an order what is open.
    qty: Exact,
    /// Of a fill its price, of an order its trigger, else its limit; null for a market order.
    price: Option<Exact>,
    /// The order's state, or `liquidation`, `deleveraging`, `order` as the cause of a fill.
    state: String,
    /// Our id of the order.
    client_order_id: Option<String>,
}

/// Markers of a chart.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct MarkersBody {
    /// The instrument.
    instrument: String,
    /// Oldest first.
    markers: Vec<MarkerBody>,
    /// Whether there are older ones: ask for them with `to` at the first one's instant.
    more: bool,
}

/// Fills, and orders that rest or ended without one, where they belong on a chart. `timeframe` is not used.
#[utoipa::path(get, path = "/api/markers", tag = "chart", params(ChartQuery),
    security(("token" = []), ("session" = [])), responses(
    (status = 200, body = MarkersBody), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
    (status = 404, body = ErrorBody), (status = 503, body = ErrorBody)))]
pub(super) async fn markers(
    State(app): State<App>,
    Asked(asked): Asked<ChartQuery>,
) -> Result<Json<MarkersBody>, Fault> {
    let limit = asked.limit(MARKERS_MAX, CANDLES_MAX)?.min(MARKERS_MAX);
    asked.timeframe.as_deref().map(timeframe_of).transpose()?;
    asked.check()?;
    let (_, instrument) = asked.instrument(app.about()?)?;
    let name = instrument.name().to_string();
    let wanted = name.clone();
    let (fills, orders) = ask(&app, move |reader| {
        let filter = seawall_store::db::Filter {
            run: None,
            instrument: Some(&wanted),
            since: asked.from,
            until: asked.to,
            limit: limit.saturating_add(1),
        };
        Ok((reader.fills(&filter)?, reader.orders(&filter)?))
    })
    .await?;
    let orders: Vec<OrderBody> = orders.into_iter().map(OrderBody::from).collect();
    let fills = fills.into_iter().map(FillBody::from).map(|fill| of_fill(fill, &orders));
    let mut markers: Vec<MarkerBody> = fills.collect();
    markers.extend(orders.iter().filter(|order| order.state != "filled").map(of_order));
    markers.sort_by_key(|marker| marker.at.0);
    let surplus = markers.len().saturating_sub(usize::try_from(limit).unwrap_or(usize::MAX));
    markers.drain(..surplus);
    Ok(Json(MarkersBody { instrument: name, markers, more: surplus > 0 }))
}

fn of_fill(fill: FillBody, orders: &[OrderBody]) -> MarkerBody {
    let order = orders.iter().find(|order| fill.client_order_id.as_ref() == Some(&order.client_order_id));
    MarkerBody {
        at: fill.at,
        kind: "fill".to_owned(),
        role: order.map(|order| order.role.clone()),
        side: fill.side,
        qty: fill.qty,
        price: Some(fill.price),
        state: fill.cause,
        client_order_id: fill.client_order_id,
    }
}

fn of_order(order: &OrderBody) -> MarkerBody {
    MarkerBody {
        at: order.at,
        kind: "order".to_owned(),
        role: Some(order.role.clone()),
        side: order.side.clone(),
        qty: order.qty.clone(),
        price: order.trigger_price.clone().or_else(|| order.limit_price.clone()),
        state: order.state.clone(),
        client_order_id: Some(order.client_order_id.clone()),
    }
}
