//! Classic indicators, one bar at a time.
//!
//! Invariants: O(1) per bar, no allocation after construction, no look-ahead: the value after a bar depends
//! on the bars up to it alone, so a run over a prefix equals the full run up to there, bit for bit. `None`
//! means "not defined yet"; nothing is ever filled in.
//!
//! They take valid bars: [`Bar::from_candle`] of a checked candle is one, other bars are checked by
//! [`Bar::check`]. A value that is not finite would stay in every recursive average.
//!
//! [`Bar::from_candle`]: crate::bar::Bar::from_candle
//! [`Bar::check`]: crate::bar::Bar::check

mod adx;
mod atr;
mod ewm;
mod moving;
mod rsi;

pub use adx::{Adx, AdxValue, DirectionalMovement};
pub use atr::Atr;
pub use ewm::{EwmAdx, EwmAtr};
pub use moving::{Ema, Sma, Wilder};
pub use rsi::Rsi;

use crate::error::SmcError;

/// A period as the float that the formulas use.
fn checked_period(period: usize) -> Result<f64, SmcError> {
    if period == 0 {
        return Err(SmcError::Parameter { name: "period", rule: "must be at least 1" });
    }
    Ok(period as f64)
}
