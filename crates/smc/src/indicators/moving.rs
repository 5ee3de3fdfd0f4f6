//! Averages: exponential, Wilder's, simple.

use super::checked_period;
use crate::error::SmcError;

/// Exponential moving average: `alpha * x + (1 - alpha) * ema` with `alpha = 2 / (period + 1)`.
///
/// Seeded with the first value, hence defined from the first value on (pandas `ewm(span, adjust=False)`;
/// TA-Lib seeds with a simple mean instead). [`Ema::count`] tells whether enough values have gone in to trust
/// it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ema {
    alpha: f64,
    value: Option<f64>,
    count: u64,
}

impl Ema {
    /// An empty average.
    ///
    /// # Errors
    /// [`SmcError::Parameter`] if `period` is 0.
    pub fn new(period: usize) -> Result<Self, SmcError> {
        Ok(Ema { alpha: 2.0 / (checked_period(period)? + 1.0), value: None, count: 0 })
    }

    /// Takes in the next value and returns the average.
    #[inline]
    pub fn update(&mut self, x: f64) -> f64 {
        let next = match self.value {
            Some(ema) => self.alpha * x + (1.0 - self.alpha) * ema,
            None => x,
        };
        self.value = Some(next);
        self.count += 1;
        next
    }

    /// The average, once there was a value.
    #[must_use]
    pub const fn value(&self) -> Option<f64> {
        self.value
    }

    /// How many values have gone in.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }
}

/// Wilder's smoothing: `(average * (n - 1) + x) / n`, seeded with the mean of the first `n` values.
///
/// Source: J. W. Wilder, "New Concepts in Technical Trading Systems" (1978); operations in TA-Lib's order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wilder {
    period: f64,
    /// The sum while seeding, the average afterwards.
    state: f64,
    seeding: usize,
}

impl Wilder {
    /// An empty average.
    ///
    /// # Errors
    /// [`SmcError::Parameter`] if `period` is 0.
    pub fn new(period: usize) -> Result<Self, SmcError> {
        Ok(Wilder { period: checked_period(period)?, state: 0.0, seeding: period })
    }

    /// Takes in the next value and returns the average: `None` before the `n`-th value.
    #[inline]
    pub fn update(&mut self, x: f64) -> Option<f64> {
        if self.seeding == 0 {
            self.state = (self.state * (self.period - 1.0) + x) / self.period;
        } else {
            self.state += x;
            self.seeding -= 1;
            if self.seeding == 0 {
                self.state /= self.period;
            }
        }
        self.value()
    }

    /// The average: `None` before the `n`-th value.
    #[must_use]
    pub fn value(&self) -> Option<f64> {
        (self.seeding == 0).then_some(self.state)
    }
}

/// Simple moving average of the last `n` values.
///
/// A running sum, summed afresh each time the buffer has gone round: rounding errors cannot pile up, and the
/// cost stays constant on average.
#[derive(Debug, Clone, PartialEq)]
pub struct Sma {
    values: Box<[f64]>,
    period: f64,
    next: usize,
    sum: f64,
    full: bool,
}

impl Sma {
    /// An empty average.
    ///
    /// # Errors
    /// [`SmcError::Parameter`] if `period` is 0.
    pub fn new(period: usize) -> Result<Self, SmcError> {
        let length = checked_period(period)?;
        Ok(Sma {
            values: vec![0.0; period].into_boxed_slice(),
            period: length,
            next: 0,
            sum: 0.0,
            full: false,
        })
    }

    /// Takes in the next value and returns the mean of the last `n`: `None` before the `n`-th value.
    #[inline]
    pub fn update(&mut self, x: f64) -> Option<f64> {
        if let Some(slot) = self.values.get_mut(self.next) {
            self.sum += x - *slot;
            *slot = x;
        }
        self.next += 1;
        if self.next >= self.values.len() {
            self.next = 0;
            self.full = true;
            self.sum = self.values.iter().sum();
        }
        self.value()
    }

    /// The mean of the last `n` values: `None` before the `n`-th value.
    #[must_use]
    pub fn value(&self) -> Option<f64> {
        self.full.then(|| self.sum / self.period)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(left: f64, right: f64) -> bool {
        (left - right).abs() < 1e-12
    }

    #[test]
    fn averages_follow_their_formulas_by_hand() {
        let mut ema = Ema::new(3).unwrap();
        let values: Vec<f64> = [2.0, 4.0, 8.0].into_iter().map(|x| ema.update(x)).collect();
        assert!(values.into_iter().zip([2.0, 3.0, 5.5]).all(|(left, right)| close(left, right)));
        assert_eq!(ema.count(), 3);

        let mut wilder = Wilder::new(2).unwrap();
        assert_eq!(wilder.update(1.0), None);
        assert!(close(wilder.update(2.0).unwrap(), 1.5));
        assert!(close(wilder.update(4.0).unwrap(), 2.75));

        let mut sma = Sma::new(3).unwrap();
        assert_eq!(sma.update(1.0), None);
        assert_eq!(sma.update(2.0), None);
        for (x, mean) in [(6.0, 3.0), (10.0, 6.0), (2.0, 6.0), (0.0, 4.0)] {
            assert!(close(sma.update(x).unwrap(), mean));
        }
    }

    #[test]
    fn a_period_of_zero_is_refused_and_one_is_the_value_itself() {
        assert!(Ema::new(0).is_err() && Wilder::new(0).is_err() && Sma::new(0).is_err());
        assert!(close(Ema::new(1).unwrap().update(7.0), 7.0));
        assert!(close(Wilder::new(1).unwrap().update(7.0).unwrap(), 7.0));
        assert!(close(Sma::new(1).unwrap().update(7.0).unwrap(), 7.0));
    }

    #[test]
    fn a_large_value_leaves_the_simple_average_without_a_trace() {
        let mut sma = Sma::new(2).unwrap();
        for x in [1e17, 1.0, 2.0, 3.0, 5.0] {
            sma.update(x);
        }
        assert!(close(sma.value().unwrap(), 4.0));
    }
}
