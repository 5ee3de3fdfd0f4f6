//! `smc` over fourteen months of real five-minute candles of sixteen instruments.

#[cfg(test)]
mod common;

use std::path::Path;

use common::{Table, answer, instrument, read_csv, shared};
use seawall_model::{Gate, Timeframe};
use seawall_strategy::smc::{EntryOrder, HigherTimeframeMode, SmcSettings};
use seawall_strategy::{StrategyKind, StrategySettings};

/// Tables of one setting per instrument, and their sum.
fn tables(shared: &Path, smc: &SmcSettings) -> (Vec<(String, Table)>, Table) {
    let settings =
        StrategySettings { name: StrategyKind::Smc, smc: smc.clone(), ..StrategySettings::default() };
    let mut paths: Vec<_> =
        std::fs::read_dir(shared.join("data/spot_5m")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut all = Table::default();
    let mut each = Vec::new();
    for path in &paths {
        let (decimals, candles) = read_csv(path, Timeframe::M5);
        let instrument = instrument(decimals);
        let mut strategy = settings.build(&instrument, Timeframe::M5).unwrap();
        let mut table = Table::default();
        for candle in &candles {
            table.add(&answer(strategy.as_mut(), &instrument, candle));
        }
        all.merge(&table);
        let file = path.file_name().unwrap().to_str().unwrap();
        each.push((file.split('_').next().unwrap().to_owned(), table));
    }
    (each, all)
}

fn skipped() {
    println!("SKIPPED: no real candles; set SEAWALL_SHARED to the folder that holds data/spot_5m");
}

#[test]
fn smc_decides_on_real_candles_and_some_setups_pass_every_gate() {
    let Some(shared) = shared() else { return skipped() };
    let (each, all) = tables(&shared, &SmcSettings::default());
    for (name, table) in &each {
        println!("{}", table.line(name));
        assert!(table.decisions > 9_000, "one decision an hour: {}", table.line(name));
    }
    println!("{}", all.line("all"));
    assert!(all.entered > 0, "a gate blocks everything: {}", all.line("all"));
    let opened = |gate: Gate| all.refused.get(&gate).is_some_and(|count| *count > 0);
    for gate in [Gate::WarmUp, Gate::Premium, Gate::Fibonacci, Gate::Adx, Gate::Score, Gate::EntryDistance] {
        assert!(opened(gate), "{} refuses nothing over fourteen months", gate.name());
    }
}

#[test]
fn every_switch_changes_what_passes_on_real_candles() {
    let Some(shared) = shared() else { return skipped() };
    let default = SmcSettings::default;
    let (_, usual) = tables(&shared, &default());
    for (name, settings) in [
        ("weekly zone off", SmcSettings { higher_tf_mode: HigherTimeframeMode::Off, ..default() }),
        ("weekly zone hard", SmcSettings { higher_tf_mode: HigherTimeframeMode::Hard, ..default() }),
        ("without premium gate", SmcSettings { premium_discount_gate: false, ..default() }),
        ("without fibonacci gate", SmcSettings { fibonacci_gate: false, ..default() }),
        ("without order blocks", SmcSettings { order_block: false, ..default() }),
        ("wide setups only", SmcSettings { order_block: false, fair_value_gap: false, ..default() }),
        ("with break required", SmcSettings { require_bos_confirmation: true, ..default() }),
        ("at market", SmcSettings { entry_order: EntryOrder::Market, ..default() }),
        ("decided every 15m", SmcSettings { evaluate_timeframe: Timeframe::M15, ..default() }),
    ] {
        let (_, table) = tables(&shared, &settings);
        println!("{}", table.line(name));
        assert_ne!(table, usual, "{name}");
    }
}
