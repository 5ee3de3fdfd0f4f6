//! Time frames: the pandas offset aliases, and how pandas 3 cuts time into periods by them.
//!
//! A period is known by its label, the instant that pandas names it with: its start, except for weeks and the
//! aliases ending in `E`, which carry the midnight with which their **last day begins**. [smc.md §2.6]

use core::num::NonZeroU32;
use core::str::FromStr;

use seawall_model::Ts;

use super::calendar::{NANOS_PER_DAY, first_day_of_month, month_of_day};
use super::error::ParityError;

const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Weekday {
    /// `MON`.
    Monday,
    /// `TUE`.
    Tuesday,
    /// `WED`.
    Wednesday,
    /// `THU`.
    Thursday,
    /// `FRI`.
    Friday,
    /// `SAT`.
    Saturday,
    /// `SUN`.
    Sunday,
}

/// A month of the year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Month {
    /// `JAN`.
    January,
    /// `FEB`.
    February,
    /// `MAR`.
    March,
    /// `APR`.
    April,
    /// `MAY`.
    May,
    /// `JUN`.
    June,
    /// `JUL`.
    July,
    /// `AUG`.
    August,
    /// `SEP`.
    September,
    /// `OCT`.
    October,
    /// `NOV`.
    November,
    /// `DEC`.
    December,
}

/// Which end of a calendar period labels it, and from which end multiples are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Edge {
    /// The first day, as in `MS`.
    Start,
    /// The last day, as in `ME`.
    End,
}

/// A time frame of `previous_high_low`. Multiples are counted from the first bar of the data: those of
/// seconds to days from its midnight (the pandas origin `start_day`), the others from its own period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TimeFrame {
    /// `<n>s`.
    Seconds(NonZeroU32),
    /// `<n>min`.
    Minutes(NonZeroU32),
    /// `<n>h`.
    Hours(NonZeroU32),
    /// `<n>D`.
    Days(NonZeroU32),
    /// `<n>W` (Monday to Sunday) and `<n>W-SUN` to `<n>W-SAT`.
    Weeks {
        /// Weeks of one period.
        count: NonZeroU32,
        /// The day that ends a week, and with whose midnight it is labelled.
        last_day: Weekday,
    },
    /// `<n>MS` and `<n>ME`.
    Months {
        /// Months of one period.
        count: NonZeroU32,
        /// Its labels.
        edge: Edge,
    },
    /// `<n>QS` (from January), `<n>QE` (to December), and with a month: `QS-FEB`, `QE-JAN`.
    Quarters {
        /// Quarters of one period.
        count: NonZeroU32,
        /// Its labels.
        edge: Edge,
        /// A month that begins (`QS`) or ends (`QE`) a quarter.
        anchor: Month,
    },
    /// `<n>YS` (from January), `<n>YE` (to December), and with a month: `YS-APR`, `YE-JUN`.
    Years {
        /// Years of one period.
        count: NonZeroU32,
        /// Its labels.
        edge: Edge,
        /// The month that begins (`YS`) or ends (`YE`) the year.
        anchor: Month,
    },
}

const UNITS: &str = "s, min, h, D, W, W-<day>, MS, ME, QS, QE, YS, YE, the last four also with -<month>";

impl FromStr for TimeFrame {
    type Err = ParityError;

    /// Reads an alias such as `15min`, `4h`, `D`, `2W-FRI` or `QE`, in the case that pandas 3 writes it.
    /// Fractions, sums (`1h30min`) and business calendars are refused, though pandas reads them.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || ParityError::TimeFrame { text: text.to_owned(), expected: UNITS };
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (count, unit) = text.split_at_checked(digits).ok_or_else(bad)?;
        let count = if count.is_empty() { Ok(NonZeroU32::MIN) } else { count.parse() };
        let count = count.map_err(|_| bad())?;
        let (unit, anchor) = match unit.split_once('-') {
            Some((unit, anchor)) => (unit, Some(anchor)),
            None => (unit, None),
        };
        let month = |default: Month| anchor.map_or(Some(default), month_named).ok_or_else(bad);
        let (starts, ends) = (|| month(Month::January), || month(Month::December));
        Ok(match (unit, anchor) {
            ("s", None) => TimeFrame::Seconds(count),
            ("min", None) => TimeFrame::Minutes(count),
            ("h", None) => TimeFrame::Hours(count),
            ("D", None) => TimeFrame::Days(count),
            ("W", None) => TimeFrame::Weeks { count, last_day: Weekday::Sunday },
            ("W", Some(day)) => TimeFrame::Weeks { count, last_day: day_named(day).ok_or_else(bad)? },
            ("MS", None) => TimeFrame::Months { count, edge: Edge::Start },
            ("ME", None) => TimeFrame::Months { count, edge: Edge::End },
            ("QS", _) => TimeFrame::Quarters { count, edge: Edge::Start, anchor: starts()? },
            ("QE", _) => TimeFrame::Quarters { count, edge: Edge::End, anchor: ends()? },
            ("YS", _) => TimeFrame::Years { count, edge: Edge::Start, anchor: starts()? },
            ("YE", _) => TimeFrame::Years { count, edge: Edge::End, anchor: ends()? },
            _ => return Err(bad()),
        })
    }
}

fn day_named(name: &str) -> Option<Weekday> {
    Some(match name {
        "MON" => Weekday::Monday,
        "TUE" => Weekday::Tuesday,
        "WED" => Weekday::Wednesday,
        "THU" => Weekday::Thursday,
        "FRI" => Weekday::Friday,
        "SAT" => Weekday::Saturday,
        "SUN" => Weekday::Sunday,
        _ => return None,
    })
}

fn month_named(name: &str) -> Option<Month> {
    Some(match name {
        "JAN" => Month::January,
        "FEB" => Month::February,
        "MAR" => Month::March,
        "APR" => Month::April,
        "MAY" => Month::May,
        "JUN" => Month::June,
        "JUL" => Month::July,
        "AUG" => Month::August,
        "SEP" => Month::September,
        "OCT" => Month::October,
        "NOV" => Month::November,
        "DEC" => Month::December,
        _ => return None,
    })
}

/// A period as half-open nanoseconds, and the label by which the package orders it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Period {
    pub(super) label: i64,
    pub(super) start: i64,
    pub(super) end: i64,
}

/// A time frame laid out from the first bar of the data.
#[derive(Debug, Clone, Copy)]
pub(super) struct Periods {
    rule: Rule,
    edge: Edge,
    /// Units of one period.
    count: i64,
    /// The unit that holds the first bar.
    origin: i64,
}

/// A unit of time that the multiples count.
#[derive(Debug, Clone, Copy)]
enum Rule {
    /// So many nanoseconds, from the first one given on.
    Nanos { width: i64, from: i64 },
    /// Seven days; the day is one on which a week begins.
    Weeks { first_day: i64 },
    /// So many months; the month is one with which a unit begins.
    Months { width: i64, first_month: i64 },
}

impl Periods {
    /// The periods of data that begins at `first`.
    pub(super) fn new(time_frame: TimeFrame, first: Ts) -> Self {
        let midnight = first.nanos().div_euclid(NANOS_PER_DAY).saturating_mul(NANOS_PER_DAY);
        let fixed = |count: NonZeroU32, nanos: i64| {
            // All data is one period of a width beyond what nanoseconds can say.
            let width = i64::from(count.get()).saturating_mul(nanos);
            (NonZeroU32::MIN, Edge::Start, Rule::Nanos { width, from: midnight })
        };
        let (count, edge, rule) = match time_frame {
            TimeFrame::Seconds(count) => fixed(count, NANOS_PER_SECOND),
            TimeFrame::Minutes(count) => fixed(count, 60 * NANOS_PER_SECOND),
            TimeFrame::Hours(count) => fixed(count, 3_600 * NANOS_PER_SECOND),
            TimeFrame::Days(count) => fixed(count, NANOS_PER_DAY),
            TimeFrame::Weeks { count, last_day } => {
                // 1970-01-01 was a Thursday: day 4 was a Monday, a week after one that ended on a Sunday.
                (count, Edge::End, Rule::Weeks { first_day: 5 + last_day as i64 })
            }
            TimeFrame::Months { count, edge } => (count, edge, Rule::Months { width: 1, first_month: 0 }),
            TimeFrame::Quarters { count, edge, anchor } => (count, edge, anchored(3, edge, anchor)),
            TimeFrame::Years { count, edge, anchor } => (count, edge, anchored(12, edge, anchor)),
        };
        let origin = rule.unit_of(first.nanos());
        Periods { rule, edge, count: i64::from(count.get()), origin }
    }

    /// The period that holds an instant.
    pub(super) fn of(&self, time: Ts) -> Period {
        let from_origin = self.rule.unit_of(time.nanos()) - self.origin;
        // The unit of the first bar is the first one of its period if starts are counted, else the last one.
        let first = match self.edge {
            Edge::Start => from_origin.div_euclid(self.count) * self.count,
            Edge::End => (from_origin - 1).div_euclid(self.count) * self.count + 1,
        };
        let start = self.rule.start_of(self.origin + first);
        let end = self.rule.start_of(self.origin + first + self.count);
        let label = match self.edge {
            Edge::Start => start,
            Edge::End => end.saturating_sub(NANOS_PER_DAY),
        };
        Period { label, start, end }
    }
}

/// A unit of several months that begins or ends with the anchor.
fn anchored(width: i64, edge: Edge, anchor: Month) -> Rule {
    let first_month = match edge {
        Edge::Start => anchor as i64,
        Edge::End => anchor as i64 + 1,
    };
    Rule::Months { width, first_month }
}

impl Rule {
    /// The unit that holds an instant.
    fn unit_of(self, nanos: i64) -> i64 {
        let day = nanos.div_euclid(NANOS_PER_DAY);
        match self {
            Rule::Nanos { width, from } => nanos.saturating_sub(from).div_euclid(width),
            Rule::Weeks { first_day } => (day - first_day).div_euclid(7),
            Rule::Months { width, first_month } => (month_of_day(day) - first_month).div_euclid(width),
        }
    }

    /// The instant with which a unit begins.
    fn start_of(self, unit: i64) -> i64 {
        let day = match self {
            Rule::Nanos { width, from } => return unit.saturating_mul(width).saturating_add(from),
            Rule::Weeks { first_day } => unit * 7 + first_day,
            Rule::Months { width, first_month } => first_day_of_month(unit * width + first_month),
        };
        day.saturating_mul(NANOS_PER_DAY)
    }
}
