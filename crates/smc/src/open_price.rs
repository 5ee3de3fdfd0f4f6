//! Opening prices: the first price at or after a set local time, such as midnight or 08:30 in New York.
//!
//! The price is the open of the first bar that opens at that time or later, if it opens soon enough; a day
//! whose first bar comes too late has none. On bars that do not start at the set time it is therefore the
//! open of the next one: take bars that do. It is traded when the bar opens and known at the bar's close.

use seawall_model::{Span, TimeOfDay, Zone};

use crate::bar::Direction;
use crate::clock::{Period, PeriodClock, TradingDay, new_york};
use crate::error::SmcError;
use crate::event::{Change, Event, Events, Ids, Kind, Source};
use crate::series::{ClosedBar, Detector};

/// Which opening price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenPriceSettings {
    /// Whose clocks count.
    pub zone: Zone,
    /// The time of day.
    pub time: TimeOfDay,
    /// How long after that time the first bar may open. Ours: an hour in the settings given here, so that the
    /// first price after a weekend is not taken for one of midnight.
    pub delay_max: Span,
}

impl OpenPriceSettings {
    /// At a time in New York, at most an hour late.
    ///
    /// # Errors
    /// As [`new_york`].
    pub fn in_new_york(time: TimeOfDay) -> Result<Self, SmcError> {
        Ok(OpenPriceSettings { zone: new_york()?, time, delay_max: Span::from_secs(3_600) })
    }
}

/// Keeps the opening price of the day.
///
/// [`Kind::OpenPrice`] is a level, born on the bar that opens there (its anchor), with the direction of that
/// bar. The next one replaces it; if the next day has none, it closes on the first bar of that day.
#[derive(Debug, Clone)]
pub struct OpenPrice {
    clock: PeriodClock,
    delay_max: Span,
    price: Option<Event>,
    ids: Ids,
}

impl OpenPrice {
    /// A detector that has seen nothing.
    ///
    /// # Errors
    /// [`SmcError::Parameter`] if the longest delay is negative.
    pub fn new(source: Source, settings: OpenPriceSettings) -> Result<Self, SmcError> {
        let OpenPriceSettings { zone, time, delay_max } = settings;
        if delay_max.is_negative() {
            return Err(SmcError::Parameter { name: "delay_max", rule: "must not be negative" });
        }
        let clock = PeriodClock::new(Period::Day(TradingDay { zone, roll: time }));
        Ok(OpenPrice { clock, delay_max, price: None, ids: Ids::new(source) })
    }

    /// The opening price of the day of the last bar, in quote units.
    #[must_use]
    pub fn price(&self) -> Option<f64> {
        self.price.map(|price| price.level())
    }
}

impl Detector for OpenPrice {
    #[inline]
    fn update(&mut self, closed: &ClosedBar, events: &mut Events) {
        if !self.clock.enters(closed.open_time()) {
            return;
        }
        let (bar, known_at) = (closed.bar(), closed.index());
        let day = self.clock.current();
        let in_time = day.is_some_and(|(start, _)| closed.open_time().since(start) <= self.delay_max);
        if let Some(old) = self.price.take() {
            let change = if in_time { Change::Replaced } else { Change::Closed };
            events.push(old.changed(change, known_at));
        }
        if in_time {
            let born = Event {
                id: self.ids.take(),
                kind: Kind::OpenPrice,
                change: Change::Born,
                direction: if bar.close < bar.open { Direction::Bearish } else { Direction::Bullish },
                anchor: known_at,
                known_at,
                top: bar.open,
                bottom: bar.open,
                parents: [None; 2],
            };
            events.push(born);
            self.price = Some(born);
        }
    }
}
