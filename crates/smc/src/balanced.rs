//! Balanced price ranges: prices that a bullish and a bearish fair value gap share.
//!
//! When a gap becomes known, the youngest gap of the other direction that became known at most N bars before,
//! was not closed through and shares prices with it (more than one price) makes a balanced range: its prices
//! are those that both share, its direction is the later gap's. It is known with the later gap and lives as a
//! gap does from the next bar on. A gap that its detector no longer follows counts as closed; a joined gap
//! counts with the prices that it has by then. Source: ICT material, as in `spec/smc.md` §6; no source gives
//! N.

use crate::error::SmcError;
use crate::event::{Change, Event, Events, Ids, Kind, Source};
use crate::recent::RecentZones;
use crate::series::{ClosedBar, Detector};
use crate::zones::{ZoneLimits, Zones};

/// Which gaps make a range and how many ranges are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BalancedRangeSettings {
    /// How many bars the later gap may become known after the earlier one, 1 to
    /// [`PAIRING_BARS_MAX`](crate::recent::PAIRING_BARS_MAX).
    pub bars_max: u64,
    /// How many are followed and for how long.
    pub limits: ZoneLimits,
}

impl Default for BalancedRangeSettings {
    fn default() -> Self {
        BalancedRangeSettings { bars_max: 20, limits: ZoneLimits::default() }
    }
}

/// Finds balanced price ranges and follows them. Its gaps are updated before it.
///
/// A range is anchored at the middle bar of the later gap; its parents are the later and the earlier gap.
#[derive(Debug, Clone)]
pub struct BalancedRanges {
    gaps: Source,
    recent: RecentZones,
    zones: Zones,
    ids: Ids,
}

impl BalancedRanges {
    /// A detector that has seen nothing and reads the fair value gaps of `gaps`.
    ///
    /// # Errors
    /// [`SmcError::Parameter`] if a setting is out of range.
    pub fn new(source: Source, gaps: Source, settings: BalancedRangeSettings) -> Result<Self, SmcError> {
        let BalancedRangeSettings { bars_max, limits } = settings;
        Ok(BalancedRanges {
            gaps,
            recent: RecentZones::new(bars_max)?,
            zones: Zones::new(limits)?,
            ids: Ids::new(source),
        })
    }

    /// The live ranges as they were born, oldest first.
    pub fn live(&self) -> impl Iterator<Item = &Event> {
        self.zones.iter()
    }
}

impl Detector for BalancedRanges {
    /// First the bar acts on the live ranges, then a new gap may make one.
    #[inline]
    fn update(&mut self, bar: &ClosedBar, events: &mut Events) {
        let upstream = events.len();
        self.zones.pass(bar, events);
        for position in 0..upstream {
            let Some(gap) = events.get(position) else { continue };
            if gap.kind != Kind::FairValueGap || gap.id.source() != self.gaps {
                continue;
            }
            if gap.change == Change::Born
                && let Some((earlier, top, bottom)) =
                    self.recent.youngest_overlap(gap.direction.opposite(), &gap, bar.index())
            {
                let id = self.ids.take();
                let kind = Kind::BalancedPriceRange;
                let parents = [Some(gap.id), Some(earlier.id)];
                self.zones.push(Event { id, kind, top, bottom, parents, ..gap }, events);
            }
            self.recent.note(&gap);
        }
    }
}
