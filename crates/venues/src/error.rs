//! The errors of this crate: what keeps a request from being made, or a payload from being read.
//!
//! What a venue answers is not an error of this crate but an [`crate::outcome::Outcome`].

use thiserror::Error;

/// Why a request could not be made or bytes could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum VenueError {
    /// The secret's text is not base64, padded or not. The text itself is never shown.
    #[error("{setting} is not base64: copy the private key exactly as the venue shows it")]
    SecretText {
        /// The setting that holds the secret.
        setting: &'static str,
    },
    /// The payload is not what the protocol says.
    #[error("{what}: {reason}")]
    Payload {
        /// Which message or part of it.
        what: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The symbol is in no table of ours.
    #[error("the instrument `{symbol}` is not in the table of markets")]
    UnknownSymbol {
        /// The venue's spelling, or our number.
        symbol: String,
    },
    /// The venue has nothing that does this.
    #[error("{venue} has no {what}")]
    NotSupported {
        /// The venue.
        venue: &'static str,
        /// What was asked for.
        what: &'static str,
    },
    /// The configuration names no host for this use, so nothing is sent anywhere.
    #[error("the configuration names no host for {host}: nothing was sent")]
    HostNotConfigured {
        /// The use of the host.
        host: &'static str,
    },
    /// A signed request without credentials.
    #[error("{path} needs an API key and none is configured")]
    NoCredentials {
        /// The request's path.
        path: String,
    },
    /// A bound was reached.
    #[error("{what}: more than {bound}")]
    Full {
        /// Which queue or table.
        what: &'static str,
        /// Its bound.
        bound: usize,
    },
    /// Two markets of the table cannot be told apart.
    #[error("markets `{left}` and `{right}` are both {what}")]
    Ambiguous {
        /// One of them.
        left: String,
        /// The other.
        right: String,
        /// What they share.
        what: String,
    },
}

impl VenueError {
    /// A payload that is not what the protocol says.
    pub(crate) fn payload(what: &'static str, reason: impl core::fmt::Display) -> Self {
        // A reason may quote the venue: bounded, so that a page of HTML does not become a log line.
        VenueError::Payload { what, reason: reason.to_string().chars().take(200).collect() }
    }
}
