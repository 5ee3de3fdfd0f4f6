//! The grid of a series: its bars open a whole number of steps apart.
//!
//! The step is the most frequent one. Two things are no fault: steps of four weeks and more count in calendar
//! days (months differ in length), and a step longer than an hour may be an hour off when clocks change, that
//! is, twice a year.

use std::collections::BTreeMap;

use seawall_model::{Span, Ts};

const HOUR: i64 = 3_600_000_000_000;
const DAY: i64 = 24 * HOUR;
/// Steps from here on are months.
const MONTH_MIN: i64 = 28 * DAY;
/// Clocks change in spring and in autumn.
const CLOCK_CHANGE_APART_MIN: i64 = 100 * DAY;

/// The grid of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Grid {
    /// The usual time from one bar to the next; zero with a single bar.
    pub(crate) step: Span,
    /// Places where bars are missing.
    pub(crate) holes: u64,
    /// Bars that are missing there.
    pub(crate) missing: u64,
}

/// A bar off the grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OffGrid {
    /// Its place in the series.
    pub(super) row: usize,
    /// The time since the bar before.
    pub(super) since: Span,
    /// The usual step.
    pub(super) step: Span,
}

/// Finds the grid of rising times.
pub(super) fn find(times: &[Ts]) -> Result<Grid, OffGrid> {
    let steps = || times.iter().zip(times.iter().skip(1)).map(|(before, at)| at.since(*before).nanos());
    let mut counts: BTreeMap<i64, u64> = BTreeMap::new();
    for step in steps() {
        *counts.entry(step).or_default() += 1;
    }
    // The shortest of the most frequent.
    let usual = counts.iter().rev().max_by_key(|(_, count)| **count).map_or(0, |(step, _)| *step);
    let mut grid = Grid { step: Span::from_nanos(usual), holes: 0, missing: 0 };
    if usual <= 0 {
        return Ok(grid);
    }
    let unit = if usual >= MONTH_MIN { DAY } else { usual };
    let mut clock_changed: Option<(usize, Ts)> = None;
    for ((row, at), step) in times.iter().enumerate().skip(1).zip(steps()) {
        let rest = step.rem_euclid(unit);
        if rest != 0 {
            let clock_change = unit > HOUR && (rest == HOUR || unit - rest == HOUR);
            let recent = clock_changed.filter(|(_, then)| at.since(*then).nanos() < CLOCK_CHANGE_APART_MIN);
            if !clock_change || recent.is_some() {
                let row = recent.map_or(row, |(row, _)| row);
                return Err(OffGrid { row, since: since(times, row), step: grid.step });
            }
            clock_changed = Some((row, *at));
        }
        let steps_taken = step.saturating_add(usual / 2) / usual;
        if let Ok(missing @ 1..) = u64::try_from(steps_taken - 1) {
            grid.holes += 1;
            grid.missing += missing;
        }
    }
    Ok(grid)
}

fn since(times: &[Ts], row: usize) -> Span {
    match (times.get(row), row.checked_sub(1).and_then(|before| times.get(before))) {
        (Some(at), Some(before)) => at.since(*before),
        (Some(_) | None, None) | (None, Some(_)) => Span::ZERO,
    }
}

/// A length of time in its largest whole unit: `15m`, `1h`, `7d`.
pub(super) fn text(span: Span) -> String {
    let nanos = span.nanos();
    let units = [(DAY, "d"), (HOUR, "h"), (HOUR / 60, "m"), (HOUR / 3_600, "s"), (HOUR / 3_600_000, "ms")];
    let unit = units.into_iter().find(|(unit, _)| nanos % unit == 0);
    unit.map_or_else(|| format!("{nanos}ns"), |(unit, name)| format!("{}{name}", nanos / unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: &[i64]) -> Vec<Ts> {
        hours.iter().map(|hour| Ts::from_nanos(hour * HOUR)).collect()
    }

    #[test]
    fn whole_missing_bars_are_counted_and_half_ones_refused() {
        let grid = find(&at(&[0, 1, 2, 3, 6, 7, 9])).unwrap();
        assert_eq!(grid, Grid { step: Span::from_nanos(HOUR), holes: 2, missing: 3 });
        let mut times = at(&[0, 1, 2, 3]);
        times.push(Ts::from_nanos(3 * HOUR + HOUR / 2));
        let off = find(&times).unwrap_err();
        assert_eq!((off.row, text(off.since), text(off.step)), (4, "30m".to_owned(), "1h".to_owned()));
        assert_eq!(find(&at(&[5])).unwrap().step, Span::ZERO);
    }

    #[test]
    fn months_and_changes_of_the_clock_are_no_faults() {
        let month = |day: i64| day * 24;
        let grid = find(&at(&[0, 31, 59, 90, 120, 151, 212].map(month))).unwrap();
        assert_eq!((grid.step, grid.holes, grid.missing), (Span::from_nanos(31 * DAY), 1, 1));
        let mut hours: Vec<i64> = (0..200).map(|day| day * 24).collect();
        for hour in hours.iter_mut().skip(150) {
            *hour -= 1;
        }
        assert_eq!(find(&at(&hours)).unwrap().missing, 0);
        // One bar an hour off is a fault, and it is that bar's.
        let mut hours: Vec<i64> = (0..200).map(|bar| bar * 4).collect();
        hours[100] += 1;
        assert_eq!(find(&at(&hours)).unwrap_err().row, 100);
    }
}
