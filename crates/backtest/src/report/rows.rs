//! What text and HTML say in the same words: assumptions, protection, costs, and the summary metrics under
//! the names that Freqtrade users know.

use seawall_model::{ContractKind, Ts};
use serde::Serialize;

use super::View;
use super::format::{MoneyFormat, NONE, duration, number, percent};
use crate::metrics::daily::stamp;
use crate::metrics::performance::Durations;
use crate::metrics::ratios::ratio;
use crate::metrics::{Day, Metrics, NamedTrade};

/// Names and values in order.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub(super) struct Rows(pub(super) Vec<(String, String)>);

impl Rows {
    fn add(&mut self, name: &str, value: String) {
        self.0.push((name.to_owned(), value));
    }
}

/// What run this is, in one line.
pub(super) fn title(view: &View<'_>) -> String {
    let metrics = view.metrics;
    format!(
        "{} on {} instrument(s), {} candles, {} to {} UTC",
        view.settings.strategy.name.name(),
        view.market.instruments().len(),
        metrics.candles,
        stamp(metrics.from),
        stamp(metrics.to),
    )
}

/// What the run took for granted, in short parts.
pub(super) fn assumed(view: &View<'_>) -> Vec<String> {
    let View { market, settings, metrics, money, .. } = view;
    let simulator = &settings.simulator;
    let series = market.series();
    let funding = match (simulator.funding.is_on(), series.iter().any(|one| !one.funding.is_empty())) {
        (false, _) => "funding off".to_owned(),
        (true, true) => "funding as recorded".to_owned(),
        (true, false) => format!("funding {} bps/8h, both sides", simulator.funding_rate_bps),
    };
    let path = if series.iter().any(|one| !one.trades.is_empty()) {
        "trades within candles"
    } else if series.iter().any(|one| !one.detail.is_empty()) {
        "finer candles within candles"
    } else {
        "candles alone"
    };
    vec![
        format!("Assumes {}", money.with_currency(metrics.initial_equity)),
        format!("bps: taker {}, maker {}", simulator.taker_fee_bps, simulator.maker_fee_bps),
        format!("slippage {}, spread {}", simulator.slippage_bps, simulator.spread_bps),
        format!("latency {} ms", simulator.latency_ms),
        funding,
        format!("{path}, the worse side first"),
        "stop before target".to_owned(),
        "no fill on the candle that decided.".to_owned(),
    ]
}

/// How well positions were protected.
pub(super) fn protected(view: &View<'_>) -> Rows {
    let View { outcome, metrics, .. } = view;
    let protection = &metrics.protection;
    let mut rows = Rows::default();
    let trades = metrics.performance.trades;
    let planned = if protection.stops_planned { "" } else { " (the strategy plans no stop)" };
    rows.add(
        "Positions with a confirmed stop",
        format!("{} of {trades}{planned}", protection.positions_with_stop),
    );
    if protection.stops_planned {
        rows.add("Longest time without one", milliseconds(Some(protection.naked_max_ms)));
        rows.add("All such time together", milliseconds(protection.naked_total_ms));
    }
    rows.add("Worst case within a candle", format!("{} below the peak", percent(metrics.drawdown_worst_pct)));
    rows.add("Liquidations", outcome.liquidations.to_string());
    rows.add("Ambiguous bars, read the worse way", metrics.ambiguous_bars.to_string());
    rows.add("Alerts", metrics.alerts.to_string());
    rows
}

/// From gross to net.
pub(super) fn costs(view: &View<'_>) -> Rows {
    let View { metrics, money, .. } = view;
    let costs = &metrics.costs;
    let mut rows = Rows::default();
    rows.add("Profit at decision prices", money.with_currency(costs.gross_at_decision_price));
    rows.add("Entry slippage (decision to fill)", money.with_currency(costs.entry_slippage.negated()));
    rows.add("Gross profit", money.with_currency(costs.gross));
    rows.add("Fees", money.with_currency(costs.fees.negated()));
    rows.add("Funding", money.with_currency(costs.funding));
    rows.add("Net profit", money.with_currency(costs.net));
    rows
}

/// The summary metrics.
pub(super) fn summary(view: &View<'_>) -> Rows {
    let View { outcome, metrics, money, .. } = view;
    let mut rows = Rows::default();
    account(view, &mut rows);
    ratios(metrics, money, &mut rows);
    extremes(metrics, money, &mut rows);
    orders(metrics, &mut rows);
    worst_case(metrics, money, &mut rows);
    let rate = ratio(metrics.candles as f64, outcome.run_seconds);
    rows.add("Candles per second", number(rate, 0));
    rows.add("Fingerprint", outcome.fingerprint.clone());
    rows
}

fn account(view: &View<'_>, rows: &mut Rows) {
    let View { market, settings, metrics, money, .. } = view;
    let kinds: Vec<_> = market.instruments().iter().map(|one| one.spec().kind).collect();
    let spot = kinds.iter().all(|kind| *kind == ContractKind::Spot);
    rows.add("Backtesting from", stamp(metrics.from));
    rows.add("Backtesting to", stamp(metrics.to));
    rows.add("Trading Mode", if spot { "Spot" } else { "Futures" }.to_owned());
    rows.add("Max open trades", settings.risk.positions_max.to_string());
    let daily = number(metrics.trades_per_day, 2);
    rows.add("Total/Daily Avg Trades", format!("{} / {daily}", metrics.performance.trades));
    rows.add("Starting balance", money.with_currency(metrics.initial_equity));
    rows.add("Final balance", money.with_currency(metrics.final_equity));
    rows.add("Absolute profit", money.with_currency(metrics.profit_abs));
    rows.add("Total profit %", percent(metrics.profit_pct));
    rows.add("CAGR %", percent(metrics.cagr_pct));
}

fn ratios(metrics: &Metrics, money: &MoneyFormat, rows: &mut Rows) {
    let trades = &metrics.performance;
    rows.add("Sortino", number(metrics.sortino, 2));
    rows.add("Sharpe", number(metrics.sharpe, 2));
    rows.add("Calmar", number(metrics.calmar, 2));
    rows.add("SQN", number(trades.sqn, 2));
    rows.add("Profit factor", number(trades.profit_factor, 2));
    let ratio = number(trades.expectancy_ratio, 2);
    rows.add("Expectancy (Ratio)", format!("{} ({ratio})", money.mean(trades.expectancy)));
    rows.add("Win rate", percent(trades.win_rate_pct));
    rows.add("Avg. profit %", percent(trades.profit_avg_pct));
    rows.add("Avg. daily profit", money.mean(metrics.profit_daily_avg));
    rows.add("Avg. stake amount", money.mean(trades.stake_avg));
    rows.add("Total trade volume", money.with_currency(trades.total_volume));
    let r = &trades.r;
    let spread = format!("{} to {}", number(r.min, 2), number(r.max, 2));
    rows.add("R per trade: mean, median", format!("{}, {}", number(r.avg, 2), number(r.median, 2)));
    rows.add("R worst to best, sum", format!("{spread}, {}", number(Some(r.sum), 2)));
    let excursions = &trades.excursions;
    rows.add(
        "Avg. MAE / MFE %",
        format!("{} / {}", percent(excursions.mae_avg_pct), percent(excursions.mfe_avg_pct)),
    );
    rows.add("Exposure (share of time)", percent(metrics.exposure_pct));
    rows.add("Long / Short trades", format!("{} / {}", trades.long.trades, trades.short.trades));
    rows.add("Total profit Long %", percent(trades.long.profit_total_pct));
    rows.add("Total profit Short %", percent(trades.short.profit_total_pct));
    rows.add("Absolute profit Long", money.with_currency(trades.long.profit_abs));
    rows.add("Absolute profit Short", money.with_currency(trades.short.profit_abs));
}

fn extremes(metrics: &Metrics, money: &MoneyFormat, rows: &mut Rows) {
    let trades = &metrics.performance;
    let pair = |name: &Option<String>| match metrics
        .by_instrument
        .iter()
        .find(|row| Some(&row.name) == name.as_ref())
    {
        Some(row) => format!("{} {}", row.name, percent(row.profit_total_pct)),
        None => NONE.to_owned(),
    };
    let trade = |one: &Option<NamedTrade>| match one {
        Some(one) => {
            let profit = money.with_currency(one.profit_abs);
            format!("{} {profit} ({})", one.instrument, percent(one.profit_pct))
        }
        None => NONE.to_owned(),
    };
    let day = |one: &Option<Day>| match one {
        Some(day) => format!("{} ({})", money.with_currency(day.profit), day.date),
        None => NONE.to_owned(),
    };
    let times = |one: &Durations| {
        format!("{} / {} / {}", duration(one.min_s), duration(one.max_s), duration(one.avg_s))
    };
    rows.add("Best Pair", pair(&metrics.best_instrument));
    rows.add("Worst Pair", pair(&metrics.worst_instrument));
    rows.add("Best trade", trade(&trades.best_trade));
    rows.add("Worst trade", trade(&trades.worst_trade));
    rows.add("Best day", day(&metrics.best_day));
    rows.add("Worst day", day(&metrics.worst_day));
    let (win, draw, lose) = (metrics.days_win, metrics.days_draw, metrics.days_lose);
    rows.add("Days win/draw/lose", format!("{win} / {draw} / {lose}"));
    rows.add("Min/Max/Avg. Duration Winners", times(&trades.duration_winners));
    rows.add("Min/Max/Avg. Duration Losers", times(&trades.duration_losers));
    let (wins, losses) = (trades.consecutive_wins_max, trades.consecutive_losses_max);
    rows.add("Max Consecutive Wins / Loss", format!("{wins} / {losses}"));
}

fn orders(metrics: &Metrics, rows: &mut Rows) {
    let (setups, plans) = (metrics.rejected_entry_signals, metrics.rejected_plans);
    rows.add("Rejected Entry signals", format!("{setups} setups, {plans} of them complete plans"));
    rows.add("Entry Timeouts", metrics.entry_timeouts.to_string());
    rows.add("Orders placed / Fills", format!("{} / {}", metrics.orders_placed, metrics.fills));
    let (cancelled, rejected) = (metrics.orders_cancelled, metrics.orders_rejected);
    let amended = metrics.orders_amended;
    rows.add("Canceled / Rejected / Amended Orders", format!("{cancelled} / {rejected} / {amended}"));
}

fn worst_case(metrics: &Metrics, money: &MoneyFormat, rows: &mut Rows) {
    let drawdown = &metrics.drawdown;
    let when = |at: Option<Ts>| at.map_or_else(|| NONE.to_owned(), stamp);
    rows.add("Min balance", money.with_currency(drawdown.balance_min));
    rows.add("Max balance", money.with_currency(drawdown.balance_max));
    rows.add("Max % of account underwater", percent(Some(drawdown.underwater_max_pct)));
    rows.add("Worst % underwater within a candle", percent(metrics.drawdown_worst_pct));
    let share = percent(drawdown.drawdown_account_pct);
    rows.add(
        "Absolute Drawdown (Account)",
        format!("{} ({share})", money.with_currency(drawdown.drawdown_abs)),
    );
    rows.add("Drawdown duration", duration(Some(drawdown.drawdown_duration_s)));
    rows.add("Drawdown high", money.with_currency(drawdown.drawdown_high));
    rows.add("Drawdown low", money.with_currency(drawdown.drawdown_low));
    rows.add("Drawdown Start", when(drawdown.drawdown_start));
    rows.add("Drawdown End", when(drawdown.drawdown_end));
    rows.add("Drawdown recovered", when(drawdown.drawdown_recovered_at));
    rows.add("Market change", percent(metrics.market_change_pct));
}

/// A duration in milliseconds.
pub(super) fn milliseconds(value: Option<i64>) -> String {
    duration(value.map(|value| value as f64 / 1_000.0))
}
