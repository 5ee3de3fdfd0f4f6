//! What the operator does to one position by hand: moves its stop or a take-profit, makes it smaller, takes
//! it over or leaves it alone.
//!
//! Invariants: a stop moves in favour of the position only, by hand as by itself; take-profits stay in their
//! order and on the side of the price where they rest; the stop keeps resting while a part is closed; the
//! engine lets go of a position that was found and of no other. What does not fit changes nothing at all:
//! [`judge`] says why, and is asked before anything is done.

use core::cmp::Ordering;

use seawall_model::{ExitReason, PositionAction, PositionSide, PriceUnits, QtyUnits, Ts};
use seawall_strategy::{Direction, Level};
use thiserror::Error;

use crate::desk::Desk;
use crate::effects::Effects;
use crate::exits;
use crate::fills::takeover_stop;
use crate::manage;
use crate::protection::{is_reachable, protect};
use crate::shared::Shared;
use crate::targets;
use crate::truth::settings::PositionPolicy;

/// Why an action does not fit the position as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Unfit {
    /// The run has no such instrument.
    #[error("there is no such instrument")]
    NoInstrument,
    /// Nothing is held there.
    #[error("nothing is held there")]
    NoPosition,
    /// It is left alone: nothing of ours is ordered on its instrument.
    #[error("the position is left alone by policy; adopt it first")]
    LeftAlone,
    /// It is on its way out.
    #[error("the position is being closed, or made smaller, already")]
    Closing,
    /// The stop would not protect better than it does.
    #[error("a stop only moves in favour of its position, and this price is not better than where it is")]
    Loosens,
    /// The price is there already: a venue would refuse such a stop, and fill such a take-profit at once.
    #[error("the market has reached that price already; close the position, or a part of it, instead")]
    Passed,
    /// There is no such take-profit, or it has filled.
    #[error("no take-profit of that number is open")]
    NoTarget,
    /// The price is off the venue's grid, or beyond the take-profit before or after it.
    #[error("take-profits stay in their order, each at a price of whole ticks of its own")]
    OutOfOrder,
    /// The average entry is not known.
    #[error("the entry of the position is not known")]
    NoEntry,
    /// The quantity is not a positive multiple of the venue's lot, or is below its smallest order.
    #[error("the quantity is no multiple of the venue's lot, or below its smallest order")]
    NoOrder,
    /// What would be left could not be closed by an order of its own.
    #[error("what would be left is less than the venue's smallest order; close the position instead")]
    LeavesDust,
    /// The venue takes no orders there.
    #[error("the venue takes no orders there now")]
    NotServed,
    /// An order of this run opened it, or it is so already.
    #[error("the position was opened by this run, or is so already")]
    NotFound,
}

/// Whether `action` fits.
pub(crate) fn judge(desk: &Desk, shared: &Shared, action: PositionAction) -> Result<(), Unfit> {
    if desk.position.is_flat() {
        return Err(Unfit::NoPosition);
    }
    let policy = desk.foreign.policy;
    if desk.foreign.is_left_alone() && action != PositionAction::Adopt {
        return Err(if action == PositionAction::Ignore { Unfit::NotFound } else { Unfit::LeftAlone });
    }
    let is_closing = desk.closing.is_some() || desk.trimming.is_some() || exits::exit_is_live(desk);
    if is_closing {
        return Err(Unfit::Closing);
    }
    match action {
        PositionAction::MoveStop(price) => judge_stop(desk, price),
        PositionAction::BreakEven => {
            judge_stop(desk, manage::break_even_price(desk, shared).ok_or(Unfit::NoEntry)?)
        }
        PositionAction::MoveTarget { number, price } => judge_target(desk, shared, number, price),
        PositionAction::Reduce(qty) => judge_part(desk, qty),
        PositionAction::Adopt if matches!(policy, None | Some(PositionPolicy::Adopt)) => Err(Unfit::NotFound),
        PositionAction::Ignore if policy.is_none() => Err(Unfit::NotFound),
        // Ours is what has a stop of ours: without a price for it nothing is taken over.
        PositionAction::Adopt if desk.protection.wanted().is_none() && first_stop(desk, shared).is_none() => {
            Err(Unfit::NoEntry)
        }
        PositionAction::Adopt | PositionAction::Ignore => Ok(()),
    }
}

/// Where the stop of a position goes that is taken over.
fn first_stop(desk: &Desk, shared: &Shared) -> Option<PriceUnits> {
    let direction = match desk.position.side() {
        PositionSide::Long => Direction::Long,
        PositionSide::Short => Direction::Short,
        PositionSide::Flat => return None,
    };
    takeover_stop(desk, direction, Level::Percent(shared.protection.takeover_stop_pct))
}

fn judge_stop(desk: &Desk, price: PriceUnits) -> Result<(), Unfit> {
    let better = match (desk.position.side(), desk.protection.wanted()) {
        (PositionSide::Flat, _) => false,
        (PositionSide::Long | PositionSide::Short, None) => true,
        (PositionSide::Long, Some(now)) => price > now,
        (PositionSide::Short, Some(now)) => price < now,
    };
    if !better || price <= PriceUnits::ZERO {
        return Err(Unfit::Loosens);
    }
    if is_reachable(desk, price) { Ok(()) } else { Err(Unfit::Passed) }
}

fn judge_target(desk: &Desk, shared: &Shared, number: u8, price: PriceUnits) -> Result<(), Unfit> {
    let open = targets::open(desk, shared);
    if !open.iter().any(|target| target.0 == number) {
        return Err(Unfit::NoTarget);
    }
    let direction = match desk.position.side() {
        PositionSide::Long => 1,
        PositionSide::Short => -1,
        PositionSide::Flat => return Err(Unfit::NoPosition),
    };
    // How far out in the direction of profit.
    let out = |price: PriceUnits| price.get().saturating_mul(direction);
    let stays = open.iter().all(|(other, at)| match other.cmp(&number) {
        Ordering::Less => out(*at) < out(price),
        Ordering::Greater => out(*at) > out(price),
        Ordering::Equal => true,
    });
    if !stays || price <= PriceUnits::ZERO || !desk.instrument.is_on_tick(price) {
        return Err(Unfit::OutOfOrder);
    }
    if out(price) > out(desk.last) { Ok(()) } else { Err(Unfit::Passed) }
}

fn judge_part(desk: &Desk, qty: QtyUnits) -> Result<(), Unfit> {
    let (held, least) = (desk.position.qty().abs(), desk.instrument.min_qty());
    if qty <= QtyUnits::ZERO || qty < least || desk.instrument.floor_lot(qty) != qty {
        return Err(Unfit::NoOrder);
    }
    let left = held.minus(qty);
    if left < least || left <= QtyUnits::ZERO {
        return Err(Unfit::LeavesDust);
    }
    if desk.is_served() && desk.market.terms.trading.takes_orders() { Ok(()) } else { Err(Unfit::NotServed) }
}

/// Does what fits, and nothing else.
pub(crate) fn act(
    desk: &mut Desk,
    shared: &mut Shared,
    at: Ts,
    action: PositionAction,
    effects: &mut Effects,
) {
    if judge(desk, shared, action).is_err() {
        return;
    }
    match action {
        PositionAction::MoveStop(price) => {
            desk.protection.improve(desk.position.side(), price);
            protect(desk, shared, at, effects);
        }
        PositionAction::BreakEven => {
            if let Some(price) = manage::break_even_price(desk, shared) {
                manage::break_even(desk, price);
            }
            protect(desk, shared, at, effects);
        }
        PositionAction::Reduce(qty) => {
            exits::reduce(desk, shared, at, qty, ExitReason::Manual, effects);
        }
        PositionAction::MoveTarget { number, price } => {
            targets::move_to(desk, number, price);
            targets::keep(desk, shared, at, effects);
        }
        PositionAction::Adopt => adopt(desk, shared, at, effects),
        PositionAction::Ignore => let_go(desk, shared, at, effects),
    }
}

/// From now on its protection is ours, with the time that a new position has.
fn adopt(desk: &mut Desk, shared: &mut Shared, at: Ts, effects: &mut Effects) {
    desk.foreign.found(PositionPolicy::Adopt, Some(at.plus(shared.protection.confirm_deadline())));
    if desk.protection.wanted().is_none() {
        let stop = first_stop(desk, shared);
        desk.protection.begin(stop, at, at);
    }
    protect(desk, shared, at, effects);
}

/// Nothing of ours is ordered there any more.
fn let_go(desk: &mut Desk, shared: &Shared, at: Ts, effects: &mut Effects) {
    desk.foreign.found(PositionPolicy::Ignore, None);
    desk.protection.begin(None, at, at);
    exits::cancel_live(desk, shared, at, effects, |_| true);
}
