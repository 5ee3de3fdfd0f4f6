//! Named scenarios of orders and fills: each cites the incident [I-n], the defect (Dn) or the issue (FT n, NT
//! n) that it keeps from happening here.

use crate::common::bench::{BTC, Bench, row, trigger};
use crate::common::script::plan;
use crate::common::{at, price, qty, remote};
use seawall_engine::Phase;
use seawall_model::{
    AlertKind, CancelReason, Command, Coverage, ExitReason, FillCause, Gate, Input, OrderRole, OrderState,
    Outcome, RejectReason, Side, Span, SubmitOutcome, SystemMode, VenueEvent, VenueRequest,
};
use seawall_strategy::{Direction, Entry, EntryPlan, Evaluation, Level};

fn limit(direction: Direction, units: i64) -> EntryPlan {
    let entry = Entry::Limit { price: price(units), expires_after: Span::from_secs(30) };
    EntryPlan { entry, ..plan(direction) }
}

#[test]
fn a_reversal_waits_until_it_is_flat_and_nothing_is_left_at_the_venue() {
    // FT 13399: the stop fill of the old trade was taken for one of the new trade.
    let mut bench = Bench::ready(remote());
    let stop = bench.protected(plan(Direction::Long));
    bench.script.push(Evaluation::Enter(plan(Direction::Short)));
    bench.candle(10_000);
    let exit = bench.placed(OrderRole::Exit);
    assert!(bench.placements().is_empty(), "the new entry waits");
    bench.fill(&exit, 1_000, 10_000);
    assert!(bench.asked(VenueRequest::Cancel { order: stop.order }) && bench.placements().is_empty());
    bench.cancelled(&stop, CancelReason::Requested);
    bench.end_instant();
    let entry = bench.placed(OrderRole::Entry);
    assert_eq!((entry.side, entry.qty), (Side::Sell, qty(1_000)));
    assert_eq!(bench.trades[0].exits[0].reason, ExitReason::Reversal);
}

/// Found by storm (seed 2031328): a placement came to the venue twice, the market closed in between, and the
/// refusal of the second was taken for the end of the order that rested.
#[test]
fn a_refusal_of_an_order_that_rests_is_asked_about_and_believed_no_further() {
    let mut bench = Bench::ready(remote());
    let stop = bench.protected(plan(Direction::Long));
    bench.reject(&stop, RejectReason::MarketClosed);
    assert_eq!(bench.state(&stop), Some(OrderState::Open));
    assert!(bench.asked(VenueRequest::QueryOrder { order: stop.order }) && bench.placements().is_empty());
    bench.answer(&stop, Coverage::Complete, Some(row(&stop, OrderState::Cancelled, 0)));
    assert_eq!(bench.placed(OrderRole::Stop).qty, stop.qty, "gone after all");
}

/// Found by the storm: the plan waited for the exit, which filled beyond the plan's stop; the entry would
/// have filled there as well and been stopped out at once, for two fees.
#[test]
fn a_reversal_whose_stop_the_price_has_passed_meanwhile_is_not_entered() {
    for (exit_price, enters) in [(10_099, true), (10_100, false), (10_200, false)] {
        let mut bench = Bench::ready(remote());
        let stop = bench.protected(plan(Direction::Long));
        let short = EntryPlan { stop: Some(Level::Price(price(10_100))), ..limit(Direction::Short, 10_000) };
        bench.script.push(Evaluation::Enter(short));
        bench.candle(10_000);
        let exit = bench.placed(OrderRole::Exit);
        bench.fill(&exit, 1_000, exit_price);
        bench.cancelled(&stop, CancelReason::Requested);
        bench.end_instant();
        assert_eq!(bench.placements().len(), usize::from(enters), "{exit_price}");
    }
}

#[test]
fn a_reversal_that_is_not_over_within_a_candle_is_given_up() {
    let mut bench = Bench::ready(remote());
    bench.protected(plan(Direction::Long));
    bench.script.push(Evaluation::Enter(plan(Direction::Short)));
    bench.candle(10_000);
    let exit = bench.placed(OrderRole::Exit);
    bench.accept(&exit);
    bench.pass_ms(60_000);
    assert!(bench.alerted(AlertKind::BoundReached));
    bench.fill(&exit, 1_000, 10_000);
    assert!(bench.placements().is_empty(), "a plan is not older than a candle");
}

#[test]
fn a_fill_after_the_cancellation_counts_and_is_protected() {
    // FT 9128, [I-52]; spec 5.6: late fill after cancel adopted.
    let mut bench = Bench::ready(remote());
    let entry = bench.want(limit(Direction::Long, 9_950));
    bench.accept(&entry);
    bench.pass_ms(30_000);
    assert!(bench.asked(VenueRequest::Cancel { order: entry.order }));
    bench.cancelled(&entry, CancelReason::Requested);
    assert_eq!(bench.state(&entry), None);
    bench.fill(&entry, 400, 9_950);
    assert_eq!(bench.held(), 400);
    let stop = bench.placed(OrderRole::Stop);
    assert_eq!((stop.qty, trigger(&stop)), (qty(400), price(9_751)));
}

#[test]
fn a_cancellation_without_an_answer_is_repeated_until_the_order_has_ended() {
    let mut bench = Bench::ready(remote());
    let entry = bench.want(limit(Direction::Long, 9_950));
    bench.accept(&entry);
    bench.pass_ms(30_000);
    let cancel = VenueRequest::Cancel { order: entry.order };
    assert!(bench.asked(cancel));
    bench.pass_ms(4_999);
    assert!(!bench.asked(cancel));
    bench.pass_ms(1);
    assert!(bench.asked(cancel));
    bench.venue(VenueEvent::CancelRejected { order: entry.order, reason: RejectReason::RateLimited });
    assert!(!bench.asked(cancel), "not at once: the venue has asked for a pause");
    bench.pass_ms(5_000);
    assert!(bench.asked(cancel));
    assert_eq!(bench.state(&entry), Some(OrderState::Open), "a refused cancellation ends nothing");
}

#[test]
fn more_filled_than_ordered_counts_and_is_protected_and_reported() {
    let mut bench = Bench::ready(remote());
    let entry = bench.want(plan(Direction::Long));
    bench.accept(&entry);
    bench.fill(&entry, 1_000, 10_000);
    bench.accept(&bench.placements()[0]);
    bench.requests.clear();
    bench.fill(&entry, 50, 10_000);
    assert!(bench.alerted(AlertKind::OverFill));
    assert_eq!(bench.held(), 1_050);
    assert_eq!(bench.amended().1, 1_050);
}

#[test]
fn a_repeated_fill_counts_once() {
    // [I-52], rule 19.
    let mut bench = Bench::ready(remote());
    let entry = bench.want(plan(Direction::Long));
    let fill = bench.execution(Some(entry.order), Side::Buy, 600, 10_000);
    for _ in 0..3 {
        bench.venue(VenueEvent::Filled(fill));
    }
    assert_eq!(bench.held(), 600);
}

#[test]
fn a_fill_before_the_acknowledgement_counts_and_the_late_acknowledgement_changes_nothing() {
    let mut bench = Bench::ready(remote());
    let entry = bench.want(plan(Direction::Long));
    bench.fill(&entry, 1_000, 10_000);
    bench.accept(&entry);
    assert_eq!((bench.held(), bench.state(&entry)), (1_000, None));
}

#[test]
fn an_exit_that_fills_more_than_is_held_turns_the_position_and_the_rest_is_protected() {
    let mut bench = Bench::ready(remote());
    let stop = bench.protected(plan(Direction::Long));
    bench.fill(&stop, 1_200, 9_800);
    assert_eq!(bench.held(), -200);
    let other = bench.placed(OrderRole::Stop);
    assert_eq!((other.side, other.qty, trigger(&other)), (Side::Buy, qty(200), price(9_996)));
    assert_eq!(bench.trades.len(), 1);
}

#[test]
fn an_unknown_placement_blocks_new_risk_is_asked_about_and_never_sent_again() {
    // D1, NT 4152, [I-10]: `Unknown` counts at its worst until the venue has spoken.
    let mut bench = Bench::ready(remote());
    let entry = bench.want(plan(Direction::Long));
    bench.input(Input::Submission { order: entry.order, outcome: SubmitOutcome::Unknown });
    assert_eq!(bench.state(&entry), Some(OrderState::Unknown));
    let ask = VenueRequest::QueryOrder { order: entry.order };
    assert!(bench.asked(ask));
    bench.pass_ms(60_000);
    let asked = bench.requests.iter().filter(|request| **request == ask).count();
    assert!((4..=7).contains(&asked), "asked {asked} times in a minute");
    bench.script.push(Evaluation::Enter(plan(Direction::Long)));
    bench.candle(10_000);
    assert!(bench.placements().is_empty());
    assert_eq!(bench.outcome(), Some(Outcome::Refused(Gate::Difference)));
    // Found after all, and filled: the plan holds.
    bench.answer(&entry, Coverage::Complete, Some(row(&entry, OrderState::Open, 0)));
    assert_eq!(bench.state(&entry), Some(OrderState::Open));
    bench.fill(&entry, 1_000, 10_000);
    assert_eq!(trigger(&bench.placed(OrderRole::Stop)), price(9_800));
}

#[test]
fn an_unknown_placement_is_absent_only_by_a_complete_answer_from_after_the_horizon() {
    // D2, D3, NT 4479: an empty list is not a failed request, and too early is no proof.
    let mut bench = Bench::ready(remote());
    let entry = bench.want(plan(Direction::Long));
    bench.input(Input::Submission { order: entry.order, outcome: SubmitOutcome::Unknown });
    bench.pass_ms(9_999);
    bench.answer(&entry, Coverage::Complete, None);
    assert_eq!(bench.state(&entry), Some(OrderState::Unknown), "it may still arrive");
    bench.pass_ms(60_000);
    bench.answer(&entry, Coverage::Failed, None);
    bench.answer(&entry, Coverage::Window { from: at(0), to: at(900) }, None);
    assert_eq!(bench.state(&entry), Some(OrderState::Unknown));
    bench.answer(&entry, Coverage::Complete, None);
    assert_eq!(bench.state(&entry), None);
    bench.want(plan(Direction::Long));
}

#[test]
fn an_unknown_entry_that_filled_unseen_is_found_through_its_order_and_protected_by_its_plan() {
    let mut bench = Bench::ready(remote());
    let entry = bench.want(plan(Direction::Long));
    bench.input(Input::Submission { order: entry.order, outcome: SubmitOutcome::Unknown });
    bench.answer(&entry, Coverage::Complete, Some(row(&entry, OrderState::Filled, 1_000)));
    assert!(bench.asked(VenueRequest::QueryPositions));
    assert_eq!(bench.held(), 0, "no fill is invented from an order's row");
    bench.positions(1_000, 10_000);
    bench.pass_ms(1_000);
    bench.positions(1_000, 10_000);
    assert_eq!(bench.held(), 1_000);
    assert_eq!(trigger(&bench.placed(OrderRole::Stop)), price(9_800));
    assert_eq!(bench.engine.open_trade(BTC).unwrap().setup, seawall_model::Setup::EmaCross);
}

#[test]
fn a_fill_that_comes_after_its_position_was_taken_over_does_not_count_twice() {
    // D9: an invented fill and the real one.
    let mut bench = Bench::ready(remote());
    let entry = bench.want(plan(Direction::Long));
    let late = bench.execution(Some(entry.order), Side::Buy, 1_000, 10_000);
    bench.pass_ms(100);
    bench.positions(1_000, 10_000);
    bench.pass_ms(1_000);
    bench.positions(1_000, 10_000);
    assert_eq!(bench.held(), 1_000);
    bench.venue(VenueEvent::Filled(late));
    assert_eq!(bench.held(), 1_000);
    assert_eq!(bench.state(&entry), None, "the order is known to be filled all the same");
}

#[test]
fn an_id_that_the_venue_calls_known_is_an_order_that_may_live() {
    // Duplicate acceptance: the refusal of the copy must not be taken for one of the order.
    let mut bench = Bench::ready(remote());
    let stop = bench.enter(plan(Direction::Long));
    bench.reject(&stop, RejectReason::DuplicateId);
    assert_eq!(bench.state(&stop), Some(OrderState::Unknown));
    bench.answer(&stop, Coverage::Complete, Some(row(&stop, OrderState::Open, 0)));
    bench.reject(&stop, RejectReason::DuplicateId);
    assert_eq!(bench.state(&stop), Some(OrderState::Open));
    assert!(bench.position().protected && bench.placements().is_empty());
}

#[test]
fn flatten_closes_everything_cancels_entries_and_keeps_protecting() {
    // [I-30], rule 6: the switch that ends trading spares the stops until flat.
    let mut bench = Bench::ready(remote());
    let entry = bench.want(plan(Direction::Long));
    bench.accept(&entry);
    bench.fill(&entry, 600, 10_000);
    let stop = bench.placed(OrderRole::Stop);
    bench.command(Command::SetMode(SystemMode::Flatten));
    assert!(bench.asked(VenueRequest::Cancel { order: entry.order }));
    assert!(!bench.asked(VenueRequest::Cancel { order: stop.order }));
    let exit = bench.placed(OrderRole::Exit);
    assert_eq!(exit.qty, qty(600));
    bench.reject(&stop, RejectReason::Other);
    let again = bench.placed(OrderRole::Stop);
    assert_eq!(again.qty, qty(600), "protection asks no mode");
    bench.fill(&exit, 600, 10_000);
    bench.cancelled(&again, CancelReason::NothingToReduce);
    // The rest of the entry fills although it was to be cancelled: closed, too.
    bench.fill(&entry, 400, 10_000);
    assert_eq!(bench.placed(OrderRole::Stop).qty, qty(400));
    assert_eq!(bench.placed(OrderRole::Exit).qty, qty(400));
}

#[test]
fn shutdown_cancels_entries_and_leaves_stops() {
    let mut bench = Bench::ready(remote());
    let entry = bench.want(limit(Direction::Long, 9_950));
    bench.accept(&entry);
    bench.fill(&entry, 300, 9_950);
    let stop = bench.placed(OrderRole::Stop);
    bench.accept(&stop);
    bench.command(Command::Shutdown);
    assert!(bench.asked(VenueRequest::Cancel { order: entry.order }));
    assert!(!bench.asked(VenueRequest::Cancel { order: stop.order }));
    bench.cancelled(&entry, CancelReason::Requested);
    bench.cancelled(&stop, CancelReason::Requested);
    assert_eq!(bench.placed(OrderRole::Stop).qty, qty(300), "protection goes on until the end");
}

#[test]
fn no_entry_leaves_in_a_reduce_mode_while_shutting_down_or_before_ready() {
    // O6, D6: fail closed.
    let refused = |bench: &mut Bench, gate: Gate| {
        bench.script.push(Evaluation::Enter(plan(Direction::Long)));
        bench.candle(10_000);
        assert!(bench.placements().is_empty());
        assert_eq!(bench.outcome(), Some(Outcome::Refused(gate)));
    };
    for mode in [SystemMode::ReduceOnly, SystemMode::ProtectOnly, SystemMode::Flatten] {
        let mut bench = Bench::ready(remote());
        bench.command(Command::SetMode(mode));
        refused(&mut bench, Gate::SystemMode);
    }
    let mut bench = Bench::ready(remote());
    bench.command(Command::Shutdown);
    refused(&mut bench, Gate::SystemMode);
    let mut bench = Bench::started(remote());
    assert_eq!(bench.engine.phase(), Phase::Reconciling);
    refused(&mut bench, Gate::Phase);
}

#[test]
fn a_liquidation_counts_is_reported_and_clears_what_is_left() {
    // FT 7107, FT 11570: liquidations were not noticed.
    let mut bench = Bench::ready(remote());
    let stop = bench.protected(plan(Direction::Long));
    bench.foreign_fill(Side::Sell, 1_000, 9_000, FillCause::Liquidation);
    assert!(bench.alerted(AlertKind::Liquidated));
    assert_eq!((bench.held(), bench.trades[0].exits[0].reason), (0, ExitReason::Liquidation));
    assert!(bench.asked(VenueRequest::Cancel { order: stop.order }));
}

#[test]
fn a_partial_liquidation_shrinks_the_stop() {
    let mut bench = Bench::ready(remote());
    bench.protected(plan(Direction::Long));
    bench.foreign_fill(Side::Sell, 300, 9_900, FillCause::Liquidation);
    assert_eq!(bench.amended().1, 700);
    assert!(bench.position().protected);
}
