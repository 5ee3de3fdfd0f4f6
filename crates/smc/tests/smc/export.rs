//! Tables against the fixtures, byte for byte.
//!
//! They live beside the workspace, in `shared/smc` (or `$SEAWALL_SHARED/smc`); without them the tests say so
//! and pass.

#![allow(clippy::print_stderr, reason = "a test fails by panicking and says when it is skipped")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use seawall_model::Ts;
use seawall_smc::export::{ALL, Bars, Name, table};

const SERIES: [&str; 2] = ["eurusd_15m", "eurusd_15m_head800_tickvol"];

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

/// The columns of a series.
#[derive(Default)]
struct Input {
    open_time: Vec<Ts>,
    numbers: [Vec<f64>; 5],
}

impl Input {
    fn read(path: &Path) -> Self {
        let mut input = Input::default();
        for line in std::fs::read_to_string(path).unwrap().lines().skip(1) {
            let (time, numbers) = line.split_once(',').unwrap();
            input.open_time.push(format!("{time}Z").parse().unwrap());
            for (column, number) in input.numbers.iter_mut().zip(numbers.split(',')) {
                column.push(number.parse().unwrap());
            }
        }
        input
    }

    fn bars(&self) -> Bars<'_> {
        let [open, high, low, close, volume] = &self.numbers;
        Bars { open_time: &self.open_time, open, high, low, close, volume: Some(volume) }
    }
}

/// The names of the fixtures of a series.
fn names(series: &Path) -> BTreeSet<String> {
    let files =
        std::fs::read_dir(series).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    files
        .filter(|file| file != "ohlcv.csv")
        .map(|file| file.strip_suffix(".csv").unwrap().to_owned())
        .collect()
}

#[test]
fn every_fixture_is_written_byte_for_byte() {
    let Some(folder) = folder() else { return };
    let mut wrong = Vec::new();
    for series in SERIES.map(|series| folder.join(series)) {
        let input = Input::read(&series.join("ohlcv.csv"));
        let names = names(&series);
        assert!(names.len() >= 24, "{}", names.len());
        for name in names {
            let expected = std::fs::read_to_string(series.join(format!("{name}.csv"))).unwrap();
            let found = table(&name.parse::<Name>().unwrap(), &input.bars()).unwrap().csv();
            if found != expected {
                let first =
                    found.lines().zip(expected.lines()).position(|(found, expected)| found != expected);
                wrong.push(format!(
                    "{}/{name}: first at line {:?}",
                    series.display(),
                    first.map(|line| line + 1)
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn all_stands_for_every_fixture() {
    let Some(folder) = folder() else { return };
    let fixtures: BTreeSet<String> = SERIES.iter().flat_map(|series| names(&folder.join(series))).collect();
    let all: BTreeSet<String> = ALL.iter().map(|&name| name.to_owned()).collect();
    assert_eq!(all.len(), ALL.len(), "each once");
    assert_eq!(all, fixtures);
}
