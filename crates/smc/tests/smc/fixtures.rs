//! The causal fixtures, row by row: EURUSD 15 minute bars and what an independent program found in them.
//!
//! They live beside the workspace, in `shared/smc` (or `$SEAWALL_SHARED/smc`); without them the tests say so
//! and pass.

#![allow(clippy::print_stderr, reason = "a test fails by panicking and says when it is skipped")]

use std::path::PathBuf;

use crate::common;
use seawall_smc::{
    Bar, Change, Event, FairValueGapSettings, FairValueGaps, Fractal, Kind, OrderBlockSettings, OrderBlocks,
    Source, Structure, WideBars, ZoneLimits,
};

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

const EVERY_ZONE: ZoneLimits = ZoneLimits { live: 1_000_000, age_bars_max: None };

/// Compares with the fixture; the first different row speaks for itself.
fn assert_rows(series: &str, file: &str, found: &[Vec<String>]) {
    let expected = rows(series, file).unwrap();
    for (number, (found, expected)) in found.iter().zip(&expected).enumerate() {
        assert_eq!(found, expected, "{series}/{file}, row {number}");
    }
    assert_eq!(found.len(), expected.len(), "{series}/{file}: number of rows");
    assert!(!expected.is_empty());
}

/// One row a zone, with the first bar of each change, as the fixtures have it.
fn zone_rows(events: &[Event], source: Source, columns: &[Change]) -> Vec<Vec<String>> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    for event in events.iter().filter(|event| event.id.source() == source) {
        if event.change == Change::Born {
            assert_eq!(event.id.number(), rows.len() as u64);
            rows.push(vec![
                event.anchor.to_string(),
                event.known_at.to_string(),
                event.direction.sign().to_string(),
                event.top.to_string(),
                event.bottom.to_string(),
            ]);
            rows.last_mut().unwrap().resize(5 + columns.len(), String::new());
        } else if let Some(column) = columns.iter().position(|&column| column == event.change) {
            let cell = &mut rows[usize::try_from(event.id.number()).unwrap()][5 + column];
            assert!(cell.is_empty(), "each change happens once");
            *cell = event.known_at.to_string();
        }
    }
    rows
}

#[test]
fn fair_value_gaps_equal_the_fixture() {
    for series in SERIES {
        let Some(bars) = bars(series) else { return };
        let settings = FairValueGapSettings { limits: EVERY_ZONE, ..FairValueGapSettings::default() };
        let mut detector = FairValueGaps::new(Source(0), settings).unwrap();
        let events = common::events_of(&bars, &mut [&mut detector]);
        let columns = [Change::Touched, Change::Midpoint, Change::Filled, Change::Inverted];
        assert_rows(series, "causal_fvg.csv", &zone_rows(&events, Source(0), &columns));
    }
}

#[test]
fn fractals_equal_the_fixture() {
    for series in SERIES {
        let Some(bars) = bars(series) else { return };
        let events = common::events_of(&bars, &mut [&mut Fractal::new(Source(0), 5, 5).unwrap()]);
        let row = |pivot: &Event| {
            vec![
                pivot.anchor.to_string(),
                pivot.known_at.to_string(),
                pivot.direction.sign().to_string(),
                pivot.level().to_string(),
            ]
        };
        let found: Vec<_> = events.iter().map(row).collect();
        assert_rows(series, "causal_fractals__L5R5.csv", &found);
    }
}

#[test]
fn structure_equals_the_fixtures() {
    for (series, size) in SERIES.into_iter().flat_map(|series| [(series, 5), (series, 20)]) {
        let Some(bars) = bars(series) else { return };
        let events = common::events_of(&bars, &mut [&mut Structure::new(Source(0), size).unwrap()]);
        let row = |event: &Event| {
            vec![
                event.known_at.to_string(),
                event.direction.sign().to_string(),
                if event.kind == Kind::Choch { "CHOCH" } else { "BOS" }.to_owned(),
                event.anchor.to_string(),
                event.level().to_string(),
            ]
        };
        let found: Vec<_> = events.iter().filter(|event| event.kind.is_break()).map(row).collect();
        assert_rows(series, &format!("causal_structure__S{size}.csv"), &found);
    }
}

#[test]
fn order_blocks_equal_the_fixtures() {
    let filters = [("nofilter", WideBars::Kept), ("atr200", WideBars::ATR_200)];
    for series in SERIES {
        let Some(bars) = bars(series) else { return };
        for (leg_size, (name, wide_bars)) in
            [5, 20].into_iter().flat_map(|size| filters.map(|filter| (size, filter)))
        {
            let mut structure = Structure::new(Source(0), leg_size).unwrap();
            let settings = OrderBlockSettings { leg_size, wide_bars, limits: EVERY_ZONE };
            let mut blocks = OrderBlocks::new(Source(1), Source(0), settings).unwrap();
            let events = common::events_of(&bars, &mut [&mut structure, &mut blocks]);
            let columns = [Change::Touched, Change::WickBroken, Change::Broken];
            let rows = zone_rows(&events, Source(1), &columns);
            assert_rows(series, &format!("causal_ob__S{leg_size}_{name}.csv"), &rows);
        }
    }
}
