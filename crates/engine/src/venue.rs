//! What the venue and the transport say about orders by themselves; [`crate::answers`] has what they say when
//! asked.

use seawall_model::{
    AlertKind, CancelReason, ClientOrderId, OrderEvent, OrderKind, OrderRole, OrderState, QtyUnits,
    RejectReason, Severity, SubmitOutcome, Ts, VenueRequest,
};

use crate::answers::{ask, unknown};
use crate::desk::{Closing, Desk, Difference};
use crate::effects::Effects;
#[cfg(feature = "mutants")]
use crate::gateway::place_again;
use crate::gateway::{alert, cancel};
use crate::mutant::Mutant;
use crate::protection::{self, protect, stop_refused, stop_unsent, watch_trigger};
use crate::shared::Shared;
use crate::targets;

/// Applies `event` and reports the change; `None` for an order that is not in the books.
pub(crate) fn apply(
    desk: &mut Desk,
    at: Ts,
    id: ClientOrderId,
    event: OrderEvent,
    effects: &mut Effects,
) -> Option<(OrderRole, OrderState)> {
    let (before, update) = desk.orders.change(id, |order| {
        let before = order.state;
        order.apply(event);
        order.changed_at = at;
        (before, order.update(at))
    })?;
    if before != update.state {
        effects.orders.push(update);
        if before == OrderState::Unknown {
            let instrument = Some(desk.instrument.id());
            alert(effects, at, Severity::Info, AlertKind::OutcomeResolved, instrument, update.state.name());
        }
    }
    Some((update.role, update.state))
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
    if reason == RejectReason::DuplicateId && !Mutant::KnownIdIsRejection.is_on() {
        // We never send an id twice, so the venue has the order already: this proves it alive, not dead.
        unknown(desk, at, id, effects);
        return;
    }
    if desk.orders.get(id).is_some_and(|order| order.state == OrderState::Open) {
        // Taken before: what is refused is a twin of it, or it has ended since. The venue knows.
        ask(desk, at, id, effects);
        return;
    }
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
        OrderRole::Emergency if reason == RejectReason::MarketClosed => {
            protection::not_served(desk, at, effects);
        }
        // A refused emergency close is tried again at its deadline; a refused target after a pause.
        OrderRole::Target(number) => targets::on_lost(desk, shared, at, number),
        OrderRole::Emergency | OrderRole::Entry => {}
    }
}

/// An exit that was refused although there is a position is tried again when its pause is over.
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
    let lived = desk.orders.get(id).filter(|order| order.state.is_live()).map(|order| order.lived(at));
    let ours = desk.orders.get(id).is_some_and(|order| order.cancel_sent.is_some());
    let event = match reason {
        CancelReason::Requested | CancelReason::ImmediateOrCancel | CancelReason::NothingToReduce => {
            OrderEvent::Cancelled
        }
        CancelReason::Venue => OrderEvent::Expired,
    };
    let Some((role, _)) = apply(desk, at, id, event, effects) else { return };
    match role {
        // The rest of the entry is gone: what was filled is the position, its targets can be placed.
        OrderRole::Entry => {
            targets::place_when_entered(desk, shared, at, effects);
            if reason == CancelReason::ImmediateOrCancel {
                doubt_rest(desk, shared, at, id, effects);
            }
        }
        OrderRole::Stop => {
            if let Some(lived) = lived.filter(|_| !ours) {
                protection::stop_lost(desk, shared, at, lived, effects);
            }
            protect(desk, shared, at, effects);
        }
        OrderRole::Target(number) => {
            if !ours {
                targets::on_lost(desk, shared, at, number);
            }
            targets::keep(desk, shared, at, effects);
        }
        OrderRole::Exit | OrderRole::Emergency => {}
    }
}

/// An entry that was to fill at once has ended with less than it asked for. An execution that was lost on the
/// way looks the same, and would be a position without a stop until the next comparison: the venue is asked
/// what is held. Until it has said so nothing is entered on the instrument, and the rest counts as filled.
fn doubt_rest(desk: &mut Desk, shared: &mut Shared, at: Ts, id: ClientOrderId, effects: &mut Effects) {
    let rest = desk.orders.get(id).is_some_and(|order| order.filled < order.request.qty);
    if !rest || shared.capabilities.lossless_order_stream {
        return;
    }
    desk.orders.change(id, |order| order.reported = order.request.qty);
    desk.difference.get_or_insert(Difference::MissingFills);
    effects.requests.push(VenueRequest::QueryPositions);
    shared.query_at = shared.query_at.min(at.plus(shared.protection.confirm_deadline()));
}

pub(crate) fn on_cancel_rejected(
    desk: &mut Desk,
    at: Ts,
    id: ClientOrderId,
    reason: RejectReason,
    effects: &mut Effects,
) {
    // Asked for again when the deadline for an answer has passed, not at once: see `on_time`.
    let live = desk.orders.change(id, |order| {
        order.cancel_sent = Some(at);
        order.state.is_live()
    });
    if live == Some(true) && reason == RejectReason::OrderNotFound {
        // Gone at the venue, alive in the books: its end (fill or cancel) is on its way, or was lost. Ask.
        ask(desk, at, id, effects);
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
        order.changed_at = at;
        order.request.qty = qty;
        order.request.kind = kind;
        order.update(at)
    });
    if let Some(update) = update {
        effects.orders.push(update);
        targets::place_when_entered(desk, shared, at, effects);
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
    let role = desk.orders.change(id, |order| {
        order.amendment = None;
        order.request.role
    });
    match role {
        Some(OrderRole::Target(_)) => {
            if let Some(trade) = desk.trade.as_mut() {
                trade.amend_failed = true;
            }
        }
        Some(OrderRole::Entry | OrderRole::Stop | OrderRole::Exit | OrderRole::Emergency) | None => {
            desk.protection.amend_refused();
        }
    }
    if reason == RejectReason::OrderNotFound {
        ask(desk, at, id, effects);
    }
    targets::place_when_entered(desk, shared, at, effects);
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
                stop_unsent(desk, shared, at, effects);
            }
        }
        SubmitOutcome::Unknown if Mutant::TimeOutIsRejection.is_on() => {
            on_rejected(desk, shared, at, id, RejectReason::Other, effects);
        }
        SubmitOutcome::Unknown => {
            shared.truth.queries.errors.add(at);
            unknown(desk, at, id, effects);
            #[cfg(feature = "mutants")]
            if Mutant::ResendOnTimeOut.is_on() {
                place_again(desk, shared, at, id, effects);
            }
        }
    }
}

/// Deadlines of orders: entries that expire, requests without an answer, questions to repeat.
pub(crate) fn on_time(desk: &mut Desk, shared: &mut Shared, at: Ts, effects: &mut Effects) {
    let silence = shared.protection.submit_deadline();
    let mut given_up = arrayvec::ArrayVec::<ClientOrderId, 16>::new();
    let mut silent = arrayvec::ArrayVec::<ClientOrderId, 16>::new();
    let mut ask_again = arrayvec::ArrayVec::<ClientOrderId, 16>::new();
    for order in desk.orders.live() {
        let list = match order.state {
            OrderState::InFlight if at >= order.placed_at.plus(silence) => &mut silent,
            OrderState::Unknown if order.query_at.is_some_and(|due| at >= due) => &mut ask_again,
            _ if order.amendment.is_some_and(|amendment| at >= amendment.since.plus(silence)) => {
                &mut ask_again
            }
            // A cancellation may be repeated, and is until the order has ended.
            _ if order.cancel_due(silence).is_some_and(|due| at >= due) => &mut given_up,
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
    for id in given_up {
        let unanswered = desk.orders.get(id).is_some_and(|order| order.cancel_sent.is_some());
        if unanswered && Mutant::LostCancelIsDone.is_on() {
            on_cancelled(desk, shared, at, id, CancelReason::Requested, effects);
            continue;
        }
        cancel(desk, shared, at, id, effects);
    }
    for id in silent {
        unknown(desk, at, id, effects);
    }
    for id in ask_again {
        ask(desk, at, id, effects);
    }
    protection::on_time(desk, shared, at, effects);
}
