//! Asking the venue about one order, and what its answers prove.
//!
//! Invariants: silence proves nothing and neither does a failed or partial report; an order is taken for
//! absent only on a complete report from after the horizon of acceptance (an emergency close also on one of
//! positions, see [`end_spent`]); an answer that is older than what we know is not used.

use seawall_model::{
    AlertKind, ClientOrderId, Coverage, OrderEvent, OrderKind, OrderRef, OrderRole, OrderState, Report,
    Severity, Span, Ts, VenueOrder, VenueRequest,
};

use crate::desk::{Desk, Difference};
use crate::effects::Effects;
use crate::gateway::alert;
use crate::limits::QUERY_BACKOFF_STEPS_MAX;
use crate::mutant::Mutant;
use crate::protection::protect;
use crate::quarantine::order_can_be;
use crate::shared::Shared;
use crate::targets;
use crate::venue::apply;

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

/// Asks for one order by name; each further question about an unknown one waits twice as long, up to a bound.
pub(crate) fn ask(desk: &mut Desk, at: Ts, id: ClientOrderId, effects: &mut Effects) {
    desk.orders.change(id, |order| {
        order.asked_at = Some(at);
        if let Some(amendment) = order.amendment.as_mut() {
            amendment.since = at;
        }
        if order.state == OrderState::Unknown {
            let pause_s = 1_i64 << order.queries.min(QUERY_BACKOFF_STEPS_MAX);
            order.queries = order.queries.saturating_add(1);
            order.query_at = Some(at.plus(Span::from_secs(pause_s)));
        }
    });
    effects
        .requests
        .push(VenueRequest::QueryOrder { order: OrderRef { instrument: desk.instrument.id(), id } });
}

/// The answer to a question about one order.
pub(crate) fn on_order_report(
    desk: &mut Desk,
    shared: &mut Shared,
    at: Ts,
    id: ClientOrderId,
    report: &Report<VenueOrder>,
    effects: &mut Effects,
) {
    let Some(asked_at) = desk.orders.get(id).map(|order| order.asked_at) else { return };
    match (report.coverage, report.rows.first()) {
        (Coverage::Failed, _) | (Coverage::Window { .. }, None) => {}
        (Coverage::Window { .. } | Coverage::Complete, Some(row)) => {
            on_row(desk, shared, at, asked_at, (row, report.taken_at), effects);
        }
        (Coverage::Complete, None) => on_absence(desk, shared, at, id, report.taken_at, effects),
    }
}

/// A row about an order of ours and when the venue wrote it, in an answer to what was asked at `asked_at`.
pub(crate) fn on_row(
    desk: &mut Desk,
    shared: &mut Shared,
    at: Ts,
    asked_at: Option<Ts>,
    (row, taken_at): (&VenueOrder, Ts),
    effects: &mut Effects,
) {
    let Some(id) = row.order.map(|order| order.id) else { return };
    let Some(order) = desk.orders.get(id).filter(|order| order.state.is_live()) else { return };
    let (filled, state) = (order.filled, order.state);
    let is_news = asked_at.is_some_and(|asked| asked >= order.changed_at);
    let can_be = order_can_be(desk, shared, at, row, filled, effects);
    let event = match row.state {
        // An older picture may show as open what has triggered since; nothing else is wrong about it.
        OrderState::Open if state == OrderState::Triggered => None,
        OrderState::Open => Some(OrderEvent::Accepted),
        OrderState::Triggered => Some(OrderEvent::Triggered),
        OrderState::Filled => Some(OrderEvent::Filled),
        OrderState::Cancelled => Some(OrderEvent::Cancelled),
        OrderState::Expired => Some(OrderEvent::Expired),
        OrderState::Rejected => Some(OrderEvent::Rejected),
        OrderState::Intended | OrderState::InFlight | OrderState::Unknown | OrderState::NotSent => None,
    };
    if row.filled > filled {
        // Fills that did not reach us: their prices are unknown, the position report will tell.
        desk.orders.change(id, |order| order.reported = row.filled.min(order.request.qty));
        // A picture of positions from before this one may not have them yet.
        desk.newest_fill = desk.newest_fill.max(taken_at);
        desk.difference = Some(Difference::MissingFills);
        effects.requests.push(VenueRequest::QueryPositions);
        shared.query_at = shared.query_at.min(at.plus(shared.protection.confirm_deadline()));
    }
    if is_news && can_be {
        adopt_terms(desk, at, id, row, effects);
    }
    let Some(event) = event else { return };
    let Some((role, state)) = apply(desk, at, id, event, effects) else { return };
    if event == OrderEvent::Triggered {
        desk.orders.change(id, |order| order.triggered_at.get_or_insert(at).to_owned());
        crate::protection::watch_trigger(desk, at);
    }
    match role {
        OrderRole::Entry => targets::place_when_entered(desk, shared, at, effects),
        OrderRole::Stop => protect(desk, shared, at, effects),
        OrderRole::Target(number) => {
            if row.filled > filled {
                targets::on_vanished(desk, shared, at, number, row.filled.minus(filled));
            } else if !state.is_live() && state != OrderState::Filled {
                targets::on_lost(desk, shared, at, number);
            }
            targets::keep(desk, shared, at, effects);
        }
        OrderRole::Exit | OrderRole::Emergency => {}
    }
}

/// Takes over quantity and prices: the answer to a change was lost, or somebody else changed the order.
fn adopt_terms(desk: &mut Desk, at: Ts, id: ClientOrderId, row: &VenueOrder, effects: &mut Effects) {
    let expected = desk.orders.get(id).is_some_and(|order| order.amendment.is_some());
    let changed = desk.orders.change(id, |order| {
        order.amendment = None;
        if order.request.qty == row.qty && order.request.kind == row.kind {
            return None;
        }
        order.request.qty = row.qty;
        order.request.kind = row.kind;
        order.changed_at = at;
        Some(order.update(at))
    });
    effects.orders.extend(changed.flatten());
    if !expected && changed.flatten().is_some_and(|update| update.role == OrderRole::Stop) {
        let instrument = Some(desk.instrument.id());
        let wire = id.wire();
        alert(effects, at, Severity::Critical, AlertKind::StopWrong, instrument, wire.as_str());
    }
}

/// A picture of positions, taken when the venue could not take them any more, has the position as the books
/// have it: emergency closes without an answer have done nothing then, and being market orders they cannot
/// rest. Otherwise the next one would wait for a question about history, of which venues allow few, and after
/// an outage with many such orders the position would be uncovered for minutes.
pub(crate) fn end_spent(desk: &mut Desk, shared: &mut Shared, at: Ts, taken_at: Ts, effects: &mut Effects) {
    let horizon = shared.capabilities.acceptance_horizon;
    let spent = desk.orders.live().find(|order| {
        order.state == OrderState::Unknown
            && order.request.role == OrderRole::Emergency
            && order.request.kind == OrderKind::Market
            && order.filled.is_zero()
            && order.missing().is_zero()
            && taken_at >= order.placed_at.plus(horizon)
    });
    // There is one at a time: the next one follows after the pause between two, when this one is over.
    let Some(id) = spent.map(crate::orders::Order::id) else { return };
    apply(desk, at, id, OrderEvent::ProvenAbsent, effects);
    protect(desk, shared, at, effects);
}

/// A complete report without the order.
fn on_absence(
    desk: &mut Desk,
    shared: &mut Shared,
    at: Ts,
    id: ClientOrderId,
    taken_at: Ts,
    effects: &mut Effects,
) {
    let Some(order) = desk.orders.get(id) else { return };
    let proven = taken_at >= order.placed_at.plus(shared.capabilities.acceptance_horizon);
    if !proven && !Mutant::AbsentBeforeHorizon.is_on() {
        return;
    }
    match order.state {
        OrderState::Unknown => {
            apply(desk, at, id, OrderEvent::ProvenAbsent, effects);
        }
        OrderState::Open | OrderState::Triggered => {
            // It rested and is gone without a word; what it filled shows in the position.
            let instrument = Some(desk.instrument.id());
            let wire = id.wire();
            let (role, open) = (order.request.role, order.remaining());
            let kind = if role == OrderRole::Stop { AlertKind::StopMissing } else { AlertKind::OrderMissing };
            alert(effects, at, Severity::Warning, kind, instrument, wire.as_str());
            if let OrderRole::Target(number) = role {
                targets::on_vanished(desk, shared, at, number, open);
            }
            apply(desk, at, id, OrderEvent::Expired, effects);
            effects.requests.push(VenueRequest::QueryPositions);
        }
        OrderState::Intended
        | OrderState::InFlight
        | OrderState::Filled
        | OrderState::Cancelled
        | OrderState::Rejected
        | OrderState::Expired
        | OrderState::NotSent => return,
    }
    protect(desk, shared, at, effects);
}
