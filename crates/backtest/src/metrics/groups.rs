//! Trades by instrument, by exit reason, by setup and by regime. Each table sums to the profit of the run.

use std::collections::BTreeMap;

use seawall_model::{ModelError, Money};
use serde::Serialize;

use super::facts::Facts;
use super::ratios::{mean, ratio};
use crate::market::Market;

/// What an open trade has for an exit reason.
pub const STILL_OPEN: &str = "open_at_end";

/// One row: some trades with what they have in common.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Group {
    /// What they have in common.
    pub name: String,
    /// How many, open ones included.
    pub trades: u64,
    /// Closed with a profit after costs.
    pub wins: u64,
    /// Closed at zero.
    pub draws: u64,
    /// Closed with a loss after costs.
    pub losses: u64,
    /// Open at the end of the run, marked at the last price.
    pub open: u64,
    /// Share of wins among the closed.
    pub win_rate_pct: Option<f64>,
    /// Profit after costs.
    pub profit_abs: Money,
    /// The same in percent of the initial equity.
    pub profit_total_pct: Option<f64>,
    /// Mean profit of a trade in percent of the value entered with.
    pub profit_avg_pct: Option<f64>,
    /// Mean profit in multiples of the planned risk, over the trades that had one.
    pub r_avg: Option<f64>,
    /// Mean time in the market in seconds.
    pub duration_avg_s: Option<f64>,
    /// Fees paid.
    pub fees: Money,
    /// Funding received (negative: paid).
    pub funding: Money,
}

/// The row of some trades.
///
/// # Errors
/// [`ModelError::Overflow`] where a sum does not fit into 28 digits.
pub fn group(name: &str, facts: &[&Facts<'_>], initial: Money) -> Result<Group, ModelError> {
    let mut row = Group {
        name: name.to_owned(),
        trades: facts.len() as u64,
        wins: 0,
        draws: 0,
        losses: 0,
        open: 0,
        win_rate_pct: None,
        profit_abs: Money::ZERO,
        profit_total_pct: None,
        profit_avg_pct: mean_of(facts, |one| one.profit_pct),
        r_avg: mean_of(facts, |one| one.r),
        duration_avg_s: mean_of(facts, |one| Some(one.duration_s)),
        fees: Money::ZERO,
        funding: Money::ZERO,
    };
    for one in facts {
        let count = match (one.is_open(), one.trade.pnl.cmp(&Money::ZERO)) {
            (true, _) => &mut row.open,
            (false, core::cmp::Ordering::Greater) => &mut row.wins,
            (false, core::cmp::Ordering::Equal) => &mut row.draws,
            (false, core::cmp::Ordering::Less) => &mut row.losses,
        };
        *count += 1;
        row.profit_abs = row.profit_abs.plus(one.trade.pnl)?;
        row.fees = row.fees.plus(one.trade.fees)?;
        row.funding = row.funding.plus(one.trade.funding)?;
    }
    row.win_rate_pct = ratio(row.wins as f64 * 100.0, (row.trades - row.open) as f64);
    row.profit_total_pct = ratio(row.profit_abs.to_f64() * 100.0, initial.to_f64());
    Ok(row)
}

/// One row an instrument, in the order of the market, those without a trade included.
///
/// # Errors
/// [`ModelError::Overflow`] where a sum does not fit into 28 digits.
pub fn by_instrument(facts: &[Facts<'_>], market: &Market, initial: Money) -> Result<Vec<Group>, ModelError> {
    market
        .instruments()
        .iter()
        .map(|instrument| {
            let own: Vec<_> = facts.iter().filter(|one| one.trade.instrument == instrument.id()).collect();
            group(instrument.name().as_str(), &own, initial)
        })
        .collect()
}

/// One row a value of `name`, the most frequent first.
///
/// # Errors
/// [`ModelError::Overflow`] where a sum does not fit into 28 digits.
pub fn by_name(
    facts: &[Facts<'_>],
    initial: Money,
    name: impl Fn(&Facts<'_>) -> &'static str,
) -> Result<Vec<Group>, ModelError> {
    let mut parts: BTreeMap<&'static str, Vec<&Facts<'_>>> = BTreeMap::new();
    for one in facts {
        parts.entry(name(one)).or_default().push(one);
    }
    let rows = parts.iter().map(|(name, own)| group(name, own, initial));
    let mut rows = rows.collect::<Result<Vec<_>, _>>()?;
    rows.sort_by_key(|row| core::cmp::Reverse(row.trades));
    Ok(rows)
}

/// The name of the reason that ended a trade.
#[must_use]
pub fn exit_name(facts: &Facts<'_>) -> &'static str {
    facts.exit_reason().map_or(STILL_OPEN, |reason| reason.name())
}

fn mean_of(facts: &[&Facts<'_>], value: impl Fn(&Facts<'_>) -> Option<f64>) -> Option<f64> {
    let values: Vec<f64> = facts.iter().filter_map(|one| value(one)).collect();
    mean(&values)
}
