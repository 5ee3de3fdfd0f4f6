//! Pivots, structure and what lies beyond them: labels, equal levels, pools, range, strength.

use super::hours::Hours;
use super::settings::{ChartSettings, Strength};
use super::sources;
use crate::equal::EqualLevels;
use crate::error::SmcError;
use crate::event::{Events, Kind, Source};
use crate::labels::Labels;
use crate::ote::{OptimalEntries, OptimalEntrySettings};
use crate::pivot::{Fractal, LegPivots};
use crate::pool::{PoolInput, PoolSettings, Pools};
use crate::range::DealingRanges;
use crate::series::{ClosedBar, Detector};
use crate::strength::{StrengthRule, Strengths};
use crate::structure::Structure;

/// The detectors of levels.
#[derive(Debug, Clone)]
pub(super) struct Levels {
    fractals: Fractal,
    pub(super) internal: Structure,
    pub(super) swing: Structure,
    internal_labels: Labels,
    swing_labels: Labels,
    equal_pivots: LegPivots,
    equal: EqualLevels,
    pub(super) internal_pools: Pools,
    pub(super) pools: Pools,
    pub(super) range: DealingRanges,
    pub(super) strength: Strengths,
    pub(super) optimal_entry: OptimalEntries,
}

impl Levels {
    pub(super) fn new(settings: &ChartSettings, hours: &Hours) -> Result<Self, SmcError> {
        let (internal_leg, swing_leg) = (settings.internal_leg, settings.swing_leg);
        let pools = |source, inputs: &[PoolInput]| {
            let reclaim_bars = settings.reclaim_bars;
            Pools::new(source, inputs, PoolSettings { reclaim_bars, limits: settings.limits })
        };
        let pivots = |source: Source| PoolInput { source, kind: Kind::LegPivot };
        let equal = PoolInput { source: sources::EQUAL_LEVELS, kind: Kind::EqualLevels };
        let levels: Vec<PoolInput> =
            [pivots(sources::SWING), equal].into_iter().chain(hours.pools()).collect();
        let strength = match settings.strength {
            Strength::Trailing => StrengthRule::Trailing,
            Strength::BreakingLeg => StrengthRule::BreakingLeg { leg_size: swing_leg },
        };
        let (shallow, deep) = settings.optimal_entry;
        let entry = OptimalEntrySettings { leg_size: internal_leg, shallow, deep };
        Ok(Levels {
            fractals: Fractal::new(sources::FRACTALS, settings.fractal_bars, settings.fractal_bars)?,
            internal: Structure::new(sources::INTERNAL, internal_leg)?,
            swing: Structure::new(sources::SWING, swing_leg)?,
            internal_labels: Labels::new(sources::INTERNAL_LABELS, sources::INTERNAL),
            swing_labels: Labels::new(sources::SWING_LABELS, sources::SWING),
            equal_pivots: LegPivots::new(sources::EQUAL_PIVOTS, settings.equal_leg)?,
            equal: EqualLevels::new(sources::EQUAL_LEVELS, sources::EQUAL_PIVOTS, settings.equal)?,
            internal_pools: pools(sources::INTERNAL_POOLS, &[pivots(sources::INTERNAL)])?,
            pools: pools(sources::POOLS, &levels)?,
            range: DealingRanges::new(sources::RANGE, sources::SWING, settings.range)?,
            strength: Strengths::new(sources::STRENGTH, sources::SWING, strength)?,
            optimal_entry: OptimalEntries::new(sources::OPTIMAL_ENTRY, sources::INTERNAL, entry)?,
        })
    }
}

impl Detector for Levels {
    fn update(&mut self, bar: &ClosedBar, events: &mut Events) {
        self.fractals.update(bar, events);
        self.internal.update(bar, events);
        self.swing.update(bar, events);
        self.internal_labels.update(bar, events);
        self.swing_labels.update(bar, events);
        self.equal_pivots.update(bar, events);
        self.equal.update(bar, events);
        self.internal_pools.update(bar, events);
        self.pools.update(bar, events);
        self.range.update(bar, events);
        self.strength.update(bar, events);
        self.optimal_entry.update(bar, events);
    }
}
