//! The report for the browser: one file with everything in it. It asks the network for nothing.

mod bars;
mod candles;
mod equity;
mod plot;
mod tables;

use minijinja::{Environment, Value, value::Serde};
use serde::Serialize;

use super::assumptions::{Assumptions, NOT_MODELLED};
use super::format::{duration, number, percent};
use super::rows::{self, Rows};
use super::{HONEST, View};
use crate::error::BacktestError;
use crate::metrics::daily::stamp;
use plot::Plot;
use tables::GroupRow;

const TEMPLATE: &str = include_str!("../../../templates/report.html.j2");

/// Messages that are listed at most.
const ALERTS_SHOWN: usize = 50;

/// A figure of the strip at the top.
#[derive(Debug, Serialize)]
struct Tile {
    name: &'static str,
    value: String,
    more: String,
    class: &'static str,
}

/// A message for the operator.
#[derive(Debug, Serialize)]
struct AlertRow {
    at: String,
    what: &'static str,
    detail: String,
}

/// What the template shows.
#[derive(Serialize)]
struct Page<'a> {
    title: String,
    strategy: &'static str,
    honest: &'static str,
    fingerprint: &'a str,
    currency: &'a str,
    tiles: Vec<Tile>,
    assumed: Vec<String>,
    assumptions: String,
    not_modelled: [&'static str; 7],
    protected: Rows,
    equity: Plot,
    underwater: Plot,
    years: Vec<tables::Year>,
    decisions: Vec<tables::Bar>,
    decisions_total: u64,
    shadows: Vec<tables::ShadowRow>,
    waterfall: Vec<tables::Step>,
    /// Where zero lies in the waterfall, in percent of the room.
    zero: f64,
    by_exit: Vec<GroupRow>,
    by_setup: Vec<GroupRow>,
    by_regime: Vec<GroupRow>,
    by_instrument: Vec<GroupRow>,
    summary: Rows,
    overviews: Vec<Plot>,
    /// Of instruments without a trade.
    idle: Vec<Plot>,
    overviews_left_out: usize,
    details: Vec<Plot>,
    heads: [(&'static str, bool); 19],
    trades: Vec<tables::TradeRow>,
    trades_all: usize,
    trades_max: usize,
    alerts: Vec<AlertRow>,
    alerts_all: u64,
}

/// Renders the page.
pub(super) fn render(view: &View<'_>) -> Result<String, BacktestError> {
    let page = Value::from(Serde(page(view)?));
    Environment::new()
        .render_named_str("report.html.j2", TEMPLATE, page)
        .map_err(|error| BacktestError::Report { detail: format!("{error:#}") })
}

fn page<'a>(view: &View<'a>) -> Result<Page<'a>, BacktestError> {
    let View { outcome, market, settings, metrics, facts, money } = *view;
    let (equity, underwater) = equity::plots(&outcome.equity, market.span(), &money.currency);
    let (overviews, idle) = candles::overviews(view);
    let (waterfall, zero) = tables::waterfall(view);
    let assumptions = serde_json::to_string_pretty(&Assumptions::new(market, settings))
        .map_err(|error| BacktestError::Report { detail: error.to_string() })?;
    Ok(Page {
        title: rows::title(view),
        strategy: settings.strategy.name.name(),
        honest: HONEST,
        fingerprint: &outcome.fingerprint,
        currency: &money.currency,
        tiles: tiles(view),
        assumed: rows::assumed(view),
        assumptions,
        not_modelled: NOT_MODELLED,
        protected: rows::protected(view),
        equity,
        underwater,
        years: tables::years(&metrics.months, money),
        decisions: tables::decisions(view),
        decisions_total: outcome.decisions.total,
        shadows: tables::shadows(view),
        waterfall,
        zero,
        by_exit: tables::groups(&metrics.by_exit_reason, money),
        by_setup: tables::groups(&metrics.by_setup, money),
        by_regime: tables::groups(&metrics.by_regime, money),
        by_instrument: tables::groups(&metrics.by_instrument, money),
        summary: rows::summary(view),
        overviews,
        idle,
        overviews_left_out: candles::left_out(market.series()),
        details: candles::details(view),
        heads: tables::TRADE_HEADS,
        trades: tables::trades(view),
        trades_all: facts.len(),
        trades_max: tables::TRADES_MAX,
        alerts: alerts(view),
        alerts_all: outcome.alerts_total,
    })
}

/// Limits first, returns second.
fn tiles(view: &View<'_>) -> Vec<Tile> {
    let metrics = view.metrics;
    let (protection, trades) = (&metrics.protection, &metrics.performance);
    let covered = protection.positions_with_stop == trades.trades;
    let longest = duration(Some(protection.naked_max_ms as f64 / 1_000.0));
    let stops = Tile {
        name: "Positions with a confirmed stop",
        value: format!("{}/{}", protection.positions_with_stop, trades.trades),
        more: if protection.stops_planned {
            format!("longest naked {longest}")
        } else {
            "the strategy plans no stop".to_owned()
        },
        class: if covered { "" } else { "warn" },
    };
    let worst = Tile {
        name: "Worst case: below the peak",
        value: percent(metrics.drawdown_worst_pct),
        more: format!("{} at the samples", percent(Some(metrics.drawdown.underwater_max_pct))),
        class: "",
    };
    let cost = Tile {
        name: "What it cost",
        value: view.money.plain(metrics.costs.fees),
        more: format!("{} fees; funding {}", view.money.currency, view.money.plain(metrics.costs.funding)),
        class: "",
    };
    let count = Tile {
        name: "Trades",
        value: trades.trades.to_string(),
        more: format!("win rate {}, {} open", percent(trades.win_rate_pct), trades.trades_open),
        class: "",
    };
    let quality = Tile {
        name: "Expectancy per trade",
        value: format!("{} R", number(trades.r.avg, 2)),
        more: format!("profit factor {}", number(trades.profit_factor, 2)),
        class: "",
    };
    let gained = metrics.profit_abs > seawall_model::Money::ZERO;
    let net = Tile {
        name: "Net after all costs",
        value: percent(metrics.profit_pct),
        more: format!(
            "{}; market {}",
            view.money.with_currency(metrics.profit_abs),
            percent(metrics.market_change_pct)
        ),
        class: if gained { "pos" } else { "neg" },
    };
    vec![stops, worst, cost, count, quality, net]
}

fn alerts(view: &View<'_>) -> Vec<AlertRow> {
    let instrument = |id: seawall_model::InstrumentId| view.market.instruments().get(id.index());
    view.outcome
        .alerts
        .iter()
        .take(ALERTS_SHOWN)
        .map(|alert| {
            let name = alert.instrument.and_then(instrument).map(|one| format!("{}: ", one.name()));
            AlertRow {
                at: stamp(alert.at),
                what: alert.kind.text(),
                detail: format!("{}{}", name.unwrap_or_default(), alert.detail),
            }
        })
        .collect()
}
