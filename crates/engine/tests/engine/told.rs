//! What a strategy is told beside the candles: which of its plans became orders, when positions were stopped
//! out, and what funding to expect.

use crate::common::bench::Bench;
use crate::common::lossless;
use crate::common::script::plan;
use seawall_engine::RiskSettings;
use seawall_model::{AlertKind, Command, ExitReason, Gate, SystemMode};
use seawall_strategy::{Direction, Evaluation, STOP_OUTS_MAX};

#[test]
fn a_plan_that_risk_refuses_was_never_acted_on() {
    let mut bench = Bench::under(1, RiskSettings::without_limits());
    bench.command(Command::SetMode(SystemMode::ReduceOnly));
    assert_eq!(bench.refusal(plan(Direction::Long)), Some(Gate::SystemMode));
    assert!(bench.script.told().taken.is_empty());
    bench.command(Command::SetMode(SystemMode::Normal));
    bench.want(plan(Direction::Long));
    assert_eq!(bench.script.told().taken, [bench.last_candle().known_at]);
}

#[test]
fn only_entries_are_orders_of_a_plan() {
    let mut bench = Bench::ready(lossless());
    bench.protected(plan(Direction::Long));
    let taken = bench.script.told().taken;
    assert_eq!(taken.len(), 1, "the stop is the engine's own");
    // The turn closes first; its entry is an order once the position is flat.
    bench.script.push(Evaluation::Enter(plan(Direction::Short)));
    bench.candle(10_000);
    assert_eq!(bench.script.told().taken, taken);
}

/// Enters at 100.00 and is stopped out at 98.00.
fn stopped_out(bench: &mut Bench) {
    let stop = bench.protected(plan(Direction::Long));
    bench.mark(9_800);
    bench.fill(&stop, stop.qty.get(), 9_800);
    assert_eq!(bench.trades.last().unwrap().exits.last().unwrap().reason, ExitReason::StopLoss);
    bench.requests.clear();
}

#[test]
fn stop_outs_are_told_with_the_next_candles_and_other_exits_are_not() {
    let mut bench = Bench::under(1, RiskSettings::without_limits());
    bench.round_trip(plan(Direction::Long), 9_900);
    bench.candle(10_000);
    assert!(bench.script.told().stop_outs.is_empty(), "a loss by signal is no stop-out");
    stopped_out(&mut bench);
    let first = bench.now;
    bench.candle(10_000);
    assert_eq!(bench.script.told().stop_outs, [first]);
    stopped_out(&mut bench);
    let second = bench.now;
    bench.candle(10_000);
    assert_eq!(bench.script.told().stop_outs, [first, second]);
    assert!(!bench.alerted(AlertKind::InvariantBroken));
}

#[test]
fn as_many_stop_outs_as_a_strategy_is_told_of_are_remembered_and_they_are_part_of_the_digest() {
    let mut bench = Bench::under(1, RiskSettings::without_limits());
    let mut digests = Vec::new();
    for _ in 0..STOP_OUTS_MAX + 3 {
        stopped_out(&mut bench);
        digests.push(bench.digest_but_time());
    }
    bench.candle(10_000);
    let told = bench.script.told().stop_outs;
    assert_eq!(told.len(), STOP_OUTS_MAX);
    assert!(told.is_sorted());
    digests.dedup();
    assert_eq!(digests.len(), STOP_OUTS_MAX + 3);
}

#[test]
fn the_funding_to_expect_follows_the_settings_that_the_fee_guard_uses() {
    let mut risk = RiskSettings::without_limits();
    risk.fee_edge.funding_daily_bps = "24".parse().unwrap();
    risk.fee_edge.tight_smc_hold_hours = 5;
    let mut bench = Bench::under(1, risk);
    bench.candle(10_000);
    let told = bench.script.told().funding;
    assert!((told.tight_smc_bps - 5.0).abs() < 1e-9 && (told.wide_structure_bps - 36.0).abs() < 1e-9);
}
