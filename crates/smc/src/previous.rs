//! High and low of the period before: previous day, week, month, or of a stretch of minutes.
//!
//! The levels of a period are born on the first bar of the next period that has bars; periods without bars
//! are passed over. On each bar from that one on (it included, unlike with zones: the level stood before the
//! bar opened) a trade strictly beyond a level is reported, once a side, until the next levels take their
//! place.
//!
//! The levels stand when their period ends, but no bar says so before the first of the next period has
//! closed; that one is `known_at`.

use crate::bar::{Bar, Direction};
use crate::clock::{Period, PeriodClock};
use crate::event::{Change, Event, Events, Ids, Kind, Source};
use crate::series::{ClosedBar, Detector};

/// The levels in force, in quote units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Levels {
    /// Highest price of the period before.
    pub high: f64,
    /// Lowest price of the period before.
    pub low: f64,
    /// Whether this period traded strictly above the high.
    pub high_broken: bool,
    /// Whether this period traded strictly below the low.
    pub low_broken: bool,
}

impl Levels {
    /// The levels of `range`, not broken.
    pub(crate) const fn of(range: &RangeSoFar) -> Self {
        Levels { high: range.high, low: range.low, high_broken: false, low_broken: false }
    }

    /// Reports the sides that `bar` is the first to trade beyond, as changes of `born`.
    pub(crate) fn test(&mut self, born: &Event, bar: &ClosedBar, events: &mut Events) {
        if !self.high_broken && bar.bar().high > self.high {
            self.high_broken = true;
            events.push(born.changed(Change::HighBroken, bar.index()));
        }
        if !self.low_broken && bar.bar().low < self.low {
            self.low_broken = true;
            events.push(born.changed(Change::LowBroken, bar.index()));
        }
    }
}

/// Some bars in a row as one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RangeSoFar {
    /// Number of the first bar.
    pub(crate) first: u64,
    pub(crate) open: f64,
    pub(crate) high: f64,
    pub(crate) low: f64,
    pub(crate) close: f64,
}

impl RangeSoFar {
    pub(crate) const fn new(bar: &ClosedBar) -> Self {
        let Bar { open, high, low, close } = *bar.bar();
        RangeSoFar { first: bar.index(), open, high, low, close }
    }

    pub(crate) const fn add(&mut self, bar: &Bar) {
        self.high = self.high.max(bar.high);
        self.low = self.low.min(bar.low);
        self.close = bar.close;
    }

    /// The direction of its candle; one without a body counts as bullish.
    pub(crate) fn direction(&self) -> Direction {
        if self.close < self.open { Direction::Bearish } else { Direction::Bullish }
    }
}

/// Keeps the levels of the period before.
///
/// Events of [`Kind::PreviousDay`], [`Kind::PreviousWeek`], [`Kind::PreviousMonth`] or, for minutes,
/// [`Kind::PreviousPeriod`]: top and bottom are high and low, the anchor is the first bar of the period that
/// made them and the direction that of its candle. Changes: born, high and low broken, replaced.
#[derive(Debug, Clone)]
pub struct PreviousLevels {
    kind: Kind,
    clock: PeriodClock,
    current: Option<RangeSoFar>,
    previous: Option<(Event, Levels)>,
    ids: Ids,
}

impl PreviousLevels {
    /// A detector that has seen nothing.
    #[must_use]
    pub const fn new(source: Source, period: Period) -> Self {
        let kind = match &period {
            Period::Minutes(_) => Kind::PreviousPeriod,
            Period::Day(_) => Kind::PreviousDay,
            Period::Week(_) => Kind::PreviousWeek,
            Period::Month(_) => Kind::PreviousMonth,
        };
        let clock = PeriodClock::new(period);
        PreviousLevels { kind, clock, current: None, previous: None, ids: Ids::new(source) }
    }

    /// The levels in force at the close of the last bar; `None` in the first period.
    #[must_use]
    pub fn levels(&self) -> Option<Levels> {
        self.previous.map(|(_, levels)| levels)
    }

    fn roll(&mut self, bar: &ClosedBar, events: &mut Events) {
        if let Some((old, _)) = self.previous.take() {
            events.push(old.changed(Change::Replaced, bar.index()));
        }
        if let Some(range) = self.current.replace(RangeSoFar::new(bar)) {
            let born = Event {
                id: self.ids.take(),
                kind: self.kind,
                change: Change::Born,
                direction: range.direction(),
                anchor: range.first,
                known_at: bar.index(),
                top: range.high,
                bottom: range.low,
                parents: [None; 2],
            };
            events.push(born);
            self.previous = Some((born, Levels::of(&range)));
        }
    }
}

impl Detector for PreviousLevels {
    #[inline]
    fn update(&mut self, bar: &ClosedBar, events: &mut Events) {
        if self.clock.enters(bar.open_time()) {
            self.roll(bar, events);
        } else if let Some(current) = &mut self.current {
            current.add(bar.bar());
        }
        if let Some((born, levels)) = &mut self.previous {
            levels.test(born, bar, events);
        }
    }
}
