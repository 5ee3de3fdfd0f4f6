//! A small market and runs over it.

use seawall_backtest::{Market, MarketSeries, Outcome, RunSettings, run};
use seawall_engine::{MarketSettings, ProtectionSettings, RiskSettings, TradeSettings};
use seawall_model::{Candle, InstrumentSpec, Ohlc, PriceUnits, Timeframe, Ts};
use seawall_simulator::SimulatorSettings;
use seawall_strategy::{StrategyKind, StrategySettings};

/// A random walk of candles around 300.00, from a fixed linear congruential generator.
pub(crate) fn candles(seed: u64, count: usize, timeframe: Timeframe) -> Vec<Candle> {
    let mut state = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(state >> 40).unwrap() - (1 << 23)
    };
    let mut price = 30_000_i64;
    let mut at = Ts::from_millis(1_672_531_200_000);
    let mut list = Vec::with_capacity(count);
    for _ in 0..count {
        let open = price;
        let moves = [random() / 40_000, random() / 60_000, random() / 60_000];
        let close = (open + moves[0]).clamp(5_000, 200_000);
        let high = open.max(close) + moves[1].abs();
        let low = open.min(close) - moves[2].abs();
        price = close;
        let prices = Ohlc {
            open: PriceUnits::new(open),
            high: PriceUnits::new(high),
            low: PriceUnits::new(low),
            close: PriceUnits::new(close),
        };
        let candle = Candle::new(timeframe, at, prices, 10.0).unwrap();
        at = candle.known_at;
        list.push(candle);
    }
    list
}

/// A market of the instruments named, each with its own walk.
pub(crate) fn market(names: &[&str], seed: u64, count: usize) -> Market {
    let series = (seed..)
        .zip(names)
        .map(|(seed, name)| MarketSeries {
            spec: InstrumentSpec::new(name.parse().unwrap()),
            data_decimals: 2,
            timeframe: Timeframe::M5,
            candles: candles(seed, count, Timeframe::M5),
            holes: 0,
            detail: Vec::new(),
            trades: Vec::new(),
            funding: Vec::new(),
        })
        .collect();
    Market::new(series).unwrap()
}

/// `ema_cross` both ways with stop and target, 10 000 at the start.
pub(crate) fn settings() -> RunSettings {
    let mut strategy = StrategySettings { name: StrategyKind::EmaCross, ..StrategySettings::default() };
    strategy.ema_cross.qty = "0.37".parse().unwrap();
    strategy.ema_cross.fast = 5;
    strategy.ema_cross.slow = 12;
    strategy.ema_cross.long_only = false;
    strategy.ema_cross.stop_pct = Some("1".parse().unwrap());
    strategy.ema_cross.target_pct = Some("2".parse().unwrap());
    RunSettings {
        strategy,
        risk: RiskSettings::default(),
        protection: ProtectionSettings::default(),
        trade: TradeSettings::default(),
        decisions: seawall_engine::DecisionSettings::default(),
        market: MarketSettings::default(),
        simulator: SimulatorSettings::default(),
        initial_equity: "10000".parse().unwrap(),
        equity_interval: Timeframe::H1,
        seed: 0,
    }
}

/// A run that has to succeed.
pub(crate) fn outcome(market: &Market, settings: &RunSettings) -> Outcome {
    run(market, settings, &mut |_| {}).unwrap()
}
