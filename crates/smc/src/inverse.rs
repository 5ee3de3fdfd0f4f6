//! Inverse fair value gaps: gaps that were closed through and work from the other side.
//!
//! Born at the close that goes beyond the far edge of a gap ([`Change::Inverted`]): the same prices, the
//! opposite direction. From the next bar on: retested, midpoint, invalidated by a close back beyond the other
//! edge, expired. Source: ICT material, as in `spec/smc.md` §6.

use crate::error::SmcError;
use crate::event::{Change, Event, Events, Ids, Kind, Source};
use crate::series::{ClosedBar, Detector};
use crate::sources::Sources;
use crate::zones::{ZoneLimits, Zones};

/// Finds inverse gaps and follows them. Its gaps are updated before it.
///
/// The zone is anchored where its gap is; the gap is its first parent.
#[derive(Debug, Clone)]
pub struct InverseGaps {
    gaps: Sources,
    zones: Zones,
    ids: Ids,
}

impl InverseGaps {
    /// A detector that has seen nothing and reads the fair value gaps of `gaps`.
    ///
    /// # Errors
    /// [`SmcError::Parameter`] if a limit is out of range.
    pub fn new(source: Source, gaps: impl Into<Sources>, limits: ZoneLimits) -> Result<Self, SmcError> {
        Ok(InverseGaps { gaps: gaps.into(), zones: Zones::new(limits)?, ids: Ids::new(source) })
    }

    /// The live inverse gaps as they were born, oldest first.
    pub fn live(&self) -> impl Iterator<Item = &Event> {
        self.zones.iter()
    }
}

impl Detector for InverseGaps {
    /// First the bar acts on the live ones, then each gap that it inverts leaves one.
    #[inline]
    fn update(&mut self, bar: &ClosedBar, events: &mut Events) {
        let upstream = events.len();
        self.zones.pass(bar, events);
        for position in 0..upstream {
            let Some(gap) = events.get(position) else { continue };
            if gap.kind == Kind::FairValueGap
                && gap.change == Change::Inverted
                && self.gaps.contains(gap.id.source())
            {
                let zone = Event {
                    id: self.ids.take(),
                    kind: Kind::InverseFairValueGap,
                    change: Change::Born,
                    direction: gap.direction.opposite(),
                    parents: [Some(gap.id), None],
                    ..gap
                };
                self.zones.push(zone, events);
            }
        }
    }
}
