//! Imbalances from one bar to the next: volume imbalances and opening gaps.
//!
//! At the close of bar t, bullish: a volume imbalance if the body of t lies above the body of t - 1 while the
//! wicks overlap, `min(open, close)[t] > max(open, close)[t-1]` and `low[t] <= high[t-1]`; the zone is from
//! body to body. An opening gap if the wicks do not overlap either, `low[t] > high[t-1]`; the zone is from
//! wick to wick. Bearish mirrored. From bar t+1 on both live as fair value gaps do. Source: `spec/smc.md` §6.

use crate::bar::{Bar, Direction};
use crate::error::SmcError;
use crate::event::{Change, Event, Events, Ids, Kind, Source};
use crate::fvg::{AtrSize, check_fraction};
use crate::indicators::Atr;
use crate::series::{ClosedBar, Detector};
use crate::zones::{ZoneLimits, Zones};

/// What counts as an imbalance and how many are followed. Volume imbalances and opening gaps share the limit.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ImbalanceSettings {
    /// Smallest size as a fraction of the close before: `(top - bottom) / |close[t-1]|`. 0 takes all.
    pub size_fraction_min: f64,
    /// Smallest size in average true ranges, bar t included; before the average is defined there is no
    /// imbalance then. `None` takes all.
    pub size_atr_min: Option<AtrSize>,
    /// How many are followed and for how long.
    pub limits: ZoneLimits,
}

/// Finds volume imbalances and opening gaps and follows them. They are anchored at bar t and have no parents.
#[derive(Debug, Clone)]
pub struct Imbalances {
    size_fraction_min: f64,
    size_atr_min: Option<(Atr, f64)>,
    before: Option<Bar>,
    zones: Zones,
    ids: Ids,
}

impl Imbalances {
    /// A detector that has seen nothing.
    ///
    /// # Errors
    /// [`SmcError::Parameter`] if a threshold is negative or not finite, or a limit or period is out of
    /// range.
    pub fn new(source: Source, settings: ImbalanceSettings) -> Result<Self, SmcError> {
        let ImbalanceSettings { size_fraction_min, size_atr_min, limits } = settings;
        check_fraction("size_fraction_min", size_fraction_min)?;
        Ok(Imbalances {
            size_fraction_min,
            size_atr_min: size_atr_min.map(AtrSize::checked).transpose()?,
            before: None,
            zones: Zones::new(limits)?,
            ids: Ids::new(source),
        })
    }

    /// The live imbalances as they were born, oldest first.
    pub fn live(&self) -> impl Iterator<Item = &Event> {
        self.zones.iter()
    }
}

impl Detector for Imbalances {
    /// First the bar acts on the live ones, then it may bear one.
    #[inline]
    fn update(&mut self, closed: &ClosedBar, events: &mut Events) {
        self.zones.pass(closed, events);
        let bar = closed.bar();
        let size_min = match &mut self.size_atr_min {
            Some((average, multiple)) => average.update(bar).map(|average| *multiple * average),
            None => Some(0.0),
        };
        let Some(before) = self.before.replace(*bar) else { return };
        let Some((kind, direction, top, bottom)) = between(&before, bar) else { return };
        let size = top - bottom;
        if size / before.close.abs() >= self.size_fraction_min && size_min.is_some_and(|least| size >= least)
        {
            let zone = Event {
                id: self.ids.take(),
                kind,
                change: Change::Born,
                direction,
                anchor: closed.index(),
                known_at: closed.index(),
                top,
                bottom,
                parents: [None; 2],
            };
            self.zones.push(zone, events);
        }
    }
}

/// Kind, direction, top and bottom of what lies between two bars.
#[inline]
fn between(before: &Bar, bar: &Bar) -> Option<(Kind, Direction, f64, f64)> {
    let body_top = |bar: &Bar| bar.open.max(bar.close);
    let body_bottom = |bar: &Bar| bar.open.min(bar.close);
    if bar.low > before.high {
        Some((Kind::OpeningGap, Direction::Bullish, bar.low, before.high))
    } else if bar.high < before.low {
        Some((Kind::OpeningGap, Direction::Bearish, before.low, bar.high))
    } else if body_bottom(bar) > body_top(before) {
        Some((Kind::VolumeImbalance, Direction::Bullish, body_bottom(bar), body_top(before)))
    } else if body_top(bar) < body_bottom(before) {
        Some((Kind::VolumeImbalance, Direction::Bearish, body_bottom(before), body_top(bar)))
    } else {
        None
    }
}
