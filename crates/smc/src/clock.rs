//! Periods of time on local clocks: trading days, weeks, months, and stretches of minutes.
//!
//! A period is half-open, from one boundary to the next, and a bar belongs to the one that its open time lies
//! in. Boundaries are local times of an IANA zone, taken as [`Zone::first_reading`] defines: if the clocks
//! skip the boundary it is the moment of the skip, if they show it twice the first time counts. So periods
//! follow each other without hole or overlap, and never go backwards; days on which clocks change are 23 or
//! 25 hours long.
//!
//! Between boundaries a bar costs two comparisons; nothing allocates.

use core::num::NonZeroU32;

use seawall_model::{LocalClock, LocalDate, TimeOfDay, Ts, Zone};

use crate::error::SmcError;

/// The zone in which ICT material, forex and the CME keep their hours.
///
/// # Errors
/// [`SmcError::Parameter`] if the database has no such zone, which would be a defect of the build.
pub fn new_york() -> Result<Zone, SmcError> {
    zone("America/New_York")
}

/// A zone of the database.
pub(crate) fn zone(name: &str) -> Result<Zone, SmcError> {
    let rule = "must be a name of the time zone database";
    name.parse().map_err(|_| SmcError::Parameter { name: "zone", rule })
}

/// When a trading day begins. A day that begins at noon or later is named after the date on which it ends:
/// the trading day of Monday starts on Sunday at 17:00.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TradingDay {
    /// Whose clocks count.
    pub zone: Zone,
    /// The time of day at which one day ends and the next begins.
    pub roll: TimeOfDay,
}

impl TradingDay {
    /// The UTC day, as crypto venues count.
    #[must_use]
    pub const fn utc() -> Self {
        TradingDay { zone: Zone::UTC, roll: TimeOfDay::MIDNIGHT }
    }

    /// From 17:00 New York, as in forex.
    ///
    /// # Errors
    /// As [`new_york`].
    pub fn forex() -> Result<Self, SmcError> {
        Ok(TradingDay { zone: new_york()?, roll: TimeOfDay::new(17, 0) })
    }

    /// From 18:00 New York, as index futures at the CME.
    ///
    /// # Errors
    /// As [`new_york`].
    pub fn cme() -> Result<Self, SmcError> {
        Ok(TradingDay { zone: new_york()?, roll: TimeOfDay::new(18, 0) })
    }

    /// How many dates before its own the day begins.
    fn dates_before(&self) -> i32 {
        i32::from(self.roll >= TimeOfDay::new(12, 0))
    }

    /// The first instant of the trading day named `date`.
    pub(crate) fn start(&self, date: LocalDate) -> Ts {
        self.zone.first_reading(date.plus_days(-self.dates_before()), self.roll)
    }

    /// The name of the trading day that `at` lies in.
    pub(crate) fn date(&self, at: Ts) -> LocalDate {
        let local = LocalClock::new(self.zone.clone()).local(at).date.plus_days(self.dates_before());
        let latest =
            [1, 0].into_iter().map(|days| local.plus_days(days)).find(|&date| self.start(date) <= at);
        latest.unwrap_or_else(|| local.plus_days(-1))
    }
}

/// What separates one period from the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Period {
    /// So many minutes, counted from 1970-01-01T00:00Z.
    Minutes(NonZeroU32),
    /// A trading day.
    Day(TradingDay),
    /// The trading days of Monday to Sunday (ISO weeks).
    Week(TradingDay),
    /// The trading days named after a date of the month.
    Month(TradingDay),
}

impl Period {
    /// The period that `at` lies in: its first instant and that of the next one.
    fn around(&self, at: Ts) -> (Ts, Ts) {
        match self {
            Period::Minutes(minutes) => {
                let length = i64::from(minutes.get()) * 60_000_000_000;
                let start = at.nanos().saturating_sub(at.nanos().rem_euclid(length));
                (Ts::from_nanos(start), Ts::from_nanos(start.saturating_add(length)))
            }
            Period::Day(day) => {
                let date = day.date(at);
                (day.start(date), day.start(date.plus_days(1)))
            }
            Period::Week(day) => {
                let monday = day.date(at).monday();
                (day.start(monday), day.start(monday.plus_days(7)))
            }
            Period::Month(day) => {
                let date = day.date(at);
                (day.start(date.first_of_month()), day.start(date.first_of_next_month()))
            }
        }
    }
}

/// Tells when a series of instants enters another period.
#[derive(Debug, Clone)]
pub struct PeriodClock {
    period: Period,
    /// The period of the last instant; `None` before the first.
    current: Option<(Ts, Ts)>,
}

impl PeriodClock {
    /// A clock that has seen nothing.
    #[must_use]
    pub const fn new(period: Period) -> Self {
        PeriodClock { period, current: None }
    }

    /// Whether `at` lies in another period than the instant before; the first one always does.
    #[inline]
    pub fn enters(&mut self, at: Ts) -> bool {
        if let Some((start, end)) = self.current
            && start <= at
            && at < end
        {
            return false;
        }
        self.current = Some(self.period.around(at));
        true
    }

    /// The first instant of the current period and of the one after; `None` before the first instant.
    #[must_use]
    pub const fn current(&self) -> Option<(Ts, Ts)> {
        self.current
    }
}
