//! How a command ends: the stable exit codes and the error that carries one.

use core::fmt;

use seawall_config::ConfigError;

/// Done.
pub(crate) const DONE: u8 = 0;
/// The work failed.
pub(crate) const FAILED: u8 = 1;
/// What was given is wrong; nothing was changed.
pub(crate) const INPUT: u8 = 2;
/// Another instance holds the account.
pub(crate) const LOCKED: u8 = 3;

/// The kill switch is on: an answer, not an error.
pub(crate) const SWITCHED_ON: u8 = 4;

/// The doctor's checks were made, and one failed.
pub(crate) const FOUND: u8 = 5;

/// An error with the exit code that goes with it.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    /// What was given is wrong.
    pub(crate) fn input(message: impl fmt::Display) -> Self {
        Failure { code: INPUT, message: message.to_string() }
    }

    /// The configuration is wrong. Each of its problems begins with `error: ` already.
    pub(crate) fn config(error: &ConfigError) -> Self {
        let rendered = error.render();
        Failure::input(rendered.strip_prefix("error: ").unwrap_or(&rendered))
    }

    /// The work failed.
    pub(crate) fn work(message: impl fmt::Display) -> Self {
        Failure { code: FAILED, message: message.to_string() }
    }

    /// Another instance holds the account.
    pub(crate) fn locked(message: impl fmt::Display) -> Self {
        Failure { code: LOCKED, message: message.to_string() }
    }

    /// A check failed.
    pub(crate) fn findings(message: impl fmt::Display) -> Self {
        Failure { code: FOUND, message: message.to_string() }
    }

    /// An answer by the exit code alone.
    pub(crate) fn silent(code: u8) -> Self {
        Failure { code, message: String::new() }
    }

    /// Whether there is nothing to say.
    pub(crate) fn is_silent(&self) -> bool {
        self.message.is_empty()
    }

    pub(crate) fn code(&self) -> u8 {
        self.code
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A configuration's problems are drawn with a heading of their own.
        if self.message.starts_with("error") {
            return f.write_str(&self.message);
        }
        write!(f, "error: {}", self.message)
    }
}
