//! Named scenarios of protection: each cites the incident [I-n] of the reference, the defect of an engine
//! (D-n) or the issue of Freqtrade (FT n) that it keeps from happening here.

use crate::common::bench::{Bench, row, trigger};
use crate::common::script::{plan, target};
use crate::common::venue::REASONS;
use crate::common::{lossless, price, qty, remote};
use seawall_model::{
    AlertKind, CancelReason, Command, Coverage, ExitReason, FillCause, Input, OrderKind, OrderRole,
    OrderState, RejectReason, Side, SubmitOutcome, SystemMode, TriggerSource, VenueEvent, VenueRequest,
};
use seawall_strategy::{Direction, Evaluation};

fn source(order: &seawall_model::OrderRequest) -> TriggerSource {
    order.kind.trigger().unwrap().source
}

#[test]
fn the_stop_goes_out_with_the_first_fill_reduce_only_and_for_what_is_held() {
    // [I-4], [I-16]: filled positions had no stop.
    let mut bench = Bench::ready(remote());
    let stop = bench.enter(plan(Direction::Long));
    assert_eq!((stop.side, stop.qty, stop.reduce_only), (Side::Sell, qty(1_000), true));
    assert_eq!(trigger(&stop), price(9_800));
    assert!(!bench.position().protected && bench.position().escalating);
    bench.accept(&stop);
    assert!(bench.position().protected && !bench.position().escalating);
}

#[test]
fn a_refused_stop_climbs_the_ladder_to_the_other_trigger_and_then_to_the_market_whatever_the_reason() {
    // FT 4051, FT 9880, FT 12610: a stop that could not be placed left the position naked, silently.
    for reason in REASONS {
        let mut bench = Bench::ready(remote());
        let first = bench.enter(plan(Direction::Long));
        assert_eq!(source(&first), TriggerSource::Mark);
        bench.reject(&first, reason);
        if reason == RejectReason::WouldTriggerImmediately {
            let close = bench.placed(OrderRole::Emergency);
            assert_eq!((close.kind, close.qty), (OrderKind::Market, qty(1_000)));
            continue;
        }
        if reason == RejectReason::NothingToReduce {
            // Asked about first; the venue agrees that there is a position.
            assert!(bench.asked(VenueRequest::QueryPositions) && bench.placements().is_empty());
            bench.positions(1_000, 10_000);
        }
        let second = bench.placed(OrderRole::Stop);
        assert_eq!(source(&second), TriggerSource::Last, "{reason:?}");
        bench.reject(&second, RejectReason::Other);
        let close = bench.placed(OrderRole::Emergency);
        assert_eq!((close.side, close.qty, close.reduce_only), (Side::Sell, qty(1_000), true));
        bench.accept(&close);
        bench.fill(&close, 1_000, 9_990);
        assert_eq!(bench.held(), 0, "{reason:?}");
        assert_eq!(bench.trades[0].exits[0].reason, ExitReason::Unprotected);
    }
}

#[test]
fn a_stop_that_would_trigger_immediately_means_out_at_market_now() {
    // FT 1557, FT 2171: such a refusal was retried in a loop.
    let mut bench = Bench::ready(remote());
    let stop = bench.enter(plan(Direction::Short));
    bench.reject(&stop, RejectReason::WouldTriggerImmediately);
    let close = bench.placed(OrderRole::Emergency);
    assert_eq!((close.side, close.kind, close.reduce_only), (Side::Buy, OrderKind::Market, true));
    assert!(bench.alerted(AlertKind::StopRefused));
}

/// Found by storm (seeds 6 and 19): the entry went on filling beside the emergency close, and in a thin
/// market it took what the close would have sold to, so the position grew for minutes without a stop.
#[test]
fn an_emergency_close_ends_the_entry_that_is_still_filling() {
    let mut bench = Bench::ready(remote());
    let entry = bench.want(plan(Direction::Long));
    bench.accept(&entry);
    bench.fill(&entry, 300, 10_000);
    let stop = bench.placed(OrderRole::Stop);
    bench.reject(&stop, RejectReason::WouldTriggerImmediately);
    assert_eq!(bench.placed(OrderRole::Emergency).qty, qty(300));
    assert!(bench.asked(VenueRequest::Cancel { order: entry.order }));
}

/// [D-37]: the ladder was there, and nothing called it.
#[test]
fn silence_about_a_stop_climbs_the_ladder_by_its_deadlines_and_proves_nothing() {
    // D1: silence is never turned into a fact.
    let mut bench = Bench::ready(remote());
    let first = bench.enter(plan(Direction::Long));
    bench.pass_ms(1_999);
    assert!(bench.placements().is_empty());
    bench.pass_ms(1);
    let second = bench.placed(OrderRole::Stop);
    assert_eq!(source(&second), TriggerSource::Last);
    bench.pass_ms(2_000);
    let close = bench.placed(OrderRole::Emergency);
    assert_eq!(bench.state(&first), Some(OrderState::InFlight));
    bench.pass_ms(60_000);
    assert_eq!(bench.state(&first), Some(OrderState::Unknown));
    assert_eq!(bench.state(&close), Some(OrderState::Unknown));
    assert!(bench.placements().is_empty(), "an unknown close is asked about, not sent again");
    assert!(bench.asked(VenueRequest::QueryOrder { order: close.order }));
    // The first stop was there all along.
    bench.accept(&first);
    assert!(bench.position().protected);
}

#[test]
fn a_partly_filled_entry_is_protected_from_its_first_fill_and_the_stop_grows_with_it() {
    // FT: the stop came only once the entry had no open order; a partial fill was naked until then.
    let mut bench = Bench::ready(remote());
    let entry = bench.want(plan(Direction::Long));
    bench.accept(&entry);
    bench.fill(&entry, 300, 10_000);
    let stop = bench.placed(OrderRole::Stop);
    assert_eq!(stop.qty, qty(300));
    bench.accept(&stop);
    bench.fill(&entry, 700, 10_010);
    let (order, size, kind) = bench.amended();
    assert_eq!((order, size), (stop.order, 1_000));
    assert!(!bench.position().protected, "300 of 1 000 are not protection");
    bench.venue(VenueEvent::Amended { order, qty: qty(size), kind });
    assert!(bench.position().protected);
}

#[test]
fn fills_that_come_before_the_stop_is_confirmed_wait_for_it_and_then_enlarge_it() {
    let mut bench = Bench::ready(remote());
    let entry = bench.want(plan(Direction::Long));
    bench.fill(&entry, 300, 10_000);
    let stop = bench.placed(OrderRole::Stop);
    bench.fill(&entry, 300, 10_000);
    bench.fill(&entry, 400, 10_000);
    assert!(bench.placements().is_empty(), "one stop on its way is enough");
    bench.accept(&stop);
    assert_eq!(bench.amended().1, 1_000);
}

#[test]
fn without_amendments_the_larger_stop_rests_before_the_smaller_one_is_cancelled() {
    // FT 5451, [I-29], D-rule 3: never cancel and then place.
    let mut bench = Bench::ready(seawall_model::Capabilities { amend: false, ..remote() });
    let entry = bench.want(plan(Direction::Long));
    bench.fill(&entry, 300, 10_000);
    let small = bench.placed(OrderRole::Stop);
    bench.accept(&small);
    bench.fill(&entry, 700, 10_000);
    let large = bench.placed(OrderRole::Stop);
    assert_eq!(large.qty, qty(1_000));
    assert!(!bench.asked(VenueRequest::Cancel { order: small.order }));
    bench.accept(&large);
    assert!(bench.asked(VenueRequest::Cancel { order: small.order }));
    assert!(!bench.asked(VenueRequest::Cancel { order: large.order }));
    // The cancellation of what is gone is no error ([I-29]): the venue is asked what became of it.
    bench.venue(VenueEvent::CancelRejected { order: small.order, reason: RejectReason::OrderNotFound });
    assert!(bench.asked(VenueRequest::QueryOrder { order: small.order }));
    assert!(bench.position().protected && bench.placements().is_empty());
}

#[test]
fn two_stops_that_cover_only_together_stay_until_one_of_them_covers_alone() {
    let mut bench = Bench::ready(seawall_model::Capabilities { amend: false, ..remote() });
    let entry = bench.want(plan(Direction::Long));
    bench.fill(&entry, 300, 10_000);
    let first = bench.placed(OrderRole::Stop);
    bench.accept(&first);
    bench.fill(&entry, 500, 10_000);
    let second = bench.placed(OrderRole::Stop);
    bench.fill(&entry, 200, 10_000);
    bench.accept(&second);
    assert!(bench.position().protected, "300 and 800 cover 1 000");
    assert!(!bench.asked(VenueRequest::Cancel { order: first.order }));
    assert!(!bench.asked(VenueRequest::Cancel { order: second.order }));
    let third = bench.placed(OrderRole::Stop);
    assert_eq!(third.qty, qty(1_000));
    bench.accept(&third);
    assert!(bench.asked(VenueRequest::Cancel { order: first.order }));
    assert!(bench.asked(VenueRequest::Cancel { order: second.order }));
}

#[test]
fn a_refused_amendment_places_the_new_stop_first_and_then_cancels_the_old_one() {
    let mut bench = Bench::ready(remote());
    let entry = bench.want(plan(Direction::Long));
    bench.fill(&entry, 300, 10_000);
    let small = bench.placed(OrderRole::Stop);
    bench.accept(&small);
    bench.fill(&entry, 700, 10_000);
    let (order, ..) = bench.amended();
    bench.venue(VenueEvent::AmendRejected { order, reason: RejectReason::NotSupported });
    let large = bench.placed(OrderRole::Stop);
    assert_eq!(large.qty, qty(1_000));
    bench.accept(&large);
    assert!(bench.asked(VenueRequest::Cancel { order: small.order }));
    assert!(bench.position().protected);
}

#[test]
fn an_amendment_without_an_answer_is_asked_about_and_its_effect_taken_over() {
    let mut bench = Bench::ready(remote());
    let stop = bench.protected(plan(Direction::Long));
    bench.foreign_fill(Side::Sell, 400, 10_000, FillCause::Order);
    let (order, size, kind) = bench.amended();
    assert_eq!(size, 600);
    bench.pass_ms(5_000);
    assert!(bench.asked(VenueRequest::QueryOrder { order }));
    let changed = seawall_model::VenueOrder { qty: qty(size), kind, ..row(&stop, OrderState::Open, 0) };
    bench.answer(&stop, Coverage::Complete, Some(changed));
    assert!(bench.engine.live_orders(crate::common::bench::BTC).all(|order| order.qty == qty(600)));
    bench.requests.clear();
    bench.pass_ms(20_000);
    assert!(!bench.asked(VenueRequest::QueryOrder { order }), "it is settled");
}

#[test]
fn an_exit_keeps_the_stop_until_it_has_filled() {
    // FT 3564, FT 4523, FT 6808: while a sell was pending there was no stop.
    let mut bench = Bench::ready(remote());
    let stop = bench.protected(plan(Direction::Long));
    bench.script.push(Evaluation::Exit(ExitReason::Signal));
    bench.candle(10_000);
    let exit = bench.placed(OrderRole::Exit);
    assert_eq!((exit.side, exit.qty, exit.reduce_only), (Side::Sell, qty(1_000), true));
    bench.accept(&exit);
    bench.fill(&exit, 400, 10_000);
    assert!(!bench.asked(VenueRequest::Cancel { order: stop.order }));
    assert!(bench.position().protected);
    bench.fill(&exit, 600, 10_000);
    assert!(bench.asked(VenueRequest::Cancel { order: stop.order }));
    assert_eq!(bench.trades[0].exits.len(), 2);
}

#[test]
fn a_refused_exit_is_tried_again_at_its_deadline_and_not_hundreds_of_times() {
    // FT 7365: a partial exit was retried 100 to 300 times.
    let mut bench = Bench::ready(remote());
    bench.protected(plan(Direction::Long));
    bench.command(Command::SetMode(SystemMode::Flatten));
    let mut tries = 0;
    for _ in 0..600 {
        for exit in bench.placements() {
            tries += 1;
            bench.requests.clear();
            bench.reject(&exit, RejectReason::RateLimited);
        }
        bench.pass_ms(100);
    }
    assert!((20..=32).contains(&tries), "{tries} tries in a minute with two seconds between them");
    assert!(bench.position().protected, "the stop stands meanwhile");
}

#[test]
fn a_triggered_stop_that_does_not_fill_is_followed_by_crossing_the_book() {
    // FT 12984, FT 12981: triggered, not filled, 20 % lost.
    let mut bench = Bench::ready(remote());
    let stop = bench.protected(plan(Direction::Long));
    bench.venue(VenueEvent::Triggered { order: stop.order });
    bench.pass_ms(4_999);
    assert!(bench.placements().is_empty());
    bench.pass_ms(1);
    let close = bench.placed(OrderRole::Emergency);
    assert_eq!((close.kind, close.qty), (OrderKind::Market, qty(1_000)));
    assert!(bench.alerted(AlertKind::StopNotFilled));
}

#[test]
fn a_price_beyond_the_stop_without_a_trigger_is_followed_by_crossing_the_book() {
    // FT 10414: the software backstop behind the stop at the venue.
    let mut bench = Bench::ready(remote());
    bench.protected(plan(Direction::Short));
    bench.mark(10_300);
    bench.pass_ms(3_000);
    bench.mark(10_250);
    bench.pass_ms(1_999);
    assert!(bench.placements().is_empty());
    bench.pass_ms(1);
    assert_eq!(bench.placed(OrderRole::Emergency).side, Side::Buy);
}

#[test]
fn a_price_that_comes_back_before_the_grace_is_over_leaves_the_position_alone() {
    let mut bench = Bench::ready(remote());
    bench.protected(plan(Direction::Short));
    bench.mark(10_300);
    bench.pass_ms(3_000);
    bench.mark(10_100);
    bench.pass_ms(10_000);
    assert!(bench.placements().is_empty());
}

#[test]
fn stop_and_target_rest_for_the_same_quantity_and_the_stop_shrinks_with_each_target() {
    // [I-27], FT 8374: the quantity is always what is held.
    let mut both = plan(Direction::Long);
    both.targets.push(target(100, 50));
    both.targets.push(target(200, 50));
    let mut bench = Bench::ready(remote());
    let entry = bench.want(both);
    bench.fill(&entry, 1_000, 10_000);
    let order: Vec<OrderRole> = bench.placements().iter().map(|order| order.role).collect();
    assert_eq!(order, [OrderRole::Stop, OrderRole::Target(1), OrderRole::Target(2)], "the stop comes first");
    let stop = bench.placed(OrderRole::Stop);
    let (first, second) = (bench.placed(OrderRole::Target(1)), bench.placed(OrderRole::Target(2)));
    assert_eq!(first.qty.plus(second.qty), stop.qty);
    assert!(first.reduce_only && second.reduce_only);
    for order in [&stop, &first, &second] {
        bench.accept(order);
    }
    bench.fill(&first, 500, 10_100);
    let (order, size, kind) = bench.amended();
    assert_eq!((order, size), (stop.order, 500));
    assert!(bench.position().protected, "more stop than position is no gap");
    bench.venue(VenueEvent::Amended { order, qty: qty(size), kind });
    bench.fill(&stop, 500, 9_800);
    assert!(bench.asked(VenueRequest::Cancel { order: second.order }));
    let reasons: Vec<ExitReason> = bench.trades[0].exits.iter().map(|exit| exit.reason).collect();
    assert_eq!(reasons, [ExitReason::TakeProfit(1), ExitReason::StopLoss]);
}

#[test]
fn a_stop_that_somebody_cancelled_is_replaced_at_once() {
    // D4, FT 6392: a stop cancelled at the venue was never noticed.
    let mut bench = Bench::ready(remote());
    let stop = bench.protected(plan(Direction::Long));
    bench.pass_ms(20_000);
    bench.cancelled(&stop, CancelReason::Requested);
    let again = bench.placed(OrderRole::Stop);
    assert_eq!((again.qty, trigger(&again)), (stop.qty, trigger(&stop)));
    assert_ne!(again.order, stop.order);
}

#[test]
fn a_stop_that_vanished_without_a_word_is_found_by_the_next_comparison_and_replaced() {
    // D4, FT 12681: "is the stop resting?" is asked on a schedule that cannot be turned off.
    let mut bench = Bench::ready(remote());
    let stop = bench.protected(plan(Direction::Long));
    bench.requests.clear();
    bench.pass_ms(30_000);
    assert!(bench.asked(VenueRequest::QueryOpenOrders));
    bench.open_orders(Vec::new());
    assert!(bench.asked(VenueRequest::QueryOrder { order: stop.order }), "missing in a list is a doubt");
    assert!(bench.placements().is_empty());
    bench.answer(&stop, Coverage::Failed, None);
    assert_eq!(bench.state(&stop), Some(OrderState::Open), "a failed question is no answer");
    bench.answer(&stop, Coverage::Complete, None);
    let again = bench.placed(OrderRole::Stop);
    assert_eq!(trigger(&again), trigger(&stop));
    assert!(bench.alerted(AlertKind::StopMissing));
}

#[test]
fn a_venue_that_ends_every_stop_soon_after_taking_it_gets_a_market_order_in_the_end() {
    let mut bench = Bench::ready(remote());
    let mut stop = bench.enter(plan(Direction::Long));
    for _ in 0..2 {
        bench.accept(&stop);
        bench.cancelled(&stop, CancelReason::Venue);
        stop = bench.placed(OrderRole::Stop);
    }
    bench.accept(&stop);
    bench.cancelled(&stop, CancelReason::Venue);
    assert_eq!(bench.placed(OrderRole::Emergency).qty, qty(1_000));
}

#[test]
fn a_stop_that_never_left_the_process_is_placed_again() {
    let mut bench = Bench::ready(remote());
    let stop = bench.enter(plan(Direction::Long));
    bench.input(Input::Submission { order: stop.order, outcome: SubmitOutcome::NotSent });
    let again = bench.placed(OrderRole::Stop);
    assert_ne!(again.order, stop.order);
    assert_eq!(again.qty, stop.qty);
}

/// Found by storm (seed 835, the account shut out for half a minute): 181 stops within a minute, each placed
/// as soon as the one before had not left.
#[test]
fn stops_that_never_leave_are_tried_again_with_pauses_until_one_does() {
    let mut bench = Bench::ready(remote());
    let first = bench.enter(plan(Direction::Long));
    bench.input(Input::Submission { order: first.order, outcome: SubmitOutcome::NotSent });
    let mut stop = bench.placed(OrderRole::Stop);
    for _ in 0..20 {
        bench.input(Input::Submission { order: stop.order, outcome: SubmitOutcome::NotSent });
        bench.pass_ms(1_900);
        assert!(bench.placements().is_empty());
        bench.pass_ms(200);
        stop = bench.placed(OrderRole::Stop);
        assert_eq!((source(&stop), stop.qty), (TriggerSource::Mark, first.qty));
    }
    bench.accept(&stop);
    assert!(bench.position().protected);
}

/// Found by storm (seeds 8344, 9259, 9652): the venue locked the key out just when a take-profit had filled,
/// and the smaller stop was tried eight times a second beside the larger one that rested.
#[test]
fn a_smaller_stop_that_never_leaves_is_tried_again_with_pauses_while_the_larger_one_rests() {
    let mut bench = Bench::ready(seawall_model::Capabilities { amend: false, ..remote() });
    let large = bench.enter(plan(Direction::Long));
    bench.accept(&large);
    bench.foreign_fill(Side::Sell, 300, 10_000, FillCause::Order);
    let mut small = bench.placed(OrderRole::Stop);
    for _ in 0..5 {
        assert_eq!(small.qty, qty(700));
        bench.input(Input::Submission { order: small.order, outcome: SubmitOutcome::NotSent });
        assert!(bench.placements().is_empty() && bench.position().protected);
        bench.pass_ms(1_900);
        bench.mark(10_001);
        assert!(bench.placements().is_empty());
        bench.pass_ms(200);
        bench.mark(10_000);
        bench.positions(700, 10_000);
        small = bench.placed(OrderRole::Stop);
    }
    bench.accept(&small);
    assert!(bench.asked(VenueRequest::Cancel { order: large.order }));
}

#[test]
fn an_emergency_close_that_is_refused_is_tried_again_with_pauses_until_flat() {
    let mut bench = Bench::ready(remote());
    let stop = bench.enter(plan(Direction::Long));
    bench.reject(&stop, RejectReason::WouldTriggerImmediately);
    for _ in 0..5 {
        let close = bench.placed(OrderRole::Emergency);
        bench.reject(&close, RejectReason::MarketClosed);
        // Events in between don't shorten the pause.
        bench.positions(1_000, 10_000);
        assert!(bench.placements().is_empty() && bench.position().escalating);
        bench.pass_ms(2_000);
    }
    let close = bench.placed(OrderRole::Emergency);
    bench.fill(&close, 1_000, 9_700);
    assert_eq!(bench.held(), 0);
}

/// After a network that had held everything for 30 s, a position was without a stop for six minutes: its
/// emergency close had no answer, and the question about it waited behind others about history.
#[test]
fn an_emergency_close_without_an_answer_is_followed_by_another_once_it_can_have_done_nothing() {
    let mut bench = Bench::ready(remote());
    let stop = bench.enter(plan(Direction::Long));
    bench.reject(&stop, RejectReason::WouldTriggerImmediately);
    let close = bench.placed(OrderRole::Emergency);
    bench.input(Input::Submission { order: close.order, outcome: SubmitOutcome::Unknown });
    // The venue may still take it.
    bench.pass_ms(9_000);
    bench.positions(1_000, 10_000);
    assert!(bench.placements().is_empty());
    // It cannot any more, and the position is still there; a picture with another size would say nothing.
    bench.pass_ms(2_000);
    bench.positions(400, 10_000);
    assert!(bench.placements().is_empty());
    bench.positions(1_000, 10_000);
    // With the pause that lies between two closes.
    bench.pass_ms(2_000);
    let next = bench.placed(OrderRole::Emergency);
    assert!(next.order != close.order && next.qty == close.qty && next.reduce_only);
}

/// [I-88]: emergency exits were not kept among the orders.
#[test]
fn an_emergency_close_is_not_sent_a_second_time_while_the_first_may_still_act() {
    // O2, NT 3879: stacked orders.
    let mut bench = Bench::ready(lossless());
    let stop = bench.enter(plan(Direction::Long));
    bench.reject(&stop, RejectReason::WouldTriggerImmediately);
    let close = bench.placed(OrderRole::Emergency);
    bench.accept(&close);
    bench.pass_ms(60_000);
    assert!(bench.placements().is_empty());
    assert!(bench.asked(VenueRequest::QueryOrder { order: close.order }));
}

/// What filled while no process ran is asked for from here on, and nothing that was counted is told again.
#[test]
fn the_carry_knows_when_the_newest_execution_of_an_instrument_was() {
    let mut bench = Bench::ready(remote());
    let btc = seawall_model::InstrumentId(0);
    assert_eq!(bench.engine.carry_desk(btc).unwrap().newest_fill(), None);
    bench.enter(plan(Direction::Long));
    assert_eq!(bench.engine.carry_desk(btc).unwrap().newest_fill(), Some(bench.now));
}
