//! Drops of the equity curve from its peak.
//!
//! Two drops matter and need not be the same: the largest in money and the largest in percent. Both are those
//! of the samples; what happened between them, at the worst price of each candle, is
//! [`crate::Outcome::drawdown_worst_pct`].

use seawall_model::{ModelError, Money, Ts};
use serde::Serialize;

use super::ratios::ratio;
use crate::collect::EquityPoint;

/// The largest drop in money.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Drawdown {
    /// How much.
    pub drawdown_abs: Money,
    /// In percent of the peak it fell from.
    pub drawdown_account_pct: Option<f64>,
    /// Equity at the peak.
    pub drawdown_high: Money,
    /// Equity at the lowest point.
    pub drawdown_low: Money,
    /// When the peak was.
    pub drawdown_start: Option<Ts>,
    /// When the lowest point was.
    pub drawdown_end: Option<Ts>,
    /// Seconds from peak to lowest point.
    pub drawdown_duration_s: f64,
    /// When equity was back at the peak; absent if it never was.
    pub drawdown_recovered_at: Option<Ts>,
    /// The largest drop in percent of its peak.
    pub underwater_max_pct: f64,
    /// Smallest equity.
    pub balance_min: Money,
    /// Largest equity.
    pub balance_max: Money,
}

/// Walks over the samples once.
///
/// # Errors
/// [`ModelError::Overflow`] where a difference does not fit into 28 digits.
pub fn drawdown(initial: Money, equity: &[EquityPoint]) -> Result<Drawdown, ModelError> {
    let start = equity.first().map(|point| point.at);
    let mut peak = (initial, start);
    let mut found = Drawdown {
        drawdown_abs: Money::ZERO,
        drawdown_account_pct: Some(0.0),
        drawdown_high: initial,
        drawdown_low: initial,
        drawdown_start: None,
        drawdown_end: None,
        drawdown_duration_s: 0.0,
        drawdown_recovered_at: None,
        underwater_max_pct: 0.0,
        balance_min: initial,
        balance_max: initial,
    };
    for point in equity {
        found.balance_min = found.balance_min.min(point.equity);
        found.balance_max = found.balance_max.max(point.equity);
        if point.equity >= found.drawdown_high && found.drawdown_recovered_at.is_none() {
            found.drawdown_recovered_at = found.drawdown_end.map(|_| point.at);
        }
        if point.equity > peak.0 {
            peak = (point.equity, Some(point.at));
        }
        let drop = peak.0.minus(point.equity)?;
        let pct = ratio(drop.to_f64() * 100.0, peak.0.to_f64());
        found.underwater_max_pct = found.underwater_max_pct.max(pct.unwrap_or(0.0));
        if drop > found.drawdown_abs {
            found.drawdown_abs = drop;
            found.drawdown_account_pct = pct;
            (found.drawdown_high, found.drawdown_start) = peak;
            (found.drawdown_low, found.drawdown_end) = (point.equity, Some(point.at));
            found.drawdown_recovered_at = None;
        }
    }
    if let (Some(from), Some(to)) = (found.drawdown_start, found.drawdown_end) {
        found.drawdown_duration_s = to.since(from).secs_f64();
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(values: &[&str]) -> Vec<EquityPoint> {
        (0_i64..)
            .zip(values)
            .map(|(hour, value)| EquityPoint {
                at: Ts::from_millis(hour * 3_600_000),
                equity: value.parse().unwrap(),
            })
            .collect()
    }

    fn of(values: &[&str]) -> Drawdown {
        drawdown("100".parse().unwrap(), &curve(values)).unwrap()
    }

    #[test]
    fn the_largest_drop_in_money_and_in_percent_differ() {
        // Peaks 100 -> 80 (20 %, 20), then 400 -> 340 (15 %, 60), back at 400 three hours later.
        let found = of(&["100", "80", "400", "390", "340", "360", "400", "410"]);
        assert_eq!(found.drawdown_abs.to_string(), "60");
        assert_eq!(found.drawdown_account_pct, Some(15.0));
        assert!((found.underwater_max_pct - 20.0).abs() < 1e-12);
        assert_eq!(
            (found.drawdown_high.to_string(), found.drawdown_low.to_string()),
            ("400".into(), "340".into())
        );
        assert_eq!(found.drawdown_start, Some(Ts::from_millis(2 * 3_600_000)));
        assert_eq!(found.drawdown_end, Some(Ts::from_millis(4 * 3_600_000)));
        assert!((found.drawdown_duration_s - 7_200.0).abs() < 1e-9);
        assert_eq!(found.drawdown_recovered_at, Some(Ts::from_millis(6 * 3_600_000)));
        assert_eq!(
            (found.balance_min.to_string(), found.balance_max.to_string()),
            ("80".into(), "410".into())
        );
    }

    #[test]
    fn a_rising_curve_has_none() {
        let found = of(&["100", "101", "102"]);
        assert!(found.drawdown_abs.is_zero() && found.drawdown_start.is_none());
        assert_eq!(found.drawdown_recovered_at, None);
        assert!(of(&[]).drawdown_abs.is_zero());
    }
}
