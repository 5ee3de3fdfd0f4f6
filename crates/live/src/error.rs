//! Why a run cannot start or go on.

use std::path::PathBuf;

use seawall_engine::EngineError;
use seawall_model::ModelError;
use seawall_simulator::SimulatorError;
use seawall_store::StoreError;
use thiserror::Error;

/// Why a run cannot start or go on.
#[derive(Debug, Error)]
pub enum LiveError {
    /// Journal, database or lock.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The engine cannot be built.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The simulated exchange cannot be built.
    #[error(transparent)]
    Simulator(#[from] SimulatorError),
    /// An instrument is wrong.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The strategy could open positions without a stop.
    #[error(
        "strategy {strategy} has no stop: outside backtests every position needs one; set {key}, e.g. --set {key}=2"
    )]
    NoStop {
        /// The strategy.
        strategy: &'static str,
        /// The key to set.
        key: &'static str,
    },
    /// A file cannot be read or written.
    #[error("{}: {action} failed: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// Why it failed.
        source: std::io::Error,
    },
    /// The description of a run cannot be understood.
    #[error("{}: {problem}; it was written by another version or changed by hand", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// What was given does not suit the venue, or only the operator can put it right.
    #[error("{phase}: {cause}")]
    Refused {
        /// In which phase of the start.
        phase: &'static str,
        /// Why, and what to do.
        cause: String,
    },
    /// The venue did not do what the start needs; it may be tried again.
    #[error("{phase}: {cause}")]
    Venue {
        /// In which phase of the start.
        phase: &'static str,
        /// Why.
        cause: String,
    },
    /// Nothing can be sent.
    #[error(transparent)]
    Net(#[from] crate::net::NetError),
    /// Nobody could be told.
    #[error(transparent)]
    Notify(#[from] seawall_notify::NotifyError),
    /// The switch was on before the run began.
    #[error("stopped before the run began: nothing was traded")]
    Stopped,
    /// The thread of the engine ended without a result.
    #[error("the engine's thread ended unexpectedly; the journal holds everything up to then")]
    Thread,
}

impl LiveError {
    pub(crate) fn file(
        path: &std::path::Path,
        action: &'static str,
    ) -> impl FnOnce(std::io::Error) -> LiveError {
        let path = path.to_owned();
        move |source| LiveError::File { path, action, source }
    }
}
