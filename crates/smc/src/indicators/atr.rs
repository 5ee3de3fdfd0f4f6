//! Average true range, Wilder's form.

use super::Wilder;
use crate::bar::Bar;
use crate::error::SmcError;

/// True range `max(high - low, |high - close'|, |low - close'|)` smoothed by [`Wilder`].
///
/// The first bar's true range is its `high - low`; the seed is the mean of the first `n` true ranges, so the
/// value is defined from the `n`-th bar on. (TA-Lib leaves the first bar out and starts one bar later; from
/// there on the recursion is the same.) Source: Wilder (1978).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Atr {
    average: Wilder,
    previous_close: Option<f64>,
}

impl Atr {
    /// An empty average.
    ///
    /// # Errors
    /// [`SmcError::Parameter`] if `period` is 0.
    pub fn new(period: usize) -> Result<Self, SmcError> {
        Ok(Atr { average: Wilder::new(period)?, previous_close: None })
    }

    /// Takes in the next bar and returns the average: `None` before the `n`-th bar.
    #[inline]
    pub fn update(&mut self, bar: &Bar) -> Option<f64> {
        let true_range = match self.previous_close {
            Some(close) => bar.true_range(close),
            None => bar.range(),
        };
        self.previous_close = Some(bar.close);
        self.average.update(true_range)
    }

    /// The average: `None` before the `n`-th bar.
    #[must_use]
    pub fn value(&self) -> Option<f64> {
        self.average.value()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_bars_by_hand() {
        let mut atr = Atr::new(2).unwrap();
        let bar = |high, low, close| Bar { open: close, high, low, close };
        assert_eq!(atr.update(&bar(12.0, 10.0, 11.0)), None);
        // Gap up: the true range is 15 - 11 = 4; mean of 2 and 4.
        assert!((atr.update(&bar(15.0, 13.0, 14.0)).unwrap() - 3.0).abs() < 1e-12);
        // Gap down: 14 - 9 = 5; (3 * 1 + 5) / 2.
        assert!((atr.update(&bar(10.0, 9.0, 9.5)).unwrap() - 4.0).abs() < 1e-12);
    }
}
