//! The numbers of a run: a superset of the summary that Freqtrade users know, under the same names.
//!
//! Three rules. Money is exact, statistics are floats computed with `libm`. Ratios about trades are about
//! closed trades; tables and sums of money include the open ones, marked, so that they add up to the profit
//! of the run. A value without meaning (no trades, no variance, a single day) is absent: never NaN.

pub mod costs;
pub mod daily;
pub mod drawdown;
pub mod facts;
pub mod groups;
pub mod performance;
pub mod ratios;

mod refusals;

use seawall_model::{Money, Ts};
use serde::Serialize;

use crate::collect::Outcome;
use crate::error::BacktestError;
use crate::market::{Market, MarketSeries};
use crate::run::RunSettings;
pub use costs::{Costs, Protection};
pub use daily::{Day, Month};
pub use drawdown::Drawdown;
pub use facts::Facts;
pub use groups::Group;
pub use performance::{NamedTrade, Performance};
use ratios::{growth_a_year_pct, mean, ratio, sharpe, sortino};

/// Everything that is computed from a run. Two runs with the same results have the same metrics.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Metrics {
    /// First candle opens.
    pub from: Ts,
    /// Last candle ends.
    pub to: Ts,
    /// Days in between.
    pub days: f64,
    /// Candles of all instruments.
    pub candles: u64,
    /// Equity before the first candle.
    pub initial_equity: Money,
    /// Equity after the last, open positions at the last price.
    pub final_equity: Money,
    /// The difference.
    pub profit_abs: Money,
    /// In percent of the initial equity.
    pub profit_pct: Option<f64>,
    /// Compound annual growth.
    pub cagr_pct: Option<f64>,
    /// Sharpe ratio of daily equity.
    pub sharpe: Option<f64>,
    /// Sortino ratio of daily equity.
    pub sortino: Option<f64>,
    /// Growth a year over the largest drawdown in percent.
    pub calmar: Option<f64>,
    /// Trades a day.
    pub trades_per_day: Option<f64>,
    /// Everything about trades.
    #[serde(flatten)]
    pub performance: Performance,
    /// Everything about drops of equity.
    #[serde(flatten)]
    pub drawdown: Drawdown,
    /// The deepest drop with positions at the worst price of each candle.
    pub drawdown_worst_pct: Option<f64>,
    /// The instrument that gained most.
    pub best_instrument: Option<String>,
    /// The instrument that lost most, or gained least.
    pub worst_instrument: Option<String>,
    /// The day that gained most.
    pub best_day: Option<Day>,
    /// The day that lost most.
    pub worst_day: Option<Day>,
    /// Mean profit of a day.
    pub profit_daily_avg: Option<f64>,
    /// Days on which equity rose.
    pub days_win: u64,
    /// Days on which it stayed.
    pub days_draw: u64,
    /// Days on which it fell.
    pub days_lose: u64,
    /// Setups that were found and then refused by a gate.
    pub rejected_entry_signals: u64,
    /// Those of them that were complete plans of the strategy, refused by risk and the state of the system.
    pub rejected_plans: u64,
    /// Entries that expired or were cancelled before they filled completely.
    pub entry_timeouts: u64,
    /// Orders placed.
    pub orders_placed: u64,
    /// Orders cancelled or expired.
    pub orders_cancelled: u64,
    /// Orders refused by the venue.
    pub orders_rejected: u64,
    /// Orders changed in place.
    pub orders_amended: u64,
    /// Fills.
    pub fills: u64,
    /// Inputs that the engine took.
    pub inputs: u64,
    /// Positions liquidated by the venue.
    pub liquidations: u64,
    /// Bars that touched both sides and were read the worse way.
    pub ambiguous_bars: u64,
    /// Messages for the operator.
    pub alerts: u64,
    /// Mean change of the instruments from first open to last close.
    pub market_change_pct: Option<f64>,
    /// Share of time with a position.
    pub exposure_pct: Option<f64>,
    /// What it cost.
    pub costs: Costs,
    /// Stops.
    pub protection: Protection,
    /// One row an instrument.
    pub by_instrument: Vec<Group>,
    /// One row a reason of the last exit.
    pub by_exit_reason: Vec<Group>,
    /// One row a setup.
    pub by_setup: Vec<Group>,
    /// One row a regime.
    pub by_regime: Vec<Group>,
    /// One row a month.
    pub months: Vec<Month>,
    /// Trades open at the end.
    pub left_open: Vec<NamedTrade>,
}

impl Metrics {
    /// Computes everything.
    ///
    /// # Errors
    /// An amount that does not fit into 28 digits, a trade of an unknown instrument.
    pub fn new(outcome: &Outcome, market: &Market, settings: &RunSettings) -> Result<Self, BacktestError> {
        let facts = facts::all(&outcome.trades, market)?;
        Self::from_facts(outcome, market, settings, &facts)
    }

    /// The same with the facts already derived.
    ///
    /// # Errors
    /// See [`Metrics::new`].
    pub fn from_facts(
        outcome: &Outcome,
        market: &Market,
        settings: &RunSettings,
        facts: &[Facts<'_>],
    ) -> Result<Self, BacktestError> {
        let (from, to) = market.span();
        let initial = outcome.initial_equity;
        let span_days = to.since(from).secs_f64() / 86_400.0;
        let days = daily::days(initial, &outcome.equity, (from, to), settings.equity_interval)?;
        let returns: Vec<f64> = days.iter().filter_map(Day::fraction).collect();
        let profit_abs = outcome.final_equity.minus(initial)?;
        let drawdown = drawdown::drawdown(initial, &outcome.equity)?;
        let cagr_pct = growth_a_year_pct(initial.to_f64(), outcome.final_equity.to_f64(), span_days);
        let performance = performance::performance(facts, initial)?;
        let by_instrument = groups::by_instrument(facts, market, initial)?;
        let count = |wanted: core::cmp::Ordering| {
            days.iter().filter(|day| day.profit.cmp(&Money::ZERO) == wanted).count() as u64
        };
        let orders = outcome.orders;
        Ok(Metrics {
            from,
            to,
            days: span_days,
            candles: market.candle_count(),
            initial_equity: initial,
            final_equity: outcome.final_equity,
            profit_abs,
            profit_pct: ratio(profit_abs.to_f64() * 100.0, initial.to_f64()),
            cagr_pct,
            sharpe: sharpe(&returns),
            sortino: sortino(&returns),
            calmar: cagr_pct.and_then(|growth| ratio(growth, drawdown.underwater_max_pct)),
            trades_per_day: ratio(performance.trades as f64, span_days),
            performance,
            drawdown,
            drawdown_worst_pct: ratios::finite(outcome.drawdown_worst_pct),
            best_instrument: extreme_instrument(&by_instrument, |one, best| one > best),
            worst_instrument: extreme_instrument(&by_instrument, |one, worst| one < worst),
            best_day: days.iter().rev().max_by_key(|day| day.profit).cloned(),
            worst_day: days.iter().min_by_key(|day| day.profit).cloned(),
            profit_daily_avg: ratio(profit_abs.to_f64(), days.len() as f64),
            days_win: count(core::cmp::Ordering::Greater),
            days_draw: count(core::cmp::Ordering::Equal),
            days_lose: count(core::cmp::Ordering::Less),
            rejected_entry_signals: refusals::of_setups(outcome),
            rejected_plans: refusals::of_plans(outcome),
            entry_timeouts: orders.entries_unfilled,
            orders_placed: orders.placed,
            orders_cancelled: orders.cancelled,
            orders_rejected: orders.rejected,
            orders_amended: orders.amended,
            fills: outcome.fills,
            inputs: outcome.inputs,
            liquidations: outcome.liquidations,
            ambiguous_bars: outcome.ambiguous.iter().sum(),
            alerts: outcome.alerts_total,
            market_change_pct: market_change_pct(market.series()),
            exposure_pct: performance::exposure_pct(facts, from, to),
            costs: costs::costs(facts)?,
            protection: costs::protection(outcome, settings),
            by_instrument,
            by_exit_reason: groups::by_name(facts, initial, groups::exit_name)?,
            by_setup: groups::by_name(facts, initial, |one| one.trade.setup.name())?,
            by_regime: groups::by_name(facts, initial, |one| one.trade.setup.regime())?,
            months: daily::months(&days)?,
            left_open: facts.iter().filter(|one| one.is_open()).map(performance::named).collect(),
        })
    }
}

/// Only instruments that traded take part.
fn extreme_instrument(rows: &[Group], beats: fn(Money, Money) -> bool) -> Option<String> {
    rows.iter()
        .filter(|row| row.trades > 0)
        .reduce(|best, one| if beats(one.profit_abs, best.profit_abs) { one } else { best })
        .map(|row| row.name.clone())
}

fn market_change_pct(series: &[MarketSeries]) -> Option<f64> {
    let change = |series: &MarketSeries| {
        let (first, last) = (series.candles.first()?, series.candles.last()?);
        let moved = last.close.get() as f64 - first.open.get() as f64;
        ratio(moved * 100.0, first.open.get() as f64)
    };
    mean(&series.iter().filter_map(change).collect::<Vec<_>>())
}
