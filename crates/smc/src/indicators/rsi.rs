//! Relative strength index.

use super::Wilder;
use crate::error::SmcError;

/// `100 * up / (up + down)`, where `up` and `down` are [`Wilder`] averages of the rises and falls of the
/// close.
///
/// Defined from value `n` (0-based) on, as TA-Lib `RSI`. Where the price has not moved at all, 0/0, the index
/// is `None`: TA-Lib says 0 there, which reads as "oversold". Source: Wilder (1978).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rsi {
    previous: Option<f64>,
    up: Wilder,
    down: Wilder,
}

impl Rsi {
    /// An empty index.
    ///
    /// # Errors
    /// [`SmcError::Parameter`] if `period` is 0.
    pub fn new(period: usize) -> Result<Self, SmcError> {
        Ok(Rsi { previous: None, up: Wilder::new(period)?, down: Wilder::new(period)? })
    }

    /// Takes in the next close.
    #[inline]
    pub fn update(&mut self, close: f64) -> Option<f64> {
        let change = close - self.previous.replace(close)?;
        self.up.update(change.max(0.0));
        self.down.update((-change).max(0.0));
        self.value()
    }

    /// The index, 0 to 100: `None` before value `n` (0-based) and where the price has not moved.
    #[must_use]
    pub fn value(&self) -> Option<f64> {
        let (up, down) = (self.up.value()?, self.down.value()?);
        let moved = up + down;
        (moved > 0.0).then(|| 100.0 * (up / moved))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_closes_by_hand() {
        let mut rsi = Rsi::new(2).unwrap();
        assert_eq!(rsi.update(10.0), None);
        assert_eq!(rsi.update(13.0), None);
        // up (3 + 0) / 2, down (0 + 1) / 2
        assert!((rsi.update(12.0).unwrap() - 75.0).abs() < 1e-12);
        // up 0.75, down (0.5 + 2) / 2 = 1.25
        assert!((rsi.update(10.0).unwrap() - 37.5).abs() < 1e-12);
    }

    #[test]
    fn a_price_that_does_not_move_is_not_oversold() {
        let mut rsi = Rsi::new(2).unwrap();
        assert!([5.0; 6].into_iter().all(|close| rsi.update(close).is_none()));
    }
}
