//! What the rows of a hindsight table look like from bar to bar: the tables of `parity`, made anew on every
//! prefix of the data, as a program that runs live would make them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use seawall_model::Ts;
use seawall_smc::Direction;
use seawall_smc::parity::{Columns, bos_choch, fvg, liquidity, ob, swing_highs_lows};

use super::data::{Market, Series};
use super::scene::{Ink, Note, Scene, Shape};

const BARS: usize = 1_200;
const LENGTH: usize = 5;
const RANGE_PERCENT: f64 = 0.01;

/// The first bars of a series as columns.
struct Table {
    times: Vec<Ts>,
    prices: [Vec<f64>; 4],
    volume: Vec<f64>,
}

impl Table {
    fn new(series: &Series) -> Self {
        let bars = &series.bars[..BARS];
        let prices = [
            bars.iter().map(|bar| bar.open).collect(),
            bars.iter().map(|bar| bar.high).collect(),
            bars.iter().map(|bar| bar.low).collect(),
            bars.iter().map(|bar| bar.close).collect(),
        ];
        Table { times: series.times[..BARS].to_vec(), prices, volume: vec![1.0; BARS] }
    }

    fn prefix(&self, length: usize) -> Columns<'_> {
        let [open, high, low, close] = self.prices.each_ref().map(|column| &column[..length]);
        Columns::new(&self.times[..length], open, high, low, close, &self.volume[..length]).unwrap()
    }
}

/// A row that is not empty: its number, its sign and its prices.
type Row = (usize, i8, u64, u64);

fn rows(sign: &[f64], top: impl Fn(usize) -> f64, bottom: impl Fn(usize) -> f64) -> BTreeSet<Row> {
    let row = |(index, sign): (usize, &f64)| {
        let sign = if *sign > 0.0 { 1 } else { -1 };
        (index, sign, top(index).to_bits(), bottom(index).to_bits())
    };
    sign.iter().enumerate().filter(|(_, sign)| !sign.is_nan()).map(row).collect()
}

type Make = fn(&Columns<'_>) -> BTreeSet<Row>;

const TABLES: [(&str, Make); 6] = [
    ("fair value gaps", |columns| {
        let found = fvg(columns, false);
        rows(&found.fvg, |row| found.top[row], |row| found.bottom[row])
    }),
    ("fair value gaps, joined", |columns| {
        let found = fvg(columns, true);
        rows(&found.fvg, |row| found.top[row], |row| found.bottom[row])
    }),
    ("swings, without the two invented ends", |columns| {
        let found = swing_highs_lows(columns, LENGTH);
        let mut all = rows(&found.high_low, |row| found.level[row], |_| 0.0);
        all.retain(|row| row.0 > 0 && row.0 + 1 < found.high_low.len());
        all
    }),
    ("BOS and CHoCH, broken by close", structure),
    ("order blocks", |columns| {
        let found = ob(columns, &swing_highs_lows(columns, LENGTH), false).unwrap();
        rows(&found.ob, |row| f64::from(found.top[row]), |row| f64::from(found.bottom[row]))
    }),
    ("liquidity", |columns| {
        let found = liquidity(columns, &swing_highs_lows(columns, LENGTH), RANGE_PERCENT).unwrap();
        let sign: Vec<f64> = found.liquidity.iter().map(|sign| f64::from(*sign)).collect();
        rows(&sign, |row| f64::from(found.level[row]), |_| 0.0)
    }),
];

fn structure(columns: &Columns<'_>) -> BTreeSet<Row> {
    let found = bos_choch(columns, &swing_highs_lows(columns, LENGTH), true).unwrap();
    let sign = |row: usize| if found.bos[row].is_nan() { found.choch[row] } else { found.bos[row] };
    let signs: Vec<f64> = (0..found.bos.len()).map(sign).collect();
    rows(&signs, |row| f64::from(found.level[row]), |_| 0.0)
}

/// What became of the rows from one prefix to the next.
struct Replay {
    /// Each row with the last bar of the first prefix that had it.
    first_seen: BTreeMap<Row, usize>,
    vanished: BTreeSet<Row>,
    last: BTreeSet<Row>,
}

impl Replay {
    fn of(table: &Table, make: Make) -> Self {
        let mut replay =
            Replay { first_seen: BTreeMap::new(), vanished: BTreeSet::new(), last: BTreeSet::new() };
        for length in 3 * LENGTH..=BARS {
            let now = make(&table.prefix(length));
            for row in &now {
                replay.first_seen.entry(*row).or_insert(length - 1);
            }
            replay.vanished.extend(replay.last.difference(&now).copied());
            replay.last = now;
        }
        replay
    }

    /// How many bars after their own the rows that are there in the end were first seen, sorted.
    fn delays(&self) -> Vec<usize> {
        let mut delays: Vec<usize> = self.last.iter().map(|row| self.first_seen[row] - row.0).collect();
        delays.sort_unstable();
        delays
    }
}

/// The table of the chapter.
pub(crate) fn table(market: &Market) -> String {
    let table = Table::new(&market.euro_15m);
    let mut text = String::from(
        "| table | rows ever printed | there in the end | vanished or changed | \
         bars from a row to its first sight: least, median, most |\n|---|---:|---:|---:|---|\n",
    );
    for (name, make) in TABLES {
        let replay = Replay::of(&table, make);
        let delays = replay.delays();
        let _ = writeln!(
            text,
            "| {name} | {} | {} | {} | {}, {}, {} |",
            replay.first_seen.len(),
            replay.last.len(),
            replay.vanished.len(),
            delays[0],
            delays[delays.len() / 2],
            delays[delays.len() - 1]
        );
    }
    text
}

/// A row that is there in the end: where the table prints it and where it could first be seen.
struct Printed {
    row: usize,
    seen: usize,
    level: f64,
}

impl Printed {
    /// The first bullish row (of kind `sign`) that was seen so many bars later and at a price so much higher.
    fn first(series: &Series, make: Make, sign: i8, delay: (usize, usize), gain: f64) -> Self {
        let replay = Replay::of(&Table::new(series), make);
        let close = |bar: usize| series.bars[bar].close;
        let fits = |row: &&Row| {
            let seen = replay.first_seen[*row];
            row.0 > 40
                && row.1 == sign
                && (delay.0..=delay.1).contains(&(seen - row.0))
                && close(seen) / close(row.0) > gain
        };
        let row = replay.last.iter().find(fits).unwrap();
        Printed { row: row.0, seen: replay.first_seen[row], level: f64::from_bits(row.2) }
    }
}

/// A swing low and a break of structure of the package's tables.
pub(crate) fn scenes(market: &Market) -> Vec<Scene<'_>> {
    let series = &market.bitcoin_1h;
    let swing = Printed::first(series, TABLES[2].1, -1, (LENGTH, LENGTH), 1.01);
    let mut low =
        scene("hindsight-swing", "In hindsight: a swing low is printed at its own bar", series, &swing);
    low.shapes.push(Shape::Pivot {
        anchor: swing.row,
        known: swing.seen,
        price: swing.level,
        side: Direction::Bearish,
        ink: Ink::Other,
        label: "the row is here".to_owned(),
    });
    let found = Printed::first(series, structure, 1, (12, 22), 1.006);
    let close = |bar: usize| series.bars[bar].close;
    let broken = (found.row + 1..=found.seen).find(|bar| close(*bar) > found.level).unwrap();
    let mut bos = scene(
        "hindsight-bos",
        "In hindsight: a bullish BOS is printed at the bar that made its level",
        series,
        &found,
    );
    bos.shapes.push(Shape::Level {
        anchor: found.row,
        known: found.seen,
        end: found.seen + 10,
        price: found.level,
        ink: Ink::Main,
        label: "Level".to_owned(),
    });
    bos.shapes.push(Shape::Frame { bar: found.row, ink: Ink::Other, label: "the row is here".to_owned() });
    bos.notes.insert(1, Note { bar: broken, text: "BrokenIndex".to_owned() });
    vec![low, bos]
}

fn scene<'a>(name: &'static str, title: &str, series: &'a Series, printed: &Printed) -> Scene<'a> {
    let Printed { row, seen, .. } = *printed;
    let close = |bar: usize| series.bars[bar].close;
    Scene {
        name,
        title: title.to_owned(),
        series,
        from: row - 16,
        to: seen + 16,
        delay: Some((row, seen)),
        shapes: Vec::new(),
        notes: vec![
            Note { bar: row, text: format!("a test on rows buys here, at {:.0}", close(row)) },
            Note { bar: seen, text: format!("first seen here, at {:.0}", close(seen)) },
        ],
        second: None,
    }
}
