//! Trading sessions by the clock. [smc.md §2.7]

use core::str::FromStr;

use super::columns::Columns;
use super::error::ParityError;
use super::number::{python_max, python_min, rounded};
use super::zone::InputZone;

const NANOS_PER_MINUTE: i64 = 60_000_000_000;
const MINUTES_PER_DAY: i64 = 1_440;

/// A minute of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClockTime(u16);

impl ClockTime {
    const fn new(hour: u16, minute: u16) -> Self {
        ClockTime(hour * 60 + minute)
    }
}

impl FromStr for ClockTime {
    type Err = ParityError;

    /// Reads `H:MM` and what else Python's `%H:%M` does: one or two digits each, 0 to 23 and 0 to 59.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = |part: &str, most: u16| {
            let is_digits = matches!(part.len(), 1..=2) && part.bytes().all(|byte| byte.is_ascii_digit());
            part.parse().ok().filter(|&value| is_digits && value <= most)
        };
        text.split_once(':')
            .and_then(|(hour, minute)| Some(ClockTime::new(read(hour, 23)?, read(minute, 59)?)))
            .ok_or_else(|| ParityError::ClockTime { text: text.to_owned() })
    }
}

/// A session of the package, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Session {
    /// `Sydney`, 21:00 to 06:00.
    Sydney,
    /// `Tokyo`, 00:00 to 09:00.
    Tokyo,
    /// `London`, 07:00 to 16:00.
    London,
    /// `New York`, 13:00 to 22:00.
    NewYork,
    /// `Asian kill zone`, 00:00 to 04:00.
    AsianKillZone,
    /// `London open kill zone`, 06:00 to 09:00.
    LondonOpenKillZone,
    /// `New York kill zone`, 11:00 to 14:00.
    NewYorkKillZone,
    /// `london close kill zone`, 14:00 to 16:00.
    LondonCloseKillZone,
    /// `Custom`.
    Custom {
        /// The first minute.
        start: ClockTime,
        /// The last minute, itself included; before `start` or equal to it the session goes over midnight.
        end: ClockTime,
    },
}

impl FromStr for Session {
    type Err = ParityError;

    /// Reads a session by the package's name; `Custom` is none without its times.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "Sydney" => Session::Sydney,
            "Tokyo" => Session::Tokyo,
            "London" => Session::London,
            "New York" => Session::NewYork,
            "Asian kill zone" => Session::AsianKillZone,
            "London open kill zone" => Session::LondonOpenKillZone,
            "New York kill zone" => Session::NewYorkKillZone,
            "london close kill zone" => Session::LondonCloseKillZone,
            _ => return Err(ParityError::Session { text: text.to_owned() }),
        })
    }
}

impl Session {
    /// Its first and its last minute.
    fn bounds(self) -> (ClockTime, ClockTime) {
        let hours = |start, end| (ClockTime::new(start, 0), ClockTime::new(end, 0));
        match self {
            Session::Sydney => hours(21, 6),
            Session::Tokyo => hours(0, 9),
            Session::London => hours(7, 16),
            Session::NewYork => hours(13, 22),
            Session::AsianKillZone => hours(0, 4),
            Session::LondonOpenKillZone => hours(6, 9),
            Session::NewYorkKillZone => hours(11, 14),
            Session::LondonCloseKillZone => hours(14, 16),
            Session::Custom { start, end } => (start, end),
        }
    }
}

/// The package's table of one session. Not for trading: see [`sessions`].
#[derive(Debug, Clone)]
pub struct SessionColumns {
    /// `Active`: 1 in the session, else 0.
    pub active: Vec<i32>,
    /// `High`: the highest price since the session became active, in 32 bits; 0 outside.
    pub high: Vec<f32>,
    /// `Low`: the lowest price since the session became active, in 32 bits; 0 outside.
    pub low: Vec<f32>,
}

/// The package's `sessions`. **Unusable for trading**: there is no look-ahead, but a session includes the
/// bar that opens at its end, knows no daylight saving, and goes on across a hole in the data.
///
/// A bar is in the session by the minute in which it opens, seconds dropped. A session whose start is not
/// before its end goes over midnight; with both equal it never ends. Highs and lows run on from the row
/// before if that is in the session, with 0 as the mark of a row outside, so prices of 0 and less come out
/// wrong.
#[must_use]
pub fn sessions(columns: &Columns<'_>, session: Session, zone: InputZone) -> SessionColumns {
    let rows = columns.len();
    let mut table = SessionColumns {
        active: Vec::with_capacity(rows),
        high: Vec::with_capacity(rows),
        low: Vec::with_capacity(rows),
    };
    let (start, end) = session.bounds();
    let (start, end) = (i64::from(start.0), i64::from(end.0));
    let (mut highest, mut lowest) = (0.0_f32, 0.0_f32);
    for (&time, (&high, &low)) in columns.open_time.iter().zip(columns.high.iter().zip(columns.low)) {
        let minute = zone.utc(time).nanos().div_euclid(NANOS_PER_MINUTE).rem_euclid(MINUTES_PER_DAY);
        let (after_start, before_end) = (start <= minute, minute <= end);
        let is_active = if start < end { after_start && before_end } else { after_start || before_end };
        (highest, lowest) = if is_active {
            let lowest_before = if lowest == 0.0 { f64::INFINITY } else { f64::from(lowest) };
            (rounded(python_max(high, f64::from(highest))), rounded(python_min(low, lowest_before)))
        } else {
            (0.0, 0.0)
        };
        table.active.push(i32::from(is_active));
        table.high.push(highest);
        table.low.push(lowest);
    }
    table
}
