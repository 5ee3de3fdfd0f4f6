//! Cells and numbers as Python, numpy and pandas treat them.

use crate::bar::PivotKind;

/// Rounded to 32 bits, as numpy does on assignment to a float32 array: to nearest, to infinity on overflow.
#[expect(clippy::cast_possible_truncation, reason = "losing the low bits is what the package does")]
pub(super) fn rounded(value: f64) -> f32 {
    value as f32
}

/// Python's `max(first, second)`: the first unless the second is greater, so NaN counts by its place.
pub(super) fn python_max(first: f64, second: f64) -> f64 {
    if second > first { second } else { first }
}

/// Python's `min(first, second)`: the first unless the second is smaller.
pub(super) fn python_min(first: f64, second: f64) -> f64 {
    if second < first { second } else { first }
}

/// The cell of a row; NaN outside of the column, as after a pandas shift.
pub(super) fn cell(column: &[f64], row: usize) -> f64 {
    column.get(row).copied().unwrap_or(f64::NAN)
}

/// Writes the cell of a row that is in the column.
pub(super) fn set<T>(column: &mut [T], row: usize, value: T) {
    if let Some(cell) = column.get_mut(row) {
        *cell = value;
    }
}

/// A column of one value.
pub(super) fn filled<T: Clone>(value: T, rows: usize) -> Vec<T> {
    vec![value; rows]
}

/// What a cell of the column `HighLow` says: exactly 1 is a high, exactly -1 a low, all else neither.
pub(super) fn swing_kind(cell: f64) -> Option<PivotKind> {
    const HIGH: u64 = 1.0_f64.to_bits();
    const LOW: u64 = (-1.0_f64).to_bits();
    match cell.to_bits() {
        HIGH => Some(PivotKind::High),
        LOW => Some(PivotKind::Low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn not_a_number_is_kept_or_dropped_by_its_place() {
        assert!(python_max(f64::NAN, 1.0).is_nan());
        assert_eq!(python_max(1.0, f64::NAN).to_bits(), 1.0_f64.to_bits());
        assert!(python_min(f64::NAN, 1.0).is_nan());
        assert_eq!(python_min(0.0, -0.0).to_bits(), 0.0_f64.to_bits());
    }

    #[test]
    fn a_value_beyond_32_bits_becomes_infinite() {
        assert_eq!(rounded(1e300).to_bits(), f32::INFINITY.to_bits());
        assert_eq!(rounded(0.1).to_bits(), 0.1_f32.to_bits());
    }
}
