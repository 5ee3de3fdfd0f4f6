//! SMT divergence between two series.

use crate::common;
use crate::timed::closed;
use proptest::prelude::*;
use seawall_model::{Span, Ts};
use seawall_smc::{
    Bar, Correlation, Detector, Direction, Event, Events, Fractal, Id, Kind, SmtDivergences, SmtSettings,
    Source,
};

const PIVOTS: Source = Source(1);
const SMT: Source = Source(9);
const RIGHT: usize = 2;

fn settings(tolerance_bars: i64, correlation: Correlation) -> SmtSettings {
    SmtSettings {
        first: PIVOTS,
        second: PIVOTS,
        pivots: Kind::FractalPivot,
        pivot_bars: RIGHT,
        tolerance: Span::from_secs(900 * tolerance_bars),
        correlation,
    }
}

/// What is reported on each bar.
fn pivots(bars: &[(Ts, Bar)]) -> Vec<Events> {
    let mut fractal = Fractal::new(PIVOTS, 2, RIGHT).unwrap();
    let of_bar = |bar| {
        let mut events = Events::new();
        fractal.update(bar, &mut events);
        events
    };
    closed(bars).iter().map(of_bar).collect()
}

/// Takes in each bar of the second market before the first's of the same time, and up to `ahead` more.
fn divergences(first: &[(Ts, Bar)], second: &[(Ts, Bar)], settings: SmtSettings, ahead: usize) -> Vec<Event> {
    let mut smt = SmtDivergences::new(SMT, settings).unwrap();
    let (second_closed, second_events) = (closed(second), pivots(second));
    let (mut taken, mut found) = (0, Vec::new());
    for (number, (bar, mut events)) in closed(first).iter().zip(pivots(first)).enumerate() {
        while taken < second.len() && (taken < number + ahead || second[taken].0 <= bar.open_time()) {
            smt.update_second(&second_closed[taken], &second_events[taken]);
            taken += 1;
        }
        let reported = events.len();
        smt.update_first(bar, &mut events);
        found.extend(events.iter().skip(reported).copied());
    }
    found
}

#[derive(Clone, Copy)]
struct Plain {
    of_first: bool,
    kind: Direction,
    open_time: Ts,
    known: Ts,
    anchor: u64,
    id: Id,
    level: f64,
}

/// All pivots of a market, turned if it moves inversely.
fn plain_pivots(bars: &[(Ts, Bar)], of_first: bool, inverse: bool) -> Vec<Plain> {
    let place = |index: u64| usize::try_from(index).unwrap();
    let all: Vec<Event> =
        pivots(bars).iter().flat_map(|events| events.iter().copied().collect::<Vec<_>>()).collect();
    let turned = |event: Event| Plain {
        of_first,
        kind: if inverse { event.direction.opposite() } else { event.direction },
        open_time: bars[place(event.anchor)].0,
        known: bars[place(event.known_at)].0,
        anchor: event.anchor,
        id: event.id,
        level: if inverse { -event.level() } else { event.level() },
    };
    all.into_iter().map(turned).collect()
}

/// The definition on lists of all pivots: `(known, direction, anchor, both pivots)`.
fn plain(
    first: &[(Ts, Bar)],
    second: &[(Ts, Bar)],
    settings: &SmtSettings,
) -> Vec<(Ts, Direction, u64, [Id; 2])> {
    let inverse = settings.correlation == Correlation::Inverse;
    let mut arrivals = plain_pivots(second, false, inverse);
    // A pivot of the second market counts from the first market's bar on that opens no earlier.
    arrivals.retain_mut(|pivot| {
        let bar = first.iter().find(|(open_time, _)| *open_time >= pivot.known);
        bar.inspect(|bar| pivot.known = bar.0).is_some()
    });
    arrivals.extend(plain_pivots(first, true, false));
    arrivals.sort_by_key(|pivot| pivot.known);
    let (mut pairs, mut found): (Vec<(Plain, Plain)>, _) = (Vec::new(), Vec::new());
    for (number, pivot) in arrivals.iter().enumerate() {
        let of = |of_first: bool| {
            let known = arrivals[..=number].iter();
            known
                .filter(move |other| other.of_first == of_first && other.kind == pivot.kind)
                .collect::<Vec<_>>()
        };
        let last_paired = pairs.iter().rfind(|(a, _)| a.kind == pivot.kind);
        let last_paired = last_paired.map(|(a, b)| if pivot.of_first { b.open_time } else { a.open_time });
        let distance = |other: &Plain| other.open_time.since(pivot.open_time).nanos().abs();
        let partner = of(!pivot.of_first)
            .into_iter()
            .filter(|other| last_paired.is_none_or(|last| other.open_time > last))
            .filter(|other| distance(other) <= settings.tolerance.nanos())
            .min_by_key(|other| distance(other));
        let Some(partner) = partner else { continue };
        let (a, b) = if pivot.of_first { (*pivot, *partner) } else { (*partner, *pivot) };
        let before = |all: Vec<&Plain>, of: Id| {
            let place = all.iter().position(|pivot| pivot.id == of).unwrap();
            place.checked_sub(1).map(|before| *all[before])
        };
        if let (Some(a0), Some(b0)) = (before(of(true), a.id), before(of(false), b.id))
            && pairs.iter().any(|(x, y)| x.id == a0.id && y.id == b0.id)
            && (a.level - a0.level) * (b.level - b0.level) < 0.0
        {
            found.push((pivot.known, pivot.kind.opposite(), a.anchor, [a.id, b.id]));
        }
        pairs.push((a, b));
    }
    found
}

/// Two markets: the second follows the first with noise of its own, and some bars are missing.
fn markets(length: usize) -> impl Strategy<Value = [Vec<(Ts, Bar)>; 2]> {
    let noise = prop::collection::vec((-3i32..=3, 0u8..20), length);
    (common::walk(length), noise).prop_map(|(bars, noise)| {
        let first: Vec<_> = bars.iter().enumerate().map(|(n, bar)| (common::open_time(n), *bar)).collect();
        let moved = |((open_time, bar), (by, missing)): (&(Ts, Bar), &(i32, u8))| {
            let by = f64::from(*by) / 4.0;
            let (open, high, low, close) = (bar.open + by, bar.high + by, bar.low + by, bar.close + by);
            (*missing > 0).then_some((*open_time, Bar { open, high, low, close }))
        };
        let second = first.iter().zip(&noise).filter_map(moved).collect();
        [first, second]
    })
}

/// The market upside down.
fn turned(bars: &[(Ts, Bar)]) -> Vec<(Ts, Bar)> {
    let turn = |bar: &Bar| Bar { open: -bar.open, high: -bar.low, low: -bar.high, close: -bar.close };
    bars.iter().map(|(open_time, bar)| (*open_time, turn(bar))).collect()
}

proptest! {
    #[test]
    fn divergences_agree_with_the_letter_of_their_definition(
        [first, second] in markets(200),
        tolerance_bars in 0i64..4,
    ) {
        for (correlation, second) in
            [(Correlation::Direct, second.clone()), (Correlation::Inverse, turned(&second))]
        {
            let settings = settings(tolerance_bars, correlation);
            let found: Vec<_> = divergences(&first, &second, settings, 0)
                .into_iter()
                .map(|event| {
                    let known = first[usize::try_from(event.known_at).unwrap()].0;
                    let parents = event.parents.map(Option::unwrap);
                    (known, event.direction, event.anchor, parents)
                })
                .collect();
            prop_assert_eq!(found, plain(&first, &second, &settings));
        }
    }

    #[test]
    fn divergences_of_a_prefix_are_those_of_the_full_run(
        [first, second] in markets(150),
        cut in any::<prop::sample::Index>(),
        ahead in 0usize..10,
    ) {
        let settings = settings(2, Correlation::Direct);
        let until = cut.index(first.len() + 1);
        let mut known = divergences(&first, &second, settings, ahead);
        prop_assert_eq!(&divergences(&first, &second, settings, 0), &known, "whatever is in ahead of time");
        known.retain(|event| event.known_at < until as u64);
        let end = first[..until].last().map_or(0, |(last, _)| second.partition_point(|(at, _)| at <= last));
        prop_assert_eq!(divergences(&first[..until], &second[..end], settings, 0), known);
    }
}

#[test]
fn a_higher_high_against_a_lower_high_is_bearish() {
    let bars = |prices: &[f64]| -> Vec<(Ts, Bar)> {
        let bar = |&price: &f64| Bar { open: price, high: price, low: price, close: price };
        prices.iter().enumerate().map(|(n, price)| (common::open_time(n), bar(price))).collect()
    };
    let first = bars(&[1.0, 2.0, 5.0, 4.0, 3.0, 4.0, 6.0, 5.0, 4.0]);
    let second = bars(&[1.0, 2.0, 5.0, 4.0, 2.5, 4.0, 4.5, 4.2, 4.0]);
    let found = divergences(&first, &second, settings(1, Correlation::Direct), 0);
    assert_eq!(found.len(), 1);
    let event = found[0];
    assert_eq!(
        (event.kind, event.direction, event.anchor, event.known_at),
        (Kind::SmtDivergence, Direction::Bearish, 6, 8)
    );
    assert_eq!((event.top, event.bottom), (6.0, 5.0));
    assert_eq!(divergences(&first, &turned(&second), settings(1, Correlation::Inverse), 0), found);
    assert!(divergences(&first, &first, settings(1, Correlation::Direct), 0).is_empty());
}

#[test]
fn parameters_out_of_range_are_refused() {
    let good = settings(1, Correlation::Direct);
    let refused = |settings| SmtDivergences::new(SMT, settings).is_err();
    assert!(!refused(good));
    assert!(refused(SmtSettings { pivots: Kind::Bos, ..good }));
    assert!(refused(SmtSettings { pivot_bars: 0, ..good }));
    assert!(refused(SmtSettings { tolerance: Span::from_secs(-1), ..good }));
}
