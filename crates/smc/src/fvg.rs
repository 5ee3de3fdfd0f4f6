//! Fair value gaps: prices that three bars in a row left out.
//!
//! At the close of bar t with i = t - 1: bullish if bar i closes above its open and `low[t] > high[i-1]`, the
//! gap being from `high[i-1]` to `low[t]`; bearish if bar i closes below its open and `high[t] < low[i-1]`.
//! Equal wicks are no gap. From bar t+1 on: touched (near edge reached), midpoint, filled (far edge reached),
//! closed through (inverted).

use crate::bar::{Bar, Direction};
use crate::error::SmcError;
use crate::event::{Change, Event, Events, Ids, Kind, Source};
use crate::series::{ClosedBar, Detector};
use crate::zones::{ZoneLimits, Zones};

/// What counts as a gap and how many are followed.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct FairValueGapSettings {
    /// Smallest size as a fraction of the middle bar's close: `(top - bottom) / |close[i]|`. 0 takes all.
    pub size_fraction_min: f64,
    /// How many gaps are followed and for how long.
    pub limits: ZoneLimits,
}

/// Finds gaps and follows them.
#[derive(Debug, Clone)]
pub struct FairValueGaps {
    size_fraction_min: f64,
    zones: Zones,
    /// The two bars before, older first.
    before: Option<(Option<Bar>, Bar)>,
    ids: Ids,
}

impl FairValueGaps {
    /// A detector that has seen nothing.
    ///
    /// # Errors
    /// [`SmcError::Parameter`] if the smallest size is negative or not finite, or a limit is out of range.
    pub fn new(source: Source, settings: FairValueGapSettings) -> Result<Self, SmcError> {
        let FairValueGapSettings { size_fraction_min, limits } = settings;
        if !size_fraction_min.is_finite() || size_fraction_min < 0.0 {
            let rule = "must be a finite number, not below zero";
            return Err(SmcError::Parameter { name: "size_fraction_min", rule });
        }
        Ok(FairValueGaps {
            size_fraction_min,
            zones: Zones::new(limits)?,
            before: None,
            ids: Ids::new(source),
        })
    }

    /// The live gaps as they were born, oldest first.
    pub fn live(&self) -> impl Iterator<Item = &Event> {
        self.zones.iter()
    }
}

impl Detector for FairValueGaps {
    /// First the bar acts on the live gaps, then it may bear a new one.
    #[inline]
    fn update(&mut self, closed: &ClosedBar, events: &mut Events) {
        self.zones.pass(closed, events);
        let (bar, known_at) = (closed.bar(), closed.index());
        if let Some((Some(first), middle)) = &self.before
            && let Some((direction, top, bottom)) = gap(first, middle, bar)
            && (top - bottom) / middle.close.abs() >= self.size_fraction_min
        {
            let zone = Event {
                id: self.ids.take(),
                kind: Kind::FairValueGap,
                change: Change::Born,
                direction,
                anchor: known_at.saturating_sub(1),
                known_at,
                top,
                bottom,
                parents: [None; 2],
            };
            self.zones.push(zone, events);
        }
        self.before = Some((self.before.map(|(_, middle)| middle), *bar));
    }
}

/// Direction, top and bottom of the gap that the three bars leave.
#[inline]
fn gap(first: &Bar, middle: &Bar, third: &Bar) -> Option<(Direction, f64, f64)> {
    if middle.close > middle.open && third.low > first.high {
        Some((Direction::Bullish, third.low, first.high))
    } else if middle.close < middle.open && third.high < first.low {
        Some((Direction::Bearish, first.low, third.high))
    } else {
        None
    }
}
