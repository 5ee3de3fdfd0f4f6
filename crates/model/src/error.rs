//! The errors of this crate. Each names the value, the rule it broke and what is allowed.

use thiserror::Error;

use crate::time::{Timeframe, Ts};

/// Why a value could not become one of the model's words.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ModelError {
    /// The text is not an instant.
    #[error(
        "`{text}` is not a time: write RFC 3339 like 2023-01-31T12:00:00Z, or a UTC date like 2023-01-31"
    )]
    Time {
        /// What was given.
        text: String,
    },
    /// The text is not a timeframe.
    #[error("`{text}` is not a timeframe: allowed are 1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d 1w")]
    Timeframe {
        /// What was given.
        text: String,
    },
    /// The text is not the name of a time zone.
    #[error("`{text}` is not a time zone of the IANA database; near it are {nearest}")]
    Zone {
        /// What was given.
        text: String,
        /// Known names like it, best first.
        nearest: String,
    },
    /// A candle's open time is off the grid of its timeframe.
    #[error("candle at {open_time} does not start on a {timeframe} boundary (UTC)")]
    CandleAlignment {
        /// The open time.
        open_time: Ts,
        /// The timeframe it was offered as.
        timeframe: Timeframe,
    },
    /// A candle's numbers contradict each other.
    #[error("candle at {open_time} is impossible: {rule}")]
    CandleShape {
        /// The open time.
        open_time: Ts,
        /// The broken rule.
        rule: &'static str,
    },
    /// The text is not a plain decimal number.
    #[error(
        "`{text}` is not a decimal number: write digits with an optional sign, point and exponent, at most 28 significant digits"
    )]
    Decimal {
        /// What was given.
        text: String,
    },
    /// A number is outside the range that its use allows.
    #[error("{what} `{value}` is out of range: {allowed}")]
    Range {
        /// What the number is.
        what: &'static str,
        /// What was given.
        value: String,
        /// The allowed range, in words.
        allowed: &'static str,
    },
    /// An arithmetic result does not fit.
    #[error("{what} does not fit into 28 decimal digits")]
    Overflow {
        /// Which computation.
        what: &'static str,
    },
    /// The text is not an instrument name.
    #[error(
        "`{text}` is not an instrument: write [venue:]BASE/QUOTE[:SETTLE], like kraken-futures:BTC/USD:USD or BTC/USDT"
    )]
    InstrumentName {
        /// What was given.
        text: String,
    },
    /// The text is not a currency code.
    #[error("`{text}` is not a currency: 1 to 12 of A-Z and 0-9")]
    Currency {
        /// What was given.
        text: String,
    },
    /// A price or quantity is not a multiple of the step that the instrument trades in.
    #[error("{what} {value} of {instrument} is not a multiple of {step}")]
    Step {
        /// `price` or `quantity`.
        what: &'static str,
        /// The value.
        value: String,
        /// The instrument.
        instrument: String,
        /// The step.
        step: String,
    },
    /// An instrument's rules contradict each other.
    #[error("instrument {instrument}: {rule}")]
    Instrument {
        /// The instrument.
        instrument: String,
        /// The broken rule and the fix.
        rule: String,
    },
    /// Two amounts of different currencies were added or compared.
    #[error("cannot combine {left} and {right}: different currencies")]
    CurrencyMismatch {
        /// One currency.
        left: String,
        /// The other.
        right: String,
    },
    /// An event cannot follow the state an order is in.
    #[error("an order that is {state} cannot be {event}")]
    OrderTransition {
        /// The state's name.
        state: &'static str,
        /// The event's name.
        event: &'static str,
    },
}
