//! Take-profits: resting reduce-only limits, placed once the entry is complete. They are the only authority
//! for partial exits; the stop always stands behind them.

use seawall_model::{ClientOrderId, OrderKind, OrderRole, PositionSide, QtyUnits, TimeInForce, Ts};
use seawall_strategy::{Direction, TARGETS_MAX};

use crate::desk::Desk;
use crate::effects::Effects;
use crate::fills::average_entry;
use crate::gateway::place;
use crate::protection::protect;
use crate::risk::{Plan, approve_reduction, target_price};
use crate::shared::Shared;

/// Places the take-profits when nothing of the entry can fill any more, the stop first.
pub(crate) fn place_when_entered(desk: &mut Desk, shared: &mut Shared, at: Ts, effects: &mut Effects) {
    protect(desk, shared, at, effects);
    let due = desk.trade.as_ref().is_some_and(|trade| !trade.targets_placed && !trade.targets.is_empty());
    if !due || desk.position.is_flat() || desk.entry_is_live() || desk.closing.is_some() {
        return;
    }
    let plans = planned(desk);
    if let Some(trade) = desk.trade.as_mut() {
        trade.targets_placed = true;
    }
    for plan in plans {
        if let Some(approved) = approve_reduction(&desk.position, plan) {
            let _: ClientOrderId = place(desk, shared, at, approved, effects);
        }
    }
}

fn planned(desk: &Desk) -> arrayvec::ArrayVec<Plan, TARGETS_MAX> {
    let mut plans = arrayvec::ArrayVec::new();
    let (Some(trade), Some(side)) = (desk.trade.as_ref(), desk.position.side().closing_side()) else {
        return plans;
    };
    let Some(entry) = average_entry(desk) else { return plans };
    let direction =
        if desk.position.side() == PositionSide::Long { Direction::Long } else { Direction::Short };
    let held = desk.position.qty().abs();
    let whole = desk.instrument.qty(held).get();
    let mut share_left = rust_decimal::Decimal::ONE;
    let mut left = held;
    for (number, target) in (1_u8..).zip(&trade.targets) {
        let share = target.level;
        share_left -= target.share.fraction();
        // The target that completes the whole takes what rounding left over.
        let qty = if share_left <= rust_decimal::Decimal::ZERO {
            left
        } else {
            let part = whole.checked_mul(target.share.fraction()).unwrap_or_default();
            desk.instrument.floor_qty(part).min(left)
        };
        let price = target_price(&desk.instrument, direction, share, entry);
        let Some(price) = price.filter(|price| price.get() > 0 && qty >= desk.instrument.min_qty()) else {
            continue;
        };
        left = left.minus(qty).max(QtyUnits::ZERO);
        let kind = OrderKind::Limit { price, time_in_force: TimeInForce::GoodTilCancelled };
        let role = OrderRole::Target(number);
        plans.push(Plan { role, side, qty, kind, reduce_only: true, expires_at: None });
    }
    plans
}
