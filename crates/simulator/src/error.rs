//! The errors of this crate. Each names the key or the instrument, the value, and what is allowed.

use thiserror::Error;

/// Why a simulated exchange cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SimulatorError {
    /// A setting is outside its range.
    #[error("{key} is {value}: allowed is {allowed}")]
    Setting {
        /// The full key, e.g. `simulator.latency_ms`.
        key: &'static str,
        /// The value it has.
        value: String,
        /// The allowed range, in words.
        allowed: &'static str,
    },
    /// The instruments are not numbered in the order in which they are given.
    #[error("instrument {instrument} has number {found}, but stands at place {expected} of the list")]
    InstrumentOrder {
        /// Its name.
        instrument: String,
        /// The number it carries.
        found: u32,
        /// The place where it stands.
        expected: usize,
    },
    /// Two instruments settle in different currencies, but the account holds one.
    #[error(
        "{instrument} settles in {settle}, the others in {account}: one simulated account holds one currency"
    )]
    Settlement {
        /// The instrument that differs.
        instrument: String,
        /// What it settles in.
        settle: String,
        /// What the account holds.
        account: String,
    },
    /// The account starts with nothing.
    #[error("initial cash is {value}: it must be above zero")]
    InitialCash {
        /// What was given.
        value: String,
    },
    /// A number that follows from the settings does not fit.
    #[error("{what} of {instrument} is out of range")]
    Range {
        /// What was computed.
        what: &'static str,
        /// For which instrument.
        instrument: String,
    },
    /// A position that cannot be put into the account.
    #[error("instrument {instrument} cannot be given a position: {reason}")]
    Seed {
        /// The number of the instrument.
        instrument: u32,
        /// Why.
        reason: &'static str,
    },
    /// Books of an earlier exchange that do not fit.
    #[error("the books of instrument {instrument} cannot be taken over: {reason}")]
    Books {
        /// The number of the instrument.
        instrument: u32,
        /// Why.
        reason: &'static str,
    },
}
