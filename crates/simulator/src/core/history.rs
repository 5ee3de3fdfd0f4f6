//! The venue's memory of ended orders, so that a client id is not taken twice and a question about an order
//! that is over has an answer.
//!
//! A ring over the sequence numbers of client ids: it remembers the last [`REMEMBERED`] of a run. A venue's
//! own memory is bounded too.

use seawall_model::{ClientOrderId, Coverage, OrderRef, VenueOrder};

/// How many ended orders are remembered.
pub(crate) const REMEMBERED: usize = 1_024;

/// Ended orders by client id.
#[derive(Debug, Clone)]
pub(super) struct History {
    slots: Vec<Option<VenueOrder>>,
}

impl History {
    pub(super) fn new() -> Self {
        History { slots: vec![None; REMEMBERED] }
    }

    /// Takes in an order that ended.
    pub(super) fn record(&mut self, order: VenueOrder) {
        if let Some(id) = order.order.map(|order| order.id)
            && let Some(slot) = self.slots.get_mut(place(id))
        {
            *slot = Some(order);
        }
    }

    /// Whether an order with this id ended.
    pub(super) fn contains(&self, id: ClientOrderId) -> bool {
        self.slot(id).and_then(|order| order.order).is_some_and(|order| order.id == id)
    }

    /// The ended order, and whether its absence proves anything: not where it may have been forgotten.
    pub(super) fn find(&self, order: OrderRef) -> (Coverage, Option<VenueOrder>) {
        match self.slot(order.id) {
            Some(found) if found.order == Some(order) => (Coverage::Complete, Some(*found)),
            Some(found) if found.order.is_some_and(|later| is_later(later.id, order.id)) => {
                (Coverage::Failed, None)
            }
            Some(_) | None => (Coverage::Complete, None),
        }
    }

    fn slot(&self, id: ClientOrderId) -> Option<&VenueOrder> {
        self.slots.get(place(id)).and_then(Option::as_ref)
    }
}

fn place(id: ClientOrderId) -> usize {
    usize::try_from(id.sequence).unwrap_or(0) % REMEMBERED
}

fn is_later(later: ClientOrderId, id: ClientOrderId) -> bool {
    later.run == id.run && later.sequence > id.sequence
}
