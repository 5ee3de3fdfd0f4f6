//! A backtest on quotes, as a paper run has them: the exchange lives on the quotes, and the engine is told
//! each of them beside its candles.
//!
//! With the engine's setup of a paper run, one data set and a fixed latency this is the paper run, bit for
//! bit: the loop is the one of every backtest, and only what shows the market to the exchange differs.

use seawall_engine::{Engine, Setup};
use seawall_model::{InstrumentId, PriceUnits, Ts};

use crate::collect::Outcome;
use crate::error::BacktestError;
use crate::market::Market;
use crate::run::{RunSettings, run_with};

/// Bid and ask of one instrument, from `at` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quote {
    /// When.
    pub at: Ts,
    /// Of which instrument.
    pub instrument: InstrumentId,
    /// The best bid.
    pub bid: PriceUnits,
    /// The best ask.
    pub ask: PriceUnits,
}

/// Runs an engine of `setup` over the market's candles and over `quotes`, in order of time. What of
/// `settings` shapes an engine is not looked at; of what falls on one instant candles come first.
///
/// # Errors
/// As for [`crate::run()`].
pub fn run_quoted(
    market: &Market,
    quotes: &[Quote],
    settings: &RunSettings,
    setup: Setup,
) -> Result<Outcome, BacktestError> {
    run_with((market, quotes), settings, |_| Engine::new(setup), &mut |_| {})
}
