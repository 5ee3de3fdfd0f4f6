//! Pools, equal levels and inducements: fixtures, plain restatements of the definitions, prefixes, bounds.

#![allow(
    clippy::print_stderr,
    clippy::wildcard_enum_match_arm,
    reason = "a test fails by panicking and says when it is skipped; the changes not named cannot occur"
)]

use std::path::PathBuf;

use crate::{bars, common};
use proptest::prelude::*;
use seawall_smc::indicators::Atr;
use seawall_smc::{
    Bar, BarSeries, Change, ClosedBar, Detector, Direction, EqualLevels, EqualRule, EqualSettings, Event,
    Events, Fractal, Id, InducementSettings, Inducements, Kind, LegPivots, POOL_INPUTS_MAX, PoolInput,
    PoolSettings, Pools, Source, TakenBy, Tolerance, ZONE_SOURCES_MAX, ZoneLimits,
};

const SERIES: [&str; 2] = ["eurusd_15m", "eurusd_15m_head800_tickvol"];
const LEGS: Source = Source(1);
const EQUAL: Source = Source(2);
const POOLS: Source = Source(3);
const PERIODS: Source = Source(4);
const ALL: ZoneLimits = ZoneLimits { live: 1_000_000, age_bars_max: None };

fn folder() -> Option<PathBuf> {
    let shared = std::env::var_os("SEAWALL_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let folder = shared.join("smc");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED: no fixtures in {} (set SEAWALL_SHARED)", folder.display());
    None
}

/// The cells of a file without its header.
fn rows(series: &str, file: &str) -> Option<Vec<Vec<String>>> {
    let text = std::fs::read_to_string(folder()?.join(series).join(file)).unwrap();
    Some(text.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect())
}

fn bars(series: &str) -> Option<Vec<Bar>> {
    let price = |cell: &String| cell.parse::<f64>().unwrap();
    let bar = |row: Vec<String>| Bar {
        open: price(&row[1]),
        high: price(&row[2]),
        low: price(&row[3]),
        close: price(&row[4]),
    };
    Some(rows(series, "ohlcv.csv")?.into_iter().map(bar).collect())
}

/// Compares with the fixture; the first different row speaks for itself.
fn assert_rows(series: &str, file: &str, found: &[Vec<String>]) {
    let expected = rows(series, file).unwrap();
    for (number, (found, expected)) in found.iter().zip(&expected).enumerate() {
        assert_eq!(found, expected, "{series}/{file}, row {number}");
    }
    assert_eq!(found.len(), expected.len(), "{series}/{file}: number of rows");
    assert!(!expected.is_empty());
}

fn place(value: u64) -> usize {
    usize::try_from(value).unwrap()
}

fn legs(size: usize) -> LegPivots {
    LegPivots::new(LEGS, size).unwrap()
}

fn of(events: &[Event], source: Source) -> Vec<Event> {
    events.iter().filter(|event| event.id.source() == source).copied().collect()
}

fn leg_input() -> PoolInput {
    PoolInput { source: LEGS, kind: Kind::LegPivot }
}

#[test]
fn pools_equal_the_fixtures() {
    for (series, size) in SERIES.into_iter().flat_map(|series| [(series, 5), (series, 20)]) {
        let Some(bars) = bars(series) else { return };
        let settings = PoolSettings { limits: ALL, ..PoolSettings::default() };
        let mut pools = Pools::new(POOLS, &[leg_input()], settings).unwrap();
        let events = common::events_of(&bars, &mut [&mut legs(size), &mut pools]);
        let mut found: Vec<Vec<String>> = Vec::new();
        for event in of(&events, POOLS) {
            let outcome = match event.change {
                Change::Born => {
                    assert_eq!(event.id.number(), found.len() as u64);
                    let sign = event.direction.sign().to_string();
                    let level = event.level().to_string();
                    let (anchor, known_at) = (event.anchor.to_string(), event.known_at.to_string());
                    found.push(vec![anchor, known_at, sign, level, String::new(), String::new()]);
                    continue;
                }
                Change::Swept => "1",
                Change::Run => "2",
                other => panic!("a pool that is not bounded does not end in {other:?}"),
            };
            let row = &mut found[place(event.id.number())];
            assert!(row[4].is_empty(), "a pool is taken once");
            (row[4], row[5]) = (event.known_at.to_string(), outcome.to_owned());
        }
        assert_rows(series, &format!("causal_pools__S{size}.csv"), &found);
    }
}

#[test]
fn equal_levels_equal_the_fixtures() {
    for series in SERIES {
        let Some(bars) = bars(series) else { return };
        let mut equal = EqualLevels::new(EQUAL, LEGS, EqualSettings::default()).unwrap();
        let events = common::events_of(&bars, &mut [&mut legs(3), &mut equal]);
        let pivots = of(&events, LEGS);
        let pivot = |parent: Option<Id>| pivots.iter().find(|pivot| Some(pivot.id) == parent).unwrap();
        let row = |event: &Event| {
            let [first, second] = event.parents.map(pivot);
            vec![
                event.known_at.to_string(),
                event.direction.sign().to_string(),
                first.anchor.to_string(),
                second.anchor.to_string(),
                first.level().to_string(),
                second.level().to_string(),
            ]
        };
        let found: Vec<_> = of(&events, EQUAL).iter().map(row).collect();
        assert_rows(series, "causal_equal__S3_thr0.1.csv", &found);
    }
}

fn trades_beyond(bar: &Bar, direction: Direction, level: f64) -> bool {
    if direction == Direction::Bullish { bar.high > level } else { bar.low < level }
}

fn closes_beyond(bar: &Bar, direction: Direction, level: f64) -> bool {
    if direction == Direction::Bullish { bar.close > level } else { bar.close < level }
}

/// How and when a level ends that bars from `first` on may take, from its price alone.
fn plain_end(
    bars: &[Bar],
    direction: Direction,
    level: f64,
    first: u64,
    reclaim: usize,
) -> Option<(Change, u64)> {
    let taken = (place(first)..bars.len()).find(|&at| trades_beyond(&bars[at], direction, level))?;
    let until = (taken + reclaim).min(bars.len() - 1);
    match (taken..=until).find(|&at| !closes_beyond(&bars[at], direction, level)) {
        Some(at) => Some((Change::Swept, at as u64)),
        None => (taken + reclaim < bars.len()).then_some((Change::Run, (taken + reclaim) as u64)),
    }
}

/// Reports the high and low of every `length` bars on the first bar after them.
struct Periods {
    length: u64,
    number: u64,
    extremes: Option<(f64, f64)>,
}

impl Periods {
    const fn new(length: u64) -> Self {
        Periods { length, number: 0, extremes: None }
    }
}

impl Detector for Periods {
    fn update(&mut self, bar: &ClosedBar, events: &mut Events) {
        let (high, low) = (bar.bar().high, bar.bar().low);
        if bar.index().is_multiple_of(self.length)
            && let Some((top, bottom)) = self.extremes.take()
        {
            events.push(Event {
                id: Id::new(PERIODS, self.number),
                kind: Kind::PreviousDay,
                change: Change::Born,
                direction: Direction::Bullish,
                anchor: bar.index() - self.length,
                known_at: bar.index(),
                top,
                bottom,
                parents: [None; 2],
            });
            self.number += 1;
        }
        self.extremes = match self.extremes {
            None => Some((high, low)),
            Some((top, bottom)) => Some((top.max(high), bottom.min(low))),
        };
    }
}

fn pools(reclaim_bars: u64, limits: ZoneLimits) -> Pools {
    let periods = PoolInput { source: PERIODS, kind: Kind::PreviousDay };
    let equal = PoolInput { source: EQUAL, kind: Kind::EqualLevels };
    let settings = PoolSettings { reclaim_bars, limits };
    Pools::new(POOLS, &[leg_input(), periods, equal], settings).unwrap()
}

fn equal(rule: EqualRule, tolerance: Tolerance, limits: ZoneLimits) -> EqualLevels {
    EqualLevels::new(EQUAL, LEGS, EqualSettings { rule, tolerance, limits }).unwrap()
}

const NEAR: Tolerance = Tolerance::Atr { period: 5, multiple: 0.5 };

/// Everything that the detectors report, as they report it.
fn all_events(bars: &[Bar], reclaim_bars: u64, rule: EqualRule, limits: ZoneLimits) -> Vec<Event> {
    let (mut legs, mut periods) = (legs(2), Periods::new(11));
    let mut equal = equal(rule, NEAR, limits);
    let mut pools = pools(reclaim_bars, limits);
    common::events_of(bars, &mut [&mut legs, &mut periods, &mut equal, &mut pools])
}

/// Equal levels as `(change, direction, first anchor, newest anchor, known_at)`. Of each pivot, every earlier
/// one of its kind is asked anew whether it is untaken.
fn plain_groups(bars: &[Bar], pivots: &[Event], tolerance: f64) -> Vec<(Change, Direction, u64, u64, u64)> {
    let (mut found, mut first_of) = (Vec::new(), vec![None; pivots.len()]);
    for (number, pivot) in pivots.iter().enumerate() {
        let untaken = |first: &Event| {
            let between = &bars[place(first.known_at) + 1..=place(pivot.known_at)];
            !between.iter().any(|bar| trades_beyond(bar, first.direction, first.level()))
        };
        let firsts = (0..number).filter(|&first| first_of[first].is_none());
        let nearest = firsts
            .filter(|&first| pivots[first].direction == pivot.direction && untaken(&pivots[first]))
            .min_by(|&a, &b| {
                let distance = |at: usize| (pivots[at].level() - pivot.level()).abs();
                distance(a).total_cmp(&distance(b)).then(b.cmp(&a))
            });
        let Some(first) = nearest.filter(|&at| (pivots[at].level() - pivot.level()).abs() <= tolerance)
        else {
            continue;
        };
        let grows = first_of.contains(&Some(first));
        first_of[number] = Some(first);
        let change = if grows { Change::Extended } else { Change::Born };
        found.push((change, pivot.direction, pivots[first].anchor, pivot.anchor, pivot.known_at));
        if !grows {
            let first = &pivots[first];
            let after = plain_end(bars, first.direction, first.level(), pivot.known_at + 1, 0);
            if let Some((change, at)) = after {
                found.push((change, first.direction, first.anchor, 0, at));
            }
        }
    }
    found.sort_by_key(|&(_, direction, first, _, at)| (at, direction, first));
    found
}

proptest! {
    #[test]
    fn a_run_on_a_prefix_gives_what_the_full_run_knew_by_then(
        bars in common::walk(200),
        cut in any::<prop::sample::Index>(),
        reclaim_bars in 0u64..4,
        rule in prop::sample::select(vec![EqualRule::Pairs, EqualRule::Groups]),
        live in 1usize..9,
    ) {
        let limits = ZoneLimits { live, age_bars_max: Some(40) };
        let until = cut.index(bars.len() + 1);
        let mut known = all_events(&bars, reclaim_bars, rule, limits);
        known.retain(|event| event.known_at < until as u64);
        prop_assert_eq!(all_events(&bars[..until], reclaim_bars, rule, limits), known);
    }

    #[test]
    fn pools_agree_with_the_letter_of_their_definition(
        bars in common::walk(200),
        reclaim_bars in 0u64..4,
    ) {
        let events = all_events(&bars, reclaim_bars, EqualRule::Pairs, ALL);
        let (born, ended): (Vec<_>, Vec<_>) =
            of(&events, POOLS).into_iter().partition(|pool| pool.change == Change::Born);
        let mut expected = Vec::new();
        for event in events.iter().filter(|event| event.id.source() != POOLS) {
            let two = event.kind == Kind::PreviousDay;
            if two || event.direction == Direction::Bullish {
                expected.push((event.id, Direction::Bullish, event.top.to_bits(), event.known_at));
            }
            if two || event.direction == Direction::Bearish {
                expected.push((event.id, Direction::Bearish, event.bottom.to_bits(), event.known_at));
            }
        }
        let birth =
            |pool: &Event| (pool.parents[0].unwrap(), pool.direction, pool.level().to_bits(), pool.known_at);
        // Of the levels of one bar those of periods come first.
        expected.sort_by_key(|(parent, _, _, known_at)| (*known_at, parent.source() != PERIODS));
        prop_assert_eq!(born.iter().map(birth).collect::<Vec<_>>(), expected);
        for pool in &born {
            let reclaim = place(reclaim_bars);
            // The level of a period stood before the bar that reports it.
            let of_a_period = pool.parents[0].unwrap().source() == PERIODS;
            let first = if of_a_period { pool.known_at } else { pool.known_at + 1 };
            let end = plain_end(&bars, pool.direction, pool.level(), first, reclaim);
            let found: Vec<_> =
                ended.iter().filter(|end| end.id == pool.id).map(|end| (end.change, end.known_at)).collect();
            prop_assert_eq!(found, end.into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn live_pools_are_bounded_and_expire(
        bars in common::walk(200),
        live in 1usize..5,
        age_bars_max in prop::sample::select(vec![None, Some(1), Some(9)]),
        reclaim_bars in 0u64..4,
    ) {
        let limits = ZoneLimits { live, age_bars_max };
        let mut series = BarSeries::new();
        let (mut legs, mut periods) = (legs(2), Periods::new(11));
        let (mut pools, mut events, mut open) = (pools(reclaim_bars, limits), Events::new(), Vec::new());
        for (index, bar) in bars.iter().enumerate() {
            let closed = series.close(common::open_time(index), *bar).unwrap();
            events.clear();
            legs.update(&closed, &mut events);
            periods.update(&closed, &mut events);
            pools.update(&closed, &mut events);
            for event in events.iter().filter(|event| event.kind == Kind::Pool) {
                if event.change == Change::Born {
                    open.push(*event);
                } else {
                    let before = open.len();
                    open.retain(|pool| pool.id != event.id);
                    prop_assert_eq!(open.len() + 1, before, "one end for each birth");
                }
            }
            prop_assert!(open.len() <= live);
            prop_assert_eq!(pools.live().copied().collect::<Vec<_>>(), open.clone());
            let age = |pool: &Event| index as u64 - pool.known_at;
            prop_assert!(open.iter().all(|pool| age_bars_max.is_none_or(|most| age(pool) <= most)));
        }
    }

    #[test]
    fn equal_pairs_agree_with_the_letter_of_their_definition(bars in common::walk(200)) {
        let mut detector = equal(EqualRule::Pairs, NEAR, ALL);
        let events = common::events_of(&bars, &mut [&mut legs(2), &mut detector]);
        let pivots = of(&events, LEGS);
        let mut average = Atr::new(5).unwrap();
        let averages: Vec<_> = bars.iter().map(|bar| average.update(bar)).collect();
        let mut expected = Vec::new();
        for (number, pivot) in pivots.iter().enumerate() {
            let before = pivots[..number].iter().rfind(|before| before.direction == pivot.direction);
            if let Some((before, average)) = before.zip(averages[place(pivot.known_at)])
                && (before.level() - pivot.level()).abs() < 0.5 * average
            {
                expected.push(([Some(before.id), Some(pivot.id)], pivot.known_at));
            }
        }
        let found = of(&events, EQUAL);
        let row = |event: &Event| (event.parents, event.known_at);
        prop_assert_eq!(found.iter().map(row).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn equal_groups_agree_with_the_letter_of_their_definition(
        bars in common::walk(250),
        quarters in 0i32..8,
    ) {
        let tolerance = f64::from(quarters) / 4.0;
        let mut detector = equal(EqualRule::Groups, Tolerance::Price(tolerance), ALL);
        let events = common::events_of(&bars, &mut [&mut legs(2), &mut detector]);
        let pivots = of(&events, LEGS);
        let anchor = |id: Option<Id>| pivots.iter().find(|pivot| Some(pivot.id) == id).unwrap().anchor;
        let row = |event: &Event| {
            let ends = matches!(event.change, Change::Swept | Change::Run);
            let newest = if ends { 0 } else { anchor(event.parents[1]) };
            (event.change, event.direction, anchor(event.parents[0]), newest, event.known_at)
        };
        let mut found: Vec<_> = of(&events, EQUAL).iter().map(row).collect();
        found.sort_by_key(|&(_, direction, first, _, at)| (at, direction, first));
        prop_assert_eq!(found, plain_groups(&bars, &pivots, tolerance));
        for event in of(&events, EQUAL) {
            let [first, newest] = event.parents.map(|id| pivots.iter().find(|pivot| Some(pivot.id) == id));
            let (first, newest) = (first.unwrap().level(), newest.unwrap().level());
            prop_assert!(event.bottom <= first.min(newest) && first.max(newest) <= event.top);
            let stops = if event.direction == Direction::Bullish { event.top } else { event.bottom };
            prop_assert_eq!(stops.to_bits(), first.to_bits());
        }
    }

    #[test]
    fn groups_are_bounded_and_expire(
        bars in common::walk(200),
        live in 1usize..4,
        age in prop::sample::select(vec![None, Some(5), Some(30)]),
    ) {
        let limits = ZoneLimits { live, age_bars_max: age };
        let mut detector = equal(EqualRule::Groups, Tolerance::Price(2.0), limits);
        let events = common::events_of(&bars, &mut [&mut legs(2), &mut detector]);
        let pivots = of(&events, LEGS);
        let mut open: Vec<Event> = Vec::new();
        for event in of(&events, EQUAL) {
            match event.change {
                Change::Born => open.push(event),
                Change::Extended => prop_assert!(open.iter().any(|group| group.id == event.id)),
                _ => open.retain(|group| group.id != event.id),
            }
            for side in [Direction::Bullish, Direction::Bearish] {
                prop_assert!(open.iter().filter(|group| group.direction == side).count() <= live);
            }
            if let Some(most) = age {
                let first = pivots.iter().find(|pivot| Some(pivot.id) == event.parents[0]).unwrap();
                let old = event.known_at - first.known_at;
                prop_assert!(old <= most || event.change == Change::Expired);
            }
        }
    }
}

const MARKS: Source = Source(5);
const INDUCED: Source = Source(6);

/// Bears a bullish and a bearish zone every few bars, at distances that vary.
struct Marks(u64);

impl Detector for Marks {
    fn update(&mut self, bar: &ClosedBar, events: &mut Events) {
        if !bar.index().is_multiple_of(3) {
            return;
        }
        let away = f64::from(u32::try_from(bar.index() * 7 % 11).unwrap());
        let (low, high) = (bar.bar().low - away, bar.bar().high + away);
        for (direction, top, bottom) in
            [(Direction::Bullish, low, low - 1.0), (Direction::Bearish, high + 1.0, high)]
        {
            events.push(Event {
                id: Id::new(MARKS, self.0),
                kind: Kind::OrderBlock,
                change: Change::Born,
                direction,
                anchor: bar.index(),
                known_at: bar.index(),
                top,
                bottom,
                parents: [None; 2],
            });
            self.0 += 1;
        }
    }
}

fn induced(bars: &[Bar], reclaim_bars: u64, taken_by: TakenBy, limits: ZoneLimits) -> Vec<Event> {
    let settings = PoolSettings { reclaim_bars, limits: ALL };
    let mut pools = Pools::new(POOLS, &[leg_input()], settings).unwrap();
    let settings = InducementSettings { taken_by, limits };
    let mut inducements = Inducements::new(INDUCED, POOLS, &[MARKS], settings).unwrap();
    common::events_of(bars, &mut [&mut legs(1), &mut Marks(0), &mut pools, &mut inducements])
}

/// Pool and zone of the inducement of a direction on bar `t`, if there is one: everything is searched anew.
fn plain_inducement(
    bars: &[Bar],
    events: &[Event],
    direction: Direction,
    t: usize,
    taken_by: TakenBy,
) -> Option<(Id, Id)> {
    let up = direction == Direction::Bullish;
    let since = |event: &Event| &bars[place(event.known_at) + 1..=t];
    let before = |event: &&Event| event.change == Change::Born && place(event.known_at) < t;
    let touched = |zone: &Event| {
        since(zone).iter().any(|bar| if up { bar.low <= zone.top } else { bar.high >= zone.bottom })
    };
    // Heights above the zones' side: less is nearer to the zones.
    let height = |price: f64| if up { price } else { -price };
    let near = |zone: &Event| height(if up { zone.top } else { zone.bottom });
    let zones = events.iter().filter(before).filter(|zone| zone.id.source() == MARKS);
    let zone = zones
        .filter(|zone| zone.direction == direction && !touched(zone))
        .max_by(|a, b| near(a).total_cmp(&near(b)).then(b.id.cmp(&a.id)))?;
    let side = direction.opposite();
    let is_pool = |pool: &&Event| pool.id.source() == POOLS && pool.direction == side;
    let swept = events
        .iter()
        .filter(is_pool)
        .filter(|pool| place(pool.known_at) == t)
        .filter(|pool| match taken_by {
            TakenBy::Sweep => pool.change == Change::Swept,
            TakenBy::SweepOrRun => matches!(pool.change, Change::Swept | Change::Run),
        })
        .min_by(|a, b| height(a.level()).total_cmp(&height(b.level())))?;
    let mut others = events
        .iter()
        .filter(before)
        .filter(is_pool)
        .filter(|pool| !since(pool).iter().any(|bar| trades_beyond(bar, side, pool.level())));
    let in_front = |pool: &Event| height(pool.level()) > near(zone);
    (in_front(swept) && !others.any(in_front)).then_some((swept.id, zone.id))
}

proptest! {
    #[test]
    fn inducements_agree_with_the_letter_of_their_definition(
        bars in common::walk(100),
        reclaim_bars in 0u64..3,
        taken_by in prop::sample::select(vec![TakenBy::Sweep, TakenBy::SweepOrRun]),
    ) {
        let events = induced(&bars, reclaim_bars, taken_by, ALL);
        let mut expected = Vec::new();
        for t in 0..bars.len() {
            for direction in [Direction::Bullish, Direction::Bearish] {
                if let Some((pool, zone)) = plain_inducement(&bars, &events, direction, t, taken_by) {
                    expected.push((t as u64, direction, [Some(pool), Some(zone)]));
                }
            }
        }
        let found = of(&events, INDUCED);
        let row = |event: &Event| (event.known_at, event.direction, event.parents);
        prop_assert_eq!(found.iter().map(row).collect::<Vec<_>>(), expected);
        for event in &found {
            let pool = events.iter().find(|pool| Some(pool.id) == event.parents[0]).unwrap();
            prop_assert_eq!((event.anchor, event.level().to_bits()), (pool.anchor, pool.level().to_bits()));
        }
    }

    #[test]
    fn inducements_of_a_prefix_are_those_known_by_then(
        bars in common::walk(200),
        cut in any::<prop::sample::Index>(),
        live in 1usize..5,
        age_bars_max in prop::sample::select(vec![None, Some(10)]),
    ) {
        let limits = ZoneLimits { live, age_bars_max };
        let until = cut.index(bars.len() + 1);
        let mut known = induced(&bars, 1, TakenBy::SweepOrRun, limits);
        known.retain(|event| event.known_at < until as u64);
        prop_assert_eq!(induced(&bars[..until], 1, TakenBy::SweepOrRun, limits), known);
        let zones = induced(&bars, 1, TakenBy::SweepOrRun, limits);
        for event in of(&zones, INDUCED) {
            let zone = zones.iter().find(|zone| Some(zone.id) == event.parents[1]).unwrap();
            prop_assert!(age_bars_max.is_none_or(|most| event.known_at - zone.known_at <= most));
        }
    }
}

#[test]
fn a_wavy_market_induces_in_both_directions() {
    let bars: Vec<_> = (0..400u32)
        .map(|at| {
            let wave = f64::from(at * 37 % 23) / 4.0 - f64::from(at * 11 % 17) / 4.0;
            let open = 1_000.0 + wave;
            bar(open, open + 1.5, open - 1.5, open + f64::from(at % 3) - 1.0)
        })
        .collect();
    let found = of(&induced(&bars, 0, TakenBy::SweepOrRun, ALL), INDUCED);
    for direction in [Direction::Bullish, Direction::Bearish] {
        assert!(found.iter().any(|event| event.direction == direction), "{direction:?}");
    }
}

fn bar(open: f64, high: f64, low: f64, close: f64) -> Bar {
    Bar { open, high, low, close }
}

#[test]
fn a_close_back_within_the_bars_allowed_makes_a_run_a_sweep() {
    // A high of 12 at bar 1, known at bar 2 as a fractal, closed beyond at bar 3.
    let rise = [bar(9.0, 10.0, 9.0, 10.0), bar(10.0, 12.0, 10.0, 11.0), bar(11.0, 11.0, 9.0, 10.0)];
    let beyond = bar(10.0, 14.0, 10.0, 13.0);
    let back = bar(13.0, 13.0, 11.0, 12.0);
    let run = |reclaim_bars: u64, last: &[Bar]| {
        let settings = PoolSettings { reclaim_bars, ..PoolSettings::default() };
        let input = PoolInput { source: Source(9), kind: Kind::FractalPivot };
        let mut pools = Pools::new(POOLS, &[input], settings).unwrap();
        let bars: Vec<_> = rise.iter().chain(last).copied().collect();
        let mut fractal = Fractal::new(Source(9), 1, 1).unwrap();
        let events = common::events_of(&bars, &mut [&mut fractal, &mut pools]);
        let first = Id::new(POOLS, 0);
        let changes = events.iter().filter(|event| event.id == first);
        changes.map(|event| (event.change, event.known_at)).collect::<Vec<_>>()
    };
    let born = (Change::Born, 2);
    assert_eq!(run(0, &[beyond, back]), [born, (Change::Run, 3)]);
    assert_eq!(run(1, &[beyond, back]), [born, (Change::Swept, 4)]);
    assert_eq!(run(1, &[beyond, beyond, back]), [born, (Change::Run, 4)]);
    assert_eq!(run(2, &[beyond, beyond, back]), [born, (Change::Swept, 5)]);
    assert_eq!(run(u64::MAX, &[beyond, beyond]), [born]);
}

#[test]
fn nothing_is_allocated_after_a_warm_up() {
    let limits = ZoneLimits { live: 16, age_bars_max: None };
    let mut legs = legs(2);
    let mut equal = equal(EqualRule::Groups, NEAR, limits);
    let mut pools = pools(3, limits);
    let settings = InducementSettings { limits, ..InducementSettings::default() };
    let mut inducements = Inducements::new(INDUCED, POOLS, &[MARKS], settings).unwrap();
    let (mut marks, mut periods) = (Marks(0), Periods::new(11));
    let (mut series, mut events, mut found) = (BarSeries::new(), Events::new(), [0; 2]);
    let walk = bars::walk(1, 20_000);
    let mut run = |range: core::ops::Range<usize>| {
        for at in range {
            let closed = series.close(common::open_time(at), walk[at]).unwrap();
            events.clear();
            let detectors: [&mut dyn Detector; 6] =
                [&mut legs, &mut marks, &mut periods, &mut equal, &mut pools, &mut inducements];
            for detector in detectors {
                detector.update(&closed, &mut events);
            }
            found[0] += events.iter().filter(|event| event.kind == Kind::Inducement).count();
            found[1] += events.iter().filter(|event| event.change == Change::Run).count();
        }
    };
    run(0..10_000);
    assert_eq!(allocation_counter::measure(|| run(10_000..20_000)).bytes_total, 0);
    assert!(found.iter().all(|&found| found > 100), "{found:?}");
}

#[test]
fn parameters_out_of_range_are_refused() {
    let settings = PoolSettings::default();
    let zero = PoolSettings { limits: ZoneLimits { live: 0, age_bars_max: None }, ..settings };
    let gap = PoolInput { source: LEGS, kind: Kind::FairValueGap };
    assert!(Pools::new(POOLS, &[], settings).is_err());
    assert!(Pools::new(POOLS, &[gap], settings).is_err());
    assert!(Pools::new(POOLS, &[leg_input(); POOL_INPUTS_MAX + 1], settings).is_err());
    assert!(Pools::new(POOLS, &[leg_input(); POOL_INPUTS_MAX], settings).is_ok());
    assert!(Pools::new(POOLS, &[leg_input()], zero).is_err());
    let inducements = |zones: &[Source], live| {
        let limits = ZoneLimits { live, age_bars_max: None };
        let settings = InducementSettings { limits, ..InducementSettings::default() };
        Inducements::new(INDUCED, POOLS, zones, settings)
    };
    assert!(inducements(&[], 1).is_err() && inducements(&[MARKS], 0).is_err());
    assert!(inducements(&[MARKS; ZONE_SOURCES_MAX], 1).is_ok());
    assert!(inducements(&[MARKS; ZONE_SOURCES_MAX + 1], 1).is_err());
    let equal = |tolerance, live| {
        let limits = ZoneLimits { live, age_bars_max: None };
        let settings = EqualSettings { rule: EqualRule::Groups, tolerance, limits };
        EqualLevels::new(EQUAL, LEGS, settings)
    };
    assert!(equal(Tolerance::Price(0.0), 1).is_ok() && equal(Tolerance::Price(0.0), 0).is_err());
    for bad in [-1.0, f64::NAN, f64::INFINITY] {
        assert!(equal(Tolerance::Price(bad), 1).is_err());
        assert!(equal(Tolerance::Atr { period: 5, multiple: bad }, 1).is_err());
    }
    assert!(equal(Tolerance::Atr { period: 0, multiple: 1.0 }, 1).is_err());
    assert!(equal(Tolerance::Atr { period: 5, multiple: 0.0 }, 1).is_err());
}
