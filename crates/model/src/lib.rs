//! The words of Seawall: instants, instruments, prices, quantities, candles, orders, fills, positions and events.
//!
//! This crate stands on nothing of ours and does nothing but keep its words' own rules. Money is exact
//! (decimals in newtypes), time is an argument, order of iteration is defined, nothing reads a clock.

pub mod candle;
pub mod error;
pub mod time;
pub mod units;

pub use candle::{Candle, Ohlc};
pub use error::ModelError;
pub use time::{Span, Timeframe, Ts};
pub use units::{PriceUnits, QtyUnits};
