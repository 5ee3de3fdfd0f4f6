//! The detectors against plain restatements of their definitions, on prefixes, and at their bounds.

use crate::common;
use proptest::prelude::*;
use seawall_smc::indicators::Atr;
use seawall_smc::{
    Bar, BarSeries, Change, Detector, Direction, Event, Events, FairValueGapSettings, FairValueGaps, Fractal,
    Id, Kind, LegPivots, OrderBlockSettings, OrderBlocks, PivotKind, Source, Structure, WideBars, ZoneLimits,
};

const STRUCTURE: Source = Source(1);
const BLOCKS: Source = Source(2);
const GAPS: Source = Source(3);
const WIDE: WideBars = WideBars::Exchanged { atr_period: 6, multiple: 1.5 };

fn limits(live: usize) -> ZoneLimits {
    ZoneLimits { live, age_bars_max: None }
}

fn gaps(live: usize, size_fraction_min: f64) -> FairValueGaps {
    FairValueGaps::new(GAPS, FairValueGapSettings { size_fraction_min, limits: limits(live) }).unwrap()
}

fn structure(size: usize) -> Structure {
    Structure::new(STRUCTURE, size).unwrap()
}

fn blocks(wide_bars: WideBars, live: usize) -> OrderBlocks {
    let settings = OrderBlockSettings { leg_size: 3, wide_bars, limits: limits(live) };
    OrderBlocks::new(BLOCKS, STRUCTURE, settings).unwrap()
}

/// Everything that the detectors report, as they report it.
fn all_events(bars: &[Bar]) -> Vec<Event> {
    let (mut fractal, mut legs) =
        (Fractal::new(Source(10), 2, 3).unwrap(), LegPivots::new(Source(11), 2).unwrap());
    let (mut structure, mut plain, mut gaps) = (structure(3), blocks(WideBars::Kept, 4), gaps(4, 0.0005));
    let aged = ZoneLimits { live: 64, age_bars_max: Some(20) };
    let settings = OrderBlockSettings { leg_size: 3, wide_bars: WIDE, limits: aged };
    let mut parsed = OrderBlocks::new(Source(12), STRUCTURE, settings).unwrap();
    common::events_of(
        bars,
        &mut [&mut fractal, &mut legs, &mut structure, &mut plain, &mut parsed, &mut gaps],
    )
}

fn plain_fractals(bars: &[Bar], left: usize, right: usize) -> Vec<(PivotKind, usize)> {
    let mut found = Vec::new();
    for p in left..bars.len().saturating_sub(right) {
        let (before, after) = (&bars[p - left..p], &bars[p + 1..=p + right]);
        if before.iter().all(|bar| bars[p].high > bar.high)
            && after.iter().all(|bar| bars[p].high >= bar.high)
        {
            found.push((PivotKind::High, p));
        }
        if before.iter().all(|bar| bars[p].low < bar.low) && after.iter().all(|bar| bars[p].low <= bar.low) {
            found.push((PivotKind::Low, p));
        }
    }
    found
}

fn plain_legs(bars: &[Bar], size: usize) -> Vec<(PivotKind, usize)> {
    let (mut down, mut found) = (true, Vec::new());
    for p in 0..bars.len().saturating_sub(size) {
        let after = &bars[p + 1..=p + size];
        if after.iter().all(|bar| bars[p].high > bar.high) {
            if !down {
                found.push((PivotKind::High, p));
            }
            down = true;
        } else if after.iter().all(|bar| bars[p].low < bar.low) {
            if down {
                found.push((PivotKind::Low, p));
            }
            down = false;
        }
    }
    found
}

/// Order blocks as `(direction, index, known_index)`: every choice is made anew over all bars of the leg.
fn plain_blocks(bars: &[Bar], size: usize, wide: Option<(usize, f64)>) -> Vec<(Direction, usize, usize)> {
    let mut atr = wide.map(|(period, _)| Atr::new(period).unwrap());
    let parsed: Vec<(f64, f64)> = bars
        .iter()
        .map(|bar| {
            let average = atr.as_mut().and_then(|atr| atr.update(bar));
            let exchange = average.is_some_and(|average| bar.range() >= wide.unwrap().1 * average);
            if exchange { (bar.high, bar.low) } else { (bar.low, bar.high) }
        })
        .collect();
    let pivots = plain_legs(bars, size);
    let (mut high, mut low, mut found) = (None, None, Vec::new());
    for t in 0..bars.len() {
        for &(kind, p) in pivots.iter().filter(|&&(_, p)| p + size == t) {
            match kind {
                PivotKind::High => high = Some(p),
                PivotKind::Low => low = Some(p),
            }
        }
        if let Some(p) = high.filter(|&p| bars[t].close > bars[p].high) {
            let chosen = (p..t).min_by(|&a, &b| parsed[a].0.total_cmp(&parsed[b].0)).unwrap();
            found.push((Direction::Bullish, chosen, t));
            high = None;
        }
        if let Some(p) = low.filter(|&p| bars[t].close < bars[p].low) {
            let chosen = (p..t).min_by(|&a, &b| parsed[b].1.total_cmp(&parsed[a].1)).unwrap();
            found.push((Direction::Bearish, chosen, t));
            low = None;
        }
    }
    found
}

/// The first bar of each change after birth, from the zone's prices alone.
fn plain_life(bars: &[Bar], zone: &Event) -> Vec<(Change, u64)> {
    let bullish = zone.direction == Direction::Bullish;
    let first = |test: &dyn Fn(&Bar) -> bool| {
        let start = usize::try_from(zone.known_at).unwrap() + 1;
        (start..bars.len()).find(|&at| test(&bars[at])).map(|at| at as u64)
    };
    let reaches = |level: f64, mirrored: f64| {
        first(&move |bar| if bullish { bar.low <= level } else { bar.high >= mirrored })
    };
    let closed = first(&|bar| if bullish { bar.close < zone.bottom } else { bar.close > zone.top });
    let touched = (Change::Touched, reaches(zone.top, zone.bottom));
    let middle = (Change::Midpoint, reaches(zone.middle(), zone.middle()));
    let changes = if zone.kind == Kind::OrderBlock {
        let wick = first(&|bar| if bullish { bar.low < zone.bottom } else { bar.high > zone.top });
        vec![touched, middle, (Change::WickBroken, wick), (Change::Broken, closed)]
    } else {
        let filled = (Change::Filled, reaches(zone.bottom, zone.top));
        vec![touched, middle, filled, (Change::Inverted, closed)]
    };
    changes.into_iter().filter_map(|(change, at)| Some((change, at?))).collect()
}

/// The zones born and, for each, its reported changes.
fn lives(events: &[Event], source: Source) -> Vec<(Event, Vec<(Change, u64)>)> {
    let mut zones: Vec<(Event, Vec<(Change, u64)>)> = Vec::new();
    for event in events.iter().filter(|event| event.id.source() == source) {
        if event.change == Change::Born {
            assert_eq!(event.id.number(), zones.len() as u64);
            zones.push((*event, Vec::new()));
        } else {
            zones[usize::try_from(event.id.number()).unwrap()].1.push((event.change, event.known_at));
        }
    }
    zones
}

proptest! {
    #[test]
    fn a_run_on_a_prefix_gives_what_the_full_run_knew_by_then(
        bars in common::walk(150),
        cut in any::<prop::sample::Index>(),
    ) {
        let until = cut.index(bars.len() + 1);
        let mut known = all_events(&bars);
        known.retain(|event| event.known_at < until as u64);
        prop_assert_eq!(all_events(&bars[..until]), known);
    }

    #[test]
    fn pivots_agree_with_the_letter_of_their_definitions(
        bars in common::walk(150),
        left in 1usize..7,
        right in 1usize..7,
    ) {
        let mut fractal = Fractal::new(Source(1), left, right).unwrap();
        let mut legs = LegPivots::new(Source(2), right).unwrap();
        let events = common::events_of(&bars, &mut [&mut fractal, &mut legs]);
        for pivot in &events {
            prop_assert_eq!(pivot.anchor + right as u64, pivot.known_at);
            let bar = bars[usize::try_from(pivot.anchor).unwrap()];
            let expected = if pivot.pivot_kind() == PivotKind::High { bar.high } else { bar.low };
            prop_assert_eq!(pivot.level().to_bits(), expected.to_bits());
        }
        let kinds = |source: Source| {
            let of = events.iter().filter(|event| event.id.source() == source);
            of.map(|pivot| (pivot.pivot_kind(), usize::try_from(pivot.anchor).unwrap())).collect::<Vec<_>>()
        };
        prop_assert_eq!(kinds(Source(1)), plain_fractals(&bars, left, right));
        prop_assert_eq!(kinds(Source(2)), plain_legs(&bars, right));
    }

    #[test]
    fn order_blocks_agree_with_the_letter_of_their_definition(bars in common::walk(200)) {
        for (wide, plain) in [(WideBars::Kept, None), (WIDE, Some((6, 1.5)))] {
            let mut detector = blocks(wide, 1_024);
            let events = common::events_of(&bars, &mut [&mut structure(3), &mut detector]);
            let found = lives(&events, BLOCKS);
            let place = |value: u64| usize::try_from(value).unwrap();
            let birth = |zone: &Event| (zone.direction, place(zone.anchor), place(zone.known_at));
            let births: Vec<_> = found.iter().map(|(zone, _)| birth(zone)).collect();
            prop_assert_eq!(births, plain_blocks(&bars, 3, plain));
            for (zone, changes) in &found {
                prop_assert_eq!(changes, &plain_life(&bars, zone));
                let bar = bars[place(zone.anchor)];
                prop_assert_eq!(zone.top.to_bits(), bar.high.to_bits());
                prop_assert_eq!(zone.bottom.to_bits(), bar.low.to_bits());
            }
        }
    }

    #[test]
    fn gaps_agree_with_the_letter_of_their_definition(
        bars in common::walk(200),
        fraction in prop::sample::select(vec![0.0, 0.0005]),
    ) {
        let mut detector = gaps(1_024, fraction);
        let found = lives(&common::events_of(&bars, &mut [&mut detector]), GAPS);
        let mut expected = Vec::new();
        for t in 2..bars.len() {
            let (first, middle, third) = (bars[t - 2], bars[t - 1], bars[t]);
            let up = middle.close > middle.open && third.low > first.high;
            let down = middle.close < middle.open && third.high < first.low;
            let (top, bottom) = if up { (third.low, first.high) } else { (first.low, third.high) };
            if (up || down) && (top - bottom) / middle.close.abs() >= fraction {
                let direction = if up { Direction::Bullish } else { Direction::Bearish };
                expected.push((direction, t as u64 - 1, t as u64));
            }
        }
        let birth = |zone: &Event| (zone.direction, zone.anchor, zone.known_at);
        let births: Vec<_> = found.iter().map(|(zone, _)| birth(zone)).collect();
        prop_assert_eq!(births, expected);
        for (zone, changes) in &found {
            prop_assert_eq!(changes, &plain_life(&bars, zone));
        }
    }

    #[test]
    fn live_zones_are_bounded_and_are_what_the_events_say(
        bars in common::walk(200),
        live in 1usize..4,
        age_bars_max in prop::sample::select(vec![None, Some(1), Some(7)]),
    ) {
        let limits = ZoneLimits { live, age_bars_max };
        let mut gaps =
            FairValueGaps::new(GAPS, FairValueGapSettings { size_fraction_min: 0.0, limits }).unwrap();
        let settings = OrderBlockSettings { leg_size: 3, wide_bars: WideBars::Kept, limits };
        let (mut structure, mut blocks) =
            (structure(3), OrderBlocks::new(BLOCKS, STRUCTURE, settings).unwrap());
        let (mut series, mut events, mut open) = (BarSeries::new(), Events::new(), Vec::new());
        for (index, bar) in bars.iter().enumerate() {
            let bar = series.close(common::open_time(index), *bar).unwrap();
            events.clear();
            structure.update(&bar, &mut events);
            blocks.update(&bar, &mut events);
            gaps.update(&bar, &mut events);
            events.iter().for_each(|event| follow(&mut open, event));
            for (source, found) in [(BLOCKS, ids(blocks.live())), (GAPS, ids(gaps.live()))] {
                let expected: Vec<_> =
                    open.iter().filter(|zone: &&Event| zone.id.source() == source).collect();
                prop_assert!(expected.len() <= live);
                prop_assert_eq!(found, ids(expected.iter().copied()));
                let age = |zone: &Event| index as u64 - zone.known_at;
                prop_assert!(expected.iter().all(|zone| age_bars_max.is_none_or(|most| age(zone) <= most)));
            }
        }
    }
}

fn ids<'a>(zones: impl Iterator<Item = &'a Event>) -> Vec<Id> {
    zones.map(|zone| zone.id).collect()
}

/// Keeps the list of live zones from events alone.
fn follow(open: &mut Vec<Event>, event: &Event) {
    if matches!(event.kind, Kind::OrderBlock | Kind::FairValueGap) {
        if event.change == Change::Born {
            open.push(*event);
        } else if matches!(event.change, Change::Broken | Change::Inverted | Change::Expired) {
            open.retain(|zone| zone.id != event.id);
        }
    }
}

#[test]
fn an_invalid_bar_is_refused_and_does_not_count() {
    let mut series = BarSeries::new();
    let good = Bar { open: 2.0, high: 3.0, low: 1.0, close: 2.5 };
    for bad in [Bar { high: f64::NAN, ..good }, Bar { low: 4.0, ..good }] {
        assert!(series.close(common::open_time(0), bad).is_err());
    }
    assert_eq!(series.close(common::open_time(1), good).unwrap().index(), 0);
    assert!(series.close(common::open_time(1), good).is_err(), "the same time twice");
    assert!(series.close(common::open_time(0), good).is_err(), "backwards");
    assert_eq!(series.close(common::open_time(3), good).unwrap().index(), 1);
}

#[test]
fn parameters_out_of_range_are_refused() {
    let source = Source(0);
    assert!(Fractal::new(source, 0, 5).is_err() && Fractal::new(source, 5, 0).is_err());
    assert!(LegPivots::new(source, usize::MAX).is_err() && Structure::new(source, 0).is_err());
    let gaps = |size_fraction_min, live| {
        FairValueGaps::new(source, FairValueGapSettings { size_fraction_min, limits: limits(live) })
    };
    assert!(gaps(0.0, 0).is_err() && gaps(0.0, 16_777_217).is_err() && gaps(0.0, 1).is_ok());
    assert!(gaps(-0.1, 1).is_err() && gaps(f64::NAN, 1).is_err());
    let blocks = |multiple, leg_size| {
        let wide_bars = WideBars::Exchanged { atr_period: 5, multiple };
        let settings = OrderBlockSettings { wide_bars, leg_size, ..OrderBlockSettings::default() };
        OrderBlocks::new(source, STRUCTURE, settings)
    };
    assert!(blocks(0.0, 5).is_err() && blocks(f64::INFINITY, 5).is_err() && blocks(2.0, 5).is_ok());
    assert!(blocks(2.0, 0).is_err() && blocks(2.0, usize::MAX).is_err());
}
