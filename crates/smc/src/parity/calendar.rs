//! Days and months as whole numbers: proleptic Gregorian, as numpy counts them.

/// Nanoseconds of a day.
pub(super) const NANOS_PER_DAY: i64 = 86_400_000_000_000;

/// Days of 400 years, after which the calendar repeats.
const DAYS_PER_ERA: i64 = 146_097;

/// From 0000-03-01 to 1970-01-01, in days.
const DAYS_BEFORE_EPOCH: i64 = 719_468;

/// The month, counted from January of year 0, that holds a day counted from 1970-01-01.
pub(super) fn month_of_day(day: i64) -> i64 {
    // Years begin in March here, so that a leap day is the last one of its year.
    let shifted = day + DAYS_BEFORE_EPOCH;
    let (era, day_of_era) = (shifted.div_euclid(DAYS_PER_ERA), shifted.rem_euclid(DAYS_PER_ERA));
    let leap_days = day_of_era / 1_460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leap_days) / 365;
    let day_of_year = day_of_era - days_of_years(year_of_era);
    // From March on months have 31, 30, 31, 30, 31 days, over and over: 153 in five months.
    let month_from_march = (5 * day_of_year + 2) / 153;
    (era * 400 + year_of_era) * 12 + month_from_march + 2
}

/// The first day, counted from 1970-01-01, of a month counted from January of year 0.
pub(super) fn first_day_of_month(month: i64) -> i64 {
    let from_march = month - 2;
    let (year, month_from_march) = (from_march.div_euclid(12), from_march.rem_euclid(12));
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * month_from_march + 2) / 5;
    era * DAYS_PER_ERA + days_of_years(year_of_era) + day_of_year - DAYS_BEFORE_EPOCH
}

/// Days of so many years from the start of an era.
fn days_of_years(years: i64) -> i64 {
    years * 365 + years / 4 - years / 100
}

#[cfg(test)]
mod tests {
    use seawall_model::Ts;

    use super::*;

    #[test]
    fn every_month_begins_on_its_first_day() {
        let mut day = Ts::from_nanos(0).nanos();
        for month in 1970 * 12..2262 * 12 {
            assert_eq!(first_day_of_month(month), day, "{month}");
            let (year, month_of_year) = (month / 12, month % 12);
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let days = [31, 28 + i64::from(leap), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
                [usize::try_from(month_of_year).unwrap()];
            for offset in 0..days {
                assert_eq!(month_of_day(day + offset), month);
            }
            day += days;
        }
    }

    #[test]
    fn days_before_the_epoch_fall_into_their_months() {
        for text in ["1677-10-01", "1899-12-31", "1900-02-28", "1900-03-01", "1969-12-31"] {
            let day = text.parse::<Ts>().unwrap().nanos().div_euclid(NANOS_PER_DAY);
            let month = month_of_day(day);
            let expected: i64 =
                text[..4].parse::<i64>().unwrap() * 12 + text[5..7].parse::<i64>().unwrap() - 1;
            assert_eq!(month, expected, "{text}");
            let in_month: i64 = text[8..].parse().unwrap();
            assert_eq!(first_day_of_month(month), day - in_month + 1, "{text}");
        }
    }
}
