//! Swing highs and lows in hindsight. [smc.md §2.2]
//!
//! A window's extreme is read from two halves: what remains of its first block of bars, precomputed from
//! behind, and the running extreme of its second. That is a few comparisons a bar for any length.

use super::columns::{Columns, check_length};
use super::error::ParityError;
use super::number::{cell, filled, set, swing_kind};
use crate::bar::PivotKind;

/// The package's table of swings. Hindsight: not for trading.
#[derive(Debug, Clone)]
pub struct SwingColumns {
    /// `HighLow`: 1 swing high, -1 swing low, NaN none.
    pub high_low: Vec<f64>,
    /// `Level`: the bar's high for a swing high, its low for a swing low.
    pub level: Vec<f64>,
}

impl SwingColumns {
    /// Refuses a table that does not fit to the bars.
    pub(super) fn check(&self, columns: &Columns<'_>) -> Result<(), ParityError> {
        check_length("HighLow", &self.high_low, columns.len())?;
        check_length("Level", &self.level, columns.len())
    }

    /// The rows, kinds and levels of all highs and lows.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, PivotKind, f64)> {
        let rows = self.high_low.iter().zip(&self.level).enumerate();
        rows.filter_map(|(row, (&kind, &level))| Some((row, swing_kind(kind)?, level)))
    }

    /// The rows, kinds and levels of all cells that are numbers, highs, lows or neither.
    pub(super) fn iter_any(&self) -> impl Iterator<Item = (usize, Option<PivotKind>, f64)> {
        let rows = self.high_low.iter().zip(&self.level).enumerate();
        rows.filter(|(_, (kind, _))| !kind.is_nan())
            .map(|(row, (&kind, &level))| (row, swing_kind(kind), level))
    }

    fn put(&mut self, columns: &Columns<'_>, row: usize, kind: PivotKind) {
        let (sign, level) = match kind {
            PivotKind::High => (1.0, cell(columns.high, row)),
            PivotKind::Low => (-1.0, cell(columns.low, row)),
        };
        set(&mut self.high_low, row, sign);
        set(&mut self.level, row, level);
    }
}

/// The package's `swing_highs_lows`. **Hindsight: unusable for trading.** A swing needs `swing_length` later
/// bars and vanishes when a better one of its kind follows; the first row and the last are no swings at all.
///
/// Bar i is a candidate if its high is the highest (else: if its low is the lowest) of the bars `i -
/// swing_length + 1 ..= i + swing_length`, with at least `swing_length` bars before that window. Of
/// neighbouring candidates of one kind the most extreme stays, of equals the earliest. If any stays, the
/// first row and the last get the opposite kind of the nearest one. A length of 0 gives none, as in the
/// package.
#[must_use]
pub fn swing_highs_lows(columns: &Columns<'_>, swing_length: usize) -> SwingColumns {
    let rows = columns.len();
    let mut table = SwingColumns { high_low: filled(f64::NAN, rows), level: filled(f64::NAN, rows) };
    let (mut first, mut best): (Option<PivotKind>, Option<(usize, PivotKind, f64)>) = (None, None);
    candidates(columns, swing_length, |row, kind, level| {
        first.get_or_insert(kind);
        if let Some((best_row, best_kind, best_level)) = best {
            if best_kind != kind {
                table.put(columns, best_row, best_kind);
            } else if !beyond(kind, level, best_level) {
                return;
            }
        }
        best = Some((row, kind, level));
    });
    if let (Some(first), Some((row, kind, _))) = (first, best) {
        table.put(columns, row, kind);
        table.put(columns, 0, opposite(first));
        table.put(columns, rows.saturating_sub(1), opposite(kind));
    }
    table
}

fn opposite(kind: PivotKind) -> PivotKind {
    match kind {
        PivotKind::High => PivotKind::Low,
        PivotKind::Low => PivotKind::High,
    }
}

/// Whether a level is more extreme than another of its kind.
fn beyond(kind: PivotKind, level: f64, other: f64) -> bool {
    match kind {
        PivotKind::High => level > other,
        PivotKind::Low => level < other,
    }
}

/// A window's highest high and lowest low. A price that is not finite takes the value that no finite price
/// equals, so its window has no candidate: pandas reads infinities as missing too.
#[derive(Clone, Copy)]
struct Extremes {
    highest: f64,
    lowest: f64,
}

impl Extremes {
    const NONE: Extremes = Extremes { highest: f64::NEG_INFINITY, lowest: f64::INFINITY };

    fn with(self, high: f64, low: f64) -> Extremes {
        let high = if high.is_finite() { high } else { f64::INFINITY };
        let low = if low.is_finite() { low } else { f64::NEG_INFINITY };
        self.union(Extremes { highest: high, lowest: low })
    }

    fn union(self, other: Extremes) -> Extremes {
        Extremes { highest: self.highest.max(other.highest), lowest: self.lowest.min(other.lowest) }
    }
}

/// Hands every candidate to `found`, in the order of the bars.
fn candidates(columns: &Columns<'_>, swing_length: usize, mut found: impl FnMut(usize, PivotKind, f64)) {
    let (high, low) = (columns.high, columns.low);
    let Some(width) = swing_length.checked_mul(2).filter(|&width| width > 0 && width <= high.len()) else {
        return;
    };
    let mut rest = filled(Extremes::NONE, width);
    for (block, (highs, lows)) in high.chunks_exact(width).zip(low.chunks_exact(width)).enumerate() {
        let mut running = Extremes::NONE;
        for (rest, (&high, &low)) in rest.iter_mut().zip(highs.iter().zip(lows)).rev() {
            running = running.with(high, low);
            *rest = running;
        }
        let start = block * width;
        let (mut next_highs, mut next_lows) =
            (high.iter().skip(start + width), low.iter().skip(start + width));
        let mut running = Extremes::NONE;
        for (window_start, rest) in (start..).zip(&rest) {
            let window = rest.union(running);
            if window_start >= swing_length {
                let row = window_start + swing_length - 1;
                let (high, low) = (cell(high, row), cell(low, row));
                if high.is_finite() && high >= window.highest {
                    found(row, PivotKind::High, high);
                } else if low.is_finite() && low <= window.lowest {
                    found(row, PivotKind::Low, low);
                }
            }
            let (Some(&high), Some(&low)) = (next_highs.next(), next_lows.next()) else { break };
            running = running.with(high, low);
        }
    }
}
