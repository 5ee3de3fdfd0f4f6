//! Small helpers for writing a venue's JSON.

use rust_decimal::Decimal;
use seawall_model::Ts;
use serde_json::Value;

/// A number as the venue writes it: the shortest text that reads back as the same one.
#[must_use]
pub fn number(value: Decimal) -> Value {
    let float: f64 = value.to_string().parse().unwrap_or(0.0);
    Value::from(float)
}

/// A measurement with that many decimals.
#[must_use]
pub fn float(value: f64, decimals: usize) -> Value {
    let text = format!("{value:.decimals$}");
    Value::from(text.parse::<f64>().unwrap_or(0.0))
}

/// A decimal as plain text without trailing zeros.
#[must_use]
pub fn text(value: Decimal) -> Value {
    Value::from(value.normalize().to_string())
}

/// `2026-01-02T03:04:05.000Z`.
#[must_use]
pub fn iso(at: Ts) -> String {
    let text = Ts::from_millis(at.millis()).to_string();
    let Some(head) = text.strip_suffix('Z') else { return text };
    match head.split_once('.') {
        Some((whole, fraction)) => format!("{whole}.{fraction:0<3}Z"),
        None => format!("{head}.000Z"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_instants_and_texts_look_like_the_venues() {
        assert_eq!(number("60000.50".parse().unwrap()).to_string(), "60000.5");
        assert_eq!(number("-0.0001".parse().unwrap()).to_string(), "-0.0001");
        assert_eq!(text("1.500".parse().unwrap()), "1.5");
        assert_eq!(iso(Ts::from_millis(1_767_323_045_006)), "2026-01-02T03:04:05.006Z");
        assert_eq!(float(1.23456, 2).to_string(), "1.23");
    }
}
