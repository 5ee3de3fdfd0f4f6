//! The orders of one instrument: a small bounded book of live and recently ended orders.
//!
//! Invariants: an order's state moves only through [`OrderState::after`]; a filled quantity never shrinks;
//! the book never drops a live order.

use seawall_model::{
    ClientOrderId, InstrumentId, OrderEvent, OrderKind, OrderRequest, OrderState, OrderUpdate, QtyUnits,
    Side, Span, StateSink, Ts,
};
use serde::{Deserialize, Serialize};

use std::collections::VecDeque;

use crate::limits::ENDED_ORDERS_REMEMBERED;
use crate::mutant::Mutant;

/// An amendment that the venue has not answered yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Amendment {
    pub(crate) qty: QtyUnits,
    pub(crate) kind: OrderKind,
    pub(crate) since: Ts,
}

/// One order with what we know of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) request: OrderRequest,
    pub(crate) state: OrderState,
    pub(crate) filled: QtyUnits,
    pub(crate) placed_at: Ts,
    /// When it is given up (entries with a time limit).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expires_at: Option<Ts>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cancel_sent: Option<Ts>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) amendment: Option<Amendment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) triggered_at: Option<Ts>,
    /// Next query while the outcome is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) query_at: Option<Ts>,
    pub(crate) queries: u32,
    /// When the venue last told something new about it, by our own clock.
    pub(crate) changed_at: Ts,
    /// When it was last asked for by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) asked_at: Option<Ts>,
    /// What the venue has reported as filled before the fills themselves came in; zero where nothing is
    /// missing.
    pub(crate) reported: QtyUnits,
}

impl Order {
    pub(crate) fn new(request: OrderRequest, at: Ts, expires_at: Option<Ts>) -> Self {
        Order {
            request,
            state: OrderState::InFlight,
            filled: QtyUnits::ZERO,
            placed_at: at,
            expires_at,
            cancel_sent: None,
            amendment: None,
            triggered_at: None,
            query_at: None,
            queries: 0,
            changed_at: at,
            asked_at: None,
            reported: QtyUnits::ZERO,
        }
    }

    pub(crate) fn id(&self) -> ClientOrderId {
        self.request.order.id
    }

    /// Time since it was placed.
    pub(crate) fn lived(&self, at: Ts) -> Span {
        at.since(self.placed_at)
    }

    /// When its cancellation is due: asked for and not answered, or given up by its own time.
    pub(crate) fn cancel_due(&self, patience: Span) -> Option<Ts> {
        self.cancel_sent.map_or(self.expires_at, |sent| Some(sent.plus(patience)))
    }

    /// What can still fill.
    pub(crate) fn remaining(&self) -> QtyUnits {
        if self.state.is_live() {
            self.request.qty.minus(self.filled).max(QtyUnits::ZERO)
        } else {
            QtyUnits::ZERO
        }
    }

    /// What has filled at the venue and has not come in yet.
    pub(crate) fn missing(&self) -> QtyUnits {
        self.reported.minus(self.filled).max(QtyUnits::ZERO)
    }

    pub(crate) fn update(&self, at: Ts) -> OrderUpdate {
        OrderUpdate {
            at,
            order: self.request.order,
            role: self.request.role,
            side: self.request.side,
            qty: self.request.qty,
            filled: self.filled,
            kind: self.request.kind,
            reduce_only: self.request.reduce_only,
            state: self.state,
        }
    }

    /// Moves the state; `false` for an event that cannot follow, which leaves the order as it is.
    pub(crate) fn apply(&mut self, event: OrderEvent) -> bool {
        match self.state.after(event) {
            Ok(next) => {
                self.state = next;
                if next != OrderState::Unknown {
                    self.query_at = None;
                    self.queries = 0;
                }
                if !next.is_live() {
                    self.amendment = None;
                    self.expires_at = None;
                }
                true
            }
            Err(_) => false,
        }
    }

    fn digest(&self, sink: &mut dyn StateSink) {
        sink.number(u64::from(self.id().sequence));
        sink.bytes(self.request.role.name().as_bytes());
        sink.bytes(self.request.side.name().as_bytes());
        sink.bytes(self.request.kind.name().as_bytes());
        sink.signed(self.request.kind.limit().map_or(0, |price| price.get()));
        sink.signed(self.request.kind.trigger().map_or(0, |trigger| trigger.price.get()));
        sink.bytes(self.request.kind.trigger().map_or("", |trigger| trigger.source.name()).as_bytes());
        sink.signed(self.request.qty.get());
        sink.number(u64::from(self.request.reduce_only));
        sink.bytes(self.state.name().as_bytes());
        sink.signed(self.filled.get());
        sink.signed(self.placed_at.nanos());
        let times = [self.expires_at, self.cancel_sent, self.triggered_at, self.query_at, self.asked_at];
        for time in times.into_iter().chain([Some(self.changed_at)]) {
            sink.signed(time.map_or(i64::MIN, Ts::nanos));
        }
        sink.number(u64::from(self.queries));
        sink.signed(self.reported.get());
        if let Some(amendment) = self.amendment {
            sink.signed(amendment.qty.get());
            sink.signed(amendment.since.nanos());
        }
    }
}

/// The orders of one instrument: live ones, and the most recently ended ones for late facts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Orders {
    live: Vec<Order>,
    ended: VecDeque<Order>,
}

impl Orders {
    pub(crate) fn new() -> Self {
        Orders {
            live: Vec::with_capacity(ENDED_ORDERS_REMEMBERED),
            ended: VecDeque::with_capacity(ENDED_ORDERS_REMEMBERED),
        }
    }

    /// Adds a live order. Refusing a protective order is worse than memory, so there is no bound here; the
    /// `capacity` gate keeps entries from using it up.
    pub(crate) fn add(&mut self, order: Order) {
        self.live.push(order);
    }

    /// Orders that can act at the venue, oldest first.
    pub(crate) fn live(&self) -> impl Iterator<Item = &Order> {
        self.live.iter()
    }

    /// The most recently ended ones, oldest first.
    pub(crate) fn ended(&self) -> impl ExactSizeIterator<Item = &Order> {
        self.ended.iter()
    }

    /// The orders of an earlier process.
    pub(crate) fn restored(live: impl Iterator<Item = Order>, ended: impl Iterator<Item = Order>) -> Self {
        let mut orders = Orders::new();
        orders.live.extend(live);
        orders.ended.extend(ended);
        orders
    }

    pub(crate) fn live_count(&self) -> usize {
        self.live.len()
    }

    /// Live orders, and the most recently ended ones.
    pub(crate) fn remembered(&self) -> impl Iterator<Item = &Order> {
        self.live.iter().chain(&self.ended)
    }

    pub(crate) fn get(&self, id: ClientOrderId) -> Option<&Order> {
        self.live.iter().chain(&self.ended).find(|order| order.id() == id)
    }

    /// Changes an order through `change`; one that ended moves to the remembered ones.
    pub(crate) fn change<R>(&mut self, id: ClientOrderId, change: impl FnOnce(&mut Order) -> R) -> Option<R> {
        if let Some(position) = self.live.iter().position(|order| order.id() == id) {
            let order = self.live.get_mut(position)?;
            let result = change(order);
            if !order.state.is_live() {
                let order = self.live.remove(position);
                if self.ended.len() >= ENDED_ORDERS_REMEMBERED {
                    self.ended.pop_front();
                }
                self.ended.push_back(order);
            }
            return Some(result);
        }
        // An ended order never becomes live again, so it stays where it is.
        self.ended.iter_mut().rev().find(|order| order.id() == id).map(change)
    }

    /// The worst case that live orders can add on `side`: everything that is open, in flight or unknown.
    pub(crate) fn increasing(&self, side: Side) -> QtyUnits {
        self.live
            .iter()
            .filter(|order| !order.request.reduce_only && order.request.side == side)
            .filter(|order| order.state != OrderState::Unknown || !Mutant::UnknownExposureForgotten.is_on())
            .fold(QtyUnits::ZERO, |sum, order| sum.plus(order.remaining()))
    }

    /// What ended orders have added on `side` without the fills having come in.
    pub(crate) fn missing(&self, side: Side) -> QtyUnits {
        self.ended
            .iter()
            .filter(|order| !order.request.reduce_only && order.request.side == side)
            .fold(QtyUnits::ZERO, |sum, order| sum.plus(order.missing()))
    }

    /// The position has been compared with the venue's: what was missing is in it.
    pub(crate) fn settle_missing(&mut self) {
        for order in self.live.iter_mut().chain(&mut self.ended) {
            order.reported = QtyUnits::ZERO;
        }
    }

    pub(crate) fn digest(&self, instrument: InstrumentId, sink: &mut dyn StateSink) {
        sink.number(u64::from(instrument.0));
        sink.number(self.live.len() as u64);
        for order in self.live.iter().chain(&self.ended) {
            order.digest(sink);
        }
    }
}
