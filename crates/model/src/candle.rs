//! Candles: what a market did during one interval, and from when that is known.
//!
//! Invariant: `low <= open, close <= high`, all prices positive, volume finite and not negative, and
//! `open_time < known_at`. [`Candle::new`] is the only way to make one from outside data.

use serde::{Deserialize, Serialize};

use crate::error::ModelError;
use crate::time::{Timeframe, Ts};
use crate::units::PriceUnits;

/// A closed candle. Prices are integers in the instrument's price unit, so comparisons are exact.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Candle {
    /// Start of the interval.
    pub open_time: Ts,
    /// End of the interval: the first instant at which the candle may be used.
    pub known_at: Ts,
    /// First price.
    pub open: PriceUnits,
    /// Highest price.
    pub high: PriceUnits,
    /// Lowest price.
    pub low: PriceUnits,
    /// Last price.
    pub close: PriceUnits,
    /// Traded volume in base units: a measurement, not money, hence a float.
    pub volume: f64,
}

/// The four prices of a candle, named so that they cannot be swapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ohlc {
    /// First price.
    pub open: PriceUnits,
    /// Highest price.
    pub high: PriceUnits,
    /// Lowest price.
    pub low: PriceUnits,
    /// Last price.
    pub close: PriceUnits,
}

impl Candle {
    /// A checked candle of `timeframe` opening at `open_time`.
    ///
    /// # Errors
    /// Names the broken rule: alignment to the timeframe, positive prices, `low <= open, close <= high`,
    /// a finite volume that is not negative.
    pub fn new(timeframe: Timeframe, open_time: Ts, prices: Ohlc, volume: f64) -> Result<Self, ModelError> {
        if !timeframe.is_aligned(open_time) {
            return Err(ModelError::CandleAlignment { open_time, timeframe });
        }
        let Ohlc { open, high, low, close } = prices;
        if low.get() <= 0 {
            return Err(ModelError::CandleShape { open_time, rule: "every price must be above zero" });
        }
        if low > high || open > high || close > high || open < low || close < low {
            return Err(ModelError::CandleShape {
                open_time,
                rule: "low must be the lowest and high the highest of the four prices",
            });
        }
        if !volume.is_finite() || volume < 0.0 {
            return Err(ModelError::CandleShape {
                open_time,
                rule: "volume must be a finite number, not below zero",
            });
        }
        let known_at = open_time.plus(timeframe.span());
        Ok(Candle { open_time, known_at, open, high, low, close, volume })
    }
}
