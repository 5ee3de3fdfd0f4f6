//! A simulated exchange: one matching core for backtest and paper trading.
//!
//! Pure: time is an argument, nothing here reads a clock, a file or a random source, and equal inputs give
//! equal outputs on every machine. One [`Exchange`] holds one account with one settlement currency and one net
//! position per instrument.

mod core;
pub mod error;
pub mod exchange;
mod port;
pub mod settings;
pub mod stats;
pub mod synthetic;

pub use crate::core::{AccountView, Tick};
pub use error::SimulatorError;
pub use exchange::Exchange;
pub use settings::{LimitFill, MarginMode, SimulatorSettings, Toggle};
pub use stats::Stats;
pub use synthetic::{MarketEvent, MarketEventKind, SyntheticMarket, SyntheticSettings};
