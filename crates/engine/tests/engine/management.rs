//! Management of open positions: what moves a stop, what closes in full, and why a trade says it ended. Each
//! scenario cites the incident [I-n] or the defect [D-n] of the reference that it keeps from happening here.

use crate::common::bench::{Bench, trigger};
use crate::common::script::{KNOWS_NOTHING, plan};
use crate::common::smc::{ordered, setup_plan};
use crate::common::{lossless, price, qty, remote};
use seawall_engine::{FinalTarget, Setup};
use seawall_model::{
    CancelReason, ExitReason, Input, OrderKind, OrderRequest, OrderRole, RejectReason, Rules, Setup as Seen,
    Side, Trading, VenueEvent, VenueRequest,
};
use seawall_strategy::{Direction, Outlook, Premise};

/// A protected position of one contract entered at 100.00 with its stop at 98.00 and its two take-profits.
struct Open {
    bench: Bench,
    stop: OrderRequest,
    first: OrderRequest,
    second: OrderRequest,
}

fn open(change: impl FnOnce(&mut Setup)) -> Open {
    let mut bench = Bench::ready_with(lossless(), change);
    let stop = bench.protected(setup_plan(Seen::OrderBlock));
    let (first, second) = (bench.placed(OrderRole::Target(1)), bench.placed(OrderRole::Target(2)));
    bench.accept(&first);
    bench.accept(&second);
    bench.requests.clear();
    Open { bench, stop, first, second }
}

fn reasons(bench: &Bench) -> Vec<ExitReason> {
    bench.trades[0].exits.iter().map(|exit| exit.reason).collect()
}

fn range(atr: f64) -> Outlook {
    Outlook { atr: Some(atr), ..KNOWS_NOTHING }
}

/// Carries out the only change asked for, which is of the stop; where to.
fn stop_moves(bench: &mut Bench, stop: &OrderRequest) -> Option<i64> {
    let amends = bench.amend_all();
    assert!(amends.len() <= 1, "{amends:?}");
    amends.first().map(|(order, _, to)| {
        assert_eq!(*order, stop.order);
        *to
    })
}

/// The venue fills the market exit that was asked for.
fn closed_by_market(bench: &mut Bench, at: i64) {
    let exit = bench.placed(OrderRole::Exit);
    assert_eq!((exit.kind, exit.reduce_only), (OrderKind::Market, true));
    assert_eq!(exit.qty.get(), bench.held().abs(), "in full");
    bench.accept(&exit);
    bench.fill(&exit, exit.qty.get(), at);
    assert_eq!(bench.held(), 0);
}

#[test]
fn the_fill_of_the_first_take_profit_moves_the_stop_to_the_entry_plus_two_ticks_and_a_fill_there_says_so() {
    // [D-24]: break-even never fired for tight setups.
    let Open { mut bench, stop, first, .. } = open(|_| ());
    bench.mark(10_200);
    bench.fill(&first, 500, 10_200);
    assert_eq!(bench.amend_all(), [(stop.order, 500, 10_002)]);
    bench.fill(&stop, 500, 10_002);
    assert_eq!(reasons(&bench), [ExitReason::TakeProfit(1), ExitReason::BreakEven]);
}

#[test]
fn a_stop_that_fills_where_it_was_first_put_is_a_stop_loss_even_while_it_is_being_moved() {
    let Open { mut bench, stop, first, .. } = open(|_| ());
    bench.mark(10_200);
    bench.fill(&first, 500, 10_200);
    // The venue has not moved it yet.
    bench.fill(&stop, 500, 9_800);
    assert_eq!(reasons(&bench), [ExitReason::TakeProfit(1), ExitReason::StopLoss]);
}

/// Effect of `management.break_even_offset_ticks`.
/// Effect of `management.break_even_filled_min_pct`.
#[test]
fn break_even_waits_for_the_share_that_must_have_filled_and_lies_where_the_offset_puts_it() {
    let Open { mut bench, stop, first, .. } = open(|setup| {
        setup.trade.management.break_even_offset_ticks = 7;
        setup.trade.management.break_even_filled_min_pct = "40".parse().unwrap();
    });
    bench.mark(10_200);
    bench.fill(&first, 399, 10_200);
    assert_eq!(bench.amend_all(), [(stop.order, 601, 9_800)], "only the size");
    bench.fill(&first, 1, 10_200);
    assert_eq!(bench.amend_all(), [(stop.order, 600, 10_007)]);
}

#[test]
fn a_first_take_profit_that_is_smaller_than_the_share_moves_the_stop_when_all_of_it_has_filled() {
    let mut bench = Bench::ready_with(lossless(), |setup| {
        setup.trade.multi_tp.tight_smc_tp1_close_pct = "20".parse().unwrap();
    });
    let stop = bench.protected(setup_plan(Seen::OrderBlock));
    let first = bench.placed(OrderRole::Target(1));
    bench.accept(&first);
    bench.mark(10_200);
    bench.fill(&first, 200, 10_200);
    assert_eq!(bench.amend_all(), [(stop.order, 800, 10_002)]);
}

/// Effect of `management.break_even`.
#[test]
fn without_break_even_the_stop_stays() {
    let Open { mut bench, stop, first, .. } = open(|setup| setup.trade.management.break_even = false);
    bench.mark(10_200);
    bench.fill(&first, 500, 10_200);
    assert_eq!(bench.amend_all(), [(stop.order, 500, 9_800)]);
}

#[test]
fn the_stop_follows_the_price_by_the_live_range_and_never_comes_back() {
    // [D-24]: the manager was given no range, so nothing ever trailed.
    let Open { mut bench, stop, .. } = open(|_| ());
    bench.script.sees(range(1.0));
    bench.candle(10_100);
    assert_eq!(stop_moves(&mut bench, &stop), Some(9_950), "1.5 ranges below the close");
    bench.candle(10_400);
    assert_eq!(stop_moves(&mut bench, &stop), Some(10_250));
    bench.candle(10_300);
    assert_eq!(stop_moves(&mut bench, &stop), None, "a fall moves nothing");
    bench.script.sees(range(5.0));
    bench.candle(10_410);
    assert_eq!(stop_moves(&mut bench, &stop), None, "a wider range moves nothing");
    bench.script.sees(range(1.0));
    bench.candle(10_408);
    assert_eq!(stop_moves(&mut bench, &stop), None, "0.08 of 102.50 is less than a tenth of a percent");
    bench.fill(&stop, 1_000, 10_250);
    assert_eq!(reasons(&bench), [ExitReason::TrailingStop]);
}

#[test]
fn a_short_trails_from_above() {
    let mut bench = Bench::ready(lossless());
    let stop = bench.protected(ordered(Direction::Short, Seen::OrderBlock));
    assert_eq!(trigger(&stop), price(10_200));
    bench.requests.clear();
    bench.script.sees(range(1.0));
    bench.candle(9_600);
    assert_eq!(stop_moves(&mut bench, &stop), Some(9_750));
    bench.fill(&stop, 1_000, 9_750);
    assert_eq!(reasons(&bench), [ExitReason::TrailingStop]);
}

#[test]
fn the_trail_starts_with_the_gain_that_activates_it_and_takes_the_steps_that_are_configured() {
    let Open { mut bench, stop, .. } = open(|setup| {
        setup.trade.management.trailing_activation_atr = "2".parse().unwrap();
        setup.trade.management.trailing_atr = "1".parse().unwrap();
        setup.trade.management.trailing_step_min_pct = "1".parse().unwrap();
    });
    bench.script.sees(range(1.0));
    bench.candle(10_199);
    assert_eq!(stop_moves(&mut bench, &stop), None, "1.99 ranges");
    bench.candle(10_200);
    assert_eq!(stop_moves(&mut bench, &stop), Some(10_100));
    bench.candle(10_300);
    assert_eq!(stop_moves(&mut bench, &stop), None, "one percent of 101.00 is more than one");
    bench.candle(10_302);
    assert_eq!(stop_moves(&mut bench, &stop), Some(10_202));
}

#[test]
fn without_trailing_or_without_a_range_the_stop_stays() {
    for (trailing, atr) in [(false, Some(1.0)), (true, None)] {
        let Open { mut bench, stop, .. } = open(|setup| setup.trade.management.trailing = trailing);
        bench.script.sees(Outlook { atr, ..KNOWS_NOTHING });
        bench.candle(10_900);
        assert_eq!(stop_moves(&mut bench, &stop), None);
    }
}

#[test]
fn the_progressive_trail_takes_the_distance_of_the_reward_reached() {
    // R is 2.00; with take-profits at the final target it does not tighten by itself.
    let Open { mut bench, stop, .. } =
        open(|setup| setup.trade.multi_tp.final_target = FinalTarget::CloseFull);
    bench.script.sees(range(1.0));
    for (close, wanted) in [(10_400, 10_250), (10_600, 10_420), (11_000, 10_860), (11_600, 11_500)] {
        bench.candle(close);
        assert_eq!(stop_moves(&mut bench, &stop), Some(wanted), "at {close}");
    }
}

#[test]
fn at_the_final_target_the_trail_tightens_and_stays_tight() {
    let Open { mut bench, stop, .. } = open(|_| ());
    bench.script.sees(range(1.0));
    bench.candle(10_600);
    assert_eq!(stop_moves(&mut bench, &stop), Some(10_480), "1.2 ranges from 3 R on");
    bench.script.sees(range(0.5));
    bench.candle(10_590);
    assert_eq!(stop_moves(&mut bench, &stop), Some(10_530), "also below it again");
}

#[test]
fn a_closed_premise_closes_in_full_and_the_decision_says_so() {
    let Open { mut bench, .. } = open(|_| ());
    bench.script.sees(Outlook { premise: Premise::Gone, ..KNOWS_NOTHING });
    bench.candle(9_890);
    assert_eq!(bench.exit(), Some(ExitReason::Premise));
    closed_by_market(&mut bench, 9_889);
    assert_eq!(reasons(&bench), [ExitReason::Premise]);
    assert_eq!(bench.trades[0].exits[0].reason.name(), "premise_invalidation");
}

#[test]
fn a_bias_that_turned_against_the_position_abandons_ship() {
    // [D-23]: the exit had a name and a key, and no code.
    let Open { mut bench, .. } = open(|_| ());
    bench.script.sees(Outlook { bias: Some(Direction::Long), ..KNOWS_NOTHING });
    bench.candle(10_010);
    assert!(bench.placements().is_empty(), "a bias in favour is no reason");
    bench.script.sees(Outlook { bias: Some(Direction::Short), ..KNOWS_NOTHING });
    bench.candle(10_010);
    closed_by_market(&mut bench, 10_009);
    assert_eq!(reasons(&bench), [ExitReason::AbandonShip]);
}

#[test]
fn the_premise_comes_before_the_bias_and_both_before_the_trail() {
    let Open { mut bench, .. } = open(|_| ());
    let all = Outlook { atr: Some(1.0), bias: Some(Direction::Short), premise: Premise::Gone };
    bench.script.sees(all);
    bench.candle(10_400);
    assert_eq!(bench.exit(), Some(ExitReason::Premise));
    assert_eq!(bench.amends(), []);
    bench.candle(10_500);
    assert_eq!(bench.placements().len(), 1, "one exit, not one a candle");
}

#[test]
fn switched_off_neither_premise_nor_bias_closes_anything() {
    let Open { mut bench, .. } = open(|setup| {
        setup.trade.management.premise_exit = false;
        setup.trade.management.abandon_ship = false;
    });
    bench.script.sees(Outlook { atr: None, bias: Some(Direction::Short), premise: Premise::Gone });
    bench.candle(9_950);
    assert!(bench.placements().is_empty());
}

#[test]
fn a_position_without_its_first_take_profit_is_closed_when_its_bars_are_over() {
    // [D-23]; twenty bars of fifteen minutes.
    let Open { mut bench, .. } = open(|_| ());
    bench.pass_ms(5 * 3_600_000 - 1);
    assert!(bench.placements().is_empty());
    bench.pass_ms(1);
    closed_by_market(&mut bench, 10_010);
    assert_eq!(reasons(&bench), [ExitReason::TimeExit]);
}

#[test]
fn the_time_exit_has_the_bars_that_are_configured_and_none_where_there_are_none() {
    for (bars, hours) in [(6, Some(6)), (0, None)] {
        let Open { mut bench, .. } = open(|setup| {
            setup.trade.management.time_exit_bars = bars;
            setup.trade.management.time_exit_timeframe = seawall_model::Timeframe::H1;
        });
        bench.pass_ms(hours.unwrap_or(1_000) * 3_600_000);
        assert_eq!(bench.placements().len(), usize::from(hours.is_some()));
    }
}

#[test]
fn a_first_take_profit_ends_the_time_exit() {
    let Open { mut bench, first, .. } = open(|_| ());
    bench.mark(10_200);
    bench.fill(&first, 1, 10_200);
    bench.pass_ms(100 * 3_600_000);
    assert!(bench.placements().is_empty());
}

#[test]
fn the_software_acts_only_beyond_the_stop_that_rests() {
    // The stop is wanted at break-even, but the price has fallen below it before it could be moved there.
    let Open { mut bench, stop, first, .. } = open(|_| ());
    bench.mark(9_990);
    bench.fill(&first, 500, 10_200);
    bench.mark(9_990);
    let _: Vec<_> = bench.amends();
    bench.venue(VenueEvent::AmendRejected {
        order: stop.order,
        reason: RejectReason::WouldTriggerImmediately,
    });
    bench.requests.clear();
    bench.mark(9_980);
    bench.pass_ms(60_000);
    assert!(bench.placements().is_empty(), "98.00 rests, and 99.80 has not passed it: {:?}", bench.requests);
    bench.mark(9_790);
    bench.pass_ms(5_001);
    assert_eq!(bench.placed(OrderRole::Emergency).qty, qty(500), "beyond it, and not filled in time");
}

#[test]
fn a_stop_that_the_price_had_passed_is_moved_once_the_price_is_back() {
    let Open { mut bench, stop, first, .. } = open(|_| ());
    bench.fill(&first, 500, 9_990);
    assert_eq!(bench.amend_all(), [(stop.order, 500, 9_800)], "resized where it rests");
    bench.candle(10_100);
    assert_eq!(bench.amend_all(), [(stop.order, 500, 10_002)]);
}

/// Found by storm (seed 21661): the venue had made its ticks coarser, refused the smaller stop at its old
/// price, and the stop stayed larger than the position for as long as the price did not come back.
#[test]
fn a_stop_that_cannot_be_made_smaller_where_it_rests_is_replaced_there() {
    let Open { mut bench, stop, first, .. } = open(|_| ());
    bench.fill(&first, 500, 9_990);
    assert_eq!(bench.amends(), [(stop.order, 500, 9_800)]);
    bench.venue(VenueEvent::AmendRejected { order: stop.order, reason: RejectReason::InvalidPrice });
    let smaller = bench.placed(OrderRole::Stop);
    assert_eq!((trigger(&smaller), smaller.qty), (price(9_800), qty(500)));
    assert!(!bench.asked(VenueRequest::Cancel { order: stop.order }), "not before the new one rests");
    bench.accept(&smaller);
    assert!(bench.asked(VenueRequest::Cancel { order: stop.order }) && bench.position().protected);
    bench.cancelled(&stop, CancelReason::Requested);
    bench.pass_ms(60_000);
    assert!(bench.position().protected && bench.placements().is_empty());
}

#[test]
fn a_stop_is_made_smaller_on_the_ticks_of_today() {
    let Open { mut bench, stop, first, .. } = open(|_| ());
    let rules = bench.engine.instruments().next().unwrap().rules(Trading::Open);
    bench.input(Input::Rules(Rules { tick: "0.3".parse().unwrap(), ..rules }));
    bench.fill(&first, 500, 9_990);
    assert_eq!(bench.amend_all(), [(stop.order, 500, 9_780)], "of 98.00 the next that is not nearer");
}

#[test]
fn without_amendments_the_moved_stop_rests_before_the_old_one_is_cancelled() {
    // [I-29]: a cancel of a missing stop aborted the placement of the new one and left the position naked.
    let mut capabilities = remote();
    capabilities.amend = false;
    let mut bench = Bench::ready(capabilities);
    let stop = bench.protected(setup_plan(Seen::OrderBlock));
    bench.requests.clear();
    bench.script.sees(range(1.0));
    bench.candle(10_400);
    let moved = bench.placed(OrderRole::Stop);
    assert_eq!((trigger(&moved), moved.qty), (price(10_250), qty(1_000)));
    assert!(!bench.asked(VenueRequest::Cancel { order: stop.order }), "not before the new one rests");
    bench.accept(&moved);
    assert!(bench.asked(VenueRequest::Cancel { order: stop.order }) && bench.position().protected);
    bench.venue(VenueEvent::CancelRejected { order: stop.order, reason: RejectReason::OrderNotFound });
    assert!(bench.position().protected);
    bench.cancelled(&stop, CancelReason::Venue);
    assert!(bench.position().protected && bench.placements().is_empty());
    bench.fill(&moved, 1_000, 10_250);
    assert_eq!(reasons(&bench), [ExitReason::TrailingStop]);
}

#[test]
fn a_position_that_no_setup_with_a_regime_opened_is_not_managed() {
    let mut bench = Bench::ready(lossless());
    let _: OrderRequest = bench.protected(plan(Direction::Long));
    bench.script.sees(Outlook { atr: Some(0.1), bias: Some(Direction::Short), premise: Premise::Gone });
    bench.candle(10_500);
    bench.pass_ms(100 * 3_600_000);
    assert!(bench.requests.is_empty(), "{:?}", bench.requests);
}

#[test]
fn management_runs_in_every_mode_and_through_holes_in_the_data() {
    // [D-14]: managing a position sat behind the gates of the data.
    let Open { mut bench, stop, .. } = open(|setup| setup.risk.recover_candles_after_hole = 50);
    bench.command(seawall_model::Command::SetMode(seawall_model::SystemMode::ProtectOnly));
    bench.script.sees(range(1.0));
    bench.skip_minutes(7);
    bench.candle(10_400);
    assert_eq!(stop_moves(&mut bench, &stop), Some(10_250));
    bench.script.sees(Outlook { premise: Premise::Gone, ..KNOWS_NOTHING });
    bench.candle(10_400);
    assert_eq!(bench.placed(OrderRole::Exit).side, Side::Sell);
}

#[test]
fn one_authority_takes_partial_profits_the_orders_that_rest() {
    // [D-22]: resting limits and software partials both acted, and the first take-profit was taken twice.
    let Open { mut bench, first, second, .. } = open(|_| ());
    for close in [10_250, 10_550, 10_900] {
        bench.candle(close);
        bench.mark(close);
    }
    assert!(bench.placements().is_empty(), "prices beyond the targets cause nothing: {:?}", bench.requests);
    bench.fill(&first, 500, 10_200);
    bench.fill(&second, 400, 10_500);
    assert!(bench.placements().is_empty(), "what has filled is not placed again");
    assert_eq!(bench.held(), 100);
}
