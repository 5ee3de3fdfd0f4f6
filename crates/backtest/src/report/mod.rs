//! Reports of a run: JSON for programs, text for the terminal, one HTML file for the browser.
//!
//! All three show the same [`Metrics`]. Limits come first, returns second, and none of them promises an edge.

pub mod assumptions;
pub mod json;

mod format;
mod html;
mod rows;
mod table;
mod text;

use std::io::Write;

use crate::collect::Outcome;
use crate::error::BacktestError;
use crate::market::Market;
use crate::metrics::{Facts, Metrics, facts};
use crate::run::RunSettings;
use format::MoneyFormat;

/// What every report says.
pub const HONEST: &str =
    "No edge is promised. The rules are hypotheses, and this run is one sample of the past.";

/// What a report for people is made from.
struct View<'a> {
    outcome: &'a Outcome,
    market: &'a Market,
    settings: &'a RunSettings,
    metrics: &'a Metrics,
    facts: &'a [Facts<'a>],
    money: &'a MoneyFormat,
}

/// The report as text, at most 110 columns wide.
#[must_use]
pub fn text(outcome: &Outcome, market: &Market, settings: &RunSettings) -> String {
    with_view(outcome, market, settings, |view| Ok(text::render(view)))
        .unwrap_or_else(|error| format!("no report: {error}\n"))
}

/// The report as one HTML file that needs nothing else.
///
/// # Errors
/// An amount that does not fit into 28 digits, a trade of an unknown instrument.
pub fn html(outcome: &Outcome, market: &Market, settings: &RunSettings) -> Result<String, BacktestError> {
    with_view(outcome, market, settings, html::render)
}

/// Writes the report as JSON, see [`mod@json`].
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

fn with_view(
    outcome: &Outcome,
    market: &Market,
    settings: &RunSettings,
    render: impl FnOnce(&View<'_>) -> Result<String, BacktestError>,
) -> Result<String, BacktestError> {
    let facts = facts::all(&outcome.trades, market)?;
    let metrics = Metrics::from_facts(outcome, market, settings, &facts)?;
    let money = MoneyFormat::new(assumptions::currency(market), outcome.initial_equity);
    let view = View { outcome, market, settings, metrics: &metrics, facts: &facts, money: &money };
    render(&view)
}
