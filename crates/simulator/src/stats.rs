//! What a simulated exchange counted: the honest part of a report.

use std::collections::BTreeMap;

use seawall_model::{Money, RejectReason};

/// Counters of one simulated exchange since it was built.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stats {
    /// By instrument: bars in which the order of events mattered and the candle does not tell it. The worse
    /// order was assumed.
    pub ambiguous_bars: Vec<u64>,
    /// Executions of any kind.
    pub fills: u64,
    /// Positions that the venue liquidated.
    pub liquidations: u64,
    /// Placements refused, by reason.
    pub rejected: BTreeMap<RejectReason, u64>,
    /// Fees paid, positive (negative: rebates).
    pub fees: Money,
    /// Funding received less funding paid.
    pub funding: Money,
}
