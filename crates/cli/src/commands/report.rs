//! `seawall report`: the last hours of a run.

use std::collections::BTreeMap;

use seawall_model::{Money, Outcome, Span, Ts};
use seawall_store::db::{
    AlertRow, DecisionCount, EquityRow, FillRow, Filter, PositionRow, Reader, RunRow, TradeRow,
};
use serde::Serialize;

use crate::args::ReportArgs;
use crate::exit::Failure;
use crate::output::{aligned, share, table};
use crate::run_folder::RunFolder;

/// Critical messages that the text shows, the newest.
const ALERTS_SHOWN: usize = 5;

/// Runs the command.
pub(crate) fn run(args: &ReportArgs) -> Result<(), Failure> {
    let run = RunFolder::find(&args.choice)?;
    let reader = run.database()?;
    let row = reader.runs(&Filter::default()).map_err(Failure::work)?.pop();
    let nothing = || Failure::work(format!("{}: the database holds no run", run.folder.display()));
    let row = row.ok_or_else(nothing)?;
    let rows = Rows::read(&reader, &row, args.hours).map_err(Failure::work)?;
    let report = Report::new(&row, args.hours, &rows)?;
    if args.json {
        say!("{}", serde_json::to_string_pretty(&report).map_err(Failure::work)?);
    } else {
        print(&report);
    }
    Ok(())
}

/// What the database holds of the window.
struct Rows {
    from: Ts,
    to: Ts,
    equity: Vec<EquityRow>,
    trades: Vec<TradeRow>,
    fills: Vec<FillRow>,
    decisions: Vec<DecisionCount>,
    alerts: Vec<AlertRow>,
    positions: Vec<PositionRow>,
}

impl Rows {
    /// The window ends with the run, and where that goes on or was interrupted with the newest equity.
    fn read(reader: &Reader, row: &RunRow, hours: u32) -> Result<Self, seawall_store::StoreError> {
        let of_run = Filter { run: Some(row.run), limit: u32::MAX, ..Filter::default() };
        let newest = reader.equity(&Filter { limit: 1, ..of_run })?.last().map(|point| point.at);
        let to = row.ended_at.or(newest).unwrap_or(row.started_at);
        let from = to.minus(Span::from_secs(i64::from(hours) * 3_600)).max(row.started_at);
        let window = Filter { since: Some(from), until: Some(to), ..of_run };
        let mut trades = reader.trades(&of_run)?;
        trades.retain(|trade| trade.closed_at.is_some_and(|at| at >= from && at <= to));
        let mut positions = reader.positions(&of_run)?;
        positions.retain(|position| !position.qty.is_zero());
        Ok(Rows {
            from,
            to,
            // The point before the window is what it begins with.
            equity: reader
                .equity(&Filter { until: Some(from), limit: 1, ..of_run })?
                .into_iter()
                .chain(reader.equity(&window)?)
                .collect(),
            trades,
            fills: reader.fills(&window)?,
            decisions: reader.decision_counts(&window)?,
            alerts: reader.alerts(&window)?,
            positions,
        })
    }
}

/// The report; decimals are strings.
#[derive(Serialize)]
struct Report {
    schema: &'static str,
    run: u32,
    mode: String,
    /// Whether the run has ended.
    ended: bool,
    hours: u32,
    from: Ts,
    to: Ts,
    equity_start: Option<Money>,
    equity_end: Option<Money>,
    equity_change: Option<Money>,
    trades: Trades,
    /// Fees of all fills in the window, also of positions that are still open.
    fees: Money,
    fills: u64,
    decisions: Decisions,
    alerts: Alerts,
    /// By instrument, of the trades closed in the window.
    instruments: Vec<InstrumentRow>,
    positions_open: Vec<PositionRow>,
}

#[derive(Serialize)]
struct Trades {
    closed: u64,
    won: u64,
    pnl: Money,
    fees: Money,
    funding: Money,
    best: Option<Money>,
    worst: Option<Money>,
    by_exit: BTreeMap<String, u64>,
    /// Longest time that a position of these trades had no confirmed stop.
    unprotected_seconds_max: f64,
}

#[derive(Serialize)]
struct Decisions {
    total: u64,
    entered: u64,
    by_gate: BTreeMap<&'static str, u64>,
}

#[derive(Serialize)]
struct Alerts {
    total: u64,
    by_severity: BTreeMap<String, u64>,
    by_kind: BTreeMap<String, u64>,
    critical: Vec<AlertRow>,
}

#[derive(Serialize)]
struct InstrumentRow {
    instrument: String,
    trades: u64,
    pnl: Money,
}

fn sum(amounts: impl Iterator<Item = Money>) -> Result<Money, Failure> {
    let mut all = Money::ZERO;
    for amount in amounts {
        all = all.plus(amount).map_err(Failure::work)?;
    }
    Ok(all)
}

fn count<K: Ord>(keys: impl Iterator<Item = K>) -> BTreeMap<K, u64> {
    let mut counts = BTreeMap::new();
    for key in keys {
        *counts.entry(key).or_default() += 1;
    }
    counts
}

impl Report {
    fn new(row: &RunRow, hours: u32, rows: &Rows) -> Result<Self, Failure> {
        let (first, last) = (rows.equity.first(), rows.equity.last());
        let change = first.zip(last).map(|(first, last)| last.equity.minus(first.equity)).transpose();
        Ok(Report {
            schema: "seawall.report/1",
            run: row.run,
            mode: row.mode.clone(),
            ended: row.ended_at.is_some(),
            hours,
            from: rows.from,
            to: rows.to,
            equity_start: first.map(|point| point.equity),
            equity_end: last.map(|point| point.equity),
            equity_change: change.map_err(Failure::work)?,
            trades: Trades::new(&rows.trades)?,
            fees: sum(rows.fills.iter().map(|fill| fill.fee))?,
            fills: rows.fills.len() as u64,
            decisions: Decisions::new(&rows.decisions),
            alerts: Alerts::new(&rows.alerts),
            instruments: by_instrument(&rows.trades)?,
            positions_open: rows.positions.clone(),
        })
    }
}

impl Trades {
    fn new(trades: &[TradeRow]) -> Result<Self, Failure> {
        let exits = trades.iter().filter_map(|trade| trade.exits.last());
        Ok(Trades {
            closed: trades.len() as u64,
            won: trades.iter().filter(|trade| trade.pnl > Money::ZERO).count() as u64,
            pnl: sum(trades.iter().map(|trade| trade.pnl))?,
            fees: sum(trades.iter().map(|trade| trade.fees))?,
            funding: sum(trades.iter().map(|trade| trade.funding))?,
            best: trades.iter().map(|trade| trade.pnl).max(),
            worst: trades.iter().map(|trade| trade.pnl).min(),
            by_exit: count(exits.map(|exit| exit.reason.clone())),
            unprotected_seconds_max: trades.iter().map(|trade| trade.naked.secs_f64()).fold(0.0, f64::max),
        })
    }
}

impl Decisions {
    fn new(counts: &[DecisionCount]) -> Self {
        let mut decisions = Decisions { total: 0, entered: 0, by_gate: BTreeMap::new() };
        for DecisionCount { outcome, count, .. } in counts {
            decisions.total += count;
            match outcome {
                Outcome::Entered => decisions.entered += count,
                Outcome::Refused(gate) => *decisions.by_gate.entry(gate.name()).or_default() += count,
            }
        }
        decisions
    }
}

impl Alerts {
    fn new(alerts: &[AlertRow]) -> Self {
        Alerts {
            total: alerts.len() as u64,
            by_severity: count(alerts.iter().map(|alert| alert.severity.clone())),
            by_kind: count(alerts.iter().map(|alert| alert.kind.clone())),
            critical: alerts.iter().filter(|alert| alert.severity == "critical").cloned().collect(),
        }
    }
}

/// The worst first.
fn by_instrument(trades: &[TradeRow]) -> Result<Vec<InstrumentRow>, Failure> {
    let mut rows: BTreeMap<&str, InstrumentRow> = BTreeMap::new();
    for trade in trades {
        let row = rows.entry(&trade.instrument).or_insert_with(|| InstrumentRow {
            instrument: trade.instrument.clone(),
            trades: 0,
            pnl: Money::ZERO,
        });
        row.trades += 1;
        row.pnl = row.pnl.plus(trade.pnl).map_err(Failure::work)?;
    }
    let mut rows: Vec<InstrumentRow> = rows.into_values().collect();
    rows.sort_by_key(|row| row.pnl);
    Ok(rows)
}

fn print(report: &Report) {
    let Report { from, to, equity_start, equity_end, trades, decisions, .. } = report;
    let state = if report.ended { "ended" } else { "goes on, or was interrupted" };
    let hours = to.since(*from).secs_f64() / 3_600.0;
    say!("run {} ({}, {state}): {from} to {to}, {hours:.1} h", report.run, report.mode);
    if let (Some(start), Some(end), Some(change)) = (equity_start, equity_end, report.equity_change) {
        say!("equity {start:.2} → {end:.2} ({change:+.2})");
    }
    say!(
        "{} trades closed, {} won; profit {:+.2} after {:.2} fees and {:+.2} funding",
        trades.closed,
        trades.won,
        trades.pnl,
        trades.fees,
        trades.funding
    );
    if let (Some(best), Some(worst)) = (trades.best, trades.worst) {
        say!("best trade {best:+.2}, worst {worst:+.2}; they ended by {}", words(&trades.by_exit));
        say!("longest time without a confirmed stop: {:.3} s", trades.unprotected_seconds_max);
    }
    say!("{} fills, {:.2} fees in all", report.fills, report.fees);
    instruments(report);
    positions(report);
    say!("{} decisions, {} entered ({:.2} %)", decisions.total, decisions.entered, {
        share(decisions.entered, decisions.total)
    });
    gates(decisions);
    alerts(&report.alerts);
}

fn words(counts: &BTreeMap<String, u64>) -> String {
    counts.iter().map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
}

fn instruments(report: &Report) {
    if report.instruments.is_empty() {
        return;
    }
    let mut table = table(["instrument, the worst first", "trades", "profit"]);
    for InstrumentRow { instrument, trades, pnl } in &report.instruments {
        table.add_row(aligned([instrument.clone(), trades.to_string(), format!("{pnl:+.2}")]));
    }
    say!("{table}");
}

fn positions(report: &Report) {
    if report.positions_open.is_empty() {
        say!("no position open at the end");
        return;
    }
    let mut table = table(["open at the end", "quantity", "stop", "protected", "open P&L"]);
    for row in &report.positions_open {
        table.add_row(aligned([
            row.instrument.clone(),
            row.qty.to_string(),
            row.stop.map_or_else(|| "–".to_owned(), |stop| stop.to_string()),
            if row.protected { "yes" } else { "NO" }.to_owned(),
            format!("{:+.2}", row.unrealised),
        ]));
    }
    say!("{table}");
}

fn gates(decisions: &Decisions) {
    let mut rows: Vec<(&&str, &u64)> = decisions.by_gate.iter().collect();
    rows.sort_by_key(|(_, count)| core::cmp::Reverse(**count));
    let mut table = table(["refused by", "decisions", "share %"]);
    for (gate, count) in rows {
        let share = format!("{:.2}", share(*count, decisions.total));
        table.add_row(aligned([(*gate).to_owned(), count.to_string(), share]));
    }
    say!("{table}");
}

fn alerts(alerts: &Alerts) {
    if alerts.total == 0 {
        say!("no alerts");
        return;
    }
    say!("{} alerts: {} ({})", alerts.total, words(&alerts.by_severity), words(&alerts.by_kind));
    for alert in alerts.critical.iter().rev().take(ALERTS_SHOWN).rev() {
        let name = alert.instrument.as_deref().map(|name| format!(" {name}")).unwrap_or_default();
        say!("  {}{name}: {} ({})", alert.at, alert.kind, alert.detail);
    }
}
