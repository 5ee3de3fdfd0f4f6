//! Fills: they move positions, books, trades and protection, whatever state their order is in.
//!
//! Invariants: a repeated fill counts once, and one that cannot be is left to [`crate::quarantine`]; a
//! fill that is contained in a position taken over from the venue does not count again; a fill of an
//! unknown order counts and is reported; the position is the sum of all counted fills; when it is flat
//! again the trade's profit is exactly what the books gained.

use rust_decimal::Decimal;
use seawall_model::{
    AlertKind, Exit, ExitReason, Fill, FillCause, GuardMode, Instrument, Money, OrderEvent, OrderRole,
    PositionChange, PositionSide, PriceRounding, PriceUnits, QtyUnits, Setup, Severity, Side, Span, Trade,
    Ts,
};
use seawall_strategy::{Direction, Level, TARGETS_MAX};

use crate::desk::{Desk, EntryBasis, OpenTrade};
use crate::effects::Effects;
use crate::gateway::{alert, cancel};
use crate::ledger::Account;
use crate::manage::{Managed, stop_reason};
use crate::mutant::Mutant;
use crate::planning::regime;
use crate::protection::Protection;
use crate::quarantine;
use crate::risk::{entry_side, stop_price};
use crate::shared::{Shared, invariant};
use crate::signal::basis;
use crate::targets::{self, Slot};
use crate::truth::settings::PositionPolicy;

/// Counts a fill.
pub(crate) fn on_fill(desk: &mut Desk, shared: &mut Shared, at: Ts, fill: &Fill, effects: &mut Effects) {
    let Some(fill) = &quarantine::sound(desk, shared, at, fill, effects) else { return };
    if is_overlooked(desk, fill) {
        return;
    }
    let role = count_on_order(desk, at, fill, effects);
    if fill.venue_time <= desk.pictured_at {
        let detail = format!("{} {} was taken over already", fill.side.name(), desk.instrument.qty(fill.qty));
        let id = Some(desk.instrument.id());
        alert(effects, at, Severity::Info, AlertKind::UnknownFill, id, detail);
        return;
    }
    desk.see_price(at, fill.price);
    count(desk, shared, at, fill, role, effects);
}

/// Bugs to be found: fills that do not count.
fn is_overlooked(desk: &Desk, fill: &Fill) -> bool {
    let order = || fill.order.and_then(|order| desk.orders.get(order.id));
    Mutant::PartialFillIgnored.is_on() && order().is_some_and(|order| fill.qty < order.request.qty)
        || Mutant::LateFillIgnored.is_on() && order().is_some_and(|order| !order.state.is_live())
}

/// Moves position and books by a fill that counts.
pub(crate) fn count(
    desk: &mut Desk,
    shared: &mut Shared,
    at: Ts,
    fill: &Fill,
    role: Option<OrderRole>,
    effects: &mut Effects,
) {
    effects.fills.push(*fill);
    desk.last_fill_at = at;
    desk.newest_fill = desk.newest_fill.max(fill.venue_time);
    let reason = exit_reason(desk, fill, role);
    let reduces = desk.position.side().closing_side() == Some(fill.side);
    let held = desk.position.qty().abs();
    if desk.position.change(fill.side, fill.qty) == PositionChange::Reversed {
        // Through flat: the trade ends with what was held, the rest opens a new one.
        let part = Part { qty: held, fee: Money::ZERO };
        move_position(desk, shared, at, fill, part, Why { role, reason }, effects);
        let part = Part { qty: fill.qty.minus(held), fee: fill.fee };
        move_position(desk, shared, at, fill, part, Why { role, reason }, effects);
    } else {
        let part = Part { qty: fill.qty, fee: fill.fee };
        move_position(desk, shared, at, fill, part, Why { role, reason }, effects);
    }
    invariant!(shared, at, effects, shared.ledger.is_balanced(), "the ledger sums to zero");
    match role.filter(|_| reduces) {
        Some(OrderRole::Target(number)) => targets::on_filled(desk, shared, number, fill.qty),
        None if reduces => targets::on_unexplained(desk, shared, fill.qty),
        Some(OrderRole::Entry | OrderRole::Stop | OrderRole::Exit | OrderRole::Emergency) | None => {}
    }
    if role == Some(OrderRole::Entry) {
        basis::after_fill(desk, shared, at, fill, effects);
    }
    targets::place_when_entered(desk, shared, at, effects);
}

#[derive(Clone, Copy)]
struct Part {
    qty: QtyUnits,
    fee: Money,
}

#[derive(Clone, Copy)]
struct Why {
    role: Option<OrderRole>,
    reason: ExitReason,
}

/// Books the fill on its order and says what the order was for.
fn count_on_order(desk: &mut Desk, at: Ts, fill: &Fill, effects: &mut Effects) -> Option<OrderRole> {
    let id = Some(desk.instrument.id());
    let counted = fill.order.and_then(|order| {
        desk.orders.change(order.id, |order| {
            order.filled = order.filled.plus(fill.qty);
            order.changed_at = at;
            let event =
                if order.filled >= order.request.qty { OrderEvent::Filled } else { OrderEvent::PartlyFilled };
            order.apply(event);
            (order.request.role, order.filled > order.request.qty, order.update(at))
        })
    });
    match counted {
        Some((role, over, update)) => {
            effects.orders.push(update);
            if over {
                alert(
                    effects,
                    at,
                    Severity::Critical,
                    AlertKind::OverFill,
                    id,
                    update.order.id.wire().as_str(),
                );
            }
            Some(role)
        }
        None => {
            let reduces = desk.position.side().closing_side() == Some(fill.side);
            let (kind, severity) = match fill.cause {
                FillCause::Order if fill.order.is_none() && reduces => {
                    (AlertKind::ExternalClose, Severity::Warning)
                }
                FillCause::Order if fill.order.is_none() => (AlertKind::ManualOrder, Severity::Warning),
                FillCause::Order => (AlertKind::UnknownFill, Severity::Warning),
                FillCause::Liquidation => (AlertKind::Liquidated, Severity::Critical),
                FillCause::Deleveraging => (AlertKind::Deleveraged, Severity::Critical),
            };
            let detail = format!("{} {}", fill.side.name(), desk.instrument.qty(fill.qty));
            alert(effects, at, severity, kind, id, detail);
            None
        }
    }
}

fn exit_reason(desk: &Desk, fill: &Fill, role: Option<OrderRole>) -> ExitReason {
    match (fill.cause, role) {
        (FillCause::Liquidation | FillCause::Deleveraging, _) => ExitReason::Liquidation,
        (FillCause::Order, Some(OrderRole::Stop)) => {
            let order = fill.order.and_then(|order| desk.orders.get(order.id));
            let trigger = order.and_then(|order| order.request.kind.trigger()).map(|trigger| trigger.price);
            desk.trade.as_ref().map_or(ExitReason::StopLoss, |trade| stop_reason(trade, trigger))
        }
        (FillCause::Order, Some(OrderRole::Target(number))) => ExitReason::TakeProfit(number),
        (FillCause::Order, Some(OrderRole::Exit)) => match (desk.trimming, desk.closing) {
            (Some(trimming), _) => trimming.reason,
            (None, Some(closing)) => closing.reason,
            (None, None) => ExitReason::Signal,
        },
        (FillCause::Order, Some(OrderRole::Emergency)) => ExitReason::Unprotected,
        (FillCause::Order, Some(OrderRole::Entry)) => ExitReason::Reversal,
        (FillCause::Order, None) => ExitReason::External,
    }
}

fn move_position(
    desk: &mut Desk,
    shared: &mut Shared,
    at: Ts,
    fill: &Fill,
    part: Part,
    why: Why,
    effects: &mut Effects,
) {
    let id = desk.instrument.id();
    let Why { role, reason } = why;
    let Ok(value) = desk.instrument.notional(fill.price, part.qty) else {
        shared.broken(at, "the value of a fill fits into 28 digits", effects);
        return;
    };
    let Ok(change) = desk.position.fill(fill.side, part.qty, value) else {
        shared.broken(at, "the cost of a position fits into 28 digits", effects);
        return;
    };
    let (from, to) = match fill.side {
        Side::Buy => (Account::Cash, Account::Position(id)),
        Side::Sell => (Account::Position(id), Account::Cash),
    };
    shared.book(at, effects, |ledger| ledger.post(from, to, value));
    if !part.fee.is_zero() {
        shared.book(at, effects, |ledger| ledger.post(Account::Cash, Account::Fees, part.fee));
    }
    match change {
        PositionChange::Opened => {
            let by_entry = role == Some(OrderRole::Entry);
            open_trade(desk, shared, at, fill, Opening { part, value, by_entry });
        }
        PositionChange::Increased => increase_trade(desk, part, value),
        PositionChange::Reduced | PositionChange::Closed | PositionChange::Reversed => {
            if let Some(trade) = desk.trade.as_mut() {
                trade.see_price(fill.price, fill.price);
                trade.record.fees = trade.record.fees.plus(part.fee).unwrap_or(trade.record.fees);
                trade.add_exit(Exit { at: fill.venue_time, price: fill.price, qty: part.qty, reason });
            }
            if change == PositionChange::Closed {
                close_trade(desk, shared, at, fill.venue_time, effects);
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Opening {
    part: Part,
    value: Money,
    /// Whether an entry of ours opened it; what anybody else opened has no plan.
    by_entry: bool,
}

fn open_trade(desk: &mut Desk, shared: &mut Shared, at: Ts, fill: &Fill, opening: Opening) {
    let Opening { part, value, by_entry } = opening;
    let direction = if fill.side == Side::Buy { Direction::Long } else { Direction::Short };
    if !by_entry {
        found(desk, shared, at, fill);
    }
    let left_alone = desk.foreign.is_left_alone();
    let basis = desk.basis.clone().filter(|basis| by_entry && entry_side(basis.direction) == fill.side);
    let basis = basis.unwrap_or_else(|| EntryBasis {
        direction,
        setup: Setup::Adopted,
        score: None,
        decided_at: at,
        decision_price: fill.price,
        stop: (!left_alone).then_some(Level::Percent(shared.protection.takeover_stop_pct)),
        targets: arrayvec::ArrayVec::new(),
        invalidation: None,
    });
    let entry = measured_from(desk, basis.setup, direction, fill.price);
    let entry = desk.instrument.price(entry).get();
    let stop = basis.stop.and_then(|level| stop_price(&desk.instrument, direction, level, entry));
    desk.protection.begin(stop, fill.venue_time, at);
    let record = Trade {
        id: shared.next_trade,
        instrument: desk.instrument.id(),
        side: desk.position.side(),
        setup: basis.setup,
        score: basis.score,
        decided_at: basis.decided_at,
        entry_at: fill.venue_time,
        entry_value: value,
        entry_qty: part.qty,
        decision_price: basis.decision_price,
        initial_stop: None,
        exits: Vec::new(),
        fees: part.fee,
        funding: Money::ZERO,
        closed_at: None,
        pnl: Money::ZERO,
        risk: Money::ZERO,
        worst_price: fill.price,
        best_price: fill.price,
        naked: Span::ZERO,
    };
    shared.next_trade = shared.next_trade.saturating_add(1);
    desk.guards.opened(&shared.trade.auction, at, record.side, record.setup);
    let managed = Managed::new(basis.invalidation);
    let managed = match regime(basis.setup) {
        Some(_) => managed.until(&shared.trade.management, at),
        None => managed,
    };
    desk.trade = Some(OpenTrade {
        record,
        targets: basis.targets,
        slots: [Slot::NEW; TARGETS_MAX],
        amend_failed: false,
        managed,
        told_basis: false,
    });
}

/// The entry that the stop is measured from. That of a position that we did not open is the worse of its
/// entry and the market, so that its stop does not close it at once.
fn measured_from(desk: &Desk, setup: Setup, direction: Direction, price: PriceUnits) -> PriceUnits {
    match (setup, direction) {
        (Setup::Adopted, Direction::Long) if desk.last > PriceUnits::ZERO => price.min(desk.last),
        (Setup::Adopted, Direction::Short) => price.max(desk.last),
        (
            Setup::EmaCross
            | Setup::OrderBlock
            | Setup::FairValueGap
            | Setup::BreakOfStructure
            | Setup::Trend
            | Setup::Adopted
            | Setup::Signal,
            Direction::Long | Direction::Short,
        ) => price,
    }
}

/// The stop of a position that is taken over only now, at `level` from the worse of its entry and the market.
pub(crate) fn takeover_stop(desk: &Desk, direction: Direction, level: Level) -> Option<PriceUnits> {
    let entry = desk.instrument.round_price(average_entry(desk)?, PriceRounding::Down)?;
    let from = measured_from(desk, Setup::Adopted, direction, entry);
    stop_price(&desk.instrument, direction, level, desk.instrument.price(from).get())
}

/// A position begins that no entry of ours opened: policy says what becomes of it. One of an order that is
/// ours after all, though forgotten, is always protected.
fn found(desk: &mut Desk, shared: &Shared, at: Ts, fill: &Fill) {
    let policy = match fill.order {
        Some(_) => PositionPolicy::Adopt,
        None => shared.reconcile.policy(desk.instrument.name()),
    };
    desk.foreign.found(policy, Some(at.plus(shared.protection.confirm_deadline())));
}

fn increase_trade(desk: &mut Desk, part: Part, value: Money) {
    let Some(trade) = desk.trade.as_mut() else { return };
    trade.record.entry_value = trade.record.entry_value.plus(value).unwrap_or(trade.record.entry_value);
    trade.record.entry_qty = trade.record.entry_qty.plus(part.qty);
    trade.record.fees = trade.record.fees.plus(part.fee).unwrap_or(trade.record.fees);
    // The average moved: a stop in percent follows it where that is in favour of the position.
    let setup = trade.record.setup;
    let average = average_entry(desk);
    let side = desk.position.side();
    let direction = if side == PositionSide::Long { Direction::Long } else { Direction::Short };
    // A plan for another position says nothing about this one.
    let basis = desk.basis.as_ref().filter(|basis| basis.direction == direction && basis.setup == setup);
    let level = basis.and_then(|basis| basis.stop);
    let stop = level
        .zip(average)
        .and_then(|(level, average)| stop_price(&desk.instrument, direction, level, average));
    if let Some(stop) = stop {
        desk.protection.improve(side, stop);
    }
}

/// The average entry price as a decimal, for levels in percent.
pub(crate) fn average_entry(desk: &Desk) -> Option<Decimal> {
    let record = &desk.trade.as_ref()?.record;
    let qty = desk
        .instrument
        .qty(record.entry_qty)
        .get()
        .checked_mul(desk.instrument.spec().contract_size.get())?;
    record.entry_value.get().checked_div(qty)
}

/// What the whole entry would have lost at its first stop; zero without one.
pub(crate) fn planned_risk(instrument: &Instrument, record: &Trade) -> Money {
    let at_stop = record.initial_stop.and_then(|stop| instrument.notional(stop, record.entry_qty).ok());
    at_stop.and_then(|value| record.entry_value.minus(value).ok()).map_or(Money::ZERO, Money::abs)
}

fn close_trade(desk: &mut Desk, shared: &mut Shared, at: Ts, closed_at: Ts, effects: &mut Effects) {
    let id = desk.instrument.id();
    let Some(profit) = desk.position.settle() else { return };
    // What is left on the position's account is the loss; it moves to the realised account.
    let left = shared.ledger.balance(Account::Position(id));
    invariant!(shared, at, effects, left == profit.negated(), "a flat position's account holds its loss");
    shared.book(at, effects, |ledger| ledger.post(Account::Position(id), Account::Realised, left));
    let naked = desk.protection.naked_for(at);
    let wanted = desk.protection.wanted().is_some();
    desk.protection = Protection::new();
    desk.closing = None;
    desk.foreign.ended();
    let Some(mut trade) = desk.trade.take() else { return };
    let record = &mut trade.record;
    record.naked = Span::from_nanos(record.naked.nanos().saturating_add(naked.nanos().max(0)));
    if wanted {
        shared.naked_max_nanos = shared.naked_max_nanos.max(naked.nanos());
    }
    record.closed_at = Some(closed_at);
    record.risk = planned_risk(&desk.instrument, record);
    let net = profit.minus(record.fees).and_then(|after_fees| after_fees.plus(record.funding));
    match net {
        Ok(net) => record.pnl = net,
        Err(_) => shared.broken(at, "the profit of a trade fits into 28 digits", effects),
    }
    desk.trimming = None;
    begin_pauses(desk, shared, at, &trade.record, effects);
    effects.trades.push(trade.record);
}

/// A trade that ended may pause its instrument or its regime.
fn begin_pauses(desk: &mut Desk, shared: &mut Shared, at: Ts, record: &Trade, effects: &mut Effects) {
    let id = Some(desk.instrument.id());
    let equity = shared.guard.equity;
    desk.stop_outs.closed(at, record);
    let Shared { risk, guard, trade, .. } = shared;
    if let Some(until) = guard.streaks.closed(&risk.loss_streak, at, record, equity) {
        let detail = format!("{} until {until}: losses in a row", record.setup.regime());
        alert(effects, at, Severity::Warning, AlertKind::EntriesPaused, None, detail);
    }
    if let Some(until) = desk.cooldown.closed(&risk.cooldown, at, record) {
        let detail = format!("until {until}: several losses on this instrument");
        alert(effects, at, Severity::Warning, AlertKind::EntriesPaused, id, detail);
    }
    let churned = desk.guards.closed(&trade.auction, at);
    // Plans that are not managed are not asked for it.
    let pauses = trade.auction.churn.mode == GuardMode::On && regime(record.setup).is_some();
    if let Some(until) = churned.filter(|_| pauses) {
        let detail = format!("until {until}: closed and entered again too quickly");
        alert(effects, at, Severity::Warning, AlertKind::EntriesPaused, id, detail);
    }
}

/// Books funding on the open trade, or on the account alone where there is none.
pub(crate) fn on_funding(desk: &mut Desk, shared: &mut Shared, at: Ts, amount: Money, effects: &mut Effects) {
    shared.book(at, effects, |ledger| ledger.post(Account::Funding, Account::Cash, amount));
    if let Some(trade) = desk.trade.as_mut() {
        trade.record.funding = trade.record.funding.plus(amount).unwrap_or(trade.record.funding);
    }
    invariant!(shared, at, effects, shared.ledger.is_balanced(), "the ledger sums to zero");
}

/// When the position is gone its stops and targets have nothing to do any more, and neither have those of the
/// other side when it has turned. A venue that cancels them by itself is given the time to say so.
pub(crate) fn clear_leftovers(desk: &mut Desk, shared: &Shared, at: Ts, effects: &mut Effects) {
    if desk.orders.live_count() == 0 {
        return;
    }
    let closing = desk.position.side().closing_side();
    let patience = shared.protection.submit_deadline();
    let by_itself = shared.capabilities.cancels_orphaned_reduce_only && at < desk.last_fill_at.plus(patience);
    if by_itself && closing.is_none() {
        return;
    }
    let leftovers: arrayvec::ArrayVec<_, 16> = desk
        .orders
        .live()
        .filter(|order| order.request.reduce_only && Some(order.request.side) != closing)
        .filter(|order| order.state.is_confirmed() && order.cancel_sent.is_none())
        .map(|order| order.id())
        .take(16)
        .collect();
    for id in leftovers {
        cancel(desk, shared, at, id, effects);
    }
}
