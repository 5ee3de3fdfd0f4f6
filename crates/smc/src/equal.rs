//! Equal highs and lows: pivots of a kind at nearly the same price, beyond which stops gather.
//!
//! Two definitions ([`EqualRule`]), both over the pivots of one source. Invariants: a pivot is compared on
//! the bar that confirms it and never again; what was reported is not withdrawn. The pairs need constant
//! memory; the groups keep the levels that nothing traded beyond, at most [`ZoneLimits::live`] on each side.
//! Those are ordered by age and by price at once, since a later pivot beyond an earlier one would have taken
//! it, so a bar costs a constant on average.

use std::collections::VecDeque;

use crate::bar::{Bar, Direction, PivotKind};
use crate::error::SmcError;
use crate::event::{Change, Event, Events, Id, Ids, Kind, Source};
use crate::indicators::Atr;
use crate::living::check_live;
use crate::series::{ClosedBar, Detector};
use crate::zones::ZoneLimits;

/// Room that is made at once; more grows as it is needed.
const RESERVED_MAX: usize = 1_024;

/// How far apart equal levels may lie.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Tolerance {
    /// `multiple` average true ranges ([`Atr`]) of the bar that confirms the later pivot. Before the average
    /// is defined, nothing is equal.
    Atr {
        /// Period of the average.
        period: usize,
        /// How many averages, above zero.
        multiple: f64,
    },
    /// A distance in quote units, such as a number of ticks times the tick size. Zero or more.
    Price(f64),
}

impl Tolerance {
    /// A tenth of the average true range of 200 bars, as in LuxAlgo's public description.
    pub const ATR_200: Tolerance = Tolerance::Atr { period: 200, multiple: 0.1 };
}

/// Which pivots are equal. Sources differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EqualRule {
    /// LuxAlgo: a new pivot against the one before of its kind, less than the tolerance apart. What traded
    /// between them does not matter, and each pair is a thing of its own without a further life.
    Pairs,
    /// Two or more pivots with no trade beyond between them (ICT's relatively equal highs and lows): a new
    /// pivot high joins the nearest level at or above it that no bar traded above since, if the first pivot
    /// of that level is at most the tolerance above it. A second high above the first has swept it and is
    /// not equal. Further members are reported as [`Change::Extended`]; the group ends on the first bar that
    /// trades beyond its first pivot, [`Change::Swept`] if it closes at the level or back inside,
    /// [`Change::Run`] if it closes beyond. Lows mirrored.
    Groups,
}

/// Which levels count as equal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EqualSettings {
    /// The definition.
    pub rule: EqualRule,
    /// How far apart they may lie.
    pub tolerance: Tolerance,
    /// Of the groups: how many untaken levels (groups and single pivots) are kept for each side, and for how
    /// many bars after the first pivot became known. Pairs do not need it.
    pub limits: ZoneLimits,
}

impl Default for EqualSettings {
    fn default() -> Self {
        EqualSettings { rule: EqualRule::Pairs, tolerance: Tolerance::ATR_200, limits: ZoneLimits::default() }
    }
}

/// A level that nothing traded beyond.
#[derive(Debug, Clone, Copy)]
struct Untaken {
    first: Event,
    /// As last reported; `None` while it is a single pivot.
    group: Option<Event>,
}

#[derive(Debug, Clone)]
enum Memory {
    /// The latest pivot high and low.
    Pairs([Option<Event>; 2]),
    /// The untaken highs and lows: older ones in front, those nearest to price at the back.
    Groups([VecDeque<Untaken>; 2]),
}

#[derive(Debug, Clone)]
enum Measure {
    Average(Atr, f64),
    Price(f64),
}

/// Finds equal highs (bullish) and lows (bearish) among the pivots of one source, whose detector is updated
/// before it. LuxAlgo takes leg pivots of size 3.
///
/// The first parent is the first pivot, the second the newest; the anchor is the newest pivot's bar. `top`
/// and `bottom` span the levels of all members, so the level beyond which the stops lie is the top of equal
/// highs and the bottom of equal lows.
#[derive(Debug, Clone)]
pub struct EqualLevels {
    pivots: Source,
    measure: Measure,
    memory: Memory,
    limits: ZoneLimits,
    ids: Ids,
}

impl EqualLevels {
    /// A detector that has seen nothing and reads the pivots of `pivots`.
    ///
    /// # Errors
    /// [`SmcError::Parameter`] if a setting is out of range.
    pub fn new(source: Source, pivots: Source, settings: EqualSettings) -> Result<Self, SmcError> {
        let EqualSettings { rule, tolerance, limits } = settings;
        check_live("live", limits.live)?;
        let measure = match tolerance {
            Tolerance::Atr { period, multiple } => {
                if !multiple.is_finite() || multiple <= 0.0 {
                    let rule = "must be a finite number above zero";
                    return Err(SmcError::Parameter { name: "multiple", rule });
                }
                Measure::Average(Atr::new(period)?, multiple)
            }
            Tolerance::Price(distance) => {
                if !distance.is_finite() || distance < 0.0 {
                    let rule = "must be a finite number, not below zero";
                    return Err(SmcError::Parameter { name: "tolerance", rule });
                }
                Measure::Price(distance)
            }
        };
        let levels = || VecDeque::with_capacity(limits.live.min(RESERVED_MAX));
        let memory = match rule {
            EqualRule::Pairs => Memory::Pairs([None; 2]),
            EqualRule::Groups => Memory::Groups([levels(), levels()]),
        };
        Ok(EqualLevels { pivots, measure, memory, limits, ids: Ids::new(source) })
    }

    /// How far apart levels may lie on this bar.
    #[inline]
    fn tolerance(&mut self, bar: &Bar) -> Option<f64> {
        match &mut self.measure {
            Measure::Average(average, multiple) => average.update(bar).map(|average| *multiple * average),
            Measure::Price(distance) => Some(*distance),
        }
    }
}

impl Detector for EqualLevels {
    /// First the bar acts on the groups, then each pivot of this bar is compared.
    #[inline]
    fn update(&mut self, closed: &ClosedBar, events: &mut Events) {
        let upstream = events.len();
        let tolerance = self.tolerance(closed.bar());
        let EqualLevels { pivots, memory, limits, ids, .. } = self;
        if let Memory::Groups(sides) = memory {
            for (levels, direction) in sides.iter_mut().zip([Direction::Bullish, Direction::Bearish]) {
                expire_old(levels, limits.age_bars_max, closed.index(), events);
                take(levels, direction, closed, events);
            }
        }
        for position in 0..upstream {
            let Some(pivot) = events.get(position).filter(|event| is_pivot(event, *pivots)) else { continue };
            match memory {
                Memory::Pairs([high, low]) => {
                    let before = match pivot.pivot_kind() {
                        PivotKind::High => high.replace(pivot),
                        PivotKind::Low => low.replace(pivot),
                    };
                    if let Some(before) = before
                        && tolerance.is_some_and(|most| (pivot.level() - before.level()).abs() < most)
                    {
                        events.push(equal(ids.take(), &before, &pivot));
                    }
                }
                Memory::Groups([highs, lows]) => {
                    let levels = match pivot.pivot_kind() {
                        PivotKind::High => highs,
                        PivotKind::Low => lows,
                    };
                    if !join(levels, &pivot, tolerance, ids, events) {
                        add(levels, limits.live, pivot, events);
                    }
                }
            }
        }
    }
}

/// A confirmed pivot of `pivots`.
pub(crate) fn is_pivot(event: &Event, pivots: Source) -> bool {
    event.id.source() == pivots
        && event.change == Change::Born
        && matches!(event.kind, Kind::LegPivot | Kind::FractalPivot)
}

/// Two pivots found equal.
fn equal(id: Id, first: &Event, second: &Event) -> Event {
    Event {
        id,
        kind: Kind::EqualLevels,
        change: Change::Born,
        direction: second.direction,
        anchor: second.anchor,
        known_at: second.known_at,
        top: first.level().max(second.level()),
        bottom: first.level().min(second.level()),
        parents: [Some(first.id), Some(second.id)],
    }
}

fn expire_old(levels: &mut VecDeque<Untaken>, age_max: Option<u64>, index: u64, events: &mut Events) {
    let Some(age_max) = age_max else { return };
    while let Some(oldest) = levels.pop_front_if(|level| index - level.first.known_at > age_max) {
        if let Some(group) = oldest.group {
            events.push(group.changed(Change::Expired, index));
        }
    }
}

/// Removes the levels that the bar trades beyond.
#[inline]
fn take(levels: &mut VecDeque<Untaken>, direction: Direction, closed: &ClosedBar, events: &mut Events) {
    let bar = closed.bar();
    let beyond = |price: f64, level: f64| match direction {
        Direction::Bullish => price > level,
        Direction::Bearish => price < level,
    };
    let extreme = match direction {
        Direction::Bullish => bar.high,
        Direction::Bearish => bar.low,
    };
    while let Some(taken) = levels.pop_back_if(|level| beyond(extreme, level.first.level())) {
        if let Some(group) = taken.group {
            let run = beyond(bar.close, taken.first.level());
            events.push(group.changed(if run { Change::Run } else { Change::Swept }, closed.index()));
        }
    }
}

/// Makes the pivot a member of the nearest untaken level, if it is near enough.
fn join(
    levels: &mut VecDeque<Untaken>,
    pivot: &Event,
    tolerance: Option<f64>,
    ids: &mut Ids,
    events: &mut Events,
) -> bool {
    let Some((nearest, most)) = levels.back_mut().zip(tolerance) else { return false };
    if (nearest.first.level() - pivot.level()).abs() > most {
        return false;
    }
    let grown = match nearest.group {
        None => equal(ids.take(), &nearest.first, pivot),
        Some(group) => Event {
            change: Change::Extended,
            anchor: pivot.anchor,
            known_at: pivot.known_at,
            top: group.top.max(pivot.level()),
            bottom: group.bottom.min(pivot.level()),
            parents: [Some(nearest.first.id), Some(pivot.id)],
            ..group
        },
    };
    nearest.group = Some(grown);
    events.push(grown);
    true
}

/// Keeps the pivot as a new level; without room, the oldest level goes.
fn add(levels: &mut VecDeque<Untaken>, live: usize, pivot: Event, events: &mut Events) {
    if levels.len() >= live
        && let Some(Untaken { group: Some(group), .. }) = levels.pop_front()
    {
        events.push(group.changed(Change::Expired, pivot.known_at));
    }
    levels.push_back(Untaken { first: pivot, group: None });
}
