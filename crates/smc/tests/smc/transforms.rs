//! What becomes of events when the market is measured otherwise: in another unit, from another zero, upside
//! down, some weeks later. Nothing may hang on the unit, the zero or the side.

#![allow(
    clippy::cast_possible_truncation,
    reason = "a test fails by panicking; prices are small whole numbers"
)]
#![allow(clippy::needless_update, reason = "a chart may get settings that these tests leave alone")]

use std::collections::BTreeMap;

use crate::{bars, common, rig};
use proptest::prelude::*;
use seawall_model::Ts;
use seawall_smc::{
    Bar, Change, Chart, ChartSettings, Direction, Event, FairValueGapSettings, Id, Kind, WideBars, ZoneLimits,
};

/// What is put to the test, given limits, the least size of gaps as a fraction of price, and bars.
type Subject = fn(ZoneLimits, f64, &[(Ts, Bar)]) -> Vec<Event>;

/// A chart, and one of every detector; with short legs, so that a short walk sees everything.
const SUBJECTS: [Subject; 2] = [of_chart, of_every_detector];

const FEW: ZoneLimits = ZoneLimits { live: 6, age_bars_max: Some(60) };

fn of_chart(limits: ZoneLimits, size_fraction_min: f64, bars: &[(Ts, Bar)]) -> Vec<Event> {
    let settings = ChartSettings {
        internal_leg: 2,
        swing_leg: 5,
        fractal_bars: 2,
        wide_bars: WideBars::Exchanged { atr_period: 6, multiple: 1.5 },
        gaps: FairValueGapSettings { limits, size_fraction_min },
        limits,
        ..ChartSettings::default()
    };
    let mut chart = Chart::new(&settings).unwrap();
    let mut all = Vec::new();
    for (time, bar) in bars {
        all.extend(chart.update(*time, *bar).unwrap());
    }
    all
}

fn of_every_detector(limits: ZoneLimits, _: f64, bars: &[(Ts, Bar)]) -> Vec<Event> {
    rig::run(limits, bars.iter().copied()).concat()
}

fn timed(bars: &[Bar]) -> Vec<(Ts, Bar)> {
    bars.iter().enumerate().map(|(index, bar)| (bars::open_time(index), *bar)).collect()
}

fn map(bar: &Bar, price: impl Fn(f64) -> f64) -> Bar {
    Bar { open: price(bar.open), high: price(bar.high), low: price(bar.low), close: price(bar.close) }
}

/// The events with other prices, which are compared without rounding.
fn moved(events: &[Event], price: impl Fn(f64) -> f64) -> Vec<Event> {
    let moved = |event: &Event| Event { top: price(event.top), bottom: price(event.bottom), ..*event };
    events.iter().map(moved).collect()
}

/// Whole prices, so that adding a whole number is exact.
fn on_whole_prices(bars: &[Bar]) -> Vec<Bar> {
    bars.iter().map(|bar| map(bar, |price| price * 4.0)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// A power of two changes the exponent of a float alone, so every comparison and every average comes out
    /// the same. Holds for every setting: thresholds are fractions, averages or counts of bars.
    #[test]
    fn prices_in_another_unit_give_the_same_events_bit_for_bit(
        bars in common::walk(250),
        power in prop::sample::select(vec![-40, -7, -1, 1, 3, 30]),
        size_fraction_min in prop::sample::select(vec![0.0, 0.0005]),
    ) {
        let scale = |price: f64| price * 2f64.powi(power);
        let scaled: Vec<Bar> = bars.iter().map(|bar| map(bar, scale)).collect();
        for subject in SUBJECTS {
            let plain = subject(FEW, size_fraction_min, &timed(&bars));
            let scaled = subject(FEW, size_fraction_min, &timed(&scaled));
            prop_assert_eq!(scaled, moved(&plain, scale));
        }
    }

    /// On whole prices differences are exact, so nothing moves but the prices. Prices may be below zero.
    /// Left out: the least size of gaps, which is a fraction of price (here 0); and optimal entries, whose
    /// prices are decimal fractions of a leg and so are rounded.
    #[test]
    fn prices_from_another_zero_give_the_same_events_with_prices_moved(
        bars in common::walk(250),
        by in prop::sample::select(vec![-100_000.0, -4_000.0, -3_990.0, 1.0, 1_000_000.0]),
    ) {
        let bars = on_whole_prices(&bars);
        let shift = |price: f64| price + by;
        let shifted: Vec<Bar> = bars.iter().map(|bar| map(bar, shift)).collect();
        for subject in SUBJECTS {
            let of = |bars: &[Bar]| {
                let mut events = subject(FEW, 0.0, &timed(bars));
                events.retain(|event| event.kind != Kind::OptimalTradeEntry);
                events
            };
            prop_assert_eq!(of(&shifted), moved(&of(&bars), shift));
        }
    }

    /// Prices negated: high and low change places, and so do the two directions. Left out, because the
    /// definitions are not symmetric there:
    ///
    /// * Legs start downwards, so the first pivot is always a low. Both runs first see the same bars
    ///   ([`preamble`]) after which they agree; what came until then is not compared, and things are matched
    ///   rather than numbers.
    /// * A bar that stands out to both sides counts as a high, which needs a next bar inside of it. The walk
    ///   has none ([`without_inside_bars`]).
    /// * On one bar the high side comes first, so which of two things of one bar is the older and is pushed
    ///   out by the limit differs. The limit is never reached here; age ends things on both sides alike.
    /// * What a period or a session made has the direction of its candle, upwards if it is none; an
    ///   equilibrium entered at its very middle points upwards. Their directions are not compared.
    #[test]
    fn the_mirrored_market_gives_the_mirrored_events(walk in common::walk(250)) {
        let limits = ZoneLimits { live: 4_096, age_bars_max: Some(60) };
        let mut bars = preamble();
        let start = bars.len() as u64;
        bars.extend(walk);
        let bars = without_inside_bars(bars);
        let mirrored: Vec<Bar> = bars.iter().map(mirror).collect();
        for subject in SUBJECTS {
            let (plain, mirrored) =
                (subject(limits, 0.0, &timed(&bars)), subject(limits, 0.0, &timed(&mirrored)));
            let mut pairs = Pairs::new(&plain, &mirrored);
            for index in start..bars.len() as u64 {
                let of = |events: &[Event]| -> Vec<Event> {
                    events.iter().filter(|event| event.known_at == index).copied().collect()
                };
                pairs.compare(&of(&plain), &of(&mirrored));
            }
        }
    }

    /// Nothing but the calendar may hang on the time, and whole weeks keep it. Left out: weeks in which a
    /// month begins or clocks change.
    #[test]
    fn some_weeks_later_the_same_bars_give_the_same_events(
        bars in common::walk(250),
        weeks in prop::sample::select(vec![1i64, 2, 3, 5, 6, 7]),
    ) {
        let later: Vec<(Ts, Bar)> = timed(&bars)
            .into_iter()
            .map(|(time, bar)| (Ts::from_millis(time.millis() + weeks * 604_800_000), bar))
            .collect();
        for subject in SUBJECTS {
            prop_assert_eq!(subject(FEW, 0.0, &later), subject(FEW, 0.0, &timed(&bars)));
        }
    }
}

fn mirror(bar: &Bar) -> Bar {
    Bar { open: -bar.open, high: -bar.low, low: -bar.high, close: -bar.close }
}

/// Legs up and down, each shorter than the one before but longer than a swing leg. The lowest bar is the
/// turn of the first leg down: its wick, too short for a rejection, takes whatever liquidity the first bars
/// left below, too far below them for an equal low.
fn preamble() -> Vec<Bar> {
    let mut bars = Vec::new();
    let mut price = 1_000.0;
    for (steps, by) in [(20, 1.0), (19, -1.0), (15, 1.0), (12, -1.0), (9, 1.0)] {
        for _ in 0..steps {
            let close = price + by;
            bars.push(Bar { open: price, high: price.max(close) + 1.0, low: price.min(close) - 1.0, close });
            price = close;
        }
    }
    bars[38] = Bar { open: 1_006.0, high: 1_006.0, low: 997.0, close: 999.5 };
    bars
}

/// The same bars, each at least as high or as low as the one before.
fn without_inside_bars(mut bars: Vec<Bar>) -> Vec<Bar> {
    for at in 1..bars.len() {
        let before = bars[at - 1];
        if bars[at].high < before.high && bars[at].low > before.low {
            bars[at].high = before.high;
        }
    }
    bars
}

/// The event of the mirrored market as it would be in the plain one.
fn back(event: &Event) -> Event {
    const KINDS: [(Kind, Kind); 3] = [
        (Kind::HigherHigh, Kind::LowerLow),
        (Kind::LowerHigh, Kind::HigherLow),
        (Kind::Premium, Kind::Discount),
    ];
    let kind = other_of(&KINDS, event.kind);
    let change = other_of(&[(Change::HighBroken, Change::LowBroken)], event.change);
    let [first, second] = event.parents;
    // The low and the high that it lies between.
    let parents = if kind == Kind::DealingRange { [second, first] } else { [first, second] };
    let (direction, top, bottom) = (event.direction.opposite(), -event.bottom, -event.top);
    without_chance(&Event { kind, change, direction, top, bottom, parents, ..*event })
}

/// The other one of its pair; what is in no pair stays.
fn other_of<T: Copy + PartialEq>(pairs: &[(T, T)], thing: T) -> T {
    let other = |(one, other): &(T, T)| {
        if *one == thing { Some(*other) } else { (*other == thing).then_some(*one) }
    };
    pairs.iter().find_map(other).unwrap_or(thing)
}

/// The event without a direction that a tie decides.
fn without_chance(event: &Event) -> Event {
    let by_candle = matches!(
        event.kind,
        Kind::Session
            | Kind::SessionLevels
            | Kind::PreviousDay
            | Kind::PreviousWeek
            | Kind::PreviousMonth
            | Kind::PreviousPeriod
            | Kind::OpenPrice
            | Kind::Equilibrium
    );
    Event { direction: if by_candle { Direction::Bullish } else { event.direction }, ..*event }
}

/// Which thing of one run is which of the other.
struct Pairs {
    born: [BTreeMap<Id, u64>; 2],
    other: BTreeMap<Id, Id>,
    taken: BTreeMap<Id, Id>,
}

impl Pairs {
    fn new(plain: &[Event], mirrored: &[Event]) -> Self {
        let born = [plain, mirrored].map(|events| {
            let mut born = BTreeMap::new();
            for event in events {
                born.entry(event.id).or_insert(event.known_at);
            }
            born
        });
        Pairs { born, other: BTreeMap::new(), taken: BTreeMap::new() }
    }

    /// The two runs report the same of one bar, in whatever order.
    fn compare(&mut self, plain: &[Event], mirrored: &[Event]) {
        let plain = self.sorted(0, plain.iter().map(without_chance).collect());
        let mirrored = self.sorted(1, mirrored.iter().map(back).collect());
        let anonymous = |event: &Event| {
            let parents = event.parents.map(|parent| parent.map(Id::source));
            (Event { id: Id::new(event.id.source(), 0), parents: [None; 2], ..*event }, parents)
        };
        let only = |these: &[Event], those: &[Event]| -> Vec<Event> {
            let lacks = |event: &&Event| those.iter().all(|other| anonymous(other) != anonymous(event));
            these.iter().filter(lacks).copied().collect()
        };
        let lonely = (only(&plain, &mirrored), only(&mirrored, &plain));
        assert!(lonely.0.is_empty() && lonely.1.is_empty(), "only here, only there: {lonely:#?}");
        assert_eq!(plain.len(), mirrored.len(), "as many events: {plain:#?} {mirrored:#?}");
        for (one, other) in plain.iter().zip(&mirrored) {
            assert_eq!(anonymous(one), anonymous(other));
            self.pair(one.id, other.id);
            for (one, other) in one.parents.into_iter().zip(other.parents) {
                if let (Some(one), Some(other)) = (one, other) {
                    self.pair(one, other);
                }
            }
        }
    }

    fn pair(&mut self, one: Id, other: Id) {
        assert_eq!(*self.other.entry(one).or_insert(other), other, "{one} is one thing there too");
        assert_eq!(*self.taken.entry(other).or_insert(one), one, "{other} is one thing here too");
    }

    fn sorted(&self, run: usize, mut events: Vec<Event>) -> Vec<Event> {
        let price = |price: f64| (price * 4.0).round() as i64;
        events.sort_by_key(|event| {
            let Event { id, kind, change, direction, anchor, top, bottom, .. } = *event;
            let born = self.born[run].get(&id).copied();
            (id.source(), kind, born, direction, anchor, price(top), price(bottom), change, id)
        });
        events
    }
}
