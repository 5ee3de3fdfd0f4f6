//! What becomes of events when the market is measured otherwise: in another unit, from another zero, upside
//! down, some weeks later. Nothing may hang on the unit, the zero or the side.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a test fails by panicking; prices are small whole numbers"
)]
#![allow(clippy::needless_update, reason = "a chart may get settings that these tests leave alone")]

mod common;

use std::collections::BTreeMap;

use proptest::prelude::*;
use seawall_model::Ts;
use seawall_smc::{Bar, Chart, ChartSettings, Event, FairValueGapSettings, Id, WideBars, ZoneLimits};

/// Short legs and few zones, so that a short walk sees everything.
fn settings() -> ChartSettings {
    let limits = ZoneLimits { live: 6, age_bars_max: Some(60) };
    ChartSettings {
        internal_leg: 2,
        swing_leg: 5,
        fractal_bars: 2,
        wide_bars: WideBars::Exchanged { atr_period: 6, multiple: 1.5 },
        gaps: FairValueGapSettings { limits, ..FairValueGapSettings::default() },
        limits,
        ..ChartSettings::default()
    }
}

fn events_at(settings: &ChartSettings, time: impl Fn(usize) -> Ts, bars: &[Bar]) -> Vec<Event> {
    let mut chart = Chart::new(settings).unwrap();
    let mut all = Vec::new();
    for (index, bar) in bars.iter().enumerate() {
        all.extend(chart.update(time(index), *bar).unwrap());
    }
    all
}

fn events_of(settings: &ChartSettings, bars: &[Bar]) -> Vec<Event> {
    events_at(settings, common::open_time, bars)
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
    #![proptest_config(ProptestConfig::with_cases(192))]

    /// A power of two changes the exponent of a float alone, so every comparison and every average comes out
    /// the same. Holds for every setting: thresholds are fractions, averages or counts of bars.
    #[test]
    fn prices_in_another_unit_give_the_same_events_bit_for_bit(
        bars in common::walk(250),
        power in prop::sample::select(vec![-40, -7, -1, 1, 3, 30]),
        size_fraction_min in prop::sample::select(vec![0.0, 0.0005]),
    ) {
        let mut settings = settings();
        settings.gaps.size_fraction_min = size_fraction_min;
        let scale = |price: f64| price * 2f64.powi(power);
        let scaled: Vec<Bar> = bars.iter().map(|bar| map(bar, scale)).collect();
        let (plain, scaled) = (events_of(&settings, &bars), events_of(&settings, &scaled));
        prop_assert_eq!(scaled, moved(&plain, scale));
    }

    /// On whole prices differences are exact, so nothing moves but the prices. Prices may be below zero.
    /// Left out: what is defined by fractions of a price, which is the least size of gaps (here 0).
    #[test]
    fn prices_from_another_zero_give_the_same_events_with_prices_moved(
        bars in common::walk(250),
        by in prop::sample::select(vec![-100_000.0, -4_000.0, -3_990.0, 1.0, 1_000_000.0]),
    ) {
        let bars = on_whole_prices(&bars);
        let shift = |price: f64| price + by;
        let shifted: Vec<Bar> = bars.iter().map(|bar| map(bar, shift)).collect();
        let (plain, shifted) = (events_of(&settings(), &bars), events_of(&settings(), &shifted));
        prop_assert_eq!(shifted, moved(&plain, shift));
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
    #[test]
    fn the_mirrored_market_gives_the_mirrored_events(walk in common::walk(250)) {
        let limits = ZoneLimits { live: 4_096, age_bars_max: Some(60) };
        let mut settings = ChartSettings { limits, ..settings() };
        settings.gaps.limits = limits;
        let mut bars = preamble();
        let start = bars.len() as u64;
        bars.extend(walk);
        let bars = without_inside_bars(bars);
        let mirrored: Vec<Bar> = bars.iter().map(mirror).collect();
        let (plain, mirrored) = (events_of(&settings, &bars), events_of(&settings, &mirrored));
        let mut pairs = Pairs::new(&plain, &mirrored);
        for index in 0..bars.len() as u64 {
            let of = |events: &[Event]| -> Vec<Event> {
                events.iter().filter(|event| event.known_at == index).copied().collect()
            };
            if index >= start {
                pairs.compare(&of(&plain), &of(&mirrored));
            }
        }
    }

    /// Nothing but the calendar may hang on the time, and whole weeks keep it.
    #[test]
    fn some_weeks_later_the_same_bars_give_the_same_events(
        bars in common::walk(250),
        weeks in 1i64..200,
    ) {
        let later = |index| Ts::from_millis(common::open_time(index).millis() + weeks * 604_800_000);
        let (plain, later) = (events_of(&settings(), &bars), events_at(&settings(), later, &bars));
        prop_assert_eq!(later, plain);
    }
}

fn mirror(bar: &Bar) -> Bar {
    Bar { open: -bar.open, high: -bar.low, low: -bar.high, close: -bar.close }
}

/// Legs up and down, each shorter than the one before but longer than a swing leg. The lowest bar is the
/// turn of the first leg down: its wick takes whatever liquidity the first bars left below.
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
    bars[38].low = 990.0;
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
        let back = |event: &Event| Event {
            direction: event.direction.opposite(),
            top: -event.bottom,
            bottom: -event.top,
            ..*event
        };
        let plain = self.sorted(0, plain.to_vec());
        let mirrored = self.sorted(1, mirrored.iter().map(back).collect());
        assert_eq!(plain.len(), mirrored.len(), "as many events: {plain:#?} {mirrored:#?}");
        for (one, other) in plain.iter().zip(&mirrored) {
            let anonymous = |event: &Event| {
                let parents = event.parents.map(|parent| parent.map(Id::source));
                (Event { id: Id::new(event.id.source(), 0), parents: [None; 2], ..*event }, parents)
            };
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
