//! Why an engine cannot be built. A running engine has no errors: it has modes, alerts and decisions.

use seawall_model::ModelError;
use seawall_strategy::StrategyError;
use thiserror::Error;

/// Why an engine cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EngineError {
    /// A setting is out of range.
    #[error("{key} is {value}: {rule}")]
    Setting {
        /// The full key.
        key: &'static str,
        /// The value it has.
        value: String,
        /// The broken rule and the fix.
        rule: String,
    },
    /// A strategy setting is wrong, or the candles do not suit the strategy.
    #[error(transparent)]
    Strategy(#[from] StrategyError),
    /// An instrument is wrong.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// No instruments, or too many.
    #[error("{count} instruments: an engine takes 1 to {max}")]
    InstrumentCount {
        /// How many were given.
        count: usize,
        /// How many are allowed.
        max: usize,
    },
    /// Not one strategy for each instrument.
    #[error("{strategies} strategies for {instruments} instruments: give one for each")]
    StrategyCount {
        /// How many strategies were given.
        strategies: usize,
        /// How many instruments were given.
        instruments: usize,
    },
    /// The same instrument twice.
    #[error("instrument {instrument} is given twice: remove one")]
    InstrumentTwice {
        /// Which one.
        instrument: String,
    },
    /// An instrument cannot read the one that it names as its signal.
    #[error("{instrument} reads {signal}: {rule}")]
    Signal {
        /// The traded instrument.
        instrument: String,
        /// Its signal.
        signal: String,
        /// The broken rule and the fix.
        rule: String,
    },
    /// Instruments of one account settle in different currencies.
    #[error(
        "{first} settles in {first_currency} but {other} in {other_currency}: one account holds one currency, run them apart"
    )]
    SettleCurrencies {
        /// The first instrument.
        first: String,
        /// Its currency.
        first_currency: String,
        /// The one that differs.
        other: String,
        /// Its currency.
        other_currency: String,
    },
    /// The state of an earlier process does not fit.
    #[error("the state of the earlier run cannot be taken over: {what}")]
    Carry {
        /// What is wrong, and the way out.
        what: String,
    },
    /// An instrument that something is held on has no place any more.
    #[error(
        "{instrument} was left with {held}, and {what}: add it to the instruments again as it was (`universe.blocked_instruments` keeps entries away) until it is flat, or close it at the venue and start with another data folder"
    )]
    CarriedInstrument {
        /// Which one.
        instrument: String,
        /// Why it does not fit.
        what: &'static str,
        /// What is held.
        held: String,
    },
}
