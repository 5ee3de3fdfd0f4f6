//! Pivots: bars that stand out from their neighbours.
//!
//! Two definitions, both confirmed a fixed number of bars later and never withdrawn. [`Fractal`] looks to
//! both sides; [`LegPivots`] looks to the right only and gives highs and lows in turn. Definitions: symmetric
//! fractals, and leg pivots as in the public description of LuxAlgo's Smart Money Concepts.

use crate::bar::{Bar, PivotKind};
use crate::error::SmcError;
use crate::event::Pivot;
use crate::extreme::{SlidingMax, Ties};

/// The longest side of a pivot, in bars.
pub const PIVOT_BARS_MAX: usize = 10_000;

fn check_side(name: &'static str, bars: usize) -> Result<(), SmcError> {
    if (1..=PIVOT_BARS_MAX).contains(&bars) {
        return Ok(());
    }
    Err(SmcError::Parameter { name, rule: "must be from 1 to 10000 bars" })
}

/// A high pivot is strictly above each of the `left` bars before it and not below any of the `right` bars
/// after it (of a plateau the earliest bar); lows mirrored. Known `right` bars later. A bar that is both
/// gives its high first.
#[derive(Debug, Clone)]
pub struct Fractal {
    left: u64,
    right: u64,
    highs: SlidingMax,
    lows: SlidingMax,
    next_index: u64,
    next_id: u64,
}

impl Fractal {
    /// A detector that has seen nothing.
    ///
    /// # Errors
    /// [`SmcError::Parameter`] if a side is not from 1 to [`PIVOT_BARS_MAX`] bars.
    pub fn new(left: usize, right: usize) -> Result<Self, SmcError> {
        check_side("left", left)?;
        check_side("right", right)?;
        let window = || SlidingMax::new(left + right + 1, Ties::Earliest);
        Ok(Fractal {
            left: left as u64,
            right: right as u64,
            highs: window(),
            lows: window(),
            next_index: 0,
            next_id: 0,
        })
    }

    /// Takes in the next closed bar and hands what it confirms to `sink`.
    ///
    /// # Errors
    /// [`SmcError::InvalidBar`]; nothing has changed then.
    #[inline]
    pub fn update(&mut self, bar: &Bar, sink: &mut impl FnMut(Pivot)) -> Result<(), SmcError> {
        bar.check()?;
        let known_index = self.next_index;
        self.next_index += 1;
        let highest = self.highs.push(known_index, bar.high);
        let lowest = self.lows.push(known_index, -bar.low);
        if known_index < self.left + self.right {
            return Ok(());
        }
        let index = known_index - self.right;
        if highest == index {
            let id = self.take_id();
            sink(Pivot { id, kind: PivotKind::High, index, price: self.highs.front_key(), known_index });
        }
        if lowest == index {
            let id = self.take_id();
            sink(Pivot { id, kind: PivotKind::Low, index, price: -self.lows.front_key(), known_index });
        }
        Ok(())
    }

    fn take_id(&mut self) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        id
    }
}

/// Which way the current leg runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leg {
    Up,
    Down,
}

/// At bar t let p = t - size. If `high[p]` is above every high of p+1..t the leg turns down; else if `low[p]`
/// is below every low of p+1..t it turns up. A turn down makes p a high pivot, a turn up a low pivot, known
/// at t. The first leg is down, so the first pivot is a low, and the kinds alternate.
#[derive(Debug, Clone)]
pub struct LegPivots {
    size: u64,
    highs: SlidingMax,
    lows: SlidingMax,
    leg: Leg,
    next_index: u64,
    next_id: u64,
}

impl LegPivots {
    /// A detector that has seen nothing.
    ///
    /// # Errors
    /// [`SmcError::Parameter`] if `size` is not from 1 to [`PIVOT_BARS_MAX`] bars.
    pub fn new(size: usize) -> Result<Self, SmcError> {
        check_side("size", size)?;
        let window = || SlidingMax::new(size + 1, Ties::Latest);
        Ok(LegPivots {
            size: size as u64,
            highs: window(),
            lows: window(),
            leg: Leg::Down,
            next_index: 0,
            next_id: 0,
        })
    }

    /// Takes in the next closed bar and hands what it confirms, one pivot at most, to `sink`.
    ///
    /// # Errors
    /// [`SmcError::InvalidBar`]; nothing has changed then.
    #[inline]
    pub fn update(&mut self, bar: &Bar, sink: &mut impl FnMut(Pivot)) -> Result<(), SmcError> {
        bar.check()?;
        if let Some(pivot) = self.step(bar) {
            sink(pivot);
        }
        Ok(())
    }

    /// The update for a bar that was checked.
    #[inline]
    pub(crate) fn step(&mut self, bar: &Bar) -> Option<Pivot> {
        let known_index = self.next_index;
        self.next_index += 1;
        // With the latest of equals in front, the front is p only if p is strictly beyond all that follow.
        let highest = self.highs.push(known_index, bar.high);
        let lowest = self.lows.push(known_index, -bar.low);
        let index = known_index.checked_sub(self.size)?;
        let leg = if highest == index {
            Leg::Down
        } else if lowest == index {
            Leg::Up
        } else {
            return None;
        };
        if leg == self.leg {
            return None;
        }
        self.leg = leg;
        let (kind, price) = match leg {
            Leg::Down => (PivotKind::High, self.highs.front_key()),
            Leg::Up => (PivotKind::Low, -self.lows.front_key()),
        };
        let id = self.next_id;
        self.next_id += 1;
        Some(Pivot { id, kind, index, price, known_index })
    }
}
