//! Which unit a timestamp is in, judged by its size.
//!
//! Between 1990 and 2100 the ranges of seconds, milliseconds, microseconds and nanoseconds do not overlap,
//! and no market that this archive can hold is older or newer.

use core::fmt;

use serde::{Deserialize, Serialize};

/// 1990-01-01T00:00:00Z in seconds.
const FIRST_SECOND: i64 = 631_152_000;
/// 2100-01-01T00:00:00Z in seconds.
const END_SECOND: i64 = 4_102_444_800;

/// A unit that timestamps are written in by mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WrongUnit {
    /// Seconds.
    Seconds,
    /// Microseconds.
    Microseconds,
    /// Nanoseconds.
    Nanoseconds,
    /// None that gives a time between 1990 and 2100.
    Unknown,
}

impl WrongUnit {
    /// How to come to milliseconds.
    #[must_use]
    pub const fn fix(self) -> &'static str {
        match self {
            WrongUnit::Seconds => "multiply by 1000",
            WrongUnit::Microseconds => "divide by 1000",
            WrongUnit::Nanoseconds => "divide by 1000000",
            WrongUnit::Unknown => "write the UTC milliseconds since 1970 of a time from 1990 to 2099",
        }
    }
}

impl fmt::Display for WrongUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            WrongUnit::Seconds => "seconds",
            WrongUnit::Microseconds => "microseconds",
            WrongUnit::Nanoseconds => "nanoseconds",
            WrongUnit::Unknown => "no known unit",
        })
    }
}

/// The unit that `stamp` seems to be in, if that is not milliseconds.
#[inline]
pub(crate) fn wrong_unit(stamp: i64) -> Option<WrongUnit> {
    const MILLIS: core::ops::Range<i64> = FIRST_SECOND * 1_000..END_SECOND * 1_000;
    if MILLIS.contains(&stamp) { None } else { Some(guess(stamp)) }
}

#[cold]
fn guess(stamp: i64) -> WrongUnit {
    let in_unit = |per_second: i64| (FIRST_SECOND..END_SECOND).contains(&stamp.div_euclid(per_second));
    if in_unit(1) {
        WrongUnit::Seconds
    } else if in_unit(1_000_000) {
        WrongUnit::Microseconds
    } else if in_unit(1_000_000_000) {
        WrongUnit::Nanoseconds
    } else {
        WrongUnit::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_unit_is_told_by_its_size() {
        let second = 1_659_312_000_i64;
        assert_eq!(wrong_unit(second), Some(WrongUnit::Seconds));
        assert_eq!(wrong_unit(second * 1_000), None);
        assert_eq!(wrong_unit(second * 1_000_000), Some(WrongUnit::Microseconds));
        assert_eq!(wrong_unit(second * 1_000_000_000), Some(WrongUnit::Nanoseconds));
        for stamp in [0, -1, i64::MIN, i64::MAX, 4_102_444_800_000] {
            assert_eq!(wrong_unit(stamp), Some(WrongUnit::Unknown), "{stamp}");
        }
    }
}
