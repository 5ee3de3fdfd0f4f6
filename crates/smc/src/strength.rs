//! Strong and weak highs and lows: the extreme that is expected to hold, and the one that is a target.
//!
//! Two definitions ([`StrengthRule`]). Invariants: at most one level on each side at a time, strong or weak;
//! known on the bar that makes it so; constant memory and time.

use crate::bar::{Bar, Direction};
use crate::error::SmcError;
use crate::event::{Change, Event, Events, Id, Ids, Kind, Source};
use crate::impulse::Impulses;
use crate::series::{ClosedBar, Detector};
use crate::trailing::{End, Ends};

/// What makes a level strong. Sources differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StrengthRule {
    /// LuxAlgo: the latest pivot high and low, each moved out by later extremes. After a break downwards the
    /// high is strong, after one upwards the low; whatever is not strong is weak, so before the first break
    /// both are.
    Trailing,
    /// ICT: on a break the extreme where the breaking leg started is strong (protected), its furthest price
    /// is weak and moves on with it. A close beyond the strong level ends it ([`Change::Invalidated`]).
    BreakingLeg {
        /// Size of the legs of the structure, in bars.
        leg_size: usize,
    },
}

#[derive(Debug, Clone)]
enum State {
    Trailing { ends: Ends, latest_break: Option<(Direction, Id)> },
    BreakingLeg(Impulses),
}

/// Reports the strong and weak level of one structure, whose detector is updated before it. A high is
/// bullish, a low bearish, whatever its strength.
///
/// A level is born when a pivot, a break or a change of strength makes it, and then takes the place of the
/// one before on its side ([`Change::Replaced`]); [`Change::Extended`] when price moves it. Trailing: the
/// anchor is the pivot's bar, the parents are the pivot and the latest break. Breaking leg: the anchor is the
/// bar of the extreme at the break, the parent the break.
#[derive(Debug, Clone)]
pub struct Strengths {
    structure: Source,
    state: State,
    high: Option<Event>,
    low: Option<Event>,
    ids: Ids,
}

impl Strengths {
    /// A detector that has seen nothing and reads the structure `structure`.
    ///
    /// # Errors
    /// [`SmcError::Parameter`] if the leg size is out of range.
    pub fn new(source: Source, structure: Source, rule: StrengthRule) -> Result<Self, SmcError> {
        let state = match rule {
            StrengthRule::Trailing => State::Trailing { ends: Ends::default(), latest_break: None },
            StrengthRule::BreakingLeg { leg_size } => State::BreakingLeg(Impulses::new(structure, leg_size)?),
        };
        Ok(Strengths { structure, state, high: None, low: None, ids: Ids::new(source) })
    }

    /// The level above price.
    #[must_use]
    pub const fn high(&self) -> Option<&Event> {
        self.high.as_ref()
    }

    /// The level below price.
    #[must_use]
    pub const fn low(&self) -> Option<&Event> {
        self.low.as_ref()
    }
}

impl Detector for Strengths {
    #[inline]
    fn update(&mut self, closed: &ClosedBar, events: &mut Events) {
        let upstream = events.len();
        let Strengths { structure, state, high, low, ids } = self;
        match state {
            State::Trailing { ends, latest_break } => {
                ends.trail(closed.bar());
                for event in events.iter().filter(|event| event.id.source() == *structure) {
                    if event.kind == Kind::LegPivot {
                        ends.pivot(event);
                    } else if event.kind.is_break() {
                        *latest_break = Some((event.direction, event.id));
                    }
                }
                let latest = *latest_break;
                follow(high, ends.high, Direction::Bullish, latest, closed.index(), ids, events);
                follow(low, ends.low, Direction::Bearish, latest, closed.index(), ids, events);
            }
            State::BreakingLeg(impulses) => {
                impulses.update(closed, events);
                pass(high, closed.bar(), closed.index(), events);
                pass(low, closed.bar(), closed.index(), events);
                for position in 0..upstream {
                    let Some(broken) = events.get(position) else { continue };
                    let Some(impulse) = impulses.of_break(&broken) else { continue };
                    let (top_at, bottom_at) = match broken.direction {
                        Direction::Bullish => (impulse.ended_at, impulse.started_at),
                        Direction::Bearish => (impulse.started_at, impulse.ended_at),
                    };
                    let sides = [
                        (&mut *high, Direction::Bullish, top_at, impulse.leg.high),
                        (&mut *low, Direction::Bearish, bottom_at, impulse.leg.low),
                    ];
                    for (slot, side, anchor, price) in sides {
                        let kind = strength(side, Some(broken.direction));
                        let parents = [Some(broken.id), None];
                        let level = level(ids.take(), kind, side, anchor, closed.index(), price, parents);
                        replace(slot, level, events);
                    }
                }
            }
        }
    }
}

/// What the level on `side` is after a break in `latest`.
fn strength(side: Direction, latest: Option<Direction>) -> Kind {
    if latest == Some(side.opposite()) { Kind::StrongLevel } else { Kind::WeakLevel }
}

fn level(
    id: Id,
    kind: Kind,
    side: Direction,
    anchor: u64,
    known_at: u64,
    price: f64,
    parents: [Option<Id>; 2],
) -> Event {
    Event {
        id,
        kind,
        change: Change::Born,
        direction: side,
        anchor,
        known_at,
        top: price,
        bottom: price,
        parents,
    }
}

fn replace(slot: &mut Option<Event>, level: Event, events: &mut Events) {
    if let Some(before) = slot.replace(level) {
        events.push(before.changed(Change::Replaced, level.known_at));
    }
    events.push(level);
}

/// Reports where the trailing level on a side is and what it is worth, if that changed.
fn follow(
    slot: &mut Option<Event>,
    end: Option<End>,
    side: Direction,
    latest_break: Option<(Direction, Id)>,
    known_at: u64,
    ids: &mut Ids,
    events: &mut Events,
) {
    let Some(end) = end else { return };
    let kind = strength(side, latest_break.map(|(direction, _)| direction));
    if let Some(same) = slot.as_mut()
        && same.kind == kind
        && same.parents.first() == Some(&Some(end.pivot))
    {
        // It only moves outwards, so it moved if it is not where it was.
        if same.level().total_cmp(&end.price).is_ne() {
            *same = Event { top: end.price, bottom: end.price, ..same.changed(Change::Extended, known_at) };
            events.push(*same);
        }
        return;
    }
    let parents = [Some(end.pivot), latest_break.map(|(_, id)| id)];
    replace(slot, level(ids.take(), kind, side, end.anchor, known_at, end.price, parents), events);
}

/// Lets the bar act on a level of a breaking leg.
fn pass(slot: &mut Option<Event>, bar: &Bar, known_at: u64, events: &mut Events) {
    let Some(level) = slot.as_mut() else { return };
    let (closes_beyond, extreme, further) = match level.direction {
        Direction::Bullish => (bar.close > level.top, bar.high, bar.high > level.top),
        Direction::Bearish => (bar.close < level.bottom, bar.low, bar.low < level.bottom),
    };
    if level.kind == Kind::WeakLevel && further {
        *level = Event { top: extreme, bottom: extreme, ..level.changed(Change::Extended, known_at) };
        events.push(*level);
    } else if level.kind == Kind::StrongLevel && closes_beyond {
        events.push(level.changed(Change::Invalidated, known_at));
        *slot = None;
    }
}
