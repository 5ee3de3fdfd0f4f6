//! Full exits: by signal, reversal, command or flattening. The stop keeps resting until the exit has filled, so
//! a position is never naked on its way out.

use seawall_model::{ClientOrderId, ExitReason, OrderKind, OrderRole, Ts};

use crate::desk::{Closing, Desk};
use crate::effects::Effects;
use crate::gateway::{cancel, place};
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
    let Some(side) = desk.position.side().closing_side() else { return false };
    let on_its_way = desk.orders.live().any(|order| order.request.role == OrderRole::Exit);
    if on_its_way {
        return true;
    }
    desk.closing = Some(Closing { reason, deadline: at.plus(shared.protection.trigger_grace()) });
    let qty = desk.position.qty().abs();
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
    true
}

/// Cancels resting entries: after an exit, in reduce modes and at shutdown nothing may open a position late.
pub(crate) fn cancel_entries(desk: &mut Desk, shared: &Shared, at: Ts, effects: &mut Effects) {
    let entries: arrayvec::ArrayVec<ClientOrderId, 16> = desk
        .orders
        .live()
        .filter(|order| !order.request.reduce_only)
        .map(|order| order.id())
        .take(16)
        .collect();
    for id in entries {
        cancel(desk, shared, at, id, effects);
    }
}

/// An exit that has not finished by its deadline is handed to the emergency path.
pub(crate) fn on_time(desk: &mut Desk, shared: &mut Shared, at: Ts, effects: &mut Effects) {
    let Some(closing) = desk.closing else { return };
    if desk.position.is_flat() || at < closing.deadline {
        return;
    }
    desk.closing = Some(Closing { deadline: at.plus(shared.protection.emergency_retry()), ..closing });
    let working = desk.orders.live().any(|order| {
        order.request.reduce_only && matches!(order.request.role, OrderRole::Exit | OrderRole::Emergency)
    });
    if !working {
        close(desk, shared, at, closing.reason, effects);
    }
    protection::protect(desk, shared, at, effects);
}
