//! Every key of `strategy.smc` has an effect, every gate is reached, and broken settings are refused.

#![cfg(test)]

use std::collections::BTreeSet;

use crate::common::easy::settings;
use crate::common::{Answer, Known, NOTHING, answers, answers_with, hole, instrument, market, swinging};
use seawall_model::{Gate, Outcome, PositionSide, Setup, Timeframe, Ts, Verdict};
use seawall_strategy::smc::SmcSettings;
use seawall_strategy::{Entry, Evaluation};
use serde_json::{Value, json};

/// Answers over some weeks of several markets.
fn run(changes: &[&Value]) -> Vec<Answer> {
    run_with(changes, &NOTHING)
}

/// Likewise, with what else is known.
fn run_with(changes: &[&Value], known: &Known<'_>) -> Vec<Answer> {
    let instrument = instrument(2);
    let settings = settings(changes);
    let weeks = |seed| market(seed, Timeframe::M15, 30 * 96, false);
    let one = |seed| answers_with(&settings, &instrument, Timeframe::M15, &weeks(seed), known);
    (1..6).flat_map(one).collect()
}

/// Likewise, with entries that are made at once.
fn run_at_once(changes: &[&Value]) -> Vec<Answer> {
    run_with(changes, &Known { entry_waits: false, ..NOTHING })
}

/// Likewise, with a stop-out every eight hours.
fn run_stopped_out(changes: &[&Value]) -> Vec<Answer> {
    let start: Ts = "2022-08-01".parse().unwrap();
    let stop_outs: Vec<Ts> =
        (0..90).map(|number| Ts::from_millis(start.millis() + number * 8 * 3_600_000)).collect();
    run_with(changes, &Known { stop_outs: &stop_outs, ..NOTHING })
}

/// Answers over a market that is long enough for weekly zones.
fn run_long(changes: &[&Value]) -> Vec<Answer> {
    answers(&settings(changes), &instrument(2), Timeframe::H1, &swinging(1))
}

/// Likewise, with a long position held all the time.
fn run_held(changes: &[&Value]) -> Vec<Answer> {
    let known = Known { position: PositionSide::Long, ..NOTHING };
    answers_with(&settings(changes), &instrument(2), Timeframe::H1, &swinging(1), &known)
}

/// Answers over a market of which a day is missing.
fn run_after_a_hole() -> Vec<Answer> {
    let candles = hole(market(1, Timeframe::M15, 30 * 96, false), 20 * 96 + 40, 96);
    answers(&settings(&[]), &instrument(2), Timeframe::M15, &candles)
}

type Run = fn(&[&Value]) -> Vec<Answer>;

/// A key, a value that differs from its default, the settings that both runs share where it matters only
/// together with others, and the run that shows it.
struct Effect(&'static str, Value, Value, Run);

/// Each key of the plan: where setups are found, what they need, where their prices lie.
fn effects_on_setups() -> Vec<Effect> {
    let wide = json!({ "order_block": false, "fair_value_gap": false });
    let gaps = json!({ "order_block": false });
    let fib = json!({ "fibonacci_gate": true });
    let discount = json!({ "ob_entry_mode": "discount" });
    let none = json!({});
    vec![
        Effect("evaluate_timeframe", json!("4h"), none.clone(), run),
        Effect("ema_period", json!(15), none.clone(), run),
        Effect("ema_neutral_zone_bps", json!(500), none.clone(), run),
        Effect("adx_period", json!(20), none.clone(), run),
        Effect("adx_threshold", json!(30), none.clone(), run),
        Effect("atr_period", json!(20), none.clone(), run),
        Effect("orderblock_lookback", json!(30), none.clone(), run),
        Effect("ob_entry_mode", json!("mid"), none.clone(), run),
        Effect("ob_entry_discount_pct", json!(60), discount, run),
        Effect("fvg_min_size_pct", json!(2), gaps.clone(), run),
        Effect("fvg_mitigation_mode", json!("full"), gaps.clone(), run),
        Effect("bos_confirmation_candles", json!(1), wide.clone(), run),
        Effect("order_block", json!(false), none.clone(), run),
        Effect("fair_value_gap", json!(false), gaps, run),
        Effect("break_of_structure", json!(false), wide.clone(), run),
        Effect("trend", json!(false), wide.clone(), run),
        Effect("require_bos_confirmation", json!(true), none.clone(), run),
        Effect("tight_smc_atr_stop_min", json!(0.3), none.clone(), run),
        Effect("tight_smc_atr_stop_max", json!(0.9), none.clone(), run),
        Effect("wide_structure_atr_stop_min", json!(0.6), wide.clone(), run),
        Effect("wide_structure_atr_stop_max", json!(0.9), wide.clone(), run),
        Effect("stop_widen", json!(false), none.clone(), run_stopped_out),
        Effect("stop_widen_lookback_hours", json!(8), none.clone(), run_stopped_out),
        Effect("stop_widen_stop_outs", json!(4), none.clone(), run_stopped_out),
        Effect("stop_widen_factor", json!(1.2), none.clone(), run_stopped_out),
        Effect("stop_widen_step", json!(0.1), none.clone(), run_stopped_out),
        Effect("stop_widen_factor_max", json!(1.6), none.clone(), run_stopped_out),
        Effect("stop_distance_min_pct", json!(2), none.clone(), run),
        Effect("stop_distance_max_pct", json!(1), none.clone(), run),
        Effect("tight_smc_min_rr_multiple", json!(3), none.clone(), run),
        Effect("wide_structure_min_rr_multiple", json!(3), wide, run),
        Effect("fib_proximity_bps", json!(5), fib.clone(), run),
        Effect("fib_measure", json!("low_to_high"), fib, run),
        Effect("fibonacci_gate", json!(true), none.clone(), run),
        Effect("premium_discount_gate", json!(true), none, run),
    ]
}

/// Each key of a question about the market, the score, or the time since something was done.
fn effects_on_gates() -> Vec<Effect> {
    let neutral = json!({ "ema_neutral_zone_bps": 1000 });
    let wide = json!({ "order_block": false, "fair_value_gap": false });
    let wide_neutral = json!({ "ema_neutral_zone_bps": 1000, "order_block": false, "fair_value_gap": false });
    let picky = json!({ "min_score_tight_smc_aligned": 50, "min_score_wide_structure_aligned": 50 });
    let far = json!({ "entry_zone_tolerance_pct": 0.1, "entry_zone_tolerance_atr": 0.1 });
    let soft = json!({ "higher_tf_mode": "soft", "min_score_tight_smc_aligned": 55 });
    let change = json!({ "ms_change": "on" });
    let sensitive =
        json!({ "ms_change": "on", "ms_volatility_high_ratio": 1.02, "ms_volatility_low_ratio": 0.98 });
    let again = json!({ "ms_change": "on", "skip_reconfirmation_in_trends": false });
    let diverging = json!({ "rsi_divergence": "on" });
    let none = json!({});
    vec![
        Effect("ms_change", json!("on"), none.clone(), run),
        Effect("require_ms_change_confirmation", json!(true), change.clone(), run),
        Effect("ms_confirmation_candles", json!(4), change.clone(), run),
        Effect("ms_confirmation_adaptive", json!(false), sensitive.clone(), run),
        Effect("ms_candles_high_volatility", json!(6), sensitive.clone(), run),
        Effect("ms_candles_low_volatility", json!(6), sensitive.clone(), run),
        Effect("ms_volatility_high_ratio", json!(1.1), change.clone(), run),
        Effect("ms_volatility_low_ratio", json!(0.9), change.clone(), run),
        Effect("ms_change_expires_bars", json!(5), change.clone(), run),
        Effect("skip_reconfirmation_in_trends", json!(false), change, run),
        Effect("ms_reconfirmation_candles", json!(10), again, run),
        Effect("rsi_divergence", json!("on"), none.clone(), run),
        Effect("rsi_period", json!(4), diverging.clone(), run),
        Effect("rsi_divergence_lookback", json!(60), diverging, run),
        Effect("higher_tf_mode", json!("hard"), none.clone(), run_long),
        Effect("higher_tf_weekly_weight", json!(1), soft.clone(), run_long),
        Effect("higher_tf_daily_weight", json!(1), soft.clone(), run_long),
        Effect("higher_tf_penalty", json!(15), soft, run_long),
        Effect("min_score_tight_smc_aligned", json!(60), none.clone(), run),
        Effect("min_score_tight_smc_neutral", json!(60), neutral, run),
        Effect("min_score_wide_structure_aligned", json!(60), wide, run),
        Effect("min_score_wide_structure_neutral", json!(60), wide_neutral, run),
        Effect("entry_expires_hours", json!(8), none.clone(), run),
        Effect("entry_zone_tolerance_pct", json!(3), far.clone(), run),
        Effect("entry_zone_tolerance_atr", json!(2), far, run),
        Effect("entry_zone_tolerance_max_pct", json!(1.5), none.clone(), run),
        Effect("entry_zone_tolerance_penalty", json!(30), picky.clone(), run_at_once),
        Effect("signal_cooldown_hours", json!(12), none.clone(), run),
        Effect("structure_dedupe_minutes", json!(600), none, run),
        Effect("consumed_structure_pause_hours", json!(1), picky, run),
    ]
}

/// Each key of the thesis.
fn effects_of_the_thesis() -> Vec<Effect> {
    let on = json!({ "thesis": { "mode": "on" } });
    let scored = json!({
        "thesis": { "mode": "on" },
        "min_score_tight_smc_aligned": 60, "min_score_wide_structure_aligned": 55,
    });
    let quick = json!({ "thesis": { "mode": "on", "time_decay_points": 80 } });
    let thesis = |key: &str, value: Value| json!({ "thesis": { key: value } });
    let one = |key, value, shared: &Value, run| {
        let (_, name) = str::split_once(key, '.').unwrap();
        Effect(key, thesis(name, value), shared.clone(), run)
    };
    vec![
        Effect("thesis.mode", on.clone(), json!({}), run_long),
        one("thesis.remembered_hours", json!(24), &quick, run_long),
        one("thesis.time_decay_hours", json!(48), &quick, run_long),
        one("thesis.time_decay_points", json!(80), &on, run_long),
        one("thesis.zone_decay_points", json!(0), &on, run_long),
        one("thesis.volume_decay_points", json!(40), &on, run_long),
        one(
            "thesis.volume_bars",
            json!(3),
            &json!({ "thesis": { "mode": "on", "volume_decay_points": 40 } }),
            run_long,
        ),
        one("thesis.score_neutral", json!(40), &scored, run_long),
        one("thesis.score_bonus", json!(30), &scored, run_long),
        one("thesis.score_penalty", json!(30), &scored, run_long),
        one("thesis.exit_conviction", json!(60), &on, run_held),
        one("thesis.reentry_conviction", json!(5), &quick, run_long),
    ]
}

fn effects() -> Vec<Effect> {
    effects_on_setups().into_iter().chain(effects_on_gates()).chain(effects_of_the_thesis()).collect()
}

/// The keys below `section`, with the names of their sections.
fn leaves(section: &Value, before: &str, found: &mut BTreeSet<String>) {
    for (key, value) in section.as_object().unwrap() {
        if value.is_object() {
            leaves(value, &format!("{before}{key}."), found);
        } else {
            found.insert(format!("{before}{key}"));
        }
    }
}

#[test]
fn every_key_is_in_the_table_of_effects() {
    let mut keys = BTreeSet::new();
    leaves(&serde_json::to_value(SmcSettings::default()).unwrap(), "", &mut keys);
    let tested: BTreeSet<String> = effects().iter().map(|effect| effect.0.to_owned()).collect();
    assert_eq!(tested, keys);
}

fn show(effects: Vec<Effect>) {
    let without: Vec<&str> = effects
        .into_iter()
        .filter(|Effect(key, value, shared, run)| {
            let change = if value.is_object() { value.clone() } else { json!({ *key: value }) };
            verdicts(&run(&[shared])) == verdicts(&run(&[shared, &change]))
        })
        .map(|effect| effect.0)
        .collect();
    assert_eq!(without, Vec::<&str>::new(), "no effect");
}

/// Effect of `strategy.smc.evaluate_timeframe`.
/// Effect of `strategy.smc.ema_period`.
/// Effect of `strategy.smc.ema_neutral_zone_bps`.
/// Effect of `strategy.smc.adx_period`.
/// Effect of `strategy.smc.adx_threshold`.
/// Effect of `strategy.smc.atr_period`.
/// Effect of `strategy.smc.orderblock_lookback`.
/// Effect of `strategy.smc.ob_entry_mode`.
/// Effect of `strategy.smc.ob_entry_discount_pct`.
/// Effect of `strategy.smc.fvg_min_size_pct`.
/// Effect of `strategy.smc.fvg_mitigation_mode`.
/// Effect of `strategy.smc.bos_confirmation_candles`.
/// Effect of `strategy.smc.order_block`.
/// Effect of `strategy.smc.fair_value_gap`.
/// Effect of `strategy.smc.break_of_structure`.
/// Effect of `strategy.smc.trend`.
/// Effect of `strategy.smc.require_bos_confirmation`.
/// Effect of `strategy.smc.tight_smc_atr_stop_min`.
/// Effect of `strategy.smc.tight_smc_atr_stop_max`.
/// Effect of `strategy.smc.wide_structure_atr_stop_min`.
/// Effect of `strategy.smc.wide_structure_atr_stop_max`.
/// Effect of `strategy.smc.stop_widen`.
/// Effect of `strategy.smc.stop_widen_lookback_hours`.
/// Effect of `strategy.smc.stop_widen_stop_outs`.
/// Effect of `strategy.smc.stop_widen_factor`.
/// Effect of `strategy.smc.stop_widen_step`.
/// Effect of `strategy.smc.stop_widen_factor_max`.
/// Effect of `strategy.smc.stop_distance_min_pct`.
/// Effect of `strategy.smc.stop_distance_max_pct`.
/// Effect of `strategy.smc.tight_smc_min_rr_multiple`.
/// Effect of `strategy.smc.wide_structure_min_rr_multiple`.
/// Effect of `strategy.smc.fib_proximity_bps`.
/// Effect of `strategy.smc.fib_measure`.
/// Effect of `strategy.smc.fibonacci_gate`.
/// Effect of `strategy.smc.premium_discount_gate`.
#[test]
fn each_key_of_setups_and_prices_changes_answers() {
    show(effects_on_setups());
}

/// Effect of `strategy.smc.ms_change`.
/// Effect of `strategy.smc.require_ms_change_confirmation`.
/// Effect of `strategy.smc.ms_confirmation_candles`.
/// Effect of `strategy.smc.ms_confirmation_adaptive`.
/// Effect of `strategy.smc.ms_candles_high_volatility`.
/// Effect of `strategy.smc.ms_candles_low_volatility`.
/// Effect of `strategy.smc.ms_volatility_high_ratio`.
/// Effect of `strategy.smc.ms_volatility_low_ratio`.
/// Effect of `strategy.smc.ms_change_expires_bars`.
/// Effect of `strategy.smc.skip_reconfirmation_in_trends`.
/// Effect of `strategy.smc.ms_reconfirmation_candles`.
/// Effect of `strategy.smc.rsi_divergence`.
/// Effect of `strategy.smc.rsi_period`.
/// Effect of `strategy.smc.rsi_divergence_lookback`.
/// Effect of `strategy.smc.higher_tf_mode`.
/// Effect of `strategy.smc.higher_tf_weekly_weight`.
/// Effect of `strategy.smc.higher_tf_daily_weight`.
/// Effect of `strategy.smc.higher_tf_penalty`.
/// Effect of `strategy.smc.min_score_tight_smc_aligned`.
/// Effect of `strategy.smc.min_score_tight_smc_neutral`.
/// Effect of `strategy.smc.min_score_wide_structure_aligned`.
/// Effect of `strategy.smc.min_score_wide_structure_neutral`.
/// Effect of `strategy.smc.entry_expires_hours`.
/// Effect of `strategy.smc.entry_zone_tolerance_pct`.
/// Effect of `strategy.smc.entry_zone_tolerance_atr`.
/// Effect of `strategy.smc.entry_zone_tolerance_max_pct`.
/// Effect of `strategy.smc.entry_zone_tolerance_penalty`.
/// Effect of `strategy.smc.signal_cooldown_hours`.
/// Effect of `strategy.smc.structure_dedupe_minutes`.
/// Effect of `strategy.smc.consumed_structure_pause_hours`.
#[test]
fn each_key_of_a_gate_changes_answers() {
    show(effects_on_gates());
}

/// Effect of `strategy.smc.thesis.mode`.
/// Effect of `strategy.smc.thesis.remembered_hours`.
/// Effect of `strategy.smc.thesis.time_decay_hours`.
/// Effect of `strategy.smc.thesis.time_decay_points`.
/// Effect of `strategy.smc.thesis.zone_decay_points`.
/// Effect of `strategy.smc.thesis.volume_decay_points`.
/// Effect of `strategy.smc.thesis.volume_bars`.
/// Effect of `strategy.smc.thesis.score_neutral`.
/// Effect of `strategy.smc.thesis.score_bonus`.
/// Effect of `strategy.smc.thesis.score_penalty`.
/// Effect of `strategy.smc.thesis.exit_conviction`.
/// Effect of `strategy.smc.thesis.reentry_conviction`.
#[test]
fn each_key_of_the_thesis_changes_answers() {
    show(effects_of_the_thesis());
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
    let at_once = run_at_once(&[&json!({ "stop_distance_min_pct": 1 })]);
    let again = json!({
        "ms_change": "on", "skip_reconfirmation_in_trends": false, "ms_reconfirmation_candles": 4,
        "rsi_divergence": "on", "signal_cooldown_hours": 12,
    });
    let long = json!({ "higher_tf_mode": "hard" });
    let ideas = json!({ "thesis": { "mode": "on", "time_decay_points": 90 } });
    let only_blocks = json!({ "fair_value_gap": false, "break_of_structure": false, "trend": false });
    let picky = json!({ "min_score_tight_smc_aligned": 60 });
    let trending = json!({ "adx_threshold": 60 });
    let slow = json!({ "structure_dedupe_minutes": 300, "entry_zone_tolerance_max_pct": 1.5 });
    let seen: BTreeSet<Gate> = [strict, only_blocks, picky, trending, slow, again]
        .iter()
        .flat_map(|change| refusals(&run(&[change])))
        .chain(refusals(&at_once))
        .chain(refusals(&run_long(&[&long])))
        .chain(refusals(&run_held(&[&ideas])))
        .chain(refusals(&run_after_a_hole()))
        .collect();
    let expected = BTreeSet::from([
        Gate::ThesisExit,
        Gate::WarmUp,
        Gate::Freshness,
        Gate::Structure,
        Gate::StructureChange,
        Gate::ChangeDirection,
        Gate::Reconfirmation,
        Gate::ZoneDistance,
        Gate::Premium,
        Gate::Fibonacci,
        Gate::Adx,
        Gate::RsiDivergence,
        Gate::Levels,
        Gate::RewardRisk,
        Gate::WeeklyZone,
        Gate::Score,
        Gate::Thesis,
        Gate::EntryDistance,
        Gate::SignalCooldown,
        Gate::Repeat,
    ]);
    assert_eq!(seen, expected);
}

#[test]
fn gates_are_asked_in_one_order_and_the_first_refusal_ends_the_decision() {
    let order = [
        Gate::ThesisExit,
        Gate::WarmUp,
        Gate::Freshness,
        Gate::Bias,
        Gate::Structure,
        Gate::StructureChange,
        Gate::ChangeDirection,
        Gate::Reconfirmation,
        Gate::ZoneDistance,
        Gate::Premium,
        Gate::Fibonacci,
        Gate::Adx,
        Gate::RsiDivergence,
        Gate::Levels,
        Gate::RewardRisk,
        Gate::WeeklyZone,
        Gate::Score,
        Gate::ThesisScore,
        Gate::Thesis,
        Gate::EntryDistance,
        Gate::SignalCooldown,
        Gate::Repeat,
    ];
    let place = |gate: Gate| order.iter().position(|other| *other == gate).unwrap();
    let all = json!({
        "premium_discount_gate": true, "fibonacci_gate": true, "ms_change": "on", "higher_tf_mode": "hard",
        "skip_reconfirmation_in_trends": false, "rsi_divergence": "on", "signal_cooldown_hours": 1,
    });
    let watching = json!({ "ms_change": "shadow", "rsi_divergence": "shadow", "higher_tf_mode": "soft" });
    for answer in run(&[&all]).into_iter().chain(run_long(&[&watching])).chain(run_held(&[&watching])) {
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
    let (waits, at_once) = (run(&[&json!({})]), run_at_once(&[&json!({})]));
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
        (json!({ "bos_confirmation_candles": 10 }), "strategy.smc.bos_confirmation_candles is 10: "),
        (json!({ "ms_confirmation_candles": 0 }), "strategy.smc.ms_confirmation_candles is 0: "),
        (json!({ "ms_reconfirmation_candles": 11 }), "strategy.smc.ms_reconfirmation_candles is 11: "),
        (json!({ "ms_volatility_high_ratio": 0.9 }), "strategy.smc.ms_volatility_high_ratio is 0.9: "),
        (
            json!({ "require_ms_change_confirmation": true, "ms_change": "shadow" }),
            "strategy.smc.require_ms_change_confirmation is true: ",
        ),
        (json!({ "ob_entry_discount_pct": 101 }), "strategy.smc.ob_entry_discount_pct is 101: "),
        (json!({ "rsi_divergence_lookback": 101 }), "strategy.smc.rsi_divergence_lookback is 101: "),
        (json!({ "stop_widen_stop_outs": 17 }), "strategy.smc.stop_widen_stop_outs is 17: "),
        (json!({ "stop_widen_factor_max": 1.2 }), "strategy.smc.stop_widen_factor_max is 1.2: "),
        (json!({ "thesis": { "reentry_conviction": 36 } }), "strategy.smc.thesis.reentry_conviction is 36: "),
        (json!({ "thesis": { "score_neutral": 5 } }), "strategy.smc.thesis.score_neutral is 5: "),
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
