//! Quiet hours in a named time zone.

use seawall_model::{LocalClock, TimeOfDay, Ts, Zone};

use crate::settings::NotifySettings;

/// A time of day as it is written, `22:00`.
pub(crate) fn time_of_day(text: &str) -> Option<TimeOfDay> {
    let (hour, minute) = text.split_once(':')?;
    let number = |text: &str| if text.len() == 2 { text.parse::<u8>().ok() } else { None };
    let (hour, minute) = (number(hour)?, number(minute)?);
    (hour < 24 && minute < 60).then(|| TimeOfDay::new(hour, minute))
}

/// From when to when it is quiet each day.
#[derive(Debug)]
pub(crate) struct Quiet {
    from: TimeOfDay,
    until: TimeOfDay,
    clock: LocalClock,
}

impl Quiet {
    /// As configured; `None` where there are no quiet hours.
    pub(crate) fn new(settings: &NotifySettings) -> Option<Quiet> {
        let from = settings.quiet_from.as_deref().and_then(time_of_day)?;
        let until = settings.quiet_until.as_deref().and_then(time_of_day)?;
        let zone: Zone = settings.time_zone.parse().ok()?;
        Some(Quiet { from, until, clock: LocalClock::new(zone) })
    }

    /// When a message of now may leave: at once, or at the end of the quiet hours.
    pub(crate) fn release(&mut self, now: Ts) -> Ts {
        let local = self.clock.local(now);
        let within = if self.from < self.until {
            (self.from..self.until).contains(&local.time)
        } else {
            local.time >= self.from || local.time < self.until
        };
        if !within {
            return now;
        }
        // Where the end is past today, it is tomorrow's.
        let today = self.clock.first_reading(local.date, self.until);
        if today > now {
            return today;
        }
        self.clock.first_reading(local.date.plus_days(1), self.until).max(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quiet(from: &str, until: &str, zone: &str) -> Quiet {
        let settings = NotifySettings {
            quiet_from: Some(from.to_owned()),
            quiet_until: Some(until.to_owned()),
            time_zone: zone.to_owned(),
            ..NotifySettings::default()
        };
        Quiet::new(&settings).unwrap()
    }

    fn at(text: &str) -> Ts {
        text.parse().unwrap()
    }

    /// Effect of `notify.quiet_from`.
    /// Effect of `notify.quiet_until`.
    /// Effect of `notify.time_zone`.
    #[test]
    fn messages_of_quiet_hours_leave_at_their_end_by_the_clock_of_the_zone() {
        // quiet_from, quiet_until and time_zone: 22:00 in Berlin is 21:00 UTC in winter.
        let mut berlin = quiet("22:00", "07:00", "Europe/Berlin");
        assert_eq!(berlin.release(at("2026-01-10T20:59:59Z")), at("2026-01-10T20:59:59Z"));
        assert_eq!(berlin.release(at("2026-01-10T21:00:00Z")), at("2026-01-11T06:00:00Z"));
        assert_eq!(berlin.release(at("2026-01-11T05:59:59Z")), at("2026-01-11T06:00:00Z"));
        assert_eq!(berlin.release(at("2026-01-11T06:00:00Z")), at("2026-01-11T06:00:00Z"));
        // In the night in which the clock goes forward it ends an hour of UTC earlier.
        assert_eq!(berlin.release(at("2026-03-28T22:30:00Z")), at("2026-03-29T05:00:00Z"));
        let mut utc = quiet("22:00", "07:00", "UTC");
        assert_eq!(utc.release(at("2026-01-10T21:00:00Z")), at("2026-01-10T21:00:00Z"));
        let mut later = quiet("23:00", "08:30", "UTC");
        assert_eq!(later.release(at("2026-01-10T22:30:00Z")), at("2026-01-10T22:30:00Z"));
        assert_eq!(later.release(at("2026-01-10T23:30:00Z")), at("2026-01-11T08:30:00Z"));
        let mut noon = quiet("12:00", "14:00", "UTC");
        assert_eq!(noon.release(at("2026-01-10T13:00:00Z")), at("2026-01-10T14:00:00Z"));
        assert_eq!(noon.release(at("2026-01-10T11:00:00Z")), at("2026-01-10T11:00:00Z"));
    }

    #[test]
    fn a_time_of_day_has_two_digits_each() {
        assert!(time_of_day("07:30").is_some());
        for bad in ["7:30", "24:00", "10:60", "1000", "aa:bb", ""] {
            assert!(time_of_day(bad).is_none(), "{bad}");
        }
    }
}
