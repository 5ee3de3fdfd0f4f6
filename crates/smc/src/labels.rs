//! Higher and lower highs and lows: each pivot against the one before of its kind.
//!
//! A high above the high before is a higher high, any other a lower high; a low below the low before is a
//! lower low, any other a higher low (spec: the label follows the previous pivot of the same kind; an equal
//! level has not gone further). Known when the pivot is. Memory: two pivots.

use crate::bar::{Direction, PivotKind};
use crate::equal::is_pivot;
use crate::event::{Change, Event, Events, Ids, Kind, Source};
use crate::series::{ClosedBar, Detector};

/// Labels the pivots of one source, whose detector is updated before it. The first pivot of each kind has no
/// label. A label has its pivot's bar and level; its parents are the pivot and the one before of its kind.
#[derive(Debug, Clone)]
pub struct Labels {
    pivots: Source,
    high: Option<Event>,
    low: Option<Event>,
    ids: Ids,
}

impl Labels {
    /// A detector that has seen nothing and reads the pivots of `pivots`.
    #[must_use]
    pub const fn new(source: Source, pivots: Source) -> Self {
        Labels { pivots, high: None, low: None, ids: Ids::new(source) }
    }
}

impl Detector for Labels {
    #[inline]
    fn update(&mut self, _: &ClosedBar, events: &mut Events) {
        for position in 0..events.len() {
            let Some(pivot) = events.get(position).filter(|event| is_pivot(event, self.pivots)) else {
                continue;
            };
            let before = match pivot.pivot_kind() {
                PivotKind::High => self.high.replace(pivot),
                PivotKind::Low => self.low.replace(pivot),
            };
            let Some(before) = before else { continue };
            let kind = match pivot.direction {
                Direction::Bullish if pivot.level() > before.level() => Kind::HigherHigh,
                Direction::Bullish => Kind::LowerHigh,
                Direction::Bearish if pivot.level() < before.level() => Kind::LowerLow,
                Direction::Bearish => Kind::HigherLow,
            };
            let parents = [Some(pivot.id), Some(before.id)];
            events.push(Event { id: self.ids.take(), kind, change: Change::Born, parents, ..pivot });
        }
    }
}
