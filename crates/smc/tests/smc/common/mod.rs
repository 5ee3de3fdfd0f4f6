//! Data for the tests: random walks, candles with holes.

pub(crate) mod life;

use proptest::prelude::*;
use seawall_model::{Candle, Ohlc, PriceUnits, Timeframe, Ts};
use seawall_smc::{Bar, BarSeries, Detector, Event, Events};

/// A valid bar from an open and three distances, on a coarse grid so that ties happen.
fn bar_of(open: i32, change: i32, up: i32, down: i32) -> Bar {
    let close = open + change;
    let price = |units: i32| f64::from(units) / 4.0;
    Bar {
        open: price(open),
        high: price(open.max(close) + up),
        low: price(open.min(close) - down),
        close: price(close),
    }
}

/// A random walk of up to `length` bars with gaps and ties.
pub(crate) fn walk(length: usize) -> impl Strategy<Value = Vec<Bar>> {
    prop::collection::vec((-3i32..=3, -6i32..=6, 0i32..=4, 0i32..=4), 1..=length).prop_map(|steps| {
        let mut open = 4_000;
        let bar_after = |(gap, change, up, down): (i32, i32, i32, i32)| {
            open += gap;
            let bar = bar_of(open, change, up, down);
            open += change;
            bar
        };
        steps.into_iter().map(bar_after).collect()
    })
}

/// The open time of bar `index` in the tests' series of 15 minute bars.
pub(crate) fn open_time(index: usize) -> Ts {
    Ts::from_millis(i64::try_from(index).unwrap() * 900_000)
}

/// Everything that the detectors report, updated in their order on each bar.
pub(crate) fn events_of(bars: &[Bar], detectors: &mut [&mut dyn Detector]) -> Vec<Event> {
    let (mut series, mut events, mut all) = (BarSeries::new(), Events::new(), Vec::new());
    for (index, bar) in bars.iter().enumerate() {
        let closed = series.close(open_time(index), *bar).unwrap();
        events.clear();
        for detector in detectors.iter_mut() {
            detector.update(&closed, &mut events);
        }
        all.extend(events.iter().copied());
    }
    all
}

/// One-minute candles with holes of every length from none to weeks. Volumes are whole, so their sums are
/// exact.
pub(crate) fn minutes_with_holes(length: usize) -> impl Strategy<Value = Vec<Candle>> {
    let hole = prop_oneof![
        60 => Just(0i64),
        4 => 1i64..30,
        3 => prop::sample::select(vec![13i64, 14, 15, 44, 45, 59, 60, 61, 239, 240, 241]),
        2 => 30i64..2_000,
        1 => 2_000i64..30_000,
    ];
    let step = (hole, -5i64..=5, 0i64..=3, 0i64..=3, 0u32..100);
    (0i64..20_000, prop::collection::vec(step, 1..=length)).prop_map(|(start, steps)| {
        let mut minute = 27_900_000 + start;
        let mut close = 10_000;
        steps
            .into_iter()
            .map(|(hole, change, up, down, volume)| {
                minute += hole;
                let candle = minute_candle(minute, close, close + change, up, down, volume);
                minute += 1;
                close += change;
                candle
            })
            .collect()
    })
}

fn minute_candle(minute: i64, open: i64, close: i64, up: i64, down: i64, volume: u32) -> Candle {
    let prices = Ohlc {
        open: PriceUnits::new(open),
        high: PriceUnits::new(open.max(close) + up),
        low: PriceUnits::new(open.min(close) - down),
        close: PriceUnits::new(close),
    };
    Candle::new(Timeframe::M1, Ts::from_millis(minute * 60_000), prices, f64::from(volume)).unwrap()
}
