//! The detectors against plain restatements of their definitions, on prefixes, and at their bounds.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use proptest::prelude::*;
use seawall_smc::indicators::Atr;
use seawall_smc::{
    Bar, Direction, Event, FairValueGapSettings, FairValueGaps, Fractal, LegPivots, OrderBlockSettings,
    OrderBlocks, Pivot, PivotKind, SmcError, Structure, WideBars, Zone, ZoneChange, ZoneKind,
};

const WIDE: WideBars = WideBars::Exchanged { atr_period: 6, multiple: 1.5 };

fn gaps(live_zones: usize, size_fraction_min: f64) -> FairValueGaps {
    FairValueGaps::new(FairValueGapSettings { size_fraction_min, live_zones }).unwrap()
}

fn blocks(wide_bars: WideBars, live_zones: usize) -> OrderBlocks {
    OrderBlocks::new(OrderBlockSettings { leg_size: 3, wide_bars, live_zones }).unwrap()
}

/// Everything that the detectors report, as they report it.
fn all_events(bars: &[Bar]) -> Vec<Vec<Event>> {
    let mut fractal = Fractal::new(2, 3).unwrap();
    let mut legs = LegPivots::new(2).unwrap();
    let mut structure = Structure::new(2).unwrap();
    let (mut plain, mut parsed, mut gaps) = (blocks(WideBars::Kept, 4), blocks(WIDE, 64), gaps(4, 0.0005));
    let mut events = vec![Vec::new(); 6];
    for bar in bars {
        fractal.update(bar, &mut |pivot| events[0].push(Event::Pivot(pivot))).unwrap();
        legs.update(bar, &mut |pivot| events[1].push(Event::Pivot(pivot))).unwrap();
        structure.update(bar, &mut |event| events[2].push(event)).unwrap();
        plain.update(bar, &mut |event| events[3].push(event)).unwrap();
        parsed.update(bar, &mut |event| events[4].push(event)).unwrap();
        gaps.update(bar, &mut |event| events[5].push(event)).unwrap();
    }
    events
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
fn plain_life(bars: &[Bar], zone: &Zone) -> Vec<(ZoneChange, u64)> {
    let bullish = zone.direction == Direction::Bullish;
    let middle = (zone.top + zone.bottom) / 2.0;
    let first = |test: &dyn Fn(&Bar) -> bool| {
        let start = usize::try_from(zone.known_index).unwrap() + 1;
        (start..bars.len()).find(|&at| test(&bars[at])).map(|at| at as u64)
    };
    let reaches = |level: f64, mirrored: f64| {
        first(&move |bar| if bullish { bar.low <= level } else { bar.high >= mirrored })
    };
    let closed = first(&|bar| if bullish { bar.close < zone.bottom } else { bar.close > zone.top });
    let touched = (ZoneChange::Touched, reaches(zone.top, zone.bottom));
    let through = (ZoneChange::ClosedThrough, closed);
    let changes = match zone.kind {
        ZoneKind::OrderBlock => {
            let wick = first(&|bar| if bullish { bar.low < zone.bottom } else { bar.high > zone.top });
            vec![touched, (ZoneChange::WickBroken, wick), through]
        }
        ZoneKind::FairValueGap => {
            let filled = reaches(zone.bottom, zone.top);
            vec![
                touched,
                (ZoneChange::Midpoint, reaches(middle, middle)),
                (ZoneChange::Filled, filled),
                through,
            ]
        }
    };
    changes.into_iter().filter_map(|(change, at)| Some((change, at?))).collect()
}

/// The zones born and, for each, its reported changes.
fn lives(events: &[Event]) -> Vec<(Zone, Vec<(ZoneChange, u64)>)> {
    let mut zones: Vec<(Zone, Vec<(ZoneChange, u64)>)> = Vec::new();
    for event in events {
        let Event::Zone(event) = event else { continue };
        if event.change == ZoneChange::Born {
            zones.push((event.zone, Vec::new()));
        } else {
            zones[usize::try_from(event.zone.id).unwrap()].1.push((event.change, event.known_index));
        }
    }
    zones
}

fn collect(bars: &[Bar], mut update: impl FnMut(&Bar, &mut Vec<Event>)) -> Vec<Event> {
    let mut events = Vec::new();
    for bar in bars {
        update(bar, &mut events);
    }
    events
}

proptest! {
    #[test]
    fn a_run_on_a_prefix_gives_what_the_full_run_knew_by_then(
        bars in common::walk(150),
        cut in any::<prop::sample::Index>(),
    ) {
        let until = cut.index(bars.len() + 1);
        let known: Vec<Vec<Event>> = all_events(&bars)
            .into_iter()
            .map(|events| events.into_iter().filter(|event| event.known_index() < until as u64).collect())
            .collect();
        prop_assert_eq!(all_events(&bars[..until]), known);
    }

    #[test]
    fn pivots_agree_with_the_letter_of_their_definitions(
        bars in common::walk(150),
        left in 1usize..7,
        right in 1usize..7,
    ) {
        let (mut fractal, mut legs) = (Fractal::new(left, right).unwrap(), LegPivots::new(right).unwrap());
        let (mut fractals, mut turns) = (Vec::new(), Vec::new());
        for (t, bar) in bars.iter().enumerate() {
            let p = |index: u64| usize::try_from(index).unwrap();
            let parts = |pivot: Pivot| (pivot.kind, p(pivot.index), pivot.price, pivot.known_index);
            fractal.update(bar, &mut |pivot| fractals.push(parts(pivot))).unwrap();
            legs.update(bar, &mut |pivot| turns.push(parts(pivot))).unwrap();
            let new = fractals.iter().chain(&turns).filter(|pivot| pivot.3 == t as u64);
            for &(kind, index, price, known) in new {
                prop_assert_eq!(index + right, usize::try_from(known).unwrap());
                let expected = if kind == PivotKind::High { bars[index].high } else { bars[index].low };
                prop_assert_eq!(price.to_bits(), expected.to_bits());
            }
        }
        let kinds = |found: Vec<(PivotKind, usize, f64, u64)>| {
            found.into_iter().map(|pivot| (pivot.0, pivot.1)).collect::<Vec<_>>()
        };
        prop_assert_eq!(kinds(fractals), plain_fractals(&bars, left, right));
        prop_assert_eq!(kinds(turns), plain_legs(&bars, right));
    }

    #[test]
    fn order_blocks_agree_with_the_letter_of_their_definition(bars in common::walk(200)) {
        for (wide, plain) in [(WideBars::Kept, None), (WIDE, Some((6, 1.5)))] {
            let mut detector = blocks(wide, 1_024);
            let found = lives(&collect(&bars, |bar, events| {
                detector.update(bar, &mut |event| events.push(event)).unwrap();
            }));
            let place = |value: u64| usize::try_from(value).unwrap();
            let birth = |zone: &Zone| (zone.direction, place(zone.index), place(zone.known_index));
            let births: Vec<_> = found.iter().map(|(zone, _)| birth(zone)).collect();
            prop_assert_eq!(births, plain_blocks(&bars, 3, plain));
            for (zone, changes) in &found {
                prop_assert_eq!(changes, &plain_life(&bars, zone));
                let bar = bars[place(zone.index)];
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
        let found = lives(&collect(&bars, |bar, events| {
            detector.update(bar, &mut |event| events.push(event)).unwrap();
        }));
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
        let birth = |zone: &Zone| (zone.direction, zone.index, zone.known_index);
        let births: Vec<_> = found.iter().map(|(zone, _)| birth(zone)).collect();
        prop_assert_eq!(births, expected);
        for (zone, changes) in &found {
            prop_assert_eq!(changes, &plain_life(&bars, zone));
        }
    }

    #[test]
    fn live_zones_are_bounded_and_memory_never_grows(bars in common::walk(200), capacity in 1usize..4) {
        let (mut gaps, mut blocks) = (gaps(capacity, 0.0), blocks(WideBars::Kept, capacity));
        let room = (gaps.capacity(), blocks.capacity());
        let (mut open_gaps, mut open_blocks) = (Vec::new(), Vec::new());
        for bar in &bars {
            gaps.update(bar, &mut |event| follow(&mut open_gaps, &event)).unwrap();
            blocks.update(bar, &mut |event| follow(&mut open_blocks, &event)).unwrap();
            prop_assert!(open_gaps.len() <= capacity && open_blocks.len() <= capacity);
            // What the events say is alive is what the detector follows.
            prop_assert_eq!(&gaps.live().map(|zone| zone.id).collect::<Vec<_>>(), &open_gaps);
            prop_assert_eq!(&blocks.live().map(|zone| zone.id).collect::<Vec<_>>(), &open_blocks);
            prop_assert_eq!((gaps.capacity(), blocks.capacity()), room);
        }
    }

    #[test]
    fn an_invalid_bar_is_refused_and_changes_nothing(
        bars in common::walk(100),
        at in any::<prop::sample::Index>(),
    ) {
        let at = at.index(bars.len());
        let bad = [Bar { high: f64::NAN, ..bars[at] }, Bar { low: bars[at].high + 1.0, ..bars[at] }];
        let (mut fractal, mut structure) = (Fractal::new(2, 3).unwrap(), Structure::new(2).unwrap());
        let mut legs = LegPivots::new(2).unwrap();
        let (mut plain, mut gaps) = (blocks(WideBars::Kept, 4), gaps(4, 0.0005));
        let mut events = vec![Vec::new(); 5];
        for (index, bar) in bars.iter().enumerate() {
            for bar in bad.iter().filter(|_| index == at).chain([bar]) {
                let expected = bar.check();
                let results: [Result<(), SmcError>; 5] = [
                    fractal.update(bar, &mut |pivot| events[0].push(Event::Pivot(pivot))),
                    legs.update(bar, &mut |pivot| events[1].push(Event::Pivot(pivot))),
                    structure.update(bar, &mut |event| events[2].push(event)),
                    plain.update(bar, &mut |event| events[3].push(event)),
                    gaps.update(bar, &mut |event| events[4].push(event)),
                ];
                prop_assert!(results.iter().all(|result| result.is_ok() == expected.is_ok()));
            }
        }
        let mut clean = all_events(&bars);
        clean.remove(4);
        prop_assert_eq!(events, clean);
    }
}

/// Keeps the list of live zones from events alone.
fn follow(open: &mut Vec<u64>, event: &Event) {
    let Event::Zone(event) = event else { return };
    match event.change {
        ZoneChange::Born => open.push(event.zone.id),
        ZoneChange::ClosedThrough | ZoneChange::Expired => open.retain(|&id| id != event.zone.id),
        ZoneChange::Touched | ZoneChange::Midpoint | ZoneChange::Filled | ZoneChange::WickBroken => {}
    }
}

#[test]
fn parameters_out_of_range_are_refused() {
    assert!(
        Fractal::new(0, 5).is_err() && Fractal::new(5, 0).is_err() && LegPivots::new(usize::MAX).is_err()
    );
    assert!(Structure::new(0).is_err());
    let zones = |live_zones| FairValueGaps::new(FairValueGapSettings { size_fraction_min: 0.0, live_zones });
    assert!(zones(0).is_err() && zones(65_537).is_err() && zones(1).is_ok());
    let size =
        |size_fraction_min| FairValueGaps::new(FairValueGapSettings { size_fraction_min, live_zones: 1 });
    assert!(size(-0.1).is_err() && size(f64::NAN).is_err());
    let wide = |multiple| {
        let wide_bars = WideBars::Exchanged { atr_period: 5, multiple };
        OrderBlocks::new(OrderBlockSettings { wide_bars, ..OrderBlockSettings::default() })
    };
    assert!(wide(0.0).is_err() && wide(f64::INFINITY).is_err() && wide(2.0).is_ok());
}
