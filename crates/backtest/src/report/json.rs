//! The report for programs: schema `seawall.backtest/1`.
//!
//! Money, prices and quantities are strings of exact decimals, statistics are numbers or null, times are RFC
//! 3339 in UTC. Lists are written as they are walked over. `final_equity` is `initial_equity` plus the sum of
//! the trades' `pnl`, to the last digit; trades still open are marked at the last price and say so.

use std::io::Write;

use seawall_model::{Gate, Money, Price, Qty, Timeframe, Ts};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

use super::assumptions::Assumptions;
use crate::collect::{EquityPoint, Outcome};
use crate::error::BacktestError;
use crate::market::Market;
use crate::metrics::facts;
use crate::metrics::ratios::ratio;
use crate::metrics::{Facts, Metrics};
use crate::run::RunSettings;

/// Name and version of the format.
pub const SCHEMA: &str = "seawall.backtest/1";

/// Writes the report. The same results give the same bytes, `bars_per_second` apart.
///
/// # Errors
/// What [`Metrics::new`] can give, and a writer that fails.
pub fn write(
    outcome: &Outcome,
    market: &Market,
    settings: &RunSettings,
    writer: &mut dyn Write,
) -> Result<(), BacktestError> {
    let facts = facts::all(&outcome.trades, market)?;
    let metrics = Metrics::from_facts(outcome, market, settings, &facts)?;
    let report = Report {
        schema: SCHEMA,
        fingerprint: &outcome.fingerprint,
        assumptions: Assumptions::new(market, settings),
        candles: Candles { market, ambiguous: &outcome.ambiguous },
        decisions: Decisions {
            total: outcome.decisions.total,
            entered: outcome.decisions.entered,
            by_gate: ByGate(outcome),
            shadow: Shadow(outcome),
        },
        trades: Trades(&facts),
        equity: Equity(&outcome.equity),
        summary: Summary {
            metrics: &metrics,
            bars_per_second: ratio(market.candle_count() as f64, outcome.run_seconds),
        },
    };
    serde_json::to_writer(&mut *writer, &report)
        .map_err(|error| BacktestError::Report { detail: error.to_string() })?;
    writer.write_all(b"\n").map_err(|error| BacktestError::Report { detail: error.to_string() })
}

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    fingerprint: &'a str,
    assumptions: Assumptions<'a>,
    candles: Candles<'a>,
    decisions: Decisions<'a>,
    trades: Trades<'a>,
    equity: Equity<'a>,
    summary: Summary<'a>,
}

#[derive(Serialize)]
struct Summary<'a> {
    #[serde(flatten)]
    metrics: &'a Metrics,
    bars_per_second: Option<f64>,
}

struct Candles<'a> {
    market: &'a Market,
    ambiguous: &'a [u64],
}

#[derive(Serialize)]
struct CandleRow<'a> {
    instrument: &'a str,
    timeframe: Timeframe,
    count: usize,
    from: Option<Ts>,
    to: Option<Ts>,
    holes: u64,
    ambiguous: u64,
}

impl Serialize for Candles<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ambiguous = self.ambiguous.iter().copied().chain(std::iter::repeat(0));
        serializer.collect_seq(self.market.series().iter().zip(ambiguous).map(|(series, ambiguous)| {
            CandleRow {
                instrument: series.spec.name.as_str(),
                timeframe: series.timeframe,
                count: series.candles.len(),
                from: series.candles.first().map(|candle| candle.open_time),
                to: series.candles.last().map(|candle| candle.known_at),
                holes: series.holes,
                ambiguous,
            }
        }))
    }
}

#[derive(Serialize)]
struct Decisions<'a> {
    total: u64,
    entered: u64,
    by_gate: ByGate<'a>,
    shadow: Shadow<'a>,
}

struct ByGate<'a>(&'a Outcome);

impl Serialize for ByGate<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (gate, count) in self.0.decisions.by_gate() {
            map.serialize_entry(Gate::name(gate), &count)?;
        }
        map.end()
    }
}

/// What refused plans would have made, by gate.
struct Shadow<'a>(&'a Outcome);

impl Serialize for Shadow<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.shadows.by_gate().map(|(gate, tally)| (gate.name(), tally)))
    }
}

struct Equity<'a>(&'a [EquityPoint]);

impl Serialize for Equity<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for point in self.0 {
            list.serialize_element(&(point.at, point.equity))?;
        }
        list.end()
    }
}

struct Trades<'a>(&'a [Facts<'a>]);

impl Serialize for Trades<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(TradeRow::new))
    }
}

#[derive(Serialize)]
struct TradeRow<'a> {
    id: u32,
    instrument: &'a str,
    side: &'static str,
    setup: &'static str,
    regime: &'static str,
    score: Option<f64>,
    decided_at: Ts,
    entry_at: Ts,
    entry_price: Price,
    qty: Qty,
    initial_stop: Option<Price>,
    exits: Vec<ExitRow>,
    fees: Money,
    funding: Money,
    pnl: Money,
    r: Option<f64>,
    mae: Money,
    mfe: Money,
    naked_ms: i64,
    open: bool,
}

#[derive(Serialize)]
struct ExitRow {
    at: Ts,
    price: Price,
    qty: Qty,
    reason: &'static str,
}

impl<'a> TradeRow<'a> {
    fn new(facts: &'a Facts<'a>) -> Self {
        let Facts { trade, instrument, .. } = *facts;
        TradeRow {
            id: trade.id,
            instrument: instrument.name().as_str(),
            side: trade.side.name(),
            setup: trade.setup.name(),
            regime: trade.setup.regime(),
            score: trade.score,
            decided_at: trade.decided_at,
            entry_at: trade.entry_at,
            entry_price: facts.entry_price(),
            qty: instrument.qty(trade.entry_qty),
            initial_stop: trade.initial_stop.map(|stop| instrument.price(stop)),
            exits: trade
                .exits
                .iter()
                .map(|exit| ExitRow {
                    at: exit.at,
                    price: instrument.price(exit.price),
                    qty: instrument.qty(exit.qty),
                    reason: exit.reason.name(),
                })
                .collect(),
            fees: trade.fees,
            funding: trade.funding,
            pnl: trade.pnl,
            r: facts.r,
            mae: facts.mae,
            mfe: facts.mfe,
            naked_ms: trade.naked.millis(),
            open: facts.is_open(),
        }
    }
}
