//! Blocks of every kind and structure shifts, against plain restatements of their definitions.

use crate::common;
use crate::common::life::{assert_lives, births, place};
use proptest::prelude::*;
use seawall_smc::{
    Bar, BlockCandle, BlockPrices, Change, Detector, Direction, DisplacementBody, DisplacementProof,
    DisplacementSettings, Displacements, Event, FailedBlockSettings, FailedBlocks, FairValueGapSettings,
    FairValueGaps, Fractal, Id, Kind, LegNeeds, MeanSize, MitigationDepth, OrderBlockRules,
    OrderBlockSettings, OrderBlocks, PoolInput, PoolSettings, Pools, PropulsionBlocks, PropulsionSettings,
    PropulsionSources, RejectionBlocks, RejectionSettings, ShiftSettings, ShiftSources, Source, Sources,
    Structure, StructureShifts, SweepBefore, UnicornSettings, UnicornSources, Unicorns, WideBars, ZoneLimits,
};

const PIVOTS: Source = Source(1);
const STRUCTURE: Source = Source(2);
const POOLS: Source = Source(3);
const DISPLACEMENTS: Source = Source(4);
const GAPS: Source = Source(5);
const BLOCKS: Source = Source(6);
const FAILED: Source = Source(7);
const REJECTION: Source = Source(8);
const PROPULSION: Source = Source(9);
const UNICORNS: Source = Source(10);
const SHIFTS: Source = Source(11);

const LEG: usize = 3;
const EVERY_ZONE: ZoneLimits = ZoneLimits { live: 4_096, age_bars_max: None };

/// What the detectors under test are given.
#[derive(Debug, Clone, Copy)]
struct Setup {
    limits: ZoneLimits,
    rules: OrderBlockRules,
    leaves_gap: bool,
    failed_by_pivots: bool,
    failed_by_pools: bool,
    shift: ShiftSettings,
    pairing_bars_max: u64,
}

impl Setup {
    fn with(limits: ZoneLimits) -> Self {
        let shift = ShiftSettings { leg_size: LEG, ..ShiftSettings::default() };
        Setup {
            limits,
            rules: OrderBlockRules::default(),
            leaves_gap: false,
            failed_by_pivots: false,
            failed_by_pools: true,
            shift,
            pairing_bars_max: 12,
        }
    }

    fn run(&self, bars: &[Bar]) -> Vec<Event> {
        let limits = self.limits;
        let body = DisplacementBody::Ict {
            mean: Some(MeanSize { period: 4, multiple: 1.0 }),
            atr: None,
            body_fraction_min: 0.3,
        };
        let proof = DisplacementProof { beyond_pivot: Sources::NONE, leaves_gap: self.leaves_gap };
        let settings = OrderBlockSettings { leg_size: LEG, wide_bars: WideBars::Kept, limits };
        let upstream = |on: bool, source: Source| if on { Sources::from(source) } else { Sources::NONE };
        let failed = FailedBlockSettings {
            pools: upstream(self.failed_by_pools, POOLS),
            pivots: upstream(self.failed_by_pivots, PIVOTS),
            limits,
        };
        let rejection = RejectionSettings { wick_fraction_min: 0.4, mitigation: None, limits };
        let propulsion = PropulsionSettings { prices: BlockPrices::WickToWick, mitigation: None, limits };
        let unicorns = UnicornSettings { bars_max: self.pairing_bars_max, limits };
        let gaps = FairValueGapSettings { size_fraction_min: 0.0, limits };
        let of_block = PropulsionSources { blocks: BLOCKS, displacements: DISPLACEMENTS };
        let of_unicorn = UnicornSources { breakers: FAILED, gaps: GAPS };
        let of_shift = ShiftSources { structure: STRUCTURE, displacements: DISPLACEMENTS };
        let input = PoolInput { source: PIVOTS, kind: Kind::FractalPivot };
        let pool_settings = PoolSettings { reclaim_bars: 0, limits: EVERY_ZONE };
        let mut detectors: [Box<dyn Detector>; 11] = [
            Box::new(Fractal::new(PIVOTS, 2, 2).unwrap()),
            Box::new(Structure::new(STRUCTURE, LEG).unwrap()),
            Box::new(Pools::new(POOLS, &[input], pool_settings).unwrap()),
            Box::new(Displacements::new(DISPLACEMENTS, DisplacementSettings { body, proof }).unwrap()),
            Box::new(FairValueGaps::new(GAPS, gaps).unwrap()),
            Box::new(OrderBlocks::with_rules(BLOCKS, STRUCTURE, settings, self.rules).unwrap()),
            Box::new(FailedBlocks::new(FAILED, BLOCKS, failed).unwrap()),
            Box::new(RejectionBlocks::new(REJECTION, POOLS, rejection).unwrap()),
            Box::new(PropulsionBlocks::new(PROPULSION, of_block, propulsion).unwrap()),
            Box::new(Unicorns::new(UNICORNS, of_unicorn, unicorns).unwrap()),
            Box::new(StructureShifts::new(SHIFTS, of_shift, self.shift).unwrap()),
        ];
        let mut list: Vec<&mut dyn Detector> = Vec::new();
        for detector in &mut detectors {
            list.push(detector.as_mut());
        }
        common::events_of(bars, &mut list)
    }
}

fn is_up(event: &Event) -> bool {
    event.direction == Direction::Bullish
}

/// The extreme bar of the leg that a break at `until` ends, the earliest of equals.
fn extreme(bars: &[Bar], pivot: u64, until: usize, up: bool) -> usize {
    let key = |at: &usize| if up { bars[*at].low } else { -bars[*at].high };
    (place(pivot)..until).min_by(|a, b| key(a).total_cmp(&key(b))).unwrap()
}

fn from(events: &[Event], source: Source) -> Vec<Event> {
    events.iter().filter(|event| event.id.source() == source).copied().collect()
}

/// Order blocks as `(direction, anchor, known_at, top, bottom)`.
fn plain_blocks(
    bars: &[Bar],
    events: &[Event],
    rules: OrderBlockRules,
) -> Vec<(Direction, u64, u64, f64, f64)> {
    let mut found = Vec::new();
    for broken in from(events, STRUCTURE).iter().filter(|event| event.kind.is_break()) {
        let (t, up) = (place(broken.known_at), is_up(broken));
        let start = extreme(bars, broken.anchor, t, up);
        let against =
            |at: &usize| if up { bars[*at].close < bars[*at].open } else { bars[*at].close > bars[*at].open };
        let chosen = match rules.candle {
            BlockCandle::Extreme => Some(start),
            BlockCandle::LastAgainst => (place(broken.anchor)..=start).rev().find(against),
        };
        let in_leg = |at: u64| (start..=t).contains(&place(at));
        let same = |event: &&Event| event.direction == broken.direction && event.known_at <= broken.known_at;
        let displaced = births(events, DISPLACEMENTS).iter().filter(same).any(|event| in_leg(event.anchor));
        let gap = births(events, GAPS).iter().filter(same).any(|event| in_leg(event.anchor));
        let swept = from(events, POOLS).iter().any(|event| {
            event.change == Change::Swept && event.direction != broken.direction && in_leg(event.known_at)
        });
        let needs = rules.needs;
        let fulfilled = (needs.displacement.is_empty() || displaced)
            && (needs.gap.is_empty() || gap)
            && (needs.sweep.is_empty() || swept);
        if let Some(chosen) = chosen.filter(|_| fulfilled) {
            let bar = bars[chosen];
            let (top, bottom) = match rules.prices {
                BlockPrices::WickToWick => (bar.high, bar.low),
                BlockPrices::Body => (bar.open.max(bar.close), bar.open.min(bar.close)),
            };
            found.push((broken.direction, chosen as u64, broken.known_at, top, bottom));
        }
    }
    found
}

/// Whether the side of a block born at `born` that fails at `failed` took liquidity in between.
fn took_liquidity(bars: &[Bar], events: &[Event], block: &Event, failed: u64, setup: &Setup) -> bool {
    let up = is_up(block);
    let side = |at: usize| if up { bars[at].high } else { -bars[at].low };
    let pivots: Vec<_> = births(events, PIVOTS);
    (place(block.known_at) + 1..place(failed)).any(|s| {
        let new_extreme = (place(block.known_at)..s).all(|at| side(s) > side(at));
        let pool = from(events, POOLS).iter().any(|event| {
            matches!(event.change, Change::Swept | Change::Run)
                && event.direction == block.direction
                && place(event.known_at) == s
        });
        let known = |pivot: &&Event| pivot.direction == block.direction && place(pivot.known_at) < s;
        let pivot = pivots.iter().rfind(known).is_some_and(|pivot| {
            let level = if up { pivot.level() } else { -pivot.level() };
            side(s) > level && (place(pivot.known_at) + 1..s).all(|at| side(at) <= level)
        });
        new_extreme && ((setup.failed_by_pools && pool) || (setup.failed_by_pivots && pivot))
    })
}

proptest! {
    #[test]
    fn a_run_on_a_prefix_gives_what_the_full_run_knew_by_then(
        bars in common::walk(200),
        cut in any::<prop::sample::Index>(),
        leaves_gap in any::<bool>(),
    ) {
        let until = cut.index(bars.len() + 1);
        let mut setup = Setup::with(ZoneLimits { live: 3, age_bars_max: Some(30) });
        setup.leaves_gap = leaves_gap;
        setup.failed_by_pivots = true;
        setup.rules.mitigation = Some(MitigationDepth::Half);
        setup.rules.needs.displacement = DISPLACEMENTS.into();
        setup.shift.gaps = GAPS.into();
        let mut known = setup.run(&bars);
        known.retain(|event| event.known_at < until as u64);
        prop_assert_eq!(setup.run(&bars[..until]), known);
    }

    #[test]
    fn order_block_rules_agree_with_the_letter_of_their_definition(
        bars in common::walk(200),
        candle in prop::sample::select(vec![BlockCandle::Extreme, BlockCandle::LastAgainst]),
        prices in prop::sample::select(vec![BlockPrices::WickToWick, BlockPrices::Body]),
        (displaced, gap, swept, leaves_gap) in any::<(bool, bool, bool, bool)>(),
        mitigation in prop::sample::select(vec![
            None, Some(MitigationDepth::Touch), Some(MitigationDepth::Half), Some(MitigationDepth::Full),
        ]),
    ) {
        let need = |on: bool, source: Source| if on { Sources::from(source) } else { Sources::NONE };
        let needs = LegNeeds {
            displacement: need(displaced, DISPLACEMENTS),
            gap: need(gap, GAPS),
            sweep: need(swept, POOLS),
        };
        let rules = OrderBlockRules { candle, prices, needs, mitigation };
        let setup = Setup { rules, leaves_gap, ..Setup::with(EVERY_ZONE) };
        let events = setup.run(&bars);
        let found: Vec<_> = births(&events, BLOCKS)
            .iter()
            .map(|block| (block.direction, block.anchor, block.known_at, block.top, block.bottom))
            .collect();
        prop_assert_eq!(found, plain_blocks(&bars, &events, rules));
        assert_lives(&bars, &events, BLOCKS, mitigation);
    }

    #[test]
    fn failed_blocks_agree_with_the_letter_of_their_definition(
        bars in common::walk(200),
        (by_pivots, by_pools) in prop::sample::select(vec![(true, false), (false, true), (true, true)]),
        live in prop::sample::select(vec![2, 4_096]),
    ) {
        let mut setup = Setup::with(EVERY_ZONE);
        (setup.failed_by_pivots, setup.failed_by_pools) = (by_pivots, by_pools);
        setup.limits.live = live;
        let events = setup.run(&bars);
        let blocks = births(&events, BLOCKS);
        let mut expected = Vec::new();
        for broken in from(&events, BLOCKS).iter().filter(|event| event.change == Change::Broken) {
            let block = blocks.iter().find(|block| block.id == broken.id).unwrap();
            let took = took_liquidity(&bars, &events, block, broken.known_at, &setup);
            let kind = if took { Kind::BreakerBlock } else { Kind::MitigationBlock };
            let (prices, turned) = ((block.top, block.bottom), block.direction.opposite());
            expected.push((kind, turned, block.anchor, broken.known_at, prices, block.id));
        }
        let found: Vec<_> = births(&events, FAILED)
            .iter()
            .map(|zone| {
                let parent = zone.parents[0].unwrap();
                (zone.kind, zone.direction, zone.anchor, zone.known_at, (zone.top, zone.bottom), parent)
            })
            .collect();
        prop_assert_eq!(found, expected);
        if live > 2 {
            assert_lives(&bars, &events, FAILED, None);
        }
    }

    #[test]
    fn rejection_blocks_agree_with_the_letter_of_their_definition(bars in common::walk(200)) {
        let events = Setup::with(EVERY_ZONE).run(&bars);
        let mut expected = Vec::new();
        for (t, bar) in bars.iter().enumerate() {
            let swept: Vec<_> = from(&events, POOLS)
                .into_iter()
                .filter(|event| event.change == Change::Swept && place(event.known_at) == t)
                .collect();
            let (upper, lower) = (bar.high - bar.open.max(bar.close), bar.open.min(bar.close) - bar.low);
            let least = 0.4 * (bar.high - bar.low);
            let is_long = lower > 0.0 && lower >= least;
            if let Some(pool) = swept.iter().find(|pool| !is_up(pool)).filter(|_| is_long) {
                expected.push((Direction::Bullish, t as u64, bar.open.min(bar.close), bar.low, pool.id));
            }
            let is_long = upper > 0.0 && upper >= least;
            if let Some(pool) = swept.iter().find(|pool| is_up(pool)).filter(|_| is_long) {
                expected.push((Direction::Bearish, t as u64, bar.high, bar.open.max(bar.close), pool.id));
            }
        }
        let found: Vec<_> = births(&events, REJECTION)
            .iter()
            .map(|zone| (zone.direction, zone.known_at, zone.top, zone.bottom, zone.parents[0].unwrap()))
            .collect();
        prop_assert_eq!(found, expected);
        assert_lives(&bars, &events, REJECTION, None);
    }

    #[test]
    fn propulsion_blocks_agree_with_the_letter_of_their_definition(
        bars in common::walk(200),
        leaves_gap in any::<bool>(),
    ) {
        let setup = Setup { leaves_gap, ..Setup::with(EVERY_ZONE) };
        let events = setup.run(&bars);
        let mut expected = Vec::new();
        for displacement in births(&events, DISPLACEMENTS) {
            let bar = bars[place(displacement.anchor)];
            let up = is_up(&displacement);
            let broken_by_then = |id: Id| {
                events.iter().any(|event| {
                    event.id == id && event.change == Change::Broken && event.known_at <= displacement.anchor
                })
            };
            let left = births(&events, BLOCKS).into_iter().filter(|block| {
                let reached = if up { bar.low <= block.top } else { bar.high >= block.bottom };
                let closed_away = if up { bar.close > block.top } else { bar.close < block.bottom };
                block.direction == displacement.direction
                    && block.known_at < displacement.anchor
                    && !broken_by_then(block.id)
                    && reached
                    && closed_away
            });
            let edge = |block: &Event| if up { block.top } else { -block.bottom };
            if let Some(block) = left.max_by(|a, b| edge(a).total_cmp(&edge(b)).then(a.id.cmp(&b.id))) {
                let parents = [Some(block.id), Some(displacement.id)];
                let (at, known_at) = (displacement.anchor, displacement.known_at);
                expected.push((displacement.direction, at, known_at, bar.high, bar.low, parents));
            }
        }
        let found: Vec<_> = births(&events, PROPULSION)
            .iter()
            .map(|zone| (zone.direction, zone.anchor, zone.known_at, zone.top, zone.bottom, zone.parents))
            .collect();
        prop_assert_eq!(found, expected);
        assert_lives(&bars, &events, PROPULSION, None);
    }

    #[test]
    fn unicorns_agree_with_the_letter_of_their_definition(
        bars in common::walk(250),
        pairing_bars_max in 1u64..25,
    ) {
        let setup = Setup { pairing_bars_max, failed_by_pivots: true, ..Setup::with(EVERY_ZONE) };
        let events = setup.run(&bars);
        let gaps = births(&events, GAPS);
        let mut breakers = births(&events, FAILED);
        breakers.retain(|zone| zone.kind == Kind::BreakerBlock);
        let holds = |zone: &Event, now: u64| {
            !events.iter().any(|event| {
                event.id == zone.id
                    && matches!(event.change, Change::Inverted | Change::Invalidated)
                    && event.known_at <= now
            })
        };
        // In the order of the log: on one bar gaps come before failed blocks.
        let mut both: Vec<&Event> = gaps.iter().chain(&breakers).collect();
        both.sort_by_key(|zone| (zone.known_at, zone.kind == Kind::BreakerBlock));
        let mut expected = Vec::new();
        for (number, later) in both.iter().enumerate() {
            let earlier = both[..number].iter().rev().find(|earlier| {
                earlier.kind != later.kind
                    && earlier.direction == later.direction
                    && later.known_at - earlier.known_at <= pairing_bars_max
                    && holds(earlier, later.known_at)
                    && earlier.top.min(later.top) > earlier.bottom.max(later.bottom)
            });
            if let Some(earlier) = earlier {
                let is_gap = later.kind == Kind::FairValueGap;
                let (breaker, gap) = if is_gap { (earlier, later) } else { (later, earlier) };
                let (top, bottom) = (earlier.top.min(later.top), earlier.bottom.max(later.bottom));
                let parents = [Some(breaker.id), Some(gap.id)];
                expected.push((later.direction, later.anchor, later.known_at, top, bottom, parents));
            }
        }
        let found: Vec<_> = births(&events, UNICORNS)
            .iter()
            .map(|zone| (zone.direction, zone.anchor, zone.known_at, zone.top, zone.bottom, zone.parents))
            .collect();
        prop_assert_eq!(found, expected);
        assert_lives(&bars, &events, UNICORNS, None);
    }

    #[test]
    fn shifts_agree_with_the_letter_of_their_definition(
        bars in common::walk(250),
        leaves_gap in any::<bool>(),
        with_gap in any::<bool>(),
        bars_max in prop::sample::select(vec![None, Some(0), Some(3), Some(10)]),
    ) {
        let sweep = bars_max.map(|bars_max| SweepBefore { pools: POOLS.into(), bars_max });
        let gaps = if with_gap { Sources::from(GAPS) } else { Sources::NONE };
        let setup = Setup {
            leaves_gap,
            shift: ShiftSettings { leg_size: LEG, sweep, gaps },
            ..Setup::with(EVERY_ZONE)
        };
        let events = setup.run(&bars);
        let mut expected = Vec::new();
        for choch in from(&events, STRUCTURE).iter().filter(|event| event.kind == Kind::Choch) {
            let t = place(choch.known_at);
            let start = extreme(&bars, choch.anchor, t + 1, is_up(choch));
            let swept = from(&events, POOLS).iter().any(|event| {
                event.change == Change::Swept
                    && event.direction != choch.direction
                    && event.known_at <= choch.known_at
                    && bars_max.is_none_or(|most| choch.known_at - event.known_at <= most)
            });
            let shift = [choch.known_at, choch.known_at + 1].into_iter().find_map(|now| {
                let of_leg = |event: &&Event| {
                    event.direction == choch.direction
                        && (start..=t).contains(&place(event.anchor))
                        && event.known_at <= now
                };
                let displaced = births(&events, DISPLACEMENTS).iter().rfind(of_leg).copied()?;
                let gap = births(&events, GAPS).iter().any(|event| of_leg(&event));
                (gap || !with_gap).then_some((now, displaced.id))
            });
            if let Some((now, displacement)) = shift.filter(|_| swept || bars_max.is_none()) {
                let parents = [Some(choch.id), Some(displacement)];
                expected.push((choch.direction, choch.anchor, now, choch.level(), parents));
            }
        }
        expected.sort_by_key(|&(_, _, now, ..)| now);
        let found: Vec<_> = births(&events, SHIFTS)
            .iter()
            .map(|shift| (shift.direction, shift.anchor, shift.known_at, shift.level(), shift.parents))
            .collect();
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn the_walks_hold_enough_of_each_kind_to_test_it() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut count = std::collections::BTreeMap::new();
    for _ in 0..200 {
        let bars = common::walk(250).new_tree(&mut runner).unwrap().current();
        for event in Setup::with(EVERY_ZONE).run(&bars) {
            if event.change == Change::Born {
                *count.entry(event.kind).or_insert(0) += 1;
            }
        }
    }
    let kinds = [
        Kind::BreakerBlock,
        Kind::MitigationBlock,
        Kind::RejectionBlock,
        Kind::PropulsionBlock,
        Kind::Unicorn,
        Kind::Mss,
    ];
    for kind in kinds {
        assert!(count.get(&kind).is_some_and(|&count| count >= 20), "{kind:?}: {count:?}");
    }
}

#[test]
fn settings_out_of_range_are_refused() {
    let none = ZoneLimits { live: 0, age_bars_max: None };
    let failed = |pools, pivots, limits| {
        FailedBlocks::new(FAILED, BLOCKS, FailedBlockSettings { pools, pivots, limits }).is_ok()
    };
    assert!(!failed(Sources::NONE, Sources::NONE, EVERY_ZONE) && !failed(POOLS.into(), Sources::NONE, none));
    assert!(failed(POOLS.into(), Sources::NONE, EVERY_ZONE));
    assert!(failed(Sources::NONE, PIVOTS.into(), EVERY_ZONE));
    let rejection = |wick_fraction_min| {
        let settings = RejectionSettings { wick_fraction_min, ..RejectionSettings::default() };
        RejectionBlocks::new(REJECTION, POOLS, settings).is_ok()
    };
    assert!(!rejection(0.0) && rejection(1.0) && !rejection(1.1) && !rejection(f64::NAN));
    let of_block = PropulsionSources { blocks: BLOCKS, displacements: DISPLACEMENTS };
    let settings = PropulsionSettings { limits: none, ..PropulsionSettings::default() };
    assert!(PropulsionBlocks::new(PROPULSION, of_block, settings).is_err());
    let of_unicorn = UnicornSources { breakers: FAILED, gaps: GAPS };
    let settings = UnicornSettings { bars_max: 0, limits: EVERY_ZONE };
    assert!(Unicorns::new(UNICORNS, of_unicorn, settings).is_err());
    let of_shift = ShiftSources { structure: STRUCTURE, displacements: DISPLACEMENTS };
    let shift = |leg_size| {
        StructureShifts::new(SHIFTS, of_shift, ShiftSettings { leg_size, ..ShiftSettings::default() }).is_ok()
    };
    assert!(!shift(0) && shift(1) && !shift(10_001));
}
