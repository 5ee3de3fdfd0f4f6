//! Both strategies over fourteen months of real five-minute candles of sixteen instruments.

#[cfg(test)]
mod common;

use common::{Table, answer, instrument, read_csv, shared};
use seawall_model::Timeframe;
use seawall_strategy::{StrategyKind, StrategySettings};

#[test]
fn smc_decides_on_real_candles_and_some_setups_pass_every_gate() {
    let Some(shared) = shared() else {
        println!("SKIPPED: no real candles; set SEAWALL_SHARED to the folder that holds data/spot_5m");
        return;
    };
    let mut paths: Vec<_> =
        std::fs::read_dir(shared.join("data/spot_5m")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let settings = StrategySettings { name: StrategyKind::Smc, ..StrategySettings::default() };
    let mut all = Table::default();
    for path in &paths {
        let (decimals, candles) = read_csv(path, Timeframe::M5);
        let instrument = instrument(decimals);
        let mut strategy = settings.build(&instrument, Timeframe::M5).unwrap();
        let mut table = Table::default();
        for candle in &candles {
            table.add(&answer(strategy.as_mut(), &instrument, candle));
        }
        println!("{}", table.line(path.file_name().unwrap().to_str().unwrap()));
        assert!(table.decisions > 9_000, "one decision an hour");
        all.merge(&table);
    }
    println!("{}", all.line("all"));
    assert!(all.entered > 0, "a gate blocks everything: {}", all.line("all"));
}
