//! Every key of `strategy.smc` has an effect, every gate is reached, and broken settings are refused.

#![cfg(test)]

mod common;

use std::collections::BTreeSet;

use common::{Answer, answers, answers_with, instrument, market, swinging};
use seawall_model::{Gate, Outcome, Setup, Timeframe, Verdict};
use seawall_strategy::smc::SmcSettings;
use seawall_strategy::{Entry, Evaluation, StrategyKind, StrategySettings};
use serde_json::{Value, json};

/// Warm after ten days and easy to please, so that a market of weeks shows what a key does.
fn easy() -> Value {
    json!({
        "ema_period": 10, "adx_threshold": 10, "fibonacci_gate": false, "premium_discount_gate": false,
        "min_score_tight_smc_aligned": 20, "min_score_tight_smc_neutral": 20,
        "min_score_wide_structure_aligned": 20, "min_score_wide_structure_neutral": 20,
    })
}

fn settings(changes: &[&Value]) -> StrategySettings {
    let mut all = easy();
    for change in changes {
        for (key, value) in change.as_object().unwrap() {
            all[key] = value.clone();
        }
    }
    let smc: SmcSettings = serde_json::from_value(all).unwrap();
    StrategySettings { name: StrategyKind::Smc, smc, ..StrategySettings::default() }
}

/// Answers over some weeks of several markets.
fn run(changes: &[&Value]) -> Vec<Answer> {
    run_with(changes, true)
}

/// Likewise, where entries wait at their planned price or are made at once.
fn run_with(changes: &[&Value], waits: bool) -> Vec<Answer> {
    let instrument = instrument(2);
    let settings = settings(changes);
    let weeks = |seed| market(seed, Timeframe::M15, 30 * 96, false);
    let one = |seed| answers_with(&settings, &instrument, Timeframe::M15, &weeks(seed), waits);
    (1..6).flat_map(one).collect()
}

/// Answers over a market that is long enough for weekly zones.
fn run_long(changes: &[&Value]) -> Vec<Answer> {
    let instrument = instrument(2);
    let settings = settings(changes);
    answers(&settings, &instrument, Timeframe::H1, &swinging(1))
}

/// Each key with a value that differs from its default and, where it matters only together with others, the
/// settings that both runs share.
fn effects() -> Vec<(&'static str, Value, Value)> {
    let neutral = json!({ "ema_neutral_zone_bps": 1000 });
    let wide = json!({ "order_block": false, "fair_value_gap": false });
    let wide_neutral = json!({ "ema_neutral_zone_bps": 1000, "order_block": false, "fair_value_gap": false });
    let picky = json!({ "min_score_tight_smc_aligned": 50, "min_score_wide_structure_aligned": 50 });
    let far = json!({ "entry_zone_tolerance_pct": 0.1, "entry_zone_tolerance_atr": 0.1 });
    let fib = json!({ "fibonacci_gate": true });
    let none = json!({});
    vec![
        ("evaluate_timeframe", json!("4h"), none.clone()),
        ("ema_period", json!(15), none.clone()),
        ("ema_neutral_zone_bps", json!(500), none.clone()),
        ("adx_period", json!(20), none.clone()),
        ("adx_threshold", json!(30), none.clone()),
        ("atr_period", json!(20), none.clone()),
        ("orderblock_lookback", json!(30), none.clone()),
        ("fvg_min_size_pct", json!(2), json!({ "order_block": false })),
        ("order_block", json!(false), none.clone()),
        ("fair_value_gap", json!(false), json!({ "order_block": false })),
        ("break_of_structure", json!(false), wide.clone()),
        ("trend", json!(false), wide.clone()),
        ("require_bos_confirmation", json!(true), none.clone()),
        ("tight_smc_atr_stop_min", json!(0.3), none.clone()),
        ("tight_smc_atr_stop_max", json!(0.9), none.clone()),
        ("wide_structure_atr_stop_min", json!(0.6), wide.clone()),
        ("wide_structure_atr_stop_max", json!(0.9), wide.clone()),
        ("stop_distance_min_pct", json!(2), none.clone()),
        ("stop_distance_max_pct", json!(1), none.clone()),
        ("tight_smc_min_rr_multiple", json!(3), none.clone()),
        ("wide_structure_min_rr_multiple", json!(3), wide.clone()),
        ("fib_proximity_bps", json!(5), fib),
        ("fibonacci_gate", json!(true), none.clone()),
        ("premium_discount_gate", json!(true), none.clone()),
        ("higher_tf_mode", json!("hard"), none.clone()),
        ("higher_tf_weekly_weight", json!(1), json!({ "higher_tf_mode": "soft" })),
        ("higher_tf_daily_weight", json!(1), json!({ "higher_tf_mode": "soft" })),
        ("higher_tf_penalty", json!(5), json!({ "higher_tf_mode": "soft" })),
        ("min_score_tight_smc_aligned", json!(60), none.clone()),
        ("min_score_tight_smc_neutral", json!(60), neutral),
        ("min_score_wide_structure_aligned", json!(60), wide),
        ("min_score_wide_structure_neutral", json!(60), wide_neutral),
        ("entry_expires_hours", json!(8), none.clone()),
        ("entry_zone_tolerance_pct", json!(3), far.clone()),
        ("entry_zone_tolerance_atr", json!(2), far),
        ("entry_zone_tolerance_max_pct", json!(1.5), none.clone()),
        ("structure_dedupe_minutes", json!(600), none),
        ("consumed_structure_pause_hours", json!(1), picky),
    ]
}

#[test]
fn every_key_is_in_the_table_of_effects() {
    let all = serde_json::to_value(SmcSettings::default()).unwrap();
    let keys: BTreeSet<&str> = all.as_object().unwrap().keys().map(String::as_str).collect();
    let table = effects();
    let tested: BTreeSet<&str> = table.iter().map(|(key, _, _)| *key).collect();
    assert_eq!(tested, keys);
}

#[test]
fn changing_a_key_changes_answers() {
    for (key, value, shared) in effects() {
        let change = json!({ key: value });
        let over: fn(&[&Value]) -> Vec<Answer> = if key.starts_with("higher_tf") { run_long } else { run };
        let before = verdicts(&over(&[&shared]));
        assert!(before != verdicts(&over(&[&shared, &change])), "{key} has no effect");
    }
}

/// What was answered, without the readings: a key must change more than the threshold that is shown.
fn verdicts(answers: &[Answer]) -> Vec<(Evaluation, Outcome)> {
    answers.iter().map(|answer| (answer.evaluation.clone(), answer.decision.outcome)).collect()
}

fn refusals(answers: &[Answer]) -> BTreeSet<Gate> {
    answers
        .iter()
        .filter_map(|answer| answer.decision.gates.last())
        .filter(|reading| reading.verdict == Verdict::Fail)
        .map(|reading| reading.gate)
        .collect()
}

#[test]
fn every_gate_that_can_refuse_does_somewhere() {
    let strict = json!({ "fibonacci_gate": true, "premium_discount_gate": true, "adx_threshold": 25 });
    let at_once = run_with(&[&json!({ "stop_distance_min_pct": 1 })], false);
    let only_blocks = json!({ "fair_value_gap": false, "break_of_structure": false, "trend": false });
    let picky = json!({ "min_score_tight_smc_aligned": 60 });
    let trending = json!({ "adx_threshold": 60 });
    let slow = json!({ "structure_dedupe_minutes": 300, "entry_zone_tolerance_max_pct": 1.5 });
    let seen: BTreeSet<Gate> = [strict, only_blocks, picky, trending, slow]
        .iter()
        .flat_map(|change| refusals(&run(&[change])))
        .chain(refusals(&at_once))
        .collect();
    let expected = BTreeSet::from([
        Gate::WarmUp,
        Gate::Structure,
        Gate::Premium,
        Gate::Fibonacci,
        Gate::Adx,
        Gate::Levels,
        Gate::RewardRisk,
        Gate::Score,
        Gate::EntryDistance,
        Gate::Repeat,
    ]);
    assert_eq!(seen, expected);
}

#[test]
fn gates_are_asked_in_one_order_and_the_first_refusal_ends_the_decision() {
    let order = [
        Gate::WarmUp,
        Gate::Bias,
        Gate::Structure,
        Gate::Premium,
        Gate::Fibonacci,
        Gate::Adx,
        Gate::Levels,
        Gate::RewardRisk,
        Gate::Score,
        Gate::EntryDistance,
        Gate::Repeat,
    ];
    let place = |gate: Gate| order.iter().position(|other| *other == gate).unwrap();
    for answer in run(&[&json!({ "premium_discount_gate": true, "fibonacci_gate": true })]) {
        let gates = &answer.decision.gates;
        assert!(gates.windows(2).all(|pair| place(pair[0].gate) < place(pair[1].gate)));
        let failed = gates.iter().filter(|reading| reading.verdict == Verdict::Fail).count();
        match &answer.evaluation {
            Evaluation::NotDue => assert!(gates.is_empty()),
            Evaluation::Enter(_) => assert_eq!(failed, 0),
            Evaluation::Hold | Evaluation::Exit(_) => assert_eq!(failed, 1),
        }
    }
}

#[test]
fn all_four_setups_occur_and_each_plans_its_price() {
    let mut setups = BTreeSet::new();
    for change in [json!({}), json!({ "order_block": false, "fair_value_gap": false })] {
        for answer in run(&[&change]) {
            if let Evaluation::Enter(plan) = answer.evaluation {
                assert!(matches!(plan.entry, Entry::Limit { .. }));
                setups.insert(plan.setup);
            }
        }
    }
    let no_blocks = json!({ "order_block": false });
    setups.extend(run(&[&no_blocks]).iter().filter_map(|answer| answer.decision.setup));
    let expected = [Setup::OrderBlock, Setup::FairValueGap, Setup::BreakOfStructure, Setup::Trend];
    assert_eq!(setups, BTreeSet::from(expected));
}

#[test]
fn an_entry_that_does_not_wait_is_judged_at_the_newest_price() {
    let (waits, at_once) = (run_with(&[&json!({})], true), run_with(&[&json!({})], false));
    assert_ne!(verdicts(&waits), verdicts(&at_once));
    let entered = |answers: &[Answer]| {
        answers.iter().filter(|answer| matches!(answer.evaluation, Evaluation::Enter(_))).count()
    };
    assert!(entered(&at_once) > 0);
}

#[test]
fn a_decision_is_due_when_a_candle_of_the_evaluated_timeframe_closes() {
    let instrument = instrument(2);
    for (timeframe, every) in [("15m", 3), ("1h", 12), ("4h", 48)] {
        let settings = settings(&[&json!({ "evaluate_timeframe": timeframe })]);
        let candles = market(1, Timeframe::M5, 500, false);
        for (index, answer) in answers(&settings, &instrument, Timeframe::M5, &candles).iter().enumerate() {
            assert_eq!(
                answer.evaluation != Evaluation::NotDue,
                (index + 1) % every == 0,
                "{timeframe} {index}"
            );
        }
    }
}

#[test]
fn a_broken_rule_names_the_key_the_value_and_the_fix() {
    for (change, start) in [
        (json!({ "evaluate_timeframe": "5m" }), "strategy.smc.evaluate_timeframe is 5m: "),
        (json!({ "ema_period": 0 }), "strategy.smc.ema_period is 0: "),
        (json!({ "adx_period": 1 }), "strategy.smc.adx_period is 1: "),
        (json!({ "atr_period": 1001 }), "strategy.smc.atr_period is 1001: "),
        (json!({ "orderblock_lookback": 129 }), "strategy.smc.orderblock_lookback is 129: "),
        (json!({ "entry_expires_hours": 0 }), "strategy.smc.entry_expires_hours is 0: "),
        (
            json!({
                "order_block": false, "fair_value_gap": false, "break_of_structure": false, "trend": false,
            }),
            "strategy.smc.order_block is false: ",
        ),
        (
            json!({ "require_bos_confirmation": true, "break_of_structure": false }),
            "strategy.smc.require_bos_confirmation is true: ",
        ),
        (json!({ "tight_smc_atr_stop_max": 0.1 }), "strategy.smc.tight_smc_atr_stop_max is 0.1: "),
        (json!({ "stop_distance_max_pct": 0.05 }), "strategy.smc.stop_distance_max_pct is 0.05: "),
        (json!({ "tight_smc_min_rr_multiple": 0 }), "strategy.smc.tight_smc_min_rr_multiple is 0: "),
        (json!({ "adx_threshold": 101 }), "strategy.smc.adx_threshold is 101: "),
        (json!({ "higher_tf_weekly_weight": 1.5 }), "strategy.smc.higher_tf_weekly_weight is 1.5: "),
        (json!({ "entry_zone_tolerance_max_pct": 1 }), "strategy.smc.entry_zone_tolerance_max_pct is 1: "),
    ] {
        let text = settings(&[&change]).check().unwrap_err().to_string();
        assert!(text.starts_with(start), "{text}");
        assert!(text.contains(';'), "no fix: {text}");
    }
    assert!(SmcSettings::default().check().is_ok());
}

#[test]
fn an_unknown_key_is_refused() {
    let text = serde_json::from_value::<SmcSettings>(json!({ "ema_perod": 3 })).unwrap_err().to_string();
    assert!(text.contains("unknown field `ema_perod`"), "{text}");
}

#[test]
fn candles_that_do_not_divide_the_evaluated_timeframe_are_refused() {
    let refused = |base: Timeframe, evaluate: &str| {
        let built = settings(&[&json!({ "evaluate_timeframe": evaluate })]).build(&instrument(2), base);
        built.err().map(|error| error.to_string())
    };
    for base in [Timeframe::M1, Timeframe::M3, Timeframe::M5, Timeframe::M15, Timeframe::M30, Timeframe::H1] {
        assert_eq!(refused(base, "1h"), None);
    }
    for (base, evaluate) in [(Timeframe::M30, "15m"), (Timeframe::H4, "4h"), (Timeframe::D1, "1h")] {
        let text = refused(base, evaluate).unwrap();
        assert!(text.starts_with("strategy.smc.evaluate_timeframe is "), "{text}");
    }
}
