//! Order blocks in hindsight. [smc.md §2.4]
//!
//! A bullish pass over all bars, then a bearish one; both write the same rows. A pass sees the bars from its
//! own side (the bearish one negated), so one piece of code does both. Blocks wait in heaps, first for their
//! far edge, then as breakers for their near one.

use super::columns::Columns;
use super::error::ParityError;
use super::number::{cell, filled, python_max, python_min, rounded, set};
use super::swings::SwingColumns;
use super::waiting::{Reach, Waiting};
use crate::bar::{Direction, PivotKind};

/// The package's table of order blocks. Hindsight: not for trading.
#[derive(Debug, Clone)]
pub struct OrderBlockColumns {
    /// `OB`: 1 bullish, -1 bearish, NaN none.
    pub ob: Vec<f64>,
    /// `Top`: upper edge in 32 bits.
    pub top: Vec<f32>,
    /// `Bottom`: lower edge in 32 bits.
    pub bottom: Vec<f32>,
    /// `OBVolume`: volume of the breaking bar and the two before it.
    pub ob_volume: Vec<f32>,
    /// `MitigatedIndex`: the bar that passed the far edge, for bullish blocks the bar before that; 0 if none
    /// did.
    pub mitigated_index: Vec<f64>,
    /// `Percentage`: the smaller of the two parts of the volume in percent of the greater, 100 if both are 0.
    pub percentage: Vec<f32>,
}

/// The package's `ob`. **Hindsight: unusable for trading.** A row stands at the block's bar, before the break
/// that made it, and only blocks that no later bar has wiped are shown: survivors.
///
/// A close beyond the last swing, once for each, makes a block of the most extreme bar since that swing (of
/// equals the latest). A bar beyond the block's far edge, by wick or with `close_mitigation` by its body,
/// makes it a breaker; a later wick beyond the near edge wipes it. All edges are compared as rounded to 32
/// bits.
///
/// # Errors
/// [`ParityError::Length`] if `swings` is not as long as the bars.
pub fn ob(
    columns: &Columns<'_>,
    swings: &SwingColumns,
    close_mitigation: bool,
) -> Result<OrderBlockColumns, ParityError> {
    swings.check(columns)?;
    let rows = columns.len();
    let mut table = OrderBlockColumns {
        ob: filled(f64::NAN, rows),
        top: filled(f32::NAN, rows),
        bottom: filled(f32::NAN, rows),
        ob_volume: filled(f32::NAN, rows),
        mitigated_index: filled(f64::NAN, rows),
        percentage: filled(f32::NAN, rows),
    };
    let mut breaker = filled(false, rows);
    for direction in [Direction::Bullish, Direction::Bearish] {
        let mut pass = Pass {
            columns,
            direction,
            table: &mut table,
            breaker: &mut breaker,
            blocks: Waiting::new(Reach::Beyond),
            breakers: Waiting::new(Reach::Beyond),
        };
        pass.run(swings, close_mitigation);
    }
    Ok(table)
}

/// One side's walk over the bars.
struct Pass<'a, 'c> {
    columns: &'a Columns<'c>,
    direction: Direction,
    table: &'a mut OrderBlockColumns,
    /// Rows that have been a breaker, of either side.
    breaker: &'a mut [bool],
    /// Blocks that wait for their far edge to be passed.
    blocks: Waiting,
    /// Breakers that wait for their near edge to be passed.
    breakers: Waiting,
}

/// The last swing of a pass, as long as no close has crossed it, and the most extreme bar since.
#[derive(Clone, Copy)]
struct Pending {
    level: f64,
    /// Row and price of the most extreme bar after the swing, the latest of equals.
    extreme: Option<(usize, f64)>,
    /// A price since the swing was not a number, which hides the extreme.
    unknown: bool,
}

/// A bar seen from the side of a pass: prices negated for the bearish one.
#[derive(Clone, Copy)]
struct Seen {
    near: f64,
    far: f64,
    close: f64,
    mitigation: f64,
}

impl Pass<'_, '_> {
    fn run(&mut self, swings: &SwingColumns, close_mitigation: bool) {
        let kind = match self.direction {
            Direction::Bullish => PivotKind::High,
            Direction::Bearish => PivotKind::Low,
        };
        let mut swings = swings.iter().filter(|swing| swing.1 == kind).map(|swing| swing.0);
        let mut pending: Option<Pending> = None;
        let mut next_swing = swings.next();
        let Columns { open, high, low, close, .. } = *self.columns;
        let (sign, near, far) = match self.direction {
            Direction::Bullish => (1.0, high, low),
            Direction::Bearish => (-1.0, low, high),
        };
        let bars = near.iter().zip(far).zip(open.iter().zip(close));
        for (bar, ((&near, &far), (&open, &close))) in bars.enumerate() {
            let (far, close) = (far * sign, close * sign);
            let mitigation = if close_mitigation { python_min(open * sign, close) } else { far };
            let seen = Seen { near: near * sign, far, close, mitigation };
            self.age(bar, seen);
            if let Some(swing) = pending.filter(|swing| seen.close > swing.level) {
                self.create(bar, &swing);
                pending = None;
            }
            if next_swing == Some(bar) {
                next_swing = swings.next();
                pending = Some(Pending { level: seen.near, extreme: None, unknown: false });
            } else if let Some(swing) = &mut pending {
                swing.unknown |= seen.far.is_nan();
                if swing.extreme.is_none_or(|(_, far)| seen.far <= far) {
                    swing.extreme = Some((bar, seen.far));
                }
            }
        }
    }

    /// Wipes the breakers and breaks the blocks whose edge this bar passes. Breakers come first: a bar does
    /// not do both to one block.
    fn age(&mut self, bar: usize, seen: Seen) {
        while let Some(row) = self.breakers.pop(seen.near) {
            for column in [&mut self.table.ob, &mut self.table.mitigated_index] {
                set(column, row, f64::NAN);
            }
            let zone = [&mut self.table.top, &mut self.table.bottom];
            for column in zone.into_iter().chain([&mut self.table.ob_volume, &mut self.table.percentage]) {
                set(column, row, f32::NAN);
            }
        }
        while let Some(row) = self.blocks.pop(-seen.mitigation) {
            set(self.breaker, row, true);
            let reported = match self.direction {
                Direction::Bullish => bar.saturating_sub(1),
                Direction::Bearish => bar,
            };
            set(&mut self.table.mitigated_index, row, reported as f64);
            self.wait_as_breaker(row);
        }
    }

    fn wait_as_breaker(&mut self, row: usize) {
        let near = match self.direction {
            Direction::Bullish => self.table.top.get(row).copied(),
            Direction::Bearish => self.table.bottom.get(row).map(|bottom| -bottom),
        };
        self.breakers.push(near.map_or(f64::NAN, f64::from), row);
    }

    /// Writes the block that the close of `bar` makes, and lets it wait.
    fn create(&mut self, bar: usize, swing: &Pending) {
        let before = bar.saturating_sub(1);
        let chosen = swing.extreme.filter(|_| !swing.unknown).map(|(row, _)| row);
        let row = chosen.unwrap_or(before);
        let (high, low) = (rounded(cell(self.columns.high, row)), rounded(cell(self.columns.low, row)));
        // With no bar to choose from, the bullish side has its edges exchanged.
        let (top, bottom) = match self.direction {
            Direction::Bullish if chosen.is_none() => (low, high),
            Direction::Bullish | Direction::Bearish => (high, low),
        };
        set(&mut self.table.ob, row, f64::from(self.direction.sign()));
        set(&mut self.table.top, row, top);
        set(&mut self.table.bottom, row, bottom);
        if cell(&self.table.mitigated_index, row).is_nan() {
            set(&mut self.table.mitigated_index, row, 0.0);
        }
        self.write_volume(bar, row);
        if self.breaker.get(row).is_some_and(|&breaker| breaker) {
            self.wait_as_breaker(row);
        } else {
            let far = match self.direction {
                Direction::Bullish => -bottom,
                Direction::Bearish => top,
            };
            self.blocks.push(f64::from(far), row);
        }
    }

    fn write_volume(&mut self, bar: usize, row: usize) {
        let volume = |back: usize| bar.checked_sub(back).map_or(0.0, |bar| cell(self.columns.volume, bar));
        let recent = volume(0) + volume(1);
        let (recent_part, older_part) = (f64::from(rounded(recent)), f64::from(rounded(volume(2))));
        // Which part is "high" and which "low" matters only if one of them is not a number.
        let (high, low) = match self.direction {
            Direction::Bullish => (recent_part, older_part),
            Direction::Bearish => (older_part, recent_part),
        };
        let (greatest, least) = (python_max(high, low), python_min(high, low));
        let percentage = if greatest == 0.0 { 100.0 } else { rounded(least) / rounded(greatest) * 100.0_f32 };
        set(&mut self.table.ob_volume, row, rounded(recent + volume(2)));
        set(&mut self.table.percentage, row, percentage);
    }
}
