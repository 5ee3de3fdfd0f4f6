//! What hindsight is worth: the same trades on rows of `parity`, taken at their own index, and on the events
//! of the streaming detectors, taken when they are known.
//!
//! Orders, sizes, stops, targets and costs are the same; only the bar of the signal differs. The folder with
//! candles is the first argument (default `../shared/data/spot_5m`), a timeframe the second (default `1h`).
//! Without the folder it says so and ends. `cargo xtask bench hindsight` runs it in release mode.

#![allow(clippy::print_stdout, reason = "a report for the terminal")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a report that cannot be made may say so loudly"
)]

mod signals;
mod trader;

use std::path::{Path, PathBuf};

use seawall_archive::{HolePolicy, load_candles};
use seawall_backtest::{Market, MarketSeries, Outcome, RunSettings, run_strategies};
use seawall_engine::{MarketSettings, ProtectionSettings, RiskSettings, TradeSettings};
use seawall_model::{Candle, InstrumentSpec, PositionSide, Timeframe, Trade};
use seawall_simulator::SimulatorSettings;
use seawall_smc::Aggregator;
use seawall_strategy::{Strategy, StrategySettings};

use crate::signals::{Concept, Signal, Timing};
use crate::trader::Trader;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let shared = std::env::var_os("SEAWALL_SHARED").map_or_else(|| PathBuf::from("../shared"), PathBuf::from);
    let folder = arguments.next().map_or_else(|| shared.join("data/spot_5m"), PathBuf::from);
    let timeframe: Timeframe = arguments.next().map_or(Timeframe::H1, |text| text.parse().unwrap());
    if !folder.is_dir() {
        println!("SKIPPED: no candles in {}", folder.display());
        return;
    }
    let series: Vec<MarketSeries> = files(&folder).iter().map(|file| load(file, timeframe)).collect();
    let bars: usize = series.iter().map(|one| one.candles.len()).sum();
    println!("{} instruments, {bars} candles of {timeframe}, default costs\n", series.len());
    println!("| signal | taken | trades | won | profit factor | a trade, bps of its value |");
    println!("|---|---|---:|---:|---:|---:|");
    for concept in Concept::ALL {
        for timing in [Timing::Row, Timing::Known] {
            let tally = series
                .iter()
                .map(|one| trade(one, concept, timing))
                .fold(Tally::default(), |tally, outcome| tally.with(&outcome));
            println!("{}", tally.row(concept.name(), timing.name()));
        }
    }
}

/// The candle files of a folder, by name.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn load(file: &Path, timeframe: Timeframe) -> MarketSeries {
    let loaded = load_candles(file, Timeframe::M5, None, HolePolicy::Report, &mut |_| {}).unwrap();
    let fine = loaded.candles.into_candles(Timeframe::M5, loaded.decimals).unwrap();
    let mut aggregator = Aggregator::new(timeframe);
    let candles: Vec<Candle> = fine.iter().flat_map(|candle| aggregator.update(candle).unwrap()).collect();
    let stem = file.file_stem().unwrap().to_string_lossy();
    let base = stem.split("USDT").next().unwrap();
    MarketSeries {
        spec: InstrumentSpec::new(format!("{base}/USDT").parse().unwrap()),
        data_decimals: loaded.decimals,
        timeframe,
        candles,
        holes: 0,
        detail: Vec::new(),
        trades: Vec::new(),
        funding: Vec::new(),
    }
}

/// Trades end at the stop or the target that the signal had, and by nothing else.
fn unmanaged() -> TradeSettings {
    let mut trade = TradeSettings::default();
    trade.multi_tp.enabled = false;
    trade.management.time_exit_bars = 0;
    trade
}

fn trade(series: &MarketSeries, concept: Concept, timing: Timing) -> Outcome {
    let divisor = 10f64.powi(i32::try_from(series.data_decimals).unwrap());
    let signals: Vec<Signal> = signals::find(&series.candles, divisor, concept, timing);
    let strategies: Vec<Box<dyn Strategy>> = vec![Box::new(Trader::new(signals, series.timeframe))];
    let settings = RunSettings {
        strategy: StrategySettings::default(),
        risk: RiskSettings::without_limits(),
        protection: ProtectionSettings::default(),
        trade: unmanaged(),
        decisions: seawall_engine::DecisionSettings::default(),
        market: MarketSettings::without_guards(),
        simulator: SimulatorSettings::default(),
        initial_equity: "1000000".parse().unwrap(),
        equity_interval: Timeframe::D1,
        seed: 1,
    };
    let market = Market::new(vec![series.clone()]).unwrap();
    run_strategies(&market, &settings, strategies, &mut |_| {}).unwrap()
}

/// Sums over the closed trades of all instruments. Every trade has about the same value, so their returns
/// can be averaged.
#[derive(Default)]
struct Tally {
    trades: u32,
    won: u32,
    gained: f64,
    lost: f64,
    returns_bps: f64,
}

impl Tally {
    fn with(mut self, outcome: &Outcome) -> Self {
        for trade in outcome.trades.iter().filter(|trade| trade.closed_at.is_some()) {
            self.add(trade);
        }
        self
    }

    fn add(&mut self, trade: &Trade) {
        assert_ne!(trade.side, PositionSide::Flat);
        let pnl = trade.pnl.to_f64();
        self.trades += 1;
        self.returns_bps += pnl / trade.entry_value.to_f64() * 10_000.0;
        if pnl > 0.0 {
            self.won += 1;
            self.gained += pnl;
        } else {
            self.lost -= pnl;
        }
    }

    fn row(&self, concept: &str, timing: &str) -> String {
        let trades = f64::from(self.trades);
        let won = f64::from(self.won) / trades * 100.0;
        let factor = self.gained / self.lost;
        let mean = self.returns_bps / trades;
        format!("| {concept} | {timing} | {} | {won:.1} % | {factor:.2} | {mean:+.1} |", self.trades)
    }
}
