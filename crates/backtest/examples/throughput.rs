//! Whole-run throughput on the jobs of the benchmark table: candles per second through the full engine and
//! the simulated exchange with every check on. `cargo xtask bench throughput` runs it in release mode.

#![allow(clippy::print_stdout, reason = "a benchmark talks to the terminal")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot run may say so loudly"
)]

use std::path::Path;
use std::time::Instant;

use seawall_archive::{HolePolicy, load_candles};

use seawall_backtest::{Market, MarketSeries, RunSettings, run, sweep};
use seawall_engine::{MarketSettings, ProtectionSettings, RiskSettings, TradeSettings};
use seawall_model::{Candle, InstrumentSpec, Ohlc, PriceUnits, Timeframe, Ts};
use seawall_simulator::SimulatorSettings;
use seawall_strategy::{StrategyKind, StrategySettings};

const RUNS: usize = 7;

/// A random walk of one-minute candles around 30 000.00, from a fixed linear congruential generator.
fn candles(seed: u64, count: usize) -> Vec<Candle> {
    let mut state = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(state >> 40).unwrap_or(0) - (1 << 23)
    };
    let mut price = 3_000_000_i64;
    let mut at = Ts::from_millis(1_672_531_200_000);
    let mut list = Vec::with_capacity(count);
    for _ in 0..count {
        let open = price;
        let moves = [random() / 12_000, random() / 12_000, random() / 12_000];
        let close = (open + moves[0]).clamp(500_000, 20_000_000);
        let high = open.max(close) + moves[1].abs() / 2;
        let low = open.min(close) - moves[2].abs() / 2;
        price = close;
        let prices = Ohlc {
            open: PriceUnits::new(open),
            high: PriceUnits::new(high),
            low: PriceUnits::new(low),
            close: PriceUnits::new(close),
        };
        let candle = Candle::new(Timeframe::M1, at, prices, 10.0).unwrap();
        at = candle.known_at;
        list.push(candle);
    }
    list
}

fn market(instruments: usize, count: usize) -> Market {
    let names = ["BTC", "ETH", "SOL", "XRP", "ADA", "DOT", "LTC", "TRX", "BNB", "UNI"];
    let series = (0..instruments)
        .map(|number| MarketSeries {
            spec: InstrumentSpec::new(format!("{}{}/USD", names[number % 10], number / 10).parse().unwrap()),
            data_decimals: 2,
            timeframe: Timeframe::M1,
            candles: candles(number as u64 + 1, count),
            holes: 0,
            detail: Vec::new(),
            trades: Vec::new(),
            funding: Vec::new(),
        })
        .collect();
    Market::new(series).unwrap()
}

fn settings(kind: StrategyKind) -> RunSettings {
    let mut strategy = StrategySettings { name: kind, ..StrategySettings::default() };
    strategy.ema_cross.qty = "0.1".parse().unwrap();
    RunSettings {
        strategy,
        risk: RiskSettings::without_limits(),
        protection: ProtectionSettings::default(),
        trade: TradeSettings::default(),
        decisions: seawall_engine::DecisionSettings::default(),
        market: MarketSettings::default(),
        simulator: SimulatorSettings::default(),
        initial_equity: "1000000".parse().unwrap(),
        equity_interval: Timeframe::H1,
        seed: 1,
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn measure(name: &str, candles: u64, mut job: impl FnMut() -> (u64, u64, u64)) {
    let wanted = std::env::args().nth(1);
    if wanted.is_some_and(|wanted| !name.contains(&wanted)) {
        return;
    }
    let mut rates = Vec::new();
    let mut shape = (0, 0, 0);
    for _ in 0..RUNS {
        let start = Instant::now();
        shape = job();
        rates.push(candles as f64 / start.elapsed().as_secs_f64() / 1e6);
    }
    let best = rates.iter().copied().fold(0.0, f64::max);
    let (trades, fills, inputs) = shape;
    println!(
        "{name:<34} {:>8.2} {best:>8.2}   {trades:>7} trades {fills:>8} fills {inputs:>9} steps",
        median(rates)
    );
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, flag, file] = arguments.as_slice()
        && flag == "--load-and-run"
    {
        load_and_run(Path::new(file));
        return;
    }
    println!("{:<34} {:>8} {:>8}", "million candles per second", "median", "best");
    let million = market(1, 1_000_000);
    let one = |market: &Market, settings: &RunSettings| {
        let outcome = run(market, settings, &mut |_| {}).unwrap();
        (outcome.trades.len() as u64, outcome.fills, outcome.inputs)
    };
    let plain = settings(StrategyKind::EmaCross);
    measure("ema_cross, 1 M", 1_000_000, || one(&million, &plain));
    let mut brackets = plain.clone();
    brackets.strategy.ema_cross.stop_pct = Some("1".parse().unwrap());
    brackets.strategy.ema_cross.target_pct = Some("2".parse().unwrap());
    measure("ema_cross with stop and target", 1_000_000, || one(&million, &brackets));
    let smc = settings(StrategyKind::Smc);
    measure("smc, 1 M", 1_000_000, || one(&million, &smc));
    let portfolio = market(20, 100_000);
    measure("portfolio, 20 × 100 k", 2_000_000, || one(&portfolio, &plain));
    let hundred = market(1, 100_000);
    let pairs: Vec<RunSettings> = (0..100_u32)
        .map(|number| {
            let mut pair = plain.clone();
            pair.strategy.ema_cross.fast = 5 + number % 10;
            pair.strategy.ema_cross.slow = 20 + 5 * (number / 10);
            pair
        })
        .collect();
    measure("sweep of 100 pairs, 100 k, all cores", 10_000_000, || {
        let outcomes = sweep(&hundred, &pairs).unwrap();
        let sum = |of: fn(&seawall_backtest::Outcome) -> u64| outcomes.iter().map(of).sum::<u64>();
        (sum(|one| one.trades.len() as u64), sum(|one| one.fills), sum(|one| one.inputs))
    });
    whole_process();
}

/// Loads one million candles from a CSV, runs, and says how long the process took and how much memory it had
/// at most: in a process of its own, so that the jobs above do not count.
fn whole_process() {
    if std::env::args().nth(1).is_some_and(|wanted| !"whole process".contains(&wanted)) {
        return;
    }
    let folder = std::env::temp_dir().join(format!("seawall-throughput-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("candles.csv");
    let mut text = String::from("ts_ms,open,high,low,close,volume\n");
    for candle in candles(1, 1_000_000) {
        let price = |units: PriceUnits| format!("{}.{:02}", units.get() / 100, units.get() % 100);
        let (open, high) = (price(candle.open), price(candle.high));
        let (low, close) = (price(candle.low), price(candle.close));
        text.push_str(&format!("{},{open},{high},{low},{close},10\n", candle.open_time.millis()));
    }
    std::fs::write(&file, &text).unwrap();
    drop(text);
    let own = std::env::current_exe().unwrap();
    let mut seconds = Vec::new();
    let mut peak = String::new();
    for _ in 0..RUNS {
        let start = Instant::now();
        let output = std::process::Command::new(&own).arg("--load-and-run").arg(&file).output().unwrap();
        seconds.push(start.elapsed().as_secs_f64());
        peak = String::from_utf8(output.stdout).unwrap();
    }
    std::fs::remove_dir_all(&folder).unwrap();
    println!(
        "whole process, CSV of 1 M candles to result: median {:.3} s; peak memory {}",
        median(seconds),
        peak.trim()
    );
}

/// What the process of [`whole_process`] does.
fn load_and_run(file: &Path) {
    let loaded = load_candles(file, Timeframe::M1, None, HolePolicy::Report, &mut |_| {}).unwrap();
    let series = MarketSeries {
        spec: InstrumentSpec::new("BTC/USD".parse().unwrap()),
        data_decimals: loaded.decimals,
        timeframe: Timeframe::M1,
        candles: loaded.candles.into_candles(Timeframe::M1, loaded.decimals).unwrap(),
        holes: 0,
        detail: Vec::new(),
        trades: Vec::new(),
        funding: Vec::new(),
    };
    let market = Market::new(vec![series]).unwrap();
    run(&market, &settings(StrategyKind::EmaCross), &mut |_| {}).unwrap();
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    println!("{}", peak.unwrap_or("unknown").trim());
}
