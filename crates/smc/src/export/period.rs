//! Periods for `causal_prev`: calendar and clock periods in UTC that do not depend on where the data begins.
//!
//! Stretches of the clock that do not divide a day, and multiples of days and longer units, would have to be
//! counted from some bar; they are refused.

use core::num::NonZeroU32;

use crate::clock::{Period, TradingDay};
use crate::parity::{TimeFrame, Weekday};

/// What [`of`] accepts.
pub(super) const ALLOWED: &str =
    "<n>min and <n>h that divide a day, 1D, W (Monday to Sunday) and ME or MS (months)";

const MINUTES_PER_HOUR: u32 = 60;
const MINUTES_PER_DAY: u32 = 1_440;

/// The period of a time frame, if every instant has one whatever the data.
pub(super) fn of(frame: TimeFrame) -> Option<Period> {
    let minutes = |count: NonZeroU32, unit: u32| {
        let minutes =
            count.get().checked_mul(unit).filter(|&minutes| MINUTES_PER_DAY.is_multiple_of(minutes));
        minutes.and_then(NonZeroU32::new).map(Period::Minutes)
    };
    let (count, period) = match frame {
        TimeFrame::Minutes(count) => return minutes(count, 1),
        TimeFrame::Hours(count) => return minutes(count, MINUTES_PER_HOUR),
        TimeFrame::Days(count) => (count, Period::Day(TradingDay::utc())),
        TimeFrame::Weeks { count, last_day: Weekday::Sunday } => (count, Period::Week(TradingDay::utc())),
        TimeFrame::Months { count, .. } => (count, Period::Month(TradingDay::utc())),
        TimeFrame::Seconds(_)
        | TimeFrame::Weeks { .. }
        | TimeFrame::Quarters { .. }
        | TimeFrame::Years { .. } => return None,
    };
    (count == NonZeroU32::MIN).then_some(period)
}

#[cfg(test)]
mod tests {
    use seawall_model::Ts;

    use super::*;
    use crate::clock::PeriodClock;

    fn at(text: &str) -> Ts {
        text.parse().unwrap()
    }

    /// Frame, the last instant of a period, and the first of the next.
    const TURNS: [(&str, &str, &str); 9] = [
        ("15min", "2022-10-10T00:14:59Z", "2022-10-10T00:15:00Z"),
        ("4h", "2022-10-10T03:59:59Z", "2022-10-10T04:00:00Z"),
        ("24h", "2022-10-10T23:59:59Z", "2022-10-11T00:00:00Z"),
        ("D", "2022-10-10T23:59:59Z", "2022-10-11T00:00:00Z"),
        ("1D", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00Z"),
        ("W", "2022-10-09T23:59:59Z", "2022-10-10T00:00:00Z"),
        ("W-SUN", "2022-10-16T23:59:59Z", "2022-10-17T00:00:00Z"),
        ("ME", "2024-02-29T23:59:59Z", "2024-03-01T00:00:00Z"),
        ("MS", "2022-12-31T23:59:59Z", "2023-01-01T00:00:00Z"),
    ];

    #[test]
    fn periods_turn_at_midnight_on_mondays_and_at_the_first_of_a_month_in_utc() {
        for (frame, last, first) in TURNS {
            let mut clock = PeriodClock::new(of(frame.parse().unwrap()).unwrap());
            clock.enters(at(last));
            assert_eq!(clock.current().unwrap().1, at(first), "{frame}");
        }
    }

    #[test]
    fn multiples_that_would_be_counted_from_the_first_bar_are_refused() {
        for frame in ["2D", "5h", "7min", "2W", "W-FRI", "2ME", "QS", "YE", "25h", "30s", "4294967295h"] {
            assert_eq!(of(frame.parse().unwrap()), None, "{frame}");
        }
    }
}
