//! What strategies say about a position that is held.

#![cfg(test)]

use crate::common::{answer, instrument, market};
use seawall_model::{PriceUnits, Timeframe, Ts};
use seawall_strategy::smc::SmcSettings;
use seawall_strategy::{Direction, Held, Outlook, Premise, Strategy, StrategyKind, StrategySettings};

/// A warm `smc` on 15m candles of a market, with the close of its newest 4h bar and when that closed.
fn warm(seed: u64) -> (Box<dyn Strategy>, PriceUnits, Ts) {
    let smc = SmcSettings { ema_period: 5, ..SmcSettings::default() };
    let settings = StrategySettings { name: StrategyKind::Smc, smc, ..StrategySettings::default() };
    let mut strategy = settings.build(&instrument(2), Timeframe::M15).unwrap();
    let candles = market(seed, Timeframe::M15, 20 * 96 + 7, false);
    let mut newest = None;
    for candle in &candles {
        answer(strategy.as_mut(), &instrument(2), candle);
        if Timeframe::H4.is_aligned(candle.known_at) {
            newest = Some((candle.close, candle.known_at));
        }
    }
    let (close, at) = newest.unwrap();
    (strategy, close, at)
}

fn outlook(strategy: &dyn Strategy, direction: Direction, level: Option<i64>, decided_at: Ts) -> Outlook {
    let held = Held { direction, decided_at, invalidation: level.map(PriceUnits::new) };
    strategy.outlook(&instrument(2), &held)
}

#[test]
fn a_four_hour_close_beyond_the_invalidation_ends_the_premise_and_one_at_it_does_not() {
    let (strategy, close, at) = warm(3);
    let before = Ts::from_nanos(at.nanos() - 1);
    let premise = |direction, level| outlook(strategy.as_ref(), direction, Some(level), before).premise;
    assert_eq!(premise(Direction::Long, close.get() + 1), Premise::Gone);
    assert_eq!(premise(Direction::Long, close.get()), Premise::Holds);
    assert_eq!(premise(Direction::Short, close.get() - 1), Premise::Gone);
    assert_eq!(premise(Direction::Short, close.get()), Premise::Holds);
}

#[test]
fn a_close_that_was_known_when_the_entry_was_decided_ends_nothing() {
    let (strategy, close, at) = warm(3);
    let seen = outlook(strategy.as_ref(), Direction::Long, Some(close.get() + 1), at);
    assert_eq!(seen.premise, Premise::Holds);
    assert_eq!(outlook(strategy.as_ref(), Direction::Long, None, at).premise, Premise::Unknown);
}

#[test]
fn the_live_range_and_the_daily_bias_are_told() {
    let biases: Vec<Option<Direction>> = (1..12)
        .map(|seed| {
            let (strategy, _, at) = warm(seed);
            let seen = outlook(strategy.as_ref(), Direction::Long, None, at);
            assert!(seen.atr.unwrap() > 0.0);
            seen.bias
        })
        .collect();
    for bias in [Direction::Long, Direction::Short] {
        assert!(biases.contains(&Some(bias)), "{biases:?}");
    }
}

#[test]
fn crossing_averages_know_neither_range_nor_bias_nor_premise() {
    let strategy = StrategySettings::default().build(&instrument(2), Timeframe::M1).unwrap();
    let seen = outlook(strategy.as_ref(), Direction::Long, Some(1), Ts::EPOCH);
    assert_eq!(seen, Outlook { atr: None, bias: None, premise: Premise::Unknown });
}
