//! Unicorns: breaker blocks that overlap a fair value gap of their direction.
//!
//! When a breaker block or a gap becomes known, the youngest gap or breaker block of its direction that
//! became known at most N bars before, still holds (the gap not closed through, the breaker not invalidated,
//! neither expired) and shares more than one price with it makes a unicorn: the zone is what both share.
//! Known with the later of the two; from the next bar on it lives as a breaker block does. A joined gap
//! counts with the prices that it has by then. Source: ICT material, as in `spec/smc.md` §6; no source gives
//! N.

use crate::error::SmcError;
use crate::event::{Change, Event, Events, Ids, Kind, Source};
use crate::recent::RecentZones;
use crate::series::{ClosedBar, Detector};
use crate::zones::{ZoneLimits, Zones};

/// What a [`Unicorns`] reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnicornSources {
    /// The failed blocks; mitigation blocks among them are left out.
    pub breakers: Source,
    /// The fair value gaps.
    pub gaps: Source,
}

/// How far apart the two may be and how many unicorns are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnicornSettings {
    /// How many bars the later of the two may become known after the earlier one, 1 to
    /// [`PAIRING_BARS_MAX`](crate::recent::PAIRING_BARS_MAX).
    pub bars_max: u64,
    /// How many are followed and for how long.
    pub limits: ZoneLimits,
}

impl Default for UnicornSettings {
    fn default() -> Self {
        UnicornSettings { bars_max: 20, limits: ZoneLimits::default() }
    }
}

/// Finds unicorns and follows them. Failed blocks and gaps are updated before it.
///
/// A unicorn is anchored where the later of the two is; its parents are the breaker and the gap.
#[derive(Debug, Clone)]
pub struct Unicorns {
    upstream: UnicornSources,
    breakers: RecentZones,
    gaps: RecentZones,
    zones: Zones,
    ids: Ids,
}

impl Unicorns {
    /// A detector that has seen nothing.
    ///
    /// # Errors
    /// [`SmcError::Parameter`] if a setting is out of range.
    pub fn new(
        source: Source,
        upstream: UnicornSources,
        settings: UnicornSettings,
    ) -> Result<Self, SmcError> {
        let UnicornSettings { bars_max, limits } = settings;
        Ok(Unicorns {
            upstream,
            breakers: RecentZones::new(bars_max)?,
            gaps: RecentZones::new(bars_max)?,
            zones: Zones::new(limits)?,
            ids: Ids::new(source),
        })
    }

    /// The live unicorns as they were born, oldest first.
    pub fn live(&self) -> impl Iterator<Item = &Event> {
        self.zones.iter()
    }
}

impl Detector for Unicorns {
    /// First the bar acts on the live ones, then what ended is taken out, then each new breaker or gap may
    /// make one.
    #[inline]
    fn update(&mut self, bar: &ClosedBar, events: &mut Events) {
        let upstream = events.len();
        self.zones.pass(bar, events);
        for births in [false, true] {
            for position in 0..upstream {
                let Some(event) = events.get(position) else { continue };
                let source = event.id.source();
                let is_gap = event.kind == Kind::FairValueGap && source == self.upstream.gaps;
                let is_breaker = event.kind == Kind::BreakerBlock && source == self.upstream.breakers;
                if !(is_gap || is_breaker) || (event.change == Change::Born) != births {
                    continue;
                }
                let (own, others) =
                    if is_gap { (&mut self.gaps, &self.breakers) } else { (&mut self.breakers, &self.gaps) };
                own.note(&event);
                if !births {
                    continue;
                }
                if let Some((other, top, bottom)) =
                    others.youngest_overlap(event.direction, &event, bar.index())
                {
                    let (breaker, gap) = if is_gap { (other.id, event.id) } else { (event.id, other.id) };
                    let (id, kind, parents) = (self.ids.take(), Kind::Unicorn, [Some(breaker), Some(gap)]);
                    self.zones.push(Event { id, kind, top, bottom, parents, ..event }, events);
                }
            }
        }
    }
}
