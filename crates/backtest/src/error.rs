//! Why a backtest cannot run.

use seawall_archive::ArchiveError;
use seawall_engine::EngineError;
use seawall_model::ModelError;
use seawall_simulator::SimulatorError;
use thiserror::Error;

/// Why a backtest cannot run.
#[derive(Debug, Error)]
pub enum BacktestError {
    /// Candle data cannot be used.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The engine cannot be built.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The simulated exchange cannot be built.
    #[error(transparent)]
    Simulator(#[from] SimulatorError),
    /// An instrument is wrong.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// An invariant broke during the run: the results would be wrong.
    #[error("the run broke a rule and its results are void: {detail}")]
    Broken {
        /// The rule.
        detail: String,
    },
    /// The candles given for one instrument contradict each other.
    #[error("{instrument}: {rule}")]
    Series {
        /// The instrument.
        instrument: String,
        /// The rule and the fix.
        rule: String,
    },
    /// A report cannot be written.
    #[error("report: {detail}")]
    Report {
        /// What went wrong.
        detail: String,
    },
}
