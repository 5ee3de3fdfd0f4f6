//! When sessions take place, and which one an instant lies in.

use seawall_model::{LocalClock, LocalDate, TimeOfDay, Ts, Weekday, Zone};

use crate::error::SmcError;

/// Days of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weekdays(u8);

impl Weekdays {
    /// All seven.
    pub const EVERY: Weekdays = Weekdays(0b111_1111);
    /// Monday to Friday.
    pub const MONDAY_TO_FRIDAY: Weekdays = Weekdays(0b001_1111);

    /// The days of `days`.
    #[must_use]
    pub fn of(days: &[Weekday]) -> Self {
        Weekdays(days.iter().fold(0, |mask, day| mask | 1 << day.number()))
    }

    /// Whether `day` is one of them.
    #[must_use]
    pub const fn contains(self, day: Weekday) -> bool {
        self.0 >> day.number() & 1 == 1
    }
}

/// When a session takes place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionHours {
    /// Whose clocks count.
    pub zone: Zone,
    /// First time of day inside.
    pub start: TimeOfDay,
    /// First time of day outside. At or before the start it is that of the next date, so a session that ends
    /// when it starts lasts a whole day.
    pub end: TimeOfDay,
    /// On which local dates it starts.
    pub weekdays: Weekdays,
}

impl SessionHours {
    /// Hours on every day of the week. That a market rests shows in its bars.
    #[must_use]
    pub const fn daily(zone: Zone, start: TimeOfDay, end: TimeOfDay) -> Self {
        SessionHours { zone, start, end, weekdays: Weekdays::EVERY }
    }

    fn starts_at(&self, date: LocalDate, clock: &LocalClock) -> Ts {
        clock.first_reading(date, self.start)
    }

    fn ends_at(&self, date: LocalDate, clock: &LocalClock) -> Ts {
        let overnight = self.end <= self.start;
        clock.first_reading(date.plus_days(i32::from(overnight)), self.end)
    }

    /// The session that `at` lies in, or the stretch between two sessions. The clock is that of the zone.
    fn around(&self, at: Ts, clock: &mut LocalClock) -> Stretch {
        let today = clock.local(at).date;
        let takes_place = |date: &LocalDate| self.weekdays.contains(date.weekday());
        for date in (-1..=1).map(|days| today.plus_days(days)).filter(takes_place) {
            let (start, end) = (self.starts_at(date, clock), self.ends_at(date, clock));
            if start <= at && at < end {
                return Stretch { from: start, until: end, session: Some(date) };
            }
        }
        let later = (-1..=8).map(|days| today.plus_days(days)).filter(takes_place);
        let next = later.map(|date| self.starts_at(date, clock)).find(|&start| at < start);
        Stretch { from: at, until: next.unwrap_or(Ts::FAR_FUTURE), session: None }
    }
}

/// A stretch of time inside a session or between two of them.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    from: Ts,
    until: Ts,
    session: Option<LocalDate>,
}

/// Tells which session an instant lies in. Within a session and between two a bar costs two comparisons.
#[derive(Debug, Clone)]
pub struct SessionClock {
    hours: SessionHours,
    local: LocalClock,
    current: Option<Stretch>,
}

impl SessionClock {
    /// A clock that has seen nothing.
    ///
    /// # Errors
    /// [`SmcError::Parameter`] if the session takes place on no day.
    pub fn new(hours: SessionHours) -> Result<Self, SmcError> {
        if hours.weekdays == Weekdays(0) {
            return Err(SmcError::Parameter { name: "weekdays", rule: "must hold a day at least" });
        }
        let local = LocalClock::new(hours.zone.clone());
        Ok(SessionClock { hours, local, current: None })
    }

    /// The local date on which the session that `at` lies in started.
    #[inline]
    pub fn session(&mut self, at: Ts) -> Option<LocalDate> {
        match self.current {
            Some(stretch) if stretch.from <= at && at < stretch.until => stretch.session,
            Some(_) | None => {
                let stretch = self.hours.around(at, &mut self.local);
                self.current = Some(stretch);
                stretch.session
            }
        }
    }
}
