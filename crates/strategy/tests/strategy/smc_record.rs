//! What a decision record of `smc` says: regime, planned prices, parts of the score, guards that watch; and
//! the defects of earlier systems that show there.

#![cfg(test)]

use crate::common::easy::settings;
use crate::common::{
    Answer, Known, NOTHING, answer_with, answers, answers_with, hole, instrument, market, swinging,
};
use seawall_model::{
    Candle, Gate, GateReading, Outcome, PositionSide, Regime, ScorePart, Setup, Timeframe, Verdict,
};
use seawall_strategy::{Direction, Entry, EntryPlan, Evaluation, FundingEstimate, Held, Level, Premise};
use serde_json::{Value, json};

const DAY: i64 = 96;

fn weeks(seed: u64) -> Vec<Candle> {
    market(seed, Timeframe::M15, 30 * DAY, false)
}

fn run(change: &Value) -> Vec<Answer> {
    run_with(change, &NOTHING)
}

fn run_with(change: &Value, known: &Known<'_>) -> Vec<Answer> {
    let settings = settings(&[change]);
    let one = |seed| answers_with(&settings, &instrument(2), Timeframe::M15, &weeks(seed), known);
    (1..6).flat_map(one).collect()
}

fn due(answers: &[Answer]) -> impl Iterator<Item = &Answer> {
    answers.iter().filter(|answer| answer.evaluation != Evaluation::NotDue)
}

fn reading(answer: &Answer, gate: Gate) -> Option<GateReading> {
    answer.decision.gates.iter().find(|reading| reading.gate == gate).copied()
}

fn entered(answer: &Answer) -> Option<&EntryPlan> {
    match &answer.evaluation {
        Evaluation::Enter(plan) => Some(plan),
        Evaluation::NotDue | Evaluation::Hold | Evaluation::Exit(_) => None,
    }
}

fn is(found: f64, expected: f64) -> bool {
    (found - expected).abs() < 1e-9
}

#[test]
fn each_refusal_carries_the_regime_that_was_known_by_then() {
    // [I-89]: the regime was told only at the end, so refusals had a wrong one.
    let breaks = |adx: u32| {
        json!({
            "order_block": false, "fair_value_gap": false, "trend": false,
            "ema_neutral_zone_bps": 1000, "adx_threshold": adx,
        })
    };
    let all: Vec<Answer> = [json!({}), breaks(0), breaks(100)].iter().flat_map(run).collect();
    let mut seen = std::collections::BTreeSet::new();
    for answer in due(&all) {
        let decision = &answer.decision;
        let expected = match (decision.outcome, decision.setup) {
            (Outcome::Refused(Gate::WarmUp | Gate::Freshness), None) => vec![Regime::NoData],
            (Outcome::Refused(Gate::Structure), None) => vec![Regime::NoStructure, Regime::Consolidation],
            (_, Some(Setup::OrderBlock | Setup::FairValueGap)) => vec![Regime::TightSmc],
            (_, Some(Setup::BreakOfStructure | Setup::Trend)) => vec![Regime::WideStructure],
            (outcome, setup) => panic!("{outcome:?} {setup:?}"),
        };
        let regime = decision.regime.unwrap();
        assert!(expected.contains(&regime), "{decision:?}");
        seen.insert(regime);
    }
    assert_eq!(seen.len(), 5, "{seen:?}");
}

#[test]
fn without_structure_a_market_without_momentum_is_a_consolidation() {
    let nothing = json!({
        "trend": false, "order_block": false, "fair_value_gap": false, "ema_neutral_zone_bps": 1000,
    });
    let regimes = |adx: u32| {
        let mut all = nothing.clone();
        all["adx_threshold"] = json!(adx);
        due(&run(&all))
            .filter(|answer| answer.decision.outcome == Outcome::Refused(Gate::Structure))
            .map(|answer| answer.decision.regime.unwrap())
            .collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(regimes(0).into_iter().collect::<Vec<_>>(), [Regime::NoStructure]);
    assert_eq!(regimes(100).into_iter().collect::<Vec<_>>(), [Regime::Consolidation]);
}

#[test]
fn planned_prices_do_not_depend_on_the_gate_that_refuses() {
    let planned = |change: Value| -> Vec<_> {
        run(&change).into_iter().map(|answer| (answer.decision.setup, answer.decision.planned)).collect()
    };
    let usual = planned(json!({}));
    for strict in [
        json!({ "premium_discount_gate": true, "fibonacci_gate": true }),
        json!({ "adx_threshold": 90 }),
        json!({ "ms_change": "on", "require_ms_change_confirmation": true }),
        json!({ "higher_tf_mode": "hard", "rsi_divergence": "on", "signal_cooldown_hours": 100 }),
    ] {
        assert_eq!(planned(strict.clone()), usual, "{strict}");
    }
    let found = usual.iter().filter(|(setup, _)| setup.is_some()).count();
    let with = usual.iter().filter(|(_, planned)| planned.is_some()).count();
    assert!(with * 10 > found * 9, "{with} of {found}: only a price beyond the stop plans nothing");
}

#[test]
fn an_entry_has_the_prices_of_its_record() {
    let all = run(&json!({}));
    let mut count = 0;
    for answer in &all {
        let Some(plan) = entered(answer) else { continue };
        let planned = answer.decision.planned.unwrap();
        let side = if plan.direction == Direction::Long { PositionSide::Long } else { PositionSide::Short };
        let Entry::Limit { price, .. } = plan.entry else { panic!("{plan:?}") };
        assert_eq!((planned.side, planned.entry), (side, price));
        assert_eq!(plan.stop, Some(Level::Price(planned.stop)));
        assert_eq!(plan.targets[0].level, Level::Price(planned.target));
        count += 1;
    }
    assert!(count > 20);
}

#[test]
fn the_parts_of_the_score_add_up_to_what_the_gate_measures() {
    let soft = json!({ "higher_tf_mode": "soft", "thesis": { "mode": "on" } });
    let long = answers(&settings(&[&soft]), &instrument(2), Timeframe::H1, &swinging(1));
    let mut parts = std::collections::BTreeSet::new();
    for answer in long.iter().chain(&run_with(&json!({}), &Known { entry_waits: false, ..NOTHING })) {
        let Some(score) = reading(answer, Gate::Score) else {
            assert!(answer.decision.score.is_empty(), "{answer:?}");
            continue;
        };
        let sum: f64 = answer.decision.score.iter().map(|one| one.points).sum();
        assert!(is(sum.max(0.0), score.measured), "{answer:?}");
        assert!(answer.decision.score.iter().all(|one| one.points <= one.most));
        parts.extend(answer.decision.score.iter().map(|one| one.part));
    }
    assert_eq!(parts.len(), ScorePart::ALL.len(), "{parts:?}");
}

#[test]
fn expected_funding_is_part_of_the_cost() {
    // A round trip of 12 basis points earns 15; with 20 more it earns 5, in the regime that pays them.
    let funding = FundingEstimate { tight_smc_bps: 0.0, wide_structure_bps: 20.0 };
    let mut seen = std::collections::BTreeSet::new();
    let known = Known { funding, ..NOTHING };
    let wide = json!({ "order_block": false, "fair_value_gap": false });
    for answer in run_with(&json!({}), &known).into_iter().chain(run_with(&wide, &known)) {
        let cost = answer.decision.score.iter().find(|one| one.part == ScorePart::Cost);
        let Some(points) = cost.map(|one| one.points) else { continue };
        let wide = answer.decision.regime == Some(Regime::WideStructure);
        assert!(is(points, if wide { 5.0 } else { 15.0 }));
        seen.insert(wide);
    }
    assert_eq!(seen.len(), 2);
}

#[test]
fn entries_made_outside_of_their_zone_lose_points_and_those_that_wait_there_do_not() {
    let lost = |waits: bool| {
        let all = run_with(&json!({}), &Known { entry_waits: waits, ..NOTHING });
        let tolerance = |answer: &Answer| {
            let part = answer.decision.score.iter().find(|one| one.part == ScorePart::Tolerance)?;
            assert!(is(part.points, -5.0));
            let planned = answer.decision.planned?;
            // A price before the entry: an order that waits fills at its zone.
            Some((answer.decision.price > planned.entry) == (planned.side == PositionSide::Long))
        };
        all.iter().filter_map(tolerance).collect::<Vec<bool>>()
    };
    assert!(lost(false).contains(&true));
    assert!(!lost(true).contains(&true) && lost(true).contains(&false), "what went through fills beyond it");
}

#[test]
fn a_change_of_structure_that_is_unconfirmed_or_against_the_setup_refuses_in_both_modes() {
    // [D-6]: the direction check was inert, and entries passed while a change was unconfirmed.
    for skip in [true, false] {
        let all = run(&json!({ "ms_change": "on", "skip_reconfirmation_in_trends": skip }));
        let mut outcomes = std::collections::BTreeSet::new();
        for answer in due(&all) {
            let Some(change) = reading(answer, Gate::StructureChange) else { continue };
            let pending = change.threshold > 0.0 && change.measured < change.threshold;
            let way = reading(answer, Gate::ChangeDirection).map(|one| one.measured > 0.0);
            let refused_by = match answer.decision.outcome {
                Outcome::Refused(gate) => Some(gate),
                Outcome::Entered => None,
            };
            assert_eq!(pending, refused_by == Some(Gate::StructureChange), "{answer:?}");
            assert_eq!(way == Some(false), refused_by == Some(Gate::ChangeDirection), "{answer:?}");
            assert_eq!(reading(answer, Gate::Reconfirmation).is_some(), !skip && way == Some(true));
            outcomes.insert((pending, way));
        }
        let expected = [(false, None), (false, Some(false)), (false, Some(true)), (true, None)];
        assert_eq!(outcomes.into_iter().collect::<Vec<_>>(), expected);
    }
}

#[test]
fn a_change_that_is_required_refuses_everything_while_there_is_none() {
    // [D-6]: entries also passed with no change.
    let all = run(&json!({ "ms_change": "on", "require_ms_change_confirmation": true }));
    let mut entries = 0;
    for answer in &all {
        let Some(change) = reading(answer, Gate::StructureChange) else { continue };
        if is(change.measured, 0.0) {
            assert_eq!(answer.decision.outcome, Outcome::Refused(Gate::StructureChange));
        }
        entries += usize::from(entered(answer).is_some());
    }
    assert!(entries > 0, "a confirmed change lets setups through");
}

#[test]
fn a_guard_that_watches_says_what_it_would_refuse_and_changes_nothing() {
    for (gates, watched) in [
        (vec![Gate::StructureChange, Gate::ChangeDirection], json!({ "ms_change": "shadow" })),
        (vec![Gate::RsiDivergence], json!({ "rsi_divergence": "shadow" })),
    ] {
        let all = run(&watched);
        let evaluations =
            |all: &[Answer]| all.iter().map(|answer| answer.evaluation.clone()).collect::<Vec<_>>();
        assert_eq!(evaluations(&all), evaluations(&run(&json!({}))));
        for gate in gates {
            let of = |verdict: Verdict| {
                all.iter()
                    .filter(|answer| reading(answer, gate).is_some_and(|one| one.verdict == verdict))
                    .count()
            };
            assert!(of(Verdict::Shadow) > 0 && of(Verdict::Pass) > 0 && of(Verdict::Fail) == 0, "{gate:?}");
        }
    }
}

#[test]
fn a_reconfirmation_needs_candles_of_fifteen_minutes_or_finer() {
    let asked = json!({ "ms_change": "on", "skip_reconfirmation_in_trends": false });
    let refused = |change: &Value, base: Timeframe| {
        settings(&[change]).build(&instrument(2), base).err().map(|error| error.to_string())
    };
    for base in [Timeframe::M1, Timeframe::M5, Timeframe::M15] {
        assert_eq!(refused(&asked, base), None);
    }
    for base in [Timeframe::M30, Timeframe::H1] {
        let text = refused(&asked, base).unwrap();
        assert!(text.starts_with("strategy.smc.skip_reconfirmation_in_trends is false: "), "{text}");
    }
    assert_eq!(refused(&json!({ "ms_change": "on" }), Timeframe::H1), None);
    assert_eq!(
        refused(&json!({ "ms_change": "off", "skip_reconfirmation_in_trends": false }), Timeframe::H1),
        None
    );
}

#[test]
fn after_a_hole_of_a_day_nothing_is_decided_until_each_frame_is_fresh_again() {
    // The hole begins at 10:00 and ends at 10:00.
    let candles = hole(weeks(1), usize::try_from(20 * DAY).unwrap() + 40, 96);
    let all = answers(&settings(&[]), &instrument(2), Timeframe::M15, &candles);
    let after = usize::try_from(20 * DAY).unwrap() + 40;
    let freshness = |answer: &Answer| reading(answer, Gate::Freshness).unwrap();
    let hours: Vec<GateReading> = due(&all[after..]).take(4).map(freshness).collect();
    // At 11:00 the newest 4h bar is that of 08:00 the day before; at 12:00 its successor has closed.
    assert!(is(hours[0].measured, 27.0) && is(hours[0].threshold, 8.0) && hours[0].verdict == Verdict::Fail);
    assert_eq!(hours[1].verdict, Verdict::Pass);
    for answer in due(&all[..after]).filter(|answer| reading(answer, Gate::Freshness).is_some()) {
        assert_eq!(freshness(answer).verdict, Verdict::Pass, "no false alarm, also not at the roll of a day");
    }
}

#[test]
fn the_adx_of_an_hour_is_that_of_the_hour() {
    // [D-2]: it was kept for a whole 4h bar.
    let all = run(&json!({}));
    let adx: Vec<f64> =
        all.iter().filter_map(|answer| reading(answer, Gate::Adx)).map(|one| one.measured).collect();
    let changed = adx.windows(2).filter(|pair| !is(pair[0], pair[1])).count();
    assert!(changed * 100 > adx.len() * 95, "{changed} of {}", adx.len());
}

#[test]
fn a_plan_that_no_order_was_made_of_is_offered_again_with_the_next_candle() {
    let count = |taken: bool| {
        let all = run_with(&json!({ "structure_dedupe_minutes": 600 }), &Known { taken, ..NOTHING });
        assert!(taken || reading_of(&all, Gate::Repeat).all(|one| one.verdict == Verdict::Pass));
        all.iter().filter(|answer| entered(answer).is_some()).count()
    };
    assert!(count(false) > 2 * count(true));
}

fn reading_of(all: &[Answer], gate: Gate) -> impl Iterator<Item = GateReading> {
    all.iter().filter_map(move |answer| reading(answer, gate))
}

/// Runs with a thesis in `mode`; whether a position made of the newest entry ever lost its premise, and how
/// often the record said that its idea was given up.
fn ideas(mode: &str) -> (bool, usize) {
    let settings = settings(&[&json!({ "thesis": { "mode": mode } })]);
    let mut strategy = settings.build(&instrument(2), Timeframe::H1).unwrap();
    let (mut held, mut gone, mut said) = (None, false, 0);
    for candle in swinging(1) {
        let position = match held {
            None => PositionSide::Flat,
            Some(Held { direction: Direction::Long, .. }) => PositionSide::Long,
            Some(Held { direction: Direction::Short, .. }) => PositionSide::Short,
        };
        let answer = answer_with(strategy.as_mut(), &instrument(2), &candle, &Known { position, ..NOTHING });
        let exit = reading(&answer, Gate::ThesisExit).is_some();
        let premise = held.map(|held| strategy.outlook(&instrument(2), &held).premise);
        if exit && mode == "on" {
            assert_eq!(premise, Some(Premise::Gone), "the position is closed by the candle that says so");
        }
        gone |= premise == Some(Premise::Gone);
        said += usize::from(exit);
        if let Some(plan) = entered(&answer) {
            let direction = plan.direction;
            held = Some(Held { direction, decided_at: candle.known_at, invalidation: None });
        }
    }
    (gone, said)
}

#[test]
fn an_idea_that_is_given_up_ends_its_position_only_where_the_thesis_is_on() {
    let (gone, said) = ideas("on");
    assert!(gone && said > 0);
    let (gone, said) = ideas("shadow");
    assert!(!gone && said > 0, "it says so all the same");
    assert_eq!(ideas("off"), (false, 0));
}

#[test]
fn a_thesis_that_watches_changes_no_answer() {
    let evaluations = |mode: &str| {
        let settings = settings(&[&json!({ "thesis": { "mode": mode } })]);
        let all = answers(&settings, &instrument(2), Timeframe::H1, &swinging(1));
        all.into_iter().map(|answer| answer.evaluation).collect::<Vec<_>>()
    };
    assert_eq!(evaluations("shadow"), evaluations("off"));
}
