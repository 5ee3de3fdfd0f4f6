//! Full exits: by signal, reversal, command or flattening. The stop keeps resting until the exit has filled,
//! so a position is never naked on its way out.

use seawall_model::{ClientOrderId, ExitReason, OrderKind, OrderRole, QtyUnits, Ts};

use crate::answers::ask;
use crate::desk::{Closing, Desk, Trimming};
use crate::effects::Effects;
use crate::gateway::{cancel, place};
use crate::limits::CLOSED_RETRY;
use crate::orders::Order;
use crate::protection;
use crate::risk::{Plan, approve_reduction};
use crate::shared::Shared;

/// Closes the position at market, once; says whether an exit is on its way now.
pub(crate) fn close(
    desk: &mut Desk,
    shared: &mut Shared,
    at: Ts,
    reason: ExitReason,
    effects: &mut Effects,
) -> bool {
    cancel_entries(desk, shared, at, effects);
    // What is left alone by policy is closed by nobody but the operator.
    if desk.position.is_flat() || (desk.foreign.is_left_alone() && reason != ExitReason::Manual) {
        return false;
    }
    // One that was refused is tried again at its deadline, not with each event.
    if desk.closing.is_some_and(|closing| at < closing.deadline) {
        return true;
    }
    if exit_is_live(desk) {
        // It may be a part of the position only: what is left is closed when it has ended.
        let deadline = at.plus(shared.protection.emergency_retry());
        desk.closing.get_or_insert(Closing { reason, deadline });
        return true;
    }
    send(desk, shared, at, reason, effects);
    true
}

pub(crate) fn exit_is_live(desk: &Desk) -> bool {
    desk.orders.live().any(|order| order.request.role == OrderRole::Exit)
}

/// Closes half of the position at market, once; all of it where half is below the venue's minimum. The stop
/// follows the quantity.
pub(crate) fn trim(desk: &mut Desk, shared: &mut Shared, at: Ts, effects: &mut Effects) {
    let left_alone = desk.foreign.is_left_alone();
    if left_alone || desk.closing.is_some() || desk.trimming.is_some() || exit_is_live(desk) {
        return;
    }
    let held = desk.position.qty().abs();
    let qty = desk.instrument.floor_lot(QtyUnits::new(held.get() / 2));
    if qty < desk.instrument.min_qty() || qty.is_zero() {
        close(desk, shared, at, ExitReason::Shock, effects);
        return;
    }
    reduce(desk, shared, at, qty, ExitReason::Shock, effects);
}

/// Closes `qty` of the position at market, one such order at a time; says whether it was sent.
pub(crate) fn reduce(
    desk: &mut Desk,
    shared: &mut Shared,
    at: Ts,
    qty: QtyUnits,
    reason: ExitReason,
    effects: &mut Effects,
) -> bool {
    let Some(side) = desk.position.side().closing_side() else { return false };
    let left_alone = desk.foreign.is_left_alone();
    if left_alone
        || !desk.is_served()
        || desk.closing.is_some()
        || desk.trimming.is_some()
        || exit_is_live(desk)
    {
        return false;
    }
    let kind = OrderKind::Market;
    let plan = Plan { role: OrderRole::Exit, side, qty, kind, reduce_only: true, expires_at: None };
    let Some(approved) = approve_reduction(&desk.position, plan) else { return false };
    desk.trimming = Some(Trimming { reason, deadline: at.plus(shared.protection.trigger_grace()) });
    desk.trimmed_at = at;
    let _: ClientOrderId = place(desk, shared, at, approved, effects);
    true
}

/// The order that made the position smaller has ended, one way or the other.
pub(crate) fn settle_trim(desk: &mut Desk) {
    if desk.trimming.is_some() && !exit_is_live(desk) {
        desk.trimming = None;
    }
}

fn send(desk: &mut Desk, shared: &mut Shared, at: Ts, reason: ExitReason, effects: &mut Effects) {
    let Some(side) = desk.position.side().closing_side() else { return };
    if !desk.is_served() {
        // Wanted, and sent once the venue takes orders again.
        desk.closing = Some(Closing { reason, deadline: at.plus(CLOSED_RETRY) });
        return;
    }
    desk.closing = Some(Closing { reason, deadline: at.plus(shared.protection.trigger_grace()) });
    let qty = desk.closing_qty(shared.capabilities.reduce_only);
    let plan = Plan {
        role: OrderRole::Exit,
        side,
        qty,
        kind: OrderKind::Market,
        reduce_only: true,
        expires_at: None,
    };
    if let Some(approved) = approve_reduction(&desk.position, plan) {
        let _: ClientOrderId = place(desk, shared, at, approved, effects);
    }
}

/// Cancels resting entries: after an exit, in reduce modes and at shutdown nothing may open a position late.
pub(crate) fn cancel_entries(desk: &mut Desk, shared: &Shared, at: Ts, effects: &mut Effects) {
    cancel_live(desk, shared, at, effects, |order| !order.request.reduce_only);
}

/// Cancels the orders that can act and are `meant`.
pub(crate) fn cancel_live(
    desk: &mut Desk,
    shared: &Shared,
    at: Ts,
    effects: &mut Effects,
    meant: impl Fn(&Order) -> bool,
) {
    let ids: arrayvec::ArrayVec<ClientOrderId, 16> =
        desk.orders.live().filter(|order| meant(order)).map(Order::id).take(16).collect();
    for id in ids {
        cancel(desk, shared, at, id, effects);
    }
}

/// A bug to be found: whatever rests is cancelled, stops too.
#[cfg(feature = "mutants")]
pub(crate) fn cancel_all(desks: &mut [Desk], shared: &Shared, at: Ts, effects: &mut Effects) {
    for desk in desks {
        cancel_live(desk, shared, at, effects, |_| true);
    }
}

/// An exit that has not finished by its deadline is asked about while it can still act, else sent again.
pub(crate) fn on_time(desk: &mut Desk, shared: &mut Shared, at: Ts, effects: &mut Effects) {
    if let Some(trimming) = desk.trimming.filter(|trimming| at >= trimming.deadline) {
        let deadline = at.plus(shared.protection.emergency_retry());
        desk.trimming = Some(Trimming { deadline, ..trimming });
        let live = desk.orders.live().find(|order| order.request.role == OrderRole::Exit);
        if let Some(id) = live.filter(|order| order.state.is_confirmed()).map(|order| order.id()) {
            ask(desk, at, id, effects);
        }
    }
    let Some(closing) = desk.closing else { return };
    if desk.position.is_flat() || at < closing.deadline {
        return;
    }
    desk.closing = Some(Closing { deadline: at.plus(shared.protection.emergency_retry()), ..closing });
    let working = desk
        .orders
        .live()
        .find(|order| matches!(order.request.role, OrderRole::Exit | OrderRole::Emergency))
        .map(|order| (order.id(), order.state));
    match working {
        Some((id, state)) if state.is_confirmed() => ask(desk, at, id, effects),
        Some(_) => {}
        None => send(desk, shared, at, closing.reason, effects),
    }
    protection::protect(desk, shared, at, effects);
}
