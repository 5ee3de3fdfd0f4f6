//! The dealing range, and where in it price is: premium, equilibrium, discount.
//!
//! The range runs from the last external low to the last external high: the latest pivot low and high of one
//! source, in use a swing structure. It is known once both pivots are confirmed, and each further pivot makes
//! a new one. Invariants: one range at a time, its top above its bottom; price is in at most one part of it;
//! constant memory and time.

use crate::bar::Direction;
use crate::equal::is_pivot;
use crate::error::SmcError;
use crate::event::{Change, Event, Events, Ids, Kind, Source};
use crate::fibonacci::{FibLeg, Measure};
use crate::series::{ClosedBar, Detector};
use crate::trailing::Ends;

/// Where a range ends. Sources differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RangeEnds {
    /// ICT: at the pivots themselves. Price may be outside. While the latest high is not above the latest low
    /// there is no range.
    Pivots,
    /// LuxAlgo: at the furthest price since each pivot, so later highs raise the top and later lows lower the
    /// bottom.
    Trailing,
}

/// The parts of a range, as fractions of it counted from its bottom. A close at a boundary is inside, and in
/// the equilibrium first; between the parts it is in none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RangeParts {
    /// The discount reaches up to this.
    pub discount_max: f64,
    /// The equilibrium starts here.
    pub equilibrium_min: f64,
    /// The equilibrium reaches up to this.
    pub equilibrium_max: f64,
    /// The premium starts here.
    pub premium_min: f64,
}

impl RangeParts {
    /// ICT: everything below the middle is discount, everything above premium.
    pub const HALVES: RangeParts =
        RangeParts { discount_max: 0.5, equilibrium_min: 0.5, equilibrium_max: 0.5, premium_min: 0.5 };

    /// LuxAlgo: the outer twentieths and a twentieth around the middle.
    pub const TWENTIETHS: RangeParts =
        RangeParts { discount_max: 0.05, equilibrium_min: 0.475, equilibrium_max: 0.525, premium_min: 0.95 };
}

/// What a dealing range is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DealingRangeSettings {
    /// Where it ends; at the pivots by default.
    pub ends: RangeEnds,
    /// How it is divided; halves by default.
    pub parts: RangeParts,
}

impl Default for DealingRangeSettings {
    fn default() -> Self {
        DealingRangeSettings { ends: RangeEnds::Pivots, parts: RangeParts::HALVES }
    }
}

/// Follows the dealing range of one source of pivots, whose detector is updated before it.
///
/// A range points up if its high is the later pivot; its anchor is the bar of the earlier one, its parents
/// are the pivot low and the pivot high. [`Change::Extended`] when an end trails outwards; with a new pivot
/// [`Change::Replaced`] by the next range, or [`Change::Closed`] if the pivots leave none.
///
/// Premium, equilibrium and discount are born when a close enters them, with the prices that they have then,
/// and closed when a close is elsewhere; a new range does not end them if the close is in the same part of
/// it. They point to the trade that they favour: discount up, premium down; the equilibrium up if the close
/// is not above its middle. Their parent is the range, their anchor the bar that entered.
#[derive(Debug, Clone)]
pub struct DealingRanges {
    pivots: Source,
    settings: DealingRangeSettings,
    ends: Ends,
    range: Option<Event>,
    part: Option<Event>,
    ids: Ids,
}

impl DealingRanges {
    /// A detector that has seen nothing and reads the pivots of `pivots`.
    ///
    /// # Errors
    /// [`SmcError::Parameter`] unless the boundaries are in order and from 0 to 1.
    pub fn new(source: Source, pivots: Source, settings: DealingRangeSettings) -> Result<Self, SmcError> {
        let RangeParts { discount_max, equilibrium_min, equilibrium_max, premium_min } = settings.parts;
        let ordered = 0.0 <= discount_max
            && discount_max <= equilibrium_min
            && equilibrium_min <= equilibrium_max
            && equilibrium_max <= premium_min
            && premium_min <= 1.0;
        if !ordered {
            let rule = "discount, equilibrium and premium must be in order, from 0 to 1";
            return Err(SmcError::Parameter { name: "parts", rule });
        }
        let ids = Ids::new(source);
        Ok(DealingRanges { pivots, settings, ends: Ends::default(), range: None, part: None, ids })
    }

    /// The range as it is now.
    #[must_use]
    pub const fn range(&self) -> Option<&Event> {
        self.range.as_ref()
    }

    /// The part that the last close was in.
    #[must_use]
    pub const fn part(&self) -> Option<&Event> {
        self.part.as_ref()
    }

    /// Where `price` is in the range: 0 at its bottom, 1 at its top, beyond them outside. `None` without a
    /// range.
    #[must_use]
    pub fn position(&self, price: f64) -> Option<f64> {
        self.range.as_ref().map(|range| leg(range).position(price))
    }

    /// Moves the ends that trail.
    fn trail(&mut self, closed: &ClosedBar, events: &mut Events) {
        if self.settings.ends == RangeEnds::Pivots || !self.ends.trail(closed.bar()) {
            return;
        }
        if let (Some(range), Some(high), Some(low)) = (&mut self.range, self.ends.high, self.ends.low) {
            *range = Event { top: high.price, bottom: low.price, ..*range }
                .changed(Change::Extended, closed.index());
            events.push(*range);
        }
    }

    /// Makes the range anew from the latest pivots.
    fn renew(&mut self, known_at: u64, events: &mut Events) {
        let before = self.range.take();
        let ends = self.ends.high.zip(self.ends.low).filter(|(high, low)| high.price > low.price);
        let Some((high, low)) = ends else {
            report_end(before, Change::Closed, known_at, events);
            return;
        };
        report_end(before, Change::Replaced, known_at, events);
        let up = high.anchor >= low.anchor;
        let range = Event {
            id: self.ids.take(),
            kind: Kind::DealingRange,
            change: Change::Born,
            direction: if up { Direction::Bullish } else { Direction::Bearish },
            anchor: high.anchor.min(low.anchor),
            known_at,
            top: high.price,
            bottom: low.price,
            parents: [Some(low.pivot), Some(high.pivot)],
        };
        events.push(range);
        self.range = Some(range);
    }

    /// The part that a close is in.
    fn part_of(&self, range: &Event, close: f64) -> Option<Part> {
        let RangeParts { discount_max, equilibrium_min, equilibrium_max, premium_min } = self.settings.parts;
        let position = leg(range).position(close);
        let part = |kind, direction, from, to| Some(Part { kind, direction, from, to });
        if equilibrium_min <= position && position <= equilibrium_max {
            let below = close <= range.middle();
            let direction = if below { Direction::Bullish } else { Direction::Bearish };
            part(Kind::Equilibrium, direction, equilibrium_min, equilibrium_max)
        } else if position <= discount_max {
            part(Kind::Discount, Direction::Bullish, 0.0, discount_max)
        } else if position >= premium_min {
            part(Kind::Premium, Direction::Bearish, premium_min, 1.0)
        } else {
            None
        }
    }

    /// Reports which part the close entered and left.
    fn enter(&mut self, closed: &ClosedBar, events: &mut Events) {
        let known_at = closed.index();
        let found = self.range.and_then(|range| Some((range, self.part_of(&range, closed.bar().close)?)));
        let same = match (&self.part, &found) {
            (Some(part), Some((_, found))) => part.kind == found.kind,
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        if same {
            return;
        }
        report_end(self.part.take(), Change::Closed, known_at, events);
        let Some((range, Part { kind, direction, from, to })) = found else { return };
        let leg = leg(&range);
        let part = Event {
            id: self.ids.take(),
            kind,
            change: Change::Born,
            direction,
            anchor: known_at,
            known_at,
            top: leg.retracement(to),
            bottom: leg.retracement(from),
            parents: [Some(range.id), None],
        };
        events.push(part);
        self.part = Some(part);
    }
}

impl Detector for DealingRanges {
    /// First the ends trail, then the pivots of this bar make a new range, then the close is placed in it.
    #[inline]
    fn update(&mut self, closed: &ClosedBar, events: &mut Events) {
        let upstream = events.len();
        self.trail(closed, events);
        let mut renewed = false;
        for position in 0..upstream {
            if let Some(pivot) = events.get(position).filter(|event| is_pivot(event, self.pivots)) {
                self.ends.pivot(&pivot);
                renewed = true;
            }
        }
        if renewed {
            self.renew(closed.index(), events);
        }
        self.enter(closed, events);
    }
}

struct Part {
    kind: Kind,
    direction: Direction,
    from: f64,
    to: f64,
}

/// The range as something to measure with, from its bottom upwards.
const fn leg(range: &Event) -> FibLeg {
    FibLeg { direction: range.direction, low: range.bottom, high: range.top, measure: Measure::LowToHigh }
}

fn report_end(thing: Option<Event>, change: Change, known_at: u64, events: &mut Events) {
    if let Some(thing) = thing {
        events.push(thing.changed(change, known_at));
    }
}
