//! Take-profits that rest and entries by order kind, at the desk of one engine. Each scenario cites the
//! incident [I-n] or the defect [D-n] of the reference that it keeps from happening here.

use crate::common::bench::{Bench, row, trigger};
use crate::common::script::{KNOWS_NOTHING, plan, target};
use crate::common::smc::{ordered, setup_plan};
use crate::common::{lossless, price, qty, remote};
use seawall_engine::{EntryOrder, FinalTarget, Setup};
use seawall_model::{
    CancelReason, Coverage, ExitReason, Gate, OrderKind, OrderRequest, OrderRole, OrderState, Outcome,
    RejectReason, Setup as Seen, TimeInForce, VenueEvent, VenueRequest,
};
use seawall_strategy::{Direction, EntryPlan, Evaluation, Outlook, Sizing};

/// The take-profits that were placed: number, quantity, price.
fn ladder(bench: &Bench) -> Vec<(u8, i64, i64)> {
    let targets = bench.placements().into_iter().filter_map(|order| match order.role {
        OrderRole::Target(number) => {
            assert!(order.reduce_only);
            Some((number, order.qty.get(), order.kind.limit().unwrap().get()))
        }
        OrderRole::Entry | OrderRole::Stop | OrderRole::Exit | OrderRole::Emergency => None,
    });
    targets.collect()
}

fn ladder_of(plan: EntryPlan, change: impl FnOnce(&mut Setup)) -> Vec<(u8, i64, i64)> {
    let mut bench = Bench::ready_with(lossless(), change);
    let _: OrderRequest = bench.protected(plan);
    ladder(&bench)
}

fn with_swings(swings: &[i64]) -> EntryPlan {
    EntryPlan { swings: swings.iter().map(|swing| price(*swing)).collect(), ..setup_plan(Seen::OrderBlock) }
}

/// [I-84]: placing lost take-profits again made three where a runner was to be left.
#[test]
fn each_regime_takes_its_shares_and_leaves_a_runner() {
    assert_eq!(ladder_of(setup_plan(Seen::OrderBlock), |_| ()), [(1, 500, 10_200), (2, 400, 10_500)]);
    assert_eq!(ladder_of(setup_plan(Seen::Trend), |_| ()), [(1, 350, 10_200), (2, 350, 10_500)]);
    let short = ordered(Direction::Short, Seen::FairValueGap);
    assert_eq!(ladder_of(short, |_| ()), [(1, 500, 9_800), (2, 400, 9_500)]);
}

/// Effect of `multi_tp.tp1_r`.
/// Effect of `multi_tp.tp2_r`.
/// Effect of `multi_tp.tight_smc_tp1_close_pct`.
/// Effect of `multi_tp.tight_smc_tp2_close_pct`.
/// Effect of `multi_tp.wide_structure_tp1_close_pct`.
/// Effect of `multi_tp.wide_structure_tp2_close_pct`.
#[test]
fn shares_and_multiples_are_those_configured() {
    let changed = |setup: &mut Setup| {
        let settings = &mut setup.trade.multi_tp;
        settings.tp1_r = "1.5".parse().unwrap();
        settings.tp2_r = "2".parse().unwrap();
        settings.tight_smc_tp1_close_pct = "10".parse().unwrap();
        settings.tight_smc_tp2_close_pct = "20".parse().unwrap();
        settings.wide_structure_tp1_close_pct = "30".parse().unwrap();
        settings.wide_structure_tp2_close_pct = "40".parse().unwrap();
    };
    assert_eq!(ladder_of(setup_plan(Seen::FairValueGap), changed), [(1, 100, 10_300), (2, 200, 10_400)]);
    let wide = setup_plan(Seen::BreakOfStructure);
    assert_eq!(ladder_of(wide, changed), [(1, 300, 10_300), (2, 400, 10_400)]);
}

#[test]
fn swings_nearer_than_the_multiple_of_a_slot_or_on_the_losing_side_are_passed_over() {
    // [D-19]: candidates were held against another price than the entry, and any distance was accepted.
    let swings = [9_900, 10_050, 10_230, 10_260, 10_520, 10_900];
    assert_eq!(ladder_of(with_swings(&swings[..5]), |_| ()), [(1, 500, 10_230), (2, 400, 10_520)]);
    assert_eq!(ladder_of(with_swings(&swings[5..]), |_| ()), [(1, 500, 10_200), (2, 400, 10_500)]);
}

/// Effect of `multi_tp.final_target`.
/// Effect of `multi_tp.final_close_pct`.
#[test]
fn at_the_final_target_nothing_part_of_the_runner_or_all_of_it_is_taken_by_a_resting_order() {
    let closing = |final_target, share: &'static str| {
        ladder_of(setup_plan(Seen::OrderBlock), move |setup: &mut Setup| {
            setup.trade.multi_tp.final_target = final_target;
            setup.trade.multi_tp.final_close_pct = share.parse().unwrap();
            setup.trade.multi_tp.final_r = "4".parse().unwrap();
        })
    };
    assert_eq!(closing(FinalTarget::TightenTrail, "50").len(), 2);
    assert_eq!(closing(FinalTarget::ClosePartial, "50")[2], (3, 50, 10_800));
    assert_eq!(closing(FinalTarget::ClosePartial, "70")[2], (3, 70, 10_800));
    assert_eq!(closing(FinalTarget::CloseFull, "50")[2], (3, 100, 10_800));
}

/// Effect of `multi_tp.enabled`.
#[test]
fn switched_off_the_targets_are_those_of_the_plan() {
    let off = |setup: &mut Setup| setup.trade.multi_tp.enabled = false;
    assert_eq!(ladder_of(setup_plan(Seen::OrderBlock), off), [(1, 1_000, 10_400)]);
    let mut own = plan(Direction::Long);
    own.targets.push(target(100, 50));
    assert_eq!(ladder_of(own, |_| ()), [(1, 500, 10_100)], "a setup without a regime keeps its own");
}

#[test]
fn quantities_round_down_to_the_lot_and_what_rounds_to_nothing_is_left_out() {
    // [I-27], [I-46]: take-profits summed to more than the position, or lay below the venue's minimum.
    let of = |contracts: &str, final_target: FinalTarget| {
        let sizing = Sizing::Fixed(contracts.parse().unwrap());
        let plan = EntryPlan { sizing, ..setup_plan(Seen::OrderBlock) };
        let change = move |setup: &mut Setup| setup.trade.multi_tp.final_target = final_target;
        let mut bench = Bench::ready_with(lossless(), change);
        let entry = bench.want(plan);
        bench.accept(&entry);
        bench.fill(&entry, entry.qty.get(), 10_000);
        ladder(&bench).into_iter().map(|(number, qty, _)| (number, qty)).collect::<Vec<_>>()
    };
    assert_eq!(of("0.007", FinalTarget::TightenTrail), [(1, 3), (2, 2)]);
    assert_eq!(of("0.002", FinalTarget::TightenTrail), [(1, 1)], "0.8 of a lot is none");
    assert_eq!(of("0.001", FinalTarget::TightenTrail), []);
    assert_eq!(of("0.001", FinalTarget::CloseFull), [(3, 1)], "the last one takes what rounding left");
    assert_eq!(of("0.007", FinalTarget::CloseFull), [(1, 3), (2, 2), (3, 2)]);
}

#[test]
fn a_late_fill_of_the_entry_enlarges_the_take_profits() {
    let mut bench = Bench::ready(lossless());
    let entry = bench.want(setup_plan(Seen::OrderBlock));
    bench.accept(&entry);
    bench.fill(&entry, 600, 10_000);
    let stop = bench.placed(OrderRole::Stop);
    bench.accept(&stop);
    assert!(ladder(&bench).is_empty(), "not while the entry can still fill");
    bench.cancelled(&entry, CancelReason::Venue);
    assert_eq!(ladder(&bench), [(1, 300, 10_200), (2, 240, 10_500)]);
    let (first, second) = (bench.placed(OrderRole::Target(1)), bench.placed(OrderRole::Target(2)));
    bench.accept(&first);
    bench.accept(&second);
    bench.fill(&first, 100, 10_200);
    let _: Vec<_> = bench.amend_all();
    // After the cancellation a fill comes in, at a worse price: the average is 100.04.
    bench.fill(&entry, 400, 10_010);
    let amends = bench.amend_all();
    assert!(amends.contains(&(first.order, 500, 10_204)), "{amends:?}");
    assert!(amends.contains(&(second.order, 400, 10_504)), "{amends:?}");
    assert!(amends.iter().any(|(order, size, _)| (*order, *size) == (stop.order, 900)), "{amends:?}");
}

#[test]
fn a_take_profit_that_was_lost_or_refused_is_placed_again_after_the_pause_and_the_others_stay() {
    // [I-27b]: one rung that failed dropped all of them. [D-25]: placing them again sent the first stop, too.
    let mut bench = Bench::ready_with(lossless(), |setup| setup.trade.multi_tp.backfill_cooldown_s = 90);
    let stop = bench.protected(setup_plan(Seen::OrderBlock));
    let (first, second) = (bench.placed(OrderRole::Target(1)), bench.placed(OrderRole::Target(2)));
    bench.accept(&first);
    bench.reject(&second, RejectReason::InvalidPrice);
    bench.script.sees(Outlook { atr: Some(1.0), ..KNOWS_NOTHING });
    bench.candle(10_100);
    assert_eq!(bench.amend_all(), [(stop.order, 1_000, 9_950)]);
    bench.cancelled(&first, CancelReason::Venue);
    bench.pass_ms(89_999 - 4_000);
    bench.pass_ms(4_000);
    assert_eq!(ladder(&bench), [(2, 400, 10_500)], "refused earlier than the other was lost");
    let second = bench.placed(OrderRole::Target(2));
    bench.accept(&second);
    bench.pass_ms(1);
    assert_eq!(ladder(&bench), [(1, 500, 10_200)]);
    assert!(bench.placements().iter().all(|order| order.role != OrderRole::Stop));
    assert_eq!(bench.position().stop, Some(price(9_950)), "and the stop is where it was moved to");
}

#[test]
fn a_take_profit_that_cannot_be_amended_is_cancelled_and_placed_anew() {
    let mut bench = Bench::ready(lossless());
    let entry = bench.want(setup_plan(Seen::OrderBlock));
    bench.accept(&entry);
    bench.fill(&entry, 600, 10_000);
    let stop = bench.placed(OrderRole::Stop);
    bench.accept(&stop);
    bench.cancelled(&entry, CancelReason::Venue);
    let (first, second) = (bench.placed(OrderRole::Target(1)), bench.placed(OrderRole::Target(2)));
    bench.accept(&first);
    bench.accept(&second);
    bench.fill(&entry, 400, 10_000);
    let _: Vec<_> = bench.amends();
    bench.venue(VenueEvent::AmendRejected { order: first.order, reason: RejectReason::NotSupported });
    assert!(bench.asked(VenueRequest::Cancel { order: first.order }));
    assert!(ladder(&bench).is_empty(), "not before it is known to be gone");
    bench.cancelled(&first, CancelReason::Requested);
    assert_eq!(ladder(&bench), [(1, 500, 10_200)]);
}

/// [D-9]: nobody looked at take-profits, so what they filled showed in the position only.
#[test]
fn a_take_profit_that_vanished_is_not_taken_twice_when_the_position_shows_that_it_filled() {
    // [D-22]
    let mut bench = Bench::ready_with(remote(), |setup| setup.trade.multi_tp.backfill_cooldown_s = 60);
    let stop = bench.protected(setup_plan(Seen::OrderBlock));
    let (first, second) = (bench.placed(OrderRole::Target(1)), bench.placed(OrderRole::Target(2)));
    bench.accept(&first);
    bench.accept(&second);
    bench.pass_ms(30_000);
    bench.requests.clear();
    bench.open_orders(vec![row(&stop, OrderState::Open, 0), row(&second, OrderState::Open, 0)]);
    bench.answer(&first, Coverage::Complete, None);
    for _ in 0..3 {
        bench.pass_ms(1_000);
        bench.positions(500, 10_000);
    }
    assert_eq!(bench.held(), 500);
    let _: Vec<_> = bench.amend_all();
    bench.pass_ms(25_000);
    bench.open_orders(vec![row(&stop, OrderState::Open, 0), row(&second, OrderState::Open, 0)]);
    bench.pass_ms(60_000);
    assert!(ladder(&bench).is_empty(), "{:?}", ladder(&bench));
}

#[test]
fn a_position_reduced_by_hand_shrinks_its_take_profits() {
    // [I-27]: what reduces never sums to more than the position.
    let mut bench = Bench::ready(lossless());
    let stop = bench.protected(setup_plan(Seen::OrderBlock));
    let (first, second) = (bench.placed(OrderRole::Target(1)), bench.placed(OrderRole::Target(2)));
    bench.accept(&first);
    bench.accept(&second);
    bench.foreign_fill(seawall_model::Side::Sell, 700, 10_000, seawall_model::FillCause::Order);
    let amends = bench.amend_all();
    assert!(amends.contains(&(stop.order, 300, 9_800)) && amends.contains(&(first.order, 300, 10_200)));
    assert!(bench.asked(VenueRequest::Cancel { order: second.order }), "nothing is left for it");
}

/// [D-33]: the monitor of resting entries was given no prices.
/// Effect of `execution.order_price_invalidation_pct`.
#[test]
fn a_limit_entry_is_given_up_when_the_price_has_left_it_behind() {
    for (distance, mark, given_up) in [("3", 10_300, false), ("3", 10_301, true), ("1", 9_899, true)] {
        let mut bench = Bench::ready_with(lossless(), |setup| {
            setup.trade.execution.order_price_invalidation_pct = distance.parse().unwrap();
        });
        let entry = bench.want(setup_plan(Seen::OrderBlock));
        bench.accept(&entry);
        bench.mark(mark);
        assert_eq!(bench.asked(VenueRequest::Cancel { order: entry.order }), given_up, "{mark}");
    }
}

/// [D-33]: time limits of orders were not looked at.
#[test]
fn a_limit_entry_is_given_up_when_its_time_is_over() {
    let mut bench = Bench::ready(lossless());
    let entry = bench.want(setup_plan(Seen::OrderBlock));
    assert_eq!(entry.kind.limit(), Some(price(10_000)));
    bench.accept(&entry);
    bench.pass_ms(3_599_999);
    assert!(!bench.asked(VenueRequest::Cancel { order: entry.order }));
    bench.pass_ms(1);
    assert!(bench.asked(VenueRequest::Cancel { order: entry.order }));
}

fn at_once(order: EntryOrder) -> Bench {
    Bench::ready_with(lossless(), |setup| {
        setup.trade.execution.entry_order = order;
        setup.trade.execution.slippage_tolerance_pct = "0.5".parse().unwrap();
    })
}

/// The usual plan, content with a reward of the risk itself.
fn modest() -> EntryPlan {
    EntryPlan { reward_risk_min: "1".parse().unwrap(), ..setup_plan(Seen::OrderBlock) }
}

/// Effect of `execution.entry_order`.
#[test]
fn an_immediate_entry_has_a_worst_price_and_its_rest_is_not_waited_for() {
    // [D-8]: the configured kind of entry was ignored and the market taken.
    let mut bench = at_once(EntryOrder::LimitIoc);
    let entry = bench.want(modest());
    let time_in_force = TimeInForce::ImmediateOrCancel;
    assert_eq!(entry.kind, OrderKind::Limit { price: price(10_050), time_in_force });
    bench.accept(&entry);
    bench.fill(&entry, 600, 10_000);
    let stop = bench.placed(OrderRole::Stop);
    assert_eq!(stop.qty, qty(600));
    bench.cancelled(&entry, CancelReason::ImmediateOrCancel);
    assert_eq!(ladder(&bench), [(1, 300, 10_200), (2, 240, 10_500)]);
    let mut bench = at_once(EntryOrder::Market);
    assert_eq!(bench.want(setup_plan(Seen::OrderBlock)).kind, OrderKind::Market);
}

#[test]
fn after_a_worse_fill_stop_and_targets_keep_their_distances_in_percent() {
    let mut bench = at_once(EntryOrder::Market);
    let entry = bench.want(setup_plan(Seen::OrderBlock));
    bench.accept(&entry);
    bench.fill(&entry, 1_000, 10_100);
    assert_eq!(trigger(&bench.placed(OrderRole::Stop)), price(9_898));
    assert_eq!(ladder(&bench), [(1, 500, 10_302), (2, 400, 10_605)]);
}

#[test]
fn an_entry_whose_reward_no_longer_pays_at_the_price_of_now_is_not_sent() {
    // [D-8]: the reward was that of the planned price. Target 104.00, two percent of risk, at least twice.
    for (order, close, sent) in [
        (EntryOrder::Market, 10_000, true),
        (EntryOrder::Market, 10_001, false),
        (EntryOrder::LimitIoc, 9_940, true),
        (EntryOrder::LimitIoc, 9_960, false),
        (EntryOrder::Limit, 10_250, true),
    ] {
        let mut bench = at_once(order);
        bench.script.push(Evaluation::Enter(setup_plan(Seen::OrderBlock)));
        bench.candle(close);
        assert_eq!(bench.placements().len(), usize::from(sent), "{order:?} at {close}");
        let refused = bench.outcome() == Some(Outcome::Refused(Gate::RewardRisk));
        assert_eq!(refused, !sent);
    }
}

#[test]
fn size_by_risk_is_that_of_the_price_that_the_entry_is_sent_at() {
    let sized = |order| {
        let mut bench = at_once(order);
        bench.want(EntryPlan { sizing: Sizing::Risk, ..modest() }).qty
    };
    // One percent of 10 000 over two percent of 100.00, and of the worst price of 100.50.
    assert_eq!(sized(EntryOrder::Limit), qty(50_000));
    assert_eq!(sized(EntryOrder::Market), qty(50_000));
    assert_eq!(sized(EntryOrder::LimitIoc), qty(49_751));
}

#[test]
fn all_take_profits_have_names_of_their_own() {
    let full = |setup: &mut Setup| setup.trade.multi_tp.final_target = FinalTarget::CloseFull;
    let mut bench = Bench::ready_with(lossless(), full);
    let _: OrderRequest = bench.protected(setup_plan(Seen::OrderBlock));
    for (number, at) in [(1, 10_200), (2, 10_500), (3, 10_600)] {
        let order = bench.placed(OrderRole::Target(number));
        bench.accept(&order);
        bench.mark(at);
        bench.fill(&order, order.qty.get(), at);
        let _: Vec<_> = bench.amend_all();
    }
    let reasons: Vec<ExitReason> = bench.trades[0].exits.iter().map(|exit| exit.reason).collect();
    assert_eq!(reasons, [1, 2, 3].map(ExitReason::TakeProfit));
}
