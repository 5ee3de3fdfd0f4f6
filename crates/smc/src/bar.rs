//! A closed bar in floats, as the indicators and detectors read it.

use seawall_model::Candle;

use crate::error::SmcError;

/// Beyond this no price is taken: sums and differences of a few prices stay finite.
pub const PRICE_MAX: f64 = 1e300;

/// The four prices of a closed bar, in quote units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bar {
    /// First price.
    pub open: f64,
    /// Highest price.
    pub high: f64,
    /// Lowest price.
    pub low: f64,
    /// Last price.
    pub close: f64,
}

impl Bar {
    /// The bar of a candle whose prices count `1 / price_scale_divisor` (`10^price_scale`).
    ///
    /// It divides rather than multiplies by the inverse: both operands are exact as floats (up to 2^53 units
    /// and a scale of 22), so the quotient is the float nearest to the decimal price.
    #[must_use]
    pub fn from_candle(candle: &Candle, price_scale_divisor: f64) -> Self {
        Bar {
            open: candle.open.get() as f64 / price_scale_divisor,
            high: candle.high.get() as f64 / price_scale_divisor,
            low: candle.low.get() as f64 / price_scale_divisor,
            close: candle.close.get() as f64 / price_scale_divisor,
        }
    }

    /// High minus low.
    #[must_use]
    pub fn range(&self) -> f64 {
        self.high - self.low
    }

    /// Wilder's true range against the close before: `max(high - low, |high - close'|, |low - close'|)`.
    #[must_use]
    pub fn true_range(&self, previous_close: f64) -> f64 {
        self.range().max((self.high - previous_close).abs()).max((self.low - previous_close).abs())
    }

    /// Refuses a bar with a price that is not finite or is beyond [`PRICE_MAX`], or whose low and high are
    /// not its extremes.
    ///
    /// # Errors
    /// [`SmcError::InvalidBar`].
    #[inline]
    pub fn check(&self) -> Result<(), SmcError> {
        let Bar { open, high, low, close } = *self;
        // Comparisons with NaN are false, so NaN fails one of these too.
        let ordered = (low <= open) & (open <= high) & (low <= close) & (close <= high);
        let finite = (low >= -PRICE_MAX) & (high <= PRICE_MAX);
        if ordered & finite { Ok(()) } else { Err(SmcError::InvalidBar { open, high, low, close }) }
    }
}

/// Which way a structure, a zone or a leg points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// Up.
    Bullish,
    /// Down.
    Bearish,
}

impl Direction {
    /// The other way.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Direction::Bullish => Direction::Bearish,
            Direction::Bearish => Direction::Bullish,
        }
    }

    /// 1 for bullish, -1 for bearish.
    #[must_use]
    pub const fn sign(self) -> i8 {
        match self {
            Direction::Bullish => 1,
            Direction::Bearish => -1,
        }
    }
}

/// Whether a pivot is a high or a low.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PivotKind {
    /// A high.
    High,
    /// A low.
    Low,
}

#[cfg(test)]
mod tests {
    use seawall_model::{Ohlc, PriceUnits, Timeframe, Ts};

    use super::*;

    #[test]
    fn a_bar_holds_the_floats_nearest_to_the_decimal_prices() {
        let prices = Ohlc {
            open: PriceUnits::new(12_345_678),
            high: PriceUnits::new(12_345_679),
            low: PriceUnits::new(3),
            close: PriceUnits::new(7),
        };
        let candle = Candle::new(Timeframe::M1, Ts::EPOCH, prices, 1.0).unwrap();
        let bar = Bar::from_candle(&candle, 1e5);
        let expected: [f64; 4] = [123.45678, 123.45679, 0.00003, 0.00007];
        assert_eq!([bar.open, bar.high, bar.low, bar.close].map(f64::to_bits), expected.map(f64::to_bits));
    }

    #[test]
    fn bars_that_cannot_be_are_refused() {
        let good = Bar { open: 2.0, high: 3.0, low: 1.0, close: 2.5 };
        assert!(good.check().is_ok());
        for bad in [
            Bar { open: f64::NAN, ..good },
            Bar { high: f64::NAN, ..good },
            Bar { low: f64::NAN, ..good },
            Bar { close: f64::NAN, ..good },
            Bar { high: f64::INFINITY, ..good },
            Bar { high: 1.1e300, ..good },
            Bar { low: -1.1e300, ..good },
            Bar { low: f64::NEG_INFINITY, ..good },
            Bar { low: 4.0, ..good },
            Bar { close: 3.5, ..good },
            Bar { open: 0.5, ..good },
        ] {
            assert!(matches!(bad.check(), Err(SmcError::InvalidBar { .. })), "{bad:?}");
        }
    }
}
