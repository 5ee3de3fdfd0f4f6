//! The order gateway: approved plans become orders and requests here, and nowhere else.

use seawall_model::{
    Alert, AlertKind, ClientOrderId, InstrumentId, OrderKind, OrderRef, OrderRequest, OrderRole, QtyUnits,
    Severity, Ts, VenueRequest,
};

use crate::desk::Desk;
use crate::effects::Effects;
use crate::mutant::Mutant;
use crate::orders::{Amendment, Order};
use crate::risk::{Approved, Plan};
use crate::shared::Shared;

/// Places an approved order: gives it an id, books it as in flight and emits the request.
pub(crate) fn place(
    desk: &mut Desk,
    shared: &mut Shared,
    at: Ts,
    approved: Approved<Plan>,
    effects: &mut Effects,
) -> ClientOrderId {
    submit(desk, shared, at, approved.into_inner(), effects)
}

/// A bug to be found: the same intention under another id.
#[cfg(feature = "mutants")]
pub(crate) fn place_again(
    desk: &mut Desk,
    shared: &mut Shared,
    at: Ts,
    id: ClientOrderId,
    effects: &mut Effects,
) {
    let Some(order) = desk.orders.get(id) else { return };
    let OrderRequest { role, side, qty, kind, reduce_only, .. } = order.request;
    let plan = Plan { role, side, qty, kind, reduce_only, expires_at: order.expires_at };
    let _: ClientOrderId = submit(desk, shared, at, plan, effects);
}

fn submit(desk: &mut Desk, shared: &mut Shared, at: Ts, plan: Plan, effects: &mut Effects) -> ClientOrderId {
    let id = ClientOrderId { run: shared.run, sequence: shared.next_sequence };
    shared.next_sequence = shared.next_sequence.saturating_add(1);
    let request = OrderRequest {
        order: OrderRef { instrument: desk.instrument.id(), id },
        role: plan.role,
        side: plan.side,
        qty: plan.qty,
        kind: plan.kind,
        reduce_only: plan.reduce_only && !(plan.role == OrderRole::Stop && Mutant::StopMayOpen.is_on()),
    };
    let order = Order::new(request, at, plan.expires_at);
    effects.orders.push(order.update(at));
    desk.orders.add(order);
    effects.requests.push(VenueRequest::Place(request));
    id
}

/// Asks for a cancellation; asks again only after the deadline for an answer has passed.
pub(crate) fn cancel(desk: &mut Desk, shared: &Shared, at: Ts, id: ClientOrderId, effects: &mut Effects) {
    let patience = shared.protection.submit_deadline();
    let send = desk.orders.change(id, |order| {
        let due = order.cancel_sent.is_none_or(|sent| at >= sent.plus(patience));
        if due && order.state.is_live() {
            order.cancel_sent = Some(at);
            return true;
        }
        false
    });
    if send == Some(true) {
        effects
            .requests
            .push(VenueRequest::Cancel { order: OrderRef { instrument: desk.instrument.id(), id } });
    }
}

/// Asks for a change of an open order; one at a time.
pub(crate) fn amend(
    desk: &mut Desk,
    at: Ts,
    id: ClientOrderId,
    qty: QtyUnits,
    kind: OrderKind,
    effects: &mut Effects,
) {
    let send = desk.orders.change(id, |order| {
        if order.amendment.is_some() || !order.state.is_confirmed() {
            return false;
        }
        order.amendment = Some(Amendment { qty, kind, since: at });
        true
    });
    if send == Some(true) {
        let order = OrderRef { instrument: desk.instrument.id(), id };
        effects.requests.push(VenueRequest::Amend { order, qty, kind });
    }
}

/// Tells the operator.
pub(crate) fn alert(
    effects: &mut Effects,
    at: Ts,
    severity: Severity,
    kind: AlertKind,
    instrument: Option<InstrumentId>,
    detail: impl Into<String>,
) {
    effects.alerts.push(Alert { at, severity, kind, instrument, detail: detail.into() });
}
