//! Incidents and defects of the reference that the engine alone has to make impossible: what a venue can say
//! wrong about fills, orders and positions, and what the books make of it. Each test cites its number; those
//! of other themes stand with their theme, and docs/incidents.md has all of them.

use crate::common::bench::{BTC, Bench, row, trigger};
use crate::common::limits::{fixed, number, only};
use crate::common::script::{plan, target};
use crate::common::smc::setup_plan;
use crate::common::{instrument, lossless, price, qty, remote, setup};
use proptest::prelude::*;
use rust_decimal::Decimal;
use seawall_engine::{Account, Effects, Engine, Phase, Setup};
use seawall_model::{
    AlertKind, CancelReason, Command, Coverage, ExitReason, Fill, FillCause, Gate, Input, InstrumentId,
    KillReason, Money, OrderKind, OrderRole, OrderState, PriceUnits, RejectReason, Setup as Seen, Side,
    SystemMode, TimeInForce, Timeframe, Trigger, TriggerSource, Ts, VenueEvent, VenueId, VenueOrder,
    VenueRequest,
};
use seawall_strategy::{Direction, EntryPlan, Evaluation};

fn money(text: &str) -> Money {
    Money::new(text.parse().unwrap())
}

/// Whether a difference to the venue keeps new risk from the instrument.
fn blocked(bench: &mut Bench) -> bool {
    bench.refusal(plan(Direction::Long)) == Some(Gate::Difference)
}

// Fills.

#[test]
fn a_fill_id_used_again_for_another_fill_is_an_alarm_and_the_venue_is_asked_what_is_held() {
    // [I-52]: ids were used again, the second fill was ignored, and positions were wrong from then on.
    let mut bench = Bench::ready(lossless());
    let entry = bench.want(plan(Direction::Long));
    bench.accept(&entry);
    let first = bench.execution(Some(entry.order), Side::Buy, 600, 10_000);
    bench.venue(VenueEvent::Filled(first));
    let stop = bench.placed(OrderRole::Stop);
    bench.accept(&stop);
    bench.requests.clear();
    bench.venue(VenueEvent::Filled(first));
    bench.venue(VenueEvent::Filled(Fill { order: None, ..first }));
    assert!(!bench.alerted(AlertKind::FillCollision) && bench.requests.is_empty(), "the same once more");
    let other = Fill { qty: qty(400), ..first };
    bench.venue(VenueEvent::Filled(other));
    assert!(bench.alerted(AlertKind::FillCollision) && bench.asked(VenueRequest::QueryPositions));
    assert!(bench.held() == 600 && blocked(&mut bench));
    // The venue decides: it was an execution of its own, and its position is protected.
    bench.positions(1_000, 10_000);
    bench.pass_ms(1_000);
    bench.positions(1_000, 10_000);
    assert_eq!((bench.held(), bench.amend_all()), (1_000, vec![(stop.order, 1_000, 9_800)]));
    assert!(bench.position().protected && !blocked(&mut bench));
}

#[test]
fn ids_collide_by_order_side_quantity_or_price() {
    // [I-52]
    type Change = fn(&mut Fill);
    let changes: [Change; 4] = [
        |fill| fill.side = Side::Sell,
        |fill| fill.qty = qty(601),
        |fill| fill.price = price(10_001),
        |fill| fill.order.as_mut().unwrap().id = crate::common::bench::never_given(),
    ];
    for change in changes {
        let mut bench = Bench::ready(lossless());
        let entry = bench.want(plan(Direction::Long));
        let mut fill = bench.execution(Some(entry.order), Side::Buy, 600, 10_000);
        bench.venue(VenueEvent::Filled(fill));
        change(&mut fill);
        bench.venue(VenueEvent::Filled(fill));
        assert!(bench.alerted(AlertKind::FillCollision));
        assert_eq!(bench.held(), 600);
    }
}

#[test]
fn a_fill_at_zero_counts_at_the_known_price_is_protected_and_is_no_loss_of_the_day() {
    // [I-85]: an entry at 0 was a loss of 29.7 % of the day. [D-26]: fills were made up at a price of 0.
    let risk = only(|risk| {
        risk.daily_loss_max_pct = Some(number("5"));
        risk.states.drawdown_reduce_only_pct = Some(number("15"));
    });
    for (side, direction) in [(Side::Buy, Direction::Long), (Side::Sell, Direction::Short)] {
        let mut bench = Bench::under(1, risk.clone());
        let entry = bench.want(EntryPlan { direction, ..fixed("200", 200) });
        bench.accept(&entry);
        let fill = bench.execution(Some(entry.order), side, 200_000, 0);
        bench.venue(VenueEvent::Filled(fill));
        bench.pass_ms(100);
        assert!(bench.alerted(AlertKind::ImpossibleReport) && bench.asked(VenueRequest::QueryPositions));
        assert_eq!(bench.placed(OrderRole::Stop).qty, qty(200_000), "protected at once");
        assert_eq!(bench.engine.equity(), Some(money("10000")));
        assert_eq!(bench.engine.open_trade(BTC).unwrap().entry_value.abs(), money("20000"));
        bench.mark(10_000);
        bench.pass_ms(100);
        assert!(!bench.alerted(AlertKind::LimitReached));
        assert_eq!(bench.engine.mode(), SystemMode::Normal);
    }
}

#[test]
fn a_fill_at_zero_of_a_limit_order_counts_at_its_limit_and_one_that_nothing_is_known_of_is_refused() {
    // [I-85]
    let mut bench = Bench::ready(lossless());
    let entry = bench.want(setup_plan(Seen::OrderBlock));
    bench.accept(&entry);
    bench.mark(10_090);
    let fill = bench.execution(Some(entry.order), Side::Buy, 1_000, 0);
    bench.venue(VenueEvent::Filled(fill));
    assert_eq!(bench.engine.open_trade(BTC).unwrap().entry_value, money("100"));
    // Before the first price nothing can be said: the venue's own entry price is waited for.
    let mut bench = Bench::ready(lossless());
    bench.foreign_fill(Side::Buy, 500, 0, FillCause::Order);
    assert_eq!(bench.held(), 0);
    assert!(bench.asked(VenueRequest::QueryPositions));
    for _ in 0..2 {
        bench.pass_ms(1_000);
        bench.positions(500, 9_000);
    }
    assert_eq!(bench.engine.open_trade(BTC).unwrap().entry_value, money("45"));
    assert_eq!(trigger(&bench.placed(OrderRole::Stop)), price(8_820));
}

#[test]
fn a_fill_of_nothing_or_less_is_reported_and_moves_nothing() {
    // [I-47]: a negative quantity ended the process at each start.
    for units in [0, -300] {
        let mut bench = Bench::ready(lossless());
        bench.protected(plan(Direction::Long));
        bench.foreign_fill(Side::Sell, units, 10_000, FillCause::Order);
        assert!(bench.alerted(AlertKind::ImpossibleReport));
        assert_eq!((bench.held(), bench.position().protected), (1_000, true));
        bench.pass_ms(10);
        bench.positions(1_000, 10_000);
        assert!(!blocked(&mut bench), "the venue agrees");
    }
}

#[test]
fn profit_is_what_fills_and_fees_say_and_not_what_was_planned_or_marked() {
    // [I-62]: closed positions had no profit, or that of another price. [I-37]: 80 % of fees as taker were
    // assumed; each fill states its own.
    let mut bench = Bench::ready_with(lossless(), |setup| setup.trade.management.break_even = false);
    let entry = bench.want(setup_plan(Seen::OrderBlock));
    bench.accept(&entry);
    let pay = |bench: &mut Bench, order, side, units, at, fee: &str| {
        let fill = bench.execution(Some(order), side, units, at);
        bench.venue(VenueEvent::Filled(Fill { fee: money(fee), ..fill }));
    };
    pay(&mut bench, entry.order, Side::Buy, 1_000, 10_000, "0.02");
    let stop = bench.placed(OrderRole::Stop);
    bench.accept(&stop);
    let first = bench.placed(OrderRole::Target(1));
    bench.accept(&first);
    bench.mark(10_450);
    pay(&mut bench, first.order, Side::Sell, 500, 10_200, "-0.01");
    let _: Vec<_> = bench.amend_all();
    bench.venue(VenueEvent::Funding { instrument: BTC, amount: money("-0.03") });
    bench.mark(9_000);
    pay(&mut bench, stop.order, Side::Sell, 500, 9_790, "0.05");
    let trade = &bench.trades[0];
    // 0.5 x 2.00 - 0.5 x 2.10, a rebate, two fees and funding.
    assert_eq!((trade.fees, trade.funding, trade.pnl), (money("0.06"), money("-0.03"), money("-0.14")));
    assert_eq!(bench.engine.equity(), Some(money("9999.86")));
    assert_eq!(bench.engine.ledger().balance(Account::Fees), money("0.06"));
    let exits: Vec<_> = trade.exits.iter().map(|exit| (exit.qty.get(), exit.price.get())).collect();
    assert_eq!(exits, [(500, 10_200), (500, 9_790)]);
}

#[test]
fn an_exit_that_nobody_saw_is_closed_by_the_picture_and_its_profit_is_settled_by_the_balance() {
    // [I-62]: evidence, in its order: the fill, else the position and the balance, and each says what it is.
    let mut bench = Bench::ready(remote());
    let stop = bench.protected(fixed("100", 200));
    bench.mark(9_900);
    bench.pass_ms(30_000);
    bench.open_orders(Vec::new());
    bench.answer(&stop, Coverage::Complete, None);
    for _ in 0..2 {
        bench.pass_ms(1_000);
        bench.positions(0, 0);
    }
    assert_eq!((bench.held(), bench.trades.len()), (0, 1));
    assert_eq!(bench.trades[0].exits[0].reason, ExitReason::External);
    assert_eq!(bench.trades[0].pnl, money("-100"), "at the last price");
    // It was sold at 98.00: the balance says so, and the difference has an account of its own.
    for _ in 0..2 {
        bench.pass_ms(31_000);
        bench.agrees_but_for(9_800);
    }
    assert!(bench.alerted(AlertKind::BalanceDrift));
    assert_eq!(bench.engine.equity(), Some(money("9800")));
    assert_eq!(bench.engine.ledger().balance(Account::Adjustments), money("100"));
}

// Orders.

#[test]
fn an_order_that_has_filled_more_than_all_or_less_than_nothing_is_quarantined_at_the_start() {
    // [I-47]: the remaining quantity was negative, and each start ended there.
    for (ordered, filled) in [(1_000, 1_200), (1_000, -5), (-1_000, 0), (0, 0)] {
        let mut bench = Bench::ready(remote());
        let stop = bench.protected(plan(Direction::Long));
        bench.input(Input::Started);
        bench.requests.clear();
        let rows = vec![VenueOrder { qty: qty(ordered), ..row(&stop, OrderState::Open, filled) }];
        bench.open_orders(rows);
        assert!(bench.alerted(AlertKind::ImpossibleReport), "{filled} of {ordered}");
        assert!(bench.asked(VenueRequest::QueryPositions));
        bench.balance(9_900);
        assert_eq!(bench.engine.phase(), Phase::Reconciling, "no new risk");
        let kept = bench.engine.live_orders(BTC).next().unwrap();
        assert_eq!((kept.qty, kept.filled, kept.state), (qty(1_000), qty(0), OrderState::Open));
        bench.pass_ms(10);
        bench.positions(1_000, 10_000);
        bench.balance(9_900);
        assert_eq!(bench.engine.phase(), Phase::Ready);
    }
}

/// A position of each side on two instruments, in it every order that only reduces.
fn reductions(direction: Direction, on: u32) -> Vec<seawall_model::OrderRequest> {
    let bench = |change: fn(&mut Setup)| {
        let mut setup = setup(3, lossless());
        setup.trade.multi_tp.enabled = false;
        setup.risk = only(|_| ());
        change(&mut setup);
        let mut bench = Bench::with_setup(setup).reconciled();
        let targets = [target(100, 40), target(200, 40), target(300, 20)].into_iter().collect();
        let plan = EntryPlan { direction, targets, ..fixed("400", 200) };
        bench.candles(&[(on, 10_000, Evaluation::Enter(plan))]);
        let entry = bench.placed(OrderRole::Entry);
        assert_eq!(entry.order.instrument, InstrumentId(on));
        bench.fill_of(&entry, 10_000);
        bench
    };
    let id = InstrumentId(on);
    let mut all = Vec::new();
    // Stop and targets.
    let mut calm = bench(|_| ());
    let stop = calm.placed(OrderRole::Stop);
    calm.accept(&stop);
    all.push(stop);
    all.extend((1..=3).map(|target| calm.placed(OrderRole::Target(target))));
    // The operator's exit.
    calm.command(Command::Close(id));
    all.push(calm.placed(OrderRole::Exit));
    // The emergency close of what cannot be protected.
    let mut naked = bench(|_| ());
    let stop = naked.placed(OrderRole::Stop);
    naked.reject(&stop, RejectReason::WouldTriggerImmediately);
    all.push(naked.placed(OrderRole::Emergency));
    // Half of it in a shock.
    let mut shaken = bench(|setup| {
        setup.risk.shock = seawall_engine::RiskSettings::default().shock;
        setup.risk.shock.trim_buffer_pct = number("95");
        setup.risk.shock.close_buffer_pct = number("0");
    });
    let stop = shaken.placed(OrderRole::Stop);
    shaken.accept(&stop);
    shaken.requests.clear();
    shaken.pass_ms(60_000);
    shaken.mark_of(on, if direction == Direction::Long { 10_600 } else { 9_400 });
    shaken.pass_ms(10);
    all.push(shaken.placed(OrderRole::Exit));
    all
}

#[test]
fn every_order_that_reduces_is_on_its_own_instrument_and_on_the_closing_side() {
    // [I-66]: a close was refused, it named another symbol. [D-34]: emergency orders always sold, and their
    // size was that of a contract.
    for (direction, side) in [(Direction::Long, Side::Sell), (Direction::Short, Side::Buy)] {
        for number in 0..3 {
            let orders = reductions(direction, number);
            let roles: Vec<&str> = orders.iter().map(|order| order.role.name()).collect();
            assert_eq!(orders.len(), 7, "{roles:?}");
            for order in &orders {
                assert_eq!(
                    (order.order.instrument, order.side, order.reduce_only),
                    (InstrumentId(number), side, true),
                    "{:?}",
                    order.role
                );
                assert!(order.qty > qty(0) && order.qty <= orders[0].qty, "{:?}", order.role);
            }
            assert_eq!(orders[5].qty, orders[0].qty, "the emergency close is for all that is held");
        }
    }
}

#[test]
fn an_order_that_takes_profits_is_never_taken_for_a_stop() {
    // [I-68]: two pieces of code told stops from take-profits, and one of them was wrong.
    let limit = OrderKind::Limit { price: price(10_400), time_in_force: TimeInForce::GoodTilCancelled };
    let trigger = Trigger { price: price(10_400), source: TriggerSource::Mark };
    let take_profits = [
        limit,
        OrderKind::TakeProfitMarket { trigger },
        OrderKind::TakeProfitLimit { trigger, limit: price(10_390) },
    ];
    for kind in take_profits {
        assert!(!kind.is_stop());
        // Somebody else's, beside a position that is found at the start.
        let mut bench = Bench::started(remote());
        bench.mark(10_000);
        let foreign = VenueOrder {
            instrument: BTC,
            order: None,
            venue_order_id: VenueId::Number(77),
            side: Side::Sell,
            qty: qty(1_000),
            filled: qty(0),
            kind,
            reduce_only: true,
            state: OrderState::Open,
        };
        bench.open_orders(vec![foreign]);
        bench.positions(1_000, 10_000);
        assert!(!bench.position().protected, "{kind:?}");
        assert_eq!(bench.placed(OrderRole::Stop).qty, qty(1_000));
    }
    // Ours: with the stop gone, targets for all of the position protect nothing.
    let mut bench = Bench::ready(lossless());
    let targets = [target(300, 100)].into_iter().collect();
    let stop = bench.protected(EntryPlan { targets, ..plan(Direction::Long) });
    let all = bench.placed(OrderRole::Target(1));
    bench.accept(&all);
    assert_eq!(all.qty, qty(1_000));
    bench.cancelled(&stop, CancelReason::Venue);
    assert!(!bench.position().protected);
    assert_eq!(bench.placed(OrderRole::Stop).qty, qty(1_000));
}

#[test]
fn a_partial_close_leaves_the_stop_the_order_that_it_is() {
    // [D-31]: the id of the partial close was written over that of the stop.
    let mut bench = Bench::ready(lossless());
    let stop = bench.protected(setup_plan(Seen::OrderBlock));
    let first = bench.placed(OrderRole::Target(1));
    bench.accept(&first);
    bench.mark(10_200);
    bench.fill(&first, 500, 10_200);
    assert_eq!(bench.amend_all(), [(stop.order, 500, 10_002)], "the same order, smaller and at break-even");
    assert!(bench.position().protected && bench.placements().iter().all(|o| o.role != OrderRole::Stop));
    bench.fill(&stop, 500, 10_002);
    assert_eq!((bench.held(), bench.trades.len()), (0, 1));
}

#[test]
fn a_refused_entry_leaves_nothing_behind() {
    // [D-34]: an entry that failed stayed pending, and then was an error, for ever.
    let mut bench = Bench::ready(lossless());
    let entry = bench.want(plan(Direction::Long));
    bench.reject(&entry, RejectReason::InsufficientFunds);
    assert_eq!(bench.engine.live_orders(BTC).count(), 0);
    assert_eq!(bench.refusal(plan(Direction::Long)), None, "the next one is free to go");
}

#[test]
fn an_entry_is_not_repeated_while_one_works_is_unknown_or_has_filled() {
    // [I-22], [I-31]: five entries of one coin, as the position was looked for under another name. [I-10]
    let mut bench = Bench::ready(lossless());
    let entry = bench.want(plan(Direction::Long));
    bench.accept(&entry);
    assert_eq!(bench.refusal(plan(Direction::Long)), Some(Gate::EntryPending), "working");
    bench.fill(&entry, 1, 10_000);
    let stop = bench.placed(OrderRole::Stop);
    bench.accept(&stop);
    assert_eq!(bench.refusal(plan(Direction::Long)), Some(Gate::PositionOpen), "partly filled");
    let mut bench = Bench::ready(remote());
    bench.want(plan(Direction::Long));
    bench.pass_ms(5_000);
    assert_eq!(bench.refusal(plan(Direction::Long)), Some(Gate::Difference), "unknown");
    // One coin by two names is one instrument, or the engine does not start.
    let mut twice = setup(2, lossless());
    let mut spec = twice.instruments[1].0.spec().clone();
    spec.name = "XBT/USD".parse().unwrap();
    twice.instruments[1].0 = seawall_model::Instrument::new(InstrumentId(1), spec, 2).unwrap();
    assert!(Engine::new(twice).is_err());
}

#[test]
fn what_the_venue_says_has_filled_counts_against_every_cap_before_the_fill_itself_comes_in() {
    // [I-43]: for the time between, the position was in nobody's books.
    let risk = only(|risk| {
        risk.leverage_max = number("2");
        risk.states.margin_use_reduce_only_pct = Some(number("99"));
    });
    let mut bench = Bench::under(2, risk);
    bench.candles(&[(0, 10_000, Evaluation::Enter(fixed("150", 200)))]);
    let entry = bench.placed(OrderRole::Entry);
    bench.accept(&entry);
    bench.answer(&entry, Coverage::Complete, Some(row(&entry, OrderState::Filled, 150_000)));
    assert_eq!((bench.held(), bench.state(&entry)), (0, None), "ended, and nothing has come in");
    bench.script.push(Evaluation::Hold);
    bench.candles(&[(1, 10_000, Evaluation::Enter(fixed("150", 200)))]);
    let second = bench.placed(OrderRole::Entry);
    assert_eq!(second.qty, qty(50_000), "150 of 200 are taken");
    bench.reject(&second, RejectReason::Other);
    // A picture from before says nothing; one from now does, and its position counts from the first look on.
    bench.positions(150_000, 10_000);
    bench.candles(&[(1, 10_000, Evaluation::Enter(fixed("150", 200)))]);
    let second = bench.placed(OrderRole::Entry);
    assert_eq!(second.qty, qty(50_000), "what the venue states counts while it is looked at again");
    bench.reject(&second, RejectReason::Other);
    bench.positions(150_000, 10_000);
    assert_eq!(bench.held(), 150_000);
    bench.candles(&[(1, 10_000, Evaluation::Enter(fixed("150", 200)))]);
    assert_eq!(bench.placed(OrderRole::Entry).qty, qty(50_000), "and counts once");
}

#[test]
fn an_order_that_the_venue_no_longer_has_does_not_block_the_next_entry() {
    // [I-25]: orders that were only local tripped the guard against duplicates, and nothing was entered.
    let mut bench = Bench::ready(remote());
    let entry = bench.want(setup_plan(Seen::OrderBlock));
    bench.accept(&entry);
    bench.pass_ms(30_000);
    bench.open_orders(Vec::new());
    assert!(bench.asked(VenueRequest::QueryOrder { order: entry.order }));
    bench.pass_ms(1);
    bench.answer(&entry, Coverage::Complete, None);
    assert!(bench.alerted(AlertKind::OrderMissing));
    bench.positions(0, 0);
    bench.balance(10_000);
    assert_eq!(bench.refusal(setup_plan(Seen::OrderBlock)), None);
}

// Positions.

#[test]
fn dust_is_no_position_that_counts_for_others() {
    // [I-60]: what was too small for any order blocked every entry.
    let mut setup = setup(2, remote());
    let mut spec = setup.instruments[0].0.spec().clone();
    spec.min_qty = Some("0.01".parse().unwrap());
    setup.instruments[0].0 = seawall_model::Instrument::new(BTC, spec, 2).unwrap();
    setup.risk = only(|risk| {
        risk.positions_max = 1;
        risk.states.positions_cautious = Some(1);
        risk.states.positions_reduce_only = Some(2);
    });
    for (units, refusal, mode) in
        [(9, None, SystemMode::Normal), (10, Some(Gate::MaxPositions), SystemMode::Cautious)]
    {
        let mut bench = Bench::with_setup(setup.clone()).reconciled();
        bench.mark(10_000);
        bench.foreign_fill(Side::Buy, units, 10_000, FillCause::Order);
        let stop = bench.placed(OrderRole::Stop);
        bench.reject(&stop, RejectReason::InvalidQuantity);
        bench.pass_ms(1);
        assert_eq!(bench.engine.mode(), mode, "{units}");
        assert_eq!(bench.refusal_elsewhere(), refusal, "{units} of at least 10");
    }
}

#[test]
fn a_position_that_one_report_leaves_out_is_looked_for_again_also_at_the_start() {
    // [I-83]: one missed poll made orphans. [I-56]: a stale book met a flat exchange, and the switch was
    // thrown; here the books follow, after a second look, and nothing else happens.
    let mut bench = Bench::ready(remote());
    let stop = bench.protected(plan(Direction::Long));
    bench.input(Input::Started);
    bench.open_orders(vec![row(&stop, OrderState::Open, 0)]);
    bench.positions(0, 0);
    assert_eq!((bench.held(), bench.engine.phase()), (1_000, Phase::Reconciling));
    bench.pass_ms(1_000);
    bench.positions(1_000, 10_000);
    assert_eq!(bench.held(), 1_000, "it was there all the time");
    assert!(bench.trades.is_empty() && bench.position().protected);
    // And where it is gone, twice is enough.
    bench.input(Input::Started);
    for _ in 0..2 {
        bench.pass_ms(1_000);
        bench.positions(0, 0);
    }
    assert_eq!((bench.held(), bench.trades.len()), (0, 1));
    assert_eq!(bench.engine.mode(), SystemMode::Normal);
    assert!(!bench.alerted(AlertKind::KillSwitch));
}

#[test]
fn a_restart_knows_its_stops_again_and_places_no_second_one() {
    // [I-32]: the id of the stop was not kept, so a protected position was taken for naked. [I-67]: a second
    // stop was placed after a restart.
    let mut bench = Bench::ready(remote());
    let stop = bench.protected(plan(Direction::Long));
    bench.input(Input::Started);
    bench.requests.clear();
    bench.agrees_but_for(9_900);
    assert_eq!(bench.engine.phase(), Phase::Ready);
    bench.pass_ms(3_600_000);
    assert!(bench.position().protected && bench.placements().is_empty());
    assert_eq!(bench.state(&stop), Some(OrderState::Open));
}

#[test]
fn a_start_asks_the_venue_before_anything_else_and_so_does_every_restart() {
    // [D-32]: the reconciliation of what was on its way was there, and nobody called it. [I-2]: the process
    // ran on although it had seen no position.
    let mut bench = Bench::started(remote());
    for _ in 0..2 {
        let questions =
            [VenueRequest::QueryOpenOrders, VenueRequest::QueryPositions, VenueRequest::QueryBalance];
        assert!(questions.into_iter().all(|question| bench.asked(question)));
        assert_eq!(bench.refusal(plan(Direction::Long)), Some(Gate::Phase));
        bench.input(Input::Started);
    }
    // An intent that was on its way when the process ended is asked about by its own id.
    let mut bench = Bench::ready(remote());
    let entry = bench.want(plan(Direction::Long));
    bench.input(Input::Started);
    assert!(bench.asked(VenueRequest::QueryOrder { order: entry.order }));
}

// Quantities.

proptest! {
    #[test]
    fn contracts_stay_contracts_from_the_plan_to_the_last_exit(
        lots in 1_i64..5_000, cents in 100_i64..1_000_000, up in any::<bool>(),
    ) {
        // [I-63]: 0.1 contracts became 0 on the way through a notional and back. [D-39]: sizes round down.
        let mut setup = setup(1, lossless());
        let mut spec = instrument(0).spec().clone();
        spec.lot = "0.1".parse().unwrap();
        spec.contract_size = "0.37".parse().unwrap();
        setup.instruments[0].0 = seawall_model::Instrument::new(BTC, spec, 2).unwrap();
        setup.risk = only(|risk| risk.leverage_max = number("125"));
        let mut bench = Bench::with_setup(setup).reconciled();
        bench.command(Command::Transfer(Money::new(Decimal::from(1_000_000_000))));
        bench.pass_ms(1);
        let one_lot = bench.engine.instruments().next().unwrap().floor_qty("0.1".parse().unwrap());
        let asked = one_lot.get() * lots;
        let contracts = Decimal::new(lots, 1).to_string();
        bench.script.push(Evaluation::Enter(fixed(&contracts, 200)));
        bench.candle(cents);
        let entry = bench.placed(OrderRole::Entry);
        prop_assert_eq!(entry.qty.get(), asked);
        bench.accept(&entry);
        bench.fill(&entry, asked, cents);
        let stop = bench.placed(OrderRole::Stop);
        prop_assert_eq!(stop.qty.get(), asked);
        bench.accept(&stop);
        let then = if up { cents + cents / 7 + 1 } else { cents - cents / 70 };
        bench.mark(then);
        bench.command(Command::Close(BTC));
        let exit = bench.placed(OrderRole::Exit);
        prop_assert_eq!(exit.qty.get(), asked);
        bench.fill(&exit, asked, then);
        prop_assert_eq!(bench.held(), 0);
    }
}

// Decisions.

#[test]
fn only_an_entry_of_the_strategy_reaches_risk_and_the_venue() {
    // [I-6]: answers that were no signals were sent on to risk and execution.
    for answer in [Evaluation::Hold, Evaluation::NotDue, Evaluation::Exit(ExitReason::Signal)] {
        let mut bench = Bench::ready(lossless());
        bench.script.push(answer);
        bench.candle(10_000);
        assert!(bench.requests.is_empty());
        let asked = bench.decisions.iter().flat_map(|decision| &decision.gates);
        assert!(asked.into_iter().all(|reading| matches!(reading.gate, Gate::Signal | Gate::PositionOpen)));
    }
}

#[test]
fn a_refused_plan_is_recorded_with_the_setup_that_it_was() {
    // [I-89]: the regime was told after the refusal, so what had been refused was labelled wrongly.
    for setup in [Seen::OrderBlock, Seen::FairValueGap, Seen::BreakOfStructure, Seen::Trend] {
        let mut bench = Bench::under(1, only(|risk| risk.positions_max = 1));
        bench.command(Command::SetMode(SystemMode::ReduceOnly));
        assert_eq!(bench.refusal(EntryPlan { setup, ..fixed("1", 200) }), Some(Gate::SystemMode));
        assert_eq!(bench.decisions.last().unwrap().setup, Some(setup));
    }
}

#[test]
fn what_a_day_has_lost_outlives_a_restart() {
    // [I-50]: windows of hours lay in memory and began anew with each start.
    let mut bench = Bench::under(2, only(|risk| risk.daily_loss_max_pct = Some(number("5"))));
    bench.protected(fixed("100", 450));
    bench.mark(9_400);
    bench.pass_ms(1);
    bench.mark(10_000);
    bench.input(Input::Started);
    bench.agrees_but_for(0);
    assert_eq!(bench.engine.phase(), Phase::Ready);
    assert_eq!(bench.refusal_elsewhere(), Some(Gate::DailyLoss));
}

// The switch, and what is broken.

#[test]
fn every_reason_of_the_switch_turns_it_on_and_says_its_name() {
    // [D-17]: a reason that was not defined ended the process instead of the trading. [I-58]: reasons were
    // mixed up, and the system recovered from what it should not have.
    for reason in KillReason::ALL {
        let mut bench = Bench::under(1, only(|_| ()));
        bench.command(Command::Kill { reason, flatten: false });
        let said = bench.alerts.iter().find(|alert| alert.kind == AlertKind::KillSwitch).unwrap();
        assert!(said.detail.contains(reason.name()), "{}", said.detail);
        assert_eq!(bench.refusal(fixed("1", 200)), Some(Gate::KillSwitch));
        bench.pass_ms(24 * 3_600_000);
        assert_eq!(bench.refusal(fixed("1", 200)), Some(Gate::KillSwitch), "nothing recovers by itself");
    }
}

#[test]
fn a_step_that_refuses_its_input_is_finished_like_any_other() {
    // [D-20]: what was to be done at the end of a tick was left out where the tick had failed.
    let mut bench = Bench::ready(lossless());
    let entry = bench.want(plan(Direction::Long));
    let silent_until = bench.engine.next_wakeup().unwrap();
    bench.venue(VenueEvent::Accepted {
        order: seawall_model::OrderRef { instrument: InstrumentId(99), id: entry.order.id },
        venue_order_id: VenueId::Number(1),
    });
    bench.mark(-5);
    let late = bench.last_candle();
    bench.input(Input::Candle { instrument: BTC, timeframe: Timeframe::M1, candle: late });
    assert_eq!(bench.engine.next_wakeup(), Some(silent_until), "the deadline stands");
    bench.pass_ms(silent_until.since(bench.now).millis());
    assert!(bench.asked(VenueRequest::QueryOrder { order: entry.order }));
}

#[test]
fn a_broken_rule_is_told_and_ends_new_risk_and_the_stop_stays() {
    // [D-21]: errors of one coin were collected and never looked at, broken rules among them.
    let mut setup = setup(1, lossless());
    setup.risk = only(|_| ());
    let script = crate::common::script::Scripted::default();
    let mut engine = Engine::with_strategies(setup, vec![Box::new(script)]).unwrap();
    let mut effects = Effects::new();
    let mut step = |at: i64, input: Input| {
        engine.step(Ts::from_millis(at), &input, &mut effects);
        let broken = effects.alerts.iter().any(|alert| alert.kind == AlertKind::InvariantBroken);
        (broken, engine.mode())
    };
    step(0, Input::Started);
    let report = || seawall_model::Report {
        coverage: Coverage::Complete,
        taken_at: Ts::from_millis(1),
        rows: Vec::new(),
    };
    step(1, Input::Venue(VenueEvent::Positions(report())));
    let balance = |amount| VenueEvent::Balance { coverage: Coverage::Complete, amount };
    step(2, Input::Venue(balance(Money::new(Decimal::MAX))));
    let more = Input::Operator(Command::Transfer(Money::new(Decimal::MAX)));
    assert_eq!(step(3, more), (true, SystemMode::ProtectOnly));
}

#[test]
fn the_price_of_a_position_is_never_that_of_an_instrument_beside_it() {
    // [I-90], as far as the engine goes: what is shown is what is held, at the price that came for it.
    let mut bench = Bench::under(2, only(|_| ()));
    bench.protected(fixed("1", 200));
    bench.mark_of(1, 50_000);
    assert_eq!(bench.engine.last_price(BTC), PriceUnits::new(10_000));
    assert_eq!(bench.engine.equity(), Some(money("10000")));
}
