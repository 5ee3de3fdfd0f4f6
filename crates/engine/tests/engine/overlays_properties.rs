//! What holds of the portfolio guards whatever happens: in shadow they change no request, acting they touch
//! neither exits nor protection, the rebalancer only ever makes positions smaller, and the order of candles
//! of one instant means nothing.

use crate::common::bench::Bench;
use crate::common::script::{percent, plan};
use crate::common::{lossless, setup};
use proptest::prelude::*;
use seawall_engine::{RiskSettings, Setup};
use seawall_model::{
    CancelReason, Decision, ExitReason, GuardMode, InstrumentId, OrderRole, Setup as Kind, VenueEvent,
    VenueRequest,
};
use seawall_strategy::{Direction, EntryPlan, Evaluation, Level, Sizing};

const COUNT: usize = 3;

/// What one instrument does in a minute.
#[derive(Debug, Clone, Copy)]
struct Minute {
    price: i64,
    answer: Answer,
    measures: (i64, i64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Hold,
    Long,
    Short,
    LongByDesign,
    ShortByDesign,
    Exit,
}

fn minute() -> impl Strategy<Value = Minute> {
    let answer = prop_oneof![
        3 => Just(Answer::Hold),
        2 => Just(Answer::Long),
        2 => Just(Answer::Short),
        1 => Just(Answer::LongByDesign),
        1 => Just(Answer::ShortByDesign),
        2 => Just(Answer::Exit),
    ];
    (9_000_i64..11_000, answer, (10_i64..30, 50_i64..70)).prop_map(|(price, answer, measures)| Minute {
        price,
        answer,
        measures,
    })
}

/// Minutes, and how long each is away from the last.
fn story() -> impl Strategy<Value = Vec<(i64, [Minute; COUNT])>> {
    let away = prop_oneof![4 => Just(1_i64), 2 => 2_i64..20, 1 => 20_i64..100];
    prop::collection::vec((away, prop::array::uniform3(minute())), 1..30)
}

fn enters(direction: Direction, setup: Kind) -> Evaluation {
    let stop = Some(Level::Percent(percent(4_000)));
    let sizing = Sizing::Fixed("100".parse().unwrap());
    Evaluation::Enter(EntryPlan { sizing, stop, setup, ..plan(direction) })
}

fn evaluation(answer: Answer) -> Evaluation {
    match answer {
        Answer::Hold => Evaluation::Hold,
        Answer::Long => enters(Direction::Long, Kind::OrderBlock),
        Answer::Short => enters(Direction::Short, Kind::Trend),
        Answer::LongByDesign => enters(Direction::Long, Kind::EmaCross),
        Answer::ShortByDesign => enters(Direction::Short, Kind::EmaCross),
        Answer::Exit => Evaluation::Exit(ExitReason::Signal),
    }
}

fn bench(mode: GuardMode) -> Bench {
    // A position is entered at once equity at most, and is too large a little above that.
    let risk = RiskSettings {
        instrument_notional_max: Some("1".parse().unwrap()),
        ..RiskSettings::without_limits()
    };
    let mut setup = Setup { risk, ..setup(3, lossless()) };
    setup.trade.multi_tp.enabled = false;
    let auction = &mut setup.trade.auction;
    auction.churn.mode = mode;
    auction.chop.mode = mode;
    auction.anti_flip.mode = mode;
    auction.rebalancer.mode = mode;
    auction.rebalancer.trigger_pct = "105".parse().unwrap();
    auction.rebalancer.clear_pct = "90".parse().unwrap();
    Bench::with_setup(setup).reconciled()
}

fn held(bench: &Bench, instrument: InstrumentId) -> i64 {
    bench.engine.position(instrument).unwrap().qty.get()
}

/// The venue carries out what is asked for, at these prices; what was asked for.
fn carry_out(bench: &mut Bench, minutes: &[Minute; COUNT]) -> Vec<VenueRequest> {
    let mut asked = Vec::new();
    while !bench.requests.is_empty() {
        for request in std::mem::take(&mut bench.requests) {
            asked.push(request);
            match request {
                VenueRequest::Place(order) => {
                    let id = order.order.instrument;
                    let before = held(bench, id);
                    if order.role == OrderRole::Entry {
                        bench.fill_of(&order, minutes[id.index()].price);
                        continue;
                    }
                    assert!(order.reduce_only, "{order:?}");
                    match order.role {
                        OrderRole::Exit | OrderRole::Emergency => {
                            assert!(order.qty.get() <= before.abs(), "{order:?} of {before}");
                            bench.fill_of(&order, minutes[id.index()].price);
                            let after = held(bench, id);
                            assert!(after.abs() < before.abs() && after.signum() * before.signum() >= 0);
                        }
                        OrderRole::Entry | OrderRole::Stop | OrderRole::Target(_) => bench.accept(&order),
                    }
                }
                VenueRequest::Amend { order, qty, kind } => {
                    bench.venue(VenueEvent::Amended { order, qty, kind });
                }
                VenueRequest::Cancel { order } => {
                    bench.venue(VenueEvent::Cancelled { order, reason: CancelReason::Requested });
                }
                VenueRequest::QueryOrder { .. }
                | VenueRequest::QueryOpenOrders
                | VenueRequest::QueryPositions
                | VenueRequest::QueryBalance => {}
            }
        }
        bench.pass_ms(1);
    }
    asked
}

/// What was asked for in each minute, and what was decided, by instrument.
fn run(
    mode: GuardMode,
    story: &[(i64, [Minute; COUNT])],
    order: [u32; COUNT],
) -> (Vec<Vec<VenueRequest>>, Vec<Decision>) {
    let mut bench = bench(mode);
    let mut asked = Vec::new();
    for (away, minutes) in story {
        bench.skip_minutes(away - 1);
        let candles: Vec<_> = order
            .iter()
            .map(|number| {
                let Minute { price, answer, measures } = minutes[*number as usize];
                bench.scripts[*number as usize].measures(measures.0 as f64, measures.1 as f64);
                (*number, price, evaluation(answer))
            })
            .collect();
        bench.candles(&candles);
        asked.push(carry_out(&mut bench, minutes));
        bench.pass_ms(10_000);
        asked.push(carry_out(&mut bench, minutes));
        for (number, minute) in (0..).zip(minutes) {
            let id = InstrumentId(number);
            if minute.answer == Answer::Exit {
                assert_eq!(held(&bench, id), 0, "an exit goes through");
            }
            let position = bench.engine.position(id).unwrap();
            assert!(position.qty.is_zero() || position.protected, "{position:?}");
        }
    }
    (asked, bench.decisions)
}

fn by_instrument(mut decisions: Vec<Decision>) -> Vec<Decision> {
    decisions.sort_by_key(|decision| (decision.at, decision.instrument));
    decisions
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn guards_that_only_watch_change_no_request(story in story()) {
        let (off, _) = run(GuardMode::Off, &story, [0, 1, 2]);
        let (shadow, _) = run(GuardMode::Shadow, &story, [0, 1, 2]);
        prop_assert_eq!(off, shadow);
    }

    #[test]
    fn guards_that_act_refuse_no_exit_and_no_stop_and_the_rebalancer_adds_nothing(story in story()) {
        // What is asked of each order and each minute stands in `carry_out` and `run`.
        run(GuardMode::On, &story, [0, 1, 2]);
    }

    #[test]
    fn the_order_of_candles_of_one_instant_changes_no_verdict(
        story in story(),
        order in Just([0_u32, 1, 2]).prop_shuffle(),
    ) {
        let (_, straight) = run(GuardMode::On, &story, [0, 1, 2]);
        let (_, shuffled) = run(GuardMode::On, &story, order);
        prop_assert_eq!(by_instrument(straight), by_instrument(shuffled));
    }
}

/// The properties say something only where the guards have something to do.
#[test]
fn the_stories_of_these_properties_reach_every_guard() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..40 {
        let story = story().new_tree(&mut runner).unwrap().current();
        for decision in run(GuardMode::Shadow, &story, [0, 1, 2]).1 {
            let shadows =
                decision.gates.iter().filter(|reading| reading.verdict == seawall_model::Verdict::Shadow);
            seen.extend(shadows.map(|reading| reading.gate.name()));
        }
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["anti_flip", "chop", "churn", "rebalance"]);
}
