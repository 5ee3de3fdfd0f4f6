//! The report for the terminal.

use super::format::{MoneyFormat, duration, number, percent};
use super::rows::{self, Rows};
use super::table::{Table, WIDTH};
use super::{HONEST, View};
use crate::collect::Outcome;
use crate::metrics::ratios::ratio;
use crate::metrics::{Group, Metrics};

/// Months that the table shows at most; the last ones.
const MONTHS_MAX: usize = 36;

/// Renders everything.
pub(super) fn render(view: &View<'_>) -> String {
    let View { outcome, metrics, money, .. } = *view;
    let mut out = format!("Seawall backtest: {}\n", rows::title(view));
    wrap(&rows::assumed(view), &mut out);
    decisions(outcome, &mut out);
    shadows(outcome, &mut out);
    groups("Per instrument", "Pair", &metrics.by_instrument, money, &mut out);
    groups("Why trades ended", "Exit reason", &metrics.by_exit_reason, money, &mut out);
    groups("What made them start", "Setup", &metrics.by_setup, money, &mut out);
    if metrics.by_regime.len() > 1 {
        groups("In which regime", "Regime", &metrics.by_regime, money, &mut out);
    }
    left_open(metrics, money, &mut out);
    months(metrics, money, &mut out);
    pairs("Protected", &rows::protected(view), &mut out);
    pairs("What it cost", &rows::costs(view), &mut out);
    pairs("SUMMARY METRICS", &rows::summary(view), &mut out);
    out.push('\n');
    out.push_str(HONEST);
    out.push('\n');
    out
}

fn pairs(title: &'static str, rows: &Rows, out: &mut String) {
    let mut table = Table::pairs(title);
    for (name, value) in &rows.0 {
        table.row(vec![name.clone(), value.clone()]);
    }
    table.write(out);
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

fn shadows(outcome: &Outcome, out: &mut String) {
    let head = ["Gate", "Refused", "Followed", "Not entered", "Won", "Lost", "Mean R", "Sum R"];
    let mut table = Table::new("What refused plans would have made, after costs", &head);
    for (gate, tally) in outcome.shadows.by_gate() {
        table.row(vec![
            gate.name().to_owned(),
            tally.refused.to_string(),
            tally.followed.to_string(),
            tally.never_entered.to_string(),
            tally.won.to_string(),
            tally.lost.to_string(),
            number(tally.r_mean(), 2),
            number(Some(tally.r_sum), 1),
        ]);
    }
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
