//! Calendar dates of the Gregorian calendar, and days of the week.

use core::fmt;

/// A day of the week; weeks start on Monday (ISO 8601).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weekday {
    /// Monday.
    Monday,
    /// Tuesday.
    Tuesday,
    /// Wednesday.
    Wednesday,
    /// Thursday.
    Thursday,
    /// Friday.
    Friday,
    /// Saturday.
    Saturday,
    /// Sunday.
    Sunday,
}

impl Weekday {
    /// Every day, Monday first.
    pub const ALL: [Weekday; 7] = [
        Weekday::Monday,
        Weekday::Tuesday,
        Weekday::Wednesday,
        Weekday::Thursday,
        Weekday::Friday,
        Weekday::Saturday,
        Weekday::Sunday,
    ];

    /// Days since Monday, 0 to 6.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Weekday::Monday => 0,
            Weekday::Tuesday => 1,
            Weekday::Wednesday => 2,
            Weekday::Thursday => 3,
            Weekday::Friday => 4,
            Weekday::Saturday => 5,
            Weekday::Sunday => 6,
        }
    }
}

/// A date without a place: whole days since 1970-01-01. Arithmetic saturates at the ends of the range of
/// `i32`, millions of years away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct LocalDate(i32);

impl LocalDate {
    /// From days since 1970-01-01.
    #[must_use]
    pub const fn from_days(days: i32) -> Self {
        LocalDate(days)
    }

    /// Days since 1970-01-01.
    #[must_use]
    pub const fn days(self) -> i32 {
        self.0
    }

    /// The date `days` later, or earlier if negative.
    #[must_use]
    pub const fn plus_days(self, days: i32) -> Self {
        LocalDate(self.0.saturating_add(days))
    }

    /// The day of the week.
    #[must_use]
    pub const fn weekday(self) -> Weekday {
        // 1970-01-01 was a Thursday. The remainder is taken first, so that nothing overflows.
        match (self.0.rem_euclid(7) + 3) % 7 {
            0 => Weekday::Monday,
            1 => Weekday::Tuesday,
            2 => Weekday::Wednesday,
            3 => Weekday::Thursday,
            4 => Weekday::Friday,
            5 => Weekday::Saturday,
            _ => Weekday::Sunday,
        }
    }

    /// The Monday of its week.
    #[must_use]
    pub fn monday(self) -> Self {
        self.plus_days(-i32::from(self.weekday().number()))
    }

    /// Year, month from 1 and day of the month from 1.
    ///
    /// Howard Hinnant, "chrono-compatible low-level date algorithms", `civil_from_days`: years are counted
    /// from March, so that the leap day comes last, in cycles of 400 years, which are 146097 days.
    #[must_use]
    pub const fn year_month_day(self) -> (i64, u8, u8) {
        let days = self.0 as i64 + 719_468;
        let (cycle, day_of_cycle) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year_of_cycle =
            (day_of_cycle - day_of_cycle / 1_460 + day_of_cycle / 36_524 - day_of_cycle / 146_096) / 365;
        let day_of_year = day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let year = year_of_cycle + cycle * 400 + (month <= 2) as i64;
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a month is from 1 to 12, a day from 1 to 31"
        )]
        (year, month as u8, day as u8)
    }

    /// The first day of its month.
    #[must_use]
    pub fn first_of_month(self) -> Self {
        let (_, _, day) = self.year_month_day();
        self.plus_days(1 - i32::from(day))
    }

    /// The first day of the month after.
    #[must_use]
    pub fn first_of_next_month(self) -> Self {
        self.first_of_month().plus_days(31).first_of_month()
    }
}

impl fmt::Display for LocalDate {
    /// `2023-01-31`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.year_month_day();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}
