//! Coarser candles: direct, cascaded and naive grouping are one and the same, with and without holes.

use std::collections::BTreeMap;

use crate::common;
use proptest::prelude::*;
use seawall_model::{Candle, Timeframe};
use seawall_smc::{Aggregator, Ladder};

const RUNGS: [Timeframe; 5] = [Timeframe::M15, Timeframe::H1, Timeframe::H4, Timeframe::D1, Timeframe::W1];

/// Groups by bucket with nothing but the definition; the bucket still open at the end is left out.
fn grouped(candles: &[Candle], timeframe: Timeframe) -> Vec<Candle> {
    let mut buckets: BTreeMap<_, Vec<Candle>> = BTreeMap::new();
    for candle in candles {
        buckets.entry(timeframe.floor(candle.open_time)).or_default().push(*candle);
    }
    let known_until = candles.last().unwrap().known_at;
    buckets
        .into_iter()
        .map(|(open_time, members)| Candle {
            open_time,
            known_at: open_time.plus(timeframe.span()),
            open: members[0].open,
            high: members.iter().map(|member| member.high).max().unwrap(),
            low: members.iter().map(|member| member.low).min().unwrap(),
            close: members.last().unwrap().close,
            volume: members.iter().map(|member| member.volume).sum(),
        })
        .filter(|candle| candle.known_at <= known_until)
        .collect()
}

fn aggregated(candles: &[Candle], timeframe: Timeframe) -> Vec<Candle> {
    let mut aggregator = Aggregator::new(timeframe);
    candles.iter().flat_map(|candle| aggregator.update(candle).unwrap()).collect()
}

proptest! {
    #[test]
    fn building_directly_equals_grouping(candles in common::minutes_with_holes(600)) {
        for timeframe in Timeframe::ALL {
            prop_assert_eq!(aggregated(&candles, timeframe), grouped(&candles, timeframe), "{}", timeframe);
        }
    }

    #[test]
    fn building_in_steps_gives_the_candles_of_building_directly(candles in common::minutes_with_holes(600)) {
        let quarters = aggregated(&candles, Timeframe::M15);
        let hours = aggregated(&quarters, Timeframe::H1);
        let stepwise = aggregated(&hours, Timeframe::H4);
        let direct = aggregated(&candles, Timeframe::H4);
        // Each plain step hears of a hole one candle of the step before later, so the newest ones may still
        // be missing; a ladder does not wait.
        prop_assert_eq!(&stepwise[..], &direct[..stepwise.len()]);
        prop_assert!(direct.len() - stepwise.len() <= 2);
    }

    #[test]
    fn a_ladder_hands_out_what_separate_aggregators_do_at_every_single_update(
        candles in common::minutes_with_holes(600),
        chosen in prop::sample::subsequence(Timeframe::ALL.to_vec(), 1..=Timeframe::ALL.len()),
    ) {
        let mut ladder = Ladder::new(Timeframe::M1, &chosen).unwrap();
        let mut separate: Vec<_> = chosen.iter().copied().map(Aggregator::new).collect();
        for candle in &candles {
            let mut from_ladder = Vec::new();
            ladder.update(candle, &mut |timeframe, closed| from_ladder.push((timeframe, *closed))).unwrap();
            let mut expected = Vec::new();
            for aggregator in &mut separate {
                let closed = aggregator.update(candle).unwrap();
                expected.extend(closed.into_iter().map(|closed| (aggregator.timeframe(), closed)));
            }
            prop_assert_eq!(from_ladder, expected);
        }
    }

    #[test]
    fn no_candle_comes_out_before_its_end_is_known(candles in common::minutes_with_holes(600)) {
        let mut ladder = Ladder::new(Timeframe::M1, &RUNGS).unwrap();
        for candle in &candles {
            let mut in_time = true;
            ladder.update(candle, &mut |_, closed| in_time &= closed.known_at <= candle.known_at).unwrap();
            prop_assert!(in_time);
        }
    }

    #[test]
    fn a_refused_candle_changes_nothing(
        candles in common::minutes_with_holes(200),
        stale in any::<prop::sample::Index>(),
    ) {
        let mut clean = Ladder::new(Timeframe::M1, &RUNGS).unwrap();
        let mut disturbed = clean.clone();
        for (index, candle) in candles.iter().enumerate() {
            let (mut left, mut right) = (Vec::new(), Vec::new());
            clean.update(candle, &mut |timeframe, closed| left.push((timeframe, *closed))).unwrap();
            disturbed.update(candle, &mut |timeframe, closed| right.push((timeframe, *closed))).unwrap();
            prop_assert_eq!(left, right);
            let old = candles[stale.index(index + 1)];
            prop_assert!(disturbed.update(&old, &mut |_, _| panic!("nothing may close")).is_err());
            let longer = Candle {
                open_time: candle.known_at,
                known_at: candle.known_at.plus(Timeframe::M3.span()),
                ..*candle
            };
            prop_assert!(disturbed.update(&longer, &mut |_, _| panic!("nothing may close")).is_err());
        }
    }
}
