//! Each limit of the account with what is used of it.

use axum::Json;
use axum::extract::State;
use rust_decimal::Decimal;
use seawall_live::board::{LockView, View};
use seawall_model::{Money, Percent};
use serde::Serialize;
use utoipa::ToSchema;

use crate::body::{At, BlockBody, Exact, positions, status};
use crate::fault::{ErrorBody, Fault};
use crate::state::App;

/// A limit.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct LimitBody {
    /// The key that sets it.
    key: String,
    /// What is measured: `money`, `percent`, `multiple` or `count`.
    unit: String,
    /// The value now; null where it is not known.
    measured: Option<Exact>,
    /// The limit; null where there is none.
    limit: Option<Exact>,
    /// What is left until the limit; below zero where it is passed.
    left: Option<Exact>,
    /// What is used of it, in percent.
    used_pct: Option<f64>,
}

/// The risk of the account.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct RiskBody {
    /// As of when, on the run's clock.
    at: At,
    /// The mode.
    mode: String,
    /// Why the kill switch is on; null where it is off.
    kill_switch: Option<String>,
    /// Equity at the last prices.
    equity: Option<Exact>,
    /// What losses are measured from: equity at the beginning of the UTC day.
    day_base: Exact,
    /// Equity at the beginning of the ISO week.
    week_base: Exact,
    /// The high-water mark.
    peak: Exact,
    /// Each limit.
    limits: Vec<LimitBody>,
    /// What would be lost from here if every stop filled at its price; positions without one are not in it.
    loss_if_all_stops_hit: Exact,
    /// Positions that have no stop price to count with.
    positions_without_stop: usize,
    /// What keeps new risk away: guards that act, then what the truth is in doubt about.
    locks: Vec<LockBody>,
}

/// Something that keeps new risk away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct LockBody {
    /// A stable word.
    name: String,
    /// The cause in words.
    words: String,
    /// The instrument it is about; null: all of them.
    instrument: Option<String>,
    /// When it ends by itself; null: when its cause is gone, or an operator ends it.
    until: Option<At>,
    /// The key or section that sets it; null for what no key sets.
    key: Option<String>,
    /// Whether the run as a whole is not ready while it is there.
    holds_start: bool,
}

fn lock(lock: &LockView) -> LockBody {
    LockBody {
        name: lock.name.to_owned(),
        words: lock.words.clone(),
        instrument: lock.instrument.as_ref().map(ToString::to_string),
        until: lock.until.map(At),
        key: lock.key.map(str::to_owned),
        holds_start: false,
    }
}

fn doubt(block: BlockBody) -> LockBody {
    let BlockBody { name, words, instrument, holds_start } = block;
    LockBody { name, words, instrument, until: None, key: None, holds_start }
}

/// Each limit of the account with what is used of it.
#[utoipa::path(get, path = "/api/risk", tag = "run", security(("token" = []), ("session" = [])), responses(
    (status = 200, body = RiskBody), (status = 401, body = ErrorBody), (status = 503, body = ErrorBody)))]
pub(super) async fn risk(State(app): State<App>) -> Result<Json<RiskBody>, Fault> {
    let (about, view) = app.now().await?;
    let rows = positions(about, &view);
    let strip = status(about, &view, &app.config);
    let lost: Decimal = rows
        .iter()
        .filter_map(|row| row.loss_at_stop.as_ref()?.0.parse::<Decimal>().ok())
        .fold(Decimal::ZERO, |sum, lost| sum.checked_add(lost).unwrap_or(Decimal::MAX));
    let without = rows.iter().filter(|row| row.side != "flat" && row.loss_at_stop.is_none()).count();
    Ok(Json(RiskBody {
        at: At(view.at),
        mode: strip.mode,
        kill_switch: strip.kill_switch,
        equity: strip.equity,
        day_base: Exact::of(view.day_base),
        week_base: Exact::of(view.week_base),
        peak: Exact::of(view.peak),
        limits: limits(&app, &view),
        loss_if_all_stops_hit: Exact::of(Money::new(lost)),
        positions_without_stop: without,
        locks: view.locks.iter().map(lock).chain(strip.blocks.into_iter().map(doubt)).collect(),
    }))
}

fn limits(app: &App, view: &View) -> Vec<LimitBody> {
    let risk = &app.config.risk;
    let states = &risk.states;
    let lost_pct = |base: Money| {
        let lost = base.get().checked_sub(view.equity?.get())?.max(Decimal::ZERO);
        lost.checked_div(base.get())?.checked_mul(Decimal::ONE_HUNDRED).map(|pct| pct.round_dp(6))
    };
    let percent = |key: &str, base: Money, limit: Option<Percent>| {
        limit_of(key, "percent", lost_pct(base), limit.map(Percent::get))
    };
    let held = Decimal::from(view.held().count());
    let notional = view.held().try_fold(Decimal::ZERO, |sum, row| sum.checked_add(row.value?.get()));
    let leverage = notional.zip(view.equity).and_then(|(notional, equity)| {
        notional.checked_div(equity.get()).map(|multiple| multiple.round_dp(6))
    });
    let count = |limit: u32| Some(Decimal::from(limit));
    vec![
        percent("risk.daily_loss_max_pct", view.day_base, risk.daily_loss_max_pct),
        percent("risk.weekly_loss_max_pct", view.week_base, risk.weekly_loss_max_pct),
        percent("risk.states.drawdown_cautious_pct", view.peak, states.drawdown_cautious_pct),
        percent("risk.states.drawdown_reduce_only_pct", view.peak, states.drawdown_reduce_only_pct),
        percent("risk.states.drawdown_protect_only_pct", view.peak, states.drawdown_protect_only_pct),
        percent("risk.states.drawdown_flatten_pct", view.peak, states.drawdown_flatten_pct),
        limit_of("risk.positions_max", "count", Some(held), count(risk.positions_max)),
        limit_of("risk.leverage_max", "multiple", leverage, Some(risk.leverage_max.get())),
    ]
}

fn limit_of(key: &str, unit: &str, measured: Option<Decimal>, limit: Option<Decimal>) -> LimitBody {
    let both = measured.zip(limit);
    let used =
        both.and_then(|(measured, limit)| measured.checked_div(limit)?.checked_mul(Decimal::ONE_HUNDRED));
    let exact = |number: Decimal| Exact::of(number.normalize());
    LimitBody {
        key: key.to_owned(),
        unit: unit.to_owned(),
        measured: measured.map(exact),
        limit: limit.map(exact),
        left: both.and_then(|(measured, limit)| limit.checked_sub(measured)).map(exact),
        used_pct: used.and_then(|used| used.round_dp(6).to_string().parse().ok()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_says_what_is_left_of_it_and_one_that_is_off_says_nothing() {
        let of = |measured: i64, limit: Option<i64>| {
            limit_of("risk.x", "count", Some(measured.into()), limit.map(Decimal::from))
        };
        let half = of(2, Some(4));
        assert_eq!((half.left, half.used_pct), (Some(Exact("2".to_owned())), Some(50.0)));
        assert_eq!(of(5, Some(4)).left, Some(Exact("-1".to_owned())));
        assert_eq!((of(5, None).left, of(5, None).used_pct), (None, None));
        assert_eq!(of(0, Some(0)).used_pct, None);
    }
}
