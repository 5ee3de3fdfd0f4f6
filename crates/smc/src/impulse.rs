//! The leg that breaks structure: from the extreme since the broken pivot to the furthest price after it.
//!
//! A pivot may stay unbroken for any number of bars, so the leg is kept as it grows: its start is found among
//! the bars from the pivot to the one that confirms it, then compared with each new bar, the breaking bar
//! included. Of equal extremes the earliest counts. Memory is fixed.

use crate::bar::{Bar, Direction};
use crate::error::SmcError;
use crate::event::{Change, Event, Events, Kind, Source};
use crate::extreme::{SlidingMax, Ties};
use crate::fibonacci::{FibLeg, Measure};
use crate::pivot::check_side;
use crate::series::ClosedBar;

/// A leg and the bars of its ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Impulse {
    pub(crate) leg: FibLeg,
    pub(crate) started_at: u64,
    pub(crate) ended_at: u64,
}

/// A price to be exceeded: mirrored so that further out is always greater.
#[derive(Debug, Clone, Copy)]
struct Point {
    at: u64,
    key: f64,
}

#[derive(Debug, Clone)]
struct Side {
    direction: Direction,
    /// Where legs may start, over the bars from a pivot to the one that confirms it.
    starts: SlidingMax,
    leg: Option<(Point, Point)>,
}

impl Side {
    fn new(direction: Direction, leg_size: usize) -> Self {
        Side { direction, starts: SlidingMax::new(leg_size + 1, Ties::Earliest), leg: None }
    }

    /// Takes in the next bar; `renewed` if it confirms the pivot that this leg has to break.
    fn update(&mut self, index: u64, bar: &Bar, renewed: bool) {
        let (start, end) = match self.direction {
            Direction::Bullish => (-bar.low, bar.high),
            Direction::Bearish => (bar.high, -bar.low),
        };
        let (now, end) = (Point { at: index, key: start }, Point { at: index, key: end });
        let first = self.starts.push(index, start);
        if renewed {
            // What was further out at the other end since the start is not beyond the pivot: the breaking bar
            // exceeds it.
            self.leg = Some((Point { at: first, key: self.starts.front_key() }, end));
        } else if let Some((start, furthest)) = &mut self.leg {
            if now.key > start.key {
                (*start, *furthest) = (now, end);
            } else if end.key > furthest.key {
                *furthest = end;
            }
        }
    }

    fn impulse(&self) -> Option<Impulse> {
        let (start, end) = self.leg?;
        let (low, high) = match self.direction {
            Direction::Bullish => (-start.key, end.key),
            Direction::Bearish => (-end.key, start.key),
        };
        let leg = FibLeg { direction: self.direction, low, high, measure: Measure::AlongLeg };
        Some(Impulse { leg, started_at: start.at, ended_at: end.at })
    }
}

/// The legs up and down since the latest pivots of one structure.
#[derive(Debug, Clone)]
pub(crate) struct Impulses {
    structure: Source,
    up: Side,
    down: Side,
}

impl Impulses {
    /// For the structure `structure` of legs of `leg_size` bars.
    pub(crate) fn new(structure: Source, leg_size: usize) -> Result<Self, SmcError> {
        check_side("leg_size", leg_size)?;
        let side = |direction| Side::new(direction, leg_size);
        Ok(Impulses { structure, up: side(Direction::Bullish), down: side(Direction::Bearish) })
    }

    /// Takes in the next bar and the structure's pivots of it.
    pub(crate) fn update(&mut self, closed: &ClosedBar, events: &Events) {
        let renewed = |direction| {
            let mut of = events.iter().filter(|event| event.id.source() == self.structure);
            of.any(|event| event.kind == Kind::LegPivot && event.direction == direction)
        };
        let (high, low) = (renewed(Direction::Bullish), renewed(Direction::Bearish));
        self.up.update(closed.index(), closed.bar(), high);
        self.down.update(closed.index(), closed.bar(), low);
    }

    /// The leg that made `event`, if that is a break of the structure on the bar taken in last.
    pub(crate) fn of_break(&self, event: &Event) -> Option<Impulse> {
        let broke = event.kind.is_break() && event.change == Change::Born;
        if !broke || event.id.source() != self.structure {
            return None;
        }
        match event.direction {
            Direction::Bullish => self.up.impulse(),
            Direction::Bearish => self.down.impulse(),
        }
    }
}
