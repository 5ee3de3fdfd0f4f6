//! The rebalancer: what it makes smaller, by how much and how often, and what it leaves alone.
//! Scenarios cite the incident [I-n] that they keep from happening here.

use crate::common::bench::Bench;
use crate::common::script::plan;
use crate::common::{instrument, lossless, setup};
use seawall_engine::overlays::settings::RebalancerSettings;
use seawall_engine::risk::settings::SizingMethod;
use seawall_engine::{EngineError, RiskSettings, Setup};
use seawall_model::{
    CancelReason, Command, ExitReason, Gate, GuardMode, Input, InstrumentId, KillReason, OrderRequest,
    OrderRole, SystemMode, Verdict,
};
use seawall_strategy::{Direction, Entry, EntryPlan, Evaluation, Sizing};

/// Above 150 % of equity a position is made smaller to 100 %; entries may be up to one and a half times
/// equity.
fn limits() -> (RiskSettings, RebalancerSettings) {
    let risk = RiskSettings {
        instrument_notional_max: Some("1.5".parse().unwrap()),
        ..RiskSettings::without_limits()
    };
    let rebalancer = RebalancerSettings {
        mode: GuardMode::On,
        trigger_pct: "150".parse().unwrap(),
        clear_pct: "100".parse().unwrap(),
        ..RebalancerSettings::default()
    };
    (risk, rebalancer)
}

fn bench(count: u32, change: impl FnOnce(&mut Setup)) -> Bench {
    let (risk, rebalancer) = limits();
    let mut setup = Setup { risk, ..setup(count, lossless()) };
    setup.trade.auction.rebalancer = rebalancer;
    change(&mut setup);
    Bench::with_setup(setup).reconciled()
}

fn contracts(count: &str, direction: Direction) -> EntryPlan {
    let stop = Some(seawall_strategy::Level::Percent(crate::common::script::percent(2_000)));
    EntryPlan { sizing: Sizing::Fixed(count.parse().unwrap()), stop, ..plan(direction) }
}

/// Instrument `number` holds `count` contracts entered at 100.00, with a confirmed stop.
fn holds(bench: &mut Bench, number: u32, count: &str) -> OrderRequest {
    bench.candles(&[(number, 10_000, Evaluation::Enter(contracts(count, Direction::Long)))]);
    let entry = bench.placed(OrderRole::Entry);
    bench.fill_of(&entry, 10_000);
    let stop = bench.placed(OrderRole::Stop);
    bench.accept(&stop);
    bench.requests.clear();
    stop
}

/// The quantity that is taken off in the cycle after the price of the first instrument came to `price`.
fn taken_off(bench: &mut Bench, price: i64) -> Option<i64> {
    bench.mark(price);
    bench.pass_ms(60_000);
    bench.mark(price);
    let exits: Vec<OrderRequest> =
        bench.placements().into_iter().filter(|order| order.role == OrderRole::Exit).collect();
    assert!(exits.len() <= 1, "{exits:?}");
    exits.first().map(|order| {
        assert!(order.reduce_only);
        order.qty.get()
    })
}

/// The order of the rebalancer fills.
fn carried_out(bench: &mut Bench, price: i64) {
    let order = bench.placed(OrderRole::Exit);
    bench.fill_of(&order, price);
}

/// [I-42]: an oversized position was only noticed after the trade, on the percentage of a single position.
#[test]
fn i_42_a_position_that_has_become_too_large_is_made_smaller_and_its_stop_follows() {
    // 150 contracts at 100 are 150 % of 10 000. At 90 they are 13 500 of 8 500: 158.8 %.
    let mut bench = bench(1, |_| ());
    let stop = holds(&mut bench, 0, "150");
    assert_eq!(taken_off(&mut bench, 10_000), None, "at the trigger is not above it");
    // 8 500 at 90 each are 94.444 contracts: 55.556 less.
    assert_eq!(taken_off(&mut bench, 9_000), Some(55_556));
    carried_out(&mut bench, 9_000);
    assert_eq!(bench.held(), 94_444);
    let (order, resized, _) = bench.amended();
    assert_eq!((order, resized), (stop.order, 94_444));
    let trade = bench.engine.open_trade(crate::common::bench::BTC).unwrap();
    assert_eq!(trade.exits.iter().map(|exit| exit.reason).collect::<Vec<_>>(), [ExitReason::Rebalance]);
    // Between clear and trigger nothing happens, however long it takes.
    assert_eq!(taken_off(&mut bench, 9_000), None);
    bench.pass_ms(600_000);
    assert_eq!(taken_off(&mut bench, 9_000), None);
}

#[test]
fn a_short_that_loses_is_made_smaller_too() {
    let mut bench = bench(1, |_| ());
    bench.candles(&[(0, 10_000, Evaluation::Enter(contracts("150", Direction::Short)))]);
    let entry = bench.placed(OrderRole::Entry);
    bench.fill_of(&entry, 10_000);
    let stop = bench.placed(OrderRole::Stop);
    bench.accept(&stop);
    // 16 500 of 8 500; 8 500 at 110 are 77.272 contracts.
    assert_eq!(taken_off(&mut bench, 11_000), Some(72_728));
}

/// Effect of `auction.rebalancer.mode`.
/// Effect of `auction.rebalancer.trigger_pct`.
/// Effect of `auction.rebalancer.clear_pct`.
/// Effect of `auction.rebalancer.margin_per_cycle_max_pct`.
#[test]
fn each_key_of_the_rebalancer_changes_what_is_taken_off() {
    type Change = fn(&mut RebalancerSettings);
    let cases: [(Change, Option<i64>); 6] = [
        (|_| (), Some(55_556)),
        (|rebalancer| rebalancer.mode = GuardMode::Off, None),
        (|rebalancer| rebalancer.mode = GuardMode::Shadow, None),
        (|rebalancer| rebalancer.trigger_pct = "160".parse().unwrap(), None),
        (|rebalancer| rebalancer.clear_pct = "120".parse().unwrap(), Some(36_667)),
        // Leverage is 10: 4 % of 8 500 in margin are 3 400 in notional, 37.777 contracts at 90.
        (|rebalancer| rebalancer.margin_per_cycle_max_pct = "4".parse().unwrap(), Some(37_777)),
    ];
    for (number, (change, expected)) in cases.into_iter().enumerate() {
        let mut bench = bench(1, |setup| change(&mut setup.trade.auction.rebalancer));
        holds(&mut bench, 0, "150");
        assert_eq!(taken_off(&mut bench, 9_000), expected, "case {number}");
    }
}

/// How many cycles pass from one reduction of the same position to the next.
fn cycles_between(change: impl FnOnce(&mut RebalancerSettings)) -> i64 {
    let mut bench = bench(1, |setup| {
        setup.trade.auction.rebalancer.clear_pct = "149".parse().unwrap();
        change(&mut setup.trade.auction.rebalancer);
    });
    holds(&mut bench, 0, "150");
    while taken_off(&mut bench, 9_000).is_none() {}
    carried_out(&mut bench, 9_000);
    // A fall that makes it too large at once: 11 540 of 7 374.
    let mut minutes = 1;
    while taken_off(&mut bench, 8_200).is_none() {
        minutes += 1;
        assert!(minutes < 100);
    }
    minutes
}

/// Effect of `auction.rebalancer.cooldown_cycles`.
/// Effect of `auction.rebalancer.cycle_minutes`.
#[test]
fn an_instrument_is_left_alone_for_some_cycles_after_it_was_made_smaller() {
    assert_eq!(cycles_between(|_| ()), 3, "two cycles are left out");
    assert_eq!(cycles_between(|rebalancer| rebalancer.cooldown_cycles = 0), 1);
    assert_eq!(cycles_between(|rebalancer| rebalancer.cooldown_cycles = 5), 6);
    let slow = |rebalancer: &mut RebalancerSettings| {
        rebalancer.cooldown_cycles = 0;
        rebalancer.cycle_minutes = 5;
    };
    assert_eq!(cycles_between(slow), 5);
}

/// Effect of `auction.rebalancer.reductions_per_cycle`.
#[test]
fn the_largest_comes_first_and_so_many_in_one_cycle_as_are_allowed() {
    for (most, expected) in [(1, vec![1]), (2, vec![1, 0]), (3, vec![1, 0])] {
        let mut bench = bench(3, |setup| setup.trade.auction.rebalancer.reductions_per_cycle = most);
        holds(&mut bench, 0, "120");
        holds(&mut bench, 1, "140");
        holds(&mut bench, 2, "10");
        // 27 000 at 100; at 90 2 700 of 10 000 are lost: 108, 126 and 9 hundreds of 7 300.
        for number in 0..3 {
            bench.mark_of(number, 8_500);
        }
        bench.pass_ms(60_000);
        bench.mark_of(2, 8_500);
        let exits = bench.placements().into_iter().filter(|order| order.role == OrderRole::Exit);
        let exits: Vec<u32> = exits.map(|order| order.order.instrument.0).collect();
        assert_eq!(exits, expected, "{most} in one cycle");
    }
}

#[test]
fn the_verdict_stands_in_the_records_of_the_position_also_in_shadow() {
    let verdicts = |mode: GuardMode| {
        let mut bench = bench(1, |setup| setup.trade.auction.rebalancer.mode = mode);
        holds(&mut bench, 0, "150");
        bench.mark(9_000);
        bench.pass_ms(60_000);
        bench.candles(&[(0, 9_000, Evaluation::Hold)]);
        bench.candles(&[(0, 9_000, Evaluation::Hold)]);
        let last = bench.decisions.last().unwrap();
        let reading = last.gates.iter().find(|reading| reading.gate == Gate::Rebalance).copied();
        reading.map(|reading| (reading.measured.round(), reading.threshold, reading.verdict))
    };
    assert_eq!(verdicts(GuardMode::Off), None);
    assert_eq!(verdicts(GuardMode::Shadow), Some((159.0, 150.0, Verdict::Shadow)));
    assert_eq!(verdicts(GuardMode::On), Some((159.0, 150.0, Verdict::Pass)), "it was made smaller");
}

#[test]
fn nothing_is_taken_off_where_something_else_is_going_on_or_nothing_may_be_sent() {
    type Act = fn(&mut Bench);
    let acts: [(&str, Act); 4] = [
        ("the kill switch", |bench| {
            bench.command(Command::Kill { reason: KillReason::Manual, flatten: false });
        }),
        ("protect only", |bench| bench.command(Command::SetMode(SystemMode::ProtectOnly))),
        ("a shutdown", |bench| bench.command(Command::Shutdown)),
        ("a restart before the venue has answered", |bench| bench.input(Input::Started)),
    ];
    for (name, act) in acts {
        let mut bench = bench(1, |_| ());
        holds(&mut bench, 0, "150");
        act(&mut bench);
        assert_eq!(taken_off(&mut bench, 9_000), None, "{name}");
    }
    let mut partial = bench(1, |setup| setup.trade.execution.partials_enabled = false);
    holds(&mut partial, 0, "150");
    assert_eq!(taken_off(&mut partial, 9_000), None, "partial exits are off");
    let mut reduce = bench(1, |_| ());
    holds(&mut reduce, 0, "150");
    reduce.command(Command::SetMode(SystemMode::ReduceOnly));
    assert_eq!(taken_off(&mut reduce, 9_000), Some(55_556), "a mode that reduces lets it reduce");
    let mut closing = bench(1, |_| ());
    holds(&mut closing, 0, "150");
    closing.candles(&[(0, 9_000, Evaluation::Exit(ExitReason::Signal))]);
    let exit = closing.placed(OrderRole::Exit);
    closing.accept(&exit);
    assert_eq!(taken_off(&mut closing, 9_000), None, "it is being closed");
    let mut doubtful = bench(1, |_| ());
    holds(&mut doubtful, 0, "150");
    doubtful.positions(140_000, 10_000);
    assert_eq!(taken_off(&mut doubtful, 9_000), None, "its size is in doubt");
    let mut entering = bench(1, |_| ());
    let price = crate::common::price(10_000);
    let entry = Entry::Limit { price, expires_after: seawall_model::Span::from_secs(600) };
    let entry = entering.want(EntryPlan { entry, ..contracts("150", Direction::Long) });
    entering.accept(&entry);
    entering.fill(&entry, 149_900, 10_000);
    let stop = entering.placed(OrderRole::Stop);
    entering.accept(&stop);
    assert_eq!(taken_off(&mut entering, 9_900), None, "it is still being entered");
    entering.fill(&entry, 100, 10_000);
    assert!(entering.amend_all().len() <= 1);
    assert!(taken_off(&mut entering, 9_900).is_some(), "now it is entered");
}

#[test]
fn neither_the_order_nor_what_is_left_is_below_the_smallest_order() {
    let smallest = |least: &str, clear: &str| {
        let mut bench = bench(1, |setup| {
            let mut spec = instrument(0).spec().clone();
            spec.min_qty = Some(least.parse().unwrap());
            setup.instruments[0].0 = seawall_model::Instrument::new(InstrumentId(0), spec, 2).unwrap();
            setup.trade.auction.rebalancer.clear_pct = clear.parse().unwrap();
        });
        holds(&mut bench, 0, "150");
        taken_off(&mut bench, 9_000)
    };
    assert_eq!(smallest("55", "100"), Some(55_556));
    assert_eq!(smallest("56", "100"), None, "the order would be too small");
    assert_eq!(smallest("60", "20"), Some(90_000), "60 contracts stay");
    assert_eq!(smallest("80", "20"), None, "what is left or what is taken would be too small");
}

#[test]
fn an_order_that_is_refused_is_no_end() {
    let mut bench = bench(1, |_| ());
    let stop = holds(&mut bench, 0, "150");
    assert!(taken_off(&mut bench, 9_000).is_some());
    let order = bench.placed(OrderRole::Exit);
    bench.reject(&order, seawall_model::RejectReason::InsufficientFunds);
    assert_eq!(bench.held(), 150_000);
    assert!(bench.position().protected, "the stop stood all the time");
    assert_eq!(taken_off(&mut bench, 9_000), None);
    assert_eq!(taken_off(&mut bench, 9_000), None);
    assert_eq!(taken_off(&mut bench, 9_000), Some(55_556), "again after its pause");
    // The stop fills first: nothing is left to take off.
    bench.fill(&stop, 150_000, 8_000);
    let order = bench.placed(OrderRole::Exit);
    bench.cancelled(&order, CancelReason::NothingToReduce);
    assert_eq!(bench.held(), 0);
}

fn refused(change: impl FnOnce(&mut RiskSettings, &mut RebalancerSettings)) -> Option<String> {
    let (mut risk, mut rebalancer) = limits();
    change(&mut risk, &mut rebalancer);
    let checked = rebalancer.check().and_then(|()| rebalancer.check_with(&risk));
    checked.err().map(|error: EngineError| error.to_string())
}

#[test]
fn an_engine_does_not_start_on_thresholds_that_contradict_its_limits() {
    let started = |cap: &str| {
        let (mut risk, rebalancer) = limits();
        risk.instrument_notional_max = Some(cap.parse().unwrap());
        let mut setup = Setup { risk, ..setup(1, lossless()) };
        setup.trade.auction.rebalancer = rebalancer;
        seawall_engine::Engine::new(setup).map(|_| ()).map_err(|error| error.to_string())
    };
    assert_eq!(started("1.5"), Ok(()));
    assert!(started("1.6").unwrap_err().contains("160 % of equity are more than 150 %"));
}

#[test]
fn i_87_thresholds_that_every_entry_would_reach_do_not_start_and_the_message_has_the_arithmetic() {
    assert_eq!(refused(|_, _| ()), None);
    let text = refused(|_, rebalancer| rebalancer.clear_pct = "150".parse().unwrap()).unwrap();
    assert!(text.contains("150 is not below 150"), "{text}");
    let text = refused(|risk, _| risk.instrument_notional_max = Some("3".parse().unwrap())).unwrap();
    assert!(text.contains("risk.instrument_notional_max (3)") && text.contains("300 %"), "{text}");
    let text = refused(|risk, _| risk.instrument_notional_max = None).unwrap();
    assert!(text.contains("risk.leverage_max (10)") && text.contains("1000 %"), "{text}");
    let text = refused(|_, rebalancer| rebalancer.trigger_pct = "1000".parse().unwrap()).unwrap();
    assert!(text.contains("lower it below 1000"), "{text}");
    // The numbers of the spec: 3 % at seven times leverage are 21 % of equity, below 32 %.
    let spec = |risk: &mut RiskSettings, rebalancer: &mut RebalancerSettings| {
        risk.sizing = SizingMethod::Leverage;
        risk.risk_per_trade_pct = "3".parse().unwrap();
        risk.target_leverage = "7".parse().unwrap();
        rebalancer.trigger_pct = "32".parse().unwrap();
        rebalancer.clear_pct = "24".parse().unwrap();
    };
    assert_eq!(refused(spec), None);
    let text = refused(|risk, rebalancer| {
        spec(risk, rebalancer);
        risk.target_leverage = "11".parse().unwrap();
    });
    assert!(text.unwrap().contains("33 % of equity"), "3 times 11");
    // Off is not judged against what is on; the defaults fit each other as they stand.
    assert_eq!(
        refused(|risk, rebalancer| {
            risk.instrument_notional_max = None;
            rebalancer.mode = GuardMode::Off;
        }),
        None
    );
    let on = RebalancerSettings { mode: GuardMode::On, ..RebalancerSettings::default() };
    assert_eq!(on.check_with(&RiskSettings::default()).err().map(|error| error.to_string()), None);
}
