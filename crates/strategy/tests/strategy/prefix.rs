//! Prefix invariance: the answers to the first n candles are those of the full run, holes or not, and equal
//! histories leave equal digests.

#![cfg(test)]

use crate::common::{Known, NOTHING, answer, answer_with, answers_with, instrument, market};
use proptest::prelude::*;
use seawall_model::{Candle, Gate, GuardMode, Instrument, Outcome, Timeframe, Ts};
use seawall_strategy::ema_cross::EmaCrossSettings;
use seawall_strategy::smc::{HigherTimeframeMode, SmcSettings, ThesisSettings};
use seawall_strategy::{Evaluation, StrategyKind, StrategySettings};

fn ema_cross(timeframe: Option<Timeframe>) -> StrategySettings {
    let ema_cross = EmaCrossSettings { fast: 5, slow: 12, timeframe, ..EmaCrossSettings::default() };
    StrategySettings { ema_cross, ..StrategySettings::default() }
}

/// Warm after ten days, so that a short market is judged.
fn smc(evaluate_timeframe: Timeframe) -> StrategySettings {
    let smc = SmcSettings {
        evaluate_timeframe,
        ema_period: 10,
        min_score_tight_smc_aligned: "40".parse().unwrap(),
        min_score_wide_structure_aligned: "40".parse().unwrap(),
        ..SmcSettings::default()
    };
    StrategySettings { name: StrategyKind::Smc, smc, ..StrategySettings::default() }
}

/// With everything that remembers something.
fn smc_in_full(evaluate_timeframe: Timeframe) -> StrategySettings {
    let usual = smc(evaluate_timeframe);
    let thesis = ThesisSettings { mode: GuardMode::On, ..ThesisSettings::default() };
    let smc = SmcSettings {
        higher_tf_mode: HigherTimeframeMode::Off,
        skip_reconfirmation_in_trends: false,
        rsi_divergence: GuardMode::On,
        fibonacci_gate: false,
        premium_discount_gate: false,
        thesis,
        ..usual.smc
    };
    StrategySettings { smc, ..usual }
}

/// A stop-out every nine hours: what a run is told by an instant depends on that instant alone.
fn stop_outs() -> Vec<Ts> {
    let start: Ts = "2022-08-01".parse().unwrap();
    (0..120).map(|number| Ts::from_millis(start.millis() + number * 9 * 3_600_000)).collect()
}

fn digest(settings: &StrategySettings, base: Timeframe, candles: &[Candle]) -> Vec<u8> {
    let instrument = instrument(2);
    let mut strategy = settings.build(&instrument, base).unwrap();
    for candle in candles {
        answer(strategy.as_mut(), &instrument, candle);
    }
    let mut bytes = Vec::new();
    strategy.digest(&mut bytes);
    bytes
}

fn holds(
    settings: &StrategySettings,
    base: Timeframe,
    seed: u64,
    count: i64,
    cut: usize,
) -> Result<(), TestCaseError> {
    let instrument = instrument(2);
    let (candles, stop_outs) = (market(seed, base, count, true), stop_outs());
    let known = Known { stop_outs: &stop_outs, ..NOTHING };
    let answers =
        |settings: &StrategySettings, instrument: &Instrument, base: Timeframe, candles: &[Candle]| {
            answers_with(settings, instrument, base, candles, &known)
        };
    let cut = cut.min(candles.len());
    let full = answers(settings, &instrument, base, &candles);
    let prefix = answers(settings, &instrument, base, &candles[..cut]);
    prop_assert_eq!(&full[..cut], &prefix[..]);
    // What comes later must not reach back either: another future, the same answers.
    let mut other = candles[..cut].to_vec();
    let from = other.last().map_or(Ts::EPOCH, |last| last.known_at);
    other.extend(market(seed + 1, base, count, true).into_iter().filter(|candle| candle.open_time >= from));
    prop_assert_eq!(&answers(settings, &instrument, base, &other)[..cut], &prefix[..]);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn ema_cross_answers_a_prefix_like_the_full_run(
        seed in 1_u64..1_000_000, cut in 0_usize..3_000, coarser in any::<bool>()
    ) {
        holds(&ema_cross(coarser.then_some(Timeframe::M5)), Timeframe::M1, seed, 3_000, cut)?;
    }

    /// [D-28]: the backtest looked ahead on the higher timeframes. [D-1]: bars were used that still formed.
    #[test]
    fn smc_answers_a_prefix_like_the_full_run(
        seed in 1_u64..1_000_000, cut in 0_usize..12_000,
        evaluate in prop::sample::select(vec![Timeframe::M15, Timeframe::H1, Timeframe::H4]),
    ) {
        holds(&smc(evaluate), Timeframe::M5, seed, 12_000, cut)?;
    }

    #[test]
    fn smc_with_all_its_memory_answers_a_prefix_like_the_full_run(
        seed in 1_u64..1_000_000, cut in 0_usize..12_000,
        evaluate in prop::sample::select(vec![Timeframe::M15, Timeframe::H1, Timeframe::H4]),
    ) {
        holds(&smc_in_full(evaluate), Timeframe::M5, seed, 12_000, cut)?;
    }
}

#[test]
fn the_property_covers_entries_and_every_memory() {
    let instrument = instrument(2);
    let mut entries = 0;
    let mut asked = std::collections::BTreeSet::new();
    for seed in 1..20 {
        let candles = market(seed, Timeframe::M5, 12_000, true);
        let settings = smc_in_full(Timeframe::H1);
        let mut strategy = settings.build(&instrument, Timeframe::M5).unwrap();
        for candle in &candles {
            let answer = answer_with(strategy.as_mut(), &instrument, candle, &NOTHING);
            entries += usize::from(matches!(answer.evaluation, Evaluation::Enter(_)));
            asked.extend(answer.decision.gates.iter().map(|reading| reading.gate));
        }
    }
    assert!(entries > 20, "{entries}");
    for gate in [Gate::ChangeDirection, Gate::Reconfirmation, Gate::RsiDivergence, Gate::Thesis, Gate::Repeat]
    {
        assert!(asked.contains(&gate), "{gate:?}");
    }
}

#[test]
fn a_candle_that_comes_twice_is_refused_as_bad_data_and_changes_nothing() {
    let instrument = instrument(2);
    let candles = market(5, Timeframe::M5, 400, false);
    for settings in [ema_cross(Some(Timeframe::M15)), smc(Timeframe::H1), smc_in_full(Timeframe::H1)] {
        let mut strategy = settings.build(&instrument, Timeframe::M5).unwrap();
        for candle in &candles {
            answer(strategy.as_mut(), &instrument, candle);
            let again = answer(strategy.as_mut(), &instrument, candle);
            assert_eq!(again.evaluation, Evaluation::Hold);
            assert_eq!(again.decision.outcome, Outcome::Refused(Gate::DataQuality));
        }
        let mut bytes = Vec::new();
        strategy.digest(&mut bytes);
        assert_eq!(bytes, digest(&settings, Timeframe::M5, &candles));
    }
}

#[test]
fn equal_histories_leave_equal_digests_and_one_other_candle_shows() {
    for (settings, base) in [
        (ema_cross(None), Timeframe::M1),
        (ema_cross(Some(Timeframe::M15)), Timeframe::M1),
        (smc(Timeframe::H1), Timeframe::M5),
        (smc_in_full(Timeframe::H1), Timeframe::M5),
    ] {
        let candles = market(5, base, 5_001, true);
        let whole = digest(&settings, base, &candles);
        assert_eq!(whole, digest(&settings, base, &candles));
        assert_ne!(whole, digest(&settings, base, &candles[..candles.len() - 1]));
        let mut other = candles.clone();
        let last = other.last_mut().unwrap();
        last.close = last.low;
        last.low = last.low.minus(seawall_model::PriceUnits::new(1));
        assert_ne!(whole, digest(&settings, base, &other));
    }
}
