//! Breaks of structure and changes of character in hindsight. [smc.md §2.3]
//!
//! There is no trend state: four swings in a row make a pattern, and its second one a row that waits for its
//! level to be broken. Rows wait in a heap by level; which of them later rows delete is a stack.

use super::columns::Columns;
use super::error::ParityError;
use super::number::{filled, rounded, set};
use super::swings::SwingColumns;
use super::waiting::{Reach, Waiting};
use crate::bar::{Direction, PivotKind};

/// The package's table of structure. Hindsight: not for trading.
#[derive(Debug, Clone)]
pub struct StructureColumns {
    /// `BOS`: 1 bullish, -1 bearish, NaN none.
    pub bos: Vec<f64>,
    /// `CHOCH`: 1 bullish, -1 bearish, NaN none.
    pub choch: Vec<f64>,
    /// `Level`: the broken level in 32 bits; NaN for none, and for a level of exactly 0.
    pub level: Vec<f32>,
    /// `BrokenIndex`: the bar that broke the level. Rows deleted later keep it without any other cell.
    pub broken_index: Vec<f64>,
}

/// The package's `bos_choch`. **Hindsight: unusable for trading.** A row stands where its level was made,
/// many bars before the break that it reports, and later rows delete it.
///
/// Of four swings a, b, c, d in a row with d a high: BOS is bullish if a < c < b < d, CHOCH if c < a < b < d;
/// mirrored if d is a low. The row is that of b; its level, rounded to 32 bits, is broken by the first bar
/// from the second after it on whose close (`close_break`) or wick is strictly beyond. Unbroken rows are
/// cleared, and so is every row broken at or after the bar that breaks a later row.
///
/// # Errors
/// [`ParityError::Length`] if `swings` is not as long as the bars.
pub fn bos_choch(
    columns: &Columns<'_>,
    swings: &SwingColumns,
    close_break: bool,
) -> Result<StructureColumns, ParityError> {
    swings.check(columns)?;
    let rows = columns.len();
    let mut found = patterns(swings);
    let (rising, falling) =
        if close_break { (columns.close, columns.close) } else { (columns.high, columns.low) };
    break_levels(&mut found, rising, falling);
    let mut table = StructureColumns {
        bos: filled(f64::NAN, rows),
        choch: filled(f64::NAN, rows),
        level: filled(f32::NAN, rows),
        broken_index: filled(f64::NAN, rows),
    };
    let mut kept: Vec<(usize, &Pattern)> = Vec::new();
    for pattern in &found {
        let Some(bar) = pattern.broken_at else { continue };
        set(&mut table.broken_index, pattern.row, bar as f64);
        while kept.pop_if(|(broken_at, _)| *broken_at >= bar).is_some() {}
        kept.push((bar, pattern));
    }
    for (_, pattern) in kept {
        let column = match pattern.kind {
            Kind::Bos => &mut table.bos,
            Kind::Choch => &mut table.choch,
        };
        set(column, pattern.row, f64::from(pattern.direction.sign()));
        // 0 is the package's mark of an empty row.
        let level = if pattern.level == 0.0 { f32::NAN } else { pattern.level };
        set(&mut table.level, pattern.row, level);
    }
    Ok(table)
}

/// What a pattern is called.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Bos,
    Choch,
}

/// Four swings whose second one waits to be broken.
#[derive(Debug)]
struct Pattern {
    row: usize,
    kind: Kind,
    direction: Direction,
    level: f32,
    broken_at: Option<usize>,
}

/// One swing, whatever its kind.
type Swing = (usize, Option<PivotKind>, f64);

/// Every pattern, in the order of its row.
fn patterns(swings: &SwingColumns) -> Vec<Pattern> {
    let mut found = Vec::new();
    let mut last: [Option<Swing>; 3] = [None; 3];
    for (row, kind, level) in swings.iter_any() {
        let [a, b, c] = last;
        last = [b, c, Some((row, kind, level))];
        let (Some(a), Some(b), Some(c)) = (a, b, c) else { continue };
        if let Some((kind, direction)) = pattern([a, b, c, (row, kind, level)]) {
            found.push(Pattern { row: b.0, kind, direction, level: rounded(b.2), broken_at: None });
        }
    }
    found
}

/// What four swings in a row say.
fn pattern(swings: [Swing; 4]) -> Option<(Kind, Direction)> {
    use PivotKind::{High, Low};
    let levels = swings.map(|(_, _, level)| level);
    let (direction, [a, b, c, d]) = match swings.map(|(_, kind, _)| kind) {
        [Some(Low), Some(High), Some(Low), Some(High)] => (Direction::Bullish, levels),
        [Some(High), Some(Low), Some(High), Some(Low)] => (Direction::Bearish, levels.map(|level| -level)),
        _ => return None,
    };
    if a < c && c < b && b < d {
        Some((Kind::Bos, direction))
    } else if c < a && a < b && b < d {
        Some((Kind::Choch, direction))
    } else {
        None
    }
}

/// Finds the bar that breaks each level: bullish ones in `rising`, bearish ones in `falling`.
fn break_levels(found: &mut [Pattern], rising: &[f64], falling: &[f64]) {
    let (mut above, mut below) = (Waiting::new(Reach::Beyond), Waiting::new(Reach::Beyond));
    let mut next = 0;
    for (bar, (&high, &low)) in rising.iter().zip(falling).enumerate() {
        while let Some(pattern) = found.get(next).filter(|pattern| pattern.row + 2 <= bar) {
            let level = f64::from(pattern.level);
            match pattern.direction {
                Direction::Bullish => above.push(level, next),
                Direction::Bearish => below.push(-level, next),
            }
            next += 1;
        }
        while let Some(index) = above.pop(high).or_else(|| below.pop(-low)) {
            if let Some(pattern) = found.get_mut(index) {
                pattern.broken_at = Some(bar);
            }
        }
    }
}
