//! One run: engine, simulated exchange and candles from the first to the last.

use seawall_engine::{
    DecisionSettings, Engine, EngineError, MarketSettings, ProtectionSettings, ReconcileSettings,
    RiskSettings, Setup, TradeSettings,
};
use seawall_model::{InstrumentId, Money, Span, Timeframe, Trade, Ts};
use seawall_simulator::{Exchange, SimulatorSettings};
use seawall_strategy::{Strategy, StrategySettings};

use crate::collect::{Collector, Drawdown, EquityPoint, Outcome};
use crate::error::BacktestError;
use crate::feed::Feed;
use crate::market::Market;
use crate::quoted::Quote;

/// Instants between two calls of the progress function.
const PROGRESS_EVERY: u64 = 1 << 16;

/// Everything that shapes a run beside the market.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunSettings {
    /// The strategy.
    pub strategy: StrategySettings,
    /// Risk limits.
    pub risk: RiskSettings,
    /// Protection deadlines.
    pub protection: ProtectionSettings,
    /// Entries, take-profits and management.
    pub trade: TradeSettings,
    /// What becomes of refused plans, and how old records may be.
    pub decisions: DecisionSettings,
    /// Universe, data and quotes.
    pub market: MarketSettings,
    /// The simulated exchange.
    pub simulator: SimulatorSettings,
    /// Cash at the start, in the settle currency.
    pub initial_equity: Money,
    /// Distance between samples of the equity curve.
    pub equity_interval: Timeframe,
    /// Number of the run: part of every client order id, so that ids of two runs differ.
    pub seed: u64,
}

/// Estimated cost of a round trip in basis points: two taker fees, the spread, slippage both ways.
#[must_use]
pub fn round_trip_cost_bps(simulator: &SimulatorSettings) -> f64 {
    2.0 * simulator.taker_fee_bps.to_f64()
        + simulator.spread_bps.to_f64()
        + 2.0 * simulator.slippage_bps.to_f64()
}

/// Runs the engine over the market. `progress` is told the number of candles done from time to time.
///
/// # Errors
/// Settings that don't fit, or a broken invariant during the run: there are no results then.
pub fn run(
    market: &Market,
    settings: &RunSettings,
    progress: &mut dyn FnMut(u64),
) -> Result<Outcome, BacktestError> {
    run_with((market, &[]), settings, Engine::new, progress)
}

/// Runs strategies that the caller brings, one for each instrument in the market's order, in place of the
/// configured one.
///
/// # Errors
/// As [`run`].
pub fn run_strategies(
    market: &Market,
    settings: &RunSettings,
    strategies: Vec<Box<dyn Strategy>>,
    progress: &mut dyn FnMut(u64),
) -> Result<Outcome, BacktestError> {
    run_with((market, &[]), settings, |setup| Engine::with_strategies(setup, strategies), progress)
}

pub(crate) fn run_with(
    (market, quotes): (&Market, &[Quote]),
    settings: &RunSettings,
    build: impl FnOnce(Setup) -> Result<Engine, EngineError>,
    progress: &mut dyn FnMut(u64),
) -> Result<Outcome, BacktestError> {
    let instruments = market.instruments();
    let exchange = Exchange::new(&settings.simulator, instruments, settings.initial_equity)?;
    let engine = build(Setup {
        instruments: instruments
            .iter()
            .cloned()
            .zip(market.series().iter().map(|series| series.timeframe))
            .collect(),
        signals: market.signals().clone(),
        strategy: settings.strategy.clone(),
        risk: settings.risk.clone(),
        protection: settings.protection.clone(),
        reconcile: ReconcileSettings::default(),
        trade: settings.trade.clone(),
        decisions: settings.decisions.clone(),
        market: settings.market.clone(),
        has_quotes: false,
        capabilities: Exchange::capabilities(&settings.simulator),
        run: u32::try_from(settings.seed % (1 << 32)).unwrap_or(0),
        require_stop: false,
        cost_bps: round_trip_cost_bps(&settings.simulator),
    })?;
    let drawdown = Drawdown::new(instruments.len(), settings.initial_equity.to_f64());
    let sample_every = settings.equity_interval.span();
    let mut feed = Feed::new(
        (market, quotes),
        exchange,
        engine,
        Collector::new(drawdown),
        sample_every,
        settings.simulator.spread_bps,
        settings.market.universe.refresh_hours,
    );
    let (from, to) = market.span();
    let latency = Span::from_millis(i64::from(settings.simulator.latency_ms));
    // Reconciliation takes one round trip; it is over when the first candle opens.
    let before = |first: Ts| first.minus(latency).minus(latency);
    let first = EquityPoint { at: before(from), equity: settings.initial_equity };
    feed.start(before(from.min(market.read_from())), first);
    let mut report_at = PROGRESS_EVERY;
    while feed.advance() {
        if feed.fed() >= report_at {
            report_at += PROGRESS_EVERY;
            progress(feed.fed());
        }
    }
    feed.finish(to, latency.max(Span::from_nanos(1)));
    progress(feed.fed());
    outcome(feed, settings)
}

fn outcome(feed: Feed<'_>, settings: &RunSettings) -> Result<Outcome, BacktestError> {
    let Feed { engine, exchange, pump, collector, equity, .. } = feed;
    if let Some(detail) = collector.broken {
        return Err(BacktestError::Broken { detail });
    }
    let final_equity = engine
        .equity()
        .ok_or_else(|| BacktestError::Broken { detail: "equity does not fit into 28 digits".to_owned() })?;
    let mut trades = collector.trades;
    trades.extend(open_trades(&engine));
    let stats = exchange.stats();
    Ok(Outcome {
        fingerprint: data_encoding::HEXLOWER.encode(&collector.fingerprint.finish()),
        initial_equity: settings.initial_equity,
        final_equity,
        decisions: collector.decisions,
        shadows: collector.shadows,
        orders: collector.orders,
        fills: collector.fills,
        inputs: pump.inputs(),
        trades,
        equity,
        drawdown_worst_pct: collector.drawdown.worst_pct,
        ambiguous: stats.ambiguous_bars.clone(),
        liquidations: stats.liquidations,
        naked_max: engine.naked_max(),
        alerts: collector.alerts,
        alerts_total: collector.alerts_total,
        run_seconds: 0.0,
    })
}

fn open_trades(engine: &Engine) -> Vec<Trade> {
    let count = u32::try_from(engine.instruments().len()).unwrap_or(u32::MAX);
    (0..count).filter_map(|number| engine.open_trade(InstrumentId(number))).collect()
}
