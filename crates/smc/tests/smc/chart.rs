//! A chart as a whole: what it reports about a prefix, from a clone, through views, and by the contract of
//! events.

#![allow(clippy::print_stderr, reason = "a test fails by panicking and says when it is skipped")]
#![allow(clippy::needless_update, reason = "a chart may get settings that these tests leave alone")]

use crate::contract::Contract;
use crate::{bars, common, contract};
use proptest::prelude::*;
use seawall_model::{Candle, Timeframe, Ts};
use seawall_smc::{Bar, Chart, ChartSettings, Event, FairValueGapSettings, Views, WideBars, ZoneLimits};

const COARSE: [Timeframe; 4] = [Timeframe::M15, Timeframe::H1, Timeframe::H4, Timeframe::D1];
const DIVISOR: f64 = 100.0;

/// Short legs and few zones, so that a short walk sees everything: births, deaths, expiry.
fn small(live: usize, age_bars_max: Option<u64>) -> ChartSettings {
    let limits = ZoneLimits { live, age_bars_max };
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

fn settings() -> impl Strategy<Value = ChartSettings> {
    let live = prop::sample::select(vec![1, 2, 5, 128]);
    (live, prop::sample::select(vec![None, Some(1), Some(12)])).prop_map(|(live, age)| small(live, age))
}

fn chart(settings: &ChartSettings) -> Chart {
    Chart::new(settings).unwrap()
}

/// What a chart reports about bars that follow the `first` ones.
fn go_on(chart: &mut Chart, first: usize, bars: &[Bar]) -> Vec<Event> {
    let mut all = Vec::new();
    for (offset, bar) in bars.iter().enumerate() {
        all.extend(chart.update(common::open_time(first + offset), *bar).unwrap());
    }
    all
}

fn events_of(settings: &ChartSettings, bars: &[Bar]) -> Vec<Event> {
    go_on(&mut chart(settings), 0, bars)
}

/// Bars that no series may take in, made from one that it may.
fn spoilt(bar: Bar) -> [Bar; 5] {
    [
        Bar { open: f64::NAN, ..bar },
        Bar { high: f64::INFINITY, ..bar },
        Bar { low: f64::NEG_INFINITY, ..bar },
        Bar { low: bar.high + 1.0, ..bar },
        Bar { close: bar.low - 1.0, ..bar },
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn a_prefix_reports_what_the_full_run_knew_by_then(
        bars in common::walk(200),
        settings in settings(),
        cut in any::<prop::sample::Index>(),
    ) {
        let until = cut.index(bars.len() + 1);
        let mut known = events_of(&settings, &bars);
        known.retain(|event| event.known_at < until as u64);
        prop_assert_eq!(events_of(&settings, &bars[..until]), known);
    }

    #[test]
    fn a_clone_of_a_half_fed_chart_goes_on_like_the_original(
        bars in common::walk(200),
        other in common::walk(60),
        settings in settings(),
        cut in any::<prop::sample::Index>(),
    ) {
        let (early, late) = bars.split_at(cut.index(bars.len() + 1));
        let mut original = chart(&settings);
        let mut all = go_on(&mut original, 0, early);
        let (mut copy, mut elsewhere) = (original.clone(), original.clone());
        go_on(&mut elsewhere, early.len(), &other);
        let by_copy = go_on(&mut copy, early.len(), late);
        let by_original = go_on(&mut original, early.len(), late);
        prop_assert_eq!(&by_copy, &by_original);
        all.extend(by_original);
        prop_assert_eq!(events_of(&settings, &bars), all);
    }

    #[test]
    fn every_event_keeps_the_contract_and_what_lives_is_what_the_events_say(
        bars in common::walk(250),
        settings in settings(),
    ) {
        let (mut chart, mut contract) = (chart(&settings), Contract::default());
        for (index, bar) in bars.iter().enumerate() {
            let events = chart.update(common::open_time(index), *bar).unwrap();
            contract.check(index as u64, events.as_slice());
            contract.check_live(&chart);
        }
        for (source, live) in contract::live(&chart) {
            prop_assert!(live.len() <= settings.limits.live, "{:?}: {}", source, live.len());
        }
    }

    #[test]
    fn a_refused_bar_changes_nothing(
        bars in common::walk(120),
        settings in settings(),
        which in 0usize..5,
    ) {
        let mut chart = chart(&settings);
        let mut all = Vec::new();
        for (index, bar) in bars.iter().enumerate() {
            let time = common::open_time(index);
            prop_assert!(chart.update(time, spoilt(*bar)[which]).is_err());
            all.extend(chart.update(time, *bar).unwrap());
            prop_assert!(chart.update(time, *bar).is_err(), "the same time twice");
            prop_assert_eq!(chart.bars(), index as u64 + 1);
        }
        prop_assert_eq!(events_of(&settings, &bars), all);
    }

    #[test]
    fn a_view_of_the_base_timeframe_equals_a_chart(
        candles in common::minutes_with_holes(200),
        settings in settings(),
    ) {
        let mut views = Views::new(Timeframe::M1, &[Timeframe::M1], &settings, DIVISOR).unwrap();
        let mut chart = chart(&settings);
        for candle in &candles {
            let mut seen = Vec::new();
            views.update(candle, &mut |timeframe, closed, events: &[Event]| {
                seen.push((timeframe, *closed, events.to_vec()));
            }).unwrap();
            let events = chart.update(candle.open_time, Bar::from_candle(candle, DIVISOR)).unwrap();
            prop_assert_eq!(seen, vec![(Timeframe::M1, *candle, events.as_slice().to_vec())]);
        }
        let view = views.chart(Timeframe::M1).unwrap();
        prop_assert_eq!(contract::live(view), contract::live(&chart));
    }

    #[test]
    fn a_coarser_view_equals_a_chart_of_candles_built_apart_and_says_nothing_before_they_close(
        candles in common::minutes_with_holes(400),
        settings in settings(),
    ) {
        let mut views = Views::new(Timeframe::M1, &COARSE, &settings, DIVISOR).unwrap();
        let apart = COARSE.map(|timeframe| closed_candles(&candles, timeframe));
        let mut charts = COARSE.map(|_| chart(&settings));
        let mut next = [0; COARSE.len()];
        for (at, candle) in candles.iter().enumerate() {
            let mut expected = Vec::new();
            for (which, timeframe) in COARSE.into_iter().enumerate() {
                while let Some((_, closed)) = apart[which].get(next[which]).filter(|(by, _)| *by == at) {
                    let bar = Bar::from_candle(closed, DIVISOR);
                    let events = charts[which].update(closed.open_time, bar).unwrap();
                    expected.push((timeframe, *closed, events.as_slice().to_vec()));
                    next[which] += 1;
                }
            }
            let mut seen = Vec::new();
            views.update(candle, &mut |timeframe, closed, events: &[Event]| {
                seen.push((timeframe, *closed, events.to_vec()));
            }).unwrap();
            prop_assert!(seen.iter().all(|(_, closed, _)| closed.known_at <= candle.known_at));
            prop_assert_eq!(seen, expected);
        }
    }
}

/// The candles of a timeframe, each with the position of the base candle that closes it: the one that ends
/// with it or, after a hole, the first one after it. What is still open at the end is left out.
fn closed_candles(base: &[Candle], timeframe: Timeframe) -> Vec<(usize, Candle)> {
    let end = |open_time: Ts| open_time.plus(timeframe.span());
    let mut built: Vec<(usize, Candle)> = Vec::new();
    for bucket in base.chunk_by(|a, b| timeframe.floor(a.open_time) == timeframe.floor(b.open_time)) {
        let open_time = timeframe.floor(bucket[0].open_time);
        let Some(by) = base.iter().position(|candle| candle.known_at >= end(open_time)) else { break };
        let candle = Candle {
            open_time,
            known_at: end(open_time),
            open: bucket[0].open,
            high: bucket.iter().map(|candle| candle.high).max().unwrap(),
            low: bucket.iter().map(|candle| candle.low).min().unwrap(),
            close: bucket[bucket.len() - 1].close,
            volume: bucket.iter().map(|candle| candle.volume).sum(),
        };
        built.push((by, candle));
    }
    built
}

/// The first bars of the EURUSD fixture; `None` where there is none.
fn real_bars(count: usize) -> Option<Vec<(Ts, Bar)>> {
    let shared = std::env::var_os("SEAWALL_SHARED").map_or_else(
        || std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        std::path::PathBuf::from,
    );
    let file = shared.join("smc/eurusd_15m/ohlcv.csv");
    let Ok(text) = std::fs::read_to_string(&file) else {
        eprintln!("SKIPPED: no fixture {} (set SEAWALL_SHARED)", file.display());
        return None;
    };
    Some(bars::read_csv(&text).into_iter().take(count).map(|row| (row.open_time, row.bar)).collect())
}

#[test]
fn every_prefix_of_real_bars_reports_what_the_full_run_knew_by_then() {
    let Some(real) = real_bars(400) else { return };
    for settings in [small(16, Some(60)), ChartSettings { swing_leg: 20, ..ChartSettings::default() }] {
        let run = |until: usize| {
            let (mut chart, mut all): (Chart, Vec<Event>) = (chart(&settings), Vec::new());
            for (time, bar) in &real[..until] {
                all.extend(chart.update(*time, *bar).unwrap());
            }
            all
        };
        let full = run(real.len());
        assert!(full.len() > real.len() / 2, "real bars give events: {}", full.len());
        for until in 0..real.len() {
            let known = full.partition_point(|event| event.known_at < until as u64);
            assert_eq!(run(until), full[..known], "the first {until} bars");
        }
    }
}

#[test]
fn every_event_of_a_year_of_real_bars_keeps_the_contract() {
    let Some(real) = real_bars(usize::MAX) else { return };
    for settings in [small(128, None), ChartSettings::default()] {
        let (mut chart, mut contract) = (chart(&settings), Contract::default());
        for (index, (time, bar)) in real.iter().enumerate() {
            contract.check(index as u64, chart.update(*time, *bar).unwrap().as_slice());
            if index % 64 == 0 {
                contract.check_live(&chart);
            }
        }
    }
}
