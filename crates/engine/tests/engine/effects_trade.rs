//! What each key of protection, execution, take-profits and management changes: the same scenario, the key at
//! two values, and what is asked of the venue.

use crate::common::bench::{Bench, trigger};
use crate::common::script::{KNOWS_NOTHING, plan};
use crate::common::smc::setup_plan;
use crate::common::{lossless, price, remote};
use seawall_engine::{FinalTarget, Setup};
use seawall_model::{
    CancelReason, OrderKind, OrderRequest, OrderRole, RejectReason, Setup as Seen, Timeframe, TriggerSource,
    VenueRequest,
};
use seawall_strategy::{Direction, Outlook, Premise};

type Change = fn(&mut Setup);

/// Whether `happened` becomes true exactly `after_ms` milliseconds from now.
fn happens_after(bench: &mut Bench, after_ms: i64, happened: impl Fn(&Bench) -> bool) {
    assert!(!happened(bench), "at once");
    bench.pass_ms(after_ms - 1);
    assert!(!happened(bench), "before {after_ms} ms");
    bench.pass_ms(1);
    assert!(happened(bench), "after {after_ms} ms: {:?}", bench.requests);
}

fn has_placed(role: OrderRole) -> impl Fn(&Bench) -> bool {
    move |bench| bench.placements().iter().any(|order| order.role == role)
}

/// Effect of `protection.confirm_deadline_ms`.
#[test]
fn a_stop_without_an_answer_is_followed_by_the_other_trigger_at_the_deadline() {
    for confirm_deadline_ms in [2_000, 3_000] {
        let mut bench = Bench::ready_with(remote(), |setup| {
            setup.protection.confirm_deadline_ms = confirm_deadline_ms;
        });
        let stop = bench.enter(plan(Direction::Long));
        assert_eq!(stop.kind.trigger().unwrap().source, TriggerSource::Mark);
        happens_after(&mut bench, i64::from(confirm_deadline_ms), has_placed(OrderRole::Stop));
        assert_eq!(bench.placed(OrderRole::Stop).kind.trigger().unwrap().source, TriggerSource::Last);
    }
}

/// Effect of `protection.trigger_grace_ms`.
#[test]
fn a_stop_that_was_passed_may_take_so_long_to_fill() {
    for trigger_grace_ms in [5_000, 8_000] {
        let mut bench =
            Bench::ready_with(remote(), |setup| setup.protection.trigger_grace_ms = trigger_grace_ms);
        bench.protected(plan(Direction::Long));
        bench.mark(9_700);
        happens_after(&mut bench, i64::from(trigger_grace_ms), has_placed(OrderRole::Emergency));
    }
}

/// Effect of `protection.emergency_retry_ms`.
#[test]
fn an_emergency_close_that_was_refused_is_tried_again_after_so_long() {
    for emergency_retry_ms in [2_000, 4_500] {
        let mut bench =
            Bench::ready_with(remote(), |setup| setup.protection.emergency_retry_ms = emergency_retry_ms);
        let stop = bench.enter(plan(Direction::Long));
        bench.reject(&stop, RejectReason::WouldTriggerImmediately);
        let close = bench.placed(OrderRole::Emergency);
        bench.reject(&close, RejectReason::MarketClosed);
        happens_after(&mut bench, i64::from(emergency_retry_ms), has_placed(OrderRole::Emergency));
    }
}

/// Effect of `protection.prove_interval_s`.
#[test]
fn the_venue_is_asked_for_its_orders_so_often() {
    for prove_interval_s in [30, 45] {
        let mut bench =
            Bench::ready_with(remote(), |setup| setup.protection.prove_interval_s = prove_interval_s);
        happens_after(&mut bench, i64::from(prove_interval_s) * 1_000, |bench| {
            bench.requests.contains(&VenueRequest::QueryOpenOrders)
        });
    }
}

/// Effect of `protection.submit_deadline_ms`.
#[test]
fn an_order_without_any_answer_is_asked_about_after_so_long() {
    for submit_deadline_ms in [5_000, 7_000] {
        let mut bench =
            Bench::ready_with(remote(), |setup| setup.protection.submit_deadline_ms = submit_deadline_ms);
        let entry = bench.want(plan(Direction::Long));
        happens_after(&mut bench, i64::from(submit_deadline_ms), |bench| {
            bench.requests.contains(&VenueRequest::QueryOrder { order: entry.order })
        });
    }
}

/// Effect of `protection.takeover_stop_pct`.
#[test]
fn a_position_found_at_the_venue_gets_a_stop_so_far_away() {
    for (takeover_stop_pct, expected) in [("2", 9_800), ("3.5", 9_650)] {
        let mut bench = Bench::ready_with(remote(), |setup| {
            setup.protection.takeover_stop_pct = takeover_stop_pct.parse().unwrap();
        });
        bench.foreign_fill(seawall_model::Side::Buy, 500, 10_000, seawall_model::FillCause::Order);
        assert_eq!(trigger(&bench.placed(OrderRole::Stop)), price(expected));
    }
}

/// Effect of `execution.slippage_tolerance_pct`.
#[test]
fn an_immediate_entry_may_fill_so_far_from_the_price_of_the_decision() {
    for (slippage_tolerance_pct, worst) in [("0.1", 10_010), ("0.4", 10_040)] {
        let mut bench = Bench::ready_with(lossless(), |setup| {
            setup.trade.execution.entry_order = seawall_engine::EntryOrder::LimitIoc;
            setup.trade.execution.slippage_tolerance_pct = slippage_tolerance_pct.parse().unwrap();
        });
        let mut plan = setup_plan(Seen::OrderBlock);
        plan.reward_risk_min = "1".parse().unwrap();
        assert_eq!(bench.want(plan).kind.limit(), Some(price(worst)));
    }
}

/// A protected position of one contract entered at 100.00 with its stop at 98.00: one R is 2.00.
fn open(change: impl FnOnce(&mut Setup)) -> (Bench, OrderRequest) {
    let mut bench = Bench::ready_with(lossless(), change);
    let stop = bench.protected(setup_plan(Seen::OrderBlock));
    let targets: Vec<OrderRequest> =
        bench.placements().into_iter().filter(|order| matches!(order.role, OrderRole::Target(_))).collect();
    for target in targets {
        bench.accept(&target);
    }
    bench.requests.clear();
    (bench, stop)
}

/// Where the stop is after each of these closes, at a range of 1.00.
fn trailed(closes: &[i64], change: Change) -> Vec<i64> {
    let (mut bench, _) = open(|setup| {
        // Nothing but what the case is about moves the stop.
        setup.trade.multi_tp.final_target = FinalTarget::CloseFull;
        setup.trade.management.break_even = false;
        change(setup);
    });
    bench.script.sees(Outlook { atr: Some(1.0), ..KNOWS_NOTHING });
    let stop_after = |close: &i64| {
        bench.candle(*close);
        let _: Vec<_> = bench.amend_all();
        bench.position().stop.unwrap().get()
    };
    closes.iter().map(stop_after).collect()
}

/// Effect of `management.progressive_1_r`.
/// Effect of `management.progressive_1_atr`.
/// Effect of `management.progressive_2_r`.
/// Effect of `management.progressive_2_atr`.
/// Effect of `management.progressive_3_r`.
/// Effect of `management.progressive_3_atr`.
#[test]
fn each_step_of_the_progressive_trail_begins_at_its_reward_and_keeps_its_distance() {
    // Two, three, five and eight R: 1.5, 1.8, 1.4 and 1.0 ranges below the close.
    let closes = [10_400, 10_600, 11_000, 11_600];
    let cases: [(&str, Change, [i64; 4]); 7] = [
        ("as it is", |_| (), [10_250, 10_420, 10_860, 11_500]),
        (
            "progressive_1_r",
            |setup| setup.trade.management.progressive_1_r = "2".parse().unwrap(),
            [10_220, 10_420, 10_860, 11_500],
        ),
        (
            "progressive_1_atr",
            |setup| setup.trade.management.progressive_1_atr = "1.7".parse().unwrap(),
            [10_250, 10_430, 10_860, 11_500],
        ),
        (
            "progressive_2_r",
            |setup| setup.trade.management.progressive_2_r = "6".parse().unwrap(),
            [10_250, 10_420, 10_820, 11_500],
        ),
        (
            "progressive_2_atr",
            |setup| setup.trade.management.progressive_2_atr = "2".parse().unwrap(),
            [10_250, 10_420, 10_800, 11_500],
        ),
        (
            "progressive_3_r",
            |setup| setup.trade.management.progressive_3_r = "9".parse().unwrap(),
            [10_250, 10_420, 10_860, 11_460],
        ),
        (
            "progressive_3_atr",
            |setup| setup.trade.management.progressive_3_atr = "0.5".parse().unwrap(),
            [10_250, 10_420, 10_860, 11_550],
        ),
    ];
    for (what, change, expected) in cases {
        assert_eq!(trailed(&closes, change), expected, "{what}");
    }
}

/// Effect of `management.trailing`.
/// Effect of `management.trailing_atr`.
/// Effect of `management.trailing_activation_atr`.
/// Effect of `management.trailing_step_min_pct`.
#[test]
fn the_stop_follows_where_it_is_told_to_from_the_gain_and_in_the_steps_that_are_configured() {
    let closes = [10_050, 10_100, 10_150];
    let cases: [(&str, Change, [i64; 3]); 5] = [
        ("as it is", |_| (), [9_900, 9_950, 10_000]),
        ("trailing", |setup| setup.trade.management.trailing = false, [9_800, 9_800, 9_800]),
        (
            "trailing_atr",
            |setup| setup.trade.management.trailing_atr = "2".parse().unwrap(),
            [9_850, 9_900, 9_950],
        ),
        (
            "trailing_activation_atr",
            |setup| setup.trade.management.trailing_activation_atr = "1".parse().unwrap(),
            [9_800, 9_950, 10_000],
        ),
        (
            "trailing_step_min_pct",
            |setup| setup.trade.management.trailing_step_min_pct = "0.8".parse().unwrap(),
            [9_900, 9_900, 10_000],
        ),
    ];
    for (what, change, expected) in cases {
        assert_eq!(trailed(&closes, change), expected, "{what}");
    }
}

/// Effect of `multi_tp.final_r`.
/// Effect of `multi_tp.final_trail_atr`.
#[test]
fn the_trail_tightens_at_the_final_target_to_the_distance_that_is_configured() {
    let closes = [10_400, 10_600, 10_800];
    let cases: [(&str, Change, [i64; 3]); 4] = [
        ("1.2 ranges from 3 R on", |_| (), [10_250, 10_480, 10_680]),
        (
            "final_trail_atr",
            |setup| setup.trade.multi_tp.final_trail_atr = "0.6".parse().unwrap(),
            [10_250, 10_540, 10_740],
        ),
        ("final_r", |setup| setup.trade.multi_tp.final_r = "4".parse().unwrap(), [10_250, 10_420, 10_680]),
        (
            "one that is taken by an order tightens nothing",
            |setup| setup.trade.multi_tp.final_target = FinalTarget::CloseFull,
            [10_250, 10_420, 10_620],
        ),
    ];
    for (what, change, expected) in cases {
        let (mut bench, _) = open(change);
        bench.script.sees(Outlook { atr: Some(1.0), ..KNOWS_NOTHING });
        let stops = closes.map(|close| {
            bench.candle(close);
            let _: Vec<_> = bench.amend_all();
            bench.position().stop.unwrap().get()
        });
        assert_eq!(stops, expected, "{what}");
    }
}

/// Effect of `multi_tp.backfill_cooldown_s`.
#[test]
fn a_lost_take_profit_is_placed_again_after_so_long() {
    for backfill_cooldown_s in [90, 200] {
        let mut bench = Bench::ready_with(lossless(), |setup| {
            setup.trade.multi_tp.backfill_cooldown_s = backfill_cooldown_s;
        });
        bench.protected(setup_plan(Seen::OrderBlock));
        let (first, second) = (bench.placed(OrderRole::Target(1)), bench.placed(OrderRole::Target(2)));
        bench.accept(&first);
        bench.accept(&second);
        bench.requests.clear();
        bench.cancelled(&first, CancelReason::Venue);
        happens_after(&mut bench, i64::from(backfill_cooldown_s) * 1_000, has_placed(OrderRole::Target(1)));
    }
}

/// Effect of `management.premise_exit`.
/// Effect of `management.abandon_ship`.
#[test]
fn premise_and_bias_close_a_position_where_they_are_asked() {
    let premise = Outlook { premise: Premise::Gone, ..KNOWS_NOTHING };
    let bias = Outlook { bias: Some(Direction::Short), ..KNOWS_NOTHING };
    for (premise_exit, abandon_ship, outlook, closes) in [
        (true, false, premise, true),
        (false, true, premise, false),
        (false, true, bias, true),
        (true, false, bias, false),
    ] {
        let (mut bench, _) = open(|setup| {
            setup.trade.management.premise_exit = premise_exit;
            setup.trade.management.abandon_ship = abandon_ship;
        });
        bench.script.sees(outlook);
        bench.candle(9_950);
        let exit = bench.placements().into_iter().find(|order| order.role == OrderRole::Exit);
        assert_eq!(exit.map(|order| order.kind), closes.then_some(OrderKind::Market), "{outlook:?}");
    }
}

/// Effect of `management.time_exit_bars`.
/// Effect of `management.time_exit_timeframe`.
#[test]
fn a_position_without_a_take_profit_is_closed_after_so_many_bars_of_such_a_length() {
    for (time_exit_bars, time_exit_timeframe, minutes) in
        [(20, Timeframe::M15, 300), (8, Timeframe::M15, 120), (8, Timeframe::M5, 40)]
    {
        let (mut bench, _) = open(|setup| {
            setup.trade.management.time_exit_bars = time_exit_bars;
            setup.trade.management.time_exit_timeframe = time_exit_timeframe;
        });
        happens_after(&mut bench, minutes * 60_000, has_placed(OrderRole::Exit));
    }
    let (mut bench, _) = open(|setup| setup.trade.management.time_exit_bars = 0);
    bench.pass_ms(1_000 * 3_600_000);
    assert!(bench.placements().is_empty(), "never");
}
