//! What a step produces. The caller owns the buffers and hands them in again: after warm-up nothing is
//! allocated for a step that decides nothing new.

use seawall_model::{
    Alert, Decision, ExitReason, Fill, InstrumentId, OrderUpdate, PriceUnits, ShadowOutcome, Trade, Ts,
    VenueRequest,
};

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
    /// Refused plans of which it is now known what they would have made.
    pub shadows: Vec<ShadowOutcome>,
    decisions: Vec<Decision>,
    decided: usize,
    noted: usize,
    spare: Option<Decision>,
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
            && self.shadows.is_empty()
    }

    /// Forgets the last step, keeps the memory.
    #[inline]
    pub fn clear(&mut self) {
        self.decided = 0;
        self.noted = 0;
        if !self.is_quiet() {
            self.requests.clear();
            self.orders.clear();
            self.fills.clear();
            self.trades.clear();
            self.alerts.clear();
            self.shadows.clear();
        }
    }

    /// The decision records since the last call in this step.
    #[inline]
    pub(crate) fn new_decisions(&mut self) -> &[Decision] {
        let from = core::mem::replace(&mut self.noted, self.decided);
        self.decisions.get(from..self.decided).unwrap_or_default()
    }

    /// A decision record to fill in, reset. It counts only after [`Self::keep_draft`]; until then the same
    /// one is handed out again.
    #[inline]
    pub(crate) fn draft(&mut self, instrument: InstrumentId, at: Ts, price: PriceUnits) -> &mut Decision {
        if self.decisions.len() == self.decided {
            self.decisions.push(Decision::empty());
        }
        let draft = match self.decisions.get_mut(self.decided) {
            Some(draft) => draft,
            // Cannot happen after the push; a spare record keeps this free of panics.
            None => self.spare.get_or_insert_with(Decision::empty),
        };
        draft.reset(instrument, at, price);
        draft
    }

    /// Makes the draft part of the step.
    #[inline]
    pub(crate) fn keep_draft(&mut self) {
        self.decided = (self.decided + 1).min(self.decisions.len());
    }

    /// Notes on the last decision, if it is about `id`, that the position is being closed by its candle.
    pub(crate) fn note_exit(&mut self, id: InstrumentId, reason: ExitReason) {
        let last = self.decided.checked_sub(1).and_then(|last| self.decisions.get_mut(last));
        if let Some(decision) = last.filter(|decision| decision.instrument == id) {
            decision.exit.get_or_insert(reason);
        }
    }

    /// Takes the draft out, to fill it in while other effects are added; [`Self::keep`] brings it back.
    pub(crate) fn take_draft(&mut self) -> Decision {
        self.decisions
            .get_mut(self.decided)
            .map_or_else(Decision::empty, |draft| core::mem::replace(draft, Decision::empty()))
    }

    /// Makes a record that was taken out part of the step.
    pub(crate) fn keep(&mut self, decision: Decision) {
        if let Some(slot) = self.decisions.get_mut(self.decided) {
            *slot = decision;
        } else {
            self.decisions.push(decision);
        }
        self.decided += 1;
    }
}
