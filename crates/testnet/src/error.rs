//! The errors of this crate: what keeps an exchange in a box from being built or served.

use seawall_model::ModelError;
use seawall_simulator::SimulatorError;
use thiserror::Error;

/// Why the exchange in a box cannot start.
#[derive(Debug, Error)]
pub enum TestnetError {
    /// A setting that cannot be.
    #[error("{setting}: {reason}")]
    Setting {
        /// Which setting or file.
        setting: String,
        /// What is wrong and what would be right.
        reason: String,
    },
    /// The simulated exchange refused its settings.
    #[error(transparent)]
    Simulator(#[from] SimulatorError),
    /// An instrument that cannot be.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The market's file cannot be read.
    #[error("market file {path}: {reason}")]
    MarketFile {
        /// Which file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The server broke down while it ran.
    #[error("the server stopped: {0}")]
    Serve(std::io::Error),
}

impl TestnetError {
    /// What a reader of YAML or JSON says about the text of a file: line, column, and the line itself.
    #[cfg(feature = "files")]
    pub(crate) fn text(name: &str, said: &str) -> Self {
        let said = said.strip_prefix("error: ").unwrap_or(said).replace("<input>", name);
        TestnetError::setting(name, said)
    }

    pub(crate) fn setting(setting: impl Into<String>, reason: impl Into<String>) -> Self {
        TestnetError::Setting { setting: setting.into(), reason: reason.into() }
    }
}
