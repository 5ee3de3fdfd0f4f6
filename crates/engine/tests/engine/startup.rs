//! Start-up: nothing but protection leaves before the venue and the books agree and every position is
//! protected; whatever fails is named. Scenarios cite the incident [I-n], the defect (D-n) or the acceptance
//! criterion of the specification (A n).

use crate::common::account::{Account, Fault, many, stop};
use crate::common::bench::Bench;
use crate::common::{price, remote};
use proptest::prelude::*;
use seawall_engine::{Block, Phase, PositionPolicy, ReportKind};
use seawall_model::{
    AlertKind, ClientOrderId, InstrumentId, KillReason, OrderRef, OrderRole, Setup, VenueEvent, VenueRequest,
};

/// Positions of different sizes, every third one short.
fn positions(count: u32) -> Vec<(u32, i64)> {
    (0..count)
        .map(|number| (number, i64::from(number % 7 + 1) * if number % 3 == 2 { -100 } else { 100 }))
        .collect()
}

#[test]
fn none_seven_and_fifty_one_positions_are_protected_before_the_start_is_over() {
    // [I-2], [I-16], [I-38], A2: long, short, some with a stop that is there, some with foreign orders.
    for count in [0, 7, 51] {
        let mut bench = Bench::with_setup(many(51, |_| ()));
        let mut account = Account::new(&positions(count));
        for (number, held) in positions(count) {
            if number % 4 == 1 {
                let at = if held > 0 { 9_000 } else { 11_000 };
                account.orders.push(stop(number, held, held.abs(), at));
            }
        }
        let begin = bench.now;
        assert!(account.serve(&mut bench, 60), "{:?}", bench.engine.blocks_in_words());
        assert!(account.is_protected());
        let own = account.orders.iter().filter(|order| order.order.is_some()).count();
        let with_stop = positions(count).iter().filter(|(number, _)| number % 4 == 1).count();
        assert_eq!(own, count as usize - with_stop, "a proven foreign stop gets none beside it");
        for (number, held) in positions(count) {
            let view = bench.engine.position(InstrumentId(number)).unwrap();
            assert!(view.protected && view.qty.get() == held);
            assert_eq!(view.foreign_stop.is_some(), number % 4 == 1);
            assert_eq!(bench.engine.open_trade(InstrumentId(number)).unwrap().setup, Setup::Adopted);
        }
        assert!(bench.engine.blocks().is_empty());
        assert!(account.closed.is_empty(), "[I-28]");
        assert!(bench.now.since(begin).millis() < 10_000, "{} ms", bench.now.since(begin).millis());
    }
}

#[test]
fn with_any_single_request_failing_the_start_ends_later_and_protected() {
    // A3: the same with each request in turn refused, unanswered or out of date.
    for fault in [Fault::Fails, Fault::Silent, Fault::Stale] {
        for number in 0..24 {
            let mut bench = Bench::with_setup(many(7, |_| ()));
            let mut account = Account::new(&positions(7));
            account.orders.push(stop(1, 200, 200, 9_000));
            account.fault = Some((number, fault));
            let ready = account.serve(&mut bench, 120);
            assert!(ready, "{fault:?} at {number}: {:?}", bench.engine.blocks_in_words());
            assert!(account.is_protected(), "{fault:?} at {number}");
        }
    }
}

/// Effect of `reconcile.kill_after_unreconciled_minutes`.
#[test]
fn a_report_that_never_comes_keeps_the_start_from_ending_is_named_and_ends_new_risk_for_good_at_its_bound() {
    // [I-2], D-32, A3: the process went on with nothing seen.
    fn killed(minutes: Option<u32>) -> Option<KillReason> {
        let mut bench = Bench::with_setup(many(1, |setup| {
            setup.reconcile.kill_after_unreconciled_minutes = minutes;
            setup.reconcile.kill_after_api_errors = None;
        }));
        let mut asked = Vec::new();
        for _ in 0..4_000 {
            let Some(wake) = bench.engine.next_wakeup() else { break };
            if wake > crate::common::at(600) {
                break;
            }
            bench.now = wake;
            bench.input(seawall_model::Input::Wakeup);
            for request in std::mem::take(&mut bench.requests) {
                match request {
                    VenueRequest::QueryPositions => {
                        asked.push(bench.now);
                        bench.venue(VenueEvent::Positions(seawall_model::Report {
                            coverage: seawall_model::Coverage::Failed,
                            taken_at: bench.now,
                            rows: Vec::new(),
                        }));
                    }
                    VenueRequest::QueryOpenOrders => bench.open_orders(Vec::new()),
                    VenueRequest::QueryBalance => bench.balance(10_000),
                    VenueRequest::Place(_)
                    | VenueRequest::Amend { .. }
                    | VenueRequest::Cancel { .. }
                    | VenueRequest::QueryOrder { .. } => panic!("{request:?}"),
                }
            }
        }
        assert_eq!(bench.engine.phase(), Phase::Reconciling);
        assert!(bench.alerted(AlertKind::ReportFailing) && bench.alerted(AlertKind::NotReady));
        let pauses: Vec<i64> = asked.windows(2).map(|pair| pair[1].since(pair[0]).millis()).collect();
        assert!(pauses.windows(2).all(|pair| pair[0] <= pair[1]) && pauses.iter().all(|ms| *ms <= 32_000));
        let Some(Block::Report { report, failed, since }) = bench.engine.blocks().first().copied() else {
            panic!("{:?}", bench.engine.blocks())
        };
        assert_eq!((report, since.is_some()), (ReportKind::Positions, true));
        assert!(bench.engine.blocks()[0].holds_start());
        assert!(failed as usize >= pauses.len());
        bench.engine.kill_switch()
    }
    assert_eq!(killed(Some(5)), Some(KillReason::ReconciliationFailure));
    assert_eq!(killed(Some(30)), None);
    assert_eq!(killed(None), None);
}

/// Effect of `reconcile.kill_after_api_errors`.
#[test]
fn too_many_errors_of_the_interface_within_a_minute_throw_the_switch() {
    for (most, reason) in [(Some(10), Some(KillReason::ApiError)), (None, None)] {
        let mut bench = Bench::with_setup(many(1, |setup| setup.reconcile.kill_after_api_errors = most));
        for _ in 0..10 {
            bench.venue(VenueEvent::Balance {
                coverage: seawall_model::Coverage::Failed,
                amount: seawall_model::Money::ZERO,
            });
        }
        assert_eq!(bench.engine.kill_switch(), reason);
    }
}

/// Effect of `reconcile.positions`.
/// Effect of `reconcile.position_overrides[].instrument`.
/// Effect of `reconcile.position_overrides[].positions`.
#[test]
fn a_position_found_is_adopted_ignored_or_closed_as_policy_says_for_its_instrument() {
    let start = |policy, change: &dyn Fn(&mut seawall_engine::ReconcileSettings)| {
        let mut bench = Bench::with_setup(many(2, |setup| {
            setup.reconcile.positions = policy;
            change(&mut setup.reconcile);
        }));
        let mut account = Account::new(&[(0, 300)]);
        if policy == PositionPolicy::Ignore {
            // What is left alone has no stop of ours: the account's check is not for it.
            account.orders.push(stop(0, 300, 300, 5_000));
        }
        assert!(account.serve(&mut bench, 60), "{:?}", bench.engine.blocks_in_words());
        (bench, account)
    };
    let (bench, account) = start(PositionPolicy::Adopt, &|_| ());
    assert!(account.closed.is_empty() && bench.engine.position(InstrumentId(0)).unwrap().protected);

    let (mut bench, account) = start(PositionPolicy::Ignore, &|_| ());
    let view = bench.engine.position(InstrumentId(0)).unwrap();
    assert!(view.left_alone && view.stop.is_none() && view.qty.get() == 300, "counted, and nothing more");
    assert!(account.orders.iter().all(|order| order.order.is_none()));
    assert_eq!(bench.engine.blocks(), [Block::LeftAlone { instrument: InstrumentId(0) }]);
    assert!(bench.alerted(AlertKind::LeftAlone) && !bench.engine.blocks()[0].holds_start());
    bench.command(seawall_model::Command::Kill { reason: KillReason::Manual, flatten: true });
    assert!(bench.placements().is_empty(), "nobody closes it but the operator by name");
    bench.command(seawall_model::Command::Close(InstrumentId(0)));
    assert_eq!(bench.placed(OrderRole::Exit).qty.get(), 300);

    let (bench, account) = start(PositionPolicy::Flatten, &|_| ());
    assert_eq!((account.closed.as_slice(), account.held.len()), (&[InstrumentId(0)][..], 0));
    assert!(bench.engine.blocks().is_empty());

    let only_this = |settings: &mut seawall_engine::ReconcileSettings| {
        settings.position_overrides.push(seawall_engine::PositionOverride {
            instrument: "C0/USD".parse().unwrap(),
            positions: PositionPolicy::Flatten,
        });
    };
    assert_eq!(start(PositionPolicy::Adopt, &only_this).1.closed, [InstrumentId(0)]);
    let only_other = |settings: &mut seawall_engine::ReconcileSettings| {
        settings.position_overrides.push(seawall_engine::PositionOverride {
            instrument: "C1/USD".parse().unwrap(),
            positions: PositionPolicy::Flatten,
        });
    };
    assert!(start(PositionPolicy::Adopt, &only_other).1.closed.is_empty());
}

/// Effect of `reconcile.adopt_foreign_stops`.
#[test]
fn a_foreign_stop_protects_once_two_lists_have_shown_it_if_it_fits_and_else_one_of_ours_is_placed() {
    let own = |row: Option<seawall_model::VenueOrder>, trusts: bool| {
        let mut bench = Bench::with_setup(many(1, |setup| setup.reconcile.adopt_foreign_stops = trusts));
        let mut account = Account::new(&[(0, 300)]);
        account.orders.extend(row);
        assert!(account.serve(&mut bench, 60));
        account.orders.iter().filter(|order| order.order.is_some()).count()
    };
    let good = stop(0, 300, 300, 9_000);
    assert_eq!(own(Some(good), true), 0);
    assert_eq!(own(Some(good), false), 1);
    assert_eq!(own(None, true), 1);
    assert_eq!(own(Some(stop(0, 300, 299, 9_000)), true), 1, "too small");
    assert_eq!(own(Some(stop(0, -300, 300, 9_000)), true), 1, "on the wrong side");
    assert_eq!(own(Some(seawall_model::VenueOrder { reduce_only: false, ..good }), true), 1, "could turn it");
}

#[test]
fn a_foreign_stop_that_goes_away_is_replaced_by_one_of_ours() {
    let mut bench = Bench::with_setup(many(1, |_| ()));
    let mut account = Account::new(&[(0, 300)]);
    account.orders.push(stop(0, 300, 300, 9_000));
    assert!(account.serve(&mut bench, 60));
    assert!(bench.placements().is_empty());
    bench.pass_ms(30_000);
    bench.open_orders(Vec::new());
    let placed = bench.placed(OrderRole::Stop);
    assert_eq!((placed.qty.get(), placed.kind.trigger().unwrap().price), (300, price(9_800)));
    assert!(!bench.engine.position(InstrumentId(0)).unwrap().protected);
}

#[test]
fn where_orders_cannot_be_bound_to_reduce_two_stops_never_cover_more_than_the_position() {
    let mut bench = Bench::with_setup(many(1, |setup| {
        setup.capabilities = seawall_model::Capabilities { reduce_only: false, ..remote() };
    }));
    let mut account = Account::new(&[(0, 300)]);
    account.orders.push(stop(0, 300, 100, 9_000));
    assert!(account.serve(&mut bench, 60), "{:?}", bench.engine.blocks_in_words());
    let total: i64 = account.orders.iter().map(|order| order.qty.get()).sum();
    assert_eq!((account.orders.len(), total), (2, 300));
}

/// Effect of `reconcile.orphan_orders`.
#[test]
fn an_entry_of_an_earlier_run_is_cancelled_or_reported_and_never_before_a_complete_list() {
    for (policy, cancelled) in
        [(seawall_engine::OrphanPolicy::Cancel, true), (seawall_engine::OrphanPolicy::Report, false)]
    {
        let mut bench = Bench::with_setup(many(1, |setup| setup.reconcile.orphan_orders = policy));
        let id = ClientOrderId { run: 3, sequence: 12 };
        let order = OrderRef { instrument: InstrumentId(0), id };
        let row = seawall_model::VenueOrder {
            order: Some(order),
            reduce_only: false,
            kind: seawall_model::OrderKind::Limit {
                price: price(9_000),
                time_in_force: seawall_model::TimeInForce::GoodTilCancelled,
            },
            ..stop(0, -1, 100, 9_000)
        };
        bench.venue(VenueEvent::OpenOrders(seawall_model::Report {
            coverage: seawall_model::Coverage::Failed,
            taken_at: bench.now,
            rows: vec![row],
        }));
        assert!(!bench.asked(VenueRequest::Cancel { order }));
        bench.open_orders(vec![row]);
        assert_eq!(bench.asked(VenueRequest::Cancel { order }), cancelled);
        assert!(bench.alerted(AlertKind::OrphanOrder));
        assert_eq!(bench.engine.told(AlertKind::OrphanOrder), 1);
    }
}

#[test]
fn a_stop_of_an_earlier_run_is_not_cancelled_before_positions_are_known() {
    // [I-29], [I-32]: what may protect a position is kept until it is known that there is none.
    let mut bench = Bench::with_setup(many(1, |_| ()));
    let id = ClientOrderId { run: 3, sequence: 12 };
    let order = OrderRef { instrument: InstrumentId(0), id };
    let row = seawall_model::VenueOrder { order: Some(order), ..stop(0, 300, 300, 9_000) };
    bench.open_orders(vec![row]);
    assert!(!bench.asked(VenueRequest::Cancel { order }));
    bench.venue(VenueEvent::Positions(seawall_model::Report {
        coverage: seawall_model::Coverage::Complete,
        taken_at: bench.now,
        rows: Vec::new(),
    }));
    bench.balance(10_000);
    assert_eq!(bench.engine.phase(), Phase::Ready);
    bench.pass_ms(30_000);
    bench.open_orders(vec![row]);
    assert!(bench.asked(VenueRequest::Cancel { order }), "[I-77]: nothing is left behind");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn from_any_account_and_any_single_fault_the_start_never_leaves_a_position_naked(
        held in prop::collection::vec((-3_i64..4).prop_map(|lots| lots * 100), 1..6),
        stops in prop::collection::vec((any::<bool>(), 50_i64..400, 8_000_i64..12_000), 6),
        fault in prop::option::of((0_usize..30, prop::sample::select(vec![
            Fault::Fails, Fault::Silent, Fault::Stale,
        ]))),
        flatten in any::<bool>(),
    ) {
        let mut bench = Bench::with_setup(many(6, |setup| {
            if flatten {
                setup.reconcile.positions = PositionPolicy::Flatten;
            }
        }));
        let held: Vec<(u32, i64)> = (0..).zip(held).filter(|(_, held)| *held != 0).collect();
        let mut account = Account::new(&held);
        for ((number, held), (there, units, at)) in held.iter().zip(&stops) {
            if *there {
                account.orders.push(stop(*number, *held, *units, *at));
            }
        }
        account.fault = fault;
        // The account judges each step.
        let ready = account.serve(&mut bench, 180);
        prop_assert!(ready, "{:?}", bench.engine.blocks_in_words());
        prop_assert!(account.is_protected());
    }
}
