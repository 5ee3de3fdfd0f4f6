//! Which orders are ours: our names and the venue's names for them, and what was asked of the venue.
//!
//! A venue's message may name an order by its own id alone, or leave out what we know (that a limit order
//! was post-only). Invariants: an id belongs to one order for good; ended orders are remembered up to a
//! bound, open ones are never forgotten.

use std::collections::{BTreeMap, VecDeque};

use seawall_model::{
    ClientOrderId, OrderKind, OrderRef, OrderRequest, OrderRole, QtyUnits, Ts, VenueId, VenueOrder,
};

/// Ended orders that are remembered; the oldest are forgotten first.
pub const ENDED_MAX: usize = 1_024;

/// The id space that an order's venue id is of. Most venues have one; Binance has a second one for orders
/// that wait for a trigger, and the order that results from one gets an id of the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum IdSpace {
    /// Orders in the book.
    Orders,
    /// Orders that wait for a trigger, where they are numbered apart.
    Conditional,
}

/// What is known of an order of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// Instrument and our id.
    pub order: OrderRef,
    /// The venue's id, once it has told it.
    pub venue_id: Option<(IdSpace, VenueId)>,
    /// Why it was placed; unknown for an order of an earlier run of the process.
    pub role: Option<OrderRole>,
    /// Total quantity.
    pub qty: QtyUnits,
    /// Filled so far, as far as fills were seen.
    pub filled: QtyUnits,
    /// Kind and prices.
    pub kind: OrderKind,
    /// When it was handed over; unknown for an order of an earlier run of the process.
    pub placed_at: Option<Ts>,
    /// Whether it has ended.
    pub ended: bool,
}

/// Our orders at one venue.
#[derive(Debug, Clone, Default)]
pub struct OrderIndex {
    by_client: BTreeMap<ClientOrderId, Known>,
    by_venue: BTreeMap<(IdSpace, VenueId), ClientOrderId>,
    ended: VecDeque<ClientOrderId>,
}

impl OrderIndex {
    /// An order is handed over, or once more after the venue has refused it for a while: it counts as open
    /// again then.
    pub fn placed(&mut self, at: Ts, request: &OrderRequest) {
        let known = Known {
            order: request.order,
            venue_id: None,
            role: Some(request.role),
            qty: request.qty,
            filled: QtyUnits::ZERO,
            kind: request.kind,
            placed_at: Some(at),
            ended: false,
        };
        let id = request.order.id;
        if self.by_client.entry(id).or_insert(known).ended {
            self.ended.retain(|ended| *ended != id);
            self.by_client.insert(id, known);
        }
    }

    /// The venue's id of an order of ours.
    pub fn learn_id(&mut self, id: ClientOrderId, space: IdSpace, venue_id: VenueId) {
        if let Some(known) = self.by_client.get_mut(&id) {
            known.venue_id = Some((space, venue_id));
            self.by_venue.insert((space, venue_id), id);
        }
    }

    /// A row of the venue about an order: teaches us what we did not know of one of ours.
    pub fn learn_row(&mut self, row: &VenueOrder) {
        let Some(order) = row.order else { return };
        self.by_client
            .entry(order.id)
            .and_modify(|known| {
                known.qty = row.qty;
                known.kind = row.kind;
            })
            .or_insert(Known {
                order,
                venue_id: None,
                role: None,
                qty: row.qty,
                filled: row.filled,
                kind: row.kind,
                placed_at: None,
                ended: false,
            });
        self.learn_id(order.id, IdSpace::Orders, row.venue_order_id);
        if !row.state.is_live() {
            self.end(order.id);
        }
    }

    /// An order was changed.
    pub fn amended(&mut self, id: ClientOrderId, qty: QtyUnits, kind: OrderKind) {
        if let Some(known) = self.by_client.get_mut(&id) {
            known.qty = qty;
            known.kind = kind;
        }
    }

    /// Some of an order filled.
    pub fn filled(&mut self, id: ClientOrderId, qty: QtyUnits) {
        let Some(known) = self.by_client.get_mut(&id) else { return };
        known.filled = known.filled.plus(qty);
        if known.filled >= known.qty {
            self.end(id);
        }
    }

    /// An order has ended; it is remembered for late messages, up to a bound.
    pub fn end(&mut self, id: ClientOrderId) {
        let Some(known) = self.by_client.get_mut(&id) else { return };
        if core::mem::replace(&mut known.ended, true) {
            return;
        }
        self.ended.push_back(id);
        if self.ended.len() > ENDED_MAX {
            let oldest = self.ended.pop_front().and_then(|oldest| self.by_client.remove(&oldest));
            if let Some(key) = oldest.and_then(|oldest| oldest.venue_id) {
                self.by_venue.remove(&key);
            }
        }
    }

    /// By our id.
    #[must_use]
    pub fn get(&self, id: ClientOrderId) -> Option<&Known> {
        self.by_client.get(&id)
    }

    /// By the venue's id.
    #[must_use]
    pub fn find(&self, space: IdSpace, venue_id: &VenueId) -> Option<&Known> {
        self.by_client.get(self.by_venue.get(&(space, *venue_id))?)
    }

    /// By what a message says: our id's text if it is one of ours, else the venue's id.
    #[must_use]
    pub fn resolve(&self, client_text: Option<&str>, venue_id: Option<&VenueId>) -> Option<&Known> {
        let by_client = client_text.and_then(ClientOrderId::from_wire).and_then(|id| self.get(id));
        by_client.or_else(|| self.find(IdSpace::Orders, venue_id?))
    }

    /// The orders that have not ended, by our id.
    pub fn open(&self) -> impl Iterator<Item = &Known> {
        self.by_client.values().filter(|known| !known.ended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seawall_model::{InstrumentId, PriceUnits, Side, TimeInForce};

    fn request(sequence: u32) -> OrderRequest {
        OrderRequest {
            order: OrderRef { instrument: InstrumentId(0), id: ClientOrderId { run: 7, sequence } },
            role: OrderRole::Entry,
            side: Side::Buy,
            qty: QtyUnits::new(10),
            kind: OrderKind::Limit { price: PriceUnits::new(5), time_in_force: TimeInForce::PostOnly },
            reduce_only: false,
        }
    }

    fn id(text: &str) -> VenueId {
        VenueId::Text(arrayvec::ArrayString::from(text).unwrap())
    }

    #[test]
    fn an_order_is_found_by_either_name() {
        let mut orders = OrderIndex::default();
        let first = request(1);
        orders.placed(Ts::EPOCH, &first);
        orders.learn_id(first.order.id, IdSpace::Orders, id("OABC"));
        let ours = first.order.id.wire();
        assert_eq!(orders.resolve(Some(&ours), None).map(|known| known.order), Some(first.order));
        assert_eq!(orders.resolve(None, Some(&id("OABC"))).map(|known| known.order), Some(first.order));
        assert!(orders.resolve(Some("bot-17"), Some(&id("OXYZ"))).is_none());
        assert!(orders.find(IdSpace::Conditional, &id("OABC")).is_none(), "another id space");
    }

    #[test]
    fn an_order_that_is_given_again_after_a_refusal_is_open_and_never_forgotten() {
        let mut orders = OrderIndex::default();
        let first = request(1);
        orders.placed(Ts::EPOCH, &first);
        orders.end(first.order.id);
        assert_eq!(orders.open().count(), 0);
        orders.placed(Ts::EPOCH, &first);
        orders.learn_id(first.order.id, IdSpace::Orders, id("OABC"));
        assert_eq!(orders.open().count(), 1);
        for sequence in 2..=3_000 {
            let next = request(sequence);
            orders.placed(Ts::EPOCH, &next);
            orders.end(next.order.id);
        }
        assert!(orders.find(IdSpace::Orders, &id("OABC")).is_some_and(|known| !known.ended));
    }

    #[test]
    fn ended_orders_are_forgotten_from_the_oldest_and_open_ones_never() {
        let mut orders = OrderIndex::default();
        for sequence in 1..=3_000 {
            let next = request(sequence);
            orders.placed(Ts::EPOCH, &next);
            orders.learn_id(next.order.id, IdSpace::Orders, id(&format!("O{sequence}")));
            if sequence > 1 {
                orders.end(next.order.id);
                orders.end(next.order.id);
            }
        }
        assert_eq!(orders.by_client.len(), ENDED_MAX + 1);
        assert_eq!(orders.by_venue.len(), ENDED_MAX + 1);
        assert_eq!(orders.open().count(), 1);
        assert!(orders.find(IdSpace::Orders, &id("O2")).is_none());
        assert!(orders.find(IdSpace::Orders, &id("O3000")).is_some());
    }
}
