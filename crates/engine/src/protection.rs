//! Protection: every position has a stop at the venue, from its first fill until it is flat.
//!
//! [`protect`] is level-triggered: it looks at the facts (position, orders, deadlines) and asks for what is
//! missing, so it may be called after every event and at any time. Invariants:
//! - a position with a wanted stop is covered by confirmed stops, or a request is on its way and a deadline
//!   runs;
//! - the ladder only climbs: each trigger type the venue offers, then a market reduction, each with a
//!   deadline;
//! - a stop is replaced by amendment or by placing the new one before cancelling the old one;
//! - the wanted stop only ever moves in the position's favour.
//!
//! It asks no mode and no phase: protection runs while trading is paused, reconciling or shutting down.

mod ladder;

use seawall_model::{
    AlertKind, ClientOrderId, OrderKind, OrderRole, OrderState, PositionSide, PriceUnits, QtyUnits, Report,
    Severity, Span, StateSink, Trigger, Ts, VenueOrder,
};

use crate::carry::rescale::Factors;
use crate::desk::Desk;
use crate::effects::Effects;
use crate::gateway::{alert, amend, cancel};
use crate::mutant::Mutant;
use crate::orders::Order;
use crate::shared::Shared;
use crate::truth::foreign::{self, StandIn};

pub(crate) use ladder::{not_served, on_time, position_confirmed, stop_lost, stop_refused, stop_unsent};
use ladder::{place_stop, raise_cover, reduce_at_market};
use serde::{Deserialize, Serialize};

/// Where on the ladder a position is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Step {
    /// A stop with the venue's n-th trigger type.
    Stop(usize),
    /// Reduce at market.
    Market,
}

/// The protection of one instrument's position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Protection {
    /// Where the stop is to be; `None` for a plan without one.
    want: Option<PriceUnits>,
    step: Step,
    /// Since when less than the whole position has been covered.
    naked_since: Option<Ts>,
    /// When the next step of the ladder is taken.
    deadline: Ts,
    /// No new attempt before this: the last one was refused in a way that only time or a report can mend.
    hold_until: Ts,
    /// Since when the price has been beyond the stop, or the stop triggered, without a fill.
    overdue_since: Option<Ts>,
    /// When the venue last confirmed the stop.
    pub(crate) proven_at: Option<Ts>,
    /// Amending failed on this position: replace by placing anew.
    amend_failed: bool,
    /// The venue says that there is no position to protect; it was asked.
    doubted: bool,
    /// Stops in a row that the venue ended by itself soon after it took them.
    stops_lost: u32,
    reported: bool,
    /// The last stop or emergency close was refused because the venue takes no orders here.
    #[serde(default)]
    refused: bool,
    /// Stops in a row that never left the process.
    #[serde(default)]
    unsent: u32,
}

/// What confirmed and pending stops cover.
#[derive(Debug, Clone, Copy, Default)]
struct Cover {
    confirmed: QtyUnits,
    /// The best confirmed stop: at the wanted price, then of the wanted size, then a larger one.
    stop: Option<ClientOrderId>,
    stop_matches: bool,
    stop_qty: QtyUnits,
    stops: u32,
    pending: bool,
    amending: bool,
    emergency: bool,
}

impl Protection {
    pub(crate) fn new() -> Self {
        Protection {
            want: None,
            step: Step::Stop(0),
            naked_since: None,
            deadline: Ts::FAR_FUTURE,
            hold_until: Ts::from_nanos(i64::MIN),
            overdue_since: None,
            proven_at: None,
            amend_failed: false,
            doubted: false,
            stops_lost: 0,
            reported: false,
            refused: false,
            unsent: 0,
        }
    }

    /// The price that the stop is to rest at.
    pub(crate) fn wanted(&self) -> Option<PriceUnits> {
        self.want
    }

    /// Whether a deadline is running because the position is not fully covered.
    pub(crate) fn is_escalating(&self) -> bool {
        self.naked_since.is_some() && self.deadline < Ts::FAR_FUTURE
    }

    /// Begins to protect a new position; the naked clock starts at its first fill.
    /// (`first_fill` by the venue's clock, not later than `at` by ours).
    pub(crate) fn begin(&mut self, want: Option<PriceUnits>, first_fill: Ts, at: Ts) {
        *self = Protection { want, naked_since: Some(first_fill.min(at)), ..Protection::new() };
    }

    /// Moves the wanted stop if that is in favour of the position; says whether it moved.
    pub(crate) fn improve(&mut self, side: PositionSide, price: PriceUnits) -> bool {
        let better = match (side, self.want) {
            (PositionSide::Flat, _) => false,
            (PositionSide::Long | PositionSide::Short, None) => true,
            (PositionSide::Long, Some(want)) => price > want,
            (PositionSide::Short, Some(want)) => price < want,
        };
        if better {
            self.want = Some(price);
        }
        better
    }

    pub(crate) fn amend_refused(&mut self) {
        self.amend_failed = true;
    }

    /// Since when less than the whole position is covered.
    pub(crate) fn naked_since(&self) -> Option<Ts> {
        self.naked_since
    }

    /// Whether confirmed stops have covered the whole position since they were last looked at.
    pub(crate) fn is_covered(&self) -> bool {
        self.naked_since.is_none() && self.proven_at.is_some()
    }

    /// Prices count in finer units from now on.
    pub(crate) fn rescale(&mut self, by: Factors) {
        self.want.iter_mut().for_each(|price| by.price(price));
    }

    /// The process was away: what nobody could answer meanwhile is given its time again, and what it counts
    /// as its own time without a confirmed stop begins anew; since when there was none, if there was none.
    pub(crate) fn resumed(&mut self, at: Ts, deadline: Span) -> Option<Ts> {
        if self.deadline < Ts::FAR_FUTURE {
            self.deadline = self.deadline.max(at.plus(deadline));
        }
        self.overdue_since = self.overdue_since.map(|_| at);
        let since = self.naked_since;
        self.naked_since = since.map(|_| at);
        since
    }

    /// Whether the venue refused the last stop or emergency close because it takes no orders.
    pub(crate) fn is_refused(&self) -> bool {
        self.refused
    }

    pub(crate) fn naked_for(&self, at: Ts) -> Span {
        self.naked_since.map_or(Span::ZERO, |since| at.since(since))
    }

    pub(crate) fn wake_at(&self, grace: Span) -> Ts {
        let overdue = self.overdue_since.map_or(Ts::FAR_FUTURE, |since| since.plus(grace));
        self.deadline.min(overdue)
    }

    pub(crate) fn digest(&self, sink: &mut dyn StateSink) {
        sink.signed(self.want.map_or(0, |price| price.get()));
        let step = match self.step {
            Step::Stop(trigger) => trigger as u64,
            Step::Market => u64::MAX,
        };
        sink.number(step);
        for time in
            [self.naked_since, Some(self.deadline), Some(self.hold_until), self.overdue_since, self.proven_at]
        {
            sink.signed(time.map_or(i64::MIN, Ts::nanos));
        }
        sink.number(u64::from(self.amend_failed));
        sink.number(u64::from(self.stops_lost));
        sink.number(u64::from(self.doubted));
        sink.number(u64::from(self.reported) | u64::from(self.refused) << 1);
        sink.number(u64::from(self.unsent));
    }
}

fn cover(desk: &Desk) -> Cover {
    let mut cover = Cover::default();
    let held = desk.position.qty().abs();
    let mut best = (false, false, false);
    let closing = desk.position.side().closing_side();
    for order in desk.orders.live() {
        let request = &order.request;
        if Some(request.side) != closing || !request.reduce_only {
            continue;
        }
        if request.role == OrderRole::Emergency {
            cover.emergency = true;
        }
        if !request.kind.is_stop() {
            continue;
        }
        if !order.state.is_confirmed() {
            cover.pending = true;
            continue;
        }
        if order.cancel_sent.is_some() {
            continue;
        }
        let matches = request.kind.trigger().map(|trigger| trigger.price) == desk.protection.want;
        cover.confirmed = cover.confirmed.plus(order.remaining());
        cover.stops += 1;
        cover.amending |= order.amendment.is_some();
        let size = order.remaining();
        let rank = (matches, size == held, size > held);
        if cover.stop.is_none() || rank > best {
            best = rank;
            cover.stop = Some(order.id());
            cover.stop_matches = matches;
            cover.stop_qty = size;
        }
    }
    cover
}

/// Brings the protection of `desk` closer to what it should be.
pub(crate) fn protect(desk: &mut Desk, shared: &mut Shared, at: Ts, effects: &mut Effects) {
    if desk.position.is_flat() {
        return;
    }
    let Some(want) = desk.protection.want else { return };
    let held = desk.position.qty().abs();
    let cover = cover(desk);
    if Mutant::StopNotEnlarged.is_on() && cover.confirmed > QtyUnits::ZERO && cover.confirmed < held {
        covered(desk, shared, at, cover.stop, effects);
        return;
    }
    if cover.confirmed >= held {
        covered(desk, shared, at, cover.stop, effects);
        tidy(desk, shared, at, Job { want, held, cover }, effects);
        return;
    }
    let stand_in = foreign::stand_in(desk, shared, at, cover.confirmed);
    if stand_in == StandIn::Covers {
        covered(desk, shared, at, None, effects);
        return;
    }
    if desk.protection.naked_since.is_none() {
        desk.protection.naked_since = Some(at);
        desk.protection.deadline = at.plus(shared.protection.confirm_deadline());
    }
    if let StandIn::Awaited(until) = stand_in
        && !cover.pending
    {
        desk.protection.deadline = until;
        return;
    }
    if at < desk.protection.hold_until {
        return;
    }
    match desk.protection.step {
        Step::Stop(_) if cover.pending || cover.amending => {
            let deadline = at.plus(shared.protection.confirm_deadline());
            desk.protection.deadline = desk.protection.deadline.min(deadline);
        }
        Step::Stop(trigger) => {
            let want = on_grid(desk, want);
            raise_cover(desk, shared, at, trigger, Job { want, held, cover }, effects);
        }
        Step::Market if cover.emergency => {}
        Step::Market => reduce_at_market(desk, shared, at, effects),
    }
}

/// The wanted stop as it can be placed: on the tick of today, in favour of the position, unless that is where
/// the price is or has been through.
fn on_grid(desk: &mut Desk, want: PriceUnits) -> PriceUnits {
    let is_long = desk.position.side() == PositionSide::Long;
    let nearer = desk.instrument.to_tick(want, is_long);
    let rests = if is_reachable(desk, want) && !is_reachable(desk, nearer) {
        desk.instrument.to_tick(want, !is_long)
    } else {
        nearer
    };
    desk.protection.want = Some(rests);
    rests
}

/// The venue takes orders again: the ladder begins anew, at once.
pub(crate) fn reopened(desk: &mut Desk, at: Ts) {
    desk.protection.refused = false;
    desk.protection.step = Step::Stop(0);
    desk.protection.hold_until = desk.protection.hold_until.min(at);
    if let Some(closing) = desk.closing.as_mut() {
        closing.deadline = closing.deadline.min(at);
    }
}

#[derive(Clone, Copy)]
struct Job {
    want: PriceUnits,
    held: QtyUnits,
    cover: Cover,
}

fn covered(desk: &mut Desk, shared: &mut Shared, at: Ts, stop: Option<ClientOrderId>, effects: &mut Effects) {
    desk.protection.step = Step::Stop(0);
    desk.protection.refused = false;
    desk.protection.unsent = 0;
    let Some(since) = desk.protection.naked_since.take() else { return };
    let naked = at.since(since);
    shared.naked_max_nanos = shared.naked_max_nanos.max(naked.nanos());
    if let Some(trade) = desk.trade.as_mut() {
        trade.record.naked = Span::from_nanos(trade.record.naked.nanos().saturating_add(naked.nanos()));
        if trade.record.initial_stop.is_none() {
            let confirmed =
                stop.and_then(|id| desk.orders.get(id)).and_then(|order| order.request.kind.trigger());
            trade.record.initial_stop = confirmed.map(|trigger| trigger.price);
        }
    }
    desk.protection.deadline = Ts::FAR_FUTURE;
    desk.protection.proven_at = Some(at);
    if desk.protection.reported {
        desk.protection.reported = false;
        let id = Some(desk.instrument.id());
        let detail = format!("covered again after {} ms", naked.millis());
        alert(effects, at, Severity::Info, AlertKind::PositionUnprotected, id, detail);
    }
}

/// Fully covered: move the stop to where it is wanted, match its size, drop superfluous ones.
fn tidy(desk: &mut Desk, shared: &mut Shared, at: Ts, job: Job, effects: &mut Effects) {
    let Job { want, held, cover } = job;
    let Some(stop) = cover.stop else { return };
    if !desk.market.terms.trading.takes_orders() {
        return;
    }
    let size = desk.closing_qty(shared.capabilities.reduce_only);
    let sized = cover.stop_qty == held || cover.stop_qty == size || Mutant::StopNotReduced.is_on();
    if !cover.stop_matches && !is_reachable(desk, want) {
        // The price has passed the wanted stop before it could rest there: a venue would refuse it. What
        // rests stays where it is, in the right size, until the price is back.
        resize(desk, shared, at, job, effects);
        return;
    }
    if cover.stop_matches && sized && cover.stops == 1 {
        return;
    }
    if cover.stop_matches && cover.stop_qty >= held && cover.stops > 1 {
        drop_others(desk, shared, at, stop, effects);
        return;
    }
    if cover.amending || cover.pending {
        return;
    }
    let state = desk.orders.get(stop).map(|order| (order.state, order.request.kind, order.filled));
    let Some((OrderState::Open, kind, filled)) = state else { return };
    let want = on_grid(desk, want);
    if Mutant::CancelBeforePlace.is_on() {
        cancel(desk, shared, at, stop, effects);
        return;
    }
    if shared.capabilities.amend && !desk.protection.amend_failed {
        amend(desk, at, stop, size.plus(filled), at_price(kind, want), effects);
    } else if at >= desk.protection.hold_until {
        // The new one first; the old one is cancelled once the new one is confirmed.
        let trigger = trigger_of(shared, kind);
        place_stop(desk, shared, at, trigger, Job { want, held, cover }, effects);
    }
}

/// Whether a stop at `want` could rest: the price has not passed it.
pub(crate) fn is_reachable(desk: &Desk, want: PriceUnits) -> bool {
    match desk.position.side() {
        PositionSide::Flat => false,
        PositionSide::Long => want < desk.last || desk.last.is_zero(),
        PositionSide::Short => want > desk.last,
    }
}

/// Leaves `stop` alone.
fn drop_others(desk: &mut Desk, shared: &mut Shared, at: Ts, stop: ClientOrderId, effects: &mut Effects) {
    let others: arrayvec::ArrayVec<ClientOrderId, 8> = desk
        .orders
        .live()
        .filter(|order| order.request.kind.is_stop() && order.id() != stop && order.cancel_sent.is_none())
        .map(|order| order.id())
        .take(8)
        .collect();
    for other in others {
        cancel(desk, shared, at, other, effects);
    }
}

/// Matches the size of the stop to what is held, at its own price; that may have to leave the price of the
/// market by part of a tick, where the venue has made ticks coarser since.
fn resize(desk: &mut Desk, shared: &mut Shared, at: Ts, job: Job, effects: &mut Effects) {
    let Job { held, cover, .. } = job;
    let size = desk.closing_qty(shared.capabilities.reduce_only);
    let sized = cover.stop_qty == held || cover.stop_qty == size;
    let Some(stop) = cover.stop.filter(|_| !sized || cover.stops > 1) else { return };
    if sized {
        drop_others(desk, shared, at, stop, effects);
        return;
    }
    if cover.amending || cover.pending {
        return;
    }
    let resting = desk.orders.get(stop).filter(|order| order.state == OrderState::Open);
    let resting = resting.map(|order| (order.request.kind, order.filled));
    let Some((kind, filled, own)) =
        resting.and_then(|(kind, filled)| kind.trigger().map(|own| (kind, filled, own)))
    else {
        return;
    };
    let price = desk.instrument.to_tick(own.price, desk.position.side() == PositionSide::Short);
    if shared.capabilities.amend && !desk.protection.amend_failed {
        amend(desk, at, stop, size.plus(filled), at_price(kind, price), effects);
    } else if at >= desk.protection.hold_until {
        let trigger = trigger_of(shared, kind);
        place_stop(desk, shared, at, trigger, Job { want: price, held, cover }, effects);
    }
}

/// The place of a stop's trigger type among those that the venue offers.
fn trigger_of(shared: &Shared, kind: OrderKind) -> usize {
    let source = kind.trigger().map(|trigger| trigger.source);
    let triggers = &shared.capabilities.stop_triggers;
    triggers.iter().position(|offered| Some(*offered) == source).unwrap_or(0)
}

fn at_price(kind: OrderKind, price: PriceUnits) -> OrderKind {
    match kind {
        OrderKind::StopMarket { trigger } => OrderKind::StopMarket { trigger: Trigger { price, ..trigger } },
        OrderKind::StopLimit { trigger, limit } => {
            OrderKind::StopLimit { trigger: Trigger { price, ..trigger }, limit }
        }
        OrderKind::Market
        | OrderKind::Limit { .. }
        | OrderKind::TakeProfitMarket { .. }
        | OrderKind::TakeProfitLimit { .. } => kind,
    }
}

/// The price moved: notice a stop that was passed without triggering. Says whether a deadline changed.
pub(crate) fn watch_price(desk: &mut Desk, at: Ts) -> bool {
    let Some(want) = desk.protection.want else { return false };
    let side = desk.position.side();
    let passed = |stop: PriceUnits| match side {
        PositionSide::Flat => false,
        PositionSide::Long => desk.last <= stop,
        PositionSide::Short => desk.last >= stop,
    };
    // Only beyond what rests: a stop that is still being moved is not late.
    let mut resting = desk
        .orders
        .live()
        .filter(|order| order.state.is_confirmed() && order.request.kind.is_stop())
        .filter_map(|order| order.request.kind.trigger().map(|trigger| trigger.price))
        .chain(desk.foreign.triggers())
        .peekable();
    let beyond = passed(want) && (resting.peek().is_none() || resting.any(passed));
    let triggered = || desk.orders.live().filter_map(|order| order.triggered_at).min();
    let before = desk.protection.overdue_since;
    match (beyond, before) {
        (true, None) => desk.protection.overdue_since = Some(at),
        (false, Some(_)) => desk.protection.overdue_since = triggered(),
        (true, Some(_)) | (false, None) => {}
    }
    desk.protection.overdue_since != before
}

/// A complete list of open orders shows stops for the whole position: they are proven as of its time.
pub(crate) fn prove(desk: &mut Desk, report: &Report<VenueOrder>) {
    let Some(closing) = desk.position.side().closing_side() else { return };
    let reported = |order: &&Order| report.rows.iter().any(|row| row.order == Some(order.request.order));
    let shown = desk
        .orders
        .live()
        .filter(|order| order.state.is_confirmed() && order.request.kind.is_stop())
        .filter(|order| order.request.side == closing && order.request.reduce_only)
        .filter(reported)
        .fold(QtyUnits::ZERO, |sum, order| sum.plus(order.remaining()));
    if shown >= desk.position.qty().abs() || desk.foreign.is_trusted() {
        desk.protection.proven_at = desk.protection.proven_at.max(Some(report.taken_at));
    }
}

/// A stop has triggered: it must fill within the grace.
pub(crate) fn watch_trigger(desk: &mut Desk, at: Ts) {
    if desk.protection.overdue_since.is_none() {
        desk.protection.overdue_since = Some(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_wanted_stop_only_moves_in_favour(
            long in any::<bool>(),
            moves in prop::collection::vec(1_i64..1_000, 1..50),
        ) {
            let side = if long { PositionSide::Long } else { PositionSide::Short };
            let mut protection = Protection::new();
            let mut last: Option<PriceUnits> = None;
            for price in moves {
                protection.improve(side, PriceUnits::new(price));
                let want = protection.wanted().unwrap();
                if let Some(last) = last {
                    let kept = if long { want >= last } else { want <= last };
                    prop_assert!(kept);
                }
                last = Some(want);
            }
        }
    }
}
