//! What the operator does to one position by hand.

use crate::common::account::{Account, many, stop as foreign_stop};
use crate::common::bench::Bench;
use crate::common::lossless;
use crate::common::smc::setup_plan;
use seawall_engine::{PositionPolicy, Unfit};
use seawall_model::{
    Command, ExitReason, InstrumentId, OrderRequest, OrderRole, PositionAction, PriceUnits, QtyUnits,
    Setup as Seen, VenueRequest,
};

const ID: InstrumentId = InstrumentId(0);

fn act(bench: &mut Bench, instrument: InstrumentId, action: PositionAction) -> Result<(), Unfit> {
    let judged = bench.engine.fits(instrument, action);
    bench.command(Command::Position { instrument, action });
    judged
}

fn to(price: i64) -> PositionAction {
    PositionAction::MoveStop(PriceUnits::new(price))
}

fn part(qty: i64) -> PositionAction {
    PositionAction::Reduce(QtyUnits::new(qty))
}

/// One contract at 100.00, its stop at 98.00, the price at 102.00.
fn open() -> (Bench, OrderRequest) {
    let mut bench = Bench::ready_with(lossless(), |_| ());
    let stop = bench.protected(setup_plan(Seen::OrderBlock));
    let (first, second) = (bench.placed(OrderRole::Target(1)), bench.placed(OrderRole::Target(2)));
    bench.accept(&first);
    bench.accept(&second);
    bench.mark(10_100);
    bench.requests.clear();
    (bench, stop)
}

#[test]
fn a_stop_moves_by_hand_in_favour_of_its_position_and_in_no_other_direction() {
    let (mut bench, stop) = open();
    assert_eq!(act(&mut bench, ID, to(9_900)), Ok(()));
    assert_eq!(bench.amend_all(), [(stop.order, 1_000, 9_900)]);
    for (price, why) in
        [(9_900, Unfit::Loosens), (9_700, Unfit::Loosens), (0, Unfit::Loosens), (10_100, Unfit::Passed)]
    {
        assert_eq!(act(&mut bench, ID, to(price)), Err(why), "{price}");
        assert_eq!(bench.amend_all(), [], "{price}");
    }
    assert_eq!(bench.engine.position(ID).unwrap().stop, Some(PriceUnits::new(9_900)));
    bench.fill(&stop, 1_000, 9_900);
    assert_eq!(bench.trades[0].exits[0].reason, ExitReason::StopLoss);
    assert_eq!(act(&mut bench, ID, to(9_950)), Err(Unfit::NoPosition));
}

#[test]
fn break_even_by_hand_is_the_entry_and_the_offset_and_only_once_the_price_is_beyond_it() {
    let (mut bench, stop) = open();
    bench.mark(10_001);
    assert_eq!(act(&mut bench, ID, PositionAction::BreakEven), Err(Unfit::Passed));
    assert_eq!(bench.amend_all(), []);
    bench.mark(10_100);
    assert_eq!(act(&mut bench, ID, PositionAction::BreakEven), Ok(()));
    assert_eq!(bench.amend_all(), [(stop.order, 1_000, 10_002)]);
    assert_eq!(act(&mut bench, ID, PositionAction::BreakEven), Err(Unfit::Loosens), "it is there");
    bench.fill(&stop, 1_000, 10_002);
    assert_eq!(bench.trades[0].exits[0].reason, ExitReason::BreakEven);
}

#[test]
fn a_part_is_closed_at_market_while_the_stop_keeps_resting_and_then_follows() {
    let (mut bench, stop) = open();
    for (qty, why) in [(0, Unfit::NoOrder), (-5, Unfit::NoOrder), (1_000, Unfit::LeavesDust)] {
        assert_eq!(act(&mut bench, ID, part(qty)), Err(why), "{qty}");
        assert_eq!(bench.placements().len(), 0, "{qty}");
    }
    assert_eq!(act(&mut bench, ID, part(400)), Ok(()));
    let exit = bench.placed(OrderRole::Exit);
    assert_eq!((exit.qty.get(), exit.reduce_only), (400, true));
    assert!(!bench.requests.iter().any(|request| matches!(request, VenueRequest::Cancel { .. })));
    assert_eq!(act(&mut bench, ID, part(100)), Err(Unfit::Closing), "one at a time");
    bench.accept(&exit);
    bench.fill(&exit, 400, 10_100);
    assert_eq!(bench.held(), 600);
    assert_eq!(bench.amend_all().first(), Some(&(stop.order, 600, 9_800)));
    assert_eq!(act(&mut bench, ID, part(100)), Ok(()));
}

fn target(number: u8, price: i64) -> PositionAction {
    PositionAction::MoveTarget { number, price: PriceUnits::new(price) }
}

#[test]
fn a_take_profit_moves_by_hand_within_the_order_of_its_ladder_and_never_to_where_it_would_fill_at_once() {
    let (mut bench, stop) = open();
    let rests = |bench: &Bench, number: u8| {
        let order = bench.engine.live_orders(ID).find(|order| order.role == OrderRole::Target(number));
        order.map(|order| (order.qty.get(), order.kind.limit().unwrap().get()))
    };
    let (first, second) = (rests(&bench, 1).unwrap(), rests(&bench, 2).unwrap());
    for (action, why) in [
        (target(1, 10_100), Unfit::Passed),
        (target(1, second.1), Unfit::OutOfOrder),
        (target(2, first.1), Unfit::OutOfOrder),
        (target(1, 0), Unfit::OutOfOrder),
        (target(0, 10_150), Unfit::NoTarget),
        (target(9, 10_150), Unfit::NoTarget),
    ] {
        assert_eq!(act(&mut bench, ID, action), Err(why), "{action:?}");
        assert_eq!(bench.amend_all(), [], "{action:?}");
        assert_eq!(bench.placements().len(), 0, "{action:?}");
    }
    assert_eq!(act(&mut bench, ID, target(1, 10_150)), Ok(()));
    assert_eq!(bench.amend_all().len(), 1, "that one and nothing else");
    assert_eq!(rests(&bench, 1), Some((first.0, 10_150)));
    assert_eq!(
        (rests(&bench, 2), bench.engine.position(ID).unwrap().stop),
        (Some(second), Some(PriceUnits::new(9_800)))
    );
    // It stays there, whatever keeps the ladder later, and is done with once it has filled.
    bench.pass_ms(60_000);
    assert_eq!(rests(&bench, 1), Some((first.0, 10_150)));
    let moved = bench.engine.live_orders(ID).find(|order| order.role == OrderRole::Target(1)).unwrap().order;
    let order = OrderRequest { order: moved, ..stop };
    bench.fill(&order, first.0, 10_150);
    assert_eq!(act(&mut bench, ID, target(1, 10_160)), Err(Unfit::NoTarget));
    assert_eq!(bench.trades.len(), 0, "the rest is held");
    assert_eq!(bench.held(), 1_000 - first.0);
}

#[test]
fn where_a_take_profit_is_to_be_is_part_of_the_digest_before_any_order_has_moved() {
    let (mut bench, _) = open();
    // While the venue owes an answer about the first move, the second one waits.
    assert_eq!(act(&mut bench, ID, target(1, 10_150)), Ok(()));
    let (before, asked) = (bench.digest_but_time(), bench.amends().len());
    assert_eq!(act(&mut bench, ID, target(1, 10_160)), Ok(()));
    assert_eq!((asked, bench.amends().len()), (1, 0));
    assert_ne!(bench.digest_but_time(), before);
}

fn found(policy: PositionPolicy) -> (Bench, Account) {
    let mut bench = Bench::with_setup(many(1, |setup| {
        setup.reconcile.positions = policy;
        setup.reconcile.adopt_foreign_stops = false;
    }));
    let mut account = Account::new(&[(0, 300)]);
    if policy == PositionPolicy::Ignore {
        account.orders.push(foreign_stop(0, 300, 300, 5_000));
    }
    assert!(account.serve(&mut bench, 60), "{:?}", bench.engine.blocks_in_words());
    bench.requests.clear();
    (bench, account)
}

#[test]
fn a_position_that_was_left_alone_is_adopted_by_hand_and_then_has_a_stop_of_ours() {
    let (mut bench, mut account) = found(PositionPolicy::Ignore);
    assert_eq!(act(&mut bench, ID, to(9_000)), Err(Unfit::LeftAlone));
    assert_eq!(act(&mut bench, ID, part(100)), Err(Unfit::LeftAlone));
    assert_eq!(act(&mut bench, ID, PositionAction::Ignore), Err(Unfit::NotFound), "it is already");
    assert_eq!(act(&mut bench, ID, PositionAction::Adopt), Ok(()));
    assert!(account.serve(&mut bench, 60), "{:?}", bench.engine.blocks_in_words());
    let view = bench.engine.position(ID).unwrap();
    assert!(view.protected && view.stop.is_some() && !view.left_alone, "{view:?}");
    assert!(account.orders.iter().any(|order| order.order.is_some()), "{:?}", account.orders);
    assert!(bench.engine.blocks().is_empty());
    assert_eq!(act(&mut bench, ID, PositionAction::Adopt), Err(Unfit::NotFound), "it is ours now");
}

#[test]
fn a_position_that_was_found_is_left_alone_by_hand_and_one_that_was_opened_here_never() {
    let (mut bench, _) = found(PositionPolicy::Adopt);
    let stop = bench.engine.live_orders(ID).find(|order| order.role == OrderRole::Stop).unwrap();
    assert_eq!(act(&mut bench, ID, PositionAction::Ignore), Ok(()));
    let cancelled =
        |request: &VenueRequest| matches!(request, VenueRequest::Cancel { order } if *order == stop.order);
    assert!(bench.requests.iter().any(cancelled), "{:?}", bench.requests);
    let view = bench.engine.position(ID).unwrap();
    assert!(view.left_alone && view.stop.is_none());
    bench.requests.clear();
    bench.pass_ms(60_000);
    assert_eq!(bench.placements().len(), 0, "nothing of ours is ordered there any more");

    let (mut bench, stop) = open();
    for action in [PositionAction::Ignore, PositionAction::Adopt] {
        assert_eq!(act(&mut bench, ID, action), Err(Unfit::NotFound));
    }
    let state = bench.engine.live_orders(ID).find(|order| order.order == stop.order).unwrap();
    assert!(state.state.is_live());
    assert_eq!(act(&mut bench, InstrumentId(77), PositionAction::BreakEven), Err(Unfit::NoInstrument));
}
