//! What it cost, and how long positions were without a stop.

use seawall_model::Money;
use serde::Serialize;

use super::facts::Facts;
use crate::collect::Outcome;
use crate::error::BacktestError;
use crate::run::RunSettings;

/// From the profit at the prices at which entries were decided to what is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Costs {
    /// Profit before costs if every entry had filled at the price at which it was decided.
    pub gross_at_decision_price: Money,
    /// What entries lost on the way from the decision to the fill (negative: they gained): spread, slippage,
    /// latency. Exits have no such price to compare with.
    pub entry_slippage: Money,
    /// Profit before fees and funding.
    pub gross: Money,
    /// Fees paid.
    pub fees: Money,
    /// Funding received (negative: paid).
    pub funding: Money,
    /// Profit after all costs, open trades marked.
    pub net: Money,
}

/// How well positions were protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Protection {
    /// Whether the strategy plans a stop for every position.
    pub stops_planned: bool,
    /// Positions with a stop that the venue confirmed.
    pub positions_with_stop: u64,
    /// Longest time that a position with a planned stop had none confirmed.
    pub naked_max_ms: i64,
    /// Sum of these times; absent where no stop is planned.
    pub naked_total_ms: Option<i64>,
}

/// Adds up what it cost.
pub(super) fn costs(facts: &[Facts<'_>]) -> Result<Costs, BacktestError> {
    let sum =
        |value: fn(&Facts<'_>) -> Money| facts.iter().try_fold(Money::ZERO, |sum, one| sum.plus(value(one)));
    let net = sum(|one| one.trade.pnl)?;
    let fees = sum(|one| one.trade.fees)?;
    let funding = sum(|one| one.trade.funding)?;
    let entry_slippage = sum(|one| one.slippage)?;
    let gross = net.plus(fees)?.minus(funding)?;
    Ok(Costs {
        gross_at_decision_price: gross.plus(entry_slippage)?,
        entry_slippage,
        gross,
        fees,
        funding,
        net,
    })
}

/// Adds up how well positions were protected.
pub(super) fn protection(outcome: &Outcome, settings: &RunSettings) -> Protection {
    let stops_planned = settings.strategy.always_has_stop();
    let nanos = outcome.trades.iter().fold(0_i64, |sum, trade| sum.saturating_add(trade.naked.nanos()));
    Protection {
        stops_planned,
        positions_with_stop: outcome.trades.iter().filter(|one| one.initial_stop.is_some()).count() as u64,
        naked_max_ms: outcome.naked_max.millis(),
        naked_total_ms: stops_planned.then_some(nanos / 1_000_000),
    }
}
