//! Why the face of a run cannot be shown.

use std::path::PathBuf;

use thiserror::Error;

/// Why the face of a run cannot be shown.
#[derive(Debug, Error)]
pub enum ApiError {
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
    /// A file does not hold what it should.
    #[error("{}: {problem}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// The address cannot be listened at.
    #[error("api.listen: {address}: {problem}")]
    Listen {
        /// The address.
        address: String,
        /// Why.
        problem: String,
    },
    /// The system gives no random numbers, or the hash cannot be made.
    #[error("no token can be made: {0}")]
    Crypto(&'static str),
    /// Its threads cannot be started.
    #[error("the threads of the API cannot be started: {0}")]
    Threads(std::io::Error),
}

impl ApiError {
    pub(crate) fn file(
        path: &std::path::Path,
        action: &'static str,
    ) -> impl FnOnce(std::io::Error) -> ApiError {
        let path = path.to_owned();
        move |source| ApiError::File { path, action, source }
    }
}
