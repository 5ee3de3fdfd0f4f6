//! Zones, and the shifts and traps that are read from zones and levels together.

use super::settings::ChartSettings;
use super::sources;
use crate::balanced::{BalancedRangeSettings, BalancedRanges};
use crate::displacement::Displacements;
use crate::error::SmcError;
use crate::event::{Events, Source};
use crate::failed_block::{FailedBlockSettings, FailedBlocks};
use crate::fvg::FairValueGaps;
use crate::imbalance::Imbalances;
use crate::inducement::{InducementSettings, Inducements};
use crate::inverse::InverseGaps;
use crate::order_block::{OrderBlockSettings, OrderBlocks};
use crate::power_of_three::{PowerOfThree, PowerOfThreeSettings, Shift};
use crate::propulsion::{PropulsionBlocks, PropulsionSettings, PropulsionSources};
use crate::rejection::{RejectionBlocks, RejectionSettings};
use crate::series::{ClosedBar, Detector};
use crate::shift::{ShiftSettings, ShiftSources, StructureShifts};
use crate::sources::Sources;
use crate::unicorn::{UnicornSettings, UnicornSources, Unicorns};
use crate::void::{VoidSettings, VoidSources, Voids};

/// The detectors of zones.
#[derive(Debug, Clone)]
pub(super) struct Places {
    displacements: Displacements,
    pub(super) gaps: FairValueGaps,
    pub(super) inverse: InverseGaps,
    balanced: BalancedRanges,
    imbalances: Imbalances,
    voids: Voids,
    pub(super) internal_blocks: OrderBlocks,
    pub(super) swing_blocks: OrderBlocks,
    internal_failed: FailedBlocks,
    swing_failed: FailedBlocks,
    rejections: RejectionBlocks,
    propulsions: PropulsionBlocks,
    unicorns: Unicorns,
    internal_shifts: StructureShifts,
    swing_shifts: StructureShifts,
    inducements: Inducements,
    power_of_three: Option<PowerOfThree>,
}

impl Places {
    pub(super) fn new(settings: &ChartSettings) -> Result<Self, SmcError> {
        let limits = settings.limits;
        let (gaps, displacements) = (sources::GAPS, sources::DISPLACEMENTS);
        let blocks = |source, structure, leg_size| {
            let wide_bars = settings.wide_bars;
            let block_settings = OrderBlockSettings { leg_size, wide_bars, limits };
            OrderBlocks::with_rules(source, structure, block_settings, settings.block_rules)
        };
        let rejection = RejectionSettings {
            wick_fraction_min: settings.rejection_wick_min,
            limits,
            ..RejectionSettings::default()
        };
        let pools = Sources::of(&[sources::INTERNAL_POOLS, sources::POOLS]);
        let propulsion = PropulsionSources { blocks: sources::INTERNAL_BLOCKS, displacements };
        let unicorn = UnicornSources { breakers: sources::INTERNAL_FAILED, gaps };
        Ok(Places {
            displacements: Displacements::new(displacements, settings.displacement)?,
            gaps: FairValueGaps::with_rules(gaps, settings.gaps, settings.gap_rules)?,
            inverse: InverseGaps::new(sources::INVERSE_GAPS, gaps, limits)?,
            balanced: BalancedRanges::new(
                sources::BALANCED_RANGES,
                gaps,
                BalancedRangeSettings { bars_max: settings.balanced_bars_max, limits },
            )?,
            imbalances: Imbalances::new(sources::IMBALANCES, settings.imbalances)?,
            voids: Voids::new(
                sources::VOIDS,
                VoidSources { displacements, gaps },
                VoidSettings { gaps_min: settings.void_gaps_min, limits },
            )?,
            internal_blocks: blocks(sources::INTERNAL_BLOCKS, sources::INTERNAL, settings.internal_leg)?,
            swing_blocks: blocks(sources::SWING_BLOCKS, sources::SWING, settings.swing_leg)?,
            internal_failed: FailedBlocks::new(
                sources::INTERNAL_FAILED,
                sources::INTERNAL_BLOCKS,
                FailedBlockSettings { pools: sources::INTERNAL_POOLS.into(), pivots: Sources::NONE, limits },
            )?,
            swing_failed: FailedBlocks::new(
                sources::SWING_FAILED,
                sources::SWING_BLOCKS,
                FailedBlockSettings { pools: sources::POOLS.into(), pivots: sources::SWING.into(), limits },
            )?,
            rejections: RejectionBlocks::new(sources::REJECTIONS, pools, rejection)?,
            propulsions: PropulsionBlocks::new(
                sources::PROPULSIONS,
                propulsion,
                PropulsionSettings { limits, ..PropulsionSettings::default() },
            )?,
            unicorns: Unicorns::new(
                sources::UNICORNS,
                unicorn,
                UnicornSettings { bars_max: settings.unicorn_bars_max, limits },
            )?,
            internal_shifts: shifts(sources::INTERNAL_SHIFTS, sources::INTERNAL, settings.internal_leg)?,
            swing_shifts: shifts(sources::SWING_SHIFTS, sources::SWING, settings.swing_leg)?,
            inducements: Inducements::new(
                sources::INDUCEMENTS,
                sources::INTERNAL_POOLS,
                &[gaps, sources::INTERNAL_BLOCKS, sources::SWING_BLOCKS],
                InducementSettings { limits, ..InducementSettings::default() },
            )?,
            power_of_three: power_of_three(settings)?,
        })
    }
}

fn shifts(source: Source, structure: Source, leg_size: usize) -> Result<StructureShifts, SmcError> {
    let upstream = ShiftSources { structure, displacements: sources::DISPLACEMENTS };
    StructureShifts::new(source, upstream, ShiftSettings { leg_size, ..ShiftSettings::default() })
}

fn power_of_three(settings: &ChartSettings) -> Result<Option<PowerOfThree>, SmcError> {
    let Some(position) = settings.power_of_three else { return Ok(None) };
    if position >= settings.sessions.len() {
        let rule = "must be the position of one of the sessions";
        return Err(SmcError::Parameter { name: "power_of_three", rule });
    }
    let range = sources::session(position);
    let three = PowerOfThreeSettings::london(range, sources::INTERNAL_SHIFTS, Shift::Mss)?;
    PowerOfThree::new(sources::POWER_OF_THREE, three).map(Some)
}

impl Detector for Places {
    fn update(&mut self, bar: &ClosedBar, events: &mut Events) {
        self.displacements.update(bar, events);
        self.gaps.update(bar, events);
        self.inverse.update(bar, events);
        self.balanced.update(bar, events);
        self.imbalances.update(bar, events);
        self.voids.update(bar, events);
        self.internal_blocks.update(bar, events);
        self.swing_blocks.update(bar, events);
        self.internal_failed.update(bar, events);
        self.swing_failed.update(bar, events);
        self.rejections.update(bar, events);
        self.propulsions.update(bar, events);
        self.unicorns.update(bar, events);
        self.internal_shifts.update(bar, events);
        self.swing_shifts.update(bar, events);
        self.inducements.update(bar, events);
        if let Some(power_of_three) = &mut self.power_of_three {
            power_of_three.update(bar, events);
        }
    }
}
