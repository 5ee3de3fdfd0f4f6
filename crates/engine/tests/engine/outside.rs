//! Signals from outside pass the gates of every other plan, and the strategy knows nothing of them.

use crate::common::bench::Bench;
use crate::common::{lossless, price, qty};
use seawall_model::{
    CancelReason, Command, ExitReason, Gate, InstrumentId, OrderKind, OrderRole, Outcome, Setup, Side,
    Signal, SystemMode,
};

const ID: InstrumentId = InstrumentId(0);

fn enter(side: Side, stop: i64, target: Option<i64>, units: Option<i64>) -> Signal {
    Signal::Enter { side, stop: price(stop), target: target.map(price), qty: units.map(qty) }
}

/// Gives a signal and lets its instant pass.
fn give(bench: &mut Bench, signal: Signal) {
    bench.decisions.clear();
    bench.command(Command::Signal { instrument: ID, signal });
    bench.pass_ms(1_000);
}

fn refused(bench: &Bench) -> Option<Gate> {
    match bench.decisions.last().unwrap().outcome {
        Outcome::Refused(gate) => Some(gate),
        _ => None,
    }
}

fn ready() -> Bench {
    let mut bench = Bench::ready_with(lossless(), |_| ());
    bench.mark(10_000);
    bench.requests.clear();
    bench
}

#[test]
fn an_entry_is_sized_by_its_stop_protected_by_it_and_takes_its_profit_where_it_says() {
    let mut bench = ready();
    give(&mut bench, enter(Side::Buy, 9_800, Some(10_400), Some(300)));
    let entry = bench.placed(OrderRole::Entry);
    assert_eq!((entry.side, entry.qty.get(), entry.kind), (Side::Buy, 300, OrderKind::Market));
    let record = bench.decisions.last().unwrap();
    assert_eq!((record.setup, record.outcome), (Some(Setup::Signal), Outcome::Entered));
    bench.accept(&entry);
    bench.fill(&entry, 300, 10_000);
    let stop = bench.placed(OrderRole::Stop);
    assert_eq!((stop.qty.get(), stop.kind.trigger().unwrap().price), (300, price(9_800)));
    bench.accept(&stop);
    let target = bench.placed(OrderRole::Target(1));
    assert_eq!(target.qty.get(), 300);
    bench.requests.clear();

    give(&mut bench, Signal::Exit);
    let exit = bench.placed(OrderRole::Exit);
    bench.accept(&exit);
    bench.fill(&exit, 300, 10_000);
    let trade = bench.trades.last().unwrap();
    assert_eq!((trade.setup, trade.exits[0].reason), (Setup::Signal, ExitReason::Signal));
}

#[test]
fn without_a_quantity_the_stop_costs_the_share_of_equity_that_settings_allow() {
    let mut bench = ready();
    give(&mut bench, enter(Side::Buy, 9_800, None, None));
    let near = bench.placed(OrderRole::Entry).qty;
    let mut bench = ready();
    give(&mut bench, enter(Side::Buy, 9_600, None, None));
    let far = bench.placed(OrderRole::Entry).qty;
    assert!(near.get() > far.get() && far.get() > 0, "{near:?} {far:?}");
}

#[test]
fn the_gates_of_every_other_plan_hold_and_the_record_names_the_one_that_refused() {
    let mut bench = ready();
    give(&mut bench, enter(Side::Buy, 10_100, None, Some(300)));
    assert_eq!(refused(&bench), Some(Gate::StopSide));
    bench.command(Command::SetMode(SystemMode::ReduceOnly));
    give(&mut bench, enter(Side::Buy, 9_800, None, Some(300)));
    assert_eq!(refused(&bench), Some(Gate::SystemMode));
    assert_eq!(bench.placements().len(), 0);
    bench.command(Command::SetMode(SystemMode::Normal));
    give(&mut bench, enter(Side::Sell, 10_200, None, Some(300)));
    assert_eq!(refused(&bench), None);
    let entry = bench.placed(OrderRole::Entry);
    bench.accept(&entry);
    bench.fill(&entry, 300, 10_000);
    give(&mut bench, enter(Side::Sell, 10_200, None, Some(300)));
    assert_eq!(refused(&bench), Some(Gate::PositionOpen), "a position is not added to");
}

#[test]
fn the_opposite_signal_closes_first_and_enters_when_that_is_certain() {
    let mut bench = ready();
    give(&mut bench, enter(Side::Buy, 9_800, None, Some(300)));
    let entry = bench.placed(OrderRole::Entry);
    bench.accept(&entry);
    bench.fill(&entry, 300, 10_000);
    let stop = bench.placed(OrderRole::Stop);
    bench.accept(&stop);
    bench.requests.clear();
    give(&mut bench, enter(Side::Sell, 10_200, None, Some(200)));
    let exit = bench.placed(OrderRole::Exit);
    assert!(bench.placements().iter().all(|order| order.role != OrderRole::Entry), "not both at once");
    bench.accept(&exit);
    bench.fill(&exit, 300, 10_000);
    bench.cancelled(&stop, CancelReason::Venue);
    bench.pass_ms(1_000);
    assert_eq!(bench.placed(OrderRole::Entry).side, Side::Sell);
}
