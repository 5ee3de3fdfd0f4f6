//! Fair value gaps in hindsight. [smc.md §2.1]
//!
//! The mitigation needs no search: of the gaps that nothing has touched, a later bullish one lies above every
//! earlier one (an earlier untouched top is below every low since, the third bar of the later gap included),
//! so a bar can touch only those on top of a stack. Bearish gaps mirror it.

use super::columns::Columns;
use super::number::{filled, python_max, python_min, set};
use crate::bar::Direction;

/// The package's table of fair value gaps. Hindsight: not for trading.
#[derive(Debug, Clone)]
pub struct FairValueGapColumns {
    /// `FVG`: 1 bullish, -1 bearish, NaN none.
    pub fvg: Vec<f64>,
    /// `Top`: upper edge of the gap.
    pub top: Vec<f64>,
    /// `Bottom`: lower edge of the gap.
    pub bottom: Vec<f64>,
    /// `MitigatedIndex`: the first bar that touches the near edge; 0 if none does.
    pub mitigated_index: Vec<f64>,
}

/// The package's `fvg`. **Hindsight: unusable for trading.** A row needs the bar after it, its
/// `MitigatedIndex` any later bar.
///
/// A gap is bullish if its bar closes above its open and the high before is below the low after; bearish
/// gaps mirror it. With `join_consecutive` a run of gaps of one sign collapses onto its last row, with the
/// union of their edges, and the other rows are cleared.
#[must_use]
pub fn fvg(columns: &Columns<'_>, join_consecutive: bool) -> FairValueGapColumns {
    let mut gaps = gaps(columns, join_consecutive);
    mitigate(columns, &mut gaps);
    let column = || filled(f64::NAN, columns.len());
    let mut table =
        FairValueGapColumns { fvg: column(), top: column(), bottom: column(), mitigated_index: column() };
    for gap in &gaps {
        set(&mut table.fvg, gap.row, f64::from(gap.direction.sign()));
        set(&mut table.top, gap.row, gap.top);
        set(&mut table.bottom, gap.row, gap.bottom);
        set(&mut table.mitigated_index, gap.row, gap.mitigated_at as f64);
    }
    table
}

struct Gap {
    row: usize,
    direction: Direction,
    top: f64,
    bottom: f64,
    mitigated_at: usize,
}

/// All gaps in the order of their rows, runs joined if asked for.
fn gaps(columns: &Columns<'_>, join_consecutive: bool) -> Vec<Gap> {
    let Columns { open, high, low, close, .. } = *columns;
    let middle = open.iter().zip(close).skip(1);
    let after = high.iter().zip(low).skip(2);
    let mut found: Vec<Gap> = Vec::new();
    for (row, ((before, middle), after)) in (1..).zip(high.iter().zip(low).zip(middle).zip(after)) {
        let ((&high_before, &low_before), (&open, &close), (&high_after, &low_after)) =
            (before, middle, after);
        let (direction, top, bottom) = if high_before < low_after && close > open {
            (Direction::Bullish, low_after, high_before)
        } else if low_before > high_after && close < open {
            (Direction::Bearish, low_before, high_after)
        } else {
            continue;
        };
        let mut gap = Gap { row, direction, top, bottom, mitigated_at: 0 };
        let joins = |last: &mut Gap| join_consecutive && last.row + 1 == row && last.direction == direction;
        if let Some(last) = found.pop_if(joins) {
            gap.top = python_max(last.top, top);
            gap.bottom = python_min(last.bottom, bottom);
        }
        found.push(gap);
    }
    found
}

/// Finds for each gap the first bar, from the second after its row on, that touches its near edge.
fn mitigate(columns: &Columns<'_>, gaps: &mut [Gap]) {
    let (mut bullish, mut bearish) = (Untouched::default(), Untouched::default());
    let mut next = 0;
    let mut next_start = gaps.first().map(|gap| gap.row + 2);
    for (bar, (&high, &low)) in columns.high.iter().zip(columns.low).enumerate() {
        if next_start == Some(bar) {
            if let Some(gap) = gaps.get(next) {
                match gap.direction {
                    Direction::Bullish => bullish.push(-gap.top, next),
                    Direction::Bearish => bearish.push(gap.bottom, next),
                }
            }
            next += 1;
            next_start = gaps.get(next).map(|gap| gap.row + 2);
        }
        while let Some(index) = bullish.pop(-low).or_else(|| bearish.pop(high)) {
            if let Some(gap) = gaps.get_mut(index) {
                gap.mitigated_at = bar;
            }
        }
    }
}

/// Gaps of one side that nothing has touched: their near edges, negated for bullish ones, fall from the
/// bottom of the stack to its top.
#[derive(Default)]
struct Untouched(Vec<(f64, usize)>);

impl Untouched {
    fn push(&mut self, edge: f64, index: usize) {
        self.0.push((edge, index));
    }

    /// Takes out the newest gap if a price reaches its edge.
    fn pop(&mut self, price: f64) -> Option<usize> {
        self.0.pop_if(|(edge, _)| price >= *edge).map(|(_, index)| index)
    }
}
