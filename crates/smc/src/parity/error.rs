//! What parity mode refuses. The package raises an exception in each of these cases.

use thiserror::Error;

/// Why an input or a parameter of parity mode was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ParityError {
    /// Columns of one table differ in length.
    #[error("column {column} has {found} rows, expected {expected}")]
    Length {
        /// The column's name.
        column: &'static str,
        /// Rows of the first column of the table.
        expected: usize,
        /// Rows of this one.
        found: usize,
    },
    /// An offset alias outside of the supported ones.
    #[error("time frame {text:?} is not supported: expected <n> followed by one of {expected}")]
    TimeFrame {
        /// What was given.
        text: String,
        /// The units there are.
        expected: &'static str,
    },
    /// A session that the package does not have.
    #[error("there is no session {text:?}")]
    Session {
        /// What was given.
        text: String,
    },
    /// A time of day that is not `H:MM` or `HH:MM`.
    #[error("{text:?} is not a time of day as HH:MM")]
    ClockTime {
        /// What was given.
        text: String,
    },
    /// A zone other than `UTC`, `GMT` and their whole-hour offsets.
    #[error("time zone {text:?} is not supported: expected UTC, or UTC or GMT with -14 to +12")]
    Zone {
        /// What was given.
        text: String,
    },
}
