//! Bars with open times: walks with holes from minutes to weeks, and the fixtures' bars with theirs.
#![allow(clippy::print_stderr, reason = "a test says when it is skipped")]

use std::path::PathBuf;

use proptest::prelude::*;
use seawall_model::Ts;
use seawall_smc::{Bar, BarSeries, ClosedBar, Detector, Event, Events};

use crate::common;

pub(crate) const MINUTE_MS: i64 = 60_000;

/// A random walk of up to `length` bars of 15 minutes, off the grid at times, with holes. It begins up to a
/// week before a change of the clocks of New York or London, or anywhere in 2023.
pub(crate) fn timed_walk(length: usize) -> impl Strategy<Value = Vec<(Ts, Bar)>> {
    let hole = prop_oneof![
        40 => Just(0i64),
        2 => 1i64..30,
        2 => prop::sample::select(vec![15i64, 45, 60, 225, 1_440]),
        1 => 30i64..2_000,
        1 => 2_000i64..60_000,
    ];
    let changes = ["2023-03-12", "2023-03-26", "2023-10-29", "2023-11-05"];
    let begin = prop_oneof![
        (prop::sample::select(changes.to_vec()), 0i64..700)
            .prop_map(|(day, quarters)| at(day).millis() - quarters * 15 * MINUTE_MS),
        (0i64..35_000).prop_map(|quarters| at("2023-01-01").millis() + quarters * 15 * MINUTE_MS),
    ];
    (common::walk(length), begin, prop::collection::vec(hole, length)).prop_map(|(bars, begin, holes)| {
        let mut minute = begin / MINUTE_MS;
        let time_of = |hole: i64| {
            minute += hole + 15;
            Ts::from_millis(minute * MINUTE_MS)
        };
        holes.into_iter().map(time_of).zip(bars).collect()
    })
}

pub(crate) fn at(text: &str) -> Ts {
    text.parse().unwrap()
}

/// Everything that the detectors report, updated in their order on each bar; `after` sees each bar.
pub(crate) fn run(bars: &[(Ts, Bar)], detectors: &mut [&mut dyn Detector]) -> Vec<Event> {
    let (mut series, mut events, mut all) = (BarSeries::new(), Events::new(), Vec::new());
    for (open_time, bar) in bars {
        let closed = series.close(*open_time, *bar).unwrap();
        events.clear();
        for detector in detectors.iter_mut() {
            detector.update(&closed, &mut events);
        }
        all.extend(events.iter().copied());
    }
    all
}

/// The bars as a series counts them.
pub(crate) fn closed(bars: &[(Ts, Bar)]) -> Vec<ClosedBar> {
    let mut series = BarSeries::new();
    bars.iter().map(|(open_time, bar)| series.close(*open_time, *bar).unwrap()).collect()
}

/// The text of a file of the fixtures; without them the test says so and passes.
pub(crate) fn fixture(series: &str, file: &str) -> Option<String> {
    let shared = std::env::var_os("SEAWALL_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let folder = shared.join("smc");
    if !folder.is_dir() {
        eprintln!("SKIPPED: no fixtures in {} (set SEAWALL_SHARED)", folder.display());
        return None;
    }
    Some(std::fs::read_to_string(folder.join(series).join(file)).unwrap())
}

/// The bars of a series of the fixtures.
pub(crate) fn fixture_bars(series: &str) -> Option<Vec<(Ts, Bar)>> {
    let text = fixture(series, "ohlcv.csv")?;
    let row = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        let price = |cell: usize| cells[cell].parse::<f64>().unwrap();
        let bar = Bar { open: price(1), high: price(2), low: price(3), close: price(4) };
        (at(&format!("{}Z", cells[0].replace(' ', "T"))), bar)
    };
    Some(text.lines().skip(1).map(row).collect())
}
