//! The portfolio guards over entries and the switches of `execution`: what each refuses, and what it never
//! touches. Scenarios cite the incident [I-n] that they keep from happening here.

#![allow(clippy::float_cmp, reason = "shares of a few instruments are exact")]

use crate::common::bench::Bench;
use crate::common::script::{plan, target};
use crate::common::{lossless, setup};
use seawall_engine::{RiskSettings, Setup, TradeSettings};
use seawall_model::{
    AlertKind, CancelReason, ExitReason, Gate, GateReading, GuardMode, OrderRole, Outcome, Setup as Kind,
    Side, Verdict,
};
use seawall_strategy::{Direction, EntryPlan, Evaluation};

/// An engine with `count` instruments and no limits but the guards.
fn bench(count: u32, change: impl FnOnce(&mut TradeSettings)) -> Bench {
    let risk = RiskSettings::without_limits();
    let mut setup = Setup { risk, ..setup(count, lossless()) };
    setup.trade.multi_tp.enabled = false;
    change(&mut setup.trade);
    Bench::with_setup(setup).reconciled()
}

/// A plan whose setup has a regime.
fn managed(direction: Direction) -> EntryPlan {
    EntryPlan { setup: Kind::OrderBlock, ..plan(direction) }
}

/// A trade that is entered `wait` minutes after the last candle and held for `hold` minutes.
fn trade(bench: &mut Bench, plan: EntryPlan, wait: i64, hold: i64) {
    bench.skip_minutes(wait - 1);
    let stop = bench.protected(plan);
    bench.skip_minutes(hold - 1);
    bench.script.push(Evaluation::Exit(ExitReason::Signal));
    bench.candle(10_000);
    let order = bench.placed(OrderRole::Exit);
    bench.accept(&order);
    bench.fill(&order, order.qty.get(), 10_000);
    bench.cancelled(&stop, CancelReason::Requested);
    bench.requests.clear();
    assert_eq!(bench.held(), 0);
}

/// What an entry `wait` minutes after the last candle is refused by.
fn refusal(bench: &mut Bench, plan: EntryPlan, wait: i64) -> Option<Gate> {
    bench.skip_minutes(wait - 1);
    bench.refusal(plan)
}

fn reading(bench: &Bench, gate: Gate) -> Option<GateReading> {
    bench.decisions.last().unwrap().gates.iter().find(|reading| reading.gate == gate).copied()
}

fn long() -> EntryPlan {
    managed(Direction::Long)
}

fn short() -> EntryPlan {
    managed(Direction::Short)
}

fn churn(change: impl FnOnce(&mut TradeSettings), trades: &[(i64, i64)], wait: i64) -> Option<Gate> {
    let mut bench = bench(1, change);
    for (wait, hold) in trades {
        trade(&mut bench, long(), *wait, *hold);
    }
    refusal(&mut bench, long(), wait)
}

/// [I-64]: fees bled away by closing and entering again.
#[test]
fn i_64_an_instrument_that_is_closed_and_entered_again_too_quickly_pauses() {
    let quick = [(1, 10), (10, 10), (10, 10)];
    assert_eq!(churn(|_| (), &quick[..2], 10), None, "one event is none");
    assert_eq!(churn(|_| (), &quick, 10), Some(Gate::Churn));
    assert_eq!(churn(|_| (), &quick, 31), None, "half an hour later it goes on");
    let mut bench = bench(1, |_| ());
    for (wait, hold) in quick {
        trade(&mut bench, long(), wait, hold);
    }
    assert!(bench.alerted(AlertKind::EntriesPaused));
    refusal(&mut bench, long(), 10);
    let churn = reading(&bench, Gate::Churn).unwrap();
    assert_eq!((churn.measured.round(), churn.threshold, churn.verdict), (20.0, 0.0, Verdict::Fail));
}

/// Effect of `auction.churn.hold_minutes_max`.
/// Effect of `auction.churn.reopen_minutes_max`.
/// Effect of `auction.churn.window_hours`.
/// Effect of `auction.churn.events_min`.
/// Effect of `auction.churn.tier_1_minutes`.
/// Effect of `auction.churn.tier_2_minutes`.
/// Effect of `auction.churn.tier_3_minutes`.
/// Effect of `auction.churn.mode`.
#[test]
fn each_key_of_churn_moves_its_bound() {
    type Change = fn(&mut TradeSettings);
    type Trades<'a> = &'a [(i64, i64)];
    let quick: Trades<'_> = &[(1, 10), (10, 10), (10, 10)];
    let second: Trades<'_> = &[(1, 10), (10, 10), (10, 10), (40, 10)];
    let third: Trades<'_> = &[(1, 10), (10, 10), (10, 10), (40, 10), (150, 10)];
    let cases: [(Change, Trades<'_>, i64); 8] = [
        (|trade| trade.auction.churn.hold_minutes_max = 9, quick, 10),
        (|trade| trade.auction.churn.reopen_minutes_max = 9, quick, 10),
        (|trade| trade.auction.churn.window_hours = 1, &[(1, 50), (60, 50), (60, 50)], 10),
        (|trade| trade.auction.churn.events_min = 3, quick, 10),
        (|trade| trade.auction.churn.tier_1_minutes = 5, quick, 10),
        (|trade| trade.auction.churn.tier_2_minutes = 60, second, 70),
        (|trade| trade.auction.churn.tier_3_minutes = 180, third, 200),
        (|trade| trade.auction.churn.mode = GuardMode::Off, quick, 10),
    ];
    for (number, (change, trades, wait)) in cases.into_iter().enumerate() {
        assert_eq!(churn(|_| (), trades, wait), Some(Gate::Churn), "case {number}");
        assert_eq!(churn(change, trades, wait), None, "case {number}");
    }
}

/// Rule 13 of the spec, [I-50]: windows of hours do not live in the memory of a process.
#[test]
fn i_50_a_replay_of_the_inputs_brings_the_pause_and_its_tier_back() {
    let run = || {
        let mut bench = bench(1, |_| ());
        for (wait, hold) in [(1, 10), (10, 10), (10, 10), (40, 10)] {
            trade(&mut bench, long(), wait, hold);
        }
        bench
    };
    let (mut first, mut replayed) = (run(), run());
    assert_eq!(first.digest_but_time(), replayed.digest_but_time());
    // A process that starts again finds what the journal says, and so does the one that went on.
    replayed.input(seawall_model::Input::Started);
    let mut replayed = replayed.reconciled();
    for bench in [&mut first, &mut replayed] {
        assert_eq!(refusal(bench, long(), 100), Some(Gate::Churn));
        assert_eq!(refusal(bench, long(), 25), None);
    }
}

#[test]
fn positions_that_nobody_decided_on_count_for_nothing() {
    let mut bench = bench(1, |_| ());
    for _ in 0..4 {
        bench.foreign_fill(Side::Buy, 1_000, 10_000, seawall_model::FillCause::Order);
        bench.pass_ms(60_000);
        bench.foreign_fill(Side::Sell, 1_000, 10_000, seawall_model::FillCause::Order);
        bench.pass_ms(60_000);
    }
    bench.pass_ms(20_000);
    bench.requests.clear();
    for order in
        bench.engine.live_orders(crate::common::bench::BTC).map(|order| order.order).collect::<Vec<_>>()
    {
        bench.venue(seawall_model::VenueEvent::Cancelled { order, reason: CancelReason::Requested });
    }
    bench.skip_minutes(10);
    assert_eq!(refusal(&mut bench, short(), 1), None);
}

/// Effect of `auction.anti_flip.mode`.
/// Effect of `auction.anti_flip.minutes`.
#[test]
fn the_side_against_the_last_trade_is_locked_for_a_while() {
    let after = |change: fn(&mut TradeSettings), plan: EntryPlan, wait: i64| {
        let mut bench = bench(1, change);
        trade(&mut bench, long(), 1, 90);
        let refused = refusal(&mut bench, plan, wait);
        (refused, reading(&bench, Gate::AntiFlip))
    };
    let (refused, locked) = after(|_| (), short(), 10);
    let locked = locked.unwrap();
    assert_eq!(refused, Some(Gate::AntiFlip));
    assert_eq!((locked.measured.round(), locked.threshold), (35.0, 0.0));
    assert_eq!(after(|_| (), short(), 46).0, None, "45 minutes are over");
    assert_eq!(after(|_| (), long(), 10).0, None, "the same side is free");
    assert_eq!(after(|_| (), plan(Direction::Short), 10), (None, None), "no regime, not asked");
    assert_eq!(after(|trade| trade.auction.anti_flip.minutes = 5, short(), 10).0, None);
    assert_eq!(after(|trade| trade.auction.anti_flip.mode = GuardMode::Off, short(), 10), (None, None));
    let (refused, watched) = after(|trade| trade.auction.anti_flip.mode = GuardMode::Shadow, short(), 10);
    assert_eq!((refused, watched.unwrap().verdict), (None, Verdict::Shadow));
}

/// What a candle with an opposite plan does: the exit that it begins, what refuses the entry, and the side
/// held when everything asked for has been carried out.
fn turned(
    change: impl FnOnce(&mut TradeSettings),
    plan: fn(Direction) -> EntryPlan,
) -> (Option<Gate>, Option<Side>) {
    let mut bench = bench(1, change);
    let stop = bench.protected(plan(Direction::Long));
    let refused = refusal(&mut bench, plan(Direction::Short), 1);
    assert_eq!(bench.decisions.last().unwrap().exit, Some(ExitReason::Reversal), "the exit is never refused");
    let exit = bench.placed(OrderRole::Exit);
    bench.fill_of(&exit, 10_000);
    bench.cancelled(&stop, CancelReason::Requested);
    assert_eq!(bench.held(), 0);
    bench.pass_ms(1);
    let entry = bench.placements().into_iter().find(|order| order.role == OrderRole::Entry);
    (refused, entry.map(|entry| entry.side))
}

#[test]
fn a_reversal_is_a_flip_too_but_its_exit_is_never_refused() {
    assert_eq!(turned(|_| (), managed), (Some(Gate::AntiFlip), None));
    let shadow = |trade: &mut TradeSettings| trade.auction.anti_flip.mode = GuardMode::Shadow;
    assert_eq!(turned(shadow, managed), (None, Some(Side::Sell)));
    // A strategy that reverses by design goes on doing so.
    assert_eq!(turned(|_| (), plan), (None, Some(Side::Sell)));
}

/// Effect of `execution.reversals_enabled`.
#[test]
fn without_reversals_an_opposite_plan_only_closes() {
    let off = |trade: &mut TradeSettings| trade.execution.reversals_enabled = false;
    assert_eq!(turned(off, plan), (Some(Gate::ReversalsEnabled), None));
    let mut bench = bench(1, off);
    assert_eq!(refusal(&mut bench, plan(Direction::Short), 1), None, "an entry from flat is none");
}

/// Effect of `execution.entries_enabled`.
#[test]
fn without_entries_nothing_is_entered_and_what_is_held_is_managed() {
    let mut bench = bench(1, |trade| trade.execution.entries_enabled = false);
    assert_eq!(refusal(&mut bench, plan(Direction::Long), 1), Some(Gate::EntriesEnabled));
    assert_eq!(refusal(&mut bench, long(), 1), Some(Gate::EntriesEnabled));
    bench.foreign_fill(Side::Buy, 1_000, 10_000, seawall_model::FillCause::Order);
    let stop = bench.placed(OrderRole::Stop);
    bench.accept(&stop);
    assert!(bench.position().protected);
    bench.script.push(Evaluation::Exit(ExitReason::Signal));
    bench.candle(10_000);
    assert_eq!(bench.placed(OrderRole::Exit).qty, stop.qty);
}

/// Effect of `execution.partials_enabled`.
#[test]
fn without_partials_only_a_target_for_the_whole_position_rests() {
    let resting = |partials: bool, shares: &[i64]| {
        let mut bench = bench(1, |trade| trade.execution.partials_enabled = partials);
        let mut plan = plan(Direction::Long);
        plan.targets = shares.iter().zip(1..).map(|(share, number)| target(100 * number, *share)).collect();
        bench.protected(plan);
        let targets = bench.placements().into_iter();
        targets
            .filter(|order| matches!(order.role, OrderRole::Target(_)))
            .map(|order| order.qty.get())
            .collect()
    };
    let all: [(bool, &[i64], Vec<i64>); 4] = [
        (true, &[50, 40], vec![500, 400]),
        (false, &[50, 40], vec![]),
        (false, &[50, 50], vec![]),
        (false, &[100], vec![1_000]),
    ];
    for (partials, shares, expected) in all {
        let found: Vec<i64> = resting(partials, shares);
        assert_eq!(found, expected, "{partials} {shares:?}");
    }
}

/// Two instruments, of which the second has measured `readings` (ADX and score), one a candle; then a plan on
/// the first. The share of choppy instruments that its record shows.
fn chop(change: impl FnOnce(&mut TradeSettings), readings: &[(f64, f64)], wait: i64) -> Option<GateReading> {
    let mut bench = bench(2, change);
    for (adx, score) in readings {
        bench.scripts[1].measures(*adx, *score);
        bench.candles(&[(1, 10_000, Evaluation::Hold)]);
    }
    bench.skip_minutes(wait - 1);
    bench.candles(&[(0, 10_000, Evaluation::Enter(long()))]);
    assert_eq!(bench.outcome(), Some(Outcome::Entered), "chop refuses nothing by itself");
    reading(&bench, Gate::Chop)
}

const IDLE: [(f64, f64); 3] = [(17.0, 60.0), (16.0, 62.0), (15.0, 61.0)];

/// Effect of `auction.chop.adx_below`.
/// Effect of `auction.chop.score_spread_below`.
/// Effect of `auction.chop.window_hours`.
#[test]
fn an_instrument_without_momentum_whose_scores_hardly_move_is_choppy() {
    let share = |change: fn(&mut TradeSettings), readings: &[(f64, f64)], wait: i64| {
        let reading = chop(change, readings, wait).unwrap();
        assert_eq!(reading.threshold, 50.0);
        reading.measured
    };
    assert_eq!(share(|_| (), &IDLE, 1), 50.0);
    assert_eq!(share(|_| (), &[], 1), 0.0, "a strategy that measures nothing has no verdict");
    assert_eq!(share(|trade| trade.auction.chop.adx_below = "15".parse().unwrap(), &IDLE, 1), 0.0);
    assert_eq!(share(|trade| trade.auction.chop.score_spread_below = "0.5".parse().unwrap(), &IDLE, 1), 0.0);
    assert_eq!(share(|_| (), &IDLE, 90), 50.0);
    assert_eq!(share(|trade| trade.auction.chop.window_hours = 1, &IDLE, 90), 0.0);
}

/// Trades of the second instrument that reverse quickly, then a plan on the first.
fn chop_by_reversals(change: impl FnOnce(&mut TradeSettings), reversals: usize) -> f64 {
    let free = |trade: &mut TradeSettings| {
        trade.auction.anti_flip.mode = GuardMode::Off;
        trade.auction.churn.mode = GuardMode::Off;
        change(trade);
    };
    let mut bench = bench(1, free);
    for number in 0..=reversals {
        let direction = if number % 2 == 0 { Direction::Long } else { Direction::Short };
        trade(&mut bench, managed(direction), 20, 20);
    }
    refusal(&mut bench, long(), 1);
    reading(&bench, Gate::Chop).unwrap().measured
}

/// Effect of `auction.chop.reversals_min`.
/// Effect of `auction.chop.hold_minutes_max`.
/// Effect of `auction.chop.reopen_minutes_max`.
#[test]
fn an_instrument_that_reversed_quickly_is_choppy() {
    assert_eq!(chop_by_reversals(|_| (), 1), 0.0);
    assert_eq!(chop_by_reversals(|_| (), 2), 100.0);
    assert_eq!(chop_by_reversals(|trade| trade.auction.chop.reversals_min = 1, 1), 100.0);
    assert_eq!(chop_by_reversals(|trade| trade.auction.chop.hold_minutes_max = 19, 2), 0.0);
    assert_eq!(chop_by_reversals(|trade| trade.auction.chop.reopen_minutes_max = 19, 2), 0.0);
}

/// Effect of `auction.chop.mode`.
/// Effect of `auction.chop.instruments_pct`.
#[test]
fn the_verdict_on_chop_stands_in_the_record_also_in_shadow() {
    let verdict = |mode: GuardMode, most: &str| {
        let change = |trade: &mut TradeSettings| {
            trade.auction.chop.mode = mode;
            trade.auction.chop.instruments_pct = most.parse().unwrap();
        };
        chop(change, &IDLE, 1).map(|reading| (reading.measured, reading.verdict))
    };
    assert_eq!(verdict(GuardMode::Off, "40"), None);
    assert_eq!(verdict(GuardMode::Shadow, "50"), Some((50.0, Verdict::Pass)), "half is not more than half");
    assert_eq!(verdict(GuardMode::Shadow, "40"), Some((50.0, Verdict::Shadow)));
    assert_eq!(verdict(GuardMode::On, "40"), Some((50.0, Verdict::Pass)), "it acts on the auction");
}

#[test]
fn what_is_measured_in_an_instant_counts_for_its_entries_in_whichever_order_it_comes() {
    let share = |order: [u32; 2]| {
        let mut bench = bench(2, |_| ());
        for (adx, score) in IDLE {
            bench.scripts[1].measures(adx, score);
            let answer = |number: u32| match number {
                0 if adx == 15.0 => (0, 10_000, Evaluation::Enter(long())),
                _ => (number, 10_000, Evaluation::Hold),
            };
            bench.candles(&order.map(answer));
        }
        let of_first =
            bench.decisions.iter().rev().find(|one| one.instrument == crate::common::bench::BTC).unwrap();
        of_first.gates.iter().find(|reading| reading.gate == Gate::Chop).unwrap().measured
    };
    assert_eq!((share([0, 1]), share([1, 0])), (50.0, 50.0));
}
