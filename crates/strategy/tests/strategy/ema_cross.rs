//! `ema_cross` gives what a plain loop over the closes gives, and each of its settings has its effect.

#![cfg(test)]

use crate::common;
use crate::common::{candle, instrument, market};
use proptest::prelude::*;
use seawall_model::{Candle, Decision, ExitReason, Gate, Outcome, PositionSide, Timeframe};
use seawall_strategy::ema_cross::{EmaCrossSettings, EmaCrossSizing};
use seawall_strategy::{
    Direction, Entry, Evaluation, FundingEstimate, Level, Sizing, StrategyKind, StrategySettings, View,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    NotDue,
    Nothing,
    Long,
    Short,
    Close,
}

/// The strategy with a position that follows its answers at once.
fn run(settings: &EmaCrossSettings, base: Timeframe, candles: &[Candle]) -> Vec<Seen> {
    let instrument = instrument(2);
    let all = StrategySettings { ema_cross: settings.clone(), ..StrategySettings::default() };
    let mut strategy = all.build(&instrument, base).unwrap();
    let mut position = PositionSide::Flat;
    let mut decision = Decision::empty();
    let mut seen = Vec::new();
    for candle in candles {
        decision.reset(instrument.id(), candle.known_at, candle.close);
        let view = View {
            instrument: &instrument,
            position,
            cost_bps: 10.0,
            funding: FundingEstimate::default(),
            entry_waits: true,
            stop_outs: &[],
        };
        let evaluation = strategy.on_candle(&view, candle, &mut decision);
        seen.push(match evaluation {
            Evaluation::NotDue => Seen::NotDue,
            Evaluation::Hold => {
                assert!(matches!(decision.outcome, Outcome::Refused(Gate::WarmUp | Gate::Signal)));
                Seen::Nothing
            }
            Evaluation::Enter(plan) => {
                assert_eq!(plan.entry, Entry::Market);
                match plan.direction {
                    Direction::Long => {
                        position = PositionSide::Long;
                        Seen::Long
                    }
                    Direction::Short => {
                        position = PositionSide::Short;
                        Seen::Short
                    }
                }
            }
            Evaluation::Exit(reason) => {
                assert_eq!(reason, ExitReason::Signal);
                position = PositionSide::Flat;
                Seen::Close
            }
        });
    }
    seen
}

/// The documented rules as a plain loop over closes.
fn plain_loop(fast_bars: usize, slow_bars: usize, long_only: bool, closes: &[f64]) -> Vec<Seen> {
    let (fast_alpha, slow_alpha) = (2.0 / (fast_bars as f64 + 1.0), 2.0 / (slow_bars as f64 + 1.0));
    let (mut fast, mut slow) = (closes[0], closes[0]);
    let mut long = false;
    let mut seen = vec![Seen::Nothing];
    for (index, close) in closes.iter().enumerate().skip(1) {
        let (fast_before, slow_before) = (fast, slow);
        fast = fast_alpha * close + (1.0 - fast_alpha) * fast;
        slow = slow_alpha * close + (1.0 - slow_alpha) * slow;
        let up = fast_before <= slow_before && fast > slow;
        let down = fast_before >= slow_before && fast < slow;
        seen.push(if index < slow_bars {
            Seen::Nothing
        } else if up {
            long = true;
            Seen::Long
        } else if down && !long_only {
            Seen::Short
        } else if down && long {
            long = false;
            Seen::Close
        } else {
            Seen::Nothing
        });
    }
    seen
}

fn closes(candles: &[Candle]) -> Vec<f64> {
    candles.iter().map(|candle| candle.close.get() as f64 / 100.0).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_signals_are_those_of_a_plain_loop(
        seed in 1_u64..1_000_000, fast in 1_u32..30, gap in 1_u32..60,
        long_only in any::<bool>(), holes in any::<bool>(),
    ) {
        let candles = market(seed, Timeframe::M1, 2_000, holes);
        let settings = EmaCrossSettings { fast, slow: fast + gap, long_only, ..EmaCrossSettings::default() };
        let expected = plain_loop(fast as usize, (fast + gap) as usize, long_only, &closes(&candles));
        prop_assert_eq!(run(&settings, Timeframe::M1, &candles), expected);
    }
}

#[test]
fn the_default_crosses_many_times_in_a_long_market() {
    let candles = market(7, Timeframe::M1, 20_000, false);
    let settings = EmaCrossSettings::default();
    let seen = run(&settings, Timeframe::M1, &candles);
    assert_eq!(seen, plain_loop(20, 50, true, &closes(&candles)));
    assert!(seen.iter().filter(|seen| **seen == Seen::Long).count() > 50);
    assert!(seen.contains(&Seen::Close) && !seen.contains(&Seen::Short));
}

#[test]
fn real_candles_give_the_signals_of_a_plain_loop_too() {
    let Some(shared) = common::shared() else {
        println!("SKIPPED: no real candles; set SEAWALL_SHARED to the folder that holds data/spot_5m");
        return;
    };
    let path = shared.join("data/spot_5m/BTCUSDT_5m_20220801_20230927.csv.gz");
    let (decimals, candles) = common::read_csv(&path, Timeframe::M5);
    assert_eq!(decimals, 2);
    let seen = run(&EmaCrossSettings::default(), Timeframe::M5, &candles);
    assert_eq!(seen, plain_loop(20, 50, true, &closes(&candles)));
    println!("{} entries in {} candles", seen.iter().filter(|seen| **seen == Seen::Long).count(), seen.len());
}

#[test]
fn a_coarser_timeframe_gives_the_signals_of_its_own_candles_when_they_close() {
    let candles = market(11, Timeframe::M1, 30_000, false);
    let settings = EmaCrossSettings { timeframe: Some(Timeframe::M15), ..EmaCrossSettings::default() };
    let seen = run(&settings, Timeframe::M1, &candles);
    let coarse: Vec<f64> =
        candles.chunks_exact(15).map(|chunk| chunk[14].close.get() as f64 / 100.0).collect();
    let due: Vec<Seen> = seen.iter().copied().filter(|seen| *seen != Seen::NotDue).collect();
    assert_eq!(due, plain_loop(20, 50, true, &coarse));
    let due_at = |index: usize| index % 15 == 14;
    assert!(seen.iter().enumerate().all(|(index, seen)| due_at(index) == (*seen != Seen::NotDue)));
}

#[test]
fn a_timeframe_equal_to_the_candles_own_changes_nothing() {
    let candles = market(3, Timeframe::M5, 3_000, true);
    let own = EmaCrossSettings { timeframe: Some(Timeframe::M5), ..EmaCrossSettings::default() };
    assert_eq!(
        run(&own, Timeframe::M5, &candles),
        run(&EmaCrossSettings::default(), Timeframe::M5, &candles)
    );
}

#[test]
fn warming_up_is_said_with_the_bars_seen_and_needed() {
    let instrument = instrument(2);
    let mut strategy = StrategySettings::default().build(&instrument, Timeframe::M1).unwrap();
    for number in 0..=50 {
        let candle = candle(Timeframe::M1, number, [100; 4]);
        let answer = common::answer(strategy.as_mut(), &instrument, &candle);
        let gate = answer.decision.gates.last().unwrap();
        if number < 50 {
            assert_eq!(gate.gate, Gate::WarmUp);
            assert!(
                (gate.measured - (number + 1) as f64).abs() < 1e-9 && (gate.threshold - 51.0).abs() < 1e-9
            );
        } else {
            assert_eq!(gate.gate, Gate::Signal);
        }
    }
}

/// The first plan over a market that crosses.
fn first_plan(settings: &EmaCrossSettings) -> seawall_strategy::EntryPlan {
    let instrument = instrument(2);
    let all = StrategySettings { ema_cross: settings.clone(), ..StrategySettings::default() };
    let mut strategy = all.build(&instrument, Timeframe::M1).unwrap();
    let candles = market(7, Timeframe::M1, 5_000, false);
    candles
        .iter()
        .find_map(|candle| match common::answer(strategy.as_mut(), &instrument, candle).evaluation {
            Evaluation::Enter(plan) => Some(plan),
            Evaluation::NotDue | Evaluation::Hold | Evaluation::Exit(_) => None,
        })
        .unwrap()
}

#[test]
fn stop_target_quantity_and_sizing_reach_the_plan() {
    let plain = first_plan(&EmaCrossSettings::default());
    assert_eq!((plain.stop, plain.targets.len()), (None, 0));
    assert_eq!(plain.sizing, Sizing::Fixed("1".parse().unwrap()));

    let settings = EmaCrossSettings {
        stop_pct: Some("1.5".parse().unwrap()),
        target_pct: Some("3".parse().unwrap()),
        qty: "0.25".parse().unwrap(),
        ..EmaCrossSettings::default()
    };
    let plan = first_plan(&settings);
    assert_eq!(plan.stop, Some(Level::Percent("1.5".parse().unwrap())));
    assert_eq!(plan.targets.len(), 1);
    assert_eq!(plan.targets[0].level, Level::Percent("3".parse().unwrap()));
    assert_eq!(plan.targets[0].share.to_string(), "100");
    assert_eq!(plan.sizing, Sizing::Fixed("0.25".parse().unwrap()));

    let by_risk = EmaCrossSettings { sizing: EmaCrossSizing::Risk, ..settings };
    assert_eq!(first_plan(&by_risk).sizing, Sizing::Risk);
}

#[test]
fn a_broken_rule_names_the_key_the_value_and_the_fix() {
    let base = EmaCrossSettings::default;
    let percent = |text: &str| Some(text.parse().unwrap());
    for (settings, key, value) in [
        (EmaCrossSettings { fast: 0, ..base() }, "fast", "0"),
        (EmaCrossSettings { slow: 20, ..base() }, "slow", "20"),
        (EmaCrossSettings { stop_pct: percent("0"), ..base() }, "stop_pct", "0"),
        (EmaCrossSettings { stop_pct: percent("100"), ..base() }, "stop_pct", "100"),
        (EmaCrossSettings { target_pct: percent("-1"), ..base() }, "target_pct", "-1"),
        (EmaCrossSettings { qty: "0".parse().unwrap(), ..base() }, "qty", "0"),
        (EmaCrossSettings { sizing: EmaCrossSizing::Risk, ..base() }, "sizing", "risk"),
    ] {
        let text = settings.check().unwrap_err().to_string();
        assert!(text.starts_with(&format!("strategy.ema_cross.{key} is {value}: ")), "{text}");
        assert!(text.contains(';'), "no fix: {text}");
    }
    assert!(base().check().is_ok());
}

#[test]
fn a_timeframe_that_the_candles_do_not_divide_is_refused() {
    let settings = EmaCrossSettings { timeframe: Some(Timeframe::M5), ..EmaCrossSettings::default() };
    let all = StrategySettings { ema_cross: settings, ..StrategySettings::default() };
    let text = all.build(&instrument(2), Timeframe::M3).err().unwrap().to_string();
    assert!(text.starts_with("strategy.ema_cross.timeframe is 5m: "), "{text}");
}

/// What a run of a strategy answers, and what it plans.
fn answers_of(all: &StrategySettings) -> Vec<Evaluation> {
    let candles = market(7, Timeframe::M1, 5_000, false);
    let answers = common::answers(all, &instrument(2), Timeframe::M1, &candles);
    answers.into_iter().map(|answer| answer.evaluation).collect()
}

/// Effect of `strategy.name`.
/// Effect of `strategy.ema_cross.fast`.
/// Effect of `strategy.ema_cross.slow`.
/// Effect of `strategy.ema_cross.long_only`.
/// Effect of `strategy.ema_cross.stop_pct`.
/// Effect of `strategy.ema_cross.target_pct`.
/// Effect of `strategy.ema_cross.qty`.
/// Effect of `strategy.ema_cross.sizing`.
/// Effect of `strategy.ema_cross.timeframe`.
#[test]
fn each_key_changes_answers() {
    type Change = fn(&mut StrategySettings);
    let changes: [(&str, Change); 8] = [
        ("fast", |all| all.ema_cross.fast = 10),
        ("slow", |all| all.ema_cross.slow = 60),
        ("long_only", |all| all.ema_cross.long_only = false),
        ("stop_pct", |all| all.ema_cross.stop_pct = Some("3".parse().unwrap())),
        ("target_pct", |all| all.ema_cross.target_pct = Some("3".parse().unwrap())),
        ("qty", |all| all.ema_cross.qty = "2".parse().unwrap()),
        ("sizing", |all| all.ema_cross.sizing = EmaCrossSizing::Risk),
        ("timeframe", |all| all.ema_cross.timeframe = Some(Timeframe::M5)),
    ];
    let mut usual = StrategySettings::default();
    usual.ema_cross.stop_pct = Some("2".parse().unwrap());
    let answers = answers_of(&usual);
    assert!(answers.iter().any(|answer| matches!(answer, Evaluation::Enter(_))));
    for (key, change) in changes {
        let mut changed = usual.clone();
        change(&mut changed);
        assert_ne!(answers_of(&changed), answers, "{key}");
    }
    let other = StrategySettings { name: StrategyKind::Smc, ..usual };
    assert_ne!(answers_of(&other), answers, "name");
}
