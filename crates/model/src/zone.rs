//! Local time: IANA time zones, dates and times of day, and a clock that reads wall time from instants.
//!
//! The time zone database is compiled in, so a zone never depends on the machine. What follows from local
//! time is decided here once:
//!
//! * An instant has one local time ([`LocalClock::local`]); where a clock is put back, two instants share
//!   one.
//! * A local time stands for one instant ([`Zone::first_reading`]): the first at which the clock shows that
//!   time or a later one. A time that a clock skips is therefore the moment of the skip; of a time that it
//!   shows twice the first counts. Later local times are never earlier instants, so periods bounded by local
//!   times neither overlap nor leave a hole.

use core::fmt;
use core::str::FromStr;

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::date::LocalDate;
use crate::error::ModelError;
use crate::time::Ts;

const SECONDS_PER_DAY: u32 = 86_400;
const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// No clock differs from another by more, not even across the date line.
const CLOCKS_DIFFER_SECONDS_MAX: i64 = 2 * 86_400;

/// How many names an error suggests.
const SUGGESTIONS: usize = 3;

/// A time of day on a clock of 24 hours, in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct TimeOfDay(u32);

impl TimeOfDay {
    /// 00:00.
    pub const MIDNIGHT: TimeOfDay = TimeOfDay(0);

    /// A time on the clock's face: 24:00 is 00:00 again, 25:30 is 01:30.
    #[must_use]
    pub const fn new(hour: u8, minute: u8) -> Self {
        TimeOfDay((hour as u32 * 3_600 + minute as u32 * 60) % SECONDS_PER_DAY)
    }

    /// Seconds since midnight on the clock's face, 0 to 86399.
    #[must_use]
    pub const fn seconds(self) -> u32 {
        self.0
    }

    /// Whole minutes since midnight, 0 to 1439.
    #[must_use]
    pub const fn minutes(self) -> u32 {
        self.0 / 60
    }
}

impl fmt::Display for TimeOfDay {
    /// `17:00`, with seconds if there are any.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 3_600, self.0 / 60 % 60)?;
        if self.0.is_multiple_of(60) { Ok(()) } else { write!(f, ":{:02}", self.0 % 60) }
    }
}

impl FromStr for TimeOfDay {
    type Err = ModelError;

    /// Reads `HH:MM` from 00:00 to 23:59; 24:00 is midnight, for ends.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let two = |digits: &str| match digits.as_bytes() {
            [b'0'..=b'9', b'0'..=b'9'] => digits.parse::<u8>().ok(),
            _ => None,
        };
        text.split_once(':')
            .and_then(|(hour, minute)| Some((two(hour)?, two(minute)?)))
            .filter(|&(hour, minute)| (hour < 24 && minute < 60) || (hour, minute) == (24, 0))
            .map(|(hour, minute)| TimeOfDay::new(hour, minute))
            .ok_or_else(|| ModelError::Range {
                what: "time of day",
                value: text.to_owned(),
                allowed: "HH:MM from 00:00 to 24:00",
            })
    }
}

/// What the clocks of a zone show at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalTime {
    /// The date.
    pub date: LocalDate,
    /// The time of day; fractions of a second are dropped.
    pub time: TimeOfDay,
}

impl LocalTime {
    /// Local seconds since 1970-01-01T00:00 on the same clocks.
    const fn from_seconds(seconds: i64) -> Self {
        let day = seconds.div_euclid(SECONDS_PER_DAY as i64);
        let second = seconds.rem_euclid(SECONDS_PER_DAY as i64);
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an instant lies within 107000 days of the epoch; a remainder is from 0 to 86399"
        )]
        LocalTime { date: LocalDate::from_days(day as i32), time: TimeOfDay(second as u32) }
    }
}

/// A stretch of time during which the clocks of a zone were not changed, in seconds since the epoch.
#[derive(Debug, Clone, Copy)]
struct Unchanged {
    from: i64,
    until: i64,
    /// What to add to universal time.
    offset: i64,
}

/// An IANA time zone, such as `America/New_York` or `UTC`. Cheap to clone.
///
/// Beware of the names `Etc/GMT+2`: they are IANA's and mean two hours behind universal time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// Universal time.
    pub const UTC: Zone = Zone(TimeZone::UTC);

    /// The zone's name as the database spells it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The first instant at which the zone's clocks show the time `time` of `date`, or a later one; saturates
    /// at the ends of the range of instants.
    #[must_use]
    pub fn first_reading(&self, date: LocalDate, time: TimeOfDay) -> Ts {
        let wanted = Self::wanted(date, time);
        self.first_reading_from(self.unchanged(wanted.saturating_sub(CLOCKS_DIFFER_SECONDS_MAX)), wanted)
    }

    /// Local seconds since the epoch on the same clocks.
    fn wanted(date: LocalDate, time: TimeOfDay) -> i64 {
        i64::from(date.days()) * i64::from(SECONDS_PER_DAY) + i64::from(time.seconds())
    }

    /// The first reading in a stretch or a later one.
    fn first_reading_from(&self, mut unchanged: Unchanged, wanted: i64) -> Ts {
        loop {
            let reading = unchanged.from.max(wanted - unchanged.offset);
            if reading < unchanged.until {
                return Ts::from_nanos(reading.saturating_mul(NANOS_PER_SECOND));
            }
            unchanged = self.unchanged(unchanged.until);
        }
    }

    /// The stretch around `second`.
    fn unchanged(&self, second: i64) -> Unchanged {
        // Neither limit is reached: instants end in 2262, the database's years are -9999 to 9999.
        let stamp = |second: i64| Timestamp::from_second(second).unwrap_or(Timestamp::MAX);
        let at = |transition: jiff::tz::TimeZoneTransition<'_>| transition.timestamp().as_second();
        Unchanged {
            from: self.0.preceding(stamp(second + 1)).next().map_or(i64::MIN, at),
            until: self.0.following(stamp(second)).next().map_or(i64::MAX, at),
            offset: i64::from(self.0.to_offset(stamp(second)).seconds()),
        }
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Zone {
    type Err = ModelError;

    /// Reads a name of the IANA database, in any case.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Not the global database, which may read the machine's files.
        let database = TimeZoneDatabase::bundled();
        database
            .get(text)
            .map(Zone)
            .map_err(|_| ModelError::Zone { text: text.to_owned(), nearest: nearest_names(&database, text) })
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The known names most like `text`, best first. A city alone is compared with the cities.
fn nearest_names(database: &TimeZoneDatabase, text: &str) -> String {
    let wanted = text.to_ascii_lowercase().replace(' ', "_");
    let mut ranked: Vec<(usize, String)> = database
        .available()
        .map(|name| {
            let known = name.as_str().to_ascii_lowercase();
            let city = known.rsplit('/').next().unwrap_or_default();
            let distance = edit_distance(&wanted, &known).min(edit_distance(&wanted, city));
            (distance, name.as_str().to_owned())
        })
        .collect();
    ranked.sort_unstable();
    let names: Vec<String> = ranked.into_iter().take(SUGGESTIONS).map(|(_, name)| name).collect();
    names.join(", ")
}

/// Levenshtein's distance in bytes: insertions, deletions and replacements.
fn edit_distance(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (above, a) in (1..).zip(left.bytes()) {
        let (mut corner, mut before) = (above - 1, above);
        for (cell, b) in row.iter_mut().skip(1).zip(right.bytes()) {
            let best = (corner + usize::from(a != b)).min(before + 1).min(*cell + 1);
            corner = core::mem::replace(cell, best);
            before = best;
        }
        if let Some(first) = row.first_mut() {
            *first = above;
        }
    }
    row.last().copied().unwrap_or_default()
}

/// Reads the local time of instants. It remembers between which instants the zone's clocks stay unchanged, so
/// that the database is asked a few times a year and not for each instant; nothing is allocated.
#[derive(Debug, Clone)]
pub struct LocalClock {
    zone: Zone,
    unchanged: Unchanged,
}

impl LocalClock {
    /// A clock of `zone`.
    #[must_use]
    pub fn new(zone: Zone) -> Self {
        let unchanged = zone.unchanged(0);
        LocalClock { zone, unchanged }
    }

    /// The zone.
    #[must_use]
    pub const fn zone(&self) -> &Zone {
        &self.zone
    }

    /// As [`Zone::first_reading`].
    #[must_use]
    pub fn first_reading(&self, date: LocalDate, time: TimeOfDay) -> Ts {
        let wanted = Zone::wanted(date, time);
        let early = wanted.saturating_sub(CLOCKS_DIFFER_SECONDS_MAX);
        let remembered = self.unchanged.from <= early && early < self.unchanged.until;
        let unchanged = if remembered { self.unchanged } else { self.zone.unchanged(early) };
        self.zone.first_reading_from(unchanged, wanted)
    }

    /// What the clock shows at `at`.
    #[inline]
    pub fn local(&mut self, at: Ts) -> LocalTime {
        let second = at.nanos().div_euclid(NANOS_PER_SECOND);
        if second < self.unchanged.from || second >= self.unchanged.until {
            self.unchanged = self.zone.unchanged(second);
        }
        LocalTime::from_seconds(second + self.unchanged.offset)
    }
}
