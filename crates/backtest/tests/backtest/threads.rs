//! A sweep gives the same fingerprints in the same order on any number of threads, and those of single runs.

use seawall_backtest::{Market, MarketSeries, RunSettings, run, sweep};
use seawall_engine::{MarketSettings, ProtectionSettings, RiskSettings, TradeSettings};
use seawall_model::Timeframe;
use seawall_simulator::{SimulatorSettings, SyntheticMarket, SyntheticSettings, synthetic};
use seawall_strategy::StrategySettings;

fn market() -> Market {
    let specs = SyntheticMarket::new(&SyntheticSettings::default()).instruments();
    let series = specs.into_iter().take(2).enumerate().map(|(index, spec)| MarketSeries {
        spec,
        data_decimals: 0,
        timeframe: Timeframe::M1,
        candles: synthetic::candles(7, index, 3_000),
        holes: 0,
        detail: Vec::new(),
        trades: Vec::new(),
        funding: Vec::new(),
    });
    Market::new(series.collect()).unwrap()
}

fn settings() -> Vec<RunSettings> {
    let one = |fast: u32| {
        let mut strategy = StrategySettings::default();
        strategy.ema_cross.fast = fast;
        strategy.ema_cross.slow = 3 * fast;
        strategy.ema_cross.qty = "0.01".parse().unwrap();
        strategy.ema_cross.stop_pct = Some("1".parse().unwrap());
        RunSettings {
            strategy,
            risk: RiskSettings::default(),
            protection: ProtectionSettings::default(),
            trade: TradeSettings::default(),
            decisions: seawall_engine::DecisionSettings::default(),
            market: MarketSettings::default(),
            simulator: SimulatorSettings::default(),
            initial_equity: "100000".parse().unwrap(),
            equity_interval: Timeframe::H1,
            seed: 1,
        }
    };
    (3..11).map(one).collect()
}

#[test]
fn the_number_of_threads_changes_no_fingerprint() {
    let (market, settings) = (market(), settings());
    let alone: Vec<String> =
        settings.iter().map(|one| run(&market, one, &mut |_| {}).unwrap().fingerprint).collect();
    for threads in [1, 2, 5] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let outcomes = pool.install(|| sweep(&market, &settings)).unwrap();
        assert!(outcomes.iter().all(|outcome| outcome.fills > 0), "runs that trade nothing prove nothing");
        let together: Vec<String> = outcomes.into_iter().map(|outcome| outcome.fingerprint).collect();
        assert_eq!(together, alone, "{threads} threads");
    }
}
