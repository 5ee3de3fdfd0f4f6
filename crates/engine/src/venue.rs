//! What the venue and the transport say about orders.

use seawall_model::{
    AlertKind, CancelReason, ClientOrderId, Coverage, OrderEvent, OrderKind, OrderRef, OrderRole, OrderState,
    QtyUnits, RejectReason, Report, Severity, SubmitOutcome, Ts, VenueOrder, VenueRequest,
};

use crate::desk::{Closing, Desk, Difference};
use crate::effects::Effects;
use crate::gateway::alert;
use crate::limits::QUERY_BACKOFF_STEPS_MAX;
use crate::protection::{self, protect, stop_refused, watch_trigger};
use crate::shared::Shared;
use crate::targets;

/// Applies `event` and reports the change; `None` for an order that is not in the books.
fn apply(
    desk: &mut Desk,
    at: Ts,
    id: ClientOrderId,
    event: OrderEvent,
    effects: &mut Effects,
) -> Option<(OrderRole, OrderState)> {
    let (before, update) = desk.orders.change(id, |order| {
        let before = order.state;
        order.apply(event);
        (before, order.update(at))
    })?;
    if before != update.state {
        effects.orders.push(update);
        if before == OrderState::Unknown {
            let instrument = Some(desk.instrument.id());
            alert(effects, at, Severity::Info, AlertKind::OutcomeResolved, instrument, update.state.name());
            settle_difference(desk);
        }
    }
    Some((update.role, update.state))
}

/// Without unknown orders that difference is closed.
fn settle_difference(desk: &mut Desk) {
    let unknown = desk.orders.live().any(|order| order.state == OrderState::Unknown);
    if !unknown && desk.difference == Some(Difference::UnknownOrder) {
        desk.difference = None;
    }
}

pub(crate) fn on_accepted(
    desk: &mut Desk,
    shared: &mut Shared,
    at: Ts,
    id: ClientOrderId,
    effects: &mut Effects,
) {
    let Some((role, _)) = apply(desk, at, id, OrderEvent::Accepted, effects) else { return };
    if role == OrderRole::Stop {
        protect(desk, shared, at, effects);
    }
}

pub(crate) fn on_rejected(
    desk: &mut Desk,
    shared: &mut Shared,
    at: Ts,
    id: ClientOrderId,
    reason: RejectReason,
    effects: &mut Effects,
) {
    let Some((role, state)) = apply(desk, at, id, OrderEvent::Rejected, effects) else { return };
    if state != OrderState::Rejected {
        return;
    }
    match role {
        OrderRole::Stop => stop_refused(desk, shared, at, reason, effects),
        OrderRole::Exit => retry_exit_later(desk, shared, at, reason, effects),
        OrderRole::Emergency if reason == RejectReason::NothingToReduce => {
            effects.requests.push(VenueRequest::QueryPositions);
        }
        // A refused emergency close is tried again at its deadline; a refused target leaves the stop in charge.
        OrderRole::Emergency | OrderRole::Entry | OrderRole::Target(_) => {}
    }
}

/// An exit that was refused although there is a position is tried again at once by the emergency path.
fn retry_exit_later(desk: &mut Desk, shared: &Shared, at: Ts, reason: RejectReason, effects: &mut Effects) {
    if reason == RejectReason::NothingToReduce {
        // The position may be gone already: ask before doing anything else.
        effects.requests.push(VenueRequest::QueryPositions);
    }
    if let Some(closing) = desk.closing {
        desk.closing = Some(Closing { deadline: at.plus(shared.protection.emergency_retry()), ..closing });
    }
}

pub(crate) fn on_triggered(desk: &mut Desk, at: Ts, id: ClientOrderId, effects: &mut Effects) {
    let Some((role, state)) = apply(desk, at, id, OrderEvent::Triggered, effects) else { return };
    if role == OrderRole::Stop && state == OrderState::Triggered {
        desk.orders.change(id, |order| order.triggered_at = Some(at));
        watch_trigger(desk, at);
    }
}

pub(crate) fn on_cancelled(
    desk: &mut Desk,
    shared: &mut Shared,
    at: Ts,
    id: ClientOrderId,
    reason: CancelReason,
    effects: &mut Effects,
) {
    let event = match reason {
        CancelReason::Requested | CancelReason::ImmediateOrCancel | CancelReason::NothingToReduce => {
            OrderEvent::Cancelled
        }
        CancelReason::Venue => OrderEvent::Expired,
    };
    let Some((role, _)) = apply(desk, at, id, event, effects) else { return };
    match role {
        // The rest of the entry is gone: what was filled is the position, its targets can be placed.
        OrderRole::Entry => targets::place_when_entered(desk, shared, at, effects),
        OrderRole::Stop => protect(desk, shared, at, effects),
        OrderRole::Exit | OrderRole::Emergency | OrderRole::Target(_) => {}
    }
}

pub(crate) fn on_cancel_rejected(
    desk: &mut Desk,
    at: Ts,
    id: ClientOrderId,
    reason: RejectReason,
    effects: &mut Effects,
) {
    let live = desk.orders.change(id, |order| {
        order.cancel_sent = None;
        order.state.is_live()
    });
    if live == Some(true) && reason == RejectReason::OrderNotFound {
        // Gone at the venue, alive in the books: its end (fill or cancel) is on its way, or was lost. Ask.
        let order = OrderRef { instrument: desk.instrument.id(), id };
        desk.orders.change(id, |order| order.cancel_sent = Some(at));
        effects.requests.push(VenueRequest::QueryOrder { order });
    }
}

pub(crate) fn on_amended(
    desk: &mut Desk,
    shared: &mut Shared,
    at: Ts,
    id: ClientOrderId,
    qty: QtyUnits,
    kind: OrderKind,
    effects: &mut Effects,
) {
    let update = desk.orders.change(id, |order| {
        order.amendment = None;
        order.request.qty = qty;
        order.request.kind = kind;
        order.update(at)
    });
    if let Some(update) = update {
        effects.orders.push(update);
        protect(desk, shared, at, effects);
    }
}

pub(crate) fn on_amend_rejected(
    desk: &mut Desk,
    shared: &mut Shared,
    at: Ts,
    id: ClientOrderId,
    reason: RejectReason,
    effects: &mut Effects,
) {
    desk.orders.change(id, |order| order.amendment = None);
    desk.protection.amend_refused();
    if reason == RejectReason::OrderNotFound {
        effects
            .requests
            .push(VenueRequest::QueryOrder { order: OrderRef { instrument: desk.instrument.id(), id } });
    }
    protect(desk, shared, at, effects);
}

/// The transport's word on a submission.
pub(crate) fn on_submission(
    desk: &mut Desk,
    shared: &mut Shared,
    at: Ts,
    id: ClientOrderId,
    outcome: SubmitOutcome,
    effects: &mut Effects,
) {
    match outcome {
        SubmitOutcome::NotSent => {
            let Some((role, state)) = apply(desk, at, id, OrderEvent::NotSent, effects) else { return };
            if role == OrderRole::Stop && state == OrderState::NotSent {
                protect(desk, shared, at, effects);
            }
        }
        SubmitOutcome::Unknown => unknown(desk, at, id, effects),
    }
}

/// The outcome of a placement is unknown: count it at its worst, block the instrument, ask the venue.
pub(crate) fn unknown(desk: &mut Desk, at: Ts, id: ClientOrderId, effects: &mut Effects) {
    let Some((_, OrderState::Unknown)) = apply(desk, at, id, OrderEvent::OutcomeUnknown, effects) else {
        return;
    };
    let instrument = Some(desk.instrument.id());
    alert(effects, at, Severity::Warning, AlertKind::OutcomeUnknown, instrument, id.wire().as_str());
    desk.difference.get_or_insert(Difference::UnknownOrder);
    ask(desk, at, id, effects);
}

fn ask(desk: &mut Desk, at: Ts, id: ClientOrderId, effects: &mut Effects) {
    desk.orders.change(id, |order| {
        let pause_s = 1_i64 << order.queries.min(QUERY_BACKOFF_STEPS_MAX);
        order.queries = order.queries.saturating_add(1);
        order.query_at = Some(at.plus(seawall_model::Span::from_secs(pause_s)));
    });
    effects
        .requests
        .push(VenueRequest::QueryOrder { order: OrderRef { instrument: desk.instrument.id(), id } });
}

/// The answer to a query for one order.
pub(crate) fn on_order_report(
    desk: &mut Desk,
    shared: &mut Shared,
    at: Ts,
    id: ClientOrderId,
    report: &Report<VenueOrder>,
    effects: &mut Effects,
) {
    let known = desk.orders.get(id).map(|order| (order.state, order.placed_at, order.filled));
    let Some((state, placed_at, filled)) = known else { return };
    match (report.coverage, report.rows.first()) {
        (Coverage::Failed | Coverage::Window { .. }, None) => {}
        (Coverage::Failed | Coverage::Window { .. } | Coverage::Complete, Some(row)) => {
            if row.filled > filled {
                // Fills that did not reach us: their prices are unknown, the position report will tell.
                effects.requests.push(VenueRequest::QueryPositions);
            }
            let event = match row.state {
                OrderState::Open => OrderEvent::Accepted,
                OrderState::Triggered => OrderEvent::Triggered,
                OrderState::Filled if row.filled > filled => return,
                OrderState::Filled => OrderEvent::Filled,
                OrderState::Cancelled => OrderEvent::Cancelled,
                OrderState::Expired => OrderEvent::Expired,
                OrderState::Rejected => OrderEvent::Rejected,
                OrderState::Intended | OrderState::InFlight | OrderState::Unknown | OrderState::NotSent => {
                    return;
                }
            };
            let Some((role, _)) = apply(desk, at, id, event, effects) else { return };
            if role == OrderRole::Stop {
                protect(desk, shared, at, effects);
            }
        }
        (Coverage::Complete, None) => {
            let horizon = shared.capabilities.acceptance_horizon;
            let proven = report.taken_at >= placed_at.plus(horizon);
            match state {
                OrderState::Unknown if proven => {
                    apply(desk, at, id, OrderEvent::ProvenAbsent, effects);
                    protect(desk, shared, at, effects);
                }
                OrderState::Open | OrderState::Triggered if proven => {
                    // It rested and is gone without a word; what it filled shows in the position.
                    let instrument = Some(desk.instrument.id());
                    let wire = id.wire();
                    alert(effects, at, Severity::Warning, AlertKind::OrderMissing, instrument, wire.as_str());
                    apply(desk, at, id, OrderEvent::Expired, effects);
                    effects.requests.push(VenueRequest::QueryPositions);
                    protect(desk, shared, at, effects);
                }
                OrderState::Unknown
                | OrderState::Intended
                | OrderState::InFlight
                | OrderState::Open
                | OrderState::Triggered
                | OrderState::Filled
                | OrderState::Cancelled
                | OrderState::Rejected
                | OrderState::Expired
                | OrderState::NotSent => {}
            }
        }
    }
}

/// Deadlines of orders: entries that expire, submissions without an answer, queries to repeat.
pub(crate) fn on_time(desk: &mut Desk, shared: &mut Shared, at: Ts, effects: &mut Effects) {
    let silence = shared.protection.submit_deadline();
    let mut expired = arrayvec::ArrayVec::<ClientOrderId, 16>::new();
    let mut silent = arrayvec::ArrayVec::<ClientOrderId, 16>::new();
    let mut ask_again = arrayvec::ArrayVec::<ClientOrderId, 16>::new();
    for order in desk.orders.live() {
        let list = match order.state {
            OrderState::InFlight if at >= order.placed_at.plus(silence) => &mut silent,
            OrderState::Unknown if order.query_at.is_some_and(|due| at >= due) => &mut ask_again,
            _ if order.expires_at.is_some_and(|due| at >= due) => &mut expired,
            OrderState::Intended
            | OrderState::InFlight
            | OrderState::Unknown
            | OrderState::Open
            | OrderState::Triggered
            | OrderState::Filled
            | OrderState::Cancelled
            | OrderState::Rejected
            | OrderState::Expired
            | OrderState::NotSent => continue,
        };
        // A full list is worked off at the next wake-up, which is due at once.
        let _ = list.try_push(order.id());
    }
    for id in expired {
        crate::gateway::cancel(desk, shared, at, id, effects);
    }
    for id in silent {
        unknown(desk, at, id, effects);
    }
    for id in ask_again {
        ask(desk, at, id, effects);
    }
    protection::on_time(desk, shared, at, effects);
}
