//! What a choppy market changes about the auction, and what it does not.

use crate::common::bench::Bench;
use crate::common::script::plan;
use crate::common::{lossless, setup};
use seawall_engine::overlays::settings::ChopSettings;
use seawall_engine::{RiskSettings, Setup};
use seawall_model::{FillCause, Gate, GuardMode, OrderRole, Setup as Kind, Side};
use seawall_strategy::{Direction, EntryPlan, Evaluation};

/// One place and three instruments, of which the third goes nowhere: more than the 30 % asked for here.
fn choppy(change: impl FnOnce(&mut ChopSettings)) -> Bench {
    let mut setup = Setup { risk: RiskSettings::without_limits(), ..setup(3, lossless()) };
    setup.trade.multi_tp.enabled = false;
    setup.trade.management.time_exit_bars = 0;
    let auction = &mut setup.trade.auction;
    auction.mode = GuardMode::On;
    auction.positions_max = 1;
    auction.cluster_positions_max = 1;
    auction.no_signal_persistence_cycles = 2;
    auction.chop.instruments_pct = "30".parse().unwrap();
    change(&mut auction.chop);
    let mut bench = Bench::with_setup(setup).reconciled();
    for (adx, score) in [(17.0, 60.0), (16.0, 62.0), (15.0, 61.0)] {
        bench.scripts[2].measures(adx, score);
        bench.candles(&[(2, 10_000, Evaluation::Hold)]);
    }
    bench
}

fn scored(score: f64) -> Evaluation {
    Evaluation::Enter(EntryPlan { setup: Kind::OrderBlock, score: Some(score), ..plan(Direction::Long) })
}

/// The second instrument takes the place.
fn occupied(bench: &mut Bench) {
    bench.candles(&[(1, 10_000, scored(50.0))]);
    let entry = bench.placed(OrderRole::Entry);
    bench.fill_of(&entry, 10_000);
    let stop = bench.placed(OrderRole::Stop);
    bench.accept(&stop);
}

/// The first instrument wants in `minutes` after the place was taken; what `gate` held its reading against.
fn threshold(minutes: i64, gate: Gate, change: impl FnOnce(&mut ChopSettings)) -> Option<f64> {
    let mut bench = choppy(change);
    occupied(&mut bench);
    bench.skip_minutes(minutes - 1);
    bench.candles(&[(0, 10_000, scored(90.0))]);
    bench.reading(gate).map(|(_, threshold)| threshold)
}

fn watches(chop: &mut ChopSettings) {
    chop.mode = GuardMode::Shadow;
}

/// Effect of `auction.chop.swap_threshold_add`.
#[test]
fn in_chop_an_entry_must_be_worth_more_to_take_a_place() {
    assert_eq!(threshold(120, Gate::AuctionSwap, watches), Some(14.0));
    assert_eq!(threshold(120, Gate::AuctionSwap, |_| ()), Some(16.0));
    let more = |chop: &mut ChopSettings| chop.swap_threshold_add = "5".parse().unwrap();
    assert_eq!(threshold(120, Gate::AuctionSwap, more), Some(19.0));
    // A market that is not choppy changes nothing.
    let calm = |chop: &mut ChopSettings| chop.instruments_pct = "34".parse().unwrap();
    assert_eq!(threshold(120, Gate::AuctionSwap, calm), Some(14.0));
}

/// Effect of `auction.chop.min_hold_factor`.
#[test]
fn in_chop_a_position_keeps_its_place_for_longer() {
    // 45 minutes, or twice as long: after 60 the place may be taken, or it is locked.
    assert_eq!(threshold(60, Gate::AuctionSwap, watches), Some(14.0));
    assert_eq!(threshold(60, Gate::AuctionSwap, |_| ()), None);
    let short = |chop: &mut ChopSettings| chop.min_hold_factor = "1.2".parse().unwrap();
    assert_eq!(threshold(60, Gate::AuctionSwap, short), Some(16.0));
}

/// Effect of `auction.chop.opens_per_cycle_less`.
#[test]
fn in_chop_fewer_positions_are_opened_in_a_cycle() {
    let pace = |change: fn(&mut ChopSettings)| {
        let mut bench = choppy(change);
        bench.candles(&[(0, 10_000, scored(90.0))]);
        (bench.reading(Gate::AuctionPace).unwrap().1, bench.placements().len())
    };
    assert_eq!(pace(watches), (5.0, 1));
    assert_eq!(pace(|_| ()), (4.0, 1));
    assert_eq!(pace(|chop| chop.opens_per_cycle_less = 3), (2.0, 1));
    // More than there are is none at all, not fewer than none.
    assert_eq!(pace(|chop| chop.opens_per_cycle_less = 9), (0.0, 0));
}

/// Cycles by the clock until the second instrument, which has lost its place to a position found at the
/// venue, is closed.
fn cycles_kept(change: impl FnOnce(&mut ChopSettings)) -> i64 {
    let mut bench = choppy(change);
    occupied(&mut bench);
    bench.skip_minutes(120);
    bench.candles(&[(2, 10_000, Evaluation::Hold)]);
    bench.foreign_fill_of(0, Side::Buy, 1_000, 10_000, FillCause::Order);
    let stop = bench.placed(OrderRole::Stop);
    bench.accept(&stop);
    for cycles in 1..20 {
        bench.pass_ms(15 * 60_000);
        if bench.placements().iter().any(|order| order.role == OrderRole::Exit) {
            return cycles;
        }
    }
    panic!("it is never closed");
}

/// Effect of `auction.chop.persistence_cycles_add`.
#[test]
fn in_chop_a_position_without_a_place_is_kept_for_more_cycles() {
    assert_eq!(cycles_kept(watches), 2);
    assert_eq!(cycles_kept(|_| ()), 3);
    assert_eq!(cycles_kept(|chop| chop.persistence_cycles_add = 4), 6);
}
