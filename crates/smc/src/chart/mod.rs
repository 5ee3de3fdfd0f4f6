//! Everything that the detectors see on one instrument and timeframe.
//!
//! A [`Chart`] owns one of each detector, wires them and updates them in a fixed order on each closed bar, so
//! that those that build on others find their events. Which detector reported an event is told by its
//! [source](sources).

mod settings;
pub mod sources;

use seawall_model::Ts;

pub use settings::ChartSettings;

use crate::bar::Bar;
use crate::error::SmcError;
use crate::event::Events;
use crate::fvg::FairValueGaps;
use crate::order_block::{OrderBlockSettings, OrderBlocks};
use crate::pivot::Fractal;
use crate::series::{BarSeries, Detector};
use crate::structure::Structure;

/// All detectors on one series.
#[derive(Debug, Clone)]
pub struct Chart {
    series: BarSeries,
    events: Events,
    fractal: Fractal,
    internal: Structure,
    swing: Structure,
    internal_blocks: OrderBlocks,
    swing_blocks: OrderBlocks,
    gaps: FairValueGaps,
}

impl Chart {
    /// A chart that has seen nothing.
    ///
    /// # Errors
    /// [`SmcError::Parameter`] if a setting is out of range.
    pub fn new(settings: &ChartSettings) -> Result<Self, SmcError> {
        let ChartSettings { internal_leg, swing_leg, fractal_bars, wide_bars, gaps, limits } = *settings;
        let blocks = |leg_size| OrderBlockSettings { leg_size, wide_bars, limits };
        Ok(Chart {
            series: BarSeries::new(),
            events: Events::new(),
            fractal: Fractal::new(sources::FRACTAL, fractal_bars, fractal_bars)?,
            internal: Structure::new(sources::INTERNAL, internal_leg)?,
            swing: Structure::new(sources::SWING, swing_leg)?,
            internal_blocks: OrderBlocks::new(
                sources::INTERNAL_BLOCKS,
                sources::INTERNAL,
                blocks(internal_leg),
            )?,
            swing_blocks: OrderBlocks::new(sources::SWING_BLOCKS, sources::SWING, blocks(swing_leg))?,
            gaps: FairValueGaps::new(sources::GAPS, gaps)?,
        })
    }

    /// Takes in the next closed bar and returns what became known at its close.
    ///
    /// # Errors
    /// [`SmcError::InvalidBar`] or [`SmcError::OutOfOrder`]; nothing has changed then.
    pub fn update(&mut self, open_time: Ts, bar: Bar) -> Result<&Events, SmcError> {
        let bar = self.series.close(open_time, bar)?;
        self.events.clear();
        let detectors: [&mut dyn Detector; 6] = [
            &mut self.fractal,
            &mut self.internal,
            &mut self.swing,
            &mut self.internal_blocks,
            &mut self.swing_blocks,
            &mut self.gaps,
        ];
        for detector in detectors {
            detector.update(&bar, &mut self.events);
        }
        Ok(&self.events)
    }

    /// How many bars came.
    #[must_use]
    pub const fn bars(&self) -> u64 {
        self.series.len()
    }

    /// Structure of small legs.
    #[must_use]
    pub const fn internal(&self) -> &Structure {
        &self.internal
    }

    /// Structure of large legs.
    #[must_use]
    pub const fn swing(&self) -> &Structure {
        &self.swing
    }

    /// Live order blocks of internal structure.
    #[must_use]
    pub const fn internal_blocks(&self) -> &OrderBlocks {
        &self.internal_blocks
    }

    /// Live order blocks of swing structure.
    #[must_use]
    pub const fn swing_blocks(&self) -> &OrderBlocks {
        &self.swing_blocks
    }

    /// Live fair value gaps.
    #[must_use]
    pub const fn gaps(&self) -> &FairValueGaps {
        &self.gaps
    }
}
