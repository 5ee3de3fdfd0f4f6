//! Smart Money Concepts and classic indicators, streaming and causal.
//!
//! Everything here works on closed bars, one at a time. A result carries the bar at whose close it became known, and
//! a run over a prefix of the data gives exactly the results of the full run that were known by then. Nothing
//! allocates after construction, reads a clock or draws a random number.
//!
//! * [`aggregate`], [`ladder`]: coarser candles from finer ones.
//! * [`indicators`]: averages, ATR, ADX, RSI.
//! * [`setup`], [`fibonacci`]: scans over the last bars in a [`window`], as the `smc` strategy defines them.

pub mod aggregate;
pub mod bar;
pub mod error;
pub mod fibonacci;
pub mod indicators;
pub mod ladder;
pub mod setup;
pub mod window;

pub use aggregate::{Aggregator, Closed};
pub use bar::{Bar, Direction, PivotKind};
pub use error::SmcError;
pub use fibonacci::{FibLeg, FibLevel, Measure};
pub use indicators::{Adx, AdxValue, Atr, Ema, EwmAdx, EwmAtr, Rsi, Sma, Wilder};
pub use ladder::Ladder;
pub use setup::{OrderBlockRule, Search, SetupZone, SwingPoint};
pub use window::{BarWindow, WINDOW_BARS};
