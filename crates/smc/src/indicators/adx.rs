//! Wilder's directional movement: +DI, -DI and their average ADX.

use super::{Wilder, checked_period};
use crate::bar::Bar;
use crate::error::SmcError;

/// Directional movement of one bar against the one before.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DirectionalMovement {
    /// Rise of the high, where it is positive and more than the fall of the low; else 0.
    pub plus: f64,
    /// Fall of the low, where it is positive and more than the rise of the high; else 0.
    pub minus: f64,
}

impl DirectionalMovement {
    /// The movement from `previous` to `bar`.
    #[must_use]
    #[inline]
    pub fn between(previous: &Bar, bar: &Bar) -> Self {
        let up = bar.high - previous.high;
        let down = previous.low - bar.low;
        DirectionalMovement {
            plus: if up > down && up > 0.0 { up } else { 0.0 },
            minus: if down > up && down > 0.0 { down } else { 0.0 },
        }
    }
}

/// What [`Adx`] and [`EwmAdx`](super::EwmAdx) give, each from 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdxValue {
    /// Strength of the trend.
    pub adx: f64,
    /// Share of upward movement.
    pub plus_di: f64,
    /// Share of downward movement.
    pub minus_di: f64,
}

/// +DI and -DI: `100 * smoothed movement / smoothed true range`; 0 where there was no range at all.
#[inline]
pub(super) fn indicators(plus: f64, minus: f64, true_range: f64) -> (f64, f64) {
    if true_range > 0.0 { (100.0 * (plus / true_range), 100.0 * (minus / true_range)) } else { (0.0, 0.0) }
}

/// `100 * |+DI - -DI| / (+DI + -DI)`; `None` where both are 0.
#[inline]
pub(super) fn directional_index(plus_di: f64, minus_di: f64) -> Option<f64> {
    let sum = plus_di + minus_di;
    (sum > 0.0).then(|| 100.0 * ((plus_di - minus_di).abs() / sum))
}

/// Average directional index with Wilder's smoothing, as TA-Lib computes it.
///
/// Movements and true ranges of bars `1..n-1` are summed, then each later one enters by `sum - sum / n + x`;
/// DI are defined from bar `n` (0-based), ADX is the [`Wilder`] average of the directional index and is
/// defined from bar `2n - 1`. A bar whose index is 0/0 leaves ADX as it is. Sources: Wilder (1978), TA-Lib
/// `ADX`, `PLUS_DI`, `MINUS_DI`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adx {
    period: f64,
    period_bars: usize,
    previous: Option<Bar>,
    plus: f64,
    minus: f64,
    true_range: f64,
    /// Bars seen after the first, counted up to twice the period.
    steps: usize,
    average: Wilder,
}

/// TA-Lib divides the seed by `n` even if some of its bars had no index, and later passes such bars over.
#[inline]
fn smooth(average: &mut Wilder, index: Option<f64>) -> Option<f64> {
    match (index, average.value()) {
        (Some(index), _) => average.update(index),
        (None, Some(adx)) => Some(adx),
        (None, None) => average.update(0.0),
    }
}

impl Adx {
    /// An empty average.
    ///
    /// # Errors
    /// [`SmcError::Parameter`] if `period` is below 2, where Wilder's sums are not defined.
    pub fn new(period: usize) -> Result<Self, SmcError> {
        if period < 2 {
            return Err(SmcError::Parameter { name: "period", rule: "must be at least 2 for ADX" });
        }
        Ok(Adx {
            period: checked_period(period)?,
            period_bars: period,
            previous: None,
            plus: 0.0,
            minus: 0.0,
            true_range: 0.0,
            steps: 0,
            average: Wilder::new(period)?,
        })
    }

    /// Takes in the next bar: `None` before bar `2n - 1` (0-based).
    #[inline]
    pub fn update(&mut self, bar: &Bar) -> Option<AdxValue> {
        let previous = self.previous.replace(*bar)?;
        let movement = DirectionalMovement::between(&previous, bar);
        let true_range = bar.true_range(previous.close);
        self.steps = self.steps.saturating_add(1);
        if self.steps < self.period_bars {
            self.plus += movement.plus;
            self.minus += movement.minus;
            self.true_range += true_range;
            return None;
        }
        self.plus = self.plus - self.plus / self.period + movement.plus;
        self.minus = self.minus - self.minus / self.period + movement.minus;
        self.true_range = self.true_range - self.true_range / self.period + true_range;
        let (plus_di, minus_di) = self.lines();
        let adx = smooth(&mut self.average, directional_index(plus_di, minus_di))?;
        Some(AdxValue { adx, plus_di, minus_di })
    }

    /// ADX, +DI and -DI: `None` before bar `2n - 1` (0-based).
    #[must_use]
    pub fn value(&self) -> Option<AdxValue> {
        let adx = self.average.value()?;
        let (plus_di, minus_di) = self.lines();
        Some(AdxValue { adx, plus_di, minus_di })
    }

    /// +DI and -DI: `None` before bar `n` (0-based).
    #[must_use]
    pub fn directional_indicators(&self) -> Option<(f64, f64)> {
        (self.steps >= self.period_bars).then(|| self.lines())
    }

    #[inline]
    fn lines(&self) -> (f64, f64) {
        indicators(self.plus, self.minus, self.true_range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_market_that_does_not_move_has_no_trend_and_no_nan() {
        let mut adx = Adx::new(3).unwrap();
        let flat = Bar { open: 5.0, high: 5.0, low: 5.0, close: 5.0 };
        let mut last = None;
        for _ in 0..10 {
            last = adx.update(&flat);
        }
        assert_eq!(last, Some(AdxValue { adx: 0.0, plus_di: 0.0, minus_di: 0.0 }));
    }

    #[test]
    fn a_straight_climb_is_all_trend() {
        let mut adx = Adx::new(3).unwrap();
        let mut first = None;
        for step in 0..8u32 {
            let low = f64::from(step);
            let value = adx.update(&Bar { open: low, high: low + 1.0, low, close: low + 1.0 });
            if value.is_some() && first.is_none() {
                first = Some(step);
            }
        }
        assert_eq!(first, Some(5), "2n - 1");
        let value = adx.value().unwrap();
        assert!((value.adx - 100.0).abs() < 1e-9);
        assert!((value.plus_di - 100.0).abs() < 1e-9);
        assert!(value.minus_di.abs() < 1e-12);
    }

    #[test]
    fn inside_and_equal_movements_count_for_neither_side() {
        let first = Bar { open: 5.0, high: 6.0, low: 4.0, close: 5.0 };
        let neither = DirectionalMovement { plus: 0.0, minus: 0.0 };
        let inside = Bar { high: 5.5, low: 4.5, ..first };
        assert_eq!(DirectionalMovement::between(&first, &inside), neither);
        let both = Bar { high: 7.0, low: 3.0, ..first };
        assert_eq!(DirectionalMovement::between(&first, &both), neither);
    }
}
