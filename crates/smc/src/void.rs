//! Liquidity voids: runs of displacements that left several gaps.
//!
//! A run is one displacement after the other, bar by bar, in one direction. Its gaps are the fair value gaps
//! of that direction whose middle bar belongs to it. When the N-th is known, the void is born: from the far
//! edge of the run's first gap to the near edge of its last. Each further gap of the run extends it, and its
//! life starts anew. From the next bar on: touched, midpoint, filled. Should price fill the void, or the void
//! expire, while the run goes on, gaps are counted from 1 again. Joined gaps count with the prices that they
//! have by then. Source: `spec/smc.md` §6.

use crate::bar::Direction;
use crate::error::SmcError;
use crate::event::{Change, Event, Events, Id, Ids, Kind, Source};
use crate::series::{ClosedBar, Detector};
use crate::zones::{ZoneLimits, ZonePlace, Zones};

/// What counts as a void and how many are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VoidSettings {
    /// How many gaps a run has to leave, at least 1. No source gives a number.
    pub gaps_min: u64,
    /// How many voids are followed and for how long.
    pub limits: ZoneLimits,
}

impl Default for VoidSettings {
    fn default() -> Self {
        VoidSettings { gaps_min: 2, limits: ZoneLimits::default() }
    }
}

/// A run of displacements.
#[derive(Debug, Clone, Copy)]
struct Run {
    direction: Direction,
    /// Its first bar.
    first: u64,
    /// Its last bar so far.
    last: u64,
    left: Option<Left>,
    /// Its void, once born.
    void: Option<(ZonePlace, Id)>,
}

/// What the gaps of a run left out.
#[derive(Debug, Clone, Copy)]
struct Left {
    gaps: u64,
    top: f64,
    bottom: f64,
    first_gap: Id,
}

impl Left {
    fn by(gap: &Event) -> Self {
        Left { gaps: 1, top: gap.top, bottom: gap.bottom, first_gap: gap.id }
    }

    fn and(self, gap: &Event) -> Self {
        Left {
            gaps: self.gaps.saturating_add(1),
            top: self.top.max(gap.top),
            bottom: self.bottom.min(gap.bottom),
            ..self
        }
    }
}

/// Finds liquidity voids and follows them. Displacements and gaps are updated before it.
///
/// A void is anchored at the first bar of its run; its parents are the first and the latest gap.
#[derive(Debug, Clone)]
pub struct Voids {
    displacements: Source,
    gaps: Source,
    gaps_min: u64,
    run: Option<Run>,
    zones: Zones,
    ids: Ids,
}

impl Voids {
    /// A detector that has seen nothing and reads the displacements and the fair value gaps of the two
    /// sources.
    ///
    /// # Errors
    /// [`SmcError::Parameter`] if a setting is out of range.
    pub fn new(source: Source, upstream: VoidSources, settings: VoidSettings) -> Result<Self, SmcError> {
        let VoidSettings { gaps_min, limits } = settings;
        if gaps_min == 0 {
            return Err(SmcError::Parameter { name: "gaps_min", rule: "must be at least 1" });
        }
        let VoidSources { displacements, gaps } = upstream;
        let (zones, ids) = (Zones::new(limits)?, Ids::new(source));
        Ok(Voids { displacements, gaps, gaps_min, run: None, zones, ids })
    }

    /// The live voids as they were born or last extended, oldest first.
    pub fn live(&self) -> impl Iterator<Item = &Event> {
        self.zones.iter()
    }

    fn displaced(&mut self, displacement: &Event) {
        let Event { direction, anchor, .. } = *displacement;
        match &mut self.run {
            Some(run) if run.direction == direction && run.last + 1 == anchor => run.last = anchor,
            Some(_) | None => {
                self.run = Some(Run { direction, first: anchor, last: anchor, left: None, void: None });
            }
        }
    }

    fn left(&mut self, gap: &Event, events: &mut Events) {
        let Some(run) = &mut self.run else { return };
        if run.direction != gap.direction || !(run.first..=run.last).contains(&gap.anchor) {
            return;
        }
        if let Some((place, id)) = run.void.take() {
            let left = run.left.map_or(Left::by(gap), |left| left.and(gap));
            if let Some(place) = self.zones.extend(place, void(id, run, &left, gap), events) {
                (run.left, run.void) = (Some(left), Some((place, id)));
                return;
            }
            run.left = None;
        }
        let left = run.left.map_or(Left::by(gap), |left| left.and(gap));
        run.left = Some(left);
        if left.gaps >= self.gaps_min {
            let id = self.ids.take();
            run.void = self.zones.push(void(id, run, &left, gap), events).map(|place| (place, id));
        }
    }
}

/// The void of a run whose latest gap is `gap`.
fn void(id: Id, run: &Run, left: &Left, gap: &Event) -> Event {
    Event {
        id,
        kind: Kind::LiquidityVoid,
        change: Change::Born,
        direction: run.direction,
        anchor: run.first,
        known_at: gap.known_at,
        top: left.top,
        bottom: left.bottom,
        parents: [Some(left.first_gap), Some(gap.id)],
    }
}

/// What a [`Voids`] reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VoidSources {
    /// The displacements.
    pub displacements: Source,
    /// The fair value gaps.
    pub gaps: Source,
}

impl Detector for Voids {
    /// First the bar acts on the live voids, then what is known of the bar before is added to the run, then
    /// this bar.
    #[inline]
    fn update(&mut self, bar: &ClosedBar, events: &mut Events) {
        let upstream = events.len();
        self.zones.pass(bar, events);
        // A displacement that had to leave a gap is known with the gap, a bar late.
        let (mut late, mut now) = (None, None);
        for event in (0..upstream).filter_map(|position| events.get(position)) {
            if event.kind == Kind::Displacement && event.id.source() == self.displacements {
                let is_late = event.anchor < bar.index();
                *if is_late { &mut late } else { &mut now } = Some(event);
            }
        }
        if let Some(late) = late {
            self.displaced(&late);
        }
        for position in 0..upstream {
            if let Some(gap) = events.get(position)
                && gap.kind == Kind::FairValueGap
                && gap.id.source() == self.gaps
                && matches!(gap.change, Change::Born | Change::Extended)
            {
                self.left(&gap, events);
            }
        }
        if let Some(now) = now {
            self.displaced(&now);
        }
    }
}
