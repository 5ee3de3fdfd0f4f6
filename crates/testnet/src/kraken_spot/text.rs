//! Numbers and times as the venue writes them: padded text over REST, numbers over the stream.

use rust_decimal::Decimal;
use seawall_model::{Span, Ts};
use seawall_venues::json::plain;
use serde_json::Value;

/// With exactly so many decimals.
pub(super) fn fixed(value: Decimal, decimals: u32) -> String {
    let mut value = value.round_dp(decimals);
    value.rescale(decimals);
    value.to_string()
}

/// A JSON number with the decimal's own digits.
pub(super) fn number(value: Decimal) -> Value {
    serde_json::from_str(&plain(value.round_dp(8))).unwrap_or(Value::Null)
}

/// A JSON number of a measured quantity: eight decimals.
pub(super) fn measured(value: f64) -> Value {
    serde_json::from_str(&format!("{value:.8}")).unwrap_or(Value::Null)
}

/// Seconds since the epoch with decimals, as REST has times.
pub(super) fn seconds(at: Ts) -> Value {
    Value::from(at.since(Ts::EPOCH).secs_f64())
}

/// Whole seconds since the epoch.
pub(super) fn whole_seconds(at: Ts) -> i64 {
    at.millis().div_euclid(1_000)
}

/// RFC 3339 with six decimals, as the stream has times.
pub(super) fn stamp(at: Ts) -> String {
    let micros = at.nanos().div_euclid(1_000).rem_euclid(1_000_000);
    let whole = Ts::from_millis(whole_seconds(at) * 1_000).to_string();
    format!("{}.{micros:06}Z", whole.trim_end_matches('Z'))
}

/// RFC 3339 in whole seconds, as REST has times in text.
pub(super) fn stamp_s(at: Ts) -> String {
    Ts::from_millis(whole_seconds(at) * 1_000).to_string()
}

/// A time of a request: seconds since the epoch, `+` seconds from now, or RFC 3339; 0 is none.
pub(super) fn time(text: &str, now: Ts) -> Result<Option<Ts>, ()> {
    if let Some(rest) = text.strip_prefix('+') {
        let seconds: i64 = rest.parse().map_err(|_| ())?;
        return Ok(Some(now.plus(Span::from_secs(seconds))));
    }
    if let Ok(seconds) = text.parse::<i64>() {
        return Ok((seconds > 0).then(|| Ts::from_millis(seconds.saturating_mul(1_000))));
    }
    text.parse().map(Some).map_err(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_have_the_venues_shape() {
        assert_eq!(fixed(Decimal::new(15, 1), 5), "1.50000");
        assert_eq!(number(Decimal::new(100, 2)).to_string(), "1");
        assert_eq!(number(Decimal::new(1, 8)).as_f64(), Some(1e-8));
        let at = Ts::from_nanos(1_767_323_045_000_001_000);
        assert_eq!(stamp(at), "2026-01-02T03:04:05.000001Z");
        assert_eq!(stamp_s(at), "2026-01-02T03:04:05Z");
        assert_eq!(time("+3", at), Ok(Some(at.plus(Span::from_secs(3)))));
        assert_eq!((time("0", at), time("soon", at)), (Ok(None), Err(())));
        assert_eq!(time("2026-01-02T03:04:05Z", at), Ok(Some(Ts::from_millis(1_767_323_045_000))));
    }
}
