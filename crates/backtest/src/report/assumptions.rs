//! What a run took for granted: every setting, how the path within a candle was resolved, what is left out.

use seawall_engine::{
    DataQualitySettings, ExecutionSettings, ManagementSettings, MultiTpSettings, ProtectionSettings,
    RiskSettings, UniverseSettings,
};
use seawall_model::{InstrumentSpec, Money, Timeframe};
use seawall_simulator::{LimitFill, SimulatorSettings};
use seawall_strategy::StrategyKind;
use seawall_strategy::ema_cross::EmaCrossSettings;
use seawall_strategy::smc::SmcSettings;
use serde::Serialize;

use crate::market::{Market, MarketSeries};
use crate::run::{RunSettings, round_trip_cost_bps};

/// What the simulated exchange leaves out.
pub const NOT_MODELLED: [&str; 7] = [
    "our own orders do not move the market",
    "queue position of resting limit orders (see simulator.limit_fill)",
    "venue outages, rate limits and refused connections",
    "auto-deleveraging and socialised losses",
    "changes of fees, tick, lot and margin tiers over time: today's rules apply to the past",
    "slippage beyond simulator.slippage_bps in fast markets",
    "quotes: no entry is held against a spread, a book or the health of a feed (quote_guard, data_quality.health_mode)",
];

/// The settings of the chosen strategy, under its own name as in the configuration.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Chosen<'a> {
    /// `strategy.ema_cross`.
    EmaCross(&'a EmaCrossSettings),
    /// `strategy.smc`.
    Smc(&'a SmcSettings),
    /// `signals`, which has none.
    Signals {},
}

/// The chosen strategy.
#[derive(Debug, Serialize)]
pub struct Strategy<'a> {
    /// Its name.
    pub name: StrategyKind,
    /// Its settings.
    #[serde(flatten)]
    pub settings: Chosen<'a>,
}

/// How what happens within the candles of one instrument was resolved.
#[derive(Debug, Serialize)]
pub struct Path<'a> {
    /// The instrument.
    pub instrument: &'a str,
    /// `candles`, `detail` or `trades`.
    pub source: &'static str,
    /// In words.
    pub rule: &'static str,
    /// Funding: `off`, `flat` (the setting's rate as a cost for both sides) or `rates` (as recorded).
    pub funding: &'static str,
}

/// Everything that shaped the results beside the candles.
#[derive(Debug, Serialize)]
pub struct Assumptions<'a> {
    /// Cash at the start.
    pub initial_equity: Money,
    /// Currency of all money in the report.
    pub currency: String,
    /// Distance between samples of the equity curve.
    pub equity_interval: Timeframe,
    /// Number of the run, part of its client order ids.
    pub seed: u64,
    /// The simulated exchange.
    pub simulator: &'a SimulatorSettings,
    /// Two taker fees, the spread, slippage both ways.
    pub round_trip_cost_bps: f64,
    /// The strategy.
    pub strategy: Strategy<'a>,
    /// Risk limits.
    pub risk: &'a RiskSettings,
    /// Protection deadlines.
    pub protection: &'a ProtectionSettings,
    /// How entries are made.
    pub execution: &'a ExecutionSettings,
    /// Where profits are taken.
    pub multi_tp: &'a MultiTpSettings,
    /// How positions are managed.
    pub management: &'a ManagementSettings,
    /// Which instruments may be entered.
    pub universe: &'a UniverseSettings,
    /// When data are too bad for an entry.
    pub data_quality: &'a DataQualitySettings,
    /// Trading rules by instrument.
    pub instruments: Vec<&'a InstrumentSpec>,
    /// Path resolution by instrument.
    pub paths: Vec<Path<'a>>,
    /// How orders fill.
    pub fills: [&'static str; 4],
    /// What is left out.
    pub not_modelled: [&'static str; 7],
}

impl<'a> Assumptions<'a> {
    /// Collects them.
    #[must_use]
    pub fn new(market: &'a Market, settings: &'a RunSettings) -> Self {
        let strategy = &settings.strategy;
        Assumptions {
            initial_equity: settings.initial_equity,
            currency: currency(market),
            equity_interval: settings.equity_interval,
            seed: settings.seed,
            simulator: &settings.simulator,
            round_trip_cost_bps: round_trip_cost_bps(&settings.simulator),
            strategy: Strategy {
                name: strategy.name,
                settings: match strategy.name {
                    StrategyKind::EmaCross => Chosen::EmaCross(&strategy.ema_cross),
                    StrategyKind::Smc => Chosen::Smc(&strategy.smc),
                    StrategyKind::Signals => Chosen::Signals {},
                },
            },
            risk: &settings.risk,
            protection: &settings.protection,
            execution: &settings.trade.execution,
            multi_tp: &settings.trade.multi_tp,
            management: &settings.trade.management,
            universe: &settings.market.universe,
            data_quality: &settings.market.data_quality,
            instruments: market.series().iter().map(|series| &series.spec).collect(),
            paths: market.series().iter().map(|series| path(series, &settings.simulator)).collect(),
            fills: [
                "nothing fills on the candle that decided: orders reach the venue after the latency",
                "a stop fills at its price or, through a gap, at the open beyond it, plus half the spread and slippage",
                match settings.simulator.limit_fill {
                    LimitFill::Touch => "a resting limit fills when the market trades at its price",
                    LimitFill::Through => "a resting limit fills when the market trades beyond its price",
                },
                "a candle that touches stop and target hits the stop",
            ],
            not_modelled: NOT_MODELLED,
        }
    }
}

/// The settle currency that all instruments of a run share.
#[must_use]
pub fn currency(market: &Market) -> String {
    market.instruments().first().map(|one| one.settle().to_string()).unwrap_or_default()
}

fn path<'a>(series: &'a MarketSeries, simulator: &SimulatorSettings) -> Path<'a> {
    let (source, rule) = if !series.trades.is_empty() {
        ("trades", "recorded trades within the candle, the worse side first where there are none")
    } else if !series.detail.is_empty() {
        ("detail", "finer candles within the candle, the worse side first within each")
    } else {
        ("candles", "the candle alone: the worse side first")
    };
    let funding = match (simulator.funding.is_on(), series.funding.is_empty()) {
        (false, _) => "off",
        (true, true) => "flat",
        (true, false) => "rates",
    };
    Path { instrument: series.spec.name.as_str(), source, rule, funding }
}
