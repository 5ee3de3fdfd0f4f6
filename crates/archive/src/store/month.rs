//! Calendar months in UTC, the unit in which the store keeps candles.

use core::fmt;
use core::str::FromStr;

use seawall_model::Ts;

const MILLIS_PER_DAY: i64 = 86_400_000;
const DAYS_PER_ERA: i64 = 146_097;
const YEARS_PER_ERA: i64 = 400;

/// A month, counted from January of the year 0. Ordered in time; written `2023-01`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Month(i64);

impl Month {
    /// The month that contains `at`.
    pub(crate) fn of(at: Ts) -> Month {
        // Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days; his years start in
        // March, so that the leap day is a year's last day.
        let days = at.millis().div_euclid(MILLIS_PER_DAY) + 719_468;
        let era = days.div_euclid(DAYS_PER_ERA);
        let day_of_era = days.rem_euclid(DAYS_PER_ERA);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        Month((year_of_era + era * YEARS_PER_ERA) * 12 + month_from_march + 2)
    }

    /// Its first instant.
    pub(crate) fn start(self) -> Ts {
        // days_from_civil of the same source, for the first day of the month.
        let from_march = self.0 - 2;
        let year = from_march.div_euclid(12);
        let month = from_march.rem_euclid(12);
        let era = year.div_euclid(YEARS_PER_ERA);
        let year_of_era = year.rem_euclid(YEARS_PER_ERA);
        let day_of_year = (153 * month + 2) / 5;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        Ts::from_millis((era * DAYS_PER_ERA + day_of_era - 719_468) * MILLIS_PER_DAY)
    }

    /// The month after it.
    pub(crate) fn next(self) -> Month {
        Month(self.0 + 1)
    }

    /// The name of its file.
    pub(crate) fn file_name(self) -> String {
        format!("{self}.parquet")
    }

    /// The month of a file with this name.
    pub(crate) fn of_file_name(name: &str) -> Option<Month> {
        name.strip_suffix(".parquet")?.parse().ok()
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0.div_euclid(12), self.0.rem_euclid(12) + 1)
    }
}

impl FromStr for Month {
    type Err = ();

    fn from_str(text: &str) -> Result<Month, ()> {
        let (year, month) = text.split_once('-').ok_or(())?;
        let digits = |part: &str, length: usize| {
            let plain = part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
            if plain { part.parse::<i64>().map_err(|_| ()) } else { Err(()) }
        };
        let (year, month) = (digits(year, 4)?, digits(month, 2)?);
        if (1..=12).contains(&month) { Ok(Month(year * 12 + month - 1)) } else { Err(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_starts_on_its_first_day_and_ends_where_the_next_one_starts() {
        for (inside, name, start) in [
            ("2023-01-31T23:59:59Z", "2023-01", "2023-01-01T00:00:00Z"),
            ("2024-02-29T12:00:00Z", "2024-02", "2024-02-01T00:00:00Z"),
            ("2024-03-01T00:00:00Z", "2024-03", "2024-03-01T00:00:00Z"),
            ("2000-02-29T00:00:00Z", "2000-02", "2000-02-01T00:00:00Z"),
            ("1999-12-31T23:59:59Z", "1999-12", "1999-12-01T00:00:00Z"),
            ("1969-12-31T23:59:59Z", "1969-12", "1969-12-01T00:00:00Z"),
        ] {
            let month = Month::of(inside.parse().unwrap());
            assert_eq!(month.to_string(), name);
            assert_eq!(month.start().to_string(), start);
            assert_eq!(name.parse::<Month>(), Ok(month));
            assert_eq!(Month::of(month.next().start()), month.next());
            assert!(month.next().start() > inside.parse().unwrap());
        }
    }

    #[test]
    fn only_our_own_file_names_are_months() {
        for name in
            ["2023-13.parquet", "2023-00.parquet", "2023-1.parquet", "2023-01.csv", "x", "+023-01.parquet"]
        {
            assert_eq!(Month::of_file_name(name), None, "{name}");
        }
        let month = Month::of("2023-04-05T00:00:00Z".parse().unwrap());
        assert_eq!(Month::of_file_name(&month.file_name()), Some(month));
    }

    proptest::proptest! {
        #[test]
        fn every_instant_lies_in_its_month(millis in 0_i64..4_102_444_800_000) {
            let at = Ts::from_millis(millis);
            let month = Month::of(at);
            proptest::prop_assert!(month.start() <= at && at < month.next().start());
        }
    }
}
