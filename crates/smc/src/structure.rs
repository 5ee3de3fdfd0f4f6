//! Market structure: breaks of the latest pivots by close, with a trend.
//!
//! The latest high pivot and the latest low pivot ([`LegPivots`]) are kept, each with a flag that says
//! whether it was broken; a new pivot of the kind takes its place. A close above an unbroken high, or below
//! an unbroken low, is a break: a change of character if the trend was the other way, else (also for the
//! first break of all) a break of structure. The trend then has the break's direction. Each pivot breaks
//! once. A bar first brings its pivot, then its breaks, upwards first.

use arrayvec::ArrayVec;

use crate::bar::{Bar, Direction, PivotKind};
use crate::error::SmcError;
use crate::event::{Break, BreakKind, Event, Pivot};
use crate::pivot::LegPivots;

/// What one bar brought, in order.
pub(crate) struct Step {
    pub(crate) pivot: Option<Pivot>,
    pub(crate) breaks: ArrayVec<Break, 2>,
}

/// A pivot while nothing has closed beyond it.
#[derive(Debug, Clone, Copy)]
struct Unbroken {
    pivot_id: u64,
    pivot_index: u64,
    level: f64,
}

/// The structure of one leg size.
#[derive(Debug, Clone)]
pub struct Structure {
    pivots: LegPivots,
    high: Option<Unbroken>,
    low: Option<Unbroken>,
    trend: Option<Direction>,
    next_index: u64,
    next_id: u64,
}

impl Structure {
    /// Structure of legs of `size` bars: 5 is usual for internal, 50 for swing structure.
    ///
    /// # Errors
    /// [`SmcError::Parameter`] if `size` is not from 1 to [`PIVOT_BARS_MAX`](crate::pivot::PIVOT_BARS_MAX).
    pub fn new(size: usize) -> Result<Self, SmcError> {
        Ok(Structure {
            pivots: LegPivots::new(size)?,
            high: None,
            low: None,
            trend: None,
            next_index: 0,
            next_id: 0,
        })
    }

    /// The direction of the last break; `None` before the first.
    #[must_use]
    pub const fn trend(&self) -> Option<Direction> {
        self.trend
    }

    /// Takes in the next closed bar and hands pivots and breaks to `sink`.
    ///
    /// # Errors
    /// [`SmcError::InvalidBar`]; nothing has changed then.
    #[inline]
    pub fn update(&mut self, bar: &Bar, sink: &mut impl FnMut(Event)) -> Result<(), SmcError> {
        bar.check()?;
        let step = self.step(bar);
        if let Some(pivot) = step.pivot {
            sink(Event::Pivot(pivot));
        }
        for broken in step.breaks {
            sink(Event::Break(broken));
        }
        Ok(())
    }

    /// The update for a bar that was checked.
    #[inline]
    pub(crate) fn step(&mut self, bar: &Bar) -> Step {
        let known_index = self.next_index;
        self.next_index += 1;
        let pivot = self.pivots.step(bar);
        if let Some(Pivot { id, kind, index, price, .. }) = pivot {
            let unbroken = Some(Unbroken { pivot_id: id, pivot_index: index, level: price });
            match kind {
                PivotKind::High => self.high = unbroken,
                PivotKind::Low => self.low = unbroken,
            }
        }
        let mut breaks = ArrayVec::new();
        if let Some(broken) = self.high.take_if(|high| bar.close > high.level) {
            breaks.push(self.broken(broken, Direction::Bullish, known_index));
        }
        if let Some(broken) = self.low.take_if(|low| bar.close < low.level) {
            breaks.push(self.broken(broken, Direction::Bearish, known_index));
        }
        Step { pivot, breaks }
    }

    fn broken(&mut self, pivot: Unbroken, direction: Direction, known_index: u64) -> Break {
        let kind = if self.trend == Some(direction.opposite()) { BreakKind::Choch } else { BreakKind::Bos };
        self.trend = Some(direction);
        let id = self.next_id;
        self.next_id += 1;
        let Unbroken { pivot_id, pivot_index, level } = pivot;
        Break { id, kind, direction, pivot_id, pivot_index, level, known_index }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pivot_breaks_once_and_the_trend_decides_the_kind() {
        let mut structure = Structure::new(1).unwrap();
        let mut breaks = Vec::new();
        for price in [9.0, 8.0, 9.0, 12.0, 11.0, 13.0, 14.0, 10.0, 7.0, 6.0] {
            let bar = Bar { open: price, high: price, low: price, close: price };
            structure
                .update(&bar, &mut |event| {
                    if let Event::Break(broken) = event {
                        breaks.push((broken.kind, broken.direction, broken.pivot_index, broken.known_index));
                    }
                })
                .unwrap();
        }
        let expected =
            [(BreakKind::Bos, Direction::Bullish, 3, 5), (BreakKind::Choch, Direction::Bearish, 4, 7)];
        assert_eq!(breaks, expected);
        assert_eq!(structure.trend(), Some(Direction::Bearish));
    }
}
