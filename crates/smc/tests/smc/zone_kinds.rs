//! Displacements, gaps and what is made of them, against plain restatements of their definitions.

use crate::common;
use crate::common::life::{assert_lives, births, place};
use proptest::prelude::*;
use seawall_smc::indicators::Atr;
use seawall_smc::{
    AtrSize, BalancedRangeSettings, BalancedRanges, Bar, BodyThreshold, Change, Direction, DisplacementBody,
    DisplacementProof, DisplacementSettings, Displacements, Event, FairValueGapDefinition, FairValueGapRules,
    FairValueGapSettings, FairValueGaps, Fractal, Id, ImbalanceSettings, Imbalances, InverseGaps, Kind,
    MeanSize, Source, Sources, VoidSettings, VoidSources, Voids, ZoneLimits,
};

const PIVOTS: Source = Source(1);
const DISPLACEMENTS: Source = Source(2);
const GAPS: Source = Source(3);
const JOINED: Source = Source(4);
const INVERSE: Source = Source(5);
const BALANCED: Source = Source(6);
const IMBALANCES: Source = Source(7);
const VOIDS: Source = Source(8);

const EVERY_ZONE: ZoneLimits = ZoneLimits { live: 4_096, age_bars_max: None };

/// Rules loose enough that short walks have many of them.
const ICT: DisplacementBody = DisplacementBody::Ict {
    mean: Some(MeanSize { period: 5, multiple: 1.25 }),
    atr: Some(AtrSize { period: 4, multiple: 0.5 }),
    body_fraction_min: 0.5,
};
const LUX_ALGO: DisplacementBody = DisplacementBody::LuxAlgo { period: 5, wick_fraction: 0.5 };
const ANY_BODY: DisplacementBody = DisplacementBody::LuxAlgo { period: 1, wick_fraction: 9.0 };

fn proof(beyond_pivot: bool, leaves_gap: bool) -> DisplacementProof {
    let beyond_pivot = if beyond_pivot { Sources::from(PIVOTS) } else { Sources::NONE };
    DisplacementProof { beyond_pivot, leaves_gap }
}

fn displacements(body: DisplacementBody, proof: DisplacementProof) -> Displacements {
    Displacements::new(DISPLACEMENTS, DisplacementSettings { body, proof }).unwrap()
}

fn gaps(source: Source, rules: FairValueGapRules) -> FairValueGaps {
    let settings = FairValueGapSettings { size_fraction_min: 0.0, limits: EVERY_ZONE };
    FairValueGaps::with_rules(source, settings, rules).unwrap()
}

fn joined() -> FairValueGapRules {
    FairValueGapRules { join_consecutive: true, ..FairValueGapRules::default() }
}

/// All detectors of this file with small limits.
fn all_events(bars: &[Bar]) -> Vec<Event> {
    let limits = ZoneLimits { live: 3, age_bars_max: Some(30) };
    let mut pivots = Fractal::new(PIVOTS, 2, 2).unwrap();
    let mut displaced = displacements(ICT, proof(true, true));
    let rules = FairValueGapRules {
        definition: FairValueGapDefinition::LuxAlgo(BodyThreshold::TwiceMean),
        size_atr_min: Some(AtrSize { period: 5, multiple: 0.1 }),
        displacement: DISPLACEMENTS.into(),
        join_consecutive: true,
    };
    let settings = FairValueGapSettings { limits, ..FairValueGapSettings::default() };
    let mut strict = FairValueGaps::with_rules(GAPS, settings, rules).unwrap();
    let mut loose = FairValueGaps::with_rules(JOINED, settings, joined()).unwrap();
    let mut inverse = InverseGaps::new(INVERSE, Sources::of(&[GAPS, JOINED]), limits).unwrap();
    let mut balanced =
        BalancedRanges::new(BALANCED, JOINED, BalancedRangeSettings { bars_max: 10, limits }).unwrap();
    let mut imbalances =
        Imbalances::new(IMBALANCES, ImbalanceSettings { limits, ..ImbalanceSettings::default() }).unwrap();
    let upstream = VoidSources { displacements: DISPLACEMENTS, gaps: JOINED };
    let mut voids = Voids::new(VOIDS, upstream, VoidSettings { gaps_min: 2, limits }).unwrap();
    common::events_of(
        bars,
        &mut [
            &mut pivots,
            &mut displaced,
            &mut strict,
            &mut loose,
            &mut inverse,
            &mut balanced,
            &mut imbalances,
            &mut voids,
        ],
    )
}

fn way(bar: &Bar) -> Option<Direction> {
    if bar.close > bar.open {
        Some(Direction::Bullish)
    } else if bar.close < bar.open {
        Some(Direction::Bearish)
    } else {
        None
    }
}

/// Top and bottom of the gap around bar `i`, if it leaves one in `direction`.
fn plain_gap(bars: &[Bar], i: usize, direction: Direction) -> Option<(f64, f64)> {
    if i == 0 || i + 1 >= bars.len() || way(&bars[i]) != Some(direction) {
        return None;
    }
    let (first, third) = (bars[i - 1], bars[i + 1]);
    match direction {
        Direction::Bullish => (third.low > first.high).then_some((third.low, first.high)),
        Direction::Bearish => (third.high < first.low).then_some((first.low, third.high)),
    }
}

/// All plain gaps as `(direction, middle, top, bottom)`.
fn plain_gaps(bars: &[Bar]) -> Vec<(Direction, usize, f64, f64)> {
    (1..bars.len().saturating_sub(1))
        .filter_map(|i| {
            let direction = way(&bars[i])?;
            plain_gap(bars, i, direction).map(|(top, bottom)| (direction, i, top, bottom))
        })
        .collect()
}

/// Whether bar `t` has the body, with every average computed anew.
fn plain_body(bars: &[Bar], t: usize, body: DisplacementBody) -> bool {
    let size = |bar: &Bar| (bar.close - bar.open).abs();
    let mean = |period: usize| {
        (t + 1 >= period).then(|| bars[t + 1 - period..=t].iter().map(size).sum::<f64>() / period as f64)
    };
    let bar = &bars[t];
    match body {
        DisplacementBody::Ict { mean: by_mean, atr: by_atr, body_fraction_min } => {
            let enough = by_mean
                .is_some_and(|rule| mean(rule.period).is_some_and(|mean| size(bar) >= rule.multiple * mean));
            let enough_too = by_atr.is_some_and(|rule| {
                let mut atr = Atr::new(rule.period).unwrap();
                let value = bars[..=t].iter().map(|bar| atr.update(bar)).last().unwrap();
                value.is_some_and(|value| size(bar) >= rule.multiple * value)
            });
            (enough || enough_too) && size(bar) >= body_fraction_min * (bar.high - bar.low)
        }
        DisplacementBody::LuxAlgo { period, wick_fraction } => {
            let upper = bar.high - bar.open.max(bar.close);
            let lower = bar.open.min(bar.close) - bar.low;
            mean(period).is_some_and(|mean| size(bar) > mean) && upper.max(lower) < wick_fraction * size(bar)
        }
    }
}

/// Displacements as `(direction, anchor, known_at, pivot)`.
fn plain_displacements(
    bars: &[Bar],
    pivots: &[Event],
    body: DisplacementBody,
    proof: DisplacementProof,
) -> Vec<(Direction, u64, u64, Option<Id>)> {
    let mut found = Vec::new();
    for t in 0..bars.len() {
        let Some(direction) = way(&bars[t]).filter(|_| plain_body(bars, t, body)) else { continue };
        let now = t as u64;
        let beyond = |at: usize, level: f64| match direction {
            Direction::Bullish => bars[at].close > level,
            Direction::Bearish => bars[at].close < level,
        };
        let mut known = pivots.iter().filter(|pivot| pivot.direction == direction && pivot.known_at <= now);
        let broken = known.next_back().filter(|pivot| {
            let level = pivot.level();
            beyond(t, level) && (place(pivot.known_at)..t).all(|at| !beyond(at, level))
        });
        let pivot = broken.filter(|_| !proof.beyond_pivot.is_empty()).map(|pivot| pivot.id);
        if proof == DisplacementProof::default() || pivot.is_some() {
            found.push((direction, now, now, pivot));
        } else if proof.leaves_gap && plain_gap(bars, t, direction).is_some() {
            found.push((direction, now, now + 1, None));
        }
    }
    found
}

proptest! {
    #[test]
    fn a_run_on_a_prefix_gives_what_the_full_run_knew_by_then(
        bars in common::walk(200),
        cut in any::<prop::sample::Index>(),
    ) {
        let until = cut.index(bars.len() + 1);
        let mut known = all_events(&bars);
        known.retain(|event| event.known_at < until as u64);
        prop_assert_eq!(all_events(&bars[..until]), known);
    }

    #[test]
    fn displacements_agree_with_the_letter_of_their_definition(
        bars in common::walk(150),
        body in prop::sample::select(vec![ICT, LUX_ALGO, ANY_BODY]),
        beyond_pivot in any::<bool>(),
        leaves_gap in any::<bool>(),
    ) {
        let proof = proof(beyond_pivot, leaves_gap);
        let mut pivots = Fractal::new(PIVOTS, 2, 2).unwrap();
        let events = common::events_of(&bars, &mut [&mut pivots, &mut displacements(body, proof)]);
        let found: Vec<_> = births(&events, DISPLACEMENTS)
            .iter()
            .map(|event| (event.direction, event.anchor, event.known_at, event.parents[0]))
            .collect();
        let mut expected = plain_displacements(&bars, &births(&events, PIVOTS), body, proof);
        expected.sort_by_key(|&(_, anchor, known_at, _)| (known_at, anchor));
        prop_assert_eq!(found, expected);
        for event in births(&events, DISPLACEMENTS) {
            let bar = bars[place(event.anchor)];
            prop_assert_eq!((event.top, event.bottom), (bar.high, bar.low));
        }
    }

    #[test]
    fn gap_rules_leave_out_what_they_say(
        bars in common::walk(150),
        definition in prop::sample::select(vec![
            FairValueGapDefinition::MiddleBody,
            FairValueGapDefinition::LuxAlgo(BodyThreshold::Fixed(0.0005)),
            FairValueGapDefinition::LuxAlgo(BodyThreshold::TwiceMean),
        ]),
        by_atr in any::<bool>(),
        displaced in prop::sample::select(vec![None, Some(false), Some(true)]),
    ) {
        let size_atr_min = by_atr.then_some(AtrSize { period: 4, multiple: 0.3 });
        let displacement = if displaced.is_some() { DISPLACEMENTS.into() } else { Sources::NONE };
        let rules = FairValueGapRules { definition, size_atr_min, displacement, join_consecutive: false };
        let mut source = displacements(LUX_ALGO, proof(false, displaced == Some(true)));
        let events = common::events_of(&bars, &mut [&mut source, &mut gaps(GAPS, rules)]);
        let displacements = births(&events, DISPLACEMENTS);
        let mut expected = plain_gaps(&bars);
        expected.retain(|&(direction, i, top, bottom)| {
            let fraction = |bar: &Bar| (bar.close - bar.open).abs() / bar.open.abs();
            let body_min = match definition {
                FairValueGapDefinition::MiddleBody => None,
                FairValueGapDefinition::LuxAlgo(BodyThreshold::Fixed(least)) => Some(least),
                FairValueGapDefinition::LuxAlgo(BodyThreshold::TwiceMean) => {
                    Some(2.0 * (bars[..=i].iter().map(fraction).sum::<f64>() / (i as f64 + 1.0)))
                }
            };
            let beyond = match direction {
                Direction::Bullish => bars[i].close > bars[i - 1].high,
                Direction::Bearish => bars[i].close < bars[i - 1].low,
            };
            let mut atr = Atr::new(4).unwrap();
            let average = bars[..=i + 1].iter().map(|bar| atr.update(bar)).last().unwrap();
            let large = average.is_some_and(|average| top - bottom >= 0.3 * average);
            let moved = displacements
                .iter()
                .any(|event| place(event.anchor) == i && event.direction == direction);
            body_min.is_none_or(|least| beyond && fraction(&bars[i]) > least)
                && (!by_atr || large)
                && (displaced.is_none() || moved)
        });
        let found: Vec<_> = births(&events, GAPS)
            .iter()
            .map(|gap| (gap.direction, place(gap.anchor), gap.top, gap.bottom))
            .collect();
        prop_assert_eq!(found, expected);
        assert_lives(&bars, &events, GAPS, None);
    }

    #[test]
    fn joined_gaps_are_the_unions_of_runs_and_live_anew(bars in common::walk(200)) {
        let mut both = [gaps(GAPS, FairValueGapRules::default()), gaps(JOINED, joined())];
        let [plain, union] = &mut both;
        let events = common::events_of(&bars, &mut [plain, union]);
        let is_end = |event: &Event| event.change == Change::Inverted;
        assert_lives(&bars, &events, JOINED, None);
        // Each plain gap either extends the joined one of the middle bar before, if that lives, or is born.
        let starts: Vec<Event> = events
            .iter()
            .filter(|event| event.id.source() == JOINED)
            .filter(|event| matches!(event.change, Change::Born | Change::Extended))
            .copied()
            .collect();
        let plain = births(&events, GAPS);
        prop_assert_eq!(starts.len(), plain.len());
        for (number, (start, gap)) in starts.iter().zip(&plain).enumerate() {
            prop_assert_eq!((start.direction, start.anchor), (gap.direction, gap.anchor));
            prop_assert_eq!(start.known_at, gap.known_at);
            let before = number.checked_sub(1).map(|before| starts[before]).filter(|before| {
                before.direction == gap.direction
                    && before.anchor + 1 == gap.anchor
                    && !events.iter().any(|event| {
                        event.id == before.id && is_end(event) && event.known_at <= gap.known_at
                    })
            });
            let (top, bottom) = before.map_or((gap.top, gap.bottom), |before| {
                (gap.top.max(before.top), gap.bottom.min(before.bottom))
            });
            prop_assert_eq!((start.top, start.bottom), (top, bottom));
            prop_assert_eq!(start.change == Change::Extended, before.is_some());
            if let Some(before) = before {
                prop_assert_eq!(start.id, before.id);
            }
        }
    }

    #[test]
    fn an_inverted_gap_and_nothing_else_leaves_an_inverse_one(bars in common::walk(200)) {
        let mut inverse = InverseGaps::new(INVERSE, GAPS, EVERY_ZONE).unwrap();
        let mut other = gaps(JOINED, joined());
        let events = common::events_of(
            &bars,
            &mut [&mut gaps(GAPS, FairValueGapRules::default()), &mut other, &mut inverse],
        );
        let inverted: Vec<_> = events
            .iter()
            .filter(|event| event.id.source() == GAPS && event.change == Change::Inverted)
            .map(|gap| (gap.id, gap.direction.opposite(), gap.anchor, gap.known_at, gap.top, gap.bottom))
            .collect();
        let found: Vec<_> = births(&events, INVERSE)
            .iter()
            .map(|zone| {
                (zone.parents[0].unwrap(), zone.direction, zone.anchor, zone.known_at, zone.top, zone.bottom)
            })
            .collect();
        prop_assert_eq!(found, inverted);
        assert_lives(&bars, &events, INVERSE, None);
    }

    #[test]
    fn balanced_ranges_agree_with_the_letter_of_their_definition(
        bars in common::walk(200),
        bars_max in 1u64..30,
    ) {
        let settings = BalancedRangeSettings { bars_max, limits: EVERY_ZONE };
        let mut balanced = BalancedRanges::new(BALANCED, GAPS, settings).unwrap();
        let events = common::events_of(
            &bars,
            &mut [&mut gaps(GAPS, FairValueGapRules::default()), &mut balanced],
        );
        let all = plain_gaps(&bars);
        let closed_through = |&(direction, i, top, bottom): &(Direction, usize, f64, f64), until: usize| {
            bars[i + 2..=until].iter().any(|bar| match direction {
                Direction::Bullish => bar.close < bottom,
                Direction::Bearish => bar.close > top,
            })
        };
        let mut expected = Vec::new();
        for (number, later) in all.iter().enumerate() {
            let earlier = (0..number).rev().find(|&earlier| {
                let gap = &all[earlier];
                gap.0 != later.0
                    && later.1 - gap.1 <= place(bars_max)
                    && !closed_through(gap, later.1 + 1)
                    && gap.2.min(later.2) > gap.3.max(later.3)
            });
            if let Some(earlier) = earlier {
                let gap = &all[earlier];
                let parents = [number, earlier].map(|number| Some(Id::new(GAPS, number as u64)));
                let (top, bottom) = (gap.2.min(later.2), gap.3.max(later.3));
                expected.push((later.0, later.1 as u64, later.1 as u64 + 1, top, bottom, parents));
            }
        }
        let found: Vec<_> = births(&events, BALANCED)
            .iter()
            .map(|zone| (zone.direction, zone.anchor, zone.known_at, zone.top, zone.bottom, zone.parents))
            .collect();
        prop_assert_eq!(found, expected);
        assert_lives(&bars, &events, BALANCED, None);
    }

    #[test]
    fn imbalances_agree_with_the_letter_of_their_definition(
        bars in common::walk(150),
        by_size in any::<bool>(),
    ) {
        let size_atr_min = by_size.then_some(AtrSize { period: 3, multiple: 0.2 });
        let size_fraction_min = if by_size { 0.0005 } else { 0.0 };
        let settings = ImbalanceSettings { size_fraction_min, size_atr_min, limits: EVERY_ZONE };
        let events = common::events_of(&bars, &mut [&mut Imbalances::new(IMBALANCES, settings).unwrap()]);
        let mut expected = Vec::new();
        for t in 1..bars.len() {
            let (a, b) = (bars[t - 1], bars[t]);
            let (a_max, a_min) = (a.open.max(a.close), a.open.min(a.close));
            let (b_max, b_min) = (b.open.max(b.close), b.open.min(b.close));
            let mut here = Vec::new();
            if b_min > a_max && b.low <= a.high {
                here.push((Kind::VolumeImbalance, Direction::Bullish, b_min, a_max));
            }
            if b_max < a_min && b.high >= a.low {
                here.push((Kind::VolumeImbalance, Direction::Bearish, a_min, b_max));
            }
            if b.low > a.high {
                here.push((Kind::OpeningGap, Direction::Bullish, b.low, a.high));
            }
            if b.high < a.low {
                here.push((Kind::OpeningGap, Direction::Bearish, a.low, b.high));
            }
            let mut atr = Atr::new(3).unwrap();
            let average = bars[..=t].iter().map(|bar| atr.update(bar)).last().unwrap();
            here.retain(|&(_, _, top, bottom)| {
                let size = top - bottom;
                size / a.close >= size_fraction_min
                    && (!by_size || average.is_some_and(|average| size >= 0.2 * average))
            });
            expected.extend(here.into_iter().map(|zone| (t as u64, zone)));
        }
        let found: Vec<_> = births(&events, IMBALANCES)
            .iter()
            .map(|zone| (zone.known_at, (zone.kind, zone.direction, zone.top, zone.bottom)))
            .collect();
        prop_assert_eq!(found, expected);
        assert_lives(&bars, &events, IMBALANCES, None);
    }

    #[test]
    fn voids_agree_with_the_letter_of_their_definition(
        bars in common::walk(200),
        leaves_gap in any::<bool>(),
        gaps_min in 1u64..4,
    ) {
        let upstream = VoidSources { displacements: DISPLACEMENTS, gaps: GAPS };
        let mut voids = Voids::new(VOIDS, upstream, VoidSettings { gaps_min, limits: EVERY_ZONE }).unwrap();
        let mut source = displacements(ANY_BODY_OR_MORE, proof(false, leaves_gap));
        let events = common::events_of(
            &bars,
            &mut [&mut source, &mut gaps(GAPS, FairValueGapRules::default()), &mut voids],
        );
        let found: Vec<_> = events
            .iter()
            .filter(|event| event.id.source() == VOIDS)
            .filter(|event| matches!(event.change, Change::Born | Change::Extended))
            .map(|event| (event.direction, event.anchor, event.known_at, event.top, event.bottom))
            .collect();
        prop_assert_eq!(found, plain_voids(&bars, &births(&events, DISPLACEMENTS), gaps_min));
        assert_lives(&bars, &events, VOIDS, None);
    }
}

/// A body that is no smaller than the one before it.
const ANY_BODY_OR_MORE: DisplacementBody = DisplacementBody::Ict {
    mean: Some(MeanSize { period: 2, multiple: 0.5 }),
    atr: None,
    body_fraction_min: 0.0,
};

/// Births and extensions as `(direction, anchor, known_at, top, bottom)`.
fn plain_voids(bars: &[Bar], displacements: &[Event], gaps_min: u64) -> Vec<(Direction, u64, u64, f64, f64)> {
    let mut found = Vec::new();
    let moves = |at: usize, direction: Direction| {
        displacements.iter().any(|event| place(event.anchor) == at && event.direction == direction)
    };
    for (direction, i, ..) in plain_gaps(bars) {
        if !moves(i, direction) {
            continue;
        }
        // The run back to its first bar, then its gaps up to this one, starting over where a void was filled.
        let first = (0..=i).rev().take_while(|&at| moves(at, direction)).last().unwrap();
        let (mut count, mut top, mut bottom, mut born) = (0, f64::MIN, f64::MAX, false);
        let mut known_at = 0;
        for middle in first..=i {
            let Some((gap_top, gap_bottom)) = plain_gap(bars, middle, direction) else { continue };
            let is_filled = |from: usize| {
                bars[from..=middle + 1].iter().any(|bar| match direction {
                    Direction::Bullish => bar.low <= bottom,
                    Direction::Bearish => bar.high >= top,
                })
            };
            if born && is_filled(known_at + 1) {
                (count, top, bottom, born) = (0, f64::MIN, f64::MAX, false);
            }
            count += 1;
            top = top.max(gap_top);
            bottom = bottom.min(gap_bottom);
            born |= count >= gaps_min;
            known_at = middle + 1;
        }
        if born {
            found.push((direction, first as u64, i as u64 + 1, top, bottom));
        }
    }
    found
}

#[test]
fn settings_out_of_range_are_refused() {
    let body = |body| {
        let settings = DisplacementSettings { body, proof: DisplacementProof::default() };
        Displacements::new(DISPLACEMENTS, settings).is_ok()
    };
    let ict = |mean, atr, body_fraction_min| body(DisplacementBody::Ict { mean, atr, body_fraction_min });
    let (mean, atr) = (MeanSize { period: 20, multiple: 2.0 }, AtrSize { period: 14, multiple: 1.0 });
    assert!(body(DisplacementBody::ICT) && body(DisplacementBody::LUX_ALGO));
    assert!(!ict(None, None, 0.5) && ict(Some(mean), None, 0.5) && ict(None, Some(atr), 1.0));
    assert!(!ict(Some(mean), None, 1.1) && !ict(Some(mean), None, f64::NAN));
    assert!(!ict(Some(MeanSize { period: 0, ..mean }), None, 0.5));
    assert!(!ict(Some(MeanSize { multiple: 0.0, ..mean }), None, 0.5));
    assert!(!ict(None, Some(AtrSize { period: 0, ..atr }), 0.5));
    assert!(!ict(None, Some(AtrSize { multiple: f64::INFINITY, ..atr }), 0.5));
    assert!(!body(DisplacementBody::LuxAlgo { period: 0, wick_fraction: 0.3 }));
    assert!(!body(DisplacementBody::LuxAlgo { period: 5, wick_fraction: -0.1 }));

    let limits = ZoneLimits { live: 0, age_bars_max: None };
    let gap = |rules| FairValueGaps::with_rules(GAPS, FairValueGapSettings::default(), rules).is_ok();
    let plain = FairValueGapRules::default();
    let definition = FairValueGapDefinition::LuxAlgo(BodyThreshold::Fixed(-1.0));
    assert!(gap(plain) && !gap(FairValueGapRules { definition, ..plain }));
    assert!(!gap(FairValueGapRules { size_atr_min: Some(AtrSize { period: 0, multiple: 1.0 }), ..plain }));
    assert!(InverseGaps::new(INVERSE, GAPS, limits).is_err());
    let balanced = |bars_max| {
        let settings = BalancedRangeSettings { bars_max, ..BalancedRangeSettings::default() };
        BalancedRanges::new(BALANCED, GAPS, settings).is_ok()
    };
    assert!(!balanced(0) && balanced(1) && balanced(10_000) && !balanced(10_001));
    let imbalance = |size_fraction_min| {
        let settings = ImbalanceSettings { size_fraction_min, ..ImbalanceSettings::default() };
        Imbalances::new(IMBALANCES, settings).is_ok()
    };
    assert!(imbalance(0.0) && !imbalance(-0.1) && !imbalance(f64::NAN));
    let upstream = VoidSources { displacements: DISPLACEMENTS, gaps: GAPS };
    let void =
        |gaps_min| Voids::new(VOIDS, upstream, VoidSettings { gaps_min, ..VoidSettings::default() }).is_ok();
    assert!(!void(0) && void(1));
}
