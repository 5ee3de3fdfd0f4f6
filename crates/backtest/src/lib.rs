//! Backtests: the engine on recorded candles and the simulated exchange, with honest reports.
//!
//! The loop is the engine's own ([`seawall_engine::Pump`]); this crate adds the feeding of candles in order
//! of time, the collection of results and their presentation.

pub mod collect;
pub mod error;
pub mod fingerprint;
pub mod market;
pub mod metrics;
pub mod quoted;
pub mod report;
pub mod run;
pub mod shadows;
pub mod sweep;

mod feed;
mod listing;
mod path;

pub use collect::{EquityPoint, Outcome};
pub use error::BacktestError;
pub use fingerprint::Fingerprint;
pub use listing::DayVolume;
pub use market::{Market, MarketSeries};
pub use metrics::Metrics;
pub use quoted::{Quote, run_quoted};
pub use run::{RunSettings, run, run_strategies};
pub use seawall_archive::TradeTick;
pub use sweep::sweep;
