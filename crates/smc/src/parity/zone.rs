//! The time zone that the package takes the input's times to be in.

use core::str::FromStr;

use seawall_model::{Span, Ts};

use super::error::ParityError;

/// A zone of the input's times, with the package's inverted signs.
///
/// The package turns `UTC+2` and `GMT+2` into `Etc/GMT+2`, which by the POSIX convention is two hours
/// **behind** UTC. [smc.md §2.7] Zones with names are not read yet; one would be another variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InputZone {
    /// The times are UTC.
    Utc,
    /// `UTC+h` or `GMT+h`, h whole hours with its sign: the package takes the times to be h hours
    /// **behind** UTC.
    Inverted {
        /// The hours as written, from -14 to 12.
        hours: i8,
    },
}

/// The offsets that `Etc/GMT` has.
const HOURS_MIN: i8 = -14;
const HOURS_MAX: i8 = 12;

impl InputZone {
    /// The UTC instant of a time in this zone.
    pub(super) fn utc(self, local: Ts) -> Ts {
        match self {
            InputZone::Utc => local,
            InputZone::Inverted { hours } => local.plus(Span::from_secs(i64::from(hours) * 3_600)),
        }
    }
}

impl FromStr for InputZone {
    type Err = ParityError;

    /// Reads `UTC`, `GMT`, and either with a whole hour from -14 to +12, such as `UTC+2` or `GMT-5`. As in
    /// the package an hour has no leading zero, and 0 may stand without a sign.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || ParityError::Zone { text: text.to_owned() };
        let offset = text.strip_prefix("UTC").or_else(|| text.strip_prefix("GMT")).ok_or_else(bad)?;
        if matches!(offset, "" | "0") {
            return Ok(InputZone::Utc);
        }
        let digits = offset.strip_prefix(['+', '-']).ok_or_else(bad)?;
        let is_written_plainly = digits == "0" || digits.starts_with(|digit| matches!(digit, '1'..='9'));
        let hours: i8 = offset.parse().map_err(|_| bad())?;
        if !is_written_plainly || !(HOURS_MIN..=HOURS_MAX).contains(&hours) {
            return Err(bad());
        }
        Ok(InputZone::Inverted { hours })
    }
}
