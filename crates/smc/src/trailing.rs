//! The latest pivot high and low of a source, and how far price went beyond them since.

use crate::bar::{Bar, PivotKind};
use crate::event::{Event, Id};

/// One end of a range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct End {
    /// The latest pivot of the kind.
    pub(crate) pivot: Id,
    /// Its bar.
    pub(crate) anchor: u64,
    /// Its level, or the furthest price since.
    pub(crate) price: f64,
}

/// Both ends; `None` before the first pivot of the kind.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Ends {
    pub(crate) high: Option<End>,
    pub(crate) low: Option<End>,
}

impl Ends {
    /// Moves the ends out to the bar's extremes and says whether one moved. To be called before the bar's
    /// pivots: a pivot is at least as far out as the bars after it.
    #[inline]
    pub(crate) fn trail(&mut self, bar: &Bar) -> bool {
        let mut moved = false;
        if let Some(high) = self.high.as_mut().filter(|high| bar.high > high.price) {
            high.price = bar.high;
            moved = true;
        }
        if let Some(low) = self.low.as_mut().filter(|low| bar.low < low.price) {
            low.price = bar.low;
            moved = true;
        }
        moved
    }

    /// Starts the pivot's end anew at its level.
    pub(crate) const fn pivot(&mut self, pivot: &Event) {
        let end = Some(End { pivot: pivot.id, anchor: pivot.anchor, price: pivot.level() });
        match pivot.pivot_kind() {
            PivotKind::High => self.high = end,
            PivotKind::Low => self.low = end,
        }
    }
}
