//! Reports of a run: JSON for programs, text for the terminal, one HTML file for the browser.
//!
//! All three show the same [`Metrics`]. Limits come first, returns second, and none of them promises an edge.

pub mod assumptions;
pub mod json;

mod format;
mod table;
mod text;

use std::io::Write;

use crate::collect::Outcome;
use crate::error::BacktestError;
use crate::market::Market;
use crate::metrics::Metrics;
use crate::run::RunSettings;

/// What every report says.
pub const HONEST: &str =
    "No edge is promised. The rules are hypotheses, and this run is one sample of the past.";

/// The report as text, at most 110 columns wide.
#[must_use]
pub fn text(outcome: &Outcome, market: &Market, settings: &RunSettings) -> String {
    match Metrics::new(outcome, market, settings) {
        Ok(metrics) => text::render(outcome, market, settings, &metrics),
        Err(error) => format!("no report: {error}\n"),
    }
}

/// Writes the report as JSON, see [`json`].
///
/// # Errors
/// An amount that does not fit into 28 digits, a writer that fails.
pub fn json(
    outcome: &Outcome,
    market: &Market,
    settings: &RunSettings,
    writer: &mut dyn Write,
) -> Result<(), BacktestError> {
    json::write(outcome, market, settings, writer)
}
