//! Labels, dealing ranges, strong and weak levels, entry zones: plain restatements of the definitions,
//! prefixes.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test fails by panicking, also at a change that cannot be"
)]

use crate::common;
use proptest::prelude::*;
use seawall_smc::{
    Bar, BarSeries, Change, DealingRangeSettings, DealingRanges, Detector, Direction, Event, Events, Id,
    Kind, Labels, LegPivots, OptimalEntries, OptimalEntrySettings, RangeEnds, RangeParts, Source,
    StrengthRule, Strengths, Structure,
};

const STRUCTURE: Source = Source(1);
const FOUND: Source = Source(2);
const SIZE: usize = 2;
const BREAKING_LEG: StrengthRule = StrengthRule::BreakingLeg { leg_size: SIZE };

fn place(value: u64) -> usize {
    usize::try_from(value).unwrap()
}

fn structure() -> Structure {
    Structure::new(STRUCTURE, SIZE).unwrap()
}

fn of(events: &[Event], source: Source) -> Vec<Event> {
    events.iter().filter(|event| event.id.source() == source).copied().collect()
}

fn ranges(source: Source, ends: RangeEnds, parts: RangeParts) -> DealingRanges {
    DealingRanges::new(source, STRUCTURE, DealingRangeSettings { ends, parts }).unwrap()
}

fn entries(source: Source) -> OptimalEntries {
    let settings = OptimalEntrySettings { leg_size: SIZE, ..OptimalEntrySettings::default() };
    OptimalEntries::new(source, STRUCTURE, settings).unwrap()
}

/// Everything that the detectors report, as they report it.
fn all_events(bars: &[Bar]) -> Vec<Event> {
    let mut structure = structure();
    let mut labels = Labels::new(Source(10), STRUCTURE);
    let mut pivots = ranges(Source(11), RangeEnds::Pivots, RangeParts::HALVES);
    let mut trailing = ranges(Source(12), RangeEnds::Trailing, RangeParts::TWENTIETHS);
    let mut lux = Strengths::new(Source(13), STRUCTURE, StrengthRule::Trailing).unwrap();
    let mut legs = Strengths::new(Source(14), STRUCTURE, BREAKING_LEG).unwrap();
    let mut entries = entries(Source(15));
    let detectors: &mut [&mut dyn Detector] =
        &mut [&mut structure, &mut labels, &mut pivots, &mut trailing, &mut lux, &mut legs, &mut entries];
    common::events_of(bars, detectors)
}

/// What the definition says of each bar: the upstream events of the bars up to it.
fn upto(events: &[Event], at: usize) -> Vec<Event> {
    let upstream = of(events, STRUCTURE);
    upstream.into_iter().filter(|event| place(event.known_at) <= at).collect()
}

/// The latest pivot of a kind, and its level or the furthest price from its bar to `at`.
fn plain_end(
    bars: &[Bar],
    known: &[Event],
    side: Direction,
    at: usize,
    trails: bool,
) -> Option<(Event, f64)> {
    let pivot = *known.iter().rfind(|event| event.kind == Kind::LegPivot && event.direction == side)?;
    let since = &bars[place(pivot.anchor)..=at];
    let price = match (trails, side) {
        (false, _) => pivot.level(),
        (true, Direction::Bullish) => since.iter().map(|bar| bar.high).fold(f64::MIN, f64::max),
        (true, Direction::Bearish) => since.iter().map(|bar| bar.low).fold(f64::MAX, f64::min),
    };
    Some((pivot, price))
}

/// Start and end of the leg that `broken` ends at bar `at`, with their bars.
fn plain_leg(bars: &[Bar], broken: &Event, at: usize) -> ((usize, f64), (usize, f64)) {
    let up = broken.direction == Direction::Bullish;
    let start_key = |at: &usize| if up { -bars[*at].low } else { bars[*at].high };
    let end_key = |at: &usize| if up { bars[*at].high } else { -bars[*at].low };
    let furthest = |from: usize, to: usize, key: &dyn Fn(&usize) -> f64| {
        (from..=to).reduce(|best, next| if key(&next) > key(&best) { next } else { best }).unwrap()
    };
    let until = place(broken.known_at);
    let start = furthest(place(broken.anchor), until, &start_key);
    let end = furthest(start, at, &end_key);
    let sign = if up { 1.0 } else { -1.0 };
    ((start, -sign * start_key(&start)), (end, sign * end_key(&end)))
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
    fn labels_agree_with_the_letter_of_their_definition(bars in common::walk(200)) {
        let mut legs = LegPivots::new(STRUCTURE, SIZE).unwrap();
        let events = common::events_of(&bars, &mut [&mut legs, &mut Labels::new(FOUND, STRUCTURE)]);
        let pivots = of(&events, STRUCTURE);
        let mut expected = Vec::new();
        for (number, pivot) in pivots.iter().enumerate() {
            let before = pivots[..number].iter().rfind(|before| before.direction == pivot.direction);
            let Some(before) = before else { continue };
            let kind = if pivot.direction == Direction::Bullish {
                if bars[place(pivot.anchor)].high > bars[place(before.anchor)].high {
                    Kind::HigherHigh
                } else {
                    Kind::LowerHigh
                }
            } else if bars[place(pivot.anchor)].low < bars[place(before.anchor)].low {
                Kind::LowerLow
            } else {
                Kind::HigherLow
            };
            expected.push((kind, pivot.anchor, pivot.known_at, [Some(pivot.id), Some(before.id)]));
        }
        let row = |label: &Event| (label.kind, label.anchor, label.known_at, label.parents);
        prop_assert_eq!(of(&events, FOUND).iter().map(row).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn the_range_and_the_part_of_the_close_are_those_of_the_definition(
        bars in common::walk(200),
        trails in any::<bool>(),
        halves in any::<bool>(),
    ) {
        let ends = if trails { RangeEnds::Trailing } else { RangeEnds::Pivots };
        let parts = if halves { RangeParts::HALVES } else { RangeParts::TWENTIETHS };
        let (mut structure, mut detector) = (structure(), ranges(FOUND, ends, parts));
        let (mut series, mut log, mut events) = (BarSeries::new(), Vec::new(), Events::new());
        let (mut open_range, mut open_part): (Option<Event>, Option<Event>) = (None, None);
        for (at, bar) in bars.iter().enumerate() {
            let closed = series.close(common::open_time(at), *bar).unwrap();
            events.clear();
            structure.update(&closed, &mut events);
            detector.update(&closed, &mut events);
            log.extend(events.iter().copied());
            let known = upto(&log, at);
            let high = plain_end(&bars, &known, Direction::Bullish, at, trails);
            let low = plain_end(&bars, &known, Direction::Bearish, at, trails);
            let expected = high.zip(low).filter(|((_, top), (_, bottom))| top > bottom);
            let found = detector.range().map(|range| (range.parents, range.top, range.bottom));
            let plain = expected.map(|((high, top), (low, bottom))| {
                ([Some(low.id), Some(high.id)], top, bottom)
            });
            prop_assert_eq!(found, plain);
            let expected_part = plain.and_then(|(_, top, bottom)| {
                let position = (bar.close - bottom) / (top - bottom);
                prop_assert_eq_ok(detector.position(bar.close), Some(position));
                match position {
                    p if halves && p < 0.5 => Some(Kind::Discount),
                    p if halves && p > 0.5 => Some(Kind::Premium),
                    _ if halves => Some(Kind::Equilibrium),
                    p if p <= 0.05 => Some(Kind::Discount),
                    p if p >= 0.95 => Some(Kind::Premium),
                    p if (0.475..=0.525).contains(&p) => Some(Kind::Equilibrium),
                    _ => None,
                }
            });
            prop_assert_eq!(detector.part().map(|part| part.kind), expected_part);
            // The events alone say the same as the queries.
            for event in events.iter().filter(|event| event.id.source() == FOUND) {
                let open = if event.kind == Kind::DealingRange { &mut open_range } else { &mut open_part };
                match event.change {
                    Change::Born => prop_assert!(open.replace(*event).is_none()),
                    Change::Extended => {
                        prop_assert_eq!(open.replace(*event).unwrap().id, event.id);
                    }
                    Change::Replaced | Change::Closed => {
                        prop_assert_eq!(open.take().unwrap().id, event.id);
                    }
                    other => prop_assert!(false, "{:?}", other),
                }
            }
            prop_assert_eq!(open_range.as_ref(), detector.range());
            prop_assert_eq!(open_part.as_ref(), detector.part());
        }
    }

    #[test]
    fn strong_and_weak_levels_are_those_of_the_definition(bars in common::walk(200), lux in any::<bool>()) {
        let rule = if lux { StrengthRule::Trailing } else { BREAKING_LEG };
        let (mut structure, mut detector) = (structure(), Strengths::new(FOUND, STRUCTURE, rule).unwrap());
        let (mut series, mut log, mut events) = (BarSeries::new(), Vec::new(), Events::new());
        let mut open: [Option<Event>; 2] = [None, None];
        for (at, bar) in bars.iter().enumerate() {
            let closed = series.close(common::open_time(at), *bar).unwrap();
            events.clear();
            structure.update(&closed, &mut events);
            detector.update(&closed, &mut events);
            log.extend(events.iter().copied());
            let known = upto(&log, at);
            let broken = known.iter().rfind(|event| event.kind.is_break());
            let expected = |side: Direction| {
                let strong = broken.is_some_and(|broken| broken.direction != side);
                let kind = if strong { Kind::StrongLevel } else { Kind::WeakLevel };
                if lux {
                    return plain_end(&bars, &known, side, at, true).map(|(_, price)| (kind, price));
                }
                let broken = broken?;
                let ((_, start), (_, end)) = plain_leg(&bars, broken, at);
                let price = if strong { start } else { end };
                let mut after = bars[place(broken.known_at) + 1..=at].iter();
                let failed = after.any(|bar| match side {
                    Direction::Bullish => bar.close > price,
                    Direction::Bearish => bar.close < price,
                });
                (!strong || !failed).then_some((kind, price))
            };
            let found = |level: Option<&Event>| level.map(|level| (level.kind, level.level()));
            prop_assert_eq!(found(detector.high()), expected(Direction::Bullish));
            prop_assert_eq!(found(detector.low()), expected(Direction::Bearish));
            for event in events.iter().filter(|event| event.id.source() == FOUND) {
                let open = &mut open[usize::from(event.direction == Direction::Bearish)];
                match event.change {
                    Change::Extended => prop_assert_eq!(open.replace(*event).unwrap().id, event.id),
                    Change::Born => prop_assert!(open.replace(*event).is_none()),
                    Change::Replaced | Change::Invalidated => {
                        prop_assert_eq!(open.take().unwrap().id, event.id);
                    }
                    other => prop_assert!(false, "{:?}", other),
                }
            }
            prop_assert_eq!([open[0].as_ref(), open[1].as_ref()], [detector.high(), detector.low()]);
        }
    }

    #[test]
    fn entry_zones_agree_with_the_letter_of_their_definition(bars in common::walk(200)) {
        let events = common::events_of(&bars, &mut [&mut structure(), &mut entries(FOUND)]);
        let breaks: Vec<_> =
            of(&events, STRUCTURE).into_iter().filter(|event| event.kind.is_break()).collect();
        let mut expected = Vec::new();
        for (number, broken) in breaks.iter().enumerate() {
            let born = place(broken.known_at);
            let next = breaks.get(number + 1).map(|next| place(next.known_at));
            let up = broken.direction == Direction::Bullish;
            // Counted back from the end of the leg as it is after bar `at`.
            let zone = |at: usize| {
                let ((_, start), (_, end)) = plain_leg(&bars, broken, at);
                let back = |ratio: f64| {
                    if up { end - ratio * (end - start) } else { end + ratio * (start - end) }
                };
                (back(0.62), back(0.79))
            };
            let mut push = |change, at: usize, (shallow, deep): (f64, f64)| {
                let (top, bottom) = (shallow.max(deep), shallow.min(deep));
                expected.push((number as u64, change, at as u64, top.to_bits(), bottom.to_bits()));
            };
            push(Change::Born, born, zone(born));
            let (mut moved_at, mut over) = (born, false);
            for at in born + 1..=next.unwrap_or(bars.len() - 1) {
                let ((_, start), (end_at, _)) = plain_leg(&bars, broken, at);
                let (near, deep) = zone(at - 1);
                let middle = f64::midpoint(near, deep);
                let reaches =
                    |at: usize, price: f64| if up { bars[at].low <= price } else { bars[at].high >= price };
                for (change, price) in [(Change::Touched, near), (Change::Midpoint, middle)] {
                    if reaches(at, price) && !(moved_at + 1..at).any(|before| reaches(before, price)) {
                        push(change, at, (near, deep));
                    }
                }
                let close = bars[at].close;
                if if up { close < start } else { close > start } {
                    push(Change::Invalidated, at, (near, deep));
                    over = true;
                    break;
                }
                if end_at == at {
                    push(Change::Extended, at, zone(at));
                    moved_at = at;
                }
            }
            if let Some(next) = next.filter(|_| !over) {
                push(Change::Replaced, next, zone(next));
            }
        }
        let row = |zone: &Event| {
            (zone.id.number(), zone.change, zone.known_at, zone.top.to_bits(), zone.bottom.to_bits())
        };
        let mut found: Vec<_> = of(&events, FOUND).iter().map(row).collect();
        found.sort_by_key(|&(number, _, at, ..)| (number, at));
        expected.sort_by_key(|&(number, _, at, ..)| (number, at));
        // On one bar a zone moves before it is replaced.
        prop_assert_eq!(found, expected);
        for zone in of(&events, FOUND) {
            let broken = breaks.iter().find(|broken| Some(broken.id) == zone.parents[0]).unwrap();
            let ((start, _), _) = plain_leg(&bars, broken, place(broken.known_at));
            prop_assert_eq!((zone.direction, place(zone.anchor)), (broken.direction, start));
        }
    }
}

/// An equality inside of a closure, where the property's own macro cannot return.
fn prop_assert_eq_ok(found: Option<f64>, expected: Option<f64>) {
    assert_eq!(found.map(f64::to_bits), expected.map(f64::to_bits));
}

fn flat(price: f64) -> Bar {
    Bar { open: price, high: price, low: price, close: price }
}

#[test]
fn the_entry_zone_of_a_leg_from_100_to_200_is_121_to_138() {
    // High pivot 150, a break down to the low of 100, a break up to 200, then back into the zone.
    let prices = [120.0, 110.0, 150.0, 130.0, 120.0, 100.0, 140.0, 200.0, 150.0, 138.0, 129.0, 99.0];
    let bars: Vec<_> = prices.into_iter().map(flat).collect();
    let mut structure = Structure::new(STRUCTURE, 1).unwrap();
    let settings = OptimalEntrySettings { leg_size: 1, ..OptimalEntrySettings::default() };
    let mut entries = OptimalEntries::new(FOUND, STRUCTURE, settings).unwrap();
    let events = common::events_of(&bars, &mut [&mut structure, &mut entries]);
    let zone: Vec<_> = of(&events, FOUND).into_iter().filter(|zone| zone.id == Id::new(FOUND, 1)).collect();
    let changes: Vec<_> = zone.iter().map(|zone| (zone.change, zone.known_at)).collect();
    let expected =
        [(Change::Born, 7), (Change::Touched, 9), (Change::Midpoint, 10), (Change::Invalidated, 11)];
    assert_eq!(changes, expected);
    assert!((zone[0].top - 138.0).abs() < 1e-9 && (zone[0].bottom - 121.0).abs() < 1e-9);
    assert!((zone[0].middle() - 129.5).abs() < 1e-9);
    assert_eq!(zone[0].anchor, 5);
    // The close at 99 also breaks the low of 100: the leg down from 200 has the next zone.
    assert_eq!(entries.live().map(|zone| zone.id), Some(Id::new(FOUND, 2)));
    assert_eq!(entries.leg().map(|leg| (leg.high, leg.low)), Some((200.0, 99.0)));
}

#[test]
fn parameters_out_of_range_are_refused() {
    let entry = |leg_size, shallow, deep| {
        OptimalEntries::new(FOUND, STRUCTURE, OptimalEntrySettings { leg_size, shallow, deep })
    };
    assert!(entry(5, 0.62, 0.79).is_ok() && entry(0, 0.62, 0.79).is_err());
    assert!(entry(5, 0.0, 0.79).is_err() && entry(5, 0.79, 0.62).is_err() && entry(5, 0.62, 1.1).is_err());
    assert!(entry(5, f64::NAN, 0.79).is_err() && entry(5, 0.62, f64::NAN).is_err());
    assert!(Strengths::new(FOUND, STRUCTURE, StrengthRule::BreakingLeg { leg_size: 0 }).is_err());
    let parts = |discount_max, equilibrium_min, equilibrium_max, premium_min| {
        let parts = RangeParts { discount_max, equilibrium_min, equilibrium_max, premium_min };
        let ends = RangeEnds::Pivots;
        DealingRanges::new(FOUND, STRUCTURE, DealingRangeSettings { ends, parts }).is_ok()
    };
    assert!(parts(0.0, 0.0, 1.0, 1.0) && parts(0.3, 0.4, 0.6, 0.7));
    assert!(!parts(-0.1, 0.4, 0.6, 0.7) && !parts(0.5, 0.4, 0.6, 0.7) && !parts(0.3, 0.6, 0.4, 0.7));
    assert!(!parts(0.3, 0.4, 0.8, 0.7) && !parts(0.3, 0.4, 0.6, 1.1) && !parts(f64::NAN, 0.4, 0.6, 0.7));
}
