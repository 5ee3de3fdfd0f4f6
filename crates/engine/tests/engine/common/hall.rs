//! Instruments of several coins under an auction that acts.

use seawall_engine::{RiskSettings, Setup};
use seawall_model::{
    Decision, Gate, GuardMode, Instrument, InstrumentId, InstrumentSpec, OrderRequest, OrderRole, Outcome,
};
use seawall_strategy::{Direction, EntryPlan, Evaluation, Sizing};

use super::bench::Bench;
use super::script::plan;
use super::{remote, setup};

pub const COINS: [&str; 6] = ["AAA/USD", "BBB/USD", "CCC/USD", "DDD/USD", "EEE/USD", "FFF/USD"];

/// Instruments of these names; no limits but those of the auction, which acts and locks nobody for his youth.
pub fn hall_of(names: &[&str], change: impl FnOnce(&mut Setup)) -> Bench {
    let mut setup = setup(1, remote());
    let (first, timeframe) = setup.instruments.remove(0);
    for (number, name) in (0_u32..).zip(names) {
        let spec = InstrumentSpec { name: name.parse().unwrap(), ..first.spec().clone() };
        let instrument = Instrument::new(InstrumentId(number), spec, 2).unwrap();
        setup.instruments.push((instrument, timeframe));
    }
    setup.risk = RiskSettings::without_limits();
    setup.trade.multi_tp.enabled = false;
    setup.trade.management.time_exit_bars = 0;
    let auction = &mut setup.trade.auction;
    auction.mode = GuardMode::On;
    auction.min_hold_minutes = 0;
    auction.direction_penalty = "0".parse().unwrap();
    auction.churn.mode = GuardMode::Off;
    auction.chop.mode = GuardMode::Off;
    auction.anti_flip.mode = GuardMode::Off;
    change(&mut setup);
    Bench::with_setup(setup).reconciled()
}

pub fn hall(change: impl FnOnce(&mut Setup)) -> Bench {
    hall_of(&COINS, change)
}

/// One contract with a stop 2 % away, and a score.
pub fn scored(score: f64, direction: Direction) -> EntryPlan {
    EntryPlan { score: Some(score), ..plan(direction) }
}

pub fn long(score: f64) -> Evaluation {
    Evaluation::Enter(scored(score, Direction::Long))
}

pub fn short(score: f64) -> Evaluation {
    Evaluation::Enter(scored(score, Direction::Short))
}

/// So many contracts, long.
pub fn contracts(score: f64, count: &str) -> Evaluation {
    let sizing = Sizing::Fixed(count.parse().unwrap());
    Evaluation::Enter(EntryPlan { sizing, ..scored(score, Direction::Long) })
}

/// All of these at one instant at 100.00, whatever it comes to.
pub fn ask(bench: &mut Bench, answers: &[(u32, Evaluation)]) {
    bench.decisions.clear();
    bench.requests.clear();
    let answers: Vec<_> = answers.iter().map(|(number, answer)| (*number, 10_000, answer.clone())).collect();
    bench.candles(&answers);
}

/// The entries placed since the last [`ask`], by instrument.
pub fn entered(bench: &Bench) -> Vec<u32> {
    let entries = bench.placements().into_iter().filter(|order| order.role == OrderRole::Entry);
    entries.map(|order| order.order.instrument.0).collect()
}

/// The exits placed since the last [`ask`].
pub fn exits(bench: &Bench) -> Vec<OrderRequest> {
    bench.placements().into_iter().filter(|order| order.role == OrderRole::Exit).collect()
}

/// Fills an entry at 100.00; its stop is confirmed.
pub fn fill(bench: &mut Bench, number: u32) -> OrderRequest {
    let entry = bench
        .placements()
        .into_iter()
        .find(|order| order.role == OrderRole::Entry && order.order.instrument.0 == number)
        .unwrap();
    bench.fill_of(&entry, 10_000);
    let stop = bench
        .placements()
        .into_iter()
        .find(|order| order.role == OrderRole::Stop && order.order.instrument.0 == number)
        .unwrap();
    bench.accept(&stop);
    stop
}

/// Instrument `number` holds what it asked for, under a confirmed stop.
pub fn holds(bench: &mut Bench, number: u32, answer: Evaluation) -> OrderRequest {
    ask(bench, &[(number, answer)]);
    assert_eq!(entered(bench), [number], "{:?}", bench.decisions);
    fill(bench, number)
}

/// The newest record of an instrument.
pub fn record(bench: &Bench, number: u32) -> &Decision {
    bench.decisions.iter().rfind(|one| one.instrument.0 == number).unwrap()
}

/// What refused the entry of an instrument, with the reading; `None` where it was let through.
pub fn refused(bench: &Bench, number: u32) -> Option<(Gate, f64, f64)> {
    let record = record(bench, number);
    match record.outcome {
        Outcome::Entered => None,
        Outcome::Refused(gate) => {
            let last = record.gates.last().unwrap();
            assert_eq!(last.gate, gate);
            Some((gate, last.measured, last.threshold))
        }
    }
}

/// What a gate has measured in the newest record of an instrument.
pub fn measured(bench: &Bench, number: u32, gate: Gate) -> Option<f64> {
    record(bench, number).gates.iter().find(|one| one.gate == gate).map(|one| one.measured)
}
