//! Requests as they arrive at the venue: each is answered, none is repeated.

use rust_decimal::Decimal;
use seawall_model::{
    CancelReason, OrderKind, OrderRef, OrderRequest, OrderState, QtyUnits, RejectReason, Side, TimeInForce,
    Ts, VenueEvent, VenueId,
};

use super::book::{Stage, Working};
use super::desk::Desk;
use super::market::{Market, ORDERS_MAX};
use super::matching::Wake;
use super::rules::added;

/// A change asked for an open order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Amendment {
    pub(super) order: OrderRef,
    pub(super) qty: QtyUnits,
    pub(super) kind: OrderKind,
}

impl Market {
    /// Takes or refuses a placement, and lets it act on a price that one can trade at.
    pub(super) fn place(&mut self, at: Ts, request: OrderRequest, free: Option<Decimal>, desk: &mut Desk) {
        let looks_back = self.looks_back(&request);
        let mut order = Working {
            request,
            number: 0,
            filled: QtyUnits::ZERO,
            stage: Stage::Waiting,
            triggered: false,
            reduces: request.reduce_only || self.terms.is_spot && request.side == Side::Sell,
            watch: None,
            round: self.round,
        };
        if let Err(reason) = self.check_placement(&order, looks_back, free) {
            desk.history.record(order.report(OrderState::Rejected));
            desk.reject(at, request.order, reason);
            return;
        }
        desk.orders += 1;
        order.number = desk.orders;
        order.enter(first_stage(request.kind), desk.limit_fill);
        let venue_order_id = VenueId::Number(order.number);
        desk.emit(at, self.id(), VenueEvent::Accepted { order: request.order, venue_order_id });
        let index = self.orders.len();
        self.orders.push(order);
        if looks_back && let Some(trigger) = request.kind.trigger() {
            self.count_ambiguous(desk);
            self.wake(index, Wake { at, price: trigger.price, close: Some(self.last) }, desk);
        } else if order.stage == Stage::Waiting && self.is_trading() {
            self.take_waiting(index, at, desk);
        }
        self.refresh(desk);
    }

    fn check_placement(
        &self,
        order: &Working,
        looks_back: bool,
        free: Option<Decimal>,
    ) -> Result<(), RejectReason> {
        let request = &order.request;
        self.check_shape(request)?;
        if !looks_back {
            self.check_price(request)?;
        }
        self.check_position(request)?;
        if self.orders.len() >= ORDERS_MAX {
            return Err(RejectReason::RateLimited);
        }
        if order.reduces {
            return Ok(());
        }
        self.check_funds(request, request.qty, free)
    }

    /// Changes an order in place, or refuses and leaves it as it is.
    pub(super) fn amend(&mut self, at: Ts, change: Amendment, free: Option<Decimal>, desk: &mut Desk) {
        let Amendment { order: name, qty, kind } = change;
        let Some(index) = self.place_of(name) else {
            let reason = RejectReason::OrderNotFound;
            desk.emit(at, self.id(), VenueEvent::AmendRejected { order: name, reason });
            return;
        };
        if let Err(reason) = self.check_amendment(index, change, free) {
            desk.emit(at, self.id(), VenueEvent::AmendRejected { order: name, reason });
            return;
        }
        let Some(order) = self.orders.get_mut(index) else { return };
        order.request.qty = qty;
        order.request.kind = kind;
        let stage = match (order.stage, kind) {
            // New terms may be met by the known price: have them examined as those of a new order.
            (Stage::Resting, OrderKind::Limit { time_in_force: TimeInForce::GoodTilCancelled, .. }) => {
                Stage::Waiting
            }
            (stage, _) => stage,
        };
        order.enter(stage, desk.limit_fill);
        let is_used_up = order.remaining().get() <= 0;
        desk.emit(at, self.id(), VenueEvent::Amended { order: name, qty, kind });
        if is_used_up {
            self.cancel(index, at, CancelReason::Requested, desk);
        } else if stage == Stage::Waiting && self.is_trading() {
            self.take_waiting(index, at, desk);
        }
        self.refresh(desk);
    }

    fn check_amendment(
        &self,
        index: usize,
        change: Amendment,
        free: Option<Decimal>,
    ) -> Result<(), RejectReason> {
        let Some(order) = self.orders.get(index) else { return Err(RejectReason::OrderNotFound) };
        let request = OrderRequest { qty: change.qty, kind: change.kind, ..order.request };
        if !Market::is_same_kind(order.request.kind, change.kind) {
            return Err(RejectReason::NotSupported);
        }
        if change.qty < order.filled {
            return Err(RejectReason::InvalidQuantity);
        }
        self.check_shape(&request)?;
        if order.stage != Stage::Waiting && !order.triggered {
            self.check_price(&request)?;
        }
        self.check_position(&request)?;
        if order.reduces {
            return Ok(());
        }
        self.check_funds(&request, added(change.qty, order.request.qty), free)
    }

    /// Ends an order on request.
    pub(super) fn cancel_requested(&mut self, at: Ts, order: OrderRef, desk: &mut Desk) {
        match self.place_of(order) {
            Some(index) => {
                self.cancel(index, at, CancelReason::Requested, desk);
                self.refresh(desk);
            }
            None => {
                let reason = RejectReason::OrderNotFound;
                desk.emit(at, self.id(), VenueEvent::CancelRejected { order, reason });
            }
        }
    }
}

fn first_stage(kind: OrderKind) -> Stage {
    match kind {
        OrderKind::Market
        | OrderKind::Limit {
            time_in_force: TimeInForce::GoodTilCancelled | TimeInForce::ImmediateOrCancel,
            ..
        } => Stage::Waiting,
        OrderKind::Limit { time_in_force: TimeInForce::PostOnly, .. } => Stage::Resting,
        OrderKind::StopMarket { .. }
        | OrderKind::StopLimit { .. }
        | OrderKind::TakeProfitMarket { .. }
        | OrderKind::TakeProfitLimit { .. } => Stage::Armed,
    }
}
