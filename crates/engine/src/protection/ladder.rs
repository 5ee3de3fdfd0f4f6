//! The ladder: what is done when a position is not covered. Each trigger type that the venue offers, then a
//! market reduction, each with a deadline; refusals climb it at once, silence climbs it by the deadline, and
//! nothing is sent a second time while the first may still act.

use seawall_model::{
    AlertKind, OrderKind, OrderRole, OrderState, PriceUnits, RejectReason, Severity, Side, Span, Trigger, Ts,
    VenueRequest,
};

use super::{Cover, Job, Step, at_price, cover, on_grid, protect};
use crate::answers::ask;
use crate::desk::Desk;
use crate::effects::Effects;
use crate::exits::cancel_entries;
use crate::gateway::{alert, amend, place};
use crate::limits::{STOPS_LOST_MAX, UNLISTED_RETRY, UNSENT_RETRY};
use crate::mutant::Mutant;
use crate::risk::{Plan, approve_reduction};
use crate::shared::Shared;
use crate::truth::foreign::room;

/// Not fully covered: enlarge the stop that rests, else place one for the whole position.
pub(super) fn raise_cover(
    desk: &mut Desk,
    shared: &mut Shared,
    at: Ts,
    trigger: usize,
    job: Job,
    effects: &mut Effects,
) {
    let Job { want, cover, .. } = job;
    let size = desk.closing_qty(shared.capabilities.reduce_only);
    let resting = cover
        .stop
        .and_then(|id| desk.orders.get(id))
        .filter(|order| order.state == OrderState::Open)
        .map(|order| (order.id(), order.request.kind, order.filled));
    desk.protection.deadline = at.plus(shared.protection.confirm_deadline());
    if let Some((id, kind, filled)) = resting
        && shared.capabilities.amend
        && !desk.protection.amend_failed
    {
        let side = desk.position.side().closing_side();
        let most = side.map_or(size, |side| room(desk, shared, side, size));
        amend(desk, at, id, most.plus(filled), at_price(kind, want), effects);
        return;
    }
    if !place_stop(desk, shared, at, trigger, job, effects) {
        escalate(desk, shared, at, "no trigger type left", effects);
    }
}

/// Places a stop for the whole position; `false` where the venue has no such trigger type.
pub(super) fn place_stop(
    desk: &mut Desk,
    shared: &mut Shared,
    at: Ts,
    trigger: usize,
    job: Job,
    effects: &mut Effects,
) -> bool {
    let want = job.want;
    let Some(source) = shared.capabilities.stop_triggers.get(trigger).copied() else { return false };
    let Some(side) = desk.position.side().closing_side() else { return true };
    let held = room(desk, shared, side, desk.closing_qty(shared.capabilities.reduce_only));
    let want = if side == Side::Buy && Mutant::StopOnWrongSide.is_on() {
        PriceUnits::new(2 * desk.last.get() - want.get())
    } else {
        want
    };
    let kind = OrderKind::StopMarket { trigger: Trigger { price: want, source } };
    let plan = Plan { role: OrderRole::Stop, side, qty: held, kind, reduce_only: true, expires_at: None };
    if let Some(approved) = approve_reduction(&desk.position, plan) {
        place(desk, shared, at, approved, effects);
    }
    true
}

/// Closes the whole position at market because it cannot be protected, and ends what still enters. One such
/// order at a time: while one can still act, it is asked about instead of being sent again.
pub(super) fn reduce_at_market(desk: &mut Desk, shared: &mut Shared, at: Ts, effects: &mut Effects) {
    desk.protection.deadline = at.plus(shared.protection.emergency_retry());
    desk.protection.hold_until = desk.protection.deadline;
    // An entry that still fills would add to what cannot be protected, out of the same liquidity.
    if !Mutant::EmergencySparesEntry.is_on() {
        cancel_entries(desk, shared, at, effects);
    }
    let working = desk.orders.live().find(|order| order.request.role == OrderRole::Emergency);
    let working = working.filter(|_| !Mutant::SecondEmergency.is_on());
    if let Some((id, state)) = working.map(|order| (order.id(), order.state)) {
        if state.is_confirmed() {
            ask(desk, at, id, effects);
        }
        return;
    }
    let Some(side) = desk.position.side().closing_side() else { return };
    let qty = desk.closing_qty(shared.capabilities.reduce_only);
    let plan = Plan {
        role: OrderRole::Emergency,
        side,
        qty,
        kind: OrderKind::Market,
        reduce_only: true,
        expires_at: None,
    };
    if let Some(approved) = approve_reduction(&desk.position, plan) {
        place(desk, shared, at, approved, effects);
    }
}

/// A stop or an emergency close was refused because the venue takes no orders on the instrument. Where it
/// says so itself, no other order would be taken either: a stop is tried again, later.
pub(crate) fn not_served(desk: &mut Desk, at: Ts, effects: &mut Effects) {
    if desk.position.is_flat() {
        return;
    }
    desk.protection.refused = true;
    desk.protection.naked_since.get_or_insert(at);
    tell_unserved(desk, at, effects);
    if !desk.market.terms.trading.takes_orders() {
        desk.protection.step = Step::Stop(0);
        desk.protection.deadline = at.plus(UNLISTED_RETRY);
        desk.protection.hold_until = desk.protection.deadline;
    }
}

/// A position that cannot be protected because the venue takes no orders is named, once.
fn tell_unserved(desk: &mut Desk, at: Ts, effects: &mut Effects) {
    if core::mem::replace(&mut desk.protection.reported, true) {
        return;
    }
    let trading = desk.market.terms.trading;
    let why = if trading.takes_orders() { "the market is closed" } else { trading.name() };
    let detail = format!("the venue takes no orders here ({why}): it has no stop until that ends");
    let id = Some(desk.instrument.id());
    alert(effects, at, Severity::Critical, AlertKind::PositionUnprotected, id, detail);
}

/// Takes the next step of the ladder now.
fn escalate(desk: &mut Desk, shared: &mut Shared, at: Ts, why: &str, effects: &mut Effects) {
    if desk.position.is_flat() {
        return;
    }
    let next = match desk.protection.step {
        Step::Stop(trigger) if trigger + 1 < shared.capabilities.stop_triggers.len() => {
            Step::Stop(trigger + 1)
        }
        Step::Stop(_) | Step::Market => Step::Market,
    };
    let id = Some(desk.instrument.id());
    let naked = desk.protection.naked_for(at).millis();
    alert(
        effects,
        at,
        Severity::Critical,
        AlertKind::PositionUnprotected,
        id,
        format!("{why}; naked for {naked} ms"),
    );
    desk.protection.reported = true;
    desk.protection.step = next;
    match next {
        Step::Stop(trigger) => {
            let want = desk.protection.want.unwrap_or(PriceUnits::ZERO);
            let job =
                Job { want: on_grid(desk, want), held: desk.position.qty().abs(), cover: Cover::default() };
            raise_cover(desk, shared, at, trigger, job, effects);
        }
        Step::Market => reduce_at_market(desk, shared, at, effects),
    }
}

/// A stop never left the process. One is placed again at once; where that did not leave either, the way out
/// is closed, and trying without a pause would only keep it closed.
pub(crate) fn stop_unsent(desk: &mut Desk, shared: &mut Shared, at: Ts, effects: &mut Effects) {
    if desk.position.is_flat() {
        return;
    }
    if cover(desk).confirmed >= desk.position.qty().abs() {
        // A replacement did not leave; the old stop stands. Not at once again.
        desk.protection.hold_until = at.plus(UNSENT_RETRY);
        return;
    }
    desk.protection.unsent = desk.protection.unsent.saturating_add(1);
    if desk.protection.unsent == 1 {
        protect(desk, shared, at, effects);
    } else if !desk.position.is_flat() && desk.protection.naked_since.is_some() {
        desk.protection.deadline = at.plus(UNSENT_RETRY);
        desk.protection.hold_until = desk.protection.deadline;
    }
}

/// The venue refused a stop.
pub(crate) fn stop_refused(
    desk: &mut Desk,
    shared: &mut Shared,
    at: Ts,
    reason: RejectReason,
    effects: &mut Effects,
) {
    if desk.position.is_flat() || desk.protection.want.is_none() {
        return;
    }
    if cover(desk).confirmed >= desk.position.qty().abs() {
        // A replacement was refused; the old stop stands. Not at once again.
        desk.protection.hold_until = at.plus(shared.protection.confirm_deadline());
        return;
    }
    let id = Some(desk.instrument.id());
    alert(effects, at, Severity::Critical, AlertKind::StopRefused, id, reason.name());
    if !desk.market.terms.trading.takes_orders() {
        not_served(desk, at, effects);
        return;
    }
    (desk.protection.refused, desk.protection.unsent) = (false, 0);
    if reason == RejectReason::NothingToReduce {
        // The venue says there is no position: a fill is on its way, or the books are wrong. Ask.
        effects.requests.push(VenueRequest::QueryPositions);
        desk.protection.doubted = true;
        desk.protection.deadline = at.plus(shared.protection.confirm_deadline());
        desk.protection.hold_until = desk.protection.deadline;
        return;
    }
    if reason == RejectReason::WouldTriggerImmediately {
        desk.protection.step = Step::Market;
        reduce_at_market(desk, shared, at, effects);
        return;
    }
    escalate(desk, shared, at, reason.name(), effects);
}

/// A report agrees with the books about the position: a stop that was refused because there was none takes
/// the next step of the ladder now.
pub(crate) fn position_confirmed(desk: &mut Desk, shared: &mut Shared, at: Ts, effects: &mut Effects) {
    if !core::mem::take(&mut desk.protection.doubted) {
        return;
    }
    desk.protection.hold_until = at;
    if cover(desk).confirmed < desk.position.qty().abs() {
        escalate(desk, shared, at, "refused although there is a position", effects);
    }
}

/// The venue ended a working stop by itself after it had lived for `lived`. One that lived is replaced; a
/// venue that ends each soon after taking it does not protect, and the position is closed instead.
pub(crate) fn stop_lost(desk: &mut Desk, shared: &mut Shared, at: Ts, lived: Span, effects: &mut Effects) {
    if desk.position.is_flat() || desk.protection.want.is_none() {
        return;
    }
    let soon = lived < shared.protection.submit_deadline();
    desk.protection.stops_lost = if soon { desk.protection.stops_lost.saturating_add(1) } else { 0 };
    let uncovered = cover(desk).confirmed < desk.position.qty().abs();
    if desk.protection.stops_lost >= STOPS_LOST_MAX && uncovered {
        desk.protection.stops_lost = 0;
        desk.protection.naked_since.get_or_insert(at);
        desk.protection.step = Step::Market;
        let id = Some(desk.instrument.id());
        let detail = "the venue keeps ending the stop";
        alert(effects, at, Severity::Critical, AlertKind::PositionUnprotected, id, detail);
        desk.protection.reported = true;
        reduce_at_market(desk, shared, at, effects);
    }
}

/// Deadlines that have passed.
pub(crate) fn on_time(desk: &mut Desk, shared: &mut Shared, at: Ts, effects: &mut Effects) {
    if desk.position.is_flat() {
        return;
    }
    let grace = shared.protection.trigger_grace();
    if desk.protection.overdue_since.is_some_and(|since| at >= since.plus(grace)) {
        desk.protection.overdue_since = Some(at);
        if !cover(desk).emergency && desk.is_served() {
            let id = Some(desk.instrument.id());
            alert(effects, at, Severity::Critical, AlertKind::StopNotFilled, id, "crossing the book");
            desk.protection.step = Step::Market;
            reduce_at_market(desk, shared, at, effects);
        }
    }
    if at >= desk.protection.deadline {
        desk.protection.deadline = Ts::FAR_FUTURE;
        let waited = desk.foreign.stop_waiting(at);
        let unsent = desk.protection.unsent > 1 && !cover(desk).pending;
        if waited || unsent || desk.protection.refused {
            if waited {
                // No foreign stop was proven in time: one of our own.
                desk.protection.naked_since.get_or_insert(at);
            }
            protect(desk, shared, at, effects);
            if desk.protection.deadline < Ts::FAR_FUTURE {
                return;
            }
            // An emergency close is on its way: it has a deadline of its own.
        }
        let covered = cover(desk).confirmed >= desk.position.qty().abs();
        if !covered && desk.protection.want.is_some() {
            escalate(desk, shared, at, "no confirmed stop within the deadline", effects);
        }
    }
}
