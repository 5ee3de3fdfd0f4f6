//! Many runs over one market on all cores. The candles are shared and read-only; results come in the order of
//! the settings, whatever the number of threads.

use rayon::prelude::*;

use crate::collect::Outcome;
use crate::error::BacktestError;
use crate::market::Market;
use crate::run::{RunSettings, run};

/// Runs every setting over the market, in parallel on the current rayon pool.
///
/// # Errors
/// The first (in the order of the settings) run that failed.
pub fn sweep(market: &Market, settings: &[RunSettings]) -> Result<Vec<Outcome>, BacktestError> {
    settings.par_iter().map(|settings| run(market, settings, &mut |_| {})).collect()
}
