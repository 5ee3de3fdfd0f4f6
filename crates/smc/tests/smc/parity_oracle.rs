//! Parity mode against plain loops over the definitions [smc.md §2], on short series of small whole prices,
//! where ties, gaps that join and levels that meet are frequent. The loops search where the library keeps
//! stacks and heaps.

#![allow(
    clippy::float_cmp,
    clippy::needless_range_loop,
    reason = "a test fails by panicking; plain loops over rows, with exact cells, are the point"
)]

use proptest::prelude::*;
use seawall_model::Ts;
use seawall_smc::parity::{
    Columns, SwingColumns, TimeFrame, bos_choch, fvg, liquidity, ob, previous_high_low, retracements,
    swing_highs_lows,
};

const NONE: f64 = f64::NAN;

/// Bars with a low that may be above the high, as the package takes them too.
#[derive(Debug, Clone, Default)]
struct Bars {
    time: Vec<Ts>,
    open: Vec<f64>,
    high: Vec<f64>,
    low: Vec<f64>,
    close: Vec<f64>,
    volume: Vec<f64>,
}

impl Bars {
    fn columns(&self) -> Columns<'_> {
        Columns::new(&self.time, &self.open, &self.high, &self.low, &self.close, &self.volume).unwrap()
    }

    fn len(&self) -> usize {
        self.time.len()
    }
}

/// A walk in steps of a third of a unit, whose 32-bit rounding differs from the price; one price in fifty is
/// missing.
fn bars() -> impl Strategy<Value = Bars> {
    let step = (-3i32..=3, -3i32..=3, 0i32..=2, 0i32..=2, 0i64..=40, 0u8..50);
    (prop_oneof![Just(3.0), Just(1.0)], prop::collection::vec(step, 0..=90)).prop_map(|(divisor, steps)| {
        let (mut bars, mut last, mut hour) = (Bars::default(), 60, 473_000);
        for (gap, change, up, down, hours, missing) in steps {
            let (open, close) = (last + gap / 3, last + gap / 3 + change);
            let price = |units: i32| f64::from(units) / divisor;
            bars.time.push(Ts::from_millis(hour * 3_600_000));
            bars.open.push(price(open));
            bars.high.push(if missing == 0 { NONE } else { price(open.max(close) + up) });
            bars.low.push(if missing == 1 { NONE } else { price(open.min(close) - down) });
            bars.close.push(price(close));
            bars.volume.push(f64::from(up * 7 + down));
            last = close;
            hour += 1 + hours * hours / 40;
        }
        bars
    })
}

/// Equal cells, NaN to NaN.
fn same(name: &str, found: &[f64], expected: &[f64]) -> Result<(), TestCaseError> {
    prop_assert_eq!(found.len(), expected.len());
    for (row, (found, expected)) in found.iter().zip(expected).enumerate() {
        let equal = found.to_bits() == expected.to_bits() || (found.is_nan() && expected.is_nan());
        prop_assert!(equal, "{} of row {}: {} instead of {}", name, row, found, expected);
    }
    Ok(())
}

fn wide(cells: &[f32]) -> Vec<f64> {
    cells.iter().map(|&cell| f64::from(cell)).collect()
}

#[expect(clippy::cast_possible_truncation, reason = "the package rounds")]
fn narrow(value: f64) -> f64 {
    f64::from(value as f32)
}

/// The first row from `from` on that a test holds for, 0 for none.
fn first(from: usize, rows: usize, holds: impl Fn(usize) -> bool) -> usize {
    (from..rows).find(|&row| holds(row)).unwrap_or(0)
}

fn is(cell: f64, sign: f64) -> bool {
    cell.to_bits() == sign.to_bits()
}

/// Sign, top, bottom, mitigated of each row.
fn naive_fvg(bars: &Bars, join: bool) -> Vec<[f64; 4]> {
    let rows = bars.len();
    let mut table = vec![[NONE; 4]; rows];
    for row in 1..rows.saturating_sub(1) {
        let (before, after) = (row - 1, row + 1);
        if bars.close[row] > bars.open[row] && bars.high[before] < bars.low[after] {
            table[row] = [1.0, bars.low[after], bars.high[before], 0.0];
        } else if bars.close[row] < bars.open[row] && bars.low[before] > bars.high[after] {
            table[row] = [-1.0, bars.low[before], bars.high[after], 0.0];
        }
    }
    for row in 0..rows.saturating_sub(1) {
        if join && is(table[row][0], table[row + 1][0]) {
            table[row + 1][1] = table[row][1].max(table[row + 1][1]);
            table[row + 1][2] = table[row][2].min(table[row + 1][2]);
            table[row] = [NONE; 4];
        }
    }
    for (row, cells) in table.iter_mut().enumerate().filter(|(_, cells)| !cells[0].is_nan()) {
        let touches = |bar: usize| {
            if cells[0] > 0.0 { bars.low[bar] <= cells[1] } else { bars.high[bar] >= cells[2] }
        };
        cells[3] = first(row + 2, rows, touches) as f64;
    }
    table
}

/// Candidates first, then neighbours of one kind struck out one at a time.
fn naive_swings(bars: &Bars, length: usize) -> SwingColumns {
    let rows = bars.len();
    let mut kinds: Vec<(usize, f64)> = Vec::new();
    for row in 2 * length - 1..rows.saturating_sub(length) {
        let window = row + 1 - length..=row + length;
        if window.clone().all(|bar| bars.high[bar] <= bars.high[row]) {
            kinds.push((row, 1.0));
        } else if window.clone().all(|bar| bars.low[bar] >= bars.low[row]) {
            kinds.push((row, -1.0));
        }
    }
    while let Some(at) = kinds.windows(2).position(|pair| is(pair[0].1, pair[1].1)) {
        let ((left, kind), (right, _)) = (kinds[at], kinds[at + 1]);
        let later_is_better =
            if kind > 0.0 { bars.high[right] > bars.high[left] } else { bars.low[right] < bars.low[left] };
        kinds.remove(if later_is_better { at } else { at + 1 });
    }
    if let (Some(&(_, early)), Some(&(_, late))) = (kinds.first(), kinds.last()) {
        kinds.insert(0, (0, -early));
        kinds.push((rows - 1, -late));
    }
    let mut table = SwingColumns { high_low: vec![NONE; rows], level: vec![NONE; rows] };
    for (row, kind) in kinds {
        table.high_low[row] = kind;
        table.level[row] = if kind > 0.0 { bars.high[row] } else { bars.low[row] };
    }
    table
}

/// BOS, CHOCH, level, broken of each row.
fn naive_structure(bars: &Bars, swings: &SwingColumns, close_break: bool) -> Vec<[f64; 4]> {
    let rows = bars.len();
    let listed: Vec<usize> = (0..rows).filter(|&row| !swings.high_low[row].is_nan()).collect();
    let mut table = vec![[0.0; 4]; rows];
    for four in listed.windows(4) {
        let sign = swings.high_low[four[3]];
        let alternate =
            (0..4).all(|at| is(swings.high_low[four[at]], if at % 2 == 1 { sign } else { -sign }));
        let level: Vec<f64> = four.iter().map(|&row| swings.level[row] * sign).collect();
        let (a, b, c, d) = (level[0], level[1], level[2], level[3]);
        let level = narrow(swings.level[four[1]]);
        if alternate && a < c && c < b && b < d {
            table[four[1]] = [sign, 0.0, level, 0.0];
        } else if alternate && c < a && a < b && b < d {
            table[four[1]] = [0.0, sign, level, 0.0];
        }
    }
    for row in 0..rows {
        let sign = table[row][0] + table[row][1];
        if sign == 0.0 {
            continue;
        }
        let source = match (close_break, sign > 0.0) {
            (true, _) => &bars.close,
            (false, true) => &bars.high,
            (false, false) => &bars.low,
        };
        let level = table[row][2];
        let broken =
            first(row + 2, rows, |bar| if sign > 0.0 { source[bar] > level } else { source[bar] < level });
        table[row][3] = broken as f64;
        for earlier in table[..row].iter_mut().filter(|_| broken != 0) {
            if earlier[0] + earlier[1] != 0.0 && earlier[3] >= broken as f64 {
                *earlier = [0.0, 0.0, 0.0, earlier[3]];
            }
        }
    }
    for cells in &mut table {
        if cells[3] == 0.0 {
            *cells = [0.0; 4];
        }
        *cells = cells.map(|cell| if cell == 0.0 { NONE } else { cell });
    }
    table
}

/// OB, top, bottom, mitigated of each row, the volume columns left out.
fn naive_blocks(bars: &Bars, swings: &SwingColumns, close_mitigation: bool) -> Vec<[f64; 4]> {
    let rows = bars.len();
    let mut table = vec![[0.0; 4]; rows];
    let mut breaker = vec![false; rows];
    for side in [1.0, -1.0] {
        let (near, far) = if side > 0.0 { (&bars.high, &bars.low) } else { (&bars.low, &bars.high) };
        let (mut active, mut crossed): (Vec<usize>, Option<usize>) = (Vec::new(), None);
        for bar in 0..rows {
            active.retain(|&row| {
                let (top, bottom) = (table[row][1], table[row][2]);
                let (near_edge, far_edge) = if side > 0.0 { (top, bottom) } else { (bottom, top) };
                let (open, close) = (bars.open[bar] * side, bars.close[bar] * side);
                let passing = if close_mitigation { open.min(close) } else { far[bar] * side };
                if breaker[row] && near[bar] * side > near_edge * side {
                    table[row] = [0.0; 4];
                    return false;
                } else if !breaker[row] && passing < far_edge * side {
                    breaker[row] = true;
                    table[row][3] = if side > 0.0 { bar as f64 - 1.0 } else { bar as f64 };
                }
                true
            });
            let Some(last) = (0..bar).rev().find(|&row| is(swings.high_low[row], side)) else { continue };
            if bars.close[bar] * side <= near[last] * side || near[last].is_nan() || crossed == Some(last) {
                continue;
            }
            crossed = Some(last);
            let between = last + 1..bar;
            let clean = between.clone().all(|row| !far[row].is_nan()) && !between.is_empty();
            let best = between.clone().map(|row| far[row] * side).fold(f64::INFINITY, f64::min);
            let chosen = between.rev().find(|&row| clean && far[row] * side <= best);
            let row = chosen.unwrap_or(bar - 1);
            let (top, bottom) = (narrow(bars.high[row]), narrow(bars.low[row]));
            let exchanged = chosen.is_none() && side > 0.0;
            let (top, bottom) = if exchanged { (bottom, top) } else { (top, bottom) };
            table[row] = [side, top, bottom, table[row][3]];
            active.push(row);
        }
    }
    for cells in &mut table {
        if cells[0] == 0.0 {
            *cells = [NONE; 4];
        }
    }
    table
}

/// Liquidity, level, end, swept of each row.
fn naive_liquidity(bars: &Bars, swings: &SwingColumns, percent: f64) -> Vec<[f64; 4]> {
    let rows = bars.len();
    let mut table = vec![[NONE; 4]; rows];
    let highest = bars.high.iter().copied().fold(NONE, f64::max);
    let width = (highest - bars.low.iter().copied().fold(NONE, f64::min)) * percent;
    let mut free = swings.high_low.clone();
    for side in [1.0, -1.0] {
        for row in 0..rows {
            if !is(free[row], side) {
                continue;
            }
            let level = swings.level[row];
            let (least, most) = (level - width, level + width);
            let swept = first(row + 1, rows, |bar| {
                if side > 0.0 { bars.high[bar] >= most } else { bars.low[bar] <= least }
            });
            let mut members = vec![row];
            for later in row + 1..if swept == 0 { rows } else { swept } {
                if is(free[later], side) && (least..=most).contains(&swings.level[later]) {
                    free[later] = 0.0;
                    members.push(later);
                }
            }
            if members.len() > 1 {
                let mean = members.iter().map(|&row| swings.level[row]).sum::<f64>() / members.len() as f64;
                table[row] = [side, narrow(mean), members[members.len() - 1] as f64, swept as f64];
            }
        }
    }
    table
}

/// Previous high and low of each row by period numbers, for time frames labelled at the start.
fn naive_previous(bars: &Bars, period_hours: i64) -> Vec<[f64; 2]> {
    let hour = |row: usize| bars.time[row].millis() / 3_600_000;
    let midnight = if bars.len() == 0 { 0 } else { hour(0) / 24 * 24 };
    let period = |row: usize| (hour(row) - midnight) / period_hours;
    let mut table = Vec::new();
    for row in 0..bars.len() {
        let with_prices = |number: &i64| {
            let members: Vec<usize> = (0..bars.len()).filter(|&row| period(row) == *number).collect();
            members.iter().any(|&row| !bars.high[row].is_nan())
                && members.iter().any(|&row| !bars.low[row].is_nan())
        };
        let before = (0..=period(row)).filter(|number| midnight + number * period_hours < hour(row));
        let before: Vec<i64> = before.filter(with_prices).collect();
        let Some(&reference) = before.len().checked_sub(2).map(|at| &before[at]) else {
            table.push([NONE; 2]);
            continue;
        };
        let members = (0..bars.len()).filter(|&row| period(row) == reference);
        let (high, low) = members.fold((NONE, NONE), |(high, low), row| {
            (f64::max(high, bars.high[row]), f64::min(low, bars.low[row]))
        });
        table.push([narrow(high), narrow(low)]);
    }
    table
}

/// Direction, current and deepest retracement of each row.
fn naive_retracements(bars: &Bars, swings: &SwingColumns) -> Vec<[f64; 3]> {
    let rows = bars.len();
    let mut table = vec![[0.0; 3]; rows];
    let (mut top, mut bottom) = (0.0, 0.0);
    for row in 0..rows {
        let kind = swings.high_low[row];
        let last = if row > 0 { table[row - 1] } else { [0.0; 3] };
        let direction = if kind.is_nan() { last[0] } else { kind };
        top = if kind > 0.0 { swings.level[row] } else { top };
        bottom = if kind < 0.0 { swings.level[row] } else { bottom };
        let alone = rows == 1 && direction > 0.0;
        let (price, from, to) = if direction < 0.0 {
            (bars.high[row], top, bottom)
        } else if last[0] > 0.0 || alone {
            (bars.low[row], bottom, top)
        } else {
            table[row][0] = direction;
            continue;
        };
        let percent = if to == from { 0.0 } else { 100.0 - (price - from) / (to - from) * 100.0 };
        let current = (percent * 10.0).round_ties_even() / 10.0;
        let deepest = if is(last[0], direction) { last[2] } else { 0.0 };
        table[row] = [direction, current, if current > deepest { current } else { deepest }];
    }
    table.rotate_right(usize::from(rows > 0));
    let changes: Vec<usize> = (1..rows).filter(|&row| !is(table[row][0], table[row - 1][0])).collect();
    let kept_from = changes.get(2).map_or(rows.saturating_sub(1), |&change| change + 1);
    table[..kept_from].fill([0.0; 3]);
    table
}

fn column<const N: usize>(table: &[[f64; N]], number: usize) -> Vec<f64> {
    table.iter().map(|row| row[number]).collect()
}

/// Swings as the package makes them, or any column at all.
fn swings_of(bars: &Bars, length: usize, picked: &[i8]) -> SwingColumns {
    if length > 0 {
        return naive_swings(bars, length);
    }
    let kinds = (0..bars.len()).map(|row| match picked[row % picked.len()] {
        kind @ (1 | -1) => f64::from(kind),
        _ => NONE,
    });
    let high_low: Vec<f64> = kinds.collect();
    let level = |row: usize| if high_low[row] > 0.0 { bars.high[row] } else { bars.low[row] };
    SwingColumns { level: (0..bars.len()).map(level).collect(), high_low }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn gaps_equal_the_search_bar_by_bar(bars in bars(), join: bool) {
        let (found, expected) = (fvg(&bars.columns(), join), naive_fvg(&bars, join));
        let columns = [found.fvg, found.top, found.bottom, found.mitigated_index];
        for (number, found) in columns.iter().enumerate() {
            same("fvg", found, &column(&expected, number))?;
        }
    }

    #[test]
    fn swings_equal_the_search_window_by_window(bars in bars(), length in 1usize..8) {
        let (found, expected) = (swing_highs_lows(&bars.columns(), length), naive_swings(&bars, length));
        same("HighLow", &found.high_low, &expected.high_low)?;
        same("Level", &found.level, &expected.level)?;
    }

    #[test]
    fn structure_and_blocks_and_groups_equal_the_search_on_any_swings(
        bars in bars(),
        length in 0usize..5,
        picked in prop::collection::vec(-1i8..=4, 1..40),
        flag: bool,
        percent in prop::sample::select(vec![0.0, 0.01, 0.05, 0.2, 1.0]),
    ) {
        let (columns, swings) = (bars.columns(), swings_of(&bars, length, &picked));
        let (found, expected) =
            (bos_choch(&columns, &swings, flag).unwrap(), naive_structure(&bars, &swings, flag));
        for (number, found) in
            [found.bos, found.choch, wide(&found.level), found.broken_index].iter().enumerate()
        {
            same("structure", found, &column(&expected, number))?;
        }
        let (found, expected) = (ob(&columns, &swings, flag).unwrap(), naive_blocks(&bars, &swings, flag));
        for (number, found) in
            [found.ob, wide(&found.top), wide(&found.bottom), found.mitigated_index].iter().enumerate()
        {
            same("order blocks", found, &column(&expected, number))?;
        }
        let (found, expected) =
            (liquidity(&columns, &swings, percent).unwrap(), naive_liquidity(&bars, &swings, percent));
        for (number, found) in [found.liquidity, found.level, found.end, found.swept].iter().enumerate() {
            same("liquidity", &wide(found), &column(&expected, number))?;
        }
    }

    #[test]
    fn previous_levels_equal_the_search_over_periods(
        bars in bars(),
        (hours, alias) in
            prop::sample::select(vec![(4, "4h"), (7, "7h"), (24, "D"), (36, "36h"), (72, "3D")]),
    ) {
        let time_frame: TimeFrame = alias.parse().unwrap();
        let found = previous_high_low(&bars.columns(), time_frame);
        let expected = naive_previous(&bars, hours);
        same("PreviousHigh", &wide(&found.previous_high), &column(&expected, 0))?;
        same("PreviousLow", &wide(&found.previous_low), &column(&expected, 1))?;
    }

    #[test]
    fn retracements_equal_the_arrays_shifted_and_cleared(
        bars in bars(),
        length in 0usize..5,
        picked in prop::collection::vec(-1i8..=4, 1..40),
    ) {
        let swings = swings_of(&bars, length, &picked);
        let found = retracements(&bars.columns(), &swings).unwrap();
        let expected = naive_retracements(&bars, &swings);
        let direction: Vec<f64> = found.direction.iter().map(|&direction| f64::from(direction)).collect();
        same("Direction", &direction, &column(&expected, 0))?;
        same("Current", &found.current_retracement, &column(&expected, 1))?;
        same("Deepest", &found.deepest_retracement, &column(&expected, 2))?;
    }
}
