//! The report for the terminal.

mod summary;

use super::HONEST;
use super::assumptions::currency;
use super::format::{MoneyFormat, duration, number, percent};
use super::table::{Table, WIDTH};
use crate::collect::Outcome;
use crate::market::Market;
use crate::metrics::daily::stamp;
use crate::metrics::ratios::ratio;
use crate::metrics::{Group, Metrics};
use crate::run::RunSettings;

/// Months that the table shows at most; the last ones.
const MONTHS_MAX: usize = 36;

/// Renders everything.
pub(super) fn render(
    outcome: &Outcome,
    market: &Market,
    settings: &RunSettings,
    metrics: &Metrics,
) -> String {
    let money = MoneyFormat::new(currency(market), outcome.initial_equity);
    let mut out = header(market, settings, metrics, &money);
    decisions(outcome, &mut out);
    groups("Per instrument", "Pair", &metrics.by_instrument, &money, &mut out);
    groups("Why trades ended", "Exit reason", &metrics.by_exit_reason, &money, &mut out);
    groups("What made them start", "Setup", &metrics.by_setup, &money, &mut out);
    if metrics.by_regime.len() > 1 {
        groups("In which regime", "Regime", &metrics.by_regime, &money, &mut out);
    }
    left_open(metrics, &money, &mut out);
    months(metrics, &money, &mut out);
    protected(outcome, metrics, &mut out);
    what_it_cost(metrics, &money, &mut out);
    summary::summary(outcome, market, settings, metrics, &money, &mut out);
    out.push('\n');
    out.push_str(HONEST);
    out.push('\n');
    out
}

fn header(market: &Market, settings: &RunSettings, metrics: &Metrics, money: &MoneyFormat) -> String {
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
    let mut out = format!(
        "Seawall backtest: {} on {} instrument(s), {} candles, {} to {} UTC\n",
        settings.strategy.name.name(),
        market.instruments().len(),
        metrics.candles,
        stamp(metrics.from),
        stamp(metrics.to),
    );
    let assumed = [
        format!("Assumes {}", money.with_currency(metrics.initial_equity)),
        format!("bps: taker {}, maker {}", simulator.taker_fee_bps, simulator.maker_fee_bps),
        format!("slippage {}, spread {}", simulator.slippage_bps, simulator.spread_bps),
        format!("latency {} ms", simulator.latency_ms),
        funding,
        format!("{path}, the worse side first"),
        "stop before target".to_owned(),
        "no fill on the candle that decided.".to_owned(),
    ];
    wrap(&assumed, &mut out);
    out
}

/// Packs the parts into lines of at most [`WIDTH`] columns.
fn wrap(parts: &[String], out: &mut String) {
    let mut column = 0;
    for (number, part) in parts.iter().enumerate() {
        let length = part.chars().count() + 1;
        if number > 0 && column + 1 + length > WIDTH {
            out.push_str(";\n  ");
            column = 2;
        } else if number > 0 {
            out.push_str("; ");
            column += 2;
        }
        out.push_str(part);
        column += length - 1;
    }
    out.push('\n');
}

fn decisions(outcome: &Outcome, out: &mut String) {
    let total = outcome.decisions.total;
    let share = |count: u64| percent(ratio(count as f64 * 100.0, total as f64));
    let mut table = Table::new("Why, and why not: decisions by gate", &["Gate", "Decisions", "Share"]);
    table.row(vec![
        "entered".to_owned(),
        outcome.decisions.entered.to_string(),
        share(outcome.decisions.entered),
    ]);
    for (gate, count) in outcome.decisions.by_gate() {
        table.row(vec![gate.name().to_owned(), count.to_string(), share(count)]);
    }
    table.row(vec!["all".to_owned(), total.to_string(), share(total)]);
    table.write(out);
}

fn groups(title: &'static str, name: &'static str, rows: &[Group], money: &MoneyFormat, out: &mut String) {
    let head = [
        name,
        "Trades",
        "Avg Profit %",
        "Tot Profit",
        "Tot Profit %",
        "Avg Duration",
        "Win  Draw  Loss  Win%",
    ];
    let mut table = Table::new(title, &head);
    for row in rows {
        let win_rate = number(row.win_rate_pct, 1);
        table.row(vec![
            row.name.clone(),
            row.trades.to_string(),
            number(row.profit_avg_pct, 2),
            money.plain(row.profit_abs),
            number(row.profit_total_pct, 2),
            duration(row.duration_avg_s),
            format!("{:>4}  {:>4}  {:>4}  {win_rate:>5}", row.wins, row.draws, row.losses),
        ]);
    }
    table.write(out);
}

fn left_open(metrics: &Metrics, money: &MoneyFormat, out: &mut String) {
    let mut table =
        Table::new("Left open, marked at the last price", &["Pair", "Trade", "Profit", "Profit %"]);
    for trade in &metrics.left_open {
        table.row(vec![
            trade.instrument.clone(),
            trade.id.to_string(),
            money.plain(trade.profit_abs),
            number(trade.profit_pct, 2),
        ]);
    }
    table.write(out);
}

fn months(metrics: &Metrics, money: &MoneyFormat, out: &mut String) {
    let mut table = Table::new("By month", &["Month", "Profit", "Profit %"]);
    for month in metrics.months.iter().rev().take(MONTHS_MAX).rev() {
        table.row(vec![month.month.clone(), money.plain(month.profit), number(month.profit_pct, 2)]);
    }
    table.write(out);
}

fn protected(outcome: &Outcome, metrics: &Metrics, out: &mut String) {
    let protection = &metrics.protection;
    let mut rows = Pairs::new("Protected");
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
    rows.write(out);
}

fn what_it_cost(metrics: &Metrics, money: &MoneyFormat, out: &mut String) {
    let costs = &metrics.costs;
    let mut rows = Pairs::new("What it cost");
    rows.add("Profit at decision prices", money.with_currency(costs.gross_at_decision_price));
    rows.add("Entry slippage (decision to fill)", money.with_currency(costs.entry_slippage.negated()));
    rows.add("Gross profit", money.with_currency(costs.gross));
    rows.add("Fees", money.with_currency(costs.fees.negated()));
    rows.add("Funding", money.with_currency(costs.funding));
    rows.add("Net profit", money.with_currency(costs.net));
    rows.write(out);
}

/// A duration in milliseconds.
pub(super) fn milliseconds(value: Option<i64>) -> String {
    duration(value.map(|value| value as f64 / 1_000.0))
}

/// A table of names and values.
struct Pairs(Table);

impl Pairs {
    fn new(title: &'static str) -> Self {
        Pairs(Table::pairs(title))
    }

    fn add(&mut self, name: &str, value: String) {
        self.0.row(vec![name.to_owned(), value]);
    }

    fn write(&self, out: &mut String) {
        self.0.write(out);
    }
}
