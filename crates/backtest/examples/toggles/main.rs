//! What each part of the `smc` system does on real candles: one portfolio, run once for each toggle, and the
//! same management with random entries as a baseline.
//!
//! The folder with candles of five minutes is the first argument (default `../shared/data/spot_5m`), the
//! number of random runs the second (default 200). Fees, spread and slippage are the simulator's defaults;
//! funding, which these candles come without, is assumed. Without the folder it says so and ends.
//! `cargo xtask bench toggles` runs it in release mode.

#![allow(clippy::print_stdout, reason = "a report for the terminal")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a report that cannot be made may say so loudly"
)]

mod market;
mod random;
mod tally;
mod variants;

use std::path::PathBuf;

use seawall_backtest::{Market, Outcome, RunSettings, run, run_strategies};
use seawall_strategy::Strategy;

use crate::random::{Habits, RandomEntry};
use crate::tally::Tally;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let shared = std::env::var_os("SEAWALL_SHARED").map_or_else(|| PathBuf::from("../shared"), PathBuf::from);
    let folder = arguments.next().map_or_else(|| shared.join("data/spot_5m"), PathBuf::from);
    let runs: u64 = arguments.next().map_or(200, |text| text.parse().unwrap());
    if !folder.is_dir() {
        println!("SKIPPED: no candles in {}", folder.display());
        return;
    }
    let market = market::load(&folder);
    println!(
        "{} instruments, {} candles; funding of {} assumed every eight hours\n",
        market.instruments().len(),
        market.candle_count(),
        market::FUNDING_RATE
    );
    let mut tallies: Vec<(&str, Tally)> = Vec::new();
    for (name, settings) in variants::all() {
        tallies.push((name, Tally::new(&run(&market, &settings, &mut |_| {}).unwrap())));
    }
    tally::print_results(&tallies);
    tally::print_exits(&tallies);
    tally::print_setups(&tallies);
    let base = variants::base();
    let usual = run(&market, &base, &mut |_| {}).unwrap();
    baseline(&market, &base, &usual, runs);
}

/// How the defaults without halts fare against entries at random: as many, the same directions, stop
/// distances and setups, the same management, costs and limits.
fn baseline(market: &Market, settings: &RunSettings, usual: &Outcome, runs: u64) {
    let habits = Habits::of(usual, market);
    if habits.is_empty() {
        println!("\nno trades: nothing to compare with random entries");
        return;
    }
    let mine = Tally::new(usual);
    let play = |seed: u64, chance: f64| {
        let strategies: Vec<Box<dyn Strategy>> = market
            .instruments()
            .iter()
            .zip(market.series())
            .zip(0_u64..)
            .map(|((instrument, series), number)| {
                let inner = settings.strategy.build(instrument, series.timeframe).unwrap();
                let seed = seed * 1_000 + number;
                Box::new(RandomEntry::new(inner, habits.clone(), seed, chance)) as Box<dyn Strategy>
            })
            .collect();
        Tally::new(&run_strategies(market, settings, strategies, &mut |_| {}).unwrap())
    };
    // As often as the setups: a first guess, corrected once by what it gave.
    let hours = market.candle_count() as f64 / 12.0;
    let guess = mine.trades() as f64 / hours;
    let pilot: f64 = (0..5).map(|seed| play(900_000 + seed, guess).trades() as f64).sum::<f64>() / 5.0;
    let chance = guess * mine.trades() as f64 / pilot.max(1.0);
    let random: Vec<Tally> = (0..runs).map(|seed| play(seed, chance)).collect();
    tally::print_baseline(&mine, &random);
}
