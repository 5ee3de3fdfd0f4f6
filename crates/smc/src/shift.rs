//! Market structure shifts: changes of character that a displacement drove.
//!
//! A bullish change of character at bar t breaks a high pivot p. Its breaking leg runs from the bar e with
//! the lowest low from p to t, the earliest of equals, to t. It is a shift if the leg holds a bullish
//! displacement. The settings may ask for more: sell-side liquidity swept at most N bars before t, and a
//! bullish fair value gap whose middle bar belongs to the leg. Bearish mirrored.
//!
//! The shift is known at t if all that is asked for is known by then. A gap around bar t itself, or a
//! displacement that has to leave one, is only known at t + 1, and so is the shift then; what is about later
//! bars does not count. Sources: `spec/smc.md` §6, ICT material.

use crate::bar::Direction;
use crate::by_direction::ByDirection;
use crate::error::SmcError;
use crate::event::{Change, Event, Events, Id, Ids, Kind, Source};
use crate::leg::{Candidate, LegStarts};
use crate::series::{ClosedBar, Detector};
use crate::sources::Sources;

/// The sweep that comes before a shift.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SweepBefore {
    /// Whose pools count, as soon as they are reported as swept.
    pub pools: Sources,
    /// How many bars before the break the sweep may be known; 0 is the same bar.
    pub bars_max: u64,
}

/// What a [`StructureShifts`] reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShiftSources {
    /// The structure: its pivots and changes of character.
    pub structure: Source,
    /// The displacements.
    pub displacements: Source,
}

/// Which legs are looked at and what else a shift needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShiftSettings {
    /// Size of the legs of the structure, in bars.
    pub leg_size: usize,
    /// The sweep that has to come before; `None` asks for none.
    pub sweep: Option<SweepBefore>,
    /// If not empty, the leg has to leave a fair value gap, reported by one of these.
    pub gaps: Sources,
}

impl Default for ShiftSettings {
    fn default() -> Self {
        ShiftSettings { leg_size: 5, sweep: None, gaps: Sources::NONE }
    }
}

/// A change of character that may become a shift on this bar or the next.
#[derive(Debug, Clone, Copy)]
struct Candidacy {
    choch: Event,
    leg_start: u64,
    displacement: Option<Id>,
    gap: bool,
}

/// Finds market structure shifts. All that it reads is updated before it.
///
/// A shift has the anchor and the level of the change of character; its parents are that and the latest
/// displacement of the leg.
#[derive(Debug, Clone)]
pub struct StructureShifts {
    upstream: ShiftSources,
    sweep: Option<SweepBefore>,
    gaps: Sources,
    legs: LegStarts,
    /// By direction of the leg: the latest displacement, the middle of the latest gap, the latest bar with a
    /// sweep.
    displaced: ByDirection<Option<(u64, Id)>>,
    left_gap: ByDirection<Option<u64>>,
    swept: ByDirection<Option<u64>>,
    /// What the bar before left undecided.
    undecided: ByDirection<Option<Candidacy>>,
    ids: Ids,
}

impl StructureShifts {
    /// A detector that has seen nothing.
    ///
    /// # Errors
    /// [`SmcError::Parameter`] if the leg size is out of range.
    pub fn new(source: Source, upstream: ShiftSources, settings: ShiftSettings) -> Result<Self, SmcError> {
        let ShiftSettings { leg_size, sweep, gaps } = settings;
        Ok(StructureShifts {
            upstream,
            sweep,
            gaps,
            legs: LegStarts::new(leg_size)?,
            displaced: ByDirection::new(None, None),
            left_gap: ByDirection::new(None, None),
            swept: ByDirection::new(None, None),
            undecided: ByDirection::new(None, None),
            ids: Ids::new(source),
        })
    }

    /// Notes what legs may need, for what waits and for what breaks from now on.
    fn note(&mut self, event: &Event) {
        let (source, direction) = (event.id.source(), event.direction);
        let waiting = self
            .undecided
            .of_mut(direction)
            .as_mut()
            .filter(|waiting| (waiting.leg_start..=waiting.choch.known_at).contains(&event.anchor));
        let is_gap = event.kind == Kind::FairValueGap
            && matches!(event.change, Change::Born | Change::Extended)
            && self.gaps.contains(source);
        if event.kind == Kind::Displacement && source == self.upstream.displacements {
            *self.displaced.of_mut(direction) = Some((event.anchor, event.id));
            if let Some(waiting) = waiting {
                waiting.displacement = Some(event.id);
            }
        } else if is_gap {
            *self.left_gap.of_mut(direction) = Some(event.anchor);
            if let Some(waiting) = waiting {
                waiting.gap = true;
            }
        } else if event.change == Change::Swept
            && self.sweep.is_some_and(|sweep| sweep.pools.contains(source))
        {
            *self.swept.of_mut(direction.opposite()) = Some(event.known_at);
        }
    }

    fn broken(&self, choch: Event) -> Option<Candidacy> {
        let direction = choch.direction;
        let leg_start = self.legs.of(direction)?.extreme.index;
        if let Some(SweepBefore { bars_max, .. }) = self.sweep
            && self.swept.of(direction).is_none_or(|swept| swept.saturating_add(bars_max) < choch.known_at)
        {
            return None;
        }
        let displaced = self.displaced.of(direction).filter(|(anchor, _)| *anchor >= leg_start);
        let gap = self.left_gap.of(direction).is_some_and(|middle| middle >= leg_start);
        Some(Candidacy { choch, leg_start, displacement: displaced.map(|(_, id)| id), gap })
    }

    /// Reports the shift, or gives the candidacy back if something is missing.
    fn decide(&mut self, candidacy: Candidacy, now: u64, events: &mut Events) -> Option<Candidacy> {
        let Some(displacement) = candidacy.displacement.filter(|_| candidacy.gap || self.gaps.is_empty())
        else {
            return Some(candidacy);
        };
        let choch = candidacy.choch;
        events.push(Event {
            id: self.ids.take(),
            kind: Kind::Mss,
            known_at: now,
            parents: [Some(choch.id), Some(displacement)],
            ..choch
        });
        None
    }
}

impl Detector for StructureShifts {
    /// First what the bar before left undecided, then the changes of character of this bar.
    #[inline]
    fn update(&mut self, bar: &ClosedBar, events: &mut Events) {
        let upstream = events.len();
        for event in (0..upstream).filter_map(|position| events.get(position)) {
            self.note(&event);
            if event.kind == Kind::LegPivot && event.id.source() == self.upstream.structure {
                self.legs.pivot(event.direction);
            }
        }
        for direction in [Direction::Bullish, Direction::Bearish] {
            if let Some(waiting) = self.undecided.of_mut(direction).take() {
                self.decide(waiting, bar.index(), events);
            }
        }
        self.legs.add(Candidate::of(bar.index(), bar.bar()));
        for position in 0..upstream {
            let Some(event) = events.get(position) else { continue };
            if event.kind == Kind::Choch && event.id.source() == self.upstream.structure {
                let candidacy = self.broken(event);
                *self.undecided.of_mut(event.direction) =
                    candidacy.and_then(|candidacy| self.decide(candidacy, bar.index(), events));
            }
        }
    }
}
