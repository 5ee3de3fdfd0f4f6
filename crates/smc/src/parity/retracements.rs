//! Retracements in hindsight. [smc.md §2.8]

use super::columns::Columns;
use super::error::ParityError;
use super::number::{python_max, set, swing_kind};
use super::swings::SwingColumns;
use crate::bar::PivotKind;

/// The package's table of retracements. Hindsight: not for trading.
#[derive(Debug, Clone)]
pub struct RetracementColumns {
    /// `Direction`: 1 after a swing high, -1 after a swing low, 0 before the third change.
    pub direction: Vec<i32>,
    /// `CurrentRetracement%`: to one decimal; may be negative or above 100.
    pub current_retracement: Vec<f64>,
    /// `DeepestRetracement%`: the greatest since the swing.
    pub deepest_retracement: Vec<f64>,
}

/// Direction changes after which rows are kept.
const CHANGES_CLEARED: u32 = 3;

/// The package's `retracements`. **Hindsight: unusable for trading.** The direction changes on the swing's
/// bar, which is known as one only bars later.
///
/// After a low: `100 - (high - top) / (bottom - top) * 100`; after a high, from the bar after it on, `100 -
/// (low - bottom) / (top - bottom) * 100`; rounded to one decimal, half to even; 0 if top equals bottom.
/// Then all rows move down by one, the last becomes the first, and all up to the third change of direction
/// are cleared.
///
/// # Errors
/// [`ParityError::Length`] if `swings` is not as long as the bars.
pub fn retracements(columns: &Columns<'_>, swings: &SwingColumns) -> Result<RetracementColumns, ParityError> {
    swings.check(columns)?;
    let rows = columns.len();
    let mut table = RetracementColumns {
        direction: Vec::with_capacity(rows),
        current_retracement: Vec::with_capacity(rows),
        deepest_retracement: Vec::with_capacity(rows),
    };
    let (mut top, mut bottom) = (0.0, 0.0);
    let mut last = Last { direction: 0, deepest: 0.0 };
    let bars = columns.high.iter().zip(columns.low).zip(swings.high_low.iter().zip(&swings.level));
    for (row, ((&high, &low), (&kind, &level))) in bars.enumerate() {
        let direction = match swing_kind(kind) {
            Some(PivotKind::High) => {
                top = level;
                1
            }
            Some(PivotKind::Low) => {
                bottom = level;
                -1
            }
            None => last.direction,
        };
        // The row before the first is the last row, and that is this one if there is no other.
        let before = if row == 0 && rows == 1 { direction } else { last.direction };
        let (mut current, mut deepest) = (0.0, 0.0);
        if direction == -1 {
            current = retraced(high - top, bottom - top);
            deepest = python_max(if last.direction == -1 { last.deepest } else { 0.0 }, current);
        } else if before == 1 {
            current = retraced(low - bottom, top - bottom);
            deepest = python_max(if last.direction == 1 { last.deepest } else { 0.0 }, current);
        }
        table.direction.push(direction);
        table.current_retracement.push(current);
        table.deepest_retracement.push(deepest);
        last = Last { direction, deepest };
    }
    if rows > 0 {
        table.direction.rotate_right(1);
        table.current_retracement.rotate_right(1);
        table.deepest_retracement.rotate_right(1);
    }
    clear_start(&mut table);
    Ok(table)
}

/// What the next row needs of the one before.
struct Last {
    direction: i32,
    deepest: f64,
}

/// A percentage of the way back, to one decimal.
fn retraced(distance: f64, leg: f64) -> f64 {
    if leg == 0.0 {
        return 0.0;
    }
    let percent = 100.0 - distance / leg * 100.0;
    rounded_to_even(percent * 10.0) / 10.0
}

/// The whole number nearest to a value, the even one of two. Above 2^52 floats have no fraction, so adding
/// it rounds as the processor does; that is far cheaper than a call where the processor has no instruction
/// for it.
fn rounded_to_even(value: f64) -> f64 {
    const NO_FRACTION: f64 = 4_503_599_627_370_496.0;
    let magnitude = value.abs();
    if magnitude < NO_FRACTION { (magnitude + NO_FRACTION - NO_FRACTION).copysign(value) } else { value }
}

/// Clears all rows up to the third change of direction, the row after it included; of fewer changes all but
/// the last row.
fn clear_start(table: &mut RetracementColumns) {
    let mut changes = 0;
    let mut clear = 0;
    for (row, pair) in table.direction.windows(2).enumerate() {
        changes += u32::from(matches!(pair, [now, next] if now != next));
        clear = row + 1;
        if changes == CHANGES_CLEARED {
            clear = row + 2;
            break;
        }
    }
    for row in 0..clear {
        set(&mut table.direction, row, 0);
        set(&mut table.current_retracement, row, 0.0);
        set(&mut table.deepest_retracement, row, 0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_that_of_the_standard_library() {
        let whole = (-50..50).map(f64::from);
        let values = whole.flat_map(|value| [0.0, 0.25, 0.5, 0.75, 0.499_999_99].map(|part| value + part));
        let odd = [f64::NAN, f64::INFINITY, -0.0, -0.4, 1e15 + 0.5, 4.6e15, 1e300, f64::MIN_POSITIVE];
        for value in values.chain(odd) {
            assert_eq!(rounded_to_even(value).to_bits(), value.round_ties_even().to_bits(), "{value}");
        }
    }
}
