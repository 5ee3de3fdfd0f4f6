//! What a step produces. The caller owns the buffers and hands them in again: after warm-up nothing is
//! allocated for a step that decides nothing new.

use seawall_model::{Alert, Decision, Fill, OrderUpdate, Trade, VenueRequest};

/// The effects of one step, by kind; within a kind in the order in which they happened.
#[derive(Debug, Default)]
pub struct Effects {
    /// Requests to carry out in this order, after the intents among them are on disk.
    pub requests: Vec<VenueRequest>,
    /// Changes in the lives of orders.
    pub orders: Vec<OrderUpdate>,
    /// Fills that were counted; repetitions are not among them.
    pub fills: Vec<Fill>,
    /// Trades that were completed.
    pub trades: Vec<Trade>,
    /// Messages for the operator.
    pub alerts: Vec<Alert>,
    decisions: Vec<Decision>,
    decided: usize,
}

impl Effects {
    /// Empty buffers.
    #[must_use]
    pub fn new() -> Self {
        Effects::default()
    }

    /// The decision records of the step.
    #[must_use]
    pub fn decisions(&self) -> &[Decision] {
        self.decisions.get(..self.decided).unwrap_or_default()
    }

    /// Whether the step produced nothing but decisions.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.requests.is_empty()
            && self.orders.is_empty()
            && self.fills.is_empty()
            && self.trades.is_empty()
            && self.alerts.is_empty()
    }

    /// Forgets the last step, keeps the memory.
    #[inline]
    pub fn clear(&mut self) {
        self.decided = 0;
        if !self.is_quiet() {
            self.requests.clear();
            self.orders.clear();
            self.fills.clear();
            self.trades.clear();
            self.alerts.clear();
        }
    }

    /// Makes `decision` part of the step and hands back an old record whose memory can be used again.
    #[inline]
    pub(crate) fn keep_decision(&mut self, decision: &mut Decision) {
        match self.decisions.get_mut(self.decided) {
            Some(slot) => core::mem::swap(slot, decision),
            None => self.decisions.push(core::mem::replace(decision, Decision::empty())),
        }
        self.decided += 1;
    }
}
