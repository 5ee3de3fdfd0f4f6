//! Market structure: breaks of the latest pivots by close, with a trend.
//!
//! The latest high pivot and the latest low pivot ([`LegPivots`]) are kept, each with a flag that says
//! whether it was broken; a new pivot of the kind takes its place. A close above an unbroken high, or below
//! an unbroken low, is a break: a change of character if the trend was the other way, else (also for the
//! first break of all) a break of structure. The trend then has the break's direction. Each pivot breaks
//! once. A bar first brings its pivot, then its breaks, upwards first.

use crate::bar::{Direction, PivotKind};
use crate::error::SmcError;
use crate::event::{Change, Event, Events, Id, Kind, Source};
use crate::pivot::LegPivots;
use crate::series::{ClosedBar, Detector};

/// A pivot while nothing has closed beyond it.
#[derive(Debug, Clone, Copy)]
struct Unbroken {
    id: Id,
    anchor: u64,
    level: f64,
}

/// The structure of one leg size: reports its pivots and its breaks.
///
/// A break is anchored at the bar that made the broken pivot, its level is the broken price and its first
/// parent the pivot.
#[derive(Debug, Clone)]
pub struct Structure {
    pivots: LegPivots,
    high: Option<Unbroken>,
    low: Option<Unbroken>,
    trend: Option<Direction>,
}

impl Structure {
    /// Structure of legs of `size` bars: 5 is usual for internal, 50 for swing structure. Pivots and breaks
    /// share the numbers of `source`.
    ///
    /// # Errors
    /// [`SmcError::Parameter`] if `size` is not from 1 to [`PIVOT_BARS_MAX`](crate::pivot::PIVOT_BARS_MAX).
    pub fn new(source: Source, size: usize) -> Result<Self, SmcError> {
        Ok(Structure { pivots: LegPivots::new(source, size)?, high: None, low: None, trend: None })
    }

    /// The direction of the last break; `None` before the first.
    #[must_use]
    pub const fn trend(&self) -> Option<Direction> {
        self.trend
    }

    fn broken(&mut self, pivot: Unbroken, direction: Direction, known_at: u64) -> Event {
        let kind = if self.trend == Some(direction.opposite()) { Kind::Choch } else { Kind::Bos };
        self.trend = Some(direction);
        Event {
            id: self.pivots.take_id(),
            kind,
            change: Change::Born,
            direction,
            anchor: pivot.anchor,
            known_at,
            top: pivot.level,
            bottom: pivot.level,
            parents: [Some(pivot.id), None],
        }
    }
}

impl Detector for Structure {
    #[inline]
    fn update(&mut self, bar: &ClosedBar, events: &mut Events) {
        if let Some(pivot) = self.pivots.step(bar) {
            let unbroken = Some(Unbroken { id: pivot.id, anchor: pivot.anchor, level: pivot.level() });
            match pivot.pivot_kind() {
                PivotKind::High => self.high = unbroken,
                PivotKind::Low => self.low = unbroken,
            }
            events.push(pivot);
        }
        let close = bar.bar().close;
        if let Some(broken) = self.high.take_if(|high| close > high.level) {
            events.push(self.broken(broken, Direction::Bullish, bar.index()));
        }
        if let Some(broken) = self.low.take_if(|low| close < low.level) {
            events.push(self.broken(broken, Direction::Bearish, bar.index()));
        }
    }
}

#[cfg(test)]
mod tests {
    use seawall_model::Ts;

    use super::*;
    use crate::bar::Bar;
    use crate::series::BarSeries;

    #[test]
    fn a_pivot_breaks_once_and_the_trend_decides_the_kind() {
        let (mut series, mut structure) = (BarSeries::new(), Structure::new(Source(1), 1).unwrap());
        let mut breaks = Vec::new();
        for (at, price) in (0..).zip([9.0, 8.0, 9.0, 12.0, 11.0, 13.0, 14.0, 10.0, 7.0, 6.0]) {
            let bar = Bar { open: price, high: price, low: price, close: price };
            let mut events = Events::new();
            structure.update(&series.close(Ts::from_millis(at), bar).unwrap(), &mut events);
            for event in events.iter().filter(|event| event.kind != Kind::LegPivot) {
                breaks.push((event.kind, event.direction, event.anchor, event.known_at));
            }
        }
        let expected = [(Kind::Bos, Direction::Bullish, 3, 5), (Kind::Choch, Direction::Bearish, 4, 7)];
        assert_eq!(breaks, expected);
        assert_eq!(structure.trend(), Some(Direction::Bearish));
    }
}
