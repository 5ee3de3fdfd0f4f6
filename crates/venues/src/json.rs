//! Reading JSON exactly: numbers become decimals by their digits, whether the venue writes them as numbers or
//! as text, and never pass through a float.

use core::str::FromStr;
use std::borrow::Cow;

use rust_decimal::Decimal;
use seawall_model::{ModelError, Ts, VenueId, parse_decimal};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::error::VenueError;

/// A number of the venue: a JSON number or text. Absent, `null` and the empty text are none; zero stays zero
/// (I-68: a null price is no price, and nothing breaks on it).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Exact(pub Option<Decimal>);

impl Exact {
    /// The number, or why there is none.
    ///
    /// # Errors
    /// [`VenueError::Payload`] names the field.
    pub fn need(self, what: &'static str) -> Result<Decimal, VenueError> {
        self.0.ok_or_else(|| VenueError::payload(what, "no number"))
    }

    /// The number where it is not zero: several venues write 0 for "none".
    #[must_use]
    pub fn non_zero(self) -> Option<Decimal> {
        self.0.filter(|value| !value.is_zero())
    }
}

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        let text = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(raw);
        if text == "null" || text.is_empty() {
            return Ok(Exact(None));
        }
        parse_decimal(text).map(|value| Exact(Some(value))).map_err(D::Error::custom)
    }
}

/// An instant: RFC 3339 text, or a count of milliseconds. Absent and `null` are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Time(pub Option<Ts>);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        if let Some(text) = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            return if text.is_empty() {
                Ok(Time(None))
            } else {
                Ts::from_str(text).map(|at| Time(Some(at))).map_err(D::Error::custom)
            };
        }
        if raw == "null" {
            return Ok(Time(None));
        }
        let millis = raw.parse::<i64>().map_err(|_| D::Error::custom("not an instant"))?;
        Ok(Time(Some(Ts::from_millis(millis))))
    }
}

/// Seconds since the epoch with any number of decimals, exactly (`1688583840.8648`).
///
/// # Errors
/// [`ModelError::Decimal`] for text that is no number or no instant.
pub fn from_decimal_seconds(seconds: Decimal) -> Result<Ts, ModelError> {
    let nanos = seconds
        .checked_mul(Decimal::from(1_000_000_000_i64))
        .map(|nanos| nanos.trunc())
        .and_then(|nanos| i64::try_from(nanos.mantissa() / 10_i128.pow(nanos.scale())).ok());
    nanos.map(Ts::from_nanos).ok_or_else(|| ModelError::Decimal { text: seconds.to_string() })
}

/// Text that is usually not escaped.
pub(crate) type Text<'a> = Cow<'a, str>;

/// Parses a whole message.
///
/// # Errors
/// [`VenueError::Payload`] says what and why.
pub fn parse<'a, T: Deserialize<'a>>(what: &'static str, text: &'a str) -> Result<T, VenueError> {
    serde_json::from_str(text).map_err(|error| VenueError::payload(what, error))
}

/// The body as text.
///
/// # Errors
/// [`VenueError::Payload`] for bytes that are not UTF-8.
pub fn text<'a>(what: &'static str, bytes: &'a [u8]) -> Result<&'a str, VenueError> {
    core::str::from_utf8(bytes).map_err(|error| VenueError::payload(what, error))
}

/// A textual id of the venue.
///
/// # Errors
/// [`VenueError::Payload`] for an empty id (I-24: never a placeholder) or one of more than 40 characters.
pub fn venue_id(what: &'static str, text: &str) -> Result<VenueId, VenueError> {
    if text.is_empty() {
        return Err(VenueError::payload(what, "an empty id"));
    }
    let id = arrayvec::ArrayString::from(text)
        .map_err(|_| VenueError::payload(what, "an id of more than 40 characters"))?;
    Ok(VenueId::Text(id))
}

/// Plain digits without an exponent and without trailing zeros, as venues want to be sent.
#[must_use]
pub fn plain(value: Decimal) -> String {
    value.normalize().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact_in_every_spelling() {
        let read = |text: &str| parse::<Exact>("x", text).map(|number| number.0.map(|n| n.to_string()));
        assert_eq!(read("1e-10").unwrap().as_deref(), Some("0.0000000001"));
        assert_eq!(read("\"68.9600\"").unwrap().as_deref(), Some("68.96"));
        assert_eq!(read("0.1").unwrap().as_deref(), Some("0.1"));
        assert_eq!(read("27523.749993345933").unwrap().as_deref(), Some("27523.749993345933"));
        assert_eq!(read("-3.995839963e-09").unwrap().as_deref(), Some("-0.000000003995839963"));
        for none in ["null", "\"\""] {
            assert_eq!(read(none).unwrap(), None);
        }
        for bad in ["\"NaN\"", "true", "{}", "\"1,5\"", "\"0x1\""] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn instants_are_read_from_text_milliseconds_and_seconds() {
        let read = |text: &str| parse::<Time>("x", text).unwrap().0.unwrap().to_string();
        assert_eq!(read("\"2026-01-02T03:04:05.006Z\""), "2026-01-02T03:04:05.006Z");
        assert_eq!(read("\"2022-06-17T10:46:35.705123Z\""), "2022-06-17T10:46:35.705123Z");
        assert_eq!(read("1767323045000"), "2026-01-02T03:04:05Z");
        let seconds = parse_decimal("1705260547.4728658").unwrap();
        assert_eq!(from_decimal_seconds(seconds).unwrap().nanos(), 1_705_260_547_472_865_800);
        assert!(from_decimal_seconds(Decimal::MAX).is_err());
    }

    /// I-24: an answer without an order id is an error, never a placeholder.
    #[test]
    fn i_24_an_empty_or_endless_id_is_refused() {
        assert!(venue_id("order", "").is_err());
        assert!(venue_id("order", &"x".repeat(41)).is_err());
        assert_eq!(venue_id("order", "OABC").unwrap().to_string(), "OABC");
    }
}
