//! ATR and ADX with exponential instead of Wilder's smoothing.
//!
//! `alpha = 2 / (n + 1)` and each average is seeded with its first value, as in [`Ema`]. These are the forms
//! that the `smc` strategy was tuned with; they react about twice as fast as Wilder's with the same `n`.

use super::Ema;
use super::adx::{AdxValue, DirectionalMovement, directional_index, indicators};
use crate::bar::Bar;
use crate::error::SmcError;

/// Exponential average of the true range. The first bar's true range is its `high - low`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EwmAtr {
    period: u64,
    average: Ema,
    previous_close: Option<f64>,
}

impl EwmAtr {
    /// An empty average.
    ///
    /// # Errors
    /// [`SmcError::Parameter`] if `period` is 0.
    pub fn new(period: usize) -> Result<Self, SmcError> {
        Ok(EwmAtr { period: period as u64, average: Ema::new(period)?, previous_close: None })
    }

    /// Takes in the next bar and returns the average: `None` before the `n`-th bar.
    #[inline]
    pub fn update(&mut self, bar: &Bar) -> Option<f64> {
        let true_range = match self.previous_close {
            Some(close) => bar.true_range(close),
            None => bar.range(),
        };
        self.previous_close = Some(bar.close);
        self.average.update(true_range);
        self.value()
    }

    /// The average: `None` before the `n`-th bar.
    #[must_use]
    pub fn value(&self) -> Option<f64> {
        self.average.value().filter(|_| self.average.count() >= self.period)
    }
}

/// `DI = 100 * ewm(DM) / ewm(TR)`, `DX = 100 * |+DI - -DI| / (+DI + -DI)` with 0/0 = 0, `ADX = ewm(DX)`.
///
/// The first bar has no movement: its DM and DX are 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EwmAdx {
    bars_min: u64,
    previous: Option<Bar>,
    plus: Ema,
    minus: Ema,
    true_range: Ema,
    average: Ema,
    lines: (f64, f64),
}

impl EwmAdx {
    /// An empty average.
    ///
    /// # Errors
    /// [`SmcError::Parameter`] if `period` is 0.
    pub fn new(period: usize) -> Result<Self, SmcError> {
        let empty = Ema::new(period)?;
        Ok(EwmAdx {
            bars_min: (period as u64).saturating_mul(2),
            previous: None,
            plus: empty,
            minus: empty,
            true_range: empty,
            average: empty,
            lines: (0.0, 0.0),
        })
    }

    /// Takes in the next bar: `None` before the `2n`-th bar.
    #[inline]
    pub fn update(&mut self, bar: &Bar) -> Option<AdxValue> {
        let (movement, true_range) = match self.previous.replace(*bar) {
            Some(previous) => (DirectionalMovement::between(&previous, bar), bar.true_range(previous.close)),
            None => (DirectionalMovement { plus: 0.0, minus: 0.0 }, bar.range()),
        };
        let plus = self.plus.update(movement.plus);
        let minus = self.minus.update(movement.minus);
        self.lines = indicators(plus, minus, self.true_range.update(true_range));
        self.average.update(directional_index(self.lines.0, self.lines.1).unwrap_or(0.0));
        self.value()
    }

    /// ADX, +DI and -DI: `None` before the `2n`-th bar.
    #[must_use]
    pub fn value(&self) -> Option<AdxValue> {
        let adx = self.average.value().filter(|_| self.average.count() >= self.bars_min)?;
        Some(AdxValue { adx, plus_di: self.lines.0, minus_di: self.lines.1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_bars_by_hand() {
        let first = Bar { open: 11.0, high: 12.0, low: 10.0, close: 11.0 };
        let second = Bar { open: 14.0, high: 15.0, low: 13.0, close: 14.0 };
        let mut atr = EwmAtr::new(2).unwrap();
        assert_eq!(atr.update(&first), None);
        // 2/3 * 4 + 1/3 * 2
        assert!((atr.update(&second).unwrap() - 10.0 / 3.0).abs() < 1e-12);

        let mut adx = EwmAdx::new(1).unwrap();
        assert_eq!(adx.update(&first), None);
        let value = adx.update(&second).unwrap();
        assert!((value.plus_di - 75.0).abs() < 1e-12, "a rise of 3 in a true range of 4");
        assert!(value.minus_di.abs() < 1e-12);
        assert!((value.adx - 100.0).abs() < 1e-12);
    }
}
