//! `smc` over fourteen months of real five-minute candles of sixteen instruments.

#![cfg(test)]

use std::path::Path;

use crate::common::{Table, answer, instrument, read_csv, shared};
use seawall_model::{Candle, Gate, GuardMode, Instrument, Timeframe};
use seawall_strategy::smc::{
    FvgMitigation, HigherTimeframeMode, OrderBlockEntry, SmcSettings, ThesisSettings,
};
use seawall_strategy::{StrategyKind, StrategySettings};

struct Series {
    name: String,
    instrument: Instrument,
    candles: Vec<Candle>,
}

/// The five-minute series whose names begin with one of `names`; all of them for none.
fn series(shared: &Path, names: &[&str]) -> Vec<Series> {
    let folder = std::fs::read_dir(shared.join("data/spot_5m")).unwrap();
    let mut paths: Vec<_> = folder.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let named = paths.into_iter().map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), path));
    let wanted =
        named.filter(|(file, _)| names.is_empty() || names.iter().any(|name| file.starts_with(name)));
    wanted
        .map(|(file, path)| {
            let (decimals, candles) = read_csv(&path, Timeframe::M5);
            Series {
                name: file.split('_').next().unwrap().to_owned(),
                instrument: instrument(decimals),
                candles,
            }
        })
        .collect()
}

fn table(series: &Series, smc: &SmcSettings) -> Table {
    let settings =
        StrategySettings { name: StrategyKind::Smc, smc: smc.clone(), ..StrategySettings::default() };
    let mut strategy = settings.build(&series.instrument, Timeframe::M5).unwrap();
    let mut table = Table::default();
    for candle in &series.candles {
        table.add(&answer(strategy.as_mut(), &series.instrument, candle));
    }
    table
}

fn thesis_on() -> ThesisSettings {
    ThesisSettings { mode: GuardMode::On, ..ThesisSettings::default() }
}

fn skipped() {
    println!("SKIPPED: no real candles; set SEAWALL_SHARED to the folder that holds data/spot_5m");
}

#[test]
fn smc_decides_on_real_candles_and_some_setups_pass_every_gate() {
    let Some(shared) = shared() else { return skipped() };
    let mut all = Table::default();
    for series in series(&shared, &[]) {
        let table = table(&series, &SmcSettings::default());
        let line = table.line(&series.name);
        println!("{line}");
        assert!(table.decisions > 9_000, "one decision an hour: {line}");
        all.merge(&table);
    }
    println!("{}", all.line("all"));
    assert_eq!(all.setups.len(), 4, "a setup that never trades: {}", all.line("all"));
    // The exchange stood still on 24 March 2023: the hour before it closed late, with the first candle after
    // it. Another stale frame would be a false alarm.
    assert_eq!(all.refused.get(&Gate::Freshness), Some(&16));
    assert!(all.entered > 0, "a gate blocks everything: {}", all.line("all"));
    let opened = |gate: Gate| all.refused.get(&gate).is_some_and(|count| *count > 0);
    for gate in [
        Gate::WarmUp,
        Gate::StructureChange,
        Gate::ChangeDirection,
        Gate::Premium,
        Gate::Fibonacci,
        Gate::Adx,
        Gate::Score,
        Gate::EntryDistance,
        Gate::Repeat,
    ] {
        assert!(opened(gate), "{} refuses nothing over fourteen months", gate.name());
    }
}

#[test]
fn every_switch_changes_what_passes_on_real_candles() {
    let Some(shared) = shared() else { return skipped() };
    let default = SmcSettings::default;
    let some = series(&shared, &["BTC", "DOGE", "XLM"]);
    let run = |settings: &SmcSettings| {
        let mut sum = Table::default();
        some.iter().for_each(|series| sum.merge(&table(series, settings)));
        sum
    };
    let usual = run(&default());
    println!("{}", usual.line("BTC, DOGE and XLM as they are"));
    for (name, settings) in [
        ("weekly zone off", SmcSettings { higher_tf_mode: HigherTimeframeMode::Off, ..default() }),
        ("weekly zone hard", SmcSettings { higher_tf_mode: HigherTimeframeMode::Hard, ..default() }),
        ("without changes of structure", SmcSettings { ms_change: GuardMode::Off, ..default() }),
        ("with a change required", SmcSettings { require_ms_change_confirmation: true, ..default() }),
        ("changes reconfirmed", SmcSettings { skip_reconfirmation_in_trends: false, ..default() }),
        ("with RSI divergence", SmcSettings { rsi_divergence: GuardMode::On, ..default() }),
        ("with the thesis", SmcSettings { thesis: thesis_on(), ..default() }),
        ("entries in the middle", SmcSettings { ob_entry_mode: OrderBlockEntry::Mid, ..default() }),
        ("gaps until filled", SmcSettings { fvg_mitigation_mode: FvgMitigation::Full, ..default() }),
        ("without premium gate", SmcSettings { premium_discount_gate: false, ..default() }),
        ("without fibonacci gate", SmcSettings { fibonacci_gate: false, ..default() }),
        ("without order blocks", SmcSettings { order_block: false, ..default() }),
        ("wide setups only", SmcSettings { order_block: false, fair_value_gap: false, ..default() }),
        ("with break required", SmcSettings { require_bos_confirmation: true, ..default() }),
        ("decided every 15m", SmcSettings { evaluate_timeframe: Timeframe::M15, ..default() }),
    ] {
        let changed = run(&settings);
        println!("{}", changed.line(name));
        assert_ne!(changed, usual, "{name}");
    }
}
