//! What on an instrument is not ours: the policy for a position that no order of this run explains, and
//! orders of others, among them stops that may protect such a position.
//!
//! A foreign stop is trusted once two complete lists have shown it with the same terms: it only reduces
//! (where the venue has such orders), rests on the losing side of the price and covers the whole position.
//! Until then, for at most the deadline of a stop, ours waits; where it is not trusted by then, ours is
//! placed beside it, which is harmless as both only reduce. Where the venue has no orders that only reduce,
//! ours is never larger than what foreign orders on its side leave of the position, so that together they
//! cannot turn it.

use seawall_model::{OrderRef, PriceUnits, QtyUnits, Side, StateSink, Ts, VenueId, VenueOrder};
use serde::{Deserialize, Serialize};

use super::settings::PositionPolicy;
use crate::desk::Desk;
use crate::limits::FOREIGN_ORDERS_KEPT;
use crate::phase::Phase;
use crate::shared::Shared;

/// Somebody else's order as the last complete list has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct ForeignOrder {
    row: VenueOrder,
    /// The picture that first had it with these terms.
    since: Ts,
}

/// What is not ours on one instrument.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Foreign {
    /// Of the position, where no order of this run explains it.
    pub(crate) policy: Option<PositionPolicy>,
    orders: Vec<ForeignOrder>,
    /// When the list was taken that they are from.
    pictured_at: Option<Ts>,
    /// Our own stop waits until then for a foreign one to be proven.
    wait_until: Option<Ts>,
    /// A second list was asked for.
    asked_again: bool,
    /// Foreign stops protect the position.
    trusted: bool,
}

/// What foreign stops do for a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StandIn {
    /// Nothing.
    No,
    /// It will be known by then.
    Awaited(Ts),
    /// They protect it.
    Covers,
}

impl Foreign {
    /// A position was found that no order of this run explains.
    pub(crate) fn found(&mut self, policy: PositionPolicy, wait_until: Option<Ts>) {
        self.policy = Some(policy);
        self.wait_until = wait_until;
        self.asked_again = false;
        self.trusted = false;
    }

    /// The position is gone.
    pub(crate) fn ended(&mut self) {
        self.policy = None;
        self.wait_until = None;
        self.trusted = false;
    }

    /// Whether nothing is ordered on the instrument.
    pub(crate) fn is_left_alone(&self) -> bool {
        self.policy == Some(PositionPolicy::Ignore)
    }

    /// Whether orders of others rest.
    pub(crate) fn has_orders(&self) -> bool {
        !self.orders.is_empty()
    }

    /// Whether foreign stops protect the position.
    pub(crate) fn is_trusted(&self) -> bool {
        self.trusted
    }

    /// Where trusted stops rest.
    pub(crate) fn triggers(&self) -> impl Iterator<Item = PriceUnits> + '_ {
        let trusted = self.trusted;
        let stops = self.orders.iter().filter(move |order| trusted && order.row.kind.is_stop());
        stops.filter_map(|order| order.row.kind.trigger().map(|trigger| trigger.price))
    }

    /// The wait for a foreign stop is over; says whether there was one.
    pub(crate) fn stop_waiting(&mut self, at: Ts) -> bool {
        self.wait_until.take_if(|until| at >= *until).is_some()
    }

    /// Takes over what a complete list has of others.
    pub(crate) fn picture<'a>(&mut self, rows: impl Iterator<Item = &'a VenueOrder>, taken_at: Ts) {
        if self.pictured_at.is_some_and(|newer| taken_at < newer) {
            return;
        }
        let same = |old: &ForeignOrder, row: &VenueOrder| {
            let id = |row: &VenueOrder| -> (VenueId, Option<OrderRef>) { (row.venue_order_id, row.order) };
            id(&old.row) == id(row)
                && (old.row.side, old.row.kind, old.row.qty, old.row.reduce_only)
                    == (row.side, row.kind, row.qty, row.reduce_only)
        };
        let mut orders = Vec::new();
        for row in rows.take(FOREIGN_ORDERS_KEPT) {
            let since = self.orders.iter().find(|old| same(old, row)).map_or(taken_at, |old| old.since);
            orders.push(ForeignOrder { row: *row, since });
        }
        self.orders = orders;
        self.pictured_at = Some(taken_at);
    }

    /// What orders of others can still take from the position on `side`.
    fn open_on(&self, side: Side) -> QtyUnits {
        let closing = self.orders.iter().filter(|order| order.row.side == side);
        closing.fold(QtyUnits::ZERO, |sum, order| sum.plus(open(&order.row)))
    }

    pub(crate) fn digest(&self, sink: &mut dyn StateSink) {
        sink.number(self.policy.map_or(0, |policy| policy as u64 + 1));
        for time in [self.pictured_at, self.wait_until] {
            sink.signed(time.map_or(i64::MIN, Ts::nanos));
        }
        sink.number(u64::from(self.asked_again) | u64::from(self.trusted) << 1);
        sink.number(self.orders.len() as u64);
        for order in &self.orders {
            match order.row.venue_order_id {
                VenueId::Number(number) => sink.number(number),
                VenueId::Text(text) => sink.bytes(text.as_bytes()),
            }
            sink.signed(order.row.side.signed(order.row.qty).get());
            sink.signed(order.row.filled.get());
            sink.signed(order.since.nanos());
        }
    }
}

fn open(row: &VenueOrder) -> QtyUnits {
    row.qty.minus(row.filled).max(QtyUnits::ZERO)
}

/// What foreign stops do for the position of `desk`, of which our own confirmed stops cover `own`.
pub(crate) fn stand_in(desk: &mut Desk, shared: &mut Shared, at: Ts, own: QtyUnits) -> StandIn {
    let Some(closing) = desk.position.side().closing_side() else { return StandIn::No };
    let has_reduce_only = shared.capabilities.reduce_only;
    desk.foreign.trusted = false;
    if desk.foreign.policy.is_none() || (has_reduce_only && !shared.reconcile.adopt_foreign_stops) {
        return StandIn::No;
    }
    let held = desk.position.qty().abs();
    let last = desk.last;
    let fits = |order: &&ForeignOrder| {
        let row = &order.row;
        let rests = row.kind.trigger().is_some_and(|trigger| match closing {
            Side::Sell => trigger.price < last || last.is_zero(),
            Side::Buy => trigger.price > last,
        });
        let reduces = row.reduce_only || !has_reduce_only;
        row.kind.is_stop() && row.side == closing && reduces && rests && row.state.is_live()
    };
    let covers = |sum: QtyUnits| {
        // Where two of the whole size could turn the position, each part counts.
        sum.plus(if has_reduce_only { QtyUnits::ZERO } else { own }) >= held
    };
    let foreign = &desk.foreign;
    let proven = |order: &&ForeignOrder| foreign.pictured_at.is_some_and(|newest| newest > order.since);
    if covers(size(foreign.orders.iter().filter(fits).filter(proven), has_reduce_only)) {
        desk.foreign.trusted = true;
        desk.foreign.wait_until = None;
        return StandIn::Covers;
    }
    let Some(until) = foreign.wait_until.filter(|until| at < *until) else { return StandIn::No };
    let blind = shared.phase == Phase::Reconciling && !shared.reports.orders;
    let candidate = covers(size(foreign.orders.iter().filter(fits), has_reduce_only));
    if !blind && !candidate {
        return StandIn::No;
    }
    if candidate && !core::mem::replace(&mut desk.foreign.asked_again, true) {
        shared.reports.orders = false;
        shared.query_at = shared.query_at.min(at.plus(crate::reconcile::ASK_SOON));
    }
    StandIn::Awaited(until)
}

/// What stops cover together: the largest one where each has to do it alone, else all of them.
fn size<'a>(orders: impl Iterator<Item = &'a ForeignOrder>, alone: bool) -> QtyUnits {
    orders.fold(QtyUnits::ZERO, |sum, order| {
        let open = open(&order.row);
        if alone { sum.max(open) } else { sum.plus(open) }
    })
}

/// How large a stop of ours may be so that it cannot turn the position together with orders of others.
pub(crate) fn room(desk: &Desk, shared: &Shared, side: Side, held: QtyUnits) -> QtyUnits {
    if shared.capabilities.reduce_only {
        return held;
    }
    held.minus(desk.foreign.open_on(side)).max(QtyUnits::ZERO)
}
