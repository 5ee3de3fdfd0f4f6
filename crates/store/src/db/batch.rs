//! What the writer takes at once.

use seawall_model::{
    Alert, Decision, Fill, InstrumentId, Money, OrderUpdate, PriceUnits, QtyUnits, ShadowOutcome, Trade, Ts,
};

/// The account's equity at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EquityPoint {
    /// When.
    pub at: Ts,
    /// Cash plus open positions at the mark.
    pub equity: Money,
}

/// The position of one instrument as it is now, with its protection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PositionState {
    /// As of when.
    pub at: Ts,
    /// Which instrument.
    pub instrument: InstrumentId,
    /// Signed quantity; zero when flat.
    pub qty: QtyUnits,
    /// Where the stop rests, if there is one.
    pub stop: Option<PriceUnits>,
    /// Whether confirmed stops cover all of it.
    pub protected: bool,
    /// Whether it is uncovered and a deadline is running.
    pub escalating: bool,
    /// When the stop was last proven at the venue.
    pub proven_at: Option<Ts>,
    /// Profit or loss at the mark, before fees.
    pub unrealised: Money,
}

/// Rows to record in one transaction, each list in the order in which things happened. Reuse it with
/// [`Self::clear`]: it keeps its memory.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Batch {
    /// Changes in the lives of orders.
    pub orders: Vec<OrderUpdate>,
    /// Fills.
    pub fills: Vec<Fill>,
    /// Trades, closed or open; a later record of the same trade replaces the earlier one.
    pub trades: Vec<Trade>,
    /// Decision records.
    pub decisions: Vec<Decision>,
    /// What refused plans would have made.
    pub shadows: Vec<ShadowOutcome>,
    /// Points of the equity curve.
    pub equity: Vec<EquityPoint>,
    /// Messages for the operator.
    pub alerts: Vec<Alert>,
    /// Positions as they are now.
    pub positions: Vec<PositionState>,
}

impl Batch {
    /// Whether there is nothing to record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.orders.len()
            + self.fills.len()
            + self.trades.len()
            + self.decisions.len()
            + self.shadows.len()
            + self.equity.len()
            + self.alerts.len()
            + self.positions.len()
    }

    /// Makes it ready for the next rows.
    pub fn clear(&mut self) {
        self.orders.clear();
        self.fills.clear();
        self.trades.clear();
        self.decisions.clear();
        self.shadows.clear();
        self.equity.clear();
        self.alerts.clear();
        self.positions.clear();
    }
}
