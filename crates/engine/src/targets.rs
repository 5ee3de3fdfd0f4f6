//! Take-profits: resting reduce-only limits, kept from the moment when nothing of the entry can fill any
//! more. They are the only authority for partial exits; the stop always stands behind them.
//!
//! [`keep`] is level-triggered: it compares what rests with what the plan wants of the quantity that was
//! entered and not yet taken, and places, resizes or cancels. Invariants: the quantities that rest never sum
//! to more than the position; one that was lost or refused is placed again, after a pause; a target that has
//! filled is never placed a second time.

use arrayvec::ArrayVec;
use rust_decimal::Decimal;
use seawall_model::{
    ClientOrderId, OrderKind, OrderRole, PositionSide, PriceUnits, QtyUnits, StateSink, TimeInForce, Ts,
};
use seawall_strategy::{Direction, Level, TARGETS_MAX, Target};
use serde::{Deserialize, Serialize};

use crate::carry::rescale::Factors;
use crate::desk::Desk;
use crate::effects::Effects;
use crate::fills::average_entry;
use crate::gateway::{amend, cancel, place};
use crate::manage;
use crate::orders::Order;
use crate::protection::protect;
use crate::risk::{Plan, approve_reduction, target_price};
use crate::shared::Shared;

/// What has become of one take-profit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Slot {
    /// Filled so far.
    filled: QtyUnits,
    /// Not placed again before this.
    hold_until: Ts,
    /// Quantity of an order that vanished without a word: it may have filled.
    vanished: QtyUnits,
}

impl Slot {
    pub(crate) const NEW: Slot =
        Slot { filled: QtyUnits::ZERO, hold_until: Ts::from_nanos(i64::MIN), vanished: QtyUnits::ZERO };

    /// Quantities count in finer units from now on.
    pub(crate) fn rescale(&mut self, by: Factors) {
        by.qty(&mut self.filled);
        by.qty(&mut self.vanished);
    }

    pub(crate) fn digest(&self, sink: &mut dyn StateSink) {
        sink.signed(self.filled.get());
        sink.signed(self.hold_until.nanos());
        sink.signed(self.vanished.get());
    }
}

/// What is to rest for one take-profit.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    number: u8,
    qty: QtyUnits,
    price: PriceUnits,
    hold_until: Ts,
}

/// After anything that may have completed the entry: the stop first, then the take-profits.
pub(crate) fn place_when_entered(desk: &mut Desk, shared: &mut Shared, at: Ts, effects: &mut Effects) {
    protect(desk, shared, at, effects);
    keep(desk, shared, at, effects);
}

/// Brings the resting take-profits closer to what they should be.
pub(crate) fn keep(desk: &mut Desk, shared: &mut Shared, at: Ts, effects: &mut Effects) {
    let has_targets = desk.trade.as_ref().is_some_and(|trade| !trade.targets.is_empty());
    let Some(side) = desk.position.side().closing_side().filter(|_| has_targets) else { return };
    // What is being closed, still being entered, or of doubtful size is left alone.
    if desk.closing.is_some() || desk.entry_is_live() || desk.difference.is_some() || !desk.is_served() {
        return;
    }
    let held = desk.position.qty().abs();
    let amends = shared.capabilities.amend && desk.trade.as_ref().is_some_and(|trade| !trade.amend_failed);
    let mut resting = desk.orders.live().filter(is_target).fold(QtyUnits::ZERO, |sum, o| sum.plus(most(o)));
    for want in wanted(desk, shared.trade.execution.partials_enabled) {
        let role = OrderRole::Target(want.number);
        let kind = OrderKind::Limit { price: want.price, time_in_force: TimeInForce::GoodTilCancelled };
        let live = desk.orders.live().find(|order| order.request.role == role && order.request.side == side);
        let Some(order) = live else {
            if want.qty > QtyUnits::ZERO && at >= want.hold_until && resting.plus(want.qty) <= held {
                let plan = Plan { role, side, qty: want.qty, kind, reduce_only: true, expires_at: None };
                if let Some(approved) = approve_reduction(&desk.position, plan) {
                    let _: ClientOrderId = place(desk, shared, at, approved, effects);
                    resting = resting.plus(want.qty);
                }
            }
            continue;
        };
        let settled = order.state.is_confirmed() && order.cancel_sent.is_none() && order.amendment.is_none();
        let now = order.remaining();
        let as_wanted = now == want.qty && order.request.kind == kind;
        let grows = want.qty.minus(now).max(QtyUnits::ZERO);
        if !settled || as_wanted || (grows > QtyUnits::ZERO && resting.plus(grows) > held) {
            continue;
        }
        let (id, filled) = (order.id(), order.filled);
        if want.qty > QtyUnits::ZERO && amends {
            amend(desk, at, id, want.qty.plus(filled), kind, effects);
            resting = resting.plus(grows);
        } else {
            // Placed anew once it is known to be gone; meanwhile the stop stands for all of it.
            cancel(desk, shared, at, id, effects);
        }
    }
}

fn is_target(order: &&Order) -> bool {
    matches!(order.request.role, OrderRole::Target(_))
}

/// The most that an order may come to fill.
fn most(order: &Order) -> QtyUnits {
    let amended = order.amendment.map_or(QtyUnits::ZERO, |change| change.qty.minus(order.filled));
    order.remaining().max(amended)
}

/// What is to rest of each take-profit: its share of what was entered, rounded down to the lot, less what it
/// has filled, within what is held. One that completes the whole takes what rounding left over. Without
/// `partials` only one that takes all of what was entered.
fn wanted(desk: &Desk, partials: bool) -> ArrayVec<Wanted, TARGETS_MAX> {
    let mut wanted = ArrayVec::new();
    let (Some(trade), Some(entry)) = (desk.trade.as_ref(), average_entry(desk)) else { return wanted };
    let direction =
        if desk.position.side() == PositionSide::Long { Direction::Long } else { Direction::Short };
    let mut left = desk.position.qty().abs();
    let shares = shares(desk, &trade.targets, trade.record.entry_qty);
    for (((number, target), slot), share) in (1_u8..).zip(&trade.targets).zip(&trade.slots).zip(shares) {
        let price = target_price(&desk.instrument, direction, target.level, entry);
        let Some(price) = price.filter(|price| price.get() > 0) else { continue };
        let share = if partials || share >= trade.record.entry_qty { share } else { QtyUnits::ZERO };
        let qty = share.minus(slot.filled).max(QtyUnits::ZERO).min(left);
        let qty = if qty < desk.instrument.min_qty() { QtyUnits::ZERO } else { qty };
        left = left.minus(qty);
        wanted.push(Wanted { number, qty, price, hold_until: slot.hold_until });
    }
    wanted
}

/// The planned quantity of each take-profit of `entered`; one below the smallest order is dropped.
fn shares(desk: &Desk, targets: &[Target], entered: QtyUnits) -> ArrayVec<QtyUnits, TARGETS_MAX> {
    let whole = desk.instrument.qty(entered).get();
    let mut share_left = Decimal::ONE;
    let mut left = entered;
    targets
        .iter()
        .take(TARGETS_MAX)
        .map(|target| {
            let share = target.share.fraction();
            share_left = share_left.saturating_sub(share);
            let qty = if share_left <= Decimal::ZERO && share > Decimal::ZERO {
                left
            } else {
                desk.instrument.floor_qty(whole.checked_mul(share).unwrap_or_default()).min(left)
            };
            let qty = if qty < desk.instrument.min_qty() { QtyUnits::ZERO } else { qty };
            left = left.minus(qty);
            qty
        })
        .collect()
}

/// The take-profits that are still to fill, each with its number and its price.
pub(crate) fn open(desk: &Desk, shared: &Shared) -> ArrayVec<(u8, PriceUnits), TARGETS_MAX> {
    let wanted = wanted(desk, shared.trade.execution.partials_enabled).into_iter();
    wanted.filter(|want| want.qty > QtyUnits::ZERO).map(|want| (want.number, want.price)).collect()
}

/// One of them is somewhere else from now on.
pub(crate) fn move_to(desk: &mut Desk, number: u8, price: PriceUnits) {
    let targets = desk.trade.as_mut().map(|trade| &mut trade.targets);
    if let Some(target) = targets.and_then(|all| all.get_mut(usize::from(number).wrapping_sub(1))) {
        target.level = Level::Price(price);
    }
}

/// A take-profit has filled `qty` (more). What closes the position leaves nothing to manage.
pub(crate) fn on_filled(desk: &mut Desk, shared: &Shared, number: u8, qty: QtyUnits) {
    let Some(trade) = desk.trade.as_mut() else { return };
    let Some(slot) = trade.slots.get_mut(usize::from(number).wrapping_sub(1)) else { return };
    slot.filled = slot.filled.plus(qty);
    let filled = slot.filled;
    if number == 1 {
        let trade = desk.trade.as_ref();
        let planned =
            trade.and_then(|trade| shares(desk, &trade.targets, trade.record.entry_qty).first().copied());
        let whole = planned.is_some_and(|planned| filled >= planned);
        manage::on_first_target(desk, shared, filled, whole);
    }
}

/// The venue ended or refused a take-profit: not again at once.
pub(crate) fn on_lost(desk: &mut Desk, shared: &Shared, at: Ts, number: u8) {
    let until = at.plus(shared.trade.multi_tp.backfill_cooldown());
    if let Some(slot) = slot(desk, number) {
        slot.hold_until = until;
    }
}

/// A take-profit is gone without a word: what it filled, if it did, will show in the position.
pub(crate) fn on_vanished(desk: &mut Desk, shared: &Shared, at: Ts, number: u8, open: QtyUnits) {
    on_lost(desk, shared, at, number);
    if let Some(slot) = slot(desk, number) {
        slot.vanished = open;
    }
}

/// The position shrank without an order of ours: an order that vanished explains it first.
pub(crate) fn on_unexplained(desk: &mut Desk, shared: &Shared, qty: QtyUnits) {
    let mut left = qty;
    for number in 1..=TARGETS_MAX {
        let Ok(number) = u8::try_from(number) else { return };
        let Some(slot) = slot(desk, number) else { return };
        let explained = slot.vanished.min(left);
        if explained > QtyUnits::ZERO {
            slot.vanished = QtyUnits::ZERO;
            left = left.minus(explained);
            on_filled(desk, shared, number, explained);
        }
    }
}

fn slot(desk: &mut Desk, number: u8) -> Option<&mut Slot> {
    desk.trade.as_mut()?.slots.get_mut(usize::from(number).wrapping_sub(1))
}

/// Pauses that are over end.
pub(crate) fn on_time(desk: &mut Desk, shared: &mut Shared, at: Ts, effects: &mut Effects) {
    let mut over = false;
    if let Some(trade) = desk.trade.as_mut() {
        for slot in trade.slots.iter_mut().filter(|slot| slot.hold_until <= at && is_held(slot)) {
            slot.hold_until = Slot::NEW.hold_until;
            over = true;
        }
    }
    if over {
        keep(desk, shared, at, effects);
    }
}

fn is_held(slot: &Slot) -> bool {
    slot.hold_until > Slot::NEW.hold_until
}

/// When the next pause is over.
pub(crate) fn wake_at(slots: &[Slot]) -> Ts {
    slots.iter().filter(|slot| is_held(slot)).map(|slot| slot.hold_until).min().unwrap_or(Ts::FAR_FUTURE)
}
