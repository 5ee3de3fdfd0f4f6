//! Entries wait for the end of their instant and are judged together.

use crate::common::bench::Bench;
use crate::common::script::{plan, target};
use crate::common::{price, remote, setup};
use seawall_engine::RiskSettings;
use seawall_model::{
    Candle, Command, ExitReason, Gate, Input, InstrumentId, Ohlc, OrderRole, Outcome, PlannedPrices,
    PositionSide, Side, Span, SystemMode, Timeframe, Ts,
};
use seawall_strategy::{Direction, EntryPlan, Evaluation};

fn enter(direction: Direction) -> Evaluation {
    Evaluation::Enter(plan(direction))
}

/// Two instruments whose candles are collected for half a second, room for one position.
fn collecting() -> Bench {
    let mut setup = setup(2, remote());
    setup.risk = RiskSettings::without_limits();
    setup.risk.positions_max = 1;
    setup.trade.auction.collect_ms = 500;
    Bench::with_setup(setup).reconciled()
}

/// The candle that is over now, for one of the instruments, without waiting for the end of the instant.
fn arrives(bench: &mut Bench, number: u32, answer: Evaluation) {
    arrives_from(bench, Timeframe::M1.floor(bench.now).minus(Timeframe::M1.span()), number, answer);
}

fn arrives_from(bench: &mut Bench, open_time: Ts, number: u32, answer: Evaluation) {
    let close = price(10_000);
    let prices = Ohlc { open: close, high: close, low: close, close };
    let candle = Candle::new(Timeframe::M1, open_time, prices, 1.0).unwrap();
    bench.scripts[number as usize].push(answer);
    bench.input(Input::Candle { instrument: InstrumentId(number), timeframe: Timeframe::M1, candle });
}

fn scored(score: f64) -> Evaluation {
    Evaluation::Enter(EntryPlan { score: Some(score), ..plan(Direction::Long) })
}

fn refusals(bench: &Bench) -> Vec<(u32, Gate)> {
    let refused = |outcome| match outcome {
        Outcome::Refused(gate) => Some(gate),
        Outcome::Entered => None,
    };
    bench.decisions.iter().filter_map(|one| Some((one.instrument.0, refused(one.outcome)?))).collect()
}

/// Effect of `auction.collect_ms`.
#[test]
fn candles_that_arrive_within_the_window_are_judged_together() {
    for (collect_ms, winner) in [(0, 0), (500, 1)] {
        let mut setup = setup(2, remote());
        setup.risk = RiskSettings::without_limits();
        setup.risk.positions_max = 1;
        setup.trade.auction.collect_ms = collect_ms;
        let mut bench = Bench::with_setup(setup).reconciled();
        bench.pass_ms(60_000);
        arrives(&mut bench, 0, scored(60.0));
        bench.pass_ms(300);
        arrives(&mut bench, 1, scored(70.0));
        bench.pass_ms(300);
        let entry = bench.placed(OrderRole::Entry);
        assert_eq!(entry.order.instrument.0, winner, "{collect_ms} ms");
        assert_eq!(refusals(&bench), [(1 - winner, Gate::MaxPositions)]);
    }
}

#[test]
fn a_candidate_that_is_older_than_its_candle_is_dropped_and_says_why() {
    let mut bench = collecting();
    bench.pass_ms(60_000);
    arrives(&mut bench, 0, scored(60.0));
    // Nobody woke the engine for a minute.
    bench.now = bench.now.plus(Span::from_secs(60));
    bench.input(Input::Wakeup);
    assert!(bench.placements().is_empty());
    assert_eq!(refusals(&bench), [(0, Gate::Candidate)]);
    assert_eq!(bench.reading(Gate::Candidate), Some((1.0, 0.0)));
}

#[test]
fn exits_commands_and_restarts_take_a_waiting_candidate_back() {
    type Act = fn(&mut Bench);
    let acts: [(f64, Act); 3] = [
        (2.0, |bench| {
            arrives_from(bench, Timeframe::M1.floor(bench.now), 0, Evaluation::Exit(ExitReason::Signal));
        }),
        (3.0, |bench| bench.command(Command::Close(InstrumentId(0)))),
        (4.0, |bench| bench.input(Input::Started)),
    ];
    for (why, act) in acts {
        let mut bench = collecting();
        bench.pass_ms(60_000);
        arrives(&mut bench, 0, scored(60.0));
        bench.decisions.clear();
        act(&mut bench);
        let first = &bench.decisions[0];
        assert_eq!(first.outcome, Outcome::Refused(Gate::Candidate));
        assert!((first.gates.last().unwrap().measured - why).abs() < 1e-9);
        bench.pass_ms(1_000);
        assert!(bench.placements().is_empty());
    }
}

#[test]
fn a_restart_does_not_place_what_was_decided_before_it() {
    let mut bench = collecting();
    bench.pass_ms(60_000);
    arrives(&mut bench, 0, scored(60.0));
    // The end of the window passes while the process is dead.
    bench.now = bench.now.plus(Span::from_secs(2));
    bench.input(Input::Started);
    assert!(bench.placements().is_empty());
    assert_eq!(refusals(&bench), [(0, Gate::Candidate)]);
}

#[test]
fn a_mode_that_ends_entries_within_the_instant_refuses_the_candidate() {
    for (command, gate) in [
        (Command::SetMode(SystemMode::ReduceOnly), Gate::SystemMode),
        (Command::Shutdown, Gate::SystemMode),
        (Command::Kill { reason: seawall_model::KillReason::Manual, flatten: false }, Gate::KillSwitch),
    ] {
        let mut bench = Bench::ready(remote());
        bench.pass_ms(60_000);
        arrives(&mut bench, 0, enter(Direction::Long));
        bench.command(command);
        bench.end_instant();
        assert!(bench.placements().is_empty());
        assert_eq!(refusals(&bench), [(0, gate)]);
    }
}

#[test]
fn a_reversal_closes_in_the_step_of_its_candle_and_enters_after_it() {
    let mut bench = Bench::ready(remote());
    bench.protected(plan(Direction::Long));
    bench.pass_ms(60_000);
    arrives(&mut bench, 0, enter(Direction::Short));
    let exit = bench.placed(OrderRole::Exit);
    assert_eq!((exit.side, bench.decisions.len()), (Side::Sell, 1), "the exit waits for nothing");
    bench.end_instant();
    let decision = bench.decisions.last().unwrap();
    assert_eq!((decision.outcome, decision.exit), (Outcome::Entered, Some(ExitReason::Reversal)));
}

#[test]
fn the_record_of_an_entry_is_that_of_its_candle_and_names_the_prices_that_were_planned() {
    let mut bench = Bench::under(1, RiskSettings::without_limits());
    bench.pass_ms(60_000);
    let decided = bench.now;
    let targets = [target(400, 100)].into_iter().collect();
    arrives(&mut bench, 0, Evaluation::Enter(EntryPlan { targets, ..plan(Direction::Short) }));
    assert!(bench.decisions.is_empty());
    bench.end_instant();
    let decision = bench.decisions.last().unwrap();
    assert_eq!((decision.at, decision.outcome), (decided, Outcome::Entered));
    let planned = PlannedPrices {
        side: PositionSide::Short,
        entry: price(10_000),
        stop: price(10_200),
        target: price(9_600),
    };
    assert_eq!(decision.planned, Some(planned));
}
