//! Why nobody can be told.

use thiserror::Error;

/// Why the outbox or a channel cannot be used. No text of it holds a secret.
#[derive(Debug, Error)]
pub enum NotifyError {
    /// The outbox.
    #[error("outbox {place}: {action}: {source}")]
    Outbox {
        /// Its file.
        place: String,
        /// What was tried.
        action: &'static str,
        /// Why it failed.
        source: rusqlite::Error,
    },
    /// The outbox was written by a newer version.
    #[error("outbox {place}: its schema is {found}, this version knows {known}; start a newer version")]
    Newer {
        /// Its file.
        place: String,
        /// Its schema.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// What a channel needs is missing or wrong.
    #[error("{0}")]
    Channel(String),
    /// A thread or a client could not be started.
    #[error("{what} could not be started: {cause}")]
    Start {
        /// What.
        what: &'static str,
        /// Why.
        cause: String,
    },
}
