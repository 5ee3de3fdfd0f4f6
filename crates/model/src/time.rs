//! Instants, durations and timeframes.
//!
//! Time is an input: nothing in this crate reads a clock. An instant is a count of nanoseconds since
//! 1970-01-01T00:00:00Z, so arithmetic is exact and ordering is that of integers.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::ModelError;

const NANOS_PER_MILLI: i64 = 1_000_000;
const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// An instant: nanoseconds since 1970-01-01T00:00:00Z (years 1677 to 2262).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Ts(i64);

/// A signed length of time in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Span(i64);

impl Ts {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Ts = Ts(0);
    /// Later than every instant that can occur.
    pub const FAR_FUTURE: Ts = Ts(i64::MAX);

    /// From nanoseconds since the epoch.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        Ts(nanos)
    }

    /// From milliseconds since the epoch; saturates at the ends of the range.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Ts(millis.saturating_mul(NANOS_PER_MILLI))
    }

    /// Nanoseconds since the epoch.
    #[must_use]
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Whole milliseconds since the epoch, rounded towards the past.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0.div_euclid(NANOS_PER_MILLI)
    }

    /// This instant moved by `span`; saturates at the ends of the range.
    #[must_use]
    pub const fn plus(self, span: Span) -> Self {
        Ts(self.0.saturating_add(span.0))
    }

    /// This instant moved back by `span`; saturates at the ends of the range.
    #[must_use]
    pub const fn minus(self, span: Span) -> Self {
        Ts(self.0.saturating_sub(span.0))
    }

    /// The time from `earlier` to this instant (negative if `earlier` is later).
    #[must_use]
    pub const fn since(self, earlier: Ts) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);

    /// From nanoseconds.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        Span(nanos)
    }

    /// From milliseconds; saturates.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Span(millis.saturating_mul(NANOS_PER_MILLI))
    }

    /// From seconds; saturates.
    #[must_use]
    pub const fn from_secs(secs: i64) -> Self {
        Span(secs.saturating_mul(NANOS_PER_SECOND))
    }

    /// Nanoseconds.
    #[must_use]
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Whole milliseconds, rounded towards negative infinity.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0.div_euclid(NANOS_PER_MILLI)
    }

    /// Seconds as a float, for display and statistics.
    #[must_use]
    pub fn secs_f64(self) -> f64 {
        self.0 as f64 / NANOS_PER_SECOND as f64
    }

    /// Whether the span is negative.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }
}

impl fmt::Display for Ts {
    /// RFC 3339 in UTC, with as many fractional digits as are needed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_nanosecond(i128::from(self.0)) {
            Ok(stamp) => write!(f, "{stamp}"),
            Err(_) => write!(f, "{}ns", self.0),
        }
    }
}

impl FromStr for Ts {
    type Err = ModelError;

    /// Reads RFC 3339 (`2023-01-31T12:00:00Z`) or a UTC date (`2023-01-31`).
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || ModelError::Time { text: text.to_owned() };
        let stamp = if text.len() == 10 {
            let date: jiff::civil::Date = text.parse().map_err(|_| bad())?;
            date.to_zoned(jiff::tz::TimeZone::UTC).map_err(|_| bad())?.timestamp()
        } else {
            text.parse::<jiff::Timestamp>().map_err(|_| bad())?
        };
        i64::try_from(stamp.as_nanosecond()).map(Ts).map_err(|_| bad())
    }
}

impl Serialize for Ts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Ts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The length of a candle. Days are UTC days, weeks start on Monday 00:00 UTC (ISO weeks).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Timeframe {
    /// One minute.
    M1,
    /// Three minutes.
    M3,
    /// Five minutes.
    M5,
    /// Fifteen minutes.
    M15,
    /// Thirty minutes.
    M30,
    /// One hour.
    H1,
    /// Two hours.
    H2,
    /// Four hours.
    H4,
    /// Six hours.
    H6,
    /// Eight hours.
    H8,
    /// Twelve hours.
    H12,
    /// One UTC day.
    D1,
    /// One ISO week.
    W1,
}

impl Timeframe {
    /// Every timeframe, shortest first.
    pub const ALL: [Timeframe; 13] = [
        Timeframe::M1,
        Timeframe::M3,
        Timeframe::M5,
        Timeframe::M15,
        Timeframe::M30,
        Timeframe::H1,
        Timeframe::H2,
        Timeframe::H4,
        Timeframe::H6,
        Timeframe::H8,
        Timeframe::H12,
        Timeframe::D1,
        Timeframe::W1,
    ];

    /// The candle's length in minutes.
    #[must_use]
    pub const fn minutes(self) -> i64 {
        match self {
            Timeframe::M1 => 1,
            Timeframe::M3 => 3,
            Timeframe::M5 => 5,
            Timeframe::M15 => 15,
            Timeframe::M30 => 30,
            Timeframe::H1 => 60,
            Timeframe::H2 => 120,
            Timeframe::H4 => 240,
            Timeframe::H6 => 360,
            Timeframe::H8 => 480,
            Timeframe::H12 => 720,
            Timeframe::D1 => 1_440,
            Timeframe::W1 => 10_080,
        }
    }

    /// The candle's length.
    #[must_use]
    pub const fn span(self) -> Span {
        Span(self.minutes() * 60 * NANOS_PER_SECOND)
    }

    /// The spelling used in files, configuration and reports: `1m`, `4h`, `1w`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Timeframe::M1 => "1m",
            Timeframe::M3 => "3m",
            Timeframe::M5 => "5m",
            Timeframe::M15 => "15m",
            Timeframe::M30 => "30m",
            Timeframe::H1 => "1h",
            Timeframe::H2 => "2h",
            Timeframe::H4 => "4h",
            Timeframe::H6 => "6h",
            Timeframe::H8 => "8h",
            Timeframe::H12 => "12h",
            Timeframe::D1 => "1d",
            Timeframe::W1 => "1w",
        }
    }

    /// The open time of the candle of this timeframe that contains `at`.
    #[must_use]
    pub const fn floor(self, at: Ts) -> Ts {
        // 1970-01-01 was a Thursday; the first Monday was 1970-01-05.
        let origin = match self {
            Timeframe::W1 => 4 * 86_400 * NANOS_PER_SECOND,
            Timeframe::M1
            | Timeframe::M3
            | Timeframe::M5
            | Timeframe::M15
            | Timeframe::M30
            | Timeframe::H1
            | Timeframe::H2
            | Timeframe::H4
            | Timeframe::H6
            | Timeframe::H8
            | Timeframe::H12
            | Timeframe::D1 => 0,
        };
        let length = self.span().0;
        Ts((at.0 - origin).div_euclid(length) * length + origin)
    }

    /// Whether `at` is the open time of a candle of this timeframe.
    #[must_use]
    pub const fn is_aligned(self, at: Ts) -> bool {
        self.floor(at).0 == at.0
    }

    /// Whether candles of this timeframe can be built from candles of `finer`.
    #[must_use]
    pub const fn is_multiple_of(self, finer: Timeframe) -> bool {
        self.minutes() % finer.minutes() == 0
    }
}

impl fmt::Display for Timeframe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Timeframe {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Timeframe::ALL
            .into_iter()
            .find(|timeframe| timeframe.name() == text)
            .ok_or_else(|| ModelError::Timeframe { text: text.to_owned() })
    }
}

impl Serialize for Timeframe {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Timeframe {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Timeframe {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Timeframe".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let names: Vec<&str> = Timeframe::ALL.iter().map(|timeframe| timeframe.name()).collect();
        schemars::json_schema!({ "type": "string", "enum": names })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_instant_are_inverse() {
        let at: Ts = "2023-03-24T12:35:00Z".parse().unwrap();
        assert_eq!(at.millis(), 1_679_661_300_000);
        assert_eq!(at.to_string(), "2023-03-24T12:35:00Z");
        assert_eq!("2023-03-24".parse::<Ts>().unwrap().to_string(), "2023-03-24T00:00:00Z");
        assert!("24.3.2023".parse::<Ts>().is_err());
    }

    #[test]
    fn weeks_start_on_monday_even_before_1970() {
        let sunday: Ts = "2023-01-08T23:59:59Z".parse().unwrap();
        assert_eq!(Timeframe::W1.floor(sunday).to_string(), "2023-01-02T00:00:00Z");
        let before: Ts = "1969-12-31T12:00:00Z".parse().unwrap();
        assert_eq!(Timeframe::W1.floor(before).to_string(), "1969-12-29T00:00:00Z");
    }

    #[test]
    fn every_timeframe_reads_back_from_its_name() {
        for timeframe in Timeframe::ALL {
            assert_eq!(timeframe.name().parse::<Timeframe>().unwrap(), timeframe);
        }
        assert!("15min".parse::<Timeframe>().is_err());
    }
}
