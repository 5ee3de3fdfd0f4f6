//! What can be refused. Whatever is refused leaves the state as it was.

use seawall_model::{Timeframe, Ts};
use thiserror::Error;

/// Why an input or a parameter was refused.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum SmcError {
    /// A bar with a price that is not finite, or whose low or high is not its extreme.
    #[error("invalid bar: open {open}, high {high}, low {low}, close {close}")]
    InvalidBar {
        /// First price.
        open: f64,
        /// Highest price.
        high: f64,
        /// Lowest price.
        low: f64,
        /// Last price.
        close: f64,
    },
    /// A length, capacity or threshold outside of its range.
    #[error("{name} is out of range: {rule}")]
    Parameter {
        /// The parameter's name.
        name: &'static str,
        /// What it has to satisfy.
        rule: &'static str,
    },
    /// A candle that opens before the end of one already taken in.
    #[error("candle opening at {open_time} is out of order: data up to {known_until} was already taken in")]
    OutOfOrder {
        /// Open time of the refused candle.
        open_time: Ts,
        /// End of the newest candle taken in.
        known_until: Ts,
    },
    /// A candle that does not lie inside one bucket of the coarser timeframe.
    #[error("candle opening at {open_time} does not fit into one {timeframe} bucket")]
    Misfit {
        /// Open time of the refused candle.
        open_time: Ts,
        /// The timeframe that it was to be part of, or was expected to be of.
        timeframe: Timeframe,
    },
    /// A coarser timeframe that the finer one does not divide.
    #[error("{timeframe} candles cannot be built from {base} candles")]
    Indivisible {
        /// The finer timeframe.
        base: Timeframe,
        /// The coarser timeframe.
        timeframe: Timeframe,
    },
}
