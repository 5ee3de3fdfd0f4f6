//! What parity mode has to get wrong: the package's defects, one by one [smc.md §2], and what is refused.

#![allow(clippy::float_cmp, reason = "cells are exact; a test fails by panicking")]

use seawall_model::{Span, Ts};
use seawall_smc::parity::{
    ClockTime, Columns, InputZone, ParityError, Session, SwingColumns, TimeFrame, bos_choch, fvg, liquidity,
    ob, previous_high_low, retracements, sessions, swing_highs_lows,
};

const NONE: f64 = f64::NAN;

/// Bars of open, high, low, close; the volume counts up from 1.
struct Table {
    time: Vec<Ts>,
    prices: [Vec<f64>; 4],
    volume: Vec<f64>,
}

impl Table {
    /// Bars of some length from an instant on.
    fn new(first: &str, minutes: i64, bars: &[[f64; 4]]) -> Self {
        let (first, step): (Ts, i64) = (first.parse().unwrap(), minutes * 60);
        let times = (0..bars.len()).scan(first, |next, _| {
            let time = *next;
            *next = time.plus(Span::from_secs(step));
            Some(time)
        });
        Table {
            time: times.collect(),
            prices: [0, 1, 2, 3].map(|at| bars.iter().map(|bar| bar[at]).collect()),
            volume: (1..=bars.len()).map(|volume| volume as f64).collect(),
        }
    }

    fn columns(&self) -> Columns<'_> {
        let [open, high, low, close] = &self.prices;
        Columns::new(&self.time, open, high, low, close, &self.volume).unwrap()
    }
}

/// A bar that opens and closes at one price, with its high and low one away.
fn flat(price: f64) -> [f64; 4] {
    [price, price + 1.0, price - 1.0, price]
}

fn swings(rows: usize, listed: &[(usize, f64, f64)]) -> SwingColumns {
    let mut table = SwingColumns { high_low: vec![NONE; rows], level: vec![NONE; rows] };
    for &(row, kind, level) in listed {
        (table.high_low[row], table.level[row]) = (kind, level);
    }
    table
}

fn rows_set(column: &[f64]) -> Vec<(usize, f64)> {
    column.iter().copied().enumerate().filter(|(_, cell)| !cell.is_nan()).collect()
}

/// [smc.md §1]
#[test]
fn columns_of_unequal_length_are_refused() {
    let times = [Ts::EPOCH; 2];
    let (two, three) = ([1.0; 2], [1.0; 3]);
    assert!(Columns::new(&times, &two, &two, &two, &two, &two).is_ok());
    let refused = Columns::new(&times, &two, &two, &three, &two, &two).unwrap_err();
    assert_eq!(refused, ParityError::Length { column: "low", expected: 2, found: 3 });
    let columns = Columns::new(&times, &two, &two, &two, &two, &two).unwrap();
    let swings = swings(3, &[]);
    assert!(bos_choch(&columns, &swings, true).is_err());
    assert!(ob(&columns, &swings, true).is_err());
    assert!(liquidity(&columns, &swings, 0.01).is_err());
    assert!(retracements(&columns, &swings).is_err());
}

/// [smc.md §2.1] Wicks that meet leave no gap, a touch of the near edge mitigates, and 0 stands for never.
#[test]
fn a_gap_that_nothing_touches_is_mitigated_at_bar_zero() {
    let mut bars =
        vec![flat(10.0), [11.0, 14.0, 11.0, 14.0], [14.0, 15.0, 12.0, 14.0], [14.0, 15.0, 13.0, 14.0]];
    let table = Table::new("2024-01-01", 15, &bars);
    assert_eq!(rows_set(&fvg(&table.columns(), false).mitigated_index), [(1, 0.0)]);
    bars.push([14.0, 15.0, 12.0, 14.0]);
    let table = Table::new("2024-01-01", 15, &bars);
    assert_eq!(rows_set(&fvg(&table.columns(), false).mitigated_index), [(1, 4.0)]);
    bars[2][2] = 11.0;
    let table = Table::new("2024-01-01", 15, &bars);
    assert_eq!(rows_set(&fvg(&table.columns(), false).fvg), []);
}

/// [smc.md §2.2] Of equal highs the earliest stays; the first row and the last are invented.
#[test]
fn the_first_and_the_last_row_are_swings_that_are_none() {
    let prices = [5.0, 5.0, 6.0, 9.0, 9.0, 6.0, 5.0, 5.0];
    let bars: Vec<[f64; 4]> = prices.iter().map(|&price| [price, price + 1.0, 1.0, price]).collect();
    let table = Table::new("2024-01-01", 15, &bars);
    let found = swing_highs_lows(&table.columns(), 1);
    // Rows 3 to 6 are all highs of their windows; all lows are equal, and row 1 is no high.
    assert_eq!(rows_set(&found.high_low), [(0, 1.0), (1, -1.0), (3, 1.0), (7, -1.0)]);
    assert!(rows_set(&swing_highs_lows(&table.columns(), 0).high_low).is_empty());
    assert!(rows_set(&swing_highs_lows(&table.columns(), usize::MAX).high_low).is_empty());
}

/// [smc.md §2.3] 0.1 rounded to 32 bits is above 0.1, 0.7 below it: a price equal to the level breaks it.
#[test]
fn a_level_is_broken_by_an_equal_price_if_rounding_lowered_it() {
    for (level, broken) in [(0.7, true), (0.1, false)] {
        let closes = [0.0, level, 0.0, 0.0, level, level, 0.0];
        let bars: Vec<[f64; 4]> = closes.iter().map(|&close| [close; 4]).collect();
        let table = Table::new("2024-01-01", 15, &bars);
        let swings = swings(7, &[(0, -1.0, -2.0), (1, 1.0, level), (2, -1.0, -1.0), (5, 1.0, 3.0)]);
        let found = bos_choch(&table.columns(), &swings, true).unwrap();
        let expected = if broken { vec![(1, 4.0)] } else { vec![] };
        assert_eq!(rows_set(&found.broken_index), expected, "{level}");
        assert_eq!(rows_set(&found.bos).len(), expected.len(), "{level}");
    }
}

/// [smc.md §2.3] A level of exactly 0 is written as none, though its row stays.
#[test]
fn a_broken_level_of_zero_is_written_as_none() {
    let bars: Vec<[f64; 4]> = [-1.0, 0.0, -1.0, -1.0, 1.0, 1.0].iter().map(|&close| [close; 4]).collect();
    let table = Table::new("2024-01-01", 15, &bars);
    let swings = swings(6, &[(0, -1.0, -2.0), (1, 1.0, 0.0), (2, -1.0, -1.0), (5, 1.0, 1.0)]);
    let found = bos_choch(&table.columns(), &swings, true).unwrap();
    assert_eq!(rows_set(&found.bos), [(1, 1.0)]);
    assert!(found.level.iter().all(|level| level.is_nan()));
}

/// [smc.md §2.3] A row broken at or after the bar that breaks a later row goes, all but its `BrokenIndex`.
#[test]
fn a_deleted_row_leaves_its_broken_index_behind() {
    let closes = [0.0, 5.0, 1.0, 4.0, 2.0, 3.0, 9.0, 9.0];
    let bars: Vec<[f64; 4]> = closes.iter().map(|&close| [close; 4]).collect();
    let table = Table::new("2024-01-01", 15, &bars);
    let listed =
        [(0, -1.0, 0.0), (1, 1.0, 5.0), (2, -1.0, 1.0), (3, 1.0, 6.0), (4, -1.0, 2.0), (7, 1.0, 9.0)];
    let found = bos_choch(&table.columns(), &swings(8, &listed), true).unwrap();
    assert_eq!(rows_set(&found.broken_index), [(1, 6.0), (3, 6.0)]);
    assert_eq!(rows_set(&found.bos), [(3, 1.0)]);
}

/// A swing at bar 1, a dip at bar 2 and a close beyond at bar 3, then the given bars.
fn block(side: f64, later: &[[f64; 4]], close_mitigation: bool) -> (usize, f64, f64) {
    let start =
        [[10.0, 11.0, 9.0, 10.0], [10.0, 12.0, 9.0, 10.0], [10.0, 11.0, 8.0, 10.0], [10.0, 13.0, 9.5, 13.0]];
    let mirrored = |bar: &[f64; 4]| [bar[0] * side, bar[1] * side, bar[2] * side, bar[3] * side];
    let mut bars: Vec<[f64; 4]> = start.iter().chain(later).map(mirrored).collect();
    if side < 0.0 {
        bars.iter_mut().for_each(|bar| bar.swap(1, 2));
    }
    let table = Table::new("2024-01-01", 15, &bars);
    let found =
        ob(&table.columns(), &swings(bars.len(), &[(1, side, 12.0 * side)]), close_mitigation).unwrap();
    let blocks = rows_set(&found.ob);
    let mitigated = found.mitigated_index.get(2).copied().unwrap();
    (blocks.len(), blocks.first().map_or(0.0, |block| block.1), mitigated)
}

/// [smc.md §2.4]
#[test]
fn a_bullish_block_is_mitigated_one_bar_early() {
    let through = [[10.0, 10.5, 7.0, 9.0]];
    assert_eq!(block(1.0, &through, false), (1, 1.0, 3.0));
    assert_eq!(block(-1.0, &through, false), (1, -1.0, 4.0));
    // The body stayed above the block.
    assert_eq!(block(1.0, &through, true), (1, 1.0, 0.0));
}

/// [smc.md §2.4] Only survivors are shown.
#[test]
fn a_breaker_that_is_passed_again_vanishes() {
    let (through, back) = ([10.0, 10.5, 7.0, 9.0], [9.0, 11.5, 9.0, 11.0]);
    for side in [1.0, -1.0] {
        assert_eq!(block(side, &[through, back], false).0, 0);
        // One bar that does both only breaks the block.
        assert_eq!(block(side, &[[10.0, 11.5, 7.0, 9.0]], false).0, 1);
    }
}

/// [smc.md §2.4] Both sides pick bar 2: the bearish block takes over the row, its `MitigatedIndex` and the
/// mark of a breaker, so the first bar below it wipes it although nothing has passed its top.
#[test]
fn a_candle_chosen_by_both_sides_inherits_the_breaker_mark() {
    let mut bars = vec![
        [10.0, 11.0, 9.0, 10.0],
        [10.0, 12.0, 7.0, 10.0],
        [10.0, 14.0, 6.5, 10.0],
        [10.0, 13.0, 9.5, 13.0],
        [10.0, 10.5, 6.0, 6.9],
    ];
    let listed = swings(5, &[(1, 1.0, 12.0)]);
    let mut both = listed.clone();
    (both.high_low[0], both.level[0]) = (-1.0, 9.0);
    // The low of bar 0 is crossed by the close of bar 4; of the bars since, bar 2 has the highest high.
    let found = ob(&Table::new("2024-01-01", 15, &bars).columns(), &both, false).unwrap();
    assert_eq!(rows_set(&found.ob), [(2, -1.0)]);
    assert_eq!(found.mitigated_index[2], 3.0, "of the bullish block that was there before");
    bars.push([6.9, 7.0, 6.4, 6.9]);
    let (mut longer, table) = (both, Table::new("2024-01-01", 15, &bars));
    longer.high_low.push(NONE);
    longer.level.push(NONE);
    assert!(rows_set(&ob(&table.columns(), &longer, false).unwrap().ob).is_empty());
}

/// [smc.md §2.4] With no bar between the swing and the break the bullish zone is upside down.
#[test]
fn the_bullish_default_zone_has_its_edges_exchanged() {
    let bars = [[10.0, 12.0, 9.0, 10.0], [10.0, 14.0, 9.5, 13.0]];
    let table = Table::new("2024-01-01", 15, &bars);
    let found = ob(&table.columns(), &swings(2, &[(0, 1.0, 12.0)]), false).unwrap();
    assert_eq!((found.top[0], found.bottom[0]), (9.0, 12.0));
    assert_eq!((found.ob_volume[0], found.percentage[0]), (3.0, 0.0));
}

/// [smc.md §2.5] A later bar far away widens the range of swings long past.
#[test]
fn a_later_extreme_makes_earlier_groups() {
    let mut bars: Vec<[f64; 4]> = [5.0, 9.0, 5.0, 8.0, 5.0].map(flat).to_vec();
    let listed = [(1, 1.0, 10.0), (3, 1.0, 9.0)];
    let narrow =
        liquidity(&Table::new("2024-01-01", 15, &bars).columns(), &swings(5, &listed), 0.01).unwrap();
    assert!(narrow.liquidity.iter().all(|cell| cell.is_nan()));
    bars.push([5.0, 106.0, 4.0, 5.0]);
    let wide = liquidity(&Table::new("2024-01-01", 15, &bars).columns(), &swings(6, &listed), 0.01).unwrap();
    assert_eq!((wide.liquidity[1], wide.level[1], wide.end[1], wide.swept[1]), (1.0, 9.5, 3.0, 5.0));
}

fn previous(first: &str, minutes: i64, bars: usize, time_frame: &str) -> Vec<Option<f64>> {
    let bars: Vec<[f64; 4]> = (0..bars).map(|bar| flat(bar as f64)).collect();
    let table = Table::new(first, minutes, &bars);
    let found = previous_high_low(&table.columns(), time_frame.parse().unwrap());
    let high = |&high: &f32| (!high.is_nan()).then(|| f64::from(high));
    found.previous_high.iter().map(high).collect()
}

/// [smc.md §2.6] Bars of 12 hours: day k has bars 2k and 2k + 1, so its high is 2k + 2.
#[test]
fn the_first_bar_of_a_day_still_has_the_older_day() {
    let found = previous("2024-01-01", 720, 8, "1D");
    assert_eq!(found, [None, None, None, Some(2.0), Some(2.0), Some(4.0), Some(4.0), Some(6.0)]);
}

/// [smc.md §2.6] From Monday 2024-01-01; the first week's high is 7, the second's 14. On Monday the 15th it
/// is still the first week's, and from Sunday the 21st on (after midnight, which no daily bar is) the
/// second's.
#[test]
fn weekly_levels_are_a_week_stale() {
    let found = previous("2024-01-01", 1_440, 23, "W");
    assert_eq!(found[13], None);
    assert_eq!(found[14..21], [Some(7.0); 7]);
    assert_eq!(found[21..], [Some(14.0); 2]);
}

/// [smc.md §2.6] The label of a week is its Sunday's midnight, so later Sunday bars already count it as past.
#[test]
fn on_sunday_after_midnight_the_week_itself_counts_as_past() {
    let found = previous("2024-01-01", 720, 30, "W");
    // Sunday 2024-01-14 has bars 26 (midnight) and 27 (noon).
    assert_eq!((found[26], found[27]), (None, Some(14.0)));
}

/// Labels of pandas 3.1: the bar on which the second period's label is first past shows them.
#[test]
fn every_alias_cuts_time_as_pandas_does() {
    // Daily bars from Wednesday 2023-02-15; the day on which the first level appears.
    for (alias, expected) in [
        ("2D", 3),
        ("36h", 2),
        ("W", 12),
        ("W-WED", 8),
        ("2W", 19),
        ("3W-FRI", 24),
        ("MS", 15),
        ("ME", 45),
        ("2MS", 46),
        ("2ME", 75),
        ("QS", 46),
        ("QE", 136),
        ("QS-FEB", 76),
        ("QE-JAN", 167),
        ("YS", 321),
        ("YE", 686),
        ("YS-MAR", 15),
        ("YE-JUN", 502),
        ("2QE", 228),
        ("2YS", 687),
    ] {
        let found = previous("2023-02-15", 1_440, 700, alias);
        assert_eq!(found.iter().position(Option::is_some), Some(expected), "{alias}");
    }
}

#[test]
fn aliases_that_pandas_or_we_do_not_have_are_refused() {
    for text in [
        "",
        "1",
        "15m",
        "1H",
        "4H",
        "1M",
        "T",
        "0h",
        "-1h",
        "1.5h",
        "1h30min",
        "B",
        "W-",
        "W-sun",
        "D-JAN",
        "QE-XYZ",
        "ME-JAN",
        "99999999999h",
        "é",
        "1é",
    ] {
        let refused = text.parse::<TimeFrame>();
        assert!(matches!(refused, Err(ParityError::TimeFrame { .. })), "{text}: {refused:?}");
    }
}

fn active(first: &str, session: Session, zone: &str) -> Vec<usize> {
    let table = Table::new(first, 30, &vec![flat(10.0); 48]);
    let found = sessions(&table.columns(), session, zone.parse().unwrap());
    (0..48).filter(|&row| found.active[row] == 1).collect()
}

/// [smc.md §2.7]
#[test]
fn a_session_includes_the_bar_that_opens_at_its_end() {
    let london: Vec<usize> = (14..=32).collect();
    assert_eq!(active("2024-01-01", Session::London, "UTC"), london);
    assert_eq!(
        active("2024-01-01", "london close kill zone".parse().unwrap(), "UTC"),
        (28..=32).collect::<Vec<_>>()
    );
}

/// [smc.md §2.7] A table in `UTC+2` is read as one two hours behind UTC, so London is found four hours early.
#[test]
fn the_sign_of_an_offset_is_inverted() {
    assert_eq!(active("2024-01-01", Session::London, "UTC+2"), (10..=28).collect::<Vec<_>>());
    assert_eq!(active("2024-01-01", Session::London, "GMT-2"), (18..=36).collect::<Vec<_>>());
    assert_eq!(active("2024-01-01", Session::London, "GMT0"), (14..=32).collect::<Vec<_>>());
}

/// [smc.md §2.7]
#[test]
fn a_session_with_equal_bounds_never_ends_and_one_over_midnight_joins_days() {
    let custom =
        |start: &str, end: &str| Session::Custom { start: start.parse().unwrap(), end: end.parse().unwrap() };
    assert_eq!(active("2024-01-01", custom("6:00", "06:0"), "UTC").len(), 48);
    assert_eq!(active("2024-01-01", custom("23:00", "0:59"), "UTC"), [0, 1, 46, 47]);
}

/// [smc.md §2.7] A low of 0 or less is taken for no low at all, a high below 0 for 0.
#[test]
fn the_zero_sentinel_of_sessions_breaks_prices_that_are_not_positive() {
    let bars = [[1.0, 2.0, 0.0, 1.0], [1.0, 2.0, 1.0, 1.0], [-3.0, -2.0, -4.0, -3.0]];
    let table = Table::new("2024-01-01T12:00:00Z", 15, &bars);
    let found = sessions(&table.columns(), Session::London, InputZone::Utc);
    assert_eq!((found.low, found.high), (vec![0.0, 1.0, -4.0], vec![2.0; 3]));
    let table = Table::new("2024-01-01T12:00:00Z", 15, &bars[2..]);
    assert_eq!(sessions(&table.columns(), Session::London, InputZone::Utc).high, [0.0]);
}

#[test]
fn zones_sessions_and_times_that_the_package_does_not_have_are_refused() {
    for text in [
        "",
        "utc+2",
        "UTC+13",
        "UTC-15",
        "UTC+02",
        "UTC+-2",
        "UTC2",
        "UTC+2:00",
        "Etc/GMT+2",
        "Europe/London",
    ] {
        assert!(matches!(text.parse::<InputZone>(), Err(ParityError::Zone { .. })), "{text}");
    }
    for text in ["", "london", "Custom", "London close kill zone"] {
        assert!(matches!(text.parse::<Session>(), Err(ParityError::Session { .. })), "{text}");
    }
    for text in ["", "6", "24:00", "23:60", " 6:00", "006:00", "6:00:00", "+6:00", "6:"] {
        assert!(matches!(text.parse::<ClockTime>(), Err(ParityError::ClockTime { .. })), "{text}");
    }
}

/// [smc.md §2.8] The bar of a low is scored, that of a high is not; rows move down by one and the first
/// ones go.
#[test]
fn retracements_are_shifted_by_a_row_and_cleared_up_to_the_third_change() {
    let bars: Vec<[f64; 4]> = (0..8).map(|_| [10.0, 12.0, 8.0, 10.0]).collect();
    let table = Table::new("2024-01-01", 15, &bars);
    let listed = [(1, 1.0, 16.0), (3, -1.0, 4.0), (5, 1.0, 20.0)];
    let found = retracements(&table.columns(), &swings(8, &listed)).unwrap();
    // Directions by bar 0 1 1 -1 -1 1 1 1, moved: 1 0 1 1 -1 -1 1 1; the third change is before row 4.
    assert_eq!(found.direction, [0, 0, 0, 0, 0, -1, 1, 1]);
    assert_eq!(found.current_retracement, [0.0, 0.0, 0.0, 0.0, 0.0, 66.7, 0.0, 75.0]);
    assert_eq!(found.deepest_retracement, [0.0, 0.0, 0.0, 0.0, 0.0, 66.7, 0.0, 75.0]);
}

#[test]
fn tables_of_few_bars_give_tables_of_as_many_rows() {
    for rows in 0..4 {
        let table = Table::new("2024-01-01", 15, &vec![flat(10.0); rows]);
        let columns = table.columns();
        assert_eq!((columns.len(), columns.is_empty()), (rows, rows == 0));
        let swings = swing_highs_lows(&columns, 1);
        assert_eq!(swings.high_low.len(), rows);
        assert_eq!(fvg(&columns, true).fvg.len(), rows);
        assert_eq!(bos_choch(&columns, &swings, true).unwrap().bos.len(), rows);
        assert_eq!(ob(&columns, &swings, true).unwrap().ob.len(), rows);
        assert_eq!(liquidity(&columns, &swings, 0.01).unwrap().liquidity.len(), rows);
        assert_eq!(previous_high_low(&columns, "D".parse().unwrap()).previous_high.len(), rows);
        assert_eq!(sessions(&columns, Session::Tokyo, InputZone::Utc).active.len(), rows);
        assert_eq!(retracements(&columns, &swings).unwrap().direction.len(), rows);
    }
}
