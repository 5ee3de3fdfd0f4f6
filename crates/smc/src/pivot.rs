//! Pivots: bars that stand out from their neighbours.
//!
//! Two definitions, both confirmed a fixed number of bars later and never withdrawn. [`Fractal`] looks to
//! both sides; [`LegPivots`] looks to the right only and gives highs and lows in turn. Definitions: symmetric
//! fractals, and leg pivots as in the public description of LuxAlgo's Smart Money Concepts.

use crate::bar::Direction;
use crate::error::SmcError;
use crate::event::{Change, Event, Events, Id, Ids, Kind, Source};
use crate::extreme::{SlidingMax, Ties};
use crate::series::{ClosedBar, Detector};

/// The longest side of a pivot, in bars.
pub const PIVOT_BARS_MAX: usize = 10_000;

pub(crate) fn check_side(name: &'static str, bars: usize) -> Result<(), SmcError> {
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
    ids: Ids,
}

impl Fractal {
    /// A detector that has seen nothing.
    ///
    /// # Errors
    /// [`SmcError::Parameter`] if a side is not from 1 to [`PIVOT_BARS_MAX`] bars.
    pub fn new(source: Source, left: usize, right: usize) -> Result<Self, SmcError> {
        check_side("left", left)?;
        check_side("right", right)?;
        let window = || SlidingMax::new(left + right + 1, Ties::Earliest);
        Ok(Fractal {
            left: left as u64,
            right: right as u64,
            highs: window(),
            lows: window(),
            ids: Ids::new(source),
        })
    }
}

impl Detector for Fractal {
    #[inline]
    fn update(&mut self, bar: &ClosedBar, events: &mut Events) {
        let known_at = bar.index();
        let highest = self.highs.push(known_at, bar.bar().high);
        let lowest = self.lows.push(known_at, -bar.bar().low);
        if known_at < self.left + self.right {
            return;
        }
        let anchor = known_at - self.right;
        if highest == anchor {
            let (id, price) = (self.ids.take(), self.highs.front_key());
            events.push(pivot(id, Kind::FractalPivot, Direction::Bullish, anchor, known_at, price));
        }
        if lowest == anchor {
            let (id, price) = (self.ids.take(), -self.lows.front_key());
            events.push(pivot(id, Kind::FractalPivot, Direction::Bearish, anchor, known_at, price));
        }
    }
}

/// A confirmed pivot; nothing is its parent.
fn pivot(id: Id, kind: Kind, direction: Direction, anchor: u64, known_at: u64, price: f64) -> Event {
    let change = Change::Born;
    Event { id, kind, change, direction, anchor, known_at, top: price, bottom: price, parents: [None; 2] }
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
    ids: Ids,
}

impl LegPivots {
    /// A detector that has seen nothing.
    ///
    /// # Errors
    /// [`SmcError::Parameter`] if `size` is not from 1 to [`PIVOT_BARS_MAX`] bars.
    pub fn new(source: Source, size: usize) -> Result<Self, SmcError> {
        check_side("size", size)?;
        let window = || SlidingMax::new(size + 1, Ties::Latest);
        Ok(LegPivots {
            size: size as u64,
            highs: window(),
            lows: window(),
            leg: Leg::Down,
            ids: Ids::new(source),
        })
    }

    /// Takes in the next closed bar and returns the pivot that it confirms.
    #[inline]
    pub(crate) fn step(&mut self, bar: &ClosedBar) -> Option<Event> {
        let known_at = bar.index();
        // With the latest of equals in front, the front is p only if p is strictly beyond all that follow.
        let highest = self.highs.push(known_at, bar.bar().high);
        let lowest = self.lows.push(known_at, -bar.bar().low);
        let anchor = known_at.checked_sub(self.size)?;
        let leg = if highest == anchor {
            Leg::Down
        } else if lowest == anchor {
            Leg::Up
        } else {
            return None;
        };
        if leg == self.leg {
            return None;
        }
        self.leg = leg;
        let (direction, price) = match leg {
            Leg::Down => (Direction::Bullish, self.highs.front_key()),
            Leg::Up => (Direction::Bearish, -self.lows.front_key()),
        };
        Some(pivot(self.ids.take(), Kind::LegPivot, direction, anchor, known_at, price))
    }

    /// The next number, for what is found together with the pivots.
    pub(crate) const fn take_id(&mut self) -> Id {
        self.ids.take()
    }
}

impl Detector for LegPivots {
    #[inline]
    fn update(&mut self, bar: &ClosedBar, events: &mut Events) {
        if let Some(pivot) = self.step(bar) {
            events.push(pivot);
        }
    }
}
