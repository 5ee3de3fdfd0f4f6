//! What every plan of `smc` keeps, whatever the market.

#![cfg(test)]

use crate::common;
use crate::common::{Known, NOTHING, answers_with, instrument, market};
use proptest::prelude::*;
use seawall_model::{Candle, Gate, PriceUnits, Setup, Span, Timeframe};
use seawall_strategy::smc::SmcSettings;
use seawall_strategy::{
    Direction, Entry, EntryPlan, Evaluation, Level, Sizing, StrategyKind, StrategySettings,
};

fn easy() -> StrategySettings {
    let least = "30".parse().unwrap();
    let smc = SmcSettings {
        ema_period: 10,
        fibonacci_gate: false,
        premium_discount_gate: false,
        min_score_tight_smc_aligned: least,
        min_score_wide_structure_aligned: least,
        ..SmcSettings::default()
    };
    StrategySettings { name: StrategyKind::Smc, smc, ..StrategySettings::default() }
}

fn plans(waits: bool, seed: u64) -> Vec<(Candle, EntryPlan)> {
    let candles = market(seed, Timeframe::M15, 30 * 96, true);
    let known = Known { entry_waits: waits, ..NOTHING };
    let answers = answers_with(&easy(), &instrument(2), Timeframe::M15, &candles, &known);
    let plan = |(candle, answer): (Candle, common::Answer)| match answer.evaluation {
        Evaluation::Enter(plan) => {
            let last = answer.decision.gates.last().unwrap();
            assert_eq!(last.gate, Gate::Repeat);
            assert_eq!(answer.decision.setup, Some(plan.setup));
            Some((candle, plan))
        }
        Evaluation::NotDue | Evaluation::Hold | Evaluation::Exit(_) => None,
    };
    candles.into_iter().zip(answers).filter_map(plan).collect()
}

fn price(level: Level) -> PriceUnits {
    match level {
        Level::Price(price) => price,
        Level::Percent(percent) => panic!("{percent} is no price"),
    }
}

fn check(candle: &Candle, plan: &EntryPlan, waits: bool) {
    let instrument = instrument(2);
    let (stop, target) = (price(plan.stop.unwrap()), price(plan.targets[0].level));
    assert_eq!((plan.targets.len(), plan.targets[0].share.to_string().as_str()), (1, "100"));
    assert_eq!(plan.sizing, Sizing::Risk);
    assert!(plan.score.unwrap() >= 30.0);
    let entry = match plan.entry {
        Entry::Limit { price, expires_after } => {
            assert_eq!(expires_after, Span::from_secs(4 * 3_600));
            if waits { price } else { candle.close }
        }
        Entry::Market | Entry::Immediate { .. } => panic!("a setup plans its price: {plan:?}"),
    };
    for price in [stop, target] {
        assert!(instrument.is_on_tick(price) && price > PriceUnits::ZERO);
    }
    let (risk, reward) = match plan.direction {
        Direction::Long => (entry.minus(stop), target.minus(entry)),
        Direction::Short => (stop.minus(entry), entry.minus(target)),
    };
    assert!(risk > PriceUnits::ZERO && reward > PriceUnits::ZERO, "{plan:?}");
    let multiple = if matches!(plan.setup, Setup::OrderBlock | Setup::FairValueGap) { 2.0 } else { 1.5 };
    assert!(reward.get() as f64 / risk.get() as f64 >= multiple, "{plan:?}");
    let near = (candle.close.minus(entry).abs().get() as f64) / entry.get() as f64;
    assert!(near <= 0.05);
    // A close beyond the invalidation comes before the stop.
    let invalidation = plan.invalidation.unwrap();
    assert!(
        (invalidation >= stop) == (plan.direction == Direction::Long) || invalidation == stop,
        "{plan:?}"
    );
    let planned = match plan.entry {
        Entry::Limit { price, .. } => price,
        Entry::Market | Entry::Immediate { .. } => candle.close,
    };
    let beyond =
        |swing: &PriceUnits| (*swing >= planned) == (plan.direction == Direction::Long) || *swing == planned;
    assert!(plan.swings.iter().all(beyond), "{plan:?}");
    // The newest price has not proved the setup wrong already.
    assert!((candle.close > stop) == (plan.direction == Direction::Long));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_plan_loses_on_one_side_and_pays_enough_on_the_other(
        seed in 1_u64..1_000_000, at_market in any::<bool>(),
    ) {
        for (candle, plan) in plans(!at_market, seed) {
            check(&candle, &plan, !at_market);
        }
    }
}

#[test]
fn the_property_sees_plans_of_both_directions_and_orders() {
    for waits in [true, false] {
        let all: Vec<EntryPlan> = (1..10).flat_map(|seed| plans(waits, seed)).map(|(_, plan)| plan).collect();
        for direction in [Direction::Long, Direction::Short] {
            assert!(all.iter().any(|plan| plan.direction == direction), "{waits} {direction:?}");
        }
    }
}
