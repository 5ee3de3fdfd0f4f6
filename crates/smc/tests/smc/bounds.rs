//! Hostile markets: however long they last, what is kept stays within its limits and a bar costs no more than
//! the bars before it.
//!
//! Cost is told by what can be counted: events, live things, bytes. Wall time is measured by the benchmark.

#![allow(clippy::needless_update, reason = "a chart may get settings that these tests leave alone")]

use crate::contract::Contract;
use crate::rig;
use crate::{bars, contract};
use seawall_smc::{BarSeries, Chart, ChartSettings, Events, FairValueGapSettings, ZoneLimits};

const BARS: usize = 200_000;
const FEWER_BARS: usize = 20_000;

/// The most events that one bar can bring: each live thing goes through its whole life of at most six
/// changes, and each detector bears a few.
fn events_max(chart: &Chart, live: usize) -> usize {
    contract::live(chart).len() * live * 6 + 64
}

/// Live things, events and bytes over four quarters of a hostile market.
fn assert_bounded(name: &str, length: usize, limits: ZoneLimits) {
    let (_, bars) = bars::hostile(length).into_iter().find(|(known, _)| *known == name).unwrap();
    let gaps = FairValueGapSettings { limits, ..FairValueGapSettings::default() };
    let mut chart = Chart::new(&ChartSettings { limits, gaps, ..ChartSettings::default() }).unwrap();
    let (mut events, mut bytes) = (Vec::new(), Vec::new());
    for (quarter, quarter_bars) in bars.chunks(length / 4).enumerate() {
        let mut reported = 0;
        let first = quarter * (length / 4);
        let measured = allocation_counter::measure(|| {
            for (offset, bar) in quarter_bars.iter().enumerate() {
                let of_bar = chart.update(bars::open_time(first + offset), *bar).unwrap().len();
                reported += of_bar;
                if offset % 1_024 == 0 {
                    allocation_counter::opt_out(|| {
                        assert!(of_bar <= events_max(&chart, limits.live), "{name}: {of_bar} events");
                        for (source, live) in contract::live(&chart) {
                            assert!(live.len() <= limits.live, "{name}, {source:?}: {} live", live.len());
                        }
                    });
                }
            }
        });
        events.push(reported);
        bytes.push(measured.bytes_total);
    }
    assert_eq!(&bytes[1..], [0, 0, 0], "{name}: memory grows");
    // Warm-up differs; from then on each quarter brings as much as the one before, but for its edges.
    let slack = events[1] / 50 + 64;
    for pair in events[1..].windows(2) {
        assert!(pair[1].abs_diff(pair[0]) <= slack, "{name}: {events:?} events a quarter");
    }
}

macro_rules! hostile {
    ($($test:ident = $name:literal;)*) => {
        $(
            #[test]
            fn $test() {
                assert_bounded($name, BARS, ZoneLimits::default());
                assert_bounded($name, FEWER_BARS, ZoneLimits { live: 7, age_bars_max: Some(1_000) });
            }
        )*

        #[test]
        fn every_hostile_market_is_tried() {
            let tried = [$($name),*];
            assert_eq!(bars::hostile(1).iter().map(|(name, _)| *name).collect::<Vec<_>>(), tried);
        }
    };
}

hostile! {
    a_rise_with_gaps_stays_bounded = "rise with gaps";
    a_rise_without_gaps_stays_bounded = "rise without gaps";
    a_fall_with_gaps_stays_bounded = "fall with gaps";
    a_constant_price_stays_bounded = "constant";
    a_sawtooth_stays_bounded = "sawtooth";
    one_bar_up_and_one_down_stays_bounded = "one bar up, one bar down";
    alternating_gaps_stay_bounded = "alternating gaps";
    a_narrowing_market_stays_bounded = "narrowing";
    a_widening_market_stays_bounded = "widening";
}

/// Charts do not hold every detector in every variant; the rig does.
#[test]
fn one_of_every_detector_stays_bounded_in_every_hostile_market() {
    // The period of those markets that have one.
    const QUARTER: usize = 4_096;
    for (name, bars) in bars::hostile(4 * QUARTER) {
        let mut detectors = rig::detectors(ZoneLimits { live: 16, age_bars_max: Some(500) });
        let (mut series, mut events) = (BarSeries::new(), Events::new());
        let (mut counts, mut bytes) = ([0; 4], [0; 4]);
        for (at, bar) in bars.into_iter().enumerate() {
            let bar = series.close(bars::open_time(at), bar).unwrap();
            events.clear();
            let update = || detectors.iter_mut().for_each(|detector| detector.update(&bar, &mut events));
            bytes[at / QUARTER] += allocation_counter::measure(update).bytes_total;
            counts[at / QUARTER] += events.len();
            assert!(
                events.len() <= usize::from(rig::SOURCES) * 16 * 6,
                "{name}, bar {at}: {} events",
                events.len()
            );
        }
        assert_eq!(bytes[1..], [0; 3], "{name}: memory grows");
        let most = counts[1] + counts[1] / 4 + 256;
        assert!(counts[2].max(counts[3]) <= most, "{name}: {counts:?} events a quarter");
    }
}

#[test]
fn hostile_markets_are_valid_and_keep_the_contract() {
    for (name, bars) in bars::hostile(6_000) {
        let mut chart = Chart::new(&ChartSettings::default()).unwrap();
        let mut contract = Contract::default();
        for (at, bar) in bars.iter().enumerate() {
            let events = chart.update(bars::open_time(at), *bar);
            let events = events.unwrap_or_else(|error| panic!("{name}, bar {at}: {error}"));
            contract.check(at as u64, events.as_slice());
            if at % 16 == 0 {
                contract.check_live(&chart);
            }
        }
    }
}

#[test]
fn a_written_csv_is_read_back() {
    let written = bars::walk(7, 50);
    let rows = bars::read_csv(&bars::write_csv(&written, 8));
    let times: Vec<_> = rows.iter().map(|row| row.open_time).collect();
    assert_eq!(times, (0..50).map(bars::open_time).collect::<Vec<_>>());
    assert_eq!(rows.iter().map(|row| row.bar).collect::<Vec<_>>(), written);
    assert!(rows.iter().any(|row| row.volume > 0.0));
}
