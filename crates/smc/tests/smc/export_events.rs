//! The causal tables against their definitions in plain loops, on prefixes, and on inputs that are refused.

use crate::common;
use proptest::prelude::*;
use seawall_model::Ts;
use seawall_smc::Bar;
use seawall_smc::export::{Bars, ExportError, Name, Table, table};

struct Columns {
    open_time: Vec<Ts>,
    prices: [Vec<f64>; 4],
}

impl Columns {
    fn of(bars: &[Bar]) -> Self {
        Columns {
            open_time: (0..bars.len()).map(common::open_time).collect(),
            prices: [
                bars.iter().map(|bar| bar.open).collect(),
                bars.iter().map(|bar| bar.high).collect(),
                bars.iter().map(|bar| bar.low).collect(),
                bars.iter().map(|bar| bar.close).collect(),
            ],
        }
    }

    fn bars(&self) -> Bars<'_> {
        let [open, high, low, close] = &self.prices;
        Bars { open_time: &self.open_time, open, high, low, close, volume: None }
    }

    fn table(&self, name: &str) -> Result<Table, ExportError> {
        table(&name.parse::<Name>().unwrap(), &self.bars())
    }

    /// The cells of a table without its header.
    fn rows(&self, name: &str) -> Vec<Vec<String>> {
        let text = self.table(name).unwrap().csv();
        text.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect()
    }
}

/// Leg pivots by their definition: index, bar at which it is known, whether a high, level.
fn pivots(bars: &[Bar], size: usize) -> Vec<(usize, usize, bool, f64)> {
    let (mut found, mut down) = (Vec::new(), true);
    for t in size..bars.len() {
        let (pivot, after) = (&bars[t - size], &bars[t - size + 1..=t]);
        let turn = if after.iter().all(|bar| pivot.high > bar.high) {
            Some(true)
        } else if after.iter().all(|bar| pivot.low < bar.low) {
            Some(false)
        } else {
            None
        };
        if let Some(now_down) = turn.filter(|&now_down| now_down != down) {
            down = now_down;
            found.push((t - size, t, now_down, if now_down { pivot.high } else { pivot.low }));
        }
    }
    found
}

fn sign(high: bool) -> String {
    if high { "1" } else { "-1" }.to_owned()
}

fn pools(bars: &[Bar], size: usize) -> Vec<Vec<String>> {
    let row = |(index, known, high, level): (usize, usize, bool, f64)| {
        let beyond = |price: f64| if high { price > level } else { price < level };
        let taken =
            (known + 1..bars.len()).find(|&at| beyond(if high { bars[at].high } else { bars[at].low }));
        let outcome = taken.map(|at| if beyond(bars[at].close) { "2" } else { "1" }.to_owned());
        vec![
            index.to_string(),
            known.to_string(),
            sign(high),
            format!("{level:?}"),
            taken.map(|at| at.to_string()).unwrap_or_default(),
            outcome.unwrap_or_default(),
        ]
    };
    pivots(bars, size).into_iter().map(row).collect()
}

/// The average true range of 200 bars at `at`.
fn atr(bars: &[Bar], at: usize) -> Option<f64> {
    let range = |at: usize| {
        let bar = &bars[at];
        let Some(before) = at.checked_sub(1).map(|before| bars[before].close) else {
            return bar.high - bar.low;
        };
        (bar.high - bar.low).max((bar.high - before).abs()).max((bar.low - before).abs())
    };
    if at < 199 {
        return None;
    }
    let seed = (0..200).map(range).sum::<f64>() / 200.0;
    Some((200..=at).fold(seed, |average, at| (average * 199.0 + range(at)) / 200.0))
}

fn equal(bars: &[Bar], size: usize, threshold: f64) -> Vec<Vec<String>> {
    let all = pivots(bars, size);
    let pairs = all.iter().enumerate().filter_map(|(number, second)| {
        let first = all[..number].iter().rev().find(|first| first.2 == second.2)?;
        ((second.3 - first.3).abs() < threshold * atr(bars, second.1)?).then(|| {
            let [one, two] = [first.3, second.3].map(|level| format!("{level:?}"));
            vec![second.1.to_string(), sign(second.2), first.0.to_string(), second.0.to_string(), one, two]
        })
    });
    pairs.collect()
}

/// Levels of the stretch of `minutes` before, with 15 minute bars.
fn previous(bars: &[Bar], minutes: usize) -> Vec<Vec<String>> {
    let per_period = minutes / 15;
    let row = |at: usize| {
        let first = at - at % per_period;
        let Some(before) = first.checked_sub(per_period) else {
            return ["", "", "0", "0"].map(str::to_owned).to_vec();
        };
        let high = bars[before..first].iter().map(|bar| bar.high).fold(f64::MIN, f64::max);
        let low = bars[before..first].iter().map(|bar| bar.low).fold(f64::MAX, f64::min);
        let broken =
            |beyond: &dyn Fn(&Bar) -> bool| u8::from(bars[first..=at].iter().any(beyond)).to_string();
        vec![
            format!("{high:?}"),
            format!("{low:?}"),
            broken(&|bar| bar.high > high),
            broken(&|bar| bar.low < low),
        ]
    };
    (0..bars.len()).map(row).collect()
}

const NAMES: [&str; 12] = [
    "causal_fvg",
    "causal_fractals__L2R4",
    "causal_structure__S1",
    "causal_structure__S7",
    "causal_ob__S3_nofilter",
    "causal_ob__S2_atr9",
    "causal_pools__S1",
    "causal_pools__S6",
    "causal_equal__S2_thr0.5",
    "causal_prev__4h",
    "causal_prev__1D",
    "causal_prev__W",
];

/// The cells of a row that were known before bar `end`: later times are empty, and so is what they tell.
fn known(header: &str, row: &[String], end: usize) -> Vec<String> {
    let mut later = false;
    let cells = header.split(',').zip(row).map(|(column, cell)| {
        if column.ends_with("_at") {
            later = cell.parse::<usize>().is_ok_and(|at| at >= end);
        } else if column != "outcome" {
            later = false;
        }
        if later { String::new() } else { cell.clone() }
    });
    cells.collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn pools_equal_their_definition(bars in common::walk(300), size in 1usize..8) {
        let found = Columns::of(&bars).rows(&format!("causal_pools__S{size}"));
        prop_assert_eq!(found, pools(&bars, size));
    }

    #[test]
    fn equal_levels_equal_their_definition(bars in common::walk(420), size in 1usize..5) {
        for threshold in [0.0, 0.1, 0.75] {
            let found = Columns::of(&bars).rows(&format!("causal_equal__S{size}_thr{threshold}"));
            prop_assert_eq!(found, equal(&bars, size, threshold));
        }
    }

    #[test]
    fn previous_levels_equal_their_definition(bars in common::walk(300)) {
        for (frame, minutes) in [("30min", 30), ("2h", 120), ("12h", 720), ("1D", 1_440)] {
            let found = Columns::of(&bars).rows(&format!("causal_prev__{frame}"));
            prop_assert_eq!(found, previous(&bars, minutes));
        }
    }

    #[test]
    fn a_prefix_has_the_rows_that_were_known_by_then(bars in common::walk(300), end in 1usize..300) {
        let end = end.min(bars.len());
        let (all, prefix) = (Columns::of(&bars), Columns::of(&bars[..end]));
        for name in NAMES {
            let text = all.table(name).unwrap().csv();
            let header = text.lines().next().unwrap();
            let place = header.split(',').position(|column| column == "known_at");
            let full = all.rows(name).into_iter().enumerate();
            let expected: Vec<_> = full
                .filter(|(bar, row)| place.map_or(*bar, |place| row[place].parse().unwrap()) < end)
                .map(|(_, row)| known(header, &row, end))
                .collect();
            prop_assert_eq!(prefix.rows(name), expected, "{}", name);
        }
    }
}

#[test]
fn impossible_bars_unequal_columns_and_missing_volumes_are_refused() {
    let bar = Bar { open: 2.0, high: 3.0, low: 1.0, close: 2.0 };
    let good = Columns::of(&[bar; 3]);
    assert!(matches!(good.table("ref_ob__L1_closemit0"), Err(ExportError::NoVolume)));
    assert!(good.table("ref_previous_high_low__1D").is_ok());
    let mut bad = Columns::of(&[bar; 3]);
    bad.prices[1][1] = f64::NAN;
    assert!(matches!(bad.table("causal_fvg"), Err(ExportError::Smc(_))));
    let mut bad = Columns::of(&[bar; 3]);
    bad.open_time[2] = bad.open_time[1];
    assert!(matches!(bad.table("causal_fvg"), Err(ExportError::Smc(_))));
    let mut bad = Columns::of(&[bar; 3]);
    bad.prices[3].pop();
    for name in ["ref_fvg__join0", "causal_fvg"] {
        let error = bad.table(name).unwrap_err();
        assert_eq!(error, ExportError::Length { column: "close", expected: 3, found: 2 });
    }
}
