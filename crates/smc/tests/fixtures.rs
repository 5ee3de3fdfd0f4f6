//! The causal fixtures, row by row: EURUSD 15 minute bars and what an independent program found in them.
//!
//! They live beside the workspace, in `shared/smc` (or `$SEAWALL_SHARED/smc`); without them the tests say so
//! and pass.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails by panicking and says when it is skipped"
)]

use std::path::PathBuf;

use seawall_smc::{
    Bar, BreakKind, Event, FairValueGapSettings, FairValueGaps, Fractal, OrderBlockSettings, OrderBlocks,
    PivotKind, Structure, WideBars, Zone, ZoneChange,
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

fn kind_sign(kind: PivotKind) -> &'static str {
    match kind {
        PivotKind::High => "1",
        PivotKind::Low => "-1",
    }
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

/// One row a zone, with the first bar of each change, as the fixtures have it.
struct ZoneRows {
    columns: &'static [ZoneChange],
    zones: Vec<(Zone, Vec<String>)>,
}

impl ZoneRows {
    fn add(&mut self, event: &Event) {
        let Event::Zone(event) = event else { return };
        if event.change == ZoneChange::Born {
            assert_eq!(event.zone.id, self.zones.len() as u64);
            self.zones.push((event.zone, vec![String::new(); self.columns.len()]));
            return;
        }
        let column = self.columns.iter().position(|&column| column == event.change).unwrap();
        let cell = &mut self.zones[usize::try_from(event.zone.id).unwrap()].1[column];
        assert!(cell.is_empty(), "each change happens once");
        *cell = event.known_index.to_string();
    }

    fn rows(self) -> Vec<Vec<String>> {
        let row = |(zone, changes): (Zone, Vec<String>)| {
            let mut row = vec![
                zone.index.to_string(),
                zone.known_index.to_string(),
                zone.direction.sign().to_string(),
                zone.top.to_string(),
                zone.bottom.to_string(),
            ];
            row.extend(changes);
            row
        };
        self.zones.into_iter().map(row).collect()
    }
}

#[test]
fn fair_value_gaps_equal_the_fixture() {
    for series in SERIES {
        let Some(bars) = bars(series) else { return };
        let settings = FairValueGapSettings { live_zones: 16_384, ..FairValueGapSettings::default() };
        let mut detector = FairValueGaps::new(settings).unwrap();
        let mut found = ZoneRows {
            columns: &[
                ZoneChange::Touched,
                ZoneChange::Midpoint,
                ZoneChange::Filled,
                ZoneChange::ClosedThrough,
            ],
            zones: Vec::new(),
        };
        for bar in &bars {
            detector.update(bar, &mut |event| found.add(&event)).unwrap();
        }
        assert_rows(series, "causal_fvg.csv", &found.rows());
    }
}

#[test]
fn fractals_equal_the_fixture() {
    for series in SERIES {
        let Some(bars) = bars(series) else { return };
        let mut detector = Fractal::new(5, 5).unwrap();
        let mut found = Vec::new();
        for bar in &bars {
            detector
                .update(bar, &mut |pivot| {
                    found.push(vec![
                        pivot.index.to_string(),
                        pivot.known_index.to_string(),
                        kind_sign(pivot.kind).to_owned(),
                        pivot.price.to_string(),
                    ]);
                })
                .unwrap();
        }
        assert_rows(series, "causal_fractals__L5R5.csv", &found);
    }
}

/// The rows of `causal_pools__S{n}` start with every leg pivot.
#[test]
fn leg_pivots_and_structure_equal_the_fixtures() {
    for (series, size) in SERIES.into_iter().flat_map(|series| [(series, 5), (series, 20)]) {
        let Some(bars) = bars(series) else { return };
        let mut detector = Structure::new(size).unwrap();
        let (mut pivots, mut breaks) = (Vec::new(), Vec::new());
        for bar in &bars {
            detector
                .update(bar, &mut |event| match event {
                    Event::Pivot(pivot) => {
                        pivots.push((pivot.index, pivot.known_index, kind_sign(pivot.kind), pivot.price));
                    }
                    Event::Break(broken) => {
                        let kind = match broken.kind {
                            BreakKind::Bos => "BOS",
                            BreakKind::Choch => "CHOCH",
                        };
                        breaks.push(vec![
                            broken.known_index.to_string(),
                            broken.direction.sign().to_string(),
                            kind.to_owned(),
                            broken.pivot_index.to_string(),
                            broken.level.to_string(),
                        ]);
                    }
                    Event::Zone(_) => unreachable!("structure has no zones"),
                })
                .unwrap();
        }
        assert_rows(series, &format!("causal_structure__S{size}.csv"), &breaks);
        let expected = rows(series, &format!("causal_pools__S{size}.csv")).unwrap();
        let found: Vec<Vec<String>> = pivots
            .iter()
            .map(|(index, known, kind, price)| {
                vec![index.to_string(), known.to_string(), (*kind).to_owned(), price.to_string()]
            })
            .collect();
        let expected: Vec<Vec<String>> = expected.into_iter().map(|row| row[..4].to_vec()).collect();
        assert_eq!(found, expected, "{series}, pivots of size {size}");
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
            let mut detector =
                OrderBlocks::new(OrderBlockSettings { leg_size, wide_bars, live_zones: 16_384 }).unwrap();
            let mut found = ZoneRows {
                columns: &[ZoneChange::Touched, ZoneChange::WickBroken, ZoneChange::ClosedThrough],
                zones: Vec::new(),
            };
            for bar in &bars {
                detector.update(bar, &mut |event| found.add(&event)).unwrap();
            }
            assert_rows(series, &format!("causal_ob__S{leg_size}_{name}.csv"), &found.rows());
        }
    }
}
