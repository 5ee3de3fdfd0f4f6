//! The run in figures, as JSON, for a screen of health: queues, latencies, protection, differences.

use axum::Json;
use axum::extract::State;
use seawall_live::board::{BOUNDS_S, Reading};
use serde::Serialize;
use std::sync::atomic::Ordering;
use utoipa::ToSchema;

use crate::body::{At, BlockBody, status};
use crate::books::ask;
use crate::fault::{ErrorBody, Fault};
use crate::state::App;

/// Trades that are looked through for those that were unprotected.
const TRADES_LOOKED_AT: u32 = 1_000;
/// Stretches without protection that are told.
const NAKED_MAX: usize = 100;

/// A bounded queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct QueueBody {
    /// Its name.
    name: String,
    /// How many wait in it now.
    waiting: usize,
    /// The most that has ever waited.
    most_waiting: usize,
    /// The most that may wait.
    bound: usize,
}

/// What a venue's rate limit has left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct BudgetBody {
    /// The pool: `private`, `history`, `public` or `orders` (the fullest of all instruments).
    pool: String,
    /// Units used of it.
    used: u64,
    /// Units that the venue allows.
    limit: u64,
    /// Units that are kept for protection and cancellations.
    reserve: u64,
}

/// A bucket of durations.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct BucketBody {
    /// Upper bound in seconds; null for the last one.
    le_s: Option<f64>,
    /// How many lay in it, without those of shorter buckets.
    count: u64,
}

/// How long something takes.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct LatencyBody {
    /// `engine_step`, `order_acknowledgement` (on the run's clock) or `api_request`.
    name: String,
    /// How often it was measured.
    count: u64,
    /// Seconds on average; null where nothing was measured.
    mean_s: Option<f64>,
    /// Upper bound of the bucket in which the middle one lies; null where nothing was measured, or it lies
    /// beyond all bounds.
    p50_s: Option<f64>,
    /// The same for the slowest hundredth.
    p99_s: Option<f64>,
    /// The buckets that have something in them.
    buckets: Vec<BucketBody>,
}

impl LatencyBody {
    fn of(name: &str, reading: &Reading) -> Self {
        let quantile = |share: f64| {
            let wanted = (reading.count as f64 * share).ceil();
            let mut seen = 0.0;
            let bound = reading.buckets.iter().find(|(_, count)| {
                seen += *count as f64;
                seen >= wanted && wanted > 0.0
            });
            bound.map(|(bound, _)| *bound).filter(|bound| bound.is_finite())
        };
        let filled = reading.buckets.iter().filter(|(_, count)| *count > 0);
        LatencyBody {
            name: name.to_owned(),
            count: reading.count,
            mean_s: (reading.count > 0).then(|| reading.sum_s / reading.count as f64),
            p50_s: quantile(0.5),
            p99_s: quantile(0.99),
            buckets: filled
                .map(|(bound, count)| BucketBody { le_s: bound.is_finite().then_some(*bound), count: *count })
                .collect(),
        }
    }
}

/// Time that a position was without full protection.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct NakedBody {
    /// The instrument.
    instrument: String,
    /// When the position was opened.
    opened_at: At,
    /// When it was closed; null while it is open.
    closed_at: Option<At>,
    /// For how many seconds in all.
    naked_seconds: f64,
}

/// The run in figures.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct FiguresBody {
    /// As of when, on the run's clock.
    at: At,
    /// Since when the process wants a run, in seconds.
    uptime_s: f64,
    /// How old the view is that this is made of, in seconds.
    view_age_s: f64,
    /// The queues; none in a run without sockets.
    queues: Vec<QueueBody>,
    /// The venue's rate limits; none in a run without sockets.
    budgets: Vec<BudgetBody>,
    /// How long things take.
    latencies: Vec<LatencyBody>,
    /// Upper bounds of the buckets in seconds.
    bounds_s: Vec<f64>,
    /// The longest time that any position was without a confirmed stop.
    naked_seconds_max: f64,
    /// The bound that the settings state for it.
    naked_seconds_bound: f64,
    /// Positions that were not fully protected for a while: those that are open and the newest trades of
    /// this start, longest first.
    naked: Vec<NakedBody>,
    /// What the books and the venue do not agree about.
    differences: Vec<BlockBody>,
    /// Open event streams.
    streams: usize,
    /// Event streams that were cut off because they did not read.
    streams_cut: u64,
    /// Rows that did not reach the database.
    rows_dropped: u64,
    /// Inputs that the engine took.
    inputs: u64,
}

/// Queues, rate limits, latencies, time without protection and open differences.
#[utoipa::path(get, path = "/api/figures", tag = "health",
    security(("token" = []), ("session" = [])), responses(
    (status = 200, body = FiguresBody), (status = 401, body = ErrorBody), (status = 503, body = ErrorBody)))]
pub(super) async fn figures(State(app): State<App>) -> Result<Json<FiguresBody>, Fault> {
    let (about, view) = app.now().await?;
    let filter = seawall_store::db::Filter { limit: TRADES_LOOKED_AT, ..Default::default() };
    let trades = ask(&app, move |reader| reader.trades(&filter)).await.unwrap_or_default();
    let open = view.held().filter_map(|row| {
        let trade = row.trade.as_ref()?;
        Some(NakedBody {
            instrument: row.name.to_string(),
            opened_at: At(trade.entry_at),
            closed_at: None,
            naked_seconds: trade.naked_s,
        })
    });
    let closed = trades.into_iter().map(|trade| NakedBody {
        instrument: trade.instrument,
        opened_at: At(trade.entry_at),
        closed_at: trade.closed_at.map(At),
        naked_seconds: trade.naked.secs_f64(),
    });
    let mut naked: Vec<NakedBody> = open.chain(closed).filter(|one| one.naked_seconds > 0.0).collect();
    naked.sort_by(|one, other| other.naked_seconds.total_cmp(&one.naked_seconds));
    naked.truncate(NAKED_MAX);
    let mut differences = status(about, &view, &app.config).blocks;
    differences.retain(|block| block.name == "difference");
    let board = &app.board;
    Ok(Json(FiguresBody {
        at: At(view.at),
        uptime_s: board.started().elapsed().as_secs_f64(),
        view_age_s: view.made.elapsed().as_secs_f64(),
        queues: view
            .surroundings
            .queues
            .iter()
            .map(|queue| QueueBody {
                name: queue.name.to_owned(),
                waiting: queue.waiting,
                most_waiting: queue.most,
                bound: queue.bound,
            })
            .collect(),
        budgets: view
            .surroundings
            .budgets
            .iter()
            .map(|budget| BudgetBody {
                pool: budget.pool.to_owned(),
                used: budget.used,
                limit: budget.limit,
                reserve: budget.reserve,
            })
            .collect(),
        latencies: vec![
            LatencyBody::of("engine_step", &board.steps().reading()),
            LatencyBody::of("order_acknowledgement", &board.acknowledgements().reading()),
            LatencyBody::of("api_request", &app.requests.reading()),
        ],
        bounds_s: BOUNDS_S.to_vec(),
        naked_seconds_max: view.naked_max_s,
        naked_seconds_bound: view.naked_bound_s,
        naked,
        differences,
        streams: app.streams.load(Ordering::Relaxed),
        streams_cut: app.streams_cut.load(Ordering::Relaxed),
        rows_dropped: view.rows_dropped,
        inputs: view.inputs,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_the_bounds_of_their_buckets() {
        let of = |counts: [u64; 3]| {
            let buckets: Vec<(f64, u64)> = [0.001, 0.01, f64::INFINITY].into_iter().zip(counts).collect();
            let count = counts.iter().sum();
            let body = LatencyBody::of("x", &Reading { count, buckets, sum_s: 1.0 });
            (body.p50_s, body.p99_s, body.buckets.len())
        };
        assert_eq!(of([0, 0, 0]), (None, None, 0));
        assert_eq!(of([99, 1, 0]), (Some(0.001), Some(0.001), 2));
        assert_eq!(of([98, 2, 0]), (Some(0.001), Some(0.01), 2));
        assert_eq!(of([1, 1, 2]), (Some(0.01), None, 3));
    }
}
