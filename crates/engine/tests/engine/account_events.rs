//! Events of the account beside orders: the stream, bookings, what others do, what is held elsewhere, and
//! what the kill switch verifies. Scenarios cite the incident [I-n] or the defect [D-n].

use crate::common::account::{many, stop};
use crate::common::bench::{BTC, Bench, row};
use crate::common::remote;
use crate::common::script::plan;
use rust_decimal::Decimal;
use seawall_engine::{Account, Block, ForeignOrderPolicy, HoldingPolicy, Phase, RiskSettings};
use seawall_model::{
    AlertKind, Booking, BookingKind, CancelReason, Command, Coverage, ExitReason, FillCause, ForeignHolding,
    Gate, KillReason, Money, OrderRole, OrderState, Report, Side, SystemMode, VenueEvent, VenueId,
    VenueRequest,
};
use seawall_strategy::Direction;

fn money(amount: i64) -> Money {
    Money::new(Decimal::from(amount))
}

fn booked(bench: &mut Bench, id: u64, kind: BookingKind, amount: i64) {
    let instrument = (kind == BookingKind::Funding).then_some(BTC);
    bench.venue(VenueEvent::Booked(Booking {
        id: VenueId::Number(id),
        kind,
        instrument,
        amount: money(amount),
        venue_time: bench.now,
    }));
}

fn elsewhere(bench: &mut Bench, value: Option<i64>) {
    let row = ForeignHolding {
        symbol: arrayvec::ArrayString::from("PF_GONEUSD").unwrap(),
        qty: Decimal::from(-5),
        value: value.map(money),
    };
    let report = Report { coverage: Coverage::Complete, taken_at: bench.now, rows: vec![row] };
    bench.venue(VenueEvent::Elsewhere(report));
}

#[test]
fn a_lost_stream_ends_new_risk_until_it_is_back_and_everything_was_compared() {
    let mut bench = Bench::ready(remote());
    bench.venue(VenueEvent::Stream { live: false });
    assert_eq!(bench.engine.phase(), Phase::Reconciling);
    assert!(bench.asked(VenueRequest::QueryOpenOrders) && bench.asked(VenueRequest::QueryPositions));
    assert_eq!(bench.refusal(plan(Direction::Long)), Some(Gate::Phase));
    bench.agrees_but_for(10_000);
    assert_eq!(bench.engine.phase(), Phase::Reconciling, "agreed, but blind");
    assert_eq!(bench.engine.blocks(), [Block::Stream { since: crate::common::T0 }]);
    bench.requests.clear();
    bench.pass_ms(6_000);
    assert!(bench.asked(VenueRequest::QueryPositions), "what happens is asked for meanwhile");
    bench.venue(VenueEvent::Stream { live: true });
    assert_eq!(bench.engine.phase(), Phase::Reconciling, "what was missed is not known");
    bench.agrees_but_for(10_000);
    assert_eq!(bench.engine.phase(), Phase::Ready);
    assert_eq!(bench.engine.told(AlertKind::Stream), 2);
    assert_eq!(bench.refusal(plan(Direction::Long)), None);
}

#[test]
fn a_position_stays_protected_while_the_stream_is_lost() {
    let mut bench = Bench::ready(remote());
    let stop = bench.protected(plan(Direction::Long));
    bench.venue(VenueEvent::Stream { live: false });
    bench.pass_ms(1_000);
    bench.cancelled(&stop, CancelReason::Venue);
    assert_eq!(bench.placed(OrderRole::Stop).qty, stop.qty);
}

#[test]
fn a_booking_that_is_told_twice_counts_once() {
    // [I-52]: ids are compared, not times.
    let mut bench = Bench::ready(remote());
    bench.protected(plan(Direction::Long));
    for _ in 0..3 {
        booked(&mut bench, 7, BookingKind::Funding, -3);
    }
    booked(&mut bench, 8, BookingKind::Funding, -3);
    assert_eq!(bench.engine.ledger().balance(Account::Funding), money(6));
    assert_eq!(bench.engine.open_trade(BTC).unwrap().funding, money(-6));
    assert!(bench.engine.ledger().total().unwrap().is_zero());
}

#[test]
fn money_that_goes_out_is_no_loss_and_moves_the_high_water_mark() {
    let mut risk = RiskSettings::without_limits();
    risk.states.drawdown_reduce_only_pct = Some("20".parse().unwrap());
    risk.daily_loss_max_pct = Some("10".parse().unwrap());
    let mut bench = Bench::under(1, risk);
    booked(&mut bench, 1, BookingKind::Transfer, -6_000);
    bench.pass_ms(10);
    assert_eq!((bench.engine.mode(), bench.engine.equity()), (SystemMode::Normal, Some(money(4_000))));
    assert_eq!(bench.engine.ledger().balance(Account::Transfers), money(-4_000));
    assert!(bench.alerted(AlertKind::Transfer));
    assert_eq!(bench.refusal(plan(Direction::Long)), None);
}

#[test]
fn a_transfer_that_the_balance_showed_first_changes_its_name_and_counts_once() {
    for amount in [-500, 500] {
        let mut bench = Bench::ready(remote());
        let told_at = bench.now;
        bench.pass_ms(30_000);
        bench.balance(10_000 + amount);
        bench.pass_ms(11_000);
        bench.positions(0, 0);
        bench.balance(10_000 + amount);
        assert_eq!(bench.engine.ledger().balance(Account::Adjustments), money(-amount));
        bench.venue(VenueEvent::Booked(Booking {
            id: VenueId::Number(5),
            kind: BookingKind::Transfer,
            instrument: None,
            amount: money(amount),
            venue_time: told_at,
        }));
        assert_eq!(bench.engine.ledger().balance(Account::Adjustments), Money::ZERO);
        assert_eq!(bench.engine.equity(), Some(money(10_000 + amount)), "once");
        assert!(bench.engine.ledger().total().unwrap().is_zero());
    }
}

#[test]
fn what_others_do_to_a_position_is_told_by_name() {
    // [I-19]: a position closed by hand; liquidation and deleveraging apart from each other.
    for (cause, kind, reason) in [
        (FillCause::Order, AlertKind::ExternalClose, ExitReason::External),
        (FillCause::Liquidation, AlertKind::Liquidated, ExitReason::Liquidation),
        (FillCause::Deleveraging, AlertKind::Deleveraged, ExitReason::Liquidation),
    ] {
        let mut bench = Bench::ready(remote());
        let stop = bench.protected(plan(Direction::Long));
        bench.foreign_fill(Side::Sell, stop.qty.get(), 9_900, cause);
        assert!(bench.alerted(kind), "{kind:?}");
        assert_eq!((bench.held(), bench.trades[0].exits[0].reason), (0, reason));
        assert_eq!(bench.engine.told(kind), 1);
    }
    let mut bench = Bench::ready(remote());
    bench.foreign_fill(Side::Buy, 100, 10_000, FillCause::Order);
    assert!(bench.alerted(AlertKind::ManualOrder));
}

#[test]
fn a_ghost_is_told_and_closed_on_the_second_look_and_a_stop_that_is_gone_has_its_own_name() {
    let mut bench = Bench::ready(remote());
    let stop = bench.protected(plan(Direction::Long));
    bench.pass_ms(15_000);
    bench.open_orders(Vec::new());
    bench.answer(&stop, Coverage::Complete, None);
    assert!(bench.alerted(AlertKind::StopMissing));
    bench.positions(0, 0);
    assert!(bench.alerted(AlertKind::Ghost));
    assert_eq!(bench.held(), 1_000, "one picture is no fact");
    bench.pass_ms(1_000);
    bench.positions(0, 0);
    assert_eq!(bench.held(), 0);
    assert!(bench.alerted(AlertKind::ExternalClose));
}

#[test]
fn a_stop_that_somebody_changed_is_told_by_its_name() {
    let mut bench = Bench::ready(remote());
    let stop = bench.protected(plan(Direction::Long));
    bench.pass_ms(30_000);
    let changed =
        seawall_model::VenueOrder { qty: crate::common::qty(100), ..row(&stop, OrderState::Open, 0) };
    bench.open_orders(vec![changed]);
    bench.answer(&stop, Coverage::Complete, Some(changed));
    assert!(bench.alerted(AlertKind::StopWrong));
}

/// Effect of `reconcile.foreign_orders`.
#[test]
fn somebody_elses_order_is_reported_and_blocks_its_instrument_where_policy_says_so() {
    for (policy, refused) in
        [(ForeignOrderPolicy::Report, None), (ForeignOrderPolicy::Block, Some(Gate::Difference))]
    {
        let mut bench = Bench::ready_with(remote(), |setup| setup.reconcile.foreign_orders = policy);
        bench.open_orders(vec![stop(0, 1, 100, 9_000)]);
        assert!(bench.alerted(AlertKind::ManualOrder));
        assert_eq!(bench.refusal(plan(Direction::Long)), refused);
        assert_eq!(bench.engine.blocks().is_empty(), refused.is_none());
    }
}

/// Effect of `reconcile.foreign_holdings`.
#[test]
fn what_is_held_on_an_unknown_instrument_is_never_dropped_in_silence() {
    for (policy, value, refused) in [
        (HoldingPolicy::Count, Some(100), None),
        (HoldingPolicy::Count, Some(1_000_000), Some(Gate::Leverage)),
        (HoldingPolicy::Count, None, Some(Gate::Difference)),
        (HoldingPolicy::Block, Some(100), Some(Gate::Difference)),
    ] {
        let mut bench = Bench::with_setup(many(1, |setup| setup.reconcile.foreign_holdings = policy));
        elsewhere(&mut bench, value);
        bench = bench.reconciled();
        assert!(bench.alerted(AlertKind::ForeignHolding));
        let first = bench.refusal(plan(Direction::Long));
        assert_eq!(first.is_some(), refused.is_some(), "{policy:?} {value:?}: {first:?}");
        if refused == Some(Gate::Difference) {
            assert_eq!(first, refused);
            assert_eq!(bench.engine.blocks(), [Block::ForeignHolding { count: 1 }]);
            // A later picture without it: it is gone.
            bench.pass_ms(1_000);
            bench.positions(0, 0);
            assert!(bench.engine.blocks().is_empty());
        }
    }
}

#[test]
fn the_switch_says_that_entries_are_gone_only_when_a_complete_list_has_shown_it() {
    // [I-30]: entries end, stops stay.
    let mut bench = Bench::ready(remote());
    let entry = bench.want(plan(Direction::Long));
    bench.accept(&entry);
    bench.command(Command::Kill { reason: KillReason::Manual, flatten: false });
    assert!(bench.asked(VenueRequest::Cancel { order: entry.order }));
    let verified = |bench: &Bench| bench.alerts.iter().any(|alert| alert.detail.contains("no entry rests"));
    bench.cancelled(&entry, CancelReason::Requested);
    bench.pass_ms(5_000);
    assert!(bench.asked(VenueRequest::QueryOpenOrders));
    bench.venue(VenueEvent::OpenOrders(Report {
        coverage: Coverage::Failed,
        taken_at: bench.now,
        rows: Vec::new(),
    }));
    assert!(!verified(&bench));
    bench.requests.clear();
    bench.pass_ms(6_000);
    assert!(bench.asked(VenueRequest::QueryOpenOrders), "asked again");
    bench.open_orders(vec![row(&entry, OrderState::Open, 0)]);
    assert!(!verified(&bench), "it still rests");
    bench.open_orders(Vec::new());
    assert!(verified(&bench));
}

#[test]
fn flatten_is_done_when_a_complete_report_has_shown_no_position_and_a_failed_one_shows_nothing() {
    let mut bench = Bench::ready(remote());
    bench.protected(plan(Direction::Long));
    bench.command(Command::Kill { reason: KillReason::Manual, flatten: true });
    let exit = bench.placed(OrderRole::Exit);
    bench.accept(&exit);
    bench.fill(&exit, exit.qty.get(), 10_000);
    let verified =
        |bench: &Bench| bench.alerts.iter().any(|alert| alert.detail.contains("holds no position"));
    assert!(bench.asked(VenueRequest::QueryPositions));
    bench.venue(VenueEvent::Positions(Report {
        coverage: Coverage::Failed,
        taken_at: bench.now,
        rows: Vec::new(),
    }));
    assert!(!verified(&bench));
    bench.requests.clear();
    bench.pass_ms(6_000);
    assert!(bench.asked(VenueRequest::QueryPositions), "asked again");
    bench.positions(0, 0);
    assert!(verified(&bench));
}

/// Effect of `reconcile.kill_on_broken_invariant`.
#[test]
fn a_broken_rule_throws_the_switch_where_that_is_wanted() {
    for (wanted, reason) in [(true, Some(KillReason::InvariantViolation)), (false, None)] {
        let setup = many(1, |setup| setup.reconcile.kill_on_broken_invariant = wanted);
        let mut engine = seawall_engine::Engine::new(setup).unwrap();
        let mut effects = seawall_engine::Effects::new();
        engine.step(crate::common::T0, &seawall_model::Input::Started, &mut effects);
        for _ in 0..2 {
            let amount = Money::new(Decimal::MAX);
            let transfer = seawall_model::Input::Operator(Command::Transfer(amount));
            engine.step(crate::common::T0, &transfer, &mut effects);
        }
        assert_eq!((engine.mode(), engine.kill_switch()), (SystemMode::ProtectOnly, reason));
        assert_eq!(engine.told(AlertKind::InvariantBroken), 1);
    }
}
