//! Fair value gaps: prices that three bars in a row left out.
//!
//! At the close of bar t with i = t - 1: bullish if bar i closes above its open and `low[t] > high[i-1]`, the
//! gap being from `high[i-1]` to `low[t]`; bearish if bar i closes below its open and `high[t] < low[i-1]`.
//! Equal wicks are no gap. From bar t+1 on: touched (near edge reached), midpoint, filled (far edge reached),
//! closed through (inverted).

use crate::bar::{Bar, Direction};
use crate::error::SmcError;
use crate::event::{Event, Zone, ZoneKind};
use crate::zones::{LIVE_ZONES, Zones};

/// What counts as a gap and how many are followed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FairValueGapSettings {
    /// Smallest size as a fraction of the middle bar's close: `(top - bottom) / |close[i]|`. 0 takes all.
    pub size_fraction_min: f64,
    /// How many live gaps are followed; the oldest expires.
    pub live_zones: usize,
}

impl Default for FairValueGapSettings {
    fn default() -> Self {
        FairValueGapSettings { size_fraction_min: 0.0, live_zones: LIVE_ZONES }
    }
}

/// Finds gaps and follows them.
#[derive(Debug, Clone)]
pub struct FairValueGaps {
    size_fraction_min: f64,
    zones: Zones,
    /// The two bars before, older first.
    before: Option<(Option<Bar>, Bar)>,
    next_index: u64,
}

impl FairValueGaps {
    /// A detector that has seen nothing.
    ///
    /// # Errors
    /// [`SmcError::Parameter`] if the smallest size is negative or not finite, or `live_zones` is
    /// not from 1 to [`LIVE_ZONES_MAX`](crate::zones::LIVE_ZONES_MAX).
    pub fn new(settings: FairValueGapSettings) -> Result<Self, SmcError> {
        let FairValueGapSettings { size_fraction_min, live_zones } = settings;
        if !size_fraction_min.is_finite() || size_fraction_min < 0.0 {
            let rule = "must be a finite number, not below zero";
            return Err(SmcError::Parameter { name: "size_fraction_min", rule });
        }
        Ok(FairValueGaps { size_fraction_min, zones: Zones::new(live_zones)?, before: None, next_index: 0 })
    }

    /// Takes in the next closed bar: first it acts on the live gaps, then it may bear a new one.
    ///
    /// # Errors
    /// [`SmcError::InvalidBar`]; nothing has changed then.
    #[inline]
    pub fn update(&mut self, bar: &Bar, sink: &mut impl FnMut(Event)) -> Result<(), SmcError> {
        bar.check()?;
        let known_index = self.next_index;
        self.next_index += 1;
        self.zones.pass(bar, known_index, sink);
        if let Some((Some(first), middle)) = &self.before
            && let Some((direction, top, bottom)) = gap(first, middle, bar)
            && (top - bottom) / middle.close.abs() >= self.size_fraction_min
        {
            let index = known_index.saturating_sub(1);
            let kind = ZoneKind::FairValueGap;
            let zone = Zone { id: 0, kind, direction, index, known_index, top, bottom, break_id: None };
            self.zones.push(zone, sink);
        }
        self.before = Some((self.before.map(|(_, middle)| middle), *bar));
        Ok(())
    }

    /// The live gaps, oldest first.
    pub fn live(&self) -> impl DoubleEndedIterator<Item = &Zone> {
        self.zones.iter()
    }

    /// Slots held in memory for live gaps; it never changes.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.zones.capacity()
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
