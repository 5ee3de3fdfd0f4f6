//! Our side of the comparison with the Python package `smartmoneyconcepts`: `cargo xtask bench smc` runs it.
//!
//! `generate FILE BARS` writes a seeded random walk. `measure FILE OUT RUNS` times the eight functions of
//! parity mode on a file, compares what they find with the columns that the package left in OUT, and prints
//! one line a measurement. Times are wall time on this machine; only medians and ratios mean anything.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark talks to the terminal and may say loudly that it cannot run"
)]

#[path = "../tests/bars/mod.rs"]
mod bars;

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use seawall_model::Ts;
use seawall_smc::parity::{
    Columns, InputZone, Session, SwingColumns, TimeFrame, bos_choch, fvg, liquidity, ob, previous_high_low,
    retracements, sessions, swing_highs_lows,
};
use seawall_smc::{Bar, Chart, ChartSettings};

const SWING_LENGTH: usize = 5;
const RANGE_PERCENT: f64 = 0.01;
const SEED: u64 = 27;
/// Bars of the runs that show how time grows.
const GROWTH: [usize; 3] = [20_000, 100_000, 1_000_000];
const GROWTH_RUNS: usize = 5;
const LIVE_BARS: usize = 200_000;
const LIVE_WARM_UP: usize = 20_000;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["generate", file, count] => {
            let bars = bars::walk(SEED, count.parse().unwrap());
            std::fs::write(file, bars::write_csv(&bars, SEED)).unwrap();
        }
        ["measure", file, out, runs] => {
            indicators(file, Path::new(out), runs.parse().unwrap());
            growth();
            live();
        }
        _ => panic!("usage: package_bench generate FILE BARS | measure FILE OUT RUNS"),
    }
}

/// A series as columns.
#[derive(Default)]
struct Table {
    open_time: Vec<Ts>,
    prices: [Vec<f64>; 4],
    volume: Vec<f64>,
}

impl Table {
    fn push(&mut self, open_time: Ts, bar: &Bar, volume: f64) {
        self.open_time.push(open_time);
        for (column, price) in self.prices.iter_mut().zip([bar.open, bar.high, bar.low, bar.close]) {
            column.push(price);
        }
        self.volume.push(volume);
    }

    fn columns(&self) -> Columns<'_> {
        let [open, high, low, close] = &self.prices;
        Columns::new(&self.open_time, open, high, low, close, &self.volume).unwrap()
    }
}

/// An indicator of the package: what is timed, and what it finds.
struct Indicator {
    name: &'static str,
    run: fn(&Columns<'_>, &SwingColumns),
    find: fn(&Columns<'_>, &SwingColumns) -> Found,
}

/// Columns by the package's names, widened as the package's are.
type Found = Vec<(&'static str, Vec<f64>)>;

fn wide<T: Copy + Into<f64>>(column: &[T]) -> Vec<f64> {
    column.iter().map(|&cell| cell.into()).collect()
}

fn day() -> TimeFrame {
    "1D".parse().unwrap()
}

/// Keeps the compiler from leaving the work out. The caller drops what was computed, which counts too.
fn done<T>(found: &T) {
    black_box(found);
}

const INDICATORS: [Indicator; 8] = [
    Indicator {
        name: "fvg",
        run: |columns, _| done(&fvg(columns, false)),
        find: |columns, _| {
            let found = fvg(columns, false);
            vec![
                ("FVG", found.fvg),
                ("Top", found.top),
                ("Bottom", found.bottom),
                ("MitigatedIndex", found.mitigated_index),
            ]
        },
    },
    Indicator {
        name: "swing_highs_lows",
        run: |columns, _| done(&swing_highs_lows(columns, SWING_LENGTH)),
        find: |columns, _| {
            let found = swing_highs_lows(columns, SWING_LENGTH);
            vec![("HighLow", found.high_low), ("Level", found.level)]
        },
    },
    Indicator {
        name: "bos_choch",
        run: |columns, swings| done(&bos_choch(columns, swings, true)),
        find: |columns, swings| {
            let found = bos_choch(columns, swings, true).unwrap();
            vec![
                ("BOS", found.bos),
                ("CHOCH", found.choch),
                ("Level", wide(&found.level)),
                ("BrokenIndex", found.broken_index),
            ]
        },
    },
    Indicator {
        name: "ob",
        run: |columns, swings| done(&ob(columns, swings, false)),
        find: |columns, swings| {
            let found = ob(columns, swings, false).unwrap();
            vec![
                ("OB", found.ob),
                ("Top", wide(&found.top)),
                ("Bottom", wide(&found.bottom)),
                ("OBVolume", wide(&found.ob_volume)),
                ("MitigatedIndex", found.mitigated_index),
                ("Percentage", wide(&found.percentage)),
            ]
        },
    },
    Indicator {
        name: "liquidity",
        run: |columns, swings| done(&liquidity(columns, swings, RANGE_PERCENT)),
        find: |columns, swings| {
            let found = liquidity(columns, swings, RANGE_PERCENT).unwrap();
            vec![
                ("Liquidity", wide(&found.liquidity)),
                ("Level", wide(&found.level)),
                ("End", wide(&found.end)),
                ("Swept", wide(&found.swept)),
            ]
        },
    },
    Indicator {
        name: "previous_high_low",
        run: |columns, _| done(&previous_high_low(columns, day())),
        find: |columns, _| {
            let found = previous_high_low(columns, day());
            vec![
                ("PreviousHigh", wide(&found.previous_high)),
                ("PreviousLow", wide(&found.previous_low)),
                ("BrokenHigh", wide(&found.broken_high)),
                ("BrokenLow", wide(&found.broken_low)),
            ]
        },
    },
    Indicator {
        name: "sessions",
        run: |columns, _| done(&sessions(columns, Session::London, InputZone::Utc)),
        find: |columns, _| {
            let found = sessions(columns, Session::London, InputZone::Utc);
            vec![("Active", wide(&found.active)), ("High", wide(&found.high)), ("Low", wide(&found.low))]
        },
    },
    Indicator {
        name: "retracements",
        run: |columns, swings| done(&retracements(columns, swings)),
        find: |columns, swings| {
            let found = retracements(columns, swings).unwrap();
            vec![
                ("Direction", wide(&found.direction)),
                ("CurrentRetracement%", found.current_retracement),
                ("DeepestRetracement%", found.deepest_retracement),
            ]
        },
    },
];

fn median_us(runs: usize, mut work: impl FnMut()) -> f64 {
    let mut took: Vec<f64> = (0..runs.max(1))
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    took.sort_by(f64::total_cmp);
    took[took.len() / 2]
}

/// Lines `indicator NAME`, microseconds, cells compared, cells that differ.
fn indicators(file: &str, out: &Path, runs: usize) {
    let mut table = Table::default();
    for row in bars::read_csv(&std::fs::read_to_string(file).unwrap()) {
        table.push(row.open_time, &row.bar, row.volume);
    }
    let columns = table.columns();
    let swings = swing_highs_lows(&columns, SWING_LENGTH);
    for Indicator { name, run, find } in INDICATORS {
        let took = median_us(runs, || run(black_box(&columns), &swings));
        let (mut cells, mut different) = (0, 0);
        for (column, ours) in find(&columns, &swings) {
            let theirs = theirs(&out.join(format!("{name}.{column}")));
            cells += ours.len();
            different += ours.len().abs_diff(theirs.len());
            different += ours.iter().zip(&theirs).filter(|(ours, theirs)| !same(**ours, **theirs)).count();
        }
        println!("indicator {name}\t{took}\t{cells}\t{different}");
    }
}

fn theirs(file: &Path) -> Vec<f64> {
    let bytes = std::fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    bytes.chunks_exact(8).map(|cell| f64::from_le_bytes(cell.try_into().unwrap())).collect()
}

/// The same bits, or both nothing.
fn same(ours: f64, theirs: f64) -> bool {
    ours.to_bits() == theirs.to_bits() || (ours.is_nan() && theirs.is_nan())
}

/// Lines `total BARS`, microseconds of all eight in turn on a random walk.
fn growth() {
    for count in GROWTH {
        let mut table = Table::default();
        for (index, bar) in bars::walk(SEED, count).iter().enumerate() {
            table.push(bars::open_time(index), bar, 1.0);
        }
        let columns = table.columns();
        let took = median_us(GROWTH_RUNS, || {
            let swings = swing_highs_lows(&columns, SWING_LENGTH);
            for indicator in INDICATORS {
                (indicator.run)(&columns, &swings);
            }
        });
        println!("total {count}\t{took}");
    }
}

/// Line `live`, nanoseconds of one update of a chart with everything: median and 99th percentile.
fn live() {
    let mut chart = Chart::new(&ChartSettings::default()).unwrap();
    let mut took = Vec::with_capacity(LIVE_BARS);
    for (index, bar) in bars::walk(SEED, LIVE_WARM_UP + LIVE_BARS).into_iter().enumerate() {
        let open_time = bars::open_time(index);
        let start = Instant::now();
        black_box(chart.update(open_time, bar).unwrap());
        let elapsed = start.elapsed();
        if index >= LIVE_WARM_UP {
            took.push(elapsed.as_nanos());
        }
    }
    took.sort_unstable();
    println!("live\t{}\t{}", took[took.len() / 2], took[took.len() / 100 * 99]);
}
