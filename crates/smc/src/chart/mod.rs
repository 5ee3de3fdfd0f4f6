//! Everything that the detectors see on one instrument and timeframe.
//!
//! A [`Chart`] owns one of each detector, wires them and updates them in a fixed order on each closed bar, so
//! that those that build on others find their events: first what the clock brings, then pivots, structure and
//! pools, then zones. Which detector reported an event is told by its [source](sources).

mod hours;
mod levels;
mod places;
mod settings;
pub mod sources;

use seawall_model::Ts;

pub use settings::{ChartSettings, NamedSession, Strength};

use crate::bar::Bar;
use crate::error::SmcError;
use crate::event::Events;
use crate::fvg::FairValueGaps;
use crate::inverse::InverseGaps;
use crate::order_block::OrderBlocks;
use crate::ote::OptimalEntries;
use crate::pool::Pools;
use crate::range::DealingRanges;
use crate::series::{BarSeries, ClosedBar, Detector};
use crate::strength::Strengths;
use crate::structure::Structure;

use hours::Hours;
use levels::Levels;
use places::Places;

/// All detectors on one series.
#[derive(Debug, Clone)]
pub struct Chart {
    series: BarSeries,
    events: Events,
    hours: Hours,
    levels: Levels,
    places: Places,
}

impl Chart {
    /// A chart that has seen nothing.
    ///
    /// # Errors
    /// [`SmcError::Parameter`] if a setting is out of range.
    pub fn new(settings: &ChartSettings) -> Result<Self, SmcError> {
        let hours = Hours::new(settings)?;
        let levels = Levels::new(settings, &hours)?;
        let places = Places::new(settings)?;
        Ok(Chart { series: BarSeries::new(), events: Events::new(), hours, levels, places })
    }

    /// Takes in the next closed bar and returns what became known at its close.
    ///
    /// # Errors
    /// [`SmcError::InvalidBar`] or [`SmcError::OutOfOrder`]; nothing has changed then.
    pub fn update(&mut self, open_time: Ts, bar: Bar) -> Result<&Events, SmcError> {
        self.update_then(open_time, bar, |_, _| {})
    }

    /// As [`Chart::update`], with a word from `last` at the end.
    pub(crate) fn update_then(
        &mut self,
        open_time: Ts,
        bar: Bar,
        last: impl FnOnce(&ClosedBar, &mut Events),
    ) -> Result<&Events, SmcError> {
        let bar = self.series.close(open_time, bar)?;
        self.events.clear();
        self.hours.update(&bar, &mut self.events);
        self.levels.update(&bar, &mut self.events);
        self.places.update(&bar, &mut self.events);
        last(&bar, &mut self.events);
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
        &self.levels.internal
    }

    /// Structure of large legs.
    #[must_use]
    pub const fn swing(&self) -> &Structure {
        &self.levels.swing
    }

    /// Live pools beyond the pivots of small legs.
    #[must_use]
    pub const fn internal_pools(&self) -> &Pools {
        &self.levels.internal_pools
    }

    /// Live pools beyond the pivots of large legs and the levels of sessions and periods.
    #[must_use]
    pub const fn pools(&self) -> &Pools {
        &self.levels.pools
    }

    /// The dealing range of swing structure.
    #[must_use]
    pub const fn range(&self) -> &DealingRanges {
        &self.levels.range
    }

    /// Strong and weak levels of swing structure.
    #[must_use]
    pub const fn strength(&self) -> &Strengths {
        &self.levels.strength
    }

    /// The optimal trade entry of internal structure.
    #[must_use]
    pub const fn optimal_entry(&self) -> &OptimalEntries {
        &self.levels.optimal_entry
    }

    /// Live order blocks of internal structure.
    #[must_use]
    pub const fn internal_blocks(&self) -> &OrderBlocks {
        &self.places.internal_blocks
    }

    /// Live order blocks of swing structure.
    #[must_use]
    pub const fn swing_blocks(&self) -> &OrderBlocks {
        &self.places.swing_blocks
    }

    /// Live fair value gaps.
    #[must_use]
    pub const fn gaps(&self) -> &FairValueGaps {
        &self.places.gaps
    }

    /// Live inverse fair value gaps.
    #[must_use]
    pub const fn inverse_gaps(&self) -> &InverseGaps {
        &self.places.inverse
    }
}
